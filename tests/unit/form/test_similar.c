/*
 * test_similar.c - which names are alike, and who learns of whose record.
 */
#include "base/banned.h"

#include "form/form_site.h"
#include "form/similar.h"

static int score(struct fixture *f, const char *a, const char *b)
{
    int one = similar_score(f->arena, a, b);

    assert_int_equal(one, similar_score(f->arena, b, a));
    return one;
}

static void the_same_name_written_otherwise_is_the_same(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(score(f, "杭州湖畔酒店有限公司", "杭州湖畔酒店"), 100);
    assert_int_equal(score(f, "Lakeside Hotels Co., Ltd.", "LAKESIDE hotels"),
                     100);
    assert_int_equal(score(f, "Ｌａｋｅｓｉｄｅ", "lakeside"), 100);
    assert_int_equal(score(f, "+86 571 8812 3456", "0571-88123456"), 100);
    assert_int_equal(score(f, "《湖畔》酒店", "湖畔 酒店"), 100);
}

static void a_part_and_a_slip_are_alike_and_strangers_are_not(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(score(f, "湖畔酒店", "杭州湖畔酒店"), 90);
    assert_true(score(f, "杭州湖畔大酒店", "杭州湖畔酒店") >= SIMILAR_ALIKE);
    assert_true(score(f, "Lakeside Hotls", "Lakeside Hotels") >= SIMILAR_ALIKE);
    assert_true(score(f, "杭州湖畔酒店", "杭州青山茶馆") < SIMILAR_ALIKE);
    assert_true(score(f, "Lakeside Hotels", "Riverbend School") <
                SIMILAR_ALIKE);
    assert_int_equal(score(f, "", "x"), 0);
    assert_int_equal(score(f, "公司", "有限公司"), 0);
    assert_int_equal(score(f, "1234", "1234"), 0);
}

static const struct form *firm(struct fixture *f, const char *similar)
{
    as(f, 0);
    ok(f, publish(f, "firm",
                  arena_printf(f->arena,
                               "{\"title\":\"F\",\"fields\":[{\"key\":"
                               "\"name\",\"type\":\"text\",\"similar\":%s"
                               "}]}",
                               similar)));
    return form_named(f, "firm");
}

static void add(struct fixture *f, const struct form *form, const char *name)
{
    struct value *input = value_map(f->arena);

    value_set_text(input, "name", name);
    ok(f, record_create(NULL, &f->ctx, form, input, NULL));
}

static struct value *ask(struct fixture *f, const struct form *form,
                         const char *text)
{
    struct value *found;

    ok(f, record_similar(&found, &f->ctx, form, form_field(form, "name"), text,
                         0));
    return found;
}

static void own_records_are_shown_and_others_are_not(void **state)
{
    struct fixture *f = *state;
    const struct form *form = firm(f, "true");
    struct value *found;

    as(f, f->zhao);
    add(f, form, "杭州湖畔酒店");
    as(f, f->wang);
    add(f, form, "杭州湖畔茶馆");
    found = ask(f, form, "杭州湖畔酒店");
    assert_int_equal(value_count(value_get(found, "records")), 1);
    assert_string_equal(
        value_get_text(value_at(value_get(found, "records"), 0), "text"),
        "杭州湖畔茶馆");
    assert_int_equal(value_count(value_get(found, "owners")), 0);
}

static void everyone_learns_the_owner_of_the_same_name_only(void **state)
{
    struct fixture *f = *state;
    const struct form *form = firm(f, "\"everyone\"");
    struct value *found;

    as(f, f->zhao);
    add(f, form, "杭州湖畔酒店");
    as(f, f->wang);
    found = ask(f, form, "杭州湖畔酒店有限公司");
    assert_int_equal(value_count(value_get(found, "records")), 0);
    assert_int_equal(value_count(value_get(found, "owners")), 1);
    /* Feeling one's way by parts of names tells nothing. */
    found = ask(f, form, "湖畔酒店");
    assert_int_equal(value_count(value_get(found, "owners")), 0);
    found = ask(f, form, "杭州湖畔");
    assert_int_equal(value_count(value_get(found, "owners")), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, site_up, site_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_same_name_written_otherwise_is_the_same),
        CASE(a_part_and_a_slip_are_alike_and_strangers_are_not),
        CASE(own_records_are_shown_and_others_are_not),
        CASE(everyone_learns_the_owner_of_the_same_name_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
