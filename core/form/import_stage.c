/*
 * import_stage.c - a file's rows into the staging table, each one checked as
 * if it were saved.
 *
 * First the whole file becomes text in one encoding with a row a line: what
 * is wrong with the file itself shows before any row is looked at, and the
 * checking can go on where it stopped.
 */
#include "base/banned.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/site.h"
#include "base/str.h"
#include "base/unicode.h"
#include "form/field_type.h"
#include "form/import_steps.h"
#include "form/record_internal.h"
#include "form/table.h"
#include "store/blob.h"
#include "store/db.h"

enum {
    BATCH_ROWS = 500,
    PIECE_BYTES = 1 << 20,
    ROW_BYTES_MAX = 8 << 20,
};

/* ---- the rows as text ---- */

struct rewriting {
    struct import_job *job;
    struct buf buf;
    int fd;
    size_t columns;
    int64_t rows;
    bool quotes; /* an apostrophe keeps a text from being a formula */
    const struct import_plan *plan;
    struct import_numbers *numbers; /* of the columns */
    struct arena *arena;            /* of one row */
};

static int flush(struct ctx *ctx, struct rewriting *to)
{
    size_t at = 0;

    while (!to->buf.failed && at < to->buf.length) {
        ssize_t wrote = write(to->fd, to->buf.data + at, to->buf.length - at);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return fail(ctx, errno == ENOSPC ? E_FULL : E_IO, "import.no_room",
                        "the rows can't be kept: %s", strerrordesc_np(errno));
        at += (size_t)wrote;
    }
    if (to->buf.failed)
        return fail(ctx, E_LIMIT, "import.row_too_long",
                    "line %lld, column %lld: %s", 0LL, 0LL,
                    "the row is too long");
    buf_clear(&to->buf);
    return 0;
}

/* As it is: nobody but we reads it, so no formula needs an apostrophe. */
static void add_quoted(struct buf *buf, const char *cell)
{
    buf_add_text(buf, ",\"");
    for (; *cell; cell++) {
        if (*cell == '"')
            buf_add_char(buf, '"');
        buf_add_char(buf, *cell);
    }
    buf_add_char(buf, '"');
}

/* A number of a workbook has a point, however its texts are read: "1.234" must
 * not become a thousand. */
static const char *plain_number(struct ctx *ctx, const struct rewriting *to,
                                const struct csv_row *row, size_t index)
{
    const char *text = row->cells[index];
    const struct field *field =
        index < to->plan->count ? to->plan->columns[index].field : NULL;

    if (to->rows > 1 && row->numbers[index] && field &&
        field->type->flags & FIELD_NUMBER && strchr(text, '.') &&
        import_number(ctx, text, true))
        return arena_printf(ctx->arena, "%s0", text);
    return text;
}

/* "LINE,cell,cell…"; the header's row says how many cells there are. */
static int rewrite_row(struct ctx *ctx, const struct csv_row *row,
                       void *payload)
{
    struct rewriting *to = payload;
    struct ctx own = *ctx;
    size_t i, filled = row->count;

    while (filled && !*row->cells[filled - 1])
        filled--;
    if (!to->columns)
        to->columns = filled;
    else if (filled > to->columns)
        return fail(ctx, E_INVALID, "import.more_cells",
                    "%s, line %lld: %zu cells, but the first row names %zu"
                    " columns",
                    to->job->name, (long long)row->line, filled, to->columns);
    own.arena = to->arena;
    if (to->rows++)
        import_numbers_row(to->numbers, to->plan->count, &own, row);
    buf_addf(&to->buf, "%lld", (long long)row->line);
    for (i = 0; i < filled; i++)
        add_quoted(&to->buf, to->quotes ? csv_cell_text(row->cells[i])
                                        : plain_number(&own, to, row, i));
    buf_add_char(&to->buf, '\n');
    arena_reset(to->arena);
    return to->buf.length > PIECE_BYTES ? flush(ctx, to) : 0;
}

