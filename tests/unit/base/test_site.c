/*
 * test_site.c - a site's settings, refused with file and line; whole files.
 */
#include "base/banned.h"

#include "base/base_test.h"

#include <sys/stat.h>

#include "base/file.h"
#include "base/site.h"

static char folder[64];

static const char *path_of(struct ctx *ctx, const char *name)
{
    return arena_printf(ctx->arena, "%s/%s", folder, name);
}

static int with_folder(void **state)
{
    with_ctx(state);
    snprintf(folder, sizeof folder, "/tmp/tenon-site.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int without_folder(void **state)
{
    struct ctx *ctx = *state;

    unlink(path_of(ctx, "tenon.cfg"));
    rmdir(folder);
    return without_ctx(state);
}

#define FOLDER_TEST(function)                                                  \
    cmocka_unit_test_setup_teardown(function, with_folder, without_folder)

static int read_settings(struct site **site, struct ctx *ctx, const char *text)
{
    ctx_clear(ctx);
    assert_int_equal(
        file_write(ctx, path_of(ctx, "tenon.cfg"), text, strlen(text), 0600),
        0);
    return site_read(site, ctx, folder);
}

static void an_empty_file_gives_the_defaults(void **state)
{
    struct ctx *ctx = *state;
    struct site *site;

    assert_int_equal(read_settings(&site, ctx, ""), 0);
    assert_string_equal(site->folder, folder);
    assert_string_equal(site->settings.listen, "127.0.0.1:8080");
    assert_true(site->settings.body_max == 32 << 20);
    assert_int_equal(site->settings.host_count, 0);
    assert_false(site->settings.demo);
    assert_string_equal(site_path(ctx, site, "files"), path_of(ctx, "files"));
    assert_non_null(site->share);
}

static void settings_are_read(void **state)
{
    struct ctx *ctx = *state;
    struct site *site;

    assert_int_equal(
        read_settings(&site, ctx,
                      "# ours\nlisten = \"[::]:80\";\n"
                      "hosts = [\"oa.example.com\", \"oa:8080\"];\n"
                      "proxies = (\"10.0.0.1\", \"fe80::1\");\n"
                      "spool_max = 5000000000L; /* five @ GB */\n"
                      "page_workers = 0x4;\n"
                      "demo = true; // 99999999999999\n"
                      "smtp_url = \"smtp://mail:25\";\n"
                      "smtp_from = \"tenon@example.com\";\n"
                      "public_url = \"https://oa.example.com\";\n"
                      "zone = \"Asia/Taipei\"; locale = \"zh-TW\";\n"),
        0);
    assert_string_equal(site->settings.listen, "[::]:80");
    assert_int_equal(site->settings.host_count, 2);
    assert_string_equal(site->settings.hosts[1], "oa:8080");
    assert_int_equal(site->settings.proxy_count, 2);
    assert_string_equal(site->settings.proxies[1], "fe80::1");
    assert_true(site->settings.spool_max == 5000000000);
    assert_int_equal(site->settings.page_workers, 4);
    assert_true(site->settings.demo);
    assert_string_equal(site->settings.locale, "zh-TW");
}

static void S43_what_is_wrong_is_refused_with_file_and_line(void **state)
{
    static const struct {
        const char *text, *key, *line;
    } cases[] = {
        { "\nlistn = \"x\";", "config.unknown", "cfg:2: " },
        { "listen = 80;", "config.text", "cfg:1: " },
        { "listen = \"80\";", "site.listen", "cfg:1: " },
        { "listen = \"::1:80\";", "site.listen", "cfg:1: " },
        { "listen = \"127.0.0.1:65536\";", "site.listen", "cfg:1: " },
        { "listen = \"example.com:80\";", "site.listen", "cfg:1: " },
        { "\n\npage_workers = -1;", "config.range", "cfg:3: " },
        { "page_workers = 99999999999;", "config.number", "cfg:1: " },
        { "page_workers = 2147483648;", "config.number", "cfg:1: " },
        { "page_workers = 4294967297L;", "config.range", "cfg:1: " },
        { "spool_max = 99999999999999999999L;", "config.number", "cfg:1: " },
        { "spool_max = 0xFFFFFFFFFFFFFFFFFL;", "config.number", "cfg:1: " },
        { "page_workers = 1.5;", "config.whole_number", "cfg:1: " },
        { "page_workers = \"3\";", "config.whole_number", "cfg:1: " },
        { "demo = 1;", "config.bool", "cfg:1: " },
        { "hosts = \"a\";", "config.texts", "cfg:1: " },
        { "hosts = (1);", "config.texts", "cfg:1: " },
        { "hosts = [\"a b\"];", "site.hosts", "cfg:1: " },
        { "proxies = [\"proxy.local\"];", "site.proxies", "cfg:1: " },
        { "\n@include \"/etc/passwd\"", "config.include", "cfg:2: " },
        { "theme = \"../x\";", "site.theme", "cfg:1: " },
        { "zone = \"Mars/Phobos\";", "site.zone", "cfg:1: " },
        { "locale = \"fr\";", "site.locale", "cfg:1: " },
        { "durability = \"none\";", "site.durability", "cfg:1: " },
        { "soft_ms = 5000;\nhard_ms = 5000;", "site.hard_ms", "cfg:2: " },
        { "smtp_url = \"file:///etc\";", "site.smtp_url", "cfg:1: " },
        { "smtp_from = \"a@b\\r\\nBcc: c\";", "site.smtp_from", "cfg:1: " },
        { "public_url = \"javascript:x\";", "site.public_url", "cfg:1: " },
        { "demo = true;\ndemo = true;", "config.syntax", "cfg:2: " },
        { "demo = ", "config.syntax", "cfg:1: " },
        { "\ntheme = \"a\\\"\n", "config.open_string", "cfg:2: " },
        { "theme = \"\xff\";", "config.utf8", "cfg: " },
        { "listen = { a = 1; };", "config.text", "cfg:1: " },
    };
    struct ctx *ctx = *state;
    struct site *site;
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(read_settings(&site, ctx, cases[i].text), E_INVALID);
        assert_null(site);
        if (strcmp(ctx->problems->key, cases[i].key) ||
            !strstr(ctx_error(ctx), cases[i].line))
            print_message("%s: %s\n", cases[i].text, ctx_error(ctx));
        assert_string_equal(ctx->problems->key, cases[i].key);
        assert_non_null(strstr(ctx_error(ctx), cases[i].line));
    }
}

static void all_errors_are_told_at_once(void **state)
{
    struct ctx *ctx = *state;
    struct site *site;

    assert_int_equal(read_settings(&site, ctx, "a = 1;\nb = 2;\ndemo = 3;"),
                     E_INVALID);
    assert_int_equal(ctx->problem_count, 3);
}

static void a_folder_that_is_no_site_is_refused(void **state)
{
    struct ctx *ctx = *state;
    struct site *site;

    assert_int_equal(site_read(&site, ctx, "/nonexistent"), E_NOT_FOUND);
    ctx_clear(ctx);
    assert_int_equal(site_read(&site, ctx, folder), E_NOT_FOUND);
    assert_non_null(strstr(ctx_error(ctx), "tenon.cfg"));
}

static void a_file_is_replaced_as_a_whole(void **state)
{
    struct ctx *ctx = *state;
    const char *path = path_of(ctx, "tenon.cfg"), *text;
    struct stat about;
    size_t length;

    assert_int_equal(file_write(ctx, path, "a\0b", 3, 0600), 0);
    assert_int_equal(file_write(ctx, path, "cd", 2, 0640), 0);
    assert_int_equal(file_read(&text, &length, ctx, path, 2), 0);
    assert_int_equal(length, 2);
    assert_string_equal(text, "cd");
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0640);
    assert_int_equal(file_read(&text, &length, ctx, path, 1), E_LIMIT);
    assert_int_equal(file_read(&text, &length, ctx, folder, 9), E_IO);
    assert_int_equal(file_read(&text, NULL, ctx, "/nonexistent", 9),
                     E_NOT_FOUND);
    assert_int_equal(file_write(ctx, "/nonexistent/x", "", 0, 0600),
                     E_NOT_FOUND);
    assert_true(file_exists(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(an_empty_file_gives_the_defaults),
        FOLDER_TEST(settings_are_read),
        FOLDER_TEST(S43_what_is_wrong_is_refused_with_file_and_line),
        FOLDER_TEST(all_errors_are_told_at_once),
        FOLDER_TEST(a_folder_that_is_no_site_is_refused),
        FOLDER_TEST(a_file_is_replaced_as_a_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
