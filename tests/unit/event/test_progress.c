/*
 * test_progress.c - jobs that somebody watches.
 */
#include "base/banned.h"

#include "store/store_site.h"

#include "base/value.h"
#include "event/live.h"
#include "event/progress.h"

extern const struct migration event_migrations[];

enum { PERSON = 7 };

static int64_t seen_half; /* `done` as others saw it within the job */
static int failing, written;

static int64_t column(struct ctx *ctx, const char *sql)
{
    int64_t out = -1;

    assert_int_equal(db_int(&out, ctx, sql, ""), 0);
    return out;
}

static int work(struct ctx *ctx, const struct job *job)
{
    struct value *arguments = value_map(ctx->arena);
    uint64_t before = tx_number(ctx);
    int i;

    (void)job;
    assert_int_equal(job_person(), PERSON);
    assert_int_equal(job_progress(ctx, 3, 2), E_INVALID);
    ctx_clear(ctx);
    for (i = 1; i <= 1000; i++)
        assert_int_equal(job_progress(ctx, i, 1000), 0);
    written = (int)(tx_number(ctx) - before);
    seen_half = column(ctx, "SELECT done FROM event_progress");
    if (failing)
        return fail(ctx, E_CONFLICT, "test.taken", "%s is taken", "room 3");
    value_set_text(arguments, "count", "1000");
    return job_result(ctx, "test.result", arguments, "/records/x");
}

static int unwatched(struct ctx *ctx, const struct job *job)
{
    (void)job;
    assert_int_equal(job_person(), 0);
    assert_int_equal(job_progress(ctx, 1, 2), 0);
    return job_result(ctx, "test.result", NULL, NULL);
}

static char order[16];

/* Three pieces; what waits besides has its turn between them. */
static int pieces(struct ctx *ctx, const struct job *job)
{
    size_t length = strlen(order);

    assert_int_equal(job->attempt, 1);
    order[length] = 'p';
    clock_set(clock_now() + 1000);
    if (length < 3)
        job_continue();
    return job_progress(ctx, (int64_t)length, 4);
}

static int between(struct ctx *ctx, const struct job *job)
{
    (void)ctx;
    (void)job;
    order[strlen(order)] = 'b';
    return 0;
}

/* Notes which epoch it sees, and raises it as another process would. */
static int see_epoch(struct ctx *ctx, const struct job *job)
{
    (void)job;
    order[strlen(order)] = (char)('0' + epoch_of(ctx, "far"));
    assert_int_equal(tx_begin(ctx, "far"), 0);
    assert_int_equal(db_exec(ctx,
                             "INSERT INTO store_epoch (name, number)"
                             " VALUES ('far', 1) ON CONFLICT (name)"
                             " DO UPDATE SET number = store_epoch.number + 1",
                             ""),
                     0);
    return tx_end(ctx, 0);
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
        job_register(&(struct job_kind){
            .kind = "watched", .call = work, .attempts = 2 });
        job_register(&(struct job_kind){ .kind = "plain", .call = unwatched });
        job_register(&(struct job_kind){ .kind = "pieces", .call = pieces });
        job_register(&(struct job_kind){ .kind = "between", .call = between });
        job_register(&(struct job_kind){ .kind = "epoch", .call = see_epoch });
    }
    registered = true;
    failing = 0;
    memset(order, 0, sizeof order);
    clock_set(1800000000000);
    return 0;
}

static int tear_down(void **state)
{
    clock_set(0);
    return teardown(state);
}

static int64_t start(struct ctx *ctx, const char *unique)
{
    const struct job_watch watch = { .person = PERSON,
                                     .title = "test.title",
                                     .unique = unique };
    int64_t id;

    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(job_watch(&id, ctx, "watched", NULL, &watch), 0);
    assert_int_equal(tx_commit(ctx), 0);
    return id;
}

static struct value *state_of(struct ctx *ctx, int64_t id)
{
    struct value *out;
    int64_t person;

    assert_int_equal(job_state(&out, &person, ctx, id), 0);
    assert_int_equal(person, PERSON);
    return out;
}

