/*
 * link.h - a worker's end of the socketpairs: blocking sends and receives,
 * descriptor passing. The front has its own, non-blocking reader.
 */
#ifndef IPC_LINK_H
#define IPC_LINK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "ipc/frame.h"

/* The descriptors that a worker is started with. */
enum { LINK_STREAM = 3, LINK_FDS = 4, LINK_SLOT = 5, LINK_LAST = 5 };

/* Writes all, whole beside other threads; retries on EINTR. E_IO where the
 * other end is gone. */
int link_write(int fd, const struct iovec *parts, int count);

/* Sends one frame; blocking. */
int link_send(int fd, int type, int flags, uint64_t id, const void *payload,
              size_t length);

/* A buffered reader of frames. */
struct link_reader {
    int fd;
    size_t start, end;
    unsigned char bytes[2 * (FRAME_HEADER + FRAME_PAYLOAD_MAX)];
};

void link_reader_init(struct link_reader *reader, int fd);

/*
 * The next frame; its payload stays valid until the next call.
 * wait_ms  how long to wait for its first byte; -1: for ever.
 * Returns 1 with a frame, 0 when the time is over, E_IO when the other end
 * closed or said nonsense.
 */
int link_receive(struct link_reader *reader, struct frame *frame,
                 const unsigned char **payload, int wait_ms);

/* One descriptor over a SOCK_SEQPACKET pair, labelled with the request's id.
 * Both return 0 or E_IO; fd_receive refuses another label, closes surplus
 * descriptors and gives a close-on-exec one. */
int fd_send(int socket, int fd, uint64_t id);
int fd_receive(int *fd, int socket, uint64_t id);

#endif
