/*
 * condition.c - filters as trees, compiled to SQL with bound values.
 *
 * Not one byte of the filter's own text gets into the SQL (S20): operators
 * are rows of a table, columns come from the caller's resolver, values are
 * bound. Depth and number of tests are bounded, so that a filter from outside
 * cannot make the parser or the database walk for long.
 */
#include "base/banned.h"

#include "store/condition.h"

#include <assert.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "store/dialect.h"

enum { DEPTH_MAX = 8, TESTS_MAX = 100, LIST_MAX = 500 };

/* What "contains" looks for; connection.c limits patterns to 1000 bytes. */
enum { TEXT_PART_MAX = 490 };

/* ---- parsing ---- */

struct parser {
    struct ctx *ctx;
    int tests;
};

static int parse(struct condition **out, struct parser *parser,
                 const struct value *json, int depth);

static struct condition *new_condition(struct parser *parser,
                                       enum condition_kind kind, size_t parts)
{
    struct arena *arena = parser->ctx->arena;
    struct condition *condition = arena_alloc(arena, sizeof *condition);

    condition->kind = kind;
    if (parts)
        condition->parts = arena_array(arena, parts, sizeof *condition->parts);
    return condition;
}

static int too_many(struct parser *parser)
{
    return fail(parser->ctx, E_LIMIT, "store.condition_size",
                "a filter has at most %d parts", TESTS_MAX);
}

static int empty(struct parser *parser)
{
    return fail(parser->ctx, E_INVALID, "store.condition_empty",
                "a filter is an object of fields, each with an operator and "
                "a value");
}

/* One test: field, operator, value. */
static int parse_test(struct condition **out, struct parser *parser,
                      const char *field, const char *op,
                      const struct value *value)
{
    struct condition *test;

    if (++parser->tests > TESTS_MAX)
        return too_many(parser);
    if (value_count(value) > LIST_MAX)
        return too_many(parser);
    test = new_condition(parser, CONDITION_TEST, 0);
    test->field = arena_strdup(parser->ctx->arena, field);
    test->op = arena_strdup(parser->ctx->arena, op);
    test->value = value_copy(parser->ctx->arena, value);
    *out = test;
    return 0;
}

/* {"op": value, …} of a field, or the value itself. */
static int parse_field(struct condition **out, struct parser *parser,
                       const char *field, const struct value *json)
{
    struct condition *all;
    size_t i, count = value_count(json);
    int rc = 0;

    if (value_kind(json) == VALUE_LIST)
        return parse_test(out, parser, field, "in", json);
    if (value_kind(json) != VALUE_MAP)
        return parse_test(out, parser, field, "eq", json);
    if (count == 0)
        return empty(parser);
    if (count > TESTS_MAX)
        return too_many(parser);
    if (count == 1)
        return parse_test(out, parser, field, value_key_at(json, 0),
                          value_item_at(json, 0));
    all = new_condition(parser, CONDITION_AND, count);
    for (i = 0; i < count && !rc; i++)
        rc = parse_test(&all->parts[all->part_count++], parser, field,
                        value_key_at(json, i), value_item_at(json, i));
    *out = all;
    return rc;
}

static int parse_group(struct condition **out, struct parser *parser,
                       enum condition_kind kind, const struct value *list,
                       int depth)
{
    struct condition *group;
    size_t i, count = value_count(list);
    int rc = 0;

    if (value_kind(list) != VALUE_LIST || count == 0)
        return empty(parser);
    if (count > TESTS_MAX)
        return too_many(parser);
    group = new_condition(parser, kind, count);
    for (i = 0; i < count && !rc; i++)
        rc = parse(&group->parts[group->part_count++], parser,
                   value_at(list, i), depth + 1);
    *out = group;
    return rc;
}

