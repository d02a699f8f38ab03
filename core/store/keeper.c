/*
 * keeper.c - the process that moves the log into the database.
 *
 * Only who holds the flock on run/keeper checkpoints, and always under the
 * writer lock. The mark (how long the log may get) follows what the disk can
 * do: a checkpoint shall hold the lock for at most 50 ms. Moments in which
 * nobody writes are used first. Beside that, in a thread (sync.h), it makes
 * commits durable.
 */
#include "base/banned.h"

#include "store/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "ipc/slot.h"
#include "store/backup.h"
#include "store/ballast.h"
#include "store/check.h"
#include "store/checkpoint.h"
#include "store/pg.h"
#include "store/sqlite.h"
#include "store/sync.h"

enum {
    LOG_MOST = 64 * 1024 * 1024,
    IDLE_MS = 250,      /* without a commit: a moment to use */
    STARVED_MS = 10000, /* between tries while a reader pins the log */
    BUSY_POLL_MS = 20,
    IDLE_POLL_MS = 500,
    DISK_EVERY_MS = 10 * 1000,
    FULL_EVERY_MS = 1000, /* while the disk is full: room may come any time */
    OPTIMIZE_EVERY_MS = 3600 * 1000,
    WORK_LIMIT_MS = 60 * 1000,
    CHECK_LIMIT_MS = 600 * 1000,
    KEEP_WAIT_MS = 3000, /* for a command that does the keeper's work */
    KEEP_LOOK_MS = 50,
};

struct keeper {
    struct ctx *ctx;
    struct lock_page *page;
    int flock; /* of run/keeper */
    struct syncer syncer;
    int mark;      /* pages */
    bool failed;   /* told */
    uint64_t done; /* as seen last */
    uint64_t deaths;
    int64_t quiet_since, starved_until, disk_at, optimize_at;
};

/* ---- checkpoints ---- */

static int64_t log_file_bytes(const struct keeper *keeper)
{
    struct stat info;

    if (stat(site_path(keeper->ctx, keeper->ctx->site, "tenon.db-wal"), &info) <
        0)
        return 0;
    return info.st_size;
}

static int checkpoint(struct keeper *keeper, bool truncate)
{
    int64_t before = atomic_load(&keeper->page->log_bytes), after, ms;
    int rc;

    slot_begin("checkpoint", WORK_LIMIT_MS);
    rc = checkpoint_run(keeper->ctx, truncate, &ms);
    slot_finish();
    if (rc)
        return rc;
    after = atomic_load(&keeper->page->log_bytes);
    keeper->mark =
        checkpoint_mark(keeper->mark, before / keeper->ctx->db->page_size, ms);
    /* A reader that stays pins the log: trying at once again only costs. */
    keeper->starved_until = after * 2 > before && after > 0
                                ? clock_monotonic() + STARVED_MS / 20
                                : 0;
    slot_gauge("store_checkpoint_ms", ms);
    log_event(LOG_DEBUG, "keeper.checkpoint", "ms", log_int(ms), "before",
              log_int(before), "after", log_int(after), "mark",
              log_int(keeper->mark), NULL);
    return 0;
}

static int maybe_checkpoint(struct keeper *keeper)
{
    int64_t now = clock_monotonic();
    int64_t bytes = atomic_load(&keeper->page->log_bytes);
    int64_t pages = bytes / keeper->ctx->db->page_size;
    bool idle = now - keeper->quiet_since >= IDLE_MS &&
                atomic_load(&keeper->page->holder) == 0;

    slot_gauge("store_log_bytes", bytes);
    if (pages == 0)
        return 0;
    if (bytes > LOG_MOST && now >= keeper->starved_until)
        return checkpoint(keeper, true);
    if ((pages >= keeper->mark || idle) && now >= keeper->starved_until)
        return checkpoint(keeper, idle && log_file_bytes(keeper) > LOG_MOST);
    return 0;
}

/* ---- housekeeping ---- */

static int optimize(struct keeper *keeper)
{
    struct db *db = keeper->ctx->db;
    int rc = lock_take(&db->lock, keeper->ctx, "optimize", 0);

    if (rc)
        return rc;
    lock_state(&db->lock, LOCK_LONG);
    slot_begin("optimize", WORK_LIMIT_MS);
    rc = db_run(db, "PRAGMA analysis_limit=400;PRAGMA optimize");
    slot_finish();
    lock_give(&db->lock);
    return rc == SQLITE_OK || rc == SQLITE_BUSY
               ? 0
               : db_fail(db, keeper->ctx, rc, "PRAGMA optimize");
}

