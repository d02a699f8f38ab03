/*
 * db.h - the store: connections, statements, transactions.
 *
 * One interface, two drivers (store.md); this is all that other rooms see.
 * SQL is written once in the common subset, parameters are ?1, ?2, …; every
 * value is bound. A failed statement dooms its transaction, except inside a
 * savepoint.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctx;
struct db;
struct query;
struct value;

enum db_open_flags {
    DB_WORKER = 0, /* a worker or a command: joins the site's lock page */
    DB_KEEPER = 1, /* may checkpoint */
    DB_CREATE = 2, /* makes the database (tenon init) */
    DB_MEMORY = 4, /* a private in-memory database, for unit tests */
    /* What this process lets out waits for the disk elsewhere (the front holds
     * its answers): with durability "group" its commits need not wait. */
    DB_SERVED = 8,
    /* The caller keeps everybody else from the site (store/lock.h): the lock
     * page is a private one, a copy that is half made opens, and DB_CREATE
     * makes no table (copy.h). With DB_MEMORY: SQLite's in any case. */
    DB_ALONE = 16,
};

/*
 * Opens the site's database and sets ctx->db. `folder` is the site's. The
 * caller closes it. Never carried over a fork. Refuses network file systems.
 */
int db_open(struct ctx *ctx, const char *folder, int flags);
void db_close(struct db *db);

/*
 * Waits until everything that this process may have written or read is on
 * the disk. To be called before anything leaves the machine on another way
 * than through the front: a mail, a request to another service. E_STORE with
 * "store.sync_failed" where the disk failed.
 */
int db_settle(struct ctx *ctx);
/* While it is set, what is read or committed is settled as it is: for code that
 * may reach other machines by itself. Returns what was set before. */
bool db_outward(struct ctx *ctx, bool outward);

/*
 * Prepares (cached) and binds. Parameters are ?1, ?2, … or, in generated SQL,
 * only plain "?", which take the values in the order of the text.
 * `types` has a letter a value:
 *   i int64_t · s const char* (NULL: SQL NULL) · d double
 *   b const void*, size_t (blob) · t const char*, size_t (text) · n nothing
 *   v const struct value* (null, bool, int, double, string, decimal = units)
 * The query belongs to the connection until query_done, which the cleanup
 * attribute QUERY_AUTO calls.
 */
int db_query(struct query **out, struct ctx *ctx, const char *sql,
             const char *types, ...);
/* The same with an array of values, for generated SQL. */
int db_query_values(struct query **out, struct ctx *ctx, const char *sql,
                    const struct value *const *values, size_t count);

/* 1: a row is there; 0: no more; negative: error (recorded in the ctx). */
int query_next(struct query *query);
void query_done(struct query *query); /* NULL is allowed */
static inline void query_cleanup(struct query **query)
{
    if (*query)
        query_done(*query);
}
#define QUERY_AUTO __attribute__((cleanup(query_cleanup))) struct query

/* Columns of the current row, from 0. Texts live until query_next/done;
 * query_copy puts them into the call's arena (NULL for SQL NULL). */
int64_t query_int(struct query *query, int column);
double query_double(struct query *query, int column);
const char *query_text(struct query *query, int column);
const char *query_copy(struct query *query, int column);
const void *query_blob(struct query *query, int column, size_t *length);
bool query_is_null(struct query *query, int column);

/*
 * What statements may call beside the common subset:
 *   period(v, unit, zone)  the first day ("2026-11-01") of the period that v
 *                          lies in; v a date's text or an instant's number;
 *                          unit an enum calendar_unit; NULL of NULL.
 *   tally(groups, g…, m…)  an aggregate: JSON, for each group the list of its
 *                          values (texts, integers, NULL; 500 bytes at most),
 *                          its rows, and for each integer m sum(m >> 32),
 *                          sum(m & 4294967295), count(m).
 */

/* Runs a statement that gives no rows; returns 0 or negative. The number of
 * changed rows: db_changes. A broken UNIQUE is E_CONFLICT with key
 * "store.unique". */
int db_exec(struct ctx *ctx, const char *sql, const char *types, ...);
int db_exec_values(struct ctx *ctx, const char *sql,
                   const struct value *const *values, size_t count);
int64_t db_changes(struct ctx *ctx);
/*
 * db_exec for what can only fail as a whole (rows of the trail, of the outbox,
 * of an index): the store need not be waited for. In a write transaction; its
 * error may come from the next statement, savepoint or the commit instead.
 */
int db_post(struct ctx *ctx, const char *sql, const char *types, ...);
/* The same with an array of values. */
int db_post_values(struct ctx *ctx, const char *sql,
                   const struct value *const *values, size_t count);
/* db_post for the rows of `count` ids, some with each statement. sql has
 * DB_IDS, as in "WHERE id IN " DB_IDS; its ?17, where it has one, is
 * `number`. */
int db_post_ids(struct ctx *ctx, const char *sql, const int64_t *ids,
                size_t count, int64_t number);
