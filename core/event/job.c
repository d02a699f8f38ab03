/*
 * job.c - background work in the store.
 *
 * A job is claimed in one small transaction, run outside of any, and settled
 * in another: a process that dies in between leaves a lease that runs out, or
 * that the next process of the lane finds ownerless at once. An attempt is
 * counted when it is claimed, so that a job that kills its process comes to
 * its end as well.
 */
#include "base/banned.h"

#include "event/job.h"

#include <assert.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/value.h"
#include "event/live.h"
#include "event/outbox.h"
#include "event/progress.h"
#include "event/work.h"
#include "ipc/slot.h"
#include "store/dialect.h"

/* A finished attempt's lease has this much more than its deadline. */
enum { LEASE_SPARE_MS = 5000 };

/* Deliveries are small: more of them share the two commits of a round. */
enum { DELIVERIES_PER_JOB = 8 };

struct tick {
    const char *name;
    job_tick call;
};

static struct arena *registry;
static bool goes_on; /* what runs just now wants to be called again */
static struct vector kinds, ticks;

static struct arena *registry_arena(void)
{
    if (!registry) {
        registry = arena_new(0);
        vector_init(&kinds, registry);
        vector_init(&ticks, registry);
    }
    return registry;
}

static const struct job_kind *find_kind(const char *name)
{
    size_t i;

    for (i = 0; i < kinds.count; i++) {
        const struct job_kind *kind = kinds.items[i];

        if (strcmp(kind->kind, name) == 0)
            return kind;
    }
    return NULL;
}

const char *job_title(const char *kind)
{
    const struct job_kind *found = find_kind(kind);

    return found ? found->title : NULL;
}

void job_register(const struct job_kind *kind)
{
    struct arena *arena = registry_arena();
    struct job_kind *copy = arena_memdup(arena, kind, sizeof *kind);

    assert(kind->kind && kind->call && !find_kind(kind->kind));
    copy->kind = arena_strdup(arena, kind->kind);
    copy->module = arena_strdup(arena, kind->module);
    copy->title = arena_strdup(arena, kind->title);
    if (copy->seconds <= 0)
        copy->seconds = WORK_SECONDS;
    if (copy->attempts <= 0)
        copy->attempts = WORK_ATTEMPTS;
    vector_add(&kinds, copy);
}

void job_tick_register(const char *name, job_tick call)
{
    struct tick *tick = arena_alloc(registry_arena(), sizeof *tick);

    tick->name = arena_strdup(registry, name);
    tick->call = call;
    vector_add(&ticks, tick);
}

int job_add_id(int64_t *id, struct ctx *ctx, const char *kind,
               const struct value *data, int64_t due, const char *unique)
{
    int64_t now = clock_now();
    int rc;

    assert(tx_active(ctx));
    *id = id_next();
    rc = db_exec(ctx,
                 "INSERT INTO event_job (id, kind, data, key, due, at) "
                 "VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
                 "ON CONFLICT (kind, key) WHERE state = 0 AND key IS NOT NULL "
                 "DO NOTHING",
                 "isssii", *id, kind, data ? json_text(ctx->arena, data) : NULL,
                 unique, due ? due : now, now);
    if (!rc && db_changes(ctx) == 0)
        rc = db_int(id, ctx,
                    "SELECT id FROM event_job WHERE kind = ?1 AND key = ?2 "
                    "AND state = 0",
                    "ss", kind, unique);
    if (!rc)
        live_wake_jobs(ctx);
    return rc;
}

int job_add(struct ctx *ctx, const char *kind, const struct value *data,
            int64_t due, const char *unique)
{
    int64_t id;

    return job_add_id(&id, ctx, kind, data, due, unique);
}

void job_continue(void)
{
    goes_on = true;
}

int job_schedule(struct ctx *ctx, const char *kind, int seconds)
{
    int64_t every = (int64_t)seconds * 1000, found, now = clock_now();
    int rc;

    assert(seconds > 0);
    rc = db_int(&found, ctx,
                "SELECT 1 FROM event_job WHERE kind = ?1 AND key = 'schedule' "
                "AND every = ?2 AND state < 2",
                "si", kind, every);
    if (rc != E_NOT_FOUND)
        return rc;
    rc = tx_begin(ctx, "schedule");
    if (rc)
        return rc;
    rc = db_exec(ctx,
                 "DELETE FROM event_job WHERE kind = ?1 AND key = 'schedule' "
                 "AND state <> 1",
                 "s", kind);
    if (!rc)
        rc = db_exec(ctx,
                     "INSERT INTO event_job (id, kind, key, due, every, at) "
                     "SELECT ?1, ?2, 'schedule', ?3, ?4, ?3 WHERE NOT EXISTS "
                     "(SELECT 1 FROM event_job WHERE kind = ?2 AND "
                     "key = 'schedule')",
                     "isii", id_next(), kind, now, every);
    if (!rc)
        live_wake_jobs(ctx);
    return tx_end(ctx, rc);
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

/* ---- running ---- */

struct claimed {
    int64_t id, every;
    const struct job_kind *kind;
    const char *data;
    int attempt;
};

/* The names this process can run, as JSON. */
static const char *known_kinds(struct ctx *ctx)
{
    struct value *names = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < kinds.count; i++) {
        const struct job_kind *kind = kinds.items[i];

        value_append(names, value_text(ctx->arena, kind->kind));
    }
    return json_text(ctx->arena, names);
}

