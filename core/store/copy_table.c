/*
 * copy_table.c - one table's rows from store to store, hashed on the way.
 *
 * The hash goes over the rows in the order of the primary key, each value by
 * its kind, so that it is the same for the same rows on every store. What an
 * earlier attempt has copied is read and hashed again, not written; only if
 * the source has other rows there by now, the table is copied anew.
 */
#include "base/banned.h"

#include <math.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/unicode.h"
#include "store/bulk.h"
#include "store/copy_parts.h"

enum {
    PART_ROWS = 50000,             /* of one transaction */
    PART_BYTES = 64 * 1024 * 1024, /* likewise */
    SHOW_ROWS = 2048,
    HASH_BYTES = 32 * 1024,
    COLUMNS_MAX = 2000,
};

/* The hash of a table, fed through a buffer. */
struct rows_hash {
    struct hash_stream stream;
    size_t used;
    char bytes[HASH_BYTES];
};

struct pass {
    struct copy *copy;
    struct copy_table *table;
    struct rows_hash hash;
    struct bind *cells;
    char **mended; /* memory of a text that was put right, for each column */
    struct bulk_stream *from, *to;
    int64_t rows;         /* read */
    int64_t skipped;      /* to be read only: they are there */
    const char *expected; /* the hash of these */
    bool changed;         /* they are others by now */
    int64_t part_rows, part_bytes;
};

static const struct bulk *bulk_of(struct ctx *ctx)
{
    return ctx->db->driver->bulk;
}

/* ---- the hash ---- */

static void feed(struct rows_hash *hash, const void *data, size_t length)
{
    if (hash->used + length > HASH_BYTES) {
        hash_add(&hash->stream, hash->bytes, hash->used);
        hash->used = 0;
    }
    if (length > HASH_BYTES) {
        hash_add(&hash->stream, data, length);
        return;
    }
    if (length)
        memcpy(hash->bytes + hash->used, data, length);
    hash->used += length;
}

static void feed_number(struct rows_hash *hash, char kind, uint64_t number)
{
    unsigned char bytes[9] = { (unsigned char)kind };
    int i;

    for (i = 0; i < 8; i++)
        bytes[i + 1] = (unsigned char)(number >> (8 * i));
    feed(hash, bytes, sizeof bytes);
}

static size_t feed_cell(struct rows_hash *hash, const struct bind *cell)
{
    uint64_t bits;

    switch (cell->kind) {
    case BIND_NULL:
        feed(hash, "n", 1);
        return 1;
    case BIND_INT:
        feed_number(hash, 'i', (uint64_t)cell->integer);
        return 8;
    case BIND_DOUBLE:
        memcpy(&bits, &cell->number, sizeof bits);
        feed_number(hash, 'd', bits);
        return 8;
    case BIND_TEXT:
    case BIND_BLOB:
        feed_number(hash, cell->kind == BIND_TEXT ? 't' : 'b', cell->length);
        feed(hash, cell->data, cell->length);
        return 8 + cell->length;
    }
    return 0;
}

static void hash_text(char out[COPY_HASH_TEXT], struct rows_hash *hash)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[HASH_SIZE];
    int i;

    hash_add(&hash->stream, hash->bytes, hash->used);
    hash->used = 0;
    hash_so_far(bytes, &hash->stream);
    for (i = 0; i < HASH_SIZE; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * HASH_SIZE] = '\0';
}

/* ---- what the other store cannot keep ---- */

static bool mend_text(struct pass *pass, size_t column, struct bind *cell)
{
    const char *text = cell->data, *nul;
    size_t at = 0, used = 0, size;
    char *out;

    nul = cell->length ? memchr(text, '\0', cell->length) : NULL;
    if (!nul && utf8_valid(text, cell->length))
        return false;
    if (nul)
        cell->length = (size_t)(nul - text);
    /* Each byte that is wrong becomes three. */
    out = realloc(pass->mended[column], 3 * cell->length + 1);
    if (!out)
        return true; /* refused by the other store then */
    pass->mended[column] = out;
    while (at < cell->length) {
        int32_t point = utf8_next(text + at, cell->length - at, &size);

        if (point < 0)
            size = 1;
        used += utf8_write(out + used, point < 0 ? 0xfffd : point);
        at += size;
    }
    cell->data = out;
    cell->length = used;
    return true;
}

