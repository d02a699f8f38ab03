/*
 * test_definition.c - bad definitions are named; publishing only adds.
 */
#include "base/banned.h"

#include "form/form_site.h"

#define ONE(field) "{\"title\":\"T\",\"fields\":[" field "]}"

static void errors_carry_pointer_and_expectation(void **state)
{
    static const struct {
        const char *json, *pointer;
    } cases[] = {
        { "[]", "" },
        { "{\"fields\":[{\"key\":\"a\",\"type\":\"text\"}]}", "/title" },
        { "{\"title\":\"T\",\"fields\":[]}", "/fields" },
        { "{\"title\":\"T\",\"colour\":1,\"fields\":[{\"key\":\"a\","
          "\"type\":\"text\"}]}",
          "/colour" },
        { ONE("{\"key\":\"A\",\"type\":\"text\"}"), "/fields/0/key" },
        { ONE("{\"key\":\"a__b\",\"type\":\"text\"}"), "/fields/0/key" },
        { ONE("{\"key\":\"owner\",\"type\":\"text\"}"), "/fields/0/key" },
        { ONE("{\"key\":\"a\",\"type\":\"txt\"}"), "/fields/0/type" },
        { ONE("{\"key\":\"a\",\"type\":\"text\",\"lenght\":5}"),
          "/fields/0/lenght" },
        { ONE("{\"key\":\"a\",\"type\":\"text\",\"max_length\":\"5\"}"),
          "/fields/0/max_length" },
        { ONE("{\"key\":\"a\",\"type\":\"text\",\"required\":1}"),
          "/fields/0/required" },
        { ONE("{\"key\":\"a\",\"type\":\"choice\"}"), "/fields/0/options" },
        { ONE("{\"key\":\"a\",\"type\":\"choice\",\"options\":[\"x\",\"x\"]}"),
          "/fields/0/options/1" },
        { ONE("{\"key\":\"a\",\"type\":\"money\",\"scale\":12}"),
          "/fields/0/scale" },
        { ONE("{\"key\":\"a\",\"type\":\"money\",\"min\":\"low\"}"),
          "/fields/0/min" },
        { ONE("{\"key\":\"a\",\"type\":\"money\",\"currency\":7}"),
          "/fields/0/currency" },
        /* Only modules have settings. */
        { ONE("{\"key\":\"a\",\"type\":\"money\",\"currency\":"
              "{\"setting\":\"c\"}}"),
          "/fields/0/currency" },
        { ONE("{\"key\":\"a\",\"type\":\"date\",\"min\":\"soon\"}"),
          "/fields/0/min" },
        { ONE("{\"key\":\"a\",\"type\":\"link\"}"), "/fields/0/target" },
        { ONE("{\"key\":\"a\",\"type\":\"link\",\"target\":\"x\",\"match\":{}"
              "}"),
          "/fields/0/match" },
        { ONE("{\"key\":\"a\",\"type\":\"link\",\"target\":\"x\",\"match\":"
              "\"b\"}"),
          "/fields/0/match" },
        { ONE("{\"key\":\"a\",\"type\":\"link\",\"target\":\"x\",\"match\":"
              "{\"p\":\"b\"}}"),
          "/fields/0/match/p" },
        { ONE("{\"key\":\"a\",\"type\":\"link\",\"target\":\"x\",\"match\":"
              "{\"p\":\"a\"}}"),
          "/fields/0/match/p" },
        { ONE("{\"key\":\"a\",\"type\":\"link\",\"target\":\"x\",\"match\":"
              "{\"p\":\"b\"}},{\"key\":\"b\",\"type\":\"money\"}"),
          "/fields/0/match/p" },
        { ONE("{\"key\":\"a\",\"type\":\"sub_table\",\"fields\":[{\"key\":"
              "\"b\","
              "\"type\":\"link\",\"target\":\"x\",\"match\":{\"p\":\"b\"}}]}"),
          "/fields/0/fields/0/match/p" },
        { ONE("{\"key\":\"a\",\"type\":\"computed\"}"),
          "/fields/0/expression" },
        { ONE("{\"key\":\"a\",\"type\":\"auto_number\",\"pattern\":\"X\"}"),
          "/fields/0/pattern" },
        { ONE("{\"key\":\"a\",\"type\":\"sub_table\",\"fields\":["
              "{\"key\":\"b\",\"type\":\"file\"}]}"),
          "/fields/0/fields/0/type" },
        { ONE("{\"key\":\"a\",\"type\":\"text\"},{\"key\":\"a\",\"type\":"
              "\"date\"}"),
          "/fields/1/key" },
        { "{\"title\":\"T\",\"list\":{\"columns\":[\"b\"]},\"fields\":"
          "[{\"key\":\"a\",\"type\":\"text\"}]}",
          "/list/columns/0" },
        { "{\"title\":\"T\",\"rules\":[{\"require\":\"a\"}],\"fields\":"
          "[{\"key\":\"a\",\"type\":\"text\"}]}",
          "/rules/0/message" },
        { "{\"title\":\"T\",\"owner\":\"a\",\"fields\":"
          "[{\"key\":\"a\",\"type\":\"text\"}]}",
          "/owner" },
    };
    struct fixture *f = *state;
    size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ctx_clear(&f->ctx);
        assert_int_equal(publish(f, "bad", cases[i].json), E_INVALID);
        if (!has_problem(f, cases[i].pointer, "form.definition"))
            print_error("%s: expected a problem at %s, got \"%s\"\n",
                        cases[i].json, cases[i].pointer, ctx_error(&f->ctx));
        assert_true(has_problem(f, cases[i].pointer, "form.definition"));
    }
}

