/*
 * apply_more.c - widgets, jobs and participant rules of modules come into
 * force.
 *
 * A widget runs as the person, in a request of its own; jobs and rules run as
 * the module, jobs in the jobs lane.
 */
#include "base/banned.h"

#include "plugin/apply.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/value.h"
#include "event/job.h"
#include "event/progress.h"
#include "form/act_as.h"
#include "flow/flow.h"
#include "ipc/slot.h"
#include "plugin/call.h"
#include "plugin/module.h"
#include "plugin/page.h"
#include "store/db.h"
#include "web/router.h"

/* ---- widgets ---- */

static int run_widget(struct ctx *ctx, struct value *out, void *payload)
{
    const struct entry *entry = payload;
    const tn_widget *widget = &entry->as.widget;
    int depth = slot_depth();
    struct tn_ctx call;
    struct value *data = value_map(ctx->arena), *html;
    int64_t deadline = call_shorten(ctx, entry->module);
    int rc;

    call_begin(&call, ctx, entry->module, false);
    slot_push(entry->module->id, entry->name);
    rc = widget->call(&call, value_out(data), widget->extra);
    slot_unwind(depth);
    ctx->deadline = deadline;
    rc = call_end(&call, rc, entry->name);
    if (!rc)
        rc = page_part(&html, ctx, entry->module, widget->template_name, data);
    if (!rc)
        value_set(out, "html", html);
    return rc;
}

void apply_widget(struct entry *entry)
{
    const tn_widget *widget = &entry->as.widget;

    widget_add(&(struct widget){ .name = widget->name,
                                 .key = widget->title,
                                 .data = run_widget,
                                 .module = entry->module->id,
                                 .payload = entry,
                                 .order = widget->order,
                                 .path = widget->path,
                                 .form = widget->form,
                                 .wide = widget->wide });
}

/* ---- jobs ---- */

enum { JOB_SECONDS = 60 };

static int run_job(struct ctx *ctx, const struct job *job)
{
    const struct entry *entry = job->payload;
    struct tn_ctx call;
    int rc;

    /* Switched off, and this worker has not been replaced yet. */
    if (!access_module_on(ctx, entry->module->id))
        return fail(ctx, E_UNAVAILABLE, "plugin.off",
                    "the module %s is switched off", entry->module->id);
    if (job_person())
        speak_as(ctx, job_person());
    call_begin(&call, ctx, entry->module, true);
    call.job = true;
    rc = call_outward(&call);
    if (!rc)
        rc = entry->as.job.call(&call, value_out(job->data),
                                entry->as.job.extra);
    return call_end(&call, rc, entry->name);
}

void apply_job(struct entry *entry)
{
    const tn_job *job = &entry->as.job;

    job_register(&(struct job_kind){
        .kind = job->name,
        .module = entry->module->id,
        .title = job->title,
        .call = run_job,
        .seconds = job->seconds ? job->seconds : JOB_SECONDS,
        .attempts = job->attempts,
        .priority = job->priority,
        .parallel = entry->module->manifest->parallel,
        .atomic = job->atomic,
        .payload = entry });
}

static int apply_schedule(struct ctx *ctx, const struct entry *entry)
{
    const tn_job *job = &entry->as.job;

    if (job->cron)
        return job_schedule_cron(ctx, entry->name, job->cron, job->zone);
    return job->every ? job_schedule(ctx, entry->name, job->every)
                      : job_unschedule(ctx, entry->name);
}

int apply_schedules(struct ctx *ctx, const struct tn_module *module)
{
    size_t i;
    int rc = 0;

    for (i = 0; !rc && i < module->entries.count; i++) {
        const struct entry *entry = module->entries.items[i];

        if (entry->kind == ENTRY_JOB)
            rc = apply_schedule(ctx, entry);
    }
    return rc;
}

/* ---- participant rules ---- */

/* They name people and change nothing: pages ask them, too. */
static int run_rule(struct ctx *ctx, struct record *record,
                    const struct value *parameters, struct value *people,
                    void *payload)
{
    const struct entry *entry = payload;
    const tn_participants *rule = &entry->as.participants;
    struct tn_ctx call;
    struct tn_record handle = { &call, record, false };
    int rc;

    if (!access_module_on(ctx, entry->module->id))
        return fail(ctx, E_UNAVAILABLE, "plugin.off",
                    "the module %s is switched off", entry->module->id);
    call_begin(&call, ctx, entry->module, true);
    call.reading = true;
    rc = rule->call(&call, &handle, value_out(parameters), value_out(people),
                    rule->data);
    return call_end(&call, rc, entry->name);
}

void apply_participants(struct entry *entry)
{
    flow_rule_add(entry->name, entry->module->id, run_rule, entry);
}
