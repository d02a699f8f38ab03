/*
 * conn.h - a client's connection: what comes in, and its deadlines.
 */
#ifndef FRONT_CONN_H
#define FRONT_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>

struct conn;
struct exchange;
struct front;

/* Takes an accepted socket; closes it where a limit says so. redirect: it is
 * plain HTTP that only leads to TLS. */
void conn_new(struct front *front, int fd, const struct sockaddr *address,
              bool redirect);

/* Closes at once; an exchange in work goes on without a client. */
void conn_free(struct conn *conn);

/* Looks at the input; goes on as far as it can. May free the connection. */
void conn_advance(struct conn *conn);

/* Sends bytes: at once where the socket takes them, the rest by and by. */
void conn_write(struct conn *conn, struct iovec *parts, int count);
/* Appends a range of a file; takes the descriptor over. */
void conn_write_file(struct conn *conn, int fd, int64_t offset, int64_t length);

/* Goes on with a file that leaves piece by piece; when the socket has taken
 * what it had. */
void conn_pump(struct conn *conn);

/* The exchange has been answered: the next request may come, or the end. The
 * caller then calls conn_advance from the outermost level (conn_wake). */
void conn_answered(struct conn *conn, bool keep_alive);

/* Runs conn_advance in the next round of the loop. */
void conn_wake(struct conn *conn);

/* What the exchange needs next: its small body is collected, its allowed
 * large body spooled, or nothing is read until a worker has answered. */
void conn_collect(struct conn *conn);
void conn_take_body(struct conn *conn);
void conn_pause(struct conn *conn);
/* The connection becomes an event stream; its exchange is forgotten. */
void conn_to_stream(struct conn *conn);

/* Looks at all deadlines; called by the tick. */
void conns_check(struct front *front);
/* Closes what waits for nothing, when the service stops. */
void conns_drain(struct front *front);

/* Closes one connection to make room: the one that has taken longest over the
 * head of a request, else the longest idle; false: there is none of either. */
bool conns_evict(struct front *front);

#endif
