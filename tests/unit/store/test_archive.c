/*
 * test_archive.c - encrypted backups: what is in them comes out again, and
 * everything that may be wrong with them is found before anything is touched.
 */
#include "base/banned.h"

#include "store/store_site.h"

#include <fcntl.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/site.h"
#include "base/str.h"
#include "store/archive.h"
#include "store/backup.h"
#include "store/blob.h"
#include "store/tree.h"

enum { PART = 100 * 1000, BLOB = 300 * 1000 };

static struct site site;
static struct backup_key key, other_key;

static int set_up(void **state)
{
    struct fixture *fixture;

    setup_site(state);
    fixture = *state;
    site.folder = fixture->folder;
    fixture->ctx.site = &site;
    crypto_start();
    random_bytes(&key, sizeof key);
    random_bytes(&other_key, sizeof other_key);
    return 0;
}

static const char *beside(struct ctx *ctx, const char *name)
{
    return arena_printf(ctx->arena, "%s%s", ctx->site->folder, name);
}

static int tear_down(void **state)
{
    static const char *const names[] = { ".backup", ".other", ".key" };
    struct fixture *fixture = *state;
    char path[PATH_MAX + 16];
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s%s", fixture->folder, names[i]);
        remove_tree(path);
    }
    return teardown(state);
}

/* Some rows, a stored file and a form; in parts of 100 kB. */
static const char *make(struct ctx *ctx)
{
    const struct backup_options options = { .key = &key, .part_bytes = PART };
    char *data = arena_alloc(ctx->arena, BLOB);
    const char *to = beside(ctx, ".backup"), *hash;

    random_bytes(data, BLOB);
    assert_int_equal(blob_put(&hash, ctx, data, BLOB), 0);
    assert_int_equal(tree_make(ctx, beside(ctx, "/forms")), 0);
    assert_int_equal(
        file_write(ctx, beside(ctx, "/forms/a.json"), "{}", 2, 0600), 0);
    assert_int_equal(
        file_write(ctx, beside(ctx, "/forms/a..b.json"), "{}", 2, 0600), 0);
    assert_int_equal(tx_begin(ctx, "test"), 0);
    assert_int_equal(
        db_exec(ctx, "INSERT INTO thing (number, note) VALUES (1, 'one')", ""),
        0);
    assert_int_equal(tx_commit(ctx), 0);
    assert_int_equal(backup_make(ctx, to, &options), 0);
    return to;
}

static int verify(struct ctx *ctx, const char *from, const struct backup_key *k)
{
    return backup_verify(ctx, from, &(struct backup_options){ .key = k });
}

static void what_goes_in_comes_out(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const struct backup_options options = { .key = &key };
    const char *from = make(ctx), *other = beside(ctx, ".other"), *text;

    assert_true(archive_is(ctx, from));
    assert_true(tree_exists(arena_printf(ctx->arena, "%s/part-00004", from)));
    assert_int_equal(verify(ctx, from, &key), 0);
    assert_int_equal(backup_restore(ctx, from, other, &options), 0);
    assert_int_equal(
        file_read(&text, NULL, ctx,
                  arena_printf(ctx->arena, "%s/forms/a.json", other), 100),
        0);
    assert_string_equal(text, "{}");
    assert_int_equal(tree_bytes(arena_printf(ctx->arena, "%s/files", other)),
                     BLOB);
    /* Nothing of it lies about in clear. */
    assert_false(tree_exists(arena_printf(ctx->arena, "%s/tenon.db", from)));
    assert_false(tree_exists(arena_printf(ctx->arena, "%s/run/backup-%d",
                                          ctx->site->folder, (int)getpid())));
}

static void what_names_its_files_only_comes_back_too(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const struct backup_options options = { .key = &key };
    const char *from, *other = beside(ctx, ".other");

    site.settings.backup.list_files = true;
    from = make(ctx);
    site.settings.backup.list_files = false;
    assert_int_equal(verify(ctx, from, &key), 0);
    assert_int_equal(backup_restore(ctx, from, other, &options), 0);
    assert_true(
        tree_exists(arena_printf(ctx->arena, "%s/forms/a..b.json", other)));
    assert_false(tree_exists(arena_printf(ctx->arena, "%s/files", other)));
}

static void refused(struct ctx *ctx, const char *from,
                    const struct backup_key *k, int code, const char *name)
{
    const struct backup_options options = { .key = k };
    const char *other = beside(ctx, ".other");

    assert_int_equal(verify(ctx, from, k), code);
    assert_string_equal(ctx->problems->key, name);
    ctx_clear(ctx);
    assert_int_equal(backup_restore(ctx, from, other, &options), code);
    assert_string_equal(ctx->problems->key, name);
    assert_false(tree_exists(other));
    ctx_clear(ctx);
}

