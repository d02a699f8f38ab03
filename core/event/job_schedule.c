/*
 * job_schedule.c - jobs that come by themselves, by seconds or by the
 * calendar.
 *
 * A schedule is one row of event_job that waits again when it is done, so it
 * runs once over all hosts. A time that nobody was there for is made up for
 * once, at the next start.
 */
#include "base/banned.h"

#include "event/job_internal.h"

#include <assert.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/cron.h"
#include "base/ctx.h"
#include "base/log.h"
#include "event/live.h"
#include "store/db.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

int64_t schedule_next(struct ctx *ctx, int64_t now, int64_t every,
                      const char *text, const char *name)
{
    const struct zone *zone = name ? zone_find(name) : ctx->zone;
    struct cron cron;
    int64_t next;

    if (!text)
        return now + every;
    /* Both were good when they were written; the system's zones may have
     * changed since. */
    if (name && !zone)
        log_ctx(ctx, LOG_ERROR, "job.no_zone", "zone", name, NULL);
    if (!zone)
        zone = zone_utc();
    if (!cron_parse(&cron, text) || !cron_next(&next, &cron, now, zone)) {
        log_ctx(ctx, LOG_ERROR, "job.no_time", "cron", text, NULL);
        return now + DAY_MS;
    }
    return next;
}

struct schedule {
    const char *kind, *cron, *zone;
    int64_t every, first;
};

/* Makes the row; one that runs just now keeps what it is, and is asked about
 * again by the next process that starts. */
static int write_schedule(struct ctx *ctx, const struct schedule *schedule)
{
    const struct job_kind *kind = job_kind_find(schedule->kind);
    int rc = db_exec(ctx,
                     "DELETE FROM event_job WHERE kind = ?1 AND "
                     "key = 'schedule' AND state <> 1",
                     "s", schedule->kind);

    if (rc)
        return rc;
    rc = db_exec(ctx,
                 "INSERT INTO event_job (id, kind, key, due, every, at, cron, "
                 "zone, module, priority) "
                 "SELECT ?1, ?2, 'schedule', ?3, ?4, ?5, ?6, ?7, ?8, ?9 "
                 "WHERE NOT EXISTS (SELECT 1 FROM event_job "
                 "WHERE kind = ?2 AND key = 'schedule')",
                 "isiiisssi", id_next(), schedule->kind, schedule->first,
                 schedule->every, db_now(ctx), schedule->cron, schedule->zone,
                 kind ? kind->module : NULL,
                 (int64_t)(kind ? kind->priority : JOB_PRIORITY));
    if (!rc)
        live_wake_jobs(ctx);
    return rc;
}

static int keep(struct ctx *ctx, const struct schedule *schedule)
{
    int64_t found;
    int rc = db_int(&found, ctx,
                    "SELECT 1 FROM event_job WHERE kind = ?1 AND "
                    "key = 'schedule' AND every = ?2 AND state < 2 AND "
                    "cron IS NOT DISTINCT FROM ?3 AND "
                    "zone IS NOT DISTINCT FROM ?4",
                    "siss", schedule->kind, schedule->every, schedule->cron,
                    schedule->zone);

    if (rc != E_NOT_FOUND)
        return rc;
    rc = tx_begin(ctx, "schedule");
    return rc ? rc : tx_end(ctx, write_schedule(ctx, schedule));
}

int job_schedule(struct ctx *ctx, const char *kind, int seconds)
{
    struct schedule schedule = { .kind = kind,
                                 .every = (int64_t)seconds * 1000,
                                 .first = db_now(ctx) };

    assert(seconds > 0);
    return keep(ctx, &schedule);
}

int job_schedule_cron(struct ctx *ctx, const char *kind, const char *text,
                      const char *zone)
{
    struct schedule schedule = { .kind = kind, .cron = text, .zone = zone };
    struct cron cron;

    if (!cron_parse(&cron, text))
        return fail(ctx, E_INVALID, "event.cron",
                    "\"%s\" is no schedule: minute, hour, day, month, day of "
                    "the week",
                    text ? text : "");
    if (zone && !zone_find(zone))
        return fail(ctx, E_INVALID, "event.zone", "there is no time zone %s",
                    zone);
    /* What tells a schedule from other jobs. */
    schedule.every = 1;
    schedule.first = schedule_next(ctx, db_now(ctx), 1, text, zone);
    return keep(ctx, &schedule);
}

int job_unschedule(struct ctx *ctx, const char *kind)
{
    int64_t found;
    int rc = db_int(&found, ctx,
                    "SELECT 1 FROM event_job WHERE kind = ?1 "
                    "AND key = 'schedule' AND state <> 1",
                    "s", kind);

    if (rc)
        return rc == E_NOT_FOUND ? 0 : rc;
    rc = tx_begin(ctx, "schedule");
    if (rc)
        return rc;
    return tx_end(ctx, db_exec(ctx,
                               "DELETE FROM event_job WHERE kind = ?1 "
                               "AND key = 'schedule' AND state <> 1",
                               "s", kind));
}
