/*
 * restore.c - verifying a backup and putting it in place.
 *
 * Everything is copied into FOLDER/.restore first, on the same disk. Then the
 * old parts are renamed into FOLDER/.before and the new ones into place; the
 * last step renames .before to .replaced, which is the commit: whoever finds
 * a .before puts the old site back. Meanwhile an exclusive flock on run/lock
 * keeps everybody else out.
 */
#include "base/banned.h"

#include "store/backup.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/log.h"
#include "base/map.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "store/archive.h"
#include "store/backup_parts.h"
#include "store/lock.h"
#include "store/tree.h"

enum { MANIFEST_MAX = 64 * 1024, BLOB_DIGITS = 64 };

/* What a site's folder holds that a restore replaces. */
static const char *const parts[] = {
    "tenon.db", "tenon.db-wal", "tenon.db-shm", "files", "forms", "flows",
    "scripts",  "plugins",      "themes",       "pages", NULL
};

/* Stands in .before when all of the old site does. */
#define ALL_MOVED ".all"

static const char *in(struct ctx *ctx, const char *folder, const char *name)
{
    return arena_printf(ctx->arena, "%s/%s", folder, name);
}

static int bad(struct ctx *ctx, const char *what)
{
    return fail(ctx, E_INVALID, "store.backup_bad",
                "the backup is damaged or incomplete: %s", what);
}

/* ---- verifying ---- */

struct verifying {
    const struct backup_options *options;
    int64_t done, total;
};

static int verify_file(struct ctx *ctx, const char *folder, const char *first,
                       const char *name, struct verifying *verifying)
{
    const char *hash,
        *path = arena_printf(ctx->arena, "%s/%s/%s", folder, first, name);
    int64_t size;
    int rc;

    if (strlen(first) + strlen(name) != BLOB_DIGITS)
        return bad(ctx, "a file has a strange name");
    rc = backup_hash_file(&hash, &size, ctx, path);
    if (rc)
        return rc;
    if (strncmp(hash, first, 2) != 0 || strcmp(hash + 2, name) != 0)
        return bad(ctx, "a file's content has changed");
    verifying->done += size;
    if (verifying->options->progress)
        verifying->options->progress(verifying->options->payload,
                                     verifying->done, verifying->total);
    return 0;
}

static int verify_folder(struct ctx *ctx, const char *files, const char *first,
                         struct verifying *verifying)
{
    DIR *folder = opendir(in(ctx, files, first));
    const struct dirent *entry;
    int rc = 0;

    if (!folder)
        return bad(ctx, "a folder cannot be read");
    while (!rc && (entry = readdir(folder))) {
        struct ctx scratch = *ctx;

        if (entry->d_name[0] == '.')
            continue;
        scratch.arena = arena_new(0);
        rc = verify_file(&scratch, files, first, entry->d_name, verifying);
        if (rc)
            bad(ctx, ctx_error(&scratch));
        arena_free(scratch.arena);
    }
    closedir(folder);
    return rc;
}

static int verify_files(struct ctx *ctx, const char *files,
                        struct verifying *verifying)
{
    DIR *folder = opendir(files);
    const struct dirent *entry;
    int rc = 0;

    if (!folder)
        return errno == ENOENT ? 0 : bad(ctx, "files/ cannot be read");
    while (!rc && (entry = readdir(folder)))
        if (strlen(entry->d_name) == 2 && entry->d_name[0] != '.')
            rc = verify_folder(ctx, files, entry->d_name, verifying);
    closedir(folder);
    return rc;
}

static int read_manifest(struct value **out, struct ctx *ctx, const char *from)
{
    const char *text, *path = in(ctx, from, "manifest.json");
    size_t length;
    int rc;

    if (!tree_exists(path))
        return bad(ctx, "it has no manifest.json");
    rc = file_read(&text, &length, ctx, path, MANIFEST_MAX);
    return rc ? rc : backup_manifest_parse(out, ctx, text, length);
}

static int verify_database(struct ctx *ctx, const char *from,
                           const struct value *manifest,
                           const struct backup_options *options)
{
    const char *hash;
    int64_t size;
    int rc = backup_hash_file(&hash, &size, ctx, in(ctx, from, "tenon.db"));

    if (rc)
        return rc;
    if (!text_equal(hash, value_get_text(manifest, "database_hash")))
        return bad(ctx, "the database is not the one that was saved");
    return options->checked
               ? 0
               : backup_check_database(ctx, in(ctx, from, "tenon.db"));
}

