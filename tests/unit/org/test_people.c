/*
 * test_people.c - people, departments, heads, superiors, roles.
 */
#include "base/banned.h"

#include "org/org_site.h"

#include "audit/audit.h"

static void the_head_of_a_department_is_looked_for_upwards(void **state)
{
    struct company *c = *state;
    int64_t head;

    assert_int_equal(org_head(&head, &c->ctx, c->south), 0);
    assert_true(head == c->he);
    assert_int_equal(user_set_enabled(&c->ctx, c->he, false), 0);
    assert_int_equal(org_head(&head, &c->ctx, c->south), 0);
    assert_true(head == c->li);
}

static void a_heads_superior_is_the_next_head_above(void **state)
{
    struct company *c = *state;
    int64_t superior;

    assert_int_equal(org_superior(&superior, &c->ctx, c->lin), 0);
    assert_true(superior == c->he);
    assert_int_equal(org_superior(&superior, &c->ctx, c->he), 0);
    assert_true(superior == c->li);
    assert_int_equal(org_superior(&superior, &c->ctx, c->boss), 0);
    assert_true(superior == 0);
}

static void an_explicit_manager_wins_over_the_department(void **state)
{
    struct company *c = *state;
    struct user_input input = { "lin", "lin", NULL, c->south, c->chen };
    int64_t superior;

    assert_int_equal(user_update(&c->ctx, c->lin, &input), 0);
    assert_int_equal(org_superior(&superior, &c->ctx, c->lin), 0);
    assert_true(superior == c->chen);
}

static void a_circle_of_managers_is_refused(void **state)
{
    struct company *c = *state;
    struct user_input lin = { "lin", "lin", NULL, c->south, c->zhang };
    struct user_input zhang = { "zhang", "zhang", NULL, c->sales, c->lin };

    assert_int_equal(user_update(&c->ctx, c->lin, &lin), 0);
    assert_refused(&c->ctx, user_update(&c->ctx, c->zhang, &zhang), E_INVALID,
                   "org.user.circle");
}

static void a_department_cannot_move_below_itself(void **state)
{
    struct company *c = *state;

    assert_refused(
        &c->ctx, department_update(&c->ctx, c->sales, "sales", c->south, c->li),
        E_INVALID, "org.department.circle");
}

static void moving_a_department_takes_along_what_is_below(void **state)
{
    struct company *c = *state;
    const struct person *chen;

    assert_int_equal(
        department_update(&c->ctx, c->sales, "sales", c->finance, c->li), 0);
    assert_int_equal(person_load(&chen, &c->ctx, c->chen), 0);
    assert_int_equal(chen->department_count, 3);
}

static void a_department_with_people_is_not_closed(void **state)
{
    struct company *c = *state;

    assert_refused(&c->ctx, department_close(&c->ctx, c->south), E_CONFLICT,
                   "org.department.not_empty");
}

static void a_closed_department_keeps_its_name(void **state)
{
    struct company *c = *state;
    int64_t id = add_department(&c->ctx, "old", 0);
    const struct department **list;
    size_t count, i;

    assert_int_equal(department_close(&c->ctx, id), 0);
    assert_string_equal(department_name(&c->ctx, id), "old");
    assert_int_equal(department_list(&list, &count, &c->ctx), 0);
    for (i = 0; i < count; i++)
        assert_true(list[i]->id != id);
}

static void the_tree_lists_children_behind_their_parent(void **state)
{
    struct company *c = *state;
    const struct department **list;
    size_t count;

    assert_int_equal(department_list(&list, &count, &c->ctx), 0);
    assert_int_equal(count, 4);
    assert_string_equal(list[0]->name, "company");
    assert_string_equal(list[1]->name, "finance");
    assert_string_equal(list[2]->name, "sales");
    assert_string_equal(list[3]->name, "south");
    assert_int_equal(list[3]->depth, 2);
}

static void a_login_is_taken_whatever_its_case(void **state)
{
    struct company *c = *state;
    struct user_input input = { "ZHANG", "another", NULL, 0, 0 };
    int64_t id;

    assert_refused(&c->ctx, user_create(&id, &c->ctx, &input), E_INVALID,
                   "org.user.login_taken");
}

static void all_problems_of_a_person_are_reported_at_once(void **state)
{
    struct company *c = *state;
    struct user_input input = { "a b", " ", "no address", 17, 0 };
    int64_t id;

    assert_int_equal(user_create(&id, &c->ctx, &input), E_INVALID);
    assert_int_equal(c->ctx.problem_count, 4);
}

static void the_last_administrator_stays(void **state)
{
    struct company *c = *state;

    assert_refused(&c->ctx, user_set_enabled(&c->ctx, c->ada, false),
                   E_CONFLICT, "org.user.last_administrator");
    assert_refused(&c->ctx,
                   role_grant(&c->ctx, c->ada, c->administrators, false),
                   E_CONFLICT, "org.user.last_administrator");
    assert_int_equal(role_grant(&c->ctx, c->boss, c->administrators, true), 0);
    assert_int_equal(user_set_enabled(&c->ctx, c->ada, false), 0);
}

