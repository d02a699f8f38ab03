/*
 * query.c - statements: cache, binding, stepping, reading.
 *
 * A statement outside of a write transaction must be one that reads: that a
 * write has a transaction, and with it the site's lock, is checked here and
 * not left to habit. Statements stay prepared in a small set-associative
 * cache, found by their text.
 */
#include "base/banned.h"

#include "store/driver.h"

#include <assert.h>
#include <stdarg.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/value.h"

enum { IDS = 16 }; /* DB_IDS has so many */

static int64_t nanoseconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* ---- cache ---- */

static void empty(struct db *db, struct statement *entry)
{
    if (entry->handle)
        db->driver->finalize(db, entry->handle);
    free(entry->sql);
    *entry = (struct statement){ 0 };
}

void query_cache_clear(struct db *db)
{
    int set, way;

    for (set = 0; set < CACHE_SETS; set++)
        for (way = 0; way < CACHE_WAYS; way++)
            empty(db, &db->cache[set][way]);
}

/* Finds the statement or prepares it; a text that is in use gets a second
 * statement that nobody keeps. */
static int take_statement(struct query *query, const char *sql)
{
    struct db *db = query->db;
    uint64_t hash = text_hash(sql, strlen(sql));
    struct statement *set = db->cache[hash % CACHE_SETS], *oldest = NULL;
    bool twice = false;
    int i, rc;

    for (i = 0; i < CACHE_WAYS; i++) {
        struct statement *entry = &set[i];

        if (entry->handle && entry->hash == hash &&
            strcmp(entry->sql, sql) == 0) {
            if (!entry->busy) {
                entry->busy = true;
                entry->used = ++db->tick;
                query->handle = entry->handle;
                query->cached = entry;
                return 0;
            }
            twice = true;
        }
        if (!entry->busy && (!oldest || entry->used < oldest->used))
            oldest = entry;
    }
    if (twice || db->prefix)
        oldest = NULL;
    rc = db->driver->prepare(&query->handle, db, query->ctx, sql, oldest);
    if (rc || !oldest)
        return rc;
    empty(db, oldest);
    oldest->sql = strdup(sql);
    if (!oldest->sql) /* then nobody keeps it */
        return 0;
    oldest->hash = hash;
    oldest->used = ++db->tick;
    oldest->handle = query->handle;
    oldest->busy = true;
    query->cached = oldest;
    return 0;
}

/* ---- binding ---- */

static struct bind text_bind(const char *text, size_t length)
{
    return (struct bind){ .kind = text ? BIND_TEXT : BIND_NULL,
                          .data = text,
                          .length = length };
}

static struct bind value_bind(struct ctx *ctx, const struct value *value)
{
    struct decimal number;
    const char *text;
    struct str str;

    switch (value_kind(value)) {
    case VALUE_NULL:
        break;
    case VALUE_BOOL:
        return (struct bind){ .kind = BIND_INT,
                              .integer = value_as_bool(value) };
    case VALUE_INT:
        return (struct bind){ .kind = BIND_INT,
                              .integer = value_as_int(value, 0) };
    case VALUE_DOUBLE:
        return (struct bind){ .kind = BIND_DOUBLE,
                              .number = value_as_double(value, 0) };
    case VALUE_DECIMAL:
        value_as_decimal(&number, value);
        return (struct bind){ .kind = BIND_INT, .integer = number.units };
    case VALUE_STRING:
    case VALUE_HTML:
    case VALUE_URL:
        str = value_as_str(value);
        return text_bind(str.data ? str.data : "", str.length);
    case VALUE_LIST:
    case VALUE_MAP:
        text = json_text(ctx->arena, value);
        return text_bind(text, strlen(text));
    }
    return (struct bind){ .kind = BIND_NULL };
}

/* The next of db_query's arguments, by its letter. */
static struct bind next_bind(struct ctx *ctx, char letter, va_list *args)
{
    struct bind bind = { .kind = BIND_NULL };
    const char *text;

    switch (letter) {
    case 'i':
        bind.kind = BIND_INT;
        bind.integer = va_arg(*args, int64_t);
        return bind;
    case 'd':
        bind.kind = BIND_DOUBLE;
        bind.number = va_arg(*args, double);
        return bind;
    case 's':
        text = va_arg(*args, const char *);
        return text_bind(text, text ? strlen(text) : 0);
    case 't':
        text = va_arg(*args, const char *);
        return text_bind(text, va_arg(*args, size_t));
    case 'b':
        bind.data = va_arg(*args, const void *);
        bind.length = va_arg(*args, size_t);
        bind.kind = bind.data ? BIND_BLOB : BIND_NULL;
        return bind;
    case 'v':
        return value_bind(ctx, va_arg(*args, const struct value *));
    default:
        assert(letter == 'n');
        return bind;
    }
}

static int check_count(struct query *query, size_t count)
{
    if ((size_t)query->db->driver->parameters(query->handle) == count)
        return 0;
    log_ctx(query->ctx, LOG_ERROR, "store.parameters", "given",
            log_int((int64_t)count), "sql", query->sql, NULL);
    return fail(query->ctx, E_STORE, "store.failed",
                "the store failed: %zu values do not suit the statement",
                count);
}

static int bind_all(struct query *query, const char *types, va_list *args)
{
    int index, rc = check_count(query, strlen(types));

    for (index = 1; *types && !rc; types++, index++) {
        struct bind bind = next_bind(query->ctx, *types, args);

        rc = query->db->driver->bind(query, index, &bind);
    }
    return rc;
}

static int bind_values(struct query *query, const struct value *const *values,
                       size_t count)
{
    int rc = check_count(query, count);
    size_t i;

    for (i = 0; i < count && !rc; i++) {
        struct bind bind = value_bind(query->ctx, values[i]);

        rc = query->db->driver->bind(query, (int)i + 1, &bind);
    }
    return rc;
}

