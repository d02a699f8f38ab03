/*
 * test_aggregate.c - figures by groups: the same truth as lists, exact sums,
 * periods in the person's zone, order and names of groups.
 */
#include "base/banned.h"

#include "form/form_site.h"

#include "form/aggregate.h"
#include "form/reference.h"
#include "store/condition.h"

#define DEAL                                                                   \
    "{\"title\":\"Deal\",\"fields\":["                                         \
    "{\"key\":\"name\",\"type\":\"text\"},"                                    \
    "{\"key\":\"note\",\"type\":\"long_text\"},"                               \
    "{\"key\":\"stage\",\"type\":\"choice\",\"options\":["                     \
    "{\"key\":\"new\",\"title\":{\"en\":\"New\",\"zh-CN\":\"新建\"}},"       \
    "{\"key\":\"offer\",\"title\":\"Offer\"},"                                 \
    "{\"key\":\"lost\",\"title\":\"Lost\"}]},"                                 \
    "{\"key\":\"amount\",\"type\":\"money\"},"                                 \
    "{\"key\":\"pieces\",\"type\":\"integer\"},"                               \
    "{\"key\":\"secret\",\"type\":\"money\",\"hidden\":true},"                 \
    "{\"key\":\"day\",\"type\":\"date\"},"                                     \
    "{\"key\":\"at\",\"type\":\"datetime\"},"                                  \
    "{\"key\":\"open\",\"type\":\"boolean\"},"                                 \
    "{\"key\":\"contact\",\"type\":\"user\"},"                                 \
    "{\"key\":\"other\",\"type\":\"link\",\"target\":\"deal\"},"               \
    "{\"key\":\"tags\",\"type\":\"multi_choice\",\"options\":[\"a\"]}]}"

static int deals_up(void **state)
{
    struct fixture *f;
    int rc = site_up(state);

    f = *state;
    ok(f, catalog_load_flat(&f->ctx, "core/base/locale", NULL));
    ok(f, catalog_load_flat(&f->ctx, "core/form/locale", NULL));
    ok(f, publish(f, "deal", DEAL));
    as(f, f->li);
    return rc;
}

static int64_t deal(struct fixture *f, const char *json)
{
    struct record *record = NULL;

    ok(f, record_create(&record, &f->ctx, form_named(f, "deal"), parse(f, json),
                        NULL));
    return record->id;
}

static int ask(struct fixture *f, struct value **rows, const char *const *names,
               const char *filter)
{
    struct aggregate question = { .limit = 0 };
    struct record_query query = { .limit = 0 };
    struct condition *where;

    for (; *names && !strchr("-", **names); names++) {
        if (strcmp(*names, "count") == 0 || strncmp(*names, "sum:", 4) == 0 ||
            strncmp(*names, "avg:", 4) == 0 ||
            strncmp(*names, "min:", 4) == 0 || strncmp(*names, "max:", 4) == 0)
            question.measures[question.measure_count++] = *names;
        else
            question.groups[question.group_count++] = *names;
    }
    question.sort = *names;
    if (filter) {
        ok(f, record_condition(&where, &f->ctx, form_named(f, "deal"),
                               parse(f, filter)));
        query.where = where;
    }
    ctx_clear(&f->ctx);
    return record_aggregate(rows, &f->ctx, form_named(f, "deal"), &query,
                            &question);
}

/* The answer as one line a row: "text|text figure figure". */
static const char *answer(struct fixture *f, const char *const *names,
                          const char *filter)
{
    struct value *rows = NULL;
    struct buf buf;
    size_t i, j;

    ok(f, ask(f, &rows, names, filter));
    buf_init(&buf, f->arena, 65536);
    for (i = 0; i < value_count(rows); i++) {
        const struct value *row = value_at(rows, i);
        const struct value *texts = value_get(row, "text");

        buf_add_text(&buf, i ? "\n" : "");
        for (j = 0; j < value_count(texts); j++)
            buf_addf(&buf, "%s%s", j ? "|" : "",
                     value_as_text(value_item_at(texts, j)));
        for (j = 2; j < value_count(row); j++) {
            const char *text = json_text(f->arena, value_item_at(row, j));

            buf_addf(&buf, " %.*s", (int)strlen(text), text);
        }
    }
    return buf_text(&buf);
}

#define ANSWER(f, ...)                                                         \
    answer(f, (const char *const[]){ __VA_ARGS__, NULL }, NULL)
