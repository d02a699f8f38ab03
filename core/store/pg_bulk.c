/*
 * pg_bulk.c - PostgreSQL's tables as wholes (bulk.h): rows travel by COPY in
 * its binary form, for which the connection leaves the pipeline.
 */
#include "base/banned.h"

#include "store/bulk.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/str.h"
#include "store/migrate.h"
#include "store/pg.h"
#include "store/pg_catalog.h"

enum {
    SEND_BYTES = 64 * 1024,
    HEAD_BYTES = 19,
    ALONE_WAIT_MS = 1500,
    ALONE_STEP_MS = 100,
};

struct bulk_stream {
    struct ctx *ctx;
    const struct bulk_table *table;
    char *message; /* the last one that was read; libpq's */
    bool begun;    /* the head was read */
    bool over;     /* the end was read */
    size_t used;   /* of what is to be sent */
    size_t capacity;
    char *out;
};

static int settle_in(struct ctx *ctx, bool target)
{
    struct db *db = ctx->db;

    (void)target;
    pg_queue(db, "SET statement_timeout = 0");
    pg_queue(db, "SET idle_in_transaction_session_timeout = 0");
    /* The last transaction is synced, and all before it with it. */
    pg_queue(db, "SET synchronous_commit = off");
    pg_queue(db, "SET maintenance_work_mem = '128MB'");
    pg_queue(db, "SET max_parallel_maintenance_workers = 0");
    pg_queue(db, "SET work_mem = '32MB'");
    return pg_settle(db, ctx);
}

/* Whoever has the site open has a node number, and a lock of it. */
static int count_others(int64_t *out, struct ctx *ctx)
{
    return pg_number(
        out, ctx->db, ctx,
        /* sql: names from the definition */
        arena_printf(ctx->arena,
                     "SELECT count(DISTINCT pid) FROM pg_locks WHERE"
                     " locktype = 'advisory' AND granted AND objsubid = 2"
                     " AND classid = %lld AND pid <> pg_backend_pid()"
                     " AND database = (SELECT oid FROM pg_database"
                     " WHERE datname = current_database())"
                     " AND (objid::bigint # %lld) < 4096",
                     (long long)PG_LOCK_NODE,
                     (long long)((uint32_t)ctx->db->pg->site << 12)));
}

static int try_alone(bool *got, struct ctx *ctx)
{
    int64_t others = 0, locked = 0;
    int rc = count_others(&others, ctx);

    if (!rc && !others)
        rc = pg_number(&locked, ctx->db, ctx,
                       /* sql: names from the definition */
                       arena_printf(ctx->arena,
                                    "SELECT pg_try_advisory_lock(%d, %d)::int",
                                    (int)PG_LOCK_SITE, (int)ctx->db->pg->site));
    *got = locked != 0;
    return rc;
}

/* The server takes a moment to see that a program was killed. */
static int alone(struct ctx *ctx)
{
    const struct timespec nap = { 0, ALONE_STEP_MS * 1000000L };
    int64_t end = clock_monotonic() + ALONE_WAIT_MS;
    PGconn *conn = ctx->db->pg->conn;
    bool got = false;
    int rc = try_alone(&got, ctx);

    while (!rc && !got && clock_monotonic() < end) {
        nanosleep(&nap, NULL);
        rc = try_alone(&got, ctx);
    }
    if (rc || got)
        return rc;
    return fail(ctx, E_BUSY, "store.served_elsewhere",
                "other programs use the database %s at %s now; stop the site "
                "on all hosts first",
                pq.PQdb(conn), pq.PQhost(conn));
}

static int run(struct ctx *ctx, const char *sql)
{
    const struct migration one = { "copy", 1, "later", sql, sql };

    return pg_run_text(ctx->db, ctx, &one, NULL);
}

/* The triggers of the trail look at each DELETE, not at TRUNCATE; this makes
 * new files for a table and all its indexes, even where there is no row. */
