/*
 * csv.c - the CSV reader, a state machine over bytes.
 *
 * Cells grow in one buffer, rows in one array, both used again for each row:
 * a file of any length takes the memory of its longest row.
 */
#include "base/banned.h"

#include "form/csv.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"

enum csv_state {
    CELL_START,
    IN_PLAIN,
    IN_QUOTED,
    AFTER_QUOTE, /* a quote inside a quoted cell: its end, or a doubled one */
    AFTER_CR,
};

enum { ROW_BYTES_MAX = 4 * 1024 * 1024, SNIFF_BYTES = 8192 };

struct csv {
    struct ctx *ctx;
    csv_take take;
    void *payload;
    char separator;
    enum csv_state state;
    int64_t line, row_line, quote_line, consumed;
    struct buf text; /* the row's cells, each ended by NUL */
    size_t starts[CSV_CELLS_MAX];
    const char *cells[CSV_CELLS_MAX];
    size_t count, cell_start;
};

struct csv *csv_open(struct ctx *ctx, char separator, csv_take take,
                     void *payload)
{
    struct csv *csv = arena_alloc(ctx->arena, sizeof *csv);

    csv->ctx = ctx;
    csv->take = take;
    csv->payload = payload;
    csv->separator = separator;
    csv->line = csv->row_line = 1;
    buf_init(&csv->text, ctx->arena, ROW_BYTES_MAX);
    return csv;
}

static int bad(struct csv *csv, const char *key, const char *what)
{
    return fail(csv->ctx, E_INVALID, key, "line %lld, column %lld: %s",
                (long long)csv->line, (long long)csv->count + 1, what);
}

static int end_cell(struct csv *csv)
{
    if (csv->count == CSV_CELLS_MAX)
        return bad(csv, "import.too_many_cells", "too many cells in a row");
    buf_add_char(&csv->text, '\0');
    csv->starts[csv->count++] = csv->cell_start;
    csv->cell_start = csv->text.length;
    csv->state = CELL_START;
    if (csv->text.failed)
        return bad(csv, "import.row_too_long", "the row is too long");
    return 0;
}

/* Passes the row on; an empty line is none. */
static int end_row(struct csv *csv)
{
    struct csv_row row = { .line = csv->row_line, .cells = csv->cells };
    size_t i;
    int rc = end_cell(csv);

    if (rc)
        return rc;
    row.count = csv->count;
    row.end = csv->consumed;
    for (i = 0; i < csv->count; i++)
        csv->cells[i] = csv->text.data + csv->starts[i];
    if (csv->count > 1 || csv->cells[0][0])
        rc = csv->take(csv->ctx, &row, csv->payload);
    csv->count = csv->cell_start = 0;
    buf_clear(&csv->text);
    csv->row_line = csv->line;
    return rc;
}

static int add(struct csv *csv, char c)
{
    if (c == '\0')
        return bad(csv, "import.nul", "a NUL byte; this is no text");
    if (csv->text.length - csv->cell_start >= CSV_CELL_MAX)
        return bad(csv, "import.cell_too_long", "the cell is too long");
    buf_add_char(&csv->text, c);
    return 0;
}

/* A byte outside of quotes. */
static int plain(struct csv *csv, char c)
{
    if (c == csv->separator)
        return end_cell(csv);
    if (c == '\n' || c == '\r') {
        int rc;

        csv->line++;
        rc = end_row(csv);
        csv->state = c == '\r' ? AFTER_CR : CELL_START;
        return rc;
    }
    if (csv->state == AFTER_QUOTE)
        return bad(csv, "import.after_quote",
                   "text behind the closing quote of a cell");
    csv->state = IN_PLAIN;
    return add(csv, c);
}

static int step(struct csv *csv, char c)
{
    switch (csv->state) {
    case AFTER_CR:
        csv->state = CELL_START;
        if (c == '\n')
            return 0;
        return step(csv, c);
    case CELL_START:
        if (c == '"') {
            csv->state = IN_QUOTED;
            csv->quote_line = csv->line;
            return 0;
        }
        return plain(csv, c);
    case IN_QUOTED:
        if (c == '"') {
            csv->state = AFTER_QUOTE;
            return 0;
        }
        if (c == '\n')
            csv->line++;
        return add(csv, c);
    case AFTER_QUOTE:
        if (c == '"') {
            csv->state = IN_QUOTED;
            return add(csv, c);
        }
        return plain(csv, c);
    case IN_PLAIN:
        break;
    }
    return plain(csv, c);
}

/* Outside of quotes. */
char csv_separator(const char *data, size_t length)
{
    static const char choices[] = { ',', ';', '\t' };
    size_t counts[3] = { 0 }, i, j;
    int best = 0;
    char quoted = 0;

    if (length > SNIFF_BYTES)
        length = SNIFF_BYTES;
    for (i = 0; i < length && (quoted || (data[i] != '\n' && data[i] != '\r'));
         i++) {
        if (data[i] == '"')
            quoted = !quoted;
        for (j = 0; !quoted && j < 3; j++)
            counts[j] += data[i] == choices[j];
    }
    for (j = 1; j < 3; j++)
        if (counts[j] > counts[best])
            best = (int)j;
    return choices[best];
}

int csv_feed(struct csv *csv, const char *data, size_t length)
{
    size_t i;
    int rc = 0;

    if (!csv->separator && length)
        csv->separator = csv_separator(data, length);
    for (i = 0; !rc && i < length; i++) {
        csv->consumed++;
        rc = step(csv, data[i]);
    }
    return rc;
}

int csv_end(struct csv *csv)
{
    csv->line = csv->state == IN_QUOTED ? csv->quote_line : csv->line;
    if (csv->state == IN_QUOTED)
        return bad(csv, "import.open_quote",
                   "a quoted cell that begins here never ends");
    if (csv->count || csv->text.length || csv->state == AFTER_QUOTE)
        return end_row(csv);
    return 0;
}

int csv_read(struct ctx *ctx, const char *text, size_t length, csv_take take,
             void *payload)
{
    struct csv *csv = csv_open(ctx, 0, take, payload);
    int rc = csv_feed(csv, text, length);

    return rc ? rc : csv_end(csv);
}

/* Plain numbers are no formulas: -12.5 stays what it is. */
static bool is_number(const char *text)
{
    size_t digits;

    if (*text == '-' || *text == '+')
        text++;
    digits = strspn(text, "0123456789");
    text += digits;
    if (*text == '.')
        text++;
    text += strspn(text, "0123456789");
    return digits && !*text;
}

/* Also behind apostrophes, so that one more can be told from one that was
 * there. */
static bool is_formula(const char *text)
{
    const char *first = text + strspn(text, "'");

    return *first && strchr("=+-@\t\r", *first) &&
           (first > text || !is_number(text));
}

const char *csv_cell_text(const char *cell)
{
    return *cell == '\'' && is_formula(cell) ? cell + 1 : cell;
}

void csv_write_cell(struct buf *out, const char *text, char before)
{
    bool formula = is_formula(text);
    const char *c;

    if (before)
        buf_add_char(out, before);
    if (!formula && !strpbrk(text, ",;\"\n\r\t")) {
        buf_add_text(out, text);
        return;
    }
    buf_add_char(out, '"');
    if (formula)
        buf_add_char(out, '\'');
    for (c = text; *c; c++) {
        if (*c == '"')
            buf_add_char(out, '"');
        buf_add_char(out, *c);
    }
    buf_add_char(out, '"');
}
