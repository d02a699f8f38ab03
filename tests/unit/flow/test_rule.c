/*
 * test_rule.c - rules of modules that name the people of a task.
 */
#include "base/banned.h"

#include "flow/flow_site.h"

#include "event/incident.h"

#define X "{\"purpose\":\"x\"}"

static enum { NAME_LIU, NAME_TWICE, NAME_NOBODY, BREAK } mode;
static int asked;

static int pick(struct ctx *ctx, struct record *record,
                const struct value *parameters, struct value *people,
                void *payload)
{
    struct fixture *f = *(struct fixture **)payload;

    asked++;
    assert_string_equal(ctx->module, "test");
    assert_string_equal(value_get_text(record->values, "purpose"), "x");
    assert_string_equal(value_get_text(parameters, "level"), "2");
    assert_string_equal(value_get_text(parameters, "what"), "x");
    if (mode == BREAK)
        return fail(ctx, E_INVALID, "test.broken", "the list is lost");
    if (mode == NAME_NOBODY)
        return 0;
    value_append(people, value_int(ctx->arena, f->liu));
    if (mode == NAME_TWICE) {
        value_append(people,
                     value_text(ctx->arena, arena_printf(ctx->arena, "%lld",
                                                         (long long)f->liu)));
        value_append(people, value_int(ctx->arena, 4711)); /* no such user */
        value_append(people, value_int(ctx->arena, f->he));
    }
    return 0;
}

static struct fixture *now;

#define RULE(name)                                                             \
    PROCESS(START END USER(                                                    \
        "a", "<t:participant rule=\"" name "\">"                               \
             "<t:parameter name=\"level\">2</t:parameter>"                     \
             "<t:parameter name=\"what\" expression=\"record.purpose\"/>"      \
             "</t:participant>") FLOW("f", "start", "a")                       \
                FLOW("g", "a", "end"))

static int64_t start(struct fixture *f, const char *xml)
{
    now = f;
    flow_rule_add("test.pick", "test", pick, &now);
    deploy(f, xml);
    return submit(f, f->zhang, X);
}

static int64_t open_incidents(struct fixture *f, const char **message)
{
    struct value *list;
    size_t i;
    int64_t count = 0;

    as(f, 0);
    ok(f, incident_list(&list, &f->ctx, true, 100, 0));
    for (i = 0; i < value_count(list); i++) {
        const struct value *row = value_at(list, i);

        if (strcmp(value_get_text(row, "kind"), "participants") != 0)
            continue;
        count++;
        *message = value_get_text(value_get(row, "data"), "message");
    }
    return count;
}

static void a_rule_names_people_by_its_parameters(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    mode = NAME_LIU;
    record = start(f, RULE("test.pick"));
    assert_int_equal(count(f, OPEN_TASKS, record), 1);
    approve(f, f->liu, record, "a");
    assert_string_equal(state_of(f, record), "approved");
}

static void twice_named_and_unknown_people_are_dropped(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    mode = NAME_TWICE;
    record = start(f, RULE("test.pick"));
    assert_int_equal(count(f, OPEN_TASKS, record), 2);
    assert_int_not_equal(task_of(f, f->liu, record, "a"), 0);
    assert_int_not_equal(task_of(f, f->he, record, "a"), 0);
}

static void nobody_named_is_the_empty_rule_with_an_incident(void **s)
{
    struct fixture *f = *s;
    const char *message = NULL;
    int64_t record;

    mode = NAME_NOBODY;
    record = start(f, RULE("test.pick"));
    assert_int_not_equal(task_of(f, f->ada, record, "a"), 0);
    assert_int_equal(open_incidents(f, &message), 1);
    assert_string_equal(message, "the rule named nobody");
    /* It is told once until somebody has looked at it. */
    submit(f, f->wang, X);
    assert_int_equal(open_incidents(f, &message), 1);
}

static void a_rule_that_fails_says_why_and_stops_nobody(void **s)
{
    struct fixture *f = *s;
    const char *message = NULL;
    int64_t record;

    mode = BREAK;
    record = start(f, RULE("test.pick"));
    assert_int_not_equal(task_of(f, f->ada, record, "a"), 0);
    assert_int_equal(open_incidents(f, &message), 1);
    assert_string_equal(message, "the list is lost");
}

static void a_rule_of_a_missing_module_is_nobody(void **s)
{
    struct fixture *f = *s;
    const char *message = NULL;
    int64_t record = start(f, RULE("gone.rule"));

    assert_int_not_equal(task_of(f, f->ada, record, "a"), 0);
    assert_int_equal(open_incidents(f, &message), 1);
    assert_string_equal(message, "no enabled module offers the rule gone.rule");
}

static void looking_ahead_asks_the_rule_and_writes_nothing(void **s)
{
    struct fixture *f = *s;
    const char *message = NULL;
    struct value *status;
    int64_t record;

    mode = NAME_NOBODY;
    now = f;
    flow_rule_add("test.pick", "test", pick, &now);
    deploy(f, PROCESS(START END USER("a", BY("li")) USER(
                  "b", "<t:participant rule=\"test.pick\">"
                       "<t:parameter name=\"level\">2</t:parameter>"
                       "<t:parameter name=\"what\">x</t:parameter>"
                       "</t:participant>") FLOW("f", "start", "a")
                          FLOW("g", "a", "b") FLOW("h", "b", "end")));
    record = submit(f, f->zhang, X);
    asked = 0;
    ok(f, flow_status(&status, &f->ctx, record));
    assert_int_equal(asked, 1);
    assert_int_equal(open_incidents(f, &message), 0);
}

static void refused(struct fixture *f, const char *xml, const char *key)
{
    as(f, 0);
    assert_int_equal(flow_deploy(&f->ctx, "p.bpmn", NULL, xml, strlen(xml)),
                     E_INVALID);
    told(f, key);
}

static void only_a_rule_takes_parameters(void **s)
{
    struct fixture *f = *s;

    refused(
        f,
        PROCESS(START END USER("a", "<t:participant role=\"finance\">"
                                    "<t:parameter name=\"x\">1</t:parameter>"
                                    "</t:participant>") FLOW("f", "start", "a")
                    FLOW("g", "a", "end")),
        "flow.bpmn.rule");
    refused(f, RULE("nodot"), "flow.bpmn.rule");
    refused(f,
            PROCESS(START END USER(
                "a", "<t:participant rule=\"a.b\">"
                     "<t:parameter name=\"x\" expression=\"1 +\"/>"
                     "</t:participant>") FLOW("f", "start", "a")
                        FLOW("g", "a", "end")),
            "flow.bpmn.lua");
}

int main(void)
{
#define rule_test(name)                                                        \
    cmocka_unit_test_setup_teardown(name, site_up, site_down)
    const struct CMUnitTest tests[] = {
        rule_test(a_rule_names_people_by_its_parameters),
        rule_test(twice_named_and_unknown_people_are_dropped),
        rule_test(nobody_named_is_the_empty_rule_with_an_incident),
        rule_test(a_rule_that_fails_says_why_and_stops_nobody),
        rule_test(a_rule_of_a_missing_module_is_nobody),
        rule_test(looking_ahead_asks_the_rule_and_writes_nothing),
        rule_test(only_a_rule_takes_parameters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
