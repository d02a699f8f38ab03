/*
 * release.c - holding answers until what they tell is on disk.
 */
#include "base/banned.h"

#include "front/release.h"

struct held {
    struct held *next;
    struct release_item item;
};

void release_init(struct release *release, uint64_t durable)
{
    *release = (struct release){ .durable = durable };
}

int answer_release(struct release *release, const struct release_item *item)
{
    struct held *held;

    if (item->begun <= release->durable || release->failed) {
        item->leave(item->argument, item->begun <= release->durable);
        return 0;
    }
    held = malloc(sizeof *held);
    if (!held)
        return -1;
    *held = (struct held){ NULL, *item };
    if (release->last)
        release->last->next = held;
    else
        release->first = held;
    release->last = held;
    release->held++;
    release->bytes += item->bytes;
    return 0;
}

/* Takes out what is durable, or is older than `since`; only then are they
 * called, as who is called may bring something new. */
static void let_go(struct release *release, int64_t since)
{
    struct held **at = &release->first, *due = NULL, **end = &due, *held;

    release->last = NULL;
    while ((held = *at)) {
        if (held->item.begun > release->durable && held->item.now >= since) {
            release->last = held;
            at = &held->next;
            continue;
        }
        *at = held->next;
        held->next = NULL;
        *end = held;
        end = &held->next;
        release->held--;
        release->bytes -= held->item.bytes;
    }
    while ((held = due)) {
        due = held->next;
        held->item.leave(held->item.argument,
                         held->item.begun <= release->durable);
        free(held);
    }
}

void release_advance(struct release *release, uint64_t durable)
{
    /* A new keeper may begin with an older number. */
    if (durable > release->durable)
        release->durable = durable;
    let_go(release, INT64_MIN);
}

void release_fail(struct release *release)
{
    release->failed = true;
    let_go(release, INT64_MAX);
}

void release_well(struct release *release)
{
    release->failed = false;
}

void release_expire(struct release *release, int64_t since)
{
    let_go(release, since);
}