#define DB_IDS                                                                 \
    "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
/* First column of the first row; E_NOT_FOUND (no problem recorded) without
 * a row. */
int db_int(int64_t *out, struct ctx *ctx, const char *sql, const char *types,
           ...);
int db_text(const char **out, struct ctx *ctx, const char *sql,
            const char *types, ...);

/* Whether there is a table of that name: 1, 0, or negative. */
int db_table_exists(struct ctx *ctx, const char *name);

/*
 * Write transactions. tx_begin waits for the site's writer lock (its wait is
 * a host frame) and begins; a nested tx_begin makes a savepoint, so that
 * functions that write can be composed. Reading before writing: begin first.
 */
int tx_begin(struct ctx *ctx, const char *purpose);
/*
 * A transaction that may run beside other shared ones, where the store can do
 * that (PostgreSQL, READ COMMITTED); never beside one of tx_begin. What it
 * reads before it writes it protects by tx_guard or by a statement that ends
 * in FOR UPDATE. On SQLite the same as tx_begin. Inside a transaction: a
 * savepoint. A deadlock or a serialization failure is E_BUSY with key
 * "store.conflict": nothing was saved, the whole may be tried again.
 */
int tx_begin_shared(struct ctx *ctx, const char *purpose);
/* Waits until no other transaction holds the guard of that name ("form:NAME",
 * "flow:ID"); it is held until the outermost transaction ends. Several are
 * taken in the order of their names, lest two wait for each other. */
int tx_guard(struct ctx *ctx, const char *name);
/* For what keeps a queue in a table, the first thing in its transaction: what
 * is read in the order of an index comes along that index. A planner's numbers
 * are behind where rows come and go by the thousand; it sorts all of them to
 * give the first. */
int tx_in_order(struct ctx *ctx);
int tx_commit(struct ctx *ctx);
/* Rolls back the innermost level. Safe after a failed statement. */
void tx_rollback(struct ctx *ctx);
bool tx_active(const struct ctx *ctx);
/* Ends the level begun by tx_begin: commits where rc is 0, else rolls back;
 * returns rc, or the commit's error:  return tx_end(ctx, rc); */
int tx_end(struct ctx *ctx, int rc);

/* `call(ctx, argument)` runs in the transaction, just before its outermost
 * commit, or after it; dropped when the level it was added in is rolled back.
 * They run in the order they were added. An error of one before rolls all
 * back. Argument: memory of tx_arena(), or that lives longer. */
void tx_before_commit(struct ctx *ctx, int (*call)(struct ctx *, void *),
                      void *argument);
void tx_after_commit(struct ctx *ctx, void (*call)(struct ctx *, void *),
                     void *argument);

/* Whether something waits for the commit: what it writes is not there yet. */
bool tx_pending(const struct ctx *ctx);
/* Memory until the outermost transaction has ended. */
struct arena *tx_arena(struct ctx *ctx);

/* Tells that what this transaction does now must not be cut off for its
 * length: an index build, a migration (architecture 3, "hook"). */
void tx_long(struct ctx *ctx, const char *purpose);

/* The store's clock in ms UTC: the same for all hosts of a site. Leases and
 * due times go by it, never by a host's own clock. */
int64_t db_now(const struct ctx *ctx);

/* How many transactions this connection has committed. */
uint64_t tx_number(const struct ctx *ctx);

/* A read snapshot for several queries; nestable; ended by read_end. Inside a
 * write transaction both do nothing. */
int read_begin(struct ctx *ctx);
void read_end(struct ctx *ctx);

/*
 * The same for reports and exports, which need not see what was written just
 * now: where a read replica is configured (store.replica_url), is there and
 * less than ten seconds behind, they read from it. Never for a page that must
 * see what its reader has done. A transaction that is begun inside goes to the
 * primary, as does what is read after it.
 */
enum { REPLICA_LAG_MS = 10 * 1000 };
int report_begin(struct ctx *ctx);
void report_end(struct ctx *ctx);

/* Epochs: raised in the transaction that changes what they name ("org",
 * "grant", "form", "flow", "module", "theme"). epoch_read reads all with one
 * query at the start of a request, where they may have changed; epoch_of then
 * is a memory read. epoch_stale: this process has raised one since. */
int epoch_raise(struct ctx *ctx, const char *name);
int epoch_read(struct ctx *ctx);
bool epoch_stale(const struct ctx *ctx);
int64_t epoch_of(const struct ctx *ctx, const char *name);

/*
 * Has something changed since? A number per name ("form:budget"), in the lock
 * page, hashed into 1,024 slots. Read it *before* read_begin; after tx_begin
 * read it again: where it is the same, what was read in the snapshot still
 * holds. Raised within the transaction that changes rows; others see it when
 * that is committed.
 */
uint64_t change_counter_get(const struct ctx *ctx, const char *name);
void change_counter_raise(struct ctx *ctx, const char *name);

/* `begun` as read after the last query: goes with every answer (store.md). */
uint64_t db_begun(const struct ctx *ctx);

#endif
