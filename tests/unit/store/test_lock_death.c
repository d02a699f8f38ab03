/*
 * test_lock_death.c - the lock's holder dies at any point of a transaction.
 *
 * A VFS between SQLite and the system kills its process at the n-th call that
 * touches the database's files, before or after it was done; for all n until
 * a whole transaction goes through. The next writer, or the keeper where
 * nobody writes, has to find everything in order.
 */
#include "base/banned.h"

#include "store/store_site.h"

#include "base/site.h"
#include "store/backup_parts.h"
#include "store/keeper.h"
#include "store/lock.h"
#include "store/sqlite.h"

static sqlite3_vfs *real;
static int calls_left = -1; /* until the end; -1: none */
static bool end_after;      /* the call is done first */

struct shim_file {
    sqlite3_io_methods methods;
    const sqlite3_io_methods *under;
};

static struct shim_file *shim_of(sqlite3_file *file)
{
    return (struct shim_file *)((char *)file + real->szOsFile);
}

/* True: this is the call, and it is to be done first. */
static bool count_call(void)
{
    if (calls_left < 0 || calls_left-- > 0)
        return false;
    if (!end_after)
        kill(getpid(), SIGKILL);
    return true;
}

static int finish_call(bool last, int rc)
{
    if (last)
        kill(getpid(), SIGKILL);
    return rc;
}

static int shim_write(sqlite3_file *file, const void *data, int count,
                      sqlite3_int64 at)
{
    bool last = count_call();

    return finish_call(last,
                       shim_of(file)->under->xWrite(file, data, count, at));
}

static int shim_sync(sqlite3_file *file, int flags)
{
    bool last = count_call();

    return finish_call(last, shim_of(file)->under->xSync(file, flags));
}

static int shim_lock(sqlite3_file *file, int offset, int n, int flags)
{
    bool last = count_call();

    return finish_call(last,
                       shim_of(file)->under->xShmLock(file, offset, n, flags));
}

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
                     int flags, int *out)
{
    struct shim_file *shim = shim_of(file);
    int rc = real->xOpen(real, name, file, flags, out);

    (void)vfs;
    if (rc == SQLITE_OK && file->pMethods) {
        shim->under = file->pMethods;
        shim->methods = *file->pMethods;
        shim->methods.xWrite = shim_write;
        shim->methods.xSync = shim_sync;
        shim->methods.xShmLock = shim_lock;
        file->pMethods = &shim->methods;
    }
    return rc;
}

static int install_shim(void **state)
{
    static sqlite3_vfs shim;

    (void)state;
    real = sqlite3_vfs_find(NULL);
    shim = *real;
    shim.zName = "deadly";
    shim.szOsFile = real->szOsFile + (int)sizeof(struct shim_file);
    shim.xOpen = shim_open;
    assert_int_equal(sqlite3_vfs_register(&shim, 1), SQLITE_OK);
    return 0;
}

static int set_up(void **state)
{
    setup_site(state);
    disconnect(&((struct fixture *)*state)->ctx);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    remove_tree(fixture->folder);
    free(fixture);
    return 0;
}

static struct site site = { .settings = { .durability = "group" } };

static void open_served(struct ctx *ctx, const char *folder)
{
    ctx_init(ctx, arena_new(0));
    site.folder = folder;
    ctx->site = &site;
    assert_int_equal(db_open(ctx, folder, DB_SERVED), 0);
}

/* A pair of rows, in one transaction. */
static int write_pair(struct ctx *ctx, int64_t id)
{
    int rc = tx_begin(ctx, "pair");

    if (rc)
        return rc;
    rc =
        db_exec(ctx, "INSERT INTO thing (id, number) VALUES (?1, ?1)", "i", id);
    if (!rc)
        rc = db_exec(ctx, "INSERT INTO part (id, thing) VALUES (?1, ?1)", "i",
                     id);
    return tx_end(ctx, rc);
}

static int write_and_die(const char *folder, int64_t n)
{
    struct ctx ctx;

    open_served(&ctx, folder);
    /* Even: before the call, odd: after it. */
    end_after = n % 2;
    calls_left = (int)(n / 2);
    return write_pair(&ctx, 1000 + n);
}

static void check_whole(struct ctx *ctx, const char *folder)
{
    int64_t half;
    struct ctx own;

    assert_int_equal(db_int(&half, ctx,
                            "SELECT count(*) FROM thing WHERE NOT EXISTS "
                            "(SELECT 1 FROM part WHERE thing = thing.id)",
                            ""),
                     0);
    assert_int_equal(half, 0);
    ctx_init(&own, arena_new(0));
    assert_int_equal(backup_check_database(
                         &own, arena_printf(own.arena, "%s/tenon.db", folder)),
                     0);
    arena_free(own.arena);
}

