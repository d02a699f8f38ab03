/*
 * records_read.c - a form post becomes the input of a record.
 *
 * Names are the theme's contract: NAME, NAME[], NAME.3.KEY, NAME.3._id,
 * NAME.path, NAME.upload. Which fields exist and who may write them, the
 * form room decides: unknown names are passed on to be refused there.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "form/attachment.h"
#include "form/field_type.h"
#include "form/reference.h"
#include "portal/records.h"
#include "web/request.h"

enum { ROW_MAX = 9999, PATH_MAX_BYTES = 800 };

static bool is_type(const struct field *field, const char *type)
{
    return field && strcmp(field->type->name, type) == 0;
}

/* Fields that the page showed and that the body lacks are empty: that is how
 * an unticked box arrives. */
static void read_shown(struct ctx *ctx, const struct request *request,
                       const struct form *form, struct value *input)
{
    const char *shown = request_form(request, "_fields");
    char *rest = arena_strdup(ctx->arena, shown ? shown : ""), *key;

    while ((key = strsep(&rest, ","))) {
        const struct field *field = form_field(form, key);

        if (!field || field->read_only)
            continue;
        if (field->table || field->type->flags & FIELD_LIST)
            value_set(input, key, value_list(ctx->arena));
        else if (is_type(field, "boolean"))
            value_set(input, key, value_bool(ctx->arena, false));
        else
            value_set(input, key, value_null(ctx->arena));
    }
}

/* "items.3.price" in parts; false where the name is of another shape. */
static bool split_cell(struct ctx *ctx, const char *name, char **table,
                       int64_t *row, const char **cell)
{
    char *copy = arena_strdup(ctx->arena, name);
    char *dot = strchr(copy, '.'), *second;

    if (!dot || !(second = strchr(dot + 1, '.')))
        return false;
    *dot = *second = '\0';
    *table = copy;
    *cell = second + 1;
    return int_parse(row, dot + 1, 0, ROW_MAX) == 0;
}

/* The map of row `number` of a table, kept under its number for now. */
static struct value *row_of(struct ctx *ctx, struct value *tables,
                            const char *table, int64_t number)
{
    struct value *rows = value_get(tables, table), *row;
    const char *key = arena_printf(ctx->arena, "%05lld", (long long)number);

    if (!rows) {
        rows = value_map(ctx->arena);
        value_set(tables, table, rows);
    }
    row = value_get(rows, key);
    if (!row) {
        row = value_map(ctx->arena);
        value_set(rows, key, row);
    }
    return row;
}

static int read_cell(struct ctx *ctx, const struct form *form,
                     struct value *input, struct value *tables,
                     const char *name, struct value *value)
{
    const struct field *field;
    const char *cell;
    char *table;
    int64_t row;

    if (split_cell(ctx, name, &table, &row, &cell)) {
        field = form_field(form, table);
        if (field && field->table) {
            value_set(row_of(ctx, tables, table, row),
                      strcmp(cell, "_id") == 0 ? "id" : cell, value);
            return 0;
        }
    }
    value_set(input, name, value);
    return 0;
}

/* "NAME.path": the cascade as text, for readers without scripts. */
static int read_path(struct ctx *ctx, const struct field *field,
                     struct value *input, const char *path)
{
    int64_t id;
    int rc;

    if (text_empty(path) || !value_is_empty(value_get(input, field->key)))
        return 0;
    if (strlen(path) > PATH_MAX_BYTES)
        return fail_at(ctx, E_INVALID, field->key, "form.unknown_path",
                       "there is no such entry");
    rc = reference_find_path(&id, ctx, field->target, path);
    if (rc)
        return rc;
    if (!id)
        return fail_at(ctx, E_INVALID, field->key, "form.unknown_path",
                       "there is no such entry");
    value_set_id(input, field->key, id);
    return 0;
}

static int read_one(struct ctx *ctx, const struct form *form,
                    struct value *input, struct value *tables, const char *name,
                    struct value *value)
{
    size_t length = strlen(name);
    const char *dot = strrchr(name, '.');
    const struct field *field;

    if (text_ends(name, "[]")) {
        value_set(input, arena_strndup(ctx->arena, name, length - 2), value);
        return 0;
    }
    if (!dot) {
        value_set(input, name, value);
        return 0;
    }
    field =
        form_field(form, arena_strndup(ctx->arena, name, (size_t)(dot - name)));
    if (is_type(field, "cascade") && strcmp(dot, ".path") == 0)
        return 0; /* behind the others: read_paths */
    return read_cell(ctx, form, input, tables, name, value);
}

static int read_paths(struct ctx *ctx, const struct request *request,
                      const struct form *form, struct value *input)
{
    size_t i;
    int rc = 0, bad;

    for (i = 0; i < form->field_count; i++) {
        const struct field *field = form->fields[i];

        if (!is_type(field, "cascade") || field->read_only)
            continue;
        bad =
            read_path(ctx, field, input,
                      request_form(request, arena_printf(ctx->arena, "%s.path",
                                                         field->key)));
        if (bad)
            rc = bad;
    }
    return rc;
}

