/*
 * test_loader.c - what the loader refuses, puts away and fails closed; what
 * Lua modules can't do.
 *
 * Modules in Lua are made on the spot. Each test goes on where the one before
 * ended.
 */
#include "base/banned.h"

#include "plugin/module_site.h"

#include <unistd.h>

#include "event/hook.h"
#include "notify/notify.h"
#include "plugin/find.h"
#include "web/request.h"
#include "web/router.h"

#define MANIFEST(id, version, more)                                            \
    "id = \"" id "\"; version = \"" version "\"; sdk = \"1.0\";"               \
    "entry = { lua = \"init.lua\"; };" more "\n"

#define START "local tenon = require \"tenon\"\n"

/* A worker loads its modules once and keeps them until it ends; here each
 * test loads anew, and what the one before kept is no leak of the product. */
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return 1;
}

static void make_module(struct fixture *f, const char *id, const char *manifest,
                        const char *code)
{
    make_folder(f, arena_printf(f->arena, "scripts/%s", id));
    make_folder(f, arena_printf(f->arena, "scripts/%s/forms", id));
    put(f, arena_printf(f->arena, "scripts/%s/plugin.cfg", id), manifest);
    put(f, arena_printf(f->arena, "scripts/%s/init.lua", id), code);
}

static void switch_on(struct fixture *f, const char *id)
{
    as(f, 0);
    ok(f, plugin_set_enabled(&f->ctx, id, true));
    ok(f, epoch_read(&f->ctx));
}

static void load(struct fixture *f)
{
    as(f, 0);
    ok(f, epoch_read(&f->ctx));
    ok(f, plugins_load(&f->ctx));
}

static void failed_because(struct fixture *f, const char *id, const char *says)
{
    const struct value *module = listed(f, id);
    const char *problem = value_get_text(module, "problem");

    assert_string_equal(value_get_text(module, "state"), "failed");
    assert_non_null(problem);
    if (!strstr(problem, says))
        print_error("%s: %s\n", id, problem);
    assert_non_null(strstr(problem, says));
}

static void a_module_with_an_error_is_not_switched_on(void **state)
{
    struct fixture *f = *state;

    make_module(f, "newer",
                "id = \"newer\"; version = \"1.0.0\"; sdk = \"1.5\";"
                "entry = { lua = \"init.lua\"; };",
                START);
    assert_int_equal(plugin_set_enabled(&f->ctx, "newer", true), E_UNSUPPORTED);
    assert_true(has_key(f, "plugin.sdk_newer"));
    ctx_clear(&f->ctx);
    make_module(f, "noobject",
                "id = \"noobject\"; version = \"1.0.0\"; sdk = \"1.0\";"
                "entry = { c = \"noobject\"; };",
                START);
    assert_true(plugin_set_enabled(&f->ctx, "noobject", true) < 0);
    ctx_clear(&f->ctx);
    put(f, "scripts/noobject/noobject.so", "#!/bin/sh\n");
    assert_int_equal(plugin_set_enabled(&f->ctx, "noobject", true), E_INVALID);
    ctx_clear(&f->ctx);
    /* A bad form: nothing of it stays. */
    make_module(f, "badform", MANIFEST("badform", "1.0.0", ""), START);
    put(f, "scripts/badform/forms/x.json", "{\"fields\":[{\"key\":\"A\"}]}");
    assert_int_equal(plugin_set_enabled(&f->ctx, "badform", true), E_INVALID);
    assert_string_equal(state_of(f, "badform"), "off");
    ctx_clear(&f->ctx);
}

