/*
 * meter.c - meters of the whole service, in the shared page.
 *
 * A meter is one number: the moment when all that was taken will have been
 * paid back. So taking is one exchange, however many workers do it, and a
 * worker that dies leaves nothing half-counted.
 */
#include "base/banned.h"

#include "store/meter.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "store/sqlite.h"

/* The same in every process; keyed, so that nobody can choose an address
 * that shares a meter with somebody else's. */
static _Atomic int64_t *meter_of(struct lock_page *page, const char *subject)
{
    unsigned char hash[HASH_SIZE];
    uint32_t number;

    hash_data(hash, subject, strlen(subject), page->meter_key,
              sizeof page->meter_key);
    memcpy(&number, hash, sizeof number);
    return &page->meters[number % LOCK_METERS];
}

int64_t meter_take(const struct ctx *ctx, const char *subject,
                   struct meter_rule rule)
{
    struct lock_page *page = ctx->db->lock.page;
    _Atomic int64_t *meter = meter_of(page, subject);
    int64_t most = (int64_t)rule.burst * rule.every_ms;
    int64_t now = clock_monotonic(), paid = atomic_load(meter), next;

    do {
        next = (paid > now ? paid : now) + rule.every_ms;
        if (next - now > most)
            return next - now - most;
    } while (!atomic_compare_exchange_weak(meter, &paid, next));
    return 0;
}
