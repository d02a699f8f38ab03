/*
 * test_db.c - statements, transactions, snapshots, epochs, refusals.
 */
#include "base/banned.h"

#include "store/store_site.h"

#include "store/dialect.h"

#include "base/value.h"

static int add(struct ctx *ctx, int64_t id, const char *name, int64_t number)
{
    return db_exec(ctx,
                   "INSERT INTO thing (id, name, number) VALUES (?1, ?2, ?3)",
                   "isi", id, name, number);
}

static void a_value_comes_back_as_it_was_bound(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    QUERY_AUTO *query = NULL;
    size_t length;

    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(db_exec(ctx,
                             "INSERT INTO thing (id, name, number, data, note) "
                             "VALUES (?1, ?2, ?3, ?4, ?5)",
                             "itibn", (int64_t)1, "中文 name", (size_t)6,
                             INT64_MIN, "\0\1\2", (size_t)3),
                     0);
    assert_int_equal(db_changes(ctx), 1);
    assert_int_equal(tx_commit(ctx), 0);

    assert_int_equal(
        db_query(&query, ctx, "SELECT name, number, data, note FROM thing", ""),
        0);
    assert_int_equal(query_next(query), 1);
    assert_string_equal(query_text(query, 0), "中文");
    assert_true(query_int(query, 1) == INT64_MIN);
    assert_memory_equal(query_blob(query, 2, &length), "\0\1\2", 3);
    assert_int_equal(length, 3);
    assert_true(query_is_null(query, 3));
    assert_null(query_copy(query, 3));
    assert_int_equal(query_next(query), 0);
}

static void values_of_every_kind_are_bound(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    struct value *list = value_list(ctx->arena);
    struct decimal money = { 12345, 2 };
    const struct value *values[] = {
        value_null(ctx->arena),
        value_bool(ctx->arena, true),
        value_int(ctx->arena, 7),
        value_double(ctx->arena, 0.5),
        value_decimal(ctx->arena, money),
        value_text(ctx->arena, "x"),
        list,
    };
    QUERY_AUTO *query = NULL;

    value_append(list, value_text(ctx->arena, "a"));
    assert_int_equal(db_query_values(&query, ctx,
                                     "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7",
                                     values, 7),
                     0);
    assert_int_equal(query_next(query), 1);
    assert_true(query_is_null(query, 0));
    assert_int_equal(query_int(query, 1), 1);
    assert_int_equal(query_int(query, 2), 7);
    assert_true(query_double(query, 3) == 0.5);
    assert_int_equal(query_int(query, 4), 12345);
    assert_string_equal(query_text(query, 5), "x");
    assert_string_equal(query_text(query, 6), "[\"a\"]");
}

static void a_write_outside_of_a_transaction_is_refused(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    assert_refused(ctx, add(ctx, 1, "a", 1), E_INTERNAL,
                   "store.no_transaction");
    assert_int_equal(count_things(ctx), 0);
}

static void a_rollback_leaves_nothing(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(add(ctx, 1, "a", 1), 0);
    assert_int_equal(tx_end(ctx, E_INVALID), E_INVALID);
    assert_false(tx_active(ctx));
    assert_int_equal(count_things(ctx), 0);
}

static void a_broken_unique_is_a_conflict(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(add(ctx, 1, "a", 1), 0);
    assert_refused(ctx, add(ctx, 2, "a", 1), E_CONFLICT, "store.unique");
    tx_rollback(ctx);
}

static void a_failed_statement_dooms_its_transaction(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(add(ctx, 1, "a", 1), 0);
    assert_int_equal(add(ctx, 2, "a", 1), E_CONFLICT);
    ctx_clear(ctx);
    assert_refused(ctx, add(ctx, 3, "c", 1), E_STORE, "store.doomed");
    assert_refused(ctx, tx_commit(ctx), E_STORE, "store.doomed");
    assert_false(tx_active(ctx));
    assert_int_equal(count_things(ctx), 0);
}

static void a_savepoint_saves_its_transaction_from_a_failure(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    assert_int_equal(tx_begin(ctx, "outer"), 0);
    assert_int_equal(add(ctx, 1, "a", 1), 0);
    assert_int_equal(tx_begin(ctx, "inner"), 0);
    assert_int_equal(add(ctx, 2, "b", 1), 0);
    assert_int_equal(tx_end(ctx, add(ctx, 3, "a", 1)), E_CONFLICT);
    ctx_clear(ctx);
    assert_int_equal(add(ctx, 4, "d", 1), 0);
    assert_int_equal(tx_commit(ctx), 0);
    assert_int_equal(count_things(ctx), 2);
}

