/*
 * work.h - what jobs and deliveries share: leases, back-off, their own
 * context. For event/'s own files.
 */
#ifndef EVENT_WORK_H
#define EVENT_WORK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Ends an UPDATE of event_job that sets state = 0: not where another job of the
 * same kind and key waits already (event_job_key), which changes no row.
 */
#define NO_OTHER_WAITS                                                         \
    " AND NOT EXISTS (SELECT 1 FROM event_job o WHERE o.state = 0"             \
    " AND o.kind = event_job.kind AND o.key = event_job.key"                   \
    " AND o.id <> event_job.id)"

struct ctx;
struct value;

enum { WORK_ATTEMPTS = 5, WORK_SECONDS = 60 };

/* A context for one piece of work: own arena, no problems, a deadline. */
void work_begin(struct ctx *own, const struct ctx *ctx, const char *module,
                int seconds);
/* Undoes what the work left open. Its problems are read before. */
void work_end(struct ctx *own);

/* When to try again after attempt 1, 2, …: 5 s, 20 s, 80 s … at most an
 * hour, with up to a quarter more by chance. ms UTC. */
int64_t work_retry_at(int attempt);

/* Once in a process: rows that run by a process that is no more wait again.
 * `table` is event_job or event_delivery. */
int work_free_dead(struct ctx *ctx, const char *table);

/* The first problem as text for an administrator, at most 500 bytes. */
const char *work_error(const struct ctx *own, struct ctx *ctx);

/* Parses stored JSON; NULL gives a null value. */
int work_data(const struct value **out, struct ctx *ctx, const char *text);

#endif
