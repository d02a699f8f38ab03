/*
 * test_backup.c - the keeper, blobs, backup and restore.
 */
#include "base/banned.h"

#include "store/store_site.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/site.h"
#include "base/str.h"
#include "store/backup.h"
#include "store/blob.h"
#include "store/checkpoint.h"
#include "store/keeper.h"
#include "store/lock.h"
#include "store/tree.h"

static const struct backup_options plain;
static struct site site;

static int set_up(void **state)
{
    struct fixture *fixture;

    setup_site(state);
    fixture = *state;
    site.folder = fixture->folder;
    fixture->ctx.site = &site;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    char path[PATH_MAX + 16];

    snprintf(path, sizeof path, "%s.backup", fixture->folder);
    remove_tree(path);
    snprintf(path, sizeof path, "%s.other", fixture->folder);
    remove_tree(path);
    return teardown(state);
}

static void insert(struct ctx *ctx, int64_t count)
{
    int64_t i;

    assert_int_equal(tx_begin(ctx, "test"), 0);
    for (i = 0; i < count; i++)
        assert_int_equal(db_exec(ctx,
                                 "INSERT INTO thing (number, note) "
                                 "VALUES (?1, printf('%0500d', ?1))",
                                 "i", i),
                         0);
    assert_int_equal(tx_commit(ctx), 0);
}

static const char *beside(struct ctx *ctx, const char *name)
{
    return arena_printf(ctx->arena, "%s%s", ctx->site->folder, name);
}

static int64_t size_of(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 ? info.st_size : -1;
}

/* ---- blobs ---- */

static void the_same_content_is_one_file(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const char *first, *second;
    char data[8] = "";
    int64_t size;
    int fd;

    assert_int_equal(blob_put(&first, ctx, "hello", 5), 0);
    fd = open(site.folder, O_TMPFILE | O_RDWR, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "hello", 5), 5);
    assert_int_equal(blob_put_fd(&second, &size, ctx, fd), 0);
    close(fd);
    assert_int_equal(size, 5);
    assert_string_equal(first, second);
    assert_int_equal(strlen(first), 64);
    assert_int_equal(blob_open(&fd, ctx, first), 0);
    assert_int_equal(read(fd, data, sizeof data), 5);
    assert_string_equal(data, "hello");
    close(fd);
}

static void an_unnamed_file_is_linked_into_place(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const char *hash;
    struct stat mine, kept;
    int64_t size;
    int fd = open(site.folder, O_TMPFILE | O_RDWR, 0600), again;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "linked", 6), 6);
    assert_int_equal(blob_put_fd(&hash, &size, ctx, fd), 0);
    assert_int_equal(blob_open(&again, ctx, hash), 0);
    assert_int_equal(fstat(fd, &mine), 0);
    assert_int_equal(fstat(again, &kept), 0);
    assert_true(mine.st_ino == kept.st_ino);
    assert_int_equal(kept.st_mode & 0777, 0600);
    close(fd);
    close(again);
}

static void an_empty_file_is_a_file(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const char *hash;
    int fd;

    assert_int_equal(blob_put(&hash, ctx, "", 0), 0);
    assert_int_equal(blob_open(&fd, ctx, hash), 0);
    close(fd);
}

static void a_name_that_is_no_hash_opens_nothing(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    static const char *const names[] = {
        "",
        "..",
        "../tenon.cfg",
        "/etc/passwd",
        "ab/cdef",
        "ABCDEF",
        "000000000000000000000000000000000000000000000000000000000000000g",
    };
    size_t i;
    int fd;

    for (i = 0; i < sizeof names / sizeof *names; i++)
        assert_refused(ctx, blob_open(&fd, ctx, names[i]), E_NOT_FOUND,
                       "store.bad_blob");
    assert_int_equal(blob_open(&fd, ctx, NULL), E_NOT_FOUND);
}

/* ---- keeper ---- */

static bool never(struct ctx *ctx, void *payload)
{
    (void)ctx;
    (void)payload;
    return true;
}

static int keep(const char *folder, int64_t unused)
{
    struct keeper_link link = { .fd = -1, .ready = never };
    struct ctx ctx;

    (void)unused;
    site.folder = folder;
    ctx_init(&ctx, arena_new(0));
    ctx.site = &site;
    return keeper_run(&ctx, &link) ? 1 : 0;
}