static int parse_key(struct condition **out, struct parser *parser,
                     const char *key, const struct value *item, int depth)
{
    struct condition * not ;

    if (strcmp(key, "and") == 0)
        return parse_group(out, parser, CONDITION_AND, item, depth);
    if (strcmp(key, "or") == 0)
        return parse_group(out, parser, CONDITION_OR, item, depth);
    if (strcmp(key, "not") != 0)
        return parse_field(out, parser, key, item);
    not = new_condition(parser, CONDITION_NOT, 1);
    not ->part_count = 1;
    *out = not ;
    return parse(&not ->parts[0], parser, item, depth + 1);
}

static int parse(struct condition **out, struct parser *parser,
                 const struct value *json, int depth)
{
    struct condition *all;
    size_t i, count = value_count(json);
    int rc = 0;

    if (depth > DEPTH_MAX)
        return fail(parser->ctx, E_LIMIT, "store.condition_depth",
                    "a filter is nested at most %d deep", DEPTH_MAX);
    if (value_kind(json) != VALUE_MAP || count == 0)
        return empty(parser);
    if (count > TESTS_MAX)
        return too_many(parser);
    if (count == 1)
        return parse_key(out, parser, value_key_at(json, 0),
                         value_item_at(json, 0), depth);
    all = new_condition(parser, CONDITION_AND, count);
    for (i = 0; i < count && !rc; i++)
        rc = parse_key(&all->parts[all->part_count++], parser,
                       value_key_at(json, i), value_item_at(json, i), depth);
    *out = all;
    return rc;
}

int condition_parse(struct condition **out, struct ctx *ctx,
                    const struct value *json)
{
    struct parser parser = { .ctx = ctx };

    *out = NULL;
    return parse(out, &parser, json, 1);
}

struct value *condition_json(struct ctx *ctx, const struct condition *condition)
{
    struct value *map = value_map(ctx->arena), *inner;
    size_t i;

    if (condition->kind == CONDITION_TEST) {
        inner = value_map(ctx->arena);
        value_set(inner, condition->op,
                  value_copy(ctx->arena, condition->value));
        value_set(map, condition->field, inner);
        return map;
    }
    if (condition->kind == CONDITION_NOT) {
        value_set(map, "not", condition_json(ctx, condition->parts[0]));
        return map;
    }
    inner = value_list(ctx->arena);
    for (i = 0; i < condition->part_count; i++)
        value_append(inner, condition_json(ctx, condition->parts[i]));
    value_set(map, condition->kind == CONDITION_AND ? "and" : "or", inner);
    return map;
}

/* ---- SQL ---- */

struct compiler {
    struct buf *sql;
    struct vector *values;
    struct ctx *ctx;
    condition_resolver resolve;
    void *payload;
    int depth;
};

struct operator;
typedef int (*operator_write)(struct compiler *compiler,
                              const struct condition *test,
                              const struct condition_column *column,
                              const struct operator* op);

struct operator
{
    const char *name;
    const char *sql; /* between column and parameter */
    bool text, list; /* for columns of these kinds */
    bool scalar;     /* for the others */
    operator_write write;
};

static int bad_value(struct compiler *compiler, const struct condition *test)
{
    return fail_at(compiler->ctx, E_INVALID, test->field,
                   "store.condition_value",
                   "the filter's value does not fit the field %s", test->field);
}

static void add_value(struct compiler *compiler, struct value *value)
{
    vector_add(compiler->values, value);
}

static int convert_by(struct value **out, struct compiler *compiler,
                      const struct condition *test,
                      const struct condition_column *column,
                      condition_convert call, const struct value *in)
{
    int rc = 0;

    *out = (struct value *)in;
    if (value_is_null(in))
        return 0;
    if (call)
        rc = call(out, compiler->ctx, column->payload, in);
    if (rc)
        return rc;
    switch (value_kind(*out)) {
    case VALUE_LIST:
    case VALUE_MAP:
        return bad_value(compiler, test);
    default:
        return 0;
    }
}

/* The stored form of a filter's value. */
static int convert(struct value **out, struct compiler *compiler,
                   const struct condition *test,
                   const struct condition_column *column,
                   const struct value *in)
{
    return convert_by(out, compiler, test, column, column->convert, in);
}

