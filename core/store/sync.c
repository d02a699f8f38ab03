/*
 * sync.c - making commits durable.
 *
 * The thread touches nothing but the lock page and the log's descriptor: no
 * context, no connection, no log, no memory.
 */
#include "base/banned.h"

#include "store/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ctx.h"
#include "store/ballast.h"
#include "store/lock.h"
#include "store/sqlite.h"

enum {
    IDLE_MS = 100,          /* should a bell not have been heard */
    ADOPT_MS = 10,          /* a commit lasts longer: has its holder died? */
    APART_NS = 2000 * 1000, /* from the start of a sync to the next */
    STACK_BYTES = 256 * 1024,
};

/* The entry of a new log in its folder has to be durable as well: SQLite
 * syncs the folder only in the process that has made the file. */
static int sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

    if (fd < 0)
        return errno;
    rc = fsync(fd) < 0 ? errno : 0;
    close(fd);
    /* Some file systems can't; theirs is durable with the file. */
    return rc == EINVAL ? 0 : rc;
}

/* The descriptor of the log as it is now. No log: nothing to be synced. */
static int follow(struct log_file *log)
{
    char path[PATH_MAX];
    struct stat info;

    snprintf(path, sizeof path, "%s-wal", log->file);
    if (log->fd >= 0 && stat(path, &info) == 0 && info.st_ino == log->inode)
        return 0;
    log_close(log);
    log->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (log->fd < 0)
        return errno == ENOENT ? 0 : errno;
    if (fstat(log->fd, &info) < 0)
        return errno;
    log->inode = info.st_ino;
    return sync_folder(log->folder);
}

void log_close(struct log_file *log)
{
    if (log->fd >= 0)
        close(log->fd);
    log->fd = -1;
}

int log_sync(struct log_file *log, struct lock_page *page)
{
    uint64_t done = atomic_load(&page->done);
    int error = atomic_load(&page->failed);

    if (error)
        return error;
    error = follow(log);
    if (!error && log->fd >= 0 && fdatasync(log->fd) < 0)
        error = errno ? errno : EIO;
    if (error) {
        atomic_store(&page->failed, error);
        ballast_mark_unclean(log->folder);
        return error;
    }
    /* Somebody else's sync may have failed meanwhile. */
    error = atomic_load(&page->failed);
    if (!error)
        lock_publish(page, done);
    return error;
}

/* ---- the keeper's thread ---- */

static void tell(struct syncer *syncer, uint64_t durable, bool failed)
{
    if (syncer->tell)
        syncer->tell(syncer->payload, durable, failed);
}

static int64_t now_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* A commit after a pause is synced at once, a stream of them in groups: on a
 * fast disk each would get a sync of its own else, which costs more of the
 * processor than it saves of the waiting. */
static void keep_apart(struct syncer *syncer)
{
    int64_t left = syncer->begun + APART_NS - now_ns();
    struct timespec time = { 0, (long)left };

    if (left > 0)
        nanosleep(&time, NULL);
    syncer->begun = now_ns();
}

/* One step; returns what was told last. */
static uint64_t step(struct syncer *syncer, uint64_t told)
{
    struct lock_page *page = syncer->page;
    uint32_t heard = atomic_load(&page->bell);
    uint64_t durable = atomic_load(&page->durable);

    if (atomic_load(&page->failed) == 0 && atomic_load(&page->done) > durable) {
        keep_apart(syncer);
        if (log_sync(&syncer->log, page) == 0)
            durable = atomic_load(&page->durable);
    }
    if (atomic_load(&page->failed)) {
        if (told != UINT64_MAX)
            tell(syncer, durable, true);
        lock_listen(page, heard, IDLE_MS);
        return UINT64_MAX;
    }
    if (durable != told) {
        tell(syncer, durable, false);
        return durable;
    }
    lock_listen(page, heard,
                atomic_load(&page->begun) != atomic_load(&page->done)
                    ? ADOPT_MS
                    : IDLE_MS);
    if (atomic_load(&page->bell) == heard &&
        atomic_load(&page->begun) != atomic_load(&page->done))
        lock_adopt(page);
    return told;
}

static void *run(void *argument)
{
    struct syncer *syncer = argument;
    uint64_t told = atomic_load(&syncer->page->durable);

    /* At the start, whatever it is: the front may hold answers. */
    log_sync(&syncer->log, syncer->page);
    if (atomic_load(&syncer->page->failed) == 0) {
        told = atomic_load(&syncer->page->durable);
        tell(syncer, told, false);
    }
    while (!atomic_load(&syncer->stop))
        told = step(syncer, told);
    return NULL;
}

int syncer_start(struct syncer *syncer, struct ctx *ctx)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    int rc;

    atomic_init(&syncer->stop, false);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    /* Signals are the main thread's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&syncer->thread, &attributes, run, syncer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (rc)
        return fail(ctx, E_IO, "store.failed",
                    "the keeper gets no thread of its own (%s)",
                    strerrordesc_np(rc));
    syncer->running = true;
    return 0;
}

void syncer_stop(struct syncer *syncer)
{
    if (!syncer->running)
        return;
    atomic_store(&syncer->stop, true);
    lock_ring(syncer->page);
    pthread_join(syncer->thread, NULL);
    syncer->running = false;
    if (log_sync(&syncer->log, syncer->page) == 0)
        tell(syncer, atomic_load(&syncer->page->durable), false);
    log_close(&syncer->log);
}

/* ---- once, by whoever lets something leave ---- */

int db_settle(struct ctx *ctx)
{
    struct db *db = ctx->db;
    struct lock_page *page;
    struct log_file log = { .fd = -1 };
    int error;

    /* The other store's commits are durable when they return. */
    if (!db || !db->folder || !db->driver->one_writer)
        return 0;
    page = db->lock.page;
    if (atomic_load(&page->durable) >= atomic_load(&page->begun))
        return 0;
    /* A commit in flight that we have read has written its frames: they are
     * synced too, though its number is published later. */
    log.folder = db->folder;
    log.file = db->file;
    error = log_sync(&log, page);
    log_close(&log);
    lock_ring(page);
    if (error)
        return fail(ctx, E_STORE, "store.sync_failed",
                    "the disk failed to keep what was written; nothing more "
                    "is saved until the site is restarted");
    return 0;
}