/* ---- a query's life ---- */

static struct query *new_query(struct ctx *ctx, const char *sql)
{
    struct db *db = ctx->db;
    struct query *query = db->free_queries;

    if (query)
        db->free_queries = query->next;
    else
        query = arena_alloc(db->arena, sizeof *query);
    *query = (struct query){ .db = db, .ctx = ctx, .sql = sql };
    db->open_queries++;
    return query;
}

static int query_fail(struct query *query, int rc)
{
    query->failed = true;
    tx_doom(query->db);
    return rc;
}

/* Locks of rows are for stores with several writers, and for transactions:
 * elsewhere the text ends before them. */
static const char *without_locks(struct ctx *ctx, const char *sql)
{
    static const char *const locks[] = { " FOR UPDATE SKIP LOCKED",
                                         " FOR UPDATE" };
    size_t length = strlen(sql), i;

    if (ctx->db->depth && !ctx->db->driver->one_writer)
        return sql;
    for (i = 0; i < sizeof locks / sizeof *locks; i++) {
        size_t part = strlen(locks[i]);

        if (length > part && memcmp(sql + length - part, locks[i], part) == 0)
            return arena_strndup(ctx->arena, sql, length - part);
    }
    return sql;
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
    sql = without_locks(ctx, sql);
    query = new_query(ctx, sql);
    rc = take_statement(query, sql);
    if (rc) {
        query_fail(query, rc);
    } else if (!db->depth && !db->driver->reads(query->handle)) {
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

/* 0 where binding succeeded; else the query has failed and is gone. */
static int bound(struct query *query, int rc)
{
    if (!rc)
        return 0;
    query_fail(query, rc);
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

    assert(query->handle);
    if (query->failed)
        return E_STORE;
    start = nanoseconds();
    db->deadline = query->ctx->deadline;
    rc = db->driver->step(query);
    query->spent += nanoseconds() - start;
    if (rc < 0)
        return query_fail(query, rc);
    /* Once it has been read: what is committed meanwhile it does not see. */
    if (db->outward && !query->rows && db_settle(query->ctx))
        return E_STORE;
    query->rows += rc;
    return rc;
}

void query_done(struct query *query)
{
    struct db *db;

    if (!query)
        return;
    db = query->db;
    if (query->handle && db->slow_ms > 0 &&
        query->spent / 1000000 >= db->slow_ms)
        log_ctx(query->ctx, LOG_WARN, "store.slow", "ms",
                log_int(query->spent / 1000000), "rows", log_int(query->rows),
                "sql", query->sql, NULL);
    if (query->handle)
        db->driver->reset(query);
    if (query->cached)
        query->cached->busy = false;
    else if (query->handle)
        db->driver->finalize(db, query->handle);
    query->handle = NULL;
    query->next = db->free_queries;
    db->free_queries = query;
    db->open_queries--;
}

/* ---- reading ---- */

int64_t query_int(struct query *query, int column)
{
    return query->db->driver->column_int(query, column);
}

double query_double(struct query *query, int column)
{
    return query->db->driver->column_double(query, column);
}

const char *query_text(struct query *query, int column)
{
    return query->db->driver->column_text(query, column, NULL);
}

const char *query_copy(struct query *query, int column)
{
    size_t length = 0;
    const char *text = query->db->driver->column_text(query, column, &length);

    return text ? arena_strndup(query->ctx->arena, text, length) : NULL;
}

const void *query_blob(struct query *query, int column, size_t *length)
{
    return query->db->driver->column_blob(query, column, length);
}

bool query_is_null(struct query *query, int column)
{
    return query->db->driver->column_null(query, column);
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

/* bind: what binding its values gave. */
static int post(struct query *query, int bind)
{
    int rc = bound(query, bind);

    if (rc)
        return rc;
    rc = query->db->driver->post(query);
    if (rc)
        query_fail(query, rc);
    query_done(query);
    return rc;
}

int db_post(struct ctx *ctx, const char *sql, const char *types, ...)
{
    struct query *query;
    va_list args;
    int rc;

    assert(ctx->db->depth);
    rc = open_query(&query, ctx, sql);
    if (rc)
        return rc;
    va_start(args, types);
    rc = post(query, bind_all(query, types, &args));
    va_end(args);
    return rc;
}

int db_post_values(struct ctx *ctx, const char *sql,
                   const struct value *const *values, size_t count)
{
    struct query *query;
    int rc;

    assert(ctx->db->depth);
    rc = open_query(&query, ctx, sql);
    return rc ? rc : post(query, bind_values(query, values, count));
}

/* The last one stands for those that are missing to a whole list. */
static int bind_ids(struct query *query, const int64_t *ids, size_t count,
                    int64_t number)
{
    const struct driver *driver = query->db->driver;
    int values = driver->parameters(query->handle), i, rc = 0;

    assert(values == IDS || values == IDS + 1);
    for (i = 0; i < values && !rc; i++) {
        size_t at = (size_t)i < count ? (size_t)i : count - 1;
        struct bind bind = { .kind = BIND_INT,
                             .integer = i < IDS ? ids[at] : number };

        rc = driver->bind(query, i + 1, &bind);
    }
    return rc;
}

int db_post_ids(struct ctx *ctx, const char *sql, const int64_t *ids,
                size_t count, int64_t number)
{
    struct query *query;
    size_t i;
    int rc = 0;

    assert(ctx->db->depth);
    for (i = 0; i < count && !rc; i += IDS) {
        rc = open_query(&query, ctx, sql);
        if (!rc)
            rc = post(query, bind_ids(query, ids + i, count - i, number));
    }
    return rc;
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
    rc = rc ? query_fail(query, rc) : query_next(query);
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
