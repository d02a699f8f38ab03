/*
 * schema.c - which rooms have tables, in the order of their layers.
 */
#include "base/banned.h"

#include "worker/schema.h"

#include "store/migrate.h"

extern const struct migration store_migrations[], event_migrations[],
    audit_migrations[], org_migrations[], access_migrations[],
    notify_migrations[], form_migrations[], flow_migrations[],
    plugin_migrations[], portal_migrations[];

static const struct migration *const rooms[] = {
    store_migrations,  event_migrations,  audit_migrations, org_migrations,
    access_migrations, notify_migrations, form_migrations,  flow_migrations,
    plugin_migrations, portal_migrations,
};

int schema_migrate(struct ctx *ctx)
{
    size_t i;
    int rc = 0;

    for (i = 0; i < sizeof rooms / sizeof *rooms && rc == 0; i++)
        rc = migrate(ctx, rooms[i]);
    return rc;
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
