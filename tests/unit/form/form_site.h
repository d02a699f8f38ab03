/*
 * form_site.h - what the tests of forms and records share: a site in memory
 * with three people in two departments, and a budget form.
 */
#ifndef TESTS_FORM_SITE_H
#define TESTS_FORM_SITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* base/ctx.h has one */

#include "access/access.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/log.h"
#include "form/form.h"
#include "form/field_type.h"
#include "form/record.h"
#include "org/admin.h"
#include "org/org.h"
#include "org/person.h"
#include "store/db.h"
#include "store/migrate.h"

extern const struct migration store_migrations[], event_migrations[],
    audit_migrations[], org_migrations[], access_migrations[],
    form_migrations[];

struct fixture {
    struct arena *arena;
    struct ctx ctx;
    int64_t sales, finance; /* departments */
    int64_t li, wang, zhao; /* li and wang: sales; zhao: finance */
};

#define BUDGET                                                                 \
    "{\"title\":{\"en\":\"Budget\",\"zh-CN\":\"预算\"},\"fields\":["         \
    "{\"key\":\"number\",\"type\":\"auto_number\","                            \
    "\"pattern\":\"B-{year}-{0000}\"},"                                        \
    "{\"key\":\"purpose\",\"type\":\"text\",\"required\":true,"                \
    "\"max_length\":20,\"index\":true},"                                       \
    "{\"key\":\"day\",\"type\":\"date\"},"                                     \
    "{\"key\":\"last\",\"type\":\"date\"},"                                    \
    "{\"key\":\"kind\",\"type\":\"choice\",\"options\":[\"trip\",\"fair\"]},"  \
    "{\"key\":\"tags\",\"type\":\"multi_choice\",\"options\":"                 \
    "[\"a\",\"b\",\"c\"]},"                                                    \
    "{\"key\":\"contact\",\"type\":\"user\"},"                                 \
    "{\"key\":\"other\",\"type\":\"link\",\"target\":\"budget\"},"             \
    "{\"key\":\"items\",\"type\":\"sub_table\",\"fields\":["                   \
    "{\"key\":\"name\",\"type\":\"text\",\"required\":true},"                  \
    "{\"key\":\"quantity\",\"type\":\"integer\",\"min\":1},"                   \
    "{\"key\":\"price\",\"type\":\"money\",\"min\":0},"                        \
    "{\"key\":\"amount\",\"type\":\"money\",\"computed\":"                     \
    "\"quantity * price\"}]},"                                                 \
    "{\"key\":\"total\",\"type\":\"computed\",\"result\":\"money\","           \
    "\"expression\":\"sum(items, 'amount')\",\"index\":true}],"                \
    "\"rules\":[{\"refuse\":\"last < day\",\"field\":\"last\","                \
    "\"message\":\"ends before it starts\"}]}"

static inline struct value *parse(struct fixture *f, const char *text)
{
    struct value *value = NULL;

    if (json_parse(&value, &f->ctx, text, strlen(text)))
        print_error("%s\n", ctx_error(&f->ctx));
    assert_non_null(value);
    return value;
}

static inline void as(struct fixture *f, int64_t person)
{
    f->ctx.system = person == 0;
    f->ctx.person = NULL;
    if (person)
        assert_int_equal(person_load(&f->ctx.person, &f->ctx, person), 0);
}

static inline void ok(struct fixture *f, int rc)
{
    const struct problem *problem;

    if (rc < 0)
        for (problem = f->ctx.problems; problem; problem = problem->next)
            print_error("%s: %s\n", problem->field ? problem->field : "-",
                        problem->text);
    assert_true(rc >= 0);
}

static inline int64_t add_user(struct fixture *f, const char *login,
                               int64_t department)
{
    struct user_input input = { .login = login,
                                .name = login,
                                .department = department };
    int64_t id = 0;

    ok(f, user_create(&id, &f->ctx, &input));
    return id;
}

static inline int publish(struct fixture *f, const char *name, const char *json)
{
    return form_publish(&f->ctx, name, NULL, parse(f, json), NULL);
}

static inline const struct form *form_named(struct fixture *f, const char *name)
{
    const struct form *form = NULL;

    ok(f, form_find(&form, &f->ctx, name));
    return form;
}

static inline int site_up(void **state)
{
    static const struct migration *const all[] = {
        store_migrations, event_migrations,  audit_migrations,
        org_migrations,   access_migrations, form_migrations,
    };
    struct fixture *f = calloc(1, sizeof *f);
    int64_t role;
    size_t i;

    log_level_set(LOG_ERROR);
    f->arena = arena_new(0);
    ctx_init(&f->ctx, f->arena);
    f->ctx.system = true;
    crypto_start();
    ok(f, db_open(&f->ctx, NULL, DB_MEMORY));
    for (i = 0; i < sizeof all / sizeof all[0]; i++)
        ok(f, migrate(&f->ctx, all[i]));
    ok(f, role_create(&role, &f->ctx, "administrators", "Administrators"));
    ok(f, access_defaults(&f->ctx));
    ok(f, department_create(&f->sales, &f->ctx, "Sales", 0, 0));
    ok(f, department_create(&f->finance, &f->ctx, "Finance", 0, 0));
    f->li = add_user(f, "li.na", f->sales);
    f->wang = add_user(f, "wang.wei", f->sales);
    f->zhao = add_user(f, "zhao.min", f->finance);
    ok(f, publish(f, "budget", BUDGET));
    *state = f;
    return 0;
}

static inline int site_down(void **state)
{
    struct fixture *f = *state;

    db_close(f->ctx.db);
    arena_free(f->arena);
    free(f);
    clock_set(0);
    return 0;
}

/* A problem with this key at this field (NULL: the whole). */
static inline bool has_problem(struct fixture *f, const char *field,
                               const char *key)
{
    const struct problem *problem;

    for (problem = f->ctx.problems; problem; problem = problem->next)
        if (text_equal(problem->field, field) && text_equal(problem->key, key))
            return true;
    return false;
}

static inline struct record *create(struct fixture *f, const char *json)
{
    struct record *record = NULL;

    ok(f, record_create(&record, &f->ctx, form_named(f, "budget"),
                        parse(f, json), NULL));
    return record;
}

#endif
