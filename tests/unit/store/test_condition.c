/*
 * test_condition.c - filters: what they select, and what they refuse (S20).
 */
#include "base/banned.h"

#include "store/store_site.h"

#include "base/json.h"
#include "base/unicode.h"
#include "store/condition.h"

static int to_number(struct value **out, struct ctx *ctx, void *payload,
                     const struct value *in)
{
    int64_t number;

    (void)payload;
    if (value_kind(in) == VALUE_INT)
        number = value_as_int(in, 0);
    else if (!value_as_text(in) ||
             int_parse(&number, value_as_text(in), INT64_MIN, INT64_MAX))
        return fail(ctx, E_INVALID, "test.number", "a number is needed");
    *out = value_int(ctx->arena, number);
    return 0;
}

static int resolve(struct condition_column *out, struct ctx *ctx, void *payload,
                   const char *field)
{
    (void)ctx;
    (void)payload;
    if (strcmp(field, "name") == 0)
        *out = (struct condition_column){ .sql = "t.name", .text = true };
    else if (strcmp(field, "number") == 0)
        *out = (struct condition_column){ .sql = "t.number",
                                          .convert = to_number };
    else if (strcmp(field, "tags") == 0)
        *out = (struct condition_column){ .sql = "t.note", .list = true };
    else
        return E_NOT_FOUND;
    return 0;
}

static int set_up(void **state)
{
    static const char *const rows[] = {
        "(1, 'apple', 10, '[\"red\",\"fruit\"]')",
        "(2, 'Banana 50%', 20, '[\"yellow\",\"fruit\"]')",
        "(3, 'cherry_pie', 30, '[]')",
        "(4, NULL, 40, NULL)",
        "(5, '', 50, '[\"red\"]')",
        "(6, '中文', 60, NULL)",
    };
    struct ctx *ctx;
    size_t i;

    setup_memory(state);
    ctx = &((struct fixture *)*state)->ctx;
    if (tx_begin(ctx, "test"))
        return -1;
    for (i = 0; i < sizeof rows / sizeof *rows; i++)
        if (db_exec(ctx,
                    arena_printf(ctx->arena,
                                 "INSERT INTO thing (id, name, number, note) "
                                 "VALUES %s",
                                 rows[i]),
                    ""))
            return -1;
    return tx_commit(ctx);
}

/* The ids that a filter selects, "1 2 "; or the key of the problem. */
static const char *select_ids(struct ctx *ctx, const char *json)
{
    struct condition *condition;
    struct value *value;
    struct vector values;
    struct buf sql, ids;
    QUERY_AUTO *query = NULL;
    int rc;

    buf_init(&sql, ctx->arena, 100000);
    buf_init(&ids, ctx->arena, 1000);
    vector_init(&values, ctx->arena);
    ctx_clear(ctx);
    rc = json_parse(&value, ctx, json, strlen(json));
    if (!rc)
        rc = condition_parse(&condition, ctx, value);
    buf_add_text(&sql, "SELECT id FROM thing AS t WHERE ");
    if (!rc)
        rc = condition_sql(&sql, &values, ctx, condition, resolve, NULL);
    buf_add_text(&sql, " ORDER BY id");
    if (!rc)
        rc = db_query_values(&query, ctx, buf_text(&sql),
                             (const struct value *const *)values.items,
                             values.count);
    while (!rc && (rc = query_next(query)) > 0) {
        buf_addf(&ids, "%d ", (int)query_int(query, 0));
        rc = 0;
    }
    return rc ? problem_key(ctx) : buf_text(&ids);
}

