/*
 * entry_more.c - widgets, jobs, offers and participant rules as modules
 * register them.
 */
#include "base/banned.h"

#include "plugin/entry_more.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/cron.h"
#include "base/ctx.h"
#include "event/job.h"
#include "form/definition.h"
#include "plugin/manifest.h"
#include "plugin/page.h"

enum { JOB_SECONDS_MAX = 3600, JOB_EVERY_MIN = 60, JOB_ATTEMPTS_MAX = 20 };

/* ---- widgets ---- */

const struct member widget_members[] = {
    { "name", MEMBER_TEXT, offsetof(tn_widget, name), true, 0, 90, NULL },
    { "template", MEMBER_TEXT, offsetof(tn_widget, template_name), true, 0, 100,
      NULL },
    { "title", MEMBER_TEXT, offsetof(tn_widget, title), true, 0, 120, NULL },
    { "path", MEMBER_TEXT, offsetof(tn_widget, path), false, 0, 200, NULL },
    { "form", MEMBER_TEXT, offsetof(tn_widget, form), false, 0, 120, NULL },
    { "wide", MEMBER_FLAG, offsetof(tn_widget, wide), false, 0, 0, NULL },
    { "order", MEMBER_NUMBER, offsetof(tn_widget, order), false, 0, ORDER_MAX,
      NULL },
    { "call", MEMBER_CALL, offsetof(tn_widget, call), true, 0, 0, NULL },
    { "data", MEMBER_DATA, offsetof(tn_widget, extra), false, 0, 0, NULL },
    { 0 },
};

int check_widget(struct ctx *ctx, struct entry *entry)
{
    const tn_widget *widget = &entry->as.widget;

    if (!manifest_may(entry->module->manifest, "routes"))
        return entry_refuse(ctx, entry, "name",
                            "allowed by the capability \"routes\"");
    if (!page_name_ok(widget->template_name))
        return entry_refuse(ctx, entry, "template",
                            "the name of a file pages/NAME.mustache");
    if (widget->path && !entry_address_ok(widget->path))
        return entry_refuse(ctx, entry, "path", "an address of this site");
    if (widget->form && !form_name_valid(widget->form))
        return entry_refuse(ctx, entry, "form", "the name of a form");
    return entry_own_name(ctx, entry, widget->name);
}

/* ---- jobs ---- */

const struct member job_members[] = {
    { "name", MEMBER_TEXT, offsetof(tn_job, name), true, 0, 90, NULL },
    { "title", MEMBER_TEXT, offsetof(tn_job, title), true, 0, 120, NULL },
    { "seconds", MEMBER_NUMBER, offsetof(tn_job, seconds), false, 0,
      JOB_SECONDS_MAX, NULL },
    { "every", MEMBER_NUMBER, offsetof(tn_job, every), false, 0, INT32_MAX,
      NULL },
    { "attempts", MEMBER_NUMBER, offsetof(tn_job, attempts), false, 0,
      JOB_ATTEMPTS_MAX, NULL },
    { "cron", MEMBER_TEXT, offsetof(tn_job, cron), false, 0, CRON_TEXT_MAX,
      NULL },
    { "zone", MEMBER_TEXT, offsetof(tn_job, zone), false, 0, 60, NULL },
    { "priority", MEMBER_NUMBER, offsetof(tn_job, priority), false, 0, JOB_LAST,
      NULL },
    { "atomic", MEMBER_FLAG, offsetof(tn_job, atomic), false, 0, 0, NULL },
    { "call", MEMBER_CALL, offsetof(tn_job, call), true, 0, 0, NULL },
    { "data", MEMBER_DATA, offsetof(tn_job, extra), false, 0, 0, NULL },
    { 0 },
};

int check_job(struct ctx *ctx, struct entry *entry)
{
    const tn_job *job = &entry->as.job;
    struct cron cron;

    if (!manifest_may(entry->module->manifest, "jobs"))
        return entry_refuse(ctx, entry, "name",
                            "allowed by the capability \"jobs\"");
    if (job->every && job->every < JOB_EVERY_MIN)
        return entry_refuse(ctx, entry, "every", "0, or 60 seconds or more");
    if (job->cron && (job->every || !cron_parse(&cron, job->cron)))
        return entry_refuse(ctx, entry, "cron",
                            "five fields like \"30 7 * * 1-5\", without "
                            "`every`");
    if (job->zone && (!job->cron || !zone_find(job->zone)))
        return entry_refuse(ctx, entry, "zone", "a time zone, beside `cron`");
    return entry_own_name(ctx, entry, job->name);
}

/* ---- offers ---- */

