/*
 * test_logic.c - a form's logic on the server: computed fields, rules,
 * checks, changes.
 */
#include "base/banned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#undef fail

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/value.h"
#include "script/logic.h"

static struct ctx ctx;

static int set_up(void **state)
{
    (void)state;
    ctx_init(&ctx, arena_new(64 << 20));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(ctx.arena);
    return 0;
}

static const char budget[] =
    "{\"name\":\"budget\",\"file\":\"budget.lua\",\"fields\":["
    "{\"key\":\"purpose\",\"type\":\"text\"},"
    "{\"key\":\"city\",\"type\":\"text\"},"
    "{\"key\":\"starts\",\"type\":\"date\"},"
    "{\"key\":\"ends\",\"type\":\"date\"},"
    "{\"key\":\"days\",\"type\":\"integer\",\"computed\":\"ends - starts + "
    "1\"},"
    "{\"key\":\"urgent\",\"type\":\"boolean\"},"
    "{\"key\":\"reason\",\"type\":\"long_text\"},"
    "{\"key\":\"items\",\"type\":\"table\",\"fields\":["
    "{\"key\":\"name\",\"type\":\"text\"},"
    "{\"key\":\"quantity\",\"type\":\"integer\"},"
    "{\"key\":\"price\",\"type\":\"money\",\"scale\":2},"
    "{\"key\":\"amount\",\"type\":\"money\",\"scale\":2,"
    "\"computed\":\"quantity * price\"}]},"
    "{\"key\":\"total\",\"type\":\"money\",\"scale\":2,"
    "\"computed\":\"sum(items, 'amount')\"},"
    "{\"key\":\"tax\",\"type\":\"money\",\"scale\":2}],\"source\":%s}";

static const char source[] =
    "computed.tax = function(form) return form.total * decimal '0.06' end\n"
    "function on_change(form, field, row)\n"
    "  if field == 'city' then form.purpose = 'Trip to ' .. form.city end\n"
    "  if field == 'items.name' and row.name == 'pen' then row.price = 2 end\n"
    "  if field == 'urgent' then form.items:add{ name = 'fee', quantity = 1,\n"
    "    price = '10' } end\n"
    "end\n"
    "function rules(form)\n"
    "  form:require('reason', form.total > 5000)\n"
    "  form:hide('city', not form.urgent)\n"
    "  form:lock('items.price', form.urgent)\n"
    "end\n"
    "function validate(form)\n"
    "  if not form.purpose then form:error('purpose', 'missing') end\n"
    "  if form.ends < form.starts then form:error('ends',\n"
    "    tr{ en = 'ends too early', ['zh-CN'] = '结束早于开始' }) end\n"
    "  for _, row in ipairs(form.items) do\n"
    "    if row.price < 0 then row:error('price', 'negative') end\n"
    "  end\n"
    "end\n";

static struct value *parse(const char *text)
{
    struct value *value;

    if (json_parse(&value, &ctx, text, strlen(text))) {
        print_error("%s: %s\n", ctx_error(&ctx), text);
        _fail(__FILE__, __LINE__);
    }
    return value;
}

static struct value *definition_of(const char *lua)
{
    const char *text = json_text(ctx.arena, value_text(ctx.arena, lua));

    return parse(arena_printf(ctx.arena, budget, text));
}

/* The answer to an event as JSON text. */
static const char *answer(const char *lua, const char *event, const char *field,
                          const char *values)
{
    struct logic *logic;
    struct value *out;

    ctx_clear(&ctx);
    if (logic_open(&logic, &ctx, definition_of(lua)) ||
        logic_run(&out, &ctx, logic, event, field, "2026-11-23",
                  parse(values))) {
        const char *error = ctx_error(&ctx);

        logic_close(logic);
        return error;
    }
    logic_close(logic);
    return json_text(ctx.arena, out);
}

static void says(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        print_error("no %s\n in %s\n", part, text);
        _fail(__FILE__, __LINE__);
    }
}

static void computed_fields_follow_their_inputs(void **state)
{
    const char *out =
        answer(source, "compute", NULL,
               "{\"items\":[{\"id\":\"7\",\"quantity\":3,\"price\":\"1.50\"},"
               "{\"quantity\":1,\"price\":\"2\"},{}],"
               "\"starts\":\"2026-02-27\",\"ends\":\"2026-03-01\"}");

    (void)state;
    says(out, "\"days\":3");
    says(out, "\"total\":\"6.50\"");
    says(out, "\"tax\":\"0.39\"");
    says(out, "{\"amount\":\"4.50\",\"id\":\"7\",\"price\":\"1.50\","
              "\"quantity\":3}");
    says(out, "\"messages\":[]");
}

