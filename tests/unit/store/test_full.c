/*
 * test_full.c - a disk without room: refused with a reason, nothing half
 * written, reading goes on, and it mends itself (F04, S-level of the store).
 *
 * Needs a small tmpfs of its own: where this user may not mount one the test
 * says so and is skipped.
 */
#include "base/banned.h"

#include "store/store_site.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "base/site.h"
#include "store/ballast.h"
#include "store/keeper.h"
#include "store/lock.h"

static char disk[PATH_MAX];

/* A tmpfs of 64 MiB in a mount namespace of our own. */
static bool make_disk(void)
{
    make_folder(disk, NULL);
    if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
        return false;
    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
    return mount("tmpfs", disk, "tmpfs", 0, "size=64m") == 0;
}

static int insert(struct ctx *ctx, int64_t number)
{
    char data[4000];
    int rc = tx_begin(ctx, "test");

    memset(data, 'x', sizeof data);
    if (!rc)
        rc = db_exec(ctx, "INSERT INTO thing (number, data) VALUES (?1, ?2)",
                     "ib", number, data, sizeof data);
    return rc && !tx_active(ctx) ? rc : tx_end(ctx, rc);
}

/* Takes all room but a little. */
static void fill_disk(const char *path)
{
    static char zeros[64 * 1024];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    while (write(fd, zeros, sizeof zeros) > 0)
        ;
    close(fd);
}

static bool never_ready(struct ctx *ctx, void *payload)
{
    (void)ctx;
    (void)payload;
    return true;
}

static int keep_a_while(const char *folder, int64_t ms)
{
    struct site site = { .folder = folder };
    struct keeper_link link = { .fd = -1, .ready = never_ready };
    struct ctx ctx;

    alarm((unsigned)(ms / 1000));
    ctx_init(&ctx, arena_new(0));
    ctx.site = &site;
    keeper_run(&ctx, &link);
    return 0;
}

static void F04_a_full_disk_refuses_keeps_and_recovers(void **state)
{
    char folder[PATH_MAX], filler[PATH_MAX + 16], ballast[PATH_MAX + 16];
    int64_t before, after = 0, tries;
    struct ctx ctx;
    int rc = 0;
    pid_t pid;

    (void)state;
    if (!make_disk()) {
        print_message("skipped: this user may not mount a tmpfs\n");
        skip();
    }
    make_folder(folder, disk);
    snprintf(filler, sizeof filler, "%s/filler", disk);
    snprintf(ballast, sizeof ballast, "%s/run/ballast", folder);
    connect_to(&ctx, folder, DB_CREATE);
    assert_int_equal(migrate(&ctx, thing_migrations), 0);
    assert_int_equal(access(ballast, F_OK), 0);
    for (tries = 0; tries < 100; tries++)
        assert_int_equal(insert(&ctx, tries), 0);
    before = count_things(&ctx);

    fill_disk(filler);
    for (tries = 0; tries < 1000 && !rc; tries++)
        rc = insert(&ctx, tries);
    assert_int_equal(rc, E_FULL);
    assert_string_equal(problem_key(&ctx), "store.full");
    ctx_clear(&ctx);
    assert_false(tx_active(&ctx));
    /* Each insert that returned 0 is there, the refused one is not. */
    assert_int_equal(count_things(&ctx), before + tries - 1);
    /* The ballast went: there is room to delete and to move the log. */
    assert_int_equal(access(ballast, F_OK), -1);
    assert_int_equal(tx_begin(&ctx, "test"), 0);
    assert_int_equal(db_exec(&ctx, "DELETE FROM thing WHERE id > 20", ""), 0);
    assert_int_equal(tx_commit(&ctx), 0);
    assert_int_equal(count_things(&ctx), 20);

    /* Somebody makes room: writing works again without a restart. */
    unlink(filler);
    assert_int_equal(insert(&ctx, 1), 0);
    disconnect(&ctx);
    pid = start_process(keep_a_while, folder, 2000);
    wait_process(pid);
    assert_int_equal(access(ballast, F_OK), 0);
    connect_to(&ctx, folder, DB_WORKER);
    assert_int_equal(db_int(&after, &ctx, "SELECT count(*) FROM thing", ""), 0);
    assert_int_equal(after, 21);
    disconnect(&ctx);
    umount(disk);
    remove_tree(disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F04_a_full_disk_refuses_keeps_and_recovers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