static void logic_that_fails_is_refused_with_what_is_wrong(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(
        publish(f, "bad",
                ONE("{\"key\":\"a\",\"type\":\"integer\"},{\"key\":\"b\","
                    "\"type\":\"computed\",\"result\":\"integer\","
                    "\"expression\":\"a + nowhere\"}")),
        E_INVALID);
    assert_non_null(strstr(ctx_error(&f->ctx), "nowhere"));
    ctx_clear(&f->ctx);
    assert_int_equal(publish(f, "bad",
                             ONE("{\"key\":\"b\",\"type\":\"computed\","
                                 "\"expression\":\"1 +\"}")),
                     E_INVALID);
    ctx_clear(&f->ctx);
    assert_int_equal(form_publish(&f->ctx, "bad", NULL,
                                  parse(f, ONE("{\"key\":\"a\",\"type\":"
                                               "\"text\"}")),
                                  "function validate(form"),
                     E_INVALID);
}

static void a_page_is_an_address_of_the_forms_module(void **state)
{
    static const char *const bad[] = {
        "/m/shop/x",       "/m/other/{id}",    "/m/shopping/{id}",
        "/admin/{id}",     "/m/shop/{id}?x",   "//evil.example/{id}",
        "/m/shop/../{id}", "/m/shop/{id}/{id}"
    };
    struct fixture *f = *state;
    static const char format[] =
        "{\"title\":\"Shop\",\"page\":\"%s\",\"fields\":["
        "{\"key\":\"a\",\"type\":\"text\"}]}";
    size_t i;

    as(f, 0);
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(
            publish(f, "shop.order", arena_printf(f->arena, format, bad[i])),
            E_INVALID);
        assert_true(has_problem(f, "/page", "form.definition"));
        ctx_clear(&f->ctx);
    }
    ok(f, publish(f, "shop.order",
                  arena_printf(f->arena, format, "/m/shop/{id}/edit")));
    assert_string_equal(form_named(f, "shop.order")->page, "/m/shop/{id}/edit");
}

static void a_name_must_be_one(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(publish(f, "Bad name", BUDGET), E_INVALID);
    assert_int_equal(publish(f, "a.b.c", BUDGET), E_INVALID);
    assert_int_equal(publish(f, "1a", BUDGET), E_INVALID);
}

