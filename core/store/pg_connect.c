/*
 * pg_connect.c - the connection to PostgreSQL: opening it, checking that the
 * server suits us, losing it, opening it again.
 *
 * What is refused is refused in one sentence with host, user and reason; the
 * password is in none. A connection that was lost between two requests is
 * opened again without anybody noticing; while the server is away each
 * request is told so at once, and one try a second is made.
 */
#include "base/banned.h"

#include "store/pg.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"
#include "store/bulk.h"

enum {
    OLDEST = 140000, /* client_connection_check_interval came with 14 */
    AGAIN_MS = 1000,
    CLOCK_EVERY_MS = 60 * 1000,
    CLOCK_TREMBLES_MS = 20,
    NODES = 4096,
    NODE_TRIES = 64,
    REASON_MAX = 300,
};

struct pq pq;

static int load(struct ctx *ctx)
{
    static const struct late_name names[] = {
        LATE_NAME(pq, PQconnectdbParams),
        LATE_NAME(pq, PQfinish),
        LATE_NAME(pq, PQstatus),
        LATE_NAME(pq, PQhost),
        LATE_NAME(pq, PQuser),
        LATE_NAME(pq, PQdb),
        LATE_NAME(pq, PQsocket),
        LATE_NAME(pq, PQserverVersion),
        LATE_NAME(pq, PQparameterStatus),
        LATE_NAME(pq, PQerrorMessage),
        LATE_NAME(pq, PQsetNoticeProcessor),
        LATE_NAME(pq, PQsetnonblocking),
        LATE_NAME(pq, PQenterPipelineMode),
        LATE_NAME(pq, PQexitPipelineMode),
        LATE_NAME(pq, PQpipelineSync),
        LATE_NAME(pq, PQsendQueryParams),
        LATE_NAME(pq, PQsendPrepare),
        LATE_NAME(pq, PQsendQueryPrepared),
        LATE_NAME(pq, PQexec),
        LATE_NAME(pq, PQflush),
        LATE_NAME(pq, PQconsumeInput),
        LATE_NAME(pq, PQisBusy),
        LATE_NAME(pq, PQgetResult),
        LATE_NAME(pq, PQnotifies),
        LATE_NAME(pq, PQbackendPID),
        LATE_NAME(pq, PQfreemem),
        LATE_NAME(pq, PQgetCancel),
        LATE_NAME(pq, PQcancel),
        LATE_NAME(pq, PQfreeCancel),
        LATE_NAME(pq, PQresultStatus),
        LATE_NAME(pq, PQresultErrorField),
        LATE_NAME(pq, PQclear),
        LATE_NAME(pq, PQntuples),
        LATE_NAME(pq, PQnfields),
        LATE_NAME(pq, PQftype),
        LATE_NAME(pq, PQgetvalue),
        LATE_NAME(pq, PQgetisnull),
        LATE_NAME(pq, PQgetlength),
        LATE_NAME(pq, PQcmdTuples),
        LATE_NAME(pq, PQcmdStatus),
        LATE_NAME(pq, PQputCopyData),
        LATE_NAME(pq, PQputCopyEnd),
        LATE_NAME(pq, PQgetCopyData),
    };

    if (pq.PQfinish)
        return 0;
    return late_load(ctx, "libpq.so.5", names, sizeof names / sizeof *names);
}

static void on_notice(void *argument, const char *text)
{
    (void)argument;
    log_event(LOG_DEBUG, "store.notice", "text", text, NULL);
}

/* libpq's message in one line: what follows its last ": ". Where it does not
 * understand the address (then there is no host) it repeats a part of that,
 * which may be the password: it ends before. */
static const char *reason_of(struct ctx *ctx, const PGconn *conn)
{
    char text[REASON_MAX];
    char *end;

    snprintf(text, sizeof text, "%s", pq.PQerrorMessage(conn));
    end = strchr(text, '\n');
    if (end)
        *end = '\0';
    end = text_empty(pq.PQhost(conn)) ? strpbrk(text, "\"':") : NULL;
    if (end)
        *end = '\0';
    end = strstr(text, " failed: ");
    return arena_strdup(ctx->arena, end ? end + strlen(" failed: ") : text);
}

static const char *host_of(const PGconn *conn)
{
    const char *host = pq.PQhost(conn);

    return text_empty(host) ? "?" : host;
}

static const char *user_of(const PGconn *conn)
{
    const char *user = pq.PQuser(conn);

    return text_empty(user) ? "?" : user;
}

