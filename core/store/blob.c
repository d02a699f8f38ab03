/*
 * blob.c - files of the site, found by the hash of their content.
 *
 * A file is whole, synced and under its name before the row that names it is
 * committed; two uploads of the same content are one file. What was put under
 * another setting is found in `files_before`.
 */
#include "base/banned.h"

#include "store/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"
#include "store/blob_internal.h"
#include "store/db.h"
#include "store/tree.h"

bool blob_name_good(const char *hash)
{
    return strlen(hash) == BLOB_DIGITS &&
           strspn(hash, "0123456789abcdef") == BLOB_DIGITS;
}

int blob_io_error(struct ctx *ctx)
{
    int error = errno;

    log_ctx(ctx, LOG_ERROR, "blob.error", "errno", strerrorname_np(error),
            NULL);
    if (error == ENOSPC || error == EDQUOT)
        return fail(ctx, E_FULL, "store.full",
                    "there is no room left on the disk; nothing was saved");
    return fail(ctx, E_IO, "store.io",
                "a file of the site cannot be read or written: %s",
                strerrordesc_np(error));
}

/* ---- putting ---- */

static int put(const char **hash, struct ctx *ctx, const unsigned char *digest,
               const struct blob_content *content)
{
    const char *text = hex_of(ctx->arena, digest, HASH_SIZE);
    struct blob_place place = blob_place(ctx);
    int rc = blob_mark_check(ctx, &place);

    if (!rc)
        rc = blob_announce(ctx, text);
    if (!rc)
        rc = blob_place_put(ctx, &place, text, content);
    if (!rc)
        *hash = text;
    return rc;
}

int blob_put_fd(const char **hash, int64_t *size, struct ctx *ctx, int fd)
{
    struct blob_content content = { .fd = fd };
    unsigned char digest[HASH_SIZE];
    struct stat info;

    if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))
        return fail(ctx, E_IO, "store.io", "this is no file");
    if (hash_fd(digest, &content.size, fd) < 0)
        return blob_io_error(ctx);
    *size = content.size;
    return put(hash, ctx, digest, &content);
}

int blob_put(const char **hash, struct ctx *ctx, const void *data, size_t size)
{
    struct blob_content content = { -1, size ? data : "", (int64_t)size };
    unsigned char digest[HASH_SIZE];

    hash_data(digest, content.data, size, NULL, 0);
    return put(hash, ctx, digest, &content);
}

/* ---- reading ---- */

/* In the first place, else in the one before. */
static int open_either(int *fd, struct ctx *ctx, const char *hash)
{
    struct blob_place place = blob_place(ctx);
    int rc = blob_place_open(fd, ctx, &place, hash);

    if (rc == E_NOT_FOUND && blob_place_before(&place, ctx))
        rc = blob_place_open(fd, ctx, &place, hash);
    return rc;
}

int blob_open(int *fd, struct ctx *ctx, const char *hash)
{
    int rc;

    *fd = -1;
    if (!hash || !blob_name_good(hash))
        return fail(ctx, E_NOT_FOUND, "store.bad_blob",
                    "there is no file of that name");
    rc = open_either(fd, ctx, hash);
    if (rc != E_NOT_FOUND)
        return rc;
    log_ctx(ctx, LOG_ERROR, "blob.missing", "hash", hash, NULL);
    return fail(ctx, E_NOT_FOUND, "store.bad_blob",
                "the stored file is missing");
}

int blob_size(int64_t *size, struct ctx *ctx, const char *hash)
{
    struct blob_place place = blob_place(ctx);
    int rc;

    if (!hash || !blob_name_good(hash))
        return E_NOT_FOUND;
    rc = blob_place_size(size, ctx, &place, hash);
    if (rc == E_NOT_FOUND && blob_place_before(&place, ctx))
        rc = blob_place_size(size, ctx, &place, hash);
    return rc;
}

