/*
 * records.c - the records pages: what they share, and their start.
 */
#include "base/banned.h"

#include "portal/records.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "org/person.h"
#include "plugin/plugin.h"
#include "portal/portal.h"
#include "web/request.h"

int records_form(const struct form **out, struct ctx *ctx,
                 const struct request *request)
{
    const char *name = request_param(request, "form");
    int rc = form_find(out, ctx, name);

    if (!rc && (*out)->module)
        rc = plugin_absent(ctx, (*out)->module);
    if (!rc && !(*out)->enabled)
        rc = fail(ctx, E_UNAVAILABLE, "form.module_off",
                  "the module of this form is switched off");
    return rc;
}

int records_record(struct record **out, struct ctx *ctx,
                   const struct request *request)
{
    const struct form *form;
    int64_t id;
    int rc = records_form(&form, ctx, request);

    if (!rc)
        rc = request_id(&id, ctx, request, "id");
    return rc ? rc : record_get(out, ctx, form, id);
}

const char *records_path(struct ctx *ctx, const struct form *form)
{
    return arena_printf(ctx->arena, "/records/%s", form->name);
}

const char *record_path(struct ctx *ctx, const struct record *record)
{
    return arena_printf(ctx->arena, "/records/%s/%lld", record->form->name,
                        (long long)record->id);
}

bool records_may_create(struct ctx *ctx, const struct form *form)
{
    if (form->closed && !access_form(ctx, form->name, RIGHT_DESIGN))
        return false;
    return access_form(ctx, form->name, RIGHT_CREATE);
}

/* Asks without leaving a problem. */
static bool may(struct ctx *ctx, const struct record *record, enum right right)
{
    struct ctx quiet = ctx_apart(ctx);

    return record_may(&quiet, record, right) == 0;
}

bool records_may_change(struct ctx *ctx, const struct record *record)
{
    const struct form *form = record->form;

    if (record->deleted_at || form->anonymous ||
        (form->closed && !access_form(ctx, form->name, RIGHT_DESIGN)))
        return false;
    /* In a flow, only what its initiator holds is changed by him. */
    if (form->flow && strcmp(record->state, "draft") != 0 &&
        strcmp(record->state, "returned") != 0)
        return false;
    return may(ctx, record, RIGHT_UPDATE);
}

void portal_records_start(void)
{
    records_apply_start();
    records_list_start();
    records_page_start();
    records_form_start();
    records_files_start();
    records_export_start();
    imports_start();
    imports_rest_start();
    records_rest_start();
    records_rest_more_start();
    records_aggregate_start();
    records_meta_start();
}
