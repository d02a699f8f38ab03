/*
 * tx.c - write transactions, read snapshots, epochs, change counters.
 *
 * The order that store.md asks for, under the writer lock: begun++, COMMIT,
 * done = begun, unlock. With durability "full" a COMMIT that returned is on
 * the disk, so `durable` follows at once; with "group" the keeper raises it
 * (sync.h).
 */
#include "base/banned.h"

#include "store/sqlite.h"

#include <assert.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "ipc/slot.h"
#include "store/checkpoint.h"

/* ---- callbacks around the commit ---- */

static void drop(struct at_commit **list, int level)
{
    while (*list && (*list)->level >= level)
        *list = (*list)->next;
}

/* What was added in a savepoint now belongs to the level around it. */
static void inherit(struct at_commit *list, int level)
{
    for (; list && list->level > level; list = list->next)
        list->level = level;
}

static struct at_commit *in_order(struct at_commit *newest)
{
    struct at_commit *list = NULL, *next;

    for (; newest; newest = next) {
        next = newest->next;
        newest->next = list;
        list = newest;
    }
    return list;
}

static struct at_commit *add_call(struct db *db, struct at_commit **list,
                                  void *argument)
{
    struct at_commit *call = arena_alloc(db->tx_arena, sizeof *call);

    call->next = *list;
    call->argument = argument;
    call->level = db->depth;
    *list = call;
    return call;
}

/* They may write, but not begin a level that lives on. */
static int run_before(struct db *db, struct ctx *ctx)
{
    struct at_commit *call = in_order(db->before);
    int rc = 0;

    db->before = NULL;
    for (; !rc && call; call = call->next)
        rc = call->before(ctx, call->argument);
    return rc;
}

/* Not while callbacks run, which lie in it. */
static void forget_calls(struct db *db)
{
    db->before = db->after = NULL;
    if (!db->calling)
        arena_reset(db->tx_arena);
}

/* A callback may begin a transaction of its own: with an empty list. */
static void run_after(struct db *db, struct ctx *ctx)
{
    struct at_commit *call = in_order(db->after);

    db->after = NULL;
    db->calling++;
    for (; call; call = call->next)
        call->after(ctx, call->argument);
    db->calling--;
    forget_calls(db);
}

void tx_before_commit(struct ctx *ctx, int (*call)(struct ctx *, void *),
                      void *argument)
{
    assert(ctx->db->depth);
    add_call(ctx->db, &ctx->db->before, argument)->before = call;
}

void tx_after_commit(struct ctx *ctx, void (*call)(struct ctx *, void *),
                     void *argument)
{
    struct db *db = ctx->db;

    if (!db || !db->depth)
        call(ctx, argument);
    else
        add_call(db, &db->after, argument)->after = call;
}

bool tx_pending(const struct ctx *ctx)
{
    return ctx->db->before != NULL;
}

struct arena *tx_arena(struct ctx *ctx)
{
    assert(ctx->db->depth);
    return ctx->db->tx_arena;
}

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
static void publish_changes(struct db *db)
{
    struct lock_page *page = db->lock.page;
    int i;

    for (i = 0; i < db->raised_count; i++)
        atomic_fetch_add(&page->counters[db->raised[i]], 1);
    for (i = 0; db->raised_all && i < LOCK_COUNTERS; i++)
        atomic_fetch_add(&page->counters[i], 1);
}

/* ---- read snapshots ---- */

static int open_snapshot(struct db *db)
{
    int rc = db_run(db, "BEGIN");

    db->read_open = rc == SQLITE_OK;
    return rc;
}

static void close_snapshot(struct db *db)
{
    if (db->read_open)
        db_run(db, "COMMIT");
    db->read_open = false;
}

int read_begin(struct ctx *ctx)
{
    struct db *db = ctx->db;
    int rc = SQLITE_OK;

    if (db->read_depth == 0 && db->depth == 0)
        rc = open_snapshot(db);
    if (rc != SQLITE_OK)
        return db_fail(db, ctx, rc, "BEGIN");
    db->read_depth++;
    return 0;
}

void read_end(struct ctx *ctx)
{
    struct db *db = ctx->db;

    assert(db->read_depth > 0);
    if (--db->read_depth == 0 && db->depth == 0)
        close_snapshot(db);
}

