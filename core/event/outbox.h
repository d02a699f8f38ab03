/*
 * outbox.h - what is to be told after the commit: written in the same
 * transaction, delivered by the jobs lane at least once, never for what was
 * rolled back.
 */
#ifndef EVENT_OUTBOX_H
#define EVENT_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

struct ctx;
struct value;

/* Puts an event into the outbox of the current write transaction. */
int outbox_put(struct ctx *ctx, const char *topic, int64_t subject,
               const struct value *data);

/* A subscriber's own failure retries it alone (with back-off, then an
 * incident). `key` is stable per delivery, for idempotency. */
typedef int (*outbox_call)(struct ctx *ctx, const char *key, const char *topic,
                           int64_t subject, const struct value *data,
                           void *payload);

struct outbox_subscriber {
    const char *topic; /* "*": all */
    const char *name;
    outbox_call call; /* NULL: not in this process (its module did not load);
                         what it would be told is held until it is in one */
    bool (*wants)(const struct value *data, void *payload); /* NULL: all */
    void *payload;
};

/* Copies the struct and its texts. */
void outbox_subscribe(const struct outbox_subscriber *subscriber);

/* Drops what waits for a subscriber, who will not come back. In a write
 * transaction. */
int outbox_forget(struct ctx *ctx, const char *subscriber);

/* How many events are held for it. */
int outbox_held(int64_t *count, struct ctx *ctx, const char *subscriber);

/* Delivers what is due (jobs lane); returns how many, or negative. */
int outbox_deliver(struct ctx *ctx, int most);

/* When there is something to deliver (ms UTC; INT64_MAX: nothing).
 * job_run_due asks it too. */
int outbox_next_due(int64_t *due, struct ctx *ctx);

#endif
