/*
 * dispatch.h - lanes: bounded queues, and which worker takes what.
 */
#ifndef FRONT_DISPATCH_H
#define FRONT_DISPATCH_H

struct exchange;
struct front;

/* Queues the exchange in its lane, or answers 503 where 256 wait. */
void dispatch_submit(struct exchange *exchange);
/* Takes it out of its queue again. */
void dispatch_forget(struct exchange *exchange);
/* Gives waiting requests to free workers. */
void dispatch_run(struct front *front, int lane);
/* Ends what has waited too long; called by the tick. */
void dispatch_check(struct front *front);

#endif
