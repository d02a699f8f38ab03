/*
 * records_filter.c - f.KEY.OP=VALUE in a list's address.
 *
 * Keys are looked up in the definition, operators in the table below; values
 * are converted by the field's type. Anything else is refused (S20, S21).
 */
#include "base/banned.h"

#include "portal/records_filter.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "form/field_type.h"
#include "form/reference.h"
#include "org/org.h"
#include "org/person.h"
#include "portal/records_fields.h"
#include "store/condition.h"
#include "web/request.h"

enum { FILTERS_MAX = 20, VALUE_MAX_BYTES = 800, CHOICES_MAX = 200 };

enum value_class {
    CLASS_TEXT = 1,
    CLASS_NUMBER = 2,
    CLASS_DATE = 4,
    CLASS_INSTANT = 8,
    CLASS_CHOICE = 16,
    CLASS_LIST = 32,
    CLASS_ID = 64,
    CLASS_BOOLEAN = 128,
};

#define ORDERED (CLASS_NUMBER | CLASS_DATE | CLASS_INSTANT)
#define SINGLE                                                                 \
    (CLASS_TEXT | CLASS_NUMBER | CLASS_DATE | CLASS_CHOICE | CLASS_ID)

/* An operator: its name in the address, the store's, and where it fits. */
static const struct operator
{
    const char *name, *op;
    int classes;
}
operators[] = {
    { "contains", "contains", CLASS_TEXT | CLASS_LIST },
    { "eq", "eq", SINGLE | CLASS_BOOLEAN },
    { "ne", "ne", SINGLE },
    { "starts", "starts", CLASS_TEXT },
    { "gte", "ge", ORDERED },
    { "lte", "le", ORDERED },
    { "gt", "gt", CLASS_NUMBER | CLASS_DATE },
    { "lt", "lt", CLASS_NUMBER | CLASS_DATE },
    { "in", "in", CLASS_CHOICE | CLASS_ID | CLASS_TEXT },
    { "empty", "empty", ~0 },
    { "not_empty", "empty", ~0 },
};

enum { OPERATORS = sizeof operators / sizeof operators[0] };

static int class_of(const struct form *form, const char *key)
{
    const struct field *field = form_field(form, key);
    const char *type = field ? field->type->name : NULL;

    if (!field)
        return strcmp(key, "created_at") == 0 || strcmp(key, "updated_at") == 0
                   ? CLASS_INSTANT
               : strcmp(key, "state") == 0 ? CLASS_CHOICE
                                           : CLASS_ID;
    if (strcmp(type, "boolean") == 0)
        return CLASS_BOOLEAN;
    if (field->type->flags & FIELD_NUMBER)
        return CLASS_NUMBER;
    if (field->type->flags & FIELD_LIST)
        return CLASS_LIST;
    if (strcmp(type, "date") == 0)
        return CLASS_DATE;
    if (strcmp(type, "datetime") == 0)
        return CLASS_INSTANT;
    if (strcmp(type, "choice") == 0)
        return CLASS_CHOICE;
    return strcmp(field->type->sql, "INTEGER") == 0 ? CLASS_ID : CLASS_TEXT;
}

static bool key_known(const struct form *form, const char *key)
{
    static const char *const system[] = { "owner",      "department",
                                          "state",      "created_at",
                                          "created_by", "updated_at",
                                          "updated_by" };
    const struct field *field = form_field(form, key);
    size_t i;

    if (field)
        return field->column && !field->hidden;
    for (i = 0; i < sizeof system / sizeof system[0]; i++)
        if (strcmp(system[i], key) == 0)
            return true;
    return false;
}

static const struct operator* operator_of(const char *name)
{
    size_t i;

    for (i = 0; i < OPERATORS; i++)
        if (text_equal(operators[i].name, name))
            return &operators[i];
    return NULL;
}

static int bad_filter(struct ctx *ctx, const char *name)
{
    return fail_at(ctx, E_INVALID, name, "records.bad_filter",
                   "the filter %s is not known here", name);
}

/* The day after, for "until this day" of an instant. */
static const char *next_day(struct ctx *ctx, const char *date)
{
    struct civil civil = { 0 };
    int64_t instant;

    if (!date_parse(&civil.year, &civil.month, &civil.day, date))
        return date;
    instant = civil_instant(&civil, zone_utc()) + INT64_C(86400000);
    civil_of(&civil, instant, zone_utc());
    return arena_printf(ctx->arena, "%04d-%02d-%02d", civil.year, civil.month,
                        civil.day);
}

