/*
 * lock_page.h - the layout of the file run/lock of a site.
 *
 * The page is mapped by every process that opens the store (store/lock.c
 * makes and fills it). The front does not map it: the keeper tells it how far
 * commits are durable, by FRAME_DURABLE.
 */
#ifndef IPC_LOCK_PAGE_H
#define IPC_LOCK_PAGE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum {
    LOCK_PAGE_MAGIC = 0x4b4c4e54, /* "TNLK" */
    LOCK_PAGE_VERSION = 6,
    LOCK_PROCESS_MAX = 32,
    LOCK_PURPOSE_MAX = 96,
    LOCK_COUNTERS = 1024,
    LOCK_METERS = 4096,
    LOCK_METER_KEY = 32,
    LOCK_NODES = 4096,
};

/* What the holder does. Only a holder that writes may be ended for its
 * module's sake: never in the midst of a commit or an index build. */
enum lock_state { LOCK_FREE, LOCK_WRITING, LOCK_COMMITTING, LOCK_LONG };

struct lock_page {
    _Atomic uint32_t magic; /* written last */
    uint32_t version;
    uint64_t size;      /* of this structure */
    uint64_t processes; /* inode of the namespace of its processes
                           (pid_namespaces(7)) */

    pthread_mutex_t mutex; /* process-shared, robust, priority inheritance */

    /* Commits: begun under the lock, done, on the disk (store.md). */
    _Atomic uint64_t begun, done, durable;
    /* Raised after a commit that is not durable yet; who syncs sleeps on it
     * (a futex) while `sleeping` is set. */
    _Atomic uint32_t bell, sleeping;

    /* Who has the lock and for what; holder 0: nobody. */
    _Atomic int32_t holder; /* pid */
    _Atomic uint32_t state; /* enum lock_state */
    _Atomic int64_t since;  /* clock_monotonic() ms */
    char process[LOCK_PROCESS_MAX];
    char purpose[LOCK_PURPOSE_MAX];

    _Atomic int32_t keeper;     /* pid of the keeper; 0: none */
    _Atomic int32_t failed;     /* errno of a failed sync: no more writes */
    _Atomic int64_t full_since; /* ms UTC since the disk is full; 0: it is
                                   not */
    _Atomic int64_t log_bytes;  /* of the write-ahead log */
    _Atomic uint64_t deaths;    /* holders that died with the lock */
    _Atomic uint64_t checkpoints;
    _Atomic int64_t checkpoint_ms; /* of the last one */

    /* When the keeper last saw that no other host serves the site: monotonic
     * ms; 0: one does, or the keeper does not know. */
    _Atomic int64_t alone_at;

    /* Changes of forms, by a hash of the name (db.h, change_counter_get). */
    _Atomic uint64_t counters[LOCK_COUNTERS];

    /* Meters, by a keyed hash of the subject (store/meter.h): monotonic ms. */
    unsigned char meter_key[LOCK_METER_KEY];
    _Atomic int64_t meters[LOCK_METERS];
    /* What this host has taken from each in all: ms, for the other hosts. */
    _Atomic uint32_t taken[LOCK_METERS];

    /* Node numbers for ids: the pid that has leased each. */
    _Atomic uint32_t next_node;
    _Atomic int32_t nodes[LOCK_NODES];
};

#endif
