/*
 * test_approvals.c - what the words of approvals mean: who gets a task, what
 * a decision does.
 */
#include "base/banned.h"

#include "flow/flow_site.h"

#include "audit/audit.h"

/* ---- who (5.2, 5.9) ---- */

static void P2_named_user_role_head_manager_and_field_are_asked(void **s)
{
    struct fixture *f = *s;
    int64_t record;
    const char *values;

    deploy(f, ONE(BY("he")));
    assert_int_not_equal(task_of(f, f->he, submit(f, f->zhang, X), "a"), 0);
    deploy(f, ONE(ROLE("finance")));
    record = submit(f, f->zhang, X);
    assert_int_not_equal(task_of(f, f->chen, record, "a"), 0);
    assert_int_not_equal(task_of(f, f->liu, record, "a"), 0);
    deploy(f, ONE("<t:participant head=\"initiator\"/>"));
    assert_int_not_equal(task_of(f, f->li, submit(f, f->zhang, X), "a"), 0);
    deploy(f, ONE("<t:participant manager=\"initiator\"/>"));
    assert_int_not_equal(task_of(f, f->he, submit(f, f->lin, X), "a"), 0);
    deploy(f, ONE("<t:participant field=\"reviewer\"/>"));
    values = arena_printf(f->arena, "{\"purpose\":\"x\",\"reviewer\":\"%lld\"}",
                          (long long)f->wang);
    assert_int_not_equal(task_of(f, f->wang, submit(f, f->zhang, values), "a"),
                         0);
}

static void P3_duplicates_and_disabled_accounts_are_dropped(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    as(f, 0);
    ok(f, user_set_enabled(&f->ctx, f->liu, false));
    deploy(f, ONE(ROLE("finance") BY("chen") BY("liu")));
    record = submit(f, f->zhang, X);
    assert_int_equal(count(f, OPEN_TASKS, record), 1);
    assert_int_not_equal(task_of(f, f->chen, record, "a"), 0);
}

static void P5_nobody_found_gives_it_to_the_role_administrators(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f, ONE(ROLE("empty")));
    record = submit(f, f->zhang, X);
    assert_int_equal(count(f, OPEN_TASKS, record), 1);
    assert_int_not_equal(task_of(f, f->ada, record, "a"), 0);
    deploy(f, ONE(BY("who.is.this")));
    assert_int_not_equal(task_of(f, f->ada, submit(f, f->zhang, X), "a"), 0);
    deploy(f, ONE("<t:participant field=\"reviewer\"/>"));
    assert_int_not_equal(task_of(f, f->ada, submit(f, f->zhang, X), "a"), 0);
    /* The administrator's own application finds nobody at all. */
    record = submit(f, f->ada, X);
    assert_int_not_equal(task_of(f, f->boss, record, "a"), 0);
}

static void P6_a_head_does_not_approve_the_own_application(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f, ONE("<t:participant head=\"initiator\"/>"));
    record = submit(f, f->li, X);
    assert_int_equal(task_of(f, f->li, record, "a"), 0);
    assert_int_not_equal(task_of(f, f->boss, record, "a"), 0);
    /* Nor in a later round. */
    ok(f,
       decide(f, f->boss, task_of(f, f->boss, record, "a"), DECISION_RETURN));
    {
        struct record *again;

        as(f, f->li);
        ok(f, flow_submit(&again, &f->ctx, request(f), record, 0, NULL,
                          operation(f)));
    }
    assert_int_equal(task_of(f, f->li, record, "a"), 0);
    assert_int_not_equal(task_of(f, f->boss, record, "a"), 0);
    /* With others in the role it is theirs. */
    deploy(f, ONE(ROLE("finance")));
    record = submit(f, f->chen, X);
    assert_int_equal(task_of(f, f->chen, record, "a"), 0);
    assert_int_not_equal(task_of(f, f->liu, record, "a"), 0);
    /* The top has no superior: the flow admin. */
    deploy(f, ONE(ROLE("manager")));
    record = submit(f, f->boss, X);
    assert_int_not_equal(task_of(f, f->ada, record, "a"), 0);
}

