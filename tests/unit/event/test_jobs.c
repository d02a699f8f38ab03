/*
 * test_jobs.c - which job runs when, how often, and how it ends: priorities,
 * leases, several hosts, transactions of their own, cancelling, schedules.
 */
#include "base/banned.h"

#include "store/store_site.h"

#include "base/value.h"
#include "event/job.h"
#include "event/progress.h"
#include "event/work.h"
#include "store/dialect.h"

extern const struct migration event_migrations[];

#define START INT64_C(1800000000000) /* 2027-01-15 08:00 UTC, a Friday */

static char notes[512];
static int fail_left; /* how many calls still fail */
static bool continues, steals;

static void note(const char *text)
{
    size_t length = strlen(notes);

    snprintf(notes + length, sizeof notes - length, "%s ", text);
}

static int keep(struct ctx *ctx)
{
    int rc = tx_begin(ctx, "test");

    return rc ? rc
              : tx_end(ctx, db_exec(ctx,
                                    "INSERT INTO thing (id, number) "
                                    "VALUES (?1, 0)",
                                    "i", id_next()));
}

/* Another process takes the job that runs. */
static int steal(struct ctx *ctx, int64_t id)
{
    int rc = tx_begin(ctx, "test");

    return rc ? rc
              : tx_end(ctx, db_exec(ctx,
                                    "UPDATE event_job SET host = 'other' "
                                    "WHERE id = ?1",
                                    "i", id));
}

static int work(struct ctx *ctx, const struct job *job)
{
    const char *name = job->data ? value_get_text(job->data, "x") : job->kind;
    int rc = keep(ctx);

    if (!rc && steals)
        rc = steal(ctx, job->id);
    if (rc)
        return rc;
    if (fail_left > 0) {
        fail_left--;
        return fail(ctx, E_IO, "test.failed", "it failed");
    }
    note(name);
    if (continues)
        job_continue();
    return 0;
}

/* It is cancelled while it runs, and asks. */
static int work_cancelled(struct ctx *ctx, const struct job *job)
{
    int rc = job_cancel(ctx, job->id);

    if (!rc)
        rc = job_progress(ctx, 1, 2);
    note(rc == E_TIMEOUT ? "told" : "not told");
    return rc;
}

static int room_cancelled(struct ctx *ctx, const struct value *data)
{
    (void)ctx;
    note(value_get_text(data, "x"));
    return 0;
}

static int work_slowly(struct ctx *ctx, const struct job *job)
{
    (void)ctx;
    (void)job;
    usleep(210 * 1000);
    return 0;
}

static void register_kinds(void)
{
    static const struct job_kind kinds[] = {
        { .kind = "plain", .call = work },
        { .kind = "once", .call = work, .attempts = 1 },
        { .kind = "atomic", .call = work, .attempts = 2, .atomic = true },
        { .kind = "late", .call = work, .priority = JOB_LAST },
        { .kind = "m.one", .module = "m", .call = work, .parallel = 1 },
        { .kind = "n.two", .module = "n", .call = work, .parallel = 2 },
        { .kind = "ends", .call = work_cancelled, .cancelled = room_cancelled },
        { .kind = "stays", .call = work, .stays = true },
        { .kind = "slow", .call = work_slowly },
        { .kind = "daily", .call = work },
    };
    size_t i;

    for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
        job_register(&kinds[i]);
}

static int set_up(void **state)
{
    static bool registered;
    struct fixture *fixture;

    setup_memory(state);
    fixture = *state;
    if (migrate(&fixture->ctx, event_migrations))
        return -1;
    if (!registered)
        register_kinds();
    registered = true;
    notes[0] = '\0';
    fail_left = 0;
    continues = steals = false;
    clock_set(START);
    fixture->ctx.zone = zone_find("Europe/Berlin");
    return 0;
}

static int tear_down(void **state)
{
    clock_set(0);
    return teardown(state);
}

static int64_t number(struct ctx *ctx, const char *sql)
{
    int64_t out = -1;

    assert_int_equal(db_int(&out, ctx, sql, ""), 0);
    return out;
}

