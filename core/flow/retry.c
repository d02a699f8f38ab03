/*
 * retry.c - the job "flow.continue": asynchronous elements, and tokens that
 * an element's failure has stopped (T7). Tried again by the job's policy;
 * after the last attempt an administrator can start it once more.
 */
#include "base/banned.h"

#include "flow/retry.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/value.h"
#include "event/job.h"
#include "flow/engine.h"
#include "store/db.h"

enum { ATTEMPT_SECONDS = 60, COMMANDS_KEPT_DAYS = 30 };

static const char kind[] = "flow.continue";

int retry_add(struct step *step, const struct token *token, int64_t due)
{
    struct arena *arena = step->ctx->arena;
    struct value *data = value_map(arena);

    value_set_id(data, "instance", step->instance->id);
    value_set_id(data, "token", token->id);
    return job_add(step->ctx, kind, data, due,
                   arena_printf(arena, "%lld", (long long)token->id));
}

static bool waits_for_us(const struct token *token)
{
    return token->state == TOKEN_JOB || token->state == TOKEN_FAULT ||
           token->state == TOKEN_LEAVING;
}

static int run_token(struct step *step, struct token *token)
{
    int64_t id = token->id;
    bool leave = token->state == TOKEN_LEAVING;
    int rc;

    step->job_token = id;
    step->resumed = true;
    rc = step_follow(step, token, leave);
    if (!rc && !step->faults)
        rc = incidents_close(step->ctx, step->instance->id, id);
    if (!rc)
        rc = instance_save(step->ctx, step->instance);
    if (!rc)
        step_send_live(step);
    return rc;
}

/* 0: it went on, or there is nothing left to do; 1: it stopped again. */
static int continue_locked(struct ctx *ctx, const struct value *data)
{
    struct instance *instance;
    struct token *token;
    struct step step;
    int64_t id = value_get_id(data, "instance"), record;
    int rc = db_int(&record, ctx,
                    "SELECT record FROM flow_instance WHERE id = ?1", "i", id);

    if (!rc)
        rc = instance_guard(ctx, record);
    if (!rc)
        rc = instance_load(&instance, ctx, id);
    if (rc == E_NOT_FOUND)
        return 0;
    if (rc || !text_equal(instance->state, "running"))
        return rc;
    rc = step_open(&step, ctx, instance);
    if (rc)
        return rc;
    token = step_token(&step, value_get_id(data, "token"));
    if (!token || !waits_for_us(token))
        return 0;
    rc = run_token(&step, token);
    return rc ? rc : step.faults > 0;
}

static int continue_job(struct ctx *ctx, const struct job *job)
{
    int rc = tx_begin_shared(ctx, kind), stopped;

    if (rc)
        return rc;
    stopped = continue_locked(ctx, job->data);
    rc = tx_end(ctx, stopped < 0 ? stopped : 0);
    if (rc || !stopped)
        return rc;
    return fail(ctx, E_INVALID, "flow.fault.again",
                "the process could not go on; its incident says why");
}

/* Answers to commands are kept as long as a client may ask again. */
static int tidy_job(struct ctx *ctx, const struct job *job)
{
    int64_t before = clock_now() - COMMANDS_KEPT_DAYS * INT64_C(86400000);
    int rc = tx_begin_shared(ctx, "flow.tidy");

    (void)job;
    if (rc)
        return rc;
    return tx_end(ctx, db_exec(ctx, "DELETE FROM flow_command WHERE at < ?1",
                               "i", before));
}

void retry_register(void)
{
    static const struct job_kind kinds[] = {
        { .kind = kind,
          .call = continue_job,
          .seconds = ATTEMPT_SECONDS,
          .priority = 3,
          .stays = true },
        { .kind = "flow.tidy",
          .call = tidy_job,
          .seconds = 60,
          .priority = JOB_LAST },
    };

    job_register(&kinds[0]);
    job_register(&kinds[1]);
}
