/*
 * host_offer.c - what modules offer each other: finding and calling it.
 *
 * An offer is looked up once and called often, so a call costs two frames
 * (ours and the slot's) and allocates nothing. It runs as whoever the caller
 * runs as: what the caller may not see, nobody fetches for it, unless the
 * module behind it acts as itself (tn_as_module) and answers for that.
 */
#include "base/banned.h"

#include "plugin/host.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "ipc/slot.h"
#include "plugin/apply.h"
#include "plugin/call.h"

/* Name → entry of all that this process has; for ever. */
static struct arena *memory;
static struct map *offers;

void apply_offer(struct entry *entry)
{
    if (!offers) {
        memory = arena_new(0);
        offers = map_new(memory);
    }
    map_set(offers, entry->name, entry);
}

static const struct entry *entry_of(const tn_function *function)
{
    return (const void *)function;
}

const tn_function *host_offer_find(tn_ctx *call, const char *name)
{
    const struct entry *entry = name && offers ? map_get(offers, name) : NULL;

    /* Switched off, and this worker has not been replaced yet. */
    if (!entry || !access_module(call->ctx, entry->module->id))
        return NULL;
    return (const void *)entry;
}

int host_offer_call(const tn_value **out, tn_ctx *caller,
                    const tn_function *function, const tn_value *in)
{
    const struct entry *entry = entry_of(function);
    const tn_value *ignored;
    struct tn_ctx call;
    int depth, rc;

    if (!out)
        out = &ignored;
    *out = NULL;
    if (!entry)
        return fail(caller->ctx, E_UNAVAILABLE, "plugin.no_offer",
                    "no module that is switched on offers this");
    if (slot_soft())
        return call_check(caller);
    call_begin(&call, caller->ctx, entry->module, caller->as_module);
    call.reading = caller->reading;
    call.actor = caller->actor ? caller->actor : caller->module;
    if (call.depth > NESTING_MAX) {
        rc = fail(call.ctx, E_LIMIT, "plugin.offers_nest",
                  "modules call each other without end");
        return call_end(&call, rc, entry->name);
    }
    depth = slot_depth();
    slot_push(entry->module->id, entry->name);
    rc = entry->as.offer.call(&call, in, out, entry->as.offer.data);
    slot_unwind(depth);
    return call_end(&call, rc, entry->name);
}
