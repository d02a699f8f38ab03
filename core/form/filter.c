/*
 * filter.c - a list's filter: operators, tests, groups; to and from JSON.
 *
 * Says what can be asked and in which shape; what a value means the store's
 * condition says (record_filter.c), when it is read.
 */
#include "base/banned.h"

#include "form/filter.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "form/field_type.h"
#include "form/period.h"

enum { VALUE_MAX_BYTES = 800 };

#define ORDERED (CLASS_NUMBER | CLASS_DATE | CLASS_INSTANT)
#define SINGLE                                                                 \
    (CLASS_TEXT | CLASS_NUMBER | CLASS_DATE | CLASS_CHOICE | CLASS_ID)

static const struct filter_op operators[] = {
    { "contains", "contains", CLASS_TEXT | CLASS_LIST },
    { "eq", "eq", SINGLE | CLASS_BOOLEAN },
    { "ne", "ne", SINGLE },
    { "starts", "starts", CLASS_TEXT },
    { "within", "within", CLASS_DATE | CLASS_INSTANT },
    { "gte", "ge", ORDERED },
    { "lte", "le", ORDERED },
    { "gt", "gt", ORDERED },
    { "lt", "lt", ORDERED },
    { "in", "in", CLASS_CHOICE | CLASS_ID | CLASS_TEXT | CLASS_LIST },
    { "empty", "empty", ~0 },
    { "not_empty", "empty", ~0 },
};

enum { OPERATORS = sizeof operators / sizeof operators[0] };

const struct filter_op *filter_op_at(size_t index)
{
    return index < OPERATORS ? &operators[index] : NULL;
}

const struct filter_op *filter_op_named(const char *name)
{
    size_t i;

    for (i = 0; i < OPERATORS; i++)
        if (text_equal(operators[i].name, name))
            return &operators[i];
    return NULL;
}

/* ---- names ---- */

int filter_class_of(const struct form *form, const char *key)
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

bool filter_key_known(const struct form *form, const char *key)
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

/* ---- tests ---- */

static bool value_fits(const struct form *form, const struct filter_test *test,
                       const char *value)
{
    struct period period;

    if (strlen(value) > VALUE_MAX_BYTES)
        return false;
    if (strcmp(test->op->name, "within") == 0)
        return period_read(&period, &(struct ctx){ 0 }, value);
    if (*value == '\0')
        return false;
    if (filter_class_of(form, test->key) == CLASS_CHOICE &&
        form_field(form, test->key))
        return field_option(form_field(form, test->key), value) != NULL;
    return true;
}

/* What is wrong with a test, in words for who wrote it; NULL: nothing. */
static const char *test_wrong(struct ctx *ctx, const struct form *form,
                              const struct filter_test *test)
{
    bool valueless = strcmp(test->op->op, "empty") == 0;
    size_t i;

    if (!filter_key_known(form, test->key))
        return arena_printf(ctx->arena, "there is no field %s to filter by",
                            test->key);
    if (!(test->op->classes & filter_class_of(form, test->key)))
        return arena_printf(ctx->arena, "the field %s has no filter %s",
                            test->key, test->op->name);
    if (valueless ? test->count > 1
                  : test->count < 1 || test->count > FILTER_VALUES ||
                        (test->count > 1 && strcmp(test->op->op, "in") != 0))
        return arena_printf(ctx->arena, "the filter of %s needs a value",
                            test->key);
    for (i = 0; !valueless && i < test->count; i++)
        if (!value_fits(form, test, test->values[i]))
            return arena_printf(ctx->arena,
                                "\"%s\" is no value to filter %s by",
                                test->values[i], test->key);
    return NULL;
}

static int add_test(struct filter *filter, struct ctx *ctx, size_t part,
                    const struct filter_test *test)
{
    struct filter_part *to;

    if (part >= FILTER_PARTS || filter->tests == FILTER_TESTS)
        return fail(ctx, E_LIMIT, "form.filter_size",
                    "a filter has at most %d conditions", FILTER_TESTS);
    to = &filter->parts[part];
    if (part == filter->count)
        filter->count++;
    to->tests = arena_grow(ctx->arena, to->tests, to->count * sizeof *test,
                           (to->count + 1) * sizeof *test);
    to->tests[to->count++] = *test;
    filter->tests++;
    return 0;
}

int filter_add(struct filter *filter, struct ctx *ctx, const struct form *form,
               size_t part, const struct filter_test *test, const char *where)
{
    const char *wrong = test_wrong(ctx, form, test);

    if (wrong)
        return fail_at(ctx, E_INVALID, where, "form.filter_wrong", "%s: %s",
                       where, wrong);
    return add_test(filter, ctx, part, test);
}

