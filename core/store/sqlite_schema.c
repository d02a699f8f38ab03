/*
 * sqlite_schema.c - what tables there are, and statements that change them.
 */
#include "base/banned.h"

#include "store/sqlite.h"

#include "base/ctx.h"
#include "base/map.h"
#include "store/migrate.h"

/* Runs each statement of the text. */
static int run_statements(struct db *db, struct ctx *ctx, const char *sql)
{
    int rc = SQLITE_OK;

    while (rc == SQLITE_OK && *sql) {
        const char *tail = sql;
        sqlite3_stmt *stmt = NULL;

        rc = sqlite3_prepare_v2(db->sql, sql, -1, &stmt, &tail);
        if (rc == SQLITE_OK && stmt) {
            while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
                ;
            rc = rc == SQLITE_DONE ? SQLITE_OK
                                   : sqlite3_extended_errcode(db->sql);
        }
        sqlite3_finalize(stmt);
        sql = tail;
    }
    if (rc == SQLITE_OK)
        return 0;
    tx_doom(db);
    return db_fail(db, ctx, rc, sql);
}

/* A table that takes any type of value is refused. */
static int check_strict(struct ctx *ctx)
{
    const char *table = NULL;
    int rc;

    rc = db_text(&table, ctx,
                 "SELECT name FROM pragma_table_list WHERE schema = 'main' "
                 "AND type = 'table' AND strict = 0 "
                 "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
                 "");
    if (rc == E_NOT_FOUND)
        return 0;
    if (rc)
        return rc;
    tx_doom(ctx->db);
    return fail(ctx, E_STORE, "store.not_strict", "the table %s is not STRICT",
                table);
}

int sqlite_run_text(struct db *db, struct ctx *ctx,
                    const struct migration *migration, const char *prefix)
{
    int rc;

    db->prefix = prefix;
    rc = run_statements(db, ctx, migration->sql);
    db->prefix = NULL;
    return rc ? rc : check_strict(ctx);
}

int sqlite_table_exists(struct db *db, struct ctx *ctx, const char *name)
{
    int64_t there = 0;
    int rc = db_int(&there, ctx,
                    "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND "
                    "name = ?1",
                    "s", name);

    (void)db;
    return rc == E_NOT_FOUND ? 0 : rc ? rc : 1;
}

int sqlite_columns(struct db *db, struct map **out, struct ctx *ctx,
                   const char *table)
{
    QUERY_AUTO *query = NULL;
    int rc;

    (void)db;
    *out = map_new(ctx->arena);
    rc = db_query(&query, ctx, "SELECT name FROM pragma_table_info(?1)", "s",
                  table);
    while (!rc && (rc = query_next(query)) == 1) {
        map_set(*out, query_text(query, 0), (void *)table);
        rc = 0;
    }
    return rc;
}

int sqlite_index_exists(struct db *db, bool *out, struct ctx *ctx,
                        const char *table, const char *index)
{
    int64_t one;
    int rc = db_int(&one, ctx,
                    "SELECT 1 FROM sqlite_schema WHERE type = 'index'"
                    " AND name = ?2 AND tbl_name = ?1",
                    "ss", table, index);

    (void)db;
    *out = rc == 0;
    return rc == E_NOT_FOUND ? 0 : rc;
}