static void a_filter_selects_what_it_says(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    static const struct {
        const char *json, *ids;
    } cases[] = {
        { "{\"number\": 20}", "2 " },
        { "{\"number\": \"20\"}", "2 " },
        { "{\"number\": {\"ge\": 30, \"lt\": 50}}", "3 4 " },
        { "{\"number\": {\"between\": [20, 30]}}", "2 3 " },
        { "{\"number\": {\"in\": [10, 60, 99]}}", "1 6 " },
        { "{\"number\": [10, 60]}", "1 6 " },
        { "{\"name\": null}", "4 " },
        { "{\"name\": {\"ne\": \"apple\"}}", "2 3 4 5 6 " },
        { "{\"name\": {\"ne\": null}}", "1 2 3 5 6 " },
        { "{\"name\": {\"in\": [\"apple\", null]}}", "1 4 " },
        { "{\"name\": {\"empty\": true}}", "4 5 " },
        { "{\"name\": {\"empty\": false}}", "1 2 3 6 " },
        { "{\"name\": {\"contains\": \"an\"}}", "2 " },
        { "{\"name\": {\"contains\": \"%\"}}", "2 " },
        { "{\"name\": {\"contains\": \"_\"}}", "3 " },
        { "{\"name\": {\"contains\": \"文\"}}", "6 " },
        { "{\"name\": {\"starts\": \"a\"}}", "1 " },
        { "{\"tags\": \"red\"}", "1 5 " },
        { "{\"tags\": {\"contains\": \"fruit\"}}", "1 2 " },
        { "{\"tags\": {\"in\": [\"yellow\", \"red\"]}}", "1 2 5 " },
        { "{\"tags\": {\"ne\": \"red\"}}", "2 3 4 6 " },
        { "{\"tags\": {\"empty\": null}}", "3 4 6 " },
        { "{\"name\": \"apple\", \"number\": 10}", "1 " },
        { "{\"or\": [{\"number\": 10}, {\"number\": 30}]}", "1 3 " },
        { "{\"not\": {\"name\": \"apple\"}}", "2 3 4 5 6 " },
        { "{\"not\": {\"name\": {\"starts\": \"a\"}}}", "2 3 4 5 6 " },
        { "{\"and\": [{\"number\": {\"gt\": 10}}, {\"not\": "
          "{\"or\": [{\"number\": 20}, {\"name\": null}]}}]}",
          "3 5 6 " },
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *ids = select_ids(ctx, cases[i].json);

        if (strcmp(ids, cases[i].ids) != 0)
            print_error("%s\n", cases[i].json);
        assert_string_equal(ids, cases[i].ids);
    }
}

static void a_filter_that_makes_no_sense_is_refused(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    static const struct {
        const char *json, *key;
    } cases[] = {
        { "{}", "store.condition_empty" },
        { "[]", "store.condition_empty" },
        { "7", "store.condition_empty" },
        { "{\"and\": []}", "store.condition_empty" },
        { "{\"and\": {\"number\": 1}}", "store.condition_empty" },
        { "{\"number\": {}}", "store.condition_empty" },
        { "{\"not\": []}", "store.condition_empty" },
        { "{\"number\": {\"like\": 1}}", "store.condition_op" },
        { "{\"number\": {\"contains\": \"1\"}}", "store.condition_op" },
        { "{\"tags\": {\"lt\": \"x\"}}", "store.condition_op" },
        { "{\"number\": {\"lt\": null}}", "store.condition_value" },
        { "{\"number\": {\"between\": [1]}}", "store.condition_value" },
        { "{\"number\": {\"in\": []}}", "store.condition_value" },
        { "{\"number\": \"many\"}", "test.number" },
        { "{\"name\": {\"eq\": {\"a\": 1}}}", "store.condition_value" },
        { "{\"name\": {\"contains\": \"\"}}", "store.condition_value" },
        { "{\"name\": {\"empty\": 3}}", "store.condition_value" },
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(select_ids(ctx, cases[i].json), cases[i].key);
}

static void S20_no_text_of_a_filter_reaches_the_sql(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    static const char *const names[] = {
        "id",
        "t.id",
        "name\\\" OR 1=1 --",
        "password",
        "number) OR (1=1",
        "store_epoch",
        "rowid",
        "sqlite_version()",
        "?1",
    };
    char json[200];
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(json, sizeof json, "{\"%s\": 1}", names[i]);
        assert_string_equal(select_ids(ctx, json), "store.condition_field");
        snprintf(json, sizeof json, "{\"number\": {\"%s\": 1}}", names[i]);
        assert_string_equal(select_ids(ctx, json), "store.condition_op");
        snprintf(json, sizeof json, "{\"name\": \"%s\"}", names[i]);
        assert_string_equal(select_ids(ctx, json), "");
    }
}

static void a_filter_has_a_greatest_depth_and_size(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    struct buf json;
    int i;

    buf_init(&json, ctx->arena, 100000);
    for (i = 0; i < 10; i++)
        buf_add_text(&json, "{\"not\":");
    buf_add_text(&json, "{\"number\":1}");
    for (i = 0; i < 10; i++)
        buf_add_text(&json, "}");
    assert_string_equal(select_ids(ctx, buf_text(&json)),
                        "store.condition_depth");
    buf_clear(&json);
    buf_add_text(&json, "{\"or\":[");
    for (i = 0; i < 101; i++)
        buf_addf(&json, "%s{\"number\":%d}", i ? "," : "", i);
    buf_add_text(&json, "]}");
    assert_string_equal(select_ids(ctx, buf_text(&json)),
                        "store.condition_size");
}

int main(void)
{
#define condition_test(name)                                                   \
    cmocka_unit_test_setup_teardown(name, set_up, teardown)
    const struct CMUnitTest tests[] = {
        condition_test(a_filter_selects_what_it_says),
        condition_test(a_filter_that_makes_no_sense_is_refused),
        condition_test(S20_no_text_of_a_filter_reaches_the_sql),
        condition_test(a_filter_has_a_greatest_depth_and_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
