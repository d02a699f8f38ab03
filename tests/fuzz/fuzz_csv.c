/*
 * fuzz_csv.c - csv_feed and csv_write_cell: pieces of any length give the
 * same rows, and what is written is read back as it was, the apostrophe before
 * a formula taken off.
 */
#include "base/banned.h"

#include "form/csv.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"

/* Ends the run with a report. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

enum { BYTES_MAX = 1 << 20 };

/* Cells as they stand, or as csv_write_cell was given them. */
static int take(struct ctx *ctx, const struct csv_row *row, void *payload,
                bool written)
{
    struct buf *out = payload;
    size_t i;

    (void)ctx;
    MUST(row->count > 0 && row->count <= CSV_CELLS_MAX && row->line > 0);
    for (i = 0; i < row->count; i++) {
        MUST(strlen(row->cells[i]) <= CSV_CELL_MAX);
        csv_write_cell(out,
                       written ? csv_cell_text(row->cells[i]) : row->cells[i],
                       i ? ',' : '\0');
    }
    buf_add_char(out, '\n');
    return 0;
}

static int take_any(struct ctx *ctx, const struct csv_row *row, void *payload)
{
    return take(ctx, row, payload, false);
}

static int take_written(struct ctx *ctx, const struct csv_row *row,
                        void *payload)
{
    return take(ctx, row, payload, true);
}

static int read_pieces(struct buf *out, struct ctx *ctx, const char *data,
                       size_t size, size_t step, csv_take call)
{
    struct csv *csv = csv_open(ctx, ',', call, out);
    size_t at;
    int rc = 0;

    buf_init(out, ctx->arena, 16 * BYTES_MAX);
    for (at = 0; !rc && at < size; at += step)
        rc = csv_feed(csv, data + at, at + step > size ? size - at : step);
    return rc ? rc : csv_end(csv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *arena;
    const char *text = (const char *)data;
    struct buf whole, bytes, again;
    struct ctx ctx;
    int rc;

    if (size > BYTES_MAX)
        return 0;
    if (!arena)
        arena = arena_new(0);
    arena_reset(arena);
    ctx_init(&ctx, arena);
    rc = read_pieces(&whole, &ctx, text, size, size ? size : 1, take_any);
    MUST(read_pieces(&bytes, &ctx, text, size, 7, take_any) == rc);
    MUST(strcmp(buf_text(&whole), buf_text(&bytes)) == 0);
    if (rc) {
        MUST(ctx.problems && text_starts(ctx_error(&ctx), "line "));
        return 0;
    }
    MUST(read_pieces(&again, &ctx, buf_text(&whole), whole.length, 4096,
                     take_written) == 0);
    MUST(strcmp(buf_text(&again), buf_text(&whole)) == 0);
    return 0;
}