static int empty(struct ctx *ctx, const struct bulk_table *table)
{
    int64_t any;
    int rc = db_int(
        &any, ctx,
        /* sql: names from the definition */
        arena_printf(ctx->arena, "SELECT 1 FROM \"%s\" LIMIT 1", table->name),
        "");

    if (rc)
        return rc == E_NOT_FOUND ? 0 : rc;
    return run(ctx, /* sql: names from the definition */
               arena_printf(ctx->arena, "TRUNCATE \"%s\"", table->name));
}

/* ---- in and out of COPY ---- */

static int lost(struct ctx *ctx)
{
    int rc = pg_fail(ctx->db, ctx, NULL, "COPY");

    pg_lose(ctx->db);
    return rc;
}

static int refuse(struct bulk_stream *stream, const PGresult *result)
{
    struct ctx *ctx = stream->ctx;
    int rc = pg_fail(ctx->db, ctx, result, "COPY");

    tx_doom(ctx->db);
    return fail(ctx, rc, "store.copy_failed",
                "the table %s cannot be copied: %s", stream->table->name,
                result ? pq.PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)
                       : "");
}

static void leave(struct bulk_stream *stream)
{
    struct pg *pg = stream->ctx->db->pg;

    if (pg->conn) {
        pq.PQsetnonblocking(pg->conn, 1);
        pq.PQenterPipelineMode(pg->conn);
    }
    if (stream->message)
        pq.PQfreemem(stream->message);
    free(stream->out);
    free(stream);
}

static int enter(struct bulk_stream **out, struct ctx *ctx,
                 const struct bulk_table *table, const char *sql,
                 ExecStatusType wanted)
{
    struct bulk_stream *stream = calloc(1, sizeof *stream);
    struct pg *pg = ctx->db->pg;
    PGresult *result;
    int rc;

    *out = NULL;
    if (!stream)
        return fail(ctx, E_INTERNAL, "store.failed", "out of memory");
    stream->ctx = ctx;
    stream->table = table;
    rc = pg_ensure(ctx->db, ctx);
    if (!rc) {
        pg_enter(ctx->db, ctx);
        rc = pg_settle(ctx->db, ctx);
    }
    if (rc) {
        free(stream);
        return rc;
    }
    pq.PQexitPipelineMode(pg->conn);
    pq.PQsetnonblocking(pg->conn, 0);
    result = pq.PQexec(pg->conn, sql);
    if (pq.PQresultStatus(result) != wanted)
        rc = refuse(stream, result);
    pq.PQclear(result);
    if (rc)
        leave(stream);
    else
        *out = stream;
    return rc;
}

/* The command's own result, behind its last row. */
static int ending(struct bulk_stream *stream)
{
    PGconn *conn = stream->ctx->db->pg->conn;
    PGresult *result = pq.PQgetResult(conn), *more;
    int rc = 0;

    if (!result)
        return lost(stream->ctx);
    if (pq.PQresultStatus(result) != PGRES_COMMAND_OK)
        rc = refuse(stream, result);
    pq.PQclear(result);
    while ((more = pq.PQgetResult(conn)))
        pq.PQclear(more);
    stream->over = true;
    return rc;
}

/* ---- rows out of it ---- */

static int rows_begin(struct bulk_stream **out, struct ctx *ctx,
                      const struct bulk_table *table)
{
    return enter(out, ctx, table,
                 /* sql: names from the definition */
                 arena_printf(ctx->arena,
                              "COPY (SELECT %s FROM \"%s\" ORDER BY %s) TO "
                              "STDOUT (FORMAT binary)",
                              bulk_names(ctx, table), table->name,
                              table->order),
                 PGRES_COPY_OUT);
}

static uint64_t big(const char *at, size_t size)
{
    uint64_t number = 0;
    size_t i;

    for (i = 0; i < size; i++)
        number = number << 8 | (unsigned char)at[i];
    return number;
}

