/*
 * clock.c - the wall clock, replaceable in tests; ids made of it.
 */
#include "base/banned.h"

#include "base/clock.h"

#include <assert.h>

/* 2020-01-01T00:00:00Z in ms: 41 bits from there last until 2089. */
static const int64_t id_epoch = 1577836800000;

enum { NODE_BITS = 12, COUNTER_BITS = 10 };

static int64_t fixed_now;
static int64_t ahead; /* of the monotonic clock, where another is followed */
static int64_t id_node_number;

static int64_t read_clock(clockid_t which)
{
    struct timespec now;

    clock_gettime(which, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_now(void)
{
    if (fixed_now)
        return fixed_now;
    return ahead ? ahead + clock_monotonic() : read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

void clock_follow(int64_t now, int64_t at)
{
    ahead = now ? now - at : 0;
}

void clock_set(int64_t now)
{
    fixed_now = now;
}

bool clock_is_set(void)
{
    return fixed_now != 0;
}

void id_node(int node)
{
    assert(node >= 0 && node < 1 << NODE_BITS);
    id_node_number = node;
}

int64_t id_next(void)
{
    static int64_t last_time, counter;
    int64_t time = clock_now() - id_epoch;

    /* A clock that went back, and a full counter, borrow from the future. */
    if (time > last_time) {
        last_time = time;
        counter = 0;
    } else if (++counter == 1 << COUNTER_BITS) {
        last_time++;
        counter = 0;
    }
    return last_time << (NODE_BITS + COUNTER_BITS) |
           id_node_number << COUNTER_BITS | counter;
}
