/*
 * home_items.c - which widgets a person's home page has, and their order.
 */
#include "base/banned.h"

#include "portal/home.h"

#include <stdlib.h>

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/map.h"
#include "base/str.h"
#include "form/view.h"
#include "org/person.h"
#include "store/db.h"
#include "web/router.h"

enum { UNPLACED = 1000, ITEMS_MAX = 200 };

struct collect {
    struct ctx *ctx;
    struct home_item *items;
    size_t count;
};

static bool has(const struct collect *collect, const char *name)
{
    size_t i;

    for (i = 0; i < collect->count; i++)
        if (strcmp(collect->items[i].name, name) == 0)
            return true;
    return false;
}

static struct home_item *add(struct collect *collect, const char *name)
{
    struct home_item *item;

    if (collect->count == ITEMS_MAX || has(collect, name))
        return NULL;
    item = &collect->items[collect->count];
    item->name = name;
    item->place = UNPLACED + (int64_t)collect->count++;
    return item;
}

const char *home_view_name(struct ctx *ctx, const struct form *form,
                           const struct view *view)
{
    return arena_printf(ctx->arena, "view:%s:%s", form->name,
                        view ? view->key : "all");
}

/* "crm.funnel" in an element's id is no class of a selector. */
const char *home_element(struct ctx *ctx, const char *name)
{
    char *id = arena_strdup(ctx->arena, name), *p;

    for (p = id; *p; p++)
        if (*p == '.' || *p == ':')
            *p = '-';
    return id;
}

static void add_view(struct collect *collect, const struct form *form,
                     const struct view *view)
{
    struct ctx *ctx = collect->ctx;
    struct home_item *item = add(collect, home_view_name(ctx, form, view));

    if (!item)
        return;
    item->form = form;
    item->view = view;
    item->title = locale_pick(ctx, form->title);
    if (view) {
        struct value *args = value_map(ctx->arena);

        value_set_text(args, "form", item->title);
        value_set_text(args, "view", view->title);
        item->title = tr_with(ctx, "frame.home_view", args);
    }
}

static void add_registered(struct collect *collect)
{
    struct ctx *ctx = collect->ctx;
    const struct widget *widget;
    int i;

    for (i = 0; (widget = widget_at(i)); i++) {
        struct home_item *item;

        if ((widget->module && !access_module(ctx, widget->module)) ||
            (widget->form && !access_form(ctx, widget->form, RIGHT_READ)))
            continue;
        item = add(collect, widget->name);
        if (!item)
            continue;
        item->widget = widget;
        item->title = tr(ctx, widget->key);
    }
}

/* Whether the definition puts something onto the home page: asked of each
 * form, so without a query. */
static bool brings_views(const struct form *form)
{
    const struct value *views = value_get(form->definition, "views");
    size_t i;

    for (i = 0; i < value_count(views); i++)
        if (value_get_bool(value_at(views, i), "home"))
            return true;
    return false;
}

static int add_defined(struct collect *collect)
{
    struct ctx *ctx = collect->ctx;
    const struct form **forms;
    size_t count, i, j;
    int rc = form_list(&forms, &count, ctx);

    for (i = 0; !rc && i < count; i++) {
        struct views views;

        if (!brings_views(forms[i]) ||
            !access_form(ctx, forms[i]->name, RIGHT_READ))
            continue;
        rc = view_list(&views, ctx, forms[i]);
        for (j = 0; !rc && j < views.count; j++)
            if (!views.items[j]->id &&
                value_get_bool(views.items[j]->content, "home"))
                add_view(collect, forms[i], views.items[j]);
    }
    return rc;
}

/* "view:FORM:KEY", where he may list the form and sees the view; nothing
 * else: a name out of the table may be older than a grant. */
static int add_named(struct collect *collect, const char *name)
{
    struct ctx *ctx = collect->ctx, quiet = *ctx;
    const char *colon = strrchr(name, ':');
    const struct form *form;
    struct view *view = NULL;
    struct views views;
    int rc;

    if (!text_starts(name, "view:") || colon <= name + 5)
        return 0;
    ctx_clear(&quiet);
    if (form_find(
            &form, &quiet,
            arena_strndup(ctx->arena, name + 5, (size_t)(colon - name - 5))) ||
        !form->enabled || !access_form(ctx, form->name, RIGHT_READ))
        return 0;
    if (strcmp(colon + 1, "all") != 0) {
        rc = view_list(&views, ctx, form);
        if (rc)
            return rc;
        view = view_named(&views, colon + 1);
        if (!view)
            return 0;
    }
    add_view(collect, form, view);
    return 0;
}

static int read_choices(struct collect *collect)
{
    struct ctx *ctx = collect->ctx;
    struct map *places = map_new(ctx->arena);
    QUERY_AUTO *row = NULL;
    size_t i;
    int rc = db_query(&row, ctx,
                      "SELECT widget, place, hidden FROM home_widget"
                      " WHERE person = ?1 ORDER BY place, widget",
                      "i", ctx->person->id);

    while (!rc && (rc = query_next(row)) == 1) {
        struct home_item *choice = arena_alloc(ctx->arena, sizeof *choice);

        choice->name = query_copy(row, 0);
        choice->place = query_is_null(row, 1) ? -1 : query_int(row, 1);
        choice->hidden = query_int(row, 2);
        map_set(places, choice->name, choice);
        rc = 0;
    }
    for (i = 0; !rc && i < map_count(places); i++) {
        const struct home_item *choice = map_value_at(places, i);

        if (!choice->hidden && !has(collect, choice->name))
            rc = add_named(collect, choice->name);
    }
    for (i = 0; !rc && i < collect->count; i++) {
        struct home_item *item = &collect->items[i];
        const struct home_item *choice = map_get(places, item->name);

        if (choice && choice->place >= 0)
            item->place = choice->place;
        item->hidden = choice && choice->hidden;
    }
    return rc;
}

static int by_place(const void *a, const void *b)
{
    int64_t left = ((const struct home_item *)a)->place;
    int64_t right = ((const struct home_item *)b)->place;

    return (left > right) - (left < right);
}

int home_items(struct home_item **out, size_t *count, struct ctx *ctx)
{
    struct collect collect = { .ctx = ctx };
    int rc;

    collect.items = arena_array(ctx->arena, ITEMS_MAX, sizeof *collect.items);
    add_registered(&collect);
    rc = add_defined(&collect);
    if (!rc)
        rc = read_choices(&collect);
    if (!rc && collect.count)
        qsort(collect.items, collect.count, sizeof *collect.items, by_place);
    *out = collect.items;
    *count = collect.count;
    return rc;
}

int home_item_named(struct home_item *out, struct ctx *ctx, const char *name)
{
    struct collect collect = { .ctx = ctx };
    size_t i;
    int rc = 0;

    collect.items = arena_array(ctx->arena, ITEMS_MAX, sizeof *collect.items);
    if (text_starts(name, "view:"))
        rc = add_named(&collect, name);
    else
        add_registered(&collect);
    for (i = 0; !rc && i < collect.count; i++)
        if (strcmp(collect.items[i].name, name) == 0) {
            *out = collect.items[i];
            return 0;
        }
    return rc ? rc
              : fail(ctx, E_NOT_FOUND, "frame.no_widget",
                     "there is no such widget");
}