static void change(struct ctx *ctx, const char *sql)
{
    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(db_exec(ctx, sql, ""), 0);
    assert_int_equal(tx_commit(ctx), 0);
}

static int64_t order(struct ctx *ctx, const char *kind, const char *name,
                     struct job_order more)
{
    struct value *data = value_map(ctx->arena);
    int64_t id;

    value_set_text(data, "x", name);
    more.kind = kind;
    more.data = data;
    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(job_order(&id, ctx, &more), 0);
    assert_int_equal(tx_commit(ctx), 0);
    return id;
}

#define ORDER(ctx, kind, name, ...)                                            \
    order(ctx, kind, name, (struct job_order){ __VA_ARGS__ })

static int run(struct ctx *ctx)
{
    int64_t due;
    int done = job_run_due(ctx, 100, &due);

    assert_true(done >= 0);
    return done;
}

static int64_t next_due(struct ctx *ctx)
{
    int64_t due;

    assert_true(job_run_due(ctx, 100, &due) >= 0);
    return due;
}

/* What atomic and other jobs have saved. */
static int64_t kept(struct ctx *ctx)
{
    return number(ctx, "SELECT count(*) FROM thing");
}

/* ---- what runs when ---- */

static void what_is_urgent_runs_first_then_what_is_due_longest(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    ORDER(ctx, "late", "d");
    ORDER(ctx, "plain", "c", .due = START - 1);
    ORDER(ctx, "plain", "b", .due = START - 2);
    ORDER(ctx, "late", "a", .priority = JOB_FIRST);
    run(ctx);
    assert_string_equal(notes, "a b c d ");
}

static void a_delay_counts_from_now(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    ORDER(ctx, "plain", "a", .delay = 90000);
    assert_true(next_due(ctx) == START + 90000);
    assert_string_equal(notes, "");
    clock_set(START + 90000);
    run(ctx);
    assert_string_equal(notes, "a ");
}

static void a_priority_out_of_range_is_refused(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    struct job_order wrong = { .kind = "plain", .priority = 10 };
    int64_t id = ORDER(ctx, "plain", "a");

    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_refused(ctx, job_order(&id, ctx, &wrong), E_INVALID,
                   "event.priority");
    tx_rollback(ctx);
    assert_refused(ctx, job_set_priority(ctx, id, 0), E_INVALID,
                   "event.priority");
}

static void a_new_priority_changes_the_order(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t id;

    ORDER(ctx, "plain", "a");
    id = ORDER(ctx, "plain", "b");
    assert_int_equal(job_set_priority(ctx, id, 2), 0);
    run(ctx);
    assert_string_equal(notes, "b a ");
    assert_refused(ctx, job_set_priority(ctx, id, 2), E_CONFLICT,
                   "event.job_runs");
}

static void a_slow_job_keeps_none_of_its_batch_waiting(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int i;

    /* Quick ones make the batches large. */
    for (i = 0; i < 70; i++)
        ORDER(ctx, "plain", "q");
    while (run(ctx) > 0)
        ;
    ORDER(ctx, "slow", "s", .priority = 1);
    for (i = 0; i < 5; i++)
        ORDER(ctx, "once", "o");
    run(ctx);
    assert_int_equal(
        number(ctx, "SELECT count(*) FROM event_job WHERE state = 0"), 5);
    run(ctx);
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_job"), 0);
}

/* ---- trying again ---- */

static int64_t wait_of(struct ctx *ctx, int64_t id)
{
    int64_t due = 0;

    assert_int_equal(
        db_int(&due, ctx, "SELECT due FROM event_job WHERE id = ?1", "i", id),
        0);
    return due - clock_now();
}

