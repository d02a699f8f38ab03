/*
 * test_list.c - lists: scopes, sort, filter, search, pages, hostile names.
 */
#include "base/banned.h"

#include "form/form_site.h"

#include "store/condition.h"

static size_t list_of(struct fixture *f, struct record ***out,
                      const struct record_query *query)
{
    size_t count = 0;

    ok(f, record_list(out, &count, &f->ctx, form_named(f, "budget"), query));
    return count;
}

static int64_t count_of(struct fixture *f, const struct record_query *query,
                        int64_t cap)
{
    int64_t count = -1;

    ok(f, record_count(&count, &f->ctx, form_named(f, "budget"), query, cap));
    return count;
}

static int64_t make(struct fixture *f, int64_t person, const char *purpose,
                    const char *price)
{
    as(f, person);
    return create(f, arena_printf(f->arena,
                                  "{\"purpose\":\"%s\",\"items\":[{\"name\":"
                                  "\"a\",\"quantity\":1,\"price\":\"%s\"}]}",
                                  purpose, price))
        ->id;
}

static const char *purpose(const struct record *record)
{
    return value_get_text(record->values, "purpose");
}

static void everybody_sees_the_own_records(void **state)
{
    struct fixture *f = *state;
    struct record_query query = { .limit = 50 };
    struct record **list;

    make(f, f->li, "one", "1");
    make(f, f->wang, "two", "2");
    make(f, f->li, "three", "3");
    as(f, f->li);
    assert_int_equal(list_of(f, &list, &query), 2);
    assert_string_equal(purpose(list[0]), "three");
    assert_string_equal(purpose(list[1]), "one");
    assert_int_equal(count_of(f, &query, 100), 2);
}

/* Own, department and opened records, none of them twice. */
static void three_scopes_are_merged_without_doubles(void **state)
{
    struct fixture *f = *state;
    struct record_query query = { .limit = 50, .sort = "purpose" };
    struct record **list;
    int64_t opened, own;

    ok(f, department_update(&f->ctx, f->sales, "Sales", 0, f->li));
    own = make(f, f->li, "b own", "1");
    make(f, f->wang, "c colleague", "2");
    opened = make(f, f->zhao, "a opened", "3");
    make(f, f->zhao, "hidden", "4");
    as(f, 0);
    ok(f, tx_begin(&f->ctx, "test"));
    ok(f, access_reader_add(&f->ctx, opened, f->li, "task", 0));
    ok(f, access_reader_add(&f->ctx, opened, f->li, "copy", 0));
    ok(f, access_reader_add(&f->ctx, own, f->li, "task", 0));
    ok(f, tx_commit(&f->ctx));
    ok(f, epoch_read(&f->ctx));
    as(f, f->li);
    assert_int_equal(list_of(f, &list, &query), 3);
    assert_string_equal(purpose(list[0]), "a opened");
    assert_string_equal(purpose(list[1]), "b own");
    assert_string_equal(purpose(list[2]), "c colleague");
    assert_int_equal(count_of(f, &query, 100), 3);
    assert_int_equal(count_of(f, &query, 2), 3); /* cap + 1 */
    query.sort = NULL;
    assert_int_equal(list_of(f, &list, &query), 3);
    query.limit = 2;
    query.offset = 1;
    assert_int_equal(list_of(f, &list, &query), 2);
}

static void texts_sort_as_people_expect(void **state)
{
    static const char *const expected[] = { "Apfel", "Äpfel 2", "Äpfel 10",
                                            "北京", "上海" };
    struct fixture *f = *state;
    struct record_query query = { .limit = 50, .sort = "purpose" };
    struct record **list;
    int i;

    for (i = 4; i >= 0; i--)
        make(f, f->li, expected[i], "1");
    assert_int_equal(list_of(f, &list, &query), 5);
    for (i = 0; i < 5; i++)
        assert_string_equal(purpose(list[i]), expected[i]);
    query.descending = true;
    list_of(f, &list, &query);
    assert_string_equal(purpose(list[0]), "上海");
}

