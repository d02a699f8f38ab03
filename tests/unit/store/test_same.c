/*
 * test_same.c - what SQL means, which must be the same on every store: the
 * order of NULLs and texts, sums, unique values, division, LIKE, paging by
 * rows, periods. It runs on each store and does not know on which.
 */
#include "base/banned.h"

#include "store/store_site.h"

#include "base/str.h"
#include "base/value.h"

static const struct migration same_migrations[] = {
    { "same", 1, "same",
      "CREATE TABLE same (id INTEGER PRIMARY KEY, note TEXT, number INTEGER,"
      " ratio REAL, bytes BLOB, code TEXT UNIQUE) STRICT;"
      "CREATE INDEX same_note ON same (note, id);"
      "CREATE UNIQUE INDEX same_pair ON same (number, note);",
      NULL },
    { 0 },
};

static struct ctx *ctx_of(void **state)
{
    return &((struct fixture *)*state)->ctx;
}

static int setup(void **state)
{
    setup_memory(state);
    assert_int_equal(migrate(ctx_of(state), same_migrations), 0);
    return 0;
}

/* Runs one statement in a transaction of its own. */
static int change(struct ctx *ctx, const char *sql)
{
    int rc = tx_begin(ctx, "test");

    return rc ? rc : tx_end(ctx, db_exec(ctx, sql, ""));
}

static void must(struct ctx *ctx, const char *sql)
{
    int rc = change(ctx, sql);

    if (rc)
        print_error("%s: %s\n", sql, ctx_error(ctx));
    assert_int_equal(rc, 0);
}

/* All rows, columns parted by ',', rows by ' '; NULL is "-". */
static const char *told(struct ctx *ctx, const char *sql, int columns)
{
    QUERY_AUTO *query = NULL;
    struct buf out;
    int i, rc;

    buf_init(&out, ctx->arena, 1 << 20);
    rc = db_query(&query, ctx, sql, "");
    while (!rc && (rc = query_next(query)) == 1) {
        for (i = 0; i < columns; i++)
            buf_addf(&out, "%s%s",
                     i            ? ","
                     : out.length ? " "
                                  : "",
                     query_is_null(query, i) ? "-" : query_text(query, i));
        rc = 0;
    }
    if (rc)
        print_error("%s: %s\n", sql, ctx_error(ctx));
    assert_int_equal(rc, 0);
    return buf_text(&out);
}

#define assert_told(ctx, sql, columns, wanted)                                 \
    assert_string_equal(told(ctx, sql, columns), wanted)

static void null_comes_before_all_values(void **state)
{
    struct ctx *ctx = ctx_of(state);

    must(ctx, "INSERT INTO same (id, note) VALUES (1, 'b'), (2, NULL),"
              " (3, 'a'), (4, NULL)");
    assert_told(ctx, "SELECT id FROM same ORDER BY note, id", 1, "2 4 3 1");
    assert_told(ctx, "SELECT id FROM same ORDER BY note DESC, id DESC", 1,
                "1 3 4 2");
    assert_told(ctx,
                "SELECT id FROM (SELECT id, note FROM same WHERE id > 0"
                " ORDER BY note DESC LIMIT 2) x ORDER BY id",
                1, "1 3");
    assert_told(ctx, "SELECT max(note), min(note), count(note) FROM same", 3,
                "b,a,2");
}

static void texts_stand_by_their_bytes(void **state)
{
    struct ctx *ctx = ctx_of(state);

    must(ctx, "INSERT INTO same (id, note) VALUES (1, 'b'), (2, 'B'),"
              " (3, '中'), (4, 'é'), (5, 'a'), (6, ''), (7, 'Z')");
    assert_told(ctx, "SELECT id FROM same ORDER BY note", 1, "6 2 7 5 1 4 3");
    assert_told(ctx, "SELECT id FROM same WHERE note > 'Z' ORDER BY note", 1,
                "5 1 4 3");
    assert_told(ctx, "SELECT id FROM same WHERE note = ''", 1, "6");
}

static void NULLs_are_never_the_same_in_a_unique_index(void **state)
{
    struct ctx *ctx = ctx_of(state);

    must(ctx, "INSERT INTO same (id, code) VALUES (1, NULL), (2, NULL)");
    must(ctx, "INSERT INTO same (id, number, note) VALUES (3, 1, NULL)");
    must(ctx, "INSERT INTO same (id, number, note) VALUES (4, 1, NULL)");
    must(ctx, "INSERT INTO same (id, number, note) VALUES (5, 1, 'x')");
    assert_refused(ctx,
                   change(ctx, "INSERT INTO same (id, number, note)"
                               " VALUES (6, 1, 'x')"),
                   E_CONFLICT, "store.unique");
    assert_told(ctx, "SELECT count(*) FROM same WHERE number = 1", 1, "3");
}

