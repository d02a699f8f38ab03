/*
 * pg_query.c - statements of the PostgreSQL driver.
 *
 * A statement is prepared on the server when it is first run, because the
 * kinds of its values are known then: integers are declared as bigint, what
 * is text is left for PostgreSQL to infer. All rows come at once, so that a
 * second query may run while the first is read. Values travel as text, blobs
 * as bytes.
 *
 * PostgreSQL plans a statement for good after five runs, and reads a table of
 * ten rows whole: each row of an import would go through all that came before
 * it, until the table is analysed. So a plan is for some hundred runs, the
 * next one for more.
 */
#include "base/banned.h"

#include "store/pg.h"

#include <strings.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/str.h"

enum { POSTED_MAX = 200, RUNS_FIRST = 200, RUNS_MAX = 5000 };

static void *or_end(void *memory)
{
    if (memory)
        return memory;
    log_event(LOG_ERROR, "memory.out", "where", "store", NULL);
    _exit(EXIT_SICK);
}

/* What the store itself does (BEGIN, SET, COPY …) is nobody else's. */
static bool allowed(const char *sql)
{
    static const char *const verbs[] = {
        "SELECT", "WITH",   "VALUES", "INSERT", "UPDATE",
        "DELETE", "CREATE", "ALTER",  "DROP",
    };
    size_t i;

    while (isspace((unsigned char)*sql))
        sql++;
    for (i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strncasecmp(sql, verbs[i], strlen(verbs[i])) == 0)
            return true;
    return false;
}

int pg_prepare(void **handle, struct db *db, struct ctx *ctx, const char *sql,
               bool kept)
{
    static int numbered; /* of all connections of this process */
    struct pg_statement *statement;
    size_t count;

    (void)db;
    if (!allowed(sql)) {
        log_ctx(ctx, LOG_ERROR, "store.error", "detail", "not allowed", "sql",
                sql, NULL);
        return fail(ctx, E_STORE, "store.failed",
                    "the store failed: this statement is not allowed");
    }
    statement = or_end(calloc(1, sizeof *statement));
    statement->sql = or_end(
        pg_translate(sql, strlen(sql), &statement->reads, &statement->count));
    statement->kept = kept;
    count = (size_t)statement->count + 1;
    statement->types = or_end(calloc(count, sizeof *statement->types));
    statement->wanted = or_end(calloc(count, sizeof *statement->wanted));
    statement->values = or_end(calloc(count, sizeof *statement->values));
    statement->lengths = or_end(calloc(count, sizeof *statement->lengths));
    statement->formats = or_end(calloc(count, sizeof *statement->formats));
    statement->offsets = or_end(calloc(count, sizeof *statement->offsets));
    if (kept)
        snprintf(statement->name, sizeof statement->name, "s%d", ++numbered);
    *handle = statement;
    return 0;
}

/* The server's copy: nobody waits for its end. False: there is none. */
static bool deallocate(struct db *db, const struct pg_statement *statement)
{
    char sql[48];

    if (!statement->kept || !db->pg->conn || !statement->generation ||
        statement->generation != db->pg->generation)
        return false;
    snprintf(sql, sizeof sql, "DEALLOCATE %s", statement->name);
    pg_queue(db, sql);
    return true;
}

void pg_finalize(struct db *db, void *handle)
{
    struct pg_statement *statement = handle;

    deallocate(db, statement);
    free(statement->sql);
    free(statement->types);
    free(statement->wanted);
    free(statement->values);
    free(statement->lengths);
    free(statement->formats);
    free(statement->offsets);
    free(statement->data);
    free(statement);
}

bool pg_reads(const void *handle)
{
    return ((const struct pg_statement *)handle)->reads;
}

int pg_parameters(const void *handle)
{
    return ((const struct pg_statement *)handle)->count;
}

/* ---- binding ---- */

static void keep(struct pg_statement *statement, int at, const void *data,
                 size_t length)
{
    size_t needed = statement->used + length + 1;

    if (needed > statement->capacity) {
        statement->capacity = needed * 2;
        statement->data = or_end(realloc(statement->data, statement->capacity));
    }
    memcpy(statement->data + statement->used, data, length);
    statement->data[statement->used + length] = '\0';
    statement->offsets[at] = statement->used;
    statement->lengths[at] = (int)length;
    statement->used = needed;
}

