/*
 * job_settle.c - how a job's attempt ends.
 *
 * Each statement asks whether the row is this process's still: one whose
 * lease ended while it ran (a machine that slept) has another owner now, and
 * its end is that one's to write.
 */
#include "base/banned.h"

#include "event/job_internal.h"

#include "base/ctx.h"
#include "base/log.h"
#include "event/work.h"
#include "store/db.h"

static int ours(struct ctx *ctx, int rc)
{
    return rc ? rc : db_changes(ctx) > 0 ? 0 : JOB_LOST;
}

static int remove_row(struct ctx *ctx, const struct claimed *job)
{
    return ours(ctx, db_exec(ctx, "DELETE FROM event_job" JOB_OURS, "iis",
                             job->id, (int64_t)getpid(), work_host()));
}

/*
 * Waits until `due`. Where another one with its key came meanwhile, this one
 * has nothing left to do. (Where the store has writers beside each other and
 * one comes in between, the unique index refuses, and the lease's end tries
 * again.)
 */
static int wait_until(struct ctx *ctx, const struct claimed *job, int64_t due,
                      int attempt, const char *error)
{
    int rc = db_exec(ctx,
                     "UPDATE event_job SET state = 0, due = ?4, attempt = ?5, "
                     "error = ?6, cancel = 0" JOB_OURS NO_OTHER_WAITS,
                     "iisiis", job->id, (int64_t)getpid(), work_host(), due,
                     (int64_t)attempt, error);

    return rc || db_changes(ctx) > 0 ? rc : remove_row(ctx, job);
}

/* A clock that was set back must not bring the same time twice. */
static int wait_for_schedule(struct ctx *ctx, const struct claimed *job,
                             const char *error)
{
    int64_t now = db_now(ctx);
    int64_t from = job->cron && job->due > now ? job->due : now;

    return wait_until(
        ctx, job, schedule_next(ctx, from, job->every, job->cron, job->zone), 0,
        error);
}

int settle_done(struct ctx *ctx, const struct claimed *job)
{
    return job->every ? wait_for_schedule(ctx, job, NULL)
                      : remove_row(ctx, job);
}

int settle_again(struct ctx *ctx, const struct claimed *job, int64_t pause)
{
    return wait_until(ctx, job, db_now(ctx) + pause, 0, NULL);
}

int settle_cancelled(struct ctx *ctx, const struct claimed *job)
{
    const struct value *data = NULL;
    int rc = job->kind->cancelled ? work_data(&data, ctx, job->data) : 0;

    log_ctx(ctx, LOG_INFO, "job.cancelled", "kind", job->kind->kind, NULL);
    if (!rc && job->kind->cancelled)
        rc = job->kind->cancelled(ctx, data);
    return rc ? rc : settle_done(ctx, job);
}

int settle_asked(bool *cancelled, struct ctx *ctx, const struct claimed *job)
{
    int64_t asked = 0;
    int rc = db_int(&asked, ctx, "SELECT cancel FROM event_job" JOB_OURS, "iis",
                    job->id, (int64_t)getpid(), work_host());

    *cancelled = asked != 0;
    return rc == E_NOT_FOUND ? JOB_LOST : rc;
}

static int set_failed(struct ctx *ctx, const struct claimed *job,
                      const char *error)
{
    return ours(ctx, db_exec(ctx,
                             "UPDATE event_job SET state = 2, due = ?4, "
                             "error = ?5" JOB_OURS,
                             "iisis", job->id, (int64_t)getpid(), work_host(),
                             db_now(ctx), error));
}

int settle_failed(bool *cancelled, struct ctx *ctx, const struct claimed *job,
                  const char *error)
{
    int rc = settle_asked(cancelled, ctx, job);

    if (rc)
        return rc;
    if (*cancelled)
        return settle_cancelled(ctx, job);
    if (job->attempt < job->kind->attempts)
        return wait_until(ctx, job, db_now(ctx) + work_wait(job->attempt),
                          job->attempt, error);
    rc = job->every ? wait_for_schedule(ctx, job, error)
                    : set_failed(ctx, job, error);
    return rc ? rc
              : incident_of_job(ctx, job->every ? 0 : job->id, job->kind->kind,
                                job->kind->module, error);
}

int job_incidents_close(struct ctx *ctx, int64_t id)
{
    return db_exec(ctx,
                   "UPDATE event_incident SET state = 1, closed_at = ?2 "
                   "WHERE job = ?1 AND state = 0",
                   "ii", id, db_now(ctx));
}
