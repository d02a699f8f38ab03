/*
 * host_record.c - the SDK's table `record`: the record of a hook; and records
 * and conditions as modules write them.
 */
#include "base/banned.h"

#include "plugin/host.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/value.h"
#include "form/field_type.h"
#include "form/record.h"
#include "plugin/call.h"
#include "store/condition.h"

enum { DEPTH_MAX = 8, PARTS_MAX = 100 };

/* ---- values ---- */

static struct value *rows_value(struct ctx *ctx, const struct field *table,
                                const struct value *rows)
{
    struct value *list = value_list(ctx->arena);
    size_t i, j;

    for (i = 0; i < value_count(rows); i++) {
        const struct value *from = value_at(rows, i);
        struct value *row = value_map(ctx->arena);

        if (value_get_id(from, "id"))
            value_set_id(row, "id", value_get_id(from, "id"));
        for (j = 0; j < table->field_count; j++) {
            const struct field *cell = table->fields[j];

            value_set(row, cell->key,
                      host_field_value(ctx, cell, value_get(from, cell->key)));
        }
        value_append(list, row);
    }
    return list;
}

struct value *host_field_value(struct ctx *ctx, const struct field *field,
                               const struct value *stored)
{
    if (value_is_null(stored))
        return value_null(ctx->arena);
    if (field->table)
        return rows_value(ctx, field, stored);
    if (value_kind(stored) == VALUE_DECIMAL)
        return value_copy(ctx->arena, stored);
    return field_to_json(ctx, field, stored);
}

struct value *host_plain(struct ctx *ctx, const struct value *value)
{
    char text[DECIMAL_TEXT_MAX];
    struct decimal decimal;
    struct value *out;
    size_t i;

    switch (value_kind(value)) {
    case VALUE_DECIMAL:
        value_as_decimal(&decimal, value);
        decimal_format(text, decimal);
        return value_text(ctx->arena, text);
    case VALUE_LIST:
        out = value_list(ctx->arena);
        for (i = 0; i < value_count(value); i++)
            value_append(out, host_plain(ctx, value_at(value, i)));
        return out;
    case VALUE_MAP:
        out = value_map(ctx->arena);
        for (i = 0; i < value_count(value); i++)
            value_set(out, value_key_at(value, i),
                      host_plain(ctx, value_item_at(value, i)));
        return out;
    default:
        return value ? value_copy(ctx->arena, value) : value_null(ctx->arena);
    }
}

/* ---- one record ---- */

static struct value *id_value(struct ctx *ctx, int64_t id)
{
    return id ? value_text(ctx->arena,
                           arena_printf(ctx->arena, "%lld", (long long)id))
              : value_null(ctx->arena);
}

static struct value *instant_value(struct ctx *ctx, int64_t instant)
{
    char text[TIME_TEXT_MAX];

    if (!instant) /* of a form that keeps none */
        return value_null(ctx->arena);
    instant_format(text, instant);
    return value_text(ctx->arena, text);
}

static const struct {
    const char *name;
    size_t offset;
    enum { SYSTEM_ID, SYSTEM_INSTANT } kind;
} system_members[] = {
    { "id", offsetof(struct record, id), SYSTEM_ID },
    { "owner", offsetof(struct record, owner), SYSTEM_ID },
    { "department", offsetof(struct record, department), SYSTEM_ID },
    { "created_by", offsetof(struct record, created_by), SYSTEM_ID },
    { "updated_by", offsetof(struct record, updated_by), SYSTEM_ID },
    { "created_at", offsetof(struct record, created_at), SYSTEM_INSTANT },
    { "updated_at", offsetof(struct record, updated_at), SYSTEM_INSTANT },
};

enum { SYSTEM_MEMBERS = sizeof system_members / sizeof *system_members };

static struct value *system_member(struct ctx *ctx, const struct record *record,
                                   size_t index)
{
    int64_t number;

    memcpy(&number, (const char *)record + system_members[index].offset,
           sizeof number);
    return system_members[index].kind == SYSTEM_ID ? id_value(ctx, number)
                                                   : instant_value(ctx, number);
}

struct value *host_record_member(struct ctx *ctx, const struct record *record,
                                 const struct value *values, const char *key)
{
    const struct field *field;
    size_t i;

    for (i = 0; i < SYSTEM_MEMBERS; i++)
        if (strcmp(system_members[i].name, key) == 0)
            return system_member(ctx, record, i);
    if (strcmp(key, "version") == 0)
        return value_int(ctx->arena, record->version);
    if (strcmp(key, "state") == 0)
        return value_text(ctx->arena, record->state);
    field = form_field(record->form, key);
    return field ? host_field_value(ctx, field, value_get(values, key)) : NULL;
}

