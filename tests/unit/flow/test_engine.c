/*
 * test_engine.c - the token game: rules T1 to T7, G1, G2, A1, A2 of BPMN as
 * docs/admin/flows.md tells them.
 */
#include "base/banned.h"

#include "flow/flow_site.h"

#include "flow/engine.h"

#define X "{\"purpose\":\"x\"}"

static void T1_tokens_tasks_and_history_are_rows_of_one_transaction(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f, PROCESS(START END USER("a", BY("li")) FLOW("f", "start", "a")
                          FLOW("g", "a", "end")));
    record = submit(f, f->zhang, X);
    assert_int_equal(count(f, TOKENS, record), 1);
    assert_int_equal(count(f, OPEN_TASKS, record), 1);
    assert_string_equal(record_state(f, record), "running");
    as(f, f->li);
    ok(f, tx_begin(&f->ctx, "test"));
    ok(f, flow_decide(&f->ctx, task_of(f, f->li, record, "a"), DECISION_APPROVE,
                      NULL, "one"));
    assert_string_equal(state_of(f, record), "approved");
    tx_rollback(&f->ctx);
    /* All of it went together. */
    assert_string_equal(state_of(f, record), "running");
    assert_string_equal(record_state(f, record), "running");
    assert_int_equal(count(f, TOKENS, record), 1);
    assert_int_equal(count(f, OPEN_TASKS, record), 1);
    assert_int_equal(count(f,
                           "SELECT COUNT(*) FROM flow_event e JOIN"
                           " flow_instance i ON i.id = e.instance"
                           " WHERE i.record = ?1",
                           record),
                     1);
}

static void T2_an_instance_ends_when_its_scope_has_no_token_left(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f, PROCESS(START AND("x") USER("a", BY("li")) USER("b", BY("he"))
                          END FLOW("f", "start", "x") FLOW("g", "x", "a")
                              FLOW("h", "x", "b") FLOW("i", "a", "end")
                                  FLOW("j", "b", "end")));
    record = submit(f, f->zhang, X);
    approve(f, f->li, record, "a");
    assert_string_equal(state_of(f, record), "running");
    approve(f, f->he, record, "b");
    assert_string_equal(state_of(f, record), "approved");
    assert_string_equal(record_state(f, record), "approved");
    assert_int_equal(count(f, TOKENS, record), 0);
    assert_int_equal(count(f,
                           "SELECT COUNT(*) FROM flow_scope c JOIN"
                           " flow_instance i ON i.id = c.instance"
                           " WHERE i.record = ?1 AND c.state = 'ended'",
                           record),
                     1);
}

static void T3_flows_without_gateway_split_and_do_not_join(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f, PROCESS(START USER("a", BY("li")) USER("b", BY("li")) USER(
                  "c", BY("li")) USER("d", BY("boss")) FLOW("f", "start", "a")
                          FLOW("g", "a", "b") FLOW("h", "a", "c")
                              FLOW("i", "b", "d") FLOW("j", "c", "d")));
    record = submit(f, f->zhang, X);
    approve(f, f->li, record, "a");
    assert_int_equal(count(f, OPEN_TASKS, record), 2);
    approve(f, f->li, record, "b");
    approve(f, f->boss, record, "d");
    assert_string_equal(state_of(f, record), "running");
    approve(f, f->li, record, "c");
    /* The second arrival is a second run of the task. */
    approve(f, f->boss, record, "d");
    assert_string_equal(state_of(f, record), "approved");
}

static void T4_every_true_flow_is_taken_the_default_if_none_is(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f, PROCESS(START "<b:manualTask id=\"m\" default=\"k\"/>" USER(
                  "a", BY("li")) USER("b", BY("li")) USER("c", BY("li"))
                          FLOW("f", "start", "m")
                              IF("g", "m", "a", "record.amount > 10")
                                  IF("h", "m", "b", "record.amount > 100")
                                      FLOW("k", "m", "c")));
    record = submit(f, f->zhang, "{\"purpose\":\"x\",\"amount\":\"500\"}");
    assert_int_not_equal(task_of(f, f->li, record, "a"), 0);
    assert_int_not_equal(task_of(f, f->li, record, "b"), 0);
    assert_int_equal(task_of(f, f->li, record, "c"), 0);
    record = submit(f, f->zhang, "{\"purpose\":\"x\",\"amount\":\"50\"}");
    assert_int_equal(count(f, OPEN_TASKS, record), 1);
    record = submit(f, f->zhang, "{\"purpose\":\"x\",\"amount\":\"5\"}");
    assert_int_not_equal(task_of(f, f->li, record, "c"), 0);
    assert_int_equal(count(f, OPEN_TASKS, record), 1);
}

