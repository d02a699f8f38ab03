/*
 * test_blob.c - files that several hosts share: what is collected and what is
 * not, the mark of a place, and moving from one place to another.
 */
#include "base/banned.h"

#include "store/store_site.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/site.h"
#include "base/str.h"
#include "store/backup.h"
#include "store/blob.h"
#include "store/tree.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)

static struct site site;
static char shared[PATH_MAX];
static const char *used_hash;
static int64_t began;

static int set_up(void **state)
{
    struct fixture *fixture;

    setup_site(state);
    fixture = *state;
    memset(&site, 0, sizeof site);
    site.folder = fixture->folder;
    site.settings.files.where = "folder";
    fixture->ctx.site = &site;
    make_folder(shared, NULL);
    used_hash = NULL;
    began = clock_now();
    return 0;
}

static int tear_down(void **state)
{
    clock_set(0);
    remove_tree(shared);
    return teardown(state);
}

static struct ctx *ctx_of(void **state)
{
    return &((struct fixture *)*state)->ctx;
}

static const char *path_of(struct ctx *ctx, const char *hash)
{
    return arena_printf(ctx->arena, "%s/%.2s/%s",
                        site.settings.files.path
                            ? site.settings.files.path
                            : site_path(ctx, &site, "files"),
                        hash, hash + 2);
}

static const char *put(struct ctx *ctx, const char *text)
{
    const char *hash = NULL;

    assert_int_equal(blob_put(&hash, ctx, text, strlen(text)), 0);
    return hash;
}

/* So many days later by the clocks, and the file's own time far back. */
static void after_days(struct ctx *ctx, int days, const char *hash)
{
    struct timespec old[2] = { { 0 }, { 0 } };

    clock_set(began + days * DAY_MS);
    old[0].tv_sec = old[1].tv_sec = (time_t)(began / 1000 - 100 * 24 * 3600);
    utimensat(AT_FDCWD, path_of(ctx, hash), old, 0);
}

static int is_used(struct ctx *ctx, const char *hash)
{
    (void)ctx;
    return text_equal(hash, used_hash);
}

static void collect(struct ctx *ctx)
{
    bool more = true;

    while (more)
        assert_int_equal(blob_collect_turn(&more, ctx, is_used), 0);
}

/* ---- collecting ---- */

static void a_file_goes_a_day_after_it_was_first_seen_without_a_row(void **s)
{
    struct ctx *ctx = ctx_of(s);
    const char *hash = put(ctx, "unused"), *used = put(ctx, "used");

    used_hash = used;
    after_days(ctx, 2, used);
    after_days(ctx, 2, hash);
    collect(ctx); /* seen */
    assert_true(blob_there(ctx, hash));
    collect(ctx);
    assert_true(blob_there(ctx, hash));
    after_days(ctx, 3, hash);
    collect(ctx);
    assert_false(blob_there(ctx, hash));
    assert_true(blob_there(ctx, used));
}

static void an_administrator_need_not_wait_for_a_day(void **s)
{
    struct ctx *ctx = ctx_of(s);
    const char *hash = put(ctx, "unused"), *fresh = put(ctx, "fresh");

    after_days(ctx, 2, hash);
    assert_int_equal(blob_put(&fresh, ctx, "fresh", 5), 0);
    after_days(ctx, 2, fresh);
    assert_int_equal(blob_collect(ctx, is_used), 0);
    assert_false(blob_there(ctx, hash));
    assert_true(blob_there(ctx, fresh));
}

static void while_a_backup_holds_the_files_none_goes(void **s)
{
    struct ctx *ctx = ctx_of(s);
    const char *hash = put(ctx, "unused");
    int guard;

    after_days(ctx, 2, hash);
    collect(ctx);
    after_days(ctx, 4, hash);
    assert_int_equal(blob_lock(&guard, ctx), 0);
    collect(ctx);
    assert_true(blob_there(ctx, hash));
    close(guard);
    collect(ctx);
    assert_false(blob_there(ctx, hash));
}

