/*
 * query.c - statements: cache, binding, stepping, reading.
 *
 * A statement outside of a write transaction must be one that reads: that a
 * write has a transaction, and with it the site's lock, is checked here and
 * not left to habit. Statements stay prepared in a small set-associative
 * cache, found by their text.
 */
#include "base/banned.h"

#include "store/sqlite.h"

#include <assert.h>
#include <stdarg.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/value.h"

static int64_t nanoseconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* ---- cache ---- */

void query_cache_clear(struct db *db)
{
    int set, way;

    for (set = 0; set < CACHE_SETS; set++)
        for (way = 0; way < CACHE_WAYS; way++) {
            sqlite3_finalize(db->cache[set][way].stmt);
            free(db->cache[set][way].sql);
            db->cache[set][way] = (struct statement){ 0 };
        }
}

/* Locks of rows are for the other store: here the writer has the whole site.
 * Returns the length of the text before them. */
static size_t without_locks(const char *sql)
{
    static const char *const locks[] = { " FOR UPDATE SKIP LOCKED",
                                         " FOR UPDATE" };
    size_t length = strlen(sql), i;

    for (i = 0; i < sizeof locks / sizeof *locks; i++) {
        size_t part = strlen(locks[i]);

        if (length > part && strcmp(sql + length - part, locks[i]) == 0)
            return length - part;
    }
    return length;
}

static int prepare(sqlite3_stmt **out, struct db *db, const char *sql,
                   unsigned flags)
{
    const char *tail = NULL, *end = sql + without_locks(sql);
    int rc =
        sqlite3_prepare_v3(db->sql, sql, (int)(end - sql), flags, out, &tail);

    if (rc != SQLITE_OK)
        return sqlite3_extended_errcode(db->sql);
    /* One statement: what follows a ';' would silently not run. */
    while (tail && tail < end && isspace((unsigned char)*tail))
        tail++;
    if (!*out || (tail && tail < end)) {
        sqlite3_finalize(*out);
        *out = NULL;
        return SQLITE_MISUSE;
    }
    return SQLITE_OK;
}

/* Finds the statement or prepares it; a text that is in use gets a second
 * statement that nobody keeps. */
static int take_statement(struct query *query, const char *sql)
{
    struct db *db = query->db;
    uint64_t hash = text_hash(sql, strlen(sql));
    struct statement *set = db->cache[hash % CACHE_SETS], *oldest = NULL;
    bool twice = false;
    char *text;
    int i, rc;

    for (i = 0; i < CACHE_WAYS; i++) {
        struct statement *entry = &set[i];

        if (entry->stmt && entry->hash == hash &&
            strcmp(entry->sql, sql) == 0) {
            if (!entry->busy) {
                entry->busy = true;
                entry->used = ++db->tick;
                query->stmt = entry->stmt;
                query->cached = entry;
                return SQLITE_OK;
            }
            twice = true;
        }
        if (!entry->busy && (!oldest || entry->used < oldest->used))
            oldest = entry;
    }
    if (twice || db->prefix)
        oldest = NULL;
    rc = prepare(&query->stmt, db, sql, oldest ? SQLITE_PREPARE_PERSISTENT : 0);
    if (rc != SQLITE_OK || !oldest)
        return rc;
    text = strdup(sql);
    if (!text)
        return SQLITE_NOMEM;
    sqlite3_finalize(oldest->stmt);
    free(oldest->sql);
    *oldest = (struct statement){ hash, ++db->tick, text, query->stmt, true };

    query->cached = oldest;
    return SQLITE_OK;
}

/* ---- binding ---- */

