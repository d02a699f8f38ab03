/*
 * limit.h - how often somebody may ask for what is expensive (S19). Only for
 * the files of web/.
 */
#ifndef WEB_LIMIT_H
#define WEB_LIMIT_H

#include <stdint.h>

struct ctx;
struct route;

/* Takes one of the person's (else the address's) tokens for the route;
 * E_TOO_MANY "web.slow_down" where none is left. Each worker counts for
 * itself. */
int limit_take(struct ctx *ctx, const struct route *route);
/* Empties the buckets; for tests. */
void limit_forget(void);

#endif
