/*
 * entry.c - copying and checking what modules register.
 *
 * Each struct carries its size; it is copied at once and read no further than
 * both sides know. A module is all or nothing: its entries come into force
 * together, when its start has succeeded.
 */
#include "base/banned.h"

#include "plugin/entry.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/unicode.h"
#include "form/definition.h"
#include "plugin/apply.h"
#include "plugin/entry_more.h"
#include "plugin/manifest.h"

enum { ENTRIES_MAX = 1000, PATH_DEPTH_MAX = 12 };

static const char *const when_words[] = { "before_save", "before_delete",
                                          "after_save",  "after_delete",
                                          "committed",   NULL };
static const char *const access_words[] = { "person", "public", "administrator",
                                            NULL };

/* What modules are checked in; there is one at a time. */
static struct ctx *context;

void entry_context(struct ctx *ctx)
{
    context = ctx;
}

struct ctx *entry_context_get(void)
{
    return context;
}

int entry_refuse(struct ctx *ctx, const struct entry *entry, const char *name,
                 const char *expected)
{
    return fail(ctx, E_INVALID, "plugin.entry", "tenon.%s of %s: %s must be %s",
                entry_types[entry->kind].name, entry->module->id, name,
                expected);
}

/* ---- addresses ---- */

static bool segment_ok(const char *at, size_t length, bool last)
{
    size_t i, end = length;

    if (length == 0)
        return false;
    if (at[0] == '{') {
        if (length < 3 || at[length - 1] != '}')
            return false;
        at++;
        end = length - 2;
        if (at[end - 1] == '*') {
            if (!last || end < 2)
                return false;
            end--;
        }
        for (i = 0; i < end; i++)
            if (!islower((unsigned char)at[i]) && at[i] != '_')
                return false;
        return true;
    }
    for (i = 0; i < length; i++)
        if (!isalnum((unsigned char)at[i]) && !strchr("-_.~", at[i]))
            return false;
    return at[0] != '.';
}

/* Below "/m/ID" or "/api/v1/m/ID"; *api says which. */
static bool path_ok(const char *path, const char *id, bool *api,
                    bool *parameters)
{
    char own[MODULE_ID_MAX + 16];
    size_t length;
    int depth = 0;

    *api = text_starts(path, "/api/v1");
    if (*api)
        path += strlen("/api/v1");
    snprintf(own, sizeof own, "/m/%s", id);
    length = strlen(own);
    if (strncmp(path, own, length) != 0 ||
        (path[length] && path[length] != '/'))
        return false;
    *parameters = strchr(path, '{') != NULL;
    for (path++; *path; depth++) {
        length = strcspn(path, "/");
        if (!segment_ok(path, length, !path[length]) || depth > PATH_DEPTH_MAX)
            return false;
        path += length;
        if (*path == '/' && !*++path)
            return false;
    }
    return true;
}

static int check_path(struct ctx *ctx, struct entry *entry, const char *path,
                      const char *example, bool *api)
{
    bool parameters, other, unused;

    if (!manifest_may(entry->module->manifest, "routes"))
        return entry_refuse(ctx, entry, "path",
                            "allowed by the capability \"routes\"");
    if (!path_ok(path, entry->module->id, api, &parameters))
        return entry_refuse(
            ctx, entry, "path",
            arena_printf(ctx->arena,
                         "below /m/%s or /api/v1/m/%s, of letters, "
                         "digits and {names}, not %s",
                         entry->module->id, entry->module->id, path));
    if (parameters && !example)
        return entry_refuse(ctx, entry, "example",
                            "given: the path has {names}");
    if (example && (!path_ok(example, entry->module->id, &other, &unused) ||
                    other != *api || strchr(example, '{')))
        return entry_refuse(ctx, entry, "example", "a path that fits");
    return 0;
}

/* The same method and address twice in one module. */
int entry_taken(struct ctx *ctx, struct entry *entry)
{
    const struct vector *all = &entry->module->entries;
    size_t i;

    for (i = 0; i < all->count; i++) {
        const struct entry *other = all->items[i];

        if (other->kind == entry->kind && strcmp(other->name, entry->name) == 0)
            return entry_refuse(ctx, entry, entry->name,
                                "registered once only");
    }
    return 0;
}

