/*
 * test_copy.c - a site from one store into another, and back.
 *
 * Both directions with PostgreSQL run where TENON_TEST_STORE names one, each
 * in a schema of its own; without it the same steps run between two files.
 */
#include "base/banned.h"

#include "store/store_site.h"

#include <math.h>

#include "base/site.h"
#include "base/str.h"
#include "store/copy.h"
#include "store/dialect.h"

extern const struct migration store_migrations[];

enum {
    MANY = 60000,
    KILLED_AT = 55000,
    MANY_ORDERS = 1500,
    MANY_THINGS = 1500,
};

/* A store that a copy is made from or into. */
struct place {
    struct ctx ctx;
    struct site site;
    char folder[PATH_MAX];
    char schema[64]; /* of PostgreSQL; "": a file */
};

struct copying {
    struct place a, b, c;
};

/* ---- places ---- */

static bool has_postgresql(void)
{
    return getenv("TENON_TEST_STORE") != NULL;
}

static int open_place(struct place *place, int flags)
{
    int rc;

    ctx_init(&place->ctx, arena_new(0));
    place->site.folder = place->folder;
    place->site.settings.soft_ms = 10000;
    place->site.settings.durability = "full";
    place->site.settings.store.driver = "sqlite";
    if (place->schema[0]) {
        place->site.settings.store.driver = "postgresql";
        place->site.settings.store.url = schema_url(&place->ctx, place->schema);
    }
    place->ctx.site = &place->site;
    rc = db_open(&place->ctx, place->folder, flags);
    return rc;
}

static void reopen(struct place *place, int flags)
{
    disconnect(&place->ctx);
    assert_int_equal(open_place(place, flags), 0);
}

/* An empty one; on PostgreSQL where there is one and it is wanted. */
static void make_place(struct place *place, bool postgresql)
{
    static int number;

    make_folder(place->folder, NULL);
    if (postgresql && has_postgresql()) {
        snprintf(place->schema, sizeof place->schema, "copy_%d_%d",
                 (int)getpid(), ++number);
        order_schema("CREATE", place->schema, "");
    }
    assert_int_equal(open_place(place, DB_CREATE | DB_ALONE), 0);
}

static void drop_place(struct place *place)
{
    if (place->ctx.db)
        disconnect(&place->ctx);
    if (place->schema[0])
        order_schema("DROP", place->schema, " CASCADE");
    remove_tree(place->folder);
}

/* ---- what is in them ---- */

static int schema(struct ctx *ctx)
{
    int rc = migrate(ctx, store_migrations);

    return rc ? rc : migrate(ctx, thing_migrations);
}

/* Tables as forms and modules make them, with words that one store or the
 * other reserves. */
static const char *const own_tables[] = {
    "CREATE TABLE r_order (id INTEGER PRIMARY KEY, version INTEGER NOT NULL,"
    " \"index\" TEXT, \"user\" TEXT, \"limit\" REAL, \"group\" BLOB,"
    " state TEXT NOT NULL DEFAULT 'new', deleted_at INTEGER NOT NULL) STRICT",
    "CREATE UNIQUE INDEX i_order__index_unique ON r_order (\"index\")"
    " WHERE deleted_at = 0",
    "CREATE INDEX i_order__state ON r_order (state DESC, \"user\", id)"
    " WHERE state IN ('new', 'open') AND \"user\" IS NOT NULL",
    "CREATE TABLE r_order__items (id INTEGER PRIMARY KEY, record INTEGER"
    " NOT NULL REFERENCES \"r_order\"(id) ON DELETE CASCADE,"
    " position INTEGER NOT NULL, amount INTEGER CHECK (amount >= 0)) STRICT",
    "CREATE INDEX i_order__items__record ON r_order__items"
    " (record, position)",
    "CREATE TABLE m_shop_price (code TEXT NOT NULL, valid INTEGER NOT NULL,"
    " price INTEGER NOT NULL DEFAULT -1, PRIMARY KEY (code, valid),"
    " UNIQUE (price, code)) STRICT, WITHOUT ROWID",
};

