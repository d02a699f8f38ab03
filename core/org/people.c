/*
 * people.c - looking people and departments up, for modules and pickers.
 *
 * Reading only; whoever may sign in is found, the disabled are not.
 */
#include "base/banned.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "base/unicode.h"
#include "base/value.h"
#include "org/org.h"
#include "org/person.h"
#include "store/condition.h"
#include "store/db.h"

/* Characters of a name that are looked for; the store takes no longer
 * pattern than 1,000 bytes. */
enum { PATTERN_MAX = 120 };

static struct value *person_map(struct ctx *ctx, int64_t id, const char *login,
                                const char *name, int64_t department,
                                bool active)
{
    struct value *map = value_map(ctx->arena);
    const struct department *of;
    struct ctx quiet = ctx_apart(ctx);

    value_set_id(map, "id", id);
    value_set_text(map, "login", login);
    value_set_text(map, "name", name);
    if (department && !department_load(&of, &quiet, department)) {
        value_set_id(map, "department", department);
        value_set_text(map, "department_name", of->name);
        if (of->head)
            value_set_id(map, "head", of->head);
    }
    value_set_bool(map, "active", active);
    return map;
}

int people_get(struct value **out, struct ctx *ctx, int64_t id)
{
    const struct person *person;
    int rc = person_load(&person, ctx, id);

    if (!rc)
        *out = person_map(ctx, id, person->login, person->name,
                          person->department, person->enabled);
    return rc;
}

const char *person_pattern(struct ctx *ctx, const char *text)
{
    const char *folded = text_fold(ctx->arena, text ? text : "");

    return like_pattern(
        ctx->arena,
        (struct str){ folded,
                      utf8_prefix(folded, strlen(folded), PATTERN_MAX) },
        true);
}

int people_find(struct value **out, struct ctx *ctx,
                const struct people_query *query)
{
    QUERY_AUTO *rows = NULL;
    int rc;

    *out = value_list(ctx->arena);
    /* A department's path names it and all above it. */
    rc = db_query(
        &rows, ctx,
        "SELECT u.id, u.login, u.name, u.department FROM org_user u "
        "WHERE u.enabled = 1 AND ("
        "u.name_key LIKE ?1 ESCAPE '\\' "
        "OR u.login_key LIKE ?1 ESCAPE '\\') "
        "AND (?2 = 0 OR u.department = ?2 OR (?3 = 1 AND "
        "u.department IN (SELECT id FROM org_department "
        "WHERE path LIKE ?4))) "
        "AND (?5 = '' OR EXISTS (SELECT 1 FROM org_user_role ur "
        "JOIN org_role r ON r.id = ur.role "
        "WHERE ur.user_id = u.id AND r.role_key = ?5)) "
        "ORDER BY u.sort_key, u.id LIMIT ?6 OFFSET ?7",
        "siissii", person_pattern(ctx, query->search), query->department,
        (int64_t)query->below,
        arena_printf(ctx->arena, "%%/%" PRId64 "/%%", query->department),
        query->role ? query->role : "", (int64_t)query->limit,
        (int64_t)query->offset);
    while (!rc && (rc = query_next(rows)) == 1) {
        value_append(*out,
                     person_map(ctx, query_int(rows, 0), query_text(rows, 1),
                                query_text(rows, 2), query_int(rows, 3), true));
        rc = 0;
    }
    return rc;
}

/* How many people there are in each department, by its id. */
static int count_people(struct map *counts, struct ctx *ctx)
{
    QUERY_AUTO *rows = NULL;
    int rc = db_query(&rows, ctx,
                      "SELECT department, count(*) FROM org_user "
                      "WHERE enabled = 1 AND department IS NOT NULL "
                      "GROUP BY department",
                      "");

    while (!rc && (rc = query_next(rows)) == 1) {
        int64_t *count = arena_alloc(ctx->arena, sizeof *count);

        *count = query_int(rows, 1);
        map_set(counts,
                arena_printf(ctx->arena, "%" PRId64, query_int(rows, 0)),
                count);
        rc = 0;
    }
    return rc;
}

static int64_t *count_of(struct map *counts, struct ctx *ctx, int64_t id)
{
    const char *key = arena_printf(ctx->arena, "%" PRId64, id);
    int64_t *count = map_get(counts, key);

    if (!count) {
        count = arena_alloc(ctx->arena, sizeof *count);
        map_set(counts, key, count);
    }
    return count;
}

int people_departments(struct value **out, struct ctx *ctx)
{
    struct map *counts = map_new(ctx->arena);
    const struct department **all;
    size_t count, i;
    int rc = department_list(&all, &count, ctx);

    *out = value_list(ctx->arena);
    if (!rc)
        rc = count_people(counts, ctx);
    if (rc)
        return rc;
    /* Children before parents: what is below is added once. */
    for (i = count; i > 0; i--)
        if (all[i - 1]->parent)
            *count_of(counts, ctx, all[i - 1]->parent) +=
                *count_of(counts, ctx, all[i - 1]->id);
    for (i = 0; i < count; i++) {
        struct value *map = value_map(ctx->arena);

        value_set_id(map, "id", all[i]->id);
        value_set_text(map, "name", all[i]->name);
        if (all[i]->parent)
            value_set_id(map, "parent", all[i]->parent);
        if (all[i]->head)
            value_set_id(map, "head", all[i]->head);
        value_set_int(map, "level", all[i]->depth);
        value_set_int(map, "people", *count_of(counts, ctx, all[i]->id));
        value_append(*out, map);
    }
    return 0;
}