/* New files come with the form itself where no script sent them before. */
static int read_uploads(struct ctx *ctx, struct request *request,
                        const struct form *form, struct value *input)
{
    int rc = 0;
    size_t i;

    for (i = 0; i < request->upload_count; i++) {
        const struct upload *upload = &request->uploads[i];
        const char *dot = strrchr(upload->field, '.');
        const char *key = dot ? arena_strndup(ctx->arena, upload->field,
                                              (size_t)(dot - upload->field))
                              : upload->field;
        const struct field *field = form_field(form, key);
        struct attachment *file;
        struct ctx own = ctx_apart(ctx);
        struct value *list;
        int bad;

        /* An empty file input sends a part without name and bytes. */
        if (text_empty(upload->name) && upload->size == 0)
            continue;
        if (!is_type(field, "file") || field->read_only ||
            !text_equal(dot, ".upload"))
            return fail_at(ctx, E_INVALID, upload->field, "form.unknown_field",
                           "there is no field %s", upload->field);
        bad = attachment_add(&file, &own, upload->name, upload->fd);
        if (bad) {
            rc = fail_at(ctx, bad, key, "form.message", "%s",
                         problem_message(&own, own.problems));
            continue;
        }
        list = value_get(input, key);
        if (value_kind(list) != VALUE_LIST) {
            list = value_list(ctx->arena);
            value_set(input, key, list);
        }
        value_append(list,
                     value_text(ctx->arena, arena_printf(ctx->arena, "%lld",
                                                         (long long)file->id)));
    }
    return rc;
}

static bool row_empty(const struct field *table, const struct value *row)
{
    size_t i;

    for (i = 0; i < value_count(row); i++) {
        const char *key = value_key_at(row, i);
        const char *text = value_as_text(value_item_at(row, i));
        const struct field *cell = form_cell(table, key);

        if (cell && is_type(cell, "boolean"))
            continue;
        if (!text_empty(text) && strspn(text, " \t\n") != strlen(text))
            return false;
    }
    return true;
}

/* Absent boxes of a row that is there are unticked. */
static void complete_row(struct ctx *ctx, const struct field *table,
                         struct value *row)
{
    size_t i;

    for (i = 0; i < table->field_count; i++)
        if (is_type(table->fields[i], "boolean") &&
            !table->fields[i]->read_only &&
            !value_get(row, table->fields[i]->key))
            value_set(row, table->fields[i]->key,
                      value_bool(ctx->arena, false));
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Rows in the order of their numbers, empty ones left out. */
static void gather_rows(struct ctx *ctx, const struct form *form,
                        struct sent *out, const char *key,
                        const struct value *rows)
{
    const struct field *table = form_field(form, key);
    struct value *list = value_list(ctx->arena);
    struct value *numbers = value_list(ctx->arena);
    size_t count = value_count(rows), i;
    const char **keys = arena_array(ctx->arena, count + 1, sizeof *keys);

    for (i = 0; i < count; i++)
        keys[i] = value_key_at(rows, i);
    qsort(keys, count, sizeof *keys, compare_keys);
    for (i = 0; i < count; i++) {
        struct value *row = value_get(rows, keys[i]);
        int64_t number = 0;

        if (row_empty(table, row))
            continue;
        complete_row(ctx, table, row);
        int_parse(&number, keys[i] + strspn(keys[i], "0"), 0, ROW_MAX);
        value_append(list, row);
        value_append(numbers, value_int(ctx->arena, number));
    }
    value_set(out->input, key, list);
    value_set(out->rows, key, numbers);
}

static bool is_ours(const char *name)
{
    static const char *const names[] = { "_version", "_fields",  "_operation",
                                         "_action",  "_add_row", "_csrf",
                                         "_ids",     "_all" };
    size_t i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

int records_read(struct sent *out, struct ctx *ctx, struct request *request,
                 const struct form *form)
{
    struct value *tables = value_map(ctx->arena);
    int rc = 0, bad;
    size_t i;

    out->input = value_map(ctx->arena);
    out->rows = value_map(ctx->arena);
    read_shown(ctx, request, form, out->input);
    for (i = 0; i < value_count(request->form); i++) {
        const char *name = value_key_at(request->form, i);

        if (is_ours(name))
            continue;
        bad = read_one(ctx, form, out->input, tables, name,
                       value_item_at(request->form, i));
        if (bad)
            rc = bad;
    }
    for (i = 0; i < value_count(tables); i++)
        gather_rows(ctx, form, out, value_key_at(tables, i),
                    value_item_at(tables, i));
    bad = read_paths(ctx, request, form, out->input);
    rc = bad ? bad : rc;
    bad = read_uploads(ctx, request, form, out->input);
    return bad ? bad : rc;
}

void records_name_rows(struct ctx *ctx, const struct sent *sent)
{
    struct problem *problem;

    for (problem = ctx->problems; problem; problem = problem->next) {
        const struct value *numbers;
        const char *cell;
        char *table;
        int64_t row;

        if (!problem->field ||
            !split_cell(ctx, problem->field, &table, &row, &cell))
            continue;
        numbers = value_get(sent->rows, table);
        if (value_at(numbers, (size_t)row))
            problem->field = arena_printf(
                ctx->arena, "%s.%lld.%s", table,
                (long long)value_as_int(value_at(numbers, (size_t)row), 0),
                cell);
    }
}
