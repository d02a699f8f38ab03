/*
 * dispatch.h - lanes: bounded queues, and which worker takes what.
 */
#ifndef FRONT_DISPATCH_H
#define FRONT_DISPATCH_H

struct exchange;
struct front;
struct worker;

/* Queues the exchange in its lane; answers 503 where 256 wait there, 429 where
 * its session or address has its share already. */
void dispatch_submit(struct exchange *exchange);
/* It does not count at its session or address any more. */
void dispatch_uncount(struct exchange *exchange);
/* Takes it out of its queue again. */
void dispatch_forget(struct exchange *exchange);
/* Gives waiting requests to free workers. */
void dispatch_run(struct front *front, int lane);
/* What was given to the worker ahead waits again, before all others, unless
 * the worker has begun it already. */
void dispatch_take_back(struct worker *worker);
/* The same for all that a dead worker has not begun. */
void dispatch_inherit(struct worker *worker);
/* The disk has failed: ends everything that waits. */
void dispatch_refuse(struct front *front);
/* Ends what has waited too long; called by the tick. */
void dispatch_check(struct front *front);

#endif