static void note_call(struct ctx *ctx, void *argument)
{
    char *log = argument;

    (void)ctx;
    log[strlen(log)] = (char)('a' + strlen(log));
}

static void add_letter(struct ctx *ctx, void *argument)
{
    (void)ctx;
    *(*(char **)argument)++ = 'k';
}

static void what_waits_for_the_commit_goes_with_its_level(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    char log[8] = "", letters[8] = "", *end = letters;

    tx_after_commit(ctx, note_call, log);
    assert_string_equal(log, "a"); /* outside: at once */
    assert_int_equal(tx_begin(ctx, "outer"), 0);
    tx_after_commit(ctx, add_letter, &end);
    assert_int_equal(tx_begin(ctx, "kept"), 0);
    tx_after_commit(ctx, add_letter, &end);
    assert_int_equal(tx_commit(ctx), 0);
    assert_int_equal(tx_begin(ctx, "undone"), 0);
    tx_after_commit(ctx, add_letter, &end);
    tx_rollback(ctx);
    assert_string_equal(letters, "");
    assert_int_equal(tx_commit(ctx), 0);
    assert_string_equal(letters, "kk");
}

static int fill_in(struct ctx *ctx, void *argument)
{
    return db_exec(ctx, "INSERT INTO thing (id, number) VALUES (?1, ?2)", "ii",
                   *(int64_t *)argument, *(int64_t *)argument);
}

static int64_t things(struct ctx *ctx)
{
    int64_t count = -1;

    assert_int_equal(db_int(&count, ctx, "SELECT count(*) FROM thing", ""), 0);
    return count;
}

static void what_is_written_at_the_commit_goes_with_its_level(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t ids[] = { 901, 902, 903 }, before = things(ctx);

    assert_int_equal(tx_begin(ctx, "outer"), 0);
    tx_before_commit(ctx, fill_in, &ids[0]);
    assert_int_equal(tx_begin(ctx, "kept"), 0);
    tx_before_commit(ctx, fill_in, &ids[1]);
    assert_int_equal(tx_commit(ctx), 0);
    assert_int_equal(tx_begin(ctx, "undone"), 0);
    tx_before_commit(ctx, fill_in, &ids[2]);
    tx_rollback(ctx);
    assert_int_equal(things(ctx), before);
    assert_true(tx_pending(ctx));
    assert_int_equal(tx_commit(ctx), 0);
    assert_false(tx_pending(ctx));
    assert_int_equal(things(ctx), before + 2);
    /* Its error is the commit's, and undoes all of it. */
    assert_int_equal(tx_begin(ctx, "outer"), 0);
    assert_int_equal(fill_in(ctx, &ids[2]), 0);
    tx_before_commit(ctx, fill_in, &ids[0]);
    assert_true(tx_commit(ctx) < 0);
    assert_int_equal(things(ctx), before + 2);
    assert_false(tx_active(ctx));
}

static void groups_are_counted_and_summed_in_one_look(void **state)
{
    static const char query[] =
        "SELECT group_concat(value ->> 0 || ':' || (value ->> 1) || ':' ||"
        " ifnull((value ->> 2) * 4294967296 + (value ->> 3), '-') || ':' ||"
        " (value ->> 4), ' ') FROM (SELECT value FROM json_each((SELECT"
        " tally(1, column1, column2) FROM (VALUES ('a \"q\" \\', -3), ('新', "
        "1),"
        " ('a \"q\" \\', 5000000000), ('新', NULL), ('none', NULL)))) ORDER BY"
        " value ->> 0)";
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const char *text;
    int64_t number;

    if (!db_has_tally(ctx))
        skip();
    assert_int_equal(db_text(&text, ctx, query, ""), 0);
    assert_string_equal(text, "a \"q\" \\:2:4999999997:2 none:1:-:0 新:2:1:1");
    /* More groups than the first table has room for, of a number and NULL. */
    assert_int_equal(
        db_int(&number, ctx,
               "WITH RECURSIVE n(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM"
               " n WHERE i < 9999) SELECT sum((value ->> 2) * 1000 + (value ->>"
               " 0)) FROM json_each((SELECT tally(2, i % 500, NULL) FROM n))",
               ""),
        0);
    assert_int_equal(number, 500 * 20 * 1000 + 499 * 500 / 2);
    assert_int_equal(db_text(&text, ctx,
                             "SELECT tally(1, id, number) FROM thing WHERE 0",
                             ""),
                     0);
    assert_string_equal(text, "[]");
    /* What is no text or integer is no group. */
    assert_true(db_text(&text, ctx, "SELECT tally(1, 1.5)", "") < 0);
}

