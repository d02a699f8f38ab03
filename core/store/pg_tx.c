/*
 * pg_tx.c - transactions, locks and snapshots of the PostgreSQL driver.
 *
 * tx_begin takes the site's advisory lock alone, tx_begin_shared in shared
 * mode: so what was written for one writer still has the site for itself, and
 * what looks after its own guards runs beside others. BEGIN and the lock
 * travel with the first statement; a transaction without one sends nothing.
 * READ COMMITTED: each statement sees what was committed before it, thus what
 * was committed before the lock was got.
 */
#include "base/banned.h"

#include "store/pg.h"

#include <assert.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/log.h"
#include "ipc/slot.h"

/* How long the server lets a statement run: what is left of the caller's time
 * and a little, should we be gone by then. A request has the session's; a job
 * has its own; a command and a migration take what they need. */
static int64_t timeout_of(const struct db *db, const struct ctx *ctx)
{
    int64_t most = db->pg->timeout_ms, left;

    if (!ctx->deadline)
        return 0;
    left = ctx->deadline - clock_monotonic() + 1000;
    if (left > most / 2 && left <= most)
        return most;
    while (most < left) /* not another one for each statement */
        most *= 2;
    return left > most / 2 ? most : left > 1 ? left : 1;
}

static void queue_timeout(struct db *db, const struct ctx *ctx, bool local)
{
    int64_t wanted = timeout_of(db, ctx);
    char sql[64];

    if (wanted == db->pg->timeout_set)
        return;
    snprintf(sql, sizeof sql, "SET %sstatement_timeout = %lld",
             local ? "LOCAL " : "", (long long)wanted);
    pg_queue(db, sql);
    if (local)
        return;
    db->pg->timeout_set = wanted;
    pg_post(db); /* it stays, whatever becomes of what follows */
}

/* Each transaction takes one of the two: they are prepared with the session. */
int pg_prepare_locks(struct db *db, struct ctx *ctx)
{
    static const struct {
        const char *name, *end;
    } locks[] = { { "lock_shared", "_shared" }, { "lock_alone", "" } };
    struct pg *pg = db->pg;
    char sql[96];
    size_t i;

    for (i = 0; i < sizeof locks / sizeof *locks; i++) {
        /* sql: names from the definition */
        snprintf(sql, sizeof sql, "SELECT pg_advisory_xact_lock%s(%d, %d)",
                 locks[i].end, (int)PG_LOCK_SITE, pg->site);
        if (pq.PQsendPrepare(pg->conn, locks[i].name, sql, 0, NULL))
            pg->queued++;
    }
    return pg_settle(db, ctx);
}

static void queue_lock(struct db *db, bool shared)
{
    struct pg *pg = db->pg;

    pg->lock_at = pg->queued;
    if (pg->conn &&
        pq.PQsendQueryPrepared(pg->conn, shared ? "lock_shared" : "lock_alone",
                               0, NULL, NULL, NULL, 0))
        pg->queued++;
}

