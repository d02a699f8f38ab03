/*
 * test_manifest.c - manifests: what is accepted, and how what is wrong is
 * told.
 */
#include "base/banned.h"

#include "plugin/module_site.h"

#include "plugin/find.h"
#include "plugin/manifest.h"

#define GOOD                                                                   \
    "id = \"shop\"; version = \"1.2.3\"; sdk = \"1.0\";\n"                     \
    "title = { en = \"Shop\"; zh-CN = \"商店\"; };\n"                        \
    "entry = { lua = \"init.lua\"; };\n"

/* Reads a manifest of this text. */
static int read_text(struct manifest **out, struct fixture *f, const char *text)
{
    make_folder(f, "scripts/shop");
    put(f, "scripts/shop/plugin.cfg", text);
    ctx_clear(&f->ctx);
    return manifest_read(out, &f->ctx, in_site(f, "scripts/shop"), "shop");
}

static void refused(struct fixture *f, const char *text, int code,
                    const char *says)
{
    struct manifest *manifest;

    assert_int_equal(read_text(&manifest, f, text), code);
    if (!strstr(ctx_error(&f->ctx), says))
        print_error("said: %s\n", ctx_error(&f->ctx));
    assert_non_null(strstr(ctx_error(&f->ctx), says));
}

static void a_whole_manifest_is_read(void **state)
{
    struct fixture *f = *state;
    struct manifest *m;

    ok(f, read_text(&m, f,
                    GOOD "author = \"Li Na\"; license = \"MIT\";\n"
                         "requires = ( { id = \"hr\"; version = \"1.0.0\"; } );"
                         "capabilities = [ \"routes\", \"hooks:budget\","
                         " \"records:hr.employee:read\" ];\n"
                         "roles = ( { key = \"clerk\"; title = \"Clerk\"; } );"
                         "limits = { seconds = 3; memory_mb = 8; };"));
    assert_string_equal(m->id, "shop");
    assert_string_equal(m->version, "1.2.3");
    assert_string_equal(m->lua, "init.lua");
    assert_null(m->c);
    assert_string_equal(value_get_text(m->title, "zh-CN"), "商店");
    assert_int_equal(m->require_count, 1);
    assert_string_equal(m->requires[0].id, "hr");
    assert_int_equal(m->role_count, 1);
    assert_string_equal(m->roles[0].key, "clerk");
    assert_int_equal(m->seconds, 3);
    assert_int_equal(m->memory_mb, 8);
    assert_true(manifest_may(m, "routes"));
    assert_false(manifest_may(m, "network"));
    assert_true(manifest_may_hook(m, "shop.order"));
    assert_true(manifest_may_hook(m, "budget"));
    assert_false(manifest_may_hook(m, "shopping"));
    assert_false(manifest_may_hook(m, "leave"));
}

static void S43_a_manifest_includes_no_other_file(void **state)
{
    struct fixture *f = *state;

    refused(f, GOOD "\n@include \"/etc/passwd\"\n", E_INVALID,
            "plugin.cfg:5: @include is not allowed");
    refused(f, "@include \"other.cfg\"\n" GOOD, E_INVALID, "plugin.cfg:1:");
}

static void errors_name_file_and_line(void **state)
{
    struct fixture *f = *state;

    refused(f, GOOD "colour = \"red\";", E_INVALID, "plugin.cfg:4:");
    refused(f, GOOD "capabilities = [ \"fly\" ];", E_INVALID,
            "plugin.cfg:4: there is no capability \"fly\"");
    refused(f, GOOD "limits = { seconds = 99; };", E_INVALID,
            "plugin.cfg:4: \"seconds\" must be between 1 and 10");
    refused(f, GOOD "\nrequires = ( { id = \"hr\"; version = \"1\"; } );",
            E_INVALID, "plugin.cfg:5:");
    refused(f, GOOD "roles = ( { key = \"A b\"; title = \"x\"; } );", E_INVALID,
            "plugin.cfg:4: expected { key = ");
    refused(f, GOOD "requires = 5;", E_INVALID,
            "plugin.cfg:4: \"requires\" must be a list");
    refused(f, "id = \"shop\" version = 3 = ;", E_INVALID, "plugin.cfg:1:");
}

