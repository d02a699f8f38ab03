/*
 * test_record.c - records: values, checks, rights, versions, the bin.
 */
#include "base/banned.h"

#include "form/form_site.h"

static const char *text_of(struct fixture *f, const struct record *record,
                           const char *key)
{
    struct value *json = value_get(record_value(&f->ctx, record), "values");

    return value_get_text(json, key);
}

static void a_record_is_kept_as_it_was_given(void **state)
{
    struct fixture *f = *state;
    struct record *record, *again;

    as(f, f->li);
    record =
        create(f, "{\"purpose\":\" Fair in Köln \",\"day\":\"2026-11-23\","
                  "\"kind\":\"fair\",\"tags\":[\"c\",\"a\"],\"items\":["
                  "{\"name\":\"Stand\",\"quantity\":2,\"price\":\"1200.50\"},"
                  "{\"name\":\"Hotel\",\"quantity\":\"3\",\"price\":80}]}");
    ok(f, record_get(&again, &f->ctx, record->form, record->id));
    assert_string_equal(text_of(f, again, "purpose"), "Fair in Köln");
    assert_string_equal(text_of(f, again, "day"), "2026-11-23");
    assert_string_equal(json_text(f->arena, value_get(again->values, "tags")),
                        "[\"a\",\"c\"]");
    assert_int_equal(value_count(value_get(again->values, "items")), 2);
    assert_int_equal(again->owner, f->li);
    assert_int_equal(again->department, f->sales);
    assert_int_equal(again->version, 1);
    assert_string_equal(again->state, "saved");
    assert_string_equal(record_label(&f->ctx, again), "Fair in Köln");
}

static void totals_of_rows_and_head_are_computed(void **state)
{
    struct fixture *f = *state;
    struct record *record;
    struct value *rows;

    as(f, f->li);
    record = create(f, "{\"purpose\":\"x\",\"items\":["
                       "{\"name\":\"a\",\"quantity\":3,\"price\":\"0.10\"},"
                       "{\"name\":\"b\",\"quantity\":2,\"price\":\"5000\"}]}");
    assert_string_equal(text_of(f, record, "total"), "10000.30");
    rows =
        value_get(value_get(record_value(&f->ctx, record), "values"), "items");
    assert_string_equal(value_get_text(value_at(rows, 0), "amount"), "0.30");
}

static void every_problem_stands_at_its_field(void **state)
{
    struct fixture *f = *state;
    struct record *record;
    int rc;

    as(f, f->li);
    rc = record_create(
        &record, &f->ctx, form_named(f, "budget"),
        parse(f, "{\"day\":\"23.11.2026\",\"kind\":\"war\",\"items\":["
                 "{\"name\":\"a\",\"quantity\":0,\"price\":\"-1\"}]}"),
        NULL);
    assert_int_equal(rc, E_INVALID);
    assert_true(has_problem(f, "purpose", "form.required"));
    assert_true(has_problem(f, "day", "form.expected_date"));
    assert_true(has_problem(f, "kind", "form.unknown_option"));
    assert_true(has_problem(f, "items.0.quantity", "form.below_least"));
    assert_true(has_problem(f, "items.0.price", "form.below_least"));
}

static void a_draft_may_lack_what_is_required(void **state)
{
    struct fixture *f = *state;
    const struct form *form = form_named(f, "budget");
    struct record *record;

    as(f, f->li);
    ok(f, record_create(&record, &f->ctx, form, parse(f, "{}"), "draft"));
    assert_null(value_get_text(record->values, "number"));
    assert_int_equal(record_save(&record, &f->ctx, form, record->id, 1,
                                 parse(f, "{}"), "running"),
                     E_INVALID);
    assert_true(has_problem(f, "purpose", "form.required"));
}

static void S14_unknown_and_automatic_fields_are_refused(void **state)
{
    struct fixture *f = *state;
    struct record *record;

    as(f, f->li);
    assert_int_equal(
        record_create(&record, &f->ctx, form_named(f, "budget"),
                      parse(f, "{\"purpose\":\"x\",\"colour\":1,"
                               "\"total\":\"5\",\"number\":\"B\"}"),
                      NULL),
        E_INVALID);
    assert_true(has_problem(f, "colour", "form.unknown_field"));
    assert_true(has_problem(f, "total", "form.read_only"));
    assert_true(has_problem(f, "number", "form.read_only"));
}