static void order(struct ctx *ctx, const char *sql)
{
    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(db_exec(ctx, sql, ""), 0);
    assert_int_equal(tx_commit(ctx), 0);
}

static void add_order(struct ctx *ctx, int64_t id, const char *index,
                      const char *user, double limit, const void *data,
                      size_t length)
{
    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(
        db_exec(ctx,
                "INSERT INTO r_order (id, version, \"index\", \"user\","
                " \"limit\", \"group\", deleted_at)"
                " VALUES (?1, 1, ?2, ?3, ?4, ?5, 0)",
                "issdb", id, index, user, limit, data, length),
        0);
    assert_int_equal(db_exec(ctx,
                             "INSERT INTO r_order__items (id, record,"
                             " position, amount) VALUES (?1, ?1, 1, 5)",
                             "i", id),
                     0);
    assert_int_equal(tx_commit(ctx), 0);
}

static void fill(struct ctx *ctx)
{
    size_t i;

    assert_int_equal(schema(ctx), 0);
    for (i = 0; i < sizeof own_tables / sizeof *own_tables; i++)
        order(ctx, own_tables[i]);
    add_order(ctx, INT64_MAX, "Z\x01\x1f\t\n\\N\\.", "台北 ' \" \\", 0.1,
              "\0\xff\\x00", 6);
    add_order(ctx, INT64_MIN, NULL, NULL, -1.7976931348623157e308, "", 0);
    add_order(ctx, 0, "", "é", 5e-324, NULL, 0);
    order(ctx, "INSERT INTO m_shop_price (code, valid) VALUES ('b', 1),"
               " ('Z', 2), ('a', 3), ('中', 4)");
    order(ctx, "INSERT INTO store_epoch (name, number) VALUES ('org', 7)");
    order(ctx, "INSERT INTO thing (id, number, name) VALUES (1, 1, 'x'),"
               " (2, 2, NULL), (3, 3, NULL)");
    order(ctx, "INSERT INTO part (id, thing) VALUES (1, 3)");
}

static void add_many(struct ctx *ctx, int64_t count)
{
    int64_t i;

    assert_int_equal(tx_begin(ctx, "test"), 0);
    for (i = 10; i < 10 + count; i++)
        assert_int_equal(db_exec(ctx,
                                 "INSERT INTO thing (id, number, note)"
                                 " VALUES (?1, ?1, 'a note')",
                                 "i", i),
                         0);
    assert_int_equal(tx_commit(ctx), 0);
}

/* More than a table may have whose indexes are there from the beginning. */
static void add_many_orders(struct ctx *ctx)
{
    int64_t i;

    assert_int_equal(tx_begin(ctx, "test"), 0);
    for (i = 10; i < 10 + MANY_ORDERS; i++)
        assert_int_equal(
            db_exec(ctx,
                    "INSERT INTO r_order (id, version, \"index\", \"user\","
                    " deleted_at) VALUES (?1, 1, 'i' || ?1, 'u' || ?1, 0)",
                    "i", i),
            0);
    assert_int_equal(tx_commit(ctx), 0);
}

static int64_t number_of(struct ctx *ctx, const char *sql)
{
    int64_t number = -1;

    assert_int_equal(db_int(&number, ctx, sql, ""), 0);
    return number;
}

static const char *text_of(struct ctx *ctx, const char *sql)
{
    const char *text = NULL;

    assert_int_equal(db_text(&text, ctx, sql, ""), 0);
    return text;
}

/* ---- copying ---- */

static const struct copy_options plain = { .identity = "site 1",
                                           .schema = schema };

static struct copy_report copy(struct place *to, struct place *from)
{
    struct copy_report report;
    int rc = copy_site(&report, &to->ctx, &from->ctx, &plain);

    if (rc)
        print_error("copy_site: %s\n", ctx_error(&to->ctx));
    assert_int_equal(rc, 0);
    return report;
}