static void publishing_adds_columns_and_keeps_records(void **state)
{
    struct fixture *f = *state;
    struct record *record;
    int64_t id;

    ok(f, publish(f, "note", ONE("{\"key\":\"a\",\"type\":\"text\"}")));
    assert_int_equal(form_named(f, "note")->version, 1);
    ok(f, record_create(&record, &f->ctx, form_named(f, "note"),
                        parse(f, "{\"a\":\"one\"}"), NULL));
    id = record->id;
    ok(f, publish(f, "note",
                  ONE("{\"key\":\"a\",\"type\":\"text\"},{\"key\":\"b\","
                      "\"type\":\"money\"},{\"key\":\"rows\",\"type\":"
                      "\"sub_table\",\"fields\":[{\"key\":\"x\",\"type\":"
                      "\"text\"}]}")));
    assert_int_equal(form_named(f, "note")->version, 2);
    ok(f, record_get(&record, &f->ctx, form_named(f, "note"), id));
    assert_string_equal(value_get_text(record->values, "a"), "one");
    ok(f, record_update(&record, &f->ctx, form_named(f, "note"), id, 1,
                        parse(f, "{\"b\":\"2.50\",\"rows\":[{\"x\":\"y\"}]}")));
}

static void the_same_text_makes_no_version(void **state)
{
    struct fixture *f = *state;

    ok(f, publish(f, "budget", BUDGET));
    assert_int_equal(form_named(f, "budget")->version, 1);
}

static void a_published_field_keeps_its_type(void **state)
{
    struct fixture *f = *state;

    ok(f, publish(f, "note", ONE("{\"key\":\"a\",\"type\":\"text\"}")));
    assert_int_equal(
        publish(f, "note", ONE("{\"key\":\"a\",\"type\":\"date\"}")),
        E_INVALID);
    assert_true(has_problem(f, "/fields/0/type", "form.definition"));
    ctx_clear(&f->ctx);
    assert_int_equal(form_named(f, "note")->version, 1);
    assert_string_equal(form_named(f, "note")->fields[0]->type->name, "text");
    ok(f, publish(f, "note", ONE("{\"key\":\"a\",\"type\":\"long_text\"}")));
}

static void a_removed_field_is_hidden_and_its_data_stays(void **state)
{
    struct fixture *f = *state;
    struct record *record;
    int64_t id;

    ok(f, publish(f, "note",
                  ONE("{\"key\":\"a\",\"type\":\"text\"},{\"key\":\"b\","
                      "\"type\":\"text\"}")));
    ok(f, record_create(&record, &f->ctx, form_named(f, "note"),
                        parse(f, "{\"a\":\"1\",\"b\":\"2\"}"), NULL));
    id = record->id;
    ok(f, publish(f, "note", ONE("{\"key\":\"a\",\"type\":\"text\"}")));
    ok(f, record_get(&record, &f->ctx, form_named(f, "note"), id));
    assert_null(value_get(record->values, "b"));
    ok(f, publish(f, "note",
                  ONE("{\"key\":\"a\",\"type\":\"text\"},{\"key\":\"b\","
                      "\"type\":\"text\"}")));
    ok(f, record_get(&record, &f->ctx, form_named(f, "note"), id));
    assert_string_equal(value_get_text(record->values, "b"), "2");
}

static void another_modules_form_is_not_replaced(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(
        form_publish(&f->ctx, "budget", "thief", parse(f, BUDGET), NULL),
        E_INVALID);
}

static void forms_of_a_module_that_is_off_are_hidden(void **state)
{
    struct fixture *f = *state;
    const struct form **list;
    size_t count, before;

    ok(f,
       form_publish(&f->ctx, "vehicle.booking", "vehicle",
                    parse(f, ONE("{\"key\":\"a\",\"type\":\"text\"}")), NULL));
    ok(f, form_list(&list, &before, &f->ctx));
    ok(f, form_enable_module(&f->ctx, "vehicle", false));
    ok(f, form_list(&list, &count, &f->ctx));
    assert_int_equal(count, before - 1);
    assert_false(form_named(f, "vehicle.booking")->enabled);
    ok(f, form_enable_module(&f->ctx, "vehicle", true));
    assert_true(form_named(f, "vehicle.booking")->enabled);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, site_up, site_down)
    const struct CMUnitTest tests[] = {
        CASE(errors_carry_pointer_and_expectation),
        CASE(logic_that_fails_is_refused_with_what_is_wrong),
        CASE(a_page_is_an_address_of_the_forms_module),
        CASE(a_name_must_be_one),
        CASE(publishing_adds_columns_and_keeps_records),
        CASE(the_same_text_makes_no_version),
        CASE(a_published_field_keeps_its_type),
        CASE(a_removed_field_is_hidden_and_its_data_stays),
        CASE(another_modules_form_is_not_replaced),
        CASE(forms_of_a_module_that_is_off_are_hidden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
