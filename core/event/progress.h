/*
 * progress.h - jobs that somebody watches: how far they are, and what they
 * leave, a text, a link or a file.
 *
 * The page /jobs/ID and GET /api/v1/jobs/ID (portal/) show it to who started
 * the job, and to administrators; the file is for who started it alone. A row
 * is kept for a week, then it goes with its file.
 */
#ifndef EVENT_PROGRESS_H
#define EVENT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "event/job.h"

struct job_watch {
    int64_t person;                /* who watches; 0: administrators only */
    const char *title;             /* catalog key of what people see */
    const struct value *arguments; /* of that text; NULL */
    int64_t due, delay;            /* as for job_order() */
    int priority;
    const char *unique;
};

/*
 * job_order() of a job that somebody watches, in the current write transaction.
 * *id (may be NULL) receives what "/jobs/%lld" names; where `unique` says that
 * one waits already, that one's.
 */
int job_watch(int64_t *id, struct ctx *ctx, const char *kind,
              const struct value *data, const struct job_watch *watch);

/*
 * Inside a job: it has done `done` of `total` (0: nobody knows). Cheap: at
 * most one write a second; in an open transaction it is seen with that one's
 * commit. Where nobody watches it only asks job_check(): E_TIMEOUT where the
 * job is cancelled. E_INVALID where done is negative or more than a known
 * total.
 */
int job_progress(struct ctx *ctx, int64_t done, int64_t total);

/* Inside a job: what it says when it is done: a text of the catalogs, and an
 * own path where that leads (NULL: nowhere). The last call holds. */
int job_result(struct ctx *ctx, const char *key, const struct value *arguments,
               const char *link);
/* The same with the file that `fd` holds, from its start. */
int job_result_file(struct ctx *ctx, int fd, const char *name,
                    const char *type);

/* Inside a job: who started it; 0: nobody (a schedule), or not inside one. */
int64_t job_person(void);
/* Inside a job that somebody watches: its id; else 0. */
int64_t job_current(void);

/*
 * {id, title, state: "waiting" | "running" | "failed" | "done" |
 * "cancelled" | "gone", done, total, percent? (where total is known), result?,
 * link?, file? (its name), problem? (why the last attempt failed, in the
 * reader's language), may_cancel? (job_cancel() takes it), ending? (it was
 * cancelled and runs still), at, finished}. *person: who may see it, besides
 * administrators; the caller asks. E_NOT_FOUND.
 */
int job_state(struct value **out, int64_t *person, struct ctx *ctx, int64_t id);
/* What kind of job it is, or was within a week. E_NOT_FOUND silently. */
int job_kind_of(const char **kind, struct ctx *ctx, int64_t id);
/* Opens its file; the caller has asked job_state() and closes. E_NOT_FOUND. */
int job_file(int *fd, const char **name, const char **type, struct ctx *ctx,
             int64_t id);

/* Lets go of its file before the week is over. */
int job_file_forget(struct ctx *ctx, int64_t id);

/* 1 where a job's result is this blob; for the collector of files. */
int job_file_used(struct ctx *ctx, const char *hash);
/* Forgets what is older than a week. */
int job_progress_purge(struct ctx *ctx);

/* For job.c: around one attempt (watched: somebody does, `person` or with 0 the
 * administrators), and in the transaction that settles it (problems: of the
 * attempt that failed; NULL: it is done). */
void job_watched_begin(struct ctx *ctx, int64_t job, bool watched,
                       int64_t person);
void job_watched_end(void);
int job_watched_settle(struct ctx *ctx, int64_t job, const char *problem);
int job_watched_cancel(struct ctx *ctx, int64_t job);
/* Who watches it asks again. */
int job_watched_tell(struct ctx *ctx, int64_t job);
/* The first problem, to be kept and translated when it is shown. */
const char *job_watched_problem(const struct ctx *own, struct ctx *ctx, int rc);

#endif