static void the_same_statement_may_be_open_twice(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    static const char sql[] = "SELECT number FROM thing ORDER BY id";
    QUERY_AUTO *first = NULL;
    QUERY_AUTO *second = NULL;

    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(add(ctx, 1, "a", 10), 0);
    assert_int_equal(add(ctx, 2, "b", 20), 0);
    assert_int_equal(tx_commit(ctx), 0);
    assert_int_equal(db_query(&first, ctx, sql, ""), 0);
    assert_int_equal(query_next(first), 1);
    assert_int_equal(db_query(&second, ctx, sql, ""), 0);
    assert_int_equal(query_next(second), 1);
    assert_int_equal(query_next(first), 1);
    assert_int_equal(query_int(first, 0), 20);
    assert_int_equal(query_int(second, 0), 10);
}

static void a_transaction_does_not_begin_beside_an_open_query(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    QUERY_AUTO *query = NULL;

    assert_int_equal(db_query(&query, ctx, "SELECT 1", ""), 0);
    assert_refused(ctx, tx_begin(ctx, "test"), E_INTERNAL, "store.open_query");
}

static void a_reference_to_nothing_is_a_conflict(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_refused(
        ctx, db_exec(ctx, "INSERT INTO part (id, thing) VALUES (1, 99)", ""),
        E_CONFLICT, "store.in_use");
    tx_rollback(ctx);
}

static void a_value_of_the_wrong_type_is_refused(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_refused(ctx,
                   db_exec(ctx, "INSERT INTO thing (id, number) VALUES (1, ?1)",
                           "s", "many"),
                   E_STORE, "store.constraint");
    tx_rollback(ctx);
}

static void statements_that_reach_around_the_store_are_refused(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    static const char *const statements[] = {
        "ATTACH '/tmp/x.db' AS x",
        "DETACH main",
        "PRAGMA journal_mode=DELETE",
        "PRAGMA synchronous=OFF",
        "PRAGMA writable_schema=ON",
        "BEGIN",
        "COMMIT",
        "SAVEPOINT mine",
        "SELECT load_extension('x')",
        "VACUUM INTO '/tmp/copy.db'",
        "DELETE FROM sqlite_schema",
        "SELECT 1; SELECT 2",
        "DO $$ BEGIN NULL; END $$",
        "COPY thing TO '/tmp/copy'",
        "SET ROLE postgres",
        "CREATE VIRTUAL TABLE t USING rtree(a, b, c)",
        "",
    };
    size_t i;

    for (i = 0; i < sizeof statements / sizeof *statements; i++) {
        assert_int_equal(tx_begin(ctx, "test"), 0);
        assert_true(db_exec(ctx, statements[i], "") < 0);
        ctx_clear(ctx);
        tx_rollback(ctx);
    }
}

/* A plan of PostgreSQL's that was made for ten rows reads them all, and would
 * do so with a hundred thousand. */
static void a_plan_does_not_outlive_the_size_it_was_made_for(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t id, found;

    if (!getenv("TENON_TEST_STORE"))
        skip();
    assert_int_equal(tx_begin(ctx, "test"), 0);
    for (id = 1; id <= 1000; id++) {
        assert_int_equal(db_exec(ctx,
                                 "INSERT INTO thing (id, number)"
                                 " VALUES (?1, ?2)",
                                 "ii", id, id),
                         0);
        assert_int_equal(db_int(&found, ctx,
                                "SELECT id FROM thing WHERE number = ?1", "i",
                                id),
                         0);
        assert_int_equal(found, id);
    }
    assert_int_equal(
        db_int(&found, ctx,
               "SELECT max(generic_plans + custom_plans)"
               " FROM pg_prepared_statements WHERE statement LIKE '%thing%'",
               ""),
        0);
    assert_in_range(found, 1, 700);
    tx_rollback(ctx);
}