int pg_bind(struct query *query, int index, const struct bind *bind)
{
    struct pg_statement *statement = query->handle;
    int at = index - 1;
    char text[40];

    statement->formats[at] = bind->kind == BIND_BLOB;
    statement->wanted[at] = 0;
    switch (bind->kind) {
    case BIND_NULL:
        statement->offsets[at] = SIZE_MAX;
        return 0;
    case BIND_INT:
        snprintf(text, sizeof text, "%lld", (long long)bind->integer);
        statement->wanted[at] = PG_INT8;
        keep(statement, at, text, strlen(text));
        return 0;
    case BIND_DOUBLE:
        snprintf(text, sizeof text, "%.17g", bind->number);
        statement->wanted[at] = PG_FLOAT8;
        keep(statement, at, text, strlen(text));
        return 0;
    case BIND_TEXT:
        /* The server keeps no NUL in a text; the other store cuts there. */
        keep(statement, at, bind->data, strnlen(bind->data, bind->length));
        return 0;
    case BIND_BLOB:
        statement->wanted[at] = PG_BYTEA;
        keep(statement, at, bind->data, bind->length);
        return 0;
    }
    return E_INTERNAL;
}

/* ---- running ---- */

/* Whether what the server has prepared takes the values as they are now: a
 * NULL suits all, and a text of digits what was inferred. */
static bool suits(const struct pg_statement *statement)
{
    int i;

    for (i = 0; i < statement->count; i++)
        if (statement->offsets[i] != SIZE_MAX &&
            statement->wanted[i] != statement->types[i] &&
            (statement->types[i] || statement->formats[i]))
            return false;
    return true;
}

/* A replica gets each statement for once. */
static const char *name_of(const struct db *db,
                           const struct pg_statement *statement)
{
    return db->pg->standby ? "" : statement->name;
}

static void queue_prepare(struct db *db, struct pg_statement *statement)
{
    if (pq.PQsendPrepare(db->pg->conn, name_of(db, statement), statement->sql,
                         statement->count, statement->wanted))
        db->pg->queued++;
    else
        db->pg->broken = true;
    if (db->pg->standby)
        return;
    memcpy(statement->types, statement->wanted,
           (size_t)statement->count * sizeof *statement->types);
    if (statement->generation != db->pg->generation)
        statement->span = RUNS_FIRST;
    else if (statement->span < RUNS_MAX)
        statement->span *= 2;
    statement->left = statement->span;
    statement->generation = db->pg->generation;
    statement->stale = false;
}

/* The batch failed before the statement was prepared. Where it failed before
 * the old copy's end, that one is still there. */
static void not_prepared(const struct db *db, struct pg_statement *statement,
                         bool had_copy, int prepared)
{
    statement->stale = had_copy && db->pg->failed_at < prepared;
    if (!statement->stale)
        statement->generation = 0;
}

static void queue_run(struct db *db, struct pg_statement *statement)
{
    int i;

    statement->left--;
    for (i = 0; i < statement->count; i++)
        statement->values[i] = statement->offsets[i] == SIZE_MAX
                                   ? NULL
                                   : statement->data + statement->offsets[i];
    if (pq.PQsendQueryPrepared(db->pg->conn, name_of(db, statement),
                               statement->count,
                               (const char *const *)statement->values,
                               statement->lengths, statement->formats, 0))
        db->pg->queued++;
    else
        db->pg->broken = true;
}

static bool is_prepared(const struct db *db,
                        const struct pg_statement *statement)
{
    return statement->kept && statement->generation == db->pg->generation &&
           statement->left > 0 && !statement->stale && suits(statement);
}

