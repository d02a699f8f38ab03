/*
 * cache.c - what this process remembers of people and departments.
 *
 * A generation of the cache is one arena. When the epoch "org" has moved on,
 * the generation is retired, not freed: somebody up the stack may still hold
 * a person of it. It goes when the next request begins (person_sweep).
 */
#include "base/banned.h"

#include "org/cache.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/map.h"
#include "org/org.h"
#include "org/person.h"
#include "store/db.h"

/* Changes that one call may make before the oldest of what it saw goes: more
 * than any page makes. Commands hold nobody for longer than a step. */
enum { RETIRED_MAX = 512, CACHE_BYTES = 16 << 20 };

static struct org_cache current;
static struct db *current_db;
static int64_t current_epoch;
/* Set by a change in this process: what is read inside its transaction may
 * be rolled back, so it is not kept beyond. */
static bool changed_here;
static uint64_t changes;
static struct arena *retired[RETIRED_MAX]; /* a ring, oldest at `first` */
static size_t first_retired, retired_count;

static void retire(void)
{
    if (!current.arena)
        return;
    if (retired_count == RETIRED_MAX) {
        arena_free(retired[first_retired]);
        first_retired = (first_retired + 1) % RETIRED_MAX;
        retired_count--;
    }
    retired[(first_retired + retired_count++) % RETIRED_MAX] = current.arena;
    memset(&current, 0, sizeof(current));
}

void person_sweep(void)
{
    while (retired_count > 0) {
        arena_free(retired[first_retired]);
        first_retired = (first_retired + 1) % RETIRED_MAX;
        retired_count--;
    }
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
    retire();
    person_sweep();
    changed_here = false;
    changes++;
}
