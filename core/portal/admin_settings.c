/*
 * admin_settings.c - Administration → Modules → (module) → Settings: the form
 * that settings.json of a module is.
 */
#include "base/banned.h"

#include "portal/admin.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "form/record.h"
#include "plugin/plugin.h"
#include "portal/portal.h"
#include "portal/records.h"
#include "portal/records_fields.h"
#include "web/request.h"
#include "web/router.h"

static const char *path_of(struct ctx *ctx, const char *id)
{
    return arena_printf(ctx->arena, PLUGIN_ADMIN_PATH "/%s", id);
}

/* typed: what was refused; NULL. */
static int show(struct ctx *ctx, struct request *request,
                struct response *response, const struct record *record,
                const struct value *typed)
{
    const char *id = request_param(request, "id"), *sent;
    const char *path =
        arena_printf(ctx->arena, "%s/settings", path_of(ctx, id));
    struct value *data = value_map(ctx->arena), *module;
    struct value *form = value_map(ctx->arena);
    struct value *submit = value_map(ctx->arena);
    struct fill fill = { .record = record,
                         .typed = typed,
                         .problems = problems_value(ctx) };
    int rc = plugin_one(&module, ctx, id);

    if (rc)
        return rc;
    value_set(form, "action", value_url(ctx->arena, path));
    value_set_text(form, "name", arena_printf(ctx->arena, "settings:%s", id));
    value_set_int(form, "version", record->version);
    value_set(form, "sections",
              records_edit_sections(ctx, record->form, &fill, &sent));
    value_set_text(form, "fields_sent", sent);
    value_set(form, "cancel_url", value_url(ctx->arena, path_of(ctx, id)));
    value_set_text(submit, "label", tr(ctx, "admin.save"));
    value_set(form, "submit", submit);
    value_set(data, "form", form);
    value_set(data, "problems", fill.problems);
    admin_crumbs(ctx, data, tr(ctx, "admin.modules.title"), PLUGIN_ADMIN_PATH);
    portal_crumb(ctx, data, value_get_text(module, "title"), path_of(ctx, id));
    portal_set(ctx, data, "width", value_text(ctx->arena, "read"));
    portal_set(ctx, data, "has_bar", value_bool(ctx->arena, true));
    return portal_page(ctx, request, response, "records/form",
                       tr(ctx, "admin.modules.settings"), data);
}

static int show_settings(struct ctx *ctx, struct request *request,
                         struct response *response, void *payload)
{
    struct record *record;
    int rc = plugin_settings(&record, ctx, request_param(request, "id"));

    (void)payload;
    return rc ? rc : show(ctx, request, response, record, NULL);
}

static int save_settings(struct ctx *ctx, struct request *request,
                         struct response *response, void *payload)
{
    const char *id = request_param(request, "id");
    const char *text = request_form(request, "_version");
    struct record *record;
    struct sent sent;
    int64_t version = 0;
    int rc = plugin_settings(&record, ctx, id);

    (void)payload;
    if (rc)
        return rc;
    if (!text_empty(text) && int_parse(&version, text, 0, INT64_MAX))
        return fail(ctx, E_BAD_REQUEST, "records.no_version",
                    "the version that was changed is missing");
    rc = records_read(&sent, ctx, request, record->form);
    if (!rc)
        rc = plugin_settings_save(ctx, id, version, sent.input);
    if (!rc)
        return response_done(ctx, request, response, path_of(ctx, id),
                             tr(ctx, "admin.saved"));
    if ((rc != E_INVALID && rc != E_CONFLICT) || request->script_form)
        return rc;
    response->status = error_status(rc);
    return show(ctx, request, response, record, sent.input);
}

void admin_settings_start(void)
{
    static const struct route routes[] = {
        { "GET", PLUGIN_ADMIN_PATH "/{id}/settings", ROUTE_ADMINISTRATOR,
          ROUTE_PAGE, show_settings, NULL, NULL, NULL },
        { "POST", PLUGIN_ADMIN_PATH "/{id}/settings", ROUTE_ADMINISTRATOR, 0,
          save_settings, NULL, NULL, NULL },
        { 0 },
    };

    route_add_table(routes);
}