#define REFUSED(f, place, key, ...)                                            \
    do {                                                                       \
        struct value *rows_;                                                   \
        assert_int_equal(                                                      \
            ask(f, &rows_, (const char *const[]){ __VA_ARGS__, NULL }, NULL),  \
            E_INVALID);                                                        \
        assert_true(has_problem(f, place, key));                               \
        ctx_clear(&(f)->ctx);                                                  \
    } while (0)

static void a_choice_stands_in_the_order_of_its_options(void **state)
{
    struct fixture *f = *state;

    deal(f, "{\"stage\":\"lost\",\"amount\":\"1\"}");
    deal(f, "{\"stage\":\"new\",\"amount\":\"2.50\"}");
    deal(f, "{\"stage\":\"new\",\"amount\":\"0.25\"}");
    deal(f, "{\"amount\":\"9\"}");
    assert_string_equal(ANSWER(f, "stage", "count", "sum:amount"),
                        "New 2 \"2.75\"\nLost 1 \"1.00\"\n"
                        "(not filled in) 1 \"9.00\"");
    f->ctx.locale = "zh-CN";
    assert_string_equal(ANSWER(f, "stage", "-stage"),
                        "Lost 1\n新建 2\n（未填写） 1");
}

static void figures_of_nothing_are_null(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(
        ANSWER(f, "count", "sum:amount", "avg:amount", "min:day"),
        " 0 null null null");
    assert_string_equal(ANSWER(f, "stage"), "");
    deal(f, "{}");
    assert_string_equal(ANSWER(f, "count", "sum:amount", "max:pieces"),
                        " 1 null null");
}

static void averages_and_extremes_keep_the_type(void **state)
{
    struct fixture *f = *state;

    deal(f, "{\"amount\":\"-0.01\",\"pieces\":1,\"day\":\"2026-03-01\","
            "\"at\":\"2026-03-01T00:30:00Z\"}");
    deal(f, "{\"amount\":\"-0.02\",\"pieces\":2,\"day\":\"2026-02-01\"}");
    assert_string_equal(ANSWER(f, "avg:amount", "avg:pieces", "min:amount",
                               "max:pieces", "min:day", "max:at"),
                        " \"-0.02\" \"1.50\" \"-0.02\" 2 \"2026-02-01\""
                        " \"2026-03-01T00:30:00.000Z\"");
}

/* Beyond 53 and 64 bits; and a sum that no decimal holds is an error. */
static void sums_are_exact_or_refused(void **state)
{
    struct fixture *f = *state;
    struct value *rows;
    int i;

    deal(f, "{\"amount\":\"9007199254740993.01\"}");
    deal(f, "{\"amount\":\"-9007199254740993\"}");
    assert_string_equal(ANSWER(f, "sum:amount"), " \"0.01\"");
    for (i = 0; i < 12; i++)
        deal(f, "{\"amount\":\"9000000000000000\"}");
    assert_int_equal(
        ask(f, &rows, (const char *const[]){ "sum:amount", NULL }, NULL),
        E_LIMIT);
    assert_true(has_problem(f, "measures", "form.figure_too_large"));
    assert_string_equal(ANSWER(f, "avg:amount", "count"),
                        " \"7714285714285714.29\" 14");
    for (i = 0; i < 12; i++)
        deal(f, "{\"amount\":\"-9000000000000000\"}");
    assert_string_equal(ANSWER(f, "sum:amount"), " \"0.01\"");
}

static void periods_are_those_of_the_persons_zone(void **state)
{
    struct fixture *f = *state;

    deal(f, "{\"at\":\"2026-12-31T15:59:59Z\",\"day\":\"2026-12-31\"}");
    deal(f, "{\"at\":\"2026-12-31T16:00:00Z\",\"day\":\"2027-01-01\"}");
    deal(f, "{\"day\":\"2027-01-04\"}");
    assert_string_equal(ANSWER(f, "at:day"), "31 Dec 2026 2\n"
                                             "(not filled in) 1");
    f->ctx.zone = zone_find("Asia/Shanghai");
    assert_string_equal(ANSWER(f, "at:day"), "31 Dec 2026 1\n1 Jan 2027 1\n"
                                             "(not filled in) 1");
    assert_string_equal(ANSWER(f, "at:year", "-at:year"),
                        "2027 1\n2026 1\n(not filled in) 1");
    assert_string_equal(ANSWER(f, "day:week"), "Week 53, 2026 2\n"
                                               "Week 1, 2027 1");
    assert_string_equal(ANSWER(f, "day:quarter", "day:month"),
                        "Q4 2026|Dec 2026 1\nQ1 2027|Jan 2027 2");
}