int pg_dial(PGconn **out, struct ctx *ctx, const char *url)
{
    /* A server that is gone without a word (its machine lost power, a firewall
     * forgot the line) is noticed in 8 s where something was sent, before a
     * request's deadline, and in 15 s where an answer is waited for: TCP alone
     * takes a quarter of an hour. What the URL says counts. */
    static const char *const names[] = {
        "connect_timeout",           "tcp_user_timeout", "keepalives_idle",
        "keepalives_interval",       "keepalives_count", "client_encoding",
        "fallback_application_name", "dbname",           NULL
    };
    const char *name = arena_printf(ctx->arena, "tenon %s", log_process_name());
    const char *const values[] = { "3",    "8000", "5", "5", "2",
                                   "UTF8", name,   url, NULL };
    PGconn *conn;
    int rc = load(ctx);

    *out = NULL;
    if (rc)
        return rc;
    conn = pq.PQconnectdbParams(names, values, 1);
    if (pq.PQstatus(conn) == CONNECTION_OK) {
        pq.PQsetNoticeProcessor(conn, on_notice, NULL);
        *out = conn;
        return 0;
    }
    rc = fail(ctx, E_UNAVAILABLE, "store.refused",
              "the database at %s cannot be reached as %s: %s", host_of(conn),
              user_of(conn), reason_of(ctx, conn));
    pq.PQfinish(conn);
    return rc;
}

/* ---- does the server suit us? ---- */

static int check_server(struct ctx *ctx, const PGconn *conn)
{
    const char *encoding = pq.PQparameterStatus(conn, "server_encoding");
    int version = pq.PQserverVersion(conn);

    if (version < OLDEST)
        return fail(ctx, E_UNSUPPORTED, "store.too_old",
                    "PostgreSQL at %s is version %d.%d; at least %d is needed",
                    host_of(conn), version / 10000, version % 10000,
                    OLDEST / 10000);
    if (!text_equal(encoding, "UTF8"))
        return fail(ctx, E_UNSUPPORTED, "store.encoding",
                    "the database %s at %s is in the encoding %s; make it "
                    "anew with: createdb -E UTF8 -T template0 %s",
                    pq.PQdb(conn), host_of(conn), encoding ? encoding : "?",
                    pq.PQdb(conn));
    return 0;
}

/* What an account must be able to do, and a standby cannot. */
static int check_rights(struct db *db, struct ctx *ctx)
{
    PGconn *conn = db->pg->conn;
    int64_t standby, rights;
    int rc;

    rc = pg_number(&standby, db, ctx, "SELECT pg_is_in_recovery()::int");
    if (rc)
        return rc;
    if (standby)
        return fail(ctx, E_UNSUPPORTED, "store.standby",
                    "the database at %s is a standby that takes no changes; "
                    "name the primary server in store.url",
                    host_of(conn));
    rc = pg_number(&rights, db, ctx,
                   "SELECT coalesce(has_schema_privilege(current_schema(), "
                   "'CREATE'), false)::int");
    if (rc || rights)
        return rc;
    return fail(ctx, E_FORBIDDEN, "store.rights",
                "%s may not create tables in the database %s at %s; run "
                "there: GRANT CREATE ON SCHEMA public TO %s",
                user_of(conn), pq.PQdb(conn), host_of(conn), user_of(conn));
}

/* ---- what a session is like ---- */

static int configure(struct db *db, struct ctx *ctx)
{
    const struct settings *settings = ctx->site ? &ctx->site->settings : NULL;
    struct pg *pg = db->pg;
    char sql[64];

    pg->timeout_ms = (settings ? settings->soft_ms : 10000) + 1000;
    pg->timeout_set = pg->timeout_ms;
    snprintf(sql, sizeof sql, "SET statement_timeout = %lld",
             (long long)pg->timeout_ms);
    pg_queue(db, sql);
    pg_queue(db, "SET default_transaction_isolation = 'read committed'");
    pg_queue(db, "SET idle_in_transaction_session_timeout = '10min'");
    pg_queue(db, "SET client_connection_check_interval = '2s'");
    pg_queue(db, "SET client_min_messages = warning");
    pg_queue(db, "SET bytea_output = hex");
    pg_queue(db, "SET standard_conforming_strings = on");
    pg_queue(db, "SET TimeZone = 'UTC'");
    /* What runs for a millisecond is not worth compiling. */
    pg_queue(db, "SET jit = off");
    return pg_settle(db, ctx);
}

