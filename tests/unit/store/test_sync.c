/*
 * test_sync.c - a disk that fails to keep what was written (F05): nothing is
 * acknowledged after it, and the next start checks the database.
 *
 * A VFS between SQLite and the system lets xSync fail once, and counts what
 * is written while a commit is counted as begun.
 */
#include "base/banned.h"

#include "store/store_site.h"

#include <sqlite3.h>

#include "base/site.h"
#include "store/ballast.h"
#include "store/driver.h"
#include "store/keeper.h"
#include "store/lock.h"
#include "store/sqlite.h"

static sqlite3_vfs *real;
static bool failing;
static struct lock_page *watched; /* NULL: nothing is counted */
static int written;

/* SQLite's file, and behind it the real one's. */
struct shim_file {
    sqlite3_file base;
    sqlite3_io_methods methods;
    const sqlite3_io_methods *under;
};

static struct shim_file *shim_of(sqlite3_file *file)
{
    /* The shim's part stands behind the real file's bytes. */
    return (struct shim_file *)((char *)file + real->szOsFile);
}

static int shim_sync(sqlite3_file *file, int flags)
{
    if (failing) {
        failing = false;
        errno = EIO;
        return SQLITE_IOERR_FSYNC;
    }
    return shim_of(file)->under->xSync(file, flags);
}

static int shim_write(sqlite3_file *file, const void *data, int count,
                      sqlite3_int64 at)
{
    if (watched && atomic_load(&watched->begun) != atomic_load(&watched->done))
        written++;
    return shim_of(file)->under->xWrite(file, data, count, at);
}

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
                     int flags, int *out)
{
    struct shim_file *shim = shim_of(file);
    int rc;

    (void)vfs;
    rc = real->xOpen(real, name, file, flags, out);
    if (rc == SQLITE_OK && file->pMethods) {
        shim->under = file->pMethods;
        shim->methods = *file->pMethods;
        shim->methods.xSync = shim_sync;
        shim->methods.xWrite = shim_write;
        file->pMethods = &shim->methods;
    }
    return rc;
}

static void install_shim(void)
{
    static sqlite3_vfs shim;

    real = sqlite3_vfs_find(NULL);
    shim = *real;
    shim.zName = "shim";
    shim.szOsFile = real->szOsFile + (int)sizeof(struct shim_file);
    shim.xOpen = shim_open;
    assert_int_equal(sqlite3_vfs_register(&shim, 1), SQLITE_OK);
}

static int insert(struct ctx *ctx, int64_t number)
{
    int rc = tx_begin(ctx, "test");

    if (rc)
        return rc;
    return tx_end(ctx, db_exec(ctx, "INSERT INTO thing (number) VALUES (?1)",
                               "i", number));
}

/* Who reads meanwhile waits for it to be durable: so it has to be short. */
static void the_pages_of_a_large_commit_are_written_before(void **state)
{
    struct fixture *fixture = *state;
    struct site site = { .folder = fixture->folder,
                         .settings = { .durability = "group" } };
    struct ctx ctx;
    int64_t before;
    int i;

    ctx_init(&ctx, arena_new(0));
    ctx.site = &site;
    assert_int_equal(db_open(&ctx, fixture->folder, DB_WORKER | DB_SERVED), 0);
    before = count_things(&ctx);
    assert_int_equal(tx_begin(&ctx, "test"), 0);
    for (i = 0; i < 5000; i++)
        assert_int_equal(db_exec(&ctx, "INSERT INTO thing (number) VALUES (?1)",
                                 "i", (int64_t)100 + i),
                         0);
    watched = ctx.db->lock.page;
    written = 0;
    assert_int_equal(tx_commit(&ctx), 0);
    watched = NULL;
    /* One page with the commit's mark, and its head. */
    assert_in_range(written, 1, 4);
    assert_int_equal(count_things(&ctx), before + 5000);
    disconnect(&ctx);
}

/* A command's: it syncs what it has written, and nothing where that is
 * nothing. */
static void an_empty_commit_makes_nothing_durable(void **state)
{
    struct fixture *fixture = *state;
    struct site site = { .folder = fixture->folder,
                         .settings = { .durability = "group" } };
    const struct lock_page *page = fixture->ctx.db->lock.page;
    struct ctx ctx;
    uint64_t durable;

    ctx_init(&ctx, arena_new(0));
    ctx.site = &site;
    assert_int_equal(db_open(&ctx, fixture->folder, DB_WORKER | DB_SERVED), 0);
    durable = atomic_load(&page->durable);
    assert_int_equal(insert(&ctx, 1), 0);
    assert_int_equal(tx_begin(&fixture->ctx, "test"), 0);
    assert_int_equal(tx_commit(&fixture->ctx), 0);
    assert_int_equal(atomic_load(&page->durable), durable);
    assert_int_equal(insert(&fixture->ctx, 2), 0);
    assert_int_equal(atomic_load(&page->durable), atomic_load(&page->begun));
    disconnect(&ctx);
}

