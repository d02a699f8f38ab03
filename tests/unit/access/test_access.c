/*
 * test_access.c - who may see and change what: scopes, single records,
 * readers, modules' capabilities.
 */
#include "base/banned.h"

#include "org/org_site.h"

#include "access/access.h"

extern const struct migration access_migrations[];

static int setup(void **state)
{
    static const struct migration *const more[] = { access_migrations, NULL };
    struct company *c;

    company_open(state, more);
    c = *state;
    assert_int_equal(access_defaults(&c->ctx), 0);
    return 0;
}

static struct scopes scopes_of(struct company *c, int64_t user,
                               enum right right)
{
    struct scopes scopes;

    as(c, user);
    assert_int_equal(access_scopes(&scopes, &c->ctx, "budget", right), 0);
    return scopes;
}

static bool has(const struct scopes *scopes, enum scope_kind kind)
{
    size_t i;

    for (i = 0; i < scopes->count; i++)
        if (scopes->items[i].kind == kind)
            return true;
    return false;
}

static struct record_facts record_of(struct company *c, int64_t owner,
                                     int64_t department)
{
    (void)c;
    return (struct record_facts){ "budget", 4711, owner, department };
}

static void everybody_sees_the_own_and_what_was_opened_to_him(void **state)
{
    struct company *c = *state;
    struct scopes scopes = scopes_of(c, c->lin, RIGHT_READ);

    assert_int_equal(scopes.count, 2);
    assert_true(has(&scopes, SCOPE_OWNER));
    assert_true(has(&scopes, SCOPE_READER));
}

static void a_head_sees_the_department_and_all_below(void **state)
{
    struct company *c = *state;
    struct scopes scopes = scopes_of(c, c->li, RIGHT_READ);
    struct record_facts record = record_of(c, c->lin, c->south);

    assert_true(has(&scopes, SCOPE_DEPARTMENTS));
    assert_int_equal(access_record(&c->ctx, &record, RIGHT_READ), 0);
    assert_refused(&c->ctx, access_record(&c->ctx, &record, RIGHT_UPDATE),
                   E_FORBIDDEN, "access.forbidden");
    as(c, c->chen);
    assert_refused(&c->ctx, access_record(&c->ctx, &record, RIGHT_READ),
                   E_NOT_FOUND, "access.absent");
}

static void administrators_see_all_by_one_scope(void **state)
{
    struct company *c = *state;
    struct scopes scopes = scopes_of(c, c->ada, RIGHT_READ);

    assert_int_equal(scopes.count, 1);
    assert_int_equal(scopes.items[0].kind, SCOPE_ALL);
}

static void somebody_disabled_sees_nothing(void **state)
{
    struct company *c = *state;
    struct scopes scopes = scopes_of(c, c->gone, RIGHT_READ);

    assert_int_equal(scopes.count, 0);
}

static void nobody_sees_nothing(void **state)
{
    struct company *c = *state;
    struct scopes scopes;

    c->ctx.system = false;
    c->ctx.person = NULL;
    assert_int_equal(access_scopes(&scopes, &c->ctx, "budget", RIGHT_READ), 0);
    assert_int_equal(scopes.count, 0);
}

static void S13_absent_and_invisible_look_the_same(void **state)
{
    struct company *c = *state;
    struct record_facts record = record_of(c, c->zhang, c->sales);

    as(c, c->lin);
    assert_refused(&c->ctx, access_record(&c->ctx, &record, RIGHT_READ),
                   E_NOT_FOUND, "access.absent");
    assert_refused(&c->ctx, access_record(&c->ctx, &record, RIGHT_DELETE),
                   E_NOT_FOUND, "access.absent");
}

static void a_reader_may_read_one_record_until_it_is_over(void **state)
{
    struct company *c = *state;
    struct record_facts record = record_of(c, c->zhang, c->sales);
    int64_t now = (int64_t)NOON * 1000;

    clock_set(now);
    assert_int_equal(tx_begin(&c->ctx, "test"), 0);
    assert_int_equal(
        access_reader_add(&c->ctx, 4711, c->chen, "task", now + 1000), 0);
    assert_int_equal(tx_commit(&c->ctx), 0);
    as(c, c->chen);
    assert_int_equal(access_record(&c->ctx, &record, RIGHT_READ), 0);
    assert_refused(&c->ctx, access_record(&c->ctx, &record, RIGHT_UPDATE),
                   E_FORBIDDEN, "access.forbidden");
    clock_set(now + 2000);
    assert_refused(&c->ctx, access_record(&c->ctx, &record, RIGHT_READ),
                   E_NOT_FOUND, "access.absent");
}

static void a_grant_acts_at_once_and_goes_at_once(void **state)
{
    struct company *c = *state;
    struct record_facts record = record_of(c, c->zhang, c->sales);
    int i;

    for (i = 1; i >= 0; i--) {
        c->ctx.system = true;
        assert_int_equal(access_grant_set(&c->ctx, "user", c->chen, "budget",
                                          RIGHT_READ, SCOPE_ALL, i),
                         0);
        as(c, c->chen);
        assert_int_equal(access_record(&c->ctx, &record, RIGHT_READ),
                         i ? 0 : E_NOT_FOUND);
        ctx_clear(&c->ctx);
    }
}

