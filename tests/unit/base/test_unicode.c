/*
 * test_unicode.c - UTF-8, folding, sort keys, texts of unknown encoding.
 */
#include "base/banned.h"

#include "base/base_test.h"

#include "base/unicode.h"

static void utf8_is_strict(void **state)
{
    static const char *const bad[] = {
        "\x80",
        "\xc0\xaf",
        "\xc1\xbf",
        "\xe0\x9f\xbf",
        "\xed\xa0",
        "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80",
        "\xf8\x88\x80\x80",
        "\xff",
        "\xe4\xb8",
        "a\xc3",
        "\xe4\xb8\x20",
    };
    size_t i, size;
    char out[4];
    int32_t point;

    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(utf8_valid(bad[i], strlen(bad[i])));
    for (point = 0; point <= 0x10ffff; point++) {
        size_t length = utf8_write(out, point);
        bool surrogate = point >= 0xd800 && point <= 0xdfff;

        if ((utf8_next(out, length, &size) == point && size == length) ==
            surrogate)
            assert_int_equal(point, -1);
    }
    assert_true(utf8_valid("", 0));
    assert_true(utf8_valid("a\0b", 3));
    assert_int_equal(utf8_next("", 0, &size), -1);
}

static void characters_are_counted_and_cut(void **state)
{
    (void)state;
    assert_int_equal(utf8_length("a中😀", 8), 3);
    assert_int_equal(utf8_prefix("a中😀", 8, 2), 4);
    assert_int_equal(utf8_prefix("a中😀", 8, 9), 8);
    assert_int_equal(utf8_prefix("a中😀", 8, 0), 0);
}

static void folding_makes_equal_what_people_take_for_equal(void **state)
{
    struct ctx *ctx = *state;

    assert_string_equal(text_fold(ctx->arena, "Tenon 42"), "tenon 42");
    assert_string_equal(text_fold(ctx->arena, "ＡＢＣ１２"), "abc12");
    assert_string_equal(text_fold(ctx->arena, "Straße"), "strasse");
    assert_string_equal(text_fold(ctx->arena, "Ångström"),
                        text_fold(ctx->arena, "A\xcc\x8angstro\xcc\x88m"));
    assert_string_equal(text_fold(ctx->arena, "中文"), "中文");
    assert_string_equal(text_fold(ctx->arena, ""), "");
    assert_string_equal(text_fold(ctx->arena, "a\xff"), "a\xef\xbf\xbd");
    assert_string_equal(text_nfc(ctx->arena, "e\xcc\x81"), "é");
    /* NFC must grow the text here: 3 times in UTF-16. */
    assert_string_equal(text_fold(ctx->arena, "\xef\xb7\xba"),
                        "صلى الله عليه وسلم");
}

static int order(struct ctx *ctx, const char *a, const char *b)
{
    const unsigned char *first, *second;
    size_t m, n;
    int rc;

    text_sort_key(&first, &m, ctx->arena, a);
    text_sort_key(&second, &n, ctx->arena, b);
    rc = memcmp(first, second, m < n ? m : n);
    return rc ? rc : (m > n) - (m < n);
}

static void names_sort_by_number_letter_and_pinyin(void **state)
{
    static const char *const sorted[] = {
        "",     "2",    "10",     "a",    "B",    "c2",   "c10",  "Zoe",
        "安徽", "北京", "重庆路", "上海", "王伟", "张三", "赵敏",
    };
    struct ctx *ctx = *state;
    size_t i, j, count = sizeof sorted / sizeof *sorted;

    for (i = 0; i < count; i++)
        for (j = i + 1; j < count; j++)
            if (order(ctx, sorted[i], sorted[j]) >= 0)
                assert_string_equal(sorted[i], sorted[j]);
    assert_int_equal(order(ctx, "e\xcc\x81", "é"), 0);
}

