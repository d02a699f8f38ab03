/*
 * blame.h - why a worker died: incidents and quarantine.
 *
 * A crash or hard time-out is written to run/incidents/ID.json, which a job
 * collects, and counted by (module, version, hash): three in 60 s, or one
 * while loading, and the module is put into run/quarantine/MODULE.json, which
 * the next generation's loader reads. With no module on the stack nothing is
 * quarantined: it is our own bug.
 */
#ifndef FRONT_BLAME_H
#define FRONT_BLAME_H

struct front;
struct worker;

/* 0, or negative without memory. */
int blame_init(struct front *front);
void blame_free(struct front *front);

/* Looks at a dead worker's slot; writes log, incident and, where it is due,
 * the quarantine (then a new generation is asked for). `incident` receives
 * the number for the page. */
void blame_death(struct worker *worker, int status, char incident[16]);

#endif
