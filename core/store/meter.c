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
static unsigned number_of(const struct lock_page *page, const char *subject)
{
    unsigned char hash[HASH_SIZE];
    uint32_t number;

    hash_data(hash, subject, strlen(subject), page->meter_key,
              sizeof page->meter_key);
    memcpy(&number, hash, sizeof number);
    return number % LOCK_METERS;
}

int64_t meter_take(const struct ctx *ctx, const char *subject,
                   struct meter_rule rule)
{
    struct lock_page *page = ctx->db->lock.page;
    unsigned number = number_of(page, subject);
    _Atomic int64_t *meter = &page->meters[number];
    int64_t most = (int64_t)rule.burst * rule.every_ms;
    int64_t now = clock_monotonic(), paid = atomic_load(meter), next;

    do {
        next = (paid > now ? paid : now) + rule.every_ms;
        if (next - now > most)
            return next - now - most;
    } while (!atomic_compare_exchange_weak(meter, &paid, next));
    atomic_fetch_add(&page->taken[number], (uint32_t)rule.every_ms);
    return 0;
}

void meter_add(struct lock_page *page, unsigned number, uint32_t ms)
{
    _Atomic int64_t *meter = &page->meters[number % LOCK_METERS];
    int64_t now = clock_monotonic(), paid = atomic_load(meter), next;

    do
        next = (paid > now ? paid : now) + ms;
    while (!atomic_compare_exchange_weak(meter, &paid, next));
}
