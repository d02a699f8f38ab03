/*
 * test_json.c - the strict door to JSON (pitfalls 4, S29).
 */
#include "base/banned.h"

#include "base/base_test.h"

#include "base/json.h"

static struct value *parse(struct ctx *ctx, const char *text)
{
    struct value *value;

    ctx_clear(ctx);
    assert_int_equal(json_parse(&value, ctx, text, strlen(text)), 0);
    return value;
}

/* Parsed and written again. */
static const char *again(struct ctx *ctx, const char *text)
{
    return json_text(ctx->arena, parse(ctx, text));
}

static void well_formed_texts_come_back(void **state)
{
    struct ctx *ctx = *state;

    assert_string_equal(again(ctx, " [ ] "), "[]");
    assert_string_equal(again(ctx, "{\"a\":[1,-2,0.5,true,false,null,"
                                   "\"x\"],\"b\":{}}"),
                        "{\"a\":[1,-2,0.5,true,false,null,\"x\"],"
                        "\"b\":{}}");
    assert_string_equal(again(ctx, "\"\\u4e2d\\ud83d\\ude00\\/\\b\""),
                        "\"中😀/\\b\"");
    assert_string_equal(again(ctx, "-0"), "0");
    assert_string_equal(again(ctx, "1e3"), "1000");
    assert_string_equal(again(ctx, "0.1"), "0.1");
    assert_string_equal(again(ctx, "1.7976931348623157e308"),
                        "1.7976931348623157e+308");
    assert_string_equal(again(ctx, "9007199254740992"), "9007199254740992");
    assert_string_equal(again(ctx, "[9925071547902994.1]"),
                        "[9925071547902994.0]");
    assert_string_equal(again(ctx, "-9007199254740992"), "-9007199254740992");
    assert_string_equal(again(ctx, "{\"\":1,\"A\":2,\"a\":3}"),
                        "{\"\":1,\"A\":2,\"a\":3}");
    assert_string_equal(again(ctx, "\t\r\n1\n"), "1");
}

static void S29_what_RFC_8259_forbids_is_refused(void **state)
{
    static const struct {
        const char *text, *key;
    } cases[] = {
        { "", "json.value" },
        { "   ", "json.value" },
        { "nul", "json.value" },
        { "True", "json.value" },
        { "[1] x", "json.end" },
        { "1 2", "json.end" },
        { "nullx", "json.end" },
        { "{\"a\":1,\"a\":2}", "json.duplicate" },
        { "{\"a\":1,\"\\u0061\":2}", "json.duplicate" },
        { "[{\"x\":{\"k\":1,\"j\":{},\"k\":2}}]", "json.duplicate" },
        { "\"a\nb\"", "json.control" },
        { "\"a\x01\"", "json.control" },
        { "\x01[]", "json.value" },
        { "[1,\x0b"
          "2]",
          "json.value" },
        { "01", "json.number" },
        { "-", "json.number" },
        { "-01", "json.number" },
        { "1.", "json.number" },
        { ".5", "json.value" },
        { "+1", "json.value" },
        { "1e", "json.number" },
        { "1e+", "json.number" },
        { "0x10", "json.end" },
        { "NaN", "json.value" },
        { "Infinity", "json.value" },
        { "1e400", "json.number_range" },
        { "9007199254740993", "json.number_range" },
        { "-9007199254740993", "json.number_range" },
        { "99999999999999999999999", "json.number_range" },
        { "0.1000000000000000000000000000000000000000000000000000000000000",
          "json.number_range" },
        { "\"\\u0000\"", "json.nul" },
        { "\"\\ud800\"", "json.surrogate" },
        { "\"\\ud800\\u0041\"", "json.surrogate" },
        { "\"\\udc00\"", "json.surrogate" },
        { "\"\\ud83d\\", "json.surrogate" },
        { "\"\\x41\"", "json.escape" },
        { "\"\\u12g4\"", "json.escape" },
        { "\"\\u12", "json.escape" },
        { "\"\\", "json.escape" },
        { "\"abc", "json.open_string" },
        { "\"\xff\"", "json.utf8" },
        { "\"\xc0\x80\"", "json.utf8" },
        { "\"\xed\xa0\x80\"", "json.utf8" },
        { "\"\xf4\x90\x80\x80\"", "json.utf8" },
        { "\"\xe4\xb8\"", "json.utf8" },
        { "\xef\xbb\xbf{}", "json.value" },
        { "[1,]", "json.value" },
        { "[,1]", "json.value" },
        { "[1", "json.comma_list" },
        { "[1 2]", "json.comma_list" },
        { "{\"a\":1,}", "json.key" },
        { "{a:1}", "json.key" },
        { "{'a':1}", "json.key" },
        { "{\"a\" 1}", "json.colon" },
        { "{\"a\"", "json.colon" },
        { "{\"a\":", "json.value" },
        { "{\"a\":1", "json.comma_map" },
        { "[1}", "json.comma_list" },
        { "/* c */ 1", "json.value" },
        { "[1] // c", "json.end" },
    };
    struct ctx *ctx = *state;
    struct value *value;
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        ctx_clear(ctx);
        assert_int_equal(
            json_parse(&value, ctx, cases[i].text, strlen(cases[i].text)),
            E_INVALID);
        assert_null(value);
        if (strcmp(ctx->problems->key, cases[i].key) != 0)
            print_message("%s\n", cases[i].text);
        assert_string_equal(ctx->problems->key, cases[i].key);
    }
}

