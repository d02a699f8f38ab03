/*
 * host_work.c - the SDK's table `work`: jobs and their progress.
 */
#include "base/banned.h"

#include "plugin/host.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/value.h"
#include "event/progress.h"
#include "org/person.h"
#include "plugin/call.h"
#include "plugin/settings.h"
#include "store/db.h"

static const struct entry *job_named(const struct tn_module *module,
                                     const char *name)
{
    size_t i;

    for (i = 0; name && i < module->entries.count; i++) {
        const struct entry *entry = module->entries.items[i];

        if (entry->kind == ENTRY_JOB && strcmp(entry->name, name) == 0)
            return entry;
    }
    return NULL;
}

static int start(int64_t *id, tn_ctx *call, const char *name,
                 const tn_value *data, const tn_job_order *order)
{
    struct ctx *ctx = call->ctx;
    const struct entry *entry = job_named(call->module, name);
    struct job_watch watch = { .due = order->due,
                               .delay = order->delay * 1000,
                               .priority = order->priority };
    int64_t added;
    int rc = call_check(call);

    if (rc)
        return rc;
    if (call->reading)
        return fail(ctx, E_FORBIDDEN, "plugin.reading",
                    "a hook before a change writes no records");
    if (!entry)
        return fail(ctx, E_INVALID, "plugin.no_job",
                    "%s has registered no job \"%s\"", call->module->id,
                    name ? name : "");
    /* "schedule" is the core's own key. */
    if (order->unique)
        watch.unique = arena_printf(ctx->arena, "=%s", order->unique);
    watch.title = entry->as.job.title;
    /* What a job adds is watched by who watches that one. */
    watch.person = ctx->person ? ctx->person->id : job_person();
    rc = tx_begin_shared(ctx, name);
    if (rc)
        return rc;
    rc = tx_end(ctx, job_watch(&added, ctx, name,
                               data ? host_plain(ctx, value_in(data)) : NULL,
                               &watch));
    if (!rc && id)
        *id = added;
    return rc;
}

static int add(int64_t *id, tn_ctx *call, const char *name,
               const tn_value *data, int64_t due, const char *unique)
{
    return start(id, call, name, data,
                 &(tn_job_order){ .size = sizeof(tn_job_order),
                                  .due = due,
                                  .unique = unique });
}

/* A job of another module, or of the core, is not there. */
static int own_job(tn_ctx *call, int64_t id)
{
    const char *kind;
    int rc = call_check(call);

    if (!rc)
        rc = job_kind_of(&kind, call->ctx, id);
    if (!rc && !job_named(call->module, kind))
        rc = E_NOT_FOUND;
    if (rc == E_NOT_FOUND)
        return fail(call->ctx, E_NOT_FOUND, "event.no_job",
                    "there is no such work, or it was more than a week ago");
    return rc;
}

static int cancel(tn_ctx *call, int64_t id)
{
    int rc = own_job(call, id);

    if (!rc && call->reading)
        return fail(call->ctx, E_FORBIDDEN, "plugin.reading",
                    "a hook before a change writes no records");
    return rc ? rc : job_cancel(call->ctx, id);
}

static int state(const tn_value **out, tn_ctx *call, int64_t id)
{
    struct value *map;
    int64_t person;
    int rc = own_job(call, id);

    if (!rc)
        rc = job_state(&map, &person, call->ctx, id);
    if (!rc)
        *out = value_out(map);
    return rc;
}

/* Only a job has progress: what else calls this has nowhere to show it. */
static int progress(tn_ctx *call, int64_t done, int64_t total)
{
    int rc = call_check(call);

    return rc || !call->job ? rc : job_progress(call->ctx, done, total);
}

static int result(tn_ctx *call, const char *key, const tn_value *arguments,
                  const char *path)
{
    int rc = call_check(call);

    if (rc || !call->job)
        return rc;
    if (!key || (path && path[0] != '/'))
        return fail(call->ctx, E_INVALID, "plugin.job_result",
                    "a result is a key of the catalogs and an own path");
    return job_result(call->ctx, key, value_in(arguments), path);
}

static const tn_value *setting(tn_ctx *call, const char *name)
{
    return value_out(settings_get(call->ctx, call->module, name));
}

const tn_host_work host_work = {
    .size = sizeof(tn_host_work),
    .add = add,
    .progress = progress,
    .setting = setting,
    .result = result,
    .file = host_job_file,
    .function = host_offer_find,
    .call = host_offer_call,
    .start = start,
    .cancel = cancel,
    .state = state,
};
