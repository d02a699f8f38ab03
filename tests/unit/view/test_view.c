/*
 * test_view.c - themes: look-up order, inheritance, bad manifests; pages: the
 * head that the host owns; the templates of the default theme themselves.
 */
#include "base/banned.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/site.h"
#include "base/value.h"
#include "view/template.h"
#include "view/theme.h"
#include "view/view.h"

/* Last: it makes macros of common words. */
#include <cmocka.h>

struct fixture {
    struct arena *arena;
    struct ctx ctx;
    struct site site;
    const char *folder;
};

static void make_file(struct fixture *f, const char *name, const char *text)
{
    const char *path = arena_printf(f->arena, "%s/%s", f->folder, name);
    char *copy = arena_strdup(f->arena, path);

    for (char *p = copy + 1; *p; p++)
        if (*p == '/') {
            *p = '\0';
            mkdir(copy, 0700);
            *p = '/';
        }
    assert_int_equal(file_write(&f->ctx, path, text, strlen(text), 0600), 0);
}

static int set_up(void **state)
{
    struct arena *arena = arena_new(64 << 20);
    struct fixture *f = arena_alloc(arena, sizeof(*f));
    char *folder = arena_strdup(arena, "/tmp/tenon-view-XXXXXX");

    f->arena = arena;
    ctx_init(&f->ctx, arena);
    f->folder = mkdtemp(folder);
    f->site.folder = arena_printf(arena, "%s/site", f->folder);
    f->site.share = arena_printf(arena, "%s/share", f->folder);
    f->ctx.site = &f->site;
    make_file(f, "share/themes/default/theme.cfg",
              "name = \"default\"; version = \"1\"; api = 1;\n");
    make_file(f, "share/themes/default/assets/manifest.json",
              "{\"app.css\": \"app.1.css\", \"icons.svg\": \"i.2.svg\"}");
    make_file(f, "share/themes/default/templates/layout.mustache",
              "<main>{{$content}}none{{/content}}</main>");
    make_file(f, "share/pages/list.mustache",
              "{{<layout}}{{$content}}core{{$rows}} rows{{/rows}}"
              "{{/content}}{{/layout}}");
    make_file(f, "share/themes/child/theme.cfg",
              "name = \"child\"; api = 1; parent = \"default\";\n");
    *state = f;
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int kind,
                      struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    view_close();
    nftw(f->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    arena_free(f->arena);
    return 0;
}

static const char *page(struct fixture *f, const char *theme, const char *name,
                        struct value *data)
{
    struct buf out;

    buf_init(&out, f->arena, VIEW_PAGE_MAX);
    assert_int_equal(view_open(&f->ctx, theme), 0);
    if (!data)
        data = value_map(f->arena);
    if (view_fragment(&f->ctx, &out, name, data))
        return ctx_error(&f->ctx);
    return buf_text(&out);
}

static void a_theme_overrides_one_block_of_a_page_below(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(page(f, "default", "list", NULL),
                        "<main>core rows</main>");
    make_file(f, "share/themes/child/templates/list.mustache",
              "{{<../list}}{{$rows}} cards{{/rows}}{{/../list}}");
    assert_string_equal(page(f, "child", "list", NULL),
                        "<main>core cards</main>");
}

static void a_theme_falls_back_to_its_parent(void **state)
{
    struct fixture *f = *state;

    make_file(f, "share/themes/child/templates/layout.mustache",
              "<b>{{<../layout}}{{/../layout}}</b>");
    assert_string_equal(page(f, "child", "layout", NULL),
                        "<b><main>none</main></b>");
    assert_string_equal(theme_asset(view_theme(), "app.css"),
                        "/assets/default/app.1.css");
    assert_null(theme_asset(view_theme(), "nothing.css"));
}

static void a_modules_pages_stand_under_its_name_only(void **state)
{
    struct fixture *f = *state;

    make_file(f, "hello/card.mustache", "hello");
    make_file(f, "hello/list.mustache", "not the core's");
    assert_int_equal(view_open(&f->ctx, "default"), 0);
    theme_add_pages(view_theme(), "hello",
                    arena_printf(f->arena, "%s/hello", f->folder));
    for (int on = 1; on >= 0; on--) {
        struct value *data = value_map(f->arena);
        struct buf out;
        int rc;

        buf_init(&out, f->arena, 1000);
        rc = view_fragment(&f->ctx, &out, "hello/card", data);
        assert_int_equal(rc, on ? 0 : E_NOT_FOUND);
        buf_clear(&out);
        assert_int_equal(view_fragment(&f->ctx, &out, "list", data), 0);
        assert_string_equal(buf_text(&out), "<main>core rows</main>");
        theme_remove_pages(view_theme(), "hello");
    }
}

static void names_do_not_leave_their_folder(void **state)
{
    static const char *const names[] = {
        "../../secret", "/etc/passwd", "a/../../b", "a//b",
        ".hidden",      "a/.b",        "",          "a/"
    };
    struct fixture *f = *state;
    const struct template *template;
    int rc;

    make_file(f, "share/secret.mustache", "secret");
    assert_int_equal(view_open(&f->ctx, "default"), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        rc = theme_template(&template, view_theme(), &f->ctx, names[i], NULL);
        assert_true(rc == E_INVALID || rc == E_NOT_FOUND);
    }
}

static void a_bad_manifest_is_refused_and_the_old_theme_stays(void **state)
{
    static const char *const manifests[] = {
        "name = \"other\"; api = 1;\n",
        "name = \"bad\"; api = 2;\n",
        "name = \"bad\";\n",
        "name = \"bad\"; api = 1; colour = 3;\n",
        "name = \"bad\"; api = 1; parent = \"bad\";\n",
        "name = \"bad\"; api = 1; parent = \"nowhere\";\n",
        "@include \"/etc/passwd\"\n",
        "name = ",
    };
    struct fixture *f = *state;

    assert_int_equal(view_open(&f->ctx, "default"), 0);
    for (size_t i = 0; i < sizeof(manifests) / sizeof(*manifests); i++) {
        make_file(f, "share/themes/bad/theme.cfg", manifests[i]);
        ctx_clear(&f->ctx);
        assert_int_not_equal(view_open(&f->ctx, "bad"), 0);
        assert_non_null(f->ctx.problems);
        assert_string_equal(theme_name(view_theme()), "default");
    }
    assert_int_not_equal(view_open(&f->ctx, "../site"), 0);
}

static void a_missing_partial_is_empty_and_a_broken_one_an_error(void **state)
{
    struct fixture *f = *state;
    struct buf out;

    make_file(f, "share/pages/a.mustache", "[{{>nothing}}]");
    make_file(f, "share/pages/b.mustache", "[{{>broken}}]");
    make_file(f, "share/pages/broken.mustache", "\n{{#x}}");
    assert_string_equal(page(f, "default", "a", NULL), "[]");
    assert_null(f->ctx.problems);
    buf_init(&out, f->arena, 1000);
    assert_int_equal(view_fragment(&f->ctx, &out, "b", value_map(f->arena)),
                     E_INVALID);
    assert_string_equal(ctx_error(&f->ctx), "broken:2: \"x\" is not closed");
}

static const char *whole_page(struct fixture *f, struct value *page_data)
{
    struct value *data = value_map(f->arena);
    struct buf out;

    value_set(data, "page", page_data);
    buf_init(&out, f->arena, VIEW_PAGE_MAX);
    assert_int_equal(view_open(&f->ctx, "default"), 0);
    assert_int_equal(view_page(&f->ctx, &out, "list", data), 0);
    return buf_text(&out);
}

static void the_host_owns_doctype_head_and_tokens(void **state)
{
    struct fixture *f = *state;
    struct value *data = value_map(f->arena);
    const char *html;

    value_set_text(data, "title", "A & <b>");
    value_set_text(data, "nonce", "n1");
    value_set_text(data, "csrf", "c\"1");
    value_set_text(data, "locale", "zh-TW");
    html = whole_page(f, data);
    assert_true(text_starts(html, "<!doctype html>\n<html lang=\"zh-TW\">"));
    assert_non_null(strstr(html, "<title>A &amp; &lt;b&gt; · Tenon</title>"));
    assert_non_null(strstr(html, "name=\"csrf\" content=\"c&quot;1\""));
    assert_non_null(
        strstr(html, "rel=\"stylesheet\" href=\"/assets/default/app.1.css\""));
    assert_true(text_ends(html, "</body>\n</html>\n"));
}

static void E50_the_theme_is_in_the_first_byte(void **state)
{
    struct fixture *f = *state;
    struct value *data = value_map(f->arena);

    assert_null(strstr(whole_page(f, data), "data-bs-theme"));
    assert_non_null(strstr(whole_page(f, data), "content=\"light dark\""));
    value_set_text(data, "theme_mode", "dark");
    assert_non_null(strstr(whole_page(f, data),
                           "<html lang=\"en\" data-bs-theme=\"dark\""));
    value_set_text(data, "theme_mode", "\"><script>");
    assert_null(strstr(whole_page(f, data), "<script>"));
}

static void S23_the_policy_allows_no_inline(void **state)
{
    char csp[VIEW_CSP_MAX], nonce[VIEW_NONCE_MAX], other[VIEW_NONCE_MAX];

    (void)state;
    view_nonce(nonce);
    view_nonce(other);
    assert_string_not_equal(nonce, other);
    assert_true(strlen(nonce) >= 22);
    view_csp(csp, nonce);
    assert_non_null(strstr(csp, nonce));
    assert_null(strstr(csp, "unsafe"));
    assert_non_null(strstr(csp, "frame-ancestors 'none'"));
    assert_non_null(strstr(csp, "object-src 'none'"));
    assert_non_null(strstr(csp, "base-uri 'none'"));
}

static void faces_have_initials(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(view_initials(&f->ctx, "Zhang Wei"), "ZW");
    assert_string_equal(view_initials(&f->ctx, "张伟"), "张伟");
    assert_string_equal(view_initials(&f->ctx, "欧阳小明"), "小明");
    assert_string_equal(view_initials(&f->ctx, "anna"), "A");
    assert_string_equal(view_initials(&f->ctx, ""), "?");
    assert_string_equal(view_initials(&f->ctx, NULL), "?");
    assert_string_equal(view_tone(77), view_tone(77));
}

/* What we ship: each template compiles, names only what exists, and speaks
 * only texts that are in the catalogs. ---------------------------------- */
static struct fixture *walk;
static int walk_count;
static const char *icons;

static bool page_exists(const char *name)
{
    static const char *const folders[] = { "themes/default/templates",
                                           "core/portal/pages",
                                           "core/web/pages" };

    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
        if (file_exists(
                arena_printf(walk->arena, "%s/%s.mustache", folders[i], name)))
            return true;
    return false;
}

static void check_text(const char *path, const char *key)
{
    static const char *const locales[] = { "en", "zh-CN", "zh-TW" };

    for (size_t i = 0; i < 3; i++)
        if (!tr_find(locales[i], key))
            fail_msg("%s: no text %s in %s", path, key, locales[i]);
}

static void check_tag(const char *path, const char *tag)
{
    if (strchr(tag, '*') || strchr(tag, '@') || text_starts(tag, ">../") ||
        text_starts(tag, "<../"))
        return; /* decided by data, or one layer down */
    if (tag[0] == '>' || tag[0] == '<') {
        if (!page_exists(tag + 1))
            fail_msg("%s: there is no template %s", path, tag + 1);
    } else if (text_starts(tag, "t.")) {
        check_text(path, tag + 2);
    } else if (text_starts(tag, "icon.")) {
        if (!strstr(icons, arena_printf(walk->arena, "id=\"%s\"", tag + 5)))
            fail_msg("%s: there is no icon %s", path, tag + 5);
    }
}

static void check_tags(const char *path, const char *text)
{
    for (const char *p = text, *end; (p = strstr(p, "{{")); p = end) {
        p += 2;
        end = strstr(p, "}}");
        assert_non_null(end);
        check_tag(path, arena_strndup(walk->arena, p, (size_t)(end - p)));
    }
}

/* S23: neither inline script nor style, nor an htmx element without nonce. */
static void check_policy(const char *path, const char *text)
{
    if (strstr(text, " style=") || strstr(text, " onclick=") ||
        strstr(text, " onsubmit=") || strstr(text, "hx-nonce:") ||
        strstr(text, "hx-on") || strstr(text, "javascript:"))
        fail_msg("%s has inline code", path);
    for (const char *p = text; (p = strstr(p, " hx-get=")); p++) {
        const char *start = p, *nonce;

        while (start > text && *start != '<')
            start--;
        nonce = strstr(start, "hx-nonce=\"{{page.nonce}}\"");
        if (!nonce || nonce > strchr(p, '>'))
            fail_msg("%s: hx-get without hx-nonce", path);
    }
}

static int check_one(const char *path, const struct stat *info, int kind,
                     struct FTW *ftw)
{
    struct template *template;
    const char *text;
    size_t length;

    (void)info;
    (void)ftw;
    if (kind != FTW_F || !text_ends(path, ".mustache"))
        return 0;
    if (file_read(&text, &length, &walk->ctx, path, TEMPLATE_SOURCE_MAX) ||
        template_compile(&template, &walk->ctx, walk->arena, path, text,
                         length))
        fail_msg("%s", ctx_error(&walk->ctx));
    check_policy(path, text);
    check_tags(path, text);
    walk_count++;
    return 0;
}

static void S23_our_templates_compile_and_name_what_exists(void **state)
{
    static const char *const rooms[] = { "view", "portal", "web",
                                         "flow", "form",   "org" };
    const char *folder;

    walk = *state;
    walk_count = 0;
    for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms); i++) {
        folder = arena_printf(walk->arena, "core/%s/locale", rooms[i]);
        if (access(folder, R_OK) == 0 &&
            catalog_load_flat(&walk->ctx, folder, NULL))
            fail_msg("%s", ctx_error(&walk->ctx));
    }
    assert_int_equal(file_read(&icons, NULL, &walk->ctx,
                               "themes/default/icons/icons.svg", 1 << 20),
                     0);
    assert_int_equal(nftw("themes/default/templates", check_one, 16, FTW_PHYS),
                     0);
    assert_true(walk_count > 100);
    (void)nftw("core/portal/pages", check_one, 16, FTW_PHYS);
}

