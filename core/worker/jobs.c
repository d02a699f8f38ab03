/*
 * jobs.c - the jobs lane: what is due, then sleep until the next is.
 */
#include "base/banned.h"

#include <malloc.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "event/job.h"
#include "org/person.h"
#include "store/db.h"
#include "worker/internal.h"

enum {
    ROUND = 1000,           /* jobs between two looks at the front, at most */
    LONGEST_MS = 60 * 1000, /* another host may have added one */
    AFTER_ERROR_MS = 5 * 1000,
    /* Between two rounds: what many commits leave is then taken up together,
     * and a round's own commits do not stand in the way of each of theirs. */
    GATHER_MS = 100,
    QUIET_MS = 1000,
};

/* What a job has taken and given back stays with the process, until nothing
 * is to be done for a while. */
static void give_back(int done, int64_t wait)
{
    static bool worked = true;

    worked = worked || done;
    if (!worked || wait < QUIET_MS)
        return;
    malloc_trim(0);
    worked = false;
}

/* When the last round ended (clock_monotonic), 0 where more is due at once. */
static int64_t last_round;

int jobs_idle(void *self)
{
    struct process *process = self;
    struct ctx ctx;
    int64_t due = INT64_MAX, wait = last_round + GATHER_MS - clock_monotonic();
    int done;

    if (wait > 0)
        return (int)wait;
    arena_reset(process->arena);
    ctx_init(&ctx, process->arena);
    ctx.site = process->ctx->site;
    ctx.db = process->ctx->db;
    ctx.zone = process->ctx->zone;
    ctx.locale = process->ctx->locale;
    ctx.system = true;
    /* What other processes have changed since the last round. */
    person_sweep();
    done = epoch_read(&ctx);
    if (done == 0)
        done = job_run_due(&ctx, ROUND, &due);
    last_round = clock_monotonic();
    if (done < 0) {
        log_ctx(&ctx, LOG_ERROR, "jobs.failed", "error", ctx_error(&ctx), NULL);
        return AFTER_ERROR_MS;
    }
    wait = due == INT64_MAX ? LONGEST_MS : due - db_now(&ctx);
    if (wait < 0)
        wait = 0;
    /* The round was too short for all of it. */
    if (done > 0 && wait == 0)
        last_round = 0;
    give_back(done, wait);
    return wait < LONGEST_MS ? (int)wait : LONGEST_MS;
}
