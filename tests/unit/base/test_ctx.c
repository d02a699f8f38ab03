/*
 * test_ctx.c - problems, their arguments, and the log.
 */
#include "base/banned.h"

#include "base/base_test.h"

#include <fcntl.h>
#include <inttypes.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

static void a_problem_has_text_and_arguments(void **state)
{
    struct ctx *ctx = *state;
    const struct problem *problem;

    assert_int_equal(
        fail(ctx, E_INVALID, "test.key",
             "%s: %d of %zu (%lld, %ld, %u, %c, %" PRId64 ") 100%%", "名", -5,
             (size_t)7, 1LL << 60, -3L, 4000000000u, 'x', (int64_t)9),
        E_INVALID);
    problem = ctx->problems;
    assert_string_equal(problem->text, "名: -5 of 7 (1152921504606846976, "
                                       "-3, 4000000000, x, 9) 100%");
    assert_int_equal(problem->arg_count, PROBLEM_ARGS_MAX);
    assert_string_equal(problem->args[0], "名");
    assert_string_equal(problem->args[1], "-5");
    assert_string_equal(problem->args[2], "7");
    assert_string_equal(problem->args[5], "4000000000");
    assert_null(problem->field);
    assert_string_equal(ctx_error(ctx), problem->text);
    assert_string_equal(problem_message(ctx, problem), problem->text);
}

static void widths_precisions_and_null_are_taken(void **state)
{
    struct ctx *ctx = *state;
    const char *nothing = NULL;

    fail(ctx, E_INVALID, "test.key", "%.*s|%5d|%-4s|%.2f|%s|%03x", 2, "abc", 42,
         "x", 1.005, nothing, 10);
    assert_string_equal(ctx_error(ctx), "ab|   42|x   |1.00||00a");
    assert_string_equal(ctx->problems->args[0], "ab");
}

static void problems_form_a_list_with_fields(void **state)
{
    struct ctx *ctx = *state;

    fail_at(ctx, E_INVALID, "items.2.price", "form.min", "at least %d", 0);
    fail(ctx, E_CONFLICT, "form.stale", "somebody was faster");
    assert_string_equal(json_text(ctx->arena, problems_value(ctx)),
                        "[{\"code\":\"invalid\",\"key\":\"form.min\","
                        "\"message\":\"at least 0\","
                        "\"field\":\"items.2.price\"},"
                        "{\"code\":\"conflict\",\"key\":\"form.stale\","
                        "\"message\":\"somebody was faster\"}]");
    ctx_clear(ctx);
    assert_string_equal(ctx_error(ctx), "unknown error");
    assert_int_equal(value_count(problems_value(ctx)), 0);
}

static void problems_are_bounded_in_number(void **state)
{
    struct ctx *ctx = *state;
    int i;

    for (i = 0; i < 100000; i++)
        assert_int_equal(fail(ctx, E_INVALID, "a.b", "%d", i), E_INVALID);
    assert_int_equal(value_count(problems_value(ctx)), PROBLEMS_MAX);
}

static void codes_have_their_status(void **state)
{
    (void)state;
    assert_int_equal(error_status(0), 200);
    assert_int_equal(error_status(E_INVALID), 422);
    assert_int_equal(error_status(E_FULL), 507);
    assert_int_equal(error_status(E_UNAVAILABLE), 503);
    assert_int_equal(error_status(-999), 500);
    assert_string_equal(error_name(-999), "internal");
}

static void a_deadline_that_has_passed_is_a_problem(void **state)
{
    struct ctx *ctx = *state;

    assert_int_equal(ctx_check_deadline(ctx), 0);
    ctx->deadline = clock_monotonic() + 100000;
    assert_int_equal(ctx_check_deadline(ctx), 0);
    ctx->deadline = clock_monotonic() - 1;
    assert_int_equal(ctx_check_deadline(ctx), E_TIMEOUT);
}

/* --- the log --- */

static int log_pipe[2], kept_stderr;

static void log_capture(void)
{
    assert_int_equal(pipe2(log_pipe, O_CLOEXEC), 0);
    kept_stderr = dup(STDERR_FILENO);
    dup2(log_pipe[1], STDERR_FILENO);
    close(log_pipe[1]);
}

static struct value *log_captured(struct ctx *ctx)
{
    char line[8192];
    ssize_t got;
    struct value *value;

    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    got = read(log_pipe[0], line, sizeof line);
    close(log_pipe[0]);
    assert_true(got > 2 && got <= 4096);
    assert_int_equal(line[got - 1], '\n');
    assert_int_equal(memchr(line, '\n', (size_t)got) == line + got - 1, 1);
    assert_int_equal(json_parse(&value, ctx, line, (size_t)got), 0);
    return value;
}

static int64_t always_seven(const struct person *person)
{
    (void)person;
    return 7;
}

static void S38_a_log_line_cannot_be_forged(void **state)
{
    struct ctx *ctx = *state;
    struct value *line;

    log_process("test-1");
    log_person_with(always_seven);
    ctx->request_id = "r1";
    ctx->address = "::1";
    ctx->person = (const struct person *)ctx;
    log_capture();
    log_ctx(ctx, LOG_WARN, "sign_in.failed", "name",
            "x\"}\n{\"event\":\"forged\"", "none", NULL, "number",
            log_int(INT64_MIN), NULL);
    line = log_captured(ctx);
    assert_string_equal(value_get_text(line, "event"), "sign_in.failed");
    assert_string_equal(value_get_text(line, "level"), "warn");
    assert_string_equal(value_get_text(line, "process"), "test-1");
    assert_string_equal(value_get_text(line, "request"), "r1");
    assert_string_equal(value_get_text(line, "person"), "7");
    assert_string_equal(value_get_text(line, "address"), "::1");
    assert_string_equal(value_get_text(line, "name"),
                        "x\"}\n{\"event\":\"forged\"");
    assert_true(value_is_null(value_get(line, "none")));
    assert_string_equal(value_get_text(line, "number"), "-9223372036854775808");
}

static void a_long_log_line_is_cut_but_whole_json(void **state)
{
    struct ctx *ctx = *state;
    char *large = arena_alloc(ctx->arena, 100001);
    struct value *line;

    memset(large, '"', 100000);
    log_capture();
    log_event(LOG_ERROR, "test", "a", large, "b", large, "c", "short", NULL);
    line = log_captured(ctx);
    assert_true(value_get_bool(line, "cut"));
    assert_string_equal(value_get_text(line, "c"), "short");
    memset(large, 0xe4, 100000);
    log_capture();
    log_event(LOG_ERROR, "test", "a", large, NULL);
    assert_true(value_get_bool(log_captured(ctx), "cut"));
}

static void less_than_the_least_level_is_not_written(void **state)
{
    struct ctx *ctx = *state;

    log_level_set(LOG_WARN);
    log_capture();
    log_event(LOG_INFO, "unseen", NULL);
    log_event(LOG_WARN, "seen", NULL);
    assert_string_equal(value_get_text(log_captured(ctx), "event"), "seen");
    log_level_set(LOG_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(a_problem_has_text_and_arguments),
        CTX_TEST(widths_precisions_and_null_are_taken),
        CTX_TEST(problems_form_a_list_with_fields),
        CTX_TEST(problems_are_bounded_in_number),
        CTX_TEST(codes_have_their_status),
        CTX_TEST(a_deadline_that_has_passed_is_a_problem),
        CTX_TEST(S38_a_log_line_cannot_be_forged),
        CTX_TEST(a_long_log_line_is_cut_but_whole_json),
        CTX_TEST(less_than_the_least_level_is_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