static void moving_a_person_moves_what_the_head_sees(void **state)
{
    struct company *c = *state;
    struct user_input input = { "he", "he", NULL, c->finance, 0 };
    struct record_facts record = record_of(c, c->zhang, c->sales);

    c->ctx.system = true;
    assert_int_equal(user_update(&c->ctx, c->he, &input), 0);
    as(c, c->he);
    assert_int_equal(access_record(&c->ctx, &record, RIGHT_READ), E_NOT_FOUND);
    ctx_clear(&c->ctx);
    c->ctx.system = true;
    assert_int_equal(
        department_update(&c->ctx, c->sales, "sales", c->company, c->he), 0);
    as(c, c->he);
    assert_int_equal(access_record(&c->ctx, &record, RIGHT_READ), 0);
}

static void being_reader_of_one_record_is_not_using_the_form(void **state)
{
    struct company *c = *state;

    c->ctx.system = true;
    assert_int_equal(access_grant_set(&c->ctx, "everyone", 0, "*", RIGHT_READ,
                                      SCOPE_OWNER, false),
                     0);
    as(c, c->lin);
    assert_false(access_form(&c->ctx, "budget", RIGHT_READ));
    as(c, c->ada);
    assert_true(access_form(&c->ctx, "budget", RIGHT_READ));
}

static void a_module_sees_its_own_forms_and_those_it_named(void **state)
{
    struct company *c = *state;
    struct scopes scopes;

    access_capability("vehicle", "hr.employee", RIGHT_READ);
    as(c, c->lin);
    c->ctx.module = "vehicle";
    assert_true(access_form(&c->ctx, "vehicle.booking", RIGHT_UPDATE));
    assert_true(access_form(&c->ctx, "hr.employee", RIGHT_READ));
    assert_false(access_form(&c->ctx, "hr.employee", RIGHT_UPDATE));
    assert_false(access_form(&c->ctx, "vehicles.secret", RIGHT_READ));
    assert_int_equal(access_scopes(&scopes, &c->ctx, "budget", RIGHT_READ), 0);
    assert_int_equal(scopes.count, 0);
    assert_refused(&c->ctx, access_administrator(&c->ctx), E_FORBIDDEN,
                   "access.administrators");
    access_capabilities_forget("vehicle");
    assert_false(access_form(&c->ctx, "hr.employee", RIGHT_READ));
}

static void S18_only_administrators_grant(void **state)
{
    struct company *c = *state;

    as(c, c->lin);
    assert_refused(&c->ctx,
                   access_grant_set(&c->ctx, "user", c->lin, "*", RIGHT_READ,
                                    SCOPE_ALL, true),
                   E_FORBIDDEN, "access.administrators");
    assert_refused(&c->ctx, access_module_set(&c->ctx, "hello", false),
                   E_FORBIDDEN, "access.administrators");
}

static void a_module_that_is_off_is_off_for_everybody(void **state)
{
    struct company *c = *state;

    as(c, c->ada);
    assert_true(access_module(&c->ctx, "hello"));
    assert_int_equal(access_module_set(&c->ctx, "hello", false), 0);
    assert_false(access_module(&c->ctx, "hello"));
    assert_int_equal(access_module_set(&c->ctx, "hello", true), 0);
    assert_true(access_module(&c->ctx, "hello"));
}

static void a_module_is_for_departments_and_below(void **state)
{
    struct company *c = *state;
    struct value *ids = value_list(c->ctx.arena);

    as(c, c->ada);
    value_append(ids, value_int(c->ctx.arena, c->sales));
    assert_int_equal(access_module_departments_set(&c->ctx, "hello", ids), 0);
    as(c, c->lin); /* of a team below it */
    assert_true(access_module(&c->ctx, "hello"));
    assert_true(access_form(&c->ctx, "hello.item", RIGHT_CREATE));
    as(c, c->chen);
    assert_false(access_module(&c->ctx, "hello"));
    assert_true(access_module_on(&c->ctx, "hello"));
    assert_false(access_form(&c->ctx, "hello", RIGHT_CREATE));
    assert_false(access_form(&c->ctx, "hello.item", RIGHT_CREATE));
    assert_true(access_form(&c->ctx, "hell.item", RIGHT_CREATE));
    /* What acts as itself stands in no department. */
    c->ctx.module = "hello";
    assert_true(access_module(&c->ctx, "hello"));
    assert_true(access_form(&c->ctx, "hello.item", RIGHT_READ));
    c->ctx.module = NULL;
    assert_refused(&c->ctx,
                   access_module_departments_set(&c->ctx, "hello", ids),
                   E_FORBIDDEN, "access.administrators");
    as(c, c->ada);
    assert_int_equal(access_module_departments_set(&c->ctx, "hello",
                                                   value_list(c->ctx.arena)),
                     0);
    as(c, c->chen);
    assert_true(access_form(&c->ctx, "hello.item", RIGHT_CREATE));
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, setup, company_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everybody_sees_the_own_and_what_was_opened_to_him),
        TEST(a_head_sees_the_department_and_all_below),
        TEST(administrators_see_all_by_one_scope),
        TEST(somebody_disabled_sees_nothing),
        TEST(nobody_sees_nothing),
        TEST(S13_absent_and_invisible_look_the_same),
        TEST(a_reader_may_read_one_record_until_it_is_over),
        TEST(a_grant_acts_at_once_and_goes_at_once),
        TEST(moving_a_person_moves_what_the_head_sees),
        TEST(being_reader_of_one_record_is_not_using_the_form),
        TEST(a_module_sees_its_own_forms_and_those_it_named),
        TEST(S18_only_administrators_grant),
        TEST(a_module_that_is_off_is_off_for_everybody),
        TEST(a_module_is_for_departments_and_below),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
