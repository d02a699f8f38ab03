/*
 * test_work.c - hooks, outbox, jobs, incidents, live events.
 */
#include "base/banned.h"

#include "store/store_site.h"

#include "base/crypto.h"
#include "base/value.h"
#include "event/hook.h"
#include "event/job.h"
#include "event/live.h"
#include "event/outbox.h"

extern const struct migration event_migrations[];

/* What the subscribers, jobs and hooks below note. */
static char notes[256];
static int failures; /* how many calls still fail */

static void note(const char *text)
{
    size_t length = strlen(notes);

    snprintf(notes + length, sizeof notes - length, "%s ", text);
}

static int hear(struct ctx *ctx, const char *key, const char *topic,
                int64_t subject, const struct value *data, void *payload)
{
    char text[64];

    assert_true(key[0] != '\0');
    if (strcmp(payload, "flaky") == 0 && failures > 0) {
        failures--;
        return fail(ctx, E_IO, "test.failed", "the listener failed");
    }
    snprintf(text, sizeof text, "%s:%s:%d:%s", (const char *)payload, topic,
             (int)subject, data ? value_get_text(data, "x") : "-");
    note(text);
    return 0;
}

/* Takes six seconds. */
static int hear_slowly(struct ctx *ctx, const char *key, const char *topic,
                       int64_t subject, const struct value *data, void *payload)
{
    clock_set(clock_now() + 6000);
    return hear(ctx, key, topic, subject, data, payload);
}

/* Takes so long that another process has the delivery when it is done. */
static int hear_too_late(struct ctx *ctx, const char *key, const char *topic,
                         int64_t subject, const struct value *data,
                         void *payload)
{
    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(
        db_exec(ctx, "UPDATE event_delivery SET lease = lease + 75000", ""), 0);
    assert_int_equal(tx_commit(ctx), 0);
    return hear(ctx, key, topic, subject, data, payload);
}

static int work(struct ctx *ctx, const struct job *job)
{
    (void)ctx;
    if (failures > 0) {
        failures--;
        return fail(ctx, E_IO, "test.failed", "the job failed");
    }
    note(job->data ? value_get_text(job->data, "x") : "run");
    return 0;
}

static int leave_open(struct ctx *ctx, const struct job *job)
{
    (void)job;
    return tx_begin(ctx, "forgotten");
}

static bool wants_b(const struct value *data, void *payload)
{
    assert_string_equal(payload, "chooser");
    return text_equal(value_get_text(data, "x"), "b");
}

static void subscribe(const char *topic, const char *name, outbox_call call)
{
    outbox_subscribe(&(struct outbox_subscriber){
        .topic = topic, .name = name, .call = call, .payload = (void *)name });
}

static int set_up(void **state)
{
    static bool registered;
    struct fixture *fixture;

    setup_memory(state);
    fixture = *state;
    if (migrate(&fixture->ctx, event_migrations))
        return -1;
    if (!registered) {
        job_register(&(struct job_kind){ .kind = "test", .call = work });
        job_register(&(struct job_kind){
            .kind = "open", .call = leave_open, .attempts = 1 });
        subscribe("saved", "steady", hear);
        subscribe("saved", "flaky", hear);
        subscribe("other", "lonely", hear);
        subscribe("away", "gone", NULL);
        subscribe("back", "here", hear);
        subscribe("slow", "slow", hear_slowly);
        subscribe("late", "late", hear_too_late);
        subscribe("later", "flaky", hear_too_late);
        subscribe("both", "late one", hear_too_late);
        subscribe("both", "other one", hear);
        outbox_subscribe(&(struct outbox_subscriber){ .topic = "chosen",
                                                      .name = "chooser",
                                                      .call = hear,
                                                      .wants = wants_b,
                                                      .payload = "chooser" });
    }
    registered = true;
    notes[0] = '\0';
    failures = 0;
    clock_set(1800000000000);
    return 0;
}

static int tear_down(void **state)
{
    clock_set(0);
    return teardown(state);
}

static struct value *data_of(struct ctx *ctx, const char *text)
{
    struct value *map = value_map(ctx->arena);

    value_set_text(map, "x", text);
    return map;
}