static size_t filtered(struct fixture *f, const char *json)
{
    struct record_query query = { .limit = 50 };
    struct condition *where;
    struct record **list;

    ok(f, record_condition(&where, &f->ctx, form_named(f, "budget"),
                           parse(f, json)));
    query.where = where;
    return list_of(f, &list, &query);
}

static void filters_compare_values_of_their_type(void **state)
{
    struct fixture *f = *state;

    make(f, f->li, "cheap", "9.50");
    make(f, f->li, "dear", "100");
    assert_int_equal(filtered(f, "{\"total\":{\"gt\":\"9.50\"}}"), 1);
    assert_int_equal(filtered(f, "{\"total\":{\"ge\":\"9.5\"}}"), 2);
    assert_int_equal(filtered(f, "{\"purpose\":{\"contains\":\"hea\"}}"), 1);
    assert_int_equal(filtered(f, "{\"purpose\":\"dear\"}"), 1);
    assert_int_equal(filtered(f, "{\"owner\":\"me\"}"), 2);
    assert_int_equal(filtered(f, "{\"kind\":null}"), 2);
    assert_int_equal(
        filtered(f, "{\"or\":[{\"purpose\":\"dear\"},{\"total\":\"9.5\"}]}"),
        2);
}

static void the_search_folds_case_and_width(void **state)
{
    struct fixture *f = *state;
    struct record_query query = { .limit = 50 };
    struct record **list;

    make(f, f->li, "Messe KÖLN 100%", "1");
    make(f, f->li, "上海展会", "1");
    query.search = "köln messe";
    assert_int_equal(list_of(f, &list, &query), 1);
    query.search = "展会";
    assert_int_equal(list_of(f, &list, &query), 1);
    query.search = "ＫＯＥＬＮ";
    assert_int_equal(list_of(f, &list, &query), 0);
    query.search = "100%";
    assert_int_equal(list_of(f, &list, &query), 1);
    query.search = "%";
    assert_int_equal(list_of(f, &list, &query), 1);
    query.search = "_";
    assert_int_equal(list_of(f, &list, &query), 0);
}

/* Following the cursors meets every record once, empty values included. */
static void walk(struct fixture *f, const char *sort, bool descending)
{
    struct record_query query = { .limit = 3,
                                  .sort = sort,
                                  .descending = descending };
    struct record **list;
    size_t seen = 0, count;
    int64_t last = 0;

    while ((count = list_of(f, &list, &query))) {
        assert_true(list[0]->id != last);
        last = list[count - 1]->id;
        seen += count;
        assert_true(seen <= 10);
        query.cursor = record_cursor(&f->ctx, &query, list[count - 1]);
    }
    assert_int_equal(seen, 10);
}

static void cursors_walk_over_everything_once(void **state)
{
    static const char *const sorts[] = { NULL,  "purpose",    "total",
                                         "day", "updated_at", "state",
                                         "kind" };
    struct fixture *f = *state;
    size_t i;

    for (i = 0; i < 6; i++)
        make(f, f->li, i % 2 ? "same" : "other", i % 3 ? "5" : "7");
    for (i = 0; i < 4; i++)
        create(f, i % 2 ? "{\"purpose\":\"z\",\"kind\":\"fair\"}"
                        : "{\"purpose\":\"y\",\"day\":\"2026-01-01\"}");
    for (i = 0; i < sizeof sorts / sizeof sorts[0]; i++) {
        walk(f, sorts[i], false);
        walk(f, sorts[i], true);
    }
}

