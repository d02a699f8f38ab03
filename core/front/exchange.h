/*
 * exchange.h - one request, from its head to the line in the log.
 */
#ifndef FRONT_EXCHANGE_H
#define FRONT_EXCHANGE_H

#include <stddef.h>
#include <stdint.h>

struct conn;
struct exchange;

/* A whole header block came (it is lower-cased in place and forgotten after).
 * Answers, or decides what comes next. */
void exchange_begin(struct conn *conn, char *block, size_t length);

/* Answers something that is no request (400, 408, 414, 431). */
void exchange_refuse(struct conn *conn, int status);

/* Takes bytes of the body; *used says how many. */
void exchange_body(struct exchange *exchange, const char *data, size_t length,
                   size_t *used);

/* A worker said that the announced body may come, up to `limit` bytes. */
void exchange_allowed(struct exchange *exchange, uint64_t limit);

/* Answers with an error page and ends. limit: bytes, for 413. */
void exchange_fail(struct exchange *exchange, int status, int64_t limit);
/* The same, with an incident number in the page (500, 503, 504). */
void exchange_fail_incident(struct exchange *exchange, int status,
                            const char *incident);

/* 503 with the words of front.error.NAME; `words` is a static text. */
void exchange_fail_words(struct exchange *exchange, const char *words);

/* The client stopped in the midst of its body: no answer. */
void exchange_abandon(struct exchange *exchange);
/* The client is gone. */
void exchange_orphan(struct exchange *exchange);

/* The answer has left: writes the access log, counts, frees; the connection
 * goes on. Called by reply.c and stream.c. */
void exchange_done(struct exchange *exchange);

#endif
