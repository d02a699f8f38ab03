/*
 * job_run.c - a round of the jobs lane.
 *
 * A job is claimed in one small transaction (with others of its batch), run
 * outside of any, and settled in another, in which the next of the batch
 * begins: one commit a job. A process that dies in between leaves a lease
 * that runs out, or that another process of the lane on this host ends
 * soon. An attempt is counted when it begins, so that a job that kills its
 * process comes to its end as well.
 */
#include "base/banned.h"

#include "event/job_internal.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/map.h"
#include "base/value.h"
#include "event/outbox.h"
#include "event/progress.h"
#include "event/work.h"
#include "ipc/slot.h"
#include "store/db.h"

/* Deliveries are small, and share the two commits of a round. */
enum { DELIVERIES_MAX = 128 };

/* A round's length. Batches grow as long as a whole one is quick. */
enum { ROUND_MS = 200 };

struct tick {
    const char *name;
    job_tick call;
};

static struct vector ticks;
static bool goes_on;      /* what runs just now wants to be called again */
static int64_t pause_for; /* and not before so many ms */
static int batch_size = 1;

void job_tick_register(const char *name, job_tick call)
{
    struct tick *tick = arena_alloc(job_registry(), sizeof *tick);

    if (!ticks.arena)
        vector_init(&ticks, job_registry());
    tick->name = arena_strdup(job_registry(), name);
    tick->call = call;
    vector_add(&ticks, tick);
}

void job_continue(void)
{
    job_continue_in(0);
}

void job_continue_in(int64_t ms)
{
    goes_on = true;
    pause_for = ms;
}

/* ---- one job ---- */

struct outcome {
    int rc;
    const char *error, *problem;
};

/* Calls the job's function in a context of its own. */
static void call_job(struct outcome *out, struct ctx *ctx,
                     const struct claimed *claimed)
{
    const struct job_kind *kind = claimed->kind;
    struct job job = { .id = claimed->id,
                       .kind = kind->kind,
                       .attempt = claimed->attempt,
                       .payload = kind->payload };
    int64_t start = clock_monotonic();
    struct ctx own;

    work_begin(&own, ctx, kind->module, kind->seconds);
    slot_begin(kind->kind, (int64_t)kind->seconds * 1000);
    if (kind->module)
        slot_push(kind->module, kind->kind);
    job_watched_begin(&own, claimed->id, claimed->watched, claimed->person);
    goes_on = false;
    /* What a job of this batch has changed here. */
    out->rc = epoch_stale(&own) ? epoch_read(&own) : 0;
    if (!out->rc)
        out->rc = work_data(&job.data, &own, claimed->data);
    if (!out->rc)
        out->rc = kind->call(&own, &job);
    if (out->rc) {
        out->error = work_error(&own, ctx);
        out->problem = job_watched_problem(&own, ctx, out->rc);
    }
    slot_finish();
    work_end(&own, kind->atomic);
    job_took(kind, clock_monotonic() - start);
}

/* Before it is called: more attempts than it has, each of which ended its
 * process; or somebody has cancelled it. */
static bool is_over(struct outcome *out, const struct claimed *job)
{
    *out =
        (struct outcome){ E_INTERNAL, "the process that ran it ended", "{}" };
    return job->cancelled || job->attempt > job->kind->attempts;
}

static int settle_outcome(struct ctx *ctx, const struct claimed *job,
                          const struct outcome *out)
{
    bool cancelled = false, again = !out->rc && goes_on;
    int rc = 0;

    if (out->rc)
        rc = settle_failed(&cancelled, ctx, job, out->error);
    else if (again)
        rc = settle_asked(&cancelled, ctx, job);
    else
        rc = settle_done(ctx, job);
    if (!rc && again)
        rc = cancelled ? settle_cancelled(ctx, job)
                       : settle_again(ctx, job, pause_for);
    if (rc || (again && !cancelled))
        return rc;
    if (cancelled)
        return job_watched_cancel(ctx, job->id);
    return job_watched_settle(ctx, job->id, out->rc ? out->problem : NULL);
}

/* What has been taken over by another process is that one's to end. */
static int settle(bool *lost, struct ctx *ctx, const struct claimed *job,
                  const struct outcome *out)
{
    int rc = settle_outcome(ctx, job, out);

    *lost = rc == JOB_LOST;
    if (*lost)
        log_ctx(ctx, LOG_WARN, "job.lost", "kind", job->kind->kind, NULL);
    return *lost ? 0 : rc;
}

/* The next one begins, or what is left of the batch is anybody's again. */
static int go_on(struct ctx *ctx, struct batch *batch, int64_t until)
{
    return clock_monotonic() < until ? batch_next(ctx, batch)
                                     : batch_release(ctx, batch);
}

struct end {
    struct batch *batch;
    const struct outcome *out;
    int at;
    int64_t until;
};

static int write_end(struct ctx *ctx, void *argument)
{
    const struct end *end = argument;
    bool lost;
    int rc = 0;

    end->batch->at = end->at;
    if (end->out)
        rc = settle(&lost, ctx, &end->batch->items[end->at], end->out);
    return rc ? rc : go_on(ctx, end->batch, end->until);
}

/* The end of one and the beginning of the next. out: NULL where there is
 * nothing to say about that end. */
