/*
 * admin_roles.c - roles, and who holds them.
 */
#include "base/banned.h"

#include "portal/admin.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/numbers.h"
#include "base/str.h"
#include "base/value.h"
#include "org/admin.h"
#include "org/person.h"
#include "portal/fields.h"
#include "portal/portal.h"
#include "web/request.h"
#include "web/router.h"

static const char *role_url(struct ctx *ctx, int64_t id)
{
    return arena_printf(ctx->arena, "/admin/roles/%" PRId64, id);
}

static int show_roles(struct ctx *ctx, struct request *request,
                      struct response *response, void *payload)
{
    struct value *data = value_map(ctx->arena), *list, *roles;
    size_t i;
    int rc = role_list(&roles, ctx);

    (void)payload;
    if (rc)
        return rc;
    list = admin_list(ctx, "/admin/roles", tr(ctx, "admin.roles.title"),
                      tr(ctx, "admin.roles.none"));
    admin_column(ctx, list, "admin.roles.name");
    admin_column(ctx, list, "admin.roles.key");
    admin_column(ctx, list, "admin.roles.holders");
    for (i = 0; i < value_count(roles); i++) {
        const struct value *role = value_at(roles, i);
        const char *name = value_get_text(role, "name");
        struct value *row =
            admin_row(ctx, list, value_get_text(role, "id"),
                      role_url(ctx, value_get_id(role, "id")), name);

        admin_cell(ctx, list, row, name);
        admin_cell(ctx, list, row, value_get_text(role, "key"));
        admin_cell(ctx, list, row,
                   int_human(ctx, value_get_int(role, "holders", 0)));
    }
    value_set_text(list, "count_text",
                   int_human(ctx, (int64_t)value_count(roles)));
    value_set(data, "list", list);
    value_set_text(data, "lead", tr(ctx, "admin.roles.title_lead"));
    value_set(data, "new_url", value_url(ctx->arena, "/admin/roles/new"));
    value_set_text(data, "new_label", tr(ctx, "admin.roles.new"));
    admin_crumbs(ctx, data, NULL, NULL);
    return portal_page(ctx, request, response, "admin/list",
                       tr(ctx, "admin.roles.title"), data);
}

static int find_role(struct value **out, struct ctx *ctx, int64_t id)
{
    struct value *roles;
    size_t i;
    int rc = role_list(&roles, ctx);

    for (i = 0; !rc && i < value_count(roles); i++) {
        *out = value_at(roles, i);
        if (value_get_id(*out, "id") == id)
            return 0;
    }
    return rc ? rc : fail(ctx, E_NOT_FOUND, "org.role.absent", "no such role");
}

static int add_holders(struct ctx *ctx, struct value *data, int64_t role)
{
    struct value *holders;
    size_t i;
    int rc = role_holders_list(&holders, ctx, role);

    for (i = 0; !rc && i < value_count(holders); i++) {
        struct value *row = value_at(holders, i);
        int64_t id = value_get_id(row, "id");

        value_set(row, "person",
                  portal_person(ctx, id, value_get_text(row, "name")));
        value_set(
            row, "url",
            value_url(ctx->arena,
                      arena_printf(ctx->arena, "/admin/users/%" PRId64, id)));
    }
    value_set(data, "holders", holders);
    return rc;
}

static int role_page(struct ctx *ctx, struct request *request,
                     struct response *response, const struct value *role)
{
    struct value *data = value_map(ctx->arena), *form, *field;
    int64_t id = value_get_id(role, "id");
    int rc = 0;

