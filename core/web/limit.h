/*
 * limit.h - how often somebody may ask for what is expensive (S19). Only for
 * the files of web/.
 */
#ifndef WEB_LIMIT_H
#define WEB_LIMIT_H

#include <stdint.h>

struct ctx;
struct route;

/* Takes one of the person's and one of the address's for the route, counted
 * for all workers together; E_TOO_MANY "web.slow_down" where none is left.
 * An office shares one address, so that those who are signed in have more of
 * it together than a stranger. */
int limit_take(struct ctx *ctx, const struct route *route);

#endif