static void a_number_of_values_that_does_not_fit_is_refused(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t out;

    assert_int_equal(db_int(&out, ctx, "SELECT ?1 + ?2", "i", (int64_t)1),
                     E_STORE);
}

static void no_row_is_not_found_and_no_problem(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const char *text = NULL;
    int64_t number;

    assert_int_equal(db_int(&number, ctx, "SELECT 1 WHERE 1 = 0", ""),
                     E_NOT_FOUND);
    assert_int_equal(db_text(&text, ctx, "SELECT 'x' WHERE 1 = 0", ""),
                     E_NOT_FOUND);
    assert_null(ctx->problems);
}

static void a_query_ends_at_the_deadline(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t number, start = clock_monotonic();

    ctx->deadline = start + 100;
    assert_refused(ctx,
                   db_int(&number, ctx,
                          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
                          "SELECT i + 1 FROM n) SELECT max(i) FROM n",
                          ""),
                   E_TIMEOUT, "store.timeout");
    assert_in_range(clock_monotonic() - start, 100, 2000);
}

static void a_snapshot_does_not_move(void **state)
{
    struct fixture *fixture = *state;
    struct ctx *ctx = &fixture->ctx, reader;

    connect_to(&reader, fixture->folder, DB_WORKER);
    assert_int_equal(read_begin(&reader), 0);
    assert_int_equal(read_begin(&reader), 0);
    assert_int_equal(count_things(&reader), 0);
    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(add(ctx, 1, "a", 1), 0);
    assert_int_equal(tx_commit(ctx), 0);
    read_end(&reader);
    assert_int_equal(count_things(&reader), 0);
    read_end(&reader);
    assert_int_equal(count_things(&reader), 1);
    disconnect(&reader);
}

static void a_write_inside_a_snapshot_sees_the_newest(void **state)
{
    struct fixture *fixture = *state;
    struct ctx *ctx = &fixture->ctx, other;

    connect_to(&other, fixture->folder, DB_WORKER);
    assert_int_equal(read_begin(&other), 0);
    assert_int_equal(count_things(&other), 0);
    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(add(ctx, 1, "a", 1), 0);
    assert_int_equal(tx_commit(ctx), 0);
    assert_int_equal(tx_begin(&other, "test"), 0);
    assert_int_equal(count_things(&other), 1);
    assert_int_equal(add(&other, 2, "b", 1), 0);
    assert_int_equal(tx_commit(&other), 0);
    assert_int_equal(count_things(&other), 2);
    read_end(&other);
    disconnect(&other);
}

static void a_change_counter_moves_with_the_commit(void **state)
{
    struct fixture *fixture = *state;
    struct ctx *ctx = &fixture->ctx, other;
    uint64_t before;

    connect_to(&other, fixture->folder, DB_WORKER);
    before = change_counter_get(&other, "form:budget");
    assert_int_equal(tx_begin(ctx, "test"), 0);
    change_counter_raise(ctx, "form:budget");
    assert_true(change_counter_get(&other, "form:budget") == before);
    assert_int_equal(tx_commit(ctx), 0);
    assert_true(change_counter_get(&other, "form:budget") == before + 1);
    assert_int_equal(tx_begin(ctx, "test"), 0);
    change_counter_raise(ctx, "form:budget");
    tx_rollback(ctx);
    assert_true(change_counter_get(&other, "form:budget") == before + 1);
    disconnect(&other);
}

static void every_commit_raises_begun(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    uint64_t before = db_begun(ctx);

    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(add(ctx, 1, "a", 1), 0);
    assert_int_equal(tx_commit(ctx), 0);
    assert_true(db_begun(ctx) == before + 1);
}

static void a_migration_is_applied_once(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    assert_int_equal(migrate(ctx, thing_migrations), 0);
    assert_int_equal(count_things(ctx), 0);
}

static void a_migration_that_was_changed_is_an_error(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const struct migration changed[] = {
        { "test", 1, "thing", "CREATE TABLE other (id INTEGER) STRICT", NULL },
        { 0 },
    };

    assert_refused(ctx, migrate(ctx, changed), E_STORE,
                   "store.migration_changed");
}