static void T4_none_true_and_no_default_waits_with_an_incident(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f, PROCESS(START USER("a", BY("li")) END FLOW("f", "start", "a")
                          IF("g", "a", "end", "record.amount > 10")));
    record = submit(f, f->zhang, "{\"purpose\":\"x\",\"amount\":\"5\"}");
    approve(f, f->li, record, "a");
    assert_string_equal(state_of(f, record), "running");
    assert_int_equal(incidents(f, record, "flow.fault.no_flow"), 1);
    /* The decision stands: the task is over. */
    assert_int_equal(count(f, OPEN_TASKS, record), 0);
}

static void T5_a_loop_without_a_task_ends_in_an_incident(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f,
           PROCESS(START XOR_OR("x", "h") "<b:manualTask id=\"m\"/>" END FLOW(
               "f", "start", "x") FLOW("h", "x", "m") FLOW("i", "m", "x")
                       IF("g", "x", "end", "record.amount == 1")));
    record = submit(f, f->zhang, X);
    assert_string_equal(state_of(f, record), "running");
    assert_int_equal(incidents(f, record, "flow.fault.loop"), 1);
    assert_int_equal(count(f, TOKENS, record), 1);
}

static void T5_G2_tokens_left_at_a_join_raise_an_incident(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f,
           PROCESS(START XOR_OR("x", "h") AND("j") END
                   "<b:manualTask id=\"a\"/><b:manualTask id=\"b\"/>" FLOW(
                       "f", "start", "x") IF("g", "x", "a", "record.amount > 5")
                       FLOW("h", "x", "b") FLOW("i", "a", "j")
                           FLOW("k", "b", "j") FLOW("l", "j", "end")));
    record = submit(f, f->zhang, X);
    assert_string_equal(state_of(f, record), "running");
    assert_int_equal(incidents(f, record, "flow.fault.deadlock"), 1);
    assert_int_equal(count(f,
                           "SELECT COUNT(*) FROM flow_incident x JOIN"
                           " flow_instance i ON i.id = x.instance"
                           " WHERE i.record = ?1 AND x.node = 'j'",
                           record),
                     1);
}

static void T6_a_commit_of_an_old_version_loses(void **s)
{
    struct fixture *f = *s;
    struct instance *first, *second;
    int64_t record;

    deploy(f, PROCESS(START END USER("a", BY("li")) FLOW("f", "start", "a")
                          FLOW("g", "a", "end")));
    record = submit(f, f->zhang, X);
    ok(f, instance_of_record(&first, &f->ctx, record));
    ok(f, instance_of_record(&second, &f->ctx, record));
    ok(f, tx_begin(&f->ctx, "test"));
    ok(f, instance_save(&f->ctx, first));
    assert_int_equal(instance_save(&f->ctx, second), E_CONFLICT);
    tx_rollback(&f->ctx);
}

static int fragile_calls;
static bool fragile_fails;

/* Writes, then fails while it is told to. */
static int fragile(struct ctx *ctx, struct record *record,
                   const struct value *parameters, void *payload)
{
    (void)payload;
    fragile_calls++;
    assert_string_equal(value_get_text(parameters, "what"), "text");
    assert_string_equal(value_get_text(parameters, "purpose"), "x");
    if (record_comment(ctx, record->form, record->id, "by the service"))
        return E_STORE;
    return fragile_fails ? fail(ctx, E_IO, "test.broken", "the printer burns")
                         : 0;
}

#define FRAGILE(async)                                                         \
    PROCESS(START END USER(                                                    \
        "a",                                                                   \
        BY("li")) "<b:serviceTask id=\"v\""                                    \
                  " t:service=\"test.fragile\" " async ">" WITH(               \
                      "<t:parameter name=\"what\">text</t:parameter>"          \
                      "<t:parameter name=\"purpose\" "                         \
                      "expression=\"record.purpose\"/>") "</"                  \
                                                         "b:"                  \
                                                         "serviceTask"         \
                                                         ">" FLOW(             \
                                                             "f", "start",     \
                                                             "a") FLOW("g",    \
                                                                       "a",    \
                                                                       "v")    \
                                                             FLOW("h", "v",    \
                                                                  "en"         \
                                                                  "d"))
