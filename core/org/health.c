/*
 * health.c - what may be wrong with people and departments: paths that are
 * not those of the tree, circles, heads that are not there, keys that are not
 * those of the names (another ICU sorts otherwise).
 */
#include "base/banned.h"

#include "org/health.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/unicode.h"
#include "base/value.h"
#include "org/admin.h"
#include "org/cache.h"
#include "org/change.h"
#include "store/db.h"
#include "store/health.h"

/* ---- keys ---- */

/* Whether the keys of the current row (login, login_key, name, name_key,
 * sort_key) are what would be written today. */
static bool keys_right(struct ctx *ctx, struct query *query)
{
    const unsigned char *sort;
    const void *stored;
    size_t length, stored_length;

    text_sort_key(&sort, &length, ctx->arena, query_text(query, 2));
    stored = query_blob(query, 4, &stored_length);
    return text_equal(query_text(query, 1),
                      text_fold(ctx->arena, query_text(query, 0))) &&
           text_equal(query_text(query, 3),
                      text_fold(ctx->arena, query_text(query, 2))) &&
           stored_length == length && memcmp(stored, sort, length) == 0;
}

/* The logins of people whose keys are not right, with their ids. */
static int wrong_keys(struct value **out, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      "SELECT login, login_key, name, name_key, sort_key, id"
                      " FROM org_user ORDER BY id",
                      "");

    *out = value_list(ctx->arena);
    while (!rc && (rc = query_next(query)) == 1) {
        rc = 0;
        if (!keys_right(ctx, query)) {
            struct value *one = value_map(ctx->arena);

            value_set_int(one, "id", query_int(query, 5));
            value_set_text(one, "login", query_text(query, 0));
            value_set_text(one, "name", query_text(query, 2));
            value_append(*out, one);
        }
    }
    return rc;
}

static int write_keys(struct ctx *ctx, const struct value *one)
{
    const char *name = value_get_text(one, "name");
    const unsigned char *sort;
    size_t length;

    text_sort_key(&sort, &length, ctx->arena, name);
    return db_exec(ctx,
                   "UPDATE org_user SET login_key = ?2, name_key = ?3,"
                   " sort_key = ?4 WHERE id = ?1",
                   "issb", value_get_int(one, "id", 0),
                   text_fold(ctx->arena, value_get_text(one, "login")),
                   text_fold(ctx->arena, name), sort, length);
}

static int mend_keys(struct ctx *ctx)
{
    struct value *wrong;
    size_t i;
    int rc = tx_begin(ctx, "doctor");

    if (rc)
        return rc;
    rc = wrong_keys(&wrong, ctx);
    for (i = 0; !rc && i < value_count(wrong); i++)
        rc = write_keys(ctx, value_at(wrong, i));
    return tx_end(ctx, rc);
}

/* ---- the tree ---- */

#define WRONG_PATH                                                             \
    "path <> coalesce((SELECT p.path FROM org_department p"                    \
    " WHERE p.id = org_department.parent), '/') || CAST(id AS TEXT) || '/'"

/* Whoever is still on the way up after that many steps goes in a circle. */
static const char department_circles[] =
    "WITH RECURSIVE up (start_id, at, steps) AS"
    " (SELECT id, parent, 1 FROM org_department WHERE parent IS NOT NULL"
    " UNION ALL SELECT u.start_id, d.parent, u.steps + 1 FROM up u"
    " JOIN org_department d ON d.id = u.at"
    " WHERE d.parent IS NOT NULL AND u.steps < 30)"
    " SELECT d.name FROM up u JOIN org_department d ON d.id = u.start_id"
    " WHERE u.steps = 30";
static const char manager_circles[] =
    "WITH RECURSIVE up (start_id, at, steps) AS"
    " (SELECT id, manager, 1 FROM org_user WHERE manager IS NOT NULL"
    " UNION ALL SELECT u.start_id, m.manager, u.steps + 1 FROM up u"
    " JOIN org_user m ON m.id = u.at"
    " WHERE m.manager IS NOT NULL AND u.steps < 100)"
    " SELECT p.login FROM up u JOIN org_user p ON p.id = u.start_id"
    " WHERE u.steps = 100";

/* Level by level from the roots; a circle has none. */
static int write_paths(struct ctx *ctx)
{
    const char *name;
    int rc = db_text(&name, ctx, department_circles, ""), i;

    if (rc != E_NOT_FOUND)
        return rc ? rc
                  : fail(ctx, E_CONFLICT, "org.department.circle",
                         "a department cannot be below itself");
    for (i = 0, rc = 0; !rc && i <= DEPARTMENT_DEPTH_MAX; i++)
        rc = db_exec(
            ctx,
            "UPDATE org_department SET path = coalesce((SELECT p.path FROM"
            " org_department p WHERE p.id = org_department.parent), '/')"
            " || CAST(id AS TEXT) || '/' WHERE " WRONG_PATH,
            "");
    return rc ? rc : org_changed(ctx);
}

static int mend_paths(struct ctx *ctx)
{
    int rc = tx_begin(ctx, "doctor");

    return rc ? rc : tx_end(ctx, write_paths(ctx));
}

static int look(struct health *health, struct ctx *ctx)
{
    struct value *wrong;
    size_t i;
    int rc = wrong_keys(&wrong, ctx);

    for (i = 0; !rc && i < value_count(wrong); i++)
        health_found(health, "org.health.keys",
                     value_get_text(value_at(wrong, i), "login"));
    return rc;
}

static int mend_heads(struct ctx *ctx)
{
    int rc = tx_begin(ctx, "doctor");

    if (rc)
        return rc;
    rc = db_exec(ctx,
                 "UPDATE org_department SET head = NULL WHERE head IS NOT NULL"
                 " AND NOT EXISTS (SELECT 1 FROM org_user u"
                 " WHERE u.id = org_department.head)",
                 "");
    if (!rc)
        rc = org_changed(ctx);
    return tx_end(ctx, rc);
}

static const struct health_kind kinds[] = {
    { "org.health.head", HEALTH_BAD,
      "SELECT name FROM org_department WHERE head IS NOT NULL AND NOT EXISTS"
      " (SELECT 1 FROM org_user u WHERE u.id = org_department.head)",
      NULL, mend_heads },
    { "org.health.circle", HEALTH_BAD, department_circles, NULL, NULL },
    { "org.health.manager", HEALTH_BAD, manager_circles, NULL, NULL },
    { "org.health.path", HEALTH_BAD,
      "SELECT name FROM org_department WHERE " WRONG_PATH, NULL, mend_paths },
    /* Of a site that has people. */
    { "org.health.administrator", HEALTH_BAD,
      "SELECT 'administrators' FROM (SELECT 1 AS one) x WHERE EXISTS"
      " (SELECT 1 FROM org_user) AND NOT EXISTS (SELECT 1 FROM org_user u"
      " JOIN org_user_role ur ON ur.user_id = u.id JOIN org_role r"
      " ON r.id = ur.role WHERE r.role_key = 'administrators'"
      " AND u.enabled <> 0)",
      NULL, NULL },
    { "org.health.keys", HEALTH_BAD, NULL, NULL, mend_keys },
    { NULL, HEALTH_NOTE, NULL, NULL, NULL },
};

const struct health_room org_health = { "org", kinds, look };