/* Advisory locks are the database's: sites in schemas of their own differ. */
static int find_site(struct db *db, struct ctx *ctx)
{
    int64_t number;
    int rc = pg_number(&number, db, ctx, "SELECT hashtext(current_schema())");

    db->pg->site = (int32_t)number;
    return rc;
}

/* For what must not disturb the problems that the caller has found. */
struct ctx pg_apart(const struct ctx *ctx)
{
    struct ctx own = ctx_apart(ctx);

    return own;
}

/* From here on the whole process goes by the server's clock, as all hosts do.
 * What lies within the way there and back is left as it is: a clock that only
 * trembles shall not go backwards. */
static int read_clock(struct db *db, struct ctx *ctx)
{
    int64_t before = clock_monotonic(), after, server, off;
    int rc = pg_number(&server, db, ctx,
                       "SELECT (extract(epoch FROM clock_timestamp()) * "
                       "1000)::bigint");

    if (rc)
        return rc;
    after = clock_monotonic();
    off = clock_now() - server;
    if (!db->pg->clock_at || off < -CLOCK_TREMBLES_MS ||
        off > CLOCK_TREMBLES_MS + after - before)
        clock_follow(server, (before + after) / 2);
    db->pg->clock_at = after;
    return 0;
}

/* Between two transactions the clock is asked for again now and then. */
static void look_at_clock(struct db *db, struct ctx *ctx)
{
    struct pg *pg = db->pg;
    struct ctx own;

    if (db->depth || db->read_open ||
        clock_monotonic() - pg->clock_at < CLOCK_EVERY_MS)
        return;
    own = pg_apart(ctx);
    (void)read_clock(db, &own); /* who asks next hears of it */
}

/* A number between 0 and 4095 that no living session has: it is held by a
 * lock of the session, and the sequence lets a number rest before it is given
 * again, should two hosts' clocks differ. */
static int lease_node(struct db *db, struct ctx *ctx)
{
    int64_t node, got;
    /* Nothing new is made beside a copy; the process may have a number. */
    int i,
        rc = db->flags & DB_ALONE ? 0 : pg_table_exists(db, ctx, "store_node");
    char sql[96];

    if (rc <= 0)
        return rc;
    for (i = 0; i < NODE_TRIES; i++) {
        rc = pg_number(&node, db, ctx,
                       "SELECT nextval('store_node_number') % 4096");
        if (rc)
            return rc;
        snprintf(sql, sizeof sql, "SELECT pg_try_advisory_lock(%d, %d)::int",
                 PG_LOCK_NODE,
                 (int32_t)(((uint32_t)db->pg->site << 12) ^ (uint32_t)node));
        rc = pg_number(&got, db, ctx, sql);
        if (rc)
            return rc;
        if (got) {
            db->pg->node_key = (int)node;
            id_node((int)node);
            return 0;
        }
    }
    return fail(ctx, E_UNAVAILABLE, "store.nodes",
                "too many programs use this database at once");
}

/* The line itself, as both kinds of connection have it. */
static int open_line(struct db *db, struct ctx *ctx)
{
    static int generation; /* of all connections: no two are alike */
    struct pg *pg = db->pg;
    int rc = pg_dial(&pg->conn, ctx, pg->url);

    if (rc)
        return rc;
    pg->generation = ++generation;
    pg->queued = pg->owed = pg->posted = 0;
    pg->open = pg->lost = pg->broken = false;
    pg->pending = PG_SENT;
    pg->lock_at = pg->node_key = PG_NONE;
    rc = check_server(ctx, pg->conn);
    if (!rc &&
        (pq.PQsetnonblocking(pg->conn, 1) || !pq.PQenterPipelineMode(pg->conn)))
        rc = pg_fail(db, ctx, NULL, "pipeline");
    if (!rc && (db->flags & DB_MEMORY))
        rc = pg_private_make(db, ctx);
    return rc ? rc : configure(db, ctx);
}

/* A write needs a transaction that says so. */
static int end_opening(struct db *db, struct ctx *ctx, int rc)
{
    struct pg *pg = db->pg;

    if (!rc)
        rc = pg_run(db, ctx, "SET default_transaction_read_only = on");
    if (rc && pg->conn) {
        pq.PQfinish(pg->conn);
        pg->conn = NULL;
    }
    return rc;
}