static void what_was_put_again_stays_for_another_day(void **s)
{
    struct ctx *ctx = ctx_of(s);
    const char *hash = put(ctx, "again");

    after_days(ctx, 2, hash);
    collect(ctx);
    after_days(ctx, 3, hash);
    put(ctx, "again"); /* and not yet named by a row */
    after_days(ctx, 3, hash);
    collect(ctx);
    assert_true(blob_there(ctx, hash));
}

static void a_row_that_came_back_begins_the_day_anew(void **s)
{
    struct ctx *ctx = ctx_of(s);
    const char *hash = put(ctx, "back");

    after_days(ctx, 2, hash);
    collect(ctx);
    used_hash = hash;
    after_days(ctx, 3, hash);
    collect(ctx);
    used_hash = NULL;
    after_days(ctx, 4, hash);
    collect(ctx); /* seen without a row only now */
    assert_true(blob_there(ctx, hash));
}

static void doom(struct ctx *ctx, const char *hash, int64_t at)
{
    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(
        db_exec(ctx,
                "INSERT INTO store_blob (hash, put_at, unused_at, doomed_at,"
                " doomed_by) VALUES (?1, 0, 1, ?2, 7) ON CONFLICT (hash) DO"
                " UPDATE SET put_at = 0, unused_at = 1, doomed_at = ?2,"
                " doomed_by = 7",
                "si", hash, at),
        0);
    assert_int_equal(tx_commit(ctx), 0);
}

/* Another process deletes just now what this one puts. */
static void who_puts_what_is_being_deleted_puts_it_anew(void **s)
{
    struct ctx *ctx = ctx_of(s);
    const char *hash = put(ctx, "both");
    pid_t child;
    int status;

    doom(ctx, hash, clock_now());
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct ctx own;

        connect_to(&own, site.folder, DB_WORKER);
        usleep(300 * 1000);
        unlink(path_of(&own, hash));
        if (tx_begin(&own, "test") ||
            db_exec(&own,
                    "UPDATE store_blob SET doomed_at = 0, doomed_by = 0"
                    " WHERE doomed_by = 7",
                    "") ||
            tx_commit(&own))
            _exit(1);
        _exit(0);
    }
    put(ctx, "both");
    assert_true(blob_there(ctx, hash));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(blob_there(ctx, hash));
}

static void who_waits_for_a_deletion_waits_no_longer_than_he_may(void **s)
{
    struct ctx *ctx = ctx_of(s);
    const char *hash = put(ctx, "late"), *again;

    doom(ctx, hash, clock_now());
    ctx->deadline = clock_monotonic() + 200;
    assert_int_equal(blob_put(&again, ctx, "late", 4), E_TIMEOUT);
    ctx->deadline = 0;
    /* Its collector died long ago. */
    doom(ctx, hash, clock_now() - 10 * 60 * 1000);
    assert_int_equal(blob_put(&again, ctx, "late", 4), 0);
}

static void what_somebody_else_is_deleting_is_left_to_him(void **s)
{
    struct ctx *ctx = ctx_of(s);
    const char *hash = put(ctx, "his");

    after_days(ctx, 5, hash);
    doom(ctx, hash, clock_now() - 1000);
    collect(ctx);
    assert_true(blob_there(ctx, hash));
}

static void what_a_writer_left_who_died_goes_too(void **s)
{
    struct ctx *ctx = ctx_of(s);
    const char *hash = put(ctx, "whole"), *rest;
    struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };

    used_hash = hash;
    rest = arena_printf(ctx->arena, "%s/files/%.2s/.new-x", site.folder, hash);
    assert_int_equal(file_write(ctx, rest, "half", 4, 0600), 0);
    collect(ctx);
    assert_true(file_exists(rest));
    utimensat(AT_FDCWD, rest, old, 0);
    collect(ctx);
    assert_false(file_exists(rest));
    assert_true(blob_there(ctx, hash));
}

