/*
 * pg_beside.c - a second connection beside a bulk session's own (bulk.h): one
 * processor makes an index there while another makes the next one here.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "store/bulk.h"
#include "store/pg.h"

struct pg_beside {
    PGconn *conn;
    const char *sql; /* what runs there; NULL: nothing */
};

/* The command's result, to be cleared; NULL: the connection is gone. */
static PGresult *result_of(PGconn *conn)
{
    PGresult *result = pq.PQgetResult(conn), *more;

    while (result && (more = pq.PQgetResult(conn)))
        pq.PQclear(more);
    return result;
}

static bool set(PGconn *conn, const char *name, const char *value)
{
    const char *const values[] = { name, value };
    PGresult *result;
    bool good;

    if (!pq.PQsendQueryParams(conn, "SELECT set_config($1, $2, false)", 2, NULL,
                              values, NULL, NULL, 0))
        return false;
    result = result_of(conn);
    good = pq.PQresultStatus(result) == PGRES_TUPLES_OK;
    pq.PQclear(result);
    return good;
}

/* As pg_bulk.c has it for its own; the server shall notice that we are gone. */
static bool settle_in(PGconn *conn, const char *path)
{
    return set(conn, "search_path", path) &&
           set(conn, "statement_timeout", "0") &&
           set(conn, "synchronous_commit", "off") &&
           set(conn, "maintenance_work_mem", "128MB") &&
           set(conn, "max_parallel_maintenance_workers", "0") &&
           set(conn, "client_connection_check_interval", "1s");
}

/* NULL: there is none to be had. */
static struct pg_beside *beside_of(struct ctx *ctx)
{
    struct pg *pg = ctx->db->pg;
    const char *path = NULL;
    struct ctx own = pg_apart(ctx);
    PGconn *conn = NULL;

    if (pg->beside)
        return pg->beside->conn ? pg->beside : NULL;
    pg->beside = arena_alloc(ctx->db->arena, sizeof *pg->beside);
    if (db_text(&path, &own, "SELECT current_setting('search_path')", "") ||
        pg_dial(&conn, &own, pg->url))
        return NULL;
    pg->beside->conn = conn;
    if (settle_in(conn, path))
        return pg->beside;
    pg_beside_close(ctx->db);
    return NULL;
}

bool pg_beside_begin(struct ctx *ctx, const char *sql)
{
    struct pg_beside *beside = beside_of(ctx);

    if (!beside || beside->sql ||
        !pq.PQsendQueryParams(beside->conn, sql, 0, NULL, NULL, NULL, NULL, 0))
        return false;
    beside->sql = sql;
    return true;
}

bool pg_beside_busy(struct ctx *ctx)
{
    struct pg_beside *beside = ctx->db->pg->beside;

    return beside && beside->sql && pq.PQconsumeInput(beside->conn) &&
           pq.PQisBusy(beside->conn);
}

int pg_beside_end(struct ctx *ctx)
{
    struct pg_beside *beside = ctx->db->pg->beside;
    PGresult *result;
    int rc = 0;

    if (!beside || !beside->sql)
        return 0;
    result = result_of(beside->conn);
    if (pq.PQresultStatus(result) != PGRES_COMMAND_OK)
        rc = pg_fail(ctx->db, ctx, result, beside->sql);
    pq.PQclear(result);
    beside->sql = NULL;
    return rc;
}

void pg_beside_close(struct db *db)
{
    struct pg_beside *beside = db->pg->beside;

    if (beside && beside->conn)
        pq.PQfinish(beside->conn);
    if (beside)
        *beside = (struct pg_beside){ 0 };
}
