/*
 * job.h - background work in the store: claimed with a lease, retried with
 * back-off, at last an incident that an administrator can retry.
 */
#ifndef EVENT_JOB_H
#define EVENT_JOB_H

#include <stdint.h>

struct ctx;
struct value;

struct job {
    int64_t id;
    const char *kind;
    const struct value *data;
    int attempt;   /* from 1 */
    void *payload; /* of its kind */
};

typedef int (*job_call)(struct ctx *ctx, const struct job *job);

struct job_kind {
    const char *kind;   /* "form.pdf_preview" */
    const char *module; /* NULL: core */
    const char *title;  /* key of a catalog; NULL: none of its own */
    job_call call;      /* 0: done; negative: tried again */
    int seconds;        /* deadline of one attempt = lease */
    int attempts;       /* then an incident; 0: the default of 5 */
    void *payload;
};
void job_register(const struct job_kind *kind);
/* The key of a kind's title; NULL: it has none, or nobody registered it. */
const char *job_title(const char *kind);

/* Adds a job in the current write transaction. due: ms UTC, 0: now. `unique`
 * (may be NULL): while a waiting job has the same kind and key none is added.
 */
int job_add(struct ctx *ctx, const char *kind, const struct value *data,
            int64_t due, const char *unique);
/* The same; *id receives the job's, or that of the one which waits already. */
int job_add_id(int64_t *id, struct ctx *ctx, const char *kind,
               const struct value *data, int64_t due, const char *unique);

/*
 * Inside a job that has more to do than one attempt should: where it then
 * answers 0 it is called again, with a whole deadline, after what else waits
 * had its turn. It keeps where it stands in the store.
 */
void job_continue(void);

/* A schedule: keeps one waiting job of that kind, every `seconds`. */
int job_schedule(struct ctx *ctx, const char *kind, int seconds);
/* It starts by itself no more. */
int job_unschedule(struct ctx *ctx, const char *kind);

/* A round of the jobs lane: collects incidents, asks the ticks, delivers the
 * outbox, runs jobs that are due, at most `most` of each; returns how many, or
 * negative.
 * *next_due: when to come again (ms UTC, INT64_MAX: nothing waits), the outbox
 * included. Each job is one slot_begin … slot_finish with its own limit and
 * its own arena. */
int job_run_due(struct ctx *ctx, int most, int64_t *next_due);

/*
 * A look at something on each round of the jobs lane (the audit's sealer):
 * cheap where there is nothing to do. *next_due: when it wants to be asked
 * again; left alone where it does not matter.
 */
typedef int (*job_tick)(struct ctx *ctx, int64_t *next_due);
void job_tick_register(const char *name, job_tick call);

/* Failed ones first, then by when they are due: list of {id, kind, state
 * (waiting, running, failed), attempt, every, due, error, at}. */
int job_list(struct value **out, struct ctx *ctx, int most, int skip);

/* Administration. A job that runs is left alone: E_CONFLICT. */
int job_retry(struct ctx *ctx, int64_t id);
int job_discard(struct ctx *ctx, int64_t id);

#include "event/incident.h"

#endif