static const char *name_of(struct entry *entry, const char *method,
                           const char *path)
{
    return arena_printf(entry->module->arena, "%s %s", method, path);
}

/* ---- the kinds ---- */

static const struct member hook_members[] = {
    { "form", MEMBER_TEXT, offsetof(tn_hook, form), true, 0, 120, NULL },
    { "when", MEMBER_WORD, offsetof(tn_hook, when), true, 0, 0, when_words },
    { "guard", MEMBER_TEXT, offsetof(tn_hook, guard), false, 0, 40, NULL },
    { "order", MEMBER_NUMBER, offsetof(tn_hook, order), false, 0, ORDER_MAX,
      NULL },
    { "required", MEMBER_FLAG, offsetof(tn_hook, required), false, 0, 0, NULL },
    { "call", MEMBER_CALL, offsetof(tn_hook, call), true, 0, 0, NULL },
    { "data", MEMBER_DATA, offsetof(tn_hook, data), false, 0, 0, NULL },
    { 0 },
};

static int check_hook(struct ctx *ctx, struct entry *entry)
{
    const tn_hook *hook = &entry->as.hook;

    if (!form_name_valid(hook->form) ||
        !manifest_may_hook(entry->module->manifest, hook->form))
        return entry_refuse(
            ctx, entry, "form",
            arena_printf(ctx->arena,
                         "a form of its own, or one of a capability "
                         "\"hooks:FORM\", not %s",
                         hook->form));
    if (hook->guard && !field_key_valid(hook->guard))
        return entry_refuse(ctx, entry, "guard", "the key of a field");
    if (hook->required && hook->when != TN_BEFORE_SAVE &&
        hook->when != TN_BEFORE_DELETE)
        return entry_refuse(ctx, entry, "required", "set on before-hooks only");
    entry->name = name_of(entry, when_words[hook->when], hook->form);
    return 0;
}

static const struct member route_members[] = {
    { "path", MEMBER_TEXT, offsetof(tn_route, path), true, 0, 200, NULL },
    { "method", MEMBER_TEXT, offsetof(tn_route, method), false, 0, 10, NULL },
    { "access", MEMBER_WORD, offsetof(tn_route, access), false, 0, 0,
      access_words },
    { "example", MEMBER_TEXT, offsetof(tn_route, example), false, 0, 200,
      NULL },
    { "network", MEMBER_FLAG, offsetof(tn_route, network), false, 0, 0, NULL },
    { "call", MEMBER_CALL, offsetof(tn_route, call), true, 0, 0, NULL },
    { "data", MEMBER_DATA, offsetof(tn_route, data), false, 0, 0, NULL },
    { "expensive", MEMBER_FLAG, offsetof(tn_route, expensive), false, 0, 0,
      NULL },
    { "anonymous", MEMBER_FLAG, offsetof(tn_route, anonymous), false, 0, 0,
      NULL },
    { 0 },
};

static int check_route(struct ctx *ctx, struct entry *entry)
{
    static const char *const methods[] = { "GET", "POST", "PUT", "PATCH",
                                           "DELETE" };
    tn_route *route = &entry->as.route;
    size_t i, known = sizeof methods / sizeof *methods;
    bool api;
    int rc;

    if (!route->method)
        route->method = "GET";
    for (i = 0; i < known && strcmp(methods[i], route->method) != 0;)
        i++;
    if (i == known)
        return entry_refuse(ctx, entry, "method",
                            "one of GET, POST, PUT, PATCH, DELETE");
    if (route->network && !manifest_may(entry->module->manifest, "network"))
        return entry_refuse(ctx, entry, "network",
                            "allowed by the capability \"network\"");
    rc = check_path(ctx, entry, route->path, route->example, &api);
    entry->name = name_of(entry, route->method, route->path);
    return rc ? rc : entry_taken(ctx, entry);
}