/* Runs `body` while a keeper lives; no connection is open at the fork. */
static void beside_a_keeper(struct fixture *fixture,
                            void (*body)(struct ctx *ctx))
{
    char folder[PATH_MAX];
    pid_t pid;

    snprintf(folder, sizeof folder, "%s", fixture->folder);
    disconnect(&fixture->ctx);
    pid = start_process(keep, folder, 0);
    sleep_ms(300);
    ctx_init(&fixture->ctx, arena_new(0));
    fixture->ctx.site = &site;
    assert_int_equal(db_open(&fixture->ctx, folder, DB_WORKER), 0);
    body(&fixture->ctx);
    kill(pid, SIGKILL);
    wait_process(pid);
}

static struct lock_page *page_of(struct lock *lock, struct ctx *ctx)
{
    assert_int_equal(lock_open(lock, ctx, site.folder, NULL), 0);
    return lock->page;
}

static void check_idle(struct ctx *ctx)
{
    struct lock lock;
    struct lock_page *page = page_of(&lock, ctx);
    int i;

    insert(ctx, 100);
    assert_true(page->log_bytes > 0);
    for (i = 0; i < 100 && page->log_bytes > 0; i++)
        sleep_ms(50);
    assert_int_equal(page->log_bytes, 0);
    assert_true(page->keeper != 0);
    lock_close(&lock);
}

static void the_keeper_moves_the_log_in_an_idle_moment(void **state)
{
    beside_a_keeper(*state, check_idle);
}

static void check_mark(struct ctx *ctx)
{
    struct lock lock;
    struct lock_page *page = page_of(&lock, ctx);
    int64_t most = 0;
    int i;

    for (i = 0; i < 300; i++) {
        insert(ctx, 100);
        if (page->log_bytes > most)
            most = page->log_bytes;
    }
    print_message("longest log %d KiB, last checkpoint %d ms\n",
                  (int)(most / 1024), (int)page->checkpoint_ms);
    assert_true(most < 64 * 1024 * 1024);
    assert_true(page->checkpoints > 0);
    lock_close(&lock);
}

static void the_log_stays_short_beside_a_busy_writer(void **state)
{
    beside_a_keeper(*state, check_mark);
}

static void check_old_reader(struct ctx *ctx)
{
    struct ctx reader;
    struct lock lock;
    struct lock_page *page = page_of(&lock, ctx);
    int i;

    connect_to(&reader, site.folder, DB_WORKER);
    assert_int_equal(read_begin(&reader), 0);
    count_things(&reader);
    insert(ctx, 2000);
    sleep_ms(700);
    assert_true(page->log_bytes > 0); /* the reader pins it */
    insert(ctx, 10);                  /* and stops nobody */
    read_end(&reader);
    disconnect(&reader);
    insert(ctx, 10);
    for (i = 0; i < 100 && page->log_bytes > 0; i++)
        sleep_ms(50);
    assert_int_equal(page->log_bytes, 0);
    lock_close(&lock);
}

static void a_reader_that_stays_holds_the_log_only_while_it_stays(void **state)
{
    beside_a_keeper(*state, check_old_reader);
}

static void check_durable(struct ctx *ctx)
{
    struct lock lock;
    struct lock_page *page = page_of(&lock, ctx);
    uint64_t begun;
    int i;

    insert(ctx, 1);
    begun = db_begun(ctx);
    for (i = 0; i < 200 && page->durable < begun; i++)
        sleep_ms(5);
    assert_true(page->durable >= begun);
    assert_true(page->done >= begun);
    lock_close(&lock);
}

static void commits_become_durable_one_by_one(void **state)
{
    beside_a_keeper(*state, check_durable);
}

static void the_keeper_makes_a_group_of_commits_durable(void **state)
{
    site.settings.durability = "group";
    beside_a_keeper(*state, check_durable);
    site.settings.durability = "full";
}

static void check_second(struct ctx *ctx)
{
    struct keeper_link link = { .fd = -1, .ready = never };
    struct ctx second;

    (void)ctx;
    ctx_init(&second, arena_new(0));
    second.site = &site;
    assert_refused(&second, keeper_run(&second, &link), E_BUSY, "store.keeper");
    arena_free(second.arena);
}

static void there_is_one_keeper(void **state)
{
    beside_a_keeper(*state, check_second);
}

static void without_a_keeper_a_command_leaves_no_log(void **state)
{
    struct fixture *fixture = *state;
    char folder[PATH_MAX], path[PATH_MAX + 16];

    snprintf(folder, sizeof folder, "%s", fixture->folder);
    snprintf(path, sizeof path, "%s/tenon.db-wal", folder);
    insert(&fixture->ctx, 100);
    assert_true(size_of(path) > 0);
    disconnect(&fixture->ctx);
    assert_true(size_of(path) <= 0);
    connect_to(&fixture->ctx, folder, DB_WORKER);
    assert_int_equal(count_things(&fixture->ctx), 100);
}

