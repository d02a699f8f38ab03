/*
 * tls.h - TLS of the service: certificate, key, what is spoken (S35).
 *
 * TLS 1.2 and 1.3 with forward secrecy and authenticated ciphers, no
 * renegotiation, no compression, no early data (Mozilla's "intermediate" of
 * 2025). Certificate and key are read again when their files change, and at
 * SIGHUP; tickets of sessions change their key with each reading and twice a
 * day. Connections that are open keep what they began with.
 */
#ifndef FRONT_TLS_H
#define FRONT_TLS_H

#include <stdbool.h>
#include <stdint.h>

struct bufferevent;
struct ctx;
struct event_base;
struct settings;
struct tls;

/* Reads certificate and key of the settings; *out is NULL where none are set.
 * E_INVALID with the file and what is wrong with it. */
int tls_open(struct tls **out, struct ctx *ctx,
             const struct settings *settings);
void tls_close(struct tls *tls);

/* Reads both again; where they are no good the old ones stay, and the log
 * says why. */
void tls_reload(struct tls *tls);
/* Called by the tick: reloads when a file has changed or the tickets' key is
 * old. now: monotonic ms. */
void tls_check(struct tls *tls, int64_t now);

/* The server's end of a connection; takes fd over where it succeeds. NULL: no
 * memory. */
struct bufferevent *tls_accept(struct tls *tls, struct event_base *base,
                               int fd);
/* Says that nothing more follows (close_notify). */
void tls_end(struct bufferevent *be);

#endif
