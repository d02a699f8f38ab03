/*
 * pg_private.c - a schema of one connection's own, made and dropped with it:
 * what a database in memory is to the unit tests of the rooms above.
 */
#include "base/banned.h"

#include "store/pg.h"

#include <unistd.h>

#include "base/ctx.h"

/* Several in one process, one after the other. */
static int number;

static void order(struct db *db, const char *verb, const char *end)
{
    char sql[96];

    snprintf(sql, sizeof sql, "%s t%d_%d%s", verb, (int)getpid(), number, end);
    pg_queue(db, sql);
}

int pg_private_make(struct db *db, struct ctx *ctx)
{
    number++;
    order(db, "CREATE SCHEMA IF NOT EXISTS", "");
    order(db, "SET search_path =", "");
    return pg_settle(db, ctx);
}

void pg_private_drop(struct db *db)
{
    struct ctx ctx;

    ctx_init(&ctx, db->arena);
    pg_queue(db, "SET default_transaction_read_only = off");
    pg_settle(db, &ctx);
    order(db, "DROP SCHEMA IF EXISTS", " CASCADE");
    pg_settle(db, &ctx);
}
