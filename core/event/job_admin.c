/*
 * job_admin.c - what people do with a job: run it again, end it, let it wait
 * or hurry.
 */
#include "base/banned.h"

#include "event/job_internal.h"

#include "base/ctx.h"
#include "event/live.h"
#include "event/progress.h"
#include "event/work.h"
#include "store/db.h"

/* ---- again ---- */

static int changed_one(struct ctx *ctx, int rc)
{
    if (!rc && db_changes(ctx) == 0)
        return fail(ctx, E_CONFLICT, "event.job_runs",
                    "this job runs just now, or is gone");
    return rc;
}

static int retry(struct ctx *ctx, int64_t id)
{
    int rc = changed_one(
        ctx, db_exec(ctx,
                     "UPDATE event_job SET state = 0, attempt = 0, due = ?2 "
                     "WHERE id = ?1 AND state <> 1" NO_OTHER_WAITS,
                     "ii", id, db_now(ctx)));

    if (!rc)
        rc = job_incidents_close(ctx, id);
    if (!rc)
        live_wake_jobs(ctx);
    return rc;
}

int job_retry(struct ctx *ctx, int64_t id)
{
    int rc = tx_begin_shared(ctx, "retry job");

    return rc ? rc : tx_end(ctx, retry(ctx, id));
}

/* ---- no more ---- */

struct found {
    int64_t state, every;
    const struct job_kind *kind;
    const char *data;
};

static int find(struct found *out, struct ctx *ctx, int64_t id)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      "SELECT CASE WHEN state = 1 AND begun = 0 THEN 0 "
                      "ELSE state END, every, kind, data FROM event_job "
                      "WHERE id = ?1 FOR UPDATE",
                      "i", id);

    if (!rc)
        rc = query_next(query);
    if (rc == 0)
        rc = fail(ctx, E_NOT_FOUND, "event.no_job",
                  "there is no such work, or it was more than a week ago");
    if (rc < 0)
        return rc;
    *out = (struct found){ .state = query_int(query, 0),
                           .every = query_int(query, 1),
                           .kind = job_kind_find(query_text(query, 2)),
                           .data = query_copy(query, 3) };
    return 0;
}

enum { WAITS = 0, RUNS = 1, FAILED = 2 };

/* What it began in its room; the row and who watches it come after. */
static int tell_room(struct ctx *ctx, const struct found *job)
{
    const struct value *data;
    int rc;

    if (!job->kind || !job->kind->cancelled)
        return 0;
    rc = work_data(&data, ctx, job->data);
    return rc ? rc : job->kind->cancelled(ctx, data);
}

static int remove_job(struct ctx *ctx, int64_t id, const struct found *job)
{
    int rc = tell_room(ctx, job);

    if (!rc)
        rc = db_exec(ctx, "DELETE FROM event_job WHERE id = ?1", "i", id);
    if (!rc)
        rc = job_incidents_close(ctx, id);
    return rc ? rc : job_watched_cancel(ctx, id);
}

static int cancel(struct ctx *ctx, int64_t id)
{
    struct found job;
    int rc = find(&job, ctx, id);

    if (rc)
        return rc;
    /* What is claimed but has not begun waits; who claimed it will see that it
     * is gone. */
    if (job.every && job.state == WAITS)
        return fail(ctx, E_INVALID, "event.job_schedule",
                    "a schedule comes by itself; there is nothing to cancel");
    /* What has failed for good may be thrown away. */
    if (job.kind && job.kind->stays && job.state != FAILED)
        return fail(ctx, E_INVALID, "event.job_stays",
                    "this work has to come to its end");
    if (job.state != RUNS)
        return remove_job(ctx, id, &job);
    rc = db_exec(ctx, "UPDATE event_job SET cancel = 1 WHERE id = ?1", "i", id);
    return rc ? rc : job_watched_tell(ctx, id);
}

int job_cancel(struct ctx *ctx, int64_t id)
{
    int rc = tx_begin_shared(ctx, "cancel job");

    return rc ? rc : tx_end(ctx, cancel(ctx, id));
}

/* ---- sooner or later ---- */

int job_set_priority(struct ctx *ctx, int64_t id, int priority)
{
    int rc;

    if (priority < JOB_FIRST || priority > JOB_LAST)
        return fail(ctx, E_INVALID, "event.priority",
                    "a job's priority is 1 to 9, its delay not negative");
    rc = tx_begin_shared(ctx, "job priority");
    if (rc)
        return rc;
    return tx_end(ctx, changed_one(ctx, db_exec(ctx,
                                                "UPDATE event_job SET "
                                                "priority = ?2 WHERE id = ?1 "
                                                "AND state <> 1",
                                                "ii", id, (int64_t)priority)));
}
