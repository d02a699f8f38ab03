/*
 * peer.c - the table of who is connected.
 */
#include "base/banned.h"

#include "front/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "front/state.h"

static struct peer *peer_find(struct front *front, uint8_t kind, uint64_t high,
                              uint64_t low)
{
    /* The multiplier is that of splitmix64; the table is bounded by the
     * number of connections, so that collisions can cost little. */
    uint64_t hash = (high ^ (low * 0x9e3779b97f4a7c15u)) + kind;
    struct peer **bucket, *peer;

    hash ^= hash >> 32;
    hash *= 0xbf58476d1ce4e5b9u;
    bucket = &front->peers[(hash >> 40) % PEER_BUCKETS];
    for (peer = *bucket; peer; peer = peer->next) {
        if (peer->kind == kind && peer->key[0] == high && peer->key[1] == low)
            return peer;
    }
    peer = calloc(1, sizeof *peer);
    if (!peer)
        return NULL;
    peer->kind = kind;
    peer->key[0] = high;
    peer->key[1] = low;
    peer->next = *bucket;
    *bucket = peer;
    return peer;
}

static struct peer *of_v4(struct front *front, const struct in_addr *address)
{
    return peer_find(front, PEER_ADDRESS, 4, address->s_addr);
}

static struct peer *of_v6(struct front *front, const struct in6_addr *address)
{
    uint64_t network;

    if (IN6_IS_ADDR_V4MAPPED(address)) {
        struct in_addr v4;

        memcpy(&v4, address->s6_addr + 12, sizeof v4);
        return of_v4(front, &v4);
    }
    memcpy(&network, address->s6_addr, sizeof network);
    return peer_find(front, PEER_ADDRESS, 6, network);
}

struct peer *peer_of_address(struct front *front,
                             const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return of_v4(front, &((const struct sockaddr_in *)address)->sin_addr);
    if (address->sa_family == AF_INET6)
        return of_v6(front, &((const struct sockaddr_in6 *)address)->sin6_addr);
    return peer_find(front, PEER_ADDRESS, 0, 0);
}

struct peer *peer_of_text(struct front *front, const char *address)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, address, &v4) == 1)
        return of_v4(front, &v4);
    if (inet_pton(AF_INET6, address, &v6) == 1)
        return of_v6(front, &v6);
    return NULL;
}

struct peer *peer_of_session(struct front *front, uint64_t session)
{
    return peer_find(front, PEER_SESSION, 0, session);
}

void peer_put(struct front *front, struct peer *peer)
{
    size_t i;

    if (!peer || peer->connections || peer->requests || peer->streams)
        return;
    for (i = 0; i < PEER_BUCKETS; i++) {
        struct peer **at = &front->peers[i];

        while (*at && *at != peer)
            at = &(*at)->next;
        if (*at) {
            *at = peer->next;
            free(peer);
            return;
        }
    }
}

void address_text(char *out, size_t size, const struct sockaddr *address)
{
    const void *bytes = NULL;
    int family = address->sa_family;

    if (family == AF_INET) {
        bytes = &((const struct sockaddr_in *)address)->sin_addr;
    } else if (family == AF_INET6) {
        const struct in6_addr *v6 =
            &((const struct sockaddr_in6 *)address)->sin6_addr;

        bytes = v6;
        if (IN6_IS_ADDR_V4MAPPED(v6)) {
            family = AF_INET;
            bytes = v6->s6_addr + 12;
        }
    }
    if (!bytes || !inet_ntop(family, bytes, out, (socklen_t)size))
        snprintf(out, size, "local");
}

bool peer_is_proxy(const struct front *front, const char *address)
{
    size_t i;

    for (i = 0; i < front->settings->proxy_count; i++) {
        if (strcmp(front->settings->proxies[i], address) == 0)
            return true;
    }
    return false;
}

bool address_is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}
