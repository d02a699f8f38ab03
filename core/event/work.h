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

/* So long deliveries are begun before what is done of them is written down; a
 * lease ends after the last of them. ms. */
enum { WORK_TELLING_MS = 10000 };
enum { WORK_LEASE_MS = WORK_SECONDS * 1000 + WORK_TELLING_MS + 5000 };

/* A context for one piece of work: own arena, no problems, a deadline. */
void work_begin(struct ctx *own, const struct ctx *ctx, const char *module,
                int seconds);
/* Undoes what the work left open; `inside`: it ran in a transaction of the
 * caller's, which stays. Its problems are read before. */
void work_end(struct ctx *own, bool inside);

/*
 * Writes down what has been done: `call` in a transaction of its own, again
 * for some 20 s where the store was away or busy, since what was done would be
 * done twice otherwise. `call` writes only what is this process's still: after
 * a commit of which nothing was heard it is called once more.
 */
int work_settle(struct ctx *ctx, const char *purpose,
                int (*call)(struct ctx *ctx, void *argument), void *argument);

/* How long to wait after attempt 1, 2, …: 5 s, 20 s, 80 s … at most an hour,
 * with up to a quarter more by chance, so that what failed together does not
 * come back together. ms. */
int64_t work_wait(int attempt);

/* What names this machine as far as its processes' numbers mean the same. */
const char *work_host(void);

/* At the begin of a round, where this process has nothing in hand: the leases
 * of this machine's processes that are no more end now. `table` is event_job or
 * event_delivery. *at: when to look again, 0 at first (clock_monotonic()). */
int work_free_dead(struct ctx *ctx, const char *table, int64_t *at);

/* The first problem as text for an administrator, at most 500 bytes. */
const char *work_error(const struct ctx *own, struct ctx *ctx);

/* Parses stored JSON; NULL gives a null value. */
int work_data(const struct value **out, struct ctx *ctx, const char *text);

#endif