static int set_up(void **state)
{
    struct copying *copying = calloc(1, sizeof *copying);

    make_place(&copying->a, false);
    make_place(&copying->b, true);
    make_place(&copying->c, false);
    fill(&copying->a.ctx);
    *state = copying;
    return 0;
}

static int tear_down(void **state)
{
    struct copying *copying = *state;

    drop_place(&copying->a);
    drop_place(&copying->b);
    drop_place(&copying->c);
    free(copying);
    return 0;
}

/* The columns, keys and indexes of a file, whatever words made them. */
static const char *shape_of(struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    struct buf out;
    int rc;

    buf_init(&out, ctx->arena, 1 << 20);
    rc = db_query(
        &query, ctx,
        "SELECT t.name || '.' || c.name || ' ' || c.type || ' ' || "
        "c.\"notnull\""
        " || ' ' || c.pk || ' ' || coalesce(replace(replace(replace("
        "c.dflt_value, '(', ''), ')', ''), '''', ''), '-')"
        " FROM sqlite_schema t, pragma_table_info(t.name) c"
        " WHERE t.type = 'table' AND t.name <> 'sqlite_stat1'"
        " UNION ALL"
        " SELECT t.name || '>' || f.\"table\" || '.' || f.\"from\""
        " || f.on_delete FROM sqlite_schema t, pragma_foreign_key_list(t.name)"
        " f WHERE t.type = 'table' UNION ALL"
        " SELECT t.name || ':' || CASE WHEN i.origin = 'c' THEN i.name"
        " ELSE '' END || i.\"unique\" || i.partial || i.origin"
        " || coalesce(c.name, '') || c.\"desc\" FROM sqlite_schema t,"
        " pragma_index_list(t.name) i, pragma_index_xinfo(i.name) c"
        " WHERE t.type = 'table' AND c.key = 1 ORDER BY 1",
        "");
    while (!rc && (rc = query_next(query)) == 1) {
        buf_addf(&out, "%s\n", query_text(query, 0));
        rc = 0;
    }
    assert_int_equal(rc, 0);
    return buf_text(&out);
}

/* ---- the tests ---- */

static void a_site_comes_back_as_it_went(void **state)
{
    struct copying *copying = *state;
    struct ctx *a = &copying->a.ctx, *c = &copying->c.ctx;
    struct copy_report there = copy(&copying->b, &copying->a), back;

    assert_int_equal(there.rows, 3 + 3 + 4 + 1 + 3 + 1 +
                                     number_of(a, "SELECT count(*) FROM"
                                                  " store_migration"));
    assert_int_equal(there.cleaned_count, 0);
    back = copy(&copying->c, &copying->b);
    assert_int_equal(back.rows, there.rows);
    assert_int_equal(back.tables, there.tables);
    assert_string_equal(shape_of(a), shape_of(c));
    assert_int_equal(db_table_exists(c, "store_copy"), 0);
}

static void values_survive_to_the_last_bit(void **state)
{
    struct copying *copying = *state;
    struct ctx *b = &copying->b.ctx;
    QUERY_AUTO *query = NULL;
    size_t length;

    copy(&copying->b, &copying->a);
    assert_string_equal(
        text_of(b, "SELECT \"index\" FROM r_order WHERE id > 1"),
        "Z\x01\x1f\t\n\\N\\.");
    assert_string_equal(text_of(b, "SELECT \"user\" FROM r_order WHERE id > 1"),
                        "台北 ' \" \\");
    assert_int_equal(db_query(&query, b,
                              "SELECT \"limit\", \"group\", \"index\""
                              " FROM r_order ORDER BY id",
                              ""),
                     0);
    assert_int_equal(query_next(query), 1);
    assert_true(query_double(query, 0) == -1.7976931348623157e308);
    assert_false(query_is_null(query, 1));
    assert_true(query_is_null(query, 2));
    assert_int_equal(query_next(query), 1);
    assert_true(query_double(query, 0) == 5e-324);
    assert_string_equal(query_text(query, 2), "");
    assert_int_equal(query_next(query), 1);
    assert_memory_equal(query_blob(query, 1, &length), "\0\xff\\x00", 6);
    assert_int_equal(length, 6);
}

