/*
 * disk.c - whether the disk keeps what is written: what the keeper says.
 */
#include "base/banned.h"

#include "front/disk.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "front/dispatch.h"
#include "front/exchange.h"
#include "front/process.h"
#include "front/state.h"
#include "front/supervise.h"

enum {
    HOLD_MS = 10 * 1000, /* longer no answer waits for the disk */
    FIRST_MS = 1000,     /* a failure is shown for so long at least */
    LONGEST_MS = 60 * 1000,
    ENDING_MS = 3000,
    CALM_MS = 600 * 1000, /* after that a failure counts as the first */
};

void disk_init(struct front *front)
{
    bool sqlite = text_equal(front->settings->store.driver, "sqlite");

    if (faccessat(front->run_fd, "unclean", F_OK, 0) == 0)
        front->disk.state = DISK_CHECKING;
    /* With durability = "full", and in PostgreSQL, everything that is visible
     * is durable. */
    release_init(&front->release,
                 sqlite && !text_equal(front->settings->durability, "full")
                     ? 0
                     : UINT64_MAX);
}

bool disk_may_start(const struct front *front, int lane)
{
    return front->disk.state == DISK_WELL ||
           (front->disk.state == DISK_CHECKING && lane == LANE_KEEPER);
}

const char *disk_word(const struct front *front)
{
    return front->disk.state == DISK_WELL       ? "ok"
           : front->disk.state == DISK_CHECKING ? "checking"
                                                : "failed";
}

static int64_t pause_before_check(int failures)
{
    int64_t ms = FIRST_MS;

    while (--failures > 0 && ms < LONGEST_MS)
        ms *= 2;
    return ms < LONGEST_MS ? ms : LONGEST_MS;
}

static void disk_failed(struct front *front)
{
    struct disk *disk = &front->disk;

    if (disk->state == DISK_FAILED || disk->state == DISK_ENDING)
        return;
    if (front->now - disk->failed_at > CALM_MS)
        disk->failures = 0;
    disk->failures++;
    disk->failed_at = front->now;
    disk->next_at = front->now + pause_before_check(disk->failures);
    disk->state = DISK_FAILED;
    log_event(LOG_ERROR, "disk.failed", "failures", log_int(disk->failures),
              "check_in_ms", log_int(disk->next_at - front->now), NULL);
    release_fail(&front->release);
    dispatch_refuse(front);
}

void disk_told(struct front *front, uint64_t durable, bool failed)
{
    bool was_full = release_is_full(&front->release);
    int lane;

    if (failed) {
        disk_failed(front);
        return;
    }
    if (front->disk.state == DISK_CHECKING) {
        log_event(LOG_INFO, "disk.checked", NULL);
        front->disk.state = DISK_WELL;
        release_well(&front->release);
        supervise_tick(front);
    } else if (front->disk.state != DISK_WELL) {
        return; /* said before it failed */
    }
    release_advance(&front->release, durable);
    for (lane = 0; was_full && lane < LANES; lane++)
        dispatch_run(front, lane);
}

static void next_step(struct front *front)
{
    struct disk *disk = &front->disk;

    switch (disk->state) {
    case DISK_FAILED:
        disk->state = DISK_ENDING;
        disk->next_at = front->now + ENDING_MS;
        supervise_stop(front);
        break;
    case DISK_ENDING:
        if (front->workers) {
            workers_kill(front);
            break;
        }
        disk->state = DISK_CHECKING;
        supervise_tick(front);
        break;
    default:
        break;
    }
}

void disk_check(struct front *front)
{
    struct disk *disk = &front->disk;

    if (front->release.held)
        release_expire(&front->release, front->now - HOLD_MS);
    if (front->stopping)
        return;
    if (disk->state == DISK_ENDING && !front->workers)
        disk->next_at = front->now;
    if (disk->state != DISK_WELL && front->now >= disk->next_at)
        next_step(front);
}
