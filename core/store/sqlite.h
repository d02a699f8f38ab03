/*
 * sqlite.h - the inside of the SQLite driver, shared by its files only.
 *
 *   connection.c  opening, settings, authorizer, errors
 *   query.c       statement cache, binding, stepping
 *   tx.c          transactions, snapshots, epochs, counters
 *   function.c    functions of ours that statements may call
 *   tally.c       the one that counts and sums by groups
 *   checkpoint.c  moving the log into the database
 */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include <sqlite3.h>

#include "store/db.h"
#include "store/lock.h"

enum {
    CACHE_SETS = 64,
    CACHE_WAYS = 4,
    LEVELS_MAX = 16,
    EPOCHS_MAX = 32,
    EPOCH_NAME_MAX = 24,
    RAISED_MAX = 64,
    BUSY_MS = 2000, /* the kernel frees a dead holder's file locks late */
};

struct statement {
    uint64_t hash, used;
    char *sql; /* as it was asked for */
    sqlite3_stmt *stmt;
    bool busy;
};

struct query {
    struct db *db;
    struct ctx *ctx;
    struct query *next; /* of the free ones */
    sqlite3_stmt *stmt;
    struct statement *cached; /* NULL: finalised at its end */
    int64_t spent;            /* ns inside SQLite */
    int64_t rows;
    bool failed;
};

/* What is to be done at the outermost commit; newest first. */
struct at_commit {
    struct at_commit *next;
    int (*before)(struct ctx *, void *);
    void (*after)(struct ctx *, void *);
    void *argument;
    int level;
};

struct epoch {
    char name[EPOCH_NAME_MAX];
    int64_t number;
};

struct db {
    sqlite3 *sql;
    struct lock lock;
    struct arena *arena;
    const char *folder; /* NULL: in memory */
    const char *file;
    int flags;
    bool group; /* durability = "group" */
    int slow_ms;
    int page_size;
    int busy_ms; /* how long SQLite's own locks are waited for */
    int64_t busy_since;
    int64_t deadline; /* of the running statement */
    bool internal;    /* our own statements: authorizer and deadline are off */
    const char *prefix; /* tables that a module's migration may touch */

    struct statement cache[CACHE_SETS][CACHE_WAYS];
    uint64_t tick;
    struct query *free_queries;
    int open_queries;
    int64_t changes;

    int depth;               /* levels of the write transaction */
    bool doomed[LEVELS_MAX]; /* a statement of that level failed */
    int read_depth;
    bool read_open;
    struct at_commit *before, *after;
    struct arena *tx_arena; /* theirs; empty outside of transactions */
    int calling;            /* levels of callbacks after a commit */
    uint16_t raised[RAISED_MAX];
    int raised_count;
    bool raised_all;
    uint64_t committed;
    int log_frames; /* of the log after the last commit */

    struct epoch epochs[EPOCHS_MAX];
    int epoch_count;
};

/* Records what SQLite said; returns our code. `sql` is for the log only. */
int db_fail(struct db *db, struct ctx *ctx, int rc, const char *sql);

/* Runs one of the driver's own statements (BEGIN, PRAGMA, …); returns
 * SQLite's code. */
int db_run(struct db *db, const char *sql);

/* Makes our functions known to a new connection; SQLite's code. */
int functions_add(sqlite3 *sql);
int tally_add(sqlite3 *sql);

/* Marks the innermost level as failed. */
void tx_doom(struct db *db);

/* Ends what is open: called by db_close. */
void tx_abandon(struct db *db);

/* Gives every cached statement back. */
void query_cache_clear(struct db *db);

#endif