static int open_nameless(struct ctx *ctx)
{
    int fd = -1;

    if (ctx->site)
        fd = open(site_path(ctx, ctx->site, "files"),
                  O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : memfd_create("rows", MFD_CLOEXEC);
}

/* What an earlier check of the same file has left. */
static int forget_rows(struct ctx *ctx, int64_t import)
{
    int64_t more = 1;
    int rc = 0;

    while (!rc && more) {
        rc = tx_begin(ctx, "import.forget");
        if (rc)
            return rc;
        rc = db_exec(ctx,
                     "DELETE FROM import_row WHERE import = ?1 AND line IN"
                     " (SELECT line FROM import_row WHERE import = ?1"
                     " LIMIT 5000)",
                     "i", import);
        more = db_changes(ctx);
        rc = tx_end(ctx, rc);
    }
    return rc;
}

static int rewrite_table(struct rewriting *to, struct ctx *ctx,
                         struct table *table)
{
    int rc;

    to->numbers =
        arena_array(ctx->arena, to->plan->count + 1, sizeof *to->numbers);
    import_numbers_begin(to->numbers, to->plan->count);
    buf_init(&to->buf, ctx->arena, ROW_BYTES_MAX + PIECE_BYTES);
    to->arena = arena_new(0);
    rc = table_rows(table, ctx, rewrite_row, to);
    arena_free(to->arena);
    if (!rc)
        rc = flush(ctx, to);
    if (!rc && to->rows < 2)
        rc =
            fail(ctx, E_INVALID, "import.no_rows",
                 "%s has no row below the names of its columns", to->job->name);
    return rc;
}

int import_rows_make(struct import_run *run)
{
    struct import_job *job = run->job;
    struct rewriting to = { .job = job, .plan = run->plan };
    struct table table;
    int64_t size;
    int rc = forget_rows(run->ctx, job->id);

    if (!rc)
        rc = import_table_open(&table, run->ctx, job);
    if (rc)
        return rc;
    to.quotes = !table.workbook;
    to.fd = open_nameless(run->ctx);
    if (to.fd < 0)
        return fail(run->ctx, E_IO, "import.no_room",
                    "the rows can't be kept: %s", strerrordesc_np(errno));
    rc = rewrite_table(&to, run->ctx, &table);
    if (!rc)
        rc = blob_put_fd(&job->rows, &size, run->ctx, to.fd);
    close(to.fd);
    if (rc)
        return rc;
    import_plan_decimals(run->ctx, job->form, job->settings, to.numbers,
                         run->plan->count);
    import_plan_commas(run->plan, job->settings);
    job->total = to.rows - 1;
    job->position = 0;
    rc = tx_begin(run->ctx, "import.rows");
    if (rc)
        return rc;
    rc = import_job_write(run->ctx, job);
    return tx_end(run->ctx, rc);
}

int import_rows_open(struct import_run *run)
{
    int fd, rc = blob_open(&fd, run->ctx, run->job->rows);

    if (rc)
        return rc;
    run->rows = arena_alloc(run->ctx->arena, sizeof *run->rows);
    rc = table_open(run->rows, run->ctx, run->job->name, fd, "UTF-8", ',', 0);
    close(fd);
    return rc;
}

/* ---- reading a batch of them ---- */

struct batch {
    struct import_row_now rows[BATCH_ROWS];
    size_t count, columns;
    int64_t end; /* where the next one begins */
    bool header; /* the first row is still to come */
};

static int take_row(struct ctx *ctx, const struct csv_row *row, void *payload)
{
    struct batch *batch = payload;
    struct import_row_now *now;
    size_t i;

    batch->end = row->end;
    if (batch->header) {
        batch->header = false;
        return 0;
    }
    now = &batch->rows[batch->count++];
    memset(now, 0, sizeof *now);
    if (int_parse(&now->line, row->cells[0], 1, INT64_MAX))
        return fail(ctx, E_INTERNAL, "import.stopped", "the import stopped: %s",
                    "its rows are damaged");
    now->cells =
        arena_array(ctx->arena, batch->columns + 1, sizeof *now->cells);
    for (i = 0; i < batch->columns; i++)
        now->cells[i] = i + 1 < row->count && row->cells[i + 1][0]
                            ? arena_strdup(ctx->arena, row->cells[i + 1])
                            : "";
    return batch->count == BATCH_ROWS;
}

static int read_batch(struct batch *batch, struct ctx *ctx,
                      struct import_run *run)
{
    const struct table *table = run->rows;
    int64_t from = run->job->position;
    struct csv *csv;
    int rc;

    batch->count = 0;
    batch->columns = run->plan->count;
    batch->header = from == 0;
    batch->end = 0;
    csv = csv_open(ctx, ',', take_row, batch);
    rc = csv_feed(csv, table->data + from, table->length - (size_t)from);
    batch->end += from;
    return rc < 0 ? rc : 0;
}

/* ---- the same value twice in one file ---- */

/* Kept over the pieces of one job; made again where the process changed. */
static struct {
    int64_t import, position;
    struct seen {
        uint64_t hash;
        int64_t line;
    } * slots;
    size_t count, capacity;
} known;

static void known_forget(int64_t import)
{
    free(known.slots);
    memset(&known, 0, sizeof known);
    known.import = import;
}

static struct seen *known_slot(struct seen *slots, size_t capacity,
                               uint64_t hash)
{
    size_t at = hash % capacity;

    while (slots[at].line && slots[at].hash != hash)
        at = (at + 1) % capacity;
    return &slots[at];
}

static bool known_grow(void)
{
    size_t capacity = known.capacity ? known.capacity * 2 : 4096, i;
    struct seen *slots;

    if (known.count * 2 < known.capacity)
        return true;
    slots = calloc(capacity, sizeof *slots);
    if (!slots)
        return false;
    for (i = 0; i < known.capacity; i++)
        if (known.slots[i].line)
            *known_slot(slots, capacity, known.slots[i].hash) = known.slots[i];
    free(known.slots);
    known.slots = slots;
    known.capacity = capacity;
    return true;
}

/* The line in which the same stood before; 0: it is the first. */
static int64_t known_add(uint64_t hash, int64_t line)
{
    struct seen *slot;

    if (!known_grow())
        return 0; /* the store will refuse what must not be there twice */
    slot = known_slot(known.slots, known.capacity, hash);
    if (slot->line)
        return slot->line == line ? 0 : slot->line;
    slot->hash = hash;
    slot->line = line;
    known.count++;
    return 0;
}

static int refuse_twice(struct ctx *ctx, const char *field, int64_t line)
{
    return fail_at(ctx, E_CONFLICT, field, "import.twice_in_file",
                   "the same stands in line %lld already", (long long)line);
}

/* Keys and unique fields of the row against the rows before. */
static int check_twice(struct ctx *ctx, const struct import_plan *plan,
                       const struct import_row_now *row,
                       const struct record_change *change)
{
    size_t i;
    int rc = 0;

    for (i = 0; i < plan->count; i++) {
        const struct import_column *column = &plan->columns[i];
        const struct value *value;
        const char *text;
        int64_t line;

        if (column->id && column->key && row->record) {
            line = known_add((uint64_t)row->record * 0x9e3779b97f4a7c15u,
                             row->line);
            if (line)
                rc = refuse_twice(ctx, "id", line);
        }
        if (!column->field || !column->field->unique || !change)
            continue;
        value = value_get(change->record->values, column->field->key);
        if (value_is_empty(value))
            continue;
        text = arena_printf(ctx->arena, "%zu%c%s", i, IMPORT_CELL_END,
                            row->cells[i]);
        line = known_add(text_hash(text, strlen(text)), row->line);
        if (line)
            rc = refuse_twice(ctx, column->field->key, line);
    }
    if (rc || !row->key)
        return rc;
    {
        int64_t line =
            known_add(text_hash(row->key, strlen(row->key)) + 1, row->line);

        for (i = 0; line && i < plan->count; i++)
            if (plan->columns[i].key && plan->columns[i].field)
                return refuse_twice(ctx, plan->columns[i].field->key, line);
    }
    return 0;
}

/* ---- staging ---- */

static const char *joined(struct ctx *ctx, const char **cells, size_t count)
{
    struct buf buf;
    size_t i;

    buf_init(&buf, ctx->arena, ROW_BYTES_MAX);
    for (i = 0; i < count; i++) {
        if (i)
            buf_add_char(&buf, IMPORT_CELL_END);
        if (strchr(cells[i], IMPORT_CELL_END))
            buf_add_text(&buf, text_clean(ctx->arena, cells[i]));
        else
            buf_add_text(&buf, cells[i]);
    }
    return buf_text(&buf);
}

/* A checked row, before it is written down. */
struct staged {
    enum import_row_state state;
    const char *detail;
};

static int check_row(struct staged *out, struct ctx *ctx,
                     struct import_run *run, struct import_row_now *row)
{
    struct record_change *change;
    int rc = import_prepare(&change, ctx, run->plan, row, true);

    if (!rc && change)
        rc = record_check_unique(ctx, change->record, change->before);
    if (!rc)
        rc = check_twice(ctx, run->plan, row, change);
    if (rc && !import_is_refusal(rc))
        return rc;
    out->state = rc       ? IMPORT_ROW_REFUSED
                 : change ? IMPORT_ROW_READY
                          : IMPORT_ROW_UNCHANGED;
    out->detail = rc ? import_problems_json(ctx) : NULL;
    if (rc)
        run->job->refused++;
    else if (!change)
        run->job->unchanged++;
    else if (row->record)
        run->job->updated++;
    else
        run->job->created++;
    ctx_clear(ctx);
    return 0;
}

static int write_rows(struct ctx *ctx, struct import_run *run,
                      const struct batch *batch, const struct staged *staged)
{
    size_t i;
    int rc = 0;

    for (i = 0; !rc && i < batch->count; i++)
        rc = db_post(
            ctx,
            "INSERT INTO import_row (import, line, state, record, cells,"
            " detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
            " ON CONFLICT (import, line) DO UPDATE SET state = ?3,"
            " record = ?4, version = 0, cells = ?5, detail = ?6",
            "iiiiss", run->job->id, batch->rows[i].line,
            (int64_t)staged[i].state, batch->rows[i].record,
            joined(ctx, batch->rows[i].cells, run->plan->count),
            staged[i].detail);
    return rc ? rc : import_job_write(ctx, run->job);
}

static int stage(struct ctx *ctx, struct import_run *run, struct batch *batch)
{
    struct staged *staged = arena_array(ctx->arena, BATCH_ROWS, sizeof *staged);
    size_t i;
    int rc = read_begin(ctx);

    if (rc)
        return rc;
    rc = import_match(ctx, run->plan, batch->rows, batch->count);
    for (i = 0; !rc && i < batch->count; i++)
        rc = check_row(&staged[i], ctx, run, &batch->rows[i]);
    read_end(ctx);
    run->job->position = batch->end;
    run->job->done += (int64_t)batch->count;
    if (!rc)
        rc = tx_begin(ctx, "import.stage");
    if (rc)
        return rc;
    rc = tx_end(ctx, write_rows(ctx, run, batch, staged));
    if (!rc)
        known.position = run->job->position;
    return rc;
}

/* What a process before this one had seen. */
static int known_again(struct import_run *run, struct ctx *ctx)
{
    struct batch *batch = arena_alloc(ctx->arena, sizeof *batch);
    int64_t position = run->job->position;
    int rc = 0;

    known_forget(run->job->id);
    run->job->position = 0;
    while (!rc && run->job->position < position) {
        struct arena *arena = arena_new(0);
        struct ctx own = *ctx;
        size_t i;

        own.arena = arena;
        rc = read_batch(batch, &own, run);
        if (!rc)
            rc = import_match(&own, run->plan, batch->rows, batch->count);
        for (i = 0; !rc && i < batch->count; i++) {
            struct record_change *change;

            if (!import_prepare(&change, &own, run->plan, &batch->rows[i],
                                true))
                check_twice(&own, run->plan, &batch->rows[i], change);
            ctx_clear(&own);
        }
        run->job->position = batch->end;
        arena_free(arena);
    }
    run->job->position = position;
    known.position = position;
    return rc;
}

int import_stage_batch(struct import_run *run, bool *more)
{
    struct ctx ctx = *run->ctx;
    struct batch *batch;
    int rc = 0;

    if (run->job->position == 0)
        known_forget(run->job->id);
    else if (known.import != run->job->id ||
             known.position != run->job->position)
        rc = known_again(run, &ctx);
    if (rc)
        return rc;
    batch = arena_alloc(ctx.arena, sizeof *batch);
    rc = read_batch(batch, &ctx, run);
    *more = !rc && batch->count > 0;
    if (*more)
        rc = stage(&ctx, run, batch);
    return rc;
}
