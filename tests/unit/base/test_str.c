/*
 * test_str.c - slices, integers, buffers with a maximum, escapes.
 */
#include "base/banned.h"

#include "base/base_test.h"

#include <stdbool.h>

static void integers_are_read_strictly(void **state)
{
    static const char *const bad[] = { "",
                                       "-",
                                       " 1",
                                       "1 ",
                                       "+1",
                                       "0x1",
                                       "1.0",
                                       "1e3",
                                       "--1",
                                       "9223372036854775808",
                                       "-9223372036854775809",
                                       "１" };
    int64_t number = 42;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(int_parse(&number, bad[i], INT64_MIN, INT64_MAX),
                         E_INVALID);
    assert_int_equal(int_parse(&number, NULL, 0, 1), E_INVALID);
    assert_int_equal(number, 42);
    assert_int_equal(
        int_parse(&number, "9223372036854775807", INT64_MIN, INT64_MAX), 0);
    assert_true(number == INT64_MAX);
    assert_int_equal(
        int_parse(&number, "-9223372036854775808", INT64_MIN, INT64_MAX), 0);
    assert_true(number == INT64_MIN);
    assert_int_equal(int_parse(&number, "007", 0, 7), 0);
    assert_int_equal(number, 7);
    assert_int_equal(int_parse(&number, "8", 0, 7), E_INVALID);
}

static void comparing_takes_null(void **state)
{
    (void)state;
    assert_true(text_equal(NULL, NULL));
    assert_false(text_equal(NULL, ""));
    assert_true(text_equal("a", "a"));
    assert_true(text_starts("abc", "ab"));
    assert_false(text_starts(NULL, "a"));
    assert_true(text_ends("abc", "bc"));
    assert_false(text_ends("c", "bc"));
    assert_true(text_empty(NULL));
    assert_true(str_is(STR("abc"), "abc"));
    assert_false(str_is(STR("ab"), "abc"));
    assert_true(str_is(str_of(NULL), ""));
}

static void a_buffer_never_exceeds_its_maximum(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, NULL, 10);
    assert_string_equal(buf_text(&buf), "");
    buf_add_text(&buf, "12345");
    buf_addf(&buf, "%d", 67890);
    assert_false(buf.failed);
    assert_string_equal(buf_text(&buf), "1234567890");
    buf_add_char(&buf, 'x');
    assert_true(buf.failed);
    buf_add_text(&buf, "");
    assert_string_equal(buf_text(&buf), "1234567890");
    assert_true(buf.capacity <= 11);
    buf_clear(&buf);
    buf_addf(&buf, "%s", "12345678901");
    assert_true(buf.failed);
    assert_string_equal(buf_text(&buf), "");
    buf_free(&buf);
}

static void a_buffer_in_an_arena_grows(void **state)
{
    struct ctx *ctx = *state;
    struct buf buf;
    int i;

    buf_init(&buf, ctx->arena, 1 << 20);
    for (i = 0; i < 100000; i++) {
        buf_add_char(&buf, (char)('a' + i % 26));
        if (i % 1000 == 0)
            arena_alloc(ctx->arena, 1);
    }
    assert_int_equal(buf.length, 100000);
    assert_int_equal(strlen(buf_text(&buf)), 100000);
    for (i = 0; i < 100000; i++)
        assert_int_equal(buf.data[i], 'a' + i % 26);
}

typedef void escape(struct buf *buf, const char *text, size_t length);

static const char *escaped(struct ctx *ctx, escape *call, const char *text,
                           size_t length)
{
    struct buf buf;

    buf_init(&buf, ctx->arena, 10000);
    call(&buf, text, length);
    assert_false(buf.failed);
    return buf_text(&buf);
}

#define ESCAPED(call, text) escaped(*state, call, text, sizeof(text) - 1)

static void S22_html_is_escaped(void **state)
{
    assert_string_equal(ESCAPED(buf_add_html, "<a href=\"x\" b='y'>&amp;"),
                        "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;"
                        "&amp;amp;");
    assert_string_equal(ESCAPED(buf_add_html, ""), "");
    assert_string_equal(ESCAPED(buf_add_html, "中文"), "中文");
}

static void addresses_are_escaped(void **state)
{
    assert_string_equal(ESCAPED(buf_add_url, "a b/c?d=é&~_-."),
                        "a%20b%2Fc%3Fd%3D%C3%A9%26~_-.");
    assert_string_equal(ESCAPED(buf_add_url, "a\0b"), "a%00b");
}

static void json_may_stand_in_a_page(void **state)
{
    assert_string_equal(ESCAPED(buf_add_json, "a\"\\\n\t\x01\x7f</script>&"),
                        "\"a\\\"\\\\\\n\\t\\u0001\\u007f"
                        "\\u003c/script\\u003e\\u0026\"");
    assert_string_equal(ESCAPED(buf_add_json, "x\xe2\x80\xa8y\xe2\x80\xa9"),
                        "\"x\\u2028y\\u2029\"");
    assert_string_equal(ESCAPED(buf_add_json, "\xff"
                                              "a\xc3"),
                        "\"\xef\xbf\xbd"
                        "a\xef\xbf\xbd\"");
    assert_string_equal(ESCAPED(buf_add_json, "a\0b"), "\"a\\u0000b\"");
    assert_string_equal(ESCAPED(buf_add_json, "中😀"), "\"中😀\"");
}

static void S27_csv_cells_are_no_formulas(void **state)
{
    assert_string_equal(ESCAPED(buf_add_csv, "plain"), "plain");
    assert_string_equal(ESCAPED(buf_add_csv, "a,b"), "\"a,b\"");
    assert_string_equal(ESCAPED(buf_add_csv, "a\"b\nc"), "\"a\"\"b\nc\"");
    assert_string_equal(ESCAPED(buf_add_csv, "=1+1"), "\"'=1+1\"");
    assert_string_equal(ESCAPED(buf_add_csv, "@SUM(A1)"), "\"'@SUM(A1)\"");
    assert_string_equal(ESCAPED(buf_add_csv, "\tx"), "\"'\tx\"");
    assert_string_equal(ESCAPED(buf_add_csv, "-12.50"), "-12.50");
    assert_string_equal(ESCAPED(buf_add_csv, "+3"), "+3");
    assert_string_equal(ESCAPED(buf_add_csv, "-1+cmd|x"), "\"'-1+cmd|x\"");
    assert_string_equal(ESCAPED(buf_add_csv, "＝1"), "\"'＝1\"");
    assert_string_equal(ESCAPED(buf_add_csv, " a"), "\" a\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_read_strictly),
        cmocka_unit_test(comparing_takes_null),
        cmocka_unit_test(a_buffer_never_exceeds_its_maximum),
        CTX_TEST(a_buffer_in_an_arena_grows),
        CTX_TEST(S22_html_is_escaped),
        CTX_TEST(addresses_are_escaped),
        CTX_TEST(json_may_stand_in_a_page),
        CTX_TEST(S27_csv_cells_are_no_formulas),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
