/*
 * test_chart.c - figures become shapes: the numbers that stand in the page.
 */
#include "base/banned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/value.h"
#include "view/chart.h"

/* Last: it makes macros of common words. */
#include <cmocka.h>

struct fixture {
    struct arena *arena;
    struct ctx ctx;
};

static int set_up(void **state)
{
    struct arena *arena = arena_new(64 << 20);
    struct fixture *f = arena_alloc(arena, sizeof(*f));

    f->arena = arena;
    ctx_init(&f->ctx, arena);
    assert_int_equal(catalog_load_flat(&f->ctx, "core/view/locale", NULL), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    arena_free(f->arena);
    return 0;
}

static struct value *read_json(struct fixture *f, const char *text)
{
    struct value *value;

    assert_int_equal(json_parse(&value, &f->ctx, text, strlen(text)), 0);
    return value;
}

static struct value *draw(struct fixture *f, const char *kind, const char *rows,
                          const char *options)
{
    struct value *chart;

    assert_int_equal(chart_make(&chart, &f->ctx, kind, read_json(f, rows),
                                options ? read_json(f, options) : NULL),
                     0);
    return chart;
}

/* "marks.1.height" */
static const struct value *at(const struct value *value, const char *path)
{
    while (*path) {
        char part[32];
        size_t length = strcspn(path, ".");

        assert_true(length < sizeof part);
        memcpy(part, path, length);
        part[length] = '\0';
        value = value_kind(value) == VALUE_LIST
                    ? value_at(value, (size_t)strtoul(part, NULL, 10))
                    : value_get(value, part);
        path += length + (path[length] == '.');
    }
    return value;
}

static double number(const struct value *chart, const char *path)
{
    const char *text = value_as_text(at(chart, path));

    assert_non_null(text);
    return strtod(text, NULL);
}

static void assert_text(const struct value *chart, const char *path,
                        const char *expected)
{
    const char *text = value_as_text(at(chart, path));

    assert_non_null(text);
    assert_string_equal(text, expected);
}

static void no_rows_say_so(void **state)
{
    const char *kinds[] = { "bar", "line", "funnel", "pie" };
    size_t i;

    for (i = 0; i < 4; i++) {
        struct value *chart = draw(*state, kinds[i], "[]", NULL);

        assert_text(chart, "nothing", "Nothing to show yet.");
        assert_null(value_get(chart, "plot"));
        chart = draw(*state, kinds[i], "[{\"label\":\"a\",\"value\":null}]",
                     "{\"empty\":\"No deals\"}");
        assert_text(chart, "nothing", "No deals");
    }
}

static void one_figure_fills_a_pie(void **state)
{
    struct value *chart =
        draw(*state, "pie", "[{\"label\":\"a\",\"value\":3}]", NULL);

    assert_text(chart, "slices.0.percent", "100%");
    assert_text(chart, "slices.0.path",
                "M100 4A96 96 0 1 1 99.99 4ZM100 40A60 60 0 1 0 100.01 40Z");
    assert_text(chart, "sum", "3");
}

static void zeros_have_an_axis_and_no_slice(void **state)
{
    const char *rows = "[{\"label\":\"a\",\"value\":0},"
                       "{\"label\":\"b\",\"value\":0}]";
    struct value *chart = draw(*state, "bar", rows, NULL);

    assert_float_equal(number(chart, "marks.0.height"), 0, 0.001);
    assert_text(chart, "axis.ticks.0.text", "0");
    chart = draw(*state, "pie", rows, NULL);
    assert_null(at(chart, "slices.0.path"));
    assert_text(chart, "slices.0.percent", "0%");
    chart = draw(*state, "funnel", rows, NULL);
    assert_text(chart, "stages.1.points", "50.00,0 50.00,0 50.00,10 50.00,10");
}

static void bars_below_zero_hang_from_the_line(void **state)
{
    struct value *chart = draw(*state, "bar",
                               "[{\"label\":\"a\",\"value\":100},"
                               "{\"label\":\"b\",\"value\":-100}]",
                               NULL);

    assert_float_equal(number(chart, "marks.0.y"), 16, 0.01);
    assert_float_equal(number(chart, "marks.0.height"), 100, 0.01);
    assert_float_equal(number(chart, "marks.1.y"), 116, 0.01);
    assert_float_equal(number(chart, "marks.1.height"), 100, 0.01);
}

static void lying_bars_share_the_width(void **state)
{
    struct value *chart =
        draw(*state, "bar",
             "[{\"label\":\"a name that is far too long to stand\","
             "\"value\":-1},{\"label\":\"b\",\"value\":3}]",
             NULL);

    assert_text(chart, "plot", "chart/bars");
    assert_float_equal(number(chart, "bars.0.marks.0.x"), 0, 0.01);
    assert_float_equal(number(chart, "bars.0.marks.0.width"), 25, 0.01);
    assert_float_equal(number(chart, "bars.1.marks.0.x"), 25, 0.01);
    assert_float_equal(number(chart, "bars.1.marks.0.width"), 75, 0.01);
}

static const char *const two_series =
    "[{\"label\":\"Q1\",\"value\":1,\"series\":\"x\"},"
    "{\"label\":\"Q1\",\"value\":3,\"series\":\"y\"},"
    "{\"label\":\"Q2\",\"value\":4,\"series\":\"y\"}]";

static void series_stand_side_by_side_or_on_each_other(void **state)
{
    struct value *chart = draw(*state, "bar", two_series, NULL);

    assert_int_equal(value_count(value_get(chart, "legend")), 2);
    assert_float_equal(number(chart, "marks.1.x") - number(chart, "marks.0.x"),
                       number(chart, "marks.0.width"), 0.01);
    chart = draw(*state, "bar", two_series, "{\"stacked\":true}");
    assert_float_equal(number(chart, "marks.1.x"), number(chart, "marks.0.x"),
                       0.01);
    assert_float_equal(number(chart, "marks.1.y") +
                           number(chart, "marks.1.height"),
                       number(chart, "marks.0.y"), 0.02);
    assert_text(chart, "marks.1.title", "Q1 · y: 3");
    assert_text(chart, "table.columns.1", "y");
    chart = draw(*state, "bar", two_series, "{\"series\":[\"y\",\"x\"]}");
    assert_text(chart, "legend.0.text", "y");
    assert_text(chart, "table.rows.0.cells.0.text", "3");
    chart = draw(*state, "bar", two_series, "{\"stacked\":true}");
    assert_text(chart, "table.rows.1.cells.0.text", "");
}

static void a_line_leaves_a_gap_where_there_is_no_figure(void **state)
{
    struct value *chart = draw(*state, "line",
                               "[{\"label\":\"1\",\"value\":0},"
                               "{\"label\":\"2\",\"value\":null},"
                               "{\"label\":\"3\",\"value\":4},"
                               "{\"label\":\"4\",\"value\":2}]",
                               NULL);

    assert_text(chart, "lines.0.path",
                "M125.00 216.00M625.00 16.00L875.00 116.00");
    assert_int_equal(value_count(value_get(chart, "dots")), 3);
}

static struct value *many(struct fixture *f, int count)
{
    struct value *rows = value_list(f->arena);
    int i;

    for (i = 0; i < count; i++) {
        struct value *row = value_map(f->arena);
        char label[32];

        snprintf(label, sizeof label, "group %d", i);
        value_set_text(row, "label", label);
        value_set_int(row, "value", i);
        value_append(rows, row);
    }
    return rows;
}

static void of_a_thousand_groups_the_largest_are_shown(void **state)
{
    struct fixture *f = *state;
    struct value *chart;

    assert_int_equal(chart_make(&chart, &f->ctx, "bar", many(f, 1000), NULL),
                     0);
    assert_int_equal(value_count(value_get(chart, "bars")), CHART_GROUPS);
    assert_text(chart, "bars.0.label", "group 977");
    assert_text(chart, "bars.23.label", "977 others");
    assert_text(chart, "bars.23.text", "476,776");
    assert_int_equal(chart_make(&chart, &f->ctx, "pie", many(f, 1000), NULL),
                     0);
    assert_int_equal(value_count(value_get(chart, "slices")), CHART_SLICES);
    assert_int_equal(chart_make(&chart, &f->ctx, "line", many(f, 1000), NULL),
                     0);
    assert_text(chart, "note", "The last 400 of 1,000 are shown.");
    assert_text(chart, "table.rows.0.label", "group 600");
    assert_int_equal(
        chart_make(&chart, &f->ctx, "line", many(f, CHART_ROWS_MAX + 1), NULL),
        E_LIMIT);
}

static void averages_of_many_groups_are_not_added_up(void **state)
{
    struct fixture *f = *state;
    struct value *chart;

    assert_int_equal(chart_make(&chart, &f->ctx, "bar", many(f, 30),
                                read_json(f, "{\"average\":true}")),
                     0);
    assert_text(chart, "bars.23.label", "7 others");
    assert_text(chart, "bars.23.text", "");
}

static void more_series_than_colours_become_others(void **state)
{
    struct fixture *f = *state;
    struct value *rows = many(f, 20), *chart;
    size_t i;

    for (i = 0; i < 20; i++) {
        value_set(value_at(rows, i), "series",
                  value_get(value_at(rows, i), "label"));
        value_set_text(value_at(rows, i), "label", "all");
    }
    assert_int_equal(chart_make(&chart, &f->ctx, "bar", rows, NULL), 0);
    assert_int_equal(value_count(value_get(chart, "legend")), CHART_SERIES);
    assert_text(chart, "legend.7.text", "Others");
    assert_text(chart, "table.rows.0.cells.7.text", "169");
}

static void huge_money_stays_exact_until_it_no_longer_fits(void **state)
{
    struct fixture *f = *state;
    struct value *rows = value_list(f->arena), *chart;
    int i;

    for (i = 0; i < 2; i++) {
        struct value *row = value_map(f->arena);

        value_set_text(row, "label", i ? "b" : "a");
        value_set(
            row, "value",
            value_decimal(f->arena, (struct decimal){ 999999999999999999, 2 }));
        value_append(rows, row);
    }
    assert_int_equal(
        chart_make(&chart, &f->ctx, "pie", rows,
                   read_json(f, "{\"format\":\"money\",\"currency\":\"CNY\"}")),
        0);
    assert_text(chart, "slices.0.text", "¥9,999,999,999,999,999.99");
    assert_text(chart, "sum", "20,000T");
    f->ctx.locale = "zh-CN";
    assert_int_equal(chart_make(&chart, &f->ctx, "bar", rows, NULL), 0);
    assert_text(chart, "axis.ticks.2.text", "5,000万亿");
}

static void the_largest_doubles_are_written_short(void **state)
{
    struct value *chart = draw(*state, "bar",
                               "[{\"label\":\"a\",\"value\":1.5e300},"
                               "{\"label\":\"b\",\"value\":2.505}]",
                               NULL);

    assert_text(chart, "table.rows.0.cells.0.text", "1.5e+300");
    assert_text(chart, "axis.ticks.1.text", "5.0e+287");
    assert_float_equal(number(chart, "marks.1.height"), 0, 0.01);
}

static void stages_narrow_and_say_what_part_went_on(void **state)
{
    struct value *chart = draw(*state, "funnel",
                               "[{\"label\":\"New\",\"value\":200},"
                               "{\"label\":\"Offer\",\"value\":50},"
                               "{\"label\":\"Won\",\"value\":-3}]",
                               NULL);

    assert_text(chart, "stages.0.points", "0.00,0 100.00,0 62.50,10 37.50,10");
    assert_null(at(chart, "stages.0.percent"));
    assert_text(chart, "stages.1.percent", "25%");
    assert_text(chart, "stages.2.percent", "0%");
    assert_text(chart, "stages.2.text", "-3");
}

static void links_are_own_addresses(void **state)
{
    struct value *chart = draw(*state, "bar",
                               "[{\"label\":\"a\",\"value\":1,"
                               "\"url\":\"/records/x?f.a.eq=1\"},"
                               "{\"label\":\"b\",\"value\":1,"
                               "\"url\":\"javascript:alert(1)\"}]",
                               NULL);

    assert_true(value_get_bool(chart, "linked"));
    assert_text(chart, "marks.0.url", "/records/x?f.a.eq=1");
    assert_text(chart, "marks.1.url", "#");
}

static void what_is_no_chart_is_refused(void **state)
{
    struct fixture *f = *state;
    struct value *chart;

    assert_int_equal(
        chart_make(&chart, &f->ctx, "radar", read_json(f, "[]"), NULL),
        E_INVALID);
    assert_int_equal(chart_make(&chart, &f->ctx, "bar",
                                read_json(f, "[{\"label\":\"a\","
                                             "\"value\":\"many\"}]"),
                                NULL),
                     E_INVALID);
    assert_int_equal(
        chart_make(&chart, &f->ctx, "bar", read_json(f, "[7]"), NULL),
        E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(no_rows_say_so),
        TEST(one_figure_fills_a_pie),
        TEST(zeros_have_an_axis_and_no_slice),
        TEST(bars_below_zero_hang_from_the_line),
        TEST(lying_bars_share_the_width),
        TEST(series_stand_side_by_side_or_on_each_other),
        TEST(a_line_leaves_a_gap_where_there_is_no_figure),
        TEST(of_a_thousand_groups_the_largest_are_shown),
        TEST(averages_of_many_groups_are_not_added_up),
        TEST(more_series_than_colours_become_others),
        TEST(huge_money_stays_exact_until_it_no_longer_fits),
        TEST(the_largest_doubles_are_written_short),
        TEST(stages_narrow_and_say_what_part_went_on),
        TEST(links_are_own_addresses),
        TEST(what_is_no_chart_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