static void cleaning_drops_what_cannot_be_seen(void **state)
{
    struct ctx *ctx = *state;

    assert_string_equal(text_clean(ctx->arena, "a\r\n\tb\x07\x1b[0m\x7f"),
                        "a\n\tb[0m");
    assert_string_equal(text_clean(ctx->arena, "invoice\xe2\x80\xae"
                                               "fdp.exe\xe2\x81\xa6"),
                        "invoicefdp.exe");
    assert_string_equal(text_clean(ctx->arena, "\xc2\x85\xff中"),
                        "\xef\xbf\xbd中");
    assert_string_equal(text_clean(ctx->arena, ""), "");
}

static void decode(struct ctx *ctx, const char *data, size_t length,
                   const char *forced, const char *text, const char *encoding)
{
    const char *out, *found;
    size_t size;

    ctx_clear(ctx);
    assert_int_equal(
        text_decode(&out, &size, &found, ctx, data, length, forced), 0);
    assert_string_equal(out, text);
    assert_int_equal(size, strlen(text));
    assert_string_equal(found, encoding);
}

#define DECODE(data, forced, text, encoding)                                   \
    decode(*state, data, sizeof(data) - 1, forced, text, encoding)

static void texts_of_unknown_encoding_are_recognised(void **state)
{
    DECODE("", NULL, "", "UTF-8");
    DECODE("plain", NULL, "plain", "UTF-8");
    DECODE("\xef\xbb\xbf中", NULL, "中", "UTF-8");
    DECODE("中文", NULL, "中文", "UTF-8");
    DECODE("\xff\xfe\x2d\x4e\x0a\x00", NULL, "中\n", "UTF-16LE");
    DECODE("\xfe\xff\x4e\x2d", NULL, "中", "UTF-16BE");
    DECODE("\xd6\xd0\xce\xc4,a", NULL, "中文,a", "GB18030");
    DECODE("\x95\x32\x82\x36", NULL, "𠀀", "GB18030");
    DECODE("\xa4\xa4\xa4\xe5", "Big5", "中文", "Big5");
    DECODE("caf\xe9", "ISO-8859-1", "café", "ISO-8859-1");
    DECODE("\xd6\xd0", "gbk", "中", "GB18030");
    DECODE("\xef\xbb\xbfx", "utf-8", "x", "UTF-8");
}

static void refuse_text(struct ctx *ctx, const char *data, size_t length,
                        const char *forced, const char *key)
{
    const char *out, *found;
    size_t size;

    ctx_clear(ctx);
    assert_int_equal(
        text_decode(&out, &size, &found, ctx, data, length, forced), E_INVALID);
    assert_string_equal(ctx->problems->key, key);
}

#define REFUSE(data, forced, key)                                              \
    refuse_text(*state, data, sizeof(data) - 1, forced, "base." key)

static void what_is_no_text_is_refused(void **state)
{
    REFUSE("\xff\xff\xff", NULL, "encoding_none");
    REFUSE("\xd6", NULL, "encoding_none");
    REFUSE("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", NULL, "encoding_none");
    REFUSE("a\0b", NULL, "encoding_none");
    REFUSE("\xd6\xd0\x80", NULL, "encoding_none");
    REFUSE("\xff\xfe\x00", NULL, "encoding_bad");
    REFUSE("\xff\xfe\x00\xd8\x41\x00", NULL, "encoding_bad");
    REFUSE("\xef\xbb\xbf\xff", NULL, "encoding_bad");
    REFUSE("\xd6\xd0", "UTF-8", "encoding_bad");
    REFUSE("x", "EBCDIC", "encoding_unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_strict),
        cmocka_unit_test(characters_are_counted_and_cut),
        CTX_TEST(folding_makes_equal_what_people_take_for_equal),
        CTX_TEST(names_sort_by_number_letter_and_pinyin),
        CTX_TEST(cleaning_drops_what_cannot_be_seen),
        CTX_TEST(texts_of_unknown_encoding_are_recognised),
        CTX_TEST(what_is_no_text_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