static void what_is_missing_or_impossible_is_refused(void **state)
{
    struct fixture *f = *state;

    refused(f, "", E_INVALID, "\"entry\" is missing");
    refused(f, "id = \"shop\"; sdk = \"1.0\"; entry = { c = \"shop\"; };",
            E_INVALID, "\"version\" is missing");
    refused(f,
            "id = \"other\"; version = \"1.0.0\"; sdk = \"1.0\";"
            "entry = { c = \"shop\"; };",
            E_INVALID, "expected id = \"shop\"");
    refused(f,
            "id = \"shop\"; version = \"1.0\"; sdk = \"1.0\";"
            "entry = { c = \"shop\"; };",
            E_INVALID, "\"version\" must be like");
    refused(f,
            "id = \"shop\"; version = \"1.0.0\"; sdk = \"1.0\";"
            "entry = { c = \"shop\"; lua = \"init.lua\"; };",
            E_INVALID, "\"entry\" must be");
    refused(f,
            "id = \"shop\"; version = \"1.0.0\"; sdk = \"1.0\";"
            "entry = { c = \"../../evil\"; };",
            E_INVALID, "\"entry\" must be");
    refused(f, GOOD "description = { fr = \"Boutique\"; };", E_INVALID,
            "\"description\"");
}

static void a_module_for_a_newer_sdk_is_refused_with_a_sentence(void **state)
{
    struct fixture *f = *state;
    struct manifest *manifest;

    refused(f,
            "id = \"shop\"; version = \"1.0.0\"; sdk = \"1.9\";"
            "entry = { c = \"shop\"; };",
            E_UNSUPPORTED,
            "made for SDK 1.9 (plugin.cfg, line 1); this Tenon has 1.0");
    refused(f,
            "id = \"shop\"; version = \"1.0.0\"; sdk = \"2.0\";"
            "entry = { c = \"shop\"; };",
            E_UNSUPPORTED, "made for SDK 2.0");
    refused(f,
            "id = \"shop\"; version = \"1.0.0\"; sdk = \"one\";"
            "entry = { c = \"shop\"; };",
            E_INVALID, "\"sdk\"");
    assert_int_equal(read_text(&manifest, f, GOOD), 0);
}

static void versions_are_compared_by_numbers(void **state)
{
    struct version version;

    (void)state;
    assert_int_equal(version_compare("1.10.0", "1.9.0"), 1);
    assert_int_equal(version_compare("1.0.0", "1.0.0"), 0);
    assert_int_equal(version_compare("0.9.9", "1.0.0"), -1);
    assert_false(version_parse(&version, "1.0"));
    assert_false(version_parse(&version, "1.0.0-rc1"));
    assert_false(version_parse(&version, "1.0.1000000"));
    assert_false(version_parse(&version, NULL));
}

static void ids_are_plain_names(void **state)
{
    (void)state;
    assert_true(module_id_valid("vehicle_2"));
    assert_false(module_id_valid("Vehicle"));
    assert_false(module_id_valid("2vehicle"));
    assert_false(module_id_valid("../vehicle"));
    assert_false(module_id_valid(""));
    assert_false(module_id_valid(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_manifest_is_read),
        cmocka_unit_test(S43_a_manifest_includes_no_other_file),
        cmocka_unit_test(errors_name_file_and_line),
        cmocka_unit_test(what_is_missing_or_impossible_is_refused),
        cmocka_unit_test(a_module_for_a_newer_sdk_is_refused_with_a_sentence),
        cmocka_unit_test(versions_are_compared_by_numbers),
        cmocka_unit_test(ids_are_plain_names),
    };

    return cmocka_run_group_tests(tests, site_up, site_down);
}