static int find_due(struct claimed *out, struct ctx *ctx, const char *known)
{
    QUERY_AUTO *query = NULL;
    int rc;

    rc = db_query(&query, ctx,
                  /* sql: names from the definition */
                  arena_printf(ctx->arena,
                               "SELECT id, kind, data, attempt, every "
                               "FROM event_job WHERE (state = 0 AND due <= ?1 "
                               "OR state = 1 AND lease < ?1) "
                               "AND kind IN (SELECT value FROM %s AS j) "
                               "ORDER BY due LIMIT 1",
                               db_json_items(ctx, "?2")),
                  "is", clock_now(), known);
    if (rc)
        return rc;
    rc = query_next(query);
    if (rc <= 0)
        return rc ? rc : E_NOT_FOUND;
    *out = (struct claimed){
        .id = query_int(query, 0),
        .kind = find_kind(query_text(query, 1)),
        .data = query_copy(query, 2),
        .attempt = (int)query_int(query, 3) + 1,
        .every = query_int(query, 4),
    };
    return 0;
}

/* Claims the next one that is due; E_NOT_FOUND silently. */
static int claim(struct claimed *out, struct ctx *ctx, const char *known)
{
    int rc = find_due(out, ctx, known);

    if (rc)
        return rc;
    rc = tx_begin(ctx, "claim job");
    if (rc)
        return rc;
    rc = find_due(out, ctx, known);
    if (!rc)
        rc = db_exec(ctx,
                     "UPDATE event_job SET state = 1, attempt = ?2, "
                     "lease = ?3, owner = ?4 WHERE id = ?1",
                     "iiii", out->id, (int64_t)out->attempt,
                     clock_now() + (int64_t)out->kind->seconds * 1000 +
                         LEASE_SPARE_MS,
                     (int64_t)getpid());
    return tx_end(ctx, rc);
}

/* A schedule waits again; anything else is gone when it is done. */
static int settle_done(struct ctx *ctx, const struct claimed *job)
{
    if (job->every)
        return db_exec(ctx,
                       "UPDATE event_job SET state = 0, attempt = 0, "
                       "error = NULL, due = ?2 WHERE id = ?1",
                       "ii", job->id, clock_now() + job->every);
    return db_exec(ctx, "DELETE FROM event_job WHERE id = ?1", "i", job->id);
}

/* Waits for its next attempt. Where another one with its key came meanwhile
 * (event_job_key says so), this one has nothing left to do. */
static int settle_wait(struct ctx *ctx, const struct claimed *job, int64_t due,
                       bool again, const char *error)
{
    int rc = db_exec(ctx,
                     "UPDATE event_job SET state = 0, due = ?2, "
                     "attempt = ?3, error = ?4 WHERE id = ?1" NO_OTHER_WAITS,
                     "iiis", job->id, due, (int64_t)(again ? job->attempt : 0),
                     error);

    if (!rc && db_changes(ctx) == 0)
        rc = db_exec(ctx, "DELETE FROM event_job WHERE id = ?1", "i", job->id);
    return rc;
}

static int settle_failed(struct ctx *ctx, const struct claimed *job,
                         const char *error)
{
    int rc;

    if (job->attempt < job->kind->attempts)
        return settle_wait(ctx, job, work_retry_at(job->attempt), true, error);
    if (job->every)
        rc = settle_wait(ctx, job, clock_now() + job->every, false, error);
    else
        rc = db_exec(ctx,
                     "UPDATE event_job SET state = 2, error = ?2 "
                     "WHERE id = ?1",
                     "is", job->id, error);
    if (rc)
        return rc;
    return incident_of_job(ctx, job->every ? 0 : job->id, job->kind->kind,
                           job->kind->module, error);
}

/* Calls the job's function in a context of its own. */
static int call_job(const char **error, const char **problem, struct ctx *ctx,
                    const struct claimed *claimed)
{
    const struct job_kind *kind = claimed->kind;
    struct job job = { .id = claimed->id,
                       .kind = kind->kind,
                       .attempt = claimed->attempt,
                       .payload = kind->payload };
    struct ctx own;
    int rc;

    work_begin(&own, ctx, kind->module, kind->seconds);
    slot_begin(kind->kind, (int64_t)kind->seconds * 1000);
    if (kind->module)
        slot_push(kind->module, kind->kind);
    job_watched_begin(&own, claimed->id);
    goes_on = false;
    /* A job that was added during this round must not find rights, people and
     * forms as they were before it. */
    rc = epoch_read(&own);
    if (!rc)
        rc = work_data(&job.data, &own, claimed->data);
    if (!rc)
        rc = kind->call(&own, &job);
    if (rc) {
        *error = work_error(&own, ctx);
        *problem = job_watched_problem(&own, ctx, rc);
    }
    slot_finish();
    work_end(&own);
    return rc;
}

