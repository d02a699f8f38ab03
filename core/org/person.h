/*
 * person.h - who acts: the signed-in person, as every room sees him.
 */
#ifndef ORG_PERSON_H
#define ORG_PERSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctx;

struct person {
    int64_t id;
    const char *login, *name, *mail;
    int64_t department;          /* home department; 0: none */
    int64_t manager;             /* explicit reporting line; 0: by department */
    const char *locale;          /* NULL: the browser's */
    const char *zone;            /* NULL: the site's */
    const char *theme;           /* "light", "dark", NULL: the system's */
    bool enabled, administrator; /* holds the role "administrators" */
    int64_t *roles;
    const char **role_keys;
    size_t role_count;
    int64_t *departments; /* that he heads, and all below them */
    size_t department_count;
};

/* Loads a person with roles; cached by the epoch "org", so the result belongs
 * to the process and stays valid for the call. E_NOT_FOUND: no such user. */
int person_load(const struct person **out, struct ctx *ctx, int64_t id);
int person_find_login(const struct person **out, struct ctx *ctx,
                      const char *login);
bool person_has_role(const struct person *person, const char *key);
/* The display name of any user, also a disabled one; "" where unknown. */
const char *person_name(struct ctx *ctx, int64_t id);
/* The same for many at once: `count` texts. A store error otherwise. */
int person_names(const char **names, struct ctx *ctx, const int64_t *ids,
                 size_t count);

/* What LIKE … ESCAPE '\' takes to find people by a part of name_key or
 * login_key; everybody where there is no text. */
const char *person_pattern(struct ctx *ctx, const char *text);

/* Between two calls, when nobody holds a person: lets go of what was cached
 * before changes. */
void person_sweep(void);
/* Empties the cache of persons and departments; for tests that open several
 * databases, and before a process lets its store go. Nobody may hold a
 * person. */
void person_forget_all(void);
/* Counts the changes of people, departments and roles that this process made
 * itself: what is cached of them is older where the number was smaller. */
uint64_t person_changes(void);
/* For log_person_with(). */
int64_t person_id(const struct person *person);

#endif
