/*
 * test_outcomes.c - what the words of approvals mean: rejection, return,
 * withdrawal, copies, and who may read what.
 */
#include "base/banned.h"

#include "flow/flow_site.h"

/* ---- rejection, return, withdrawal ---- */

static void a_rejection_ends_the_instance_and_the_applicant_is_told(void **s)
{
    struct fixture *f = *s;
    int64_t record, before;

    deploy(f, PROCESS(START END AND("x") USER("a", BY("li")) USER("b", BY("he"))
                          FLOW("f", "start", "x") FLOW("g", "x", "a")
                              FLOW("h", "x", "b") FLOW("i", "a", "end")
                                  FLOW("j", "b", "end")));
    record = submit(f, f->zhang, X);
    before = unread(f, f->zhang);
    ok(f, decide(f, f->li, task_of(f, f->li, record, "a"), DECISION_REJECT));
    assert_string_equal(state_of(f, record), "rejected");
    assert_string_equal(record_state(f, record), "rejected");
    assert_int_equal(count(f, OPEN_TASKS, record), 0);
    assert_int_equal(count(f, TOKENS, record), 0);
    assert_int_equal(unread(f, f->zhang), before + 1);
    /* It is over: nothing sends it again. */
    {
        struct record *again;

        as(f, f->zhang);
        assert_int_equal(flow_submit(&again, &f->ctx, request(f), record, 0,
                                     NULL, operation(f)),
                         E_CONFLICT);
        told(f, "flow.over");
    }
}

static void R56_a_return_cancels_what_is_open_and_walks_again(void **s)
{
    struct fixture *f = *s;
    struct record *again;
    int64_t record, other;

    deploy(f, PROCESS(START END AND("x") USER("a", BY("li")) USER("b", BY("he"))
                          AND("y") FLOW("f", "start", "x") FLOW("g", "x", "a")
                              FLOW("h", "x", "b") FLOW("i", "a", "y")
                                  FLOW("j", "b", "y") FLOW("k", "y", "end")));
    record = submit(f, f->zhang, X);
    other = task_of(f, f->he, record, "b");
    ok(f, decide(f, f->li, task_of(f, f->li, record, "a"), DECISION_RETURN));
    assert_string_equal(task_state(f, other), "canceled");
    assert_string_equal(state_of(f, record), "returned");
    assert_int_equal(decide(f, f->he, other, DECISION_APPROVE), E_CONFLICT);
    as(f, f->zhang);
    ok(f,
       flow_submit(&again, &f->ctx, request(f), record, 0, NULL, operation(f)));
    /* Both branches, from the start; the join counts anew. */
    approve(f, f->he, record, "b");
    approve(f, f->li, record, "a");
    assert_string_equal(state_of(f, record), "approved");
}

static void R55_the_initiator_withdraws_until_somebody_decided(void **s)
{
    struct fixture *f = *s;
    struct record *again;
    int64_t record, task;

    deploy(f, TWO);
    record = submit(f, f->zhang, X);
    task = task_of(f, f->li, record, "a");
    as(f, f->wang);
    assert_int_equal(flow_withdraw(&f->ctx, record, operation(f)), E_FORBIDDEN);
    as(f, f->zhang);
    ok(f, flow_withdraw(&f->ctx, record, operation(f)));
    assert_string_equal(state_of(f, record), "draft");
    assert_string_equal(record_state(f, record), "draft");
    assert_string_equal(task_state(f, task), "withdrawn");
    assert_int_equal(decide(f, f->li, task, DECISION_APPROVE), E_CONFLICT);
    told(f, "flow.task.over");
    /* A draft again: who was asked no longer reads it. */
    as(f, f->li);
    assert_int_equal(count(f,
                           "SELECT COUNT(*) FROM access_reader"
                           " WHERE record = ?1",
                           record),
                     0);
    as(f, f->zhang);
    ok(f, record_update(&again, &f->ctx, request(f), record, 0,
                        json(f, "{\"purpose\":\"second try\"}")));
    ok(f,
       flow_submit(&again, &f->ctx, request(f), record, 0, NULL, operation(f)));
    assert_int_equal(again->id, record);
    assert_int_equal(count(f,
                           "SELECT COUNT(*) FROM flow_instance"
                           " WHERE record = ?1 AND round = 2",
                           record),
                     1);
    approve(f, f->li, record, "a");
    as(f, f->zhang);
    assert_int_equal(flow_withdraw(&f->ctx, record, operation(f)), E_CONFLICT);
    told(f, "flow.decided");
}