/* ---- write transactions ---- */

void tx_doom(struct db *db)
{
    int i;

    if (!db->depth)
        return;
    db->doomed[db->depth - 1] = true;
    /* Some errors (disk full, interrupted write) end the whole transaction. */
    if (sqlite3_get_autocommit(db->sql))
        for (i = 0; i < db->depth; i++)
            db->doomed[i] = true;
}

/* Everything that belongs to the transaction goes; the lock too. */
static void finish(struct db *db)
{
    db->depth = 0;
    db->raised_count = 0;
    db->raised_all = false;
    lock_give(&db->lock);
    if (db->read_depth > 0)
        open_snapshot(db);
}

static void rollback_all(struct db *db)
{
    if (!sqlite3_get_autocommit(db->sql))
        db_run(db, "ROLLBACK");
    forget_calls(db);
    finish(db);
}

static int begin_outermost(struct ctx *ctx, const char *purpose)
{
    struct db *db = ctx->db;
    int rc;

    if (atomic_load(&db->lock.page->failed))
        return fail(ctx, E_STORE, "store.sync_failed",
                    "the disk failed to keep what was written; nothing more "
                    "is saved until the site is restarted");
    if (db->open_queries) {
        log_ctx(ctx, LOG_ERROR, "store.open_query", "purpose", purpose, NULL);
        return fail(ctx, E_INTERNAL, "store.open_query",
                    "a query is still open where a transaction begins");
    }
    close_snapshot(db);
    rc = lock_take(&db->lock, ctx, purpose, ctx->deadline);
    if (!rc) {
        rc = db_run(db, "BEGIN IMMEDIATE");
        if (rc != SQLITE_OK) {
            rc = db_fail(db, ctx, rc, "BEGIN IMMEDIATE");
            lock_give(&db->lock);
        }
    }
    if (rc) {
        if (db->read_depth > 0)
            open_snapshot(db);
        return rc;
    }
    db->depth = 1;
    db->doomed[0] = false;
    return 0;
}

int tx_begin(struct ctx *ctx, const char *purpose)
{
    struct db *db = ctx->db;
    char sql[32];
    int rc;

    assert(db && purpose);
    if (!db->depth)
        return begin_outermost(ctx, purpose);
    if (db->doomed[db->depth - 1])
        return fail(ctx, E_STORE, "store.doomed",
                    "an earlier statement of this transaction has failed");
    if (db->depth == LEVELS_MAX)
        return fail(ctx, E_INTERNAL, "store.depth",
                    "more than %d transactions inside each other", LEVELS_MAX);
    snprintf(sql, sizeof sql, "SAVEPOINT s%d", db->depth);
    rc = db_run(db, sql);
    if (rc != SQLITE_OK) {
        tx_doom(db);
        return db_fail(db, ctx, rc, sql);
    }
    db->doomed[db->depth++] = false;
    return 0;
}

/* One writer at a time: each transaction has the whole site for itself. */
int tx_begin_shared(struct ctx *ctx, const char *purpose)
{
    return tx_begin(ctx, purpose);
}

int tx_guard(struct ctx *ctx, const char *name)
{
    assert(ctx->db->depth && name);
    return 0;
}

int64_t db_now(const struct ctx *ctx)
{
    (void)ctx;
    return clock_now();
}

/* Ends a savepoint, keeping or undoing it. */
static int end_savepoint(struct db *db, bool keep)
{
    char sql[64];
    int rc;

    db->depth--;
    if (sqlite3_get_autocommit(db->sql)) { /* the whole is gone already */
        db->doomed[db->depth - 1] = true;
        return SQLITE_OK;
    }
    if (keep)
        snprintf(sql, sizeof sql, "RELEASE s%d", db->depth);
    else
        snprintf(sql, sizeof sql, "ROLLBACK TO s%d;RELEASE s%d", db->depth,
                 db->depth);
    rc = db_run(db, sql);
    if (rc != SQLITE_OK)
        db->doomed[db->depth - 1] = true;
    return rc;
}

static int refuse_doomed(struct ctx *ctx)
{
    return fail(ctx, E_STORE, "store.doomed",
                "an earlier statement of this transaction has failed");
}