/* The same where it ends a range. */
static int convert_end(struct value **out, struct compiler *compiler,
                       const struct condition *test,
                       const struct condition_column *column,
                       const struct value *in)
{
    return convert_by(
        out, compiler, test, column,
        column->convert_end ? column->convert_end : column->convert, in);
}

/* A list of strings as JSON: does it hold the parameter? */
static void add_member_test(struct compiler *compiler,
                            const struct condition_column *column,
                            struct value *value)
{
    struct ctx *ctx = compiler->ctx;

    /* sql: names from the definition */
    buf_addf(compiler->sql, "EXISTS (SELECT 1 FROM %s AS j WHERE j.value = ?)",
             db_json_items(ctx, arena_printf(ctx->arena, "coalesce(%s, '[]')",
                                             column->sql)));
    add_value(compiler, value);
}

static int write_equal(struct compiler *compiler, const struct condition *test,
                       const struct condition_column *column,
                       const struct operator* op)
{
    struct value *value;
    int rc = convert(&value, compiler, test, column, test->value);
    bool equal = strcmp(op->name, "eq") == 0;

    if (rc)
        return rc;
    if (column->list && !value_is_null(value)) {
        if (!equal)
            buf_add_text(compiler->sql, "NOT ");
        add_member_test(compiler, column, value);
        return 0;
    }
    buf_add_text(compiler->sql, column->sql);
    if (value_is_null(value)) {
        buf_add_text(compiler->sql, equal ? " IS NULL" : " IS NOT NULL");
    } else {
        /* `=` where it says the same, so that an index serves it. */
        buf_add_text(compiler->sql, equal ? " = ?" : " IS DISTINCT FROM ?");
        add_value(compiler, value);
    }
    return 0;
}

static int write_compare(struct compiler *compiler,
                         const struct condition *test,
                         const struct condition_column *column,
                         const struct operator* op)
{
    bool end = strcmp(op->name, "le") == 0 || strcmp(op->name, "gt") == 0;
    struct value *value;
    int rc = end ? convert_end(&value, compiler, test, column, test->value)
                 : convert(&value, compiler, test, column, test->value);

    if (rc)
        return rc;
    if (value_is_null(value))
        return bad_value(compiler, test);
    buf_add_text(compiler->sql, column->sql);
    buf_add_text(compiler->sql, op->sql);
    add_value(compiler, value);
    return 0;
}

static int write_between(struct compiler *compiler,
                         const struct condition *test,
                         const struct condition_column *column,
                         const struct operator* op)
{
    struct value *ends[2];
    int i, rc;

    (void)op;
    if (value_kind(test->value) != VALUE_LIST || value_count(test->value) != 2)
        return bad_value(compiler, test);
    for (i = 0; i < 2; i++) {
        rc = (i ? convert_end : convert)(&ends[i], compiler, test, column,
                                         value_at(test->value, (size_t)i));
        if (rc)
            return rc;
        if (value_is_null(ends[i]))
            return bad_value(compiler, test);
    }
    buf_add_text(compiler->sql, column->sql);
    buf_add_text(compiler->sql, " BETWEEN ? AND ?");
    add_value(compiler, ends[0]);
    add_value(compiler, ends[1]);
    return 0;
}

static int write_within(struct compiler *compiler, const struct condition *test,
                        const struct condition_column *column,
                        const struct operator* op)
{
    struct value *ends[2];
    int rc;

    (void)op;
    if (!column->period)
        return fail_at(compiler->ctx, E_INVALID, test->field,
                       "store.condition_op", "the field %s has no filter %s",
                       test->field, test->op);
    if (!value_as_text(test->value))
        return bad_value(compiler, test);
    rc = column->period(ends, compiler->ctx, column->payload, test->value);
    if (rc)
        return rc;
    buf_add_char(compiler->sql, '(');
    buf_add_text(compiler->sql, column->sql);
    buf_add_text(compiler->sql, " >= ? AND ");
    buf_add_text(compiler->sql, column->sql);
    buf_add_text(compiler->sql, " < ?)");
    add_value(compiler, ends[0]);
    add_value(compiler, ends[1]);
    return 0;
}

