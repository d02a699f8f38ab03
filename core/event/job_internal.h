/*
 * job_internal.h - between the files of jobs.
 */
#ifndef EVENT_JOB_INTERNAL_H
#define EVENT_JOB_INTERNAL_H

#include "event/job.h"

struct arena;
struct vector;

/* ---- job.c ---- */

struct arena *job_registry(void);
const struct job_kind *job_kind_find(const char *name);
/* All of struct job_kind. */
const struct vector *job_kinds(void);

/* Whether its last job in this process took so little that others may wait
 * behind the next. One that has not run yet is not. */
enum { QUICK_MS = 50 };
bool job_quick(const struct job_kind *kind);
void job_took(const struct job_kind *kind, int64_t ms);

/* ---- job_schedule.c ---- */

/* When a schedule runs after `now`: every `every` ms, or by its calendar. */
int64_t schedule_next(struct ctx *ctx, int64_t now, int64_t every,
                      const char *cron, const char *zone);

/* ---- job_claim.c ---- */

enum { BATCH_MAX = 32 };

struct claimed {
    int64_t id, every, due;
    const struct job_kind *kind;
    const char *data, *cron, *zone;
    int attempt; /* the one that begins */
    bool cancelled;
    /* Once it has begun: whose it is, where somebody watches it. */
    bool watched;
    int64_t person;
};

/* What this process has claimed: `at` is the one that has begun, `count` where
 * none is left. */
struct batch {
    struct claimed items[BATCH_MAX];
    int count, at;
    int64_t lease; /* of those that have not begun */
};

/*
 * Claims up to `most` jobs that are due and begins the first. An attempt
 * counts when it begins, not when it is claimed: what kills its process must
 * not cost the others of the batch an attempt.
 */
int batch_claim(struct batch *out, struct ctx *ctx, int most);
/* In the transaction that settles batch->at: the next one begins. Those that
 * another process has taken meanwhile are left out. */
int batch_next(struct ctx *ctx, struct batch *batch);
/* The same, but what has not begun is left to whoever comes. */
int batch_release(struct ctx *ctx, struct batch *batch);

/* When the next job of a known kind is due, as far as it is before *due. */
int claim_next_due(int64_t *due, struct ctx *ctx);

/* Whether `job` is this process's still: for the WHERE of what settles it. */
#define JOB_OURS " WHERE id = ?1 AND state = 1 AND owner = ?2 AND host = ?3"

/* ---- job_settle.c ---- */

/* In a transaction. JOB_LOST, with nothing written, where another process has
 * taken it over. */
enum { JOB_LOST = 1 };
int settle_done(struct ctx *ctx, const struct claimed *job);
int settle_again(struct ctx *ctx, const struct claimed *job, int64_t pause);
/* What failed: tried again, an incident, or gone where it was cancelled. */
int settle_failed(bool *cancelled, struct ctx *ctx, const struct claimed *job,
                  const char *error);
int settle_cancelled(struct ctx *ctx, const struct claimed *job);
/* Whether somebody has cancelled it. */
int settle_asked(bool *cancelled, struct ctx *ctx, const struct claimed *job);
/* Its open incidents have nothing left to say. */
int job_incidents_close(struct ctx *ctx, int64_t id);

#endif
