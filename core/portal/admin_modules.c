/*
 * admin_modules.c - modules: what is there, what state it is in, on and off.
 */
#include "base/banned.h"

#include "portal/admin.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "event/live.h"
#include "plugin/plugin.h"
#include "portal/fields.h"
#include "portal/portal.h"
#include "web/request.h"
#include "web/router.h"

static const struct {
    const char *state, *color;
} colors[] = {
    { "off", "gray" },   { "starting", "blue" },      { "on", "green" },
    { "failed", "red" }, { "quarantined", "orange" }, { "missing", "red" },
};

static const char *color_of(const char *state)
{
    size_t i;

    for (i = 0; i < sizeof(colors) / sizeof(*colors); i++)
        if (text_equal(colors[i].state, state))
            return colors[i].color;
    return "gray";
}

static const char *joined(struct ctx *ctx, const struct value *texts)
{
    struct buf buf;
    size_t i;

    buf_init(&buf, ctx->arena, 16384);
    for (i = 0; i < value_count(texts); i++) {
        const struct value *item = value_at(texts, i);

        if (i > 0)
            buf_add_text(&buf, ", ");
        buf_add_text(&buf, value_as_text(item));
    }
    return buf_text(&buf);
}

static void dress(struct ctx *ctx, struct value *row)
{
    const char *state = value_get_text(row, "state");
    struct value *args = value_map(ctx->arena);
    const char *uses = joined(ctx, value_get(row, "capabilities"));
    const char *by = joined(ctx, value_get(row, "by"));

    value_set_text(row, "state_text",
                   tr(ctx, arena_printf(ctx->arena, "admin.modules.%s",
                                        state ? state : "off")));
    value_set_text(row, "color", color_of(state));
    value_set_bool(row, "quarantined", text_equal(state, "quarantined"));
    value_set_bool(row, "present", !text_equal(state, "missing"));
    if (*uses) {
        value_set_text(args, "list", uses);
        value_set_text(row, "uses", tr_with(ctx, "admin.modules.uses", args));
    }
    if (value_get(row, "held")) {
        value_set_int(args, "count", value_get_int(row, "held", 0));
        value_set_text(row, "held_text", tr_with(ctx, "plugin.held", args));
    }
    if (*by) {
        value_set_text(args, "list", by);
        value_set_text(row, "needed_by",
                       tr_with(ctx, "admin.modules.needed_by", args));
    }
}

static int modules_page(struct ctx *ctx, struct request *request,
                        struct response *response)
{
    struct value *data = value_map(ctx->arena), *list;
    struct value *empty = value_map(ctx->arena);
    struct value *problems = problems_value(ctx);
    size_t i;
    int rc = plugin_list(&list, ctx);

    if (rc)
        return rc;
    for (i = 0; i < value_count(list); i++)
        dress(ctx, value_at(list, i));
    value_set(data, "modules", list);
    value_set(data, "problems", problems);
    value_set_text(empty, "text", tr(ctx, "admin.modules.none"));
    value_set_text(empty, "icon", "package");
    value_set(data, "empty", empty);
    admin_crumbs(ctx, data, NULL, NULL);
    portal_set(ctx, data, "width", value_text(ctx->arena, "read"));
    return portal_page(ctx, request, response, "admin/modules",
                       tr(ctx, "admin.modules.title"), data);
}

/* Who may use it: everybody, or some departments. */
static int add_departments(struct ctx *ctx, struct value *data, const char *id)
{
    const char *path =
        arena_printf(ctx->arena, PLUGIN_ADMIN_PATH "/%s/departments", id);
    struct value *form, *field, *ids;
    int rc = access_module_departments(&ids, ctx, id);

    if (rc)
        return rc;
    form = fields_form(ctx, "admin-module", path, 0);
    fields_section(ctx, form, tr(ctx, "admin.modules.who"));
    field = fields_departments(ctx, form, "departments",
                               tr(ctx, "admin.modules.departments"), ids);
    fields_help(field, tr(ctx, "admin.modules.departments_help"));
    fields_finish(ctx, data, form, tr(ctx, "admin.save"), PLUGIN_ADMIN_PATH);
    portal_set(ctx, data, "has_bar", value_bool(ctx->arena, true));
    return 0;
}

