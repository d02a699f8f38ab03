/*
 * job.h - background work in the store: claimed with a lease, retried with
 * back-off, at last an incident that an administrator can retry.
 *
 * What a job does happens at least once: a process that dies before the end
 * is written leaves it to another. What an `atomic` kind writes happens
 * exactly once, because it is saved together with that end.
 */
#ifndef EVENT_JOB_H
#define EVENT_JOB_H

#include <stdbool.h>
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

enum { JOB_FIRST = 1, JOB_PRIORITY = 5, JOB_LAST = 9 };

struct job_kind {
    const char *kind;   /* "form.pdf_preview" */
    const char *module; /* NULL: core */
    const char *title;  /* key of a catalog; NULL: none of its own */
    job_call call;      /* 0: done; negative: tried again */
    int seconds;        /* deadline of one attempt = lease */
    int attempts;       /* then an incident; 0: the default of 5 */
    int priority;       /* 1 first … 9 last; 0: 5 */
    /* So many jobs of the module run at the same time, over all hosts; 0: as
     * many as there are workers. The same for all kinds of a module. */
    int parallel;
    /* It runs in the transaction that writes its end: what it saves is saved
     * exactly once. It holds up whoever saves, so it must be short. */
    bool atomic;
    /* What it began is ended in its own place: nobody cancels it. */
    bool stays;
    /* In the transaction that cancels one: its room's own state. NULL. */
    int (*cancelled)(struct ctx *ctx, const struct value *data);
    void *payload;
};
void job_register(const struct job_kind *kind);
/* The key of a kind's title; NULL: it has none, or nobody registered it. */
const char *job_title(const char *kind);

/* ---- adding ---- */

struct job_order {
    const char *kind;
    const struct value *data;
    int64_t due;   /* ms UTC; 0: now */
    int64_t delay; /* ms from now, where `due` is 0 */
    int priority;  /* 0: the kind's */
    /* While a waiting job has the same kind and key none is added; NULL. */
    const char *unique;
};

/* Adds a job in the current write transaction. *id receives the job's, or that
 * of the one which waits already. E_INVALID where the priority is none. */
int job_order(int64_t *id, struct ctx *ctx, const struct job_order *order);
/* The same in short. */
int job_add(struct ctx *ctx, const char *kind, const struct value *data,
            int64_t due, const char *unique);

/* ---- inside a job ---- */

/*
 * It has more to do than one attempt should: where it then answers 0 it is
 * called again, with a whole deadline, after what else waits had its turn. It
 * keeps where it stands in the store.
 */
void job_continue(void);
/* The same after so many ms: it waits for something else than its turn. */
void job_continue_in(int64_t ms);
/* E_TIMEOUT where somebody has cancelled it. Looks at most once a second;
 * job_progress() asks it. 0 outside of a job. */
int job_check(struct ctx *ctx);

/* ---- schedules ---- */

/* Keeps one waiting job of that kind, every `seconds`. */
int job_schedule(struct ctx *ctx, const char *kind, int seconds);
/* The same by the calendar: base/cron.h. zone: IANA name; NULL: the site's.
 * E_INVALID where either is none. */
int job_schedule_cron(struct ctx *ctx, const char *kind, const char *cron,
                      const char *zone);
/* It starts by itself no more. */
int job_unschedule(struct ctx *ctx, const char *kind);

/* ---- the jobs lane ---- */

/* A round of the jobs lane: collects incidents, asks the ticks, delivers the
 * outbox, runs at most `most` jobs that are due, for a fraction of a second
 * (but at least one); returns how much it did, or negative.
 * *next_due: when to come again (ms UTC by the store's clock, INT64_MAX:
 * nothing waits), the outbox included. Each job is one slot_begin …
 * slot_finish with its own limit and its own arena. */
int job_run_due(struct ctx *ctx, int most, int64_t *next_due);

/*
 * A look at something on each round of the jobs lane (the audit's sealer):
 * cheap where there is nothing to do. *next_due: when it wants to be asked
 * again; left alone where it does not matter.
 */
typedef int (*job_tick)(struct ctx *ctx, int64_t *next_due);
void job_tick_register(const char *name, job_tick call);

/* ---- administration ---- */

struct job_query {
    const char *state;  /* "waiting", "running", "failed"; NULL: any */
    const char *kind;   /* NULL: any */
    const char *module; /* NULL: any; "": the core's */
    int schedules;      /* 1: schedules only; -1: none of them; 0: both */
    int limit, offset;
};

/* Failed, running, then waiting ones by when they are due; only waiting ones:
 * as they will be taken. A list of {id, kind, module, state, priority, attempt,
 * may_cancel, schedule, every (ms), cron, zone, due, begun, at, error, cancel
 * (it shall end), watched (/jobs/ID is there), done, total (as far as it said
 * so)}. */
int job_list(struct value **out, struct ctx *ctx,
             const struct job_query *query);
/* How many the query finds, its limit aside. */
int job_count(int64_t *out, struct ctx *ctx, const struct job_query *query);
/* What there is to choose from: {kinds: [...], modules: [...]}. */
int job_choices(struct value **out, struct ctx *ctx);

/*
 * What could not be done, job or delivery, oldest first: {id, what ("job",
 * "delivery"), name (the kind or subscriber), module, topic, subject,
 * attempt, at, error, data}. After `after` (an id, 0: from the start), at most
 * `most`.
 */
int job_dead_letters(struct value **out, struct ctx *ctx, int64_t after,
                     int most);

/* Runs it now, with all its attempts, and closes its incident. One that runs
 * is left alone: E_CONFLICT. */
int job_retry(struct ctx *ctx, int64_t id);
/* The waiting or failed one is gone; one that runs is told to end and is not
 * tried again. E_INVALID for a schedule that waits, and for kinds that stay. */
int job_cancel(struct ctx *ctx, int64_t id);
/* Of a waiting or failed one. E_INVALID, E_CONFLICT. */
int job_set_priority(struct ctx *ctx, int64_t id, int priority);

#include "event/incident.h"

#endif