const struct member offer_members[] = {
    { "name", MEMBER_TEXT, offsetof(tn_offer, name), true, 0, 90, NULL },
    { "call", MEMBER_CALL, offsetof(tn_offer, call), true, 0, 0, NULL },
    { "data", MEMBER_DATA, offsetof(tn_offer, data), false, 0, 0, NULL },
    { 0 },
};

int check_offer(struct ctx *ctx, struct entry *entry)
{
    return entry_own_name(ctx, entry, entry->as.offer.name);
}

/* ---- participant rules ---- */

const struct member participants_members[] = {
    { "name", MEMBER_TEXT, offsetof(tn_participants, name), true, 0, 90, NULL },
    { "title", MEMBER_TEXT, offsetof(tn_participants, title), true, 0, 120,
      NULL },
    { "call", MEMBER_CALL, offsetof(tn_participants, call), true, 0, 0, NULL },
    { "data", MEMBER_DATA, offsetof(tn_participants, data), false, 0, 0, NULL },
    { 0 },
};

int check_participants(struct ctx *ctx, struct entry *entry)
{
    if (!manifest_may(entry->module->manifest, "services"))
        return entry_refuse(ctx, entry, "name",
                            "allowed by the capability \"services\"");
    return entry_own_name(ctx, entry, entry->as.participants.name);
}

/* ---- field types ---- */

static const char *const storage_words[] = { "text", "integer", NULL };

const struct member field_type_members[] = {
    { "name", MEMBER_TEXT, offsetof(tn_field_type, name), true, 0, 90, NULL },
    { "title", MEMBER_TEXT, offsetof(tn_field_type, title), true, 0, 120,
      NULL },
    { "storage", MEMBER_WORD, offsetof(tn_field_type, storage), false, 0, 0,
      storage_words },
    { "edit", MEMBER_TEXT, offsetof(tn_field_type, edit), false, 0, 100, NULL },
    { "read", MEMBER_TEXT, offsetof(tn_field_type, read), false, 0, 100, NULL },
    { "cell", MEMBER_TEXT, offsetof(tn_field_type, cell), false, 0, 100, NULL },
    { "print", MEMBER_TEXT, offsetof(tn_field_type, print), false, 0, 100,
      NULL },
    { "input", MEMBER_CALL, offsetof(tn_field_type, input), true, 0, 0, NULL },
    { "text", MEMBER_CALL, offsetof(tn_field_type, text), false, 0, 0, NULL },
    { "fill", MEMBER_CALL, offsetof(tn_field_type, fill), false, 0, 0, NULL },
    { "data", MEMBER_DATA, offsetof(tn_field_type, data), false, 0, 0, NULL },
    { 0 },
};

int check_field_type(struct ctx *ctx, struct entry *entry)
{
    const tn_field_type *type = &entry->as.field_type;
    const char *const templates[] = { type->edit, type->read, type->cell,
                                      type->print };
    const char *storage;
    size_t i;
    int rc = entry_own_name(ctx, entry, type->name);

    if (rc)
        return rc;
    storage =
        manifest_storage(entry->module->manifest, strchr(type->name, '.') + 1);
    if (!storage ||
        strcmp(storage, type->storage == TN_STORE_TEXT ? "TEXT" : "INTEGER") !=
            0)
        return entry_refuse(
            ctx, entry, "name",
            arena_printf(ctx->arena,
                         "declared with its storage in plugin.cfg: "
                         "field_types = [ \"%s:%s\" ]",
                         strchr(type->name, '.') + 1,
                         storage_words[type->storage]));
    for (i = 0; i < sizeof templates / sizeof *templates; i++)
        if (templates[i] && !page_name_ok(templates[i]))
            return entry_refuse(ctx, entry, "edit, read, cell, print",
                                "names of files pages/NAME.mustache");
    return 0;
}

int entry_types_complete(struct ctx *ctx, const struct tn_module *module)
{
    const struct manifest *manifest = module->manifest;
    size_t i, j;

    for (i = 0; i < manifest->field_type_count; i++) {
        const char *text = manifest->field_types[i];
        const char *name = arena_printf(ctx->arena, "%s.%.*s", module->id,
                                        (int)strcspn(text, ":"), text);

        for (j = 0; j < module->entries.count; j++) {
            const struct entry *entry = module->entries.items[j];

            if (entry->kind == ENTRY_FIELD_TYPE &&
                strcmp(entry->name, name) == 0)
                break;
        }
        if (j == module->entries.count)
            return fail(ctx, E_INVALID, "plugin.field_type_none",
                        "plugin.cfg declares the field type %s, and nobody "
                        "registers it",
                        name);
    }
    return 0;
}
