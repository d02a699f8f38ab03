/*
 * test_view.c - filters as people see them, periods relative to today, views
 * of definitions and saved ones: who sees, changes, prefers which.
 */
#include "base/banned.h"

#include "form/form_site.h"

#include "form/filter.h"
#include "form/view.h"

#define NOON INT64_C(1795780800000) /* 27 Nov 2026, 12:00 UTC */

static struct value *with_views(struct fixture *f, const char *views)
{
    struct value *definition = parse(f, BUDGET);

    value_set(definition, "views", parse(f, views));
    return definition;
}

static const char *round_trip(struct fixture *f, const char *json)
{
    struct filter *filter;

    ok(f, filter_read(&filter, &f->ctx, form_named(f, "budget"), parse(f, json),
                      "/filter"));
    return json_text(f->arena, filter_json(&f->ctx, filter));
}

static void a_filter_survives_the_way_to_people_and_back(void **state)
{
    static const char *const same[] = {
        "{\"and\":[{\"kind\":{\"eq\":\"trip\"}}]}",
        "{\"and\":[{\"total\":{\"ge\":\"10\"}},{\"or\":[{\"kind\":{\"in\":"
        "[\"trip\",\"fair\"]}},{\"owner\":{\"eq\":\"me\"}}]}]}",
        "{\"and\":[{\"or\":[{\"day\":{\"within\":\"this_month\"}},{\"day\":"
        "{\"empty\":true}}]}]}",
        "{\"or\":[{\"kind\":{\"ne\":\"trip\"}},{\"and\":[{\"purpose\":"
        "{\"contains\":\"x\"}},{\"last\":{\"empty\":false}}]}]}",
    };
    struct fixture *f = *state;
    size_t i;

    for (i = 0; i < sizeof same / sizeof same[0]; i++)
        assert_string_equal(round_trip(f, same[i]), same[i]);
    assert_string_equal(
        round_trip(f, "{\"kind\":\"trip\",\"total\":{\"gt\":5,\"lt\":9}}"),
        "{\"and\":[{\"kind\":{\"eq\":\"trip\"}},{\"total\":{\"gt\":\"5\"}},"
        "{\"total\":{\"lt\":\"9\"}}]}");
}

