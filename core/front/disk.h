/*
 * disk.h - whether the disk keeps what is written: what the keeper says.
 *
 * After a failed sync nothing is acknowledged and nothing shown that may not
 * be on the disk: every page and /readyz say so. All other processes are then
 * ended and the keeper starts alone; it checks the database (store.md), and
 * the others follow when that is whole. A disk that fails again and again is
 * tried at longer and longer intervals.
 */
#ifndef FRONT_DISK_H
#define FRONT_DISK_H

#include <stdbool.h>
#include <stdint.h>

struct front;

enum disk_state {
    DISK_WELL,
    DISK_FAILED,   /* shown; the processes still live */
    DISK_ENDING,   /* they are being ended */
    DISK_CHECKING, /* only the keeper lives, and checks */
};

struct disk {
    enum disk_state state;
    int failures;
    int64_t failed_at, next_at;
};

/* At the start: with SITE/run/unclean the keeper checks first. */
void disk_init(struct front *front);

/* The keeper: commits up to `durable` are on disk, or the disk has failed. */
void disk_told(struct front *front, uint64_t durable, bool failed);

/* Called by each tick: what is due. */
void disk_check(struct front *front);

/* Whether a worker of this lane may start now. */
bool disk_may_start(const struct front *front, int lane);

/* "ok", "failed" or "checking", for /readyz. */
const char *disk_word(const struct front *front);

#endif
