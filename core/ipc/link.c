/*
 * link.c - frames and descriptors over the socketpairs.
 */
#include "base/banned.h"

#include "ipc/link.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/ctx.h"

/* The keeper has a second thread that says something now and then. */
static pthread_mutex_t one_writer = PTHREAD_MUTEX_INITIALIZER;

static int write_all(int fd, const struct iovec *parts, int count)
{
    struct iovec left[4];
    struct msghdr message = { .msg_iov = left };
    int i;

    if (count > 4)
        return E_IO;
    memcpy(left, parts, sizeof *parts * (size_t)count);
    message.msg_iovlen = (size_t)count;
    for (;;) {
        ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return E_IO;
        for (i = 0; i < count && sent > 0; i++) {
            size_t step =
                (size_t)sent < left[i].iov_len ? (size_t)sent : left[i].iov_len;

            left[i].iov_base = (char *)left[i].iov_base + step;
            left[i].iov_len -= step;
            sent -= (ssize_t)step;
        }
        for (i = 0; i < count && left[i].iov_len == 0; i++)
            ;
        if (i == count)
            return 0;
    }
}

int link_write(int fd, const struct iovec *parts, int count)
{
    int rc;

    pthread_mutex_lock(&one_writer);
    rc = write_all(fd, parts, count);
    pthread_mutex_unlock(&one_writer);
    return rc;
}

int link_send(int fd, int type, int flags, uint64_t id, const void *payload,
              size_t length)
{
    unsigned char header[FRAME_HEADER];
    struct frame frame = { .length = (uint32_t)length,
                           .type = (uint16_t)type,
                           .flags = (uint16_t)flags,
                           .id = id };
    struct iovec parts[2] = { { header, FRAME_HEADER },
                              { (void *)payload, length } };

    if (length > FRAME_PAYLOAD_MAX)
        return E_IO;
    frame_write(header, &frame);
    return link_write(fd, parts, length ? 2 : 1);
}

void link_reader_init(struct link_reader *reader, int fd)
{
    reader->fd = fd;
    reader->start = reader->end = 0;
}

/* 1: more bytes are there; 0: time over; E_IO. */
static int fill(struct link_reader *reader, int wait_ms)
{
    struct pollfd poll_fd = { .fd = reader->fd, .events = POLLIN };
    ssize_t got;

    if (reader->start == reader->end)
        reader->start = reader->end = 0;
    if (reader->start > 0 &&
        sizeof reader->bytes - reader->end < FRAME_HEADER + FRAME_PAYLOAD_MAX) {
        memmove(reader->bytes, reader->bytes + reader->start,
                reader->end - reader->start);
        reader->end -= reader->start;
        reader->start = 0;
    }
    if (wait_ms >= 0) {
        int ready = poll(&poll_fd, 1, wait_ms);

        if (ready == 0 || (ready < 0 && errno == EINTR))
            return 0;
        if (ready < 0)
            return E_IO;
    }
    do
        got = recv(reader->fd, reader->bytes + reader->end,
                   sizeof reader->bytes - reader->end, 0);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return E_IO;
    reader->end += (size_t)got;
    return 1;
}

int link_receive(struct link_reader *reader, struct frame *frame,
                 const unsigned char **payload, int wait_ms)
{
    for (;;) {
        size_t have = reader->end - reader->start;
        int rc;

        if (have >= FRAME_HEADER) {
            if (frame_read(frame, reader->bytes + reader->start))
                return E_IO;
            if (have >= FRAME_HEADER + frame->length) {
                *payload = reader->bytes + reader->start + FRAME_HEADER;
                reader->start += FRAME_HEADER + frame->length;
                return 1;
            }
        }
        rc = fill(reader, have ? -1 : wait_ms);
        if (rc <= 0)
            return rc;
    }
}

int fd_send(int socket, int fd, uint64_t id)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec part = { &id, sizeof id };
    struct msghdr message = { .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof control.bytes };
    ssize_t sent;

    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof id ? 0 : E_IO;
}

int fd_receive(int *fd, int socket, uint64_t id)
{
    /* Room for a few more than one, so that surplus ones can be closed
     * instead of being lost in the kernel. */
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(4 * sizeof(int))];
    } control;
    uint64_t label = 0;
    struct iovec part = { &label, sizeof label };
    struct msghdr message = { .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof control.bytes };
    struct cmsghdr *header;
    int found = -1;
    ssize_t got;

    do
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return E_IO;
    for (header = CMSG_FIRSTHDR(&message); header;
         header = CMSG_NXTHDR(&message, header)) {
        size_t i, count;

        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (i = 0; i < count; i++) {
            int one;

            memcpy(&one, CMSG_DATA(header) + i * sizeof one, sizeof one);
            if (found < 0)
                found = one;
            else
                close(one);
        }
    }
    if (got != (ssize_t)sizeof label || label != id || found < 0) {
        if (found >= 0)
            close(found);
        return E_IO;
    }
    *fd = found;
    return 0;
}