static void a_returned_application_may_be_withdrawn(void **s)
{
    struct fixture *f = *s;
    int64_t record;

    deploy(f, TWO);
    record = submit(f, f->zhang, X);
    ok(f, decide(f, f->li, task_of(f, f->li, record, "a"), DECISION_RETURN));
    as(f, f->zhang);
    ok(f, flow_withdraw(&f->ctx, record, operation(f)));
    assert_string_equal(record_state(f, record), "draft");
    assert_int_equal(count(f, OPEN_TASKS, record), 0);
    as(f, f->ada);
    ok(f, record_delete(&f->ctx, request(f), record, 0));
}

static void a_draft_is_checked_whole_when_it_is_submitted(void **s)
{
    struct fixture *f = *s;
    struct record *record, *other;

    deploy(f, TWO);
    as(f, f->zhang);
    ok(f, record_create(&record, &f->ctx, request(f),
                        json(f, "{\"amount\":\"7\"}"), "draft"));
    assert_int_equal(flow_submit(&other, &f->ctx, request(f), record->id, 0,
                                 NULL, operation(f)),
                     E_INVALID);
    assert_string_equal(f->ctx.problems->field, "purpose");
    assert_string_equal(record_state(f, record->id), "draft");
    as(f, f->wang);
    assert_int_not_equal(flow_submit(&other, &f->ctx, request(f), record->id, 0,
                                     json(f, X), operation(f)),
                         0);
    as(f, f->zhang);
    ok(f, flow_submit(&other, &f->ctx, request(f), record->id, 0, json(f, X),
                      operation(f)));
    assert_string_equal(other->state, "running");
}

static void a_record_made_by_hand_is_a_draft(void **s)
{
    struct fixture *f = *s;
    struct record *record;

    deploy(f, TWO);
    as(f, f->zhang);
    ok(f, record_create(&record, &f->ctx, request(f), json(f, X), NULL));
    assert_string_equal(record_state(f, record->id), "draft");
}

/* ---- copies (5.12) ---- */

static void R512_copies_at_a_node_and_at_the_end_one_per_person(void **s)
{
    struct fixture *f = *s;
    struct task **tasks;
    int64_t record, n;
    size_t many;

    deploy(f, HEAD
           "<b:process id=\"p\" isExecutable=\"true\" t:form=\"request\">" WITH(
               "<t:cc role=\"finance\"/><t:cc user=\"zhang\"/>")
               START END USER("a", BY("li") "<t:cc user=\"chen\"/>") USER(
                   "b", BY("boss")) FLOW("f", "start", "a") FLOW("g", "a", "b")
                   FLOW("h", "b", "end") "</b:process></b:definitions>");
    record = submit(f, f->zhang, X);
    as(f, f->chen);
    ok(f, flow_box_count(&n, &f->ctx, BOX_COPIED));
    assert_int_equal(n, 0);
    approve(f, f->li, record, "a");
    as(f, f->chen);
    ok(f, flow_box_count(&n, &f->ctx, BOX_COPIED));
    assert_int_equal(n, 1);
    approve(f, f->boss, record, "b");
    as(f, f->chen);
    ok(f, flow_box(&tasks, &many, &f->ctx, BOX_COPIED, 20, 0));
    assert_int_equal(many, 1);
    assert_int_equal(tasks[0]->record, record);
    /* A copy gives the right to read, no more. */
    {
        struct record *seen;

        as(f, f->liu);
        ok(f, record_get(&seen, &f->ctx, request(f), record));
        assert_int_not_equal(record_delete(&f->ctx, request(f), record, 0), 0);
    }
    /* The applicant needs no copy. */
    as(f, f->zhang);
    ok(f, flow_box_count(&n, &f->ctx, BOX_COPIED));
    assert_int_equal(n, 0);
}