static const struct member page_members[] = {
    { "path", MEMBER_TEXT, offsetof(tn_page, path), true, 0, 200, NULL },
    { "access", MEMBER_WORD, offsetof(tn_page, access), false, 0, 0,
      access_words },
    { "example", MEMBER_TEXT, offsetof(tn_page, example), false, 0, 200, NULL },
    { "template", MEMBER_TEXT, offsetof(tn_page, template_name), true, 0, 100,
      NULL },
    { "title", MEMBER_TEXT, offsetof(tn_page, title), true, 0, 120, NULL },
    { "call", MEMBER_CALL, offsetof(tn_page, call), true, 0, 0, NULL },
    { "data", MEMBER_DATA, offsetof(tn_page, extra), false, 0, 0, NULL },
    { 0 },
};

static int check_page(struct ctx *ctx, struct entry *entry)
{
    const tn_page *page = &entry->as.page;
    bool api;
    int rc;

    if (page->access == TN_PUBLIC)
        return entry_refuse(ctx, entry, "access", "person or administrator");
    rc = check_path(ctx, entry, page->path, page->example, &api);
    if (!rc && api)
        return entry_refuse(ctx, entry, "path", "no address of the API");
    entry->name = name_of(entry, "page", page->path);
    return rc ? rc : entry_taken(ctx, entry);
}

static const struct member menu_members[] = {
    { "title", MEMBER_TEXT, offsetof(tn_menu, title), true, 0, 120, NULL },
    { "path", MEMBER_TEXT, offsetof(tn_menu, path), true, 0, 200, NULL },
    { "icon", MEMBER_TEXT, offsetof(tn_menu, icon), false, 0, 40, NULL },
    { "form", MEMBER_TEXT, offsetof(tn_menu, form), false, 0, 120, NULL },
    { "administrator", MEMBER_FLAG, offsetof(tn_menu, administrator), false, 0,
      0, NULL },
    { "order", MEMBER_NUMBER, offsetof(tn_menu, order), false, 0, ORDER_MAX,
      NULL },
    { "call", MEMBER_CALL, offsetof(tn_menu, call), false, 0, 0, NULL },
    { "data", MEMBER_DATA, offsetof(tn_menu, data), false, 0, 0, NULL },
    { 0 },
};

bool entry_address_ok(const char *path)
{
    return path[0] == '/' && path[1] != '/' && !strpbrk(path, "\\{}<>\"' ");
}

static int check_menu(struct ctx *ctx, struct entry *entry)
{
    const tn_menu *menu = &entry->as.menu;

    if (!manifest_may(entry->module->manifest, "routes"))
        return entry_refuse(ctx, entry, "path",
                            "allowed by the capability \"routes\"");
    if (!entry_address_ok(menu->path))
        return entry_refuse(ctx, entry, "path", "an address of this site");
    entry->name = name_of(entry, "menu", menu->path);
    return entry_taken(ctx, entry);
}

static const struct member service_members[] = {
    { "name", MEMBER_TEXT, offsetof(tn_service, name), true, 0, 90, NULL },
    { "call", MEMBER_CALL, offsetof(tn_service, call), true, 0, 0, NULL },
    { "data", MEMBER_DATA, offsetof(tn_service, data), false, 0, 0, NULL },
    { 0 },
};

int entry_own_name(struct ctx *ctx, struct entry *entry, const char *name)
{
    size_t length = strlen(entry->module->id);

    if (strncmp(name, entry->module->id, length) != 0 || name[length] != '.' ||
        !field_key_valid(name + length + 1))
        return entry_refuse(
            ctx, entry, "name",
            arena_printf(ctx->arena, "\"%s.NAME\"", entry->module->id));
    entry->name = name;
    return entry_taken(ctx, entry);
}

static int check_service(struct ctx *ctx, struct entry *entry)
{
    if (!manifest_may(entry->module->manifest, "services"))
        return entry_refuse(ctx, entry, "name",
                            "allowed by the capability \"services\"");
    return entry_own_name(ctx, entry, entry->as.service.name);
}

