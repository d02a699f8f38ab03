/*
 * field_special.c - sub-tables, files, automatic numbers.
 *
 * A sub-table's value is a list of maps (row id under "id", then its fields);
 * it has a table of its own and no column. A file field holds a list of
 * attachment ids (texts of digits). The row "computed" only names the type:
 * a computed field gets the row of its result (definition.c).
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "form/attachment.h"
#include "form/auto_number.h"
#include "form/definition.h"
#include "form/field_type.h"
#include "form/file_type.h"
#include "store/db.h"

enum { ROWS_MAX = 500, FILES_MAX = 50 };

static int define_count(struct ctx *ctx, const struct field *field,
                        const char *pointer, const char *name, int most)
{
    const struct value *value = field_property(field, name);
    int64_t number = value_as_int(value, 0);

    if (!value ||
        (value_kind(value) == VALUE_INT && number >= 0 && number <= most))
        return 0;
    return definition_error(ctx,
                            arena_printf(ctx->arena, "%s/%s", pointer, name),
                            "expected a whole number from 0 to %d", most);
}

static int define_table(struct ctx *ctx, struct arena *arena,
                        struct field *field, const char *pointer)
{
    int a = define_count(ctx, field, pointer, "min_rows", ROWS_MAX);
    int b = define_count(ctx, field, pointer, "max_rows", ROWS_MAX);

    (void)arena;
    return a ? a : b;
}

/* One row: unknown and automatic fields are refused as in the head. */
static int input_row(struct value **out, struct ctx *ctx,
                     const struct field *field, const char *path,
                     const struct value *in)
{
    struct value *row = value_map(ctx->arena);
    int rc = 0;
    size_t i;

    if (value_kind(in) != VALUE_MAP)
        return fail_at(ctx, E_INVALID, path, "form.expected_rows",
                       "expected a list of rows");
    if (value_get_id(in, "id") > 0)
        value_set_int(row, "id", value_get_id(in, "id"));
    for (i = 0; i < value_count(in); i++) {
        const char *key = value_key_at(in, i);
        const char *at = arena_printf(ctx->arena, "%s.%s", path, key);
        const struct field *cell = form_cell(field, key);
        struct value *value;

        if (strcmp(key, "id") == 0)
            continue;
        if (!cell) {
            rc = fail_at(ctx, E_INVALID, at, "form.unknown_field",
                         "there is no field %s", key);
        } else if (cell->computed) {
            continue; /* it comes back as it was shown */
        } else if (cell->read_only) {
            rc = fail_at(ctx, E_INVALID, at, "form.read_only",
                         "this field can't be written");
        } else if (field_input(&value, ctx, cell, at, value_item_at(in, i))) {
            rc = E_INVALID;
        } else {
            value_set(row, key, value);
        }
    }
    *out = row;
    return rc;
}

/* A row in which nothing stands but defaults is no row: forms without
 * scripts always show some. */
static bool row_empty(const struct field *field, const struct value *row)
{
    size_t i;

    if (value_get_id(row, "id") > 0)
        return false;
    for (i = 0; i < field->field_count; i++) {
        const struct field *cell = field->fields[i];
        const struct value *value = value_get(row, cell->key);

        if (!value_is_empty(value) && !cell->computed &&
            value_kind(value) != VALUE_BOOL)
            return false;
    }
    return true;
}

static int input_table(struct value **out, struct ctx *ctx,
                       const struct field *field, const char *path,
                       const struct value *in)
{
    struct value *list = value_list(ctx->arena);
    size_t i;
    int rc = 0;

    if (value_kind(in) != VALUE_LIST)
        return fail_at(ctx, E_INVALID, path, "form.expected_rows",
                       "expected a list of rows");
    if (value_count(in) > ROWS_MAX)
        return fail_at(ctx, E_INVALID, path, "form.too_many_rows",
                       "at most %d rows", ROWS_MAX);
    for (i = 0; i < value_count(in); i++) {
        struct value *row = NULL;
        int bad = input_row(&row, ctx, field,
                            arena_printf(ctx->arena, "%s.%zu", path, i),
                            value_at(in, i));

        if (bad)
            rc = bad;
        else if (!row_empty(field, row))
            value_append(list, row);
    }
    *out = list;
    return rc;
}

