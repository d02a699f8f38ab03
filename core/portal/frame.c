/*
 * frame.c - the frame of every page: menu, places, person, counts.
 */
#include "base/banned.h"

#include "portal/portal.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/numbers.h"
#include "base/str.h"
#include "base/value.h"
#include "flow/flow.h"
#include "notify/notify.h"
#include "org/org.h"
#include "org/person.h"
#include "portal/frame.h"
#include "view/view.h"
#include "web/frame.h"
#include "web/request.h"
#include "web/router.h"

/* What stands where in the frame, by path: the phone's five places, their
 * counts and keys. */
static const struct place {
    const char *path, *place, *topic, *key, *icon, *label;
} places[] = {
    { "/", "home", NULL, "g h", "home", "frame.home" },
    { "/tasks", "tasks", "tasks", "g t", "tasks", "frame.tasks" },
    { "/apply", "apply", NULL, "g a", "apply", "frame.apply" },
    { "/messages", "messages", "messages", NULL, "messages", "frame.messages" },
    { "/me", "me", NULL, NULL, "me", "frame.me" },
};

enum { PLACES = sizeof(places) / sizeof(places[0]) };

int frame_counts(int64_t *tasks, int64_t *messages, struct ctx *ctx)
{
    int rc = flow_box_count(tasks, ctx, BOX_TO_DO);

    if (!rc)
        rc = notify_unread(messages, ctx);
    return rc;
}

bool frame_menu_visible(struct ctx *ctx, const struct menu_entry *entry)
{
    if (entry->administrator && !(ctx->person && ctx->person->administrator))
        return false;
    if (entry->module && !access_module(ctx, entry->module))
        return false;
    if (entry->form && !access_form(ctx, entry->form, RIGHT_READ))
        return false;
    return !entry->shown || entry->shown(ctx, entry->payload);
}

const char *frame_menu_label(struct ctx *ctx, const struct menu_entry *entry)
{
    return entry->title ? entry->title : tr(ctx, entry->key);
}

/* How much of the request's path an entry's path covers; 0: nothing. */
static size_t covers(const char *entry, const char *path)
{
    size_t length = strlen(entry);

    if (strcmp(entry, "/") == 0)
        return strcmp(path, "/") == 0;
    if (strncmp(entry, path, length) != 0 ||
        (path[length] && path[length] != '/'))
        return 0;
    return length;
}

/* The menu in the making. Who may see an entry is asked once a page: it takes
 * rights, and a module's own word. */
struct menu {
    struct ctx *ctx;
    bool *visible; /* by the entry's index */
    const char *current;
    struct value *counts, *groups;
};

static void find_visible(struct menu *menu)
{
    const struct menu_entry *entry;
    size_t count = 0;
    int i;

    while (menu_at((int)count))
        count++;
    menu->visible =
        arena_array(menu->ctx->arena, count + 1, sizeof *menu->visible);
    for (i = 0; (entry = menu_at(i)); i++) /* these stand elsewhere */
        menu->visible[i] = strcmp(entry->area, "administration") != 0 &&
                           strcmp(entry->area, "apply") != 0 &&
                           frame_menu_visible(menu->ctx, entry);
}

static const char *current_path(const struct menu *menu, const char *path)
{
    const struct menu_entry *entry;
    const char *best = "";
    size_t most = 0, length;
    int i;

    for (i = 0; (entry = menu_at(i)); i++) {
        length = menu->visible[i] ? covers(entry->path, path) : 0;
        if (length > most) {
            most = length;
            best = entry->path;
        }
    }
    return best;
}

/* The last of the page's crumbs that is an entry itself, else by the path. */
static const char *current_entry(const struct menu *menu, const char *path,
                                 const struct value *crumbs)
{
    const struct menu_entry *entry;
    size_t k = value_count(crumbs);
    int i;

    while (k-- > 0) {
        const char *url = value_get_text(value_at(crumbs, k), "url");

        for (i = 0; url && (entry = menu_at(i)); i++)
            if (menu->visible[i] && strcmp(entry->path, url) == 0)
                return entry->path;
    }
    return current_path(menu, path);
}

static struct value *menu_item(const struct menu *menu,
                               const struct menu_entry *entry)
{
    struct ctx *ctx = menu->ctx;
    struct value *item = value_map(ctx->arena);
    int i;

    value_set_text(item, "label", frame_menu_label(ctx, entry));
    value_set(item, "url", value_url(ctx->arena, entry->path));
    value_set_text(item, "icon", entry->icon ? entry->icon : "folder");
    value_set_bool(item, "current", strcmp(entry->path, menu->current) == 0);
    for (i = 0; i < PLACES; i++) {
        if (strcmp(places[i].path, entry->path) != 0)
            continue;
        if (places[i].key)
            value_set_text(item, "key", places[i].key);
        if (places[i].topic) {
            value_set_text(item, "topic", places[i].topic);
            value_set_int(item, "count",
                          value_get_int(menu->counts, places[i].topic, 0));
        }
    }
    return item;
}

