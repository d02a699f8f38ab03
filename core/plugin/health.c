/*
 * health.c - what may be wrong with modules: named but away, other files than
 * those that were switched on, migrations that were changed afterwards.
 */
#include "base/banned.h"

#include "plugin/health.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/str.h"
#include "plugin/find.h"
#include "plugin/install.h"
#include "plugin/state.h"
#include "store/db.h"
#include "store/health.h"
#include "store/migrate.h"

static void look_at_migrations(struct health *health, struct ctx *ctx,
                               const struct tn_module *module)
{
    struct migration *all;
    const char *what = NULL;
    int rc = module_migrations(&all, ctx, module);

    if (!rc && all->component)
        rc = migrate_differs(&what, ctx, all);
    else if (!rc)
        rc = db_text(&what, ctx,
                     "SELECT name FROM store_migration WHERE component = ?1"
                     " ORDER BY number LIMIT 1",
                     "s", module->id);
    if (rc == E_NOT_FOUND)
        rc = 0;
    if (rc || what)
        health_found(health, "plugin.health.migration",
                     arena_printf(ctx->arena, "%s: %s", module->id,
                                  rc ? ctx_error(ctx) : what));
    ctx_clear(ctx);
}

static void look_at_module(struct health *health, struct ctx *ctx,
                           const struct module_row *row)
{
    struct tn_module *module = NULL;
    int rc = module_read(&module, ctx, row->id);

    if (rc) {
        health_found(
            health, "plugin.health.away",
            arena_printf(ctx->arena, "%s: %s", row->id, ctx_error(ctx)));
        ctx_clear(ctx);
        return;
    }
    if (!text_equal(module->hash, row->hash) ||
        !text_equal(module->manifest->version, row->version))
        health_found(health, "plugin.health.changed",
                     arena_printf(ctx->arena, "%s %s", row->id, row->version));
    if (row->problem)
        health_found(health, "plugin.health.problem",
                     arena_printf(ctx->arena, "%s: %s", row->id, row->problem));
    look_at_migrations(health, ctx, module);
}

/* What administrators have set is JSON. */
static int look_at_settings(struct health *health, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    int rc =
        db_query(&query, ctx,
                 "SELECT module, data FROM module_setting ORDER BY module", "");

    while (!rc && (rc = query_next(query)) == 1) {
        const char *text = query_text(query, 1);
        struct value *data;

        rc = 0;
        if (json_parse(&data, ctx, text, strlen(text)))
            health_found(health, "plugin.health.settings",
                         query_text(query, 0));
        ctx_clear(ctx);
    }
    return rc;
}

static int look(struct health *health, struct ctx *ctx)
{
    struct module_row **rows;
    size_t i;
    int rc = row_all(&rows, ctx);

    for (i = 0; !rc && rows[i]; i++)
        if (rows[i]->enabled && ctx->site)
            look_at_module(health, ctx, rows[i]);
    return rc ? rc : look_at_settings(health, ctx);
}

static const struct health_kind kinds[] = {
    { "plugin.health.away", HEALTH_NOTE, NULL, NULL, NULL },
    { "plugin.health.changed", HEALTH_NOTE, NULL, NULL, NULL },
    { "plugin.health.problem", HEALTH_NOTE, NULL, NULL, NULL },
    { "plugin.health.migration", HEALTH_BAD, NULL, NULL, NULL },
    { "plugin.health.settings", HEALTH_BAD, NULL, NULL, NULL },
    { "plugin.health.form", HEALTH_NOTE,
      "SELECT name FROM form WHERE enabled <> 0 AND module IS NOT NULL AND"
      " NOT EXISTS (SELECT 1 FROM module m WHERE m.id = form.module)",
      NULL, NULL },
    { NULL, HEALTH_NOTE, NULL, NULL, NULL },
};

const struct health_room plugin_health = { "plugin", kinds, look };