static void S17_system_fields_are_refused(void **state)
{
    static const char *const names[] = {
        "id", "version", "owner", "department", "state", "created_by"
    };
    struct fixture *f = *state;
    size_t i;

    as(f, f->li);
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct value *input = parse(f, "{\"purpose\":\"x\"}");
        struct record *record;

        value_set_int(input, names[i], 7);
        assert_int_equal(record_create(&record, &f->ctx,
                                       form_named(f, "budget"), input, NULL),
                         E_INVALID);
        assert_true(has_problem(f, names[i], "form.unknown_field"));
    }
}

static void S13_records_of_others_are_not_there(void **state)
{
    struct fixture *f = *state;
    struct record *mine, *seen;
    const struct form *form = form_named(f, "budget");
    int64_t id;

    as(f, f->li);
    mine = create(f, "{\"purpose\":\"secret\"}");
    id = mine->id;
    as(f, f->zhao);
    assert_int_equal(record_get(&seen, &f->ctx, form, id), E_NOT_FOUND);
    assert_int_equal(record_update(&seen, &f->ctx, form, id, 1,
                                   parse(f, "{\"purpose\":\"y\"}")),
                     E_NOT_FOUND);
    assert_int_equal(record_delete(&f->ctx, form, id, 1), E_NOT_FOUND);
    assert_int_equal(record_comment(&f->ctx, form, id, "hello"), E_NOT_FOUND);
    assert_int_equal(record_restore(&f->ctx, form, id), E_NOT_FOUND);
}

static void S13_foreign_ids_in_the_input_are_checked(void **state)
{
    struct fixture *f = *state;
    struct record *secret, *record;
    struct value *input;
    int64_t row;

    as(f, f->li);
    secret = create(f, "{\"purpose\":\"s\",\"items\":[{\"name\":\"a\"}]}");
    row = value_get_id(value_at(value_get(secret->values, "items"), 0), "id");
    as(f, f->zhao);
    input = parse(f, "{\"purpose\":\"x\",\"contact\":\"99\"}");
    value_set_id(input, "other", secret->id);
    assert_int_equal(
        record_create(&record, &f->ctx, form_named(f, "budget"), input, NULL),
        E_INVALID);
    assert_true(has_problem(f, "other", "form.unknown_reference"));
    assert_true(has_problem(f, "contact", "form.unknown_reference"));

    /* A row id of somebody else's record becomes a new row. */
    ctx_clear(&f->ctx);
    input = parse(f, "{\"purpose\":\"x\",\"items\":[{\"name\":\"mine\"}]}");
    value_set_id(value_at(value_get(input, "items"), 0), "id", row);
    ok(f,
       record_create(&record, &f->ctx, form_named(f, "budget"), input, NULL));
    assert_true(value_get_id(value_at(value_get(record->values, "items"), 0),
                             "id") != row);
}

static void S55_a_combination_is_refused_as_a_whole(void **state)
{
    struct fixture *f = *state;
    struct record *record;

    as(f, f->li);
    assert_int_equal(
        record_create(&record, &f->ctx, form_named(f, "budget"),
                      parse(f, "{\"purpose\":\"x\",\"day\":\"2026-11-23\","
                               "\"last\":\"2026-11-22\"}"),
                      NULL),
        E_INVALID);
    assert_true(has_problem(f, "last", "form.message"));
    ctx_clear(&f->ctx);
    create(f, "{\"purpose\":\"x\",\"day\":\"2026-11-23\"}");
}

static void a_change_of_an_old_version_says_who_changed_what(void **state)
{
    struct fixture *f = *state;
    const struct form *form = form_named(f, "budget");
    struct record *record;
    int64_t id;

    as(f, f->li);
    id = create(f, "{\"purpose\":\"first\"}")->id;
    ok(f, record_update(&record, &f->ctx, form, id, 1,
                        parse(f, "{\"purpose\":\"second\"}")));
    assert_int_equal(record->version, 2);
    assert_int_equal(record_update(&record, &f->ctx, form, id, 1,
                                   parse(f, "{\"kind\":\"fair\"}")),
                     E_CONFLICT);
    assert_true(has_problem(f, NULL, "form.conflict"));
    assert_true(has_problem(f, "purpose", "form.conflict_field"));
    ctx_clear(&f->ctx);
    ok(f, record_get(&record, &f->ctx, form, id));
    assert_string_equal(text_of(f, record, "purpose"), "second");
    assert_null(text_of(f, record, "kind"));
}