/* ---- backup and restore ---- */

static void a_backup_holds_rows_files_and_settings(void **state)
{
    struct fixture *fixture = *state;
    struct ctx *ctx = &fixture->ctx, other;
    const char *hash, *backup = beside(ctx, ".backup");
    const char *place = beside(ctx, ".other"), *text;
    static const char cfg[] =
        "listen = \"127.0.0.1:0\";\n"
        "smtp_url = \"smtp://me:s3cret@mail.example:25\";\n"
        "files = { where = \"s3\"; secret_key = \"s3c\\\"ret/s3cret\" \n"
        "\"s3cret\"; secret_key_file = \"/etc/kept\"; };\n";
    struct site restored = { .folder = place };
    int fd;

    insert(ctx, 50);
    assert_int_equal(blob_put(&hash, ctx, "attached", 8), 0);
    assert_int_equal(
        file_write(ctx, beside(ctx, "/tenon.cfg"), cfg, strlen(cfg), 0600), 0);
    assert_int_equal(backup_make(ctx, backup, &plain), 0);
    insert(ctx, 7); /* after it */
    assert_refused(ctx, backup_make(ctx, backup, &plain), E_CONFLICT,
                   "store.backup_exists");
    assert_int_equal(backup_verify(ctx, backup, &plain), 0);

    /* S36: no secret in clear. */
    assert_int_equal(file_read(&text, NULL, ctx,
                               arena_printf(ctx->arena, "%s/tenon.cfg", backup),
                               10000),
                     0);
    assert_null(strstr(text, "s3cret"));
    assert_non_null(strstr(text, "smtp://me:@mail.example:25"));
    assert_non_null(strstr(text, "secret_key = \"\"; secret_key_file = "
                                 "\"/etc/kept\"; };\n"));

    ctx_init(&other, arena_new(0));
    assert_int_equal(backup_restore(&other, backup, place, &plain), 0);
    assert_int_equal(db_open(&other, place, DB_WORKER), 0);
    other.site = &restored;
    assert_int_equal(count_things(&other), 50);
    assert_int_equal(blob_open(&fd, &other, hash), 0);
    close(fd);
    disconnect(&other);
}

static void a_restore_replaces_a_stopped_site_only(void **state)
{
    struct fixture *fixture = *state;
    struct ctx *ctx = &fixture->ctx, other;
    char folder[PATH_MAX];
    const char *backup = beside(ctx, ".backup");

    insert(ctx, 5);
    assert_int_equal(backup_make(ctx, backup, &plain), 0);
    insert(ctx, 5);
    ctx_init(&other, arena_new(0));
    assert_refused(&other,
                   backup_restore(&other, backup, fixture->folder, &plain),
                   E_BUSY, "store.served");
    assert_int_equal(count_things(ctx), 10);
    backup = arena_strdup(other.arena, backup);
    snprintf(folder, sizeof folder, "%s", fixture->folder);
    disconnect(ctx);
    assert_int_equal(backup_restore(&other, backup, folder, &plain), 0);
    arena_free(other.arena);
    connect_to(ctx, folder, DB_WORKER);
    assert_int_equal(count_things(ctx), 5);
    ctx->site = &site;
    assert_false(tree_exists(beside(ctx, "/.before")));
    assert_false(tree_exists(beside(ctx, "/.replaced")));
    assert_false(tree_exists(beside(ctx, "/.restore")));
}

static void a_damaged_backup_is_refused_and_the_site_stays(void **state)
{
    struct fixture *fixture = *state;
    struct ctx *ctx = &fixture->ctx;
    const char *hash, *backup = beside(ctx, ".backup");
    const char *place = beside(ctx, ".other"), *path;
    int fd;

    insert(ctx, 500);
    assert_int_equal(blob_put(&hash, ctx, "attached", 8), 0);
    assert_int_equal(backup_make(ctx, backup, &plain), 0);

    path = arena_printf(ctx->arena, "%s/files/%.2s/%s", backup, hash, hash + 2);
    fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "A", 1, 0), 1);
    close(fd);
    assert_refused(ctx, backup_restore(ctx, backup, place, &plain), E_INVALID,
                   "store.backup_bad");
    unlink(path);
    assert_refused(ctx, backup_restore(ctx, backup, place, &plain), E_INVALID,
                   "store.backup_bad");
    path = arena_printf(ctx->arena, "%s/tenon.db", backup);
    fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "garbage", 7, 7 * 2048 + 100), 7);
    close(fd);
    assert_refused(ctx, backup_restore(ctx, backup, place, &plain), E_INVALID,
                   "store.backup_bad");
    unlink(arena_printf(ctx->arena, "%s/manifest.json", backup));
    assert_refused(ctx, backup_restore(ctx, backup, place, &plain), E_INVALID,
                   "store.backup_bad");
    assert_false(tree_exists(place));
}