static void the_list_is_made_at_entry_and_a_new_head_gets_the_next(void **s)
{
    struct fixture *f = *s;
    int64_t first, second;

    deploy(f, ONE("<t:participant head=\"initiator\"/>"));
    first = submit(f, f->zhang, X);
    as(f, 0);
    ok(f, department_update(&f->ctx, f->sales, "Sales", f->company, f->wang));
    second = submit(f, f->zhang, X);
    assert_int_not_equal(task_of(f, f->li, first, "a"), 0);
    assert_int_not_equal(task_of(f, f->wang, second, "a"), 0);
}

/* ---- deciding ---- */

static void I1_a_task_ends_once_and_the_loser_learns_who_was_faster(void **s)
{
    struct fixture *f = *s;
    int64_t record, mine, theirs;

    deploy(f, ONE(ROLE("finance")));
    record = submit(f, f->zhang, X);
    mine = task_of(f, f->chen, record, "a");
    theirs = task_of(f, f->liu, record, "a");
    ok(f, decide(f, f->chen, mine, DECISION_APPROVE));
    assert_string_equal(task_state(f, theirs), "canceled");
    assert_int_equal(decide(f, f->liu, theirs, DECISION_REJECT), E_CONFLICT);
    told(f, "flow.task.handled");
    assert_string_equal(f->ctx.problems->args[0], "chen");
    assert_int_equal(decide(f, f->chen, mine, DECISION_REJECT), E_CONFLICT);
    told(f, "flow.task.handled");
    assert_string_equal(state_of(f, record), "approved");
}

static void I2_a_command_writes_task_history_trail_and_notice_at_once(void **s)
{
    struct fixture *f = *s;
    struct value *entries;
    int64_t record, before;

    deploy(f, TWO);
    record = submit(f, f->zhang, X);
    before = unread(f, f->chen);
    approve(f, f->li, record, "a");
    assert_int_equal(unread(f, f->chen), before + 1);
    ok(f, flow_history(&entries, &f->ctx, record));
    assert_int_equal(value_count(entries), 2);
    assert_string_equal(value_get_text(value_at(entries, 0), "action"),
                        "submitted");
    assert_string_equal(value_get_text(value_at(entries, 1), "action"),
                        "approved");
    assert_string_equal(value_get_text(value_at(entries, 1), "comment"),
                        "because");
    assert_string_equal(value_get_text(value_at(entries, 1), "name"), "li");
    ok(f, audit_read(&entries, &f->ctx, "flow",
                     count(f, "SELECT id FROM flow_instance WHERE record = ?1",
                           record),
                     20));
    assert_string_equal(value_get_text(value_at(entries, 0), "action"),
                        "approve");
}

static void I3_a_task_for_nobody_raises_an_incident(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f, ONE(ROLE("empty")));
    as(f, 0);
    ok(f, department_update(&f->ctx, f->company, "Company", 0, 0));
    record = submit(f, f->ada, X);
    assert_string_equal(state_of(f, record), "running");
    assert_int_equal(count(f, OPEN_TASKS, record), 0);
    assert_int_equal(incidents(f, record, "flow.fault.nobody"), 1);
}

static void I4_a_return_opens_a_new_round_and_old_decisions_stay(void **s)
{
    struct fixture *f = *s;
    struct record *record;
    struct value *entries;
    int64_t id, old;

    deploy(f, TWO);
    id = submit(f, f->zhang, X);
    old = task_of(f, f->li, id, "a");
    ok(f, decide(f, f->li, old, DECISION_APPROVE));
    ok(f, decide(f, f->liu, task_of(f, f->liu, id, "b"), DECISION_RETURN));
    as(f, f->zhang);
    ok(f, flow_submit(&record, &f->ctx, request(f), id, 0,
                      json(f, "{\"purpose\":\"better\"}"), operation(f)));
    assert_int_not_equal(task_of(f, f->li, id, "a"), old);
    assert_string_equal(task_state(f, old), "approved");
    assert_int_equal(count(f,
                           "SELECT round FROM flow_instance"
                           " WHERE record = ?1",
                           id),
                     2);
    ok(f, flow_history(&entries, &f->ctx, id));
    assert_int_equal(value_count(entries), 4);
}