static void errors_of_lua_modules_name_file_and_line(void **state)
{
    struct fixture *f = *state;

    make_module(f, "syntax", MANIFEST("syntax", "1.0.0", ""), START);
    make_module(f, "stranger", MANIFEST("stranger", "1.0.0", ""),
                START "tenon.on { form = 'budget', when = 'before_save',"
                      " call = function() end }\n");
    make_module(f, "typing", MANIFEST("typing", "1.0.0", ""),
                START "tenon.on { form = 'typing.x', wenn = 'before_save' }");
    make_module(f, "norights", MANIFEST("norights", "1.0.0", ""),
                START "tenon.route { path = '/m/norights', call = "
                      "function() end }");
    make_module(
        f, "elsewhere",
        MANIFEST("elsewhere", "1.0.0", "capabilities = [ \"routes\" ];"),
        START "tenon.route { path = '/admin/users', call = "
              "function() end }");
    make_module(f, "files", MANIFEST("files", "1.0.0", ""),
                START "local f = io.open('/etc/passwd')\n");
    make_module(f, "endless",
                MANIFEST("endless", "1.0.0", "limits = { seconds = 1; };"),
                START "while true do end\n");
    make_module(f, "other", MANIFEST("other", "1.0.0", ""), "require 'os'\n");
    switch_on(f, "syntax");
    switch_on(f, "stranger");
    switch_on(f, "typing");
    switch_on(f, "norights");
    switch_on(f, "elsewhere");
    switch_on(f, "files");
    switch_on(f, "endless");
    switch_on(f, "other");
    put(f, "scripts/syntax/init.lua", START "\nlocal = 5\n");
    load(f);
    failed_because(f, "syntax", "init.lua:3");
    failed_because(f, "stranger", "hooks:FORM");
    failed_because(f, "typing", "does not know");
    failed_because(f, "norights", "capability");
    failed_because(f, "elsewhere", "/m/elsewhere");
    failed_because(f, "files", "io");
    failed_because(f, "endless", "too long");
    failed_because(f, "other", "there is no module \"os\"");
}

static void a_module_in_lua_requires_its_own_files(void **state)
{
    struct fixture *f = *state;

    make_module(f, "parts", MANIFEST("parts", "1.0.0", ""),
                "local part = require 'part'\n"
                "assert(part.three == 3 and require 'part' == part)\n");
    put(f, "scripts/parts/part.lua",
        "local deep = require 'deep'\nreturn { three = deep + 1 }\n");
    put(f, "scripts/parts/deep.lua", "return 2\n");
    make_module(f, "ring", MANIFEST("ring", "1.0.0", ""), "require 'a'\n");
    put(f, "scripts/ring/a.lua", "require 'a'\n");
    make_module(f, "outside", MANIFEST("outside", "1.0.0", ""),
                "require '../parts/part'\n");
    make_module(f, "broken", MANIFEST("broken", "1.0.0", ""),
                "require 'part'\n");
    put(f, "scripts/broken/part.lua", "\nlocal five = 5\n");
    switch_on(f, "parts");
    switch_on(f, "ring");
    switch_on(f, "outside");
    switch_on(f, "broken");
    put(f, "scripts/broken/part.lua", "\nlocal = 5\n");
    /* It is not switched on anew either. */
    as(f, f->admin);
    assert_int_equal(plugin_set_enabled(&f->ctx, "broken", true), E_INVALID);
    as(f, 0);
    load(f);
    assert_string_equal(state_of(f, "parts"), "on");
    failed_because(f, "ring", "\"a\" requires itself");
    failed_because(f, "outside", "there is no module");
    failed_because(f, "broken", "broken/part.lua:2");
}

static void requirements_decide_order_and_fate(void **state)
{
    struct fixture *f = *state;

    make_module(f, "zbase", MANIFEST("zbase", "1.2.0", ""), START);
    make_module(f, "aneeds",
                MANIFEST("aneeds", "1.0.0",
                         "requires = ( { id = \"zbase\"; version = \"1.1.0\";"
                         " } );"),
                START);
    make_module(f, "toonew",
                MANIFEST("toonew", "1.0.0",
                         "requires = ( { id = \"zbase\"; version = \"2.0.0\";"
                         " } );"),
                START);
    as(f, 0);
    assert_int_equal(plugin_set_enabled(&f->ctx, "aneeds", true), E_INVALID);
    assert_true(has_key(f, "plugin.requires"));
    ctx_clear(&f->ctx);
    switch_on(f, "zbase");
    switch_on(f, "aneeds");
    assert_int_equal(plugin_set_enabled(&f->ctx, "toonew", true), E_INVALID);
    ctx_clear(&f->ctx);
    load(f);
    assert_string_equal(state_of(f, "aneeds"), "on");
    assert_string_equal(state_of(f, "zbase"), "on");
    assert_int_equal(plugin_set_enabled(&f->ctx, "zbase", false), E_CONFLICT);
    assert_true(has_key(f, "plugin.needed"));
    ctx_clear(&f->ctx);
}

