/*
 * job.c - the kinds of jobs that this process can run, and adding jobs.
 */
#include "base/banned.h"

#include "event/job_internal.h"

#include <assert.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/map.h"
#include "event/live.h"
#include "event/work.h"
#include "store/db.h"

static struct arena *registry;
static struct vector kinds;

struct arena *job_registry(void)
{
    if (!registry) {
        registry = arena_new(0);
        vector_init(&kinds, registry);
    }
    return registry;
}

const struct vector *job_kinds(void)
{
    job_registry();
    return &kinds;
}

const struct job_kind *job_kind_find(const char *name)
{
    size_t i;

    for (i = 0; i < kinds.count; i++) {
        const struct job_kind *kind = kinds.items[i];

        if (strcmp(kind->kind, name) == 0)
            return kind;
    }
    return NULL;
}

/* A kind, and how long its last job took here. */
struct known_kind {
    struct job_kind kind;
    int64_t took; /* ms; -1: none has run */
};

void job_took(const struct job_kind *kind, int64_t ms)
{
    ((struct known_kind *)(void *)kind)->took = ms;
}

bool job_quick(const struct job_kind *kind)
{
    const struct known_kind *known = (const struct known_kind *)(void *)kind;

    return known->took >= 0 && known->took <= QUICK_MS;
}

const char *job_title(const char *kind)
{
    const struct job_kind *found = job_kind_find(kind);

    return found ? found->title : NULL;
}

void job_register(const struct job_kind *kind)
{
    struct arena *arena = job_registry();
    struct known_kind *known = arena_alloc(arena, sizeof *known);
    struct job_kind *copy = &known->kind;

    assert(kind->kind && kind->call && !job_kind_find(kind->kind));
    assert(kind->priority >= 0 && kind->priority <= JOB_LAST);
    *known = (struct known_kind){ *kind, -1 };
    copy->kind = arena_strdup(arena, kind->kind);
    copy->module = arena_strdup(arena, kind->module);
    copy->title = arena_strdup(arena, kind->title);
    if (copy->seconds <= 0)
        copy->seconds = WORK_SECONDS;
    if (copy->attempts <= 0)
        copy->attempts = WORK_ATTEMPTS;
    if (copy->priority <= 0)
        copy->priority = JOB_PRIORITY;
    vector_add(&kinds, copy);
}

/* What the order leaves open: when, and how urgent. */
static int fill(struct job_order *out, struct ctx *ctx,
                const struct job_order *order)
{
    const struct job_kind *kind = job_kind_find(order->kind);

    *out = *order;
    if (order->priority < 0 || order->priority > JOB_LAST || order->delay < 0)
        return fail(ctx, E_INVALID, "event.priority",
                    "a job's priority is 1 to 9, its delay not negative");
    if (!out->priority)
        out->priority = kind ? kind->priority : JOB_PRIORITY;
    return 0;
}

/* One with the same key that waits is written as it is: nobody begins it before
 * this transaction has ended, so that it sees what is saved here. */
int job_order(int64_t *id, struct ctx *ctx, const struct job_order *order)
{
    const struct job_kind *kind = job_kind_find(order->kind);
    int64_t now = db_now(ctx);
    struct job_order full;
    int rc = fill(&full, ctx, order);

    assert(tx_active(ctx));
    if (rc)
        return rc;
    rc = db_int(id, ctx,
                "INSERT INTO event_job (id, kind, module, data, key, due, "
                "priority, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
                "ON CONFLICT (kind, key) WHERE state = 0 AND key IS NOT NULL "
                "DO UPDATE SET key = excluded.key RETURNING id",
                "issssiii", id_next(), full.kind, kind ? kind->module : NULL,
                full.data ? json_text(ctx->arena, full.data) : NULL,
                full.unique, full.due ? full.due : now + full.delay,
                (int64_t)full.priority, now);
    if (!rc)
        live_wake_jobs(ctx);
    return rc;
}

int job_add(struct ctx *ctx, const char *kind, const struct value *data,
            int64_t due, const char *unique)
{
    int64_t id;

    return job_order(
        &id, ctx,
        &(struct job_order){
            .kind = kind, .data = data, .due = due, .unique = unique });
}
