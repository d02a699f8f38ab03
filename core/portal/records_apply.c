/*
 * records_apply.c - the page "Apply": a card for each form that the person
 * may fill in, by category, the ones used lately first.
 */
#include "base/banned.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/pinyin.h"
#include "base/str.h"
#include "base/unicode.h"
#include "form/field_type.h"
#include "org/person.h"
#include "portal/portal.h"
#include "portal/records.h"
#include "store/db.h"
#include "view/view.h"
#include "web/request.h"
#include "web/router.h"

enum { RECENT_MAX = 4 };

/* Shown where the definition says so, else where the form has a flow. */
static bool offered(struct ctx *ctx, const struct form *form)
{
    const struct value *apply = value_get(form->definition, "apply");

    if (apply ? !value_as_bool(apply) : form->closed)
        return false;
    return records_may_create(ctx, form);
}

static struct value *make_card(struct ctx *ctx, const struct form *form)
{
    const struct value *detail = value_get(form->definition, "description");
    const char *icon = value_as_text(form->icon);
    struct value *card = value_map(ctx->arena);

    value_set_text(card, "label", locale_pick(ctx, form->title));
    value_set(card, "url",
              value_url(ctx->arena, arena_printf(ctx->arena, "%s/new",
                                                 records_path(ctx, form))));
    value_set_text(card, "icon", icon ? icon : "file");
    value_set_text(card, "tone", view_tone(form->id));
    if (detail)
        value_set_text(card, "detail", locale_pick(ctx, detail));
    return card;
}

static struct value *group_named(struct ctx *ctx, struct value *groups,
                                 const char *title)
{
    struct value *group;
    size_t i;

    for (i = 0; i < value_count(groups); i++)
        if (text_equal(value_get_text(value_at(groups, i), "title"), title))
            return value_get(value_at(groups, i), "items");
    group = value_map(ctx->arena);
    value_set_text(group, "title", title);
    value_set(group, "items", value_list(ctx->arena));
    value_append(groups, group);
    return value_get(group, "items");
}

/* The newest own record of a form; ids grow with time. */
static int64_t last_used(struct ctx *ctx, const struct form *form)
{
    int64_t id = 0;

    if (db_int(&id, ctx,
               /* sql: names from the definition */
               arena_printf(ctx->arena,
                            "SELECT id FROM \"%s\" WHERE deleted_at = 0"
                            " AND owner = ?1 ORDER BY id DESC LIMIT 1",
                            form->table),
               "i", ctx->person->id))
        return 0;
    return id;
}

struct recent {
    const struct form *form;
    int64_t id;
};

static int newest_first(const void *a, const void *b)
{
    int64_t x = ((const struct recent *)a)->id;
    int64_t y = ((const struct recent *)b)->id;

    return x == y ? 0 : (x < y ? 1 : -1);
}

/* Only where there is a choice at all: a group of the forms used lately. */
static void add_recent(struct ctx *ctx, struct value *groups,
                       struct recent *used, size_t count)
{
    struct value *items;
    size_t i;

    if (count <= RECENT_MAX)
        return;
    qsort(used, count, sizeof *used, newest_first);
    if (!used[0].id)
        return;
    items = group_named(ctx, groups, tr(ctx, "records.recent"));
    for (i = 0; i < RECENT_MAX && used[i].id; i++)
        value_append(items, make_card(ctx, used[i].form));
}

static int apply_page(struct ctx *ctx, struct request *request,
                      struct response *response, void *payload)
{
    struct value *data = value_map(ctx->arena);
    struct value *groups = value_list(ctx->arena);
    const struct form **forms;
    struct recent *used;
    size_t count, offered_count = 0, i;
    int rc = form_list(&forms, &count, ctx);

    (void)payload;
    if (rc)
        return rc;
    used = arena_array(ctx->arena, count + 1, sizeof *used);
    for (i = 0; i < count; i++)
        if (offered(ctx, forms[i])) {
            used[offered_count].form = forms[i];
            used[offered_count++].id = last_used(ctx, forms[i]);
        }
    add_recent(ctx, groups, used, offered_count);
    for (i = 0; i < count; i++)
        if (offered(ctx, forms[i]))
            value_append(group_named(ctx, groups,
                                     forms[i]->category
                                         ? locale_pick(ctx, forms[i]->category)
                                         : tr(ctx, "records.other")),
                         make_card(ctx, forms[i]));
    value_set(data, "groups", groups);
    if (!offered_count) {
        struct value *empty = value_map(ctx->arena);

        value_set_text(empty, "text", tr(ctx, "records.nothing_to_apply"));
        value_set(data, "empty", empty);
    }
    return portal_page(ctx, request, response, "records/apply",
                       tr(ctx, "records.apply"), data);
}

/* All lists that the person may see: reference data have no card. */
static int index_page(struct ctx *ctx, struct request *request,
                      struct response *response, void *payload)
{
    struct value *data = value_map(ctx->arena);
    struct value *groups = value_list(ctx->arena);
    const struct form **forms;
    size_t count, i;
    int rc = form_list(&forms, &count, ctx);

    (void)payload;
    for (i = 0; !rc && i < count; i++) {
        struct value *card;

        if (!access_form(ctx, forms[i]->name, RIGHT_READ))
            continue;
        card = make_card(ctx, forms[i]);
        value_set(card, "url",
                  value_url(ctx->arena, records_path(ctx, forms[i])));
        value_append(group_named(ctx, groups,
                                 forms[i]->category
                                     ? locale_pick(ctx, forms[i]->category)
                                     : tr(ctx, "records.other")),
                     card);
    }
    if (rc)
        return rc;
    value_set(data, "groups", groups);
    return portal_page(ctx, request, response, "records/apply",
                       tr(ctx, "records.records"), data);
}

/* The palette starts an application: "Apply: Travel". */
static int find(struct ctx *ctx, const char *text, int most,
                struct value *items)
{
    const char *wanted = text_fold(ctx->arena, text);
    const struct form **forms;
    size_t count, i;
    int rc = form_list(&forms, &count, ctx);

    for (i = 0; !rc && i < count && most > 0; i++) {
        struct value *args, *item;
        const char *label;

        if (!offered(ctx, forms[i]))
            continue;
        args = value_map(ctx->arena);
        value_set_text(args, "form", locale_pick(ctx, forms[i]->title));
        label = tr_with(ctx, "records.apply_for", args);
        if (!strstr(text_fold(ctx->arena, label), wanted) &&
            !pinyin_matches(
                text_pinyin(ctx->arena, locale_pick(ctx, forms[i]->title)),
                wanted))
            continue;
        item = make_card(ctx, forms[i]);
        value_remove(item, "detail");
        value_set_text(item, "kind", "apply");
        value_set_text(item, "label", label);
        value_append(items, item);
        most--;
    }
    return rc;
}

void records_apply_start(void)
{
    static const struct route routes[] = {
        { "GET", "/apply", ROUTE_PERSON, ROUTE_PAGE, apply_page, NULL, NULL,
          NULL },
        { "GET", "/records", ROUTE_PERSON, ROUTE_PAGE, index_page, NULL, NULL,
          NULL },
        { .method = NULL },
    };
    static const struct menu_entry apply = {
        .area = "main",
        .key = "records.apply",
        .path = "/apply",
        .icon = "apply",
        .order = 20,
    };
    static const struct menu_entry records = {
        .area = "main",
        .key = "records.records",
        .path = "/records",
        .icon = "list",
        .order = 30,
    };

    route_add_table(routes);
    menu_add(&apply);
    menu_add(&records);
    portal_finder_add(find);
}
