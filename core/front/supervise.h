/*
 * supervise.h - the workers' lives: seats, restarts, generations, deadlines.
 */
#ifndef FRONT_SUPERVISE_H
#define FRONT_SUPERVISE_H

#include <stdbool.h>

struct front;
struct worker;

/* Lays out the seats. */
void supervise_init(struct front *front);
/* Starts what is due, moves a replacement on, retires the old; four times a
 * second. */
void supervise_tick(struct front *front);

/* A worker is at work: deadlines are looked at from now on. */
void supervise_busy(struct front *front);

/* A worker has loaded; one has died. */
void supervise_ready(struct worker *worker);
void supervise_gone(struct worker *worker, int status, bool planned);

/* Put a new one in this worker's place (it has grown, or served enough). */
void supervise_recycle(struct worker *worker);

/* A new generation: one worker of it first, then the others one by one. The
 * first failing keeps the one in force. why: for the log. */
void supervise_reload(struct front *front, const char *why);

/* Jobs wait. */
void supervise_nudge(struct front *front);

/* No more new workers; those that are there end. */
void supervise_stop(struct front *front);

#endif
