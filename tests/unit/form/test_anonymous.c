/*
 * test_anonymous.c - forms that keep nothing of who saved a record and when.
 */
#include "base/banned.h"

#include "form/form_site.h"

#include "event/hook.h"

#define OPINION                                                                \
    "{\"title\":\"Opinion\",\"anonymous\":true,\"only_granted\":true,"         \
    "\"grants\":[{\"who\":\"everyone\",\"right\":\"create\"}],\"fields\":["    \
    "{\"key\":\"text\",\"type\":\"text\"},"                                    \
    "{\"key\":\"rows\",\"type\":\"sub_table\",\"fields\":["                    \
    "{\"key\":\"line\",\"type\":\"text\"}]}]}"
#define VOTE                                                                   \
    "{\"title\":\"Vote\",\"anonymous\":\"undated\",\"fields\":["               \
    "{\"key\":\"voter\",\"type\":\"user\"}]}"

static int64_t number(struct fixture *f, const char *sql)
{
    int64_t value = 0;

    ok(f, db_int(&value, &f->ctx, sql, ""));
    return value;
}

static struct record *give(struct fixture *f, const char *text)
{
    struct value *values = value_map(f->arena), *rows = value_list(f->arena);
    struct value *row = value_map(f->arena);
    struct record *record;

    value_set_text(values, "text", text);
    value_set_text(row, "line", text);
    value_append(rows, row);
    value_set(values, "rows", rows);
    ok(f,
       record_create(&record, &f->ctx, form_named(f, "opinion"), values, NULL));
    return record;
}

static void nothing_is_kept_of_who_and_when(void **state)
{
    struct fixture *f = *state;
    int64_t trail, told;

    as(f, 0);
    trail = number(f, "SELECT count(*) FROM audit_entry");
    told = number(f, "SELECT count(*) FROM event_outbox");
    clock_set(1790000012345); /* 2026-09-21 14:13:32.345 UTC */
    as(f, f->li);
    (void)give(f, "a");
    clock_set(1790000099999);
    as(f, f->zhao);
    (void)give(f, "b");
    clock_set(0);
    as(f, 0);
    assert_int_equal(number(f, "SELECT count(*) FROM r_opinion"), 2);
    assert_int_equal(number(f, "SELECT count(*) FROM r_opinion WHERE owner <> 0"
                               " OR department <> 0 OR created_by <> 0"
                               " OR updated_by <> 0 OR created_at <> updated_at"
                               " OR created_at % 86400000 <> 0"),
                     0);
    assert_int_equal(number(f, "SELECT count(*) FROM audit_entry"), trail);
    assert_int_equal(number(f, "SELECT count(*) FROM event_outbox"), told);
}

/* Of 20 records, ids in the order of saving are one permutation in 20!. */
static void ids_do_not_follow_the_order_of_saving(void **state)
{
    struct fixture *f = *state;
    int64_t last = 0, last_row = 0;
    int rising = 0, rising_rows = 0, i;

    as(f, f->li);
    for (i = 0; i < 20; i++) {
        const struct record *record = give(f, "x");
        const struct value *row =
            value_at(value_get(record->values, "rows"), 0);
        int64_t row_id = value_get_id(row, "id");

        assert_true(record->id > 0);
        rising += record->id > last;
        rising_rows += row_id > last_row;
        last = record->id;
        last_row = row_id;
    }
    assert_true(rising < 20);
    assert_true(rising_rows < 20);
}

static void an_undated_form_has_no_day_either(void **state)
{
    struct fixture *f = *state;
    struct record *record;

    as(f, 0);
    ok(f, publish(f, "vote", VOTE));
    as(f, f->li);
    ok(f, record_create(&record, &f->ctx, form_named(f, "vote"),
                        value_map(f->arena), NULL));
    as(f, 0);
    assert_int_equal(number(f, "SELECT created_at + updated_at FROM r_vote"),
                     0);
    assert_null(value_get_text(record_value(&f->ctx, record), "created_at"));
}