struct value *host_record_map(struct ctx *ctx, const struct record *record,
                              bool texts)
{
    struct value *map = value_map(ctx->arena), *read = NULL;
    size_t i;

    for (i = 0; i < SYSTEM_MEMBERS; i++)
        value_set(map, system_members[i].name, system_member(ctx, record, i));
    value_set_int(map, "version", record->version);
    value_set_text(map, "state", record->state);
    value_set_text(map, "form", record->form->name);
    value_set_text(map, "label", record_label(ctx, record));
    if (texts) {
        read = value_map(ctx->arena);
        value_set(map, "text", read);
    }
    for (i = 0; i < record->form->field_count; i++) {
        const struct field *field = record->form->fields[i];
        const struct value *stored = value_get(record->values, field->key);

        value_set(map, field->key, host_field_value(ctx, field, stored));
        if (read && !field->table)
            value_set_text(read, field->key, field_human(ctx, field, stored));
    }
    return map;
}

static const char *record_form(const tn_record *handle)
{
    return handle->record->form->name;
}

static bool record_is_new(const tn_record *handle)
{
    return handle->record->before == NULL && handle->record->version <= 1;
}

static const tn_value *record_member(const tn_record *handle, const char *key)
{
    return key ? value_out(host_record_member(handle->call->ctx, handle->record,
                                              handle->record->values, key))
               : NULL;
}

static const tn_value *record_before(const tn_record *handle, const char *key)
{
    if (!key || !handle->record->before ||
        !form_field(handle->record->form, key))
        return NULL;
    return value_out(host_record_member(handle->call->ctx, handle->record,
                                        handle->record->before, key));
}

static int record_set(tn_record *handle, const char *key, const tn_value *in)
{
    struct ctx *ctx = handle->call->ctx;
    const struct field *field =
        key ? form_field(handle->record->form, key) : NULL;
    struct value *value;
    int rc;

    if (!handle->writable)
        return fail(ctx, E_FORBIDDEN, "plugin.record_fixed",
                    "a record is changed by hooks before it is saved only");
    if (!field || field->computed || (field->type->flags & FIELD_AUTOMATIC))
        return fail(ctx, E_INVALID, "plugin.no_field",
                    "%s has no field %s that could be set",
                    handle->record->form->name, key ? key : "");
    rc = field_input(&value, ctx, field, field->key,
                     host_plain(ctx, value_in(in)));
    if (!rc)
        value_set(handle->record->values, field->key, value);
    return rc;
}

const tn_host_record host_record = {
    .size = sizeof(tn_host_record),
    .form = record_form,
    .is_new = record_is_new,
    .get = record_member,
    .before = record_before,
    .set = record_set,
};

/* ---- conditions ---- */

static const char *const operators[] = {
    [TN_OP_AND] = "and",
    [TN_OP_OR] = "or",
    [TN_OP_NOT] = "not",
    [TN_OP_EQ] = "eq",
    [TN_OP_NE] = "ne",
    [TN_OP_LT] = "lt",
    [TN_OP_LE] = "le",
    [TN_OP_GT] = "gt",
    [TN_OP_GE] = "ge",
    [TN_OP_IN] = "in",
    [TN_OP_CONTAINS] = "contains",
    [TN_OP_STARTS] = "starts",
    [TN_OP_EMPTY] = "empty",
};

int host_bad_question(struct ctx *ctx)
{
    return fail(ctx, E_INVALID, "plugin.condition",
                "a condition is not made by the SDK's macros");
}

static int read_condition(struct value **out, struct ctx *ctx,
                          const tn_condition *condition, int depth)
{
    struct value *map = value_map(ctx->arena), *list, *part;
    size_t i;
    int rc = 0;

    *out = map;
    if (!condition || condition->size < sizeof *condition ||
        condition->op >= sizeof operators / sizeof *operators ||
        depth > DEPTH_MAX)
        return host_bad_question(ctx);
    if (condition->op > TN_OP_NOT) {
        if (!condition->field)
            return host_bad_question(ctx);
        part = value_map(ctx->arena);
        value_set(part, operators[condition->op],
                  host_plain(ctx, value_in(condition->value)));
        value_set(map, condition->field, part);
        return 0;
    }
    if (!condition->parts || condition->part_count == 0 ||
        condition->part_count > PARTS_MAX)
        return host_bad_question(ctx);
    list = value_list(ctx->arena);
    for (i = 0; !rc && i < condition->part_count; i++) {
        rc = read_condition(&part, ctx, condition->parts[i], depth + 1);
        if (!rc)
            value_append(list, part);
    }
    value_set(map, operators[condition->op],
              condition->op == TN_OP_NOT ? value_at(list, 0) : list);
    return rc;
}

int host_condition(struct value **out, struct ctx *ctx,
                   const tn_condition *condition)
{
    *out = NULL;
    return condition ? read_condition(out, ctx, condition, 0) : 0;
}