/* Four times as long each time, and up to a quarter more. */
static void what_fails_waits_longer_each_time(void **state)
{
    static const int64_t waits[] = { 5000, 20000, 80000, 320000 };
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t id = ORDER(ctx, "plain", "a"), now = START;
    size_t i;

    fail_left = 4;
    for (i = 0; i < sizeof waits / sizeof *waits; i++) {
        run(ctx);
        assert_in_range(wait_of(ctx, id), waits[i], waits[i] + waits[i] / 4);
        assert_int_equal(next_due(ctx) - now, wait_of(ctx, id));
        now += wait_of(ctx, id);
        clock_set(now - 1);
        assert_int_equal(run(ctx), 0);
        clock_set(now);
    }
    run(ctx);
    assert_string_equal(notes, "a ");
}

static void what_fails_together_does_not_come_back_together(void **state)
{
    enum { COUNT = 40 };
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t least = INT64_MAX, most = 0, ids[COUNT];
    int i;

    for (i = 0; i < COUNT; i++)
        ids[i] = ORDER(ctx, "plain", "a");
    fail_left = COUNT;
    while (fail_left > 0)
        run(ctx);
    for (i = 0; i < COUNT; i++) {
        int64_t wait = wait_of(ctx, ids[i]);

        assert_in_range(wait, 5000, 6250);
        least = wait < least ? wait : least;
        most = wait > most ? wait : most;
    }
    assert_true(most - least > 400); /* not so once in 10^15 times */
}

static void no_wait_is_much_longer_than_an_hour(void **state)
{
    int attempt;

    (void)state;
    for (attempt = 6; attempt < 1000; attempt++)
        assert_in_range(work_wait(attempt), 3600 * 1000, 4500 * 1000);
}

/* ---- leases ---- */

static void what_was_claimed_but_did_not_begin_has_lost_no_attempt(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    ORDER(ctx, "once", "a");
    change(ctx, "UPDATE event_job SET state = 1, owner = 7, host = 'other', "
                "lease = 1800000030000");
    run(ctx);
    assert_string_equal(notes, "");
    clock_set(START + 30001);
    run(ctx);
    assert_string_equal(notes, "a ");
}

static void what_ends_its_process_each_time_comes_to_its_end(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    ORDER(ctx, "once", "a");
    change(ctx, "UPDATE event_job SET state = 1, owner = 7, host = 'other', "
                "attempt = 1, begun = 1, lease = 1");
    run(ctx);
    assert_string_equal(notes, "");
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_job WHERE "
                                 "state = 2 AND error LIKE '%process%'"),
                     1);
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_incident"), 1);
}

static void a_lease_that_ends_wakes_the_lane(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    ORDER(ctx, "plain", "a");
    change(ctx, "UPDATE event_job SET state = 1, owner = 7, host = 'other', "
                "lease = 1800000030000");
    assert_true(next_due(ctx) == START + 30001);
    /* One that nobody here can run is none of our business. */
    change(ctx, "UPDATE event_job SET kind = 'absent'");
    assert_true(next_due(ctx) == INT64_MAX);
}

static void what_another_process_took_over_is_that_ones_to_end(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    steals = true;
    ORDER(ctx, "plain", "a");
    run(ctx);
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_job WHERE "
                                 "state = 1 AND host = 'other'"),
                     1);
    steals = false;
    clock_set(START + 3600 * 1000);
    run(ctx);
    assert_string_equal(notes, "a a ");
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_job"), 0);
}

static void a_modules_jobs_run_as_many_at_once_as_it_says(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    ORDER(ctx, "m.one", "other");
    ORDER(ctx, "n.two", "other");
    change(ctx, "UPDATE event_job SET state = 1, owner = 7, host = 'other', "
                "begun = 1, lease = 1800000030000");
    ORDER(ctx, "m.one", "m");
    ORDER(ctx, "n.two", "n");
    ORDER(ctx, "plain", "p");
    assert_true(next_due(ctx) == START + 1000);
    assert_string_equal(notes, "n p ");
    clock_set(START + 30001);
    run(ctx);
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_job"), 0);
}

/* ---- in one transaction ---- */

