/*
 * records_views.c - views over a list: tabs, and the menu that saves, shares,
 * orders and deletes them.
 *
 * The menu's form is sent to an address that holds the list's filter, so that
 * what is seen is what is saved. Rights are form/view.h's.
 */
#include "base/banned.h"

#include "portal/records_views.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "form/definition.h"
#include "portal/records.h"
#include "portal/records_board.h"
#include "portal/records_columns.h"
#include "web/request.h"
#include "web/router.h"

static const char *const shares[] = { "nobody", "department", "everyone" };

/* ---- tabs ---- */

const char *records_view_url(struct ctx *ctx, const struct form *form,
                             const struct views *views, const struct view *view)
{
    const char *path = records_path(ctx, form);

    if (!view)
        return views->first ? arena_printf(ctx->arena, "%s?view=all", path)
                            : path;
    return arena_printf(ctx->arena, "%s?view=%s", path, view->key);
}

static void add_tab(struct ctx *ctx, struct value *tabs, const char *label,
                    const char *url, bool current)
{
    struct value *tab = value_map(ctx->arena);

    value_set_text(tab, "label", label);
    value_set(tab, "url", value_url(ctx->arena, url));
    if (current)
        value_set_bool(tab, "current", true);
    value_append(tabs, tab);
}

static void add_tabs(struct ctx *ctx, const struct records_filter *filter,
                     struct value *list, bool bin)
{
    const struct form *form = filter->form;
    struct value *tabs = value_list(ctx->arena);
    size_t i;

    add_tab(ctx, tabs, tr(ctx, "records.all"),
            records_view_url(ctx, form, &filter->views, NULL),
            !bin && !filter->view);
    for (i = 0; i < filter->views.count; i++) {
        const struct view *view = filter->views.items[i];

        add_tab(ctx, tabs, view->title,
                records_view_url(ctx, form, &filter->views, view),
                !bin && view == filter->view);
    }
    if (access_form(ctx, form->name, RIGHT_DELETE))
        add_tab(ctx, tabs, tr(ctx, "records.bin"),
                arena_printf(ctx->arena, "%s/bin", records_path(ctx, form)),
                bin);
    if (value_count(tabs) > 1)
        value_set(list, "views", tabs);
}

/* ---- the menu ---- */

static void add_action(struct ctx *ctx, struct value *actions, const char *name,
                       const char *icon, bool danger)
{
    struct value *action = value_map(ctx->arena);

    value_set_text(action, "value", name);
    value_set_text(action, "label",
                   tr(ctx, arena_printf(ctx->arena, "records.view.%s", name)));
    value_set_text(action, "icon", icon);
    if (danger)
        value_set_bool(action, "danger", true);
    value_append(actions, action);
}

static struct value *actions_of(struct ctx *ctx,
                                const struct records_filter *filter)
{
    const struct view *view = filter->view;
    struct value *actions = value_list(ctx->arena);
    bool designs = access_form(ctx, filter->form->name, RIGHT_DESIGN);

    if (view ? !view->my_default : filter->views.first != NULL)
        add_action(ctx, actions, "default_mine", "star", false);
    if (view && view->my_default)
        add_action(ctx, actions, "no_default_mine", "star", false);
    if (view && designs && !view->every_default &&
        strcmp(view->shared_with, "everyone") == 0)
        add_action(ctx, actions, "default_every", "users", false);
    if (view && designs && view->every_default)
        add_action(ctx, actions, "no_default_every", "users", false);
    if (view && view != filter->views.items[0])
        add_action(ctx, actions, "left", "arrow-left", false);
    if (view && view != filter->views.items[filter->views.count - 1])
        add_action(ctx, actions, "right", "arrow-right", false);
    if (view && view->editable)
        add_action(ctx, actions, "delete", "trash", true);
    return actions;
}

static struct value *shares_of(struct ctx *ctx, const struct view *view)
{
    struct value *list = value_list(ctx->arena);
    const char *chosen = view && view->editable ? view->shared_with : shares[0];
    size_t i;