static void look_at_disk(struct keeper *keeper)
{
    const char *folder = keeper->ctx->site->folder;
    bool there = ballast_restore(folder);

    slot_gauge("store_disk_free_bytes", disk_free(folder));
    slot_gauge("store_ballast", there);
    if (there && atomic_exchange(&keeper->page->full_since, 0))
        log_event(LOG_INFO, "store.room_again", NULL);
}

static int keep_house(struct keeper *keeper)
{
    int64_t now = clock_monotonic();
    bool full = atomic_load(&keeper->page->full_since) != 0;

    slot_gauge("store_full", full);
    if (now >= keeper->disk_at ||
        (full && now >= keeper->disk_at - DISK_EVERY_MS + FULL_EVERY_MS)) {
        keeper->disk_at = now + DISK_EVERY_MS;
        look_at_disk(keeper);
    }
    if (now >= keeper->optimize_at) {
        keeper->optimize_at = now + OPTIMIZE_EVERY_MS;
        return optimize(keeper);
    }
    return 0;
}

/* ---- start ---- */

int keeper_check_start(struct ctx *ctx)
{
    const char *folder = ctx->site->folder, *said = NULL;
    int rc;

    if (!ballast_is_unclean(folder))
        return 0;
    slot_begin("check", CHECK_LIMIT_MS);
    rc = store_integrity(&said, ctx);
    slot_finish();
    if (rc)
        return rc;
    if (said)
        return fail(ctx, E_STORE, "store.corrupt",
                    "the database is damaged: %s", said);
    ballast_mark_clean(folder);
    log_event(LOG_WARN, "store.checked", "result", "ok", NULL);
    return 0;
}

/* ---- the loop ---- */

static void tell_failed(struct keeper *keeper)
{
    if (!keeper->failed)
        log_event(LOG_ERROR, "store.sync_failed", "errno",
                  strerrorname_np(atomic_load(&keeper->page->failed)), NULL);
    keeper->failed = true;
    slot_gauge("store_failed", 1);
}

/* The thread has adopted what a dead holder left, if nobody else has. */
static void tell_deaths(struct keeper *keeper)
{
    uint64_t deaths = atomic_load(&keeper->page->deaths);

    if (deaths != keeper->deaths)
        log_event(LOG_INFO, "store.holders_died", "count",
                  log_int((int64_t)(deaths - keeper->deaths)), NULL);
    keeper->deaths = deaths;
}

static int one_round(struct keeper *keeper)
{
    uint64_t done = atomic_load(&keeper->page->done);
    int rc = 0;

    if (done != keeper->done)
        keeper->quiet_since = clock_monotonic();
    keeper->done = done;
    /* A disk that failed: nothing is moved or promised any more; the front
     * shows it, and starts all processes anew, which checks the database. */
    if (atomic_load(&keeper->page->failed)) {
        tell_failed(keeper);
        return 0;
    }
    tell_deaths(keeper);
    rc = maybe_checkpoint(keeper);
    if (!rc)
        rc = keep_house(keeper);
    /* No room is a state to live with: reading goes on, and it passes. */
    if (rc == E_FULL || rc == E_BUSY || atomic_load(&keeper->page->failed)) {
        keeper->starved_until = clock_monotonic() + STARVED_MS / 10;
        rc = 0;
    }
    return rc;
}

/* Sleeps; false: it is time to end. */
static bool wait_round(struct keeper *keeper, const struct keeper_link *link)
{
    struct pollfd poll_fd = { .fd = link->fd, .events = POLLIN };
    bool busy = clock_monotonic() - keeper->quiet_since < 2 * IDLE_MS ||
                atomic_load(&keeper->page->log_bytes) > 0;
    int wait = busy ? BUSY_POLL_MS : IDLE_POLL_MS;
    int count;

    if (link->stop && *link->stop)
        return false;
    count = poll(&poll_fd, link->fd >= 0 ? 1 : 0, wait);
    if (link->stop && *link->stop)
        return false;
    if (count > 0)
        return link->ready(keeper->ctx, link->payload);
    return true;
}

