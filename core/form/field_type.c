/*
 * field_type.c - the table of field types, and what all types share.
 *
 * The rows stand with their functions in field_text.c, field_number.c,
 * field_time.c, field_reference.c and field_special.c; those of modules are
 * field_module.c's. No SQL is made here.
 */
#include "base/banned.h"

#include "form/field_type.h"

#include <stdarg.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "store/db.h"

static const struct field_type *const tables[] = {
    text_types, number_types, time_types, reference_types, special_types,
};

enum { TABLES = sizeof tables / sizeof tables[0] };

const struct field_type *field_type_at(size_t index)
{
    size_t t;

    for (t = 0; t < TABLES; t++) {
        const struct field_type *row;

        for (row = tables[t]; row->name; row++)
            if (index-- == 0)
                return row;
    }
    return NULL;
}

const struct field_type *field_type_find(const char *name)
{
    const struct field_type *row;
    size_t i;

    for (i = 0; (row = field_type_at(i)); i++)
        if (text_equal(row->name, name))
            return row;
    return NULL;
}

int field_input(struct value **out, struct ctx *ctx, const struct field *field,
                const char *path, const struct value *in)
{
    *out = NULL;
    if (value_is_empty(in)) {
        *out = value_null(ctx->arena);
        return 0;
    }
    return field->type->input(out, ctx, field, path, in);
}

struct value *field_to_column(struct ctx *ctx, const struct field *field,
                              const struct value *value)
{
    if (value_is_empty(value))
        return value_null(ctx->arena);
    if (field->type->to_column)
        return field->type->to_column(ctx, field, value);
    return (struct value *)value;
}

struct value *field_from_column(struct ctx *ctx, const struct field *field,
                                struct query *query, int column)
{
    if (query_is_null(query, column))
        return NULL;
    if (field->type->from_column)
        return field->type->from_column(ctx, field, query, column);
    return value_text(ctx->arena, query_text(query, column));
}

struct value *field_to_json(struct ctx *ctx, const struct field *field,
                            const struct value *value)
{
    if (value_is_null(value))
        return value_null(ctx->arena);
    if (field->type->to_json)
        return field->type->to_json(ctx, field, value);
    return (struct value *)value;
}

const char *field_human(struct ctx *ctx, const struct field *field,
                        const struct value *value)
{
    const char *text;

    if (value_is_empty(value))
        return "";
    if (field->type->human)
        return field->type->human(ctx, field, value);
    text = value_as_text(value);
    return text ? text : "";
}

const struct value *field_property(const struct field *field, const char *name)
{
    return value_get(field->options, name);
}

const char *option_key(const struct value *option)
{
    const char *text = value_as_text(option);

    return text ? text : value_get_text(option, "key");
}

const char *option_title(struct ctx *ctx, const struct value *option)
{
    const struct value *title = value_get(option, "title");

    return title ? locale_pick(ctx, title) : option_key(option);
}

const struct value *field_option(const struct field *field, const char *key)
{
    const struct value *list = field_property(field, "options");
    size_t i;

    for (i = 0; i < value_count(list); i++)
        if (text_equal(option_key(value_at(list, i)), key))
            return value_at(list, i);
    return NULL;
}

int definition_error(struct ctx *ctx, const char *pointer, const char *format,
                     ...)
{
    struct buf buf;
    va_list args;

    buf_init(&buf, ctx->arena, 4096);
    va_start(args, format);
    buf_vaddf(&buf, format, args);
    va_end(args);
    return fail_at(ctx, E_INVALID, pointer, "form.definition", "%s: %s",
                   *pointer ? pointer : "/", buf_text(&buf));
}
