/*
 * test_modules.c - the example modules at work.
 *
 * Switched on, loaded into this process, and called through the rooms. Each
 * test goes on where the one before ended.
 */
#include "base/banned.h"

#include "plugin/module_site.h"

#include "event/hook.h"
#include "flow/flow.h"
#include "web/router.h"

static int64_t van, bus;

static int64_t add_car(struct fixture *f, const char *name, int seats)
{
    struct record *record;

    ok(f, try_create(&record, f, "vehicle.car",
                     arena_printf(f->arena,
                                  "{\"name\":\"%s\",\"plate\":\"%s-1\","
                                  "\"seats\":%d,\"in_service\":true}",
                                  name, name, seats)));
    return record->id;
}

static int book(struct fixture *f, int64_t car, int64_t driver,
                const char *starts, const char *ends)
{
    struct record *record;

    return try_create(&record, f, "vehicle.booking",
                      arena_printf(f->arena,
                                   "{\"vehicle\":\"%lld\",\"starts\":\"%s\","
                                   "\"ends\":\"%s\",\"driver\":\"%lld\","
                                   "\"purpose\":\"Fair\"}",
                                   (long long)car, starts, ends,
                                   (long long)driver));
}

static void new_modules_are_off(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(state_of(f, "vehicle"), "off");
    assert_string_equal(state_of(f, "notice"), "off");
    assert_string_equal(value_get_text(listed(f, "vehicle"), "kind"), "c");
    assert_string_equal(value_get_text(listed(f, "notice"), "kind"), "lua");
    assert_string_equal(value_get_text(listed(f, "notice"), "title"),
                        "Notice board");
}

static void only_administrators_switch_modules(void **state)
{
    struct fixture *f = *state;
    struct value *list;

    as(f, f->li);
    assert_int_equal(plugin_set_enabled(&f->ctx, "vehicle", true), E_FORBIDDEN);
    assert_int_equal(plugin_list(&list, &f->ctx), E_FORBIDDEN);
    assert_int_equal(plugin_quarantine_lift(&f->ctx, "vehicle"), E_FORBIDDEN);
    as(f, f->admin);
    ok(f, plugin_set_enabled(&f->ctx, "vehicle", true));
    ok(f, plugin_set_enabled(&f->ctx, "notice", true));
    assert_int_equal(plugin_set_enabled(&f->ctx, "nothing", true), E_NOT_FOUND);
    as(f, 0);
    ok(f, epoch_read(&f->ctx));
    ok(f, plugins_load(&f->ctx));
    assert_string_equal(state_of(f, "vehicle"), "on");
    assert_string_equal(state_of(f, "notice"), "on");
}

static void what_they_register_is_in_force(void **state)
{
    struct fixture *f = *state;
    const struct ready_module *modules;
    const struct ready_mount *mounts;
    const struct menu_entry *entry;
    bool other, found = false;
    int i;

    assert_true(hook_any(HOOK_BEFORE_SAVE, "vehicle.booking", NULL));
    assert_non_null(route_match(f->arena, "GET", "/m/vehicle/day",
                                value_map(f->arena), &other));
    assert_non_null(
        route_match(f->arena, "GET", "/m/notice", value_map(f->arena), &other));
    for (i = 0; (entry = menu_at(i)); i++)
        found = found || text_equal(entry->path, "/m/notice");
    assert_true(found);
    assert_int_equal(plugin_modules(&modules), 2);
    assert_true(str_is(modules[0].id, "notice"));
    assert_true(str_is(modules[1].version, "1.0.0"));
    assert_int_equal(modules[1].hash.length, 64);
    assert_int_equal(plugin_mounts(&mounts), 1);
    assert_true(str_is(mounts[0].prefix, "/assets/m/vehicle/"));
    f->ctx.locale = "zh-TW";
    assert_string_equal(tr(&f->ctx, "vehicle.day.menu"), "用車");
    f->ctx.locale = "en";
}

