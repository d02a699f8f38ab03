/*
 * admin_departments.c - the tree of departments.
 */
#include "base/banned.h"

#include "portal/admin.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "org/admin.h"
#include "org/org.h"
#include "org/person.h"
#include "portal/fields.h"
#include "portal/portal.h"
#include "web/request.h"
#include "web/router.h"

static const char *department_url(struct ctx *ctx, int64_t id)
{
    return arena_printf(ctx->arena, "/admin/departments/%" PRId64, id);
}

/* One level of the tree as a nested list; *at moves behind what it took. */
static struct value *branch(struct ctx *ctx, const struct department **list,
                            size_t count, size_t *at, int depth)
{
    struct value *out = value_list(ctx->arena);

    while (*at < count && list[*at]->depth >= depth) {
        const struct department *d = list[(*at)++];
        struct value *item = value_map(ctx->arena);

        value_set_text(item, "name", d->name);
        value_set(item, "url",
                  value_url(ctx->arena, department_url(ctx, d->id)));
        value_set(
            item, "people_url",
            value_url(ctx->arena,
                      arena_printf(ctx->arena,
                                   "/admin/users?department=%" PRId64, d->id)));
        if (d->head)
            value_set_text(item, "head", person_name(ctx, d->head));
        value_set(item, "children", branch(ctx, list, count, at, depth + 1));
        value_append(out, item);
    }
    return out;
}

static int show_tree(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    struct value *data = value_map(ctx->arena);
    const struct department **list;
    size_t count, at = 0;
    int rc = department_list(&list, &count, ctx);

    (void)payload;
    if (rc)
        return rc;
    value_set(data, "children", branch(ctx, list, count, &at, 0));
    value_set_bool(data, "none", count == 0);
    value_set_text(data, "lead", tr(ctx, "admin.departments.title_lead"));
    admin_crumbs(ctx, data, NULL, NULL);
    portal_set(ctx, data, "width", value_text(ctx->arena, "read"));
    return portal_page(ctx, request, response, "admin/departments",
                       tr(ctx, "admin.departments.title"), data);
}

static int department_page(struct ctx *ctx, struct request *request,
                           struct response *response,
                           const struct department *d)
{
    struct value *data = value_map(ctx->arena), *form, *field;
    const char *under = request_query(request, "parent");
    int64_t parent = d ? d->parent : 0;

    if (!d && under && int_parse(&parent, under, 1, INT64_MAX))
        parent = 0;
    form = fields_form(ctx, "admin-department",
                       d ? department_url(ctx, d->id) : "/admin/departments",
                       d ? d->id : 0);
    field = fields_text(ctx, form, request, "name",
                        tr(ctx, "admin.departments.name"), d ? d->name : NULL,
                        NAME_LENGTH_MAX);
    fields_required(field);
    field = fields_department(ctx, form, request, "parent",
                              tr(ctx, "admin.departments.parent"), parent,
                              d ? d->id : 0);
    fields_help(field, tr(ctx, "admin.departments.parent_help"));
    (void)fields_user(ctx, form, request, "head",
                      tr(ctx, "admin.departments.head"), d ? d->head : 0);
    fields_finish(ctx, data, form,
                  tr(ctx, d ? "admin.save" : "admin.departments.create"),
                  "/admin/departments");
    if (d)
        value_set(
            data, "close_url",
            value_url(ctx->arena, arena_printf(ctx->arena, "%s/close",
                                               department_url(ctx, d->id))));
    admin_crumbs(ctx, data, tr(ctx, "admin.departments.title"),
                 "/admin/departments");
    portal_set(ctx, data, "width", value_text(ctx->arena, "read"));
    portal_set(ctx, data, "has_bar", value_bool(ctx->arena, true));
    return portal_page(ctx, request, response, "admin/department",
                       d ? d->name : tr(ctx, "admin.departments.new"), data);
}

static int show_new(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    (void)payload;
    return department_page(ctx, request, response, NULL);
}

static int load(const struct department **out, struct ctx *ctx,
                const struct request *request)
{
    int64_t id;
    int rc = request_id(&id, ctx, request, "id");

    return rc ? rc : department_load(out, ctx, id);
}

static int show_one(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    const struct department *d;
    int rc = load(&d, ctx, request);

    (void)payload;
    return rc ? rc : department_page(ctx, request, response, d);
}

static int save(struct ctx *ctx, struct request *request,
                struct response *response, const struct department *d)
{
    static const char *const names[] = { "name", "parent", "head", FIELDS_SENT,
                                         NULL };
    int64_t parent, head, id;
    int rc = request_only(ctx, request, names);

    if (!rc)
        rc = fields_read_id(&parent, ctx, request, "parent");
    if (!rc)
        rc = fields_read_id(&head, ctx, request, "head");
    if (!rc && d)
        rc = department_update(ctx, d->id, request_form(request, "name"),
                               parent, head);
    else if (!rc)
        rc = department_create(&id, ctx, request_form(request, "name"), parent,
                               head);
    if (!rc)
        return response_done(ctx, request, response, "/admin/departments",
                             tr(ctx, "admin.saved"));
    if (rc != E_INVALID || request->script_form)
        return rc;
    response->status = 422;
    return department_page(ctx, request, response, d);
}

static int create(struct ctx *ctx, struct request *request,
                  struct response *response, void *payload)
{
    (void)payload;
    return save(ctx, request, response, NULL);
}

static int update(struct ctx *ctx, struct request *request,
                  struct response *response, void *payload)
{
    const struct department *d;
    int rc = load(&d, ctx, request);

    (void)payload;
    return rc ? rc : save(ctx, request, response, d);
}

static int close_one(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    static const char *const names[] = { NULL };
    const struct department *d;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = load(&d, ctx, request);
    if (!rc)
        rc = department_close(ctx, d->id);
    if (rc == E_CONFLICT && !request->script_form) {
        response->status = 409;
        return department_page(ctx, request, response, d);
    }
    return rc ? rc
              : response_done(ctx, request, response, "/admin/departments",
                              tr(ctx, "admin.departments.closed"));
}

void admin_departments_start(void)
{
    static const struct route routes[] = {
        { "GET", "/admin/departments", ROUTE_ADMINISTRATOR, ROUTE_PAGE,
          show_tree, NULL, NULL, NULL },
        { "GET", "/admin/departments/new", ROUTE_ADMINISTRATOR, ROUTE_PAGE,
          show_new, NULL, NULL, NULL },
        { "POST", "/admin/departments", ROUTE_ADMINISTRATOR, 0, create, NULL,
          NULL, NULL },
        { "GET", "/admin/departments/{id}", ROUTE_ADMINISTRATOR, 0, show_one,
          NULL, NULL, NULL },
        { "POST", "/admin/departments/{id}", ROUTE_ADMINISTRATOR, 0, update,
          NULL, NULL, NULL },
        { "POST", "/admin/departments/{id}/close", ROUTE_ADMINISTRATOR, 0,
          close_one, NULL, NULL, NULL },
        { 0 },
    };
    static const struct menu_entry entry = {
        .area = "administration",
        .key = "admin.departments.title",
        .path = "/admin/departments",
        .icon = "department",
        .administrator = true,
        .order = 20,
    };

    route_add_table(routes);
    menu_add(&entry);
}
