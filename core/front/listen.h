/*
 * listen.h - listening sockets: settings.listen, or those that systemd gave.
 */
#ifndef FRONT_LISTEN_H
#define FRONT_LISTEN_H

#include <stdbool.h>

struct ctx;
struct front;

/* Opens what `address` says ("127.0.0.1:8080", "[::]:80", ":8080"; port 0
 * takes a free one), or takes over LISTEN_FDS. `next_port`: where the port is
 * taken, one of the next fifty. */
int listen_open(struct ctx *ctx, struct front *front, const char *address,
                bool next_port);
/* Begins to accept. */
int listen_start(struct front *front);
/* A connection was closed: there may be room again. */
void listen_room(struct front *front);
/* At the limit: closes idle connections, so that new ones can come; called by
 * the tick. */
void listen_relieve(struct front *front);
/* Stops accepting, for good. */
void listen_close(struct front *front);
/* "http://127.0.0.1:8080", of the first socket. */
const char *listen_url(const struct front *front);

#endif
