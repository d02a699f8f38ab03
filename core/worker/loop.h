/*
 * loop.h - a worker's loop: one request at a time, from the front's frames to
 * a plain function and back.
 *
 * What the requests mean is the program's business (struct worker_program):
 * the service's own is in worker.c, the fault tests bring another.
 */
#ifndef WORKER_LOOP_H
#define WORKER_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "ipc/message.h"
#include "ipc/ready.h"

/* One request as it came. */
struct call {
    const struct request_message *request;
    const void *body; /* up to 64 KiB */
    size_t body_length;
    int body_fd; /* a larger one, at its start; -1: none. Closed after. */
    bool asking; /* a large body is announced: may it come? */
};

enum give_kind {
    GIVE_BODY,
    GIVE_FILE,    /* file_fd, file_size; closed after */
    GIVE_ALLOW,   /* to `asking`: limit bytes may come */
    GIVE_STREAM,  /* an event stream for user and session */
    GIVE_METRICS, /* the front's figures, followed by body */
};

/* One answer. Belongs to the program until `done`. */
struct give {
    enum give_kind kind;
    int status;
    const struct http_field *fields; /* names in lower case */
    size_t field_count;
    const void *body; /* over 1 MiB it goes through a file of its own */
    size_t body_length;
    int file_fd;
    int64_t file_size;
    uint64_t limit;
    uint64_t user;
    const char *session;
    uint64_t begun;       /* the store's number after the last query */
    uint64_t session_key; /* of a confirmed session, 0: none */
};

struct worker_program {
    void *self;
    /* Loads everything; fills the tables for the front, which must live on.
     * Returns 0, or an exit code (then *reason says why, one sentence). */
    int (*start)(void *self, struct ready_part *ready, const char **reason);
    void (*handle)(void *self, const struct call *call, struct give *give);
    /* The answer has been sent. */
    void (*done)(void *self);
    /* NULL, or: works a while and returns the ms after which it wants to be
     * called again; -1 only when nudged. */
    int (*idle)(void *self);
    /* NULL, or: a line of the control socket; writes the answer's line. */
    void (*command)(void *self, struct str line, struct buf *answer);
    /* NULL, or: what other hosts shall hear (enum host_word). */
    void (*told)(void *self, int kind, int64_t user, struct str text);
};

struct loop;

/*
 * Starts the program and tells the front (READY, or why not). NULL: it could
 * not start, *code is the exit code.
 * memory_mark: bytes of resident memory beyond which the worker asks to be
 * replaced; 0: never.
 */
struct loop *loop_open(const struct worker_program *program,
                       int64_t memory_mark, int *code);
/* Waits up to wait_ms (-1: for ever) for the front, and does what it says.
 * False: stop, or the front is gone. */
bool loop_turn(struct loop *loop, int wait_ms);
/* Does all that the front has said by now. */
bool loop_drain(struct loop *loop);
void loop_close(struct loop *loop);

/* All of it: runs until the front says stop, or is gone. Returns the exit
 * code. */
int worker_loop(const struct worker_program *program, int64_t memory_mark);

#endif