/* What was put off while the rows came is there, and works. */
static void check_indexes(struct copying *copying)
{
    struct ctx *b = &copying->b.ctx;
    bool there = false;

    reopen(&copying->b, DB_WORKER);
    assert_int_equal(db_index_exists(&there, b, "r_order", "i_order__state"),
                     0);
    assert_true(there);
    assert_int_equal(tx_begin(b, "test"), 0);
    assert_int_equal(db_exec(b, "DELETE FROM r_order WHERE id = 0", ""), 0);
    assert_int_equal(number_of(b, "SELECT count(*) FROM r_order__items"), 2);
    assert_refused(
        b, db_exec(b, "UPDATE r_order SET \"index\" = '1', state = 's'", ""),
        E_CONFLICT, "store.unique");
    tx_rollback(b);
    assert_int_equal(tx_begin(b, "test"), 0);
    assert_int_not_equal(
        db_exec(b, "INSERT INTO part (id, thing) VALUES (7, -77)", ""), 0);
    tx_rollback(b);
    ctx_clear(b);
    assert_int_equal(schema(b), 0); /* its migrations are known */
}

static void indexes_and_references_are_there_again(void **state)
{
    copy(&((struct copying *)*state)->b, &((struct copying *)*state)->a);
    check_indexes(*state);
}

static void indexes_of_many_rows_are_made_after_them(void **state)
{
    struct copying *copying = *state;

    add_many_orders(&copying->a.ctx);
    copy(&copying->b, &copying->a);
    check_indexes(copying);
    copy(&copying->c, &copying->b);
    assert_string_equal(shape_of(&copying->a.ctx), shape_of(&copying->c.ctx));
}

static void texts_that_the_other_store_refuses_are_told(void **state)
{
    struct copying *copying = *state;
    struct ctx *a = &copying->a.ctx, *b = &copying->b.ctx;
    struct copy_report report;

    assert_int_equal(tx_begin(a, "test"), 0);
    assert_int_equal(db_exec(a,
                             "UPDATE thing SET note = CAST(?1 AS TEXT)"
                             " WHERE id = 1",
                             "b", "cut\0off", (size_t)7),
                     0);
    assert_int_equal(db_exec(a,
                             "UPDATE thing SET note = CAST(?1 AS TEXT)"
                             " WHERE id = 2",
                             "b",
                             "a\xff\xc3"
                             "b",
                             (size_t)4),
                     0);
    assert_int_equal(tx_commit(a), 0);
    report = copy(&copying->b, &copying->a);
    assert_int_equal(report.cleaned_count, 1);
    assert_string_equal(report.cleaned[0].table, "thing");
    assert_string_equal(report.cleaned[0].column, "note");
    assert_int_equal(report.cleaned[0].count, 2);
    assert_string_equal(text_of(b, "SELECT note FROM thing WHERE id = 1"),
                        "cut");
    assert_string_equal(text_of(b, "SELECT note FROM thing WHERE id = 2"),
                        "a\xef\xbf\xbd\xef\xbf\xbd"
                        "b");
}

static void a_target_with_tables_is_refused_untouched(void **state)
{
    struct copying *copying = *state;
    struct ctx *b = &copying->b.ctx;
    struct copy_report report;

    order(b, "CREATE TABLE mine (id INTEGER PRIMARY KEY) STRICT");
    assert_refused(b, copy_site(&report, b, &copying->a.ctx, &plain),
                   E_CONFLICT, "store.copy_not_empty");
    assert_int_equal(db_table_exists(b, "store_copy"), 0);
    assert_int_equal(db_table_exists(b, "thing"), 0);
}

