/*
 * own.h - the few paths that the front answers itself: /healthz, /readyz,
 * /metrics, the stylesheet of the error pages.
 */
#ifndef FRONT_OWN_H
#define FRONT_OWN_H

#include <stdbool.h>
#include <stddef.h>

struct exchange;
struct front;

/* Answers where the path is one of ours. */
bool own_answer(struct exchange *exchange);

/* Writes /metrics, followed by `more` (a worker's own lines). */
void own_metrics(struct exchange *exchange, const void *more, size_t length);

/* Plain HTTP beside TLS (S59): a page is told where it is now (308), the API
 * and whatever changes something is refused, that no token is sent twice. */
void own_redirect(struct exchange *exchange);

/* True with at least one ready page worker and the keeper. */
bool front_is_ready(const struct front *front);

#endif
