/*
 * flow_site.h - what the tests of running processes share: a company in
 * memory, a form "request" with the process "p", and short names for what
 * people do.
 *
 *   company (head boss) ── sales (head li) ── south (head he)
 *                       └─ finance (head chen)
 *   zhang, wang: sales; lin: south; chen, liu: finance; ada: administrator.
 *   Roles: finance (chen, liu), manager (boss), empty (nobody).
 */
#ifndef TESTS_FLOW_SITE_H
#define TESTS_FLOW_SITE_H

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
#include "event/job.h"
#include "flow/definition.h"
#include "flow/flow.h"
#include "flow/process.h"
#include "form/form.h"
#include "form/record.h"
#include "notify/notify.h"
#include "org/admin.h"
#include "org/org.h"
#include "org/person.h"
#include "store/db.h"
#include "store/migrate.h"

extern const struct migration store_migrations[], event_migrations[],
    audit_migrations[], org_migrations[], access_migrations[],
    notify_migrations[], form_migrations[], flow_migrations[];

struct fixture {
    struct arena *arena;
    struct ctx ctx;
    int64_t company, sales, south, finance; /* departments */
    int64_t boss, li, he, zhang, wang, lin, chen, liu, ada;
    int operation;
};

#define REQUEST                                                                \
    "{\"title\":\"Request\",\"flow\":\"p\",\"label\":\"purpose\",\"fields\":[" \
    "{\"key\":\"purpose\",\"type\":\"text\",\"required\":true},"               \
    "{\"key\":\"amount\",\"type\":\"money\"},"                                 \
    "{\"key\":\"day\",\"type\":\"date\"},"                                     \
    "{\"key\":\"reviewer\",\"type\":\"user\"}]}"

static inline void ok(struct fixture *f, int rc)
{
    const struct problem *problem;

    if (rc < 0)
        for (problem = f->ctx.problems; problem; problem = problem->next)
            print_error("%s (%s): %s\n", problem->field ? problem->field : "-",
                        problem->key, problem->text);
    assert_true(rc >= 0);
}

static inline void as(struct fixture *f, int64_t person)
{
    ctx_clear(&f->ctx);
    f->ctx.system = person == 0;
    f->ctx.person = NULL;
    if (person)
        assert_int_equal(person_load(&f->ctx.person, &f->ctx, person), 0);
}

