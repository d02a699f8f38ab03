/*
 * limit.c - how often somebody may ask for what is expensive.
 *
 * The meters are the service's (store/meter.h): who is refused by one worker
 * does not get it from the next one.
 */
#include "base/banned.h"

#include "web/limit.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/log.h"
#include "org/person.h"
#include "org/throttle.h"
#include "store/meter.h"
#include "web/router.h"

static const struct meter_rule a_person = { .burst = 120, .every_ms = 250 };
static const struct meter_rule an_office = { .burst = 1200, .every_ms = 25 };

static int take(struct ctx *ctx, const struct route *route, const char *by,
                const char *subject, struct meter_rule rule)
{
    if (!meter_take(ctx,
                    arena_printf(ctx->arena, "%s %s %s %s", by, subject,
                                 route->method, route->pattern),
                    rule))
        return 0;
    log_ctx(ctx, LOG_WARN, "limit.reached", "route", route->pattern, "by", by,
            NULL);
    return fail(ctx, E_TOO_MANY, "web.slow_down",
                "too many requests; wait a few seconds");
}

int limit_take(struct ctx *ctx, const struct route *route)
{
    const char *address = throttle_address(ctx, ctx->address);
    int rc;

    if (!ctx->person)
        return take(ctx, route, "stranger", address, a_person);
    rc = take(ctx, route, "person",
              arena_printf(ctx->arena, "%" PRId64, ctx->person->id), a_person);
    return rc ? rc : take(ctx, route, "address", address, an_office);
}
