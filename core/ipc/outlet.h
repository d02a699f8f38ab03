/*
 * outlet.h - what a worker tells the front beside its answers: live events,
 * ended sessions, "jobs wait", "modules changed".
 *
 * Call them after the commit of what they announce. In a process without a
 * front (commands, unit tests) they do nothing and return E_NOT_FOUND; a
 * command then asks over the control socket (control.h).
 */
#ifndef IPC_OUTLET_H
#define IPC_OUTLET_H

#include <stdint.h>

/* worker/ says where the front is, and how `begun` is read (may be NULL). */
void outlet_set(int fd, uint64_t (*begun)(void));

/* An event to the open streams of `user` (0: everybody's). `topic` is
 * printable ASCII without spaces, at most 120 bytes. */
int outlet_event(int64_t user, const char *topic);
/* Ends a user's open streams, or those of one session (S62). session NULL or
 * "": all of the user's. */
int outlet_end_streams(int64_t user, const char *session);
/* Jobs or outbox rows wait. */
int outlet_wake(void);
/* Modules were enabled, disabled, installed, freed from quarantine: a new
 * generation shall start. How that went stands in run/generation.json. */
int outlet_reload(void);

#endif