static int run_once(struct query *query)
{
    struct db *db = query->db;
    struct pg_statement *statement = query->handle;
    int prepared = PG_NONE; /* where in the batch */
    bool had_copy = false;
    PGresult *result;
    int rc = pg_ensure(db, query->ctx);

    if (rc)
        return rc;
    pg_enter(db, query->ctx);
    if (!is_prepared(db, statement)) {
        had_copy = deallocate(db, statement);
        prepared = db->pg->queued;
        queue_prepare(db, statement);
    }
    queue_run(db, statement);
    rc = pg_collect(&result, db, query->ctx, query->sql);
    if (rc && prepared != PG_NONE && !db->pg->standby &&
        db->pg->failed_at <= prepared)
        not_prepared(db, statement, had_copy, prepared);
    query->result = (struct pg_result *)result;
    query->row = -1;
    return rc;
}

/* A line that was cut between two requests is no news for the one that finds
 * it out: a statement that reads runs again on a new one. */
static int run(struct query *query)
{
    struct db *db = query->db;
    const struct pg_statement *statement = query->handle;
    int rc = run_once(query);

    if (rc != E_UNAVAILABLE || db->pg->conn || db->depth || db->read_open ||
        !statement->reads || db->pg->again_at)
        return rc;
    ctx_clear(query->ctx);
    return run_once(query);
}

/* Only what the server has prepared already goes without being waited for. */
int pg_post_query(struct query *query)
{
    struct db *db = query->db;
    struct pg *pg = db->pg;
    int rc;

    if (pg->conn && is_prepared(db, query->handle) && pg->posted < POSTED_MAX) {
        pg_enter(db, query->ctx);
        queue_run(db, query->handle);
        pg->posted++;
        return 0;
    }
    rc = pg_step(query);
    return rc < 0 ? rc : 0;
}

static PGresult *rows_of(const struct query *query)
{
    return (PGresult *)query->result;
}

int pg_step(struct query *query)
{
    int rc = query->result ? 0 : run(query);
    const char *changed;

    if (rc)
        return rc;
    if (++query->row < pq.PQntuples(rows_of(query)))
        return 1;
    changed = pq.PQcmdTuples(rows_of(query));
    if (int_parse(&query->db->changes, changed, 0, INT64_MAX))
        query->db->changes = 0;
    return 0;
}

void pg_reset(struct query *query)
{
    struct pg_statement *statement = query->handle;

    if (query->result)
        pq.PQclear(rows_of(query));
    query->result = NULL;
    statement->used = 0;
}

/* ---- reading ---- */

static const char *cell(const struct query *query, int column)
{
    PGresult *rows = rows_of(query);

    if (!rows || pq.PQgetisnull(rows, query->row, column))
        return NULL;
    return pq.PQgetvalue(rows, query->row, column);
}

bool pg_column_null(struct query *query, int column)
{
    return !cell(query, column);
}

int64_t pg_column_int(struct query *query, int column)
{
    const char *text = cell(query, column);

    if (!text)
        return 0;
    if (pq.PQftype(rows_of(query), column) == PG_BOOL)
        return *text == 't';
    return strtoll(text, NULL, 10);
}

double pg_column_double(struct query *query, int column)
{
    const char *text = cell(query, column);

    return text ? strtod(text, NULL) : 0;
}

const char *pg_column_text(struct query *query, int column, size_t *length)
{
    const char *text = cell(query, column);

    if (text && pq.PQftype(rows_of(query), column) == PG_BOOL)
        text = *text == 't' ? "1" : "0";
    if (length)
        *length = text ? strlen(text) : 0;
    return text;
}

static int digit(char c)
{
    return c >= 'a' ? c - 'a' + 10 : c - '0';
}

const void *pg_column_blob(struct query *query, int column, size_t *length)
{
    const char *text = cell(query, column);
    size_t i, size = text ? strlen(text) : 0;
    unsigned char *data;

    *length = 0;
    if (!text)
        return NULL;
    if (size < 2 || text[0] != '\\' || text[1] != 'x') { /* no bytea */
        *length = size;
        return text;
    }
    *length = size / 2 - 1;
    data = arena_alloc(query->ctx->arena, *length + 1);
    for (i = 0; i < *length; i++)
        data[i] = (unsigned char)(digit(text[2 + 2 * i]) << 4 |
                                  digit(text[3 + 2 * i]));
    return data;
}
