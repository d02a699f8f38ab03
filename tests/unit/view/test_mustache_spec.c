/*
 * test_mustache_spec.c - the published Mustache specification against our
 * engine: the core modules, inheritance and dynamic names, one test a case.
 */
#include "base/banned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/value.h"
#include "view/template.h"

/* Last: it makes macros of common words. */
#include <cmocka.h>

enum { FILE_MAX = 256 * 1024, ARENA_MAX = 64 * 1024 * 1024 };

static struct value *read_json(struct ctx *ctx, const char *path)
{
    char *text = arena_alloc(ctx->arena, FILE_MAX);
    FILE *file = fopen(path, "re");
    struct value *value = NULL;
    size_t length;

    assert_non_null(file);
    length = fread(text, 1, FILE_MAX, file);
    fclose(file);
    if (json_parse(&value, ctx, text, length))
        fail_msg("%s: %s", path, ctx_error(ctx));
    return value;
}

/* The specification's strings count as HTML: {{{x}}} takes them. */
static struct value *as_html(struct arena *arena, const struct value *value)
{
    struct value *copy;

    switch (value_kind(value)) {
    case VALUE_STRING:
        return value_html(arena, value_as_text(value));
    case VALUE_LIST:
        copy = value_list(arena);
        for (size_t i = 0; i < value_count(value); i++)
            value_append(copy, as_html(arena, value_at(value, i)));
        return copy;
    case VALUE_MAP:
        copy = value_map(arena);
        for (size_t i = 0; i < value_count(value); i++)
            value_set(copy, value_key_at(value, i),
                      as_html(arena, value_item_at(value, i)));
        return copy;
    default:
        return value_copy(arena, value);
    }
}

struct partials {
    struct ctx *ctx;
    const struct value *sources;
};

static const struct template *find_partial(void *payload, const char *name,
                                           const struct template *from)
{
    const struct partials *partials = payload;
    const char *source = value_get_text(partials->sources, name);
    struct template *template;

    (void)from;
    if (!source ||
        template_compile(&template, partials->ctx, partials->ctx->arena, name,
                         source, strlen(source)))
        return NULL;
    return template;
}

static bool run_case(const char *file, const struct value *test)
{
    struct arena *arena = arena_new(ARENA_MAX);
    struct ctx ctx;
    struct partials partials = { &ctx, value_get(test, "partials") };
    struct template_host host = { .partial = find_partial,
                                  .payload = &partials };
    const char *source = value_get_text(test, "template");
    const char *expected = value_get_text(test, "expected");
    struct template *template;
    struct buf out;
    int rc;

    ctx_init(&ctx, arena);
    buf_init(&out, arena, FILE_MAX);
    rc = template_compile(&template, &ctx, arena, "case", source,
                          strlen(source));
    if (!rc)
        rc = template_render(&out, &ctx, template,
                             as_html(arena, value_get(test, "data")), &host,
                             NULL);
    rc = rc || strcmp(buf_text(&out), expected) != 0;
    if (rc)
        print_error("%s: %s: %s\n  template: %s\n  expected: %s\n"
                    "  got:      %s\n  %s\n",
                    file, value_get_text(test, "name"),
                    value_get_text(test, "desc"), source, expected,
                    buf_text(&out), ctx.problems ? ctx_error(&ctx) : "");
    arena_free(arena);
    return rc == 0;
}

static void run_file(const char *name)
{
    const char *folder = getenv("MUSTACHE_SPEC");
    struct arena *arena = arena_new(ARENA_MAX);
    struct ctx ctx;
    const struct value *tests;
    size_t bad = 0, count;

    ctx_init(&ctx, arena);
    tests = value_get(
        read_json(&ctx,
                  arena_printf(arena, "%s/%s.json",
                               folder ? folder : "tests/conformance/mustache",
                               name)),
        "tests");
    count = value_count(tests);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++)
        bad += !run_case(name, value_at(tests, i));
    arena_free(arena);
    if (bad)
        fail_msg("%s: %zu of %zu cases differ", name, bad, count);
}

static const char *optional(const char *name)
{
    return getenv("MUSTACHE_SPEC")
               ? (*name == 'i' ? "~inheritance" : "~dynamic-names")
               : name;
}

static void comments(void **state)
{
    (void)state;
    run_file("comments");
}

static void delimiters(void **state)
{
    (void)state;
    run_file("delimiters");
}

static void interpolation(void **state)
{
    (void)state;
    run_file("interpolation");
}

static void inverted(void **state)
{
    (void)state;
    run_file("inverted");
}

static void partials_and_their_indentation(void **state)
{
    (void)state;
    run_file("partials");
}

static void sections(void **state)
{
    (void)state;
    run_file("sections");
}

static void inheritance(void **state)
{
    (void)state;
    run_file(optional("inheritance"));
}

static void dynamic_names(void **state)
{
    (void)state;
    run_file(optional("dynamic-names"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comments),
        cmocka_unit_test(delimiters),
        cmocka_unit_test(interpolation),
        cmocka_unit_test(inverted),
        cmocka_unit_test(partials_and_their_indentation),
        cmocka_unit_test(sections),
        cmocka_unit_test(inheritance),
        cmocka_unit_test(dynamic_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
