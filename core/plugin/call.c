/*
 * call.c - the frame of every call into a module.
 */
#include "base/banned.h"

#include "plugin/call.h"

#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "event/job.h"
#include "ipc/slot.h"
#include "plugin/manifest.h"
#include "store/db.h"

/* Calls nest: a hook that writes a record calls that form's hooks. */
static struct tn_ctx *running;
static uint64_t last_serial;

void call_begin(struct tn_ctx *call, struct ctx *ctx, struct tn_module *module,
                bool as_module)
{
    *call = (struct tn_ctx){ .ctx = ctx,
                             .module = module,
                             .outer = running,
                             .serial = ++last_serial,
                             .as_module = as_module,
                             .problems = ctx->problem_count,
                             .depth = running ? running->depth + 1 : 1 };
    running = call;
}

int call_outward(struct tn_ctx *call)
{
    if (!manifest_may(call->module->manifest, "network"))
        return 0;
    call->reaches = true;
    call->outward = db_outward(call->ctx, true);
    return db_settle(call->ctx);
}

static bool is_code(int rc)
{
    return rc <= TN_E_INVALID && rc >= TN_E_UNAVAILABLE;
}

int call_end(struct tn_ctx *call, int rc, const char *entry)
{
    struct ctx *ctx = call->ctx;

    running = call->outer;
    if (call->reaches)
        db_outward(ctx, call->outward);
    if (rc == TN_OK)
        return 0;
    if (!is_code(rc)) {
        log_ctx(ctx, LOG_ERROR, "module.status", "module", call->module->id,
                "entry", entry, "status", log_int(rc), NULL);
        return fail(ctx, E_INTERNAL, "plugin.status",
                    "%s of %s returned the unknown status %d", entry,
                    call->module->id, rc);
    }
    if (ctx->problem_count == call->problems)
        return fail(ctx, rc, "plugin.no_reason",
                    "the module %s refused this without a reason",
                    call->module->id);
    return rc;
}

int64_t call_shorten(struct ctx *ctx, const struct tn_module *module)
{
    int64_t before = ctx->deadline;
    int64_t own = clock_monotonic() + (int64_t)module->manifest->seconds * 1000;

    if (!before || own < before)
        ctx->deadline = own;
    return before;
}

struct tn_ctx *call_running(uint64_t serial)
{
    struct tn_ctx *call;

    for (call = running; call; call = call->outer)
        if (call->serial == serial)
            return call;
    return NULL;
}

int call_check(struct tn_ctx *call)
{
    if (slot_soft())
        return fail(call->ctx, E_TIMEOUT, "plugin.deadline",
                    "the module %s takes too long", call->module->id);
    if (call->job && job_check(call->ctx))
        return E_TIMEOUT;
    return ctx_check_deadline(call->ctx);
}

int call_enter(struct call_scope *scope, struct tn_ctx *call)
{
    struct ctx *ctx = call->ctx;
    int rc = call_check(call);

    if (!rc && call->depth > NESTING_MAX)
        rc = fail(ctx, E_LIMIT, "plugin.nesting",
                  "hooks of %s call each other without end", call->module->id);
    if (rc)
        return rc;
    *scope = (struct call_scope){ ctx->module, ctx->system };
    if (call->as_module) {
        ctx->module = call->actor ? call->actor->id : call->module->id;
        /* What the system may is not what a module may. */
        ctx->system = false;
    }
    return 0;
}

void call_leave(const struct call_scope *scope, struct tn_ctx *call)
{
    call->ctx->module = scope->module;
    call->ctx->system = scope->system;
}
