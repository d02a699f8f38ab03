/*
 * import_look.c - the first rows of a file, for the page of the mapping.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/unicode.h"
#include "form/import_steps.h"
#include "form/table.h"
#include "store/blob.h"

int import_table_open(struct table *out, struct ctx *ctx,
                      const struct import_job *job)
{
    const char *encoding = value_get_text(job->settings, "encoding");
    const char *separator = value_get_text(job->settings, "separator");
    int64_t sheet = value_get_int(job->settings, "sheet", 0);
    int fd, rc;

    if (!job->hash)
        return fail(ctx, E_NOT_FOUND, "import.file_gone",
                    "the file of this import is let go; upload it again");
    rc = blob_open(&fd, ctx, job->hash);
    if (rc)
        return rc;
    rc = table_open(out, ctx, job->name, fd, encoding,
                    separator ? *separator : '\0',
                    sheet > 0 ? (size_t)sheet : 0);
    close(fd);
    return rc;
}

enum { PREVIEW_ROWS = 12, LOOKED_ROWS = 3000 };

struct looking {
    struct import_preview *out;
    struct arena *arena; /* of one row */
    size_t looked;
};

static void look_at_numbers(struct looking *looking, struct ctx *ctx,
                            const struct csv_row *row)
{
    struct import_preview *out = looking->out;
    struct ctx own = *ctx;
    size_t i;

    own.arena = looking->arena;
    import_numbers_row(out->numbers, out->columns, &own, row);
    for (i = 0; i < out->columns; i++)
        if (out->numbers[i].seen && !out->numbers[i].sample)
            out->numbers[i].sample = text_clean(ctx->arena, row->cells[i]);
    arena_reset(looking->arena);
}

static int take_row(struct ctx *ctx, const struct csv_row *row, void *payload)
{
    struct looking *looking = payload;
    struct import_preview *out = looking->out;
    const char **cells;
    size_t i;

    if (!out->header) {
        out->columns = row->count;
        while (out->columns &&
               !*text_clean(ctx->arena, row->cells[out->columns - 1]))
            out->columns--;
        out->header =
            arena_array(ctx->arena, out->columns + 1, sizeof *out->header);
        out->dates =
            arena_array(ctx->arena, out->columns + 1, sizeof *out->dates);
        out->numbers =
            arena_array(ctx->arena, out->columns + 1, sizeof *out->numbers);
        import_numbers_begin(out->numbers, out->columns);
        for (i = 0; i < out->columns; i++) {
            out->header[i] = text_clean(ctx->arena, row->cells[i]);
            out->dates[i].day_first = out->dates[i].month_first = true;
        }
        return 0;
    }
    for (i = 0; i < out->columns && i < row->count; i++)
        if (*row->cells[i])
            import_dates_look(&out->dates[i], row->cells[i]);
    look_at_numbers(looking, ctx, row);
    if (out->row_count < PREVIEW_ROWS) {
        cells = arena_array(ctx->arena, out->columns + 1, sizeof *cells);
        for (i = 0; i < out->columns; i++)
            cells[i] =
                i < row->count ? text_clean(ctx->arena, row->cells[i]) : "";
        out->rows[out->row_count++] = cells;
    }
    return ++looking->looked < LOOKED_ROWS ? 0 : 1;
}

int import_look(struct import_preview *out, struct ctx *ctx,
                struct table *table)
{
    struct looking looking = { .out = out };
    size_t i;
    int rc;

    out->kind = table->workbook ? "xlsx" : "csv";
    out->encoding = table->encoding;
    out->separator = table->separator;
    out->sheets = table->sheets;
    out->sheet_count = table->sheet_count;
    out->sheet = table->sheet;
    out->rows = arena_array(ctx->arena, PREVIEW_ROWS, sizeof *out->rows);
    looking.arena = arena_new(0);
    rc = table_rows(table, ctx, take_row, &looking);
    arena_free(looking.arena);
    if (rc < 0)
        return rc;
    if (!out->columns)
        return fail(ctx, E_INVALID, "import.empty", "%s is empty", table->name);
    /* The year stood in front wherever there was a day. */
    for (i = 0; i < out->columns; i++)
        if (!out->dates[i].seen)
            out->dates[i].day_first = out->dates[i].month_first = false;
    return 0;
}

int import_preview(struct import_preview *out, struct ctx *ctx,
                   const struct import_job *job)
{
    struct ctx quiet = ctx_apart(ctx);
    struct table table;
    int rc;

    memset(out, 0, sizeof *out);
    rc = import_table_open(&table, &quiet, job);
    if (!rc)
        rc = import_look(out, &quiet, &table);
    if (rc && quiet.problems)
        out->problem = problem_message(ctx, quiet.problems);
    if (rc) {
        out->columns = out->row_count = 0;
        return rc == E_INVALID || rc == E_LIMIT ? 0 : rc;
    }
    return 0;
}