    for (i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        struct value *share = value_map(ctx->arena);

        value_set_text(share, "value", shares[i]);
        value_set_text(
            share, "label",
            tr(ctx, arena_printf(ctx->arena, "records.share.%s", shares[i])));
        if (strcmp(shares[i], chosen) == 0)
            value_set_bool(share, "selected", true);
        value_append(list, share);
    }
    return list;
}

static void add_menu(struct ctx *ctx, const struct records_filter *filter,
                     struct value *list)
{
    const struct view *view = filter->view;
    bool own = view && view->editable;
    struct value *menu = value_map(ctx->arena);
    struct records_filter posted = *filter;

    posted.path =
        arena_printf(ctx->arena, "%s/views", records_path(ctx, filter->form));
    value_set(
        menu, "url",
        value_url(ctx->arena, records_filter_url(ctx, &posted, NULL, NULL)));
    if (own) {
        value_set_bool(menu, "own", true);
        value_set_text(menu, "title", view->title);
        if (view->locked)
            value_set_bool(menu, "locked", true);
    }
    if (filter->edited || (!view && records_filter_active(filter)))
        value_set_bool(menu, "unsaved", true);
    value_set(menu, "shares", shares_of(ctx, view));
    value_set(menu, "actions", actions_of(ctx, filter));
    value_set(list, "view_menu", menu);
}

void records_views_show(struct ctx *ctx, const struct records_filter *filter,
                        struct value *list, bool bin)
{
    add_tabs(ctx, filter, list, bin);
    if (filter->stale)
        value_set_text(list, "notice", tr(ctx, "records.view.stale"));
    if (!bin && access_form(ctx, filter->form->name, RIGHT_READ))
        add_menu(ctx, filter, list);
}

/* ---- what was sent ---- */

/* What makes the kind: of the view that is shown, and over it what the address
 * says. */
static void add_members(const struct records_filter *filter, const char *kind,
                        struct value *input)
{
    const char *members = view_kind_named(kind)->members;
    const struct value *sources[2] = { NULL, filter->kept };
    size_t i, j;

    if (filter->view && strcmp(filter->view->kind, kind) == 0)
        sources[0] = filter->view->content;
    for (i = 0; i < 2; i++)
        for (j = 0; j < value_count(sources[i]); j++)
            if (definition_word_in(members, value_key_at(sources[i], j)))
                value_set(input, value_key_at(sources[i], j),
                          value_item_at(sources[i], j));
}

/* What is seen, as the content of a view. */
static int content_of(struct value **out, struct ctx *ctx,
                      const struct request *request,
                      const struct records_filter *filter)
{
    struct value *input = *out = value_map(ctx->arena);
    struct value *json = records_filter_json(ctx, filter);
    struct value *keys = value_list(ctx->arena);
    struct columns columns;
    const char *kind;
    size_t i;
    int rc = records_kind(&kind, ctx, request, filter);

    if (!rc)
        rc = columns_choose(&columns, ctx, filter);
    if (rc)
        return rc;
    value_set_text(input, "kind", kind);
    value_set(input, "filter", json ? json : value_null(ctx->arena));
    value_set_text(input, "search", filter->search);
    value_set_text(input, "sort", filter->sort);
    for (i = 0; i < columns.count; i++)
        value_append(keys, value_text(ctx->arena, columns.items[i].key));
    value_set(input, "columns", keys);
    add_members(filter, kind, input);
    return 0;
}

static int save(struct ctx *ctx, struct request *request,
                struct response *response, const struct records_filter *filter,
                int64_t id)
{
    const char *path = records_path(ctx, filter->form);
    struct value *input;
    int rc = content_of(&input, ctx, request, filter);

    if (rc)
        return rc;
    value_set_text(input, "title", request_form(request, "title"));
    if (request_form(request, "shared_with"))
        value_set_text(input, "shared_with",
                       request_form(request, "shared_with"));
    value_set_bool(input, "locked",
                   text_equal(request_form(request, "locked"), "true"));
    rc = view_save(&id, ctx, filter->form, id, input);
    if (rc)
        return rc;
    return response_done(
        ctx, request, response,
        arena_printf(ctx->arena, "%s?view=%lld", path, (long long)id),
        tr(ctx, "records.view.saved"));
}

