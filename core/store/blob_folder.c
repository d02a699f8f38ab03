/*
 * blob_folder.c - files by their hash in a folder, that of the site, one that
 * several hosts share, or the cache's.
 *
 * A file gets its name when it is whole and synced; then its folder is
 * synced. What was uploaded into an unnamed file on the same disk is linked,
 * not copied.
 */
#include "base/banned.h"

#include "store/blob_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/str.h"
#include "store/tree.h"

enum { COPY_BYTES = 64 * 1024 };

#define TEMPORARY ".new-"

const char *folder_path(struct ctx *ctx, const char *root, const char *hash)
{
    return arena_printf(ctx->arena, "%s/%.2s/%s", root, hash,
                        hash + BLOB_FOLDER_DIGITS);
}

/* Opens ROOT/ab, making it where it is missing; two may do so at once. */
static int open_folder(int *fd, struct ctx *ctx, const char *root,
                       const char *hash)
{
    const char *path = arena_printf(ctx->arena, "%s/%.2s", root, hash);
    int parent;

    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd >= 0)
        return 0;
    if (errno != ENOENT || (mkdir(path, 0700) < 0 && errno != EEXIST))
        return blob_io_error(ctx);
    tree_give(path, root);
    parent = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0)
        return blob_io_error(ctx);
    if (fsync(parent) < 0) {
        close(parent);
        return blob_io_error(ctx);
    }
    close(parent);
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return *fd < 0 ? blob_io_error(ctx) : 0;
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

static int copy_fd(int to, int from, int64_t size)
{
    char data[COPY_BYTES];
    int64_t at = 0;

    while (at < size) {
        ssize_t got = pread(from, data, sizeof data, at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = EIO; /* it has become shorter */
        if (got <= 0 || write_all(to, data, (size_t)got) < 0)
            return -1;
        at += got;
    }
    return 0;
}

static int write_content(int fd, const struct blob_content *content)
{
    return content->fd >= 0
               ? copy_fd(fd, content->fd, content->size)
               : write_all(fd, content->data, (size_t)content->size);
}

/* What root writes belongs to the folder's owner. */
static void give_fd(int fd, int folder)
{
    struct stat info;

    if (geteuid() == 0 && fstat(folder, &info) == 0 && info.st_uid != 0 &&
        fchown(fd, info.st_uid, info.st_gid) < 0)
        log_event(LOG_WARN, "blob.owner", NULL);
}

/* A name that nobody else takes, on no other host either. */
static int open_temporary(char name[TOKEN_TEXT_MAX + 8], int folder)
{
    char token[TOKEN_TEXT_MAX];

    token_make(token);
    snprintf(name, TOKEN_TEXT_MAX + 8, "%s%s", TEMPORARY, token);
    return openat(folder, name,
                  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static int write_file(struct ctx *ctx, int folder, const char *name,
                      const struct blob_content *content)
{
    char temporary[TOKEN_TEXT_MAX + 8];
    int rc = 0, fd = open_temporary(temporary, folder);

    if (fd < 0)
        return blob_io_error(ctx);
    if (write_content(fd, content) < 0 || fsync(fd) < 0)
        rc = blob_io_error(ctx);
    if (!rc)
        give_fd(fd, folder);
    /* A network file system may tell only now that it has no room. */
    if (close(fd) < 0 && !rc)
        rc = blob_io_error(ctx);
    if (!rc && renameat(folder, temporary, folder, name) < 0)
        rc = blob_io_error(ctx);
    if (rc)
        unlinkat(folder, temporary, 0);
    return rc;
}

int folder_put(struct ctx *ctx, const char *root, const char *hash,
               const struct blob_content *content)
{
    const char *name = hash + BLOB_FOLDER_DIGITS;
    struct stat info;
    int folder, rc = open_folder(&folder, ctx, root, hash);

    if (rc)
        return rc;
    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(info.st_mode) && info.st_size == content->size)
        utimensat(folder, name, NULL, AT_SYMLINK_NOFOLLOW);
    else if (content->fd < 0 || !link_file(content->fd, folder, name))
        rc = write_file(ctx, folder, name, content);
    if (!rc && fsync(folder) < 0)
        rc = blob_io_error(ctx);
    close(folder);
    return rc;
}

int folder_open(int *fd, struct ctx *ctx, const char *root, const char *hash)
{
    *fd = open(folder_path(ctx, root, hash), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd >= 0)
        return 0;
    return errno == ENOENT ? E_NOT_FOUND : blob_io_error(ctx);
}

int folder_walk(struct ctx *ctx, const char *root, int first, blob_visit visit,
                void *payload)
{
    const char *path =
        arena_printf(ctx->arena, "%s/%02x", root, (unsigned)first);
    DIR *folder = opendir(path);
    const struct dirent *entry;
    int rc = 0;

    if (!folder)
        return errno == ENOENT ? 0 : blob_io_error(ctx);
    while (!rc && (entry = readdir(folder))) {
        char hash[BLOB_DIGITS + 1];
        struct stat info;

        if (entry->d_name[0] == '.' ||
            strlen(entry->d_name) != BLOB_DIGITS - BLOB_FOLDER_DIGITS)
            continue;
        snprintf(hash, sizeof hash, "%02x%.62s", (unsigned)first & 0xff,
                 entry->d_name);
        if (blob_name_good(hash) &&
            fstatat(dirfd(folder), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) ==
                0 &&
            S_ISREG(info.st_mode))
            rc = visit(ctx, hash, info.st_size, (int64_t)info.st_mtime * 1000,
                       payload);
    }
    closedir(folder);
    return rc;
}

void folder_tidy(struct ctx *ctx, const char *root, int first)
{
    DIR *folder =
        opendir(arena_printf(ctx->arena, "%s/%02x", root, (unsigned)first));
    int64_t before = (clock_now() - BLOB_DAY_MS) / 1000;
    const struct dirent *entry;
    struct stat info;

    if (!folder)
        return;
    while ((entry = readdir(folder)))
        if (text_starts(entry->d_name, TEMPORARY) &&
            fstatat(dirfd(folder), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) ==
                0 &&
            info.st_mtime < before)
            unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
}