static void a_migration_that_fails_leaves_nothing(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const struct migration bad[] = {
        { "bad", 1, "half",
          "CREATE TABLE half (id INTEGER) STRICT; CREATE TABLE oops(", NULL },
        { 0 },
    };

    assert_true(migrate(ctx, bad) < 0);
    ctx_clear(ctx);
    assert_int_equal(db_table_exists(ctx, "half"), 0);
}

static void a_table_that_is_not_strict_is_refused(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const struct migration loose[] = {
        { "loose", 1, "loose", "CREATE TABLE loose (a)", NULL },
        { 0 },
    };

    if (db_dialect(ctx) != DB_SQLITE)
        skip(); /* the other one has no tables that take any type */
    assert_refused(ctx, migrate(ctx, loose), E_STORE, "store.not_strict");
}

static void a_module_migrates_its_own_tables_only(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const struct migration own[] = {
        { "hello", 1, "own",
          "CREATE TABLE m_hello_note (id INTEGER PRIMARY KEY) STRICT;"
          "CREATE INDEX m_hello_note_id ON m_hello_note (id);",
          NULL },
        { 0 },
    };
    static const char *const foreign[] = {
        "DROP TABLE thing",
        "DELETE FROM thing",
        "UPDATE thing SET number = 1",
        "CREATE TABLE other (id INTEGER) STRICT",
        "CREATE TABLE m_hello_copy (n INTEGER) STRICT;"
        "INSERT INTO m_hello_copy SELECT number FROM thing",
        "ALTER TABLE thing RENAME TO m_hello_mine",
        "CREATE TRIGGER m_hello_t AFTER INSERT ON thing "
        "BEGIN SELECT 1; END",
        "CREATE VIEW m_hello_v AS SELECT * FROM thing",
    };
    size_t i;

    assert_int_equal(migrate_module(ctx, own, "m_hello_"), 0);
    for (i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        const struct migration one[] = {
            { "hello", 2, "foreign", foreign[i], NULL },
            { 0 },
        };

        assert_true(migrate_module(ctx, one, "m_hello_") < 0);
        ctx_clear(ctx);
    }
    assert_int_equal(count_things(ctx), 0);
}

static void the_files_of_a_site_are_its_owners_alone(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = { "tenon.db", "tenon.db-wal",
                                         "tenon.db-shm", "run/lock" };
    char path[PATH_MAX + 16];
    struct stat info;
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", fixture->folder, names[i]);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 077, 0);
    }
}

#define memory_test(name)                                                      \
    cmocka_unit_test_setup_teardown(name, setup_memory, teardown)
#define site_test(name)                                                        \
    cmocka_unit_test_setup_teardown(name, setup_site, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        memory_test(a_value_comes_back_as_it_was_bound),
        memory_test(values_of_every_kind_are_bound),
        memory_test(a_write_outside_of_a_transaction_is_refused),
        memory_test(a_rollback_leaves_nothing),
        memory_test(a_broken_unique_is_a_conflict),
        memory_test(a_failed_statement_dooms_its_transaction),
        memory_test(a_savepoint_saves_its_transaction_from_a_failure),
        memory_test(what_waits_for_the_commit_goes_with_its_level),
        memory_test(what_is_written_at_the_commit_goes_with_its_level),
        memory_test(groups_are_counted_and_summed_in_one_look),
        memory_test(the_same_statement_may_be_open_twice),
        memory_test(a_transaction_does_not_begin_beside_an_open_query),
        memory_test(a_reference_to_nothing_is_a_conflict),
        memory_test(a_value_of_the_wrong_type_is_refused),
        memory_test(statements_that_reach_around_the_store_are_refused),
        memory_test(a_plan_does_not_outlive_the_size_it_was_made_for),
        memory_test(a_number_of_values_that_does_not_fit_is_refused),
        memory_test(no_row_is_not_found_and_no_problem),
        memory_test(a_query_ends_at_the_deadline),
        site_test(a_snapshot_does_not_move),
        site_test(a_write_inside_a_snapshot_sees_the_newest),
        site_test(a_change_counter_moves_with_the_commit),
        site_test(every_commit_raises_begun),
        memory_test(a_migration_is_applied_once),
        memory_test(a_migration_that_was_changed_is_an_error),
        memory_test(a_migration_that_fails_leaves_nothing),
        memory_test(a_table_that_is_not_strict_is_refused),
        memory_test(a_module_migrates_its_own_tables_only),
        site_test(the_files_of_a_site_are_its_owners_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