/* ---- a folder that several hosts share ---- */

static void assert_fails(struct ctx *ctx, int rc, int code, const char *key)
{
    assert_int_equal(rc, code);
    assert_non_null(ctx->problems);
    assert_string_equal(ctx->problems->key, key);
    ctx_clear(ctx);
}

static void a_shared_folder_bears_the_sites_mark(void **s)
{
    struct ctx *ctx = ctx_of(s);
    const char *mark = arena_printf(ctx->arena, "%s/.tenon-files", shared);
    const char *hash;

    site.settings.files.path = shared;
    hash = put(ctx, "shared");
    assert_true(file_exists(path_of(ctx, hash)));
    assert_true(file_exists(mark));
    assert_int_equal(blob_place_check(ctx, false), 0);
    /* Not mounted: an empty folder is there instead. */
    assert_int_equal(unlink(mark), 0);
    assert_fails(ctx, blob_place_check(ctx, false), E_INVALID,
                 "store.files_unmarked");
    assert_fails(ctx, blob_collect(ctx, is_used), E_INVALID,
                 "store.files_unmarked");
    assert_int_equal(file_write(ctx, mark, "other\n", 6, 0600), 0);
    assert_fails(ctx, blob_place_check(ctx, false), E_INVALID,
                 "store.files_other");
    assert_int_equal(blob_place_check(ctx, true), 0);
    assert_int_equal(blob_place_check(ctx, false), 0);
    site.settings.files.path = "/nonexistent/folder";
    assert_fails(ctx, blob_place_check(ctx, false), E_IO, "store.files_none");
}

static void forget_the_places(struct ctx *ctx)
{
    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(
        db_exec(ctx, "DELETE FROM store_fact WHERE name LIKE 'files_marked:%'",
                ""),
        0);
    assert_int_equal(tx_commit(ctx), 0);
}

/* It had its number, and others may have seen it; no place bore it yet. */
static void who_marks_a_place_may_die_before(void **s)
{
    struct ctx *ctx = ctx_of(s);
    const char *mark = arena_printf(ctx->arena, "%s/.tenon-files", shared);

    site.settings.files.path = shared;
    assert_int_equal(blob_place_check(ctx, false), 0);
    assert_int_equal(unlink(mark), 0);
    forget_the_places(ctx);
    assert_int_equal(blob_place_check(ctx, false), 0);
    assert_true(file_exists(mark));
    assert_int_equal(unlink(mark), 0);
    assert_fails(ctx, blob_place_check(ctx, false), E_INVALID,
                 "store.files_unmarked");
}

static void while_files_move_a_place_is_marked_once(void **s)
{
    struct ctx *ctx = ctx_of(s);
    const char *mark = arena_printf(ctx->arena, "%s/.tenon-files", shared);
    char third[PATH_MAX];

    site.settings.files_before = site.settings.files;
    site.settings.files.path = third;
    make_folder(third, NULL);
    assert_int_equal(blob_place_check(ctx, false), 0); /* the site's first */
    site.settings.files.path = shared;
    assert_int_equal(blob_place_check(ctx, false), 0);
    assert_true(file_exists(mark));
    /* Not mounted: an empty folder is there instead. */
    assert_int_equal(unlink(mark), 0);
    assert_fails(ctx, blob_place_check(ctx, false), E_INVALID,
                 "store.files_unmarked");
    assert_false(file_exists(mark));
    assert_int_equal(blob_place_check(ctx, true), 0);
    /* A site of an older version has marked it and does not know so. */
    forget_the_places(ctx);
    assert_int_equal(blob_place_check(ctx, false), 0);
    assert_int_equal(unlink(mark), 0);
    assert_fails(ctx, blob_place_check(ctx, false), E_INVALID,
                 "store.files_unmarked");
    remove_tree(third);
}

