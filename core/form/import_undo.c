/*
 * import_undo.c - taking an import back, the last row first (E39).
 *
 * What it made goes to the bin, what it changed gets its old values again.
 * Records that somebody has changed since are left alone and listed. It acts
 * as the system in the person's name: who may import may take it back, though
 * he may delete nothing else.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/json.h"
#include "form/import_steps.h"
#include "form/record.h"
#include "form/record_internal.h"
#include "store/db.h"

enum { HOLD_MS = 20, ROWS = 200 };

struct undoing {
    int64_t line, record, version;
    enum import_row_state state;
    const char *before;
};

static int read_rows(struct undoing *rows, size_t *count, struct ctx *ctx,
                     const struct import_job *job)
{
    QUERY_AUTO *query = NULL;
    int rc;

    *count = 0;
    rc = db_query(&query, ctx,
                  "SELECT line, state, record, version, detail FROM import_row"
                  " WHERE import = ?1 AND line < ?2 ORDER BY line DESC"
                  " LIMIT ?3",
                  "iii", job->id, job->position, (int64_t)ROWS);
    while (!rc && (rc = query_next(query)) == 1) {
        struct undoing *row = &rows[(*count)++];

        row->line = query_int(query, 0);
        row->state = (enum import_row_state)query_int(query, 1);
        row->record = query_int(query, 2);
        row->version = query_int(query, 3);
        row->before = query_copy(query, 4);
        rc = 0;
    }
    return rc;
}

/* E_CONFLICT where it is not as the import left it. */
static int check_same(struct ctx *ctx, const struct form *form,
                      const struct undoing *row)
{
    struct record *record;
    int rc = record_get_unchecked(&record, ctx, form, row->record);

    if (!rc && record->deleted_at)
        return fail(ctx, E_CONFLICT, "form.in_bin",
                    "this record is in the bin");
    if (!rc && record->version != row->version)
        return fail(ctx, E_CONFLICT, "import.changed_since",
                    "this record was changed after the import");
    return rc;
}

/* The old values without those that nobody writes. */
static struct value *old_values(struct ctx *ctx, const struct form *form,
                                const char *json)
{
    struct value *input = value_map(ctx->arena), *before;
    size_t i;

    if (!json || json_parse(&before, ctx, json, strlen(json))) {
        ctx_clear(ctx);
        return input;
    }
    for (i = 0; i < value_count(before); i++) {
        const struct field *field = form_field(form, value_key_at(before, i));

        if (field && !field->read_only && !field->hidden)
            value_set(input, field->key, value_item_at(before, i));
    }
    return input;
}

static int undo_row(struct ctx *ctx, const struct form *form,
                    const struct undoing *row)
{
    struct record_change *change;
    int rc = tx_begin(ctx, "import.undo_row");

    if (rc)
        return rc;
    rc = check_same(ctx, form, row);
    if (!rc && row->state == IMPORT_ROW_CREATED) {
        rc = record_delete(ctx, form, row->record, row->version);
    } else if (!rc) {
        rc = record_prepare(&change, ctx, form, row->record, row->version,
                            old_values(ctx, form, row->before), NULL);
        if (!rc)
            rc = record_write(NULL, ctx, change);
    }
    return tx_end(ctx, rc);
}

static int note(struct ctx *ctx, struct import_job *job,
                const struct undoing *row, enum import_row_state state,
                const char *detail)
{
    if (state == IMPORT_ROW_UNDONE)
        job->undone++;
    else
        job->conflicts++;
    return db_exec(ctx,
                   "UPDATE import_row SET state = ?3, detail = ?4"
                   " WHERE import = ?1 AND line = ?2",
                   "iiis", job->id, row->line, (int64_t)state, detail);
}

static int undo_or_note(struct ctx *ctx, struct import_job *job,
                        const struct undoing *row)
{
    const char *problems;
    int rc;

    if (row->state != IMPORT_ROW_CREATED && row->state != IMPORT_ROW_UPDATED)
        return 0;
    rc = undo_row(ctx, job->form, row);
    if (!rc)
        return note(ctx, job, row, IMPORT_ROW_UNDONE, NULL);
    if (!import_is_refusal(rc))
        return rc;
    problems = import_problems_json(ctx);
    ctx_clear(ctx);
    return note(ctx, job, row, IMPORT_ROW_CONFLICT, problems);
}

int import_undo_batch(struct import_run *run, bool *more)
{
    struct ctx ctx = *run->ctx;
    struct undoing *rows = arena_array(ctx.arena, ROWS, sizeof *rows);
    struct import_job before = *run->job;
    int64_t began;
    size_t count, i;
    int rc = read_rows(rows, &count, &ctx, run->job);

    *more = !rc && count > 0;
    if (!*more)
        return rc;
    ctx.system = true;
    rc = tx_begin(&ctx, "import.undo");
    if (rc)
        return rc;
    began = clock_monotonic();
    for (i = 0; !rc && i < count && clock_monotonic() - began < HOLD_MS; i++) {
        rc = undo_or_note(&ctx, run->job, &rows[i]);
        run->job->position = rows[i].line;
        run->job->done++;
    }
    if (!rc)
        rc = import_job_write(&ctx, run->job);
    rc = tx_end(&ctx, rc);
    if (rc)
        *run->job = before;
    return rc;
}