/* ---- reading JSON ---- */

struct reader {
    struct ctx *ctx;
    const struct form *form;
    struct filter *filter;
};

/* A value as a text; NULL where it is none that a filter can have. */
static const char *value_text_of(struct ctx *ctx, const struct value *value)
{
    switch (value_kind(value)) {
    case VALUE_STRING:
        return value_as_text(value);
    case VALUE_BOOL:
        return value_as_bool(value) ? "true" : "false";
    case VALUE_INT:
        return arena_printf(ctx->arena, "%lld",
                            (long long)value_as_int(value, 0));
    case VALUE_DOUBLE:
        return arena_printf(ctx->arena, "%.15g", value_as_double(value, 0));
    default:
        return NULL;
    }
}

/* The operator of a condition's name; "empty" by its value. */
static const struct filter_op *op_of(const char *name,
                                     const struct value *value)
{
    size_t i;

    if (strcmp(name, "empty") == 0)
        return filter_op_named(value_kind(value) == VALUE_BOOL &&
                                       !value_as_bool(value)
                                   ? "not_empty"
                                   : "empty");
    for (i = 0; i < OPERATORS; i++)
        if (strcmp(operators[i].op, name) == 0)
            return &operators[i];
    return NULL;
}

static int read_test(struct reader *reader, size_t part, const char *key,
                     const char *name, const struct value *value,
                     const char *pointer)
{
    struct ctx *ctx = reader->ctx;
    size_t count = value_kind(value) == VALUE_LIST ? value_count(value) : 1, i;
    struct filter_test test = { .key = key, .op = op_of(name, value) };
    const char *wrong;

    if (!test.op)
        return definition_error(ctx, pointer, "there is no filter %s", name);
    test.values = arena_array(ctx->arena, count + 1, sizeof *test.values);
    for (i = 0; i < count && strcmp(test.op->op, "empty") != 0; i++) {
        const char *text = value_text_of(
            ctx, value_kind(value) == VALUE_LIST ? value_at(value, i) : value);

        if (!text)
            return definition_error(ctx, pointer,
                                    "expected a text, number or yes or no, or"
                                    " for \"in\" a list of them");
        test.values[test.count++] = text;
    }
    wrong = test_wrong(ctx, reader->form, &test);
    if (wrong)
        return definition_error(ctx, pointer, "%s", wrong);
    return add_test(reader->filter, ctx, part, &test);
}

static const char *below(struct ctx *ctx, const char *pointer, const char *name)
{
    return arena_printf(ctx->arena, "%s/%s", pointer, name);
}

/* KEY: VALUE, KEY: [VALUES] or KEY: {OP: VALUE, …}. Where the tests stand
 * alone each is a part of its own. */
static int read_field(struct reader *reader, bool alone, size_t part,
                      const char *key, const struct value *json,
                      const char *pointer)
{
    size_t i;
    int rc = 0;

    if (value_kind(json) != VALUE_MAP)
        return read_test(reader, alone ? reader->filter->count : part, key,
                         value_kind(json) == VALUE_LIST ? "in" : "eq", json,
                         pointer);
    if (!value_count(json))
        return definition_error(reader->ctx, pointer, "expected an operator");
    for (i = 0; !rc && i < value_count(json); i++)
        rc = read_test(reader, alone ? reader->filter->count : part, key,
                       value_key_at(json, i), value_item_at(json, i),
                       below(reader->ctx, pointer, value_key_at(json, i)));
    return rc;
}

/* The tests of a group; `inner` is how they may be joined once more. */
static int read_group(struct reader *reader, size_t part, const char *inner,
                      const struct value *json, const char *pointer)
{
    size_t i;
    int rc = 0;

    if (value_kind(json) != VALUE_MAP || !value_count(json))
        return definition_error(reader->ctx, pointer,
                                "expected a field with its filter");
    for (i = 0; !rc && i < value_count(json); i++) {
        const char *key = value_key_at(json, i);
        const struct value *item = value_item_at(json, i);
        const char *here = below(reader->ctx, pointer, key);
        size_t j;

        if (inner && strcmp(key, inner) == 0 &&
            value_kind(item) == VALUE_LIST && value_count(item)) {
            for (j = 0; !rc && j < value_count(item); j++)
                rc = read_group(
                    reader, part, NULL, value_at(item, j),
                    arena_printf(reader->ctx->arena, "%s/%zu", here, j));
        } else if (strcmp(key, "and") == 0 || strcmp(key, "or") == 0 ||
                   strcmp(key, "not") == 0) {
            rc = definition_error(reader->ctx, here,
                                  "filters of lists have groups one level"
                                  " deep: \"or\" in \"and\", or \"and\" in"
                                  " \"or\"");
        } else {
            rc = read_field(reader, false, part, key, item, here);
        }
    }
    return rc;
}

