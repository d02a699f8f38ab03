/*
 * view.c - which views of a form a person sees, and in which order.
 *
 * Those of the definition are there for everybody who lists the form; saved
 * ones for their owner, and where they are shared, for others who may read
 * the form.
 */
#include "base/banned.h"

#include "form/view.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/map.h"
#include "base/str.h"
#include "form/definition.h"
#include "org/org.h"
#include "org/person.h"
#include "store/db.h"

enum { UNPLACED = 100000 };

/* A view on its way into the list. */
struct placed {
    struct view *view;
    int64_t place;
};

struct collect {
    struct ctx *ctx;
    const struct form *form;
    struct placed *items;
    size_t count;
    bool designs; /* may change what others share */
};

static struct view *add(struct collect *collect)
{
    struct view *view = arena_alloc(collect->ctx->arena, sizeof *view);

    view->shared_with = "everyone";
    collect->items[collect->count].view = view;
    collect->items[collect->count].place = UNPLACED + (int64_t)collect->count;
    collect->count++;
    return view;
}

static void add_defined(struct collect *collect)
{
    const struct value *views = value_get(collect->form->definition, "views");
    size_t i;

    for (i = 0; i < value_count(views) && i < VIEWS_MAX; i++) {
        const struct value *content = value_at(views, i);
        struct view *view = add(collect);

        view->key = value_get_text(content, "key");
        view->title = locale_pick(collect->ctx, value_get(content, "title"));
        view->kind = value_get_text(content, "kind");
        if (!view->kind)
            view->kind = "list";
        view->content = content;
        view->locked = value_get_bool(content, "locked");
    }
}

static void read_saved(struct collect *collect, struct query *row)
{
    struct ctx *ctx = collect->ctx;
    struct view *view = add(collect);
    const char *text = query_text(row, 3);
    struct value *content = NULL;
    struct ctx quiet = *ctx;

    view->id = query_int(row, 0);
    view->key = arena_printf(ctx->arena, "%lld", (long long)view->id);
    view->title = query_copy(row, 1);
    view->kind = query_copy(row, 2);
    if (json_parse(&content, &quiet, text, strlen(text)))
        content = value_map(ctx->arena);
    view->content = content;
    view->owner = query_int(row, 4);
    view->shared_with = query_copy(row, 5);
    view->department = query_int(row, 6);
    view->locked = query_int(row, 7);
    view->editable = view->owner == ctx->person->id || collect->designs;
}

/* A department's views are seen by who works there or leads it. */
static int add_saved(struct collect *collect)
{
    struct ctx *ctx = collect->ctx;
    bool reads = access_form(ctx, collect->form->name, RIGHT_READ);
    QUERY_AUTO *row = NULL;
    size_t i, own = 0;
    int rc = db_query(&row, ctx,
                      "SELECT id, title, kind, content, owner, shared_with,"
                      " department, locked FROM form_view"
                      " WHERE form = ?1 AND deleted_at = 0"
                      " AND (owner = ?2 OR shared_with <> 'nobody')"
                      " ORDER BY id",
                      "ii", collect->form->id, ctx->person->id);

    while (!rc && (rc = query_next(row)) == 1) {
        int64_t owner = query_int(row, 4), department = query_int(row, 6);
        bool seen = owner == ctx->person->id;

        rc = 0;
        if (!seen && reads && strcmp(query_text(row, 5), "everyone") == 0)
            seen = true;
        if (!seen && reads) {
            seen = department && department == ctx->person->department;
            for (i = 0;
                 department && !seen && i < ctx->person->department_count; i++)
                seen = ctx->person->departments[i] == department;
        }
        if (!seen || own == VIEWS_MAX || !view_kind_named(query_text(row, 2)))
            continue;
        own++;
        read_saved(collect, row);
    }
    return rc;
}

/* What was chosen: columns, places, what opens first. */
static int read_choices(struct views *out, struct collect *collect)
{
    struct ctx *ctx = collect->ctx;
    const char *first = NULL;
    QUERY_AUTO *row = NULL;
    size_t i;
    /* One's own rows last: they win. */
    int rc = db_query(&row, ctx,
                      "SELECT person, view_key, columns, place, is_default"
                      " FROM form_view_choice WHERE form = ?1"
                      " AND person IN (0, ?2) ORDER BY person",
                      "ii", collect->form->id, ctx->person->id);

    while (!rc && (rc = query_next(row)) == 1) {
        bool mine = query_int(row, 0) != 0, chosen = query_int(row, 4);
        const char *key = query_text(row, 1);

        rc = 0;
        if (chosen)
            first = query_copy(row, 1);
        if (!*key && mine)
            out->columns = query_copy(row, 2);
        for (i = 0; i < collect->count; i++) {
            struct view *view = collect->items[i].view;

            if (strcmp(view->key, key) != 0)
                continue;
            if (mine)
                view->columns = query_copy(row, 2);
            if (mine && !query_is_null(row, 3))
                collect->items[i].place = query_int(row, 3);
            if (chosen)
                *(mine ? &view->my_default : &view->every_default) = true;
        }
    }
    for (i = 0; first && i < collect->count; i++)
        if (strcmp(collect->items[i].view->key, first) == 0)
            out->first = collect->items[i].view;
    return rc;
}

static int by_place(const void *a, const void *b)
{
    int64_t left = ((const struct placed *)a)->place;
    int64_t right = ((const struct placed *)b)->place;

    return (left > right) - (left < right);
}

int view_list(struct views *out, struct ctx *ctx, const struct form *form)
{
    struct collect collect = { .ctx = ctx, .form = form };
    size_t i;
    int rc = 0;

    memset(out, 0, sizeof *out);
    collect.items =
        arena_array(ctx->arena, 2 * VIEWS_MAX, sizeof *collect.items);
    add_defined(&collect);
    if (ctx->person) {
        collect.designs = access_form(ctx, form->name, RIGHT_DESIGN);
        rc = add_saved(&collect);
        if (!rc)
            rc = read_choices(out, &collect);
    }
    if (rc)
        return rc;
    if (collect.count)
        qsort(collect.items, collect.count, sizeof *collect.items, by_place);
    out->items = arena_array(ctx->arena, collect.count + 1, sizeof *out->items);
    for (i = 0; i < collect.count; i++)
        out->items[out->count++] = collect.items[i].view;
    return 0;
}

struct view *view_named(const struct views *views, const char *key)
{
    size_t i;

    for (i = 0; key && i < views->count; i++)
        if (strcmp(views->items[i]->key, key) == 0)
            return views->items[i];
    return NULL;
}

struct value *view_value(struct ctx *ctx, const struct form *form,
                         const struct view *view)
{
    static const char NOT_CONTENT[] = " key title kind locked ";
    struct value *map = value_map(ctx->arena);
    size_t i;

    if (view->id)
        value_set_id(map, "id", view->id);
    value_set_text(map, "key", view->key);
    value_set_text(map, "form", form->name);
    value_set_text(map, "title", view->title);
    value_set_text(map, "kind", view->kind);
    for (i = 0; i < value_count(view->content); i++) {
        const char *name = value_key_at(view->content, i);

        if (!definition_word_in(NOT_CONTENT, name))
            value_set(map, name,
                      value_copy(ctx->arena, value_item_at(view->content, i)));
    }
    if (view->owner)
        value_set_id(map, "owner", view->owner);
    value_set_text(map, "shared_with", view->shared_with);
    value_set_bool(map, "locked", view->locked);
    value_set_bool(map, "editable", view->editable);
    value_set_text(map, "default",
                   view->my_default      ? "mine"
                   : view->every_default ? "everybody"
                                         : "no");
    return map;
}
