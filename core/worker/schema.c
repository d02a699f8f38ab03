/*
 * schema.c - which rooms have tables, in the order of their layers.
 */
#include "base/banned.h"

#include "worker/schema.h"

#include "access/health.h"
#include "audit/health.h"
#include "backup/health.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/value.h"
#include "event/health.h"
#include "flow/health.h"
#include "form/health.h"
#include "org/health.h"
#include "plugin/health.h"
#include "portal/health.h"
#include "store/check.h"
#include "store/db.h"
#include "store/dialect.h"
#include "store/health.h"
#include "form/search.h"
#include "store/backup.h"
#include "store/migrate.h"

extern const struct migration store_migrations[], event_migrations[],
    audit_migrations[], org_migrations[], access_migrations[],
    notify_migrations[], backup_migrations[], form_migrations[],
    flow_migrations[], plugin_migrations[], portal_migrations[];

static const struct migration *const rooms[] = {
    store_migrations,  event_migrations,  audit_migrations,  org_migrations,
    access_migrations, notify_migrations, backup_migrations, form_migrations,
    flow_migrations,   plugin_migrations, portal_migrations,
};

int schema_migrate(struct ctx *ctx)
{
    size_t i;
    int rc = 0;

    for (i = 0; i < sizeof rooms / sizeof *rooms && rc == 0; i++)
        rc = migrate(ctx, rooms[i]);
    return rc;
}

void schema_start(void)
{
    backup_schema_with(schema_migrate, search_forget);
}

int schema_differs(const char **what, struct ctx *ctx)
{
    size_t i;
    int rc = 0;

    *what = NULL;
    for (i = 0; i < sizeof rooms / sizeof *rooms && rc == 0 && !*what; i++)
        rc = migrate_differs(what, ctx, rooms[i]);
    return rc;
}

int schema_newer(const char **what, struct ctx *ctx)
{
    size_t i;
    int rc = 0;

    *what = NULL;
    for (i = 0; i < sizeof rooms / sizeof *rooms && rc == 0 && !*what; i++)
        rc = migrate_newer(what, ctx, rooms[i]);
    return rc;
}

/* ---- what the migrations have made, and is gone ---- */

/* The schema of a new site. */
static int wanted(struct value **out, struct ctx *ctx)
{
    struct ctx own = *ctx;
    int rc;

    own.db = NULL;
    rc = db_open(&own, NULL, DB_MEMORY | DB_ALONE);
    if (!rc)
        rc = schema_migrate(&own);
    if (!rc)
        rc = store_schema(out, &own);
    if (own.db)
        db_close(own.db);
    return rc;
}

/* Names of what is not there: the map of what it was. */
static int missing(struct value **out, struct ctx *ctx)
{
    struct value *want, *have;
    const char *differs;
    size_t i;
    int rc = schema_differs(&differs, ctx);

    *out = value_map(ctx->arena);
    /* A program of another version wants another schema; so does another
     * store. */
    if (rc || differs || db_dialect(ctx) != DB_SQLITE) {
        ctx_clear(ctx);
        return 0;
    }
    rc = wanted(&want, ctx);
    if (!rc)
        rc = store_schema(&have, ctx);
    for (i = 0; !rc && i < value_count(want); i++)
        if (!value_get(have, value_key_at(want, i)))
            value_set(*out, value_key_at(want, i), value_item_at(want, i));
    return rc;
}

static bool is_table(const struct value *object)
{
    return text_equal(value_get_text(object, "kind"), "table");
}

static int look(struct health *health, struct ctx *ctx)
{
    struct value *gone;
    size_t i;
    int rc = missing(&gone, ctx);

    for (i = 0; !rc && i < value_count(gone); i++)
        health_found(health,
                     is_table(value_item_at(gone, i)) ? "store.health.table"
                                                      : "store.health.object",
                     value_key_at(gone, i));
    return rc;
}

/* Indexes and triggers hold nothing of their own. */
static int make_objects(struct ctx *ctx)
{
    struct value *gone;
    size_t i;
    int rc = missing(&gone, ctx);

    if (!rc)
        rc = tx_begin(ctx, "doctor");
    if (rc)
        return rc;
    tx_long(ctx, "doctor");
    for (i = 0; !rc && i < value_count(gone); i++) {
        const char *text = value_get_text(value_item_at(gone, i), "text");

        if (!is_table(value_item_at(gone, i)) && text)
            rc = db_exec(ctx, text, "");
    }
    return tx_end(ctx, rc);
}

static const struct health_kind kinds[] = {
    { "store.health.table", HEALTH_BAD, NULL, NULL, NULL },
    { "store.health.object", HEALTH_BAD, NULL, NULL, make_objects },
    { NULL, HEALTH_NOTE, NULL, NULL, NULL },
};

static const struct health_room schema_room = { "store", kinds, look };

const struct health_room *const schema_health[] = {
    &store_health,  &schema_room,   &event_health,  &audit_health,
    &org_health,    &access_health, &form_health,   &flow_health,
    &plugin_health, &backup_health, &portal_health, NULL,
};