static void an_empty_form_computes_to_empty(void **state)
{
    const char *out = answer(source, "compute", NULL, "{}");

    (void)state;
    says(out, "\"total\":\"0.00\"");
    assert_null(strstr(out, "\"days\""));
}

static void nothing_is_answered_that_did_not_change(void **state)
{
    const char *out = answer(
        source, "compute", NULL,
        "{\"items\":[{\"quantity\":3,\"price\":\"1.50\",\"amount\":\"4.50\"}],"
        "\"total\":\"4.50\",\"tax\":\"0.27\"}");

    (void)state;
    says(out, "{\"values\":{},");
}

static void a_change_may_set_other_fields(void **state)
{
    (void)state;
    says(answer(source, "change", "city", "{\"city\":\"长沙\"}"),
         "\"purpose\":\"Trip to 长沙\"");
    says(answer(source, "change", "items.0.name",
                "{\"items\":[{\"name\":\"pen\",\"quantity\":2}]}"),
         "\"total\":\"4.00\"");
    says(answer(source, "change", "urgent", "{\"urgent\":true}"),
         "\"items\":[{\"amount\":\"10.00\",\"name\":\"fee\","
         "\"price\":\"10.00\",\"quantity\":1}]");
}

static void rules_say_what_is_shown_locked_required(void **state)
{
    const char *out = answer(
        source, "open", NULL,
        "{\"urgent\":true,\"items\":[{\"quantity\":1,\"price\":\"6000\"}]}");

    (void)state;
    says(out, "\"reason\":{\"required\":true}");
    says(out, "\"city\":{\"hidden\":false}");
    says(out, "\"items.price\":{\"read_only\":true}");
    says(answer(source, "open", NULL, "{}"), "\"city\":{\"hidden\":true}");
}

static void validate_names_fields_and_rows(void **state)
{
    const char *out =
        answer(source, "validate", NULL,
               "{\"starts\":\"2026-03-02\",\"ends\":\"2026-03-01\","
               "\"items\":[{\"price\":\"1\"},{\"price\":\"-1\"}]}");

    (void)state;
    says(out, "{\"field\":\"purpose\",\"message\":\"missing\"}");
    says(out, "{\"field\":\"ends\",\"message\":\"ends too early\"}");
    says(out, "{\"field\":\"items.1.price\",\"message\":\"negative\"}");
    ctx.locale = "zh-CN";
    says(answer(source, "validate", NULL,
                "{\"starts\":\"2026-03-02\",\"ends\":\"2026-03-01\"}"),
         "结束早于开始");
    ctx.locale = "en";
}

static void mistakes_are_named_with_file_and_line(void **state)
{
    (void)state;
    says(answer("function validate(form)\n return form.purpse end", "validate",
                NULL, "{}"),
         "budget.lua:2: the form has no field 'purpse'");
    says(answer("function rules(form) form.city = 'x' end", "open", NULL, "{}"),
         "fields are set only in on_change");
    says(answer("function validate(form) form:hide('city') end", "validate",
                NULL, "{}"),
         "rules are given only in rules");
    says(answer("function on_change(form) form.total = 1 end", "change", "city",
                "{}"),
         "field 'total' is computed");
    says(answer("function on_change(form) form.starts = 5 end", "change",
                "city", "{}"),
         "field 'starts' takes a date, not a number");
    says(answer("function on_change(form) form.items[1].price = 0.5 end",
                "change", "city", "{\"items\":[{}]}"),
         "not a floating point number");
    says(answer("computed.totl = function() end", "open", NULL, "{}"),
         "computed.totl: the form has no such field");
    says(answer("computed.total = function() end", "open", NULL, "{}"),
         "computes it already");
    says(answer("function validate(", "open", NULL, "{}"), "budget.lua:1:");
    says(answer("computed.tax = function(f) return f.tax end", "open", NULL,
                "{}"),
         "'tax' depends on itself");
    says(answer("computed.tax = function(f) while true do end end", "open",
                NULL, "{}"),
         "too many steps");
    says(answer("computed.tax = function(f) local s = 'x' while true do "
                "s = s .. s end end",
                "open", NULL, "{}"),
         "more memory");
}