static void views_of_a_definition_are_checked(void **state)
{
    static const struct {
        const char *views, *pointer;
    } cases[] = {
        { "{}", "/views" },
        { "[{\"title\":\"A\"}]", "/views/0/key" },
        { "[{\"key\":\"all\",\"title\":\"A\"}]", "/views/0/key" },
        { "[{\"key\":\"a\"}]", "/views/0/title" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"kind\":\"x\"}]", "/views/0/kind" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"colour\":1}]", "/views/0/colour" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"locked\":1}]", "/views/0/locked" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"sort\":\"-nothing\"}]",
          "/views/0/sort" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"columns\":[\"kind\",\"x\"]}]",
          "/views/0/columns/1" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"filter\":{\"x\":1}}]",
          "/views/0/filter/x" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"filter\":{\"kind\":"
          "{\"gt\":1}}}]",
          "/views/0/filter/kind/gt" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"filter\":{\"kind\":\"no\"}}]",
          "/views/0/filter/kind" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"filter\":{\"total\":\"x\"}}]",
          "/views/0/filter" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"filter\":{\"day\":{\"within\":"
          "\"soon\"}}}]",
          "/views/0/filter/day/within" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"filter\":{\"not\":{\"kind\":"
          "\"trip\"}}}]",
          "/views/0/filter/not" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"filter\":{\"and\":[{\"or\":["
          "{\"or\":[{\"kind\":\"trip\"}]}]}]}}]",
          "/views/0/filter/and/0/or/0/or" },
        { "[{\"key\":\"a\",\"title\":\"A\"},{\"key\":\"a\",\"title\":\"B\"}]",
          "/views/1/key" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"home\":1}]", "/views/0/home" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"group\":\"kind\"}]",
          "/views/0/group" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"kind\":\"kanban\",\"group\":"
          "\"day\"}]",
          "/views/0/group" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"kind\":\"kanban\",\"card\":"
          "[\"x\"]}]",
          "/views/0/card/0" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"kind\":\"kanban\",\"sum\":"
          "\"day\"}]",
          "/views/0/sum" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"kind\":\"chart\",\"chart\":"
          "\"radar\"}]",
          "/views/0/chart" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"kind\":\"chart\",\"group\":"
          "\"created_at\"}]",
          "/views/0/group" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"kind\":\"chart\",\"series\":"
          "\"items\"}]",
          "/views/0/series" },
        { "[{\"key\":\"a\",\"title\":\"A\",\"kind\":\"chart\",\"measure\":"
          "\"sum:kind\"}]",
          "/views/0/measure" },
    };
    struct fixture *f = *state;
    size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ctx_clear(&f->ctx);
        assert_int_equal(form_check(NULL, &f->ctx, "budget",
                                    with_views(f, cases[i].views), NULL),
                         E_INVALID);
        if (!has_problem(f, cases[i].pointer, "form.definition"))
            print_error("%s: no problem at %s: %s\n", cases[i].views,
                        cases[i].pointer, ctx_error(&f->ctx));
        assert_true(has_problem(f, cases[i].pointer, "form.definition"));
    }
    ctx_clear(&f->ctx);
    ok(f, form_check(NULL, &f->ctx, "budget",
                     with_views(f, "[{\"key\":\"mine\",\"title\":{\"en\":"
                                   "\"Mine\"},\"locked\":true,\"filter\":"
                                   "{\"owner\":\"me\",\"department\":"
                                   "\"my_department\",\"total\":{\"ge\":"
                                   "\"5.5\"}},\"sort\":\"-total\","
                                   "\"columns\":[\"purpose\",\"owner\"]}]"),
                     NULL));
    ok(f, form_check(NULL, &f->ctx, "budget",
                     with_views(f, "[{\"key\":\"a\",\"title\":\"A\",\"kind\":"
                                   "\"kanban\",\"group\":\"kind\",\"card\":"
                                   "[\"total\",\"owner\"],\"sum\":\"total\"},"
                                   "{\"key\":\"b\",\"title\":\"B\",\"kind\":"
                                   "\"chart\",\"chart\":\"funnel\",\"group\":"
                                   "\"day:month\",\"series\":\"owner\","
                                   "\"measure\":\"avg:total\","
                                   "\"home\":true}]"),
                     NULL));
}

static int64_t matching(struct fixture *f, const char *filter)
{
    struct record_query query = { .limit = 50 };
    struct condition *where;
    int64_t count = -1;

    ok(f, record_condition(&where, &f->ctx, form_named(f, "budget"),
                           parse(f, filter)));
    query.where = where;
    ok(f, record_count(&count, &f->ctx, form_named(f, "budget"), &query, 100));
    return count;
}