static void what_an_atomic_job_saves_goes_with_its_failure(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    fail_left = 1;
    ORDER(ctx, "atomic", "a");
    ORDER(ctx, "atomic", "b");
    run(ctx);
    assert_string_equal(notes, "b ");
    assert_int_equal(kept(ctx), 1);
    clock_set(START + 7000);
    run(ctx);
    assert_string_equal(notes, "b a ");
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_job"), 0);
}

static void an_atomic_job_that_was_taken_over_has_saved_nothing(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    steals = true;
    ORDER(ctx, "atomic", "a");
    run(ctx);
    assert_int_equal(kept(ctx), 0);
    steals = false;
    clock_set(START + 3600 * 1000);
    run(ctx);
    assert_string_equal(notes, "a a ");
    assert_int_equal(kept(ctx), 1);
}

/* ---- cancelling ---- */

static void a_waiting_job_that_is_cancelled_is_gone(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t id = ORDER(ctx, "ends", "room");

    assert_int_equal(job_cancel(ctx, id), 0);
    assert_string_equal(notes, "room ");
    run(ctx);
    assert_string_equal(notes, "room ");
    assert_refused(ctx, job_cancel(ctx, id), E_NOT_FOUND, "event.no_job");
}

static void a_running_job_is_told_and_not_tried_again(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    ORDER(ctx, "ends", "room");
    run(ctx);
    assert_string_equal(notes, "told room ");
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_job"), 0);
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_incident"), 0);
}

static void a_cancelled_job_goes_on_no_more(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    if (db_dialect(ctx) != DB_SQLITE)
        skip(); /* the trigger is in the other one's words */
    continues = true;
    ORDER(ctx, "plain", "a");
    change(ctx, "CREATE TRIGGER cancel AFTER UPDATE OF begun ON event_job "
                "WHEN new.begun > 0 AND new.cancel = 0 BEGIN UPDATE event_job "
                "SET cancel = 1 WHERE id = new.id; END");
    run(ctx);
    assert_string_equal(notes, "a ");
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_job"), 0);
}

static void what_was_cancelled_where_its_process_died_does_not_run(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    ORDER(ctx, "plain", "a");
    change(ctx, "UPDATE event_job SET state = 1, owner = 7, host = 'other', "
                "attempt = 1, begun = 1, lease = 1, cancel = 1");
    run(ctx);
    assert_string_equal(notes, "");
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_job"), 0);
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_incident"), 0);
}

static void what_has_to_come_to_its_end_is_not_cancelled(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t id = ORDER(ctx, "stays", "a");
    struct value *list;

    assert_refused(ctx, job_cancel(ctx, id), E_INVALID, "event.job_stays");
    assert_int_equal(job_list(&list, ctx, &(struct job_query){ .limit = 5 }),
                     0);
    assert_false(value_get_bool(value_at(list, 0), "may_cancel"));
    change(ctx, "UPDATE event_job SET state = 2");
    assert_int_equal(job_cancel(ctx, id), 0);
    assert_int_equal(job_schedule(ctx, "daily", 3600), 0);
    id = number(ctx, "SELECT id FROM event_job");
    assert_refused(ctx, job_cancel(ctx, id), E_INVALID, "event.job_schedule");
}

/* ---- schedules ---- */

static void a_schedule_follows_the_calendar_of_its_zone(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    /* 07:30 in Berlin is 06:30 UTC: past already, so Monday. */
    assert_int_equal(job_schedule_cron(ctx, "daily", "30 7 * * 1-5", NULL), 0);
    assert_true(next_due(ctx) == START + 253800 * INT64_C(1000));
    assert_int_equal(
        job_schedule_cron(ctx, "daily", "30 17 * * *", "Asia/Shanghai"), 0);
    assert_true(next_due(ctx) == START + 5400 * 1000);
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_job"), 1);
    clock_set(START + 5400 * 1000);
    assert_true(next_due(ctx) == START + 91800 * INT64_C(1000));
    assert_string_equal(notes, "daily ");
}

static void a_time_that_was_missed_is_made_up_for_once(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    assert_int_equal(job_schedule_cron(ctx, "daily", "0 * * * *", "UTC"), 0);
    clock_set(START + 5 * 3600 * 1000 + 60000);
    assert_true(next_due(ctx) == START + 6 * 3600 * 1000);
    assert_string_equal(notes, "daily ");
}