static void a_sum_that_overflows_is_an_error(void **state)
{
    struct ctx *ctx = ctx_of(state);
    int64_t sum = 0;

    assert_told(ctx, "SELECT sum(number), count(number) FROM same", 2, "-,0");
    must(ctx, "INSERT INTO same (id, number) VALUES"
              " (1, 9223372036854775807), (2, -5), (3, NULL)");
    assert_told(ctx, "SELECT sum(number), count(number) FROM same", 2,
                "9223372036854775802,2");
    must(ctx, "INSERT INTO same (id, number) VALUES (4, 100)");
    assert_refused(ctx, db_int(&sum, ctx, "SELECT sum(number) FROM same", ""),
                   E_LIMIT, "store.overflow");
    /* In a transaction it dooms the level, as every error does. */
    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(db_int(&sum, ctx, "SELECT sum(number) FROM same", ""),
                     E_LIMIT);
    tx_rollback(ctx);
    ctx_clear(ctx);
    assert_int_equal(
        db_int(&sum, ctx, "SELECT sum(number) FROM same WHERE id > 1", ""), 0);
    assert_int_equal(sum, 95);
    assert_int_equal(tx_commit(ctx), 0);
}

static void whole_numbers_divide_towards_zero(void **state)
{
    struct ctx *ctx = ctx_of(state);

    assert_told(ctx, "SELECT -7 / 2, 7 / -2, -7 % 2, 7 % -2", 4, "-3,-3,-1,1");
    must(ctx, "INSERT INTO same (id, number) VALUES"
              " (1, 9223372036854775807), (2, -9223372036854775807)");
    assert_told(ctx, "SELECT number FROM same ORDER BY number", 1,
                "-9223372036854775807 9223372036854775807");
    assert_told(ctx, "SELECT number % 1000 FROM same WHERE number < 0", 1,
                "-807");
}

static void LIKE_knows_case_and_escapes(void **state)
{
    struct ctx *ctx = ctx_of(state);

    must(ctx, "INSERT INTO same (id, note) VALUES (1, '100%'), (2, '100 '),"
              " (3, 'a_b'), (4, 'axb'), (5, 'AXB'), (6, 'a\\b')");
    assert_told(ctx,
                "SELECT id FROM same WHERE note LIKE '100\\%' ESCAPE '\\'"
                " ORDER BY id",
                1, "1");
    assert_told(ctx,
                "SELECT id FROM same WHERE note LIKE 'a\\_b' ESCAPE '\\'"
                " ORDER BY id",
                1, "3");
    assert_told(ctx,
                "SELECT id FROM same WHERE note LIKE 'a_b' ESCAPE '|'"
                " ORDER BY id",
                1, "3 4 6");
    assert_told(ctx, "SELECT id FROM same WHERE note LIKE 'a\\\\b' ESCAPE '\\'",
                1, "6");
}

static void what_is_equal_with_NULL(void **state)
{
    struct ctx *ctx = ctx_of(state);
    int64_t id = 0;

    must(ctx, "INSERT INTO same (id, number) VALUES (1, NULL), (2, 7)");
    assert_int_equal(db_int(&id, ctx,
                            "SELECT id FROM same WHERE number"
                            " IS NOT DISTINCT FROM ?1",
                            "n"),
                     0);
    assert_int_equal(id, 1);
    assert_int_equal(db_int(&id, ctx,
                            "SELECT id FROM same WHERE number"
                            " IS NOT DISTINCT FROM ?1",
                            "i", (int64_t)7),
                     0);
    assert_int_equal(id, 2);
    assert_int_equal(db_int(&id, ctx,
                            "SELECT id FROM same WHERE ?1 IS NULL AND id = ?2",
                            "si", (const char *)NULL, (int64_t)2),
                     0);
    assert_int_equal(id, 2);
    assert_int_equal(db_int(&id, ctx, "SELECT 1 = 1", ""), 0);
    assert_int_equal(id, 1);
}

static void values_come_back_to_the_last_bit(void **state)
{
    struct ctx *ctx = ctx_of(state);
    static const unsigned char bytes[] = { 0, 255, 39, 92, 0, 10 };
    QUERY_AUTO *query = NULL;
    const void *data;
    size_t length = 0;

    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(db_exec(ctx,
                             "INSERT INTO same (id, note, number, ratio, bytes)"
                             " VALUES (?1, ?2, ?3, ?4, ?5)",
                             "isidb", INT64_MAX, "😀'\"\\ \x01\n\ttext",
                             INT64_MIN, 0.1, bytes, sizeof bytes),
                     0);
    assert_int_equal(tx_commit(ctx), 0);
    assert_int_equal(db_query(&query, ctx,
                              "SELECT id, note, number, ratio, bytes FROM same",
                              ""),
                     0);
    assert_int_equal(query_next(query), 1);
    assert_true(query_int(query, 0) == INT64_MAX);
    assert_string_equal(query_text(query, 1), "😀'\"\\ \x01\n\ttext");
    assert_true(query_int(query, 2) == INT64_MIN);
    assert_true(query_double(query, 3) == 0.1);
    data = query_blob(query, 4, &length);
    assert_int_equal(length, sizeof bytes);
    assert_memory_equal(data, bytes, sizeof bytes);
}

