/*
 * stream.h - server-sent events: one stream a browser.
 *
 * Events only say "ask again": an event is a topic. A stream belongs to a
 * user and a session; the session's end ends it at once (S62).
 */
#ifndef FRONT_STREAM_H
#define FRONT_STREAM_H

#include <stdint.h>

#include "base/str.h"

struct exchange;
struct front;
struct stream;

/* The worker answered with a stream; 429 where the session has its most. */
void stream_begin(struct exchange *exchange, uint64_t user,
                  const char *session);

/* Passes an event on to the user's streams (0: everybody's), when `begun` is
 * durable. */
void stream_event(struct front *front, uint64_t begun, uint64_t user,
                  struct str topic);

/* Ends a user's streams; session empty: all. */
void stream_end(struct front *front, uint64_t user, struct str session);

/* Heartbeat, and the end of who does not read. May free the connection. */
void stream_check(struct stream *stream);
/* The connection goes. */
void stream_forget(struct stream *stream);

#endif
