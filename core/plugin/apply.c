/*
 * apply.c - from the rooms' registries into modules: what runs when a hook,
 * route, page or service of a module is called.
 *
 * Hooks and services run as the module (their rooms set ctx->module and push
 * the slot); routes and pages run as the person, under that person's grants.
 */
#include "base/banned.h"

#include "plugin/apply.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "event/hook.h"
#include "flow/flow.h"
#include "form/record.h"
#include "ipc/slot.h"
#include "plugin/call.h"
#include "plugin/manifest.h"
#include "plugin/page.h"
#include "web/request.h"
#include "web/router.h"

/* ---- hooks ---- */

static bool is_before(const tn_hook *hook)
{
    return hook->when == TN_BEFORE_SAVE || hook->when == TN_BEFORE_DELETE;
}

static int run_hook(struct ctx *ctx, struct record *record, void *payload)
{
    const struct entry *entry = payload;
    const tn_hook *hook = &entry->as.hook;
    struct tn_ctx call;
    struct tn_record handle = { &call, record, hook->when == TN_BEFORE_SAVE };
    int rc;

    /* Switched off, and this worker has not been replaced yet. */
    if (!access_module_on(ctx, entry->module->id))
        return 0;
    call_begin(&call, ctx, entry->module, true);
    call.reading = is_before(hook);
    rc = call_check(&call);
    if (!rc && hook->when == TN_COMMITTED)
        rc = call_outward(&call);
    if (!rc)
        rc = hook->call(&call, &handle, hook->data);
    return call_end(&call, rc, entry->name);
}

void apply_hook(struct entry *entry)
{
    static const enum hook_when whens[] = {
        [TN_BEFORE_SAVE] = HOOK_BEFORE_SAVE,
        [TN_BEFORE_DELETE] = HOOK_BEFORE_DELETE,
        [TN_AFTER_SAVE] = HOOK_AFTER_SAVE,
        [TN_AFTER_DELETE] = HOOK_AFTER_DELETE,
        [TN_COMMITTED] = HOOK_COMMITTED,
    };
    const tn_hook *hook = &entry->as.hook;

    hook_add(&(struct hook){ .form = hook->form,
                             .when = whens[hook->when],
                             .module = entry->module->id,
                             .name = entry->name,
                             .order = hook->order,
                             .guard = hook->guard,
                             .required = hook->required,
                             .call = run_hook,
                             .payload = entry });
}

/* ---- routes and pages ---- */

static int run_route(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    const struct entry *entry = payload;
    const tn_route *route = &entry->as.route;
    int depth = slot_depth();
    struct tn_ctx call;
    struct tn_request asked = { &call, request };
    struct tn_answer answer = { &call, request, response, false };
    int64_t deadline = call_shorten(ctx, entry->module);
    int rc = 0;

    call_begin(&call, ctx, entry->module, false);
    slot_push(entry->module->id, entry->name);
    if (route->network)
        rc = call_outward(&call);
    if (!rc)
        rc = route->call(&call, &asked, &answer, route->data);
    slot_unwind(depth);
    ctx->deadline = deadline;
    rc = call_end(&call, rc, entry->name);
    if (!rc && !answer.given)
        rc = fail(ctx, E_INTERNAL, "plugin.no_answer",
                  "%s of %s gave no answer", entry->name, entry->module->id);
    return rc;
}

static enum route_access access_of(uint32_t access)
{
    switch (access) {
    case TN_PUBLIC:
        return ROUTE_PUBLIC;
    case TN_ADMINISTRATOR:
        return ROUTE_ADMINISTRATOR;
    default:
        return ROUTE_PERSON;
    }
}

void apply_route(struct entry *entry)
{
    const tn_route *route = &entry->as.route;
    int flags = 0;

    if (text_starts(route->path, "/api/"))
        flags |= ROUTE_API;
    if (route->network)
        flags |= ROUTE_NET;
    if (route->expensive)
        flags |= ROUTE_EXPENSIVE;
    if (route->anonymous)
        flags |= ROUTE_ANONYMOUS;
    /* Large bodies come from people who are signed in only: nobody else fills
     * the disk. */
    if (manifest_may(entry->module->manifest, "files"))
        flags |= ROUTE_FILES;
    if (manifest_may(entry->module->manifest, "files") &&
        route->access != TN_PUBLIC && strcmp(route->method, "GET") != 0)
        flags |= ROUTE_UPLOAD;
    (void)route_add(&(struct route){ .method = route->method,
                                     .pattern = route->path,
                                     .access = access_of(route->access),
                                     .flags = flags,
                                     .call = run_route,
                                     .module = entry->module->id,
                                     .payload = entry,
                                     .example = route->example });
}

