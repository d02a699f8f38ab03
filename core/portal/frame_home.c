/*
 * frame_home.c - the home page and its widgets.
 *
 * The core's widgets stand in the page. Those of modules are asked for one by
 * one, behind it (GET /portal/widgets/NAME): the page is as fast as the core,
 * and what a module does wrong costs its own widget.
 */
#include "base/banned.h"

#include "portal/portal.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/str.h"
#include "base/value.h"
#include "org/person.h"
#include "portal/frame.h"
#include "view/view.h"
#include "web/request.h"
#include "web/router.h"

enum { PART_MAX = 256 * 1024 };

static bool is_visible(struct ctx *ctx, const struct widget *widget)
{
    return (!widget->module || access_module(ctx, widget->module)) &&
           (!widget->form || access_form(ctx, widget->form, RIGHT_READ));
}

/* "crm.funnel" in an element's id is no class of a selector. */
static const char *element_id(struct ctx *ctx, const char *name)
{
    char *id = arena_strdup(ctx->arena, name), *p;

    for (p = id; *p; p++)
        if (*p == '.')
            *p = '-';
    return id;
}

static struct value *outline(struct ctx *ctx, const struct widget *widget)
{
    struct value *item = value_map(ctx->arena);

    value_set_text(item, "id", element_id(ctx, widget->name));
    value_set_text(item, "title", tr(ctx, widget->key));
    value_set_text(item, "empty_text", tr(ctx, "frame.widget_empty"));
    value_set_bool(item, "wide", widget->wide);
    if (widget->path)
        value_set(item, "url", value_url(ctx->arena, widget->path));
    return item;
}

/* The item's own content; the template's is added as HTML. */
static int fill(struct ctx *ctx, struct value *item,
                const struct widget *widget)
{
    struct buf html;
    int rc = widget->data ? widget->data(ctx, item, widget->payload) : 0;

    if (rc || !widget->template || value_get(item, "rows"))
        return rc;
    buf_init(&html, ctx->arena, PART_MAX);
    rc = view_fragment(ctx, &html, widget->template, item);
    value_set(item, "html", value_html(ctx->arena, buf_text(&html)));
    return rc;
}

static void add_widget(struct ctx *ctx, struct value *list,
                       const struct widget *widget)
{
    struct value *item;

    if (!is_visible(ctx, widget))
        return;
    item = outline(ctx, widget);
    if (widget->module) {
        value_set(
            item, "load_url",
            value_url(ctx->arena, arena_printf(ctx->arena, "/portal/widgets/%s",
                                               widget->name)));
        value_append(list, item);
        return;
    }
    if (fill(ctx, item, widget)) {
        /* A page must not die of one of its parts. */
        log_ctx(ctx, LOG_WARN, "widget.failed", "widget", widget->name, "error",
                ctx_error(ctx), NULL);
        ctx_clear(ctx);
        return;
    }
    value_append(list, item);
}

static int home(struct ctx *ctx, struct request *request,
                struct response *response, void *payload)
{
    struct value *data = value_map(ctx->arena);
    struct value *widgets = value_list(ctx->arena);
    struct value *args = value_map(ctx->arena);
    const struct widget *widget;
    int i;

    (void)payload;
    for (i = 0; (widget = widget_at(i)); i++)
        add_widget(ctx, widgets, widget);
    value_set(data, "widgets", widgets);
    value_set_text(args, "name", ctx->person->name);
    return portal_page(ctx, request, response, "home",
                       tr_with(ctx, "frame.hello", args), data);
}

static const struct widget *widget_named(const char *name)
{
    const struct widget *widget;
    int i;

    for (i = 0; (widget = widget_at(i)); i++)
        if (text_equal(widget->name, name))
            return widget;
    return NULL;
}

/* A fragment for the home page; for readers without scripts a page. */
static int answer_widget(struct ctx *ctx, struct request *request,
                         struct response *response, struct value *item)
{
    struct value *data = value_map(ctx->arena);
    struct value *widgets = value_list(ctx->arena);

    if (request->htmx)
        return view_fragment(ctx, &response->body, "widget", item);
    value_append(widgets, item);
    value_set(data, "widgets", widgets);
    return portal_page(ctx, request, response, "home",
                       value_get_text(item, "title"), data);
}

static int one_widget(struct ctx *ctx, struct request *request,
                      struct response *response, void *payload)
{
    const struct widget *widget = widget_named(request_param(request, "name"));
    struct value *item;
    int rc;

    (void)payload;
    if (!widget || !is_visible(ctx, widget))
        return fail(ctx, E_NOT_FOUND, "frame.no_widget",
                    "there is no such widget");
    item = outline(ctx, widget);
    rc = fill(ctx, item, widget);
    if ((rc == E_NOT_FOUND || rc == E_FORBIDDEN) && request->htmx) {
        ctx_clear(ctx);
        response->status = 204;
        return 0;
    }
    return rc ? rc : answer_widget(ctx, request, response, item);
}

void frame_home_start(void)
{
    static const struct route routes[] = {
        { "GET", "/", ROUTE_PERSON, ROUTE_PAGE, home, NULL, NULL, NULL },
        { "GET", "/portal/widgets/{name}", ROUTE_PERSON, ROUTE_FRAGMENT,
          one_widget, NULL, NULL, "/portal/widgets/tasks" },
        { 0 },
    };

    route_add_table(routes);
}
