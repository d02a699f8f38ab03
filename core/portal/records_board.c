/*
 * records_board.c - list, kanban or chart: which is shown, and the switch.
 */
#include "base/banned.h"

#include "portal/records_board.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "form/board.h"
#include "form/view.h"
#include "portal/home.h"
#include "portal/records_filter.h"
#include "web/request.h"

static const struct {
    const char *name, *key, *icon;
} kinds[] = {
    { "list", "records.kind.list", "list" },
    { "kanban", "records.kind.kanban", "kanban" },
    { "chart", "records.kind.chart", "chart-bar" },
};

enum { KINDS = sizeof kinds / sizeof *kinds };

int records_kind(const char **out, struct ctx *ctx,
                 const struct request *request,
                 const struct records_filter *filter)
{
    const char *asked = request_query(request, "as");
    size_t i;

    *out = filter->view ? filter->view->kind : "list";
    if (text_empty(asked))
        return 0;
    for (i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].name, asked) == 0) {
            *out = kinds[i].name;
            return 0;
        }
    return fail_at(ctx, E_INVALID, "as", "form.view_kind",
                   "there is no kind of view called %s", asked);
}

/* With the view's own kind, or a list without one, `as` says nothing. */
static const char *kind_url(struct ctx *ctx,
                            const struct records_filter *filter,
                            const char *kind)
{
    struct records_filter bare = *filter;
    const char *own = filter->view ? filter->view->kind : "list";

    bare.kept = NULL;
    return records_filter_url(ctx, &bare, "as",
                              strcmp(kind, own) == 0 ? NULL : kind);
}

const char *records_list_url(struct ctx *ctx,
                             const struct records_filter *filter,
                             const struct filter *own)
{
    struct records_filter changed = *filter;

    changed.own = (struct filter *)(uintptr_t)own;
    changed.edited = true;
    return kind_url(ctx, &changed, "list");
}

/* What is shown can stand on the home page, once it is saved: the home page
 * keeps views. Whether it does is not asked: lists are opened often, and
 * adding it twice does nothing. */
static void add_home(struct ctx *ctx, const struct records_filter *filter,
                     const char *kind, struct value *list)
{
    struct value *home = value_map(ctx->arena);
    const char *own = filter->view ? filter->view->kind : "list";

    if (filter->edited || strcmp(kind, own) != 0 ||
        (!filter->view && records_filter_active(filter)))
        value_set_text(home, "hint", tr(ctx, "records.home_save"));
    value_set_text(home, "widget",
                   home_view_name(ctx, filter->form, filter->view));
    value_set_text(home, "label", tr(ctx, "records.home_add"));
    value_set(list, "home", home);
    value_set_bool(list, "more", true);
}

void records_kinds_show(struct ctx *ctx, const struct records_filter *filter,
                        const char *kind, struct value *list)
{
    struct value *choices = value_list(ctx->arena);
    bool board = board_default(filter->form) || strcmp(kind, "kanban") == 0;
    size_t i;

    for (i = 0; i < KINDS; i++) {
        struct value *choice = value_map(ctx->arena);

        if (strcmp(kinds[i].name, "kanban") == 0 && !board)
            continue;
        value_set_text(choice, "label", tr(ctx, kinds[i].key));
        value_set_text(choice, "icon", kinds[i].icon);
        value_set(choice, "url",
                  value_url(ctx->arena, kind_url(ctx, filter, kinds[i].name)));
        value_set_bool(choice, "current", strcmp(kinds[i].name, kind) == 0);
        value_append(choices, choice);
    }
    value_set(list, "kinds", choices);
    add_home(ctx, filter, kind, list);
}
