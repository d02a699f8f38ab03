/*
 * import_report.c - what came of an import's rows: reasons in words at their
 * cells, and the refused ones as a file to mend (E38).
 */
#include "base/banned.h"

#include <errno.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/str.h"
#include "form/csv.h"
#include "form/field_type.h"
#include "form/import_steps.h"
#include "store/db.h"

enum {
    PROBLEMS_KEPT = 20,
    REFUSED_BYTES = 8 * 1024 * 1024,
    REFUSED_PAGE = 500
};

const char **import_cells_split(struct ctx *ctx, const char *text, size_t count)
{
    const char **cells = arena_array(ctx->arena, count + 1, sizeof *cells);
    char *rest = arena_strdup(ctx->arena, text);
    size_t i;

    for (i = 0; i < count; i++) {
        char *end = rest ? strchr(rest, IMPORT_CELL_END) : NULL;

        cells[i] = rest ? rest : "";
        if (end)
            *end = '\0';
        rest = end ? end + 1 : NULL;
    }
    return cells;
}

/* ---- problems ---- */

const char *import_problems_json(struct ctx *ctx)
{
    struct value *list = value_list(ctx->arena);
    const struct problem *problem;
    int i;

    for (problem = ctx->problems; problem && value_count(list) < PROBLEMS_KEPT;
         problem = problem->next) {
        struct value *map = value_map(ctx->arena);
        struct value *arguments = value_list(ctx->arena);

        for (i = 0; i < problem->arg_count; i++)
            value_append(arguments, value_text(ctx->arena, problem->args[i]));
        value_set_text(map, "key", problem->key);
        value_set_text(map, "text", problem->text);
        value_set(map, "arguments", arguments);
        if (problem->field)
            value_set_text(map, "field", problem->field);
        value_append(list, map);
    }
    return json_text(ctx->arena, list);
}

static struct value *read_problem(struct ctx *ctx, const struct value *in)
{
    const struct value *arguments = value_get(in, "arguments");
    struct value *map = value_map(ctx->arena);
    struct problem problem = { .key = value_get_text(in, "key"),
                               .text = value_get_text(in, "text"),
                               .field = value_get_text(in, "field"),
                               .arg_count = (int)value_count(arguments) };
    int i;

    for (i = 0; i < problem.arg_count && i < PROBLEM_ARGS_MAX; i++)
        problem.args[i] = value_as_text(value_at(arguments, (size_t)i));
    value_set_text(map, "message", problem_message(ctx, &problem));
    if (problem.field)
        value_set_text(map, "field", problem.field);
    return map;
}

struct value *import_problems_read(struct ctx *ctx, const char *json)
{
    struct value *list = value_list(ctx->arena), *in;
    size_t i;

    if (!json || json_parse(&in, ctx, json, strlen(json))) {
        ctx_clear(ctx);
        return list;
    }
    for (i = 0; i < value_count(in); i++)
        value_append(list, read_problem(ctx, value_at(in, i)));
    return list;
}

/* ---- rows ---- */

/* The field of a problem, which may be a part of it ("items.2.price"). */
static bool is_at(const char *problem, const char *key)
{
    size_t length = key ? strlen(key) : 0;

    return problem && length && strncmp(problem, key, length) == 0 &&
           (!problem[length] || problem[length] == '.');
}

static struct value *cells_value(struct ctx *ctx, const struct import_job *job,
                                 const char *text, struct value *problems)
{
    const struct value *columns = value_get(job->settings, "columns");
    size_t count = value_count(columns), i, j;
    const char **cells = import_cells_split(ctx, text, count);
    struct value *list = value_list(ctx->arena);

    for (i = 0; i < count; i++) {
        struct value *cell = value_map(ctx->arena);
        const char *key = value_as_text(value_at(columns, i));

        value_set_text(cell, "text", cells[i]);
        for (j = 0; j < value_count(problems); j++) {
            struct value *problem = value_at(problems, j);

            if (!is_at(value_get_text(problem, "field"), key))
                continue;
            value_set_text(cell, "problem", value_get_text(problem, "message"));
            value_set_bool(problem, "placed", true);
        }
        value_append(list, cell);
    }
    return list;
}

static struct value *row_value(struct ctx *ctx, const struct import_job *job,
                               struct query *query)
{
    struct value *row = value_map(ctx->arena);
    struct value *problems = import_problems_read(ctx, query_copy(query, 3));
    struct value *others = value_list(ctx->arena);
    size_t i;

    value_set_int(row, "line", query_int(query, 0));
    value_set(row, "cells",
              cells_value(ctx, job, query_copy(query, 2), problems));
    if (query_int(query, 1))
        value_set_id(row, "record", query_int(query, 1));
    for (i = 0; i < value_count(problems); i++) {
        struct value *problem = value_at(problems, i);

        if (value_remove(problem, "placed"))
            continue;
        value_append(others, problem);
    }
    value_set(row, "others", others);
    value_set(row, "problems", problems);
    return row;
}