static int64_t number(struct ctx *ctx, const char *sql)
{
    int64_t out = -1;

    assert_int_equal(db_int(&out, ctx, sql, ""), 0);
    return out;
}

static void put(struct ctx *ctx, const char *topic, const char *text,
                bool commit)
{
    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(outbox_put(ctx, topic, 7, data_of(ctx, text)), 0);
    if (commit)
        assert_int_equal(tx_commit(ctx), 0);
    else
        tx_rollback(ctx);
}

static void every_subscriber_of_a_topic_hears_once(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    put(ctx, "saved", "a", true);
    assert_int_equal(outbox_deliver(ctx, 10), 2);
    assert_string_equal(notes, "steady:saved:7:a flaky:saved:7:a ");
    assert_int_equal(outbox_deliver(ctx, 10), 0);
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_outbox"), 0);
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_delivery"), 0);
}

static void what_was_rolled_back_is_told_to_nobody(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    put(ctx, "saved", "a", false);
    assert_int_equal(outbox_deliver(ctx, 10), 0);
    assert_string_equal(notes, "");
}

static void a_topic_that_nobody_hears_leaves_no_row(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    put(ctx, "silence", "a", true);
    assert_int_equal(outbox_deliver(ctx, 10), 0);
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_outbox"), 0);
}

static void a_failed_delivery_repeats_alone_after_a_while(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t due;

    failures = 1;
    put(ctx, "saved", "a", true);
    outbox_deliver(ctx, 10);
    assert_string_equal(notes, "steady:saved:7:a ");
    assert_int_equal(outbox_deliver(ctx, 10), 0);
    assert_int_equal(outbox_next_due(&due, ctx), 0);
    assert_in_range(due, 1800000005000, 1800000006250);
    clock_set(due);
    assert_int_equal(outbox_deliver(ctx, 10), 1);
    assert_string_equal(notes, "steady:saved:7:a flaky:saved:7:a ");
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_outbox"), 0);
}

static void what_takes_long_is_settled_before_all_of_it_is_told(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    put(ctx, "slow", "a", true);
    put(ctx, "slow", "b", true);
    put(ctx, "slow", "c", true);
    outbox_deliver(ctx, 10);
    assert_string_equal(notes, "slow:slow:7:a slow:slow:7:b ");
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_delivery"), 1);
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_delivery WHERE "
                                 "state = 0 AND attempt = 0"),
                     1);
    assert_int_equal(outbox_deliver(ctx, 10), 1);
    assert_string_equal(notes, "slow:slow:7:a slow:slow:7:b slow:slow:7:c ");
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_outbox"), 0);
}

static void what_another_process_took_over_is_that_ones_to_settle(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    static const char *const topics[] = { "late", "later", "both" };
    size_t i;

    for (i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        failures = 1; /* of the one that is flaky */
        put(ctx, topics[i], "a", true);
        outbox_deliver(ctx, 10);
        assert_int_equal(number(ctx, "SELECT count(*) FROM event_delivery "
                                     "WHERE state = 1 AND attempt = 1"),
                         i + 1 + (i == 2));
        assert_int_equal(number(ctx, "SELECT count(*) FROM event_outbox"),
                         i + 1);
    }
}

static void a_delivery_that_never_succeeds_is_an_incident(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    struct value *list;
    int i;

    failures = 100;
    put(ctx, "saved", "a", true);
    for (i = 0; i < 10; i++) {
        outbox_deliver(ctx, 10);
        clock_set(clock_now() + 3600 * 1000 * 2);
    }
    assert_int_equal(failures, 95);
    assert_int_equal(incident_list(&list, ctx, true, 10, 0), 0);
    assert_int_equal(value_count(list), 1);
    assert_string_equal(value_get_text(value_at(list, 0), "kind"), "delivery");
    failures = 0;
    assert_int_equal(incident_retry(ctx, value_get_id(value_at(list, 0), "id")),
                     0);
    assert_int_equal(outbox_deliver(ctx, 10), 1);
    assert_int_equal(incident_list(&list, ctx, true, 10, 0), 0);
    assert_int_equal(value_count(list), 0);
}

static void a_subscriber_is_told_of_what_it_wants(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    put(ctx, "chosen", "a", true);
    put(ctx, "chosen", "b", true);
    assert_int_equal(outbox_deliver(ctx, 10), 1);
    assert_string_equal(notes, "chooser:chosen:7:b ");
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_outbox"), 0);
}