static void a_clock_that_is_set_back_brings_no_time_twice(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    assert_int_equal(job_schedule_cron(ctx, "daily", "0 9 * * *", "UTC"), 0);
    change(ctx, "UPDATE event_job SET due = 1800003600000, state = 1, "
                "lease = 1, attempt = 0");
    /* It was claimed at 09:00, and now it is 08:00 again. */
    assert_true(next_due(ctx) == START + 90000 * INT64_C(1000));
}

static void a_schedule_that_fails_waits_for_its_next_time(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    assert_int_equal(job_schedule_cron(ctx, "once", "0 9 * * *", "UTC"), 0);
    fail_left = 1;
    clock_set(START + 3600 * 1000);
    assert_true(next_due(ctx) == START + 90000 * INT64_C(1000));
    assert_int_equal(number(ctx, "SELECT count(*) FROM event_incident"), 1);
}

static void what_is_no_schedule_is_refused(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;

    assert_refused(ctx, job_schedule_cron(ctx, "daily", "0 0 30 2 *", NULL),
                   E_INVALID, "event.cron");
    assert_refused(ctx,
                   job_schedule_cron(ctx, "daily", "0 0 * * *", "Mars/Olympus"),
                   E_INVALID, "event.zone");
}

/* ---- what administrators see ---- */

static void lists_are_filtered_and_counted(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    struct job_query query = { .state = "waiting", .limit = 10 };
    struct value *list, *choices;
    int64_t count;

    ORDER(ctx, "late", "a");
    ORDER(ctx, "m.one", "b");
    ORDER(ctx, "plain", "c", .priority = 1);
    assert_int_equal(job_schedule_cron(ctx, "daily", "0 9 * * *", "UTC"), 0);
    change(ctx, "UPDATE event_job SET state = 2 WHERE kind = 'm.one'");
    query.schedules = -1;
    assert_int_equal(job_list(&list, ctx, &query), 0);
    assert_int_equal(value_count(list), 2);
    assert_string_equal(value_get_text(value_at(list, 0), "kind"), "plain");
    query = (struct job_query){ .module = "m", .limit = 10 };
    assert_int_equal(job_list(&list, ctx, &query), 0);
    assert_int_equal(value_count(list), 1);
    assert_string_equal(value_get_text(value_at(list, 0), "state"), "failed");
    query = (struct job_query){ .schedules = 1, .limit = 10 };
    assert_int_equal(job_list(&list, ctx, &query), 0);
    assert_string_equal(value_get_text(value_at(list, 0), "cron"), "0 9 * * *");
    assert_string_equal(value_get_text(value_at(list, 0), "zone"), "UTC");
    query = (struct job_query){ .module = "" };
    assert_int_equal(job_count(&count, ctx, &query), 0);
    assert_int_equal(count, 3);
    query = (struct job_query){ .kind = "late" };
    assert_int_equal(job_count(&count, ctx, &query), 0);
    assert_int_equal(count, 1);
    assert_int_equal(job_choices(&choices, ctx), 0);
    assert_int_equal(value_count(value_get(choices, "kinds")), 4);
    assert_int_equal(value_count(value_get(choices, "modules")), 1);
}

static void what_could_not_be_done_is_told_with_its_data(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    struct value *list;
    int64_t id;

    fail_left = 1;
    id = ORDER(ctx, "once", "a");
    run(ctx);
    change(ctx, "INSERT INTO event_outbox (id, topic, subject, at) VALUES "
                "(5, 'saved', 77, 0)");
    change(ctx, "INSERT INTO event_delivery (id, outbox, subscriber, due, "
                "state, error) VALUES (6, 5, 'mail', 0, 2, 'no route')");
    assert_int_equal(job_dead_letters(&list, ctx, 0, 10), 0);
    assert_int_equal(value_count(list), 2);
    assert_string_equal(value_get_text(value_at(list, 0), "topic"), "saved");
    assert_true(value_get_id(value_at(list, 0), "subject") == 77);
    assert_true(value_get_id(value_at(list, 1), "id") == id);
    assert_string_equal(value_get_text(value_at(list, 1), "error"),
                        "it failed");
    assert_string_equal(
        value_get_text(value_get(value_at(list, 1), "data"), "x"), "a");
    assert_int_equal(job_dead_letters(&list, ctx, 6, 10), 0);
    assert_int_equal(value_count(list), 1);
}