static int work(struct keeper *keeper, const struct keeper_link *link)
{
    struct arena *arena = keeper->ctx->arena;
    int rc = 0;

    /* Each round has an arena of its own; the context's own one stays. */
    keeper->ctx->arena = arena_new(0);
    keeper->quiet_since = clock_monotonic();
    keeper->optimize_at = clock_monotonic() + OPTIMIZE_EVERY_MS;
    while (!rc) {
        rc = one_round(keeper);
        if (rc) {
            log_event(LOG_ERROR, "keeper.failed", "reason",
                      ctx_error(keeper->ctx), NULL);
            break;
        }
        if (!wait_round(keeper, link))
            break;
        ctx_clear(keeper->ctx);
        arena_reset(keeper->ctx->arena);
    }
    ctx_clear(keeper->ctx);
    arena_free(keeper->ctx->arena);
    keeper->ctx->arena = arena;
    return rc;
}

/* After a failed sync the system believes that pages are on the disk which
 * are not: they are read anew from there. Nobody has the files open now. */
static void forget_cached(const char *folder)
{
    static const char *const names[] = { "tenon.db", "tenon.db-wal" };
    char path[PATH_MAX];
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++) {
        int fd;

        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
            continue;
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        close(fd);
    }
}

static int begin(struct keeper *keeper, const struct keeper_link *link)
{
    struct ctx *ctx = keeper->ctx;
    int64_t ms, until = clock_monotonic() + KEEP_WAIT_MS;
    int rc;

    /* A command may do the keeper's work just now. */
    while ((rc = checkpoint_keep(&keeper->flock, ctx->site->folder)) ==
               E_BUSY &&
           clock_monotonic() < until)
        usleep(KEEP_LOOK_MS * 1000);
    if (rc == E_BUSY)
        return fail(ctx, rc, "store.keeper", "this site has a keeper already");
    if (!rc)
        rc = keeper_check_start(ctx);
    if (rc)
        return rc;
    atomic_store(&keeper->page->keeper, (int32_t)getpid());
    keeper->deaths = atomic_load(&keeper->page->deaths);
    keeper->syncer =
        (struct syncer){ .page = keeper->page,
                         .log = { ctx->site->folder, ctx->db->file, -1, 0 },
                         .tell = link->durable,
                         .payload = link->payload };
    rc = syncer_start(&keeper->syncer, ctx);
    if (rc)
        return rc;
    rc = checkpoint_run(ctx, true, &ms);
    if (rc && rc != E_FULL && rc != E_BUSY &&
        !atomic_load(&keeper->page->failed))
        return rc;
    ctx_clear(ctx);
    return 0;
}

int keeper_run(struct ctx *ctx, const struct keeper_link *link)
{
    struct keeper keeper = { .ctx = ctx, .flock = -1, .mark = MARK_FIRST };
    int64_t ms;
    int rc;

    if (text_equal(ctx->site->settings.store.driver, "postgresql"))
        return pg_keeper_run(ctx, link);
    if (ballast_is_unclean(ctx->site->folder))
        forget_cached(ctx->site->folder);
    rc = db_open(ctx, ctx->site->folder, DB_KEEPER);
    if (rc)
        return rc;
    keeper.page = ctx->db->lock.page;
    rc = begin(&keeper, link);
    if (!rc)
        rc = work(&keeper, link);
    syncer_stop(&keeper.syncer);
    if (!rc && checkpoint_run(ctx, true, &ms))
        ctx_clear(ctx);
    if (keeper.flock >= 0) {
        atomic_store(&keeper.page->keeper, 0);
        close(keeper.flock);
    }
    db_close(ctx->db);
    ctx->db = NULL;
    return rc;
}

/* The limit is for what gets no further. */
static void still_copying(void *payload, int64_t done, int64_t total)
{
    (void)payload;
    (void)done;
    (void)total;
    slot_begin("backup", CHECK_LIMIT_MS);
}

void keeper_command(struct value **answer, struct ctx *ctx,
                    const struct value *command)
{
    struct value *said = value_map(ctx->arena);
    const char *to = value_get_text(command, "to");
    int rc;

    *answer = said;
    if (!text_equal(value_get_text(command, "do"), "backup") ||
        text_empty(to)) {
        rc = fail(ctx, E_BAD_REQUEST, "store.failed",
                  "the keeper knows no such command");
    } else {
        still_copying(NULL, 0, 0);
        rc = backup_make(ctx, to,
                         &(struct backup_options){ .progress = still_copying });
        slot_finish();
    }
    value_set_bool(said, "ok", rc == 0);
    if (rc)
        value_set_text(said, "error", ctx_error(ctx));
}