/* ---- cut off ---- */

static void die(void *payload, int64_t done, int64_t total)
{
    (void)total;
    if (done >= *(int64_t *)payload)
        kill(getpid(), SIGKILL);
}

static int64_t kill_at = KILLED_AT;
static const struct copy_options deadly = {
    .identity = "site 1", .schema = schema, .progress = die, .payload = &kill_at
};

/* A process that copies until it is killed; no connection goes with it. */
static void copy_and_die(struct copying *copying)
{
    struct place *a = &copying->a, *b = &copying->b;
    struct copy_report report;
    pid_t pid;

    disconnect(&a->ctx);
    disconnect(&b->ctx);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (!open_place(a, DB_ALONE) && !open_place(b, DB_ALONE))
            copy_site(&report, &b->ctx, &a->ctx, &deadly);
        _exit(0);
    }
    assert_true(WIFSIGNALED(wait_process(pid)));
    assert_int_equal(open_place(a, DB_ALONE), 0);
    assert_int_equal(open_place(b, DB_ALONE), 0);
}

static void a_copy_that_was_cut_off_goes_on(void **state)
{
    struct copying *copying = *state;
    struct ctx *b = &copying->b.ctx;
    struct copy_report report;

    add_many(&copying->a.ctx, MANY);
    copy_and_die(copying);
    assert_int_equal(number_of(b, "SELECT count(*) FROM thing"), 50000);
    report = copy(&copying->b, &copying->a);
    assert_true(report.kept >= 50000);
    assert_int_equal(number_of(b, "SELECT count(*) FROM thing"), MANY + 3);
    assert_int_equal(number_of(b, "SELECT sum(number) FROM thing WHERE id > 9"),
                     number_of(&copying->a.ctx,
                               "SELECT sum(number) FROM thing WHERE id > 9"));
}

/* PostgreSQL had made an index beside, and the program died before it was
 * noted. */
static void an_index_that_nobody_noted_is_no_hindrance(void **state)
{
    struct copying *copying = *state;
    struct ctx *b = &copying->b.ctx;

    add_many_orders(&copying->a.ctx);
    add_many(&copying->a.ctx, MANY);
    copy_and_die(copying);
    assert_true(number_of(b, "SELECT count(*) FROM store_copy WHERE"
                             " kind = 'index' AND name LIKE 'i\\_order%'"
                             " ESCAPE '\\'") == 2);
    if (!has_postgresql())
        skip();
    order(b, text_of(b, "SELECT detail FROM store_copy WHERE"
                        " name = 'i_order__state'"));
    copy(&copying->b, &copying->a);
    check_indexes(copying);
}

static void half_a_copy_is_no_site(void **state)
{
    struct copying *copying = *state;
    struct copy_report report;
    struct copy_options other = plain;
    struct ctx *b = &copying->b.ctx;

    add_many(&copying->a.ctx, MANY);
    copy_and_die(copying);
    other.identity = "site 2";
    assert_refused(b, copy_site(&report, b, &copying->a.ctx, &other),
                   E_CONFLICT, "store.copy_other");
    disconnect(b);
    assert_int_equal(open_place(&copying->b, DB_WORKER), E_UNAVAILABLE);
    assert_string_equal(problem_key(b), "store.half_copy");
    arena_free(b->arena);
    assert_int_equal(open_place(&copying->b, DB_ALONE), 0);
}

/* The site was used between the two attempts: what was copied is old. */
static void what_changed_in_between_is_copied_anew(void **state)
{
    struct copying *copying = *state;
    struct ctx *a = &copying->a.ctx, *b = &copying->b.ctx;
    struct copy_report report;

    add_many(a, MANY);
    copy_and_die(copying);
    order(a, "UPDATE thing SET note = 'another' WHERE id = 12");
    order(a, "DELETE FROM r_order__items WHERE id = 0");
    report = copy(&copying->b, &copying->a);
    assert_true(report.kept < 50000);
    assert_string_equal(text_of(b, "SELECT note FROM thing WHERE id = 12"),
                        "another");
    assert_int_equal(number_of(b, "SELECT count(*) FROM thing"), MANY + 3);
    assert_int_equal(number_of(b, "SELECT count(*) FROM r_order__items"), 2);
}

