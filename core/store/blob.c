/*
 * blob.c - files of the site, found by the hash of their content.
 *
 * A file is whole, synced and under its name before the row that names it is
 * committed; two uploads of the same content are one file. What was uploaded
 * into an unnamed file on the same disk is linked, not copied.
 */
#include "base/banned.h"

#include "store/blob.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"
#include "store/tree.h"

enum {
    NAME_DIGITS = 2 * HASH_SIZE,
    FOLDER_DIGITS = 2,
    KEPT_SECONDS = 24 * 3600,
};

static bool name_good(const char *hash)
{
    return strlen(hash) == NAME_DIGITS &&
           strspn(hash, "0123456789abcdef") == NAME_DIGITS;
}

static int io_error(struct ctx *ctx)
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

static const char *files_folder(struct ctx *ctx)
{
    return site_path(ctx, ctx->site, "files");
}

/* Opens SITE/files/ab, making it where it is missing. */
static int open_folder(int *fd, struct ctx *ctx, const char *hash)
{
    const char *files = files_folder(ctx);
    const char *path = arena_printf(ctx->arena, "%s/%.2s", files, hash);
    int parent;

    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd >= 0)
        return 0;
    if (errno != ENOENT || (mkdir(path, 0700) < 0 && errno != EEXIST))
        return io_error(ctx);
    tree_give(path, files);
    parent = open(files, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0)
        return io_error(ctx);
    if (fsync(parent) < 0) {
        close(parent);
        return io_error(ctx);
    }
    close(parent);
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return *fd < 0 ? io_error(ctx) : 0;
}

/* Gives an unnamed file on the same disk its name. */
static bool link_file(int fd, int folder, const char *name)
{
    struct stat info, place;
    char path[64];

    if (fstat(fd, &info) < 0 || fstat(folder, &place) < 0 ||
        info.st_nlink != 0 || info.st_dev != place.st_dev)
        return false;
    if (fchmod(fd, 0600) < 0 || fsync(fd) < 0)
        return false;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, path, folder, name, AT_SYMLINK_FOLLOW) == 0 ||
           errno == EEXIST;
}

static int write_all(int fd, const void *data, size_t size)
{
    const char *from = data;

    while (size > 0) {
        ssize_t written = write(fd, from, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        from += written;
        size -= (size_t)written;
    }
    return 0;
}

/* What root writes belongs to the folder's owner. */
static void give_fd(int fd, int folder)
{
    struct stat info;

    if (geteuid() == 0 && fstat(folder, &info) == 0 && info.st_uid != 0 &&
        fchown(fd, info.st_uid, info.st_gid) < 0)
        log_event(LOG_WARN, "blob.owner", NULL);
}

static int write_file(struct ctx *ctx, int folder, const char *name,
                      const void *data, size_t size)
{
    char temporary[64];
    int fd, rc = 0;

    snprintf(temporary, sizeof temporary, ".new-%d-%lld", (int)getpid(),
             (long long)id_next());
    fd = openat(folder, temporary,
                O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return io_error(ctx);
    if (write_all(fd, data, size) < 0 || fsync(fd) < 0)
        rc = io_error(ctx);
    if (!rc)
        give_fd(fd, folder);
    close(fd);
    if (!rc && renameat(folder, temporary, folder, name) < 0)
        rc = io_error(ctx);
    if (rc)
        unlinkat(folder, temporary, 0);
    return rc;
}

/* Puts `size` mapped bytes under their hash; fd -1: they come from memory. */
static int put(const char **hash, struct ctx *ctx, int fd, const void *data,
               size_t size)
{
    unsigned char digest[HASH_SIZE];
    const char *text, *name;
    struct stat info;
    int folder, rc;

    hash_data(digest, data, size, NULL, 0);
    text = hex_of(ctx->arena, digest, sizeof digest);
    name = text + FOLDER_DIGITS;
    rc = open_folder(&folder, ctx, text);
    if (rc)
        return rc;
    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(info.st_mode) && (size_t)info.st_size == size)
        utimensat(folder, name, NULL, AT_SYMLINK_NOFOLLOW);
    else if (fd < 0 || !link_file(fd, folder, name))
        rc = write_file(ctx, folder, name, data, size);
    if (!rc && fsync(folder) < 0)
        rc = io_error(ctx);
    close(folder);
    if (!rc)
        *hash = text;
    return rc;
}

int blob_put_fd(const char **hash, int64_t *size, struct ctx *ctx, int fd)
{
    struct stat info;
    void *data = "";
    int rc;

    if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))
        return fail(ctx, E_IO, "store.io", "this is no file");
    *size = info.st_size;
    if (info.st_size > 0) {
        data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED)
            return io_error(ctx);
    }
    rc = put(hash, ctx, fd, data, (size_t)info.st_size);
    if (info.st_size > 0)
        munmap(data, (size_t)info.st_size);
    return rc;
}

