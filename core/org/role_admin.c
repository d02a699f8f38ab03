/*
 * role_admin.c - roles and who holds them.
 */
#include "base/banned.h"

#include "org/admin.h"

#include <assert.h>

#include "audit/audit.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/str.h"
#include "base/value.h"
#include "org/cache.h"
#include "org/change.h"
#include "org/person.h"
#include "store/db.h"

enum { ROLE_KEY_MAX = 40 };

static int check_key(struct ctx *ctx, const char *key)
{
    size_t i, length = strlen(key);
    bool good =
        length > 0 && length <= ROLE_KEY_MAX && islower((unsigned char)key[0]);

    for (i = 0; good && i < length; i++)
        good = (key[i] >= 'a' && key[i] <= 'z') ||
               (key[i] >= '0' && key[i] <= '9') || key[i] == '_';
    if (!good)
        return fail_at(ctx, E_INVALID, "key", "org.role.key_form",
                       "a small letter, then small letters, digits and _");
    return 0;
}

static int read_role(const char **key, const char **name, struct ctx *ctx,
                     int64_t id)
{
    QUERY_AUTO *query = NULL;
    int rc =
        db_query(&query, ctx,
                 "SELECT role_key, name FROM org_role WHERE id = ?1", "i", id);

    if (!rc)
        rc = query_next(query);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return fail(ctx, E_NOT_FOUND, "org.role.absent", "no such role");
    *key = query_copy(query, 0);
    *name = query_copy(query, 1);
    return 0;
}

int role_find(int64_t *id, struct ctx *ctx, const char *key)
{
    int rc = db_int(id, ctx, "SELECT id FROM org_role WHERE role_key = ?1", "s",
                    key);

    if (rc == E_NOT_FOUND)
        return fail(ctx, E_NOT_FOUND, "org.role.absent", "no such role");
    return rc;
}

int role_create(int64_t *id, struct ctx *ctx, const char *key, const char *name)
{
    struct value *changes = value_map(ctx->arena);
    int64_t made = id_next(), other = 0;
    int before = ctx->problem_count, rc;

    assert(id);
    *id = made;
    rc = tx_begin(ctx, "role.create");
    if (rc)
        return rc;
    key = change_clean(ctx, key);
    name = change_clean(ctx, name);
    if (!check_key(ctx, key) &&
        db_int(&other, ctx, "SELECT id FROM org_role WHERE role_key = ?1", "s",
               key) == 0)
        fail_at(ctx, E_INVALID, "key", "org.role.key_taken",
                "there is a role with this key");
    (void)change_check_text(ctx, "name", name, NAME_LENGTH_MAX);
    if (ctx->problem_count > before)
        rc = E_INVALID;
    if (!rc)
        rc = db_exec(ctx,
                     "INSERT INTO org_role (id, role_key, name) "
                     "VALUES (?1, ?2, ?3)",
                     "iss", made, key, name);
    change_text(ctx, changes, "key", NULL, key);
    change_text(ctx, changes, "name", NULL, name);
    if (!rc)
        rc = audit_add(ctx, "role", made, "create", changes);
    if (!rc)
        rc = org_changed(ctx);
    return tx_end(ctx, rc);
}

int role_rename(struct ctx *ctx, int64_t id, const char *name)
{
    struct value *changes = value_map(ctx->arena);
    const char *key, *old;
    int rc = tx_begin(ctx, "role.rename");

    if (rc)
        return rc;
    name = change_clean(ctx, name);
    rc = read_role(&key, &old, ctx, id);
    if (!rc)
        rc = change_check_text(ctx, "name", name, NAME_LENGTH_MAX);
    if (!rc)
        rc = db_exec(ctx, "UPDATE org_role SET name = ?2 WHERE id = ?1", "is",
                     id, name);
    if (!rc) {
        change_text(ctx, changes, "name", old, name);
        rc = audit_add(ctx, "role", id, "update", changes);
    }
    if (!rc)
        rc = org_changed(ctx);
    return tx_end(ctx, rc);
}