static int connect_now(struct db *db, struct ctx *ctx)
{
    int rc = open_line(db, ctx);

    if (!rc)
        rc = find_site(db, ctx);
    if (!rc)
        rc = pg_prepare_locks(db, ctx);
    if (!rc)
        rc = read_clock(db, ctx);
    if (!rc)
        rc = check_rights(db, ctx);
    if (!rc)
        rc = lease_node(db, ctx);
    return end_opening(db, ctx, rc);
}

int pg_connect_standby(struct db *db, struct ctx *ctx)
{
    return end_opening(db, ctx, open_line(db, ctx));
}

/* The keeper listens, which no pooler can. */
static const char *address_of(const struct db *db, const struct ctx *ctx)
{
    const struct store_settings *store =
        ctx->site ? &ctx->site->settings.store : NULL;

    if (db->flags & DB_MEMORY)
        return getenv("TENON_TEST_STORE");
    if (db->flags & DB_KEEPER && store->listen_url)
        return store->listen_url;
    return store->url;
}

int pg_open(struct db *db, struct ctx *ctx)
{
    struct pg *pg = arena_alloc(db->arena, sizeof *pg);
    int rc;

    pg->url = arena_strdup(db->arena, address_of(db, ctx));
    db->pg = pg;
    rc = db_open_page(db, ctx);
    if (!rc)
        rc = connect_now(db, ctx);
    if (!rc && (db->flags & (DB_CREATE | DB_ALONE)) == DB_CREATE &&
        pg_table_exists(db, ctx, "store_epoch"))
        rc = fail(ctx, E_CONFLICT, "store.not_empty",
                  "there is a site in this database already");
    return rc;
}

void pg_close(struct db *db)
{
    struct pg *pg = db->pg;

    if (!pg)
        return;
    pg_replica_close(db);
    pg = db->pg;
    pg_beside_close(db);
    if (pg->conn)
        tx_abandon(db);
    query_cache_clear(db);
    if (pg->conn && db->flags & DB_MEMORY)
        pg_private_drop(db);
    if (pg->conn)
        pq.PQfinish(pg->conn);
    pg->conn = NULL;
}

void pg_lose(struct db *db)
{
    struct pg *pg = db->pg;

    if (pg->conn)
        pq.PQfinish(pg->conn);
    pg->conn = NULL;
    pg->queued = pg->owed = pg->posted = 0;
    pg->broken = false;
    pg->lost = true;
}

int pg_ensure(struct db *db, struct ctx *ctx)
{
    struct pg *pg = db->pg;
    int64_t now = clock_monotonic();
    struct ctx own;

    if (pg->conn && !pg->standby)
        look_at_clock(db, ctx);
    if (pg->conn)
        return 0;
    /* What was open is over; it must not go on as if nothing were. */
    if (pg->standby || db->depth || (db->read_open && pg->lost))
        return pg_away(ctx);
    if (now < pg->again_at)
        return pg_away(ctx);
    own = pg_apart(ctx);
    if (connect_now(db, &own) == 0) {
        log_event(LOG_INFO, "store.back", NULL);
        pg->again_at = 0;
        return 0;
    }
    pg->again_at = clock_monotonic() + AGAIN_MS;
    log_ctx(ctx, LOG_WARN, "store.away", "reason", ctx_error(&own), NULL);
    return pg_away(ctx);
}

int64_t pg_now(struct db *db)
{
    (void)db;
    return clock_now();
}

const struct driver pg_driver = {
    .name = "postgresql",
    .one_writer = false,
    .open = pg_open,
    .close = pg_close,
    .prepare = pg_prepare,
    .finalize = pg_finalize,
    .reads = pg_reads,
    .parameters = pg_parameters,
    .bind = pg_bind,
    .step = pg_step,
    .post = pg_post_query,
    .reset = pg_reset,
    .column_int = pg_column_int,
    .column_double = pg_column_double,
    .column_text = pg_column_text,
    .column_blob = pg_column_blob,
    .column_null = pg_column_null,
    .begin = pg_begin,
    .alone = pg_alone,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .savepoint = pg_savepoint,
    .release = pg_release,
    .undo = pg_undo,
    .gone = pg_gone,
    .guard = pg_guard,
    .in_order = pg_in_order,
    .snapshot = pg_snapshot,
    .snapshot_end = pg_snapshot_end,
    .report = pg_replica_enter,
    .report_end = pg_replica_leave,
    .now = pg_now,
    .columns = pg_columns,
    .index_exists = pg_index_exists,
    .table_exists = pg_table_exists,
    .bulk = &pg_bulk,
    .run_text = pg_run_text,
};
