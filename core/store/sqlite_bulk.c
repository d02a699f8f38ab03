/*
 * sqlite_bulk.c - the embedded file's tables as wholes (bulk.h).
 */
#include "base/banned.h"

#include "store/bulk.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "store/sqlite.h"

struct bulk_stream {
    struct ctx *ctx;
    sqlite3_stmt *stmt;
    const struct bulk_table *table;
};

/* One session, nobody beside it: a larger cache. New pages need no journal,
 * but would be written twice by way of a log. */
static int settle_in(struct ctx *ctx, bool target)
{
    int rc = db_run(ctx->db, "PRAGMA foreign_keys=OFF;"
                             "PRAGMA synchronous=NORMAL;"
                             "PRAGMA cache_size=-65536");

    if (rc == SQLITE_OK && target)
        rc = db_run(ctx->db, "PRAGMA journal_mode=DELETE");
    return rc == SQLITE_OK ? 0 : db_fail(ctx->db, ctx, rc, "bulk");
}

/* The folder's locks, which the caller holds, are all there is to it. */
static int alone(struct ctx *ctx)
{
    (void)ctx;
    return 0;
}

/* A statement of our own, which no authorizer looks at. */
static int prepare(sqlite3_stmt **out, struct ctx *ctx, const char *sql)
{
    struct db *db = ctx->db;
    int rc;

    db->internal = true;
    rc = sqlite3_prepare_v2(db->sql, sql, -1, out, NULL);
    db->internal = false;
    return rc == SQLITE_OK
               ? 0
               : db_fail(db, ctx, sqlite3_extended_errcode(db->sql), sql);
}

/* 1 row, 0 end, negative; no deadline cuts it off. */
static int step(struct ctx *ctx, sqlite3_stmt *stmt)
{
    struct db *db = ctx->db;
    int rc;

    db->internal = true;
    rc = sqlite3_step(stmt);
    db->internal = false;
    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE)
        return 0;
    return db_fail(db, ctx, sqlite3_extended_errcode(db->sql),
                   sqlite3_sql(stmt));
}

/* ---- what there is ---- */

static int tables(struct vector *names, struct ctx *ctx)
{
    return bulk_table_names(
        names, ctx,
        "SELECT name FROM sqlite_schema WHERE type = 'table'"
        " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        " ORDER BY rowid");
}

static char kind_of(const char *type)
{
    static const struct {
        const char *name;
        char kind;
    } kinds[] = {
        { "INTEGER", 'i' }, { "INT", 'i' },  { "TEXT", 't' },
        { "REAL", 'd' },    { "BLOB", 'b' },
    };
    size_t i;

    for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (sqlite3_stricmp(type, kinds[i].name) == 0)
            return kinds[i].kind;
    return 0;
}

static int add_column(struct ctx *ctx, struct bulk_table *table,
                      const char *name, const char *type)
{
    struct bulk_column *column = arena_alloc(ctx->arena, sizeof *column);

    column->name = name;
    column->kind = kind_of(type);
    if (!column->kind)
        return fail(ctx, E_UNSUPPORTED, "store.copy_type",
                    "the column %s of the table %s is of a kind that cannot "
                    "be copied: %s",
                    name, table->name, type);
    table->columns[table->count++] = column;
    return 0;
}

static int count_columns(size_t *out, struct ctx *ctx, const char *name)
{
    int64_t count;
    int rc = db_int(&count, ctx, "SELECT count(*) FROM pragma_table_info(?1)",
                    "s", name);

    *out = rc ? 0 : (size_t)count;
    return rc;
}

/* The primary key; all columns where there is none. */
static int order_of(const char **out, struct ctx *ctx,
                    const struct bulk_table *table)
{
    QUERY_AUTO *query = NULL;
    struct buf order;
    int rc = db_query(&query, ctx,
                      "SELECT name FROM pragma_table_info(?1) WHERE pk > 0"
                      " ORDER BY pk",
                      "s", table->name);

    buf_init(&order, ctx->arena, 65536);
    while (!rc && (rc = query_next(query)) == 1) {
        buf_addf(&order, "%s\"%s\"", order.length ? ", " : "",
                 query_text(query, 0));
        rc = 0;
    }
    *out = order.length ? buf_text(&order) : bulk_names(ctx, table);
    return rc;
}

static int describe(struct bulk_table **out, struct ctx *ctx, const char *name)
{
    struct bulk_table *table = arena_alloc(ctx->arena, sizeof *table);
    QUERY_AUTO *query = NULL;
    size_t count;
    int rc = count_columns(&count, ctx, name);

    *out = NULL;
    if (rc || !count)
        return rc;
    table->name = arena_strdup(ctx->arena, name);
    table->columns = arena_array(ctx->arena, count, sizeof *table->columns);
    rc = db_query(&query, ctx,
                  "SELECT name, type FROM pragma_table_info(?1) ORDER BY name",
                  "s", name);
    while (!rc && (rc = query_next(query)) == 1)
        rc = add_column(ctx, table, query_copy(query, 0), query_copy(query, 1));
    if (!rc)
        rc = order_of(&table->order, ctx, table);
    if (!rc)
        *out = table;
    return rc;
}

static int definition(struct vector *texts, struct ctx *ctx, const char *name)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      "SELECT sql FROM sqlite_schema WHERE tbl_name = ?1"
                      " AND type IN ('table', 'index') AND sql IS NOT NULL"
                      " ORDER BY type DESC, name",
                      "s", name);

    while (!rc && (rc = query_next(query)) == 1) {
        vector_add(texts, (void *)query_copy(query, 0));
        rc = 0;
    }
    return rc;
}