int backup_verify(struct ctx *ctx, const char *from,
                  const struct backup_options *options)
{
    struct verifying verifying = { .options = options };
    struct value *manifest;
    struct vector rest;
    int rc = crypto_start();

    if (!rc && archive_is(ctx, from))
        return archive_verify(ctx, from, options);
    if (!rc)
        rc = read_manifest(&manifest, ctx, from);
    if (!rc)
        rc = verify_database(ctx, from, manifest, options);
    vector_init(&rest, ctx->arena);
    if (!rc)
        rc = backup_rest_gather(&rest, ctx, from);
    if (!rc)
        rc = backup_rest_check(ctx, manifest, &rest);
    if (rc)
        return rc;
    verifying.total = tree_bytes(in(ctx, from, "files"));
    if (verifying.total != value_get_int(manifest, "file_bytes", -1))
        return bad(ctx, "files are missing");
    return verify_files(ctx, in(ctx, from, "files"), &verifying);
}

/* ---- putting in place ---- */

struct copying {
    const struct backup_options *options;
    int64_t done, total;
};

static int copy_step(void *payload, int64_t bytes)
{
    struct copying *copying = payload;

    copying->done += bytes;
    if (copying->options->progress)
        copying->options->progress(copying->options->payload, copying->done,
                                   copying->total);
    return 0;
}

static int copy_parts(struct ctx *ctx, const char *from, const char *staged,
                      const struct backup_options *options)
{
    struct copying copying = { .options = options, .total = tree_bytes(from) };
    const char *const *name;
    int rc = tree_copy_file(ctx, in(ctx, from, "tenon.db"),
                            in(ctx, staged, "tenon.db"));

    if (!rc && tree_exists(in(ctx, from, "tenon.cfg")))
        rc = tree_copy_file(ctx, in(ctx, from, "tenon.cfg"),
                            in(ctx, staged, "tenon.cfg"));
    for (name = backup_folders; *name && !rc; name++)
        rc = tree_copy(ctx, in(ctx, from, *name), in(ctx, staged, *name),
                       copy_step, &copying);
    return rc;
}

/* Copies the backup into FOLDER/.restore. */
static int stage(struct ctx *ctx, const char *from, const char *staged,
                 const struct backup_options *options)
{
    int rc = tree_remove(ctx, staged);

    if (!rc)
        rc = tree_make(ctx, staged);
    if (!rc && archive_is(ctx, from)) {
        rc = archive_unpack(ctx, from, staged, options);
        if (!rc)
            rc = backup_verify(ctx, staged, &(struct backup_options){ 0 });
    } else if (!rc) {
        rc = copy_parts(ctx, from, staged, options);
        if (!rc)
            rc = backup_check_database(ctx, in(ctx, staged, "tenon.db"));
    }
    if (!rc && options->prepare)
        rc = options->prepare(ctx, staged);
    tree_give_all(staged, in(ctx, staged, ".."));
    return rc ? rc : tree_sync(ctx, staged);
}

static int move_parts(struct ctx *ctx, const char *from, const char *to)
{
    const char *const *name;
    int rc = 0;

    for (name = parts; *name && !rc; name++)
        if (tree_exists(in(ctx, from, *name)))
            rc = tree_rename(ctx, in(ctx, from, *name), in(ctx, to, *name));
    if (!rc)
        rc = tree_sync(ctx, to);
    return rc ? rc : tree_sync(ctx, from);
}

/* A site that is there keeps its own settings: those of a backup lack the
 * passwords, and name another machine's addresses. */
static int keep_own(struct ctx *ctx, const char *folder, const char *staged)
{
    if (tree_exists(in(ctx, folder, "tenon.cfg")) ||
        !tree_exists(in(ctx, staged, "tenon.cfg")))
        return 0;
    return tree_rename(ctx, in(ctx, staged, "tenon.cfg"),
                       in(ctx, folder, "tenon.cfg"));
}

static int swap(struct ctx *ctx, const char *folder, const char *staged)
{
    const char *before = in(ctx, folder, ".before");
    const char *replaced = in(ctx, folder, ".replaced");
    int rc = tree_remove(ctx, replaced);

    if (!rc)
        rc = tree_make(ctx, before);
    if (!rc)
        rc = tree_sync(ctx, folder);
    if (!rc)
        rc = move_parts(ctx, folder, before);
    if (!rc)
        rc = tree_make(ctx, in(ctx, before, ALL_MOVED));
    if (!rc)
        rc = tree_sync(ctx, before);
    if (!rc)
        rc = move_parts(ctx, staged, folder);
    if (!rc)
        rc = keep_own(ctx, folder, staged);
    if (!rc)
        rc = tree_rename(ctx, before, replaced);
    if (rc) {
        backup_recover(ctx, folder);
        return rc;
    }
    /* The new site stands. As long as that may not be on the disk, the old one
     * is left for the next start to remove. */
    rc = tree_sync(ctx, folder);
    if (rc)
        return rc;
    tree_remove(ctx, staged);
    return tree_remove(ctx, replaced);
}