static void rows_keep_their_ids_through_a_change(void **state)
{
    struct fixture *f = *state;
    const struct form *form = form_named(f, "budget");
    struct record *record;
    struct value *input, *rows;
    int64_t second;

    as(f, f->li);
    record = create(f, "{\"purpose\":\"x\",\"items\":[{\"name\":\"a\"},"
                       "{\"name\":\"b\"}]}");
    second =
        value_get_id(value_at(value_get(record->values, "items"), 1), "id");
    input = parse(f, "{\"items\":[{\"name\":\"new\"},{\"name\":\"B\"}]}");
    value_set_id(value_at(value_get(input, "items"), 1), "id", second);
    ok(f, record_update(&record, &f->ctx, form, record->id, 1, input));
    ok(f, record_get(&record, &f->ctx, form, record->id));
    rows = value_get(record->values, "items");
    assert_int_equal(value_count(rows), 2);
    assert_string_equal(value_get_text(value_at(rows, 0), "name"), "new");
    assert_int_equal(value_get_id(value_at(rows, 1), "id"), second);
}

static void numbers_count_without_gaps_and_anew_each_year(void **state)
{
    struct fixture *f = *state;
    struct record *bad;

    as(f, f->li);
    clock_set(INT64_C(1767312000000)); /* 2026-01-02 */
    assert_string_equal(text_of(f, create(f, "{\"purpose\":\"a\"}"), "number"),
                        "B-2026-0001");
    assert_int_equal(record_create(&bad, &f->ctx, form_named(f, "budget"),
                                   parse(f, "{}"), NULL),
                     E_INVALID);
    assert_string_equal(text_of(f, create(f, "{\"purpose\":\"b\"}"), "number"),
                        "B-2026-0002");
    clock_set(INT64_C(1798848000000)); /* 2027-01-02 */
    assert_string_equal(text_of(f, create(f, "{\"purpose\":\"c\"}"), "number"),
                        "B-2027-0001");
}

static void the_bin_gives_back(void **state)
{
    struct fixture *f = *state;
    const struct form *form = form_named(f, "budget");
    struct record_query query = { .limit = 50 };
    struct record **list, *record;
    size_t count;
    int64_t id;

    as(f, 0);
    id = create(f, "{\"purpose\":\"x\"}")->id;
    ok(f, record_delete(&f->ctx, form, id, 1));
    ok(f, record_list(&list, &count, &f->ctx, form, &query));
    assert_int_equal(count, 0);
    query.bin = true;
    ok(f, record_list(&list, &count, &f->ctx, form, &query));
    assert_int_equal(count, 1);
    assert_int_equal(record_update(&record, &f->ctx, form, id, 0,
                                   parse(f, "{\"purpose\":\"y\"}")),
                     E_NOT_FOUND);
    ok(f, record_restore(&f->ctx, form, id));
    ok(f, record_get(&record, &f->ctx, form, id));
    assert_int_equal(record->deleted_at, 0);
}

static void comments_are_told_oldest_first(void **state)
{
    struct fixture *f = *state;
    const struct form *form = form_named(f, "budget");
    struct value *comments;
    int64_t id;

    as(f, f->li);
    id = create(f, "{\"purpose\":\"x\"}")->id;
    ok(f, record_comment(&f->ctx, form, id, "first"));
    ok(f, record_comment(&f->ctx, form, id, "第二"));
    ok(f, record_comments(&comments, &f->ctx, form, id));
    assert_int_equal(value_count(comments), 2);
    assert_string_equal(value_get_text(value_at(comments, 1), "text"), "第二");
    assert_string_equal(value_get_text(value_at(comments, 1), "name"), "li.na");
    assert_int_equal(record_comment(&f->ctx, form, id, "  "), E_INVALID);
}

static void numbers_may_have_wide_digits_and_commas(void **state)
{
    struct fixture *f = *state;
    struct record *record;

    as(f, f->li);
    record = create(f, "{\"purpose\":\"x\",\"items\":[{\"name\":\"a\","
                       "\"quantity\":\"１２\",\"price\":\"1,234.50\"}]}");
    assert_string_equal(text_of(f, record, "total"), "14814.00");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, site_up, site_down)
    const struct CMUnitTest tests[] = {
        CASE(a_record_is_kept_as_it_was_given),
        CASE(totals_of_rows_and_head_are_computed),
        CASE(every_problem_stands_at_its_field),
        CASE(a_draft_may_lack_what_is_required),
        CASE(S14_unknown_and_automatic_fields_are_refused),
        CASE(S17_system_fields_are_refused),
        CASE(S13_records_of_others_are_not_there),
        CASE(S13_foreign_ids_in_the_input_are_checked),
        CASE(S55_a_combination_is_refused_as_a_whole),
        CASE(a_change_of_an_old_version_says_who_changed_what),
        CASE(rows_keep_their_ids_through_a_change),
        CASE(numbers_count_without_gaps_and_anew_each_year),
        CASE(the_bin_gives_back),
        CASE(comments_are_told_oldest_first),
        CASE(numbers_may_have_wide_digits_and_commas),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
