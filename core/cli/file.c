/*
 * file.c - small files, as commands read, copy and write them.
 */
#include "base/banned.h"

#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"

static int cannot(struct ctx *ctx, const char *path)
{
    return fail(ctx, errno == ENOENT ? E_NOT_FOUND : E_IO, "cli.file", "%s: %s",
                path, strerrordesc_np(errno));
}

int file_read(const char **text, size_t *length, struct ctx *ctx,
              const char *path)
{
    struct stat st;
    size_t done = 0;
    char *data;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return cannot(ctx, path);
    if (fstat(fd, &st)) {
        close(fd);
        return cannot(ctx, path);
    }
    if (!S_ISREG(st.st_mode) || st.st_size > FILE_READ_MAX) {
        close(fd);
        return fail(ctx, E_LIMIT, "cli.file.size",
                    "%s is no plain file of at most %d MB", path,
                    FILE_READ_MAX / 1024 / 1024);
    }
    data = arena_alloc(ctx->arena, (size_t)st.st_size + 1);
    while (done < (size_t)st.st_size) {
        ssize_t got = read(fd, data + done, (size_t)st.st_size - done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    close(fd);
    *text = data;
    *length = done;
    return 0;
}

int file_read_json(struct value **out, struct ctx *ctx, const char *path)
{
    const char *text;
    size_t length;
    int rc = file_read(&text, &length, ctx, path);

    if (rc)
        return rc;
    rc = json_parse(out, ctx, text, length);
    if (rc)
        return fail(ctx, rc, "cli.file", "%s: %s", path, ctx_error(ctx));
    return 0;
}

int file_write(struct ctx *ctx, const char *path, const void *data,
               size_t length)
{
    const char *temporary = arena_printf(ctx->arena, "%s.new", path);
    const char *bytes = data;
    size_t done = 0;
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        return cannot(ctx, temporary);
    while (done < length) {
        ssize_t put = write(fd, bytes + done, length - done);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            break;
        done += (size_t)put;
    }
    if (done < length || fsync(fd) || close(fd) || rename(temporary, path)) {
        int rc = cannot(ctx, path);

        unlink(temporary);
        return rc;
    }
    return 0;
}

int file_copy(struct ctx *ctx, const char *from, const char *to)
{
    const char *text;
    size_t length;
    int rc = file_read(&text, &length, ctx, from);

    return rc ? rc : file_write(ctx, to, text, length);
}
