/*
 * outbox.h - what is to be told after the commit: written in the same
 * transaction, delivered by the jobs lane at least once, never for what was
 * rolled back.
 */
#ifndef EVENT_OUTBOX_H
#define EVENT_OUTBOX_H

#include <stdint.h>

struct ctx;
struct value;

/* Puts an event into the outbox of the current write transaction. */
int outbox_put(struct ctx *ctx, const char *topic, int64_t subject,
               const struct value *data);

/* A subscriber of a topic ("*": of all): its own failure retries it alone (with
 * back-off, then an incident). `key` is stable per delivery, for idempotency.
 */
typedef int (*outbox_call)(struct ctx *ctx, const char *key, const char *topic,
                           int64_t subject, const struct value *data,
                           void *payload);
void outbox_subscribe(const char *topic, const char *subscriber,
                      outbox_call call, void *payload);

/* Delivers what is due (jobs lane); returns how many, or negative. */
int outbox_deliver(struct ctx *ctx, int most);

/* When there is something to deliver (ms UTC; INT64_MAX: nothing).
 * job_run_due asks it too. */
int outbox_next_due(int64_t *due, struct ctx *ctx);

#endif
