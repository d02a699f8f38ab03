/*
 * checkpoint.h - moving the log into the database, always under the writer
 * lock: beside a commit, Debian 12's SQLite loses pages (pitfalls 2).
 */
#ifndef STORE_CHECKPOINT_H
#define STORE_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

struct ctx;
struct db;

/* The log's mark in pages: how long it gets before it is moved, though people
 * write. */
enum {
    MARK_LEAST = 400,
    MARK_FIRST = 2000,
    MARK_MOST = 30000,
    CHECKPOINT_MS = 50, /* for so long at most a checkpoint has the lock */
};

/* The next mark, after a checkpoint of `pages` that had the lock for `ms`. */
int checkpoint_mark(int mark, int64_t pages, int64_t ms);

/* Takes the lock and moves what no reader needs any more; with `truncate`
 * also cuts the log's file to nothing. *ms: how long the lock was held. Busy
 * readers are no error. */
int checkpoint_run(struct ctx *ctx, bool truncate, int64_t *ms);

/* While a transaction that has just committed still holds the lock: does the
 * keeper's work where there is no keeper and the log has grown. */
void checkpoint_after_commit(struct db *db);

/* At the end of a connection: the same, down to an empty log. */
void checkpoint_unkept(struct db *db);

/* Becomes the one who checkpoints: a flock on run/keeper. *fd: closing it
 * ends that. E_BUSY (no problem recorded) where somebody is. */
int checkpoint_keep(int *fd, const char *folder);

#endif