static int later(struct vector *list, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      "SELECT name, type, sql, tbl_name FROM sqlite_schema"
                      " WHERE type IN ('index', 'trigger')"
                      " AND sql IS NOT NULL ORDER BY type, name",
                      "");

    while (!rc && (rc = query_next(query)) == 1) {
        struct bulk_later *item = arena_alloc(ctx->arena, sizeof *item);

        rc = 0;
        if (bulk_skips(query_text(query, 3)))
            continue;
        item->name = query_copy(query, 0);
        item->drop = /* sql: names from the definition */
            arena_printf(ctx->arena, "DROP %s \"%s\"", query_text(query, 1),
                         item->name);
        item->make = query_copy(query, 2);
        item->table = query_copy(query, 3);
        item->index = text_equal(query_text(query, 1), "index");
        vector_add(list, item);
    }
    return rc;
}

static int run(struct ctx *ctx, const char *sql)
{
    int rc = db_run(ctx->db, sql);

    if (rc == SQLITE_OK)
        return 0;
    rc = db_fail(ctx->db, ctx, rc, sql);
    tx_doom(ctx->db);
    return rc;
}

static int empty(struct ctx *ctx, const struct bulk_table *table)
{
    return run(ctx,
               /* sql: names from the definition */
               arena_printf(ctx->arena, "DELETE FROM \"%s\"", table->name));
}

/* ---- rows ---- */

static int open_stream(struct bulk_stream **out, struct ctx *ctx,
                       const struct bulk_table *table, const char *sql)
{
    struct bulk_stream *stream = calloc(1, sizeof *stream);
    int rc;

    *out = NULL;
    if (!stream)
        return fail(ctx, E_INTERNAL, "store.failed", "out of memory");
    stream->ctx = ctx;
    stream->table = table;
    rc = prepare(&stream->stmt, ctx, sql);
    if (rc)
        free(stream);
    else
        *out = stream;
    return rc;
}

static int rows_begin(struct bulk_stream **out, struct ctx *ctx,
                      const struct bulk_table *table)
{
    return open_stream(
        out, ctx, table,
        /* sql: names from the definition */
        arena_printf(ctx->arena, "SELECT %s FROM \"%s\" ORDER BY %s",
                     bulk_names(ctx, table), table->name, table->order));
}

static void take_cell(struct bind *cell, sqlite3_stmt *stmt, int column)
{
    *cell = (struct bind){ .kind = BIND_NULL };
    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_INTEGER:
        cell->kind = BIND_INT;
        cell->integer = sqlite3_column_int64(stmt, column);
        break;
    case SQLITE_FLOAT:
        cell->kind = BIND_DOUBLE;
        cell->number = sqlite3_column_double(stmt, column);
        break;
    case SQLITE_TEXT:
        cell->kind = BIND_TEXT;
        cell->data = sqlite3_column_text(stmt, column);
        break;
    case SQLITE_BLOB:
        cell->kind = BIND_BLOB;
        cell->data = sqlite3_column_blob(stmt, column);
        break;
    }
    if (cell->kind == BIND_TEXT || cell->kind == BIND_BLOB)
        cell->length = (size_t)sqlite3_column_bytes(stmt, column);
}