static struct value *split_list(struct ctx *ctx, const char *text)
{
    struct value *list = value_list(ctx->arena);
    char *rest = arena_strdup(ctx->arena, text), *part;

    while ((part = strsep(&rest, ",")))
        if (*part)
            value_append(list, value_text(ctx->arena, part));
    return list;
}

/* {KEY: {op: value}} as the store's conditions have it. */
static struct value *test_json(struct ctx *ctx, const struct form *form,
                               const char *key, const struct operator* op,
                               const char *value)
{
    struct value *outer = value_map(ctx->arena);
    struct value *inner = value_map(ctx->arena);
    const char *name = op->op;

    if (strcmp(name, "empty") == 0) {
        value_set_bool(inner, "empty", strcmp(op->name, "empty") == 0);
    } else if (strcmp(name, "in") == 0) {
        value_set(inner, "in", split_list(ctx, value));
    } else if (strcmp(name, "le") == 0 &&
               class_of(form, key) == CLASS_INSTANT) {
        value_set_text(inner, "lt", next_day(ctx, value));
    } else {
        value_set_text(inner, name, value);
    }
    value_set(outer, key, inner);
    return outer;
}

/* One parameter "f.KEY.OP". */
static int read_test(struct records_filter *filter, struct ctx *ctx,
                     struct value *all, const char *name, const char *value)
{
    const char *dot = strrchr(name + 2, '.');
    const struct operator* op = dot ? operator_of(dot + 1) : NULL;
    struct value *test;
    const char *key;

    if (!op || value_count(filter->tests) >= FILTERS_MAX ||
        strlen(value) > VALUE_MAX_BYTES)
        return bad_filter(ctx, name);
    key = arena_strndup(ctx->arena, name + 2, (size_t)(dot - name - 2));
    if (!key_known(filter->form, key) ||
        !(op->classes & class_of(filter->form, key)))
        return bad_filter(ctx, name);
    test = value_map(ctx->arena);
    value_set_text(test, "name", name);
    value_set_text(test, "key", key);
    value_set_text(test, "op", op->name);
    value_set_text(test, "value", value);
    value_append(filter->tests, test);
    value_append(all, test_json(ctx, filter->form, key, op, value));
    return 0;
}

/* add.field, add.op, add.value of the editor become one parameter; an
 * operator that does not fit the field becomes its first that does. */
static int read_added(struct records_filter *filter, struct ctx *ctx,
                      const struct request *request)
{
    const char *key = request_query(request, "add.field");
    const char *op = request_query(request, "add.op");
    const char *value = request_query(request, "add.value");
    const struct operator* chosen = operator_of(op);
    size_t i;

    if (!key)
        return 0;
    if (!key_known(filter->form, key))
        return bad_filter(ctx, "add.field");
    if (text_empty(value) && !(chosen && strcmp(chosen->op, "empty") == 0)) {
        filter->redirect = records_filter_url(ctx, filter, NULL, NULL);
        return 0;
    }
    for (i = 0; i < OPERATORS &&
                (!chosen || !(chosen->classes & class_of(filter->form, key)));
         i++)
        chosen = &operators[i];
    filter->redirect = records_filter_url(
        ctx, filter, arena_printf(ctx->arena, "f.%s.%s", key, chosen->name),
        text_empty(value) ? "1" : value);
    return 0;
}

int records_filter_read(struct records_filter *out, struct ctx *ctx,
                        const struct request *request, const struct form *form,
                        const char *path)
{
    struct value *all = value_list(ctx->arena), *json;
    const char *search = request_query(request, "q");
    int rc = 0;
    size_t i;

    memset(out, 0, sizeof *out);
    out->form = form;
    out->path = path;
    out->params = value_map(ctx->arena);
    out->tests = value_list(ctx->arena);
    for (i = 0; !rc && i < value_count(request->query); i++) {
        const char *name = value_key_at(request->query, i);
        const char *value = value_as_text(value_item_at(request->query, i));

        if (text_starts(name, "f.")) {
            rc = read_test(out, ctx, all, name, value);
            if (!rc)
                value_set_text(out->params, name, value);
        } else if ((strcmp(name, "q") == 0 || strcmp(name, "sort") == 0) &&
                   *value) {
            value_set_text(out->params, name, value);
        } else if (*value && strcmp(name, "page") != 0 &&
                   strncmp(name, "add.", 4) != 0) {
            rc = bad_filter(ctx, name);
        }
    }
    if (!rc && !text_empty(search))
        out->search = search;
    if (!rc)
        rc = read_added(out, ctx, request);
    if (rc || !value_count(all))
        return rc;
    json = value_map(ctx->arena);
    value_set(json, "and", all);
    return record_condition(&out->where, ctx, form, json);
}

