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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of answers held in all; beyond, no new requests are taken. */
enum { HELD_MAX = 32 * 1024 * 1024 };

struct held;

struct release {
    uint64_t durable;          /* commits up to here are on disk */
    bool failed;               /* the disk has failed: nothing follows */
    struct held *first, *last; /* in order of arrival */
    int held;
    size_t bytes;
};

/* `well`: what the answer tells is on disk. Else it must not leave: nobody
 * knows whether it ever will be. */
typedef void release_leave(void *argument, bool well);

/* UINT64_MAX: everything that is visible is durable. */
void release_init(struct release *release, uint64_t durable);

/* What is to be let go: `bytes` of memory, and the moment (ms). */
struct release_item {
    uint64_t begun;
    size_t bytes;
    int64_t now;
    release_leave *leave;
    void *argument;
};

/*
 * Calls `leave` now, or when `begun` has become durable; never out of order
 * for what is held. Returns 0, or -1 without memory (the caller answers 503;
 * nothing was called).
 */
int answer_release(struct release *release, const struct release_item *item);

/* The store has made commits up to `durable` safe. */
void release_advance(struct release *release, uint64_t durable);

/* The disk has failed: what is held never leaves, nor does what comes and is
 * beyond `durable`; until release_well. */
void release_fail(struct release *release);
void release_well(struct release *release);

/* What has been held since before `since` does not leave any more. */
void release_expire(struct release *release, int64_t since);

static inline bool release_is_full(const struct release *release)
{
    return release->bytes >= HELD_MAX;
}

#endif
