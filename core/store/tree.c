/*
 * tree.c - folders as a whole: copying, syncing, removing.
 */
#include "base/banned.h"

#include "store/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/log.h"

enum { COPY_BYTES = 1024 * 1024, WALK_FILES = 16 };

static int io_error(struct ctx *ctx, const char *path)
{
    int error = errno;

    if (error == ENOSPC || error == EDQUOT)
        return fail(ctx, E_FULL, "store.full",
                    "there is no room left on the disk for %s", path);
    return fail(ctx, E_IO, "store.io", "%s: %s", path, strerrordesc_np(error));
}

static int copy_data(struct ctx *ctx, int in, int out, const char *path)
{
    char *data = NULL;
    ssize_t got;

    /* The kernel's own copy where it can; by hand where it cannot. */
    do
        got = copy_file_range(in, NULL, out, NULL, COPY_BYTES, 0);
    while (got > 0);
    if (got == 0)
        return 0;
    if (errno != EXDEV && errno != EINVAL && errno != ENOSYS &&
        errno != EOPNOTSUPP && errno != EPERM)
        return io_error(ctx, path);
    data = arena_alloc(ctx->arena, COPY_BYTES);
    while ((got = read(in, data, COPY_BYTES)) != 0) {
        ssize_t done = 0;

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return io_error(ctx, path);
        while (done < got) {
            ssize_t written = write(out, data + done, (size_t)(got - done));

            if (written < 0 && errno != EINTR)
                return io_error(ctx, path);
            done += written > 0 ? written : 0;
        }
    }
    return 0;
}

int tree_copy_fd(struct ctx *ctx, int in, const char *to)
{
    int out, rc;

    if (lseek(in, 0, SEEK_SET) < 0)
        return io_error(ctx, to);
    out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (out < 0)
        return io_error(ctx, to);
    rc = copy_data(ctx, in, out, to);
    if (!rc && fsync(out) < 0)
        rc = io_error(ctx, to);
    posix_fadvise(out, 0, 0, POSIX_FADV_DONTNEED);
    if (close(out) < 0 && !rc)
        rc = io_error(ctx, to);
    return rc;
}

int tree_copy_file(struct ctx *ctx, const char *from, const char *to)
{
    int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), rc;

    if (in < 0)
        return io_error(ctx, from);
    rc = tree_copy_fd(ctx, in, to);
    close(in);
    return rc;
}

int tree_make(struct ctx *ctx, const char *path)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return io_error(ctx, path);
    return 0;
}

int tree_sync(struct ctx *ctx, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

    if (fd < 0)
        return io_error(ctx, path);
    if (fsync(fd) < 0)
        rc = io_error(ctx, path);
    close(fd);
    return rc;
}

int tree_rename(struct ctx *ctx, const char *from, const char *to)
{
    return rename(from, to) < 0 ? io_error(ctx, from) : 0;
}

bool tree_exists(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0;
}

bool tree_is_empty(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    bool empty = folder != NULL;

    while (folder && empty && (entry = readdir(folder)))
        empty =
            strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (folder)
        closedir(folder);
    return empty;
}

static int copy_entry(struct ctx *ctx, const char *from, const char *to,
                      int (*step)(void *, int64_t), void *payload)
{
    struct stat info;
    int rc;

    if (lstat(from, &info) < 0)
        return errno == ENOENT ? 0 : io_error(ctx, from);
    if (S_ISDIR(info.st_mode))
        return tree_copy(ctx, from, to, step, payload);
    if (!S_ISREG(info.st_mode))
        return 0;
    rc = tree_copy_file(ctx, from, to);
    if (!rc && step)
        rc = step(payload, info.st_size);
    return rc;
}

int tree_copy(struct ctx *ctx, const char *from, const char *to,
              int (*step)(void *, int64_t), void *payload)
{
    DIR *folder = opendir(from);
    const struct dirent *entry;
    int rc;

    if (!folder)
        return errno == ENOENT ? 0 : io_error(ctx, from);
    rc = tree_make(ctx, to);
    while (!rc && (entry = readdir(folder))) {
        struct ctx scratch = *ctx;

        if (entry->d_name[0] == '.')
            continue;
        /* Paths of a hundred thousand files are not kept. */
        scratch.arena = arena_new(0);
        rc = copy_entry(
            &scratch, arena_printf(scratch.arena, "%s/%s", from, entry->d_name),
            arena_printf(scratch.arena, "%s/%s", to, entry->d_name), step,
            payload);
        if (rc)
            fail(ctx, rc, "store.io", "%s", ctx_error(&scratch));
        arena_free(scratch.arena);
    }
    closedir(folder);
    return rc ? rc : tree_sync(ctx, to);
}

static int each_entry(struct ctx *ctx, const char *path, const char *name,
                      int (*each)(void *, struct ctx *, const char *,
                                  const char *),
                      void *payload)
{
    struct stat info;

    if (lstat(path, &info) < 0)
        return errno == ENOENT ? 0 : io_error(ctx, path);
    if (S_ISDIR(info.st_mode))
        return tree_each(ctx, path, name, each, payload);
    return S_ISREG(info.st_mode) ? each(payload, ctx, path, name) : 0;
}

int tree_each(struct ctx *ctx, const char *from, const char *name,
              int (*each)(void *, struct ctx *, const char *, const char *),
              void *payload)
{
    DIR *folder = opendir(from);
    const struct dirent *entry;
    int rc = 0;

    if (!folder)
        return errno == ENOENT ? 0 : io_error(ctx, from);
    while (!rc && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.')
            continue;
        rc = each_entry(ctx,
                        arena_printf(ctx->arena, "%s/%s", from, entry->d_name),
                        arena_printf(ctx->arena, "%s/%s", name, entry->d_name),
                        each, payload);
    }
    closedir(folder);
    return rc;
}

int tree_sync_all(struct ctx *ctx, const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    int rc = folder ? 0 : io_error(ctx, path);

    while (!rc && (entry = readdir(folder)))
        if (entry->d_name[0] != '.' && entry->d_type == DT_DIR)
            rc = tree_sync_all(
                ctx, arena_printf(ctx->arena, "%s/%s", path, entry->d_name));
    if (folder)
        closedir(folder);
    return rc ? rc : tree_sync(ctx, path);
}

static int remove_one(const char *path, const struct stat *info, int kind,
                      struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

int tree_remove(struct ctx *ctx, const char *path)
{
    if (nftw(path, remove_one, WALK_FILES, FTW_DEPTH | FTW_PHYS) == 0 ||
        errno == ENOENT)
        return 0;
    return io_error(ctx, path);
}

static int64_t counted;

static int count_one(const char *path, const struct stat *info, int kind,
                     struct FTW *walk)
{
    (void)path;
    (void)walk;
    if (kind == FTW_F)
        counted += info->st_size;
    return 0;
}

int64_t tree_bytes(const char *path)
{
    counted = 0;
    nftw(path, count_one, WALK_FILES, FTW_PHYS);
    return counted;
}

void tree_give(const char *path, const char *like)
{
    struct stat owner;

    if (geteuid() != 0 || stat(like, &owner) < 0 || owner.st_uid == 0)
        return;
    if (lchown(path, owner.st_uid, owner.st_gid) < 0)
        log_event(LOG_WARN, "tree.owner", "errno", strerrorname_np(errno),
                  NULL);
}

static const char *give_like;

static int give_one(const char *path, const struct stat *info, int kind,
                    struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    tree_give(path, give_like);
    return 0;
}

void tree_give_all(const char *path, const char *like)
{
    give_like = like;
    nftw(path, give_one, WALK_FILES, FTW_PHYS);
}
