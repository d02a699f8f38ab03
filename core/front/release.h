/*
 * release.h - the one point where answers leave.
 *
 * Every answer (and live event) carries `begun`, the number of the last
 * commit that its worker may have read (store.md, "saved means saved"). With
 * durability = "full" each commit is on disk before it is visible, so all
 * numbers count as durable at once; an answer beyond `durable` waits here.
 */
#ifndef FRONT_RELEASE_H
#define FRONT_RELEASE_H

#include <stdint.h>

struct held;

struct release {
    uint64_t durable;          /* commits up to here are on disk */
    struct held *first, *last; /* in order of arrival */
    int held;
};

/* UINT64_MAX: everything that is visible is durable. */
void release_init(struct release *release, uint64_t durable);

/*
 * Calls `leave(argument)` now, or when `begun` has become durable; never
 * out of order for what is held. Returns 0, or -1 without memory (the caller
 * answers 503; nothing was called).
 */
int answer_release(struct release *release, uint64_t begun,
                   void (*leave)(void *argument), void *argument);

/* The store has made commits up to `durable` safe. */
void release_advance(struct release *release, uint64_t durable);

#endif
