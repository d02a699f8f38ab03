/*
 * cache.h - what this process remembers of people and departments, by the
 * epoch "org". Only for the files of org/.
 */
#ifndef ORG_CACHE_H
#define ORG_CACHE_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct ctx;
struct department;
struct map;

struct org_cache {
    struct arena *arena;
    struct map *persons;     /* id as text → struct person * */
    struct map *names;       /* id as text → const char *, of strangers */
    struct map *departments; /* id as text → struct department *, also closed */
    const struct department **tree; /* the open ones, in tree order */
    size_t tree_count;
    bool tree_read;
};

/* The cache that is right now. What it holds stays valid for the call. */
struct org_cache *org_cache(struct ctx *ctx);

/* To be called in every transaction that changes people, departments or
 * roles: raises the epoch and forgets. */
int org_changed(struct ctx *ctx);

#endif
