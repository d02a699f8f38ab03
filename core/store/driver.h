/*
 * driver.h - the inside of the store, shared by its files only: what a
 * connection is, and what each of the two drivers does for it.
 *
 *   db.c       opening and closing; which driver
 *   query.c    statement cache, binding, stepping, reading
 *   tx.c       levels of transactions, snapshots, callbacks at the commit
 *   change.c   epochs and change counters
 *   sqlite*.c  the driver for the embedded file
 *   pg*.c      the driver for PostgreSQL
 */
#ifndef STORE_DRIVER_H
#define STORE_DRIVER_H

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

struct arena;
struct bulk;
struct map;
struct migration;
struct pg;
struct pg_replica;
struct pg_result;
struct sqlite3;

/* A prepared statement that is kept. */
struct statement {
    uint64_t hash, used;
    char *sql;    /* as it was asked for */
    void *handle; /* the driver's; NULL: this place is free */
    bool busy;
};

struct query {
    struct db *db;
    struct ctx *ctx;
    struct query *next; /* of the free ones */
    const char *sql;    /* lives as long as the caller's or the statement's */
    void *handle;       /* the driver's statement */
    struct statement *cached; /* NULL: finalised at its end */
    struct pg_result *result; /* PostgreSQL's rows; NULL: not yet run */
    int row;                  /* of them */
    int64_t spent;            /* ns inside the driver */
    int64_t rows;
    bool failed;
};

/* A value to be bound. Texts and blobs live until the query is run. */
enum bind_kind { BIND_NULL, BIND_INT, BIND_DOUBLE, BIND_TEXT, BIND_BLOB };

struct bind {
    enum bind_kind kind;
    int64_t integer;
    double number;
    const void *data;
    size_t length;
};

/*
 * What a driver does. Functions that may fail record the error in the ctx and
 * return its code; dooming a transaction is the caller's.
 */
struct driver {
    const char *name; /* "sqlite", "postgresql" */
    bool one_writer;  /* a write transaction has the whole site */

    int (*open)(struct db *db, struct ctx *ctx);
    void (*close)(struct db *db);

    /* Statements. prepare: *handle is the caller's to finalize; reads: it
     * may run outside of a write transaction. bind: index from 1. */
    int (*prepare)(void **handle, struct db *db, struct ctx *ctx,
                   const char *sql, bool kept);
    void (*finalize)(struct db *db, void *handle);
    bool (*reads)(const void *handle);
    int (*parameters)(const void *handle);
    int (*bind)(struct query *query, int index, const struct bind *bind);
    int (*step)(struct query *query); /* 1 row, 0 end, negative */
    int (*post)(struct query *query); /* runs it; need not wait */
    void (*reset)(struct query *query);

    /* Columns of the current row. */
    int64_t (*column_int)(struct query *query, int column);
    double (*column_double)(struct query *query, int column);
    const char *(*column_text)(struct query *query, int column, size_t *length);
    const void *(*column_blob)(struct query *query, int column, size_t *length);
    bool (*column_null)(struct query *query, int column);

    /* Transactions. begin takes the site's lock, in shared mode where the
     * driver can; commit and rollback give it back. gone: an error has ended
     * the whole transaction. commit leaves an error to be rolled back. */
    int (*begin)(struct db *db, struct ctx *ctx, const char *purpose,
                 bool shared);
    int (*alone)(struct db *db, struct ctx *ctx); /* no longer shared */
    int (*commit)(struct db *db, struct ctx *ctx);
    void (*rollback)(struct db *db);
    int (*savepoint)(struct db *db, struct ctx *ctx, int level);
    int (*release)(struct db *db, struct ctx *ctx, int level);
    int (*undo)(struct db *db, struct ctx *ctx, int level); /* and release */
    bool (*gone)(struct db *db);
    int (*guard)(struct db *db, struct ctx *ctx, const char *name);
    int (*in_order)(struct db *db, struct ctx *ctx); /* NULL: it is anyway */
    int (*snapshot)(struct db *db, struct ctx *ctx); /* begins one */
    void (*snapshot_end)(struct db *db);
    /* A snapshot of a replica takes the place of the store, where there is a
     * good one; NULL: this store has none. */
    bool (*report)(struct db *db, struct ctx *ctx);
    void (*report_end)(struct db *db);
    int64_t (*now)(struct db *db); /* ms UTC by the store's clock */

    /* What there is (dialect.h); table_exists: 1 or 0. */
    int (*columns)(struct db *db, struct map **out, struct ctx *ctx,
                   const char *table);
    int (*index_exists)(struct db *db, bool *out, struct ctx *ctx,
                        const char *table, const char *index);
    int (*table_exists)(struct db *db, struct ctx *ctx, const char *name);
    const struct bulk *bulk; /* tables as wholes (bulk.h) */

    /* Migrations: runs each statement of a text; prefix: the tables that it
     * may touch, NULL: all. */
    int (*run_text)(struct db *db, struct ctx *ctx,
                    const struct migration *migration, const char *prefix);
};

extern const struct driver sqlite_driver, pg_driver;

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
    const struct driver *driver;
    struct lock lock; /* the host's page; on SQLite also the writer lock */
    struct arena *arena;
    const char *folder; /* NULL: in memory */
    int flags;
    int slow_ms;
    int64_t deadline; /* of the running statement */
    bool internal;    /* our own statements: authorizer and deadline are off */
    const char *prefix; /* tables that a module's migration may touch */

    struct statement cache[CACHE_SETS][CACHE_WAYS];
    uint64_t tick;
    struct query *free_queries;
    int open_queries;
    int64_t changes;

    bool shared;             /* the write transaction runs beside others */
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

    struct epoch epochs[EPOCHS_MAX];
    int epoch_count;
    bool epochs_stale;    /* raised here since they were read */
    int64_t epochs_at;    /* when they were read; 0: they must be */
    uint64_t epochs_seen; /* the counter of changes at that time */

    /* The SQLite driver's own. */
    struct sqlite3 *sql;
    struct sqlite3_stmt *words[4]; /* sqlite_tx.c: BEGIN, COMMIT, … */
    const char *file;
    bool group; /* durability = "group" */
    int page_size;
    int busy_ms; /* how long SQLite's own locks are waited for */
    int64_t busy_since;
    int log_frames;  /* of the log after the last commit */
    bool wrote;      /* whether that one had any */
    bool outward;    /* db.h, db_outward */
    int64_t changed; /* rows of the connection before the transaction */

    /* The PostgreSQL driver's own. */
    struct pg *pg;
    struct pg_replica *replica; /* NULL: none configured, or not yet asked */
};

/* The site's folders and the host's page in run/lock; a restore that was cut
 * off is put back first. Each driver's `open` calls it. */
int db_open_page(struct db *db, struct ctx *ctx);

/* Marks the innermost level as failed. */
void tx_doom(struct db *db);

/* Ends what is open: called by db_close. */
void tx_abandon(struct db *db);

/* Gives every cached statement back. */
void query_cache_clear(struct db *db);

/* Tells others which change counters rose; the lock is still held. */
void changes_publish(struct db *db);
/* What other hosts have changed was not heard: everything counts as new. */
void changes_missed(struct lock_page *page);

#endif