static void another_key_is_told_from_damage(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const char *from = make(ctx);

    refused(ctx, from, &other_key, E_FORBIDDEN, "store.backup_key");
    refused(ctx, from, NULL, E_FORBIDDEN, "store.backup_key_wanted");
}

static const char *part(struct ctx *ctx, const char *from, int number)
{
    return arena_printf(ctx->arena, "%s/part-%05d", from, number);
}

static void change_byte(const char *path, off_t at)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    unsigned char byte;

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void a_changed_byte_is_found_wherever_it_is(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const char *from = make(ctx);
    int64_t bytes = tree_bytes(from), at;

    /* The head's magic is no damage but another format; all else is. */
    for (at = 30; at < bytes; at += bytes / 23) {
        const char *path = part(ctx, from, (int)(at / PART) + 1);

        change_byte(path, at % PART);
        refused(ctx, from, &key, E_INVALID, "store.backup_bad");
        change_byte(path, at % PART);
    }
    assert_int_equal(verify(ctx, from, &key), 0);
}

static void an_end_that_was_cut_off_is_found(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const char *from = make(ctx), *last = NULL;
    int number = 1;
    int64_t size;

    while (tree_exists(part(ctx, from, number)))
        last = part(ctx, from, number++);
    size = tree_bytes(last);
    assert_int_equal(truncate(last, size - 1), 0);
    refused(ctx, from, &key, E_INVALID, "store.backup_bad");
    assert_int_equal(truncate(last, 0), 0);
    refused(ctx, from, &key, E_INVALID, "store.backup_bad");
    unlink(last);
    refused(ctx, from, &key, E_INVALID, "store.backup_bad");
    /* All that is left is the head. */
    while (--number > 1)
        unlink(part(ctx, from, number));
    assert_int_equal(truncate(part(ctx, from, 1), 48), 0);
    refused(ctx, from, &key, E_INVALID, "store.backup_bad");
}

static void parts_in_another_order_are_found(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const char *from = make(ctx), *aside = part(ctx, from, 99);

    assert_int_equal(rename(part(ctx, from, 2), aside), 0);
    assert_int_equal(rename(part(ctx, from, 3), part(ctx, from, 2)), 0);
    assert_int_equal(rename(aside, part(ctx, from, 3)), 0);
    refused(ctx, from, &key, E_INVALID, "store.backup_bad");
}

static void what_stands_behind_the_end_is_found(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const char *from = make(ctx);
    int number = 1;

    while (tree_exists(part(ctx, from, number)))
        number++;
    assert_int_equal(file_write(ctx, part(ctx, from, number), "x", 1, 0600), 0);
    refused(ctx, from, &key, E_INVALID, "store.backup_bad");
}

static void a_newer_format_is_told(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const char *from = make(ctx);
    int fd = open(part(ctx, from, 1), O_RDWR | O_CLOEXEC);

    assert_int_equal(pwrite(fd, "2", 1, 13), 1);
    close(fd);
    refused(ctx, from, &key, E_UNSUPPORTED, "store.backup_version");
}

static void a_key_lies_in_a_file_of_its_own(void **state)
{
    struct ctx *ctx = &((struct fixture *)*state)->ctx;
    const char *path = beside(ctx, ".key");
    struct backup_key made, again;

    assert_int_equal(backup_key_make(ctx, path), 0);
    assert_int_equal(backup_key_read(&made, ctx, path), 0);
    assert_int_equal(backup_key_read(&again, ctx, path), 0);
    assert_memory_equal(&made, &again, sizeof made);
    assert_int_equal(backup_key_make(ctx, path), E_CONFLICT);
    ctx_clear(ctx);

    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(backup_key_read(&made, ctx, path), E_INVALID);
    assert_string_equal(ctx->problems->key, "store.backup_key_open");
    ctx_clear(ctx);
    assert_int_equal(file_write(ctx, path, "no key\n", 7, 0600), 0);
    assert_int_equal(backup_key_read(&made, ctx, path), E_INVALID);
    assert_string_equal(ctx->problems->key, "store.backup_no_key");
    ctx_clear(ctx);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(backup_key_read(&made, ctx, path), E_INVALID);
    assert_string_equal(ctx->problems->key, "store.backup_no_key");
}

#define archive_test(name)                                                     \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        archive_test(what_goes_in_comes_out),
        archive_test(what_names_its_files_only_comes_back_too),
        archive_test(another_key_is_told_from_damage),
        archive_test(a_changed_byte_is_found_wherever_it_is),
        archive_test(an_end_that_was_cut_off_is_found),
        archive_test(parts_in_another_order_are_found),
        archive_test(what_stands_behind_the_end_is_found),
        archive_test(a_newer_format_is_told),
        archive_test(a_key_lies_in_a_file_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
