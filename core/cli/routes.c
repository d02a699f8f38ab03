/*
 * routes.c - `tenon routes`: the route table, for people and tests (S12).
 */
#include "base/banned.h"

#include "cli/cli.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/str.h"
#include "base/value.h"
#include "cli/site.h"
#include "plugin/plugin.h"
#include "portal/portal.h"
#include "web/router.h"

static const char *const access_names[] = {
    [ROUTE_PERSON] = "person",
    [ROUTE_PUBLIC] = "public",
    [ROUTE_ADMINISTRATOR] = "administrator",
};

static const struct {
    int flag;
    const char *name;
} flag_names[] = {
    { ROUTE_API, "api" },
    { ROUTE_NET, "net" },
    { ROUTE_LOCAL, "local" },
    { ROUTE_RESERVED, "reserved" },
    { ROUTE_UPLOAD, "upload" },
    { ROUTE_NO_CSRF, "no_csrf" },
    { ROUTE_PAGE, "page" },
    { ROUTE_FRAGMENT, "fragment" },
    { ROUTE_RECENT, "recent" },
    { ROUTE_EXPENSIVE, "expensive" },
    { ROUTE_ANONYMOUS, "anonymous" },
    { ROUTE_SCOPED, "scoped" },
    { ROUTE_FILES, "files" },
    { ROUTE_FILE_FORM, "file_form" },
};

static struct value *route_value(struct ctx *ctx, const struct route *route)
{
    struct value *row = value_map(ctx->arena);
    struct value *flags = value_list(ctx->arena);
    size_t i;

    value_set_text(row, "method", route->method);
    value_set_text(row, "pattern", route->pattern);
    value_set_text(row, "access", access_names[route->access]);
    for (i = 0; i < sizeof(flag_names) / sizeof(*flag_names); i++)
        if (route->flags & flag_names[i].flag)
            value_append(flags, value_text(ctx->arena, flag_names[i].name));
    value_set(row, "flags", flags);
    value_set_text(row, "module", route->module);
    value_set_text(row, "example",
                   route->example                ? route->example
                   : strchr(route->pattern, '{') ? NULL
                                                 : route->pattern);
    return row;
}

/* The core's own table; with a site, its modules' routes too. */
static int open_rooms(struct ctx *ctx, const char *site)
{
    int rc = site ? site_command_open(ctx, site) : 0;

    if (rc)
        return rc;
    portal_frame_start();
    portal_admin_start();
    portal_records_start();
    portal_tasks_start();
    if (!site)
        return 0;
    site_rooms_start();
    return plugins_load(ctx);
}

int command_routes(struct ctx *ctx, int argc, char **argv)
{
    bool json = false;
    const struct option_row rows[] = {
        { "json", NULL, &json },
        { 0 },
    };
    struct value *list = value_list(ctx->arena);
    const struct route *route;
    struct buf buf;
    int i, rc = cli_options(ctx, rows, &argc, argv);

    if (rc)
        return rc;
    if (argc > 2)
        return cli_usage(ctx, argv[0]);
    rc = open_rooms(ctx, argc == 2 ? argv[1] : NULL);
    for (i = 0; !rc && (route = route_at(i)); i++) {
        if (!json)
            printf("%-13s %-6s %s\n", access_names[route->access],
                   route->method, route->pattern);
        value_append(list, route_value(ctx, route));
    }
    if (!rc && json) {
        buf_init(&buf, ctx->arena, 4 << 20);
        json_write(&buf, list);
        printf("%s\n", buf_text(&buf));
    }
    if (argc == 2)
        site_command_close(ctx);
    return rc;
}