int import_rows(struct value **out, struct ctx *ctx,
                const struct import_job *job, enum import_row_state state,
                int64_t after, int most)
{
    QUERY_AUTO *query = NULL;
    int rc;

    *out = value_list(ctx->arena);
    /* The partial index serves the constant states alone. */
    rc = db_query(&query, ctx,
                  state == IMPORT_ROW_CONFLICT
                      ? "SELECT line, record, cells, detail FROM import_row"
                        " WHERE import = ?1 AND state = 6 AND line > ?2"
                        " ORDER BY line LIMIT ?3"
                      : "SELECT line, record, cells, detail FROM import_row"
                        " WHERE import = ?1 AND state = 1 AND line > ?2"
                        " ORDER BY line LIMIT ?3",
                  "iii", job->id, after, (int64_t)most);
    while (!rc && (rc = query_next(query)) == 1) {
        value_append(*out, row_value(ctx, job, query));
        rc = 0;
    }
    return rc;
}

/* ---- the file of refused rows ---- */

static int write_all(struct ctx *ctx, int fd, const struct buf *buf)
{
    size_t at = 0;

    while (!buf->failed && at < buf->length) {
        ssize_t wrote = write(fd, buf->data + at, buf->length - at);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            break;
        at += (size_t)wrote;
    }
    if (at == buf->length && !buf->failed)
        return 0;
    return fail(ctx, errno == ENOSPC ? E_FULL : E_IO, "export.write",
                "the export can't be written: %s", strerrordesc_np(errno));
}

/* "Since: Please enter a date as YYYY-MM-DD; …" */
static const char *reasons_text(struct ctx *ctx, const struct import_job *job,
                                const struct value *problems)
{
    struct buf buf;
    size_t i;

    buf_init(&buf, ctx->arena, 65536);
    for (i = 0; i < value_count(problems); i++) {
        const struct value *problem = value_at(problems, i);
        const char *key = value_get_text(problem, "field");
        const struct field *field = key ? form_field(job->form, key) : NULL;

        buf_addf(&buf, "%s%s%s%s", i ? "; " : "",
                 field ? locale_pick(ctx, field->title) : "", field ? ": " : "",
                 value_get_text(problem, "message"));
    }
    return buf_text(&buf);
}

static int write_header(struct ctx *ctx, const struct import_job *job, int fd,
                        const char *const *header, size_t count)
{
    struct buf buf;
    size_t i;

    (void)job;
    buf_init(&buf, ctx->arena, REFUSED_BYTES);
    buf_add_text(&buf, "\xef\xbb\xbf");
    for (i = 0; i < count; i++)
        csv_write_cell(&buf, header[i], i ? ',' : '\0');
    csv_write_cell(&buf, tr(ctx, "import.reason"), ',');
    buf_add_text(&buf, "\r\n");
    return write_all(ctx, fd, &buf);
}

static int write_rows(struct ctx *ctx, const struct import_job *job, int fd,
                      size_t columns, int64_t *line, size_t *count)
{
    struct value *rows;
    struct buf buf;
    size_t i, j;
    int rc =
        import_rows(&rows, ctx, job, IMPORT_ROW_REFUSED, *line, REFUSED_PAGE);

    *count = value_count(rows);
    buf_init(&buf, ctx->arena, REFUSED_BYTES * 4);
    for (i = 0; !rc && i < *count; i++) {
        const struct value *row = value_at(rows, i);
        const struct value *cells = value_get(row, "cells");

        for (j = 0; j < columns; j++)
            csv_write_cell(&buf, value_get_text(value_at(cells, j), "text"),
                           j ? ',' : '\0');
        csv_write_cell(&buf, reasons_text(ctx, job, value_get(row, "problems")),
                       ',');
        buf_add_text(&buf, "\r\n");
        *line = value_get_int(row, "line", 0);
    }
    return rc ? rc : write_all(ctx, fd, &buf);
}

int import_refused(struct ctx *ctx, const struct import_job *job, int fd)
{
    struct import_preview preview;
    struct arena *arena;
    size_t count = REFUSED_PAGE;
    int64_t line = 0;
    int rc = import_preview(&preview, ctx, job);

    if (!rc && preview.problem)
        rc = fail(ctx, E_NOT_FOUND, "import.file_gone",
                  "the file of this import is let go; upload it again");
    if (!rc)
        rc = write_header(ctx, job, fd, preview.header, preview.columns);
    arena = arena_new(0);
    while (!rc && count == REFUSED_PAGE) {
        struct ctx own = ctx_apart(ctx);

        own.arena = arena;
        rc = write_rows(&own, job, fd, preview.columns, &line, &count);
        if (rc)
            fail(ctx, rc, "export.stopped", "the export stopped: %s",
                 ctx_error(&own));
        arena_reset(arena);
    }
    arena_free(arena);
    return rc;
}
