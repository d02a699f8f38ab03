/*
 * health.c - what may be wrong with backups: none for long, one that nobody
 * ended.
 */
#include "base/banned.h"

#include "backup/health.h"

#include <sys/stat.h>

#include "backup/backup.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/cron.h"
#include "base/ctx.h"
#include "base/site.h"
#include "base/zone.h"
#include "store/db.h"
#include "store/health.h"

/* When the schedule would have made three since the last good one. */
static bool overdue(struct ctx *ctx, int64_t last)
{
    const struct settings *settings = &ctx->site->settings;
    const struct zone *zone = zone_find(
        settings->backup.zone ? settings->backup.zone : settings->zone);
    struct cron cron;
    int64_t at = last, now = clock_now();
    int i;

    if (!cron_parse(&cron, settings->backup.at))
        return false;
    for (i = 0; i < 3; i++)
        if (!cron_next(&at, &cron, at, zone ? zone : zone_utc()) || at > now)
            return false;
    return true;
}

static int look(struct health *health, struct ctx *ctx)
{
    const char *schedule = ctx->site ? ctx->site->settings.backup.at : NULL;
    int64_t last;
    int rc;

    if (!schedule)
        return 0;
    rc = db_int(&last, ctx, "SELECT coalesce(max(verified), 0) FROM backup_run",
                "");
    /* Of a new site the schedule counts from its beginning. */
    if (!rc && !last)
        rc = db_int(&last, ctx,
                    "SELECT coalesce(min(at), 0)"
                    " FROM store_migration",
                    "");
    if (rc)
        return rc;
    if (last && overdue(ctx, last))
        health_found(health, "backup.health.overdue", schedule);
    return 0;
}

static const struct health_kind kinds[] = {
    { "backup.health.overdue", HEALTH_BAD, NULL, NULL, NULL },
    { "backup.health.stuck", HEALTH_NOTE,
      "SELECT coalesce(name, CAST(id AS TEXT)) FROM backup_run"
      " WHERE state = 'running' AND seen < ?1 - 3600000",
      "UPDATE backup_run SET state = 'failed', told = 1, ended = ?1"
      " WHERE state = 'running' AND seen < ?1 - 3600000",
      NULL },
    { NULL, HEALTH_NOTE, NULL, NULL, NULL },
};

const struct health_room backup_health = { "backup", kinds, look };
