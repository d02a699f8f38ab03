/*
 * test_template.c - what our templates do beyond the specification: addresses,
 * typed HTML, helpers, own keys, limits, readable errors.
 */
#include "base/banned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/map.h"
#include "base/value.h"
#include "view/template.h"

/* Last: it makes macros of common words. */
#include <cmocka.h>

struct fixture {
    bool flush_left;
    struct arena *arena;
    struct ctx ctx;
    struct value *partials;
    struct map *compiled;
    struct template_report report;
    int rc;
};

static int set_up(void **state)
{
    struct arena *arena = arena_new(256 << 20);
    struct fixture *f = arena_alloc(arena, sizeof(*f));

    f->arena = arena;
    ctx_init(&f->ctx, arena);
    f->partials = value_map(arena);
    f->compiled = map_new(arena);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    arena_free(f->arena);
    return 0;
}

static const struct template *get_partial(void *payload, const char *name,
                                          const struct template *from)
{
    struct fixture *f = payload;
    const char *source = value_get_text(f->partials, name);
    struct template *template = map_get(f->compiled, name);

    (void)from;
    if (template)
        return template;
    if (!source || template_compile(&template, &f->ctx, f->arena, name, source,
                                    strlen(source)))
        return NULL;
    map_set(f->compiled, name, template);
    return template;
}

static void put_helper(void *payload, struct buf *out, const char *prefix,
                       const char *rest)
{
    (void)payload;
    buf_addf(out, "<%s:%s>", prefix, rest);
}

static const char *render_value(struct fixture *f, const char *source,
                                const struct value *data, size_t max)
{
    struct template_host host = { .partial = get_partial,
                                  .helper = put_helper,
                                  .payload = f,
                                  .flush_left = f->flush_left };
    struct template *template;
    struct buf out;

    buf_init(&out, f->arena, max);
    f->rc = template_compile(&template, &f->ctx, f->arena, "page", source,
                             strlen(source));
    if (!f->rc)
        f->rc =
            template_render(&out, &f->ctx, template, data, &host, &f->report);
    return buf_text(&out);
}

static const char *render(struct fixture *f, const char *source,
                          const char *json)
{
    struct value *data;

    assert_int_equal(json_parse(&data, &f->ctx, json, strlen(json)), 0);
    return render_value(f, source, data, 1 << 20);
}

static void assert_rendered(struct fixture *f, const char *source,
                            const char *json, const char *expected)
{
    assert_string_equal(render(f, source, json), expected);
    assert_int_equal(f->rc, 0);
}

static void lines_are_indented_unless_the_host_says_flush_left(void **state)
{
    static const char page[] = "<ul>\n    {{>rows}}\n</ul>\n";
    struct fixture *f = *state;

    value_set_text(f->partials, "rows", "<li>\n  {{x}}\n</li>\n");
    assert_rendered(f, page, "{\"x\": \"a\\nb\"}",
                    "<ul>\n    <li>\n      a\nb\n    </li>\n</ul>\n");
    f->flush_left = true;
    assert_rendered(f, page, "{\"x\": \"a\\nb\"}",
                    "<ul>\n<li>\n  a\nb\n</li>\n</ul>\n");
}

static void S22_text_is_escaped_for_text_and_attributes(void **state)
{
    assert_rendered(*state, "<p title=\"{{x}}\">{{x}}</p>",
                    "{\"x\": \"<b a='1'>&\\\"\"}",
                    "<p title=\"&lt;b a=&#39;1&#39;&gt;&amp;&quot;\">"
                    "&lt;b a=&#39;1&#39;&gt;&amp;&quot;</p>");
}

static void S22_three_braces_take_typed_html_only(void **state)
{
    struct fixture *f = *state;
    struct value *data = value_map(f->arena);

    value_set(data, "good", value_html(f->arena, "<b>1</b>"));
    value_set_text(data, "bad", "<b>2</b>");
    assert_string_equal(render_value(f, "{{{good}}}{{{bad}}}", data, 1000),
                        "<b>1</b>&lt;b&gt;2&lt;/b&gt;");
    assert_int_equal(f->report.misuses, 1);
    assert_string_equal(f->report.first_misuse, "bad");
}

