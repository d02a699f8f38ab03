/*
 * sqlite.h - the inside of the SQLite driver, shared by its files only.
 *
 *   sqlite_open.c   opening, settings, authorizer, errors
 *   sqlite_query.c  statements: prepare, bind, step, read
 *   sqlite_tx.c     transactions, snapshots; the order of a commit
 *   function.c      functions of ours that statements may call
 *   tally.c         the one that counts and sums by groups
 *   checkpoint.c    moving the log into the database
 */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include <sqlite3.h>

#include "store/driver.h"

/* Records what SQLite said; returns our code. `sql` is for the log only. */
int db_fail(struct db *db, struct ctx *ctx, int rc, const char *sql);

/* Runs one of the driver's own statements (BEGIN, PRAGMA, …); returns
 * SQLite's code. */
int db_run(struct db *db, const char *sql);
/* What sqlite_snapshot and sqlite_begin have prepared. */
void sqlite_forget_words(struct db *db);

/* Makes our functions known to a new connection; SQLite's code. */
int functions_add(sqlite3 *sql);
int tally_add(sqlite3 *sql);

/* The parts of sqlite_driver, each in the file of its name. */
int sqlite_open_site(struct db *db, struct ctx *ctx);
void sqlite_close_site(struct db *db);
int sqlite_run_text(struct db *db, struct ctx *ctx,
                    const struct migration *migration, const char *prefix);

int sqlite_columns(struct db *db, struct map **out, struct ctx *ctx,
                   const char *table);
int sqlite_index_exists(struct db *db, bool *out, struct ctx *ctx,
                        const char *table, const char *index);
int sqlite_table_exists(struct db *db, struct ctx *ctx, const char *name);

int sqlite_prepare(void **handle, struct db *db, struct ctx *ctx,
                   const char *sql, bool kept);
void sqlite_finalize(struct db *db, void *handle);
bool sqlite_reads(const void *handle);
int sqlite_parameters(const void *handle);
int sqlite_bind(struct query *query, int index, const struct bind *bind);
int sqlite_step(struct query *query);
void sqlite_reset(struct query *query);
int64_t sqlite_column_int(struct query *query, int column);
double sqlite_column_double(struct query *query, int column);
const char *sqlite_column_text(struct query *query, int column, size_t *length);
const void *sqlite_column_blob(struct query *query, int column, size_t *length);
bool sqlite_column_null(struct query *query, int column);

int sqlite_begin(struct db *db, struct ctx *ctx, const char *purpose,
                 bool shared);
int sqlite_alone(struct db *db, struct ctx *ctx);
int sqlite_commit(struct db *db, struct ctx *ctx);
void sqlite_rollback(struct db *db);
int sqlite_savepoint(struct db *db, struct ctx *ctx, int level);
int sqlite_release(struct db *db, struct ctx *ctx, int level);
int sqlite_undo(struct db *db, struct ctx *ctx, int level);
bool sqlite_gone(struct db *db);
int sqlite_guard(struct db *db, struct ctx *ctx, const char *name);
int sqlite_snapshot(struct db *db, struct ctx *ctx);
void sqlite_snapshot_end(struct db *db);
int64_t sqlite_now(struct db *db);

#endif