static void periods_mean_what_they_mean_on_the_day_of_reading(void **state)
{
    static const struct {
        const char *filter;
        int64_t count;
    } cases[] = {
        { "{\"day\":{\"within\":\"today\"}}", 1 },
        { "{\"day\":{\"within\":\"yesterday\"}}", 1 },
        { "{\"day\":{\"within\":\"this_week\"}}", 3 },
        { "{\"day\":{\"within\":\"last_2_days\"}}", 2 },
        { "{\"day\":{\"within\":\"next_2_days\"}}", 1 },
        { "{\"day\":{\"within\":\"this_month\"}}", 4 },
        { "{\"day\":{\"within\":\"next_month\"}}", 1 },
        { "{\"day\":{\"within\":\"last_year\"}}", 1 },
        { "{\"day\":{\"within\":\"this_quarter\"}}", 5 },
        { "{\"day\":{\"lt\":\"today\"}}", 4 },
        { "{\"day\":{\"ge\":\"today-1\"}}", 3 },
        { "{\"created_at\":{\"within\":\"today\"}}", 6 },
        { "{\"created_at\":{\"le\":\"today-1\"}}", 0 },
        { "{\"created_at\":{\"le\":\"2026-11-27\"}}", 6 },
        { "{\"created_at\":{\"gt\":\"2026-11-27\"}}", 0 },
        { "{\"created_at\":{\"between\":[\"today\",\"today\"]}}", 6 },
    };
    /* 27 November 2026 is a Friday. */
    static const char *const days[] = { "2026-11-27", "2026-11-26",
                                        "2026-11-23", "2026-11-22",
                                        "2026-12-01", "2025-12-31" };
    struct fixture *f = *state;
    size_t i;

    clock_set(NOON);
    as(f, f->li);
    for (i = 0; i < sizeof days / sizeof days[0]; i++)
        create(f,
               arena_printf(f->arena, "{\"purpose\":\"p%zu\",\"day\":\"%s\"}",
                            i, days[i]));
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t count = matching(f, cases[i].filter);

        if (count != cases[i].count)
            print_error("%s: %lld\n", cases[i].filter, (long long)count);
        assert_int_equal(count, cases[i].count);
    }
    /* The next day another one. In Shanghai it begins eight hours before. */
    clock_set(NOON + 5 * 3600000);
    f->ctx.zone = zone_find("Asia/Shanghai");
    assert_int_equal(matching(f, "{\"day\":{\"within\":\"yesterday\"}}"), 1);
    assert_int_equal(matching(f, "{\"created_at\":{\"within\":\"today\"}}"), 0);
}

static int64_t save(struct fixture *f, int64_t id, const char *json)
{
    int64_t view = 0;

    ok(f,
       view_save(&view, &f->ctx, form_named(f, "budget"), id, parse(f, json)));
    return view;
}

static struct views seen_by(struct fixture *f, int64_t person)
{
    struct views views;

    as(f, person);
    ok(f, view_list(&views, &f->ctx, form_named(f, "budget")));
    return views;
}

static const char *key(struct fixture *f, int64_t id)
{
    return arena_printf(f->arena, "%lld", (long long)id);
}

static void a_view_is_seen_by_whom_it_is_shared_with(void **state)
{
    struct fixture *f = *state;
    const struct form *form = form_named(f, "budget");
    struct views views;
    int64_t own, shared, all, out;

    as(f, f->li);
    own = save(f, 0, "{\"title\":\"own\",\"filter\":{\"kind\":\"trip\"}}");
    shared = save(f, 0, "{\"title\":\"us\",\"shared_with\":\"department\"}");
    all = save(f, 0,
               "{\"title\":\"all\",\"shared_with\":\"everyone\","
               "\"locked\":true,\"sort\":\"-total\"}");
    views = seen_by(f, f->li);
    assert_int_equal(views.count, 3);
    assert_true(view_named(&views, key(f, own))->editable);
    views = seen_by(f, f->wang);
    assert_int_equal(views.count, 2);
    assert_null(view_named(&views, key(f, own)));
    assert_false(view_named(&views, key(f, shared))->editable);
    views = seen_by(f, f->zhao);
    assert_int_equal(views.count, 1);
    assert_true(view_named(&views, key(f, all))->locked);
    /* Another's is neither changed nor taken away, a hidden one not found. */
    assert_int_equal(view_save(&out, &f->ctx, form, all,
                               parse(f, "{\"title\":\"mine now\"}")),
                     E_FORBIDDEN);
    assert_int_equal(view_delete(&f->ctx, form, all), E_FORBIDDEN);
    assert_int_equal(view_delete(&f->ctx, form, own), E_NOT_FOUND);
    assert_int_equal(view_set_default(&f->ctx, form, key(f, own), false),
                     E_NOT_FOUND);
    assert_int_equal(view_set_default(&f->ctx, form, key(f, all), true),
                     E_FORBIDDEN);
    /* Deleted and back. */
    as(f, f->li);
    ok(f, view_delete(&f->ctx, form, own));
    views = seen_by(f, f->li);
    assert_int_equal(views.count, 2);
    ok(f, view_restore(&f->ctx, form, own));
    as(f, f->zhao);
    assert_int_equal(view_restore(&f->ctx, form, own), E_NOT_FOUND);
    views = seen_by(f, f->li);
    assert_int_equal(views.count, 3);
}

