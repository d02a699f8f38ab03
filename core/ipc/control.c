/*
 * control.c - the command's end of the control socket.
 */
#include "base/banned.h"

#include "ipc/control.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/site.h"

enum { ANSWER_MAX = 256 * 1024 };

/* E_NOT_FOUND where nobody listens. */
static int connect_front(int *out, struct ctx *ctx, const struct site *site,
                         int seconds)
{
    const char *path = site_path(ctx, site, "run/control.sock");
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct timeval limit = { .tv_sec = seconds };
    char near[64];
    int fd, folder = -1, rc = 0;

    /* A socket's path holds 107 bytes; a deep site goes by its folder's
     * descriptor instead. */
    if (strlen(path) >= sizeof address.sun_path) {
        folder = open(site->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0)
            return E_NOT_FOUND;
        snprintf(near, sizeof near, "/proc/self/fd/%d/run/control.sock",
                 folder);
        path = near;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        rc = fail(ctx, E_IO, "ipc.socket", "no socket: %s",
                  strerrorname_np(errno));
        goto out;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        close(fd);
        rc = E_NOT_FOUND;
        goto out;
    }
    *out = fd;
out:
    if (folder >= 0)
        close(folder);
    return rc;
}

static int send_line(int fd, const struct buf *line)
{
    size_t sent = 0;

    while (sent < line->length) {
        ssize_t step =
            send(fd, line->data + sent, line->length - sent, MSG_NOSIGNAL);

        if (step < 0 && errno == EINTR)
            continue;
        if (step < 0)
            return E_IO;
        sent += (size_t)step;
    }
    return 0;
}

static int receive_line(struct buf *line, int fd)
{
    for (;;) {
        char bytes[4096];
        ssize_t got = recv(fd, bytes, sizeof bytes, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return E_IO;
        buf_add(line, bytes, (size_t)got);
        if (line->failed)
            return E_IO;
        if (bytes[got - 1] == '\n')
            return 0;
    }
}

int control_ask(struct value **answer, struct ctx *ctx, const struct site *site,
                const struct value *command, int seconds)
{
    struct buf line;
    int fd = -1, rc = connect_front(&fd, ctx, site, seconds);

    if (rc)
        return rc;
    buf_init(&line, ctx->arena, ANSWER_MAX);
    json_write(&line, command);
    buf_add_char(&line, '\n');
    rc = send_line(fd, &line);
    buf_clear(&line);
    if (rc == 0)
        rc = receive_line(&line, fd);
    close(fd);
    if (rc)
        return fail(ctx, E_IO, "ipc.control",
                    "the running service gave no answer");
    rc = json_parse(answer, ctx, line.data, line.length);
    if (rc == 0 && !value_get_bool(*answer, "ok")) {
        const char *why = value_get_text(*answer, "error");

        rc = fail(ctx, E_INTERNAL, "ipc.refused",
                  "the running service refused: %s", why ? why : "?");
    }
    return rc;
}
