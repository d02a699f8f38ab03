/*
 * home_arrange.c - arranging one's home page: order, away, back again.
 *
 * Plain buttons, so that it works by keyboard, finger and without scripts.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "org/person.h"
#include "portal/home.h"
#include "portal/portal.h"
#include "store/db.h"
#include "web/request.h"
#include "web/router.h"

static const char PATH[] = "/portal/home";

static int arrange_page(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    struct value *data = value_map(ctx->arena), *shown, *away;
    struct home_item *items;
    size_t count, i, last = 0;
    int rc = home_items(&items, &count, ctx);

    (void)payload;
    if (rc)
        return rc;
    shown = value_list(ctx->arena);
    away = value_list(ctx->arena);
    for (i = 0; i < count; i++)
        last = items[i].hidden ? last : i;
    for (i = 0; i < count; i++) {
        struct value *row = value_map(ctx->arena);

        value_set_text(row, "name", items[i].name);
        value_set_text(row, "title", items[i].title);
        value_set_text(row, "id", home_element(ctx, items[i].name));
        value_set_bool(row, "first", value_count(shown) == 0);
        value_set_bool(row, "last", i == last);
        value_append(items[i].hidden ? away : shown, row);
    }
    value_set(data, "shown", shown);
    value_set(data, "away", away);
    portal_crumb(ctx, data, tr(ctx, "ui.home"), "/");
    portal_set(ctx, data, "width", value_text(ctx->arena, "read"));
    return portal_page(ctx, request, response, "home-arrange",
                       tr(ctx, "frame.arrange"), data);
}

static int set_choice(struct ctx *ctx, const char *name, bool hidden)
{
    return db_exec(ctx,
                   "INSERT INTO home_widget (person, widget, hidden)"
                   " VALUES (?1, ?2, ?3) ON CONFLICT (person, widget)"
                   " DO UPDATE SET hidden = ?3",
                   "isi", ctx->person->id, name, (int64_t)hidden);
}

static int check_room(struct ctx *ctx, const struct home_item *items,
                      size_t count)
{
    size_t i, views = 0;

    for (i = 0; i < count; i++)
        views += !items[i].widget && !items[i].hidden;
    return views < HOME_VIEWS_MAX
               ? 0
               : fail(ctx, E_LIMIT, "frame.home_full",
                      "at most %d views on the home page; take one away first",
                      HOME_VIEWS_MAX);
}

/* Changes places with the next one that is shown. */
static int move(struct ctx *ctx, struct home_item *items, size_t count,
                size_t at, int step)
{
    size_t to = at + (size_t)step, i;
    int rc = 0;

    while (to < count && items[to].hidden)
        to += (size_t)step;
    if (to >= count)
        return 0; /* at the end already */
    for (i = 0; !rc && i < count; i++) {
        size_t from = i == at ? to : i == to ? at : i;

        rc = db_exec(ctx,
                     "INSERT INTO home_widget (person, widget, place, hidden)"
                     " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (person, widget)"
                     " DO UPDATE SET place = ?3",
                     "isii", ctx->person->id, items[from].name, (int64_t)i,
                     (int64_t)items[from].hidden);
    }
    return rc;
}

static int change(struct ctx *ctx, const char *verb, const char *name)
{
    struct home_item *items, one;
    size_t count, i;
    int rc = home_items(&items, &count, ctx);

    for (i = 0; !rc && i < count && strcmp(items[i].name, name) != 0; i++)
        ;
    if (!rc && i == count)
        rc = home_item_named(&one, ctx, name);
    if (rc)
        return rc;
    if (strcmp(verb, "add") == 0) {
        if (i < count && !items[i].hidden)
            return 0;
        rc = i < count && items[i].widget ? 0 : check_room(ctx, items, count);
        return rc ? rc : set_choice(ctx, name, false);
    }
    if (i == count)
        return 0;
    if (strcmp(verb, "remove") == 0)
        return set_choice(ctx, name, true);
    return move(ctx, items, count, i, strcmp(verb, "earlier") == 0 ? -1 : 1);
}

static int arrange(struct ctx *ctx, struct request *request,
                   struct response *response, void *payload)
{
    static const char *const names[] = { "do", "widget", "return", NULL };
    const char *verb = request_form(request, "do");
    const char *name = request_form(request, "widget");
    const char *back = request_form(request, "return");
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc && (!name || !verb ||
                (strcmp(verb, "add") != 0 && strcmp(verb, "remove") != 0 &&
                 strcmp(verb, "earlier") != 0 && strcmp(verb, "later") != 0)))
        rc = fail_at(ctx, E_INVALID, "do", "frame.arrange_what",
                     "expected add, remove, earlier or later, and a widget");
    if (!rc)
        rc = tx_begin(ctx, "home.arrange");
    if (rc)
        return rc;
    rc = tx_end(ctx, change(ctx, verb, name));
    if (rc)
        return rc;
    return response_done(ctx, request, response, back ? own_path(back) : PATH,
                         !back ? NULL
                         : strcmp(verb, "add") == 0
                             ? tr(ctx, "frame.home_added")
                             : tr(ctx, "frame.home_removed"));
}

void home_arrange_start(void)
{
    static const struct route routes[] = {
        { "GET", "/portal/home", ROUTE_PERSON, ROUTE_PAGE, arrange_page, NULL,
          NULL, NULL },
        { "POST", "/portal/home", ROUTE_PERSON, 0, arrange, NULL, NULL, NULL },
        { 0 },
    };

    route_add_table(routes);
}
