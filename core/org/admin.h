/*
 * admin.h - changing people, departments and roles.
 *
 * Each function is one transaction (a savepoint inside a larger one), writes
 * the trail and raises the epoch "org". Who may call them is the caller's
 * check (access_administrator); the functions keep the data whole: no circle
 * of departments or managers, never without an enabled administrator.
 */
#ifndef ORG_ADMIN_H
#define ORG_ADMIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctx;
struct value;

enum {
    LOGIN_LENGTH_MAX = 64,
    NAME_LENGTH_MAX = 100,
    MAIL_LENGTH_MAX = 254,
    DEPARTMENT_DEPTH_MAX = 12,
};

/* What a form says about a user. All fields count: NULL or 0 empties. */
struct user_input {
    const char *login; /* letters, digits, . _ - @ */
    const char *name;
    const char *mail;   /* NULL: none */
    int64_t department; /* 0: none */
    int64_t manager;    /* 0: the department decides */
};

/* A new enabled user without a password (a link or an administrator gives
 * one). Problems are reported at their fields. */
int user_create(int64_t *id, struct ctx *ctx, const struct user_input *input);
int user_update(struct ctx *ctx, int64_t id, const struct user_input *input);
/* Disabling ends the person's sessions and event streams (S62). The last
 * administrator stays: E_CONFLICT. */
int user_set_enabled(struct ctx *ctx, int64_t id, bool enabled);
/* The person's own choices; NULL: the browser's, the site's, the system's. */
int user_set_preferences(struct ctx *ctx, int64_t id, const char *locale,
                         const char *zone, const char *theme);
/* Whether notifications also come by mail. */
int user_set_mail_wanted(struct ctx *ctx, int64_t id, bool wanted);
bool user_mail_wanted(struct ctx *ctx, int64_t id);

struct user_query {
    const char *text;   /* in name or login; NULL: all */
    int64_t department; /* 0: all */
    int limit, offset;
};
/* List of {id, login, name, mail, department, department_id, enabled,
 * roles:[names]} by name. *total counts all that match. */
int user_list(struct value **out, int64_t *total, struct ctx *ctx,
              const struct user_query *query);

/* parent 0: a root; head 0: none. */
int department_create(int64_t *id, struct ctx *ctx, const char *name,
                      int64_t parent, int64_t head);
/* Renames, moves (with all below), names a head. */
int department_update(struct ctx *ctx, int64_t id, const char *name,
                      int64_t parent, int64_t head);
/* Takes it out of the tree; refused while people or departments are in it.
 * Its name stays known to old records. */
int department_close(struct ctx *ctx, int64_t id);

/* key: [a-z][a-z0-9_]{0,39}; what flows and grants name; never changes. */
int role_create(int64_t *id, struct ctx *ctx, const char *key,
                const char *name);
int role_rename(struct ctx *ctx, int64_t id, const char *name);
/* Refused for "administrators" and while somebody holds it. */
int role_delete(struct ctx *ctx, int64_t id);
int role_find(int64_t *id, struct ctx *ctx, const char *key);
/* Gives or takes a role; giving twice does nothing. */
int role_grant(struct ctx *ctx, int64_t user, int64_t role, bool granted);
/* List of {id, key, name, holders, fixed} by name. */
int role_list(struct value **out, struct ctx *ctx);
/* Holders, disabled ones too: list of {id, name, enabled}. */
int role_holders_list(struct value **out, struct ctx *ctx, int64_t role);

#endif