    form = fields_form(ctx, "admin-role",
                       role ? role_url(ctx, id) : "/admin/roles", id);
    field = fields_text(ctx, form, request, "name", tr(ctx, "admin.roles.name"),
                        value_get_text(role, "name"), NAME_LENGTH_MAX);
    fields_required(field);
    if (!role) {
        field = fields_text(ctx, form, request, "key",
                            tr(ctx, "admin.roles.key"), NULL, 40);
        fields_required(field);
        fields_help(field, tr(ctx, "admin.roles.key_help"));
    }
    fields_finish(ctx, data, form,
                  tr(ctx, role ? "admin.save" : "admin.roles.create"),
                  "/admin/roles");
    if (role) {
        value_set_bool(data, "known", true);
        if (!value_get_bool(role, "fixed"))
            value_set(
                data, "delete_url",
                value_url(ctx->arena, arena_printf(ctx->arena, "%s/delete",
                                                   role_url(ctx, id))));
        rc = add_holders(ctx, data, id);
    }
    if (rc)
        return rc;
    admin_crumbs(ctx, data, tr(ctx, "admin.roles.title"), "/admin/roles");
    portal_set(ctx, data, "width", value_text(ctx->arena, "read"));
    portal_set(ctx, data, "has_bar", value_bool(ctx->arena, true));
    return portal_page(
        ctx, request, response, "admin/role",
        role ? value_get_text(role, "name") : tr(ctx, "admin.roles.new"), data);
}

static int show_new(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    (void)payload;
    return role_page(ctx, request, response, NULL);
}

static int load(struct value **out, struct ctx *ctx,
                const struct request *request)
{
    int64_t id;
    int rc = request_id(&id, ctx, request, "id");

    return rc ? rc : find_role(out, ctx, id);
}

static int show_one(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    struct value *role;
    int rc = load(&role, ctx, request);

    (void)payload;
    return rc ? rc : role_page(ctx, request, response, role);
}

static int create(struct ctx *ctx, struct request *request,
                  struct response *response, void *payload)
{
    static const char *const names[] = { "name", "key", FIELDS_SENT, NULL };
    int64_t id;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = role_create(&id, ctx, request_form(request, "key"),
                         request_form(request, "name"));
    if (!rc)
        return response_done(ctx, request, response, "/admin/roles",
                             tr(ctx, "admin.saved"));
    if (rc != E_INVALID || request->script_form)
        return rc;
    response->status = 422;
    return role_page(ctx, request, response, NULL);
}

static int update(struct ctx *ctx, struct request *request,
                  struct response *response, void *payload)
{
    static const char *const names[] = { "name", FIELDS_SENT, NULL };
    struct value *role;
    int rc = load(&role, ctx, request);

    (void)payload;
    if (!rc)
        rc = request_only(ctx, request, names);
    if (!rc)
        rc = role_rename(ctx, value_get_id(role, "id"),
                         request_form(request, "name"));
    if (!rc)
        return response_done(ctx, request, response, "/admin/roles",
                             tr(ctx, "admin.saved"));
    if (rc != E_INVALID || request->script_form)
        return rc;
    response->status = 422;
    return role_page(ctx, request, response, role);
}

static int delete_one(struct ctx *ctx, struct request *request,
                      struct response *response, void *payload)
{
    static const char *const names[] = { NULL };
    struct value *role;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = load(&role, ctx, request);
    if (!rc)
        rc = role_delete(ctx, value_get_id(role, "id"));
    if (rc == E_CONFLICT && !request->script_form) {
        response->status = 409;
        return role_page(ctx, request, response, role);
    }
    return rc ? rc
              : response_done(ctx, request, response, "/admin/roles",
                              tr(ctx, "admin.roles.deleted"));
}

void admin_roles_start(void)
{
    static const struct route routes[] = {
        { "GET", "/admin/roles", ROUTE_ADMINISTRATOR, ROUTE_PAGE, show_roles,
          NULL, NULL, NULL },
        { "GET", "/admin/roles/new", ROUTE_ADMINISTRATOR, ROUTE_PAGE, show_new,
          NULL, NULL, NULL },
        { "POST", "/admin/roles", ROUTE_ADMINISTRATOR, 0, create, NULL, NULL,
          NULL },
        { "GET", "/admin/roles/{id}", ROUTE_ADMINISTRATOR, 0, show_one, NULL,
          NULL, NULL },
        { "POST", "/admin/roles/{id}", ROUTE_ADMINISTRATOR, 0, update, NULL,
          NULL, NULL },
        { "POST", "/admin/roles/{id}/delete", ROUTE_ADMINISTRATOR, 0,
          delete_one, NULL, NULL, NULL },
        { 0 },
    };
    static const struct menu_entry entry = {
        .area = "administration",
        .key = "admin.roles.title",
        .path = "/admin/roles",
        .icon = "role",
        .administrator = true,
        .order = 30,
    };

    route_add_table(routes);
    menu_add(&entry);
}
