/*
 * pg_wire.c - commands and their results.
 *
 * The connection stays in pipeline mode: what does not have to be waited for
 * (BEGIN, a lock, a savepoint, PREPARE) travels with the statement that
 * follows it, one round trip for all. Each batch ends with a synchronisation
 * point; after an error the server skips what follows up to there.
 */
#include "base/banned.h"

#include "store/pg.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/str.h"
#include "ipc/slot.h"

enum {
    LOOK_MS = 100, /* between looks at the soft deadline */
    /* For the server to end what was cancelled; the worker itself is ended
     * two seconds after its soft deadline. */
    CANCEL_MS = 1000,
};

struct wait {
    struct db *db;
    int64_t deadline;  /* monotonic ms; 0: none */
    int64_t cancelled; /* when; 0: not yet */
};

void pg_queue(struct db *db, const char *sql)
{
    struct pg *pg = db->pg;

    if (pg->conn &&
        pq.PQsendQueryParams(pg->conn, sql, 0, NULL, NULL, NULL, NULL, 0))
        pg->queued++;
    else
        pg->broken = true;
}

static void cancel(struct pg *pg)
{
    PGcancel *order = pq.PQgetCancel(pg->conn);
    char said[256];

    if (!order)
        return;
    if (!pq.PQcancel(order, said, sizeof said))
        log_event(LOG_WARN, "store.cancel_failed", "reason", said, NULL);
    pq.PQfreeCancel(order);
}

/* Whether the wait goes on; asks the server to stop once it is too long. */
static bool patient(struct wait *wait)
{
    int64_t now = clock_monotonic();

    if (wait->cancelled)
        return now - wait->cancelled < CANCEL_MS;
    if (!wait->db->internal &&
        (slot_soft() || (wait->deadline && now > wait->deadline))) {
        wait->cancelled = now;
        cancel(wait->db->pg);
    }
    return true;
}

/* libpq 15 that got no memory for a result waits for it for ever; its text says
 * so, untranslated, since nobody has called setlocale(). */
static bool starved(const PGconn *conn)
{
    return strstr(pq.PQerrorMessage(conn), "out of memory") != NULL;
}

/* Until a result can be read without waiting. False: the connection is lost,
 * or was too long silent. */
static bool ready(struct wait *wait)
{
    PGconn *conn = wait->db->pg->conn;
    int left, came;

    while ((left = pq.PQflush(conn)) > 0 || pq.PQisBusy(conn)) {
        struct pollfd poll_for = { .fd = pq.PQsocket(conn),
                                   .events =
                                       (short)(POLLIN | (left ? POLLOUT : 0)) };

        if (left < 0)
            return false;
        came = poll(&poll_for, 1, LOOK_MS);
        if (came < 0 && errno != EINTR)
            return false;
        if (came == 0 && starved(conn))
            return false;
        if (poll_for.revents && !pq.PQconsumeInput(conn))
            return false;
        if (!patient(wait))
            return false;
    }
    return left == 0;
}

/* Result of the next command; NULL where there is none, or *lost. */
static PGresult *next(struct wait *wait, bool *lost)
{
    PGresult *result;

    if (*lost || !ready(wait)) {
        *lost = true;
        return NULL;
    }
    result = pq.PQgetResult(wait->db->pg->conn);
    if (!result && pq.PQstatus(wait->db->pg->conn) == CONNECTION_BAD)
        *lost = true;
    return result;
}

/* Reads to the next synchronisation point, keeping nothing. */
static void skip_batch(struct wait *wait, bool *lost)
{
    int empty = 0;

    while (!*lost) {
        PGresult *result = next(wait, lost);
        ExecStatusType status =
            result ? pq.PQresultStatus(result) : PGRES_EMPTY_QUERY;

        if (result)
            pq.PQclear(result);
        /* Between two commands there is one NULL; two: nothing comes. */
        empty = result ? 0 : empty + 1;
        if (status == PGRES_PIPELINE_SYNC)
            return;
        if (empty > 1)
            *lost = true;
    }
}