int blob_put(const char **hash, struct ctx *ctx, const void *data, size_t size)
{
    return put(hash, ctx, -1, size ? data : "", size);
}

int blob_open(int *fd, struct ctx *ctx, const char *hash)
{
    const char *path;

    *fd = -1;
    if (!hash || !name_good(hash))
        return fail(ctx, E_NOT_FOUND, "store.bad_blob",
                    "there is no file of that name");
    path = arena_printf(ctx->arena, "%s/%.2s/%s", files_folder(ctx), hash,
                        hash + FOLDER_DIGITS);
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd >= 0)
        return 0;
    if (errno != ENOENT)
        return io_error(ctx);
    log_ctx(ctx, LOG_ERROR, "blob.missing", "hash", hash, NULL);
    return fail(ctx, E_NOT_FOUND, "store.bad_blob",
                "the stored file is missing");
}

bool blob_there(struct ctx *ctx, const char *hash)
{
    struct stat info;

    return hash && name_good(hash) &&
           stat(arena_printf(ctx->arena, "%s/%.2s/%s", files_folder(ctx), hash,
                             hash + FOLDER_DIGITS),
                &info) == 0 &&
           S_ISREG(info.st_mode);
}

/* ---- walking and collecting ---- */

static int walk_folder(struct ctx *ctx, const char *first, blob_visit visit,
                       void *payload)
{
    const char *path =
        arena_printf(ctx->arena, "%s/%s", files_folder(ctx), first);
    DIR *folder = opendir(path);
    const struct dirent *entry;
    int rc = 0;

    if (!folder)
        return errno == ENOENT ? 0 : io_error(ctx);
    while (!rc && (entry = readdir(folder))) {
        char hash[NAME_DIGITS + 1];
        struct stat info;

        if (entry->d_name[0] == '.' ||
            strlen(entry->d_name) != NAME_DIGITS - FOLDER_DIGITS)
            continue;
        snprintf(hash, sizeof hash, "%.2s%.62s", first, entry->d_name);
        if (name_good(hash) &&
            fstatat(dirfd(folder), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) ==
                0 &&
            S_ISREG(info.st_mode))
            rc = visit(ctx, hash, info.st_size, (int64_t)info.st_mtime * 1000,
                       payload);
    }
    closedir(folder);
    return rc;
}

int blob_walk(struct ctx *ctx, blob_visit visit, void *payload)
{
    int i, rc = 0;

    for (i = 0; i < 256 && !rc; i++) {
        char first[FOLDER_DIGITS + 1];

        snprintf(first, sizeof first, "%02x", (unsigned)i);
        rc = walk_folder(ctx, first, visit, payload);
    }
    return rc;
}

struct collecting {
    int (*used)(struct ctx *ctx, const char *hash);
    int64_t before; /* ms UTC */
    int64_t count;
};

static int collect_one(struct ctx *ctx, const char *hash, int64_t size,
                       int64_t modified, void *payload)
{
    struct collecting *collecting = payload;
    int rc;

    (void)size;
    if (modified >= collecting->before)
        return 0;
    rc = collecting->used(ctx, hash);
    if (rc)
        return rc < 0 ? rc : 0;
    unlink(arena_printf(ctx->arena, "%s/%.2s/%s", files_folder(ctx), hash,
                        hash + FOLDER_DIGITS));
    collecting->count++;
    return 0;
}

int blob_lock(int *fd, struct ctx *ctx)
{
    *fd = open(site_path(ctx, ctx->site, "run/files"),
               O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0)
        return io_error(ctx);
    tree_give(site_path(ctx, ctx->site, "run/files"), ctx->site->folder);
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    close(*fd);
    *fd = -1;
    return E_BUSY;
}

int blob_collect(struct ctx *ctx,
                 int (*used)(struct ctx *ctx, const char *hash))
{
    struct collecting collecting = {
        .used = used,
        .before = clock_now() - (int64_t)KEPT_SECONDS * 1000,
    };
    int fd, rc;

    rc = blob_lock(&fd, ctx);
    if (rc)
        return rc == E_BUSY ? 0 : rc; /* a backup copies them: next time */
    rc = blob_walk(ctx, collect_one, &collecting);
    close(fd);
    if (!rc && collecting.count)
        log_event(LOG_INFO, "blob.collected", "files",
                  log_int(collecting.count), NULL);
    return rc;
}
