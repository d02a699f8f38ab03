/*
 * link.c - one-time links: the first run, invitations, resets (S7).
 *
 * 256 random bits can't be guessed; trying is throttled all the same, by
 * address, so that the log and the administrator notice.
 */
#include "base/banned.h"

#include "org/session.h"

#include "audit/audit.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/str.h"
#include "org/throttle.h"
#include "store/db.h"

static const char *hash_link(struct ctx *ctx, const char *purpose,
                             const char *token)
{
    unsigned char hash[HASH_SIZE];
    const char *both = arena_printf(ctx->arena, "%s\n%s", purpose, token);

    hash_data(hash, both, strlen(both), NULL, 0);
    return hex_of(ctx->arena, hash, sizeof(hash));
}

int link_make(char token[TOKEN_TEXT_MAX], struct ctx *ctx, const char *purpose,
              int64_t user, int minutes)
{
    int rc = tx_begin(ctx, "link.make");

    if (rc)
        return rc;
    token_make(token);
    rc = db_exec(ctx,
                 "DELETE FROM org_link WHERE until < ?1 OR (purpose = ?2 "
                 "AND coalesce(user_id, 0) = ?3)",
                 "isi", clock_now(), purpose, user);
    if (!rc)
        rc = db_exec(ctx,
                     "INSERT INTO org_link (hash, user_id, purpose, until) "
                     "VALUES (?1, nullif(?2, 0), ?3, ?4)",
                     "sisi", hash_link(ctx, purpose, token), user, purpose,
                     clock_now() + (int64_t)minutes * 60 * 1000);
    if (!rc)
        rc = audit_add(ctx, "link", user, purpose, NULL);
    return tx_end(ctx, rc);
}

static int find(int64_t *user, struct ctx *ctx, const char *purpose,
                const char *token)
{
    if (text_empty(token) || strlen(token) >= TOKEN_TEXT_MAX)
        return E_NOT_FOUND;
    return db_int(user, ctx,
                  "SELECT coalesce(user_id, 0) FROM org_link WHERE hash = ?1 "
                  "AND purpose = ?2 AND until > ?3",
                  "ssi", hash_link(ctx, purpose, token), purpose, clock_now());
}

static int dead(struct ctx *ctx)
{
    return fail(ctx, E_NOT_FOUND, "org.link.dead",
                "this link has been used or is too old");
}

int link_peek(int64_t *user, struct ctx *ctx, const char *purpose,
              const char *token)
{
    int rc = find(user, ctx, purpose, token);

    if (rc != E_NOT_FOUND)
        return rc;
    log_ctx(ctx, LOG_WARN, "link.refused", "purpose", purpose, NULL);
    rc = throttle_charge(ctx, "\nlink", true);
    return rc ? rc : dead(ctx);
}

int link_use(int64_t *user, struct ctx *ctx, const char *purpose,
             const char *token)
{
    int rc = tx_begin(ctx, "link.use");

    if (rc)
        return rc;
    rc = find(user, ctx, purpose, token);
    if (!rc)
        rc = db_exec(ctx, "DELETE FROM org_link WHERE hash = ?1", "s",
                     hash_link(ctx, purpose, token));
    if (!rc && db_changes(ctx) != 1)
        rc = E_NOT_FOUND;
    if (rc == E_NOT_FOUND)
        rc = dead(ctx);
    return tx_end(ctx, rc);
}