int backup_recover(struct ctx *ctx, const char *folder)
{
    const char *before = in(ctx, folder, ".before");
    const char *const *name;
    bool all_moved;
    int rc = 0;

    if (!tree_exists(before)) {
        tree_remove(ctx, in(ctx, folder, ".restore"));
        tree_remove(ctx, in(ctx, folder, ".replaced"));
        return 0;
    }
    /* Once all of the old site had been moved, whatever stands in a place is
     * the new one; before that, only old parts stand anywhere. */
    all_moved = tree_exists(in(ctx, before, ALL_MOVED));
    for (name = parts; *name && !rc && all_moved; name++)
        rc = tree_remove(ctx, in(ctx, folder, *name));
    if (!rc && all_moved)
        rc = tree_sync(ctx, folder);
    if (!rc && all_moved)
        rc = tree_remove(ctx, in(ctx, before, ALL_MOVED));
    for (name = parts; *name && !rc; name++)
        if (tree_exists(in(ctx, before, *name)))
            rc = tree_rename(ctx, in(ctx, before, *name),
                             in(ctx, folder, *name));
    if (!rc)
        rc = tree_sync(ctx, folder);
    if (!rc)
        rc = tree_remove(ctx, before);
    if (!rc)
        rc = tree_remove(ctx, in(ctx, folder, ".restore"));
    return rc ? rc : 1;
}

/* Keeps a front and everybody else out. */
static int take_alone(int *alone, int *service, struct ctx *ctx,
                      const char *folder)
{
    int rc = lock_service(service, ctx, folder);

    if (!rc)
        rc = lock_exclude(alone, ctx, folder);
    if (rc && *service >= 0)
        close(*service);
    return rc;
}

int backup_recover_alone(struct ctx *ctx, const char *folder)
{
    int alone = -1, service = -1,
        rc = take_alone(&alone, &service, ctx, folder);

    if (rc)
        return rc;
    rc = backup_recover(ctx, folder);
    close(alone);
    close(service);
    return rc;
}

/* An empty folder, or a site. */
/* Its rows are elsewhere: a file beside them would be read by nobody. */
static int refuse_postgresql(struct ctx *ctx, const char *folder)
{
    struct ctx quiet = *ctx;
    struct site *site;

    if (!tree_exists(in(ctx, folder, "tenon.cfg")) ||
        site_read(&site, &quiet, folder) ||
        !text_equal(site->settings.store.driver, "postgresql"))
        return 0;
    return fail(ctx, E_CONFLICT, "store.restore_postgresql",
                "the site in %s has its rows in PostgreSQL; restore into an "
                "empty folder, then move the rows with tenon migrate-store",
                folder);
}

static int check_place(struct ctx *ctx, const char *folder)
{
    int rc = tree_make(ctx, folder);

    if (!rc)
        rc = refuse_postgresql(ctx, folder);
    if (rc)
        return rc;
    if (tree_is_empty(folder) || tree_exists(in(ctx, folder, "tenon.db")) ||
        tree_exists(in(ctx, folder, "tenon.cfg")) ||
        tree_exists(in(ctx, folder, ".before")) ||
        tree_exists(in(ctx, folder, ".restore")))
        return 0;
    return fail(ctx, E_CONFLICT, "store.restore_not_empty",
                "%s holds something that is not a site; choose an empty "
                "folder",
                folder);
}

int backup_restore(struct ctx *ctx, const char *from, const char *folder,
                   const struct backup_options *options)
{
    const char *staged;
    int alone = -1, service = -1, rc;

    rc = backup_verify(ctx, from, options);
    if (!rc)
        rc = check_place(ctx, folder);
    if (!rc)
        rc = tree_make(ctx, in(ctx, folder, "run"));
    if (!rc)
        rc = take_alone(&alone, &service, ctx, folder);
    if (rc)
        return rc;
    staged = in(ctx, folder, ".restore");
    rc = backup_recover(ctx, folder);
    if (rc >= 0)
        rc = stage(ctx, from, staged, options);
    if (!rc)
        rc = swap(ctx, folder, staged);
    if (rc)
        tree_remove(ctx, staged);
    else
        log_event(LOG_INFO, "backup.restored", NULL);
    close(alone);
    close(service);
    return rc;
}