static int run_page(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    const struct entry *entry = payload;
    const tn_page *page = &entry->as.page;
    int depth = slot_depth();
    struct tn_ctx call;
    struct tn_request asked = { &call, request };
    struct value *data = value_map(ctx->arena);
    int64_t deadline = call_shorten(ctx, entry->module);
    int rc;

    call_begin(&call, ctx, entry->module, false);
    slot_push(entry->module->id, entry->name);
    rc = page->call(&call, &asked, value_out(data), page->extra);
    slot_unwind(depth);
    ctx->deadline = deadline;
    rc = call_end(&call, rc, entry->name);
    return rc ? rc
              : page_render(ctx, request, response, entry->module,
                            page->template_name, tr(ctx, page->title), data);
}

void apply_page(struct entry *entry)
{
    const tn_page *page = &entry->as.page;
    int flags = ROUTE_PAGE;

    if (manifest_may(entry->module->manifest, "files"))
        flags |= ROUTE_FILES;
    (void)route_add(&(struct route){ .method = "GET",
                                     .pattern = page->path,
                                     .access = access_of(page->access),
                                     .flags = flags,
                                     .call = run_page,
                                     .module = entry->module->id,
                                     .payload = entry,
                                     .example = page->example });
}

/* Asked beside whatever answer is being made: what goes wrong here hides the
 * entry, and stays out of that answer. */
static bool menu_shown(struct ctx *ctx, void *payload)
{
    const struct entry *entry = payload;
    const tn_menu *menu = &entry->as.menu;
    struct ctx quiet = ctx_apart(ctx);
    int depth = slot_depth();
    struct tn_ctx call;
    int rc;

    (void)call_shorten(&quiet, entry->module);
    call_begin(&call, &quiet, entry->module, false);
    slot_push(entry->module->id, entry->name);
    rc = menu->call(&call, menu->data);
    slot_unwind(depth);
    return call_end(&call, rc, entry->name) == 0;
}

void apply_menu(struct entry *entry)
{
    const tn_menu *menu = &entry->as.menu;

    menu_add(&(struct menu_entry){ .area = "module",
                                   .key = menu->title,
                                   .path = menu->path,
                                   .icon = menu->icon,
                                   .module = entry->module->id,
                                   .form = menu->form,
                                   .group = entry->module->manifest->title,
                                   .administrator = menu->administrator,
                                   .order = menu->order,
                                   .shown = menu->call ? menu_shown : NULL,
                                   .payload = entry });
}

/* ---- services ---- */

static int run_service(struct ctx *ctx, struct record *record,
                       const struct value *parameters, void *payload)
{
    const struct entry *entry = payload;
    const tn_service *service = &entry->as.service;
    struct tn_ctx call;
    struct tn_record handle = { &call, record, false };
    int rc;

    if (!access_module_on(ctx, entry->module->id))
        return fail(ctx, E_UNAVAILABLE, "plugin.off",
                    "the module %s is switched off", entry->module->id);
    call_begin(&call, ctx, entry->module, true);
    rc = service->call(&call, &handle, value_out(parameters), service->data);
    return call_end(&call, rc, entry->name);
}

void apply_service(struct entry *entry)
{
    flow_service_add(entry->as.service.name, entry->module->id, run_service,
                     entry);
}

/* ---- quarantine ---- */

static int answer_unavailable(struct ctx *ctx, struct request *request,
                              struct response *response, void *payload)
{
    const struct tn_module *module = payload;

    (void)request;
    (void)response;
    return fail(ctx, E_UNAVAILABLE, "plugin.quarantined",
                "the module %s was stopped after an error; incident %s",
                module->id, module->incident);
}

void apply_quarantine(struct tn_module *module)
{
    static const char *const methods[] = { "GET", "POST", "PUT", "PATCH",
                                           "DELETE" };
    static const struct {
        const char *front, *end;
    } roots[] = { { "/m/", "" },
                  { "/m/", "/{path*}" },
                  { "/api/v1/m/", "/{path*}" } };
    char pattern[MODULE_ID_MAX + 40], example[MODULE_ID_MAX + 40];
    size_t i, j;

    for (i = 0; i < sizeof roots / sizeof *roots; i++) {
        snprintf(pattern, sizeof pattern, "%s%s%s", roots[i].front, module->id,
                 roots[i].end);
        snprintf(example, sizeof example, "%s%s/x", roots[i].front, module->id);
        for (j = 0; j < sizeof methods / sizeof *methods; j++)
            (void)route_add(&(struct route){ .method = methods[j],
                                             .pattern = pattern,
                                             .access = ROUTE_PERSON,
                                             .flags = i == 2 ? ROUTE_API : 0,
                                             .call = answer_unavailable,
                                             .module = module->id,
                                             .payload = module,
                                             .example = i ? example : NULL });
    }
}
