/*
 * test_pinyin.c - Chinese names by what is typed on a Latin keyboard.
 */
#include "base/banned.h"

#include "base/base_test.h"

#include "base/pinyin.h"

static void names_become_syllables(void **state)
{
    struct ctx *ctx = *state;

    assert_string_equal(text_pinyin(ctx->arena, "张伟"), "zhang wei");
    assert_string_equal(text_pinyin(ctx->arena, "单雄信"), "shan xiong xin");
    assert_string_equal(text_pinyin(ctx->arena, "王单"), "wang dan");
    assert_string_equal(text_pinyin(ctx->arena, "尉迟恭"), "yu chi gong");
    assert_string_equal(text_pinyin(ctx->arena, "万科"), "wan ke");
    assert_string_equal(text_pinyin(ctx->arena, "吕布"), "lu bu");
    assert_string_equal(text_pinyin(ctx->arena, "吕布"), "lu bu");
    assert_string_equal(text_pinyin(ctx->arena, "Li Na"), "li na");
    assert_string_equal(text_pinyin(ctx->arena, "张伟 (A2)"), "zhang wei a2");
    assert_string_equal(text_pinyin(ctx->arena, ""), "");
    assert_string_equal(text_pinyin(ctx->arena, "…"), "");
}

static void E46_initials_and_beginnings_match(void **state)
{
    static const char *const good[] = { "z",       "zw",   "zhw",      "zhangw",
                                        "zhwei",   "zwei", "zhangwei", "wei",
                                        "zhangwe", "w" };
    static const char *const bad[] = {
        "zg", "zhangweia", "hang", "ei", "", "wz"
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(pinyin_matches("zhang wei", good[i]));
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(pinyin_matches("zhang wei", bad[i]));
    assert_true(pinyin_matches("xi an", "xian"));
}

static void keys_are_whole_and_initials(void **state)
{
    struct ctx *ctx = *state;

    assert_string_equal(pinyin_keys(ctx->arena, "zhang wei"),
                        "zhangwei\nzw\nzhw");
    assert_string_equal(pinyin_keys(ctx->arena, "li na"), "lina\nln");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(names_become_syllables),
        CTX_TEST(E46_initials_and_beginnings_match),
        CTX_TEST(keys_are_whole_and_initials),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
