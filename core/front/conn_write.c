/*
 * conn_write.c - bytes and files on their way to a client.
 *
 * Under TLS a file is read piece by piece as the client takes it: what is sent
 * has to be encrypted first, and a file that is mapped could be cut under our
 * feet.
 */
#include "base/banned.h"

#include "front/conn.h"

#include <sys/socket.h>
#include <unistd.h>

#include "front/state.h"

enum { FILE_PIECE = 32 * 1024 };

void conn_pump(struct conn *conn)
{
    struct evbuffer *output = bufferevent_get_output(conn->be);
    char piece[FILE_PIECE];

    while (conn->file_left && evbuffer_get_length(output) < OUTPUT_HIGH / 2) {
        size_t size =
            conn->file_left < FILE_PIECE ? (size_t)conn->file_left : FILE_PIECE;
        ssize_t got = pread(conn->file_fd, piece, size, conn->file_at);

        if (got <= 0 || evbuffer_add(output, piece, (size_t)got) < 0) {
            conn->last = conn->broken = true;
            conn->file_left = 0;
            break;
        }
        conn->file_at += got;
        conn->file_left -= got;
    }
    if (!conn->file_left && conn->file_fd >= 0) {
        close(conn->file_fd);
        conn->file_fd = -1;
    }
}

void conn_write(struct conn *conn, struct iovec *parts, int count)
{
    struct evbuffer *output = bufferevent_get_output(conn->be);
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = (size_t)count };
    ssize_t sent = 0;
    int i;

    if (!conn->tls && evbuffer_get_length(output) == 0) {
        sent = sendmsg(conn->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0)
            sent = 0; /* the event loop meets the same error and ends it */
    }
    for (i = 0; i < count; i++) {
        size_t length = parts[i].iov_len;

        conn->queued += (int64_t)length;
        conn->front->counters.bytes_out += length;
        if ((size_t)sent >= length) {
            sent -= (ssize_t)length;
            continue;
        }
        if (evbuffer_add(output, (char *)parts[i].iov_base + sent,
                         length - (size_t)sent) < 0)
            conn->last = conn->broken = true;
        sent = 0;
    }
}

void conn_write_file(struct conn *conn, int fd, int64_t offset, int64_t length)
{
    conn->queued += length;
    conn->front->counters.bytes_out += (uint64_t)length;
    if (conn->tls) {
        conn->file_fd = fd;
        conn->file_at = offset;
        conn->file_left = length;
        conn_pump(conn);
        return;
    }
    if (evbuffer_add_file(bufferevent_get_output(conn->be), fd, offset,
                          length) < 0) {
        close(fd);
        conn->last = conn->broken = true;
    }
}