/* A module that may reach other machines by itself. */
static void what_may_leave_is_durable_when_it_is_read_or_saved(void **state)
{
    struct fixture *fixture = *state;
    struct site site = { .folder = fixture->folder,
                         .settings = { .durability = "group" } };
    const struct lock_page *page = fixture->ctx.db->lock.page;
    struct ctx ctx;

    ctx_init(&ctx, arena_new(0));
    ctx.site = &site;
    assert_int_equal(db_open(&ctx, fixture->folder, DB_WORKER | DB_SERVED), 0);
    assert_int_equal(insert(&ctx, 1), 0);
    assert_int_equal(count_things(&ctx), 1);
    assert_true(atomic_load(&page->durable) < atomic_load(&page->begun));
    assert_false(db_outward(&ctx, true));
    assert_int_equal(count_things(&ctx), 1);
    assert_int_equal(atomic_load(&page->durable), atomic_load(&page->begun));
    assert_int_equal(insert(&ctx, 2), 0);
    assert_int_equal(atomic_load(&page->durable), atomic_load(&page->begun));
    assert_true(db_outward(&ctx, false));
    assert_int_equal(insert(&ctx, 3), 0);
    assert_true(atomic_load(&page->durable) < atomic_load(&page->begun));
    disconnect(&ctx);
}

static void what_could_not_be_ended_is_ended_by_what_comes_next(void **state)
{
    struct fixture *fixture = *state;
    struct ctx *ctx = &fixture->ctx;

    /* As though the memory for its end had not been there. */
    assert_int_equal(db_run(ctx->db, "BEGIN"), SQLITE_OK);
    assert_int_equal(read_begin(ctx), 0);
    read_end(ctx);
    assert_int_equal(db_run(ctx->db, "BEGIN"), SQLITE_OK);
    assert_int_equal(insert(ctx, 7), 0);
    assert_int_equal(count_things(ctx), 1);
}

static bool stop_now(struct ctx *ctx, void *payload)
{
    (void)ctx;
    (void)payload;
    return false;
}

static void F05_nothing_is_acknowledged_after_a_failed_sync(void **state)
{
    struct fixture *fixture = *state;
    struct ctx *ctx = &fixture->ctx, other;
    struct site site = { .folder = fixture->folder };
    volatile bool stop = true;
    struct keeper_link link = { .fd = -1, .ready = stop_now, .stop = &stop };
    int64_t before;

    connect_to(&other, fixture->folder, DB_WORKER);
    assert_int_equal(insert(ctx, 1), 0);
    before = count_things(ctx);
    failing = true;
    assert_refused(ctx, insert(ctx, 2), E_STORE, "store.sync_failed");
    assert_false(failing);

    /* Neither here nor in another process; the disk seems well again. */
    assert_refused(ctx, insert(ctx, 3), E_STORE, "store.sync_failed");
    assert_refused(&other, insert(&other, 4), E_STORE, "store.sync_failed");
    assert_int_equal(count_things(&other), before);
    assert_true(ballast_is_unclean(fixture->folder));
    disconnect(&other);
    disconnect(ctx);

    /* The restart: the keeper checks first. */
    ctx_init(&other, arena_new(0));
    other.site = &site;
    assert_int_equal(keeper_run(&other, &link), 0);
    arena_free(other.arena);
    assert_false(ballast_is_unclean(fixture->folder));
    connect_to(ctx, fixture->folder, DB_WORKER);
    assert_int_equal(insert(ctx, 5), 0);
    /* What failed was written, maybe whole: it may be there, told to nobody. */
    assert_in_range(count_things(ctx), before + 1, before + 2);
}

static int group_start(void **state)
{
    (void)state;
    install_shim();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_commit_makes_nothing_durable,
                                        setup_site, teardown),
        cmocka_unit_test_setup_teardown(
            what_may_leave_is_durable_when_it_is_read_or_saved, setup_site,
            teardown),
        cmocka_unit_test_setup_teardown(
            what_could_not_be_ended_is_ended_by_what_comes_next, setup_site,
            teardown),
        cmocka_unit_test_setup_teardown(
            the_pages_of_a_large_commit_are_written_before, setup_site,
            teardown),
        cmocka_unit_test_setup_teardown(
            F05_nothing_is_acknowledged_after_a_failed_sync, setup_site,
            teardown),
    };

    return cmocka_run_group_tests(tests, group_start, NULL);
}
