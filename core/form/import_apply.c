/*
 * import_apply.c - staged rows become records, in batches.
 *
 * A batch is prepared without the writer lock, then written under it in one
 * transaction of at most HOLD_MS: as many rows as that takes. Each row is
 * what one save by the person would be, all of it or nothing.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/json.h"
#include "event/hook.h"
#include "form/field_type.h"
#include "form/import_steps.h"
#include "form/record_internal.h"
#include "store/db.h"
#include "store/dialect.h"

/* The commit comes on top. */
enum { HOLD_MS = 20, ROWS_FIRST = 100, ROWS_MAX = 1000 };

struct applying {
    struct import_run *run;
    struct import_row_now rows[ROWS_MAX];
    struct record_change *changes[ROWS_MAX];
    const char *refusals[ROWS_MAX];
    size_t count;
    bool plain;
};

/* How many rows the last batches wrote in their time. */
static size_t batch_rows = ROWS_FIRST;

static int read_rows(struct applying *now, struct ctx *ctx)
{
    const struct import_job *job = now->run->job;
    QUERY_AUTO *query = NULL;
    int rc;

    now->count = 0;
    rc = db_query(&query, ctx,
                  "SELECT line, state, cells FROM import_row WHERE import = ?1"
                  " AND line > ?2 ORDER BY line LIMIT ?3",
                  "iii", job->id, job->position, (int64_t)batch_rows);
    while (!rc && (rc = query_next(query)) == 1) {
        struct import_row_now *row = &now->rows[now->count];

        memset(row, 0, sizeof *row);
        row->line = query_int(query, 0);
        now->changes[now->count] = NULL;
        now->refusals[now->count] = NULL;
        /* Refused ones and those that change nothing stay what they are. */
        if (query_int(query, 1) == IMPORT_ROW_READY)
            row->cells = import_cells_split(ctx, query_copy(query, 2),
                                            now->run->plan->count);
        now->count++;
        rc = 0;
    }
    return rc;
}

/* Rows that are not to be applied have no cells. */
static int match(struct applying *now, struct ctx *ctx)
{
    struct import_row_now *open =
        arena_array(ctx->arena, now->count + 1, sizeof *open);
    size_t i, count = 0;
    int rc;

    for (i = 0; i < now->count; i++)
        if (now->rows[i].cells)
            open[count++] = now->rows[i];
    rc = import_match(ctx, now->run->plan, open, count);
    for (i = count = 0; i < now->count; i++)
        if (now->rows[i].cells)
            now->rows[i] = open[count++];
    return rc;
}

static int prepare(struct applying *now, struct ctx *ctx)
{
    size_t i;
    int rc = read_begin(ctx);

    if (rc)
        return rc;
    rc = match(now, ctx);
    for (i = 0; !rc && i < now->count; i++) {
        if (!now->rows[i].cells)
            continue;
        rc = import_prepare(&now->changes[i], ctx, now->run->plan,
                            &now->rows[i], false);
        if (rc && import_is_refusal(rc)) {
            now->refusals[i] = import_problems_json(ctx);
            rc = 0;
        }
        if (!rc)
            ctx_clear(ctx);
    }
    read_end(ctx);
    return rc;
}

/* ---- under the lock ---- */

static int note(struct applying *now, struct ctx *ctx, size_t index,
                enum import_row_state state, const struct record *record,
                const char *detail)
{
    return db_post(ctx,
                   "UPDATE import_row SET state = ?3, record = ?4,"
                   " version = ?5, detail = ?6 WHERE import = ?1 AND line = ?2",
                   "iiiiis", now->run->job->id, now->rows[index].line,
                   (int64_t)state, record ? record->id : (int64_t)0,
                   record ? record->version : (int64_t)0, detail);
}

/* The old values of what it changes, for taking it back. */
static const char *before_json(struct ctx *ctx,
                               const struct record_change *change)
{
    struct value *changes, *before;
    size_t i;

    if (!change->before)
        return NULL;
    changes = record_changes(ctx, change);
    before = value_map(ctx->arena);
    for (i = 0; i < value_count(changes); i++)
        value_set(before, value_key_at(changes, i),
                  value_get(value_item_at(changes, i), "from"));
    return json_text(ctx->arena, before);
}

/* Nothing of a refused row is to be taken back where nothing is written
 * before the last check: no number is drawn, no module asked. A savepoint
 * copies each page that a row touches, which costs as much as the row. */
static bool is_plain(const struct form *form)
{
    size_t i;

    if (hook_any(HOOK_BEFORE_SAVE, form->name, form->flow) ||
        hook_any(HOOK_AFTER_SAVE, form->name, form->flow))
        return false;
    for (i = 0; i < form->field_count; i++)
        if (strcmp(form->fields[i]->type->name, "auto_number") == 0)
            return false;
    return true;
}

