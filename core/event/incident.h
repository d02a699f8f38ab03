/*
 * incident.h - what an administrator has to look at: failed jobs and
 * deliveries, crashed workers (collected from run/incidents), flows that
 * wait.
 */
#ifndef EVENT_INCIDENT_H
#define EVENT_INCIDENT_H

#include <stdbool.h>
#include <stdint.h>

struct ctx;
struct value;

/* One more. number: what a person was shown, for searching; may be NULL.
 * Makes its own transaction where none is open. */
int incident_add(struct ctx *ctx, const char *kind, const char *module,
                 const char *number, const struct value *data);
/* The same, unless one of that number is open. */
int incident_add_once(struct ctx *ctx, const char *kind, const char *module,
                      const char *number, const struct value *data);
int incident_close(struct ctx *ctx, int64_t id);
/* The open one that has this number; none is no error (a room's own trouble
 * that is over). In the current write transaction. */
int incident_close_number(struct ctx *ctx, const char *number);

/* Runs the job or delivery it is about once more and closes it; E_INVALID
 * where it is about neither. */
int incident_retry(struct ctx *ctx, int64_t id);

/* Newest first: list of {id, kind, module, number, data, at, open, retry}. */
int incident_list(struct value **out, struct ctx *ctx, bool open, int most,
                  int skip);

/* Files of SITE/run/incidents become rows; each is removed after the commit
 * that holds it. Returns how many. Called on each round of the jobs lane. */
int incident_collect(struct ctx *ctx);

/* For event/'s own files. */
int incident_of_delivery(struct ctx *ctx, int64_t delivery,
                         const char *subscriber, const char *topic,
                         const char *error);
int incident_of_job(struct ctx *ctx, int64_t job, const char *kind,
                    const char *module, const char *error);

#endif