static void an_overlap_is_refused_though_the_other_booking_is_not_visible(
    void **state)
{
    struct fixture *f = *state;
    struct record_query query = { .limit = 10 };
    int64_t seen;

    as(f, 0);
    van = add_car(f, "van", 7);
    bus = add_car(f, "bus", 30);
    /* Everybody sees the own bookings only. */
    ok(f, access_grant_set(&f->ctx, "everyone", 0, "vehicle.booking",
                           RIGHT_READ, SCOPE_ALL, false));
    ok(f, epoch_read(&f->ctx));
    as(f, f->li);
    ok(f, book(f, van, f->li, "2026-11-23T09:00:00Z", "2026-11-23T11:00:00Z"));
    as(f, f->wang);
    ok(f, record_count(&seen, &f->ctx, form_named(f, "vehicle.booking"), &query,
                       100));
    assert_int_equal(seen, 0);
    assert_int_equal(
        book(f, van, f->wang, "2026-11-23T10:00:00Z", "2026-11-23T12:00:00Z"),
        E_CONFLICT);
    assert_true(has_key(f, "vehicle.overlap"));
    assert_string_equal(f->ctx.problems->field, "vehicle");
    /* One ends when the other begins; and another car is free. */
    ok(f,
       book(f, van, f->wang, "2026-11-23T11:00:00Z", "2026-11-23T12:00:00Z"));
    ok(f,
       book(f, bus, f->wang, "2026-11-23T10:00:00Z", "2026-11-23T12:00:00Z"));
}

static void a_booking_does_not_clash_with_itself(void **state)
{
    struct fixture *f = *state;
    const struct form *form = form_named(f, "vehicle.booking");
    struct record_query query = { .limit = 1 };
    struct record **found;
    size_t count;

    as(f, f->li);
    ok(f, record_list(&found, &count, &f->ctx, form, &query));
    assert_int_equal(count, 1);
    ok(f, record_update(NULL, &f->ctx, form, found[0]->id, found[0]->version,
                        parse(f, "{\"ends\":\"2026-11-23T10:30:00Z\"}")));
    ctx_clear(&f->ctx);
    assert_int_equal(
        record_update(NULL, &f->ctx, form, found[0]->id, found[0]->version + 1,
                      parse(f, "{\"ends\":\"2026-11-23T11:30:00Z\"}")),
        E_CONFLICT);
    assert_true(has_key(f, "vehicle.overlap"));
}

static void a_rule_of_the_form_holds_beside_the_hook(void **state)
{
    struct fixture *f = *state;

    as(f, f->li);
    assert_int_equal(
        book(f, bus, f->li, "2026-11-24T10:00:00Z", "2026-11-24T09:00:00Z"),
        E_INVALID);
}

static void a_lua_hook_changes_and_refuses(void **state)
{
    struct fixture *f = *state;
    struct record *record;

    as(f, f->li);
    clock_set(INT64_C(1795392000000)); /* 2026-11-23 00:00 UTC */
    ok(f, try_create(&record, f, "notice",
                     "{\"title\":\"Fire drill\",\"starts\":\"2026-11-23\"}"));
    assert_string_equal(value_get_text(record->values, "ends"), "2026-12-23");
    assert_int_equal(try_create(&record, f, "notice",
                                "{\"title\":\"Late\",\"starts\":\"2026-11-23\","
                                "\"ends\":\"2026-11-01\"}"),
                     E_INVALID);
    assert_true(has_key(f, "notice.ends_first"));
    assert_string_equal(f->ctx.problems->field, "ends");
    clock_set(0);
}

#define BPMN "http://www.omg.org/spec/BPMN/20100524/MODEL"

static const char trip_form[] =
    "{\"title\":\"Trip\",\"flow\":\"trip\",\"fields\":["
    "{\"key\":\"purpose\",\"type\":\"text\",\"required\":true},"
    "{\"key\":\"starts\",\"type\":\"datetime\"},"
    "{\"key\":\"ends\",\"type\":\"datetime\"},"
    "{\"key\":\"people\",\"type\":\"integer\"}]}";