static int write_change(struct record **record, struct ctx *ctx,
                        struct record_change *change, bool plain)
{
    int rc;

    if (plain)
        return record_write(record, ctx, change);
    rc = tx_begin(ctx, "import.row");
    return rc ? rc : tx_end(ctx, record_write(record, ctx, change));
}

static int refuse(struct applying *now, struct ctx *ctx, size_t index,
                  const char *problems)
{
    now->run->job->refused++;
    return note(now, ctx, index, IMPORT_ROW_REFUSED, NULL, problems);
}

/* A row that links to one before it in the file finds it only now. */
static int prepare_again(struct applying *now, struct ctx *ctx, size_t index)
{
    int rc;

    if (!now->run->plan->self || !now->refusals[index])
        return 0;
    rc = import_prepare(&now->changes[index], ctx, now->run->plan,
                        &now->rows[index], false);
    if (!rc)
        now->refusals[index] = NULL;
    else if (import_is_refusal(rc))
        rc = 0;
    if (!rc)
        ctx_clear(ctx);
    return rc;
}

static int apply_row(struct applying *now, struct ctx *ctx, size_t index,
                     bool first)
{
    struct import_job *job = now->run->job;
    struct record_change *change;
    struct record *record = NULL;
    int rc;

    if (!now->rows[index].cells)
        return 0;
    rc = prepare_again(now, ctx, index);
    if (rc)
        return rc;
    if (now->refusals[index])
        return refuse(now, ctx, index, now->refusals[index]);
    change = now->changes[index];
    if (!change) {
        job->unchanged++;
        return note(now, ctx, index, IMPORT_ROW_UNCHANGED, NULL, NULL);
    }
    change->again = !first;
    rc = write_change(&record, ctx, change, now->plain);
    if (rc && !import_is_refusal(rc))
        return rc;
    if (rc) {
        const char *problems = import_problems_json(ctx);

        ctx_clear(ctx);
        return refuse(now, ctx, index, problems);
    }
    if (change->before)
        job->updated++;
    else
        job->created++;
    return note(now, ctx, index,
                change->before ? IMPORT_ROW_UPDATED : IMPORT_ROW_CREATED,
                record, before_json(ctx, change));
}

static void adapt(size_t rows, int64_t took)
{
    if (took < HOLD_MS / 2 && rows == batch_rows)
        batch_rows = batch_rows * 3 / 2;
    else if (took > HOLD_MS)
        batch_rows = batch_rows * HOLD_MS / (size_t)took;
    /* What did not fit is prepared again, which is cheap beside a commit. */
    if (batch_rows < ROWS_FIRST)
        batch_rows = ROWS_FIRST;
    if (batch_rows > ROWS_MAX)
        batch_rows = ROWS_MAX;
}

static int write_batch(struct applying *now, struct ctx *ctx)
{
    struct import_job *job = now->run->job;
    int64_t began = clock_monotonic();
    bool first = true, stop = false;
    size_t i;
    int rc = 0;

    for (i = 0; !rc && !stop && i < now->count; i++) {
        int64_t refused = job->refused;

        rc = apply_row(now, ctx, i, first);
        first = first && !now->changes[i];
        job->position = now->rows[i].line;
        job->done++;
        /* All or none: the first that is refused ends it. */
        stop = clock_monotonic() - began > HOLD_MS ||
               (now->run->plan->none_if_bad && job->refused > refused);
    }
    if (!rc)
        rc = import_job_write(ctx, job);
    adapt(i, clock_monotonic() - began);
    return rc;
}

int import_apply_batch(struct import_run *run, bool *more)
{
    struct ctx ctx = *run->ctx;
    struct applying *now = arena_alloc(ctx.arena, sizeof *now);
    /* Somebody else's change in between makes the keys anew. */
    uint64_t counter = change_counter_get(&ctx, run->plan->form->name);
    struct import_job before = *run->job;
    int rc;

    now->run = run;
    now->plain = is_plain(run->plan->form);
    rc = read_rows(now, &ctx);
    *more = !rc && now->count > 0;
    if (!*more)
        return rc;
    /* Another host's change is not heard of in time: there all is done under
     * the lock. */
    rc = db_one_writer(&ctx) ? prepare(now, &ctx) : 0;
    if (!rc)
        rc = tx_begin(&ctx, "import");
    if (rc)
        return rc;
    if (!db_one_writer(&ctx)) {
        rc = prepare(now, &ctx);
    } else if (run->plan->key_count && !run->plan->by_id &&
               counter != change_counter_get(&ctx, run->plan->form->name)) {
        batch_rows = ROWS_FIRST / 4;
        if (now->count > batch_rows)
            now->count = batch_rows;
        rc = prepare(now, &ctx);
    }
    if (!rc)
        rc = write_batch(now, &ctx);
    rc = tx_end(&ctx, rc);
    if (rc)
        *run->job = before;
    return rc;
}