int role_delete(struct ctx *ctx, int64_t id)
{
    const char *key, *name;
    int64_t holders = 0;
    int rc = tx_begin(ctx, "role.delete");

    if (rc)
        return rc;
    rc = read_role(&key, &name, ctx, id);
    if (!rc && strcmp(key, "administrators") == 0)
        rc = fail(ctx, E_CONFLICT, "org.role.fixed",
                  "this role belongs to the system");
    if (!rc)
        rc = db_int(&holders, ctx,
                    "SELECT count(*) FROM org_user_role WHERE role = ?1", "i",
                    id);
    if (!rc && holders > 0)
        rc = fail(ctx, E_CONFLICT, "org.role.held",
                  "%lld people still have this role", (long long)holders);
    if (!rc)
        rc = db_exec(ctx, "DELETE FROM org_role WHERE id = ?1", "i", id);
    if (!rc)
        rc = audit_add(ctx, "role", id, "delete", NULL);
    if (!rc)
        rc = org_changed(ctx);
    return tx_end(ctx, rc);
}

static int write_grant(struct ctx *ctx, int64_t user, int64_t role,
                       const char *key, bool granted)
{
    int rc;

    if (granted)
        return db_exec(ctx,
                       "INSERT INTO org_user_role (role, user_id) "
                       "VALUES (?1, ?2)",
                       "ii", role, user);
    if (strcmp(key, "administrators") == 0) {
        rc = org_check_administrator_left(ctx, user);
        if (rc)
            return rc;
    }
    return db_exec(ctx,
                   "DELETE FROM org_user_role WHERE role = ?1 "
                   "AND user_id = ?2",
                   "ii", role, user);
}

int role_grant(struct ctx *ctx, int64_t user, int64_t role, bool granted)
{
    struct value *changes = value_map(ctx->arena);
    const struct person *person;
    const char *key, *name;
    int rc = tx_begin(ctx, "role.grant");

    if (rc)
        return rc;
    rc = read_role(&key, &name, ctx, role);
    if (!rc)
        rc = person_load(&person, ctx, user);
    if (rc || person_has_role(person, key) == granted)
        return tx_end(ctx, rc);
    rc = write_grant(ctx, user, role, key, granted);
    if (!rc) {
        change_text(ctx, changes, "role", granted ? NULL : key,
                    granted ? key : NULL);
        rc = audit_add(ctx, "user", user, "role", changes);
    }
    if (!rc)
        rc = org_changed(ctx);
    rc = tx_end(ctx, rc);
    if (!rc)
        log_ctx(ctx, LOG_INFO, granted ? "role.given" : "role.taken", "user",
                log_int(user), "role", key, NULL);
    return rc;
}

int role_list(struct value **out, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    struct value *list = value_list(ctx->arena);
    int rc;

    rc = db_query(&query, ctx,
                  "SELECT r.id, r.role_key, r.name, (SELECT count(*) FROM "
                  "org_user_role ur WHERE ur.role = r.id) FROM org_role r "
                  "ORDER BY r.name, r.id",
                  "");
    while (!rc && (rc = query_next(query)) == 1) {
        struct value *row = value_map(ctx->arena);

        value_set_id(row, "id", query_int(query, 0));
        value_set_text(row, "key", query_text(query, 1));
        value_set_text(row, "name", query_text(query, 2));
        value_set_int(row, "holders", query_int(query, 3));
        value_set_bool(row, "fixed",
                       strcmp(query_text(query, 1), "administrators") == 0);
        value_append(list, row);
        rc = 0;
    }
    *out = list;
    return rc;
}

int role_holders_list(struct value **out, struct ctx *ctx, int64_t role)
{
    QUERY_AUTO *query = NULL;
    struct value *list = value_list(ctx->arena);
    int rc;

    rc = db_query(&query, ctx,
                  "SELECT u.id, u.name, u.enabled FROM org_user_role ur "
                  "JOIN org_user u ON u.id = ur.user_id WHERE ur.role = ?1 "
                  "ORDER BY u.sort_key, u.id",
                  "i", role);
    while (!rc && (rc = query_next(query)) == 1) {
        struct value *row = value_map(ctx->arena);

        value_set_id(row, "id", query_int(query, 0));
        value_set_text(row, "name", query_text(query, 1));
        value_set_bool(row, "enabled", query_int(query, 2) != 0);
        value_append(list, row);
        rc = 0;
    }
    *out = list;
    return rc;
}