/* ---- reading ---- */

static void the_four_boxes_show_what_is_whose(void **s)
{
    struct fixture *f = *s;
    struct task **tasks;
    int64_t record, n, next;
    size_t many;

    deploy(f, TWO);
    record = submit(f, f->zhang, X);
    as(f, f->li);
    ok(f, flow_box(&tasks, &many, &f->ctx, BOX_TO_DO, 20, 0));
    assert_int_equal(many, 1);
    assert_string_equal(tasks[0]->title, "x");
    assert_string_equal(tasks[0]->node_name, "a");
    assert_int_equal(tasks[0]->initiator, f->zhang);
    ok(f, flow_next_task(&next, &f->ctx, 0));
    assert_int_equal(next, tasks[0]->id);
    ok(f, flow_next_task(&next, &f->ctx, tasks[0]->id));
    assert_int_equal(next, 0);
    as(f, f->zhang);
    ok(f, flow_box(&tasks, &many, &f->ctx, BOX_MINE, 20, 0));
    assert_int_equal(many, 1);
    assert_string_equal(tasks[0]->state, "running");
    assert_string_equal(tasks[0]->node, "a");
    approve(f, f->li, record, "a");
    as(f, f->li);
    ok(f, flow_box_count(&n, &f->ctx, BOX_TO_DO));
    assert_int_equal(n, 0);
    ok(f, flow_box_count(&n, &f->ctx, BOX_DONE));
    assert_int_equal(n, 1);
    approve(f, f->chen, record, "b");
    /* The other holder did not decide: it is in no box. */
    as(f, f->liu);
    ok(f, flow_box_count(&n, &f->ctx, BOX_TO_DO));
    assert_int_equal(n, 0);
    ok(f, flow_box_count(&n, &f->ctx, BOX_DONE));
    assert_int_equal(n, 0);
}

static void a_task_is_read_by_holder_initiator_copied_and_administrator(
    void **s)
{
    struct fixture *f = *s;
    struct record *record;
    struct task *task;
    int64_t id, held;

    deploy(f, TWO);
    id = submit(f, f->zhang, X);
    held = task_of(f, f->li, id, "a");
    as(f, f->li);
    ok(f, flow_task_get(&task, &record, &f->ctx, held));
    assert_int_equal(record->id, id);
    as(f, f->zhang);
    ok(f, flow_task_get(&task, &record, &f->ctx, held));
    as(f, f->ada);
    ok(f, flow_task_get(&task, &record, &f->ctx, held));
    as(f, f->wang);
    assert_int_equal(flow_task_get(&task, &record, &f->ctx, held), E_NOT_FOUND);
    as(f, f->chen);
    assert_int_equal(flow_task_get(&task, &record, &f->ctx, held), E_NOT_FOUND);
}

static const struct value *node_at(const struct value *status, size_t i)
{
    return value_at(value_get(status, "nodes"), i);
}

