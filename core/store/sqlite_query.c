/*
 * sqlite_query.c - statements of the SQLite driver.
 */
#include "base/banned.h"

#include "store/sqlite.h"

#include "base/ctx.h"

int sqlite_prepare(void **handle, struct db *db, struct ctx *ctx,
                   const char *sql, bool kept)
{
    const char *tail = NULL;
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v3(
        db->sql, sql, -1, kept ? SQLITE_PREPARE_PERSISTENT : 0, &stmt, &tail);

    if (rc != SQLITE_OK)
        return db_fail(db, ctx, sqlite3_extended_errcode(db->sql), sql);
    /* One statement: what follows a ';' would silently not run. */
    while (tail && isspace((unsigned char)*tail))
        tail++;
    if (!stmt || (tail && *tail)) {
        sqlite3_finalize(stmt);
        return db_fail(db, ctx, SQLITE_MISUSE, sql);
    }
    *handle = stmt;
    return 0;
}

void sqlite_finalize(struct db *db, void *handle)
{
    (void)db;
    sqlite3_finalize(handle);
}

bool sqlite_reads(const void *handle)
{
    return sqlite3_stmt_readonly((sqlite3_stmt *)handle);
}

int sqlite_parameters(const void *handle)
{
    return sqlite3_bind_parameter_count((sqlite3_stmt *)handle);
}

int sqlite_bind(struct query *query, int index, const struct bind *bind)
{
    sqlite3_stmt *stmt = query->handle;
    int rc = SQLITE_MISUSE;

    switch (bind->kind) {
    case BIND_NULL:
        rc = sqlite3_bind_null(stmt, index);
        break;
    case BIND_INT:
        rc = sqlite3_bind_int64(stmt, index, bind->integer);
        break;
    case BIND_DOUBLE:
        rc = sqlite3_bind_double(stmt, index, bind->number);
        break;
    case BIND_TEXT:
        rc = sqlite3_bind_text64(stmt, index, bind->data, bind->length,
                                 SQLITE_TRANSIENT, SQLITE_UTF8);
        break;
    case BIND_BLOB:
        rc = sqlite3_bind_blob64(stmt, index, bind->data, bind->length,
                                 SQLITE_TRANSIENT);
        break;
    }
    return rc == SQLITE_OK ? 0 : db_fail(query->db, query->ctx, rc, query->sql);
}

int sqlite_step(struct query *query)
{
    struct db *db = query->db;
    int rc = sqlite3_step(query->handle);

    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE) {
        db->changes = sqlite3_changes64(db->sql);
        return 0;
    }
    return db_fail(db, query->ctx, sqlite3_extended_errcode(db->sql),
                   query->sql);
}

void sqlite_reset(struct query *query)
{
    sqlite3_reset(query->handle);
    sqlite3_clear_bindings(query->handle);
}

int64_t sqlite_column_int(struct query *query, int column)
{
    return sqlite3_column_int64(query->handle, column);
}

double sqlite_column_double(struct query *query, int column)
{
    return sqlite3_column_double(query->handle, column);
}

const char *sqlite_column_text(struct query *query, int column, size_t *length)
{
    const void *text = sqlite3_column_text(query->handle, column);

    if (length)
        *length = (size_t)sqlite3_column_bytes(query->handle, column);
    return text;
}

const void *sqlite_column_blob(struct query *query, int column, size_t *length)
{
    const void *data = sqlite3_column_blob(query->handle, column);

    *length = (size_t)sqlite3_column_bytes(query->handle, column);
    return data;
}

bool sqlite_column_null(struct query *query, int column)
{
    return sqlite3_column_type(query->handle, column) == SQLITE_NULL;
}
