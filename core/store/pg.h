/*
 * pg.h - the inside of the PostgreSQL driver, shared by its files only.
 *
 *   pg_connect.c  the connection: opening, checks, losing it, opening it again
 *   pg_wire.c     commands and their results, always in pipeline mode
 *   pg_error.c    what the server's errors mean to us
 *   pg_query.c    statements: prepare, bind, step, read
 *   pg_tx.c       transactions, advisory locks, snapshots
 *   pg_dialect.c  our SQL in PostgreSQL's words
 *   pg_schema.c   migrations, what tables there are
 *   pg_bulk.c     many rows at once, by COPY
 *   pg_beside.c   a second connection, for what two processors can do at once
 *   pg_catalog.c  tables as definitions, for a copy
 *   pg_private.c  a schema for one test
 *   pg_keeper.c   the keeper of a host
 *   pg_hosts.c    what hosts tell each other
 *   pg_replica.c  a second connection, for reports
 *
 * libpq is loaded when a site needs it (base/late.h): a site on SQLite has
 * nothing of it in memory.
 */
#ifndef STORE_PG_H
#define STORE_PG_H

#include <libpq-fe.h>

#include "base/late.h"
#include "store/driver.h"

struct keeper_link;

/* libpq's functions that we call. */
struct pq {
    LATE(PQconnectdbParams);
    LATE(PQfinish);
    LATE(PQstatus);
    LATE(PQhost);
    LATE(PQuser);
    LATE(PQdb);
    LATE(PQsocket);
    LATE(PQserverVersion);
    LATE(PQparameterStatus);
    LATE(PQerrorMessage);
    LATE(PQsetNoticeProcessor);
    LATE(PQsetnonblocking);
    LATE(PQenterPipelineMode);
    LATE(PQexitPipelineMode);
    LATE(PQpipelineSync);
    LATE(PQsendQueryParams);
    LATE(PQsendPrepare);
    LATE(PQsendQueryPrepared);
    LATE(PQexec);
    LATE(PQflush);
    LATE(PQconsumeInput);
    LATE(PQisBusy);
    LATE(PQgetResult);
    LATE(PQnotifies);
    LATE(PQbackendPID);
    LATE(PQfreemem);
    LATE(PQgetCancel);
    LATE(PQcancel);
    LATE(PQfreeCancel);
    LATE(PQresultStatus);
    LATE(PQresultErrorField);
    LATE(PQclear);
    LATE(PQntuples);
    LATE(PQnfields);
    LATE(PQftype);
    LATE(PQgetvalue);
    LATE(PQgetisnull);
    LATE(PQgetlength);
    LATE(PQcmdTuples);
    LATE(PQcmdStatus);
    LATE(PQputCopyData);
    LATE(PQputCopyEnd);
    LATE(PQgetCopyData);
};
extern struct pq pq;

enum { /* of catalog pg_type */
       PG_BOOL = 16,
       PG_BYTEA = 17,
       PG_INT8 = 20,
       PG_INT2 = 21,
       PG_INT4 = 23,
       PG_TEXT = 25,
       PG_FLOAT8 = 701,
       PG_VARCHAR = 1043,
};

enum {
    PG_LOCK_SITE = 0x54454e01, /* classes of advisory locks */
    PG_LOCK_NODE = 0x54454e02,
    PG_LOCK_HOST = 0x54454e03,
    PG_TEXT_MAX = 400,
};

/* A batch's command that went wrong: 0 is the first. */
enum { PG_NONE = -1 };

/* What a transaction still has to send before its first statement. */
enum pg_pending { PG_SENT, PG_SHARED, PG_ALONE, PG_SNAPSHOT };

struct pg_beside;

struct pg {
    PGconn *conn;   /* NULL: lost */
    int generation; /* raised by each connection, from 1 */
    int queued;     /* commands of the batch that is being made */
    int posted;     /* of them statements that somebody takes for done */
    int owed;       /* batches whose results nobody has read */
    bool open;      /* BEGIN has been sent */
    bool lost;      /* the connection went within a transaction */
    enum pg_pending pending;
    bool broken;         /* a command could not even be queued */
    int failed_at;       /* the command of the last batch that failed */
    int lock_at;         /* the queued command that waits for a lock */
    int32_t site;        /* what advisory locks of this site are about */
    int node_key;        /* the leased node number; PG_NONE: none */
    int64_t timeout_ms;  /* statement_timeout for a request */
    int64_t timeout_set; /* of the session now; 0: none */
    int64_t again_at;    /* monotonic ms: before, no new connection is tried */
    int64_t clock_at;    /* monotonic ms when the server's clock was read */
    bool standby;        /* a replica: reads, and never more than one report */
    const char *url;
    struct pg_beside *beside; /* NULL: nobody has asked for it */
};

struct pg_statement {
    char *sql; /* in PostgreSQL's words */
    bool reads;
    bool kept;
    int generation; /* of the connection that has it prepared; 0: none */
    bool stale;     /* it has it for other types, and not for these */
    int left, span; /* runs until it is prepared anew; of so many */
    char name[16];
    int count;     /* parameters */
    Oid *types;    /* as prepared; 0: PostgreSQL finds out */
    Oid *wanted;   /* as bound */
    char **values; /* bound; in `data` */
    int *lengths, *formats;
    size_t *offsets; /* in `data`; SIZE_MAX: NULL */
    char *data;
    size_t used, capacity;
};