static void I5_one_person_has_one_slot_in_a_visit(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f, ONE(BY("li") BY("li") "<t:participant head=\"initiator\"/>"));
    record = submit(f, f->zhang, X);
    assert_int_equal(count(f, OPEN_TASKS, record), 1);
}

static void I6_a_record_under_way_is_not_changed_by_anybody(void **s)
{
    struct fixture *f = *s;
    struct record *record;
    int64_t id;

    deploy(f, TWO);
    id = submit(f, f->zhang, X);
    as(f, f->zhang);
    assert_int_equal(record_update(&record, &f->ctx, request(f), id, 0,
                                   json(f, "{\"purpose\":\"y\"}")),
                     E_CONFLICT);
    told(f, "flow.locked.running");
    as(f, f->ada);
    assert_int_equal(record_update(&record, &f->ctx, request(f), id, 0,
                                   json(f, "{\"purpose\":\"y\"}")),
                     E_CONFLICT);
    as(f, f->li);
    assert_int_not_equal(record_update(&record, &f->ctx, request(f), id, 0,
                                       json(f, "{\"purpose\":\"y\"}")),
                         0);
    as(f, f->ada);
    assert_int_equal(record_delete(&f->ctx, request(f), id, 0), E_CONFLICT);
    told(f, "flow.locked.delete");
    approve(f, f->li, id, "a");
    approve(f, f->chen, id, "b");
    as(f, f->zhang);
    assert_int_equal(record_update(&record, &f->ctx, request(f), id, 0,
                                   json(f, "{\"purpose\":\"y\"}")),
                     E_CONFLICT);
    told(f, "flow.locked.over");
}

static void I6_returned_the_initiator_writes_and_nobody_else(void **s)
{
    struct fixture *f = *s;
    struct record *record;
    int64_t id, task;

    deploy(f, TWO);
    id = submit(f, f->zhang, X);
    ok(f, decide(f, f->li, task_of(f, f->li, id, "a"), DECISION_RETURN));
    assert_string_equal(record_state(f, id), "returned");
    task = task_of(f, f->zhang, id, "start");
    assert_int_not_equal(task, 0);
    as(f, f->ada);
    assert_int_equal(record_update(&record, &f->ctx, request(f), id, 0,
                                   json(f, "{\"purpose\":\"y\"}")),
                     E_FORBIDDEN);
    told(f, "flow.locked.returned");
    as(f, f->zhang);
    ok(f, record_update(&record, &f->ctx, request(f), id, 0,
                        json(f, "{\"purpose\":\"corrected\"}")));
    assert_string_equal(record_state(f, id), "returned");
    /* It is sent on, not approved. */
    assert_int_equal(decide(f, f->zhang, task, DECISION_APPROVE), E_INVALID);
    told(f, "flow.task.resubmit");
    as(f, f->zhang);
    ok(f, flow_submit(&record, &f->ctx, request(f), id, 0, NULL, operation(f)));
    assert_int_not_equal(task_of(f, f->li, id, "a"), 0);
    assert_int_equal(task_of(f, f->zhang, id, "start"), 0);
}

static void I7_a_running_instance_keeps_its_version(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f, TWO);
    record = submit(f, f->zhang, X);
    deploy(f, ONE(BY("boss")));
    approve(f, f->li, record, "a");
    assert_int_not_equal(task_of(f, f->chen, record, "b"), 0);
    assert_int_not_equal(task_of(f, f->boss, submit(f, f->zhang, X), "a"), 0);
}

static void I8_a_repeat_gives_the_first_answer(void **s)
{
    struct fixture *f = *s;
    struct record *first, *second;
    int64_t task;

    deploy(f, TWO);
    as(f, f->zhang);
    ok(f, flow_submit(&first, &f->ctx, request(f), 0, 0, json(f, X), "same"));
    ok(f, flow_submit(&second, &f->ctx, request(f), 0, 0, json(f, X), "same"));
    assert_int_equal(first->id, second->id);
    task = task_of(f, f->li, first->id, "a");
    as(f, f->li);
    ok(f, flow_decide(&f->ctx, task, DECISION_APPROVE, NULL, "d1"));
    ok(f, flow_decide(&f->ctx, task, DECISION_APPROVE, NULL, "d1"));
    assert_int_equal(count(f, OPEN_TASKS, first->id), 2);
    /* The same id for something else is not the same command. */
    assert_int_equal(flow_decide(&f->ctx, task, DECISION_REJECT, NULL, "d1"),
                     E_CONFLICT);
    told(f, "flow.operation.reused");
    /* Two people may use the same one. */
    as(f, f->zhang);
    ok(f, flow_submit(&second, &f->ctx, request(f), 0, 0, json(f, X), "d1"));
    assert_int_not_equal(first->id, second->id);
}