static int check_table(struct ctx *ctx, const struct field_check *check)
{
    int64_t least = value_get_int(check->field->options, "min_rows", 0);
    int64_t most = value_get_int(check->field->options, "max_rows", ROWS_MAX);
    int64_t count = (int64_t)value_count(check->value);

    if (count < least)
        return fail_at(ctx, E_INVALID, check->path, "form.too_few_rows",
                       "at least %lld rows", (long long)least);
    if (count > most)
        return fail_at(ctx, E_INVALID, check->path, "form.too_many_rows",
                       "at most %lld rows", (long long)most);
    return 0;
}

static struct value *table_to_json(struct ctx *ctx, const struct field *field,
                                   const struct value *value)
{
    struct value *list = value_list(ctx->arena);
    size_t i, j;

    for (i = 0; i < value_count(value); i++) {
        const struct value *in = value_at(value, i);
        struct value *row = value_map(ctx->arena);

        if (value_get_id(in, "id"))
            value_set_id(row, "id", value_get_id(in, "id"));
        for (j = 0; j < field->field_count; j++) {
            const struct field *cell = field->fields[j];

            value_set(row, cell->key,
                      field_to_json(ctx, cell, value_get(in, cell->key)));
        }
        value_append(list, row);
    }
    return list;
}

static const char *human_table(struct ctx *ctx, const struct field *field,
                               const struct value *value)
{
    (void)field;
    return arena_printf(ctx->arena, "%zu", value_count(value));
}

static int define_file(struct ctx *ctx, struct arena *arena,
                       struct field *field, const char *pointer)
{
    const struct value *types = field_property(field, "types");
    int rc = define_count(ctx, field, pointer, "max_count", FILES_MAX);
    int other = define_count(ctx, field, pointer, "max_size", 4096);
    size_t i;

    (void)arena;
    if (types && value_kind(types) != VALUE_LIST)
        return definition_error(ctx,
                                arena_printf(ctx->arena, "%s/types", pointer),
                                "expected a list of extensions");
    for (i = 0; i < value_count(types); i++)
        if (!file_extension_known(value_as_text(value_at(types, i))))
            rc = definition_error(
                ctx, arena_printf(ctx->arena, "%s/types/%zu", pointer, i),
                "expected an extension out of %s", file_extensions());
    return rc ? rc : other;
}

static int input_files(struct value **out, struct ctx *ctx,
                       const struct field *field, const char *path,
                       const struct value *in)
{
    struct value *list = value_list(ctx->arena);
    size_t i, j;

    (void)field;
    if (value_kind(in) == VALUE_STRING) {
        struct value *one = value_list(ctx->arena);

        value_append(one, value_copy(ctx->arena, in));
        in = one;
    }
    if (value_kind(in) != VALUE_LIST || value_count(in) > FILES_MAX)
        return fail_at(ctx, E_INVALID, path, "form.expected_files",
                       "expected a list of file ids, at most %d", FILES_MAX);
    for (i = 0; i < value_count(in); i++) {
        int64_t id = value_as_id(value_at(in, i));
        const char *text;

        if (value_is_empty(value_at(in, i)))
            continue;
        if (id <= 0)
            return fail_at(ctx, E_INVALID, path, "form.expected_files",
                           "expected a list of file ids, at most %d",
                           FILES_MAX);
        text = arena_printf(ctx->arena, "%lld", (long long)id);
        for (j = 0; j < value_count(list); j++)
            if (text_equal(value_as_text(value_at(list, j)), text))
                break;
        if (j == value_count(list))
            value_append(list, value_text(ctx->arena, text));
    }
    *out = value_count(list) ? list : value_null(ctx->arena);
    return 0;
}

static bool type_allowed(const struct field *field, const char *name)
{
    const struct value *types = field_property(field, "types");
    const char *dot = strrchr(name, '.');
    size_t i;

    if (!value_count(types))
        return true;
    for (i = 0; dot && i < value_count(types); i++)
        if (strcasecmp(dot + 1, value_as_text(value_at(types, i))) == 0)
            return true;
    return false;
}

