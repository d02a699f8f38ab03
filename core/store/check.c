/*
 * check.c - is the database whole, and is its library known to be safe?
 */
#include "base/banned.h"

#include "store/check.h"

#include "base/ctx.h"
#include "base/str.h"
#include "base/value.h"
#include "store/dialect.h"
#include "store/sqlite.h"

/* Our own PRAGMAs pass the authorizer, and no deadline ends them. */
static int ask(const char **out, struct ctx *ctx, const char *sql)
{
    bool before = ctx->db->internal;
    int rc;

    *out = NULL;
    if (db_dialect(ctx) != DB_SQLITE)
        return 0; /* the server looks after its own pages */
    ctx->db->internal = true;
    rc = db_text(out, ctx, sql, "");
    ctx->db->internal = before;
    return rc == E_NOT_FOUND ? 0 : rc;
}

int store_integrity(const char **said, struct ctx *ctx)
{
    int rc = ask(said, ctx, "PRAGMA integrity_check(1)");

    if (!rc && *said && text_equal(*said, "ok"))
        *said = NULL;
    return rc;
}

int store_foreign_keys(const char **said, struct ctx *ctx)
{
    return ask(said, ctx, "PRAGMA foreign_key_check");
}

int store_schema(struct value **out, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      "SELECT name, type, sql FROM sqlite_schema "
                      "WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
                      "");

    *out = value_map(ctx->arena);
    while (!rc && (rc = query_next(query)) == 1) {
        struct value *one = value_map(ctx->arena);

        value_set_text(one, "kind", query_text(query, 1));
        if (!query_is_null(query, 2))
            value_set_text(one, "text", query_text(query, 2));
        value_set(*out, query_text(query, 0), one);
        rc = 0;
    }
    return rc;
}

bool store_has_race(int version_number)
{
    int minor = version_number / 1000 % 1000, patch = version_number % 1000;

    if (version_number >= 3051003)
        return false;
    if (minor == 50)
        return patch < 7;
    if (minor == 44)
        return patch < 6;
    return version_number >= 3007000;
}