/* A null among the values means "or empty". */
static int write_in(struct compiler *compiler, const struct condition *test,
                    const struct condition_column *column,
                    const struct operator* op)
{
    size_t i, count = value_count(test->value), bound = 0;
    bool null = false;

    (void)op;
    if (value_kind(test->value) != VALUE_LIST || count == 0)
        return bad_value(compiler, test);
    buf_add_char(compiler->sql, '(');
    for (i = 0; i < count; i++) {
        struct value *value;
        int rc =
            convert(&value, compiler, test, column, value_at(test->value, i));

        if (rc)
            return rc;
        if (value_is_null(value)) {
            null = true;
            continue;
        }
        if (column->list) {
            buf_add_text(compiler->sql, bound ? " OR " : "");
            add_member_test(compiler, column, value);
        } else {
            if (!bound)
                buf_add_text(compiler->sql, column->sql);
            buf_add_text(compiler->sql, bound ? ",?" : " IN (?");
            add_value(compiler, value);
        }
        bound++;
    }
    if (bound && !column->list)
        buf_add_char(compiler->sql, ')');
    if (null) {
        buf_add_text(compiler->sql, bound ? " OR " : "");
        buf_add_text(compiler->sql, column->sql);
        buf_add_text(compiler->sql, " IS NULL");
    }
    buf_add_char(compiler->sql, ')');
    return 0;
}

const char *like_pattern(struct arena *arena, struct str text, bool anywhere)
{
    struct buf buf;
    size_t i;

    buf_init(&buf, arena, text.length * 2 + 3);
    if (anywhere)
        buf_add_char(&buf, '%');
    for (i = 0; i < text.length; i++) {
        char c = text.data[i];

        if (c == '%' || c == '_' || c == '\\')
            buf_add_char(&buf, '\\');
        buf_add_char(&buf, c);
    }
    buf_add_char(&buf, '%');
    return buf_text(&buf);
}

/* As lower() of both stores: ASCII alone. */
static const char *ascii_lower(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text), *c;

    for (c = copy; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c += 'a' - 'A';
    return copy;
}

/* LIKE looks at each byte as it is, on every store; letters of ASCII shall be
 * alike, so both sides are written small. */
static int write_like(struct compiler *compiler, const struct condition *test,
                      const struct condition_column *column,
                      const struct operator* op)
{
    struct arena *arena = compiler->ctx->arena;
    bool anywhere = strcmp(op->name, "contains") == 0;
    struct value *value;
    struct str text;
    int rc;

    if (column->list)
        return write_equal(compiler, test, column,
                           &(const struct operator){ .name = "eq" });
    if (!value_as_text(test->value) || value_is_empty(test->value))
        return bad_value(compiler, test);
    /* A convert of a text column folds or cleans; one that refuses part of a
     * text (a date) belongs to a column without `text`. */
    rc = convert(&value, compiler, test, column, test->value);
    if (rc)
        return rc;
    text = value_as_str(value);
    if (!value_as_text(value) || text.length > TEXT_PART_MAX)
        return bad_value(compiler, test);
    buf_addf(compiler->sql, "lower(%s) LIKE ? ESCAPE '\\'", column->sql);
    add_value(compiler,
              value_text(arena, ascii_lower(arena, like_pattern(arena, text,
                                                                anywhere))));
    return 0;
}