static void a_holder_may_die_at_any_call_and_the_next_one_goes_on(void **state)
{
    struct fixture *fixture = *state;
    int64_t n, longest = 0;
    struct ctx ctx;
    int status;

    for (n = 0;; n++) {
        pid_t pid = start_process(write_and_die, fixture->folder, n);
        int64_t start;

        status = wait_process(pid);
        if (WIFEXITED(status))
            break;
        open_served(&ctx, fixture->folder);
        start = clock_monotonic();
        assert_int_equal(write_pair(&ctx, 100000 + n), 0);
        if (clock_monotonic() - start > longest)
            longest = clock_monotonic() - start;
        assert_int_equal(ctx.db->lock.page->done, ctx.db->lock.page->begun);
        disconnect(&ctx);
    }
    assert_int_equal(status, 0);
    assert_true(n > 20);
    open_served(&ctx, fixture->folder);
    check_whole(&ctx, fixture->folder);
    disconnect(&ctx);
    print_message("%d points, the next writer waited %d ms at most\n", (int)n,
                  (int)longest);
    assert_in_range(longest, 0, 2000);
}

/* ---- nobody else writes ---- */

static bool go_on(struct ctx *ctx, void *payload)
{
    (void)ctx;
    (void)payload;
    return true;
}

static int keep(const char *folder, int64_t unused)
{
    struct keeper_link link = { .fd = -1, .ready = go_on };
    struct ctx ctx;

    (void)unused;
    ctx_init(&ctx, arena_new(0));
    site.folder = folder;
    ctx.site = &site;
    return keeper_run(&ctx, &link) ? 1 : 0;
}

static bool all_durable(const struct lock_page *page)
{
    return page->begun == page->done && page->done == page->durable;
}

static void the_keeper_adopts_what_nobody_else_does(void **state)
{
    struct fixture *fixture = *state;
    pid_t keeper = start_process(keep, fixture->folder, 0);
    struct lock lock;
    struct ctx ctx;
    uint64_t orphans = 0;
    int64_t n;
    int status;

    ctx_init(&ctx, arena_new(0));
    assert_int_equal(lock_open(&lock, &ctx, fixture->folder, NULL), 0);
    for (n = 0;; n++) {
        int64_t end = clock_monotonic() + 5000;

        status = wait_process(start_process(write_and_die, fixture->folder, n));
        if (WIFEXITED(status))
            break;
        orphans += lock.page->begun != lock.page->done;
        while (!all_durable(lock.page) && clock_monotonic() < end)
            sleep_ms(1);
        assert_true(all_durable(lock.page));
    }
    assert_int_equal(status, 0);
    assert_true(orphans > 0);
    kill(keeper, SIGKILL);
    wait_process(keeper);
    lock_close(&lock);
    arena_free(ctx.arena);
}

/* ---- the moment between the lock and the files ---- */

/* Its memory is freed after the lock and before its files are closed. */
static int hold_with_much_memory(const char *folder, int64_t ready)
{
    size_t size = (size_t)96 * 1024 * 1024;
    char *memory = malloc(size);
    struct ctx ctx;

    if (!memory)
        return 1;
    memset(memory, 1, size);
    open_served(&ctx, folder);
    if (tx_begin(&ctx, "holder") ||
        db_exec(&ctx, "INSERT INTO thing (number) VALUES (77)", "") ||
        write((int)ready, memory, 1) != 1)
        return 1;
    for (;;)
        pause();
}

static void files_that_are_freed_later_than_the_lock_are_waited_for(
    void **state)
{
    struct fixture *fixture = *state;
    int round;

    for (round = 0; round < 8; round++) {
        int ends[2];
        char byte;
        pid_t pid;
        struct ctx ctx;

        assert_int_equal(pipe(ends), 0);
        pid = start_process(hold_with_much_memory, fixture->folder, ends[1]);
        assert_int_equal(read(ends[0], &byte, 1), 1);
        close(ends[0]);
        close(ends[1]);
        open_served(&ctx, fixture->folder);
        kill(pid, SIGKILL);
        assert_int_equal(write_pair(&ctx, round), 0);
        wait_process(pid);
        disconnect(&ctx);
    }
}

int main(void)
{
#define death_test(name)                                                       \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        death_test(a_holder_may_die_at_any_call_and_the_next_one_goes_on),
        death_test(the_keeper_adopts_what_nobody_else_does),
        death_test(files_that_are_freed_later_than_the_lock_are_waited_for),
    };

    return cmocka_run_group_tests(tests, install_shim, NULL);
}