const struct entry_type entry_types[ENTRY_KINDS] = {
    { "on", sizeof(tn_hook), LEAST(tn_hook, data), hook_members, check_hook,
      apply_hook },
    { "route", sizeof(tn_route), LEAST(tn_route, data), route_members,
      check_route, apply_route },
    { "page", sizeof(tn_page), LEAST(tn_page, extra), page_members, check_page,
      apply_page },
    { "menu", sizeof(tn_menu), LEAST(tn_menu, administrator), menu_members,
      check_menu, apply_menu },
    { "service", sizeof(tn_service), LEAST(tn_service, data), service_members,
      check_service, apply_service },
    { "widget", sizeof(tn_widget), LEAST(tn_widget, extra), widget_members,
      check_widget, apply_widget },
    { "job", sizeof(tn_job), LEAST(tn_job, extra), job_members, check_job,
      apply_job },
    { "offer", sizeof(tn_offer), LEAST(tn_offer, data), offer_members,
      check_offer, apply_offer },
    { "participants", sizeof(tn_participants), LEAST(tn_participants, data),
      participants_members, check_participants, apply_participants },
    { "field_type", sizeof(tn_field_type), LEAST(tn_field_type, data),
      field_type_members, check_field_type, apply_field_type },
};

/* ---- members ---- */

static int check_text(struct ctx *ctx, struct entry *entry,
                      const struct member *member, const char **place)
{
    size_t length = *place ? strnlen(*place, (size_t)member->max + 1) : 0;

    if (!*place && !member->needed)
        return 0;
    if (length == 0 || length > (size_t)member->max ||
        !utf8_valid(*place, length))
        return entry_refuse(
            ctx, entry, member->name,
            arena_printf(ctx->arena, "a text of 1 to %d bytes", member->max));
    *place = arena_strdup(entry->module->arena, *place);
    return 0;
}

static int check_member(struct ctx *ctx, struct entry *entry,
                        const struct member *member)
{
    void *place = (char *)&entry->as + member->offset;
    unsigned char flag;
    uint32_t word;
    int32_t number;
    void *call;
    size_t words = 0;

    switch (member->kind) {
    case MEMBER_TEXT:
        return check_text(ctx, entry, member, place);
    case MEMBER_NUMBER:
        memcpy(&number, place, sizeof number);
        return number >= member->min && number <= member->max
                   ? 0
                   : entry_refuse(ctx, entry, member->name,
                                  arena_printf(ctx->arena, "between %d and %d",
                                               member->min, member->max));
    case MEMBER_WORD:
        while (member->words[words])
            words++;
        memcpy(&word, place, sizeof word);
        return word < words ? 0
                            : entry_refuse(ctx, entry, member->name,
                                           "one of the known values");
    case MEMBER_FLAG:
        memcpy(&flag, place, sizeof flag);
        return flag <= 1
                   ? 0
                   : entry_refuse(ctx, entry, member->name, "true or false");
    case MEMBER_CALL:
        memcpy(&call, place, sizeof call);
        return call || !member->needed
                   ? 0
                   : entry_refuse(ctx, entry, member->name, "a function");
    case MEMBER_DATA:
        break;
    }
    return 0;
}

static int add(struct ctx *ctx, struct tn_module *module, enum entry_kind kind,
               const void *given)
{
    const struct entry_type *type = &entry_types[kind];
    const struct member *member;
    struct entry *entry;
    uint32_t size;
    int rc = 0;

    if (!given)
        return fail(ctx, E_INVALID, "plugin.entry_none",
                    "%s registers nothing at all", module->id);
    memcpy(&size, given, sizeof size);
    if (size < type->least || size > type->size)
        return fail(ctx, E_UNSUPPORTED, "plugin.entry_size",
                    "tenon.%s of %s: a struct of %u bytes is not known here",
                    type->name, module->id, size);
    if (module->entries.count >= ENTRIES_MAX)
        return fail(ctx, E_LIMIT, "plugin.entries",
                    "%s registers more than %d things", module->id,
                    ENTRIES_MAX);
    entry = arena_alloc(module->arena, sizeof *entry);
    entry->kind = kind;
    entry->module = module;
    entry->name = type->name;
    memcpy(&entry->as, given, size);
    for (member = type->members; !rc && member->name; member++)
        rc = check_member(ctx, entry, member);
    if (!rc)
        rc = type->check(ctx, entry);
    if (!rc)
        vector_add(&module->entries, entry);
    return rc;
}

int entry_add(struct tn_module *module, enum entry_kind kind, const void *given)
{
    int rc;

    /* Later there is nobody any more who would tell the front. */
    if (!module || !module->starting || !context)
        return TN_E_FORBIDDEN;
    rc = add(context, module, kind, given);
    if (rc && !module->refused)
        module->refused = rc;
    return rc;
}
