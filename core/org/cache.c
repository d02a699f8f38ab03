/*
 * cache.c - what this process remembers of people and departments.
 *
 * A generation of the cache is one arena. When the epoch "org" has moved on,
 * the generation is retired, not freed: somebody up the stack may still hold
 * a person of it. It goes when no call can be that old any more.
 */
#include "base/banned.h"

#include "org/cache.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/map.h"
#include "org/org.h"
#include "org/person.h"
#include "store/db.h"

enum { RETIRED_MAX = 8, CACHE_BYTES = 16 << 20 };

/* No call, job or command step lives longer than this. */
static const int64_t RETIRED_MS = 15 * 60 * 1000;

struct retired {
    struct arena *arena;
    int64_t since;
};

static struct org_cache current;
static struct db *current_db;
static int64_t current_epoch;
/* Set by a change in this process: what is read inside its transaction may
 * be rolled back, so it is not kept beyond. */
static bool changed_here;
static uint64_t changes;
static struct retired retired[RETIRED_MAX];

static void retire(void)
{
    int64_t now = clock_monotonic();
    size_t i, oldest = 0;

    if (!current.arena)
        return;
    for (i = 0; i < RETIRED_MAX; i++) {
        if (retired[i].arena && now - retired[i].since > RETIRED_MS) {
            arena_free(retired[i].arena);
            retired[i].arena = NULL;
        }
        if (!retired[i].arena ||
            (retired[oldest].arena && retired[i].since < retired[oldest].since))
            oldest = i;
    }
    /* All places taken by young ones: a long command that changes people one
     * by one. The oldest goes; it is eight changes old. */
    if (retired[oldest].arena)
        arena_free(retired[oldest].arena);
    retired[oldest].arena = current.arena;
    retired[oldest].since = now;
    memset(&current, 0, sizeof(current));
}

struct org_cache *org_cache(struct ctx *ctx)
{
    int64_t epoch = epoch_of(ctx, "org");

    if (current.arena && (current_db != ctx->db || current_epoch != epoch ||
                          (changed_here && !tx_active(ctx)) ||
                          arena_used(current.arena) > CACHE_BYTES)) {
        retire();
        if (changed_here && !tx_active(ctx)) {
            changed_here = false;
            changes++;
        }
    }
    if (!current.arena) {
        current.arena = arena_new(0);
        current.persons = map_new(current.arena);
        current.names = map_new(current.arena);
        current.departments = map_new(current.arena);
        current_db = ctx->db;
        current_epoch = epoch;
    }
    return &current;
}

int org_changed(struct ctx *ctx)
{
    retire();
    changed_here = true;
    changes++;
    return epoch_raise(ctx, "org");
}

uint64_t person_changes(void)
{
    return changes;
}

void person_forget_all(void)
{
    size_t i;

    retire();
    for (i = 0; i < RETIRED_MAX; i++) {
        arena_free(retired[i].arena);
        retired[i].arena = NULL;
    }
    changed_here = false;
    changes++;
}
