/*
 * limit.c - token buckets for expensive routes.
 *
 * A table of fixed size, so that many addresses cannot fill the memory; two
 * who share a slot share a bucket, which only makes it fuller sooner.
 */
#include "base/banned.h"

#include "web/limit.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/map.h"
#include "org/person.h"
#include "web/router.h"

enum { SLOTS = 2048, BURST = 60, MS_PER_TOKEN = 500 };

struct bucket {
    int64_t at; /* clock_monotonic() ms of the last change */
    int64_t used;
};

static struct bucket buckets[SLOTS];

int limit_take(struct ctx *ctx, const struct route *route)
{
    char subject[256];
    struct bucket *bucket;
    int64_t now = clock_monotonic(), back;

    if (ctx->person)
        snprintf(subject, sizeof(subject), "%" PRId64 " %.180s",
                 ctx->person->id, route->pattern);
    else
        snprintf(subject, sizeof(subject), "%.60s %.180s",
                 ctx->address ? ctx->address : "", route->pattern);
    bucket = &buckets[text_hash(subject, strlen(subject)) % SLOTS];
    back = (now - bucket->at) / MS_PER_TOKEN;
    if (back > 0) {
        bucket->used = back >= bucket->used ? 0 : bucket->used - back;
        bucket->at = now;
    }
    if (bucket->used >= BURST) {
        log_ctx(ctx, LOG_WARN, "limit.reached", "route", route->pattern, NULL);
        return fail(ctx, E_TOO_MANY, "web.slow_down",
                    "too many requests; wait a few seconds");
    }
    bucket->used++;
    return 0;
}

void limit_forget(void)
{
    memset(buckets, 0, sizeof(buckets));
}
