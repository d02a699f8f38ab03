/*
 * dialect.c - the few pieces of SQL that the stores write differently.
 */
#include "base/banned.h"

#include "store/dialect.h"

#include "base/arena.h"
#include "base/ctx.h"

static bool is_sqlite(const struct ctx *ctx)
{
    return db_dialect(ctx) == DB_SQLITE;
}

const char *db_json_items(struct ctx *ctx, const char *sql)
{
    if (is_sqlite(ctx))
        return arena_printf(ctx->arena, "json_each(%s)", sql);
    return arena_printf(ctx->arena,
                        "json_array_elements_text(CAST(%s AS json))", sql);
}

const char *db_not_indexed(const struct ctx *ctx)
{
    return is_sqlite(ctx) ? " NOT INDEXED" : "";
}

bool db_one_writer(const struct ctx *ctx)
{
    return is_sqlite(ctx);
}

bool db_has_tally(const struct ctx *ctx)
{
    return is_sqlite(ctx);
}