#define GUARDED                                                                \
    START "tenon.on { form = 'guard.item', when = 'before_save',"              \
          " required = true, call = function(ctx, item)"                       \
          " if item.name == 'bad' then"                                        \
          " return ctx:fail('invalid', 'guard.bad', 'bad name') end"           \
          " if item.name == 'oops' then error('on purpose') end"               \
          " if item.name == 'loop' then while true do end end"                 \
          " end }"

#define GUARD_FORM                                                             \
    "{\"title\":\"Item\",\"fields\":[{\"key\":\"name\",\"type\":\"text\"}]}"

static int save_item(struct fixture *f, const char *name)
{
    struct record *record;

    return try_create(&record, f, "guard.item",
                      arena_printf(f->arena, "{\"name\":\"%s\"}", name));
}

static void a_lua_hook_that_goes_wrong_refuses(void **state)
{
    struct fixture *f = *state;

    make_module(f, "guard",
                MANIFEST("guard", "1.0.0", "limits = { seconds = 1; };"),
                GUARDED);
    put(f, "scripts/guard/forms/item.json", GUARD_FORM);
    switch_on(f, "guard");
    load(f);
    ok(f, save_item(f, "good"));
    assert_int_equal(save_item(f, "bad"), E_INVALID);
    assert_true(has_key(f, "guard.bad"));
    assert_int_equal(save_item(f, "oops"), E_INTERNAL);
    assert_true(has_key(f, "plugin.lua_failed"));
    assert_int_equal(save_item(f, "loop"), E_TIMEOUT);
    ok(f, save_item(f, "good"));
}

static void put_away_as(struct fixture *f, const char *id, const char *number)
{
    struct tn_module *module;

    as(f, 0);
    ok(f, module_read(&module, &f->ctx, id));
    put(f, arena_printf(f->arena, "run/quarantine/%s.json", id),
        arena_printf(f->arena,
                     "{\"number\":\"%s\",\"module\":\"%s\","
                     "\"version\":\"%s\",\"hash\":\"%s\"}",
                     number, id, module->manifest->version, module->hash));
}

static void put_away(struct fixture *f, const char *id)
{
    put_away_as(f, id, "7K3F9QXM");
}

static void a_module_in_quarantine_answers_503_and_fails_closed(void **state)
{
    struct fixture *f = *state;
    const struct route *route;
    struct request request = { 0 };
    struct response response = { 0 };
    struct value *messages;
    bool other;

    put_away(f, "guard");
    load(f);
    assert_string_equal(state_of(f, "guard"), "quarantined");
    assert_string_equal(value_get_text(listed(f, "guard"), "incident"),
                        "7K3F9QXM");
    route = route_match(f->arena, "POST", "/m/guard/any/thing",
                        value_map(f->arena), &other);
    assert_non_null(route);
    assert_int_equal(route->call(&f->ctx, &request, &response, route->payload),
                     E_UNAVAILABLE);
    assert_non_null(strstr(ctx_error(&f->ctx), "7K3F9QXM"));
    /* Its hook does not let pass what it can't look at. */
    assert_int_equal(save_item(f, "good"), E_UNAVAILABLE);
    as(f, f->admin);
    ok(f, notify_list(&messages, &f->ctx, 10));
    assert_int_equal(value_count(messages), 1);
    as(f, f->li);
    ok(f, notify_list(&messages, &f->ctx, 10));
    assert_int_equal(value_count(messages), 0);
}

/* As two hosts of one store do, of which each loads the module in turn. */
static void each_quarantine_of_each_host_is_told_once(void **state)
{
    struct fixture *f = *state;
    int64_t count;
    int i;

    for (i = 0; i < 3; i++) {
        put_away_as(f, "guard", "7K3F9QXM");
        load(f);
        put_away_as(f, "guard", "N0THER11");
        load(f);
        assert_int_equal(unlink(in_site(f, "run/quarantine/guard.json")), 0);
        load(f);
        assert_string_equal(state_of(f, "guard"), "on");
    }
    as(f, f->admin);
    /* One line, which counts up. */
    ok(f, db_int(&count, &f->ctx, "SELECT count FROM notify_message", ""));
    assert_int_equal(count, 2);
}