static int end_attempt(struct ctx *ctx, struct batch *batch,
                       const struct outcome *out, int64_t until)
{
    return work_settle(ctx, "settle job", write_end,
                       &(struct end){ batch, out, batch->at, until });
}

static void log_failure(struct ctx *ctx, const struct claimed *job,
                        const struct outcome *out)
{
    if (out->rc)
        log_ctx(ctx, LOG_WARN, "job.failed", "kind", job->kind->kind, "attempt",
                log_int(job->attempt), "error", out->error, NULL);
}

static int run_outside(struct ctx *ctx, struct batch *batch, int64_t until)
{
    const struct claimed *job = &batch->items[batch->at];
    struct outcome out;

    if (!is_over(&out, job))
        call_job(&out, ctx, job);
    log_failure(ctx, job, &out);
    return end_attempt(ctx, batch, &out, until);
}

/* Under a savepoint: a failure undoes the call alone. */
static int call_inside(struct outcome *out, struct ctx *ctx,
                       const struct claimed *job)
{
    int rc = tx_begin(ctx, job->kind->kind);

    if (rc)
        return rc;
    call_job(out, ctx, job);
    rc = tx_end(ctx, out->rc);
    return out->rc ? 0 : rc;
}

/* The call, its end, and the beginning of the next in one transaction. */
static int call_and_settle(bool *lost, struct ctx *ctx, struct batch *batch,
                           int64_t until)
{
    const struct claimed *job = &batch->items[batch->at];
    struct outcome out;
    int rc = tx_begin(ctx, job->kind->kind);

    *lost = false;
    if (rc)
        return rc;
    if (!is_over(&out, job))
        rc = call_inside(&out, ctx, job);
    if (!rc)
        log_failure(ctx, job, &out);
    if (!rc)
        rc = settle(lost, ctx, job, &out);
    if (!rc && !*lost)
        rc = go_on(ctx, batch, until);
    /* What it wrote must not stay where another process does it as well. */
    if (*lost)
        tx_rollback(ctx);
    return *lost ? 0 : tx_end(ctx, rc);
}

static int run_inside(struct ctx *ctx, struct batch *batch, int64_t until)
{
    struct outcome out = { .problem = "{}" };
    int at = batch->at;
    bool lost;

    out.rc = call_and_settle(&lost, ctx, batch, until);
    if (!out.rc && !lost)
        return 0;
    batch->at = at;
    if (lost)
        return end_attempt(ctx, batch, NULL, until);
    out.error = work_error(ctx, ctx);
    log_failure(ctx, &batch->items[at], &out);
    ctx_clear(ctx);
    return end_attempt(ctx, batch, &out, until);
}

static int run_batch(int *ran, struct ctx *ctx, struct batch *batch,
                     int64_t until)
{
    int64_t start = clock_monotonic();
    /* A job that was added during this round must not find rights, people and
     * forms as they were before it. */
    int rc = epoch_read(ctx);

    while (!rc && batch->at < batch->count) {
        const struct claimed *job = &batch->items[batch->at];

        rc = job->kind->atomic ? run_inside(ctx, batch, until)
                               : run_outside(ctx, batch, until);
        job_watched_end();
        ++*ran;
    }
    if (clock_monotonic() - start > QUICK_MS)
        batch_size = 1;
    else if (batch_size < BATCH_MAX)
        batch_size *= 2;
    return rc;
}

static int run_jobs(int *ran, struct ctx *ctx, int most)
{
    int64_t until = clock_monotonic() + ROUND_MS;
    struct batch batch;
    int rc = 0;

    *ran = 0;
    while (!rc && *ran < most && (!*ran || clock_monotonic() < until)) {
        int left = most - *ran;

        rc = batch_claim(&batch, ctx, left < batch_size ? left : batch_size);
        if (rc || batch.count == 0)
            break;
        rc = run_batch(ran, ctx, &batch, until);
    }
    return rc;
}

/* ---- a round ---- */

static int run_ticks(struct ctx *ctx, int64_t *next_due)
{
    size_t i;
    int rc = 0;

    for (i = 0; i < ticks.count && rc >= 0; i++) {
        const struct tick *tick = ticks.items[i];
        int64_t next = INT64_MAX;

        rc = tick->call(ctx, &next);
        if (next < *next_due)
            *next_due = next;
    }
    return rc < 0 ? rc : 0;
}

int job_run_due(struct ctx *ctx, int most, int64_t *next_due)
{
    static int64_t free_at;
    int64_t due;
    int count = 0, ran = 0, rc;

    *next_due = INT64_MAX;
    rc = work_free_dead(ctx, "event_job", &free_at);
    if (!rc)
        rc = incident_collect(ctx);
    if (rc >= 0)
        rc = run_ticks(ctx, next_due);
    if (!rc) {
        count = outbox_deliver(ctx, DELIVERIES_MAX);
        rc = count < 0 ? count : 0;
    }
    if (!rc)
        rc = run_jobs(&ran, ctx, most);
    if (!rc)
        rc = claim_next_due(next_due, ctx);
    if (!rc)
        rc = outbox_next_due(&due, ctx);
    if (!rc && due < *next_due)
        *next_due = due;
    return rc ? rc : count + ran;
}
