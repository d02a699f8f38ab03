/*
 * live.h - "ask again": events to open browsers, through the front.
 *
 * Events carry no data beyond a topic ("tasks", "messages", "records:FORM",
 * "modules"). They leave after the commit of the current transaction, at once
 * outside of one.
 */
#ifndef EVENT_LIVE_H
#define EVENT_LIVE_H

#include <stdint.h>

struct ctx;

/* user 0: everybody. Repeats within a transaction are folded. */
void live_send(struct ctx *ctx, int64_t user, const char *topic);
/* Ends the user's open streams (S62): disabled, signed out everywhere. */
void live_end(struct ctx *ctx, int64_t user, const char *session_hash);
/* Tells the front that jobs or outbox rows wait. */
void live_wake_jobs(struct ctx *ctx);

/* The worker (or command) sets how events reach the front. kind: "event",
 * "end", "wake". Without a transport they are dropped. */
typedef void (*live_transport)(const char *kind, int64_t user,
                               const char *topic);
void live_transport_set(live_transport transport);

#endif