/* The same rows in a process in which the subscriber is. */
static void it_comes_back(struct ctx *ctx)
{
    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(db_exec(ctx, "UPDATE event_outbox SET topic = 'back'", ""),
                     0);
    assert_int_equal(
        db_exec(ctx, "UPDATE event_delivery SET subscriber = 'here'", ""), 0);
    assert_int_equal(tx_commit(ctx), 0);
}

static void what_is_for_one_who_is_away_is_held(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t due, held;

    put(ctx, "away", "a", true);
    put(ctx, "away", "b", true);
    assert_int_equal(outbox_deliver(ctx, 10), 0);
    assert_int_equal(outbox_next_due(&due, ctx), 0);
    assert_true(due == INT64_MAX);
    assert_int_equal(outbox_held(&held, ctx, "gone"), 0);
    assert_int_equal(held, 2);
    it_comes_back(ctx);
    assert_int_equal(outbox_next_due(&due, ctx), 0);
    assert_true(due == clock_now());
    assert_int_equal(outbox_deliver(ctx, 1), 1);
    assert_string_equal(notes, "here:back:7:a ");
    assert_int_equal(outbox_deliver(ctx, 10), 1);
    assert_string_equal(notes, "here:back:7:a here:back:7:b ");
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_outbox"), 0);
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_delivery"), 0);
}

static void what_is_held_is_forgotten_with_its_subscriber(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    put(ctx, "away", "a", true);
    put(ctx, "saved", "b", true);
    failures = 1;
    assert_int_equal(outbox_deliver(ctx, 10), 2);
    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(outbox_forget(ctx, "gone"), 0);
    assert_int_equal(tx_commit(ctx), 0);
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_outbox"), 1);
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_delivery"), 1);
}

static void add_job(struct ctx *ctx, const char *kind, const char *text,
                    int64_t due, const char *unique)
{
    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(
        job_add(ctx, kind, text ? data_of(ctx, text) : NULL, due, unique), 0);
    assert_int_equal(tx_commit(ctx), 0);
}

static void a_job_runs_when_it_is_due(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t due;

    add_job(ctx, "test", "now", 0, NULL);
    add_job(ctx, "test", "later", clock_now() + 60000, NULL);
    assert_int_equal(job_run_due(ctx, 10, &due), 1);
    assert_string_equal(notes, "now ");
    assert_true(due == 1800000060000);
    clock_set(due);
    assert_int_equal(job_run_due(ctx, 10, &due), 1);
    assert_string_equal(notes, "now later ");
    assert_true(due == INT64_MAX);
}

static void a_unique_job_waits_once(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t due;

    add_job(ctx, "test", "a", 0, "k");
    add_job(ctx, "test", "b", 0, "k");
    add_job(ctx, "test", "c", 0, "other");
    assert_int_equal(job_run_due(ctx, 10, &due), 2);
    add_job(ctx, "test", "d", 0, "k");
    assert_int_equal(job_run_due(ctx, 10, &due), 1);
}

static void a_job_that_fails_to_the_end_is_an_incident(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    struct value *list;
    int64_t due, id;
    int i;

    failures = 100;
    add_job(ctx, "test", "a", 0, NULL);
    for (i = 0; i < 8; i++) {
        assert_true(job_run_due(ctx, 10, &due) >= 0);
        clock_set(clock_now() + 2 * 3600 * 1000);
    }
    assert_int_equal(failures, 95);
    assert_int_equal(incident_list(&list, ctx, true, 10, 0), 0);
    assert_int_equal(value_count(list), 1);
    failures = 0;
    id = number(ctx, "SELECT job FROM event_incident");
    assert_int_equal(job_retry(ctx, id), 0);
    assert_int_equal(job_run_due(ctx, 10, &due), 1);
    assert_string_equal(notes, "a ");
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_job"), 0);
    assert_int_equal(
        number(ctx, "SELECT count(*) FROM event_incident WHERE state = 0"), 0);
}