static int write_empty(struct compiler *compiler, const struct condition *test,
                       const struct condition_column *column,
                       const struct operator* op)
{
    bool wanted = true;

    (void)op;
    if (value_kind(test->value) == VALUE_BOOL)
        wanted = value_as_bool(test->value);
    else if (!value_is_null(test->value))
        return bad_value(compiler, test);
    if (!wanted)
        buf_add_text(compiler->sql, "NOT ");
    buf_add_char(compiler->sql, '(');
    buf_add_text(compiler->sql, column->sql);
    buf_add_text(compiler->sql, " IS NULL");
    if (column->text || column->list) {
        buf_add_text(compiler->sql, " OR ");
        buf_add_text(compiler->sql, column->sql);
        buf_add_text(compiler->sql, column->list ? " = '[]'" : " = ''");
    }
    buf_add_char(compiler->sql, ')');
    return 0;
}

static const struct operator operators[] = {
    /* name        sql      text   list   scalar write */
    { "eq", NULL, true, true, true, write_equal },
    { "ne", NULL, true, true, true, write_equal },
    { "lt", " < ?", true, false, true, write_compare },
    { "le", " <= ?", true, false, true, write_compare },
    { "gt", " > ?", true, false, true, write_compare },
    { "ge", " >= ?", true, false, true, write_compare },
    { "between", NULL, true, false, true, write_between },
    { "within", NULL, true, false, true, write_within },
    { "in", NULL, true, true, true, write_in },
    { "contains", NULL, true, true, false, write_like },
    { "starts", NULL, true, false, false, write_like },
    { "empty", NULL, true, true, true, write_empty },
};

static int write_test(struct compiler *compiler, const struct condition *test)
{
    struct condition_column column = { 0 };
    size_t i;
    int rc;

    rc = compiler->resolve(&column, compiler->ctx, compiler->payload,
                           test->field);
    if (rc == E_NOT_FOUND || (!rc && !column.sql))
        return fail(compiler->ctx, E_INVALID, "store.condition_field",
                    "there is no field %s to filter by", test->field);
    if (rc)
        return rc;
    for (i = 0; i < sizeof operators / sizeof *operators; i++) {
        const struct operator* op = & operators[i];

        if (strcmp(op->name, test->op) != 0)
            continue;
        if (column.list ? !op->list : column.text ? !op->text : !op->scalar)
            break;
        return op->write(compiler, test, &column, op);
    }
    return fail_at(compiler->ctx, E_INVALID, test->field, "store.condition_op",
                   "the field %s has no filter %s", test->field, test->op);
}

static int write_condition(struct compiler *compiler,
                           const struct condition *condition)
{
    size_t i;
    int rc = 0;

    /* A tree made in C may be deeper than a parsed one, not endless. */
    if (++compiler->depth > 4 * DEPTH_MAX)
        return fail(compiler->ctx, E_LIMIT, "store.condition_depth",
                    "a filter is nested too deeply");
    if (condition->kind == CONDITION_TEST) {
        rc = write_test(compiler, condition);
    } else if (condition->part_count == 0) {
        buf_add_text(compiler->sql,
                     condition->kind == CONDITION_OR ? "FALSE" : "TRUE");
    } else {
        /* NULL of a comparison is "no", so that NOT makes it "yes". */
        if (condition->kind == CONDITION_NOT)
            buf_add_text(compiler->sql, "NOT coalesce(");
        buf_add_char(compiler->sql, '(');
        for (i = 0; i < condition->part_count && !rc; i++) {
            if (i)
                buf_add_text(compiler->sql, condition->kind == CONDITION_OR
                                                ? " OR "
                                                : " AND ");
            rc = write_condition(compiler, condition->parts[i]);
        }
        buf_add_char(compiler->sql, ')');
        if (condition->kind == CONDITION_NOT)
            buf_add_text(compiler->sql, ", FALSE)");
    }
    compiler->depth--;
    return rc;
}

int condition_sql(struct buf *sql, struct vector *values, struct ctx *ctx,
                  const struct condition *condition, condition_resolver resolve,
                  void *payload)
{
    struct compiler compiler = { sql, values, ctx, resolve, payload, 0 };
    int rc = write_condition(&compiler, condition);

    if (!rc && sql->failed)
        return fail(ctx, E_LIMIT, "store.condition_size",
                    "the filter is too long");
    return rc;
}