static void a_role_that_somebody_holds_is_not_deleted(void **state)
{
    struct company *c = *state;
    int64_t role;

    assert_int_equal(role_create(&role, &c->ctx, "auditor", "Auditor"), 0);
    assert_int_equal(role_grant(&c->ctx, c->lin, role, true), 0);
    assert_refused(&c->ctx, role_delete(&c->ctx, role), E_CONFLICT,
                   "org.role.held");
    assert_int_equal(role_grant(&c->ctx, c->lin, role, false), 0);
    assert_int_equal(role_delete(&c->ctx, role), 0);
}

static void only_enabled_people_hold_a_role(void **state)
{
    struct company *c = *state;
    int64_t role, *users;
    size_t count;

    assert_int_equal(role_create(&role, &c->ctx, "auditor", "Auditor"), 0);
    assert_int_equal(role_grant(&c->ctx, c->lin, role, true), 0);
    assert_int_equal(role_grant(&c->ctx, c->zhang, role, true), 0);
    assert_int_equal(user_set_enabled(&c->ctx, c->lin, false), 0);
    assert_int_equal(org_role_holders(&users, &count, &c->ctx, "auditor"), 0);
    assert_int_equal(count, 1);
    assert_true(users[0] == c->zhang);
}

static void a_change_that_is_rolled_back_is_not_remembered(void **state)
{
    struct company *c = *state;
    struct user_input input = { "lin", "Lin Dan", NULL, c->south, 0 };
    const struct person *person;

    assert_int_equal(tx_begin(&c->ctx, "test"), 0);
    assert_int_equal(user_update(&c->ctx, c->lin, &input), 0);
    assert_int_equal(person_load(&person, &c->ctx, c->lin), 0);
    assert_string_equal(person->name, "Lin Dan");
    tx_rollback(&c->ctx);
    assert_int_equal(person_load(&person, &c->ctx, c->lin), 0);
    assert_string_equal(person->name, "lin");
}

static void who_acts_stays_valid_through_many_changes(void **state)
{
    struct company *c = *state;
    int64_t role;
    char key[16];
    int i;

    assert_int_equal(person_load(&c->ctx.person, &c->ctx, c->ada), 0);
    for (i = 0; i < 40; i++) {
        snprintf(key, sizeof key, "role_%d", i);
        assert_int_equal(role_create(&role, &c->ctx, key, key), 0);
        assert_int_equal(role_grant(&c->ctx, c->lin, role, true), 0);
    }
    assert_string_equal(c->ctx.person->login, "ada");
    assert_true(c->ctx.person->administrator);
    c->ctx.person = NULL;
}

static void every_change_leaves_a_trail(void **state)
{
    struct company *c = *state;
    struct user_input input = { "lin", "Lin Dan", NULL, c->sales, 0 };
    struct value *trail;
    const struct value *changes;

    assert_int_equal(user_update(&c->ctx, c->lin, &input), 0);
    assert_int_equal(audit_read(&trail, &c->ctx, "user", c->lin, 1), 0);
    changes = value_get(value_at(trail, 0), "changes");
    assert_string_equal(value_get_text(value_get(changes, "name"), "from"),
                        "lin");
    assert_string_equal(value_get_text(value_get(changes, "name"), "to"),
                        "Lin Dan");
    assert_non_null(value_get(changes, "department"));
    assert_null(value_get(changes, "mail"));
}

static void people_are_found_by_a_part_of_their_name(void **state)
{
    struct company *c = *state;
    struct user_input input = { "wang.wei", "王伟 Wáng", NULL, 0, 0 };
    struct value *found;
    int64_t id;

    assert_int_equal(user_create(&id, &c->ctx, &input), 0);
    assert_int_equal(org_search_users(&found, &c->ctx, "王", 10), 0);
    assert_int_equal(value_count(found), 1);
    assert_int_equal(org_search_users(&found, &c->ctx, "WANG.W", 10), 0);
    assert_int_equal(value_count(found), 1);
    assert_int_equal(org_search_users(&found, &c->ctx, "%", 10), 0);
    assert_int_equal(value_count(found), 0);
    assert_int_equal(org_search_users(&found, &c->ctx, "gone", 10), 0);
    assert_int_equal(value_count(found), 0);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, company_setup, company_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_head_of_a_department_is_looked_for_upwards),
        TEST(a_heads_superior_is_the_next_head_above),
        TEST(an_explicit_manager_wins_over_the_department),
        TEST(a_circle_of_managers_is_refused),
        TEST(a_department_cannot_move_below_itself),
        TEST(moving_a_department_takes_along_what_is_below),
        TEST(a_department_with_people_is_not_closed),
        TEST(a_closed_department_keeps_its_name),
        TEST(the_tree_lists_children_behind_their_parent),
        TEST(a_login_is_taken_whatever_its_case),
        TEST(all_problems_of_a_person_are_reported_at_once),
        TEST(the_last_administrator_stays),
        TEST(a_role_that_somebody_holds_is_not_deleted),
        TEST(only_enabled_people_hold_a_role),
        TEST(a_change_that_is_rolled_back_is_not_remembered),
        TEST(who_acts_stays_valid_through_many_changes),
        TEST(every_change_leaves_a_trail),
        TEST(people_are_found_by_a_part_of_their_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