/* The problem's key is this one. */
static inline void told(struct fixture *f, const char *key)
{
    assert_non_null(f->ctx.problems);
    assert_string_equal(f->ctx.problems->key, key);
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

static inline void give_role(struct fixture *f, const char *key, int64_t a,
                             int64_t b)
{
    int64_t role;

    if (role_find(&role, &f->ctx, key)) {
        ctx_clear(&f->ctx);
        ok(f, role_create(&role, &f->ctx, key, key));
    }
    if (a)
        ok(f, role_grant(&f->ctx, a, role, true));
    if (b)
        ok(f, role_grant(&f->ctx, b, role, true));
}

static inline void make_company(struct fixture *f)
{
    struct ctx *ctx = &f->ctx;

    ok(f, department_create(&f->company, ctx, "Company", 0, 0));
    ok(f, department_create(&f->sales, ctx, "Sales", f->company, 0));
    ok(f, department_create(&f->south, ctx, "South", f->sales, 0));
    ok(f, department_create(&f->finance, ctx, "Finance", f->company, 0));
    f->boss = add_user(f, "boss", f->company);
    f->li = add_user(f, "li", f->sales);
    f->he = add_user(f, "he", f->south);
    f->zhang = add_user(f, "zhang", f->sales);
    f->wang = add_user(f, "wang", f->sales);
    f->lin = add_user(f, "lin", f->south);
    f->chen = add_user(f, "chen", f->finance);
    f->liu = add_user(f, "liu", f->finance);
    f->ada = add_user(f, "ada", f->company);
    ok(f, department_update(ctx, f->company, "Company", 0, f->boss));
    ok(f, department_update(ctx, f->sales, "Sales", f->company, f->li));
    ok(f, department_update(ctx, f->south, "South", f->sales, f->he));
    ok(f, department_update(ctx, f->finance, "Finance", f->company, f->chen));
    give_role(f, "finance", f->chen, f->liu);
    give_role(f, "manager", f->boss, 0);
    give_role(f, "empty", 0, 0);
    give_role(f, "administrators", f->ada, 0);
}

static inline int site_up(void **state)
{
    static const struct migration *const all[] = {
        store_migrations,  event_migrations,  audit_migrations, org_migrations,
        access_migrations, notify_migrations, form_migrations,  flow_migrations,
    };
    static bool started;
    struct fixture *f = calloc(1, sizeof *f);
    size_t i;

    log_level_set(LOG_ERROR);
    f->arena = arena_new(0);
    ctx_init(&f->ctx, f->arena);
    f->ctx.system = true;
    crypto_start();
    person_forget_all();
    ok(f, db_open(&f->ctx, NULL, DB_MEMORY));
    for (i = 0; i < sizeof all / sizeof all[0]; i++)
        ok(f, migrate(&f->ctx, all[i]));
    if (!started)
        flow_start_room();
    started = true;
    give_role(f, "administrators", 0, 0);
    ok(f, access_defaults(&f->ctx));
    make_company(f);
    {
        struct value *definition = NULL;

        ok(f, json_parse(&definition, &f->ctx, REQUEST, strlen(REQUEST)));
        ok(f, form_publish(&f->ctx, "request", NULL, definition, NULL));
    }
    *state = f;
    return 0;
}

static inline int site_down(void **state)
{
    struct fixture *f = *state;

    db_close(f->ctx.db);
    person_forget_all();
    arena_free(f->arena);
    graph_forget_all();
    free(f);
    clock_set(0);
    return 0;
}

/* ---- what people do ---- */

static inline void deploy(struct fixture *f, const char *xml)
{
    as(f, 0);
    ok(f, flow_deploy(&f->ctx, "p.bpmn", NULL, xml, strlen(xml)));
}

static inline const char *operation(struct fixture *f)
{
    return arena_printf(f->arena, "op-%d", ++f->operation);
}

static inline struct value *json(struct fixture *f, const char *text)
{
    struct value *value = NULL;

    ok(f, json_parse(&value, &f->ctx, text, strlen(text)));
    return value;
}

static inline const struct form *request(struct fixture *f)
{
    const struct form *form = NULL;

    ok(f, form_find(&form, &f->ctx, "request"));
    return form;
}

static inline int64_t submit(struct fixture *f, int64_t person,
                             const char *values)
{
    struct record *record = NULL;

    as(f, person);
    ok(f, flow_submit(&record, &f->ctx, request(f), 0, 0, json(f, values),
                      operation(f)));
    return record->id;
}

/* The person's open task of this record at this node; 0: none. */
static inline int64_t task_of(struct fixture *f, int64_t person, int64_t record,
                              const char *node)
{
    int64_t id = 0;

    (void)db_int(&id, &f->ctx,
                 "SELECT id FROM flow_task WHERE holder = ?1 AND record = ?2"
                 " AND node = ?3 AND ended_at IS NULL",
                 "iis", person, record, node);
    return id;
}

static inline int decide(struct fixture *f, int64_t person, int64_t task,
                         enum decision decision)
{
    as(f, person);
    return flow_decide(&f->ctx, task, decision, "because", operation(f));
}

static inline void approve(struct fixture *f, int64_t person, int64_t record,
                           const char *node)
{
    int64_t task = task_of(f, person, record, node);

    assert_int_not_equal(task, 0);
    ok(f, decide(f, person, task, DECISION_APPROVE));
}

/* One text or number out of the store. */
static inline int64_t count(struct fixture *f, const char *sql, int64_t record)
{
    int64_t n = -1;

    ok(f, db_int(&n, &f->ctx, sql, "i", record));
    return n;
}

static inline const char *state_of(struct fixture *f, int64_t record)
{
    const char *state = NULL;

    ok(f, db_text(&state, &f->ctx,
                  "SELECT state FROM flow_instance WHERE record = ?1", "i",
                  record));
    return state;
}

static inline const char *record_state(struct fixture *f, int64_t id)
{
    struct record *record = NULL;

    ok(f, record_get_unchecked(&record, &f->ctx, request(f), id));
    return record->state;
}

/* Incidents of the record that are open, with this key. */
static inline int64_t incidents(struct fixture *f, int64_t record,
                                const char *key)
{
    int64_t n = -1;

    ok(f, db_int(&n, &f->ctx,
                 "SELECT COUNT(*) FROM flow_incident x JOIN flow_instance i"
                 " ON i.id = x.instance WHERE i.record = ?1 AND x.key = ?2"
                 " AND x.closed_at IS NULL",
                 "is", record, key));
    return n;
}

#define OPEN_TASKS                                                             \
    "SELECT COUNT(*) FROM flow_task WHERE record = ?1 AND ended_at IS NULL"
#define TOKENS                                                                 \
    "SELECT COUNT(*) FROM flow_token t JOIN flow_instance i"                   \
    " ON i.id = t.instance WHERE i.record = ?1"

static inline int64_t unread(struct fixture *f, int64_t person)
{
    int64_t n = -1;

    as(f, person);
    ok(f, notify_unread(&n, &f->ctx));
    return n;
}

static inline const char *task_state(struct fixture *f, int64_t task)
{
    const char *state = NULL;

    ok(f, db_text(&state, &f->ctx, "SELECT state FROM flow_task WHERE id = ?1",
                  "i", task));
    return state;
}

#endif
