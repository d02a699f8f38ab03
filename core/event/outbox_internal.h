/*
 * outbox_internal.h - between outbox.c (who hears of what) and
 * outbox_deliver.c (telling them).
 */
#ifndef EVENT_OUTBOX_INTERNAL_H
#define EVENT_OUTBOX_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

struct ctx;
struct outbox_subscriber;
struct vector;

struct delivery {
    int64_t id, outbox, subject;
    int64_t lease; /* whose it is: who takes it over has a later one */
    int attempt;
    bool only; /* the event has no other */
    const char *subscriber, *topic, *data;
    int rc;
    const char *error;
};

/* Of struct outbox_subscriber; the process's. */
const struct vector *outbox_subscribers(void);

bool outbox_hears(const struct outbox_subscriber *subscriber,
                  const char *topic);

/* Whether there are new events: 1, 0 or negative. */
int outbox_any_fresh(struct ctx *ctx);

/* Takes up to `most` new events, writes a delivery for each that hears of them
 * and adds those to the list which are claimed by this process. */
int outbox_spread(struct vector *list, struct ctx *ctx, int most);

#endif
