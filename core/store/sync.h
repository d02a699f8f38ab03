/*
 * sync.h - making commits durable (store.md, "saved means saved").
 *
 * With durability "group" a COMMIT only writes the log. Who syncs notes how
 * far commits have got, syncs the log's file and publishes that number; what
 * leaves the machine waits for it. The keeper does so all the time, in a
 * thread of its own, so that neither a checkpoint nor a backup keeps answers
 * waiting. Any other process may do it once, where it lets something leave.
 */
#ifndef STORE_SYNC_H
#define STORE_SYNC_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ipc/lock_page.h"

struct ctx;

/* The log's file, for syncing only. Reading it is SQLite's business. */
struct log_file {
    const char *folder; /* of the site */
    const char *file;   /* the database's path */
    int fd;             /* -1: not open */
    ino_t inode;
};

/*
 * Makes durable what is committed when it is called, and publishes that.
 * Returns 0, or the errno of a disk that failed: `failed` then stands in the
 * page, run/unclean in the folder, and nothing is published any more.
 */
int log_sync(struct log_file *log, struct lock_page *page);
void log_close(struct log_file *log);

struct syncer {
    struct lock_page *page;
    struct log_file log;
    /* Called from the thread: commits up to `durable` are on the disk, or the
     * disk has failed. May be NULL. */
    void (*tell)(void *payload, uint64_t durable, bool failed);
    void *payload;
    pthread_t thread;
    int64_t begun; /* the last sync, monotonic ns; only the thread's */
    atomic_bool stop;
    bool running;
};

/* The caller has filled page, log, tell and payload. E_IO without a thread. */
int syncer_start(struct syncer *syncer, struct ctx *ctx);
/* Ends the thread; syncs and tells once more. */
void syncer_stop(struct syncer *syncer);

#endif