void pg_enter(struct db *db, struct ctx *ctx)
{
    struct pg *pg = db->pg;
    enum pg_pending pending = pg->pending;

    if (pending == PG_SENT) {
        if (!pg->open)
            queue_timeout(db, ctx, false);
        return;
    }
    pg_post(db); /* BEGIN is the first of its batch */
    pg->pending = PG_SENT;
    pg->open = true;
    pg_queue(db, pending == PG_SNAPSHOT
                     ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                     : "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
    queue_timeout(db, ctx, true);
    if (pending != PG_SNAPSHOT)
        queue_lock(db, pending == PG_SHARED);
}

int pg_begin(struct db *db, struct ctx *ctx, const char *purpose, bool shared)
{
    int rc;

    (void)purpose;
    pg_replica_leave(db);
    rc = pg_ensure(db, ctx);
    if (rc)
        return rc;
    db->pg->lost = false;
    db->pg->pending = shared ? PG_SHARED : PG_ALONE;
    return 0;
}

int pg_alone(struct db *db, struct ctx *ctx)
{
    struct pg *pg = db->pg;

    if (pg->pending == PG_SHARED) { /* nothing was sent yet */
        pg->pending = PG_ALONE;
        return 0;
    }
    queue_lock(db, false);
    return pg_settle(db, ctx);
}

static void closed(struct pg *pg)
{
    pg->open = false;
    pg->lost = false;
    pg->pending = PG_SENT;
}

/* Whether a COMMIT that was cut off took place is not known here: the client
 * asks again with its idempotency key. */
static int unknown(struct ctx *ctx)
{
    ctx_clear(ctx);
    return fail(ctx, E_UNAVAILABLE, "store.unknown",
                "the database went away while this was being saved; look "
                "whether it is there before you do it again");
}

int pg_commit(struct db *db, struct ctx *ctx)
{
    struct pg *pg = db->pg;
    PGresult *result = NULL;
    bool rolled_back;
    int rc;

    if (pg->pending != PG_SENT) { /* nothing was done in it */
        closed(pg);
        changes_publish(db);
        return 0;
    }
    slot_push_host("commit");
    db->internal = true; /* no deadline cuts it off */
    pg_queue(db, "COMMIT");
    rc = pg_collect(&result, db, ctx, "COMMIT");
    db->internal = false;
    slot_pop();
    if (rc)
        return pg->conn ? rc : unknown(ctx);
    rolled_back = strcmp(pq.PQcmdStatus(result), "COMMIT") != 0;
    pq.PQclear(result);
    closed(pg);
    if (rolled_back)
        return fail(ctx, E_STORE, "store.doomed",
                    "an earlier statement of this transaction has failed");
    changes_publish(db);
    return 0;
}

void pg_rollback(struct db *db)
{
    struct pg *pg = db->pg;

    if (pg->open && pg->conn) {
        pg_post(db); /* what fails there must not keep it from being done */
        pg_queue(db, "ROLLBACK");
        pg_post(db);
    }
    closed(pg);
}

bool pg_gone(struct db *db)
{
    return db->pg->lost;
}

static int queue_level(struct db *db, struct ctx *ctx, const char *verb,
                       int level)
{
    char sql[64];

    if (db->pg->lost)
        return pg_away(ctx);
    pg_enter(db, ctx);
    snprintf(sql, sizeof sql, "%s s%d", verb, level);
    pg_queue(db, sql);
    return 0;
}

/* What was posted within a level fails within it. */
static int settle_level(struct db *db, struct ctx *ctx)
{
    return db->pg->posted ? pg_settle(db, ctx) : 0;
}

int pg_savepoint(struct db *db, struct ctx *ctx, int level)
{
    int rc = settle_level(db, ctx);

    return rc ? rc : queue_level(db, ctx, "SAVEPOINT", level);
}

int pg_release(struct db *db, struct ctx *ctx, int level)
{
    int rc = settle_level(db, ctx);

    return rc ? rc : queue_level(db, ctx, "RELEASE", level);
}

int pg_undo(struct db *db, struct ctx *ctx, int level)
{
    int rc;

    pg_post(db); /* as above */
    rc = queue_level(db, ctx, "ROLLBACK TO", level);
    return rc ? rc : queue_level(db, ctx, "RELEASE", level);
}

int pg_guard(struct db *db, struct ctx *ctx, const char *name)
{
    struct pg *pg = db->pg;
    unsigned char hash[HASH_SIZE];
    int64_t key;
    char sql[80];

    if (pg->lost)
        return pg_away(ctx);
    hash_data(hash, name, strlen(name), NULL, 0);
    memcpy(&key, hash, sizeof key);
    key ^= pg->site;
    pg_enter(db, ctx);
    snprintf(sql, sizeof sql, "SELECT pg_advisory_xact_lock(%lld)",
             (long long)key);
    pg->lock_at = pg->queued;
    return pg_run(db, ctx, sql);
}

int pg_in_order(struct db *db, struct ctx *ctx)
{
    if (db->pg->lost)
        return pg_away(ctx);
    pg_enter(db, ctx);
    pg_queue(db, "SET LOCAL enable_sort = off");
    return 0;
}

int pg_snapshot(struct db *db, struct ctx *ctx)
{
    int rc = ctx ? pg_ensure(db, ctx) : 0;

    if (!rc)
        db->pg->pending = PG_SNAPSHOT;
    return rc;
}

void pg_snapshot_end(struct db *db)
{
    struct pg *pg = db->pg;

    if (pg->open && pg->conn) {
        pg_queue(db, "COMMIT");
        pg_post(db);
    }
    closed(pg);
}