static void a_bad_view_is_refused_at_its_member(void **state)
{
    static const struct {
        const char *json, *field;
    } cases[] = {
        { "{\"title\":\" \"}", "title" },
        { "{\"title\":\"a\",\"kind\":\"x\"}", "kind" },
        { "{\"title\":\"a\",\"owner\":\"1\"}", "owner" },
        { "{\"title\":\"a\",\"shared_with\":\"me\"}", "shared_with" },
        { "{\"title\":\"a\",\"filter\":{\"secret\":1}}", "/filter/secret" },
        { "{\"title\":\"a\",\"sort\":\"id;\"}", "/sort" },
        { "{\"title\":\"a\",\"columns\":[\"x'\"]}", "/columns/0" },
    };
    struct fixture *f = *state;
    int64_t id;
    size_t i;

    as(f, f->li);
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ctx_clear(&f->ctx);
        assert_int_equal(view_save(&id, &f->ctx, form_named(f, "budget"), 0,
                                   parse(f, cases[i].json)),
                         E_INVALID);
        if (!text_equal(f->ctx.problems->field, cases[i].field))
            print_error("%s: %s\n", cases[i].json, f->ctx.problems->field);
        assert_string_equal(f->ctx.problems->field, cases[i].field);
    }
}

static void ones_own_default_wins_over_everybodys(void **state)
{
    struct fixture *f = *state;
    const struct form *form = form_named(f, "budget");
    struct views views;
    int64_t first, second;

    as(f, f->li);
    first = save(f, 0, "{\"title\":\"a\",\"shared_with\":\"everyone\"}");
    second = save(f, 0, "{\"title\":\"b\",\"shared_with\":\"everyone\"}");
    ok(f, view_set_default(&f->ctx, form, key(f, second), false));
    ok(f, view_set_columns(&f->ctx, form, key(f, second), "purpose:240"));
    ok(f, view_move(&f->ctx, form, key(f, second), -1));
    f->ctx.system = true;
    ok(f, access_grant_set(&f->ctx, "user", f->zhao, "budget", RIGHT_DESIGN,
                           SCOPE_ALL, true));
    ok(f, epoch_read(&f->ctx));
    as(f, f->zhao);
    ok(f, view_set_default(&f->ctx, form, key(f, first), true));
    views = seen_by(f, f->wang);
    assert_string_equal(views.first->title, "a");
    assert_string_equal(views.items[0]->title, "a");
    assert_null(views.items[1]->columns);
    views = seen_by(f, f->li);
    assert_string_equal(views.first->title, "b");
    assert_string_equal(views.items[0]->title, "b");
    assert_string_equal(views.items[0]->columns, "purpose:240");
    /* The plain list can be one's choice too. */
    ok(f, view_set_default(&f->ctx, form, "", false));
    assert_null(seen_by(f, f->li).first);
    ok(f, view_set_default(&f->ctx, form, NULL, false));
    assert_string_equal(seen_by(f, f->li).first->title, "a");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, site_up, site_down)
    const struct CMUnitTest tests[] = {
        CASE(a_filter_survives_the_way_to_people_and_back),
        CASE(views_of_a_definition_are_checked),
        CASE(periods_mean_what_they_mean_on_the_day_of_reading),
        CASE(a_view_is_seen_by_whom_it_is_shared_with),
        CASE(a_bad_view_is_refused_at_its_member),
        CASE(ones_own_default_wins_over_everybodys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
