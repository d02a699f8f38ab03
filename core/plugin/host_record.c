/*
 * host_record.c - the SDK's tables `record` and `records`: the record of a
 * hook, and the records of forms.
 *
 * All goes through form/, with its grants, checks and hooks. In hooks and
 * services it is the module that asks, in pages and routes the person
 * (sdk.md, rule 10).
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

enum {
    COUNT_MAX = 1000000,
    FIND_DEFAULT = 50,
    FIND_MAX = 200,
    DEPTH_MAX = 8,
    PARTS_MAX = 100
};

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

static int bad_condition(struct ctx *ctx)
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
        return bad_condition(ctx);
    if (condition->op > TN_OP_NOT) {
        if (!condition->field)
            return bad_condition(ctx);
        part = value_map(ctx->arena);
        value_set(part, operators[condition->op],
                  host_plain(ctx, value_in(condition->value)));
        value_set(map, condition->field, part);
        return 0;
    }
    if (!condition->parts || condition->part_count == 0 ||
        condition->part_count > PARTS_MAX)
        return bad_condition(ctx);
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

/* ---- the records of forms ---- */

static int open_form(const struct form **out, struct ctx *ctx, const char *name)
{
    int rc = form_find(out, ctx, name);

    if (!rc && !(*out)->enabled)
        return fail(ctx, E_UNAVAILABLE, "plugin.form_off",
                    "the module of the form %s is switched off", name);
    return rc;
}

static int filter(struct record_query *query, struct ctx *ctx,
                  const struct form *form, const struct value *where)
{
    struct condition *condition;
    int rc;

    if (!where || value_is_null(where))
        return 0;
    rc = record_condition(&condition, ctx, form, host_plain(ctx, where));
    if (!rc)
        query->where = condition;
    return rc;
}

int host_count(int64_t *out, struct tn_ctx *call, const char *name,
               const struct value *where)
{
    struct record_query query = { 0 };
    struct call_scope scope;
    const struct form *form;
    int rc = call_enter(&scope, call);

    *out = 0;
    if (rc)
        return rc;
    rc = open_form(&form, call->ctx, name);
    if (!rc)
        rc = filter(&query, call->ctx, form, where);
    if (!rc)
        rc = record_count(out, call->ctx, form, &query, COUNT_MAX);
    call_leave(&scope, call);
    return rc;
}

static int find(struct value **out, struct ctx *ctx, const char *name,
                const struct value *where, const struct host_find *find)
{
    struct record_query query = {
        .search = text_empty(find->search) ? NULL : find->search,
        .sort = find->sort,
        .descending = find->descending,
        .limit = find->limit ? find->limit : FIND_DEFAULT,
        .offset = find->offset,
    };
    struct record **records;
    const struct form *form;
    size_t count, i;
    int rc = open_form(&form, ctx, name);

    if (rc)
        return rc;
    if (query.limit < 1 || query.limit > FIND_MAX || query.offset < 0)
        return fail(ctx, E_INVALID, "plugin.find_limit",
                    "a search gives 1 to %d records", FIND_MAX);
    if (query.sort && !record_sort_known(form, query.sort))
        return fail(ctx, E_INVALID, "plugin.find_sort",
                    "%s can't be sorted by %s", name, query.sort);
    if (!query.sort) {
        query.sort = "created_at";
        query.descending = true;
    }
    rc = filter(&query, ctx, form, where);
    if (!rc)
        rc = record_list(&records, &count, ctx, form, &query);
    for (i = 0; !rc && i < count; i++)
        value_append(*out, host_record_map(ctx, records[i], find->texts));
    return rc;
}

int host_find(struct value **out, struct tn_ctx *call, const char *name,
              const struct value *where, const struct host_find *wanted)
{
    struct call_scope scope;
    int rc = call_enter(&scope, call);

    *out = value_list(call->ctx->arena);
    if (rc)
        return rc;
    rc = find(out, call->ctx, name, where, wanted);
    call_leave(&scope, call);
    return rc;
}

static int records_count(int64_t *out, tn_ctx *call, const char *form,
                         const tn_condition *where)
{
    struct value *json;
    int rc = host_condition(&json, call->ctx, where);

    *out = 0;
    return rc ? rc : host_count(out, call, form, json);
}

static int records_find(const tn_value **out, tn_ctx *call, const char *form,
                        const tn_find *wanted)
{
    struct host_find options;
    struct value *json, *list;
    int rc;

    *out = NULL;
    if (!wanted || wanted->size < sizeof *wanted)
        return bad_condition(call->ctx);
    options =
        (struct host_find){ wanted->limit, wanted->offset, wanted->descending,
                            wanted->texts, wanted->sort,   wanted->search };
    rc = host_condition(&json, call->ctx, wanted->where);
    if (!rc)
        rc = host_find(&list, call, form, json, &options);
    if (!rc)
        *out = value_out(list);
    return rc;
}

static int records_get(const tn_value **out, tn_ctx *call, const char *name,
                       int64_t id)
{
    struct call_scope scope;
    const struct form *form;
    struct record *record;
    int rc = call_enter(&scope, call);

    *out = NULL;
    if (rc)
        return rc;
    rc = open_form(&form, call->ctx, name);
    if (!rc)
        rc = record_get(&record, call->ctx, form, id);
    call_leave(&scope, call);
    if (!rc)
        *out = value_out(host_record_map(call->ctx, record, false));
    return rc;
}

/* Before-hooks may run twice for one save: they write nothing. */
static int may_write(struct tn_ctx *call)
{
    return call->reading ? fail(call->ctx, E_FORBIDDEN, "plugin.reading",
                                "a hook before a change writes no records")
                         : 0;
}

static int records_create(int64_t *id, tn_ctx *call, const char *name,
                          const tn_value *values)
{
    struct call_scope scope;
    const struct form *form;
    struct record *record;
    int rc = may_write(call);

    *id = 0;
    if (!rc)
        rc = call_enter(&scope, call);
    if (rc)
        return rc;
    rc = open_form(&form, call->ctx, name);
    if (!rc)
        rc = record_create(&record, call->ctx, form,
                           host_plain(call->ctx, value_in(values)), NULL);
    call_leave(&scope, call);
    if (!rc)
        *id = record->id;
    return rc;
}

static int records_update(tn_ctx *call, const char *name, int64_t id,
                          int64_t version, const tn_value *values)
{
    struct call_scope scope;
    const struct form *form;
    int rc = may_write(call);

    if (!rc && version <= 0)
        rc = fail(call->ctx, E_INVALID, "plugin.no_version",
                  "a change needs the version that was read");
    if (!rc)
        rc = call_enter(&scope, call);
    if (rc)
        return rc;
    rc = open_form(&form, call->ctx, name);
    if (!rc)
        rc = record_update(NULL, call->ctx, form, id, version,
                           host_plain(call->ctx, value_in(values)));
    call_leave(&scope, call);
    return rc;
}

const tn_host_records host_records = {
    .size = sizeof(tn_host_records),
    .count = records_count,
    .find = records_find,
    .get = records_get,
    .create = records_create,
    .update = records_update,
    .may = host_may,
};
