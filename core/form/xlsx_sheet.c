/*
 * xlsx_sheet.c - the rows of a sheet, and the strings that its cells share.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "form/xlsx_internal.h"

enum {
    STRINGS_MAX = 4 * 1024 * 1024,
    STRINGS_BYTES_MAX = 128 * 1024 * 1024,
    LINE_MAX = 1048576,
    /* Cells that share a long text may give so much, and so many times what
     * the parts hold: real sheets stay far below. */
    SHARED_FREE = 8 * 1024 * 1024,
    SHARED_TIMES = 32,
};

/* ---- shared strings ---- */

struct strings {
    struct buf text; /* of the string that is being read */
    size_t capacity, bytes;
    bool in_text, in_hint; /* <t>; <rPh>, how a word is spoken */
};

/* "_x000D_": a character that XML can't hold. Control ones go. */
static char *unescape(char *text)
{
    char *in = text, *out = text;

    while (*in) {
        int digits[4], i;

        for (i = 0; i < 4 && in[0] == '_' && in[1] == 'x'; i++) {
            digits[i] = hex_digit(in[i + 2]);
            if (digits[i] < 0)
                break;
        }
        if (in[0] == '_' && in[1] == 'x' && i == 4 && in[6] == '_' &&
            digits[0] == 0 && digits[1] == 0) {
            int code = digits[2] * 16 + digits[3];

            if (code == '\n' || code == '\t' || (code >= 32 && code < 127))
                *out++ = (char)code;
            in += 7;
        } else {
            *out++ = *in++;
        }
    }
    *out = '\0';
    return text;
}

static void string_start(struct xlsx_part *part, const char *name,
                         const char **attributes)
{
    struct strings *strings = part->payload;

    (void)attributes;
    if (strcmp(name, "si") == 0)
        buf_clear(&strings->text);
    else if (strcmp(name, "rPh") == 0)
        strings->in_hint = true;
    else if (strcmp(name, "t") == 0)
        strings->in_text = !strings->in_hint;
}

static int too_many(struct ctx *ctx)
{
    return fail(ctx, E_LIMIT, "import.xlsx_bomb",
                "the workbook unpacks to more than is taken here");
}

static void keep_string(struct xlsx_part *part)
{
    struct strings *strings = part->payload;
    struct xlsx *book = part->book;
    struct arena *arena = book->ctx->arena;

    strings->bytes += strings->text.length + sizeof *book->strings;
    if (book->string_count == STRINGS_MAX ||
        strings->bytes > STRINGS_BYTES_MAX || strings->text.failed) {
        part->rc = too_many(book->ctx);
        return;
    }
    if (book->string_count == strings->capacity) {
        size_t more = strings->capacity ? strings->capacity * 2 : 1024;

        book->strings = arena_grow(arena, book->strings,
                                   strings->capacity * sizeof *book->strings,
                                   more * sizeof *book->strings);
        strings->capacity = more;
    }
    book->strings[book->string_count++] =
        unescape(arena_strdup(arena, buf_text(&strings->text)));
}

static void string_end(struct xlsx_part *part, const char *name)
{
    struct strings *strings = part->payload;

    if (strcmp(name, "t") == 0)
        strings->in_text = false;
    else if (strcmp(name, "rPh") == 0)
        strings->in_hint = false;
    else if (strcmp(name, "si") == 0)
        keep_string(part);
}

static void string_text(struct xlsx_part *part, const char *text, size_t length)
{
    struct strings *strings = part->payload;

    if (strings->in_text)
        buf_add(&strings->text, text, length);
}

static const char *shared_part(const struct xlsx *book)
{
    size_t i;

    for (i = 0; i < book->relation_count; i++)
        if (text_ends(book->relations[i].part, "haredStrings.xml"))
            return book->relations[i].part;
    return "xl/sharedStrings.xml";
}

static int read_strings(struct xlsx *book)
{
    struct strings strings = { 0 };
    struct xlsx_part part = { .start = string_start,
                              .end = string_end,
                              .text = string_text,
                              .payload = &strings };
    int rc;

    if (book->strings_read)
        return 0;
    buf_init(&strings.text, book->ctx->arena, CSV_CELL_MAX);
    rc = xlsx_parse(&part, book, shared_part(book));
    book->string_bytes = rc ? 0 : part.bytes;
    book->strings_read = true;
    return rc == E_NOT_FOUND ? 0 : rc;
}

/* ---- a sheet ---- */

struct sheet {
    csv_take take;
    void *payload;
    struct arena *arena; /* of one row */
    struct csv_row row;
    const char *cells[CSV_CELLS_MAX];
    bool numbers[CSV_CELLS_MAX];
    size_t column; /* of the cell that is being read */
    size_t style;
    char type[12];   /* its attribute t */
    struct buf text; /* its content */
    size_t next;     /* where a cell stands that does not say */
    bool in_value, in_hint, filled;
    int64_t shared; /* bytes that shared strings gave */
};

/* "BC12" → 54; the next one where it does not say. */
static size_t column_of(const struct sheet *sheet, const char *place)
{
    size_t column = 0, i;

    for (i = 0; place && place[i] >= 'A' && place[i] <= 'Z' && i < 4; i++)
        column = column * 26 + (size_t)(place[i] - 'A' + 1);
    return column ? column - 1 : sheet->next;
}

static void row_start(struct xlsx_part *part, const char **attributes)
{
    struct sheet *sheet = part->payload;
    const char *place = xlsx_attribute(attributes, "r");
    int64_t line = sheet->row.line + 1;

    if (place && int_parse(&line, place, 1, LINE_MAX))
        line = sheet->row.line + 1;
    sheet->row.line = line;
    sheet->row.count = sheet->next = 0;
    sheet->filled = false;
}

