/*
 * store_site.h - what the store's tests share: a site's folder in the build
 * tree (a real disk, unlike /tmp on some machines), a context, processes.
 */
#ifndef TESTS_STORE_SITE_H
#define TESTS_STORE_SITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* base/ctx.h has one */

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "store/db.h"
#include "store/migrate.h"

/* A folder, and one connection of this process. */
struct fixture {
    char folder[PATH_MAX];
    struct arena *arena;
    struct ctx ctx;
};

static const struct migration thing_migrations[] __attribute__((unused)) = {
    { "test", 1, "thing",
      "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT UNIQUE,"
      " number INTEGER NOT NULL, data BLOB, note TEXT) STRICT;"
      "CREATE INDEX thing_number ON thing (number);"
      "CREATE TABLE part (id INTEGER PRIMARY KEY, thing INTEGER NOT NULL "
      "REFERENCES thing (id)) STRICT;"
      "CREATE INDEX part_thing ON part (thing);",
      NULL },
    { 0 },
};

static inline int remove_entry(const char *path, const struct stat *info,
                               int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

static inline void remove_tree(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* An empty folder below the build tree (or `base`). */
static inline void make_folder(char out[PATH_MAX], const char *base)
{
    if (!base)
        base = getenv("TENON_BUILD");
    if (!base)
        base = "/tmp";
    assert_true(snprintf(out, PATH_MAX, "%s/store-XXXXXX", base) < PATH_MAX);
    assert_non_null(mkdtemp(out));
}

/* Opens a connection of this process with its own arena. */
static inline void connect_to(struct ctx *ctx, const char *folder, int flags)
{
    int rc;

    ctx_init(ctx, arena_new(0));
    rc = db_open(ctx, folder, flags);
    if (rc)
        print_error("db_open: %s\n", ctx_error(ctx));
    assert_int_equal(rc, 0);
}

static inline void disconnect(struct ctx *ctx)
{
    db_close(ctx->db);
    ctx->db = NULL;
    arena_free(ctx->arena);
}

static inline int setup_memory(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    connect_to(&fixture->ctx, NULL, DB_MEMORY);
    assert_int_equal(migrate(&fixture->ctx, thing_migrations), 0);
    *state = fixture;
    return 0;
}

static inline int setup_site(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    make_folder(fixture->folder, NULL);
    connect_to(&fixture->ctx, fixture->folder, DB_CREATE);
    assert_int_equal(migrate(&fixture->ctx, thing_migrations), 0);
    *state = fixture;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *fixture = *state;

    disconnect(&fixture->ctx);
    if (fixture->folder[0])
        remove_tree(fixture->folder);
    free(fixture);
    return 0;
}

/* "CREATE SCHEMA name", "DROP SCHEMA name CASCADE" on the PostgreSQL that is
 * tested: what several connections share. */
static inline void order_schema(const char *verb, const char *name,
                                const char *end)
{
    struct ctx ctx;

    connect_to(&ctx, NULL, DB_MEMORY);
    assert_int_equal(tx_begin(&ctx, "test"), 0);
    assert_int_equal(
        db_exec(&ctx,
                arena_printf(ctx.arena, "%s SCHEMA %s%s", verb, name, end), ""),
        0);
    assert_int_equal(tx_commit(&ctx), 0);
    disconnect(&ctx);
}

/* The address of such a schema, in the arena of the ctx. */
static inline const char *schema_url(const struct ctx *ctx, const char *schema)
{
    const char *url = getenv("TENON_TEST_STORE");

    return arena_printf(ctx->arena, "%s%coptions=-csearch_path%%3D%s", url,
                        strchr(url, '?') ? '&' : '?', schema);
}

/* The key of the first problem, "" where there is none. */
static inline const char *problem_key(const struct ctx *ctx)
{
    return ctx->problems ? ctx->problems->key : "";
}

/* A refusal: the code and the key; the problems are forgotten after. */
#define assert_refused(ctx, call, code, wanted)                                \
    do {                                                                       \
        assert_int_equal(call, code);                                          \
        assert_string_equal(problem_key(ctx), wanted);                         \
        ctx_clear(ctx);                                                        \
    } while (0)

static inline int64_t count_things(struct ctx *ctx)
{
    int64_t count = -1;

    assert_int_equal(db_int(&count, ctx, "SELECT count(*) FROM thing", ""), 0);
    return count;
}

/* Runs `body(folder, argument)` in a child and returns its pid. */
static inline pid_t start_process(int (*body)(const char *folder,
                                              int64_t argument),
                                  const char *folder, int64_t argument)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        /* A test that fails must not leave it behind. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(body(folder, argument));
    }
    return pid;
}

static inline int wait_process(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static inline void sleep_ms(int ms)
{
    struct timespec time = { ms / 1000, (long)(ms % 1000) * 1000000 };

    nanosleep(&time, NULL);
}

#endif
