/*
 * module_site.h - what the tests of modules share: a site in a temporary
 * folder with a store in memory, into which modules are put.
 */
#ifndef TESTS_MODULE_SITE_H
#define TESTS_MODULE_SITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>
#undef fail /* base/ctx.h has one */

#include "access/access.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "form/form.h"
#include "form/record.h"
#include "org/admin.h"
#include "org/person.h"
#include "plugin/plugin.h"
#include "store/db.h"
#include "store/migrate.h"

extern const struct migration store_migrations[], event_migrations[],
    audit_migrations[], org_migrations[], access_migrations[],
    notify_migrations[], form_migrations[], flow_migrations[],
    plugin_migrations[];

struct fixture {
    struct arena *arena;
    struct ctx ctx;
    struct site site;
    char folder[64];
    int64_t li, wang, admin;
};

static inline void ok(struct fixture *f, int rc)
{
    const struct problem *problem;

    if (rc < 0)
        for (problem = f->ctx.problems; problem; problem = problem->next)
            print_error("%s: %s\n", problem->field ? problem->field : "-",
                        problem->text);
    assert_true(rc >= 0);
}

static inline void as(struct fixture *f, int64_t person)
{
    f->ctx.system = person == 0;
    f->ctx.person = NULL;
    ctx_clear(&f->ctx);
    if (person)
        assert_int_equal(person_load(&f->ctx.person, &f->ctx, person), 0);
}

static inline bool has_key(const struct fixture *f, const char *key)
{
    const struct problem *problem;

    for (problem = f->ctx.problems; problem; problem = problem->next)
        if (text_equal(problem->key, key))
            return true;
    return false;
}

static inline const char *in_site(struct fixture *f, const char *name)
{
    return arena_printf(f->arena, "%s/%s", f->folder, name);
}

static inline void put(struct fixture *f, const char *name, const char *text)
{
    ok(f, file_write(&f->ctx, in_site(f, name), text, strlen(text), 0600));
}

static inline void put_copy(struct fixture *f, const char *name,
                            const char *from)
{
    const char *data;
    size_t length;

    ok(f, file_read(&data, &length, &f->ctx, from, 64 << 20));
    ok(f, file_write(&f->ctx, in_site(f, name), data, length, 0700));
}

static inline void make_folder(struct fixture *f, const char *name)
{
    mkdir(in_site(f, name), 0700);
}

/* A file that the build made. */
static inline const char *built(struct fixture *f, const char *name)
{
    const char *build = getenv("TENON_BUILD");

    assert_non_null(build);
    return arena_printf(f->arena, "%s/%s", build, name);
}

static inline int64_t add_user(struct fixture *f, const char *login)
{
    struct user_input input = { .login = login, .name = login };
    int64_t id = 0;

    ok(f, user_create(&id, &f->ctx, &input));
    return id;
}

static inline int site_up(void **state)
{
    static const struct migration *const all[] = {
        store_migrations, event_migrations,  audit_migrations,
        org_migrations,   access_migrations, notify_migrations,
        form_migrations,  flow_migrations,   plugin_migrations,
    };
    static const char *const folders[] = { "plugins", "scripts", "run",
                                           "run/quarantine" };
    struct fixture *f = calloc(1, sizeof *f);
    int64_t role;
    size_t i;

    log_level_set((enum log_level)(LOG_ERROR + 1));
    f->arena = arena_new(0);
    ctx_init(&f->ctx, f->arena);
    f->ctx.system = true;
    crypto_start();
    snprintf(f->folder, sizeof f->folder, "/tmp/tenon-module-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    for (i = 0; i < sizeof folders / sizeof *folders; i++)
        make_folder(f, folders[i]);
    f->site.folder = f->folder;
    f->site.share = share_folder(&f->ctx);
    f->ctx.site = &f->site;
    ok(f, db_open(&f->ctx, NULL, DB_MEMORY));
    for (i = 0; i < sizeof all / sizeof all[0]; i++)
        ok(f, migrate(&f->ctx, all[i]));
    ok(f, role_create(&role, &f->ctx, "administrators", "Administrators"));
    ok(f, access_defaults(&f->ctx));
    f->li = add_user(f, "li.na");
    f->wang = add_user(f, "wang.wei");
    f->admin = add_user(f, "admin");
    ok(f, role_grant(&f->ctx, f->admin, role, true));
    *state = f;
    return 0;
}

static inline void remove_tree(const char *folder)
{
    char *const words[] = { "rm", "-rf", "--", (char *)folder, NULL };
    pid_t pid = fork();

    if (pid == 0) {
        execv("/bin/rm", words);
        _exit(1);
    }
}

static inline int site_down(void **state)
{
    struct fixture *f = *state;

    db_close(f->ctx.db);
    remove_tree(f->folder);
    arena_free(f->arena);
    free(f);
    return 0;
}

static inline struct value *parse(struct fixture *f, const char *text)
{
    struct value *value = NULL;

    if (json_parse(&value, &f->ctx, text, strlen(text)))
        print_error("%s\n", ctx_error(&f->ctx));
    assert_non_null(value);
    return value;
}

static inline const struct form *form_named(struct fixture *f, const char *name)
{
    const struct form *form = NULL;

    ok(f, form_find(&form, &f->ctx, name));
    return form;
}

static inline int try_create(struct record **out, struct fixture *f,
                             const char *form, const char *json)
{
    ctx_clear(&f->ctx);
    return record_create(out, &f->ctx, form_named(f, form), parse(f, json),
                         NULL);
}

/* The entry of a module in plugin_list(). */
static inline struct value *listed(struct fixture *f, const char *id)
{
    const struct person *person = f->ctx.person;
    bool system = f->ctx.system;
    struct value *list;
    size_t i;

    f->ctx.system = true;
    ok(f, plugin_list(&list, &f->ctx));
    f->ctx.system = system;
    f->ctx.person = person;
    for (i = 0; i < value_count(list); i++)
        if (text_equal(value_get_text(value_at(list, i), "id"), id))
            return value_at(list, i);
    return NULL;
}

static inline const char *state_of(struct fixture *f, const char *id)
{
    return value_get_text(listed(f, id), "state");
}

#endif