bool blob_there(struct ctx *ctx, const char *hash)
{
    struct ctx own = ctx_apart(ctx);
    int64_t size;

    return blob_size(&size, &own, hash) == 0;
}

int blob_forget_time(struct ctx *ctx, const char *hash, int64_t at)
{
    const struct timespec day = { .tv_sec = (time_t)(at / 1000) };
    struct blob_place place = blob_place(ctx);
    int rc = db_exec(ctx, "DELETE FROM store_blob WHERE hash = ?1", "s", hash);

    if (rc)
        return rc;
    if (!place.root) {
        cache_time(ctx, hash, at);
        return 0;
    }
    if (utimensat(AT_FDCWD, folder_path(ctx, place.root, hash),
                  (const struct timespec[]){ day, day },
                  AT_SYMLINK_NOFOLLOW) < 0 &&
        errno != ENOENT)
        return blob_io_error(ctx);
    return 0;
}

/* ---- all of them ---- */

/* (A visitor may empty ctx->arena, so nothing of it lasts.) */
int blob_walk(struct ctx *ctx, blob_visit visit, void *payload)
{
    int i, rc = 0;

    for (i = 0; i < BLOB_FOLDERS && !rc; i++) {
        struct blob_place place = blob_place(ctx);

        rc = blob_place_walk(ctx, &place, i, visit, payload);
    }
    return rc;
}

int blob_walk_before(struct ctx *ctx, blob_visit visit, void *payload)
{
    struct blob_place place;
    int i, rc = 0;

    for (i = 0; i < BLOB_FOLDERS && !rc && blob_place_before(&place, ctx); i++)
        rc = blob_place_walk(ctx, &place, i, visit, payload);
    return rc;
}

/* What `fd` holds is what `hash` says. */
static int check_hash(struct ctx *ctx, int fd, const char *hash)
{
    unsigned char digest[HASH_SIZE];

    if (hash_fd(digest, NULL, fd) < 0)
        return blob_io_error(ctx);
    if (strcmp(hex_of(ctx->arena, digest, sizeof digest), hash) == 0)
        return 0;
    return fail(ctx, E_INVALID, "store.damaged_blob",
                "the stored file %s is damaged", hash);
}

int blob_verify(struct ctx *ctx, const char *hash)
{
    struct blob_place place = blob_place(ctx);
    int fd, rc;

    if (place.root) {
        rc = folder_open(&fd, ctx, place.root, hash);
        if (!rc)
            rc = check_hash(ctx, fd, hash);
    } else {
        fd = cache_temporary(ctx);
        rc = fd < 0 ? blob_io_error(ctx) : remote_get(ctx, place.s3, hash, fd);
    }
    if (fd >= 0)
        close(fd);
    return rc;
}

int blob_move(bool *copied, struct ctx *ctx, const char *hash, int64_t size)
{
    struct blob_place to = blob_place(ctx), from;
    struct blob_content content = { .fd = -1, .size = size };
    int64_t there;
    int rc = blob_place_size(&there, ctx, &to, hash);

    *copied = false;
    if (rc == 0 && there == size)
        return 0;
    if ((rc && rc != E_NOT_FOUND) || !blob_place_before(&from, ctx))
        return rc;
    rc = blob_mark_check(ctx, &to);
    if (!rc)
        rc = blob_announce(ctx, hash);
    if (!rc)
        rc = blob_place_open(&content.fd, ctx, &from, hash);
    if (!rc)
        rc = check_hash(ctx, content.fd, hash);
    if (!rc)
        rc = blob_place_put(ctx, &to, hash, &content);
    if (content.fd >= 0)
        close(content.fd);
    *copied = !rc;
    return rc;
}

int blob_lock(int *fd, struct ctx *ctx)
{
    *fd = open(site_path(ctx, ctx->site, "run/files"),
               O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0)
        return blob_io_error(ctx);
    tree_give(site_path(ctx, ctx->site, "run/files"), ctx->site->folder);
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    close(*fd);
    *fd = -1;
    return E_BUSY;
}