static void pages_go_on_where_a_row_stood(void **state)
{
    struct ctx *ctx = ctx_of(state);

    must(ctx, "INSERT INTO same (id, note) VALUES (1, 'a'), (2, 'b'), (3, 'b'),"
              " (4, 'b'), (5, 'c')");
    assert_told(ctx,
                "SELECT id FROM same WHERE (note, id) > ('b', 2)"
                " ORDER BY note, id LIMIT 2",
                1, "3 4");
    assert_told(ctx,
                "SELECT id FROM same WHERE (note, id) < ('b', 3)"
                " ORDER BY note DESC, id DESC LIMIT 2",
                1, "2 1");
}

static void an_upsert_counts_and_tells(void **state)
{
    struct ctx *ctx = ctx_of(state);
    static const char sql[] = "INSERT INTO same (id, code, number)"
                              " VALUES (?1, 'c', 1) ON CONFLICT (code)"
                              " DO UPDATE SET number = same.number + 1"
                              " RETURNING number";
    int64_t number = 0;

    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(db_int(&number, ctx, sql, "i", (int64_t)1), 0);
    assert_int_equal(number, 1);
    assert_int_equal(db_int(&number, ctx, sql, "i", (int64_t)2), 0);
    assert_int_equal(number, 2);
    assert_int_equal(db_exec(ctx, "UPDATE same SET number = 0", ""), 0);
    assert_int_equal(db_changes(ctx), 1);
    assert_int_equal(tx_commit(ctx), 0);
}

/* Instants around the changes to and from summer time, and leap days. */
static void periods_begin_where_the_zones_calendar_says(void **state)
{
    static const struct {
        int64_t instant;
        const char *zone, *days; /* day, week, month, quarter, year */
    } cases[] = {
        { 1774745999999, "Europe/Berlin",
          "2026-03-29,2026-03-23,2026-03-01,2026-01-01,2026-01-01" },
        { 1774738799999, "Europe/Berlin",
          "2026-03-28,2026-03-23,2026-03-01,2026-01-01,2026-01-01" },
        { 1792969200000, "America/New_York",
          "2026-10-25,2026-10-19,2026-10-01,2026-10-01,2026-01-01" },
        { 1704038400000, "Asia/Shanghai",
          "2024-01-01,2024-01-01,2024-01-01,2024-01-01,2024-01-01" },
        { 1709222400000, "UTC",
          "2024-02-29,2024-02-26,2024-02-01,2024-01-01,2024-01-01" },
        { -1, "UTC", "1969-12-31,1969-12-29,1969-12-01,1969-10-01,1969-01-01" },
    };
    struct ctx *ctx = ctx_of(state);
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_told(
            ctx,
            arena_printf(ctx->arena,
                         "SELECT period(n, 0, '%s'), period(n, 1, '%s'),"
                         " period(n, 2, '%s'), period(n, 3, '%s'),"
                         " period(n, 4, '%s') FROM (SELECT CAST(%lld AS"
                         " BIGINT) AS n) x",
                         cases[i].zone, cases[i].zone, cases[i].zone,
                         cases[i].zone, cases[i].zone,
                         (long long)cases[i].instant),
            5, cases[i].days);
    assert_told(ctx, "SELECT period('2026-11-26', 1, 'UTC')", 1, "2026-11-23");
    must(ctx, "INSERT INTO same (id, note) VALUES (1, 'none')");
    assert_told(ctx, "SELECT period(note, 1, 'UTC') FROM same", 1, "-");
}

static void plain_parameters_are_taken_in_their_order(void **state)
{
    struct ctx *ctx = ctx_of(state);
    const struct value *values[] = { value_int(ctx->arena, 40),
                                     value_int(ctx->arena, 2),
                                     value_text(ctx->arena, "x") };
    QUERY_AUTO *query = NULL;

    assert_int_equal(db_query_values(&query, ctx,
                                     "SELECT ? - ?, '?', lower(?) -- ?\n",
                                     values, 3),
                     0);
    assert_int_equal(query_next(query), 1);
    assert_int_equal(query_int(query, 0), 38);
    assert_string_equal(query_text(query, 1), "?");
    assert_string_equal(query_text(query, 2), "x");
}

