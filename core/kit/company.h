/*
 * company.h - the people of the example company: departments, roles, users.
 *
 * share/demo/company.json names them; `tenon init --demo` and the test kit
 * make the same ones, so that docs, tests and the demo speak of one company.
 */
#ifndef KIT_COMPANY_H
#define KIT_COMPANY_H

#include <stdint.h>

struct ctx;
struct map;
struct value;

struct company {
    const struct value *definition; /* the file */
    struct map *departments;        /* key → int64_t* */
    struct map *users;              /* login → int64_t* */
};

/* What every new site has: the role that administers, and the grants that
 * everybody has at first. Returns 0 or a store error. */
int company_basics(struct ctx *ctx);

/*
 * Makes them, in ctx->locale, as the system, each in its own transaction.
 * password: everybody's; NULL: none gets one. Returns 0; what the file or the
 * rooms refuse.
 */
int company_make(struct company *out, struct ctx *ctx, const char *password);

/* The id of a login or of a department's key; 0 where there is none. */
int64_t company_id(const struct map *map, const char *key);

#endif
