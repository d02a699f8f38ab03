/*
 * sqlite_schema.c - what tables, columns and indexes an SQLite database has.
 */
#include "base/banned.h"

#include "store/dialect.h"

#include "base/ctx.h"
#include "base/map.h"

enum db_dialect db_dialect(const struct ctx *ctx)
{
    (void)ctx;
    return DB_SQLITE;
}

int db_columns(struct map **out, struct ctx *ctx, const char *table)
{
    QUERY_AUTO *query = NULL;
    int rc;

    *out = map_new(ctx->arena);
    rc = db_query(&query, ctx, "SELECT name FROM pragma_table_info(?1)", "s",
                  table);
    while (!rc && (rc = query_next(query)) == 1) {
        map_set(*out, query_text(query, 0), (void *)table);
        rc = 0;
    }
    return rc;
}

int db_index_exists(bool *out, struct ctx *ctx, const char *table,
                    const char *index)
{
    int64_t one;
    int rc = db_int(&one, ctx,
                    "SELECT 1 FROM sqlite_schema WHERE type = 'index'"
                    " AND name = ?2 AND tbl_name = ?1",
                    "ss", table, index);

    *out = rc == 0;
    return rc == E_NOT_FOUND ? 0 : rc;
}
