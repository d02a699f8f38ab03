/*
 * worker.c - a worker process from its start to its end.
 */
#include "base/banned.h"

#include "worker/worker.h"

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"
#include "event/live.h"
#include "ipc/link.h"
#include "ipc/outlet.h"
#include "ipc/slot.h"
#include "store/db.h"
#include "worker/crash.h"
#include "worker/internal.h"

enum { DESCRIPTORS_MAX = 1024, JOBS_NICE = 10 };

static struct process process;

static uint64_t begun_now(void)
{
    return process.ctx && process.ctx->db ? db_begun(process.ctx) : 0;
}

/* event/live.h speaks in three words; the front hears frames. */
static void tell_front(const char *kind, int64_t user, const char *topic)
{
    if (strcmp(kind, "event") == 0)
        outlet_event(user, topic);
    else if (strcmp(kind, "end") == 0)
        outlet_end_streams(user, topic);
    else if (strcmp(kind, "wake") == 0)
        outlet_wake();
    else if (strcmp(kind, "reload") == 0)
        outlet_reload();
}

static int start(void *self, struct ready_part *ready, const char **reason)
{
    struct process *own = self;
    int rc = process_load(own);

    if (rc) {
        *reason = process_reason(own);
        return EXIT_FATAL;
    }
    process_tables(own, ready);
    malloc_trim(0); /* what loading has taken and given back */
    confine(own);
    return 0;
}

static int64_t memory_mark(const struct settings *settings)
{
    return (int64_t)settings->worker_memory_mb * 1024 * 1024 / 2;
}

/* The request's arena has its own limit; this one is for what modules take
 * from the system. The sanitizers' shadow counts, so not with them. */
static void limit_memory(size_t limit)
{
#ifndef __SANITIZE_ADDRESS__
    const rlim_t most = (rlim_t)limit + (rlim_t)64 * 1024 * 1024;

    setrlimit(RLIMIT_DATA, &(struct rlimit){ most, most });
#else
    (void)limit;
#endif
}

/* The front has as many as it has connections; a handler that leaks them
 * shall meet its end sooner. */
static void limit_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
        limit.rlim_cur > DESCRIPTORS_MAX)
        setrlimit(RLIMIT_NOFILE,
                  &(struct rlimit){ DESCRIPTORS_MAX, DESCRIPTORS_MAX });
}

/* Nobody looks on while a job runs: where pages want the processor, they get
 * ten times its share, and at once. Pieces of work under the writer lock are
 * bounded by the clock, so a job that is kept waiting does less of it. */
static void give_way(void)
{
    setpriority(PRIO_PROCESS, 0, JOBS_NICE);
}

static int run_lane(struct process *own)
{
    struct worker_program program = {
        .self = own,
        .start = start,
        .handle = pages_handle,
        .done = pages_done,
    };
    const struct settings *settings = &own->ctx->site->settings;
    int64_t mark = memory_mark(settings);
    size_t limit =
        (size_t)(settings->worker_memory_mb ? settings->worker_memory_mb
                                            : 512) *
        1024 * 1024;
    int code;

    if (text_equal(own->options->lane, "jobs")) {
        program.idle = jobs_idle;
        give_way();
    }
    limit_memory(limit);
    own->arena = arena_new(limit);
    code = worker_loop(&program, mark);
    arena_free(own->arena);
    db_close(own->ctx->db);
    own->ctx->db = NULL;
    return code;
}

int worker_run(struct ctx *ctx, const struct worker_options *options)
{
    /* The front's pair is where all answers go: without it this process was
     * started by hand. */
    if (slot_attach(LINK_SLOT)) {
        fprintf(stderr, "tenon: a worker is started by `tenon serve` only\n");
        return EXIT_FATAL;
    }
    log_process(options->name);
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    limit_descriptors();
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    crash_watch();
    process.ctx = ctx;
    process.options = options;
    /* A single one has no number. */
    process.first = text_equal(options->name, "pages-1") ||
                    text_equal(options->name, "pages");
    outlet_set(LINK_STREAM, begun_now);
    live_transport_set(tell_front);
    if (crypto_start())
        return EXIT_SICK;
    if (text_equal(options->lane, "keeper")) {
        confine(&process);
        return keeper_life(&process);
    }
    return run_lane(&process);
}
