/*
 * records_filter_edit.c - the filter's editor: a plain form that the browser
 * code makes comfortable.
 *
 * It sends add.field, add.op, add.value (as people write it: keys or titles of
 * options), add.to (a part: the test joins its group), edit (the test that this
 * one replaces); the answer is the list's canonical address.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/unicode.h"
#include "form/field_type.h"
#include "form/period.h"
#include "portal/records_fields.h"
#include "portal/records_filter.h"
#include "web/request.h"

enum { CHOICES_MAX = 200 };

static const char *const states[] = { "draft",    "running",  "returned",
                                      "approved", "rejected", "withdrawn" };
enum { STATES = sizeof states / sizeof states[0] };

static const struct class_name {
    int class;
    const char *name;
} classes[] = {
    { CLASS_TEXT, "text" },     { CLASS_NUMBER, "number" },
    { CLASS_DATE, "date" },     { CLASS_INSTANT, "instant" },
    { CLASS_CHOICE, "choice" }, { CLASS_LIST, "list" },
    { CLASS_ID, "id" },         { CLASS_BOOLEAN, "boolean" },
};
enum { CLASSES = sizeof classes / sizeof classes[0] };

static struct value *option(struct ctx *ctx, struct value *list,
                            const char *value, const char *label)
{
    struct value *map = value_map(ctx->arena);

    value_set_text(map, "value", value);
    value_set_text(map, "label", label);
    value_append(list, map);
    return map;
}

/* The values that a field can have, where they can be counted. */
static struct value *choices_of(struct ctx *ctx, const struct form *form,
                                const char *key)
{
    const struct field *field = form_field(form, key);
    const struct value *options =
        field ? field_property(field, "options") : NULL;
    struct value *list = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < value_count(options) && i < CHOICES_MAX; i++)
        option(ctx, list, option_key(value_at(options, i)),
               option_title(ctx, value_at(options, i)));
    if (field && strcmp(field->type->name, "boolean") == 0) {
        option(ctx, list, "true", tr(ctx, "form.yes"));
        option(ctx, list, "false", tr(ctx, "form.no"));
    }
    if (!field && strcmp(key, "state") == 0)
        for (i = 0; i < STATES; i++)
            option(ctx, list, states[i],
                   value_get_text(records_state(ctx, states[i]), "text"));
    if (field ? strcmp(field->type->name, "user") == 0
              : filter_class_of(form, key) == CLASS_ID &&
                    strcmp(key, "department") != 0)
        option(ctx, list, "me", tr(ctx, "records.me"));
    if (strcmp(field ? field->type->name : key, "department") == 0)
        option(ctx, list, "my_department", tr(ctx, "records.my_department"));
    return list;
}

/* Where people and records of a field are looked up. */
static const char *options_url(struct ctx *ctx, const struct form *form,
                               const char *key)
{
    const struct field *field = form_field(form, key);

    if (filter_class_of(form, key) != CLASS_ID)
        return NULL;
    if (!field)
        return strcmp(key, "department") == 0 ? "/portal/options/departments"
                                              : "/portal/options/users";
    if (strcmp(field->type->name, "cascade") == 0)
        return NULL;
    return arena_printf(ctx->arena, "/api/v1/forms/%s/fields/%s/options",
                        form->name, key);
}

/* ---- what was sent ---- */

static bool same(struct ctx *ctx, const char *a, const char *b)
{
    return strcmp(text_fold(ctx->arena, a), text_fold(ctx->arena, b)) == 0;
}

/* The key of what somebody wrote: an option or a period by its title. */
static const char *named(struct ctx *ctx, const struct form *form,
                         const struct filter_test *test, const char *text)
{
    const struct value *choices = choices_of(ctx, form, test->key);
    const char *period;
    size_t i;
    int n;

    for (i = 0; i < value_count(choices); i++) {
        const char *key = value_get_text(value_at(choices, i), "value");

        if (strcmp(key, text) == 0 ||
            same(ctx, value_get_text(value_at(choices, i), "label"), text))
            return key;
    }
    if (strcmp(test->op->name, "within") == 0)
        for (n = 0; (period = period_at(n)); n++)
            if (same(ctx, records_period(ctx, period), text))
                return period;
    return text;
}

/* An operator that does not fit the field becomes its first that does. */
static const struct filter_op *fitting(const struct form *form, const char *key,
                                       const char *name)
{
    const struct filter_op *op = filter_op_named(name);
    size_t i;

    for (i = 0; !op || !(op->classes & filter_class_of(form, key)); i++)
        op = filter_op_at(i);
    return op;
}

static void read_values(struct filter_test *test, struct ctx *ctx,
                        const struct form *form, const char *text)
{
    char *rest = arena_strdup(ctx->arena, text ? text : ""), *part;

    test->values =
        arena_array(ctx->arena, FILTER_VALUES + 1, sizeof *test->values);
    if (strcmp(test->op->op, "empty") == 0)
        return;
    if (strcmp(test->op->op, "in") != 0) {
        if (*rest)
            test->values[test->count++] = named(ctx, form, test, rest);
        return;
    }
    while ((part = strsep(&rest, ",")))
        if (*part && test->count < FILTER_VALUES)
            test->values[test->count++] = named(ctx, form, test, part);
    /* "is one of" with one is "is". */
    if (test->count == 1 && filter_class_of(form, test->key) != CLASS_LIST)
        test->op = filter_op_named("eq");
}

