/*
 * restore_archive.c - looking through an encrypted backup, and unpacking it.
 *
 * Looking decrypts all of it and keeps nothing: what is found wrong is found
 * before anything is written.
 */
#include "base/banned.h"

#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "base/value.h"
#include "store/archive.h"
#include "store/backup_parts.h"
#include "store/tree.h"

enum { MANIFEST_MAX = 64 * 1024, BLOB_DIGITS = 64 };

struct looking {
    const struct backup_options *options;
    char name[ARCHIVE_NAME_MAX + 1];
    crypto_generichash_state state;
    struct buf manifest;
    struct vector rest;
    const char *database; /* its hash */
    int64_t size, file_bytes, done;
    /* Unpacking: */
    const char *to;
    int fd;
};

static int bad(struct ctx *ctx, const char *what)
{
    return fail(ctx, E_INVALID, "store.backup_bad",
                "the backup is damaged or incomplete: %s", what);
}

static void tell(struct looking *looking, size_t size)
{
    looking->done += (int64_t)size;
    if (looking->options->progress)
        looking->options->progress(looking->options->payload, looking->done,
                                   looking->options->total);
}

/* ---- looking ---- */

/* What a backup holds, and nothing else: not run/, not site.key. */
static bool belongs(const char *name)
{
    const char *slash = strchr(name, '/');
    const char *const *folder;

    if (!slash)
        return text_equal(name, "tenon.db") || text_equal(name, "tenon.cfg") ||
               text_equal(name, BACKUP_LIST) ||
               text_equal(name, "manifest.json");
    for (folder = backup_folders; *folder; folder++)
        if (strlen(*folder) == (size_t)(slash - name) &&
            strncmp(name, *folder, (size_t)(slash - name)) == 0)
            return true;
    return false;
}

static int look_begin(struct ctx *ctx, void *payload, const char *name,
                      int64_t size)
{
    struct looking *looking = payload;

    if (!belongs(name))
        return bad(ctx, "a file has a strange name");
    snprintf(looking->name, sizeof looking->name, "%s", name);
    looking->size = size;
    crypto_generichash_init(&looking->state, NULL, 0, HASH_SIZE);
    return 0;
}

static int look_data(struct ctx *ctx, void *payload, const void *data,
                     size_t size)
{
    struct looking *looking = payload;

    (void)ctx;
    crypto_generichash_update(&looking->state, data, size);
    if (strcmp(looking->name, "manifest.json") == 0 &&
        looking->manifest.length + size <= MANIFEST_MAX)
        buf_add(&looking->manifest, data, size);
    tell(looking, size);
    return 0;
}

/* "files/ab/cdef…" has its hash for a name. */
static bool blob_name_right(const char *name, const char *hash)
{
    return strlen(name) == strlen("files/ab/") + BLOB_DIGITS - 2 &&
           strncmp(name + strlen("files/"), hash, 2) == 0 &&
           strcmp(name + strlen("files/ab/"), hash + 2) == 0;
}

static int look_end(struct ctx *ctx, void *payload)
{
    struct looking *looking = payload;
    unsigned char digest[HASH_SIZE];
    char hash[HASH_SIZE * 2 + 1];

    crypto_generichash_final(&looking->state, digest, sizeof digest);
    sodium_bin2hex(hash, sizeof hash, digest, sizeof digest);
    if (text_starts(looking->name, "files/")) {
        looking->file_bytes += looking->size;
        return blob_name_right(looking->name, hash)
                   ? 0
                   : bad(ctx, "a file's content has changed");
    }
    if (strcmp(looking->name, "tenon.db") == 0)
        looking->database = arena_strdup(ctx->arena, hash);
    else if (strcmp(looking->name, "manifest.json") != 0)
        backup_rest_add(&looking->rest, ctx, looking->name, hash);
    return 0;
}

static int no_key(struct ctx *ctx)
{
    return fail(ctx, E_FORBIDDEN, "store.backup_key_wanted",
                "the backup is encrypted; name the file of its key");
}

