/*
 * tx.c - levels of write transactions, read snapshots, and what is called
 * around a commit. How a transaction begins and ends is the driver's.
 */
#include "base/banned.h"

#include "store/driver.h"

#include <assert.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/log.h"

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

/* ---- read snapshots ---- */

static int open_snapshot(struct db *db, struct ctx *ctx)
{
    int rc = db->driver->snapshot(db, ctx);

    db->read_open = !rc;
    return rc;
}

static void close_snapshot(struct db *db)
{
    if (db->read_open)
        db->driver->snapshot_end(db);
    db->read_open = false;
}

int read_begin(struct ctx *ctx)
{
    struct db *db = ctx->db;
    int rc = 0;

    if (db->read_depth == 0 && db->depth == 0)
        rc = open_snapshot(db, ctx);
    if (!rc)
        db->read_depth++;
    return rc;
}

void read_end(struct ctx *ctx)
{
    struct db *db = ctx->db;

    assert(db->read_depth > 0);
    if (--db->read_depth == 0 && db->depth == 0)
        close_snapshot(db);
}

int report_begin(struct ctx *ctx)
{
    struct db *db = ctx->db;

    if (db->depth || db->read_depth || !db->driver->report ||
        !db->driver->report(db, ctx))
        return read_begin(ctx);
    db->read_depth = 1; /* the driver has opened it */
    return 0;
}

void report_end(struct ctx *ctx)
{
    struct db *db = ctx->db;

    read_end(ctx);
    if (!db->read_depth && db->driver->report)
        db->driver->report_end(db);
}

/* ---- write transactions ---- */

void tx_doom(struct db *db)
{
    int i;

    if (!db->depth)
        return;
    db->doomed[db->depth - 1] = true;
    if (db->driver->gone(db))
        for (i = 0; i < db->depth; i++)
            db->doomed[i] = true;
}

/* Everything that belongs to the transaction goes. */
static void finish(struct db *db, struct ctx *ctx)
{
    db->depth = 0;
    db->raised_count = 0;
    db->raised_all = false;
    if (db->read_depth > 0)
        open_snapshot(db, ctx);
}

static void rollback_all(struct db *db, struct ctx *ctx)
{
    db->driver->rollback(db);
    forget_calls(db);
    finish(db, ctx);
}

static int begin_outermost(struct ctx *ctx, const char *purpose, bool shared)
{
    struct db *db = ctx->db;
    int rc;

    if (db->open_queries) {
        log_ctx(ctx, LOG_ERROR, "store.open_query", "purpose", purpose, NULL);
        return fail(ctx, E_INTERNAL, "store.open_query",
                    "a query is still open where a transaction begins");
    }
    close_snapshot(db);
    rc = db->driver->begin(db, ctx, purpose, shared);
    if (rc) {
        if (db->read_depth > 0)
            open_snapshot(db, ctx);
        return rc;
    }
    db->depth = 1;
    db->shared = shared;
    db->doomed[0] = false;
    return 0;
}

static int refuse_doomed(struct ctx *ctx)
{
    return fail(ctx, E_STORE, "store.doomed",
                "an earlier statement of this transaction has failed");
}

/* What wants the site for itself gets it, within what runs beside others: two
 * that both go on to that are a deadlock, which the store ends. */
static int be_alone(struct db *db, struct ctx *ctx, const char *purpose)
{
    int rc = db->driver->alone(db, ctx);

    if (rc)
        tx_doom(db);
    else
        db->shared = false;
    log_ctx(ctx, LOG_DEBUG, "store.alone", "purpose", purpose, NULL);
    return rc;
}