static void people_and_links_have_names(void **state)
{
    struct fixture *f = *state;
    int64_t first = deal(f, "{\"name\":\"Zeta\"}");
    int64_t second = deal(f, "{\"name\":\"Alpha\"}");

    deal(f, arena_printf(f->arena, "{\"other\":\"%lld\",\"contact\":\"%lld\"}",
                         (long long)first, (long long)f->zhao));
    deal(f, arena_printf(f->arena, "{\"other\":\"%lld\",\"contact\":\"%lld\"}",
                         (long long)second, (long long)f->wang));
    assert_string_equal(ANSWER(f, "other"),
                        "Alpha 1\nZeta 1\n(not filled in) 2");
    assert_string_equal(ANSWER(f, "contact"),
                        "wang.wei 1\nzhao.min 1\n(not filled in) 2");
    assert_string_equal(ANSWER(f, "owner", "department", "state"),
                        "li.na|Sales|Saved 4");
}

static void groups_may_be_sorted_by_a_figure(void **state)
{
    struct fixture *f = *state;

    deal(f, "{\"name\":\"a\",\"amount\":\"1\"}");
    deal(f, "{\"name\":\"b\",\"amount\":\"-42949672.97\"}");
    deal(f, "{\"name\":\"c\",\"amount\":\"42949672.96\"}");
    deal(f, "{\"name\":\"d\"}");
    assert_string_equal(ANSWER(f, "name", "sum:amount", "-sum:amount"),
                        "c \"42949672.96\"\na \"1.00\"\nb \"-42949672.97\"\n"
                        "d null");
    assert_string_equal(ANSWER(f, "name", "sum:amount", "-name"),
                        "d null\nc \"42949672.96\"\nb \"-42949672.97\"\n"
                        "a \"1.00\"");
}

/* Own, department and opened: three scopes that overlap. */
static void a_record_that_several_scopes_show_counts_once(void **state)
{
    struct fixture *f = *state;
    int64_t opened, own;

    as(f, 0);
    ok(f, department_update(&f->ctx, f->sales, "Sales", 0, f->li));
    as(f, f->li);
    own = deal(f, "{\"amount\":\"1\"}");
    as(f, f->wang);
    deal(f, "{\"amount\":\"10\"}");
    as(f, f->zhao);
    opened = deal(f, "{\"amount\":\"100\"}");
    deal(f, "{\"amount\":\"1000\"}");
    as(f, 0);
    ok(f, tx_begin(&f->ctx, "test"));
    ok(f, access_reader_add(&f->ctx, opened, f->li, "task", 0));
    ok(f, access_reader_add(&f->ctx, opened, f->li, "copy", 0));
    ok(f, access_reader_add(&f->ctx, own, f->li, "task", 0));
    ok(f, tx_commit(&f->ctx));
    ok(f, epoch_read(&f->ctx));
    as(f, f->li);
    assert_string_equal(ANSWER(f, "count", "sum:amount"), " 3 \"111.00\"");
    as(f, f->wang);
    assert_string_equal(ANSWER(f, "count", "sum:amount"), " 1 \"10.00\"");
    as(f, 0);
    assert_string_equal(ANSWER(f, "department", "sum:amount"),
                        "Finance \"1100.00\"\nSales \"11.00\"");
}

/* Of a table that is mostly his the whole is looked through at once. */
static void who_sees_much_gets_the_same_figures(void **state)
{
    struct fixture *f = *state;
    int64_t opened;
    int i;

    as(f, 0);
    ok(f, department_update(&f->ctx, f->sales, "Sales", 0, f->li));
    as(f, f->zhao);
    opened = deal(f, "{\"amount\":\"1000\",\"stage\":\"new\"}");
    deal(f, "{\"amount\":\"9\",\"stage\":\"lost\"}");
    as(f, f->wang);
    for (i = 0; i < 400; i++)
        deal(f, "{\"amount\":\"0.10\",\"stage\":\"lost\"}");
    as(f, f->li);
    for (i = 0; i < 200; i++)
        deal(f, "{\"amount\":\"1\",\"stage\":\"new\"}");
    as(f, 0);
    ok(f, tx_begin(&f->ctx, "test"));
    ok(f, access_reader_add(&f->ctx, opened, f->li, "task", 0));
    ok(f, tx_commit(&f->ctx));
    ok(f, epoch_read(&f->ctx));
    as(f, f->li);
    assert_string_equal(ANSWER(f, "stage", "count", "sum:amount"),
                        "New 201 \"1200.00\"\nLost 400 \"40.00\"");
    assert_string_equal(answer(f, (const char *const[]){ "count", NULL },
                               "{\"stage\":\"new\"}"),
                        " 201");
    assert_string_equal(answer(f, (const char *const[]){ "count", NULL },
                               "{\"amount\":\"1000\"}"),
                        " 1");
    as(f, 0);
    assert_string_equal(answer(f, (const char *const[]){ "count", NULL },
                               "{\"stage\":\"lost\"}"),
                        " 401");
    as(f, f->zhao);
    assert_string_equal(ANSWER(f, "count", "sum:amount"), " 2 \"1009.00\"");
}

