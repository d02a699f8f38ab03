/*
 * test_i18n.c - catalogs, placeholders, plurals, choice of language.
 */
#include "base/banned.h"

#include "base/base_test.h"

#include <sys/stat.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/json.h"

static char folder[64];

static void put(struct ctx *ctx, const char *name, const char *text)
{
    assert_int_equal(file_write(ctx,
                                arena_printf(ctx->arena, "%s/%s", folder, name),
                                text, strlen(text), 0600),
                     0);
}

static int with_folder(void **state)
{
    with_ctx(state);
    snprintf(folder, sizeof folder, "/tmp/tenon-i18n.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int without_folder(void **state)
{
    static const char *const names[] = { "en.json", "zh-CN.json",
                                         "zh-TW.json" };
    struct ctx *ctx = *state;
    size_t i;

    for (i = 0; i < 3; i++)
        unlink(arena_printf(ctx->arena, "%s/%s", folder, names[i]));
    rmdir(folder);
    catalog_unload(NULL);
    catalog_unload("module");
    return without_ctx(state);
}

#define FOLDER_TEST(function)                                                  \
    cmocka_unit_test_setup_teardown(function, with_folder, without_folder)

static struct value *args(struct ctx *ctx, const char *text)
{
    struct value *value;

    assert_int_equal(json_parse(&value, ctx, text, strlen(text)), 0);
    return value;
}

static void a_text_is_taken_from_locale_then_english_then_the_key(void **state)
{
    struct ctx *ctx = *state;

    put(ctx, "en.json", "{\"a\":{\"b\":{\"c\":\"deep\"}},\"x.y\":\"flat\"}");
    put(ctx, "zh-CN.json", "{\"a\":{\"b\":{\"c\":\"深\"}}}");
    assert_int_equal(catalog_load_flat(ctx, folder, NULL), 0);
    assert_string_equal(tr(ctx, "a.b.c"), "deep");
    ctx->locale = "zh-CN";
    assert_string_equal(tr(ctx, "a.b.c"), "深");
    assert_string_equal(tr(ctx, "x.y"), "flat");
    assert_string_equal(tr(ctx, "a.b"), "a.b");
    assert_null(tr_find("zh-CN", "a.b"));
    assert_string_equal(tr_find("fr", "a.b.c"), "deep");
    catalog_unload(NULL);
    assert_string_equal(tr(ctx, "a.b.c"), "a.b.c");
}

static void a_module_adds_texts_but_changes_none(void **state)
{
    struct ctx *ctx = *state;

    put(ctx, "en.json", "{\"core\":\"core\"}");
    assert_int_equal(catalog_load_flat(ctx, folder, NULL), 0);
    put(ctx, "en.json", "{\"core\":\"stolen\",\"own\":\"own\"}");
    assert_int_equal(catalog_load_flat(ctx, folder, "module"), 0);
    assert_string_equal(tr(ctx, "core"), "core");
    assert_string_equal(tr(ctx, "own"), "own");
    catalog_unload("module");
    assert_string_equal(tr(ctx, "core"), "core");
    assert_string_equal(tr(ctx, "own"), "own");
    assert_null(tr_find("en", "own"));
}

static void placeholders_are_filled_and_braces_kept(void **state)
{
    struct ctx *ctx = *state;

    put(ctx, "en.json",
        "{\"a\":\"Hello {name}, {count} {{x}} {unknown} {\","
        "\"n\":{\"one\":\"{count} task\",\"other\":\"{count} tasks\"}}");
    assert_int_equal(catalog_load_flat(ctx, folder, NULL), 0);
    assert_string_equal(
        tr_with(ctx, "a", args(ctx, "{\"name\":\"{count}\",\"count\":3}")),
        "Hello {count}, 3 {x}} {unknown} {");
    assert_string_equal(tr_with(ctx, "a", NULL),
                        "Hello {name}, {count} {x}} {unknown} {");
    assert_string_equal(tr_with(ctx, "n", args(ctx, "{\"count\":1}")),
                        "1 task");
    assert_string_equal(tr_with(ctx, "n", args(ctx, "{\"count\":0}")),
                        "0 tasks");
    assert_string_equal(tr_with(ctx, "none", NULL), "none");
}

static void a_problem_speaks_the_readers_language(void **state)
{
    struct ctx *ctx = *state;

    put(ctx, "en.json", "{\"t\":{\"max\":\"{2} has at most {1} characters\"}}");
    put(ctx, "zh-TW.json", "{\"t\":{\"max\":\"「{2}」最多 {1} 個字\"}}");
    assert_int_equal(catalog_load_flat(ctx, folder, NULL), 0);
    fail(ctx, E_INVALID, "t.max", "at most %d characters: %s", 20, "{1}");
    assert_string_equal(problem_message(ctx, ctx->problems),
                        "{1} has at most 20 characters");
    ctx->locale = "zh-TW";
    assert_string_equal(problem_message(ctx, ctx->problems),
                        "「{1}」最多 20 個字");
}

static void a_bad_catalog_is_named_with_its_line(void **state)
{
    struct ctx *ctx = *state;

    put(ctx, "en.json", "{\n\"a\": \"x\",\n\"a\": \"y\"}");
    assert_int_equal(catalog_load_flat(ctx, folder, NULL), E_INVALID);
    assert_non_null(strstr(ctx_error(ctx), "/en.json: line 3, column 1"));
    ctx_clear(ctx);
    put(ctx, "en.json", "{\"a\": 1}");
    assert_int_equal(catalog_load_flat(ctx, folder, NULL), E_INVALID);
    ctx_clear(ctx);
    put(ctx, "en.json", "[]");
    assert_int_equal(catalog_load_flat(ctx, folder, NULL), E_INVALID);
    ctx_clear(ctx);
    assert_int_equal(catalog_load(ctx, "/nonexistent", NULL), E_NOT_FOUND);
}

static void the_browsers_languages_choose(void **state)
{
    static const struct {
        const char *header, *locale;
    } cases[] = {
        { NULL, "en" },
        { "", "en" },
        { "fr,de;q=0.8", "en" },
        { "zh", "zh-CN" },
        { "zh-CN,zh;q=0.9,en;q=0.8", "zh-CN" },
        { "zh-TW", "zh-TW" },
        { "zh-HK,en;q=0.5", "zh-TW" },
        { "zh-Hant-CN", "zh-TW" },
        { "zh-Hans-HK", "zh-CN" },
        { "ZH-hant", "zh-TW" },
        { "zh-SG", "zh-CN" },
        { "en;q=0.3, zh-TW;q=0.4", "zh-TW" },
        { "en-GB, zh", "en" },
        { "zh;q=0, en", "en" },
        { "zh;q=0", "en" },
        { "fr, zh;q=0.1", "zh-CN" },
        { "*", "en" },
        { "zha", "en" },
        { "zh;q=2", "en" },
        { ",,;;q=1,zh-TW", "zh-TW" },
        { "  en ; q=0.1 ,\tzh", "zh-CN" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(locale_negotiate(cases[i].header, NULL),
                            cases[i].locale);
    /* The site's language where the browser has none of ours. */
    assert_string_equal(locale_negotiate("fr, de", "zh-TW"), "zh-TW");
    assert_string_equal(locale_negotiate(NULL, "zh-CN"), "zh-CN");
    assert_string_equal(locale_negotiate("fr, en", "zh-CN"), "en");
    assert_string_equal(locale_negotiate("fr", "tlh"), "en");
    assert_null(locale_known("fr"));
    assert_null(locale_known(NULL));
    assert_string_equal(locale_known("zh-TW"), "zh-TW");
}

static void a_title_is_a_text_a_map_or_a_key(void **state)
{
    struct ctx *ctx = *state;

    put(ctx, "en.json", "{\"k\":\"catalog\"}");
    assert_int_equal(catalog_load_flat(ctx, folder, NULL), 0);
    ctx->locale = "zh-TW";
    assert_string_equal(locale_pick(ctx, args(ctx, "\"plain\"")), "plain");
    assert_string_equal(locale_pick(ctx, args(ctx, "\"@k\"")), "catalog");
    assert_string_equal(
        locale_pick(ctx, args(ctx, "{\"en\":\"e\",\"zh-TW\":\"t\"}")), "t");
    assert_string_equal(
        locale_pick(ctx, args(ctx, "{\"zh-CN\":\"c\",\"en\":\"e\"}")), "e");
    assert_string_equal(locale_pick(ctx, args(ctx, "{\"zh-CN\":\"c\"}")), "c");
    assert_string_equal(locale_pick(ctx, args(ctx, "[1]")), "");
    assert_string_equal(locale_pick(ctx, NULL), "");
}

static void the_strange_english_is_there_where_tests_ask(void **state)
{
    struct ctx *ctx = *state;

    put(ctx, "en.json", "{\"a\":\"Save {name}\"}");
    assert_int_equal(catalog_load_flat(ctx, folder, NULL), 0);
    ctx->locale = locale_known("en-XA");
    assert_non_null(ctx->locale);
    assert_string_equal(tr(ctx, "a"), "[Šàvé {name}~~~~]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(a_text_is_taken_from_locale_then_english_then_the_key),
        FOLDER_TEST(a_module_adds_texts_but_changes_none),
        FOLDER_TEST(placeholders_are_filled_and_braces_kept),
        FOLDER_TEST(a_problem_speaks_the_readers_language),
        FOLDER_TEST(a_bad_catalog_is_named_with_its_line),
        FOLDER_TEST(the_browsers_languages_choose),
        FOLDER_TEST(a_title_is_a_text_a_map_or_a_key),
        FOLDER_TEST(the_strange_english_is_there_where_tests_ask),
    };

    setenv("TENON_TEST_LOCALE", "1", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