/* ---- pg_connect.c ---- */

int pg_open(struct db *db, struct ctx *ctx);
void pg_close(struct db *db);
/* Makes a connection by the address, checked by nothing but itself; refuses
 * with one sentence that names host, user and reason. */
int pg_dial(PGconn **out, struct ctx *ctx, const char *url);
/* Connects again where the connection was lost; E_UNAVAILABLE. */
int pg_ensure(struct db *db, struct ctx *ctx);
/* Opens db->pg, a replica's. */
int pg_connect_standby(struct db *db, struct ctx *ctx);
/* The same ctx without its problems: for what the caller shall not hear of. */
struct ctx pg_apart(const struct ctx *ctx);
/* The connection is gone; a transaction that was open with it. */
void pg_lose(struct db *db);
int64_t pg_now(struct db *db);

/* ---- pg_keeper.c ---- */

/* keeper_run for a site on PostgreSQL. */
int pg_keeper_run(struct ctx *ctx, const struct keeper_link *link);

/* ---- pg_hosts.c ---- */

/* One round of telling and hearing; the ms until the next is due. */
int pg_hosts_round(struct ctx *ctx);

/* ---- pg_replica.c ---- */

/* The replica takes the connection's place, in a snapshot; false: it is not
 * there or too old. Leaving is always safe. */
bool pg_replica_enter(struct db *db, struct ctx *ctx);
void pg_replica_leave(struct db *db);
void pg_replica_close(struct db *db);

/* ---- pg_beside.c: bulk.h says what they do ---- */

bool pg_beside_begin(struct ctx *ctx, const char *sql);
bool pg_beside_busy(struct ctx *ctx);
int pg_beside_end(struct ctx *ctx);
void pg_beside_close(struct db *db);

/* ---- pg_private.c ---- */

/* A schema of this connection's own, for DB_MEMORY. */
int pg_private_make(struct db *db, struct ctx *ctx);
void pg_private_drop(struct db *db);

/* ---- pg_wire.c ---- */

/* Adds a command without parameters to the batch. */
void pg_queue(struct db *db, const char *sql);
/* Sends the batch and waits for its results: *out is the last command's
 * (the caller's to clear). An error is recorded; *out is NULL then. */
int pg_collect(PGresult **out, struct db *db, struct ctx *ctx, const char *sql);
/* Sends the batch and does not wait. */
void pg_post(struct db *db);
/* Sends what is owed and reads it: the line is quiet. */
int pg_settle(struct db *db, struct ctx *ctx);
/* One command by itself; the result is thrown away. */
int pg_run(struct db *db, struct ctx *ctx, const char *sql);
/* Its first column of its first row as a number. */
int pg_number(int64_t *out, struct db *db, struct ctx *ctx, const char *sql);

/* ---- pg_error.c ---- */

/* Records what the server said (result NULL: the connection is gone). */
int pg_fail(struct db *db, struct ctx *ctx, const PGresult *result,
            const char *sql);
int pg_away(struct ctx *ctx);

/* ---- pg_dialect.c ---- */

/* Our SQL in PostgreSQL's words, malloc'ed. *reads: it changes nothing. */
char *pg_translate(const char *sql, size_t length, bool *reads,
                   int *parameters);

/* ---- the driver's parts ---- */

int pg_prepare(void **handle, struct db *db, struct ctx *ctx, const char *sql,
               bool kept);
void pg_finalize(struct db *db, void *handle);
bool pg_reads(const void *handle);
int pg_parameters(const void *handle);
int pg_bind(struct query *query, int index, const struct bind *bind);
int pg_step(struct query *query);
int pg_post_query(struct query *query);
void pg_reset(struct query *query);
int64_t pg_column_int(struct query *query, int column);
double pg_column_double(struct query *query, int column);
const char *pg_column_text(struct query *query, int column, size_t *length);
const void *pg_column_blob(struct query *query, int column, size_t *length);
bool pg_column_null(struct query *query, int column);

/* Queues what the transaction still owes before its first statement; outside
 * of one, what the statement's time needs. */
void pg_enter(struct db *db, struct ctx *ctx);
int pg_prepare_locks(struct db *db, struct ctx *ctx);
int pg_begin(struct db *db, struct ctx *ctx, const char *purpose, bool shared);
int pg_alone(struct db *db, struct ctx *ctx);
int pg_commit(struct db *db, struct ctx *ctx);
void pg_rollback(struct db *db);
int pg_savepoint(struct db *db, struct ctx *ctx, int level);
int pg_release(struct db *db, struct ctx *ctx, int level);
int pg_undo(struct db *db, struct ctx *ctx, int level);
bool pg_gone(struct db *db);
int pg_guard(struct db *db, struct ctx *ctx, const char *name);
int pg_in_order(struct db *db, struct ctx *ctx);
int pg_snapshot(struct db *db, struct ctx *ctx);
void pg_snapshot_end(struct db *db);

int pg_columns(struct db *db, struct map **out, struct ctx *ctx,
               const char *table);
int pg_index_exists(struct db *db, bool *out, struct ctx *ctx,
                    const char *table, const char *index);
int pg_table_exists(struct db *db, struct ctx *ctx, const char *name);
int pg_run_text(struct db *db, struct ctx *ctx,
                const struct migration *migration, const char *prefix);

#endif