static int check_one_file(struct ctx *ctx, const struct field_check *check,
                          int64_t id)
{
    int64_t most =
        value_get_int(check->field->options, "max_size", 0) * 1024 * 1024;
    struct attachment *file;
    int rc = attachment_find(&file, ctx, id);

    if (rc && rc != E_NOT_FOUND)
        return rc;
    /* A file of another record, or another person's upload, is not there. */
    if (rc || (file->record && file->record != check->record_id) ||
        (!file->record && !attachment_own(ctx, file)))
        return fail_at(ctx, E_INVALID, check->path, "form.unknown_file",
                       "this file is not there any more; upload it again");
    if (!type_allowed(check->field, file->name))
        return fail_at(ctx, E_INVALID, check->path, "form.file_not_allowed",
                       "%s: files of this kind are not taken here", file->name);
    if (most && file->size > most)
        return fail_at(ctx, E_LIMIT, check->path, "form.file_too_large",
                       "%s is larger than %lld MB", file->name,
                       (long long)(most / 1024 / 1024));
    return 0;
}

static int check_files(struct ctx *ctx, const struct field_check *check)
{
    int64_t most = value_get_int(check->field->options, "max_count", 10);
    size_t i;
    int rc;

    if ((int64_t)value_count(check->value) > most)
        return fail_at(ctx, E_INVALID, check->path, "form.too_many_files",
                       "at most %lld files", (long long)most);
    for (i = 0; i < value_count(check->value); i++) {
        rc = check_one_file(ctx, check, value_as_id(value_at(check->value, i)));
        if (rc)
            return rc;
    }
    return 0;
}

static const char *human_files(struct ctx *ctx, const struct field *field,
                               const struct value *value)
{
    struct attachment *file;
    struct buf buf;
    size_t i;

    (void)field;
    buf_init(&buf, ctx->arena, 65536);
    for (i = 0; i < value_count(value); i++)
        if (!attachment_find(&file, ctx, value_as_id(value_at(value, i))))
            buf_addf(&buf, "%s%s", buf.length ? ", " : "", file->name);
    return buf_text(&buf);
}

static int define_number_pattern(struct ctx *ctx, struct arena *arena,
                                 struct field *field, const char *pointer)
{
    const char *wrong =
        auto_number_check(value_get_text(field->options, "pattern"));

    (void)arena;
    if (wrong)
        return definition_error(ctx,
                                arena_printf(ctx->arena, "%s/pattern", pointer),
                                "expected %s", wrong);
    return 0;
}

static int input_automatic(struct value **out, struct ctx *ctx,
                           const struct field *field, const char *path,
                           const struct value *in)
{
    (void)field;
    (void)path;
    *out = value_copy(ctx->arena, in);
    return 0;
}

const struct field_type special_types[] = {
    { .name = "sub_table",
      .sql = NULL,
      .logic = "table",
      .properties = " fields min_rows max_rows ",
      .flags = FIELD_HEAD_ONLY,
      .define = define_table,
      .input = input_table,
      .check = check_table,
      .to_json = table_to_json,
      .human = human_table,
      .documentation = "rows of fields of their own" },
    { .name = "file",
      .sql = "TEXT",
      .logic = "file",
      .properties = " max_count max_size types ",
      .flags = FIELD_LIST | FIELD_HEAD_ONLY,
      .define = define_file,
      .input = input_files,
      .check = check_files,
      .to_column = list_to_column,
      .from_column = list_from_column,
      .human = human_files,
      .documentation = "attached files" },
    { .name = "auto_number",
      .sql = "TEXT",
      .logic = "text",
      .properties = " pattern ",
      .flags =
          FIELD_SORTABLE | FIELD_SEARCHED | FIELD_AUTOMATIC | FIELD_HEAD_ONLY,
      .define = define_number_pattern,
      .input = input_automatic,
      .documentation = "a number given at the first save, without gaps" },
    { .name = "computed",
      .sql = NULL,
      .logic = NULL,
      .properties = " result expression ",
      .flags = FIELD_AUTOMATIC,
      .input = input_automatic,
      .documentation = "the result of a Lua expression" },
    { .name = NULL },
};