static void the_path_shows_who_decided_who_is_asked_and_who_comes(void **s)
{
    struct fixture *f = *s;
    struct value *status;
    int64_t record;

    deploy(f, PROCESS(START END USER("a", BY("li")) XOR_OR("x", "k")
                          USER("m", ROLE("manager")) USER("b", ROLE("finance"))
                              FLOW("f", "start", "a") FLOW("g", "a", "x")
                                  IF("h", "x", "m", "record.amount > 5000")
                                      FLOW("k", "x", "b") FLOW("l", "m", "b")
                                          FLOW("n", "b", "end")));
    record = submit(f, f->zhang, "{\"purpose\":\"x\",\"amount\":\"6000\"}");
    as(f, f->zhang);
    ok(f, flow_status(&status, &f->ctx, record));
    assert_string_equal(value_get_text(status, "state"), "running");
    assert_int_equal(value_count(value_get(status, "nodes")), 5);
    assert_string_equal(value_get_text(node_at(status, 0), "status"), "passed");
    assert_string_equal(value_get_text(node_at(status, 1), "id"), "a");
    assert_string_equal(value_get_text(node_at(status, 1), "status"),
                        "current");
    assert_string_equal(value_get_text(node_at(status, 2), "id"), "m");
    assert_string_equal(value_get_text(node_at(status, 2), "status"),
                        "to_come");
    assert_int_equal(value_count(value_get(node_at(status, 3), "people")), 2);
    assert_string_equal(value_get_text(node_at(status, 4), "kind"), "end");
    assert_true(value_get_bool(value_get(status, "may"), "withdraw"));
    assert_false(value_get_bool(value_get(status, "may"), "resubmit"));
    record = submit(f, f->zhang, "{\"purpose\":\"x\",\"amount\":\"5000\"}");
    ok(f, flow_status(&status, &f->ctx, record));
    assert_int_equal(value_count(value_get(status, "nodes")), 4);
    ok(f, decide(f, f->li, task_of(f, f->li, record, "a"), DECISION_REJECT));
    ok(f, flow_status(&status, &f->ctx, record));
    assert_int_equal(value_count(value_get(status, "nodes")), 3);
    assert_string_equal(value_get_text(node_at(status, 1), "outcome"),
                        "rejected");
    assert_string_equal(value_get_text(node_at(status, 2), "outcome"),
                        "rejected");
    ok(f, flow_status(&status, &f->ctx, 1));
    assert_true(value_is_null(status));
}

static void a_comment_is_text_of_a_bounded_length(void **s)
{
    struct fixture *f = *s;
    char *longer = arena_alloc(f->arena, 4002);
    int64_t record, task;

    deploy(f, TWO);
    record = submit(f, f->zhang, X);
    task = task_of(f, f->li, record, "a");
    memset(longer, 'a', 4001);
    as(f, f->li);
    assert_int_equal(flow_decide(&f->ctx, task, DECISION_APPROVE, longer, "c1"),
                     E_INVALID);
    told(f, "flow.comment.long");
    ctx_clear(&f->ctx);
    assert_int_equal(flow_decide(&f->ctx, task, DECISION_APPROVE, "\xff", "c2"),
                     E_INVALID);
    told(f, "flow.comment.text");
    ctx_clear(&f->ctx);
    ok(f, flow_decide(&f->ctx, task, DECISION_APPROVE, "  ", "c3"));
    assert_int_equal(count(f,
                           "SELECT COUNT(*) FROM flow_task WHERE id = ?1"
                           " AND comment IS NULL",
                           task),
                     1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, site_up, site_down)
    const struct CMUnitTest tests[] = {
        CASE(a_rejection_ends_the_instance_and_the_applicant_is_told),
        CASE(R56_a_return_cancels_what_is_open_and_walks_again),
        CASE(R55_the_initiator_withdraws_until_somebody_decided),
        CASE(a_returned_application_may_be_withdrawn),
        CASE(a_draft_is_checked_whole_when_it_is_submitted),
        CASE(a_record_made_by_hand_is_a_draft),
        CASE(R512_copies_at_a_node_and_at_the_end_one_per_person),
        CASE(the_four_boxes_show_what_is_whose),
        CASE(a_task_is_read_by_holder_initiator_copied_and_administrator),
        CASE(the_path_shows_who_decided_who_is_asked_and_who_comes),
        CASE(a_comment_is_text_of_a_bounded_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