static int commit_outermost(struct ctx *ctx)
{
    struct db *db = ctx->db;
    struct lock_page *page = db->lock.page;
    uint64_t begun;
    int rc = run_before(db, ctx);

    if (!rc && db->doomed[0])
        rc = refuse_doomed(ctx);
    if (rc) {
        rollback_all(db);
        return rc;
    }
    slot_push_host("commit");
    lock_state(&db->lock, LOCK_COMMITTING);
    begun = atomic_fetch_add(&page->begun, 1) + 1;
    rc = db_run(db, "COMMIT");
    atomic_store(&page->done, begun);
    slot_pop();
    if (rc != SQLITE_OK) {
        rc = db_fail(db, ctx, rc, "COMMIT");
        rollback_all(db);
        return rc;
    }
    /* Its own sync has taken all earlier frames of the log along. */
    if (!db->group)
        lock_publish(page, begun);
    atomic_store(&page->log_bytes, (int64_t)db->log_frames * db->page_size);
    publish_changes(db);
    db->committed++;
    checkpoint_after_commit(db);
    finish(db);
    lock_ring(page);
    run_after(db, ctx);
    return 0;
}

int tx_commit(struct ctx *ctx)
{
    struct db *db = ctx->db;
    int rc;

    assert(db->depth);
    if (db->doomed[db->depth - 1]) {
        tx_rollback(ctx);
        return refuse_doomed(ctx);
    }
    if (db->depth == 1)
        return commit_outermost(ctx);
    rc = end_savepoint(db, true);
    if (rc != SQLITE_OK)
        return db_fail(db, ctx, rc, "RELEASE");
    inherit(db->before, db->depth);
    inherit(db->after, db->depth);
    return 0;
}

void tx_rollback(struct ctx *ctx)
{
    struct db *db = ctx->db;

    assert(db->depth);
    if (db->depth == 1) {
        rollback_all(db);
        return;
    }
    drop(&db->before, db->depth);
    drop(&db->after, db->depth);
    end_savepoint(db, false);
}

bool tx_active(const struct ctx *ctx)
{
    return ctx->db && ctx->db->depth > 0;
}

uint64_t tx_number(const struct ctx *ctx)
{
    return ctx->db ? ctx->db->committed : 0;
}

int tx_end(struct ctx *ctx, int rc)
{
    if (rc == 0)
        return tx_commit(ctx);
    tx_rollback(ctx);
    return rc;
}

void tx_long(struct ctx *ctx, const char *purpose)
{
    struct lock *lock = &ctx->db->lock;

    assert(lock->held);
    snprintf(lock->page->purpose, sizeof lock->page->purpose, "%s", purpose);
    lock_state(lock, LOCK_LONG);
}

void tx_abandon(struct db *db)
{
    if (db->depth)
        rollback_all(db);
    db->read_depth = 0;
    close_snapshot(db);
}

uint64_t db_begun(const struct ctx *ctx)
{
    return ctx->db ? atomic_load(&ctx->db->lock.page->begun) : 0;
}

/* ---- epochs ---- */

int epoch_raise(struct ctx *ctx, const char *name)
{
    assert(strlen(name) < EPOCH_NAME_MAX);
    return db_exec(ctx,
                   "INSERT INTO store_epoch (name, number) VALUES (?1, 1) "
                   "ON CONFLICT (name) DO UPDATE SET number = number + 1",
                   "s", name);
}

int epoch_read(struct ctx *ctx)
{
    struct db *db = ctx->db;
    QUERY_AUTO *query = NULL;
    int rc;

    rc = db_query(&query, ctx, "SELECT name, number FROM store_epoch", "");
    if (rc)
        return rc;
    db->epoch_count = 0;
    while ((rc = query_next(query)) > 0) {
        struct epoch *epoch = &db->epochs[db->epoch_count];

        if (db->epoch_count == EPOCHS_MAX)
            return fail(ctx, E_INTERNAL, "store.epochs", "more than %d epochs",
                        EPOCHS_MAX);
        snprintf(epoch->name, sizeof epoch->name, "%s", query_text(query, 0));
        epoch->number = query_int(query, 1);
        db->epoch_count++;
    }
    return rc;
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