static void a_job_tells_how_far_it_is_and_what_came_of_it(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t due, id = start(ctx, NULL);
    struct value *job = state_of(ctx, id);

    assert_string_equal(value_get_text(job, "state"), "waiting");
    assert_null(value_get(job, "percent"));
    assert_int_equal(job_run_due(ctx, 10, &due), 1);
    /* Of a thousand calls within a second one was written. */
    assert_int_equal(written, 1);
    assert_int_equal(seen_half, 1);
    job = state_of(ctx, id);
    assert_string_equal(value_get_text(job, "state"), "done");
    assert_int_equal(value_get_int(job, "done", 0), 1000);
    assert_int_equal(value_get_int(job, "percent", 0), 100);
    assert_string_equal(value_get_text(job, "link"), "/records/x");
    assert_int_equal(value_get_int(job, "finished", 0), clock_now());
}

static void a_failed_attempt_says_why_until_one_succeeds(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t due, id = start(ctx, NULL);
    struct value *job;

    failing = 1;
    job_run_due(ctx, 10, &due);
    job = state_of(ctx, id);
    assert_string_equal(value_get_text(job, "state"), "waiting");
    assert_string_equal(value_get_text(job, "problem"), "room 3 is taken");
    clock_set(due);
    job_run_due(ctx, 10, &due);
    assert_string_equal(value_get_text(state_of(ctx, id), "state"), "failed");
    failing = 0;
    assert_int_equal(job_retry(ctx, id), 0);
    job_run_due(ctx, 10, &due);
    job = state_of(ctx, id);
    assert_string_equal(value_get_text(job, "state"), "done");
    assert_null(value_get(job, "problem"));
}

static void who_asks_for_the_same_again_sees_the_one_that_waits(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t id = start(ctx, "once");

    assert_int_equal(start(ctx, "once"), id);
    assert_int_equal(column(ctx, "SELECT count(*) FROM event_progress"), 1);
    assert_int_equal(job_cancel(ctx, id), 0);
    assert_string_equal(value_get_text(state_of(ctx, id), "state"),
                        "cancelled");
}

static void a_job_that_nobody_watches_writes_nothing(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t due;

    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(job_add(ctx, "plain", NULL, 0, NULL), 0);
    assert_int_equal(tx_commit(ctx), 0);
    assert_int_equal(job_run_due(ctx, 10, &due), 1);
    assert_int_equal(column(ctx, "SELECT count(*) FROM event_progress"), 0);
}

static void what_is_over_for_a_week_is_forgotten(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t due, person, id = start(ctx, NULL);
    struct value *job;

    job_run_due(ctx, 10, &due);
    clock_set(clock_now() + (int64_t)8 * 24 * 3600 * 1000);
    assert_int_equal(job_progress_purge(ctx), 0);
    assert_refused(ctx, job_state(&job, &person, ctx, id), E_NOT_FOUND,
                   "event.no_job");
}

static void a_long_job_goes_on_after_what_waits_and_is_watched_to_its_end(
    void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const struct job_watch watch = { .person = PERSON, .title = "test.title" };
    int64_t due, id;

    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(job_watch(&id, ctx, "pieces", NULL, &watch), 0);
    assert_int_equal(job_add(ctx, "between", NULL, clock_now() + 1, NULL), 0);
    assert_int_equal(tx_commit(ctx), 0);
    assert_int_equal(job_run_due(ctx, 1, &due), 1);
    assert_string_equal(value_get_text(state_of(ctx, id), "state"), "waiting");
    assert_int_equal(job_run_due(ctx, 10, &due), 3);
    assert_string_equal(order, "pbpp");
    assert_string_equal(value_get_text(state_of(ctx, id), "state"), "done");
    assert_int_equal(column(ctx, "SELECT count(*) FROM event_job"), 0);
}

static void a_job_sees_what_changed_since_its_round_began(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    int64_t due;
    int i;

    assert_int_equal(tx_begin(ctx, "test"), 0);
    for (i = 0; i < 2; i++)
        assert_int_equal(job_add(ctx, "epoch", NULL, 0, NULL), 0);
    assert_int_equal(tx_commit(ctx), 0);
    assert_int_equal(job_run_due(ctx, 10, &due), 2);
    assert_string_equal(order, "01");
}

int main(void)
{
#define progress_test(name)                                                    \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        progress_test(a_job_tells_how_far_it_is_and_what_came_of_it),
        progress_test(a_failed_attempt_says_why_until_one_succeeds),
        progress_test(who_asks_for_the_same_again_sees_the_one_that_waits),
        progress_test(a_job_that_nobody_watches_writes_nothing),
        progress_test(what_is_over_for_a_week_is_forgotten),
        progress_test(a_job_sees_what_changed_since_its_round_began),
        progress_test(
            a_long_job_goes_on_after_what_waits_and_is_watched_to_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
