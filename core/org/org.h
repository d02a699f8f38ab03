/*
 * org.h - departments (a tree), heads, reporting lines, roles: reading.
 * Changing them is org/admin.h's business.
 */
#ifndef ORG_ORG_H
#define ORG_ORG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctx;
struct value;

struct department {
    int64_t id, parent; /* parent 0: a root */
    const char *name;
    int64_t head;     /* user; 0: none */
    const char *path; /* "/1/5/": ids from the root */
    int depth;
};

int department_load(const struct department **out, struct ctx *ctx, int64_t id);
/* All departments in tree order. */
int department_list(const struct department ***out, size_t *count,
                    struct ctx *ctx);
const char *department_name(struct ctx *ctx, int64_t id);

/* The head of the nearest department from `department` upwards that has an
 * enabled one; 0 in *user where there is none. */
int org_head(int64_t *user, struct ctx *ctx, int64_t department);
/*
 * The superior of a user: the explicit manager, else the head of the own
 * department, and where that is the user himself, of the next one above;
 * 0 where there is none. Only enabled users.
 */
int org_superior(int64_t *user, struct ctx *ctx, int64_t of);
/* Enabled holders of a role, by its key, in order of id. */
int org_role_holders(int64_t **users, size_t *count, struct ctx *ctx,
                     const char *role_key);
bool org_user_enabled(struct ctx *ctx, int64_t user);
/* Finds enabled people: names and logins that contain `text`, and those that
 * it spells in pinyin (whole, initials, beginnings of syllables); list of {id,
 * name, login, department}, by name. */
int org_search_users(struct value **out, struct ctx *ctx, const char *text,
                     int most);

/*
 * Looking up for modules (people.c). A person is a map {id, login, name,
 * department, department_name, head, active}; head: of the department.
 */
int people_get(struct value **out, struct ctx *ctx, int64_t id);

struct people_query {
    const char *search; /* in name and login; NULL */
    int64_t department; /* 0: any */
    bool below;         /* departments below that one too */
    const char *role;   /* key; NULL: any */
    int limit, offset;
};
/* Those who may sign in, by name. */
int people_find(struct value **out, struct ctx *ctx,
                const struct people_query *query);
/* All departments, parents before children: maps {id, name, parent, head,
 * level, people}; people: how many work in it and below. */
int people_departments(struct value **out, struct ctx *ctx);

#endif