static int begin_level(struct ctx *ctx, const char *purpose, bool shared)
{
    struct db *db = ctx->db;
    int rc = 0;

    if (db->doomed[db->depth - 1])
        return refuse_doomed(ctx);
    if (db->shared && !shared)
        rc = be_alone(db, ctx, purpose);
    if (rc)
        return rc;
    if (db->depth == LEVELS_MAX)
        return fail(ctx, E_INTERNAL, "store.depth",
                    "more than %d transactions inside each other", LEVELS_MAX);
    rc = db->driver->savepoint(db, ctx, db->depth);
    if (rc)
        tx_doom(db);
    else
        db->doomed[db->depth++] = false;
    return rc;
}

static int begin(struct ctx *ctx, const char *purpose, bool shared)
{
    assert(ctx->db && purpose);
    if (ctx->db->depth)
        return begin_level(ctx, purpose, shared);
    return begin_outermost(ctx, purpose, shared);
}

int tx_begin(struct ctx *ctx, const char *purpose)
{
    return begin(ctx, purpose, false);
}

int tx_begin_shared(struct ctx *ctx, const char *purpose)
{
    return begin(ctx, purpose, true);
}

int tx_guard(struct ctx *ctx, const char *name)
{
    struct db *db = ctx->db;
    int rc;

    assert(db->depth && name);
    if (db->doomed[db->depth - 1])
        return refuse_doomed(ctx);
    rc = db->driver->guard(db, ctx, name);
    if (rc)
        tx_doom(db);
    return rc;
}

int tx_in_order(struct ctx *ctx)
{
    struct db *db = ctx->db;

    assert(db->depth);
    return db->driver->in_order ? db->driver->in_order(db, ctx) : 0;
}

/* Ends a savepoint, keeping or undoing it. */
static int end_level(struct db *db, struct ctx *ctx, bool keep)
{
    int rc;

    db->depth--;
    if (db->driver->gone(db)) {
        db->doomed[db->depth - 1] = true;
        return 0;
    }
    rc = keep ? db->driver->release(db, ctx, db->depth)
              : db->driver->undo(db, ctx, db->depth);
    if (rc)
        db->doomed[db->depth - 1] = true;
    return rc;
}

static int commit_outermost(struct ctx *ctx)
{
    struct db *db = ctx->db;
    int rc = run_before(db, ctx);

    if (!rc && db->doomed[0])
        rc = refuse_doomed(ctx);
    if (!rc)
        rc = db->driver->commit(db, ctx);
    if (rc) {
        rollback_all(db, ctx);
        return rc;
    }
    db->committed++;
    finish(db, ctx);
    run_after(db, ctx);
    return db->outward ? db_settle(ctx) : 0;
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
    rc = end_level(db, ctx, true);
    if (rc)
        return rc;
    inherit(db->before, db->depth);
    inherit(db->after, db->depth);
    return 0;
}

void tx_rollback(struct ctx *ctx)
{
    struct db *db = ctx->db;

    assert(db->depth);
    if (db->depth == 1) {
        rollback_all(db, ctx);
        return;
    }
    drop(&db->before, db->depth);
    drop(&db->after, db->depth);
    end_level(db, ctx, false);
}

bool db_outward(struct ctx *ctx, bool outward)
{
    bool before = ctx->db && ctx->db->outward;

    if (ctx->db)
        ctx->db->outward = outward;
    return before;
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

    assert(ctx->db->depth);
    if (!lock->held) /* the lock of another store has no page */
        return;
    snprintf(lock->page->purpose, sizeof lock->page->purpose, "%s", purpose);
    lock_state(lock, LOCK_LONG);
}

void tx_abandon(struct db *db)
{
    db->read_depth = 0;
    if (db->depth)
        rollback_all(db, NULL);
    close_snapshot(db);
}

uint64_t db_begun(const struct ctx *ctx)
{
    const struct db *db = ctx->db;

    /* The other store's commits are durable when they return; the page may
     * know numbers from the time when the rows were in the folder. */
    return db && db->driver->one_writer ? atomic_load(&db->lock.page->begun)
                                        : 0;
}

int64_t db_now(const struct ctx *ctx)
{
    return ctx->db->driver->now(ctx->db);
}