#define COMMENTS "SELECT COUNT(*) FROM record_comment WHERE record = ?1"

static void run_jobs(struct fixture *f)
{
    int64_t next;

    as(f, 0);
    clock_set(clock_now() + 3600 * 1000);
    while (job_run_due(&f->ctx, 10, &next) > 0)
        ;
    ctx_clear(&f->ctx);
}

static void T7_a_failing_service_is_undone_and_the_decision_stands(void **s)
{
    struct fixture *f = *s;
    int64_t record, task;

    flow_service_add("test.fragile", NULL, fragile, NULL);
    deploy(f, FRAGILE(""));
    record = submit(f, f->zhang, X);
    task = task_of(f, f->li, record, "a");
    fragile_fails = true;
    fragile_calls = 0;
    ok(f, decide(f, f->li, task, DECISION_APPROVE));
    assert_int_equal(fragile_calls, 1);
    assert_int_equal(count(f,
                           "SELECT COUNT(*) FROM flow_task WHERE id = ?1"
                           " AND state = 'approved'",
                           task),
                     1);
    assert_int_equal(count(f, COMMENTS, record), 0);
    assert_int_equal(incidents(f, record, "test.broken"), 1);
    assert_int_equal(count(f, TOKENS, record), 1);
    /* The job tries again, and when the cause is gone it goes on. */
    run_jobs(f);
    assert_true(fragile_calls > 1);
    assert_int_equal(incidents(f, record, "test.broken"), 1);
    assert_string_equal(state_of(f, record), "running");
    fragile_fails = false;
    run_jobs(f);
    assert_string_equal(state_of(f, record), "approved");
    assert_int_equal(incidents(f, record, "test.broken"), 0);
    assert_int_equal(count(f, COMMENTS, record), 1);
}

static void T7_a_failing_condition_stops_its_own_branch_only(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f, PROCESS(START AND("s") XOR_OR("x", "h") END USER("a", BY("li"))
                          USER("b", BY("he")) FLOW("f", "start", "s")
                              FLOW("f1", "s", "x") FLOW("f2", "s", "b")
                                  IF("g", "x", "a", "record.no.such > 1") FLOW(
                                      "h", "x", "end") FLOW("i", "a", "end")
                                      FLOW("k", "b", "end")));
    record = submit(f, f->zhang, X);
    assert_int_equal(count(f,
                           "SELECT COUNT(*) FROM flow_incident x JOIN"
                           " flow_instance i ON i.id = x.instance"
                           " WHERE i.record = ?1 AND x.node = 'x'",
                           record),
                     1);
    /* The other branch goes its way. */
    approve(f, f->he, record, "b");
    assert_string_equal(state_of(f, record), "running");
}

static void T7_a_missing_module_service_waits(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f, PROCESS(START SERVICE("v", "module.gone")
                          END FLOW("f", "start", "v") FLOW("g", "v", "end")));
    record = submit(f, f->zhang, X);
    assert_string_equal(state_of(f, record), "running");
    assert_int_equal(incidents(f, record, "flow.fault.service"), 1);
}

static void A2_an_async_service_runs_as_a_job(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    flow_service_add("test.fragile", NULL, fragile, NULL);
    deploy(f, FRAGILE("t:async=\"true\""));
    record = submit(f, f->zhang, X);
    fragile_fails = false;
    fragile_calls = 0;
    approve(f, f->li, record, "a");
    assert_int_equal(fragile_calls, 0);
    assert_string_equal(state_of(f, record), "running");
    run_jobs(f);
    assert_int_equal(fragile_calls, 1);
    assert_string_equal(state_of(f, record), "approved");
}

static void A2_a_script_sets_variables_that_conditions_read(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f,
           PROCESS(
               START SCRIPT("c", "if record.amount > 100 then\n"
                                 "  return { level = 'high', n = 2 } end\n"
                                 "return { level = 'low' }") XOR_OR("x", "h")
                   END USER("a", BY("li")) FLOW("f", "start",
                                                "c") FLOW("f1", "c", "x")
                       IF("g", "x", "a", "level == 'high' and variables.n == 2")
                           FLOW("h", "x", "end") FLOW("i", "a", "end")));
    record = submit(f, f->zhang, "{\"purpose\":\"x\",\"amount\":\"101\"}");
    assert_int_equal(count(f, OPEN_TASKS, record), 1);
    record = submit(f, f->zhang, "{\"purpose\":\"x\",\"amount\":\"9\"}");
    assert_string_equal(state_of(f, record), "approved");
}

