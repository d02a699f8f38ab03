/*
 * checkpoint.c - moving the log into the database, under the writer lock.
 */
#include "base/banned.h"

#include "store/checkpoint.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>

#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "store/sqlite.h"
#include "store/tree.h"

enum {
    UNKEPT_FRAMES = 2000, /* a command's own mark */
    READER_WAIT_MS = 20,  /* for readers, while the lock is held */
};

/* One checkpoint; the lock is held. Returns SQLite's code, BUSY included. */
static int move(struct db *db, bool truncate)
{
    struct lock_page *page = db->lock.page;
    int frames = 0, moved = 0, before = db->busy_ms, rc;
    int64_t start = clock_monotonic();

    assert(db->lock.held);
    db->busy_ms = READER_WAIT_MS;
    rc = sqlite3_wal_checkpoint_v2(db->sql, NULL,
                                   truncate ? SQLITE_CHECKPOINT_TRUNCATE
                                            : SQLITE_CHECKPOINT_PASSIVE,
                                   &frames, &moved);
    db->busy_ms = before;
    if (rc == SQLITE_OK) {
        db->log_frames = frames - moved;
        atomic_store(&page->log_bytes,
                     (int64_t)(frames - moved) * db->page_size);
    }
    atomic_store(&page->checkpoint_ms, clock_monotonic() - start);
    atomic_fetch_add(&page->checkpoints, 1);
    return rc;
}

/* Small ones tell nothing of large ones: a quiet hour must not raise the mark
 * to what then stands in everybody's way. */
int checkpoint_mark(int mark, int64_t pages, int64_t ms)
{
    if (pages >= MARK_LEAST && ms > CHECKPOINT_MS) {
        int64_t wanted = pages * CHECKPOINT_MS / ms * 3 / 5;

        if (wanted < mark)
            mark = (int)wanted;
    } else if (pages * 2 >= mark && ms < CHECKPOINT_MS / 3) {
        mark += mark / 4 + 1;
    }
    if (mark < MARK_LEAST)
        return MARK_LEAST;
    return mark > MARK_MOST ? MARK_MOST : mark;
}

int checkpoint_run(struct ctx *ctx, bool truncate, int64_t *ms)
{
    struct db *db = ctx->db;
    int64_t start;
    int rc;

    *ms = 0;
    if (atomic_load(&db->lock.page->failed))
        return fail(ctx, E_STORE, "store.sync_failed",
                    "the disk failed to keep what was written; nothing more "
                    "is saved until the site is restarted");
    rc = lock_take(&db->lock, ctx, "checkpoint", 0);
    if (rc)
        return rc;
    lock_state(&db->lock, LOCK_LONG);
    start = clock_monotonic();
    rc = move(db, truncate);
    *ms = clock_monotonic() - start;
    lock_give(&db->lock);
    if (rc == SQLITE_OK || rc == SQLITE_BUSY)
        return 0;
    return db_fail(db, ctx, sqlite3_extended_errcode(db->sql), "checkpoint");
}

int checkpoint_keep(int *fd, const char *folder)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/run/keeper", folder);
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0)
        return E_IO;
    tree_give(path, folder);
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    close(*fd);
    *fd = -1;
    return E_BUSY;
}

void checkpoint_after_commit(struct db *db)
{
    int fd;

    if (!db->folder || db->log_frames < UNKEPT_FRAMES)
        return;
    /* A keeper that died is back in a moment; only a log that has grown far
     * is worth a look at its flock. */
    if (atomic_load(&db->lock.page->keeper) &&
        db->log_frames < 16 * UNKEPT_FRAMES)
        return;
    if (checkpoint_keep(&fd, db->folder))
        return;
    lock_state(&db->lock, LOCK_LONG);
    move(db, false);
    close(fd);
}

void checkpoint_unkept(struct db *db)
{
    struct lock_page *page = db->lock.page;
    int fd;

    if (!page || atomic_load(&page->failed) || checkpoint_keep(&fd, db->folder))
        return;
    /* Only when nobody is in the way: somebody who writes now does it. */
    if (lock_try(&db->lock, "checkpoint")) {
        lock_state(&db->lock, LOCK_LONG);
        move(db, true);
        lock_give(&db->lock);
    }
    close(fd);
}