/* Names are remembered for a moment: not beyond a change of the record. */
static void a_link_has_the_new_name_at_once(void **state)
{
    struct fixture *f = *state;
    int64_t id = deal(f, "{\"name\":\"Old\"}");
    struct record *record;

    assert_string_equal(reference_label(&f->ctx, "deal", id), "Old");
    assert_string_equal(reference_label(&f->ctx, "deal", id), "Old");
    ok(f, record_update(&record, &f->ctx, form_named(f, "deal"), id, 1,
                        parse(f, "{\"name\":\"New\"}")));
    assert_string_equal(reference_label(&f->ctx, "deal", id), "New");
}

static void filters_and_the_bin_count_as_in_lists(void **state)
{
    struct fixture *f = *state;
    int64_t gone = deal(f, "{\"stage\":\"new\",\"amount\":\"5\"}");
    struct aggregate all = { .limit = 0 };
    struct record_query bin = { .bin = true };
    struct value *rows;

    deal(f, "{\"stage\":\"new\",\"amount\":\"7\",\"name\":\"x\"}");
    deal(f, "{\"stage\":\"lost\",\"amount\":\"9\"}");
    as(f, 0);
    ok(f, record_delete(&f->ctx, form_named(f, "deal"), gone, 1));
    assert_string_equal(
        answer(f, (const char *const[]){ "stage", "sum:amount", NULL },
               "{\"amount\":{\"gt\":\"4\"},\"stage\":\"new\"}"),
        "New \"7.00\"");
    ok(f, record_aggregate(&rows, &f->ctx, form_named(f, "deal"), &bin, &all));
    assert_int_equal(value_get_int(value_at(rows, 0), "count", 0), 1);
}

static void S20_only_names_of_the_definition_are_taken(void **state)
{
    struct fixture *f = *state;

    REFUSED(f, "groups", "form.unknown_field", "f_stage");
    REFUSED(f, "groups", "form.unknown_field", "1; DROP TABLE form");
    REFUSED(f, "groups", "form.unknown_field", "secret");
    REFUSED(f, "groups", "form.unknown_field", "deleted_at");
    REFUSED(f, "groups", "form.bad_group", "id");
    REFUSED(f, "groups", "form.bad_group", "note");
    REFUSED(f, "groups", "form.bad_group", "tags");
    REFUSED(f, "groups", "form.needs_period", "at");
    REFUSED(f, "groups", "form.bad_period", "at:hour");
    REFUSED(f, "groups", "form.bad_period", "stage:month");
    REFUSED(f, "measures", "form.unknown_field", "sum:secret");
    REFUSED(f, "measures", "form.unknown_field", "max:amount)");
    REFUSED(f, "measures", "form.not_measured", "sum:name");
    REFUSED(f, "measures", "form.not_measured", "sum:owner");
    REFUSED(f, "measures", "form.not_measured", "avg:day");
    REFUSED(f, "sort", "form.bad_figure_sort", "count", "-amount");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, deals_up, site_down)
    const struct CMUnitTest tests[] = {
        CASE(a_choice_stands_in_the_order_of_its_options),
        CASE(figures_of_nothing_are_null),
        CASE(averages_and_extremes_keep_the_type),
        CASE(sums_are_exact_or_refused),
        CASE(periods_are_those_of_the_persons_zone),
        CASE(people_and_links_have_names),
        CASE(groups_may_be_sorted_by_a_figure),
        CASE(a_record_that_several_scopes_show_counts_once),
        CASE(who_sees_much_gets_the_same_figures),
        CASE(a_link_has_the_new_name_at_once),
        CASE(filters_and_the_bin_count_as_in_lists),
        CASE(S20_only_names_of_the_definition_are_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
