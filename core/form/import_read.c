/*
 * import_read.c - bytes of a file become its header and rows.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/unicode.h"
#include "form/csv.h"
#include "form/import.h"
#include "form/import_internal.h"

/* Rows while they come. */
struct reading {
    struct import_file *file;
    size_t capacity;
};

static int take_header(struct ctx *ctx, struct import_file *file,
                       const struct csv_row *row)
{
    size_t i, j;

    file->columns = row->count;
    file->header = arena_array(ctx->arena, row->count, sizeof *file->header);
    for (i = 0; i < row->count; i++) {
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
    made->cells = arena_array(ctx->arena, file->columns, sizeof *made->cells);
    wanted = row->count < file->columns ? row->count : file->columns;
    for (i = 0; i < file->columns; i++)
        made->cells[i] = i < wanted && row->cells[i][0]
                             ? arena_strdup(ctx->arena, row->cells[i])
                             : "";
    return 0;
}

int import_read(struct import_file *file, struct ctx *ctx, const char *name,
                const char *data, size_t length)
{
    struct reading reading = { .file = file };
    const char *encoding;
    struct ctx own;
    int rc;

    memset(file, 0, sizeof *file);
    file->name = name;
    rc = text_decode(&file->text, &file->length, &encoding, ctx, data, length,
                     NULL);
    if (rc)
        return fail(ctx, rc, "import.encoding",
                    "%s is neither UTF-8 nor GB18030 text", name);
    own = *ctx;
    own.problems = own.last_problem = NULL;
    own.problem_count = 0;
    rc = csv_read(&own, file->text, file->length, take_row, &reading);
    if (rc) {
        const char *text = problem_message(&own, own.problems);

        /* The reader of CSV knows no file names, the taker of rows does. */
        return text_starts(text, name)
                   ? fail(ctx, rc, "form.message", "%s", text)
                   : fail(ctx, rc, "import.file", "%s: %s", name, text);
    }
    if (!rc && !file->header)
        return fail(ctx, E_INVALID, "import.empty", "%s is empty", name);
    return rc;
}
