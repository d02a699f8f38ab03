/*
 * change.c - how processes learn what others have changed: epochs (rows) and
 * change counters (numbers in the lock page).
 */
#include "base/banned.h"

#include "store/driver.h"

#include <assert.h>

#include "base/clock.h"
#include "base/ctx.h"

/* ---- change counters ---- */

/* FNV-1a: the same in every process, unlike the seeded hash of maps. */
static unsigned counter_slot(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    return (unsigned)(hash ^ hash >> 32) % LOCK_COUNTERS;
}

uint64_t change_counter_get(const struct ctx *ctx, const char *name)
{
    const struct lock_page *page = ctx->db->lock.page;

    /* A holder may have died between its commit and its raising. */
    return atomic_load(&page->counters[counter_slot(name)]) +
           atomic_load(&page->deaths);
}

void change_counter_raise(struct ctx *ctx, const char *name)
{
    struct db *db = ctx->db;
    uint16_t slot = (uint16_t)counter_slot(name);
    int i;

    assert(db->depth);
    for (i = 0; i < db->raised_count; i++)
        if (db->raised[i] == slot)
            return;
    if (db->raised_count < RAISED_MAX)
        db->raised[db->raised_count++] = slot;
    else
        db->raised_all = true;
}

/* After the COMMIT and before the lock is given: who reads the old number
 * and then takes a snapshot may run its hooks twice, but never misses. */
void changes_publish(struct db *db)
{
    struct lock_page *page = db->lock.page;
    int i;

    for (i = 0; i < db->raised_count; i++)
        atomic_fetch_add(&page->counters[db->raised[i]], 1);
    for (i = 0; db->raised_all && i < LOCK_COUNTERS; i++)
        atomic_fetch_add(&page->counters[i], 1);
}

void changes_missed(struct lock_page *page)
{
    int i;

    for (i = 0; i < LOCK_COUNTERS; i++)
        atomic_fetch_add(&page->counters[i], 1);
}

/* ---- epochs ---- */

#define EPOCHS "epochs" /* the counter of all of them */

/* Where reading them is a round trip, and every other process that could raise
 * one shares our counters: they hold until one of those is raised. A moment at
 * most, all the same: a process may die between its commit and its raising, and
 * another host may have come just now. */
enum { EPOCHS_MS = 250, ALONE_MS = 10 * 1000 };

static bool epochs_hold(const struct ctx *ctx)
{
    const struct db *db = ctx->db;
    int64_t now = clock_monotonic(), alone;

    if (db->driver->one_writer || db->epochs_stale || !db->epochs_at)
        return false;
    alone = atomic_load(&db->lock.page->alone_at);
    return alone && now - alone < ALONE_MS && now - db->epochs_at < EPOCHS_MS &&
           change_counter_get(ctx, EPOCHS) == db->epochs_seen;
}

int epoch_raise(struct ctx *ctx, const char *name)
{
    assert(strlen(name) < EPOCH_NAME_MAX);
    ctx->db->epochs_stale = true;
    change_counter_raise(ctx, EPOCHS);
    return db_exec(ctx,
                   "INSERT INTO store_epoch (name, number) VALUES (?1, 1) "
                   "ON CONFLICT (name) DO UPDATE "
                   "SET number = store_epoch.number + 1",
                   "s", name);
}

int epoch_read(struct ctx *ctx)
{
    struct db *db = ctx->db;
    QUERY_AUTO *query = NULL;
    uint64_t seen;
    int rc;

    if (epochs_hold(ctx))
        return 0;
    db->epochs_at = 0;
    seen = change_counter_get(ctx, EPOCHS);
    rc = db_query(&query, ctx, "SELECT name, number FROM store_epoch", "");
    if (rc)
        return rc;
    db->epoch_count = 0;
    db->epochs_stale = false;
    while ((rc = query_next(query)) > 0) {
        struct epoch *epoch = &db->epochs[db->epoch_count];

        if (db->epoch_count == EPOCHS_MAX)
            return fail(ctx, E_INTERNAL, "store.epochs", "more than %d epochs",
                        EPOCHS_MAX);
        snprintf(epoch->name, sizeof epoch->name, "%s", query_text(query, 0));
        epoch->number = query_int(query, 1);
        db->epoch_count++;
    }
    if (!rc && !db->depth) {
        db->epochs_seen = seen;
        db->epochs_at = clock_monotonic();
    }
    return rc;
}

bool epoch_stale(const struct ctx *ctx)
{
    return ctx->db->epochs_stale;
}

int64_t epoch_of(const struct ctx *ctx, const char *name)
{
    const struct db *db = ctx->db;
    int i;

    for (i = 0; i < db->epoch_count; i++)
        if (*db->epochs[i].name == *name &&
            strcmp(db->epochs[i].name, name) == 0)
            return db->epochs[i].number;
    return 0;
}