static void S22_an_address_is_checked_where_one_is_expected(void **state)
{
    static const char *const places[] = {
        "<a href=\"{{x}}\">",
        "<a href='{{x}}'>",
        "<img src=\"{{x}}\">",
        "<form action=\"{{x}}\">",
        "<button formaction=\"{{x}}\">",
        "<a href = \"{{x}}\">",
        "<a HREF=\"{{x}}\">",
        "<div hx-get=\"{{x}}\">",
        "<div hx-post=\"{{x}}\">",
        "<use xlink:href=\"{{x}}\">",
        "<a href=\"{{#x}}{{.}}{{/x}}\">",
        "<a href=\"{{y}}{{x}}\">",
        "<a href=\"{{{x}}}\">",
        "<a href={{x}}>",
        "<i data-live-url=\"{{x}}\">",
    };
    struct fixture *f = *state;
    const char *out;

    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        out = render(f, places[i], "{\"x\": \"JavaScript:alert(1)\"}");
        assert_int_equal(f->rc, 0);
        if (strstr(out, "alert") || !strstr(out, "#"))
            fail_msg("%s gave %s", places[i], out);
    }
    assert_rendered(f, "<a href=\"{{x}}\">", "{\"x\": \"/a?b=1&c=2\"}",
                    "<a href=\"/a?b=1&amp;c=2\">");
    assert_rendered(f, "<a href=\"/x/{{x}}\">", "{\"x\": \"data:1\"}",
                    "<a href=\"/x/data:1\">");
    assert_rendered(f, "<p title=\"{{x}}\">", "{\"x\": \"javascript:\"}",
                    "<p title=\"javascript:\">");
}

static void a_value_that_looks_like_a_tag_is_text(void **state)
{
    assert_rendered(*state, "{{x}}{{#l}}{{.}}{{/l}}",
                    "{\"x\": \"{{y}}\", \"y\": \"no\", \"l\": [\"{{>p}}\"]}",
                    "{{y}}{{&gt;p}}");
}

static void a_dotted_start_asks_the_current_value_only(void **state)
{
    assert_rendered(*state,
                    "{{#rows}}[{{error}}|{{.error}}{{#.error}}!{{/.error}}]"
                    "{{/rows}}",
                    "{\"error\": \"E\", \"rows\": [{\"a\": 1},"
                    " {\"error\": \"R\"}]}",
                    "[E|][R|R!]");
}

static void a_question_asks_without_entering(void **state)
{
    assert_rendered(*state,
                    "{{#l?}}<ul>{{#l}}<li>{{.}}</li>{{/l}}</ul>{{/l?}}"
                    "{{^n?}}none{{/n?}}",
                    "{\"l\": [1, 2], \"n\": []}",
                    "<ul><li>1</li><li>2</li></ul>none");
}

static void empty_things_and_zero_are_falsy(void **state)
{
    assert_rendered(*state,
                    "{{#a}}a{{/a}}{{#b}}b{{/b}}{{#c}}c{{/c}}{{#d}}d{{/d}}"
                    "{{#e}}e{{/e}}{{#f}}f{{/f}}{{c}}",
                    "{\"a\": null, \"b\": \"\", \"c\": 0, \"d\": [],"
                    " \"e\": false, \"f\": \"0\"}",
                    "f0");
}

static void helpers_take_keys_from_the_data(void **state)
{
    assert_rendered(*state,
                    "{{t.a.b}}{{icon.@i}}{{t.state.@s}}{{#m}}{{icon.@i}}{{/m}}",
                    "{\"i\": \"plus\", \"s\": \"open\","
                    " \"m\": {\"i\": \"minus\"}, \"t\": {\"a\": 1}}",
                    "<t:a.b><icon:plus><t:state.open><icon:minus>");
}