/* SQLite keeps no negative zero and nothing that is not a number. */
static bool mend_number(struct bind *cell)
{
    if (cell->number == 0)
        cell->number = 0;
    if (!isnan(cell->number))
        return false;
    *cell = (struct bind){ .kind = BIND_NULL };
    return true;
}

static void mend(struct pass *pass)
{
    size_t i;

    for (i = 0; i < pass->table->from->count; i++) {
        struct bind *cell = &pass->cells[i];

        if (cell->kind == BIND_TEXT)
            pass->table->cleaned[i] += mend_text(pass, i, cell);
        else if (cell->kind == BIND_DOUBLE)
            pass->table->cleaned[i] += mend_number(cell);
    }
}

/* ---- reading ---- */

static void show(struct copy *copy)
{
    copy->done++;
    if (copy->options->progress && copy->done % SHOW_ROWS == 0)
        copy->options->progress(copy->options->payload, copy->done,
                                copy->total);
}

static struct pass *pass_new(struct copy *copy, struct copy_table *table)
{
    struct pass *pass = calloc(1, sizeof *pass);
    size_t count = table->from->count;

    if (!pass)
        return NULL;
    pass->copy = copy;
    pass->table = table;
    pass->cells = calloc(count + 1, sizeof *pass->cells);
    pass->mended = calloc(count + 1, sizeof *pass->mended);
    hash_begin(&pass->hash.stream);
    return pass;
}

static void pass_free(struct pass *pass)
{
    size_t i;

    if (pass->from)
        bulk_of(pass->copy->from)->read_end(pass->from);
    for (i = 0; i < pass->table->from->count; i++)
        free(pass->mended[i]);
    free(pass->mended);
    free(pass->cells);
    free(pass);
}

void copy_tell(struct copy *copy)
{
    struct ctx *from = copy->from, *to = copy->to;

    if (!from->problems || to->problems)
        return;
    to->problems = from->problems;
    to->last_problem = from->last_problem;
    to->problem_count = from->problem_count;
    ctx_clear(from);
}

static int told(struct copy *copy, int rc)
{
    if (rc < 0)
        copy_tell(copy);
    return rc;
}

static int read_row(struct pass *pass)
{
    struct copy *copy = pass->copy;
    size_t i;
    int rc = bulk_of(copy->from)->read(pass->from, pass->cells);

    if (rc != 1)
        return told(copy, rc);
    mend(pass);
    for (i = 0; i < pass->table->from->count; i++)
        pass->part_bytes += (int64_t)feed_cell(&pass->hash, &pass->cells[i]);
    pass->rows++;
    show(copy);
    return 1;
}

/* ---- writing in parts ---- */

static int begin_part(struct pass *pass)
{
    struct ctx *to = pass->copy->to;
    int rc = tx_begin(to, "copy");

    if (rc)
        return rc;
    pass->part_rows = pass->part_bytes = 0;
    if (pass->rows == 0)
        rc = bulk_of(to)->empty(to, pass->table->to);
    if (!rc)
        rc = bulk_of(to)->write_begin(&pass->to, to, pass->table->to);
    if (rc)
        tx_rollback(to);
    return rc;
}

static int end_part(struct pass *pass, int rc, bool done)
{
    struct ctx *to = pass->copy->to;
    char hash[COPY_HASH_TEXT];
    int ended = bulk_of(to)->write_end(pass->to, rc == 0);

    pass->to = NULL;
    if (!rc)
        rc = ended;
    if (!rc) {
        hash_text(hash, &pass->hash);
        rc = copy_state_set(to, pass->table->to->name, pass->rows, hash, done);
    }
    return tx_end(to, rc);
}

