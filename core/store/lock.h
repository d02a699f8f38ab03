/*
 * lock.h - the site's one writer lock, in the shared page run/lock.
 *
 * Only the store's own files use it. The page's layout is ipc/lock_page.h.
 * Every opener holds a shared flock on the file for as long as it has the
 * store open: who gets an exclusive one knows that nobody has.
 */
#ifndef STORE_LOCK_H
#define STORE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/lock_page.h"

struct arena;
struct ctx;

struct lock {
    int fd; /* of run/lock, with the shared flock; -1: private page */
    bool held;
    int node; /* leased node number, -1: none */
    struct lock_page *page;
};

/* Maps FOLDER/run/lock; the first opener makes the page anew. folder NULL: a
 * private page for an in-memory database. *first (may be NULL) says whether
 * nobody else had the site open. */
int lock_open(struct lock *lock, struct ctx *ctx, const char *folder,
              bool *first);
void lock_close(struct lock *lock);

/* Waits for the lock, at most until `deadline` (clock_monotonic() ms; 0: 30
 * seconds). E_BUSY with "store.busy"; E_TIMEOUT where it was the deadline. */
int lock_take(struct lock *lock, struct ctx *ctx, const char *purpose,
              int64_t deadline);
void lock_give(struct lock *lock);
/* Takes it where nobody has it, or who had it has died. */
bool lock_try(struct lock *lock, const char *purpose);

/* Looks whether the holder has died, and takes the lock's affairs over: what
 * it had begun counts as done. True where it had. Any thread may. */
bool lock_adopt(struct lock_page *page);

/* After the lock was given: a commit waits for the disk. */
void lock_ring(struct lock_page *page);
/* Sleeps until the bell has rung since `heard` was read, at most `ms`. */
void lock_listen(struct lock_page *page, uint32_t heard, int ms);
/* Commits up to `number` are on the disk. Never goes back. */
void lock_publish(struct lock_page *page, uint64_t number);

/* Tells the page what the holder does. */
void lock_state(struct lock *lock, enum lock_state state);

/*
 * Takes the site for oneself alone (restore): an exclusive flock on run/lock
 * that keeps everybody else from opening it. *fd: closing it ends that.
 * E_BUSY with "store.served" where anybody has the site open.
 */
int lock_exclude(int *fd, struct ctx *ctx, const char *folder);
/* Keeps a front from serving the site (its own lock is run/serve.lock); E_BUSY
 * with "store.served" where one does. Closing *fd ends that. */
int lock_service(int *fd, struct ctx *ctx, const char *folder);

#endif