/* Pages listen to no messages from windows; workers and channels, which only
 * our own origin can open, are asked by their ports. */
static int check_messages(const char *path, const struct stat *info, int kind,
                          struct FTW *ftw)
{
    const char *text, *line;

    (void)info;
    (void)ftw;
    if (kind != FTW_F || !text_ends(path, ".ts"))
        return 0;
    assert_int_equal(file_read(&text, NULL, &walk->ctx, path, 1 << 20), 0);
    for (const char *p = text; (p = strstr(p, "addEventListener(")); p++) {
        const char *quote = strchr(p, '"');

        if (!quote || strncmp(quote, "\"message\"", 9) != 0 || quote - p > 24)
            continue;
        for (line = p; line > text && line[-1] != '\n';)
            line--;
        if (p == text || p[-1] != '.' || strstr(path, "-worker.ts"))
            assert_non_null(strstr(path, "-worker.ts"));
        else if (!memmem(line, (size_t)(p - line), "port.", 5) &&
                 !memmem(line, (size_t)(p - line), "channel.", 8) &&
                 !memmem(line, (size_t)(p - line), "worker.", 7))
            fail_msg("%s listens to messages of windows", path);
    }
    if (strstr(text, "onmessage") || strstr(text, "innerHTML") ||
        strstr(text, "eval("))
        fail_msg("%s: onmessage, innerHTML or eval", path);
    walk_count++;
    return 0;
}

static void S57_browser_code_hears_no_other_window(void **state)
{
    walk = *state;
    walk_count = 0;
    assert_int_equal(nftw("themes/default/web", check_messages, 16, FTW_PHYS),
                     0);
    assert_true(walk_count > 20);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_theme_overrides_one_block_of_a_page_below),
        T(a_theme_falls_back_to_its_parent),
        T(a_modules_pages_stand_under_its_name_only),
        T(names_do_not_leave_their_folder),
        T(a_bad_manifest_is_refused_and_the_old_theme_stays),
        T(a_missing_partial_is_empty_and_a_broken_one_an_error),
        T(the_host_owns_doctype_head_and_tokens),
        T(E50_the_theme_is_in_the_first_byte),
        T(S23_the_policy_allows_no_inline),
        T(faces_have_initials),
        T(S23_our_templates_compile_and_name_what_exists),
        T(S57_browser_code_hears_no_other_window),
    };

    if (crypto_start())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
