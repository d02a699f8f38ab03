/*
 * page.c - a module's page inside the frame, which the portal draws.
 */
#include "base/banned.h"

#include "plugin/page.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/value.h"
#include "plugin/module.h"
#include "plugin/plugin.h"
#include "view/view.h"
#include "web/frame.h"

enum { PART_MAX = 256 * 1024 };

static plugin_page_call renderer;

void plugin_page_with(plugin_page_call call)
{
    renderer = call;
}

bool page_name_ok(const char *name)
{
    return name && name[0] >= 'a' && name[0] <= 'z' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-/") ==
               strlen(name);
}

/* The frame is the host's: a module says how wide its page is, the way back,
 * and a title that is no text of its catalog (the name of what is shown). */
static void keep_own(struct ctx *ctx, struct value *data)
{
    static const char *const allowed[] = { "width", "crumbs" };
    const struct value *given = value_get(data, "page");
    struct value *page = value_map(ctx->arena);
    size_t i;

    for (i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (value_get(given, allowed[i]))
            value_set(page, allowed[i], value_get(given, allowed[i]));
    value_remove(data, "page");
    if (value_count(page))
        value_set(data, "page", page);
}

int page_render(struct ctx *ctx, struct request *request,
                struct response *response, const struct tn_module *module,
                const char *name, const char *title, struct value *data)
{
    const char *own = value_get_text(value_get(data, "page"), "title");
    const char *template;

    if (own)
        title = own;
    if (!page_name_ok(name) || value_kind(data) != VALUE_MAP)
        return fail(ctx, E_INTERNAL, "plugin.page",
                    "%s: a page needs a template's name and a map", module->id);
    template = arena_printf(ctx->arena, "%s/%s", module->id, name);
    keep_own(ctx, data);
    if (renderer)
        return renderer(ctx, request, response, template, title, data);
    value_set(data, "page", frame_page(ctx, request, response, title));
    return frame_answer(ctx, request, response, template, data);
}

int page_part(struct value **html, struct ctx *ctx,
              const struct tn_module *module, const char *name,
              struct value *data)
{
    struct buf buf;
    int rc;

    buf_init(&buf, ctx->arena, PART_MAX);
    rc = view_fragment(
        ctx, &buf, arena_printf(ctx->arena, "%s/%s", module->id, name), data);
    *html = rc ? NULL : value_html(ctx->arena, buf_text(&buf));
    return rc;
}
