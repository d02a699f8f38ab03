/*
 * peer.h - counting by address or session (S34).
 *
 * An address is IPv4, or IPv6 by its /64. Once a worker has confirmed a
 * session, the connection counts there instead: an office shares an address.
 */
#ifndef FRONT_PEER_H
#define FRONT_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct front;
struct peer;

/* The entry for an address or session; made where absent. NULL without
 * memory. Give it back by peer_put when nothing is counted there any more. */
struct peer *peer_of_address(struct front *front,
                             const struct sockaddr *address);
/* By text, as a proxy forwarded it; NULL where it is no address. */
struct peer *peer_of_text(struct front *front, const char *address);
struct peer *peer_of_session(struct front *front, uint64_t session);
/* Frees the entry if nothing is counted at it. */
void peer_put(struct front *front, struct peer *peer);

/* Numeric text of an address ("::ffff:1.2.3.4" as "1.2.3.4"). */
void address_text(char *out, size_t size, const struct sockaddr *address);

/* True where the address is one of settings.proxies. */
bool peer_is_proxy(const struct front *front, const char *address);
/* True for 127.0.0.0/8 and ::1. */
bool address_is_loopback(const char *address);

#endif