static int read_row(struct bulk_stream *stream, struct bind *cells)
{
    int rc = step(stream->ctx, stream->stmt);
    size_t i;

    if (rc == 1)
        for (i = 0; i < stream->table->count; i++)
            take_cell(&cells[i], stream->stmt, (int)i);
    return rc;
}

static int close_stream(struct bulk_stream *stream)
{
    if (stream)
        sqlite3_finalize(stream->stmt);
    free(stream);
    return 0;
}

static int write_begin(struct bulk_stream **out, struct ctx *ctx,
                       const struct bulk_table *table)
{
    struct buf marks;
    size_t i;

    buf_init(&marks, ctx->arena, 65536);
    for (i = 0; i < table->count; i++)
        buf_add_text(&marks, i ? ", ?" : "?");
    return open_stream(
        out, ctx, table,
        /* sql: names from the definition */
        arena_printf(ctx->arena, "INSERT INTO \"%s\" (%s) VALUES (%s)",
                     table->name, bulk_names(ctx, table), buf_text(&marks)));
}

static int bind_cell(sqlite3_stmt *stmt, int index, const struct bind *cell)
{
    static const char nothing[] = "";
    const void *data = cell->data ? cell->data : nothing;

    switch (cell->kind) {
    case BIND_INT:
        return sqlite3_bind_int64(stmt, index, cell->integer);
    case BIND_DOUBLE:
        return sqlite3_bind_double(stmt, index, cell->number);
    case BIND_TEXT:
        return sqlite3_bind_text(stmt, index, data, (int)cell->length,
                                 SQLITE_STATIC);
    case BIND_BLOB:
        return sqlite3_bind_blob(stmt, index, data, (int)cell->length,
                                 SQLITE_STATIC);
    case BIND_NULL:
        break;
    }
    return sqlite3_bind_null(stmt, index);
}

static int write_row(struct bulk_stream *stream, const struct bind *cells)
{
    int rc = SQLITE_OK;
    size_t i;

    for (i = 0; rc == SQLITE_OK && i < stream->table->count; i++)
        rc = bind_cell(stream->stmt, (int)i + 1, &cells[i]);
    if (rc != SQLITE_OK)
        return db_fail(stream->ctx->db, stream->ctx, rc, "bind");
    rc = step(stream->ctx, stream->stmt);
    sqlite3_reset(stream->stmt);
    return rc;
}

static int write_end(struct bulk_stream *stream, bool good)
{
    (void)good;
    return close_stream(stream);
}

/* ---- the end ---- */

static int check(struct ctx *ctx)
{
    sqlite3_stmt *stmt = NULL;
    int rc = prepare(&stmt, ctx, "PRAGMA foreign_key_check");

    if (!rc)
        rc = step(ctx, stmt);
    if (rc == 1)
        rc = fail(ctx, E_INVALID, "store.copy_reference",
                  "a row of the table %s refers to one that is not there",
                  (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    return rc;
}

/* One file that holds everything, with an empty log. */
static int finish(struct ctx *ctx)
{
    int rc = db_run(ctx->db, "PRAGMA analysis_limit=1000;"
                             "PRAGMA optimize=0xffff;"
                             "PRAGMA journal_mode=WAL;"
                             "PRAGMA wal_checkpoint(TRUNCATE)");

    return rc == SQLITE_OK ? 0 : db_fail(ctx->db, ctx, rc, "finish");
}

const struct bulk sqlite_bulk = {
    .settle_in = settle_in,
    .alone = alone,
    .tables = tables,
    .describe = describe,
    .definition = definition,
    .later = later,
    .run = run,
    .empty = empty,
    .read_begin = rows_begin,
    .read = read_row,
    .read_end = close_stream,
    .write_begin = write_begin,
    .write = write_row,
    .write_end = write_end,
    .check = check,
    .finish = finish,
};