static int count_them(struct ctx *ctx, const char *hash, int64_t size,
                      int64_t modified, void *payload)
{
    bool copied;
    int *count = payload;

    (void)modified;
    assert_int_equal(blob_move(&copied, ctx, hash, size), 0);
    *count += copied;
    return 0;
}

static void files_move_from_place_to_place(void **s)
{
    struct ctx *ctx = ctx_of(s);
    const char *first = put(ctx, "first"), *second = put(ctx, "second");
    const char *damaged = put(ctx, "damaged");
    int64_t size;
    int count = 0, fd;
    bool copied;

    site.settings.files_before = site.settings.files;
    site.settings.files.path = shared;
    /* Before anything is moved all can be read. */
    assert_int_equal(blob_open(&fd, ctx, first), 0);
    close(fd);
    assert_int_equal(blob_size(&size, ctx, second), 0);
    assert_int_equal(size, 6);
    site.settings.files.path = NULL;
    assert_int_equal(file_write(ctx, path_of(ctx, damaged), "dameged", 7, 0600),
                     0);
    site.settings.files.path = shared;
    assert_fails(ctx, blob_move(&copied, ctx, damaged, 7), E_INVALID,
                 "store.damaged_blob");
    assert_false(file_exists(path_of(ctx, damaged)));
    site.settings.files.path = NULL;
    unlink(path_of(ctx, damaged));
    site.settings.files.path = shared;
    assert_int_equal(blob_walk_before(ctx, count_them, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(blob_walk_before(ctx, count_them, &count), 0);
    assert_int_equal(count, 2); /* once is enough */
    site.settings.files_before.where = NULL;
    assert_int_equal(blob_verify(ctx, first), 0);
    assert_int_equal(blob_verify(ctx, second), 0);
    assert_int_equal(blob_verify(ctx, damaged), E_NOT_FOUND);
}

static void a_backup_may_only_name_shared_files(void **s)
{
    static const struct backup_options plain;
    struct ctx *ctx = ctx_of(s);
    const char *backup = arena_printf(ctx->arena, "%s.backup", site.folder);
    const char *list = arena_printf(ctx->arena, "%s/files.list", backup);
    const char *hash, *text;

    site.settings.files.path = shared;
    site.settings.backup.list_files = true;
    hash = put(ctx, "shared");
    assert_int_equal(backup_make(ctx, backup, &plain), 0);
    assert_false(tree_exists(arena_printf(ctx->arena, "%s/files", backup)));
    assert_int_equal(file_read(&text, NULL, ctx, list, 1000), 0);
    assert_string_equal(text, arena_printf(ctx->arena, "%s 6\n", hash));
    assert_int_equal(backup_verify(ctx, backup, &plain), 0);
    assert_int_equal(file_write(ctx, list, "", 0, 0600), 0);
    assert_fails(ctx, backup_verify(ctx, backup, &plain), E_INVALID,
                 "store.backup_bad");
    remove_tree(backup);
}

int main(void)
{
#define blob_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        blob_test(a_file_goes_a_day_after_it_was_first_seen_without_a_row),
        blob_test(an_administrator_need_not_wait_for_a_day),
        blob_test(while_a_backup_holds_the_files_none_goes),
        blob_test(what_was_put_again_stays_for_another_day),
        blob_test(a_row_that_came_back_begins_the_day_anew),
        blob_test(who_puts_what_is_being_deleted_puts_it_anew),
        blob_test(who_waits_for_a_deletion_waits_no_longer_than_he_may),
        blob_test(what_somebody_else_is_deleting_is_left_to_him),
        blob_test(what_a_writer_left_who_died_goes_too),
        blob_test(a_shared_folder_bears_the_sites_mark),
        blob_test(who_marks_a_place_may_die_before),
        blob_test(while_files_move_a_place_is_marked_once),
        blob_test(files_move_from_place_to_place),
        blob_test(a_backup_may_only_name_shared_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