static void an_error_says_line_and_column_in_characters(void **state)
{
    struct ctx *ctx = *state;
    const char *text = "{\n  \"名\": 1,\n  \"名字\": x\n}";
    struct value *value;

    assert_int_equal(json_parse(&value, ctx, text, strlen(text)), E_INVALID);
    assert_string_equal(ctx_error(ctx),
                        "line 3, column 9: a value was expected");
    ctx_clear(ctx);
    text = "{\"a\": 1,\n \"b\": {\"a\": 2},\n \"a\": 3}";
    assert_int_equal(json_parse(&value, ctx, text, strlen(text)), E_INVALID);
    assert_string_equal(ctx_error(ctx),
                        "line 3, column 2: this key stands here twice");
}

/* `count` times `part` between `before` and `after`. */
static const char *repeat(struct ctx *ctx, const char *before, const char *part,
                          int count, const char *after)
{
    struct buf buf;

    buf_init(&buf, ctx->arena, 4 << 20);
    buf_add_text(&buf, before);
    while (count-- > 0)
        buf_add_text(&buf, part);
    buf_add_text(&buf, after);
    assert_false(buf.failed);
    return buf_text(&buf);
}

static void refuse(struct ctx *ctx, const char *text, const char *key)
{
    struct value *value;

    ctx_clear(ctx);
    assert_int_equal(json_parse(&value, ctx, text, strlen(text)), E_INVALID);
    assert_string_equal(ctx->problems->key, key);
}

static void S29_depth_and_number_of_values_are_bounded(void **state)
{
    struct ctx *ctx = *state;
    const char *closing = repeat(ctx, "", "]", 64, "");
    const char *many = repeat(ctx, "[0", ",0", 99998, "]");

    parse(ctx, repeat(ctx, "", "[", 64, closing));
    refuse(ctx, repeat(ctx, "", "[", 65, ""), "json.depth");
    refuse(ctx, repeat(ctx, "", "{\"a\":", 500000, ""), "json.depth");
    assert_int_equal(value_count(parse(ctx, many)), 99999);
    refuse(ctx, repeat(ctx, "[0", ",0", 99999, "]"), "json.nodes");
}

static void looking_up_many_keys_is_fast(void **state)
{
    enum { KEYS = 40000 };
    struct ctx *ctx = *state;
    struct value *map;
    struct buf buf;
    char key[16];
    int i;

    buf_init(&buf, ctx->arena, 4 << 20);
    for (i = 0; i < KEYS; i++)
        buf_addf(&buf, "%c\"k%d\":%d", i ? ',' : '{', i, i);
    buf_add_char(&buf, '}');
    map = parse(ctx, buf_text(&buf));
    for (i = 0; i < KEYS; i++) {
        snprintf(key, sizeof key, "k%d", i);
        assert_int_equal(value_get_int(map, key, -1), i);
    }
}

static void decimals_and_large_integers_are_written_as_texts(void **state)
{
    struct ctx *ctx = *state;
    struct arena *arena = ctx->arena;
    struct value *list = value_list(arena);

    value_append(list, value_decimal(arena, (struct decimal){ -150, 2 }));
    value_append(list, value_int(arena, 9007199254740993));
    value_append(list, value_double(arena, 1.0 / 0.0));
    value_append(list, value_html(arena, "<b>"));
    value_append(list, value_textn(arena, "a\0b", 3));
    assert_string_equal(json_text(arena, list),
                        "[\"-1.50\",\"9007199254740993\",null,"
                        "\"\\u003cb\\u003e\",\"a\\u0000b\"]");
}

static void pretty_text_is_indented(void **state)
{
    struct ctx *ctx = *state;
    struct buf buf;

    buf_init(&buf, ctx->arena, 1000);
    json_write_pretty(&buf, parse(ctx, "{\"a\":[1,{}],\"b\":[]}"));
    assert_string_equal(buf_text(&buf), "{\n  \"a\": [\n    1,\n    {}\n"
                                        "  ],\n  \"b\": []\n}\n");
}

static void a_tree_too_deep_to_read_back_fails_to_be_written(void **state)
{
    struct ctx *ctx = *state;
    struct value *list = value_list(ctx->arena);
    struct buf buf;
    int i;

    for (i = 0; i < 100000; i++) {
        struct value *outer = value_list(ctx->arena);

        value_append(outer, list);
        list = outer;
    }
    buf_init(&buf, ctx->arena, 1 << 20);
    json_write(&buf, list);
    assert_true(buf.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(well_formed_texts_come_back),
        CTX_TEST(S29_what_RFC_8259_forbids_is_refused),
        CTX_TEST(an_error_says_line_and_column_in_characters),
        CTX_TEST(S29_depth_and_number_of_values_are_bounded),
        CTX_TEST(looking_up_many_keys_is_fast),
        CTX_TEST(decimals_and_large_integers_are_written_as_texts),
        CTX_TEST(pretty_text_is_indented),
        CTX_TEST(a_tree_too_deep_to_read_back_fails_to_be_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