/* A process in which nobody decides: it reserves a car and tells. */
static const char trip_flow[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
    "<definitions xmlns=\"" BPMN "\" xmlns:t=\"urn:tenon:flow:1\""
    " id=\"d\" targetNamespace=\"x\">"
    "<process id=\"trip\" isExecutable=\"true\" t:form=\"trip\">"
    "<startEvent id=\"start\"/>"
    "<serviceTask id=\"car\" t:service=\"vehicle.reserve\"><extensionElements>"
    "<t:parameter name=\"starts\" expression=\"record.starts\"/>"
    "<t:parameter name=\"ends\" expression=\"record.ends\"/>"
    "<t:parameter name=\"seats\" expression=\"record.people\"/>"
    "<t:parameter name=\"purpose\" expression=\"record.purpose\"/>"
    "</extensionElements></serviceTask>"
    "<serviceTask id=\"tell\" t:service=\"notice.publish\"><extensionElements>"
    "<t:parameter name=\"title\" expression=\"record.purpose\"/>"
    "<t:parameter name=\"days\">7</t:parameter>"
    "</extensionElements></serviceTask>"
    "<endEvent id=\"end\"/>"
    "<sequenceFlow id=\"a\" sourceRef=\"start\" targetRef=\"car\"/>"
    "<sequenceFlow id=\"b\" sourceRef=\"car\" targetRef=\"tell\"/>"
    "<sequenceFlow id=\"c\" sourceRef=\"tell\" targetRef=\"end\"/>"
    "</process></definitions>";

static const struct record *newest(struct fixture *f, const char *form)
{
    struct record_query query = { .limit = 1,
                                  .sort = "created_at",
                                  .descending = true };
    struct record **found;
    size_t count;

    ok(f, record_list(&found, &count, &f->ctx, form_named(f, form), &query));
    return count ? found[0] : NULL;
}

static void a_process_calls_services_of_both_kinds(void **state)
{
    struct fixture *f = *state;
    struct record *record;
    const struct record *booking, *notice;

    as(f, 0);
    ok(f, form_publish(&f->ctx, "trip", NULL, parse(f, trip_form), NULL));
    ok(f, flow_deploy(&f->ctx, "trip.bpmn", NULL, trip_flow,
                      sizeof trip_flow - 1));
    ok(f, epoch_read(&f->ctx));
    as(f, f->li);
    ok(f, flow_submit(&record, &f->ctx, form_named(f, "trip"), 0, 0,
                      parse(f, "{\"purpose\":\"Fair in Wuhan\",\"people\":9,"
                               "\"starts\":\"2026-12-01T08:00:00Z\","
                               "\"ends\":\"2026-12-01T18:00:00Z\"}"),
                      "1"));
    as(f, 0);
    booking = newest(f, "vehicle.booking");
    /* The van has 7 seats. */
    assert_int_equal(value_get_id(booking->values, "vehicle"), bus);
    assert_int_equal(value_get_id(booking->values, "driver"), f->li);
    notice = newest(f, "notice");
    assert_string_equal(value_get_text(notice->values, "title"),
                        "Fair in Wuhan");
}

static void a_service_that_fails_leaves_nothing_behind(void **state)
{
    struct fixture *f = *state;
    int64_t before = newest(f, "vehicle.booking")->id;
    struct record *record;

    as(f, f->li);
    /* The bus is taken by now. */
    ok(f, flow_submit(&record, &f->ctx, form_named(f, "trip"), 0, 0,
                      parse(f, "{\"purpose\":\"Another\",\"people\":9,"
                               "\"starts\":\"2026-12-01T09:00:00Z\","
                               "\"ends\":\"2026-12-01T10:00:00Z\"}"),
                      "2"));
    as(f, 0);
    assert_int_equal(newest(f, "vehicle.booking")->id, before);
    assert_string_equal(record->state, "running");
}

static void a_module_that_is_off_is_nowhere(void **state)
{
    struct fixture *f = *state;
    const struct route *route;
    bool other;

    as(f, f->admin);
    ok(f, plugin_set_enabled(&f->ctx, "vehicle", false));
    ok(f, epoch_read(&f->ctx));
    assert_string_equal(state_of(f, "vehicle"), "off");
    /* This process has it still: what it registered does nothing. */
    route = route_match(f->arena, "GET", "/m/vehicle/day", value_map(f->arena),
                        &other);
    assert_false(access_module(&f->ctx, route->module));
    assert_false(form_named(f, "vehicle.booking")->enabled);
    assert_int_equal(
        book(f, van, f->li, "2027-01-01T10:00:00Z", "2027-01-01T11:00:00Z"),
        E_UNAVAILABLE);
}

static void its_data_is_there_when_it_comes_back(void **state)
{
    struct fixture *f = *state;

    as(f, f->admin);
    ok(f, plugin_set_enabled(&f->ctx, "vehicle", true));
    ok(f, epoch_read(&f->ctx));
    assert_string_equal(state_of(f, "vehicle"), "on");
    as(f, 0);
    assert_non_null(newest(f, "vehicle.booking"));
    assert_int_equal(
        book(f, van, f->li, "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z"),
        E_CONFLICT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_modules_are_off),
        cmocka_unit_test(only_administrators_switch_modules),
        cmocka_unit_test(what_they_register_is_in_force),
        cmocka_unit_test(
            an_overlap_is_refused_though_the_other_booking_is_not_visible),
        cmocka_unit_test(a_booking_does_not_clash_with_itself),
        cmocka_unit_test(a_rule_of_the_form_holds_beside_the_hook),
        cmocka_unit_test(a_lua_hook_changes_and_refuses),
        cmocka_unit_test(a_process_calls_services_of_both_kinds),
        cmocka_unit_test(a_service_that_fails_leaves_nothing_behind),
        cmocka_unit_test(a_module_that_is_off_is_nowhere),
        cmocka_unit_test(its_data_is_there_when_it_comes_back),
    };

    return cmocka_run_group_tests(tests, site_up, site_down);
}