/* One member of an "or" that is a group of "all" must be a single test. */
static int read_or(struct reader *reader, const struct value *list,
                   const char *pointer)
{
    struct filter *filter = reader->filter;
    size_t part = filter->count, i;
    int rc = 0;

    if (value_kind(list) != VALUE_LIST || !value_count(list))
        return definition_error(reader->ctx, pointer, "expected a list");
    for (i = 0; !rc && i < value_count(list); i++) {
        const char *here =
            arena_printf(reader->ctx->arena, "%s/%zu", pointer, i);
        size_t before = filter->tests;

        rc = read_group(reader, filter->any ? filter->count : part,
                        filter->any ? "and" : NULL, value_at(list, i), here);
        if (!rc && !filter->any && filter->tests != before + 1)
            rc = definition_error(reader->ctx, here,
                                  "expected one field with one filter");
    }
    return rc;
}

static int read_all(struct reader *reader, const struct value *json,
                    const char *pointer)
{
    size_t i, j;
    int rc = 0;

    if (value_kind(json) != VALUE_MAP)
        return definition_error(reader->ctx, pointer,
                                "expected a map of fields and filters");
    for (i = 0; !rc && i < value_count(json); i++) {
        const char *key = value_key_at(json, i);
        const struct value *item = value_item_at(json, i);
        const char *here = below(reader->ctx, pointer, key);

        if (strcmp(key, "or") == 0) {
            rc = read_or(reader, item, here);
        } else if (strcmp(key, "and") == 0) {
            if (value_kind(item) != VALUE_LIST)
                return definition_error(reader->ctx, here, "expected a list");
            for (j = 0; !rc && j < value_count(item); j++)
                rc = read_all(
                    reader, value_at(item, j),
                    arena_printf(reader->ctx->arena, "%s/%zu", here, j));
        } else if (strcmp(key, "not") == 0) {
            rc = definition_error(reader->ctx, here,
                                  "filters of lists have no \"not\"");
        } else {
            rc = read_field(reader, true, 0, key, item, here);
        }
    }
    return rc;
}

int filter_read(struct filter **out, struct ctx *ctx, const struct form *form,
                const struct value *json, const char *pointer)
{
    struct reader reader = { ctx, form, NULL };

    reader.filter = *out = arena_alloc(ctx->arena, sizeof **out);
    if (value_is_null(json))
        return 0;
    if (value_kind(json) == VALUE_MAP && value_count(json) == 1 &&
        value_get(json, "or")) {
        (*out)->any = true;
        return read_or(&reader, value_get(json, "or"),
                       below(ctx, pointer, "or"));
    }
    return read_all(&reader, json, pointer);
}

/* ---- writing JSON ---- */

static struct value *test_json(struct ctx *ctx, const struct filter_test *test)
{
    struct value *outer = value_map(ctx->arena);
    struct value *inner = value_map(ctx->arena);
    const char *op = test->op->op;
    size_t i;

    if (strcmp(op, "empty") == 0) {
        value_set_bool(inner, op, strcmp(test->op->name, "empty") == 0);
    } else if (strcmp(op, "in") == 0) {
        struct value *list = value_list(ctx->arena);

        for (i = 0; i < test->count; i++)
            value_append(list, value_text(ctx->arena, test->values[i]));
        value_set(inner, op, list);
    } else {
        value_set_text(inner, op, test->values[0]);
    }
    value_set(outer, test->key, inner);
    return outer;
}

struct value *filter_json(struct ctx *ctx, const struct filter *filter)
{
    struct value *map = value_map(ctx->arena);
    struct value *parts = value_list(ctx->arena);
    size_t i, j;

    if (!filter->count)
        return NULL;
    for (i = 0; i < filter->count; i++) {
        const struct filter_part *part = &filter->parts[i];
        struct value *tests = value_list(ctx->arena);
        struct value *group = value_map(ctx->arena);

        for (j = 0; j < part->count; j++)
            value_append(tests, test_json(ctx, &part->tests[j]));
        if (part->count == 1) {
            value_append(parts, value_at(tests, 0));
            continue;
        }
        value_set(group, filter->any ? "and" : "or", tests);
        value_append(parts, group);
    }
    value_set(map, filter->any ? "or" : "and", parts);
    return map;
}