static bool failed(const PGresult *result)
{
    ExecStatusType status = pq.PQresultStatus(result);

    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
}

/* The results of one command: the first of them, NULL where it was lost. */
static PGresult *command_result(struct wait *wait, bool *lost)
{
    PGresult *first = next(wait, lost), *more;

    while (first && (more = next(wait, lost)))
        pq.PQclear(more);
    return first;
}

/* Sends what is queued with a synchronisation point. */
static bool send_batch(struct db *db)
{
    return db->pg->conn && !db->pg->broken && pq.PQpipelineSync(db->pg->conn);
}

static int lost_now(struct db *db, struct ctx *ctx, const char *sql)
{
    int rc = pg_fail(db, ctx, NULL, sql);

    pg_lose(db);
    return rc;
}

/* The server hears of a cancellation beside the line, maybe when the statement
 * has ended already: what it then ends shall be nobody's. */
static void catch_late_cancel(struct db *db)
{
    pg_queue(db, "SELECT 1");
    pg_post(db);
}

int pg_collect(PGresult **out, struct db *db, struct ctx *ctx, const char *sql)
{
    struct pg *pg = db->pg;
    struct wait wait = { .db = db, .deadline = ctx ? ctx->deadline : 0 };
    PGresult *bad = NULL, *last = NULL;
    bool lost = !send_batch(db);
    int count = pg->queued, i, rc;

    *out = NULL;
    pg->queued = pg->posted = 0;
    pg->failed_at = PG_NONE;
    slot_push_host("store");
    for (; pg->owed > 0 && !lost; pg->owed--)
        skip_batch(&wait, &lost);
    for (i = 0; i < count && !lost; i++) {
        PGresult *result = command_result(&wait, &lost);

        if (!result)
            break;
        if (!bad && failed(result)) {
            bad = result;
            pg->failed_at = i;
            if (i > pg->lock_at)
                pg->lock_at = PG_NONE;
            continue;
        }
        if (last)
            pq.PQclear(last);
        last = result;
    }
    if (!lost)
        skip_batch(&wait, &lost);
    slot_pop();
    if (!lost && wait.cancelled)
        catch_late_cancel(db);
    if (!lost && !bad) {
        pg->lock_at = PG_NONE;
        *out = last;
        return 0;
    }
    /* An error that ends the session is told before the line is cut. */
    rc = bad ? pg_fail(db, ctx, bad, sql) : 0;
    if (!bad)
        rc = lost_now(db, ctx, sql);
    else if (lost || rc == E_UNAVAILABLE)
        pg_lose(db);
    pg->lock_at = PG_NONE;
    if (bad)
        pq.PQclear(bad);
    if (last)
        pq.PQclear(last);
    return rc;
}

void pg_post(struct db *db)
{
    struct pg *pg = db->pg;

    if (!pg->queued && !pg->broken)
        return;
    pg->queued = pg->posted = 0;
    if (send_batch(db)) {
        pg->owed++;
        pq.PQflush(pg->conn);
    } else {
        pg_lose(db);
    }
}

int pg_settle(struct db *db, struct ctx *ctx)
{
    PGresult *result;
    int rc = pg_collect(&result, db, ctx, "settle");

    if (result)
        pq.PQclear(result);
    return rc;
}

int pg_run(struct db *db, struct ctx *ctx, const char *sql)
{
    PGresult *result;
    int rc;

    pg_queue(db, sql);
    rc = pg_collect(&result, db, ctx, sql);
    if (result)
        pq.PQclear(result);
    return rc;
}

int pg_number(int64_t *out, struct db *db, struct ctx *ctx, const char *sql)
{
    PGresult *result;
    int rc;

    *out = 0;
    pg_queue(db, sql);
    rc = pg_collect(&result, db, ctx, sql);
    if (rc)
        return rc;
    if (pq.PQntuples(result) > 0 && !pq.PQgetisnull(result, 0, 0) &&
        int_parse(out, pq.PQgetvalue(result, 0, 0), INT64_MIN, INT64_MAX))
        rc = E_NOT_FOUND;
    pq.PQclear(result);
    return rc;
}