static void an_error_names_file_and_line(void **state)
{
    static const struct {
        const char *source, *message;
    } cases[] = {
        { "a\nb{{#x}}\n", "page:2: \"x\" is not closed" },
        { "{{#x}}\n\n{{/y}}",
          "page:3: the closing tag is not that of \"x\" (line 1)" },
        { "{{/x}}", "page:1: a closing tag without its opening" },
        { "\n{{x", "page:2: a tag is not closed" },
        { "{{}}", "page:1: a tag without a name" },
        { "{{a b}}", "page:1: a name holds no space" },
        { "{{=<%=}}", "page:1: expected two delimiters between the equal "
                      "signs" },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        ctx_clear(&f->ctx);
        (void)render(f, cases[i].source, "{}");
        assert_int_equal(f->rc, E_INVALID);
        assert_string_equal(ctx_error(&f->ctx), cases[i].message);
    }
}

static void S44_a_template_that_includes_itself_ends(void **state)
{
    struct fixture *f = *state;

    value_set_text(f->partials, "p", "x{{>p}}");
    (void)render(f, "{{>p}}", "{}");
    assert_int_equal(f->rc, E_LIMIT);
    value_set_text(f->partials, "q", "{{$b}}{{/b}}");
    (void)render(f, "{{<q}}{{$b}}{{$b}}{{/b}}{{/b}}{{/q}}", "{}");
    assert_int_equal(f->rc, E_LIMIT);
}

static void S44_a_template_that_doubles_itself_ends(void **state)
{
    struct fixture *f = *state;
    char name[3] = "a", source[64];

    for (char c = 'a'; c < 'z'; c++) {
        char next[2] = { (char)(c + 1), 0 };

        name[0] = c;
        snprintf(source, sizeof(source), "{{>%s}}{{>%s}}{{>%s}}", next, next,
                 next);
        value_set_text(f->partials, name, source);
    }
    value_set_text(f->partials, "z", "");
    (void)render(f, "{{>a}}", "{}");
    assert_int_equal(f->rc, E_LIMIT);
}

static void S44_too_much_output_ends(void **state)
{
    struct fixture *f = *state;
    struct value *data = value_map(f->arena), *list = value_list(f->arena);

    for (int i = 0; i < 1000; i++)
        value_append(list, value_text(f->arena, "0123456789"));
    value_set(data, "l", list);
    (void)render_value(f, "{{#l}}{{.}}{{/l}}", data, 5000);
    assert_int_equal(f->rc, E_LIMIT);
    (void)render_value(f, "{{#l}}{{#l}}{{#l}}{{/l}}{{/l}}{{/l}}", data, 5000);
    assert_int_equal(f->rc, E_LIMIT);
}

static void S44_nesting_has_a_limit(void **state)
{
    struct fixture *f = *state;
    struct buf source;

    buf_init(&source, f->arena, 100000);
    for (int i = 0; i < 1000; i++)
        buf_add_text(&source, "{{#x}}");
    (void)render(f, buf_text(&source), "{}");
    assert_int_equal(f->rc, E_INVALID);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(S22_text_is_escaped_for_text_and_attributes),
        T(S22_three_braces_take_typed_html_only),
        T(S22_an_address_is_checked_where_one_is_expected),
        T(a_value_that_looks_like_a_tag_is_text),
        T(a_dotted_start_asks_the_current_value_only),
        T(a_question_asks_without_entering),
        T(empty_things_and_zero_are_falsy),
        T(helpers_take_keys_from_the_data),
        T(lines_are_indented_unless_the_host_says_flush_left),
        T(an_error_names_file_and_line),
        T(S44_a_template_that_includes_itself_ends),
        T(S44_a_template_that_doubles_itself_ends),
        T(S44_too_much_output_ends),
        T(S44_nesting_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
