/*
 * import_work.c - the job that checks, applies and undoes imports, a piece of
 * some seconds at a time, so that mails and other jobs have their turn.
 */
#include "base/banned.h"

#include "access/access.h"
#include "audit/audit.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/value.h"
#include "event/job.h"
#include "event/live.h"
#include "event/progress.h"
#include "form/act_as.h"
#include "form/import_steps.h"
#include "form/table.h"
#include "org/person.h"
#include "store/db.h"

enum { PIECE_MS = 1500, JOB_SECONDS = 300, ATTEMPTS = 5 };

static void tell(struct ctx *ctx, const struct import_job *job)
{
    live_send(ctx, job->person,
              arena_printf(ctx->arena, "import:%lld", (long long)job->id));
}

/* Columns of the file once more, for the plan. */
static int take_header(struct ctx *ctx, const struct csv_row *row,
                       void *payload)
{
    struct import_run *run = payload;
    const char **header =
        arena_array(ctx->arena, row->count + 1, sizeof *header);
    size_t i, count = row->count;
    int rc;

    while (count && !*row->cells[count - 1])
        count--;
    for (i = 0; i < count; i++)
        header[i] = arena_strdup(ctx->arena, row->cells[i]);
    rc = import_plan_make(&run->plan, ctx, run->job->form, run->job->settings,
                          header, count);
    return rc ? rc : 1;
}

static int make_plan(struct import_run *run)
{
    struct table table;
    size_t i;
    int rc = import_table_open(&table, run->ctx, run->job);

    if (!rc)
        rc = table_rows(&table, run->ctx, take_header, run);
    if (rc < 0)
        return rc;
    for (i = 0; run->plan && i < run->plan->count; i++)
        run->plan->columns[i].workbook = table.workbook;
    return 0;
}

/* ---- going from state to state ---- */

static int go(struct import_run *run, const char *state)
{
    struct import_job *job = run->job;
    int rc = tx_begin(run->ctx, "import.state");

    if (rc)
        return rc;
    job->state = state;
    job->finished = clock_now();
    rc = import_job_write(run->ctx, job);
    if (!rc && (strcmp(state, "done") == 0 || strcmp(state, "undone") == 0)) {
        struct value *counts = value_map(run->ctx->arena);

        value_set_text(counts, "file", job->name);
        value_set_int(counts, "created", job->created);
        value_set_int(counts, "updated", job->updated);
        value_set_int(counts, "refused", job->refused);
        rc = audit_add(
            run->ctx,
            arena_printf(run->ctx->arena, "import:%s", job->form->name),
            job->id, strcmp(state, "done") == 0 ? "import" : "undo", counts);
    }
    if (!rc)
        tell(run->ctx, job);
    return tx_end(run->ctx, rc);
}

static void count_anew(struct import_job *job)
{
    /* Refused rows and those that change nothing are not looked at again. */
    job->position = 0;
    job->done = job->created = job->updated = 0;
}

static int result(struct import_run *run, const char *key)
{
    const struct import_job *job = run->job;
    struct value *arguments = value_map(run->ctx->arena);

    value_set_int(arguments, "created", job->created);
    value_set_int(arguments, "updated", job->updated);
    value_set_int(arguments, "unchanged", job->unchanged);
    value_set_int(arguments, "refused", job->refused);
    value_set_int(arguments, "undone", job->undone);
    value_set_int(arguments, "conflicts", job->conflicts);
    return job_result(
        run->ctx, key, arguments,
        arena_printf(run->ctx->arena, "/imports/%lld", (long long)job->id));
}

static int checked(struct import_run *run)
{
    struct import_job *job = run->job;
    int rc;

    if (!job->apply || (run->plan->none_if_bad && job->refused)) {
        rc = result(run, "import.checked_result");
        return rc ? rc : go(run, "checked");
    }
    count_anew(job);
    return go(run, "importing");
}

static int applied(struct import_run *run)
{
    struct import_job *job = run->job;
    int rc;

    if (run->plan->none_if_bad && job->refused) {
        fail(run->ctx, E_INVALID, "import.none",
             "%lld rows are refused, so none was imported",
             (long long)job->refused);
        job->problem = import_problems_json(run->ctx);
        ctx_clear(run->ctx);
        job->position = INT64_MAX;
        job->done = 0;
        return go(run, "undoing");
    }
    rc = result(run, "import.done_result");
    return rc ? rc : go(run, "done");
}

