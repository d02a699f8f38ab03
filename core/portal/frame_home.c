/*
 * frame_home.c - the home page and its widgets.
 *
 * The core's widgets stand in the page. Those of modules, and views of forms,
 * are asked for one by one, behind it (GET /portal/widgets/NAME): the page is
 * as fast as the core, and what a module does wrong costs its own widget.
 */
#include "base/banned.h"

#include "portal/portal.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/str.h"
#include "base/value.h"
#include "form/view.h"
#include "org/person.h"
#include "portal/frame.h"
#include "portal/home.h"
#include "view/view.h"
#include "web/request.h"
#include "web/router.h"

enum { PART_MAX = 256 * 1024 };

static struct value *load_url(struct ctx *ctx, const char *name)
{
    return value_url(ctx->arena,
                     arena_printf(ctx->arena, "/portal/widgets/%s", name));
}

/* A view leads to its list, and follows its form's records. */
static void outline_view(struct ctx *ctx, struct value *map,
                         const struct home_item *item)
{
    value_set(map, "url",
              value_url(ctx->arena,
                        arena_printf(ctx->arena, "/records/%s?view=%s",
                                     item->form->name,
                                     item->view ? item->view->key : "all")));
    value_set_text(map, "live",
                   arena_printf(ctx->arena, "records:%s", item->form->name));
    value_set(map, "live_url", load_url(ctx, item->name));
}

static struct value *outline(struct ctx *ctx, const struct home_item *item)
{
    struct value *map = value_map(ctx->arena);

    value_set_text(map, "id", home_element(ctx, item->name));
    value_set_text(map, "title", item->title);
    value_set_text(map, "empty_text", tr(ctx, "frame.widget_empty"));
    if (!item->widget) {
        outline_view(ctx, map, item);
        return map;
    }
    value_set_bool(map, "wide", item->widget->wide);
    if (item->widget->path)
        value_set(map, "url", value_url(ctx->arena, item->widget->path));
    return map;
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
                       const struct home_item *item)
{
    struct value *map = outline(ctx, item);

    if (!item->widget || item->widget->module) {
        value_set(map, "load_url", load_url(ctx, item->name));
        value_append(list, map);
        return;
    }
    if (fill(ctx, map, item->widget)) {
        /* A page must not die of one of its parts. */
        log_ctx(ctx, LOG_WARN, "widget.failed", "widget", item->name, "error",
                ctx_error(ctx), NULL);
        ctx_clear(ctx);
        return;
    }
    value_append(list, map);
}

static int home(struct ctx *ctx, struct request *request,
                struct response *response, void *payload)
{
    struct value *data = value_map(ctx->arena);
    struct value *widgets = value_list(ctx->arena);
    struct value *args = value_map(ctx->arena);
    struct home_item *items;
    size_t count, i;
    int rc = home_items(&items, &count, ctx);

    (void)payload;
    if (rc)
        return rc;
    for (i = 0; i < count; i++)
        if (!items[i].hidden)
            add_widget(ctx, widgets, &items[i]);
    value_set(data, "widgets", widgets);
    value_set_bool(data, "arrange", true);
    value_set_text(args, "name", ctx->person->name);
    return portal_page(ctx, request, response, "home",
                       tr_with(ctx, "frame.hello", args), data);
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
    struct value *page = value_map(ctx->arena);
    struct home_item item;
    struct value *map;
    int rc = home_item_named(&item, ctx, request_param(request, "name"));

    (void)payload;
    if (rc)
        return rc;
    map = outline(ctx, &item);
    /* A widget may hold a form. */
    value_set_text(page, "csrf", csrf_token(ctx, request, response));
    value_set(map, "page", page);
    rc = item.widget ? fill(ctx, map, item.widget)
                     : home_view_fill(ctx, &item, map);
    if ((rc == E_NOT_FOUND || rc == E_FORBIDDEN) && request->htmx) {
        ctx_clear(ctx);
        response->status = 204;
        return 0;
    }
    return rc ? rc : answer_widget(ctx, request, response, map);
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
    home_arrange_start();
}