static int delete_view(struct ctx *ctx, struct request *request,
                       struct response *response,
                       const struct records_filter *filter)
{
    const char *path = records_path(ctx, filter->form);
    int rc = view_delete(ctx, filter->form, filter->view->id);

    if (rc)
        return rc;
    return response_undoable(ctx, request, response, path,
                             tr(ctx, "records.view.deleted"),
                             arena_printf(ctx->arena, "%s/views/%lld/restore",
                                          path, (long long)filter->view->id));
}

static int choose(struct ctx *ctx, struct request *request,
                  struct response *response,
                  const struct records_filter *filter, const char *what)
{
    const struct form *form = filter->form;
    const char *key = filter->view ? filter->view->key : "";
    int rc;

    if (strcmp(what, "left") == 0 || strcmp(what, "right") == 0)
        rc = view_move(ctx, form, key, *what == 'l' ? -1 : 1);
    else if (strcmp(what, "default_mine") == 0)
        rc = view_set_default(ctx, form, key, false);
    else if (strcmp(what, "no_default_mine") == 0)
        rc = view_set_default(ctx, form, NULL, false);
    else if (strcmp(what, "default_every") == 0)
        rc = view_set_default(ctx, form, key, true);
    else if (strcmp(what, "no_default_every") == 0)
        rc = view_set_default(ctx, form, NULL, true);
    else
        rc = fail_at(ctx, E_INVALID, "do", "frame.bad_choice",
                     "this choice is not there");
    if (rc)
        return rc;
    return response_done(
        ctx, request, response,
        records_view_url(ctx, form, &filter->views, filter->view),
        tr(ctx, "records.view.done"));
}

static int views_post(struct ctx *ctx, struct request *request,
                      struct response *response, void *payload)
{
    static const char *const names[] = { "do", "title", "shared_with", "locked",
                                         NULL };
    const char *what = request_form(request, "do");
    struct records_filter filter;
    const struct form *form;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = records_form(&form, ctx, request);
    if (!rc)
        rc = records_filter_read_with(&filter, ctx, request, form,
                                      records_path(ctx, form), BOARD_PARAMS);
    if (rc)
        return rc;
    if (!what)
        what = "create";
    if (strcmp(what, "create") == 0)
        return save(ctx, request, response, &filter, 0);
    if (strcmp(what, "update") == 0 && filter.view && filter.view->id)
        return save(ctx, request, response, &filter, filter.view->id);
    if (strcmp(what, "delete") == 0 && filter.view && filter.view->id)
        return delete_view(ctx, request, response, &filter);
    return choose(ctx, request, response, &filter, what);
}

static int restore_post(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    static const char *const names[] = { NULL };
    const struct form *form;
    int64_t id;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = records_form(&form, ctx, request);
    if (!rc)
        rc = request_id(&id, ctx, request, "id");
    if (!rc)
        rc = view_restore(ctx, form, id);
    if (rc)
        return rc;
    return response_done(ctx, request, response,
                         arena_printf(ctx->arena, "%s?view=%lld",
                                      records_path(ctx, form), (long long)id),
                         tr(ctx, "records.restored"));
}

void records_views_start(void)
{
    static const struct route routes[] = {
        { "POST", "/records/{form}/views", ROUTE_PERSON, 0, views_post, NULL,
          NULL, NULL },
        { "POST", "/records/{form}/views/{id}/restore", ROUTE_PERSON, 0,
          restore_post, NULL, NULL, NULL },
        { .method = NULL },
    };

    route_add_table(routes);
    records_views_rest_start();
}