/* Who has so many entries has a group of its own. */
enum { OWN_GROUP = 3 };

static bool has_own_group(const struct menu *menu,
                          const struct menu_entry *entry)
{
    const struct menu_entry *other;
    int i, count = 0;

    for (i = 0; entry->group && (other = menu_at(i)); i++)
        count += menu->visible[i] && text_equal(other->module, entry->module) &&
                 text_equal(other->area, entry->area);
    return count >= OWN_GROUP;
}

/* One group of the menu: the visible entries of an area; `module`: those of
 * that module, NULL: those of modules without a group. */
static void add_group(const struct menu *menu, const char *area,
                      const char *module, const char *label)
{
    struct ctx *ctx = menu->ctx;
    struct value *group = value_map(ctx->arena);
    struct value *items = value_list(ctx->arena);
    const struct menu_entry *entry;
    int i;

    for (i = 0; (entry = menu_at(i)); i++)
        if (menu->visible[i] && strcmp(entry->area, area) == 0 &&
            (module ? text_equal(entry->module, module)
                    : !has_own_group(menu, entry)))
            value_append(items, menu_item(menu, entry));
    if (value_count(items) == 0)
        return;
    if (label)
        value_set_text(group, "label", label);
    value_set(group, "items", items);
    value_append(menu->groups, group);
}

/* Modules with several entries, each below its name, then the others. */
static void add_modules(const struct menu *menu)
{
    struct ctx *ctx = menu->ctx;
    const struct menu_entry *entry, *before;
    int i, j;

    for (i = 0; (entry = menu_at(i)); i++) {
        if (strcmp(entry->area, "module") != 0 || !has_own_group(menu, entry))
            continue;
        for (j = 0; (before = menu_at(j)) != entry; j++)
            if (text_equal(before->module, entry->module))
                break;
        if (before == entry)
            add_group(menu, "module", entry->module,
                      locale_pick(ctx, entry->group));
    }
    add_group(menu, "module", NULL, tr(ctx, "frame.modules"));
}

static bool has_route(struct ctx *ctx, const char *path)
{
    bool other;

    return route_match(ctx->arena, "GET", path, value_map(ctx->arena),
                       &other) != NULL;
}

static struct value *place_list(struct ctx *ctx, const char *path,
                                struct value *counts)
{
    struct value *list = value_list(ctx->arena);
    int i;

    for (i = 0; i < PLACES; i++) {
        struct value *item;

        if (!has_route(ctx, places[i].path))
            continue;
        item = value_map(ctx->arena);
        value_set_text(item, "label", tr(ctx, places[i].label));
        value_set(item, "url", value_url(ctx->arena, places[i].path));
        value_set_text(item, "icon", places[i].icon);
        value_set_text(item, "place", places[i].place);
        value_set_bool(item, "current", covers(places[i].path, path) > 0);
        if (places[i].topic) {
            value_set_text(item, "topic", places[i].topic);
            value_set_int(item, "count",
                          value_get_int(counts, places[i].topic, 0));
        }
        value_append(list, item);
    }
    return list;
}

static void add_person(struct ctx *ctx, struct value *page, const char *path,
                       const struct value *crumbs)
{
    struct value *person =
        portal_person(ctx, ctx->person->id, ctx->person->name);
    struct value *counts = value_map(ctx->arena);
    struct menu menu = { .ctx = ctx,
                         .counts = counts,
                         .groups = value_list(ctx->arena) };
    int64_t tasks = 0, messages = 0;

    value_set_id(person, "id", ctx->person->id);
    value_set_text(person, "detail",
                   department_name(ctx, ctx->person->department));
    value_set(page, "person", person);
    if (frame_counts(&tasks, &messages, ctx))
        ctx_clear(ctx);
    value_set_int(counts, "tasks", tasks);
    value_set_int(counts, "messages", messages);
    value_set(page, "counts", counts);
    find_visible(&menu);
    menu.current = current_entry(&menu, path, crumbs);
    add_group(&menu, "main", NULL, NULL);
    add_modules(&menu);
    add_group(&menu, "system", NULL, tr(ctx, "frame.system"));
    value_set(page, "menu", menu.groups);
    value_set(page, "places", place_list(ctx, path, counts));
    value_set(page, "find_url", value_url(ctx->arena, "/portal/find"));
}