/* An integer of two, four or eight bytes. */
static int64_t integer_of(const char *at, size_t size)
{
    uint64_t number = big(at, size);

    if (size == 2)
        return (int16_t)number;
    return size == 4 ? (int32_t)number : (int64_t)number;
}

static void take_cell(struct bind *cell, char kind, const char *at, size_t size)
{
    uint64_t bits;

    *cell = (struct bind){ .kind = BIND_BLOB, .data = at, .length = size };
    switch (kind) {
    case 'i':
        cell->kind = BIND_INT;
        cell->integer = integer_of(at, size);
        break;
    case 'd':
        cell->kind = BIND_DOUBLE;
        bits = big(at, 8);
        memcpy(&cell->number, &bits, sizeof bits);
        break;
    case 't':
        cell->kind = BIND_TEXT;
        break;
    }
}

static int broken(struct bulk_stream *stream)
{
    return fail(stream->ctx, E_STORE, "store.copy_failed",
                "the table %s cannot be copied: %s", stream->table->name,
                "the server's answer is cut off");
}

/* 1: the cells; 0: it is the end's mark. */
static int parse(struct bulk_stream *stream, struct bind *cells, const char *at,
                 size_t left)
{
    const struct bulk_table *table = stream->table;
    size_t i;

    if (left < 2)
        return broken(stream);
    if (big(at, 2) == 0xffff)
        return 0;
    if (big(at, 2) != table->count)
        return broken(stream);
    at += 2;
    left -= 2;
    for (i = 0; i < table->count; i++) {
        int32_t size;

        if (left < 4)
            return broken(stream);
        size = (int32_t)big(at, 4);
        at += 4;
        left -= 4;
        cells[i] = (struct bind){ .kind = BIND_NULL };
        if (size < 0)
            continue;
        if ((size_t)size > left)
            return broken(stream);
        take_cell(&cells[i], table->columns[i]->kind, at, (size_t)size);
        at += size;
        left -= (size_t)size;
    }
    return 1;
}

static int read_row(struct bulk_stream *stream, struct bind *cells)
{
    PGconn *conn = stream->ctx->db->pg->conn;
    size_t skip = stream->begun ? 0 : HEAD_BYTES;
    int length, rc;

    if (stream->over)
        return 0;
    if (stream->message)
        pq.PQfreemem(stream->message);
    stream->message = NULL;
    length = pq.PQgetCopyData(conn, &stream->message, 0);
    if (length == -1)
        return ending(stream);
    if (length < 0 || (size_t)length < skip)
        return lost(stream->ctx);
    stream->begun = true;
    rc = parse(stream, cells, stream->message + skip, (size_t)length - skip);
    return rc ? rc : read_row(stream, cells); /* the command's result */
}

/* What is cut off in the middle cannot go on: the rest of the rows would have
 * to be read. */
static int rows_end(struct bulk_stream *stream)
{
    if (!stream)
        return 0;
    if (!stream->over && stream->ctx->db->pg->conn)
        pg_lose(stream->ctx->db);
    leave(stream);
    return 0;
}

/* ---- rows into it ---- */

static int put_bytes(struct bulk_stream *stream, const void *data,
                     size_t length)
{
    size_t needed = stream->used + length;
    char *more;

    if (needed > stream->capacity) {
        more = realloc(stream->out, needed * 2);
        if (!more)
            return fail(stream->ctx, E_INTERNAL, "store.failed",
                        "out of memory");
        stream->out = more;
        stream->capacity = needed * 2;
    }
    memcpy(stream->out + stream->used, data, length);
    stream->used += length;
    return 0;
}

static int put_number(struct bulk_stream *stream, uint64_t number, size_t size)
{
    char bytes[8];
    size_t i;

    for (i = 0; i < size; i++)
        bytes[i] = (char)(number >> (8 * (size - 1 - i)));
    return put_bytes(stream, bytes, size);
}

