/*
 * cache.h - what this process remembers of people and departments, by the
 * epoch "org". Only for the files of org/.
 */
#ifndef ORG_CACHE_H
#define ORG_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct ctx;
struct department;
struct map;

enum { ORG_NAMES = 256 };

/* What people are found by (find.c). */
struct org_face {
    int64_t id, department;
    const char *name, *login, *name_key, *login_key;
    const char *syllables; /* base/pinyin.h */
};

struct org_cache {
    struct arena *arena;
    /* Names of people in lists, by the id's last bits. */
    struct {
        int64_t id;
        const char *name;
    } names[ORG_NAMES];
    /* Who is enabled, likewise; id 0: nothing is remembered here. */
    struct {
        int64_t id;
        bool yes;
    } enabled[ORG_NAMES];
    struct map *persons;     /* id as text → struct person * */
    struct map *departments; /* id as text → struct department *, also closed */
    const struct department **tree; /* the open ones, in tree order */
    size_t tree_count;
    bool tree_read;
    struct org_face *faces; /* enabled people, by name */
    size_t face_count;
    bool faces_read;
};

/* The cache that is right now. What it holds stays valid for the call. */
struct org_cache *org_cache(struct ctx *ctx);

/* To be called in every transaction that changes people, departments or
 * roles: raises the epoch and forgets. */
int org_changed(struct ctx *ctx);

#endif
