/*
 * openapi_form.c - a form's fields as schemas.
 *
 * Follows how types go in and out (form/field_*.c): decimals, ids and moments
 * are strings; what is empty is null.
 */
#include "base/banned.h"

#include "portal/openapi.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "form/field_type.h"

enum direction { ANSWERED, SENT };

static struct value *rows_schema(struct ctx *ctx, const struct field *table,
                                 enum direction way);

static bool is(const struct field *field, const char *type)
{
    return strcmp(field->type->name, type) == 0;
}

static void copy_number(struct value *schema, const struct field *field,
                        const char *property, const char *name)
{
    const struct value *limit = field_property(field, property);

    if (limit && value_kind(limit) == VALUE_INT)
        value_set_int(schema, name, value_as_int(limit, 0));
}

static struct value *option_keys(struct ctx *ctx, const struct field *field)
{
    const struct value *options = field_property(field, "options");
    struct value *keys = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < value_count(options); i++)
        value_append(keys,
                     value_text(ctx->arena, option_key(value_at(options, i))));
    return keys;
}

static const char *decimal_pattern(struct ctx *ctx, const struct field *field)
{
    if (!field->scale)
        return "^-?[0-9]+$";
    return arena_printf(ctx->arena, "^-?[0-9]+(\\.[0-9]{1,%d})?$",
                        field->scale);
}

/* The type, its format and limits, without what may be empty. */
static struct value *plain_schema(struct ctx *ctx, const struct field *field,
                                  enum direction way)
{
    struct value *schema;

    if (field->table)
        return rows_schema(ctx, field, way);
    if (field->type->flags & FIELD_LIST) {
        schema = openapi_type(ctx, is(field, "file") ? "id[]" : "text[]");
        if (is(field, "multi_choice"))
            value_set(value_get(schema, "items"), "enum",
                      option_keys(ctx, field));
        return schema;
    }
    if (is(field, "integer")) {
        schema = openapi_type(ctx, "int");
        copy_number(schema, field, "min", "minimum");
        copy_number(schema, field, "max", "maximum");
        return schema;
    }
    if (is(field, "boolean"))
        return openapi_type(ctx, "bool");
    if (is(field, "datetime"))
        return openapi_type(ctx, "time");
    if (is(field, "user") || is(field, "department") || field->target)
        return openapi_type(ctx, "id");
    schema = openapi_type(ctx, "text");
    if (field->type->flags & FIELD_SCALED)
        value_set_text(schema, "pattern", decimal_pattern(ctx, field));
    else if (is(field, "date"))
        value_set_text(schema, "format", "date");
    else if (field->max_length > 0)
        value_set_int(schema, "maxLength", field->max_length);
    return schema;
}

/* What is empty is null. */
static struct value *field_schema(struct ctx *ctx, const struct field *field,
                                  enum direction way)
{
    struct value *schema = plain_schema(ctx, field, way);
    struct value *types = value_list(ctx->arena);
    struct value *keys;

    value_append(types, value_text(ctx->arena, value_get_text(schema, "type")));
    value_append(types, value_text(ctx->arena, "null"));
    value_set(schema, "type", types);
    if (is(field, "choice")) {
        keys = option_keys(ctx, field);
        value_append(keys, value_null(ctx->arena));
        value_set(schema, "enum", keys);
    }
    value_set_text(schema, "title", locale_pick(ctx, field->title));
    if (field->hint)
        value_set_text(schema, "description", locale_pick(ctx, field->hint));
    if (field->target)
        value_set_text(schema, "x-form", field->target);
    value_set_text(schema, "x-type", field->type->name);
    return schema;
}

static bool is_sent(const struct field *field)
{
    return !field->computed && !field->read_only &&
           !(field->type->flags & FIELD_AUTOMATIC);
}

static struct value *object_schema(struct ctx *ctx, struct field *const *fields,
                                   size_t count, enum direction way)
{
    struct value *schema = value_map(ctx->arena);
    struct value *properties = value_map(ctx->arena);
    size_t i;

    for (i = 0; i < count; i++)
        if (!fields[i]->hidden && (way == ANSWERED || is_sent(fields[i])))
            value_set(properties, fields[i]->key,
                      field_schema(ctx, fields[i], way));
    value_set_text(schema, "type", "object");
    value_set(schema, "properties", properties);
    value_set_bool(schema, "additionalProperties", false);
    return schema;
}

static struct value *rows_schema(struct ctx *ctx, const struct field *table,
                                 enum direction way)
{
    struct value *schema = value_map(ctx->arena);
    struct value *row =
        object_schema(ctx, table->fields, table->field_count, way);

    value_set(value_get(row, "properties"), "id", openapi_type(ctx, "id"));
    value_set_text(schema, "type", "array");
    value_set(schema, "items", row);
    if (way == SENT) {
        copy_number(schema, table, "min_rows", "minItems");
        copy_number(schema, table, "max_rows", "maxItems");
    }
    return schema;
}

struct value *openapi_values(struct ctx *ctx, const struct form *form)
{
    return object_schema(ctx, form->fields, form->field_count, ANSWERED);
}

struct value *openapi_input(struct ctx *ctx, const struct form *form)
{
    struct value *schema =
        object_schema(ctx, form->fields, form->field_count, SENT);

    value_set_text(schema, "title", locale_pick(ctx, form->title));
    return schema;
}
