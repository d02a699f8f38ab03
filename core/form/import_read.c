/*
 * import_read.c - bytes of a file become its header and rows.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/unicode.h"
#include "form/import.h"
#include "form/import_internal.h"
#include "form/import_number.h"
#include "form/table.h"

/* Rows while they come. */
struct reading {
    struct import_file *file;
    size_t capacity;
    bool quotes;         /* an apostrophe keeps a text from being a formula */
    struct arena *arena; /* of one row */
};

static int take_header(struct ctx *ctx, struct import_file *file,
                       const struct csv_row *row)
{
    size_t i, j;

    /* Spreadsheets keep cells that somebody has emptied. */
    file->columns = row->count;
    while (file->columns > 1 &&
           !*text_clean(ctx->arena, row->cells[file->columns - 1]))
        file->columns--;
    file->said = arena_array(ctx->arena, file->columns, sizeof *file->said);
    import_numbers_begin(file->said, file->columns);
    file->header = arena_array(ctx->arena, file->columns, sizeof *file->header);
    for (i = 0; i < file->columns; i++) {
        file->header[i] = text_clean(ctx->arena, row->cells[i]);
        if (!file->header[i][strspn(file->header[i], " ")])
            return fail(ctx, E_INVALID, "import.empty_header",
                        "%s: column %zu has no name in the first row",
                        file->name, i + 1);
        for (j = 0; j < i; j++)
            if (strcmp(file->header[i], file->header[j]) == 0)
                return fail(ctx, E_INVALID, "import.double_header",
                            "%s: two columns are called \"%s\"", file->name,
                            file->header[i]);
    }
    return 0;
}

static void look_at_numbers(struct reading *reading, const struct ctx *ctx,
                            const struct csv_row *row)
{
    struct ctx own = *ctx;

    own.arena = reading->arena;
    import_numbers_row(reading->file->said, reading->file->columns, &own, row);
    arena_reset(reading->arena);
}

bool *import_commas(struct ctx *ctx, const struct import_file *file,
                    const bool *numeric)
{
    bool *comma = arena_array(ctx->arena, file->columns + 1, sizeof *comma);
    size_t i;

    import_numbers_settle(comma, file->said, numeric, file->columns);
    for (i = 0; file->decimal && i < file->columns; i++)
        comma[i] = strcmp(file->decimal, "comma") == 0;
    return comma;
}

/* Which cells are no texts: the row of the reader does not stay. */
static const bool *keep_numbers(struct ctx *ctx, size_t columns,
                                const struct csv_row *row)
{
    bool *numbers;
    size_t i;

    if (!row->numbers)
        return NULL;
    numbers = arena_array(ctx->arena, columns, sizeof *numbers);
    for (i = 0; i < columns && i < row->count; i++)
        numbers[i] = row->numbers[i];
    return numbers;
}

static int take_row(struct ctx *ctx, const struct csv_row *row, void *payload)
{
    struct reading *reading = payload;
    struct import_file *file = reading->file;
    struct import_row *made;
    size_t i, wanted;

    if (!file->header)
        return take_header(ctx, file, row);
    if (file->row_count == IMPORT_ROWS_MAX)
        return fail(ctx, E_LIMIT, "import.too_many_rows",
                    "%s has more than %d rows", file->name, IMPORT_ROWS_MAX);
    if (row->count > file->columns)
        for (i = file->columns; i < row->count; i++)
            if (row->cells[i][0])
                return fail(ctx, E_INVALID, "import.more_cells",
                            "%s, line %lld: %zu cells, but the first row"
                            " names %zu columns",
                            file->name, (long long)row->line, row->count,
                            file->columns);
    if (file->row_count == reading->capacity) {
        size_t more = reading->capacity ? reading->capacity * 2 : 1024;

        file->rows = arena_grow(ctx->arena, file->rows,
                                reading->capacity * sizeof *file->rows,
                                more * sizeof *file->rows);
        reading->capacity = more;
    }
    made = &file->rows[file->row_count++];
    made->line = row->line;
    made->numbers = keep_numbers(ctx, file->columns, row);
    look_at_numbers(reading, ctx, row);
    made->cells = arena_array(ctx->arena, file->columns, sizeof *made->cells);
    wanted = row->count < file->columns ? row->count : file->columns;
    for (i = 0; i < file->columns; i++)
        made->cells[i] =
            i < wanted && row->cells[i][0]
                ? arena_strdup(ctx->arena, reading->quotes
                                               ? csv_cell_text(row->cells[i])
                                               : row->cells[i])
                : "";
    return 0;
}

static int choose_sheet(struct table *table, struct ctx *ctx, const char *sheet)
{
    int64_t number;
    size_t i;

    if (!sheet)
        return 0;
    for (i = 0; i < table->sheet_count; i++)
        if (strcmp(table->sheets[i], sheet) == 0)
            break;
    if (i == table->sheet_count &&
        int_parse(&number, sheet, 1, (int64_t)table->sheet_count) == 0)
        i = (size_t)number - 1;
    if (i == table->sheet_count)
        return fail(ctx, E_INVALID, "import.no_sheet_named",
                    "%s has no sheet \"%s\"", table->name, sheet);
    table->sheet = i;
    return 0;
}

int import_read(struct import_file *file, struct ctx *ctx, const char *name,
                const char *data, size_t length, const char *sheet)
{
    struct reading reading = { .file = file };
    struct table table;
    struct ctx own = ctx_apart(ctx);
    int rc;

    memset(file, 0, sizeof *file);
    file->name = name;
    rc = table_of(&table, &own, name, data, length);
    if (!rc)
        rc = choose_sheet(&table, &own, sheet);
    reading.quotes = !table.workbook;
    reading.arena = arena_new(0);
    if (!rc)
        rc = table_rows(&table, &own, take_row, &reading);
    arena_free(reading.arena);
    if (rc) {
        const char *text = problem_message(&own, own.problems);

        /* The readers know no file names, the taker of rows does. */
        return text_starts(text, name)
                   ? fail(ctx, rc, "form.message", "%s", text)
                   : fail(ctx, rc, "import.file", "%s: %s", name, text);
    }
    if (!file->header)
        return fail(ctx, E_INVALID, "import.empty", "%s is empty", name);
    return 0;
}