/* Whether the condition can be asked at all, as the list will ask it. */
static int try_it(struct ctx *ctx, const struct form *form,
                  const struct filter_test *test)
{
    struct filter one = { 0 };
    struct condition *where;
    int rc = filter_add(&one, ctx, form, 0, test, "add.value");

    return rc ? rc
              : record_condition(&where, ctx, form, filter_json(ctx, &one));
}

static void keep_sent(struct records_filter *filter, struct ctx *ctx,
                      const struct ctx *own)
{
    filter->edit_problem =
        own->problems ? problem_message(ctx, own->problems) : "";
}

int records_filter_add(struct records_filter *filter, struct ctx *ctx,
                       const struct request *request)
{
    const char *key = request_query(request, "add.field");
    const char *value = request_query(request, "add.value");
    const char *to = request_query(request, "add.to");
    const struct form *form = filter->form;
    struct filter_test test = { .key = key };
    struct ctx quiet = ctx_apart(ctx);
    struct filter *own;
    int64_t part;
    int rc;

    if (!key)
        return 0;
    if (!filter_key_known(form, key))
        return fail_at(ctx, E_INVALID, "add.field", "records.bad_filter",
                       "the filter %s is not known here", "add.field");
    test.op = fitting(form, key, request_query(request, "add.op"));
    read_values(&test, ctx, form, value);
    if (!test.count && strcmp(test.op->op, "empty") != 0) {
        filter->redirect = records_filter_url(ctx, filter, NULL, NULL);
        return 0;
    }
    if (try_it(&quiet, form, &test)) {
        keep_sent(filter, ctx, &quiet);
        return 0;
    }
    own = records_filter_copy(ctx, filter->own);
    if (filter->editing) {
        own->parts[filter->edit_part].tests[filter->edit_test] = test;
    } else {
        if (text_empty(to) || int_parse(&part, to, 0, (int64_t)own->count - 1))
            part = (int64_t)own->count;
        rc = filter_add(own, ctx, form, (size_t)part, &test, "add.field");
        if (rc)
            return rc;
    }
    filter->redirect = records_filter_url_of(ctx, filter, own);
    return 0;
}

/* ---- the form ---- */

static const char *class_name(const struct form *form, const char *key)
{
    int class = filter_class_of(form, key);
    size_t i;

    for (i = 0; i < CLASSES; i++)
        if (classes[i].class == class)
            return classes[i].name;
    return "text";
}

static void add_field(struct ctx *ctx, struct value *list,
                      const struct form *form, const char *key,
                      const char *chosen)
{
    const struct field *field = form_field(form, key);
    const char *url = options_url(ctx, form, key);
    struct value *map = value_map(ctx->arena);

    value_set_text(map, "key", key);
    value_set_text(map, "label", records_title(ctx, form, key));
    value_set_text(map, "type", field ? field->type->name : "text");
    value_set_text(map, "class", class_name(form, key));
    if (url)
        value_set(map, "options_url", value_url(ctx->arena, url));
    value_set(map, "options", choices_of(ctx, form, key));
    if (text_equal(key, chosen))
        value_set_bool(map, "selected", true);
    value_append(list, map);
}

static const char *op_label(struct ctx *ctx, const char *op, int class)
{
    const char *key = arena_printf(ctx->arena, "records.op.%s", op);
    const char *of_class =
        arena_printf(ctx->arena, "%s_%s", key,
                     class & (CLASS_DATE | CLASS_INSTANT) ? "day" : "number");

    if (class && class & (CLASS_DATE | CLASS_INSTANT | CLASS_NUMBER) &&
        tr_find("en", of_class))
        key = of_class;
    return tr(ctx, key);
}

static struct value *ops_of(struct ctx *ctx, const char *chosen)
{
    struct value *ops = value_list(ctx->arena);
    const struct filter_op *op;
    size_t i;

    for (i = 0; (op = filter_op_at(i)); i++) {
        struct value *map =
            option(ctx, ops, op->name, op_label(ctx, op->name, 0));

        if (text_equal(op->name, chosen))
            value_set_bool(map, "selected", true);
    }
    return ops;
}

static struct value *ops_by_class(struct ctx *ctx)
{
    struct value *by_class = value_list(ctx->arena);
    const struct filter_op *op;
    size_t i, j;

    for (j = 0; j < CLASSES; j++) {
        struct value *map = value_map(ctx->arena);
        struct value *own = value_list(ctx->arena);

        for (i = 0; (op = filter_op_at(i)); i++)
            if (op->classes & classes[j].class)
                option(ctx, own, op->name,
                       op_label(ctx, op->name, classes[j].class));
        value_set_text(map, "name", classes[j].name);
        value_set(map, "ops", own);
        value_append(by_class, map);
    }
    return by_class;
}

