/*
 * module.c - for whom a module's features are on: for nobody, for all, or for
 * departments and what is below them.
 */
#include "base/banned.h"

#include "access/access.h"

#include <inttypes.h>

#include "audit/audit.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "base/value.h"
#include "org/org.h"
#include "org/person.h"
#include "store/db.h"

enum { NAME_MAX_BYTES = 64 };

/* What is known of a module; one that nobody restricted has no row. */
struct known {
    bool off;
    struct vector departments; /* "/ID/", as it stands in paths */
};

/* By the epoch "module". */
static struct {
    struct arena *arena;
    struct map *known;
    struct db *db;
    int64_t epoch;
} modules;

static void forget(void)
{
    arena_free(modules.arena);
    memset(&modules, 0, sizeof(modules));
}

static struct known *known_of(const char *module)
{
    struct known *known = map_get(modules.known, module);

    if (!known) {
        known = arena_alloc(modules.arena, sizeof(*known));
        vector_init(&known->departments, modules.arena);
        map_set(modules.known, arena_strdup(modules.arena, module), known);
    }
    return known;
}

static int read_all(struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      "SELECT module, 0 FROM access_module"
                      " WHERE department = 0 UNION ALL"
                      " SELECT module, department FROM"
                      " access_module_department",
                      "");

    while (!rc && (rc = query_next(query)) == 1) {
        struct known *known = known_of(query_text(query, 0));
        int64_t department = query_int(query, 1);

        if (department)
            vector_add(&known->departments,
                       (void *)(uintptr_t)arena_printf(
                           modules.arena, "/%" PRId64 "/", department));
        else
            known->off = true;
        rc = 0;
    }
    return rc;
}

static bool refresh(struct ctx *ctx)
{
    int64_t epoch = epoch_of(ctx, "module");

    if (modules.arena && modules.db == ctx->db && modules.epoch == epoch)
        return true;
    forget();
    modules.arena = arena_new(0);
    modules.known = map_new(modules.arena);
    modules.db = ctx->db;
    modules.epoch = epoch;
    if (read_all(ctx) == 0)
        return true;
    /* Not known: no. The next request asks again. */
    forget();
    ctx_clear(ctx);
    return false;
}

bool access_module_on(struct ctx *ctx, const char *module)
{
    const struct known *known;

    if (!refresh(ctx))
        return false;
    known = map_get(modules.known, module);
    return !known || !known->off;
}

static bool stands_in(struct ctx *ctx, const struct known *known)
{
    const struct department *own;
    size_t i;

    if (!ctx->person->department)
        return false;
    if (department_load(&own, ctx, ctx->person->department)) {
        ctx_clear(ctx);
        return false;
    }
    for (i = 0; i < known->departments.count; i++)
        if (strstr(own->path, known->departments.items[i]))
            return true;
    return false;
}

bool access_module(struct ctx *ctx, const char *module)
{
    const struct known *known;

    if (!access_module_on(ctx, module))
        return false;
    known = map_get(modules.known, module);
    if (!known || !known->departments.count || ctx->system || ctx->module)
        return true;
    return ctx->person && stands_in(ctx, known);
}

bool access_module_of_form(struct ctx *ctx, const char *form)
{
    char module[NAME_MAX_BYTES];
    size_t length = strcspn(form, ".");

    if (length >= sizeof(module))
        return true;
    memcpy(module, form, length);
    module[length] = '\0';
    return access_module(ctx, module);
}

int access_module_set(struct ctx *ctx, const char *module, bool enabled)
{
    int rc = access_administrator(ctx);

    if (!rc)
        rc = tx_begin(ctx, "access.module");
    if (rc)
        return rc;
    if (enabled)
        rc = db_exec(ctx,
                     "DELETE FROM access_module WHERE module = ?1 "
                     "AND department = 0",
                     "s", module);
    else
        rc = db_exec(ctx,
                     "INSERT INTO access_module (module, department) "
                     "VALUES (?1, 0) ON CONFLICT DO NOTHING",
                     "s", module);
    if (!rc)
        rc = audit_add(ctx, "module", 0, enabled ? "enable" : "disable", NULL);
    if (!rc)
        rc = epoch_raise(ctx, "module");
    forget();
    return tx_end(ctx, rc);
}

/* ---- departments ---- */

int access_module_departments(struct value **out, struct ctx *ctx,
                              const char *module)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      "SELECT department FROM access_module_department"
                      " WHERE module = ?1 ORDER BY department",
                      "s", module);

    *out = value_list(ctx->arena);
    while (!rc && (rc = query_next(query)) == 1) {
        value_append(*out, value_int(ctx->arena, query_int(query, 0)));
        rc = 0;
    }
    return rc;
}

/* Names, as the trail has them. */
static struct value *names_of(struct ctx *ctx, const struct value *ids)
{
    struct value *list = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < value_count(ids); i++)
        value_append(list, value_text(ctx->arena,
                                      department_name(
                                          ctx, value_as_id(value_at(ids, i)))));
    return list;
}

static int write_departments(struct ctx *ctx, const char *module,
                             const struct value *ids)
{
    struct value *before, *changes = value_map(ctx->arena);
    struct value *pair = value_map(ctx->arena);
    size_t i;
    int rc = access_module_departments(&before, ctx, module);

    if (!rc)
        rc = db_exec(ctx,
                     "DELETE FROM access_module_department WHERE module = ?1",
                     "s", module);
    for (i = 0; !rc && i < value_count(ids); i++) {
        const struct department *department;
        int64_t id = value_as_id(value_at(ids, i));

        /* Foreign ids are looked at (S13). */
        rc = department_load(&department, ctx, id);
        if (!rc)
            rc = db_exec(ctx,
                         "INSERT INTO access_module_department (module,"
                         " department) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                         "si", module, id);
    }
    if (rc)
        return rc;
    value_set(pair, "from", names_of(ctx, before));
    value_set(pair, "to", names_of(ctx, ids));
    value_set(changes, "departments", pair);
    rc = audit_add(ctx, arena_printf(ctx->arena, "module:%s", module), 0,
                   "departments", changes);
    return rc ? rc : epoch_raise(ctx, "module");
}

int access_module_departments_set(struct ctx *ctx, const char *module,
                                  const struct value *ids)
{
    int rc = access_administrator(ctx);

    if (!rc)
        rc = tx_begin(ctx, "access.module");
    if (rc)
        return rc;
    rc = write_departments(ctx, module, ids);
    forget();
    return tx_end(ctx, rc);
}