int archive_verify(struct ctx *ctx, const char *from,
                   const struct backup_options *options)
{
    struct backup_options own = *options;
    struct looking looking = { .options = &own };
    const struct archive_take take = { look_begin, look_data, look_end,
                                       &looking };
    struct value *manifest;
    int rc;

    if (!options->key)
        return no_key(ctx);
    own.total = tree_bytes(from);
    buf_init(&looking.manifest, ctx->arena, MANIFEST_MAX + 1);
    vector_init(&looking.rest, ctx->arena);
    rc = archive_read(ctx, from, options->key, &take);
    if (!rc && !looking.manifest.length)
        rc = bad(ctx, "it has no manifest.json");
    if (!rc)
        rc = backup_manifest_parse(&manifest, ctx, looking.manifest.data,
                                   looking.manifest.length);
    if (rc)
        return rc;
    if (!text_equal(looking.database,
                    value_get_text(manifest, "database_hash")))
        return bad(ctx, "the database is not the one that was saved");
    if (looking.file_bytes != value_get_int(manifest, "file_bytes", -1))
        return bad(ctx, "files are missing");
    return backup_rest_check(ctx, manifest, &looking.rest);
}

/* ---- unpacking ---- */

static int io_error(struct ctx *ctx, const char *path)
{
    int error = errno;

    if (error == ENOSPC || error == EDQUOT)
        return fail(ctx, E_FULL, "store.full",
                    "there is no room left on the disk for %s", path);
    return fail(ctx, E_IO, "store.io", "%s: %s", path, strerrordesc_np(error));
}

static int make_parents(struct ctx *ctx, const char *to, const char *name)
{
    const char *slash = name;
    int rc = 0;

    while (!rc && (slash = strchr(slash, '/'))) {
        rc = tree_make(ctx, arena_printf(ctx->arena, "%s/%.*s", to,
                                         (int)(slash - name), name));
        slash++;
    }
    return rc;
}

static int unpack_begin(struct ctx *ctx, void *payload, const char *name,
                        int64_t size)
{
    struct looking *looking = payload;
    struct ctx own = *ctx;
    const char *path;
    int rc;

    (void)size;
    if (!belongs(name))
        return bad(ctx, "a file has a strange name");
    own.arena = arena_new(0);
    rc = make_parents(&own, looking->to, name);
    path = arena_printf(own.arena, "%s/%s", looking->to, name);
    if (rc) {
        (void)fail(ctx, rc, "store.io", "%s", ctx_error(&own));
    } else {
        looking->fd = open(
            path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (looking->fd < 0)
            rc = io_error(ctx, path);
    }
    arena_free(own.arena);
    return rc;
}

static int unpack_data(struct ctx *ctx, void *payload, const void *data,
                       size_t size)
{
    struct looking *looking = payload;
    const char *from = data;

    tell(looking, size);
    while (size > 0) {
        ssize_t written = write(looking->fd, from, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return io_error(ctx, looking->to);
        from += written;
        size -= (size_t)written;
    }
    return 0;
}

static int unpack_end(struct ctx *ctx, void *payload)
{
    struct looking *looking = payload;
    int rc = fsync(looking->fd) < 0 ? io_error(ctx, looking->to) : 0;

    if (close(looking->fd) < 0 && !rc)
        rc = io_error(ctx, looking->to);
    looking->fd = -1;
    return rc;
}

int archive_unpack(struct ctx *ctx, const char *from, const char *to,
                   const struct backup_options *options)
{
    struct backup_options own = *options;
    struct looking looking = { .options = &own, .to = to, .fd = -1 };
    const struct archive_take take = { unpack_begin, unpack_data, unpack_end,
                                       &looking };
    int rc;

    if (!options->key)
        return no_key(ctx);
    own.total = tree_bytes(from);
    rc = archive_read(ctx, from, options->key, &take);
    if (looking.fd >= 0)
        close(looking.fd);
    return rc ? rc : tree_sync_all(ctx, to);
}