/* ---- what the target does to it ---- */

/* A copy that ends when the rows of `thing` are there and noted. */
static void copy_up_to_orders(struct copying *copying)
{
    add_many(&copying->a.ctx, MANY_THINGS);
    add_many_orders(&copying->a.ctx);
    kill_at = MANY_THINGS + MANY_ORDERS / 2;
    copy_and_die(copying);
    kill_at = KILLED_AT;
    assert_int_equal(number_of(&copying->b.ctx, "SELECT count(*) FROM thing"),
                     MANY_THINGS + 3);
}

/* The target is no site then; the next attempt copies this table anew. */
static void check_found_and_copied_anew(struct copying *copying,
                                        const char *damage)
{
    struct ctx *a = &copying->a.ctx, *b = &copying->b.ctx;
    struct copy_report report;

    order(b, damage);
    assert_int_equal(copy_site(&report, b, a, &plain), E_STORE);
    assert_string_equal(problem_key(b), "store.copy_differs");
    assert_non_null(strstr(ctx_error(b), "table thing "));
    disconnect(b);
    assert_int_equal(open_place(&copying->b, DB_WORKER), E_UNAVAILABLE);
    assert_string_equal(problem_key(b), "store.half_copy");
    arena_free(b->arena);
    assert_int_equal(open_place(&copying->b, DB_ALONE), 0);
    copy(&copying->b, &copying->a);
    assert_int_equal(number_of(b, "SELECT count(*) FROM thing"),
                     MANY_THINGS + 3);
    assert_int_equal(
        number_of(b, "SELECT count(*) FROM thing WHERE note = 'a note'"),
        MANY_THINGS);
}

static void a_value_that_is_another_is_found(void **state)
{
    copy_up_to_orders(*state);
    check_found_and_copied_anew(
        *state, "UPDATE thing SET note = 'a nota' WHERE id = 12");
}

static void a_row_that_is_gone_is_found(void **state)
{
    copy_up_to_orders(*state);
    check_found_and_copied_anew(*state, "DELETE FROM thing WHERE id = 12");
}

static void a_row_that_nobody_copied_is_found(void **state)
{
    copy_up_to_orders(*state);
    check_found_and_copied_anew(*state, "INSERT INTO thing (id, number)"
                                        " VALUES (-1, -1)");
}

/* ---- only with PostgreSQL ---- */

static void a_database_in_use_is_refused(void **state)
{
    struct copying *copying = *state;
    struct place other = copying->b;
    struct copy_report report;
    struct ctx *c = &copying->c.ctx;

    if (!has_postgresql())
        skip();
    copy(&copying->b, &copying->a);
    reopen(&copying->b, DB_ALONE);
    assert_int_equal(open_place(&other, DB_WORKER), 0);
    assert_refused(c, copy_site(&report, c, &copying->b.ctx, &plain), E_BUSY,
                   "store.served_elsewhere");
    disconnect(&other.ctx);
    assert_int_equal(copy_site(&report, c, &copying->b.ctx, &plain), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_site_comes_back_as_it_went, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(values_survive_to_the_last_bit, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            indexes_of_many_rows_are_made_after_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_index_that_nobody_noted_is_no_hindrance, set_up, tear_down),
        cmocka_unit_test_setup_teardown(indexes_and_references_are_there_again,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            texts_that_the_other_store_refuses_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_target_with_tables_is_refused_untouched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_copy_that_was_cut_off_goes_on, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(half_a_copy_is_no_site, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_changed_in_between_is_copied_anew,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_value_that_is_another_is_found,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_row_that_is_gone_is_found, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_row_that_nobody_copied_is_found,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_database_in_use_is_refused, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