static void a_schedule_waits_again_after_each_run(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t due;
    int i;

    for (i = 0; i < 3; i++)
        assert_int_equal(job_schedule(ctx, "test", 30), 0);
    assert_int_equal(job_run_due(ctx, 10, &due), 1);
    assert_true(due == 1800000030000);
    assert_int_equal(job_schedule(ctx, "test", 30), 0);
    clock_set(due);
    assert_int_equal(job_run_due(ctx, 10, &due), 1);
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_job"), 1);
}

static void what_is_no_schedule_any_more_starts_no_more(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t due;

    assert_int_equal(job_unschedule(ctx, "test"), 0);
    assert_int_equal(job_schedule(ctx, "test", 30), 0);
    add_job(ctx, "test", "once", 0, NULL);
    assert_int_equal(job_unschedule(ctx, "test"), 0);
    assert_int_equal(job_run_due(ctx, 10, &due), 1);
    assert_string_equal(notes, "once ");
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_job"), 0);
}

static void a_job_of_an_absent_module_waits(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t due;

    add_job(ctx, "absent", "a", 0, NULL);
    assert_int_equal(job_run_due(ctx, 10, &due), 0);
    assert_true(due == INT64_MAX);
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_job"), 1);
}

static void a_transaction_that_a_job_forgets_is_undone(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t due;

    add_job(ctx, "open", NULL, 0, NULL);
    assert_int_equal(job_run_due(ctx, 10, &due), 1);
    assert_false(tx_active(ctx));
}

static void a_job_whose_process_died_runs_again_when_its_lease_ends(
    void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t due;

    add_job(ctx, "test", "a", 0, NULL);
    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(db_exec(ctx,
                             "UPDATE event_job SET state = 1, attempt = 1, "
                             "owner = 999999, lease = ?1",
                             "i", clock_now() + 60000),
                     0);
    assert_int_equal(tx_commit(ctx), 0);
    assert_int_equal(job_run_due(ctx, 10, &due), 0);
    clock_set(clock_now() + 60001);
    assert_int_equal(job_run_due(ctx, 10, &due), 1);
    assert_string_equal(notes, "a ");
}

/* ---- hooks ---- */

static int hook_note(struct ctx *ctx, struct record *record, void *payload)
{
    (void)record;
    note(payload);
    if (ctx->module)
        note(ctx->module);
    return 0;
}

static int hook_refuse(struct ctx *ctx, struct record *record, void *payload)
{
    (void)ctx;
    (void)record;
    (void)payload;
    return E_INVALID;
}

static void hooks_run_in_order_and_the_first_refusal_ends_it(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    hook_add(&(struct hook){ .form = "a",
                             .when = HOOK_BEFORE_SAVE,
                             .name = "late",
                             .order = 10,
                             .module = "hello",
                             .call = hook_note,
                             .payload = "late" });
    hook_add(&(struct hook){ .form = "*",
                             .when = HOOK_BEFORE_SAVE,
                             .name = "early",
                             .order = -10,
                             .call = hook_note,
                             .payload = "early" });
    hook_add(&(struct hook){ .form = "b",
                             .when = HOOK_BEFORE_SAVE,
                             .name = "no",
                             .call = hook_refuse });
    hook_add(&(struct hook){ .form = "b",
                             .when = HOOK_BEFORE_SAVE,
                             .name = "never",
                             .order = 1,
                             .call = hook_note,
                             .payload = "never" });
    assert_int_equal(hook_run(ctx, HOOK_BEFORE_SAVE, "a", NULL), 0);
    assert_string_equal(notes, "early late hello ");
    assert_null(ctx->module);
    notes[0] = '\0';
    assert_refused(ctx, hook_run(ctx, HOOK_BEFORE_SAVE, "b", NULL), E_INVALID,
                   "event.hook_failed");
    assert_string_equal(notes, "early ");
    assert_true(hook_any(HOOK_BEFORE_SAVE, "zzz", NULL));
    assert_false(hook_any(HOOK_AFTER_SAVE, "a", NULL));
    hook_add(&(struct hook){ .form = "*",
                             .of_flow = true,
                             .when = HOOK_AFTER_DELETE,
                             .name = "flow",
                             .call = hook_note,
                             .payload = "flow" });
    assert_false(hook_any(HOOK_AFTER_DELETE, "a", NULL));
    assert_true(hook_any(HOOK_AFTER_DELETE, "a", "leave"));
}

