/*
 * table.c - a file becomes rows, whatever program saved it.
 */
#include "base/banned.h"

#include "form/table.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/unicode.h"
#include "form/xlsx.h"

enum { FILE_BYTES_MAX = 256 * 1024 * 1024 };

struct mapping {
    void *data;
    size_t length;
};

static void unmap(void *argument)
{
    struct mapping *mapping = argument;

    munmap(mapping->data, mapping->length);
}

static int map_file(struct table *table, struct ctx *ctx, int fd)
{
    struct mapping *mapping = arena_alloc(ctx->arena, sizeof *mapping);
    struct stat facts;

    if (fstat(fd, &facts))
        return fail(ctx, E_IO, "import.unreadable", "%s can't be read",
                    table->name);
    if (facts.st_size == 0)
        return fail(ctx, E_INVALID, "import.empty", "%s is empty", table->name);
    if (facts.st_size > FILE_BYTES_MAX)
        return fail(ctx, E_LIMIT, "import.too_large",
                    "%s is larger than %d MiB", table->name,
                    FILE_BYTES_MAX >> 20);
    mapping->length = (size_t)facts.st_size;
    mapping->data = mmap(NULL, mapping->length, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapping->data == MAP_FAILED)
        return fail(ctx, E_IO, "import.unreadable", "%s can't be read",
                    table->name);
    arena_cleanup(ctx->arena, unmap, mapping);
    table->data = mapping->data;
    table->length = mapping->length;
    return 0;
}

/* What people take for a spreadsheet and programs for something else. */
static bool looks_binary(const struct table *table)
{
    static const struct {
        const char *bytes;
        size_t length;
    } known[] = {
        { "\xd0\xcf\x11\xe0", 4 }, /* XLS, DOC of before 2007 */
        { "%PDF", 4 },
        { "\x89PNG", 4 },
        { "\xff\xd8\xff", 3 },
        { "\x1f\x8b", 2 },
        { "7z\xbc\xaf", 4 },
    };
    size_t i;

    for (i = 0; i < sizeof known / sizeof known[0]; i++)
        if (table->length >= known[i].length &&
            memcmp(table->data, known[i].bytes, known[i].length) == 0)
            return true;
    return false;
}

static int no_text(struct ctx *ctx, const struct table *table)
{
    return fail(ctx, E_INVALID, "import.no_table",
                "%s is no table: neither CSV text nor an XLSX workbook",
                table->name);
}

/* UTF-8 stays where it lies; anything else is converted in the arena. */
static int decode(struct table *table, struct ctx *ctx, const char *encoding)
{
    size_t mark =
        table->length >= 3 && memcmp(table->data, "\xef\xbb\xbf", 3) == 0 ? 3
                                                                          : 0;
    struct ctx quiet = ctx_apart(ctx);
    const char *text;
    size_t length;
    int rc;

    if ((!encoding || strcmp(encoding, "UTF-8") == 0) &&
        utf8_valid(table->data + mark, table->length - mark)) {
        table->data += mark;
        table->length -= mark;
        table->encoding = "UTF-8";
        return 0;
    }
    rc = text_decode(&text, &length, &table->encoding, &quiet, table->data,
                     table->length, encoding);
    if (rc && encoding)
        return fail_at(ctx, rc, "encoding", "import.not_encoding",
                       "%s has bytes that are no %s", table->name, encoding);
    if (rc)
        return memchr(table->data, '\0', table->length)
                   ? no_text(ctx, table)
                   : fail_at(ctx, rc, "encoding", "import.encoding",
                             "%s is neither UTF-8 nor GB18030 text",
                             table->name);
    table->data = text;
    table->length = length;
    return 0;
}

/* What the bytes are that lie at data. */
static int recognise(struct table *out, struct ctx *ctx, const char *encoding,
                     char separator)
{
    int rc;

    out->workbook = xlsx_looks(out->data, out->length);
    if (out->workbook) {
        rc = xlsx_open(&out->book, ctx, out->data, out->length);
        if (!rc)
            out->sheet_count = xlsx_sheets(out->book, &out->sheets);
        return rc;
    }
    if (looks_binary(out))
        return no_text(ctx, out);
    rc = decode(out, ctx, encoding);
    if (!rc)
        out->separator =
            separator ? separator : csv_separator(out->data, out->length);
    return rc;
}

int table_open(struct table *out, struct ctx *ctx, const char *name, int fd,
               const char *encoding, char separator, size_t sheet)
{
    int rc;

    memset(out, 0, sizeof *out);
    out->name = name;
    out->sheet = sheet;
    rc = map_file(out, ctx, fd);
    return rc ? rc : recognise(out, ctx, encoding, separator);
}

int table_of(struct table *out, struct ctx *ctx, const char *name,
             const char *data, size_t length)
{
    memset(out, 0, sizeof *out);
    out->name = name;
    out->data = data;
    out->length = length;
    if (!length)
        return fail(ctx, E_INVALID, "import.empty", "%s is empty", name);
    return recognise(out, ctx, NULL, '\0');
}

/* Between the reader and who takes the rows. */
struct passing {
    const struct table *table;
    csv_take take;
    void *payload;
    int64_t rows;
};

static int pass_row(struct ctx *ctx, const struct csv_row *row, void *payload)
{
    struct passing *passing = payload;
    size_t i, filled = 0;

    for (i = 0; i < row->count; i++) {
        const char *cell = row->cells[i];

        cell += strspn(cell, " \t\r\n");
        if (*cell)
            filled = i + 1;
    }
    if (!filled)
        return 0;
    if (filled > TABLE_COLUMNS_MAX)
        return fail(ctx, E_LIMIT, "import.too_many_columns",
                    "line %lld has %lld columns; at most %d can be imported",
                    (long long)row->line, (long long)filled, TABLE_COLUMNS_MAX);
    /* The first one names the columns. */
    if (passing->rows++ > TABLE_ROWS_MAX)
        return fail(ctx, E_LIMIT, "import.too_many_rows",
                    "%s has more than %d rows", passing->table->name,
                    TABLE_ROWS_MAX);
    return passing->take(ctx, row, passing->payload);
}

int table_rows(struct table *table, struct ctx *ctx, csv_take take,
               void *payload)
{
    struct passing passing = { .table = table,
                               .take = take,
                               .payload = payload };
    struct csv *csv;
    int rc;

    if (table->workbook)
        return xlsx_rows(table->book, table->sheet, pass_row, &passing);
    csv = csv_open(ctx, table->separator, pass_row, &passing);
    rc = csv_feed(csv, table->data, table->length);
    return rc ? rc : csv_end(csv);
}
