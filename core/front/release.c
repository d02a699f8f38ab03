/*
 * release.c - holding answers until what they tell is on disk.
 */
#include "base/banned.h"

#include "front/release.h"

struct held {
    struct held *next;
    uint64_t begun;
    void (*leave)(void *);
    void *argument;
};

void release_init(struct release *release, uint64_t durable)
{
    *release = (struct release){ .durable = durable };
}

int answer_release(struct release *release, uint64_t begun,
                   void (*leave)(void *argument), void *argument)
{
    struct held *held;

    if (begun <= release->durable) {
        leave(argument);
        return 0;
    }
    held = malloc(sizeof *held);
    if (!held)
        return -1;
    *held = (struct held){ NULL, begun, leave, argument };
    if (release->last)
        release->last->next = held;
    else
        release->first = held;
    release->last = held;
    release->held++;
    return 0;
}

void release_advance(struct release *release, uint64_t durable)
{
    struct held **at = &release->first, *held;

    release->durable = durable;
    release->last = NULL;
    while ((held = *at)) {
        if (held->begun > durable) {
            release->last = held;
            at = &held->next;
            continue;
        }
        *at = held->next;
        release->held--;
        held->leave(held->argument);
        free(held);
    }
}