/* The lane asks each round: 10,000 jobs that wait for their time, and as many
 * of a module that is switched off, must not be sorted for that. */
static void claiming_reads_an_index_in_order(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    QUERY_AUTO *query = NULL;
    const char *text;

    if (db_dialect(ctx) == DB_SQLITE) {
        assert_int_equal(
            db_query(
                &query, ctx,
                "EXPLAIN QUERY PLAN SELECT id, kind, data, attempt, every, "
                "due, cron, zone, cancel FROM event_job WHERE state = 0 "
                "AND +due <= 5 AND kind IN (NULL, 'a', 'b') "
                "ORDER BY priority, due LIMIT 3",
                ""),
            0);
        assert_int_equal(query_next(query), 1);
        assert_non_null(strstr(query_text(query, 3), "event_job_waiting"));
        return;
    }
    /* The planner has no other way; for this transaction alone. */
    assert_int_equal(tx_begin_shared(ctx, "claim"), 0);
    assert_int_equal(tx_in_order(ctx), 0);
    assert_int_equal(
        db_text(&text, ctx, "SELECT current_setting('enable_sort')", ""), 0);
    assert_string_equal(text, "off");
    assert_int_equal(tx_commit(ctx), 0);
    assert_int_equal(
        db_text(&text, ctx, "SELECT current_setting('enable_sort')", ""), 0);
    assert_string_equal(text, "on");
}

#define JOB_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        JOB_TEST(what_is_urgent_runs_first_then_what_is_due_longest),
        JOB_TEST(a_delay_counts_from_now),
        JOB_TEST(a_priority_out_of_range_is_refused),
        JOB_TEST(a_new_priority_changes_the_order),
        JOB_TEST(a_slow_job_keeps_none_of_its_batch_waiting),
        JOB_TEST(what_fails_waits_longer_each_time),
        JOB_TEST(what_fails_together_does_not_come_back_together),
        JOB_TEST(no_wait_is_much_longer_than_an_hour),
        JOB_TEST(what_was_claimed_but_did_not_begin_has_lost_no_attempt),
        JOB_TEST(what_ends_its_process_each_time_comes_to_its_end),
        JOB_TEST(a_lease_that_ends_wakes_the_lane),
        JOB_TEST(what_another_process_took_over_is_that_ones_to_end),
        JOB_TEST(a_modules_jobs_run_as_many_at_once_as_it_says),
        JOB_TEST(what_an_atomic_job_saves_goes_with_its_failure),
        JOB_TEST(an_atomic_job_that_was_taken_over_has_saved_nothing),
        JOB_TEST(a_waiting_job_that_is_cancelled_is_gone),
        JOB_TEST(a_running_job_is_told_and_not_tried_again),
        JOB_TEST(a_cancelled_job_goes_on_no_more),
        JOB_TEST(what_was_cancelled_where_its_process_died_does_not_run),
        JOB_TEST(what_has_to_come_to_its_end_is_not_cancelled),
        JOB_TEST(a_schedule_follows_the_calendar_of_its_zone),
        JOB_TEST(a_time_that_was_missed_is_made_up_for_once),
        JOB_TEST(a_clock_that_is_set_back_brings_no_time_twice),
        JOB_TEST(a_schedule_that_fails_waits_for_its_next_time),
        JOB_TEST(what_is_no_schedule_is_refused),
        JOB_TEST(lists_are_filtered_and_counted),
        JOB_TEST(what_could_not_be_done_is_told_with_its_data),
        JOB_TEST(claiming_reads_an_index_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
