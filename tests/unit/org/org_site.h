/*
 * org_site.h - what the tests of people, access, requests share: a company in
 * memory.
 *
 *   company (head boss) ── sales (head li) ── south (head he)
 *                       └─ finance (head chen)
 *   zhang: sales; lin: south; ada: administrator; gone: disabled.
 */
#ifndef TESTS_ORG_SITE_H
#define TESTS_ORG_SITE_H

#include "store/store_site.h"

#include "base/crypto.h"
#include "base/log.h"
#include "base/str.h"
#include "base/value.h"
#include "org/admin.h"
#include "org/org.h"
#include "org/password.h"
#include "org/person.h"
#include "org/session.h"

extern const struct migration store_migrations[], event_migrations[],
    audit_migrations[], org_migrations[];

enum { NOON = 1700000000 };
#define TEST_PASSWORD "correct horse battery"

struct company {
    struct ctx ctx;
    int64_t company, sales, south, finance; /* departments */
    int64_t boss, li, he, chen, zhang, lin, ada, gone;
    int64_t administrators;
};

static inline int64_t add_department(struct ctx *ctx, const char *name,
                                     int64_t parent)
{
    int64_t id;

    assert_int_equal(department_create(&id, ctx, name, parent, 0), 0);
    return id;
}

static inline int64_t add_user(struct ctx *ctx, const char *login,
                               int64_t department)
{
    struct user_input input = { login, login, NULL, department, 0 };
    int64_t id;
    int rc = user_create(&id, ctx, &input);

    if (rc)
        print_error("user_create: %s\n", ctx_error(ctx));
    assert_int_equal(rc, 0);
    return id;
}

static inline void make_company(struct company *c)
{
    struct ctx *ctx = &c->ctx;

    assert_int_equal(
        role_create(&c->administrators, ctx, "administrators", "Admins"), 0);
    c->company = add_department(ctx, "company", 0);
    c->sales = add_department(ctx, "sales", c->company);
    c->south = add_department(ctx, "south", c->sales);
    c->finance = add_department(ctx, "finance", c->company);
    c->boss = add_user(ctx, "boss", c->company);
    c->li = add_user(ctx, "li", c->sales);
    c->he = add_user(ctx, "he", c->south);
    c->chen = add_user(ctx, "chen", c->finance);
    c->zhang = add_user(ctx, "zhang", c->sales);
    c->lin = add_user(ctx, "lin", c->south);
    c->ada = add_user(ctx, "ada", 0);
    c->gone = add_user(ctx, "gone", c->sales);
    assert_int_equal(department_update(ctx, c->company, "company", 0, c->boss),
                     0);
    assert_int_equal(
        department_update(ctx, c->sales, "sales", c->company, c->li), 0);
    assert_int_equal(department_update(ctx, c->south, "south", c->sales, c->he),
                     0);
    assert_int_equal(
        department_update(ctx, c->finance, "finance", c->company, c->chen), 0);
    assert_int_equal(role_grant(ctx, c->ada, c->administrators, true), 0);
    assert_int_equal(user_set_enabled(ctx, c->gone, false), 0);
}

static inline int company_open(void **state,
                               const struct migration *const *more)
{
    static const struct migration *const ground[] = {
        store_migrations, event_migrations, audit_migrations, org_migrations
    };
    struct company *c = calloc(1, sizeof *c);
    size_t i;

    assert_int_equal(crypto_start(), 0);
    log_level_set(LOG_ERROR);
    person_forget_all();
    connect_to(&c->ctx, NULL, DB_MEMORY);
    for (i = 0; i < 4; i++)
        assert_int_equal(migrate(&c->ctx, ground[i]), 0);
    for (; more && *more; more++)
        assert_int_equal(migrate(&c->ctx, *more), 0);
    c->ctx.system = true;
    make_company(c);
    assert_int_equal(epoch_read(&c->ctx), 0);
    *state = c;
    return 0;
}

static inline int company_setup(void **state)
{
    return company_open(state, NULL);
}

static inline int company_teardown(void **state)
{
    struct company *c = *state;

    clock_set(0);
    person_forget_all();
    disconnect(&c->ctx);
    free(c);
    return 0;
}

/* Acts as this user from here on. */
static inline void as(struct company *c, int64_t user)
{
    assert_int_equal(person_load(&c->ctx.person, &c->ctx, user), 0);
    c->ctx.system = false;
}

#endif
