/*
 * test_wal_reset.c - the arrangement in which SQLite 3.40.1 loses committed
 * pages (pitfalls 2): two writers beside two processes that checkpoint all
 * the time, small pages, short transactions. Bare SQLite ended malformed in 8
 * of 10 runs of 20 seconds; through the store nothing may be lost. Ten
 * seconds; sixty with TENON_LONG=1.
 */
#include "base/banned.h"

#include "store/store_site.h"

#include <sqlite3.h>

#include "base/site.h"
#include "store/backup.h"
#include "store/backup_parts.h"
#include "store/checkpoint.h"

enum { WRITERS = 2, CHECKPOINTERS = 2 };

static int64_t end_at;

static void connect_as(struct ctx *ctx, const char *folder,
                       const char *durability)
{
    static struct site site;

    ctx_init(ctx, arena_new(0));
    site = (struct site){ .folder = folder,
                          .settings = { .durability = durability } };
    ctx->site = &site;
    assert_int_equal(db_open(ctx, folder, DB_SERVED), 0);
}

static int write_until_end(const char *folder, int64_t writer)
{
    int64_t i, count = 0;
    char name[32];
    struct ctx ctx;

    /* One commits in groups, the other syncs each commit. */
    connect_as(&ctx, folder, writer == 1 ? "group" : "full");
    for (i = 0; clock_monotonic() < end_at; i++) {
        int rc = tx_begin(&ctx, "writer");

        snprintf(name, sizeof name, "%d-%lld", (int)writer, (long long)i);
        if (!rc)
            rc = db_exec(&ctx,
                         "INSERT INTO thing (name, number, note) "
                         "VALUES (?1, ?2, ?3)",
                         "sis", name, i,
                         "some text that makes rows of different pages");
        if (!rc && i % 7 == 0)
            rc = db_exec(&ctx,
                         "UPDATE thing SET number = number + 1 "
                         "WHERE id % 97 = ?1",
                         "i", i % 97);
        if (rc || tx_end(&ctx, rc)) {
            print_error("writer: %s\n", ctx_error(&ctx));
            return 1;
        }
        count++;
    }
    disconnect(&ctx);
    connect_to(&ctx, folder, DB_WORKER);
    if (tx_begin(&ctx, "count") ||
        db_exec(&ctx, "INSERT INTO part (id, thing) VALUES (?1, 1)", "i",
                writer * 100000000 + count) ||
        tx_commit(&ctx))
        return 1;
    disconnect(&ctx);
    return 0;
}

static int checkpoint_until_end(const char *folder, int64_t unused)
{
    struct ctx ctx;

    (void)unused;
    connect_to(&ctx, folder, DB_WORKER);
    while (clock_monotonic() < end_at) {
        int64_t ms;

        if (checkpoint_run(&ctx, false, &ms))
            return 1;
    }
    disconnect(&ctx);
    return 0;
}

/* The database exists before the store opens it, so its page size stays. */
static void small_pages(const char *folder)
{
    char path[PATH_MAX + 16];
    sqlite3 *sql;

    snprintf(path, sizeof path, "%s/tenon.db", folder);
    assert_int_equal(sqlite3_open(path, &sql), SQLITE_OK);
    assert_int_equal(sqlite3_exec(sql,
                                  "PRAGMA page_size=512;"
                                  "CREATE TABLE first (a INTEGER) STRICT",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(sql);
}

static void F19_checkpoints_beside_writers_lose_nothing(void **state)
{
    bool lasting = getenv("TENON_LONG") != NULL;
    pid_t pids[WRITERS + CHECKPOINTERS];
    char folder[PATH_MAX], path[PATH_MAX + 16];
    int64_t wanted;
    struct ctx ctx;
    int i;

    (void)state;
    make_folder(folder, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NULL);
    small_pages(folder);
    connect_to(&ctx, folder, DB_CREATE);
    assert_int_equal(migrate(&ctx, thing_migrations), 0);
    disconnect(&ctx);

    end_at = clock_monotonic() + (lasting ? 60 : 10) * 1000;
    for (i = 0; i < WRITERS; i++)
        pids[i] = start_process(write_until_end, folder, i + 1);
    for (; i < WRITERS + CHECKPOINTERS; i++)
        pids[i] = start_process(checkpoint_until_end, folder, 0);
    for (i = 0; i < WRITERS + CHECKPOINTERS; i++)
        assert_int_equal(wait_process(pids[i]), 0);

    connect_to(&ctx, folder, DB_WORKER);
    assert_int_equal(
        db_int(&wanted, &ctx, "SELECT sum(id % 100000000) FROM part", ""), 0);
    print_message("%lld transactions\n", (long long)wanted);
    assert_int_equal(count_things(&ctx), wanted);
    disconnect(&ctx);
    ctx_init(&ctx, arena_new(0));
    snprintf(path, sizeof path, "%s/tenon.db", folder);
    assert_int_equal(backup_check_database(&ctx, path), 0);
    arena_free(ctx.arena);
    remove_tree(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F19_checkpoints_beside_writers_lose_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