/* The page of one module. */
static int module_page(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    const char *id = request_param(request, "id");
    struct value *data = value_map(ctx->arena), *module;
    int rc = plugin_one(&module, ctx, id);

    (void)payload;
    if (!rc && value_get_bool(module, "enabled"))
        rc = add_departments(ctx, data, id);
    if (rc)
        return rc;
    dress(ctx, module);
    value_set(data, "module", module);
    admin_crumbs(ctx, data, tr(ctx, "admin.modules.title"), PLUGIN_ADMIN_PATH);
    portal_set(ctx, data, "width", value_text(ctx->arena, "read"));
    return portal_page(ctx, request, response, "admin/module",
                       value_get_text(module, "title"), data);
}

static int save_departments(struct ctx *ctx, struct request *request,
                            struct response *response, void *payload)
{
    static const char *const names[] = { FIELDS_SENT, "departments[]", NULL };
    const char *id = request_param(request, "id");
    const struct value *sent = value_get(request->form, "departments[]");
    struct value *module, *ids = value_list(ctx->arena);
    size_t i;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = plugin_one(&module, ctx, id);
    for (i = 0; !rc && i < value_count(sent); i++) {
        int64_t department;

        if (int_parse(&department, value_as_text(value_at(sent, i)), 1,
                      INT64_MAX))
            rc = fail_at(ctx, E_INVALID, "departments", "frame.bad_choice",
                         "this choice is not there");
        else
            value_append(ids, value_int(ctx->arena, department));
    }
    if (!rc)
        rc = access_module_departments_set(ctx, id, ids);
    if (rc)
        return rc;
    live_send(ctx, 0, "modules");
    return response_done(ctx, request, response,
                         arena_printf(ctx->arena, PLUGIN_ADMIN_PATH "/%s", id),
                         tr(ctx, "admin.saved"));
}

static int show_modules(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    (void)payload;
    return modules_page(ctx, request, response);
}

/* What the three buttons do. */
enum act { ACT_ENABLE, ACT_DISABLE, ACT_RELEASE };

static const struct deed {
    enum act act;
    const char *done;
} deeds[] = {
    [ACT_ENABLE] = { ACT_ENABLE, "admin.modules.enabled_now" },
    [ACT_DISABLE] = { ACT_DISABLE, "admin.modules.disabled_now" },
    [ACT_RELEASE] = { ACT_RELEASE, "admin.modules.released" },
};

static int act_on_module(struct ctx *ctx, struct request *request,
                         struct response *response, void *payload)
{
    static const char *const names[] = { NULL };
    const struct deed *deed = payload;
    const char *id = request_param(request, "id");
    int rc = request_only(ctx, request, names);

    if (rc)
        return rc;
    if (deed->act == ACT_RELEASE)
        rc = plugin_quarantine_lift(ctx, id);
    else
        rc = plugin_set_enabled(ctx, id, deed->act == ACT_ENABLE);
    if (!rc)
        return response_done(ctx, request, response, "/admin/modules",
                             tr(ctx, deed->done));
    if ((rc != E_INVALID && rc != E_CONFLICT) || request->script_form)
        return rc;
    response->status = rc == E_CONFLICT ? 409 : 422;
    return modules_page(ctx, request, response);
}

static void add_deed(const char *pattern, enum act act)
{
    struct route route = { "POST",         pattern,       ROUTE_ADMINISTRATOR,
                           ROUTE_RESERVED, act_on_module, NULL,
                           NULL,           NULL };

    route.payload = (void *)(uintptr_t)&deeds[act];
    route_add(&route);
}

void admin_modules_start(void)
{
    static const struct route pages[] = {
        { "GET", PLUGIN_ADMIN_PATH, ROUTE_ADMINISTRATOR,
          ROUTE_PAGE | ROUTE_RESERVED, show_modules, NULL, NULL, NULL },
        { "GET", PLUGIN_ADMIN_PATH "/{id}", ROUTE_ADMINISTRATOR,
          ROUTE_PAGE | ROUTE_RESERVED, module_page, NULL, NULL,
          PLUGIN_ADMIN_PATH "/vehicle" },
        { "POST", PLUGIN_ADMIN_PATH "/{id}/departments", ROUTE_ADMINISTRATOR, 0,
          save_departments, NULL, NULL, NULL },
        { 0 },
    };
    static const struct menu_entry entry = {
        .area = "administration",
        .key = "admin.modules.title",
        .path = PLUGIN_ADMIN_PATH,
        .icon = "puzzle",
        .administrator = true,
        .order = 40,
    };

    route_add_table(pages);
    add_deed(PLUGIN_ADMIN_PATH "/{id}/enable", ACT_ENABLE);
    add_deed(PLUGIN_ADMIN_PATH "/{id}/disable", ACT_DISABLE);
    add_deed(PLUGIN_ADMIN_PATH "/{id}/release", ACT_RELEASE);
    menu_add(&entry);
}