static void a_click_or_other_files_end_a_quarantine(void **state)
{
    struct fixture *f = *state;
    const char *note = in_site(f, "run/quarantine/guard.json");

    put_away(f, "guard");
    as(f, f->admin);
    ok(f, plugin_quarantine_lift(&f->ctx, "guard"));
    assert_false(file_exists(note));
    assert_int_equal(plugin_quarantine_lift(&f->ctx, "guard"), E_NOT_FOUND);
    assert_string_equal(state_of(f, "guard"), "on");
    put_away(f, "guard");
    assert_string_equal(state_of(f, "guard"), "quarantined");
    put(f, "scripts/guard/init.lua", GUARDED "\n-- mended\n");
    assert_string_equal(state_of(f, "guard"), "on");
    assert_false(file_exists(note));
}

static void newer_files_are_installed_and_older_ones_are_not(void **state)
{
    struct fixture *f = *state;
    const struct form *form;

    put(f, "scripts/guard/plugin.cfg", MANIFEST("guard", "1.1.0", ""));
    put(f, "scripts/guard/forms/item.json",
        "{\"title\":\"Item\",\"fields\":["
        "{\"key\":\"name\",\"type\":\"text\"},"
        "{\"key\":\"size\",\"type\":\"integer\"}]}");
    load(f);
    assert_string_equal(state_of(f, "guard"), "on");
    form = form_named(f, "guard.item");
    assert_non_null(form_field(form, "size"));
    put(f, "scripts/guard/plugin.cfg", MANIFEST("guard", "1.0.5", ""));
    load(f);
    failed_because(f, "guard", "is older than the installed 1.1.0");
    /* By hand it goes. */
    switch_on(f, "guard");
    load(f);
    assert_string_equal(state_of(f, "guard"), "on");
}

static void a_module_whose_folder_is_gone_is_missing(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(
        rename(in_site(f, "scripts/zbase"), in_site(f, "scripts/.zbase")), 0);
    load(f);
    assert_string_equal(state_of(f, "zbase"), "missing");
    failed_because(f, "aneeds", "needs the module zbase");
}

static void a_link_is_no_module(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(symlink("/tmp", in_site(f, "scripts/linked")), 0);
    assert_null(listed(f, "linked"));
    assert_int_equal(plugin_set_enabled(&f->ctx, "linked", true), E_NOT_FOUND);
    assert_int_equal(plugin_set_enabled(&f->ctx, "../plugins", true),
                     E_NOT_FOUND);
}

static void a_module_touches_its_own_tables_only(void **state)
{
    struct fixture *f = *state;
    int64_t rows;

    as(f, 0);
    make_module(f, "tables", MANIFEST("tables", "1.0.0", ""), START);
    make_folder(f, "scripts/tables/migrations");
    put(f, "scripts/tables/migrations/0001_first.sql",
        "CREATE TABLE m_tables_log (id INTEGER PRIMARY KEY) STRICT;");
    switch_on(f, "tables");
    ok(f, db_int(&rows, &f->ctx, "SELECT COUNT(*) FROM m_tables_log", ""));
    assert_int_equal(rows, 0);
    put(f, "scripts/tables/migrations/0002_second.sql",
        "UPDATE org_user SET login = 'x';");
    assert_true(plugin_set_enabled(&f->ctx, "tables", true) < 0);
    ctx_clear(&f->ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_module_with_an_error_is_not_switched_on),
        cmocka_unit_test(errors_of_lua_modules_name_file_and_line),
        cmocka_unit_test(a_module_in_lua_requires_its_own_files),
        cmocka_unit_test(requirements_decide_order_and_fate),
        cmocka_unit_test(a_lua_hook_that_goes_wrong_refuses),
        cmocka_unit_test(a_click_or_other_files_end_a_quarantine),
        cmocka_unit_test(newer_files_are_installed_and_older_ones_are_not),
        cmocka_unit_test(a_module_whose_folder_is_gone_is_missing),
        cmocka_unit_test(a_link_is_no_module),
        cmocka_unit_test(a_module_touches_its_own_tables_only),
        /* Last: what fails closed stays so in this process. */
        cmocka_unit_test(a_module_in_quarantine_answers_503_and_fails_closed),
        cmocka_unit_test(each_quarantine_of_each_host_is_told_once),
    };

    return cmocka_run_group_tests(tests, site_up, site_down);
}