static void A2_a_script_that_fails_or_loops_waits_with_an_incident(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f, PROCESS(START SCRIPT("c", "while true do end")
                          END FLOW("f", "start", "c") FLOW("g", "c", "end")));
    record = submit(f, f->zhang, X);
    assert_string_equal(state_of(f, record), "running");
    assert_int_equal(count(f,
                           "SELECT COUNT(*) FROM flow_incident x JOIN"
                           " flow_instance i ON i.id = x.instance"
                           " WHERE i.record = ?1 AND x.node = 'c'",
                           record),
                     1);
}

static void G1_the_first_true_flow_in_document_order_is_taken(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f, PROCESS(START XOR_OR("x", "h") USER("a", BY("li")) USER(
                  "b", BY("li")) USER("c", BY("li")) FLOW("f", "start", "x")
                          IF("g", "x", "b", "record.amount > 10")
                              IF("k", "x", "a", "record.amount > 5")
                                  FLOW("h", "x", "c")));
    record = submit(f, f->zhang, "{\"purpose\":\"x\",\"amount\":\"50\"}");
    assert_int_not_equal(task_of(f, f->li, record, "b"), 0);
    assert_int_equal(count(f, OPEN_TASKS, record), 1);
    record = submit(f, f->zhang, "{\"purpose\":\"x\",\"amount\":\"7\"}");
    assert_int_not_equal(task_of(f, f->li, record, "a"), 0);
    record = submit(f, f->zhang, "{\"purpose\":\"x\",\"amount\":\"5.00\"}");
    assert_int_not_equal(task_of(f, f->li, record, "c"), 0);
    /* An empty amount is neither: the default. */
    record = submit(f, f->zhang, X);
    assert_int_not_equal(task_of(f, f->li, record, "c"), 0);
}

static void G1_a_condition_that_is_no_truth_value_is_refused(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f, PROCESS(START XOR_OR("x", "h") END USER("a", BY("li"))
                          FLOW("f", "start", "x") IF("g", "x", "a", "0")
                              FLOW("h", "x", "end") FLOW("i", "a", "end")));
    record = submit(f, f->zhang, X);
    assert_string_equal(state_of(f, record), "running");
    assert_int_equal(incidents(f, record, "flow.fault.not_boolean"), 1);
}

static void G1_merging_passes_each_token_on(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f, PROCESS(START AND("s") XOR("m") USER("a", BY("li"))
                          FLOW("f", "start", "s") FLOW("g", "s", "m")
                              FLOW("h", "s", "m") FLOW("i", "m", "a")));
    record = submit(f, f->zhang, X);
    assert_int_equal(count(f, OPEN_TASKS, record), 2);
}

static void G2_a_join_waits_for_each_flow_and_counts_per_flow(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    /* Two tokens come over flow j1, one over j2. */
    deploy(f, PROCESS(START AND("s") XOR("m") AND("j") USER("b", BY("he")) USER(
                  "c", BY("boss")) FLOW("f", "start", "s") FLOW("s1", "s", "m")
                          FLOW("s2", "s", "m") FLOW("s3", "s", "b")
                              FLOW("j1", "m", "j") FLOW("j2", "b", "j")
                                  FLOW("l", "j", "c")));
    record = submit(f, f->zhang, X);
    assert_int_equal(task_of(f, f->boss, record, "c"), 0);
    approve(f, f->he, record, "b");
    /* One of each flow was taken; the second of j1 stays for the next round,
     * which never comes: the incident says so when the rest has ended. */
    assert_int_not_equal(task_of(f, f->boss, record, "c"), 0);
    assert_int_equal(count(f, OPEN_TASKS, record), 1);
    approve(f, f->boss, record, "c");
    assert_string_equal(state_of(f, record), "running");
    assert_int_equal(incidents(f, record, "flow.fault.deadlock"), 1);
}