static void cell_start(struct xlsx_part *part, const char **attributes)
{
    struct sheet *sheet = part->payload;
    const char *type = xlsx_attribute(attributes, "t");
    const char *style = xlsx_attribute(attributes, "s");
    int64_t number = 0;

    sheet->column = column_of(sheet, xlsx_attribute(attributes, "r"));
    sheet->next = sheet->column + 1;
    if (style && int_parse(&number, style, 0, 100000))
        number = 0;
    sheet->style = (size_t)number;
    snprintf(sheet->type, sizeof sheet->type, "%s", type ? type : "n");
    buf_clear(&sheet->text);
}

static void sheet_start(struct xlsx_part *part, const char *name,
                        const char **attributes)
{
    struct sheet *sheet = part->payload;

    if (strcmp(name, "row") == 0)
        row_start(part, attributes);
    else if (strcmp(name, "c") == 0)
        cell_start(part, attributes);
    else if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0)
        sheet->in_value = !sheet->in_hint;
    else if (strcmp(name, "rPh") == 0)
        sheet->in_hint = true;
}

static const char *shared_text(struct xlsx_part *part, int64_t index)
{
    struct sheet *sheet = part->payload;
    const struct xlsx *book = part->book;
    const char *text = book->strings[index];

    sheet->shared += (int64_t)strlen(text);
    if (sheet->shared >
        SHARED_FREE + SHARED_TIMES * (part->bytes + book->string_bytes))
        part->rc = too_many(book->ctx);
    return text;
}

/* What the cell holds, as text. */
static const char *cell_text(struct xlsx_part *part)
{
    struct sheet *sheet = part->payload;
    struct xlsx *book = part->book;
    const char *raw = buf_text(&sheet->text);
    int64_t index;

    if (!*raw)
        return "";
    if (strcmp(sheet->type, "s") == 0)
        return int_parse(&index, raw, 0, (int64_t)book->string_count - 1)
                   ? ""
                   : shared_text(part, index);
    if (strcmp(sheet->type, "b") == 0)
        return strcmp(raw, "1") == 0 ? "true" : "false";
    if (strcmp(sheet->type, "n") == 0)
        return arena_strdup(sheet->arena,
                            xlsx_number(sheet->arena, book, raw, sheet->style));
    return unescape(arena_strdup(sheet->arena, raw));
}

static void cell_end(struct xlsx_part *part)
{
    struct sheet *sheet = part->payload;
    const char *text = cell_text(part);

    if (part->rc)
        return;
    if (sheet->text.failed) {
        part->rc =
            fail(part->book->ctx, E_INVALID, "import.cell_too_long",
                 "line %lld, column %lld: %s", (long long)sheet->row.line,
                 (long long)sheet->column + 1, "the cell is too long");
        return;
    }
    if (!*text)
        return;
    if (sheet->column >= CSV_CELLS_MAX) {
        part->rc =
            fail(part->book->ctx, E_INVALID, "import.too_many_cells",
                 "line %lld, column %lld: %s", (long long)sheet->row.line,
                 (long long)sheet->column + 1, "too many cells in a row");
        return;
    }
    while (sheet->row.count <= sheet->column) {
        sheet->numbers[sheet->row.count] = false;
        sheet->cells[sheet->row.count++] = "";
    }
    sheet->cells[sheet->column] = text;
    sheet->numbers[sheet->column] = strcmp(sheet->type, "n") == 0;
    sheet->filled = true;
}

static void row_end(struct xlsx_part *part)
{
    struct sheet *sheet = part->payload;

    sheet->row.cells = sheet->cells;
    sheet->row.numbers = sheet->numbers;
    if (sheet->filled)
        part->rc = sheet->take(part->book->ctx, &sheet->row, sheet->payload);
    arena_reset(sheet->arena);
}

static void sheet_end(struct xlsx_part *part, const char *name)
{
    struct sheet *sheet = part->payload;

    if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0)
        sheet->in_value = false;
    else if (strcmp(name, "rPh") == 0)
        sheet->in_hint = false;
    else if (strcmp(name, "c") == 0)
        cell_end(part);
    else if (strcmp(name, "row") == 0)
        row_end(part);
}

static void sheet_text(struct xlsx_part *part, const char *text, size_t length)
{
    struct sheet *sheet = part->payload;

    if (sheet->in_value)
        buf_add(&sheet->text, text, length);
}

int xlsx_rows(struct xlsx *book, size_t number, csv_take take, void *payload)
{
    struct sheet *sheet = arena_alloc(book->ctx->arena, sizeof *sheet);
    struct xlsx_part part = { .start = sheet_start,
                              .end = sheet_end,
                              .text = sheet_text,
                              .payload = sheet };
    int rc = read_strings(book);

    if (rc)
        return rc;
    if (number >= book->sheet_count)
        return fail(book->ctx, E_INVALID, "import.no_sheet",
                    "the workbook has no sheet number %lld",
                    (long long)number + 1);
    sheet->take = take;
    sheet->payload = payload;
    sheet->arena = arena_new(0);
    buf_init(&sheet->text, book->ctx->arena, CSV_CELL_MAX);
    rc = xlsx_parse(&part, book, book->sheet_parts[number]);
    arena_free(sheet->arena);
    return rc == E_NOT_FOUND ? xlsx_bad(book->ctx, "a sheet is missing") : rc;
}
