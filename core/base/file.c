/*
 * file.c - small files, read and written as a whole.
 */
#include "base/banned.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/site.h"

static int fail_errno(struct ctx *ctx, const char *path)
{
    int error = errno;

    if (error == ENOENT || error == ENOTDIR)
        return fail(ctx, E_NOT_FOUND, "file.missing",
                    "%s: there is no such file", path);
    if (error == ENOSPC || error == EDQUOT)
        return fail(ctx, E_FULL, "file.full",
                    "%s: there is no room on the disk", path);
    return fail(ctx, E_IO, "file.error", "%s: %s", path,
                strerrordesc_np(error));
}

/* Reads up to `size` bytes; how many, or -1. */
static ssize_t read_all(int file, char *data, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = read(file, data + done, size - done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

static int read_open(const char **out, size_t *length, struct ctx *ctx,
                     const char *path, int file, size_t max)
{
    struct stat about;
    char *data;
    ssize_t got;

    if (fstat(file, &about))
        return fail_errno(ctx, path);
    if (!S_ISREG(about.st_mode))
        return fail(ctx, E_IO, "file.not_regular", "%s: this is no file", path);
    if ((uint64_t)about.st_size > max)
        return fail(ctx, E_LIMIT, "file.large",
                    "%s: the file is larger than %zu bytes", path, max);
    data = arena_alloc(ctx->arena, (size_t)about.st_size + 1);
    got = read_all(file, data, (size_t)about.st_size);
    if (got < 0)
        return fail_errno(ctx, path);
    data[got] = '\0';
    *out = data;
    if (length)
        *length = (size_t)got;
    return 0;
}

int file_read(const char **out, size_t *length, struct ctx *ctx,
              const char *path, size_t max)
{
    int file, rc;

    *out = NULL;
    if (length)
        *length = 0;
    /* Without O_NONBLOCK, opening a pipe would wait for its writer. */
    file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0)
        return fail_errno(ctx, path);
    rc = read_open(out, length, ctx, path, file, max);
    close(file);
    return rc;
}

static bool write_all(int file, const char *data, size_t length)
{
    while (length) {
        ssize_t put = write(file, data, length);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        data += put;
        length -= (size_t)put;
    }
    return true;
}

/* Makes the rename last. */
static bool sync_folder(struct ctx *ctx, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = !slash          ? "."
                       : slash == path ? "/"
                                       : arena_strndup(ctx->arena, path,
                                                       (size_t)(slash - path));
    int folder = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok;

    if (folder < 0)
        return false;
    ok = fsync(folder) == 0;
    close(folder);
    return ok;
}

int file_write(struct ctx *ctx, const char *path, const void *data,
               size_t length, unsigned mode)
{
    char *temporary = arena_printf(ctx->arena, "%s.XXXXXX", path);
    int file = mkostemp(temporary, O_CLOEXEC), rc;
    bool ok;

    if (file < 0)
        return fail_errno(ctx, path);
    ok = fchmod(file, mode) == 0 && write_all(file, data, length) &&
         fsync(file) == 0;
    if (!ok)
        rc = fail_errno(ctx, path);
    close(file);
    if (ok && rename(temporary, path) == 0 && sync_folder(ctx, path))
        return 0;
    if (ok)
        rc = fail_errno(ctx, path);
    unlink(temporary);
    return rc;
}

static void close_fd(void *argument)
{
    close((int)(intptr_t)argument);
}

int file_unnamed(struct ctx *ctx)
{
    int fd = -1;

    if (ctx->site)
        fd = open(site_path(ctx, ctx->site, "files"),
                  O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        fd = memfd_create("unnamed", MFD_CLOEXEC);
    if (fd >= 0)
        arena_cleanup(ctx->arena, close_fd, (void *)(intptr_t)fd);
    return fd;
}

int file_append(struct ctx *ctx, int fd, const char *name, const void *data,
                size_t length)
{
    const char *bytes = data;

    while (length > 0) {
        ssize_t n = write(fd, bytes, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(ctx, name);
        bytes += n;
        length -= (size_t)n;
    }
    return 0;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}
