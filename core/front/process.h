/*
 * process.h - a worker's process: starting, stopping, ending it.
 */
#ifndef FRONT_PROCESS_H
#define FRONT_PROCESS_H

struct front;
struct seat;
struct worker;

/* Starts a worker for a seat; NULL where that failed (logged). */
struct worker *worker_start(struct front *front, struct seat *seat,
                            int generation);

/* Asks it to end: at once when it is idle, else after its request. */
void worker_stop(struct worker *worker);

/* Ends it by force: SIGABRT, so that it can write its report, soon after
 * SIGKILL. kind: why ("timeout", "protocol", …); static text. */
void worker_end(struct worker *worker, const char *kind);
/* The next step of that; called by the tick. */
void worker_end_check(struct worker *worker);

/* Collects children that have ended; called on SIGCHLD. */
void workers_reap(struct front *front);
/* Kills all that is left; for the last moment. */
void workers_kill(struct front *front);

#endif