static int undone(struct import_run *run)
{
    int rc = result(run, "import.undone_result");

    return rc ? rc : go(run, "undone");
}

struct step {
    const char *state;
    int (*batch)(struct import_run *run, bool *more);
    int (*end)(struct import_run *run);
};

static const struct step steps[] = {
    { "checking", import_stage_batch, checked },
    { "importing", import_apply_batch, applied },
    { "undoing", import_undo_batch, undone },
};

static const struct step *step_of(const char *state)
{
    size_t i;

    for (i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (strcmp(steps[i].state, state) == 0)
            return &steps[i];
    return NULL;
}

/* One batch, in an arena of its own. */
static int run_batch(struct import_run *run, const struct step *step,
                     bool *more)
{
    struct arena *arena = arena_new(0);
    struct ctx own = ctx_apart(run->ctx);
    struct import_run batch = *run;
    int rc;

    own.arena = arena;
    batch.ctx = &own;
    rc = step->batch(&batch, more);
    if (rc)
        fail(run->ctx, rc, "import.stopped", "the import stopped: %s",
             ctx_error(&own));
    arena_free(arena);
    return rc;
}

static int run_steps(struct import_run *run)
{
    struct import_job *job = run->job;
    const struct step *step = step_of(job->state);
    int rc = 0;

    if (strcmp(job->state, "checking") == 0 && !job->rows)
        rc = import_rows_make(run);
    if (!rc && strcmp(job->state, "checking") == 0)
        rc = import_rows_open(run);
    while (!rc && step && clock_monotonic() < run->until) {
        bool more = true;

        rc = run_batch(run, step, &more);
        if (!rc)
            rc = job_progress(run->ctx,
                              job->done > job->total ? job->total : job->done,
                              job->total);
        if (rc || more)
            continue;
        rc = step->end(run);
        step = step_of(job->state);
    }
    if (!rc && step)
        job_continue();
    return rc;
}

/* What is wrong with the file is no fault of ours: it is told, not tried
 * again. */
static int give_up(struct ctx *ctx, struct import_job *job)
{
    struct import_run run = { .ctx = ctx, .job = job };
    bool applied = strcmp(job->state, "importing") == 0;

    job->problem = import_problems_json(ctx);
    ctx_clear(ctx);
    if (!applied)
        return go(&run, "failed");
    /* Something stands already: it can be undone as an import that is done. */
    return go(&run, "done");
}

static int import_call(struct ctx *ctx, const struct job *work)
{
    struct import_run run = { .until = clock_monotonic() + PIECE_MS };
    struct ctx own = *ctx;
    int rc;

    rc = import_job_load(&run.job, &own, value_get_id(work->data, "import"));
    if (rc == E_NOT_FOUND)
        return 0;
    if (rc || !step_of(run.job->state))
        return rc;
    run.ctx = &own;
    rc = act_as(&own, run.job->person);
    if (!rc)
        rc = make_plan(&run);
    if (!rc)
        rc = run_steps(&run);
    if (rc && !import_is_refusal(rc) && rc != E_UNAVAILABLE &&
        work->attempt == ATTEMPTS) {
        /* The inside of it is the log's. */
        log_ctx(&own, LOG_ERROR, "import.stopped", "error", ctx_error(&own),
                NULL);
        ctx_clear(&own);
        rc = fail(&own, E_LIMIT, "event.job_broke",
                  "this work stopped because of an error");
    }
    if (import_is_refusal(rc) || rc == E_UNAVAILABLE) {
        rc = give_up(&own, run.job);
        if (!rc)
            rc = job_result(&own, "import.failed_result", NULL,
                            arena_printf(own.arena, "/imports/%lld",
                                         (long long)run.job->id));
    }
    if (rc) {
        ctx->problems = own.problems;
        ctx->last_problem = own.last_problem;
        ctx->problem_count = own.problem_count;
    }
    return rc;
}

void import_job_start(void)
{
    static const struct job_kind kind = {
        .kind = "form.import",
        .call = import_call,
        .seconds = JOB_SECONDS,
        .attempts = ATTEMPTS,
        .priority = 3,
        .stays = true,
    };

    job_register(&kind);
}
