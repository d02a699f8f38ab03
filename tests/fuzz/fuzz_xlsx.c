/*
 * fuzz_xlsx.c - xlsx_open and xlsx_rows: an archive as it comes, or the parts
 * of a sound archive (styles, strings, sheet, between NULs) as they come.
 * Whatever is in them, rows are in order and cells are within their limits.
 */
#include "base/banned.h"

#include "form/xlsx.h"

#include <stdint.h>
#include <zlib.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"

/* Ends the run with a report. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

enum { BYTES_MAX = 1 << 18, PARTS = 5 };

static int take(struct ctx *ctx, const struct csv_row *row, void *payload)
{
    size_t *rows = payload, i;

    (void)ctx;
    MUST(row->count > 0 && row->count <= CSV_CELLS_MAX && row->line > 0);
    for (i = 0; i < row->count; i++)
        MUST(strlen(row->cells[i]) <= CSV_CELL_MAX);
    return ++*rows > 10000;
}

static void add16(struct buf *buf, unsigned number)
{
    buf_add_char(buf, (char)(number & 255));
    buf_add_char(buf, (char)(number >> 8 & 255));
}

static void add32(struct buf *buf, unsigned long number)
{
    add16(buf, number & 0xffff);
    add16(buf, (unsigned)(number >> 16 & 0xffff));
}

/* What the local and the central head of a stored part share. */
static void add_facts(struct buf *buf, const char *name, struct str data)
{
    unsigned long sum =
        crc32(0, (const unsigned char *)data.data, (unsigned)data.length);

    add16(buf, 20);
    add16(buf, 0);
    add16(buf, 0);
    add32(buf, 0);
    add32(buf, sum);
    add32(buf, data.length);
    add32(buf, data.length);
    add16(buf, (unsigned)strlen(name));
    add16(buf, 0);
}

static void pack(struct buf *out, struct ctx *ctx, const char *const *names,
                 const struct str *parts)
{
    struct buf heads;
    size_t i, start;

    buf_init(out, ctx->arena, 4 * BYTES_MAX);
    buf_init(&heads, ctx->arena, 65536);
    for (i = 0; i < PARTS; i++) {
        size_t at = out->length;

        buf_add(out, "PK\x03\x04", 4);
        add_facts(out, names[i], parts[i]);
        buf_add_text(out, names[i]);
        buf_add(out, parts[i].data, parts[i].length);
        buf_add(&heads, "PK\x01\x02", 4);
        add16(&heads, 20);
        add_facts(&heads, names[i], parts[i]);
        add16(&heads, 0);
        add16(&heads, 0);
        add16(&heads, 0);
        add32(&heads, 0);
        add32(&heads, at);
        buf_add_text(&heads, names[i]);
    }
    start = out->length;
    buf_add(out, heads.data, heads.length);
    buf_add(out, "PK\x05\x06", 4);
    add32(out, 0);
    add16(out, PARTS);
    add16(out, PARTS);
    add32(out, heads.length);
    add32(out, start);
    add16(out, 0);
}

static struct str next_part(const char **at, const char *end)
{
    const char *stop = memchr(*at, '\0', (size_t)(end - *at));
    struct str part = { *at, (size_t)((stop ? stop : end) - *at) };

    *at = stop ? stop + 1 : end;
    return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[PARTS] = {
        "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml",
        "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"
    };
    static struct arena *arena;
    const char *at = (const char *)data, *end = at + size;
    const char *const *sheets;
    struct xlsx *book;
    struct buf file;
    struct ctx ctx;
    size_t rows = 0;

    if (size > BYTES_MAX)
        return 0;
    if (!arena)
        arena = arena_new(0);
    arena_reset(arena);
    ctx_init(&ctx, arena);
    buf_init(&file, arena, BYTES_MAX);
    buf_add(&file, data, size);
    if (!xlsx_looks(file.data ? file.data : "", file.length)) {
        const struct str parts[PARTS] = {
            STR("<workbook><sheets><sheet name=\"a\" id=\"r\"/></sheets>"
                "</workbook>"),
            STR("<Relationships><Relationship Id=\"r\" "
                "Target=\"worksheets/sheet1.xml\"/></Relationships>"),
            next_part(&at, end), next_part(&at, end), next_part(&at, end)
        };

        pack(&file, &ctx, names, parts);
    }
    if (xlsx_open(&book, &ctx, file.data, file.length)) {
        MUST(ctx.problems != NULL);
        return 0;
    }
    MUST(xlsx_sheets(book, &sheets) > 0 && sheets[0]);
    if (xlsx_rows(book, 0, take, &rows) < 0)
        MUST(ctx.problems != NULL);
    return 0;
}