static void a_form_that_is_kept_is_closed_at_the_next_event(void **state)
{
    struct logic *logic;
    struct value *out;
    struct value *empty = value_map(ctx.arena);

    (void)state;
    ctx_clear(&ctx);
    assert_int_equal(
        logic_open(&logic, &ctx,
                   definition_of("local kept function rules(form) if kept "
                                 "then kept.city = 'x' end kept = form end")),
        0);
    assert_int_equal(logic_run(&out, &ctx, logic, "open", NULL, NULL, empty),
                     0);
    assert_int_equal(logic_run(&out, &ctx, logic, "open", NULL, NULL, empty),
                     E_INVALID);
    says(ctx_error(&ctx), "earlier event");
    logic_close(logic);
}

static void a_typo_in_an_expression_is_an_error(void **state)
{
    struct logic *logic;
    struct value *out;

    (void)state;
    ctx_clear(&ctx);
    assert_int_equal(
        logic_open(&logic, &ctx,
                   parse("{\"name\":\"x\",\"fields\":[{\"key\":\"a\","
                         "\"type\":\"integer\",\"computed\":\"b + 1\"}]}")),
        0);
    assert_int_equal(
        logic_run(&out, &ctx, logic, "open", NULL, NULL, value_map(ctx.arena)),
        E_INVALID);
    says(ctx_error(&ctx), "there is no field or function 'b'");
    logic_close(logic);
    assert_int_equal(
        logic_open(&logic, &ctx,
                   parse("{\"name\":\"x\",\"fields\":[{\"key\":\"a\","
                         "\"type\":\"integer\",\"computed\":\"1 +\"}]}")),
        E_INVALID);
    assert_null(logic);
}

static void a_large_table_stays_within_the_limits(void **state)
{
    struct buf values;
    int i;

    (void)state;
    buf_init(&values, ctx.arena, 1 << 20);
    buf_add_text(&values, "{\"items\":[");
    for (i = 0; i < 1000; i++)
        buf_addf(&values, "%s{\"quantity\":2,\"price\":\"0.01\"}",
                 i ? "," : "");
    buf_add_text(&values, "]}");
    says(answer(source, "validate", NULL, buf_text(&values)),
         "\"total\":\"20.00\"");
}

static void odd_definitions_and_values_are_survived(void **state)
{
    static const char *const definitions[] = {
        "{}",
        "[]",
        "{\"fields\":5}",
        "{\"fields\":[5]}",
        "{\"fields\":[{\"key\":5}]}",
        "{\"fields\":[{\"key\":\"a.b\"}]}",
        "{\"fields\":[{\"key\":\"a\"},{\"key\":\"a\"}]}",
        "{\"fields\":[{\"key\":\"t\",\"type\":\"table\",\"fields\":[{\"key\":"
        "\"u\",\"type\":\"table\"}]}]}",
        "{\"fields\":[{\"key\":\"a\",\"scale\":99}]}",
    };
    static const char *const values[] = {
        "{\"items\":5}",
        "{\"items\":[5,null,[]]}",
        "{\"items\":{\"a\":1}}",
        "{\"starts\":\"2026-99-99\"}",
        "{\"starts\":{}}",
        "{\"urgent\":\"yes\"}",
        "{\"unknown\":[1,2,3]}",
        "{\"items\":[{\"price\":\"abc\"}]}",
        "{\"items\":[{\"price\":\"999999999999999999\",\"quantity\":1}]}",
        "{\"purpose\":[\"a\"]}",
    };
    struct logic *logic;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(definitions) / sizeof(*definitions); i++) {
        logic_open(&logic, &ctx, parse(definitions[i]));
        logic_close(logic);
    }
    for (i = 0; i < sizeof(values) / sizeof(*values); i++)
        answer(source, "validate", NULL, values[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(computed_fields_follow_their_inputs),
        cmocka_unit_test(an_empty_form_computes_to_empty),
        cmocka_unit_test(nothing_is_answered_that_did_not_change),
        cmocka_unit_test(a_change_may_set_other_fields),
        cmocka_unit_test(rules_say_what_is_shown_locked_required),
        cmocka_unit_test(validate_names_fields_and_rows),
        cmocka_unit_test(mistakes_are_named_with_file_and_line),
        cmocka_unit_test(a_form_that_is_kept_is_closed_at_the_next_event),
        cmocka_unit_test(a_typo_in_an_expression_is_an_error),
        cmocka_unit_test(a_large_table_stays_within_the_limits),
        cmocka_unit_test(odd_definitions_and_values_are_survived),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