static void a_backup_of_a_newer_format_is_refused(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const char *backup = beside(ctx, ".backup");

    assert_int_equal(backup_make(ctx, backup, &plain), 0);
    assert_int_equal(
        file_write(ctx, arena_printf(ctx->arena, "%s/manifest.json", backup),
                   "{\"format\": 99}", 14, 0600),
        0);
    assert_refused(ctx, backup_verify(ctx, backup, &plain), E_UNSUPPORTED,
                   "store.backup_version");
}

static void a_folder_of_other_things_is_not_restored_into(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const char *backup = beside(ctx, ".backup"), *place = beside(ctx, ".other");

    assert_int_equal(backup_make(ctx, backup, &plain), 0);
    assert_int_equal(tree_make(ctx, place), 0);
    assert_int_equal(
        file_write(ctx, arena_printf(ctx->arena, "%s/thesis.txt", place), "x",
                   1, 0600),
        0);
    assert_refused(ctx, backup_restore(ctx, backup, place, &plain), E_CONFLICT,
                   "store.restore_not_empty");
}

/* A child restores and is killed after some microseconds; whatever moment
 * that was, the folder then is the old site or the new one, whole. */
static int restore_child(const char *folder, int64_t unused)
{
    struct ctx ctx;

    (void)unused;
    ctx_init(&ctx, arena_new(0));
    return backup_restore(&ctx, arena_printf(ctx.arena, "%s.backup", folder),
                          folder, &plain)
               ? 1
               : 0;
}

static void F15_a_restore_that_is_cut_leaves_a_whole_site(void **state)
{
    struct fixture *fixture = *state;
    struct ctx *ctx = &fixture->ctx;
    int rounds = getenv("TENON_LONG") ? 300 : 40, round, old = 0, new = 0;
    int64_t whole, start;
    char folder[PATH_MAX];

    snprintf(folder, sizeof folder, "%s", fixture->folder);
    insert(ctx, 5);
    assert_int_equal(backup_make(ctx, beside(ctx, ".backup"), &plain), 0);
    disconnect(ctx);
    start = clock_monotonic();
    assert_int_equal(wait_process(start_process(restore_child, folder, 0)), 0);
    whole = (clock_monotonic() - start + 2) * 1000;
    for (round = 0; round < rounds; round++) {
        struct timespec moment = { 0, whole * 1000 / rounds * round };
        int64_t count;
        pid_t pid;

        connect_to(ctx, folder, DB_WORKER);
        insert(ctx, 1); /* the site differs from the backup */
        disconnect(ctx);
        pid = start_process(restore_child, folder, 0);
        nanosleep(&moment, NULL);
        kill(pid, SIGKILL);
        wait_process(pid);
        connect_to(ctx, folder, DB_WORKER);
        ctx->site = &site;
        count = count_things(ctx);
        old += count > 5;
        new += count == 5;
        assert_true(count >= 5);
        assert_false(tree_exists(beside(ctx, "/.before")));
        disconnect(ctx);
    }
    print_message("%d times the old site, %d times the new one\n", old, new);
    connect_to(ctx, folder, DB_WORKER);
}

int main(void)
{
#define site_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        site_test(the_same_content_is_one_file),
        site_test(an_unnamed_file_is_linked_into_place),
        site_test(an_empty_file_is_a_file),
        site_test(a_name_that_is_no_hash_opens_nothing),
        site_test(the_keeper_moves_the_log_in_an_idle_moment),
        site_test(the_log_stays_short_beside_a_busy_writer),
        site_test(a_reader_that_stays_holds_the_log_only_while_it_stays),
        site_test(commits_become_durable_one_by_one),
        site_test(the_keeper_makes_a_group_of_commits_durable),
        site_test(there_is_one_keeper),
        site_test(without_a_keeper_a_command_leaves_no_log),
        site_test(a_backup_holds_rows_files_and_settings),
        site_test(a_restore_replaces_a_stopped_site_only),
        site_test(a_damaged_backup_is_refused_and_the_site_stays),
        site_test(a_backup_of_a_newer_format_is_refused),
        site_test(a_folder_of_other_things_is_not_restored_into),
        site_test(F15_a_restore_that_is_cut_leaves_a_whole_site),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
