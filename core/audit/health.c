/*
 * health.c - what may be wrong with the trail.
 */
#include "base/banned.h"

#include "audit/health.h"

#include "audit/audit.h"
#include "base/ctx.h"
#include "store/health.h"

static int look(struct health *health, struct ctx *ctx)
{
    int64_t checked;
    int rc = audit_verify(ctx, &checked);

    if (rc != E_INVALID)
        return rc;
    health_found(health, "audit.health.broken", ctx_error(ctx));
    ctx_clear(ctx);
    return 0;
}

static int seal(struct ctx *ctx)
{
    int rc = audit_seal(ctx);

    return rc < 0 ? rc : 0;
}

static const struct health_kind kinds[] = {
    { "audit.health.broken", HEALTH_BAD, NULL, NULL, NULL },
    /* The sealer comes each second while a site is served. */
    { "audit.health.unsealed", HEALTH_NOTE,
      "SELECT CAST(id AS TEXT) FROM audit_entry"
      " WHERE seal IS NULL AND at < ?1 - 3600000",
      NULL, seal },
    { NULL, HEALTH_NOTE, NULL, NULL, NULL },
};

const struct health_room audit_health = { "audit", kinds, look };
