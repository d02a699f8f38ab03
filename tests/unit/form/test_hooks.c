/*
 * test_hooks.c - hooks around saving, preparing outside the lock, deleting,
 * states, and the end of the bin.
 */
#include "base/banned.h"

#include "form/form_site.h"

#include "audit/audit.h"
#include "event/hook.h"
#include "store/dialect.h"
#include "event/job.h"

static struct {
    int before, after, deleted;
    bool locked; /* the last before-hook ran under the writer lock */
    const char *refuse, *set;
    bool had_before;
} seen;

static int before_save(struct ctx *ctx, struct record *record, void *payload)
{
    (void)payload;
    seen.before++;
    seen.locked = tx_active(ctx);
    seen.had_before = record->before != NULL;
    assert_true(record->id > 0);
    if (seen.set)
        value_set_text(record->values, "purpose", seen.set);
    if (seen.refuse)
        return fail(ctx, E_CONFLICT, "test.refused", "%s", seen.refuse);
    return 0;
}

static int after_save(struct ctx *ctx, struct record *record, void *payload)
{
    (void)record;
    (void)payload;
    assert_true(tx_active(ctx));
    seen.after++;
    return 0;
}

static int before_delete(struct ctx *ctx, struct record *record, void *payload)
{
    (void)payload;
    seen.deleted++;
    if (record->values && value_get_text(record->values, "purpose") &&
        strcmp(value_get_text(record->values, "purpose"), "keep") == 0)
        return fail(ctx, E_CONFLICT, "test.kept", "it is kept");
    return 0;
}

/* The registry is the process's: registered once. */
static void add_hooks(void)
{
    static const struct hook hooks[] = {
        { .form = "budget",
          .when = HOOK_BEFORE_SAVE,
          .name = "b",
          .call = before_save },
        { .form = "budget",
          .when = HOOK_AFTER_SAVE,
          .name = "a",
          .call = after_save },
        { .form = "budget",
          .when = HOOK_BEFORE_DELETE,
          .name = "d",
          .call = before_delete },
    };
    static bool done;
    size_t i;

    for (i = 0; !done && i < 3; i++)
        hook_add(&hooks[i]);
    done = true;
    memset(&seen, 0, sizeof seen);
}

/* Where several write at once it runs within the transaction. */
static void a_before_hook_runs_once_and_without_the_lock(void **state)
{
    struct fixture *f = *state;
    struct record *record;

    add_hooks();
    as(f, f->li);
    record = create(f, "{\"purpose\":\"x\"}");
    assert_int_equal(seen.before, 1);
    assert_int_equal(seen.locked, db_dialect(&f->ctx) == DB_POSTGRESQL);
    assert_false(seen.had_before);
    assert_int_equal(seen.after, 1);
    ok(f, record_update(&record, &f->ctx, record->form, record->id, 1,
                        parse(f, "{\"kind\":\"fair\"}")));
    assert_true(seen.had_before);
}

static void it_runs_again_under_the_lock_where_records_changed(void **state)
{
    struct fixture *f = *state;
    const struct form *form = form_named(f, "budget");
    struct record_change *change;
    struct record *record;

    as(f, f->li);
    add_hooks();
    ok(f, record_prepare(&change, &f->ctx, form, 0, 0,
                         parse(f, "{\"purpose\":\"slow\"}"), NULL));
    create(f, "{\"purpose\":\"meanwhile\"}");
    memset(&seen, 0, sizeof seen);
    ok(f, tx_begin(&f->ctx, "test"));
    ok(f, record_write(&record, &f->ctx, change));
    ok(f, tx_commit(&f->ctx));
    assert_int_equal(seen.before, 1);
    assert_true(seen.locked);
}

static void what_a_hook_refuses_is_not_saved(void **state)
{
    struct fixture *f = *state;
    struct record_query query = { 0 };
    struct record *record;
    int64_t count;

    as(f, f->li);
    add_hooks();
    seen.refuse = "taken";
    assert_int_equal(record_create(&record, &f->ctx, form_named(f, "budget"),
                                   parse(f, "{\"purpose\":\"x\"}"), NULL),
                     E_CONFLICT);
    assert_true(has_problem(f, NULL, "test.refused"));
    assert_int_equal(seen.after, 0);
    ok(f, record_count(&count, &f->ctx, form_named(f, "budget"), &query, 9));
    assert_int_equal(count, 0);
}