static void I10_a_refused_command_changes_nothing_and_names_the_rule(void **s)
{
    struct fixture *f = *s;
    int64_t record, task, events;
    static const char history[] =
        "SELECT events FROM flow_instance WHERE record = ?1";

    deploy(f, TWO);
    record = submit(f, f->zhang, X);
    task = task_of(f, f->li, record, "a");
    events = count(f, history, record);
    assert_int_equal(decide(f, f->zhang, task, DECISION_APPROVE), E_FORBIDDEN);
    told(f, "flow.task.not_yours");
    assert_string_equal(task_state(f, task), "active");
    as(f, f->zhang);
    assert_int_equal(flow_withdraw(&f->ctx, record + 1, "w"), E_NOT_FOUND);
    assert_int_equal(count(f, history, record), events);
}

static void S15_only_the_holder_decides_and_strangers_see_nothing(void **s)
{
    struct fixture *f = *s;
    int64_t record, task;

    deploy(f, TWO);
    record = submit(f, f->zhang, X);
    task = task_of(f, f->li, record, "a");
    assert_int_equal(decide(f, f->wang, task, DECISION_APPROVE), E_NOT_FOUND);
    assert_int_equal(decide(f, f->ada, task, DECISION_APPROVE), E_FORBIDDEN);
    assert_int_equal(decide(f, f->zhang, task, DECISION_REJECT), E_FORBIDDEN);
    f->ctx.person = NULL;
    assert_int_equal(
        flow_decide(&f->ctx, task, DECISION_APPROVE, NULL, "nobody"),
        E_SIGN_IN);
    assert_string_equal(task_state(f, task), "active");
}

static void S56_of_a_hundred_decisions_one_wins(void **s)
{
    struct fixture *f = *s;
    int64_t record, task;
    int i, won = 0;

    deploy(f, ONE(BY("li")));
    record = submit(f, f->zhang, X);
    task = task_of(f, f->li, record, "a");
    for (i = 0; i < 100; i++)
        won += decide(f, f->li, task, DECISION_APPROVE) == 0;
    assert_int_equal(won, 1);
    assert_int_equal(count(f,
                           "SELECT COUNT(*) FROM flow_event e JOIN"
                           " flow_instance i ON i.id = e.instance WHERE"
                           " i.record = ?1 AND e.action = 'approved'",
                           record),
                     1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, site_up, site_down)
    const struct CMUnitTest tests[] = {
        CASE(P2_named_user_role_head_manager_and_field_are_asked),
        CASE(P3_duplicates_and_disabled_accounts_are_dropped),
        CASE(P5_nobody_found_gives_it_to_the_role_administrators),
        CASE(P6_a_head_does_not_approve_the_own_application),
        CASE(the_list_is_made_at_entry_and_a_new_head_gets_the_next),
        CASE(I1_a_task_ends_once_and_the_loser_learns_who_was_faster),
        CASE(I2_a_command_writes_task_history_trail_and_notice_at_once),
        CASE(I3_a_task_for_nobody_raises_an_incident),
        CASE(I4_a_return_opens_a_new_round_and_old_decisions_stay),
        CASE(I5_one_person_has_one_slot_in_a_visit),
        CASE(I6_a_record_under_way_is_not_changed_by_anybody),
        CASE(I6_returned_the_initiator_writes_and_nobody_else),
        CASE(I7_a_running_instance_keeps_its_version),
        CASE(I8_a_repeat_gives_the_first_answer),
        CASE(I10_a_refused_command_changes_nothing_and_names_the_rule),
        CASE(S15_only_the_holder_decides_and_strangers_see_nothing),
        CASE(S56_of_a_hundred_decisions_one_wins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