static void a_record_is_saved_once(void **state)
{
    struct fixture *f = *state;
    const struct form *form = form_named(f, "opinion");
    struct record *record, *changed;

    as(f, f->li);
    record = give(f, "first");
    as(f, 0);
    assert_int_equal(record_update(&changed, &f->ctx, form, record->id, 1,
                                   parse(f, "{\"text\":\"other\"}")),
                     E_FORBIDDEN);
    assert_int_equal(record_create(&changed, &f->ctx, form,
                                   parse(f, "{\"text\":\"draft\"}"), "draft"),
                     E_FORBIDDEN);
    ctx_clear(&f->ctx);
}

static int64_t seen_by_hook;

static int look(struct ctx *ctx, struct record *record, void *payload)
{
    (void)payload;
    seen_by_hook = ctx->person ? ctx->person->id : record->owner;
    return 0;
}

static void hooks_are_not_told_who_acts(void **state)
{
    struct fixture *f = *state;

    hook_add(&(struct hook){ .form = "opinion",
                             .when = HOOK_BEFORE_SAVE,
                             .name = "look",
                             .call = look });
    seen_by_hook = -1;
    as(f, f->li);
    (void)give(f, "hooked");
    assert_int_equal(seen_by_hook, 0);
    assert_non_null(f->ctx.person);
}

static void what_would_tell_is_refused_with_its_pointer(void **state)
{
    struct fixture *f = *state;

    as(f, 0);
    assert_int_equal(
        publish(f, "bad",
                "{\"title\":\"Bad\",\"anonymous\":true,\"flow\":\"budget\","
                "\"fields\":["
                "{\"key\":\"n\",\"type\":\"auto_number\","
                "\"pattern\":\"{0000}\"},"
                "{\"key\":\"who\",\"type\":\"user\",\"default\":\"me\"},"
                "{\"key\":\"at\",\"type\":\"datetime\","
                "\"default\":\"now\"}]}"),
        E_INVALID);
    assert_true(has_problem(f, "/flow", "form.definition"));
    assert_true(has_problem(f, "/fields/0/type", "form.definition"));
    assert_true(has_problem(f, "/fields/1/default", "form.definition"));
    assert_true(has_problem(f, "/fields/2/default", "form.definition"));
    ctx_clear(&f->ctx);
    assert_int_equal(publish(f, "bad",
                             "{\"title\":\"Bad\",\"anonymous\":\"a bit\","
                             "\"fields\":[{\"key\":\"a\","
                             "\"type\":\"text\"}]}"),
                     E_INVALID);
    assert_true(has_problem(f, "/anonymous", "form.definition"));
    ctx_clear(&f->ctx);
}

static void what_was_promised_stays(void **state)
{
    struct fixture *f = *state;

    as(f, 0);
    assert_int_equal(publish(f, "opinion",
                             "{\"title\":\"Opinion\",\"fields\":["
                             "{\"key\":\"text\",\"type\":\"text\"}]}"),
                     E_INVALID);
    assert_true(has_problem(f, "/anonymous", "form.definition"));
    ctx_clear(&f->ctx);
}

static void only_its_own_grants_open_it(void **state)
{
    struct fixture *f = *state;

    as(f, f->li);
    assert_true(access_form(&f->ctx, "budget", RIGHT_READ));
    assert_true(access_form(&f->ctx, "opinion", RIGHT_CREATE));
    assert_false(access_form(&f->ctx, "opinion", RIGHT_READ));
    assert_false(access_form(&f->ctx, "opinion", RIGHT_UPDATE));
}

/* One site for all: the form "opinion" is there. */
static int up(void **state)
{
    int rc = site_up(state);
    struct fixture *f = *state;

    if (!rc)
        ok(f, publish(f, "opinion", OPINION));
    return rc;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_kept_of_who_and_when),
        cmocka_unit_test(ids_do_not_follow_the_order_of_saving),
        cmocka_unit_test(an_undated_form_has_no_day_either),
        cmocka_unit_test(a_record_is_saved_once),
        cmocka_unit_test(hooks_are_not_told_who_acts),
        cmocka_unit_test(what_would_tell_is_refused_with_its_pointer),
        cmocka_unit_test(what_was_promised_stays),
        cmocka_unit_test(only_its_own_grants_open_it),
    };

    return cmocka_run_group_tests(tests, up, site_down);
}