static int run_job(struct ctx *ctx, const struct claimed *job)
{
    const char *error = "the process that ran it ended", *problem = "{}";
    int rc = E_INTERNAL;

    /* More attempts than it has: each of them ended its process. */
    if (job->attempt <= job->kind->attempts)
        rc = call_job(&error, &problem, ctx, job);
    if (rc)
        log_ctx(ctx, LOG_WARN, "job.failed", "kind", job->kind->kind, "attempt",
                log_int(job->attempt), "error", error, NULL);
    int settled = tx_begin(ctx, "settle job");

    if (settled)
        return settled;
    if (!rc && goes_on)
        settled = settle_wait(ctx, job, clock_now(), false, NULL);
    else
        settled = rc ? settle_failed(ctx, job, error) : settle_done(ctx, job);
    if (!settled && (rc || !goes_on))
        settled = job_watched_settle(ctx, job->id, rc ? problem : NULL);
    job_watched_end();
    return tx_end(ctx, settled);
}

static int next_job_due(int64_t *due, struct ctx *ctx, const char *known)
{
    int64_t next;
    int rc;

    rc = db_int(&next, ctx,
                /* sql: names from the definition */
                arena_printf(ctx->arena,
                             "SELECT due FROM event_job WHERE state = 0 "
                             "AND kind IN (SELECT value FROM %s AS j) "
                             "ORDER BY due LIMIT 1",
                             db_json_items(ctx, "?1")),
                "s", known);
    if (rc == 0 && next < *due)
        *due = next;
    return rc == E_NOT_FOUND ? 0 : rc;
}

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
    static bool freed;
    const char *known;
    struct claimed job;
    int64_t due;
    int count = 0, ran = 0, rc = 0;

    registry_arena();
    *next_due = INT64_MAX;
    known = known_kinds(ctx);
    if (!freed)
        rc = work_free_dead(ctx, "event_job");
    freed = true;
    if (!rc)
        rc = incident_collect(ctx);
    if (rc >= 0)
        rc = run_ticks(ctx, next_due);
    if (!rc) {
        count = outbox_deliver(ctx, most * DELIVERIES_PER_JOB);
        rc = count < 0 ? count : 0;
    }
    while (!rc && ran < most) {
        rc = claim(&job, ctx, known);
        if (rc == E_NOT_FOUND) {
            rc = 0;
            break;
        }
        if (!rc)
            rc = run_job(ctx, &job);
        if (!rc)
            ran++;
    }
    if (!rc)
        rc = next_job_due(next_due, ctx, known);
    if (!rc)
        rc = outbox_next_due(&due, ctx);
    if (!rc && due < *next_due)
        *next_due = due;
    return rc ? rc : count + ran;
}

/* ---- administration ---- */

static int changed_one(struct ctx *ctx, int rc)
{
    if (!rc && db_changes(ctx) == 0)
        return fail(ctx, E_CONFLICT, "event.job_runs",
                    "this job runs just now, or is gone");
    return rc;
}

int job_retry(struct ctx *ctx, int64_t id)
{
    int rc = tx_begin(ctx, "retry job");

    if (rc)
        return rc;
    rc = changed_one(ctx, db_exec(ctx,
                                  "UPDATE event_job SET state = 0, "
                                  "attempt = 0, due = ?2 "
                                  "WHERE id = ?1 AND state <> 1" NO_OTHER_WAITS,
                                  "ii", id, clock_now()));
    if (!rc)
        rc = db_exec(ctx,
                     "UPDATE event_incident SET state = 1, closed_at = ?2 "
                     "WHERE job = ?1 AND state = 0",
                     "ii", id, clock_now());
    if (!rc)
        live_wake_jobs(ctx);
    return tx_end(ctx, rc);
}

int job_discard(struct ctx *ctx, int64_t id)
{
    int rc = tx_begin(ctx, "discard job");

    if (rc)
        return rc;
    rc = changed_one(
        ctx, db_exec(ctx, "DELETE FROM event_job WHERE id = ?1 AND state <> 1",
                     "i", id));
    if (!rc)
        rc = db_exec(ctx,
                     "UPDATE event_incident SET state = 1, closed_at = ?2 "
                     "WHERE job = ?1 AND state = 0",
                     "ii", id, clock_now());
    return tx_end(ctx, rc);
}