static void S20_names_come_from_the_definition_only(void **state)
{
    static const char *const hostile[] = {
        "purpose; DROP TABLE form",
        "f_purpose",
        "t.id",
        "\"",
        "1",
        "id)--",
        "deleted_at",
        "search",
        "items",
        "PURPOSE",
    };
    struct fixture *f = *state;
    size_t i;

    make(f, f->li, "x", "1");
    for (i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        struct record_query query = { .limit = 5, .sort = hostile[i] };
        struct value *json = value_map(f->arena);
        struct condition *where;
        struct record **list;
        size_t count;

        assert_int_equal(record_list(&list, &count, &f->ctx,
                                     form_named(f, "budget"), &query),
                         E_INVALID);
        value_set_text(json, hostile[i], "x");
        assert_int_equal(
            record_condition(&where, &f->ctx, form_named(f, "budget"), json),
            E_INVALID);
    }
}

static void S21_hostile_values_find_nothing(void **state)
{
    static const char *const hostile[] = { "' OR 1=1 --", "\\", "%", "_%",
                                           "x' UNION SELECT 1" };
    struct fixture *f = *state;
    size_t i;

    make(f, f->li, "plain", "1");
    for (i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        struct record_query query = { .limit = 5 };
        struct value *json = value_map(f->arena);
        struct value *test = value_map(f->arena);
        struct record **list;

        value_set_text(test, "contains", hostile[i]);
        value_set(json, "purpose", test);
        assert_int_equal(filtered(f, json_text(f->arena, json)), 0);
        query.search = hostile[i];
        assert_int_equal(list_of(f, &list, &query), 0);
    }
    assert_int_equal(filtered(f, "{\"purpose\":\"plain\"}"), 1);
}

static void S21_bad_cursors_are_refused(void **state)
{
    static const char *const bad[] = {
        "", "x", "e30", "W10", "WzEsMl0", "////"
    };
    struct fixture *f = *state;
    size_t i;

    as(f, f->li);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct record_query query = { .limit = 5, .cursor = bad[i] };
        struct record **list;
        size_t count;
        int rc = record_list(&list, &count, &f->ctx, form_named(f, "budget"),
                             &query);

        assert_true(rc == E_INVALID || rc == 0);
    }
}

/* ["x","1"] where numbers are sorted by, [["5"],"1"] where texts are. */
static void a_cursor_of_another_sort_is_refused(void **state)
{
    static const char *const pairs[][2] = {
        { "total", "WyJ4IiwiMSJd" },
        { "updated_at", "WyJ4IiwiMSJd" },
        { "purpose", "W1siNSJdLCIxIl0" },
        { "state", "W1siNSJdLCIxIl0" },
    };
    struct fixture *f = *state;
    size_t i;

    as(f, f->li);
    for (i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct record_query query = { .limit = 5,
                                      .sort = pairs[i][0],
                                      .cursor = pairs[i][1] };
        struct record **list;
        size_t count;

        assert_int_equal(record_list(&list, &count, &f->ctx,
                                     form_named(f, "budget"), &query),
                         E_INVALID);
        ctx_clear(&f->ctx);
    }
}

static void a_list_may_read_only_some_fields(void **state)
{
    struct fixture *f = *state;
    const struct form *form = form_named(f, "budget");
    const struct field *fields[] = { form_field(form, "total") };
    struct record_query query = { .limit = 5,
                                  .fields = fields,
                                  .field_count = 1 };
    struct record **list;

    make(f, f->li, "x", "2");
    assert_int_equal(list_of(f, &list, &query), 1);
    assert_null(value_get(list[0]->values, "purpose"));
    assert_non_null(value_get(list[0]->values, "total"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, site_up, site_down)
    const struct CMUnitTest tests[] = {
        CASE(everybody_sees_the_own_records),
        CASE(three_scopes_are_merged_without_doubles),
        CASE(texts_sort_as_people_expect),
        CASE(filters_compare_values_of_their_type),
        CASE(the_search_folds_case_and_width),
        CASE(cursors_walk_over_everything_once),
        CASE(S20_names_come_from_the_definition_only),
        CASE(S21_hostile_values_find_nothing),
        CASE(S21_bad_cursors_are_refused),
        CASE(a_cursor_of_another_sort_is_refused),
        CASE(a_list_may_read_only_some_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
