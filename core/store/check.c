/*
 * check.c - is the database whole, and is its library known to be safe?
 */
#include "base/banned.h"

#include "store/check.h"

#include "base/ctx.h"
#include "base/str.h"
#include "store/sqlite.h"

/* Our own PRAGMAs pass the authorizer, and no deadline ends them. */
static int ask(const char **out, struct ctx *ctx, const char *sql)
{
    bool before = ctx->db->internal;
    int rc;

    *out = NULL;
    ctx->db->internal = true;
    rc = db_text(out, ctx, sql, "");
    ctx->db->internal = before;
    return rc == E_NOT_FOUND ? 0 : rc;
}

int store_integrity(const char **said, struct ctx *ctx)
{
    int rc = ask(said, ctx, "PRAGMA integrity_check(1)");

    if (!rc && text_equal(*said, "ok"))
        *said = NULL;
    return rc;
}

int store_foreign_keys(const char **said, struct ctx *ctx)
{
    return ask(said, ctx, "PRAGMA foreign_key_check");
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
