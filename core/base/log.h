/*
 * log.h - structured logs: one JSON object a line on standard error.
 *
 * Values are JSON-escaped, so that a line cannot be forged (S38). Neither
 * secrets nor what people wrote go in.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

struct ctx;
struct person;

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* What this process calls itself in the log ("front", "pages-2"). Copied. */
void log_process(const char *name);
const char *log_process_name(void);
void log_level_set(enum log_level least);

/*
 * Lines below LOG_WARN wait for log_flush, or until 4 KiB do (what a pipe takes
 * in one piece): for a process that logs each request and calls log_flush in
 * its loop. A crash loses those that wait.
 */
void log_defer(bool on);
void log_flush(void);

/* How log_ctx learns the id of ctx->person, whose structure is org's. */
void log_person_with(int64_t (*id_of)(const struct person *));
/* That id; 0 where nobody is signed in. */
int64_t log_person_id(const struct ctx *ctx);

/*
 * Writes {"time","level","process","event",…pairs}. Pairs of strings (key,
 * value), ended by NULL; a NULL value is written as null.
 *   log_event(LOG_WARN, "worker.died", "slot", "2", "signal", "11", NULL);
 */
void log_event(enum log_level level, const char *event, ...)
    __attribute__((sentinel));
/* With the request's id, person and address from the context. */
void log_ctx(const struct ctx *ctx, enum log_level level, const char *event,
             ...) __attribute__((sentinel));
/* The digits of a number, for a log_event argument; a ring of 16 buffers. */
const char *log_int(int64_t number);

#endif