/* The same text bound once as a number, once as a text, once as NULL. */
static void a_statement_takes_values_of_another_kind(void **state)
{
    struct ctx *ctx = ctx_of(state);
    static const char sql[] = "INSERT INTO same (id, note, number)"
                              " VALUES (?1, ?2, ?3)";

    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(db_exec(ctx, sql, "isi", (int64_t)1, "a", (int64_t)1), 0);
    assert_int_equal(db_exec(ctx, sql, "inn", (int64_t)2), 0);
    assert_int_equal(db_exec(ctx, sql, "iss", (int64_t)3, "c", "3"), 0);
    assert_int_equal(db_exec(ctx, sql, "isi", (int64_t)4, "d", (int64_t)4), 0);
    assert_int_equal(tx_commit(ctx), 0);
    assert_told(ctx, "SELECT id, note, number FROM same ORDER BY id", 3,
                "1,a,1 2,-,- 3,c,3 4,d,4");
}

/* What goes wrong before it in the same round trip spoils it for once only. */
static void a_statement_outlives_what_failed_before_it(void **state)
{
    struct ctx *ctx = ctx_of(state);
    static const char sql[] = "INSERT INTO same (id, number) VALUES (?1, ?2)",
                      code[] = "INSERT INTO same (id, code) VALUES (?1, ?2)";

    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(db_exec(ctx, sql, "ii", (int64_t)1, (int64_t)1), 0);
    assert_int_equal(db_exec(ctx, code, "is", (int64_t)2, "taken"), 0);
    assert_int_equal(tx_commit(ctx), 0);

    assert_int_equal(tx_begin(ctx, "test"), 0);
    /* At once where the store does not wait. */
    if (db_post(ctx, code, "is", (int64_t)3, "taken") == 0)
        assert_int_not_equal(db_exec(ctx, sql, "is", (int64_t)4, "4"), 0);
    tx_rollback(ctx);
    ctx_clear(ctx);

    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(db_exec(ctx, sql, "id", (int64_t)4, 4.0), 0);
    assert_int_equal(db_exec(ctx, sql, "ii", (int64_t)5, (int64_t)5), 0);
    assert_int_equal(tx_commit(ctx), 0);
    assert_told(ctx, "SELECT id, number FROM same ORDER BY id", 2,
                "1,1 2,- 4,4 5,5");
}

static void rows_of_many_ids_change_with_few_statements(void **state)
{
    struct ctx *ctx = ctx_of(state);
    size_t counts[] = { 0, 1, 15, 16, 17, 40 }, i;
    int64_t ids[40], number;

    for (i = 0; i < 40; i++)
        ids[i] = (int64_t)i + 1;
    assert_int_equal(tx_begin(ctx, "test"), 0);
    for (i = 0; i < 40; i++)
        assert_int_equal(db_post(ctx,
                                 "INSERT INTO same (id, number) "
                                 "VALUES (?1, 0)",
                                 "i", ids[i]),
                         0);
    for (i = 0; i < sizeof counts / sizeof *counts; i++) {
        assert_int_equal(db_post_ids(ctx,
                                     "UPDATE same SET number = ?17 "
                                     "WHERE id IN " DB_IDS,
                                     ids, counts[i], (int64_t)i + 1),
                         0);
        assert_int_equal(db_int(&number, ctx,
                                "SELECT count(*) FROM same WHERE number = ?1",
                                "i", (int64_t)i + 1),
                         0);
        assert_int_equal(number, counts[i]);
    }
    assert_int_equal(db_post_ids(ctx, "DELETE FROM same WHERE id IN " DB_IDS,
                                 ids + 1, 38, 0),
                     0);
    assert_int_equal(tx_commit(ctx), 0);
    assert_told(ctx, "SELECT id FROM same ORDER BY id", 1, "1 40");
}

int main(void)
{
#define SAME(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        SAME(null_comes_before_all_values),
        SAME(texts_stand_by_their_bytes),
        SAME(NULLs_are_never_the_same_in_a_unique_index),
        SAME(a_sum_that_overflows_is_an_error),
        SAME(whole_numbers_divide_towards_zero),
        SAME(LIKE_knows_case_and_escapes),
        SAME(what_is_equal_with_NULL),
        SAME(values_come_back_to_the_last_bit),
        SAME(pages_go_on_where_a_row_stood),
        SAME(an_upsert_counts_and_tells),
        SAME(periods_begin_where_the_zones_calendar_says),
        SAME(plain_parameters_are_taken_in_their_order),
        SAME(a_statement_takes_values_of_another_kind),
        SAME(a_statement_outlives_what_failed_before_it),
        SAME(rows_of_many_ids_change_with_few_statements),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