static void what_a_hook_sets_is_checked(void **state)
{
    struct fixture *f = *state;
    struct record *record;

    as(f, f->li);
    add_hooks();
    seen.set = "set by the hook";
    record = create(f, "{\"purpose\":\"x\"}");
    assert_string_equal(value_get_text(record->values, "purpose"),
                        "set by the hook");
    seen.set = "much too long for twenty characters";
    assert_int_equal(record_create(&record, &f->ctx, form_named(f, "budget"),
                                   parse(f, "{\"purpose\":\"x\"}"), NULL),
                     E_INVALID);
    assert_true(has_problem(f, "purpose", "form.too_long"));
}

static void a_delete_may_be_refused(void **state)
{
    struct fixture *f = *state;
    struct record *keep, *drop;

    as(f, 0);
    add_hooks();
    keep = create(f, "{\"purpose\":\"keep\"}");
    drop = create(f, "{\"purpose\":\"drop\"}");
    assert_int_equal(record_delete(&f->ctx, keep->form, keep->id, 1),
                     E_CONFLICT);
    ctx_clear(&f->ctx);
    ok(f, record_delete(&f->ctx, drop->form, drop->id, 1));
    ok(f, record_get(&keep, &f->ctx, keep->form, keep->id));
    assert_int_equal(keep->version, 1);
}

static void a_state_is_kept_with_the_trail(void **state)
{
    struct fixture *f = *state;
    struct record *record;
    struct value *trail;

    add_hooks();
    as(f, f->li);
    record = create(f, "{\"purpose\":\"x\"}");
    ok(f, record_set_state(&f->ctx, record->form, record->id, "running"));
    ok(f, record_get(&record, &f->ctx, record->form, record->id));
    assert_string_equal(record->state, "running");
    assert_int_equal(record->version, 2);
    ok(f, audit_read(&trail, &f->ctx, "record:budget", record->id, 10));
    assert_int_equal(value_count(trail), 2);
    assert_string_equal(value_get_text(value_at(trail, 0), "action"), "state");
    assert_string_equal(
        json_text(f->arena, value_get(value_at(trail, 0), "changes")),
        "{\"state\":{\"from\":\"saved\",\"to\":\"running\"}}");
}

/* Jobs that are due run; the bin ends after thirty days. */
static void the_bin_ends_after_thirty_days(void **state)
{
    const int64_t day = INT64_C(86400000);
    struct fixture *f = *state;
    const struct form *form = form_named(f, "budget");
    struct record *record;
    int64_t start = clock_now(), due, id;

    add_hooks();
    as(f, 0);
    clock_set(start);
    id = create(f, "{\"purpose\":\"x\",\"items\":[{\"name\":\"a\"}]}")->id;
    ok(f, record_comment(&f->ctx, form, id, "hello"));
    ok(f, record_delete(&f->ctx, form, id, 1));
    form_start();
    ok(f, job_schedule(&f->ctx, "form.purge_bin", 3600));
    clock_set(start + 29 * day);
    ok(f, job_run_due(&f->ctx, 50, &due));
    ok(f, record_get(&record, &f->ctx, form, id));
    clock_set(start + 31 * day);
    ok(f, job_run_due(&f->ctx, 50, &due));
    ctx_clear(&f->ctx);
    assert_int_equal(record_get(&record, &f->ctx, form, id), E_NOT_FOUND);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, site_up, site_down)
    const struct CMUnitTest tests[] = {
        CASE(a_before_hook_runs_once_and_without_the_lock),
        CASE(it_runs_again_under_the_lock_where_records_changed),
        CASE(what_a_hook_refuses_is_not_saved),
        CASE(what_a_hook_sets_is_checked),
        CASE(a_delete_may_be_refused),
        CASE(a_state_is_kept_with_the_trail),
        CASE(the_bin_ends_after_thirty_days),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