bool records_filter_active(const struct records_filter *filter)
{
    return filter->search || value_count(filter->tests);
}

static void add_param(struct buf *url, const char *name, const char *value)
{
    buf_add_char(url, strchr(url->data ? url->data : "", '?') ? '&' : '?');
    buf_add_url(url, name, strlen(name));
    buf_add_char(url, '=');
    buf_add_url(url, value, strlen(value));
}

const char *records_filter_url(struct ctx *ctx,
                               const struct records_filter *filter,
                               const char *name, const char *value)
{
    struct buf url;
    size_t i;

    buf_init(&url, ctx->arena, 65536);
    buf_add_text(&url, filter->path);
    for (i = 0; i < value_count(filter->params); i++) {
        const char *key = value_key_at(filter->params, i);

        if (!text_equal(key, name))
            add_param(&url, key,
                      value_as_text(value_item_at(filter->params, i)));
    }
    if (name && value)
        add_param(&url, name, value);
    return buf_text(&url);
}

/* ---- sentences ---- */

/* The value of a chip as people read it. */
static const char *human_value(struct ctx *ctx, const struct form *form,
                               const char *key, const char *text)
{
    const struct field *field = form_field(form, key);
    struct ctx quiet = *ctx;
    struct value *value = NULL;
    int64_t id;

    quiet.problems = quiet.last_problem = NULL;
    quiet.problem_count = 0;
    if (strcmp(text, "me") == 0)
        return tr(ctx, "records.me");
    if (strcmp(text, "my_department") == 0)
        return tr(ctx, "records.my_department");
    if (!field && strcmp(key, "state") == 0)
        return value_get_text(records_state(ctx, text), "text");
    if (!field && strcmp(key, "department") == 0 &&
        !int_parse(&id, text, 1, INT64_MAX))
        return department_name(ctx, id);
    if (!field && class_of(form, key) == CLASS_ID &&
        !int_parse(&id, text, 1, INT64_MAX))
        return person_name(ctx, id);
    if (!field)
        return date_parse(&(int){ 0 }, &(int){ 0 }, &(int){ 0 }, text)
                   ? date_human(ctx, text)
                   : text;
    if (field->type->flags & FIELD_LIST) {
        const struct value *option = field_option(field, text);

        return option ? option_title(ctx, option) : text;
    }
    if (strcmp(field->type->name, "datetime") == 0 &&
        date_parse(&(int){ 0 }, &(int){ 0 }, &(int){ 0 }, text))
        return date_human(ctx, text);
    if (field_input(&value, &quiet, field, key, value_text(ctx->arena, text)) ||
        value_is_empty(value))
        return text;
    return field_human(ctx, field, value);
}

static const char *human_values(struct ctx *ctx, const struct form *form,
                                const char *key, const char *op,
                                const char *text)
{
    struct buf buf;
    char *rest, *part;

    if (strcmp(op, "in") != 0)
        return human_value(ctx, form, key, text);
    buf_init(&buf, ctx->arena, 65536);
    rest = arena_strdup(ctx->arena, text);
    while ((part = strsep(&rest, ",")))
        if (*part)
            buf_addf(&buf, "%s%s", buf.length ? tr(ctx, "records.or") : "",
                     human_value(ctx, form, key, part));
    return buf_text(&buf);
}

static void add_chips(struct ctx *ctx, const struct records_filter *filter,
                      struct value *list)
{
    struct value *chips = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < value_count(filter->tests); i++) {
        const struct value *test = value_at(filter->tests, i);
        const char *key = value_get_text(test, "key");
        const char *op = value_get_text(test, "op");
        struct value *args = value_map(ctx->arena);
        struct value *chip = value_map(ctx->arena);

        value_set_text(args, "field", records_title(ctx, filter->form, key));
        value_set_text(args, "value",
                       human_values(ctx, filter->form, key, op,
                                    value_get_text(test, "value")));
        value_set_text(
            chip, "text",
            tr_with(ctx, arena_printf(ctx->arena, "records.sentence.%s", op),
                    args));
        value_set(
            chip, "remove_url",
            value_url(ctx->arena,
                      records_filter_url(ctx, filter,
                                         value_get_text(test, "name"), NULL)));
        value_append(chips, chip);
    }
    value_set(list, "chips", chips);
}