static int write_row(struct pass *pass)
{
    int rc = bulk_of(pass->copy->to)->write(pass->to, pass->cells);

    if (rc || (++pass->part_rows < PART_ROWS && pass->part_bytes < PART_BYTES))
        return rc;
    rc = end_part(pass, 0, false);
    return rc ? rc : begin_part(pass);
}

/* The rows that are there already: are they still the source's? */
static int read_over(struct pass *pass)
{
    char hash[COPY_HASH_TEXT];
    int rc = 1;

    while (pass->rows < pass->skipped && (rc = read_row(pass)) == 1)
        ;
    if (rc < 0)
        return rc;
    hash_text(hash, &pass->hash);
    pass->changed =
        pass->rows < pass->skipped || !text_equal(hash, pass->expected);
    while (pass->changed && rc == 1)
        rc = read_row(pass);
    return rc < 0 ? rc : 0;
}

static int write_rest(struct pass *pass)
{
    int rc = begin_part(pass), more = 0;

    if (rc)
        return rc;
    while (!rc && (more = read_row(pass)) == 1)
        rc = write_row(pass);
    if (!rc && more < 0)
        rc = more;
    /* A part that could not be begun again has no transaction. */
    return pass->to ? end_part(pass, rc, true) : rc;
}

static int go_over(struct pass *pass, const struct copy_state *state)
{
    struct copy *copy = pass->copy;
    struct copy_table *table = pass->table;
    int rc =
        bulk_of(copy->from)->read_begin(&pass->from, copy->from, table->from);

    if (rc)
        return told(copy, rc);
    pass->skipped = state->rows;
    pass->expected = state->hash;
    if (state->rows)
        rc = read_over(pass);
    /* One that is done is only whole where no row follows. */
    if (!rc && !pass->changed)
        rc = write_rest(pass);
    if (rc || pass->changed)
        return rc;
    copy->report->kept += state->rows;
    table->rows = pass->rows;
    hash_text(table->hash, &pass->hash);
    return 0;
}

static int one_pass(bool *changed, struct copy *copy, struct copy_table *table,
                    const struct copy_state *state)
{
    int64_t before = copy->done;
    struct pass *pass = pass_new(copy, table);
    int rc;

    if (!pass)
        return fail(copy->to, E_INTERNAL, "store.failed", "out of memory");
    memset(table->cleaned, 0, table->from->count * sizeof *table->cleaned);
    rc = go_over(pass, state);
    *changed = pass->changed;
    if (*changed)
        copy->done = before;
    pass_free(pass);
    return rc;
}

int copy_rows(struct copy *copy, struct copy_table *table)
{
    static const struct copy_state nothing;
    struct copy_state state;
    bool changed;
    int rc = copy_state_get(&state, copy->to, table->to->name);

    if (!rc)
        rc = one_pass(&changed, copy, table, &state);
    if (!rc && changed)
        rc = one_pass(&changed, copy, table, &nothing);
    return rc;
}

/* ---- comparing ---- */

int copy_compare(bool *same, struct copy *copy, const struct copy_table *table)
{
    struct copy back = *copy;
    struct copy_table mirror = *table;
    struct pass *pass;
    char hash[COPY_HASH_TEXT];
    int rc;

    /* The same pass with the target as its source. */
    back.from = copy->to;
    mirror.from = table->to;
    pass = pass_new(&back, &mirror);
    if (!pass)
        return fail(copy->to, E_INTERNAL, "store.failed", "out of memory");
    rc = bulk_of(copy->to)->read_begin(&pass->from, copy->to, table->to);
    while (!rc && (rc = read_row(pass)) == 1)
        rc = 0;
    hash_text(hash, &pass->hash);
    *same = pass->rows == table->rows && text_equal(hash, table->hash);
    copy->done = back.done;
    pass_free(pass);
    return rc;
}
