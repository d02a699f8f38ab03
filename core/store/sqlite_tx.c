/*
 * sqlite_tx.c - transactions of the SQLite driver.
 *
 * The order that store.md asks for, under the writer lock: begun++, COMMIT,
 * done = begun, unlock. With durability "full" a COMMIT that returned is on
 * the disk, so `durable` follows at once; with "group" the keeper raises it
 * (sync.h).
 */
#include "base/banned.h"

#include "store/sqlite.h"

#include "base/clock.h"
#include "base/ctx.h"
#include "ipc/slot.h"
#include "store/checkpoint.h"

enum { LARGE_ROWS = 300 }; /* whose pages take some milliseconds to write */

/* ---- the words of a transaction ---- */

/* They come with every request, and ending a transaction is to ask for as
 * little memory as may be: prepared once, all of them before the first. */
enum word { BEGIN, BEGIN_IMMEDIATE, COMMIT, ROLLBACK, WORDS };

_Static_assert(WORDS == sizeof((struct db *)0)->words / sizeof(sqlite3_stmt *),
               "a place for each word");
static const char *const words[WORDS] = { "BEGIN", "BEGIN IMMEDIATE", "COMMIT",
                                          "ROLLBACK" };

static int prepare_words(struct db *db)
{
    int i, rc = SQLITE_OK;

    for (i = 0; i < WORDS && rc == SQLITE_OK; i++)
        if (!db->words[i])
            rc = sqlite3_prepare_v3(db->sql, words[i], -1,
                                    SQLITE_PREPARE_PERSISTENT, &db->words[i],
                                    NULL);
    return rc;
}

/* SQLite's code. */
static int say(struct db *db, enum word word)
{
    bool before = db->internal;
    int rc = SQLITE_OK;

    db->internal = true;
    if (!db->words[WORDS - 1])
        rc = prepare_words(db);
    if (rc == SQLITE_OK) {
        sqlite3_step(db->words[word]); /* asks the authorizer, too, at times */
        rc = sqlite3_reset(db->words[word]);
    }
    db->internal = before;
    return rc == SQLITE_OK ? rc : sqlite3_extended_errcode(db->sql);
}

void sqlite_forget_words(struct db *db)
{
    int i;

    for (i = 0; i < WORDS; i++) {
        sqlite3_finalize(db->words[i]);
        db->words[i] = NULL;
    }
}

/* Ending takes memory all the same: what could not be ended must not stand in
 * the way of all that comes after it. */
static void end_rest(struct db *db)
{
    if (!sqlite3_get_autocommit(db->sql))
        say(db, ROLLBACK);
}

/* ---- transactions ---- */

int sqlite_snapshot(struct db *db, struct ctx *ctx)
{
    int rc;

    end_rest(db);
    rc = say(db, BEGIN);
    return rc == SQLITE_OK ? 0 : db_fail(db, ctx, rc, "BEGIN");
}

void sqlite_snapshot_end(struct db *db)
{
    say(db, COMMIT);
    end_rest(db);
}

/* One writer at a time: a shared transaction has the whole site as well. */
int sqlite_begin(struct db *db, struct ctx *ctx, const char *purpose,
                 bool shared)
{
    int rc;

    (void)shared;
    if (atomic_load(&db->lock.page->failed))
        return fail(ctx, E_STORE, "store.sync_failed",
                    "the disk failed to keep what was written; nothing more "
                    "is saved until the site is restarted");
    rc = lock_take(&db->lock, ctx, purpose, ctx->deadline);
    if (rc)
        return rc;
    end_rest(db);
    rc = say(db, BEGIN_IMMEDIATE);
    db->changed = sqlite3_total_changes64(db->sql);
    if (rc == SQLITE_OK)
        return 0;
    rc = db_fail(db, ctx, rc, "BEGIN IMMEDIATE");
    lock_give(&db->lock);
    return rc;
}

int sqlite_alone(struct db *db, struct ctx *ctx)
{
    (void)db;
    (void)ctx;
    return 0;
}

/* Whoever has read since a commit began waits until it is durable, as though
 * it had been seen. What a large one has to write goes into the log before,
 * seen by nobody, so that this is as short as with others: first what the
 * full-text index has gathered (a savepoint has it written), then all pages. */
static int write_large(struct db *db)
{
    int rc;

    if (!db->group ||
        sqlite3_total_changes64(db->sql) - db->changed < LARGE_ROWS)
        return SQLITE_OK;
    rc = db_run(db, "SAVEPOINT large; RELEASE large");
    if (rc == SQLITE_OK)
        rc = sqlite3_db_cacheflush(db->sql);
    /* A page in use is left to the commit. */
    return rc == SQLITE_BUSY ? SQLITE_OK : rc;
}

int sqlite_commit(struct db *db, struct ctx *ctx)
{
    struct lock_page *page = db->lock.page;
    uint64_t begun;
    int rc;

    slot_push_host("commit");
    rc = write_large(db);
    if (rc != SQLITE_OK) {
        slot_pop();
        return db_fail(db, ctx, rc, "flush");
    }
    lock_state(&db->lock, LOCK_COMMITTING);
    begun = atomic_fetch_add(&page->begun, 1) + 1;
    db->wrote = !db->folder;
    rc = say(db, COMMIT);
    atomic_store(&page->done, begun);
    slot_pop();
    if (rc != SQLITE_OK)
        return db_fail(db, ctx, rc, "COMMIT");
    /* Its own sync has taken all earlier frames of the log along: there was
     * one only where it had something to write. */
    if (!db->group && db->wrote)
        lock_publish(page, begun);
    atomic_store(&page->log_bytes, (int64_t)db->log_frames * db->page_size);
    changes_publish(db);
    checkpoint_after_commit(db);
    lock_give(&db->lock);
    lock_ring(page);
    return 0;
}

void sqlite_rollback(struct db *db)
{
    end_rest(db);
    end_rest(db); /* others wait for it */
    lock_give(&db->lock);
}

/* Some errors (disk full, interrupted write) end the whole transaction. */
bool sqlite_gone(struct db *db)
{
    return sqlite3_get_autocommit(db->sql);
}

static int run_level(struct db *db, struct ctx *ctx, const char *verb,
                     int level)
{
    char sql[64];
    int rc;

    snprintf(sql, sizeof sql, "%s s%d", verb, level);
    rc = db_run(db, sql);
    return rc == SQLITE_OK ? 0 : db_fail(db, ctx, rc, sql);
}

int sqlite_savepoint(struct db *db, struct ctx *ctx, int level)
{
    return run_level(db, ctx, "SAVEPOINT", level);
}

int sqlite_release(struct db *db, struct ctx *ctx, int level)
{
    return run_level(db, ctx, "RELEASE", level);
}

int sqlite_undo(struct db *db, struct ctx *ctx, int level)
{
    int rc = run_level(db, ctx, "ROLLBACK TO", level);

    return rc ? rc : run_level(db, ctx, "RELEASE", level);
}

int sqlite_guard(struct db *db, struct ctx *ctx, const char *name)
{
    (void)db;
    (void)ctx;
    (void)name;
    return 0;
}

int64_t sqlite_now(struct db *db)
{
    (void)db;
    return clock_now();
}