static void add_notice(struct ctx *ctx, const struct request *request,
                       struct response *response, struct value *page)
{
    const char *undo;
    const char *text = request_notice(&undo, ctx, request, response);
    struct value *notice;

    if (!text)
        return;
    notice = value_map(ctx->arena);
    value_set_text(notice, "kind", "success");
    value_set_text(notice, "text", text);
    /* A cookie that somebody planted must not name any other action. */
    if (text_starts(undo, "/records/") &&
        (text_ends(undo, "/restore") ||
         (strstr(undo, "/bulk/") && text_ends(undo, "/undo"))))
        value_set(notice, "undo_url", value_url(ctx->arena, undo));
    value_set(page, "notice", notice);
}

int portal_page(struct ctx *ctx, struct request *request,
                struct response *response, const char *name, const char *title,
                struct value *data)
{
    struct value *page = frame_page(ctx, request, response, title);
    struct value *own = value_get(data, "page");
    size_t i;

    if (ctx->person)
        add_person(ctx, page, request->path, value_get(own, "crumbs"));
    add_notice(ctx, request, response, page);
    value_set_bool(page, "menu_narrow",
                   text_equal(request_cookie(ctx, request, "menu"), "narrow"));
    for (i = 0; i < value_count(own); i++)
        value_set(page, value_key_at(own, i), value_item_at(own, i));
    value_set(data, "page", page);
    return frame_answer(ctx, request, response, name, data);
}

void portal_set(struct ctx *ctx, struct value *data, const char *key,
                struct value *item)
{
    struct value *page = value_get(data, "page");

    if (!page) {
        page = value_map(ctx->arena);
        value_set(data, "page", page);
    }
    value_set(page, key, item);
}

void portal_crumb(struct ctx *ctx, struct value *data, const char *label,
                  const char *url)
{
    struct value *crumbs = value_get(value_get(data, "page"), "crumbs");
    struct value *crumb = value_map(ctx->arena);

    if (!crumbs) {
        crumbs = value_list(ctx->arena);
        portal_set(ctx, data, "crumbs", crumbs);
    }
    value_set_text(crumb, "label", label);
    value_set(crumb, "url", value_url(ctx->arena, url));
    value_append(crumbs, crumb);
}

struct value *portal_person(struct ctx *ctx, int64_t id, const char *name)
{
    struct value *person = value_map(ctx->arena);

    value_set_text(person, "name", name);
    value_set_text(person, "initials", view_initials(ctx, name));
    value_set_text(person, "tone", view_tone(id));
    return person;
}

/* "now", "5 minutes ago", else the date. */
static const char *relative(struct ctx *ctx, int64_t instant)
{
    int64_t seconds = (clock_now() - instant) / 1000;
    struct value *args = value_map(ctx->arena);

    if (seconds < 0 || seconds >= 24 * 3600)
        return instant_human(ctx, instant);
    if (seconds < 60)
        return tr(ctx, "frame.now");
    if (seconds < 3600) {
        value_set_int(args, "count", seconds / 60);
        return tr_with(ctx, "frame.minutes_ago", args);
    }
    value_set_int(args, "count", seconds / 3600);
    return tr_with(ctx, "frame.hours_ago", args);
}

void portal_time(struct ctx *ctx, struct value *map, int64_t instant)
{
    char iso[TIME_TEXT_MAX];

    if (!instant) { /* of a form that keeps none */
        value_set_text(map, "when", "–");
        return;
    }
    instant_format(iso, instant);
    value_set_text(map, "iso", iso);
    value_set_text(map, "exact", instant_human(ctx, instant));
    value_set_text(map, "when", relative(ctx, instant));
}

static int newest_first(const void *a, const void *b)
{
    int64_t x = value_get_int(*(struct value *const *)a, "at", 0);
    int64_t y = value_get_int(*(struct value *const *)b, "at", 0);

    return x == y ? 0 : (x < y ? 1 : -1);
}

struct value *portal_timeline(struct ctx *ctx, const struct value *entries,
                              bool oldest_first)
{
    size_t count = value_count(entries), i;
    struct value **items = arena_array(ctx->arena, count + 1, sizeof *items);
    struct value *list = value_list(ctx->arena);

    /* glibc's qsort merges: it keeps the order of what is equal. */
    for (i = 0; i < count; i++)
        items[i] = value_at(entries, oldest_first ? count - 1 - i : i);
    qsort(items, count, sizeof *items, newest_first);
    for (i = 0; i < count; i++) {
        portal_time(ctx, items[i], value_get_int(items[i], "at", 0));
        value_append(list, items[i]);
    }
    return list;
}