static struct value *periods_of(struct ctx *ctx)
{
    struct value *periods = value_list(ctx->arena);
    const char *period;
    int i;

    for (i = 0; (period = period_at(i)); i++)
        option(ctx, periods, period, records_period(ctx, period));
    return periods;
}

/* What every list has alike, in the languages that were asked for: made once,
 * and never freed. The core's texts stay as they were loaded. */
struct alike {
    const char *locale; /* as locale_known() gives it */
    struct value *ops, *classes, *periods;
};

static const struct alike *alike_in(const struct ctx *ctx)
{
    static struct alike all[4];
    const char *known = locale_known(ctx->locale);
    const char *locale = known ? known : locale_known("en");
    struct ctx own = *ctx;
    size_t i = 0;

    while (i < sizeof all / sizeof all[0] - 1 && all[i].locale &&
           all[i].locale != locale)
        i++;
    if (all[i].locale == locale)
        return &all[i];
    own.arena = arena_new(0);
    all[i] = (struct alike){ .locale = locale,
                             .ops = ops_of(&own, NULL),
                             .classes = ops_by_class(&own),
                             .periods = periods_of(&own) };
    return &all[i];
}

static void add_alike(struct ctx *ctx, struct value *list, const char *chosen)
{
    const struct alike *alike = alike_in(ctx);

    value_set(list, "filter_ops", chosen ? ops_of(ctx, chosen) : alike->ops);
    value_set(list, "filter_classes", alike->classes);
    value_set(list, "filter_periods", alike->periods);
}

/* Where a new test may go: a condition of its own, or one more of a group. */
static void add_places(struct ctx *ctx, const struct records_filter *filter,
                       struct value *editor)
{
    const struct filter *own = filter->own;
    struct value *places = value_list(ctx->arena);
    size_t i;

    if (!own->count || filter->editing)
        return;
    option(ctx, places, "",
           tr(ctx, own->any ? "records.place_or" : "records.place_and"));
    for (i = 0; i < own->count; i++) {
        struct value *args = value_map(ctx->arena);

        value_set_text(
            args, "sentence",
            records_sentence(ctx, filter->form, &own->parts[i].tests[0]));
        option(
            ctx, places, arena_printf(ctx->arena, "%zu", i),
            tr_with(ctx,
                    own->any ? "records.place_and_to" : "records.place_or_to",
                    args));
    }
    value_set(editor, "places", places);
}

static struct value *editor_of(struct ctx *ctx,
                               const struct records_filter *filter)
{
    struct value *editor = value_map(ctx->arena);
    const struct filter_test *test;
    struct filter *without;
    struct buf values;
    size_t i;

    value_set_text(editor, "title",
                   tr(ctx, filter->editing ? "records.filter_change"
                                           : "records.filter_new"));
    value_set_text(editor, "submit",
                   tr(ctx, filter->editing ? "records.filter_apply"
                                           : "records.filter_add"));
    if (filter->edit_problem) {
        value_set_text(editor, "problem", filter->edit_problem);
        value_set_bool(editor, "open", true);
    }
    add_places(ctx, filter, editor);
    if (!filter->editing)
        return editor;
    test = &filter->own->parts[filter->edit_part].tests[filter->edit_test];
    buf_init(&values, ctx->arena, 1 << 17);
    for (i = 0; i < test->count; i++)
        buf_addf(&values, "%s%s", i ? "," : "", test->values[i]);
    value_set_bool(editor, "open", true);
    value_set_text(editor, "edit",
                   arena_printf(ctx->arena, "%zu.%zu", filter->edit_part,
                                filter->edit_test));
    value_set_text(editor, "field", test->key);
    value_set_text(editor, "op", test->op->name);
    value_set_text(editor, "value", buf_text(&values));
    without = records_filter_copy(ctx, filter->own);
    records_filter_drop(without, filter->edit_part, filter->edit_test);
    value_set(
        editor, "remove_url",
        value_url(ctx->arena, records_filter_url_of(ctx, filter, without)));
    return editor;
}

void records_filter_editor(struct ctx *ctx, const struct records_filter *filter,
                           struct value *list)
{
    static const char *const system[] = { "state",      "owner",
                                          "department", "created_at",
                                          "created_by", "updated_at",
                                          "updated_by" };
    const struct form *form = filter->form;
    struct value *editor = editor_of(ctx, filter);
    const char *chosen = value_get_text(editor, "field");
    struct value *fields = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < form->field_count; i++)
        if (filter_key_known(form, form->fields[i]->key) &&
            strcmp(form->fields[i]->type->name, "file") != 0)
            add_field(ctx, fields, form, form->fields[i]->key, chosen);
    for (i = form->flow ? 0 : 1; i < sizeof system / sizeof system[0]; i++)
        add_field(ctx, fields, form, system[i], chosen);
    value_set(list, "filter_fields", fields);
    add_alike(ctx, list, value_get_text(editor, "op"));
    value_set(list, "editor", editor);
}