static void A1_the_result_is_a_variable_and_rejection_may_go_on(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f,
           PROCESS(START "<b:userTask id=\"a\" t:on-reject=\"continue\">" WITH(
               BY("li")) "</b:userTask>" XOR_OR("x", "h") USER("b", BY("boss"))
                       END FLOW("f", "start", "a") FLOW("f1", "a", "x")
                           IF("g", "x", "b", "result == 'rejected'")
                               FLOW("h", "x", "end") FLOW("i", "b", "end")));
    record = submit(f, f->zhang, X);
    ok(f, decide(f, f->li, task_of(f, f->li, record, "a"), DECISION_REJECT));
    assert_string_equal(state_of(f, record), "running");
    approve(f, f->boss, record, "b");
    assert_string_equal(state_of(f, record), "approved");
    record = submit(f, f->zhang, X);
    approve(f, f->li, record, "a");
    assert_string_equal(state_of(f, record), "approved");
}

static void an_end_may_say_that_it_is_a_rejection(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f, PROCESS(START USER("a", BY("li")) "<b:endEvent id=\"no\""
                                                " t:result=\"rejected\"/>" FLOW(
                                                    "f", "start", "a")
                                                    FLOW("g", "a", "no")));
    record = submit(f, f->zhang, X);
    approve(f, f->li, record, "a");
    assert_string_equal(state_of(f, record), "rejected");
    assert_string_equal(record_state(f, record), "rejected");
}

static void R2_a_refused_text_leaves_the_old_version_in_force(void **s)
{
    struct fixture *f = *s;
    const struct flow_definition *definition;
    static const char bad[] = PROCESS(START);
    static const char lua[] =
        PROCESS(START XOR_OR("x", "h") END FLOW("f", "start", "x")
                    IF("g", "x", "end", "record. >") FLOW("h", "x", "end"));
    static const char field[] = PROCESS(START USER(
        "a", "<t:participant field=\"amount\"/>") FLOW("f", "start", "a"));

    deploy(f, PROCESS(START END FLOW("f", "start", "end")));
    ok(f, flow_find(&definition, &f->ctx, "p"));
    assert_int_equal(definition->version, 1);
    assert_int_equal(flow_deploy(&f->ctx, "p.bpmn", NULL, bad, strlen(bad)),
                     E_INVALID);
    assert_int_equal(flow_deploy(&f->ctx, "p.bpmn", NULL, lua, strlen(lua)),
                     E_INVALID);
    ctx_clear(&f->ctx);
    assert_int_equal(flow_deploy(&f->ctx, "p.bpmn", NULL, field, strlen(field)),
                     E_INVALID);
    told(f, "flow.bpmn.field");
    ok(f, flow_find(&definition, &f->ctx, "p"));
    assert_int_equal(definition->version, 1);
    /* The same bytes again are no new version. */
    deploy(f, PROCESS(START END FLOW("f", "start", "end")));
    ok(f, flow_find(&definition, &f->ctx, "p"));
    assert_int_equal(definition->version, 1);
    assert_string_equal(definition->xml,
                        PROCESS(START END FLOW("f", "start", "end")));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, site_up, site_down)
    const struct CMUnitTest tests[] = {
        CASE(T1_tokens_tasks_and_history_are_rows_of_one_transaction),
        CASE(T2_an_instance_ends_when_its_scope_has_no_token_left),
        CASE(T3_flows_without_gateway_split_and_do_not_join),
        CASE(T4_every_true_flow_is_taken_the_default_if_none_is),
        CASE(T4_none_true_and_no_default_waits_with_an_incident),
        CASE(T5_a_loop_without_a_task_ends_in_an_incident),
        CASE(T5_G2_tokens_left_at_a_join_raise_an_incident),
        CASE(T6_a_commit_of_an_old_version_loses),
        CASE(T7_a_failing_service_is_undone_and_the_decision_stands),
        CASE(T7_a_failing_condition_stops_its_own_branch_only),
        CASE(T7_a_missing_module_service_waits),
        CASE(A1_the_result_is_a_variable_and_rejection_may_go_on),
        CASE(A2_an_async_service_runs_as_a_job),
        CASE(A2_a_script_sets_variables_that_conditions_read),
        CASE(A2_a_script_that_fails_or_loops_waits_with_an_incident),
        CASE(G1_the_first_true_flow_in_document_order_is_taken),
        CASE(G1_a_condition_that_is_no_truth_value_is_refused),
        CASE(G1_merging_passes_each_token_on),
        CASE(G2_a_join_waits_for_each_flow_and_counts_per_flow),
        CASE(an_end_may_say_that_it_is_a_rejection),
        CASE(R2_a_refused_text_leaves_the_old_version_in_force),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
