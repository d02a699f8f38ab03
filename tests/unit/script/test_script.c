/*
 * test_script.c - calls and expressions of the host.
 */
#include "base/banned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#undef fail

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/value.h"
#include "script/script.h"

static struct ctx ctx;
static struct script *script;

static int set_up(void **state)
{
    (void)state;
    ctx_init(&ctx, arena_new(64 << 20));
    return script_open(&script, &ctx, "test", NULL);
}

static int tear_down(void **state)
{
    (void)state;
    script_close(script);
    arena_free(ctx.arena);
    return 0;
}

static struct value *parse(const char *text)
{
    struct value *value;

    assert_int_equal(json_parse(&value, &ctx, text, strlen(text)), 0);
    return value;
}

static const char *eval(const char *expression, const char *env)
{
    struct value *out;

    ctx_clear(&ctx);
    if (script_eval(&out, &ctx, script, expression, parse(env)))
        return ctx_error(&ctx);
    return json_text(ctx.arena, out);
}

static void expressions_see_their_environment(void **state)
{
    (void)state;
    assert_string_equal(eval("a + b", "{\"a\":1,\"b\":2}"), "3");
    assert_string_equal(eval("form.amount > 5000 and form.urgent",
                             "{\"form\":{\"amount\":6000,\"urgent\":true}}"),
                        "true");
    assert_string_equal(eval("x", "{\"x\":null}"), "null");
    assert_string_equal(eval("x + 1", "{\"x\":null}"), "null");
    assert_string_equal(eval("{1, 2, x = 3}", "{}"), "[1,2]");
    assert_string_equal(eval("{b = 1, a = 2}", "{}"), "{\"a\":2,\"b\":1}");
    assert_non_null(strstr(eval("y", "{}"), "no field or function 'y'"));
    assert_non_null(strstr(eval("", "{}"), "empty"));
    assert_non_null(strstr(eval("1; x = 2", "{}"), "<eof> expected"));
    assert_non_null(
        strstr(eval("(function() x = 1 end)()", "{}"), "can't set 'x'"));
    assert_non_null(strstr(eval("(function() string = 1 end)()", "{}"),
                           "can't set 'string'"));
}

static void decimals_pass_both_ways(void **state)
{
    struct value *env = value_map(ctx.arena), *out;
    struct decimal price = { 150, 2 }, got;

    (void)state;
    value_set(env, "price", value_decimal(ctx.arena, price));
    assert_int_equal(script_eval(&out, &ctx, script, "price * 3", env), 0);
    assert_int_equal(value_kind(out), VALUE_DECIMAL);
    assert_true(value_as_decimal(&got, out));
    assert_int_equal(got.units, 450);
    assert_int_equal(got.scale, 2);
}

static void a_condition_is_true_or_false(void **state)
{
    bool truth;

    (void)state;
    assert_int_equal(script_test(&truth, &ctx, script, "1", NULL), 0);
    assert_true(truth);
    assert_int_equal(script_test(&truth, &ctx, script, "nil > 1", NULL), 0);
    assert_false(truth);
    assert_int_equal(script_test(&truth, &ctx, script, "x(", NULL), E_INVALID);
    assert_false(truth);
}

static void an_expression_that_never_ends_is_a_time_out(void **state)
{
    struct value *out;

    (void)state;
    assert_int_equal(script_eval(&out, &ctx, script,
                                 "(function() while true do end end)()", NULL),
                     E_TIMEOUT);
    assert_int_equal(
        script_eval(&out, &ctx, script, "('x'):rep(1 << 25)", NULL), E_LIMIT);
}

static void the_request_s_deadline_holds_for_scripts(void **state)
{
    int64_t start = clock_monotonic();
    struct value *out;

    (void)state;
    ctx.deadline = start + 20;
    assert_int_equal(script_eval(&out, &ctx, script,
                                 "(function() local s = ('x'):rep(1000000) "
                                 "while true do s:lower() end end)()",
                                 NULL),
                     E_TIMEOUT);
    assert_true(clock_monotonic() - start < 400);
    ctx.deadline = 0;
}

static void functions_are_loaded_and_called(void **state)
{
    static const char text[] =
        "function greet(person, n) return {text = 'Hello ' .. person.name, "
        "twice = n * 2} end";
    const struct value *args[2];
    struct value *out;

    (void)state;
    assert_int_equal(script_load(&ctx, script, "greet.lua", text, strlen(text)),
                     0);
    assert_true(script_has(script, "greet"));
    assert_false(script_has(script, "other"));
    args[0] = parse("{\"name\":\"李娜\"}");
    args[1] = value_int(ctx.arena, 21);
    assert_int_equal(script_call(&out, &ctx, script, "greet", args, 2), 0);
    assert_string_equal(value_get_text(out, "text"), "Hello 李娜");
    assert_int_equal(value_get_int(out, "twice", 0), 42);
    assert_int_equal(script_call(&out, &ctx, script, "other", NULL, 0),
                     E_NOT_FOUND);
}

static void errors_name_file_and_line(void **state)
{
    static const char bad[] = "x = \n)", worse[] = "\n\nerror('no')";

    (void)state;
    ctx_clear(&ctx);
    assert_int_equal(script_load(&ctx, script, "a.lua", bad, strlen(bad)),
                     E_INVALID);
    assert_non_null(strstr(ctx_error(&ctx), "a.lua:2:"));
    ctx_clear(&ctx);
    assert_int_equal(script_load(&ctx, script, "b.lua", worse, strlen(worse)),
                     E_INVALID);
    assert_non_null(strstr(ctx_error(&ctx), "b.lua:3: no"));
}

static void today_is_the_person_s_day(void **state)
{
    (void)state;
    clock_set(INT64_C(1795473000000)); /* 2026-11-23T22:30Z */
    ctx.zone = zone_find("Asia/Shanghai");
    assert_string_equal(eval("tostring(date.today())", "{}"), "\"2026-11-24\"");
    ctx.zone = zone_utc();
    assert_string_equal(eval("tostring(date.today())", "{}"), "\"2026-11-23\"");
    clock_set(0);
}

static void the_shared_script_starts_anew_when_it_grows(void **state)
{
    struct script *shared;
    struct value *out;
    int i;

    (void)state;
    for (i = 0; i < 20000; i++) {
        assert_int_equal(script_shared(&shared, &ctx), 0);
        assert_int_equal(script_eval(&out, &ctx, shared,
                                     arena_printf(ctx.arena, "%d + 1", i),
                                     NULL),
                         0);
        assert_int_equal(value_as_int(out, 0), i + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_see_their_environment),
        cmocka_unit_test(decimals_pass_both_ways),
        cmocka_unit_test(a_condition_is_true_or_false),
        cmocka_unit_test(an_expression_that_never_ends_is_a_time_out),
        cmocka_unit_test(the_request_s_deadline_holds_for_scripts),
        cmocka_unit_test(functions_are_loaded_and_called),
        cmocka_unit_test(errors_name_file_and_line),
        cmocka_unit_test(today_is_the_person_s_day),
        cmocka_unit_test(the_shared_script_starts_anew_when_it_grows),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