static void a_required_hook_that_is_missing_fails_closed(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    assert_false(hook_any(HOOK_BEFORE_DELETE, "guarded", NULL));
    hook_missing(HOOK_BEFORE_SAVE, "guarded", "gone");
    assert_true(hook_any(HOOK_BEFORE_DELETE, "guarded", NULL));
    assert_false(hook_any(HOOK_BEFORE_DELETE, "open", NULL));
    assert_refused(ctx, hook_run(ctx, HOOK_BEFORE_SAVE, "guarded", NULL),
                   E_UNAVAILABLE, "event.module_missing");
    assert_int_equal(hook_run(ctx, HOOK_AFTER_SAVE, "guarded", NULL), 0);
}

/* hook_complete() is for the rest of the process: the last of these. */
static void who_is_missing_hears_after_the_commit(void **state)
{
    (void)state;
    assert_false(hook_any(HOOK_COMMITTED, "told", NULL));
    assert_true(hook_hears("told", NULL)); /* nobody knows yet who comes */
    hook_complete();
    assert_false(hook_hears("told", NULL));
    hook_missing(HOOK_COMMITTED, "told", "gone");
    assert_true(hook_hears("told", NULL));
    assert_false(hook_hears("untold", NULL));
    assert_true(hook_of("gone", HOOK_COMMITTED, "told"));
    assert_false(hook_of("gone", HOOK_COMMITTED, "untold"));
    assert_false(hook_of("hello", HOOK_COMMITTED, "told"));
    assert_true(hook_of("hello", HOOK_BEFORE_SAVE, "a"));
}

/* ---- live events ---- */

static void transport(const char *kind, int64_t user, const char *topic)
{
    char text[64];

    snprintf(text, sizeof text, "%s:%d:%s", kind, (int)user, topic);
    note(text);
}

static void live_events_leave_after_the_commit_and_once(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    live_transport_set(transport);
    assert_int_equal(tx_begin(ctx, "test"), 0);
    live_send(ctx, 1, "tasks");
    live_send(ctx, 1, "tasks");
    live_send(ctx, 2, "tasks");
    assert_int_equal(tx_begin(ctx, "inner"), 0);
    live_send(ctx, 3, "undone");
    tx_rollback(ctx);
    assert_string_equal(notes, "");
    assert_int_equal(tx_commit(ctx), 0);
    assert_string_equal(notes, "event:1:tasks event:2:tasks ");
    notes[0] = '\0';
    live_send(ctx, 1, "tasks");
    live_send(ctx, 1, "tasks");
    assert_string_equal(notes, "event:1:tasks event:1:tasks ");
    notes[0] = '\0';
    live_end(ctx, 5, "abc");
    assert_string_equal(notes, "end:5:abc ");
    live_transport_set(NULL);
}

int main(void)
{
#define event_test(name)                                                       \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        event_test(every_subscriber_of_a_topic_hears_once),
        event_test(what_was_rolled_back_is_told_to_nobody),
        event_test(a_topic_that_nobody_hears_leaves_no_row),
        event_test(a_failed_delivery_repeats_alone_after_a_while),
        event_test(what_takes_long_is_settled_before_all_of_it_is_told),
        event_test(what_another_process_took_over_is_that_ones_to_settle),
        event_test(a_delivery_that_never_succeeds_is_an_incident),
        event_test(a_subscriber_is_told_of_what_it_wants),
        event_test(what_is_for_one_who_is_away_is_held),
        event_test(what_is_held_is_forgotten_with_its_subscriber),
        event_test(a_job_runs_when_it_is_due),
        event_test(a_unique_job_waits_once),
        event_test(a_job_that_fails_to_the_end_is_an_incident),
        event_test(a_schedule_waits_again_after_each_run),
        event_test(what_is_no_schedule_any_more_starts_no_more),
        event_test(a_job_of_an_absent_module_waits),
        event_test(a_transaction_that_a_job_forgets_is_undone),
        event_test(a_job_whose_process_died_runs_again_when_its_lease_ends),
        event_test(hooks_run_in_order_and_the_first_refusal_ends_it),
        event_test(a_required_hook_that_is_missing_fails_closed),
        event_test(who_is_missing_hears_after_the_commit),
        event_test(live_events_leave_after_the_commit_and_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