/* ---- the editor ---- */

static void add_option(struct ctx *ctx, struct value *list, const char *value,
                       const char *label)
{
    struct value *option = value_map(ctx->arena);

    value_set_text(option, "value", value);
    value_set_text(option, "label", label);
    value_append(list, option);
}

static void add_choices(struct ctx *ctx, struct value *list,
                        const struct form *form, const char *key)
{
    static const char *const states[] = { "draft",    "running",  "returned",
                                          "approved", "rejected", "withdrawn" };
    const struct field *field = form_field(form, key);
    const struct value *options =
        field ? field_property(field, "options") : NULL;
    size_t i;

    for (i = 0; i < value_count(options) && i < CHOICES_MAX; i++)
        add_option(ctx, list, option_key(value_at(options, i)),
                   option_title(ctx, value_at(options, i)));
    if (field && strcmp(field->type->name, "boolean") == 0) {
        add_option(ctx, list, "true", tr(ctx, "form.yes"));
        add_option(ctx, list, "false", tr(ctx, "form.no"));
    }
    if (!field && strcmp(key, "state") == 0)
        for (i = 0; i < sizeof states / sizeof states[0]; i++)
            add_option(ctx, list, states[i],
                       value_get_text(records_state(ctx, states[i]), "text"));
    if ((field && strcmp(field->type->name, "user") == 0) ||
        (!field &&
         (strcmp(key, "owner") == 0 || strcmp(key, "updated_by") == 0)))
        add_option(ctx, list, "me", tr(ctx, "records.me"));
    if ((field && strcmp(field->type->name, "department") == 0) ||
        (!field && strcmp(key, "department") == 0))
        add_option(ctx, list, "my_department",
                   tr(ctx, "records.my_department"));
}

static void add_filter_field(struct ctx *ctx, struct value *list,
                             const struct form *form, const char *key)
{
    const struct field *field = form_field(form, key);
    struct value *map = value_map(ctx->arena);
    struct value *ops = value_list(ctx->arena);
    struct value *options = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < OPERATORS; i++)
        if (operators[i].classes & class_of(form, key))
            add_option(ctx, ops, operators[i].name,
                       tr(ctx, arena_printf(ctx->arena, "records.op.%s",
                                            operators[i].name)));
    add_choices(ctx, options, form, key);
    value_set_text(map, "key", key);
    value_set_text(map, "label", records_title(ctx, form, key));
    value_set_text(map, "type", field ? field->type->name : "text");
    value_set(map, "ops", ops);
    value_set(map, "options", options);
    value_append(list, map);
}

static void add_editor(struct ctx *ctx, const struct records_filter *filter,
                       struct value *list)
{
    static const char *const system[] = { "state", "owner", "department",
                                          "created_at", "updated_at" };
    const struct form *form = filter->form;
    struct value *fields = value_list(ctx->arena);
    struct value *ops = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < form->field_count; i++)
        if (key_known(form, form->fields[i]->key) &&
            strcmp(form->fields[i]->type->name, "file") != 0)
            add_filter_field(ctx, fields, form, form->fields[i]->key);
    for (i = form->flow ? 0 : 1; i < sizeof system / sizeof system[0]; i++)
        add_filter_field(ctx, fields, form, system[i]);
    for (i = 0; i < OPERATORS; i++)
        add_option(ctx, ops, operators[i].name,
                   tr(ctx, arena_printf(ctx->arena, "records.op.%s",
                                        operators[i].name)));
    value_set(list, "filter_fields", fields);
    value_set(list, "filter_ops", ops);
}

void records_filter_show(struct ctx *ctx, const struct records_filter *filter,
                         struct value *list)
{
    struct value *keep = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < value_count(filter->params); i++) {
        const char *name = value_key_at(filter->params, i);
        struct value *item;

        if (strcmp(name, "q") == 0)
            continue;
        item = value_map(ctx->arena);
        value_set_text(item, "name", name);
        value_set(item, "value", value_item_at(filter->params, i));
        value_append(keep, item);
    }
    if (filter->search)
        value_set_text(list, "q", filter->search);
    value_set(list, "keep", keep);
    add_chips(ctx, filter, list);
    add_editor(ctx, filter, list);
}
