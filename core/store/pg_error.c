/*
 * pg_error.c - what the server's errors mean to us, by SQLSTATE
 * (PostgreSQL's appendix A): the same codes and keys as the other driver's.
 */
#include "base/banned.h"

#include "store/pg.h"

#include "base/ctx.h"
#include "base/log.h"
#include "base/str.h"

static const char *field(const PGresult *result, int code)
{
    const char *text = result ? pq.PQresultErrorField(result, code) : NULL;

    return text ? text : "";
}

int pg_away(struct ctx *ctx)
{
    return fail(ctx, E_UNAVAILABLE, "store.away",
                "the database cannot be reached; try again in a moment");
}

static int constraint(struct ctx *ctx, const PGresult *result,
                      const char *state)
{
    if (text_equal(state, "23505"))
        return fail(ctx, E_CONFLICT, "store.unique", "this already exists: %s",
                    field(result, PG_DIAG_CONSTRAINT_NAME));
    if (text_equal(state, "23503"))
        return fail(ctx, E_CONFLICT, "store.in_use",
                    "something still refers to this, or what this refers to "
                    "is gone");
    return fail(ctx, E_STORE, "store.constraint", "the store refuses this: %s",
                field(result, PG_DIAG_MESSAGE_PRIMARY));
}

static int busy(struct ctx *ctx)
{
    return fail(ctx, E_BUSY, "store.busy",
                "another change takes long; try again in a moment");
}

/* What the server says when it goes, or when it is not the one that takes
 * changes any more (a transaction of ours says that it writes). */
static bool ends_session(const struct db *db, const char *state)
{
    static const char *const states[] = { "25P03", "25P04" };
    size_t i;

    if (text_starts(state, "08") || text_starts(state, "57P"))
        return true;
    for (i = 0; i < sizeof states / sizeof *states; i++)
        if (text_equal(state, states[i]))
            return true;
    return db->pg->open && db->depth &&
           (text_equal(state, "25006") ||
            (text_equal(state, "0A000") && db->pg->failed_at == 0));
}

int pg_fail(struct db *db, struct ctx *ctx, const PGresult *result,
            const char *sql)
{
    const char *state = field(result, PG_DIAG_SQLSTATE);
    bool at_lock = db->pg->lock_at != PG_NONE;

    if (!result || !*state || ends_session(db, state)) {
        log_ctx(ctx, LOG_WARN, "store.away", "reason",
                result ? field(result, PG_DIAG_MESSAGE_PRIMARY)
                       : pq.PQerrorMessage(db->pg->conn),
                NULL);
        return pg_away(ctx);
    }
    if (text_starts(state, "23") || text_equal(state, "22P02"))
        return constraint(ctx, result, state);
    if (text_equal(state, "57014") && !at_lock)
        return fail(ctx, E_TIMEOUT, "store.timeout",
                    "this took longer than it may; ask for less at once");
    if (text_equal(state, "57014") || text_equal(state, "55P03"))
        return busy(ctx);
    if (text_equal(state, "40001") || text_equal(state, "40P01")) {
        log_ctx(ctx, LOG_INFO, "store.conflict", "state", state, NULL);
        return fail(ctx, E_BUSY, "store.conflict",
                    "two changes were in each other's way; try again");
    }
    if (text_equal(state, "53100"))
        return fail(ctx, E_FULL, "store.full",
                    "there is no room left on the disk; nothing was saved");
    if (text_equal(state, "22003"))
        return fail(ctx, E_LIMIT, "store.overflow",
                    "a number is too large to be kept or added up");
    if (text_equal(state, "54000") || text_equal(state, "54001"))
        return fail(ctx, E_LIMIT, "store.too_big",
                    "a value is too large to be kept");
    log_ctx(ctx, LOG_ERROR, "store.error", "state", state, "detail",
            field(result, PG_DIAG_MESSAGE_PRIMARY), "hint",
            field(result, PG_DIAG_MESSAGE_HINT), "sql", sql, NULL);
    if (text_equal(state, "25006"))
        return fail(ctx, E_INTERNAL, "store.no_transaction",
                    "a write needs a transaction");
    if (text_starts(state, "XX"))
        return fail(ctx, E_STORE, "store.corrupt",
                    "the database is damaged: %s",
                    field(result, PG_DIAG_MESSAGE_PRIMARY));
    return fail(ctx, E_STORE, "store.failed", "the store failed: %s",
                field(result, PG_DIAG_MESSAGE_PRIMARY));
}