static int write_begin(struct bulk_stream **out, struct ctx *ctx,
                       const struct bulk_table *table)
{
    static const char head[HEAD_BYTES] = "PGCOPY\n\377\r\n";
    int rc;

    rc = enter(out, ctx, table,
               /* sql: names from the definition */
               arena_printf(ctx->arena,
                            "COPY \"%s\" (%s) FROM STDIN (FORMAT binary)",
                            table->name, bulk_names(ctx, table)),
               PGRES_COPY_IN);
    return rc ? rc : put_bytes(*out, head, sizeof head);
}

static int send_out(struct bulk_stream *stream)
{
    PGconn *conn = stream->ctx->db->pg->conn;

    if (pq.PQputCopyData(conn, stream->out, (int)stream->used) != 1)
        return lost(stream->ctx);
    stream->used = 0;
    return 0;
}

static size_t integer_size(unsigned type)
{
    return type == PG_INT2 ? 2 : type == PG_INT4 ? 4 : 8;
}

static int put_cell(struct bulk_stream *stream,
                    const struct bulk_column *column, const struct bind *cell)
{
    size_t size;
    uint64_t bits;
    int rc;

    switch (cell->kind) {
    case BIND_NULL:
        return put_number(stream, UINT32_MAX, 4);
    case BIND_INT:
        size = integer_size(column->type);
        rc = put_number(stream, size, 4);
        return rc ? rc : put_number(stream, (uint64_t)cell->integer, size);
    case BIND_DOUBLE:
        memcpy(&bits, &cell->number, sizeof bits);
        rc = put_number(stream, 8, 4);
        return rc ? rc : put_number(stream, bits, 8);
    case BIND_TEXT:
    case BIND_BLOB:
        rc = put_number(stream, cell->length, 4);
        return rc || !cell->length
                   ? rc
                   : put_bytes(stream, cell->data, cell->length);
    }
    return E_INTERNAL;
}

static int write_row(struct bulk_stream *stream, const struct bind *cells)
{
    const struct bulk_table *table = stream->table;
    int rc = put_number(stream, table->count, 2);
    size_t i;

    for (i = 0; !rc && i < table->count; i++)
        rc = put_cell(stream, table->columns[i], &cells[i]);
    return rc || stream->used < SEND_BYTES ? rc : send_out(stream);
}

static int write_end(struct bulk_stream *stream, bool good)
{
    struct ctx *ctx;
    int rc = 0;

    if (!stream)
        return 0;
    ctx = stream->ctx;
    if (good)
        rc = put_number(stream, 0xffff, 2);
    if (good && !rc)
        rc = send_out(stream);
    if (ctx->db->pg->conn) {
        int sent =
            pq.PQputCopyEnd(ctx->db->pg->conn, good && !rc ? NULL : "stopped");
        int end = sent == 1 ? ending(stream) : lost(ctx);

        rc = rc || !good ? rc : end;
    }
    leave(stream);
    return rc;
}

/* ---- the end ---- */

/* Foreign keys were made after the rows: they have looked at each. */
static int check(struct ctx *ctx)
{
    (void)ctx;
    return 0;
}

static int finish(struct ctx *ctx)
{
    int rc = pg_run(ctx->db, ctx, "SET synchronous_commit = on");

    return rc ? rc : pg_run(ctx->db, ctx, "ANALYZE");
}

const struct bulk pg_bulk = {
    .settle_in = settle_in,
    .alone = alone,
    .tables = pg_catalog_tables,
    .describe = pg_catalog_describe,
    .definition = pg_catalog_definition,
    .later = pg_catalog_later,
    .run = run,
    .beside_begin = pg_beside_begin,
    .beside_busy = pg_beside_busy,
    .beside_end = pg_beside_end,
    .empty = empty,
    .read_begin = rows_begin,
    .read = read_row,
    .read_end = rows_end,
    .write_begin = write_begin,
    .write = write_row,
    .write_end = write_end,
    .check = check,
    .finish = finish,
};