static int bind_value(sqlite3_stmt *stmt, int index, struct ctx *ctx,
                      const struct value *value)
{
    struct decimal number;
    const char *text;
    struct str str;

    switch (value_kind(value)) {
    case VALUE_NULL:
        return sqlite3_bind_null(stmt, index);
    case VALUE_BOOL:
        return sqlite3_bind_int(stmt, index, value_as_bool(value));
    case VALUE_INT:
        return sqlite3_bind_int64(stmt, index, value_as_int(value, 0));
    case VALUE_DOUBLE:
        return sqlite3_bind_double(stmt, index, value_as_double(value, 0));
    case VALUE_DECIMAL:
        value_as_decimal(&number, value);
        return sqlite3_bind_int64(stmt, index, number.units);
    case VALUE_STRING:
    case VALUE_HTML:
    case VALUE_URL:
        str = value_as_str(value);
        return sqlite3_bind_text64(stmt, index, str.data ? str.data : "",
                                   str.length, SQLITE_TRANSIENT, SQLITE_UTF8);
    case VALUE_LIST:
    case VALUE_MAP:
        text = json_text(ctx->arena, value);
        return sqlite3_bind_text64(stmt, index, text, strlen(text),
                                   SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    return SQLITE_MISUSE;
}

static int bind_text(sqlite3_stmt *stmt, int index, const char *text,
                     size_t length)
{
    if (!text)
        return sqlite3_bind_null(stmt, index);
    return sqlite3_bind_text64(stmt, index, text, length, SQLITE_TRANSIENT,
                               SQLITE_UTF8);
}

static int bind_all(struct query *query, const char *types, va_list *args)
{
    sqlite3_stmt *stmt = query->stmt;
    const char *text;
    int index, rc = SQLITE_OK;
    size_t length;

    if (sqlite3_bind_parameter_count(stmt) != (int)strlen(types))
        return SQLITE_RANGE;
    for (index = 1; *types && rc == SQLITE_OK; types++, index++) {
        switch (*types) {
        case 'i':
            rc = sqlite3_bind_int64(stmt, index, va_arg(*args, int64_t));
            break;
        case 'd':
            rc = sqlite3_bind_double(stmt, index, va_arg(*args, double));
            break;
        case 's':
            text = va_arg(*args, const char *);
            rc = bind_text(stmt, index, text, text ? strlen(text) : 0);
            break;
        case 't':
            text = va_arg(*args, const char *);
            length = va_arg(*args, size_t);
            rc = bind_text(stmt, index, text, length);
            break;
        case 'b': {
            const void *data = va_arg(*args, const void *);

            length = va_arg(*args, size_t);
            rc = data ? sqlite3_bind_blob64(stmt, index, data, length,
                                            SQLITE_TRANSIENT)
                      : sqlite3_bind_null(stmt, index);
            break;
        }
        case 'n':
            rc = sqlite3_bind_null(stmt, index);
            break;
        case 'v':
            rc = bind_value(stmt, index, query->ctx,
                            va_arg(*args, const struct value *));
            break;
        default:
            assert(!"a letter that db_query does not take");
            rc = SQLITE_MISUSE;
        }
    }
    return rc;
}

static int bind_values(struct query *query, const struct value *const *values,
                       size_t count)
{
    size_t i;
    int rc = SQLITE_OK;

    if ((size_t)sqlite3_bind_parameter_count(query->stmt) != count)
        return SQLITE_RANGE;
    for (i = 0; i < count && rc == SQLITE_OK; i++)
        rc = bind_value(query->stmt, (int)i + 1, query->ctx, values[i]);
    return rc;
}

/* ---- a query's life ---- */

static struct query *new_query(struct ctx *ctx)
{
    struct db *db = ctx->db;
    struct query *query = db->free_queries;

    if (query)
        db->free_queries = query->next;
    else
        query = arena_alloc(db->arena, sizeof *query);
    *query = (struct query){ .db = db, .ctx = ctx };
    db->open_queries++;
    return query;
}

static int query_fail(struct query *query, int rc)
{
    struct db *db = query->db;

    query->failed = true;
    tx_doom(db);
    return db_fail(db, query->ctx, rc,
                   query->stmt ? sqlite3_sql(query->stmt) : NULL);
}

/* A new query for the text, nothing bound yet. */
static int open_query(struct query **out, struct ctx *ctx, const char *sql)
{
    struct db *db = ctx->db;
    struct query *query;
    int rc;

    assert(db);
    if (db->depth && db->doomed[db->depth - 1])
        return fail(ctx, E_STORE, "store.doomed",
                    "an earlier statement of this transaction has failed");
    query = new_query(ctx);
    rc = take_statement(query, sql);
    if (rc != SQLITE_OK) {
        query->failed = true;
        tx_doom(db);
        rc = db_fail(db, ctx, rc, sql);
    } else if (!db->depth && !sqlite3_stmt_readonly(query->stmt)) {
        query->failed = true;
        log_ctx(ctx, LOG_ERROR, "store.no_transaction", "sql", sql, NULL);
        rc = fail(ctx, E_INTERNAL, "store.no_transaction",
                  "a write needs a transaction");
    }
    if (rc) {
        query_done(query);
        return rc;
    }
    *out = query;
    return 0;
}

/* 0 where binding gave SQLITE_OK; else the query has failed and is gone. */
static int bound(struct query *query, int rc)
{
    if (rc == SQLITE_OK)
        return 0;
    rc = query_fail(query, rc);
    query_done(query);
    return rc;
}

int db_query(struct query **out, struct ctx *ctx, const char *sql,
             const char *types, ...)
{
    struct query *query;
    va_list args;
    int rc;

    *out = NULL;
    rc = open_query(&query, ctx, sql);
    if (rc)
        return rc;
    va_start(args, types);
    rc = bound(query, bind_all(query, types, &args));
    va_end(args);
    if (!rc)
        *out = query;
    return rc;
}

int db_query_values(struct query **out, struct ctx *ctx, const char *sql,
                    const struct value *const *values, size_t count)
{
    struct query *query;
    int rc;

    *out = NULL;
    rc = open_query(&query, ctx, sql);
    if (rc)
        return rc;
    rc = bound(query, bind_values(query, values, count));
    if (!rc)
        *out = query;
    return rc;
}

int query_next(struct query *query)
{
    struct db *db = query->db;
    int64_t start;
    int rc;

    assert(query->stmt);
    if (query->failed)
        return E_STORE;
    start = nanoseconds();
    db->deadline = query->ctx->deadline;
    rc = sqlite3_step(query->stmt);
    query->spent += nanoseconds() - start;
    if (rc == SQLITE_ROW) {
        query->rows++;
        return 1;
    }
    if (rc == SQLITE_DONE) {
        db->changes = sqlite3_changes64(db->sql);
        return 0;
    }
    return query_fail(query, sqlite3_extended_errcode(db->sql));
}

void query_done(struct query *query)
{
    struct db *db;

    if (!query)
        return;
    db = query->db;
    if (query->stmt && db->slow_ms > 0 && query->spent / 1000000 >= db->slow_ms)
        log_ctx(query->ctx, LOG_WARN, "store.slow", "ms",
                log_int(query->spent / 1000000), "rows", log_int(query->rows),
                "sql", sqlite3_sql(query->stmt), NULL);
    if (query->cached) {
        sqlite3_reset(query->stmt);
        sqlite3_clear_bindings(query->stmt);
        query->cached->busy = false;
    } else {
        sqlite3_finalize(query->stmt);
    }
    query->stmt = NULL;
    query->next = db->free_queries;
    db->free_queries = query;
    db->open_queries--;
}

/* ---- reading ---- */

int64_t query_int(struct query *query, int column)
{
    return sqlite3_column_int64(query->stmt, column);
}

double query_double(struct query *query, int column)
{
    return sqlite3_column_double(query->stmt, column);
}

const char *query_text(struct query *query, int column)
{
    return (const char *)sqlite3_column_text(query->stmt, column);
}

const char *query_copy(struct query *query, int column)
{
    const char *text = query_text(query, column);

    if (!text)
        return NULL;
    return arena_strndup(query->ctx->arena, text,
                         (size_t)sqlite3_column_bytes(query->stmt, column));
}

const void *query_blob(struct query *query, int column, size_t *length)
{
    const void *data = sqlite3_column_blob(query->stmt, column);

    *length = (size_t)sqlite3_column_bytes(query->stmt, column);
    return data;
}

bool query_is_null(struct query *query, int column)
{
    return sqlite3_column_type(query->stmt, column) == SQLITE_NULL;
}

/* ---- short forms ---- */

/* Runs an opened query to its end; rows, if any, are passed over. */
static int run(struct query *query)
{
    int rc;

    do
        rc = query_next(query);
    while (rc > 0);
    query_done(query);
    return rc;
}

int db_exec(struct ctx *ctx, const char *sql, const char *types, ...)
{
    struct query *query;
    va_list args;
    int rc;

    rc = open_query(&query, ctx, sql);
    if (rc)
        return rc;
    va_start(args, types);
    rc = bound(query, bind_all(query, types, &args));
    va_end(args);
    return rc ? rc : run(query);
}

int db_exec_values(struct ctx *ctx, const char *sql,
                   const struct value *const *values, size_t count)
{
    struct query *query;
    int rc = db_query_values(&query, ctx, sql, values, count);

    return rc ? rc : run(query);
}

int64_t db_changes(struct ctx *ctx)
{
    return ctx->db->changes;
}

/* The first row of a query; E_NOT_FOUND silently. */
static int first_row(struct query **out, struct ctx *ctx, const char *sql,
                     const char *types, va_list *args)
{
    struct query *query;
    int rc = open_query(&query, ctx, sql);

    if (rc)
        return rc;
    rc = bind_all(query, types, args);
    rc = rc == SQLITE_OK ? query_next(query) : query_fail(query, rc);
    if (rc > 0) {
        *out = query;
        return 0;
    }
    query_done(query);
    return rc ? rc : E_NOT_FOUND;
}

int db_int(int64_t *out, struct ctx *ctx, const char *sql, const char *types,
           ...)
{
    struct query *query;
    va_list args;
    int rc;

    va_start(args, types);
    rc = first_row(&query, ctx, sql, types, &args);
    va_end(args);
    if (rc)
        return rc;
    *out = query_int(query, 0);
    query_done(query);
    return 0;
}

int db_text(const char **out, struct ctx *ctx, const char *sql,
            const char *types, ...)
{
    struct query *query;
    va_list args;
    int rc;

    va_start(args, types);
    rc = first_row(&query, ctx, sql, types, &args);
    va_end(args);
    if (rc)
        return rc;
    *out = query_copy(query, 0);
    query_done(query);
    return 0;
}
