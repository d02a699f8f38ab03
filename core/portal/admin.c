/*
 * admin.c - the overview of administration, and what its pages share.
 */
#include "base/banned.h"

#include "portal/admin.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "org/person.h"
#include "portal/portal.h"
#include "web/request.h"
#include "web/router.h"

void admin_crumbs(struct ctx *ctx, struct value *data, const char *label,
                  const char *url)
{
    portal_crumb(ctx, data, tr(ctx, "admin.title"), "/admin");
    if (label)
        portal_crumb(ctx, data, label, url);
}

struct value *admin_list(struct ctx *ctx, const char *url, const char *title,
                         const char *empty)
{
    struct value *list = value_map(ctx->arena);
    struct value *nothing = value_map(ctx->arena);

    value_set(list, "url", value_url(ctx->arena, url));
    value_set_text(list, "title", title);
    value_set(list, "columns", value_list(ctx->arena));
    value_set(list, "rows", value_list(ctx->arena));
    value_set_text(nothing, "text", empty);
    value_set(list, "empty", nothing);
    return list;
}

void admin_column(struct ctx *ctx, struct value *list, const char *key)
{
    struct value *columns = value_get(list, "columns");
    struct value *column = value_map(ctx->arena);

    value_set_text(column, "key", key);
    value_set_text(column, "label", tr(ctx, key));
    value_set_bool(column, "primary", value_count(columns) == 0);
    value_append(columns, column);
}

struct value *admin_row(struct ctx *ctx, struct value *list, const char *id,
                        const char *url, const char *label)
{
    struct value *row = value_map(ctx->arena);

    value_set_text(row, "id", id);
    value_set(row, "url", value_url(ctx->arena, url));
    value_set_text(row, "label", label);
    value_set(row, "cells", value_list(ctx->arena));
    value_append(value_get(list, "rows"), row);
    return row;
}

void admin_cell(struct ctx *ctx, struct value *list, struct value *row,
                const char *text)
{
    struct value *cells = value_get(row, "cells");
    struct value *cell = value_map(ctx->arena);
    const struct value *column =
        value_at(value_get(list, "columns"), value_count(cells));

    value_set_text(cell, "control", "field/text.cell");
    value_set_text(cell, "type", "text");
    value_set_text(cell, "label", value_get_text(column, "label"));
    value_set_bool(cell, "primary", value_get_bool(column, "primary"));
    if (!text_empty(text))
        value_set_text(cell, "text", text);
    value_append(cells, cell);
}

/* All entries of the area "administration" as cards. */
static int overview(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    struct value *data = value_map(ctx->arena);
    struct value *groups = value_list(ctx->arena);
    struct value *group = value_map(ctx->arena);
    struct value *items = value_list(ctx->arena);
    const struct menu_entry *entry;
    int i;

    (void)payload;
    for (i = 0; (entry = menu_at(i)); i++) {
        struct value *item;

        if (strcmp(entry->area, "administration") != 0 ||
            (entry->module && !access_module(ctx, entry->module)))
            continue;
        item = value_map(ctx->arena);
        value_set_text(item, "label",
                       entry->title ? entry->title : tr(ctx, entry->key));
        if (entry->key &&
            tr_find("en", arena_printf(ctx->arena, "%s_lead", entry->key)))
            value_set_text(
                item, "detail",
                tr(ctx, arena_printf(ctx->arena, "%s_lead", entry->key)));
        value_set(item, "url", value_url(ctx->arena, entry->path));
        value_set_text(item, "icon", entry->icon ? entry->icon : "settings");
        value_append(items, item);
    }
    value_set(group, "items", items);
    value_append(groups, group);
    value_set(data, "groups", groups);
    return portal_page(ctx, request, response, "admin/overview",
                       tr(ctx, "admin.title"), data);
}

void portal_admin_start(void)
{
    static const struct route page = { "GET",
                                       "/admin",
                                       ROUTE_ADMINISTRATOR,
                                       ROUTE_PAGE | ROUTE_RESERVED,
                                       overview,
                                       NULL,
                                       NULL,
                                       NULL };
    static const struct menu_entry entry = {
        .area = "system",
        .key = "admin.title",
        .path = "/admin",
        .icon = "administration",
        .administrator = true,
        .order = 900,
    };

    route_add(&page);
    menu_add(&entry);
    admin_users_start();
    admin_departments_start();
    admin_roles_start();
    admin_modules_start();
    admin_settings_start();
    admin_work_start();
    admin_backups_start();
}
