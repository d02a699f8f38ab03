/*
 * test_store_setting.c - another store in the text of a tenon.cfg.
 */
#include "base/banned.h"

#include "store/store_site.h"

#include "base/site.h"
#include "base/str.h"
#include "store/store_setting.h"

static const struct store_settings there = {
    .driver = "postgresql", .url = "postgresql://me:a\"b@host/db"
};
static const struct store_settings here = { .driver = "sqlite" };

static const char *changed(struct ctx *ctx, const char *text,
                           const struct store_settings *store)
{
    const char *out = NULL;

    assert_int_equal(store_setting_text(&out, ctx, text, strlen(text), store),
                     0);
    return out;
}

static void a_file_without_one_gets_it_at_its_end(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    assert_string_equal(changed(ctx, "# mine\nzone = \"UTC\";\n", &there),
                        "# mine\nzone = \"UTC\";\n\nstore = {\n"
                        "    driver = \"postgresql\";\n"
                        "    url = \"postgresql://me:a\\\"b@host/db\";\n};\n");
}

static void only_the_group_changes(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    assert_string_equal(
        changed(ctx,
                "# store = { a } is below\nstore = { # all of it }\n"
                "  driver = \"postgresql\"; url = \"x};\"; };\n"
                "/* store */ theme = \"store\";\n",
                &here),
        "# store = { a } is below\nstore = {\n    driver = \"sqlite\";\n};\n"
        "/* store */ theme = \"store\";\n");
}

/* Neither the inside of another group nor a longer name is it. */
static void names_that_only_look_like_it_stay(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    assert_string_equal(changed(ctx,
                                "backup_store = { store = \"a\"; };\n"
                                "store : { driver = \"sqlite\" }\nzone = \"x\"",
                                &here),
                        "backup_store = { store = \"a\"; };\n"
                        "store = {\n    driver = \"sqlite\";\n};\nzone = "
                        "\"x\"");
}

static void a_file_that_cannot_be_read_is_refused(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const char *out;

    assert_int_equal(store_setting_text(&out, ctx, "zone = ", 7, &here),
                     E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_without_one_gets_it_at_its_end),
        cmocka_unit_test(only_the_group_changes),
        cmocka_unit_test(names_that_only_look_like_it_stay),
        cmocka_unit_test(a_file_that_cannot_be_read_is_refused),
    };

    return cmocka_run_group_tests(tests, setup_memory, teardown);
}
