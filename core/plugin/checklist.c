/*
 * checklist.c - the first steps with a module.
 *
 * A step is taken when a record is there that the person owns or has made,
 * however it was made: nothing else is remembered, so nothing can be wrong.
 */
#include "base/banned.h"

#include "plugin/checklist.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "form/definition.h"
#include "form/field_type.h"
#include "form/record.h"
#include "plugin/find.h"
#include "web/router.h"

enum { FILE_MAX_BYTES = 64 * 1024, STEPS_MAX = 10, FIRST = 1 };

/* ---- the file ---- */

static void check_step(struct ctx *ctx, const struct value *step,
                       const char *pointer)
{
    const char *path = value_get_text(step, "path");

    if (value_kind(step) != VALUE_MAP) {
        definition_error(ctx, pointer, "expected a map");
        return;
    }
    definition_properties(ctx, step, pointer, " title form path where ", NULL);
    if (!value_get(step, "title"))
        definition_error(ctx, arena_printf(ctx->arena, "%s/title", pointer),
                         "expected a text or a map of languages");
    definition_title(ctx, value_get(step, "title"),
                     arena_printf(ctx->arena, "%s/title", pointer));
    if (!form_name_valid(value_get_text(step, "form")))
        definition_error(ctx, arena_printf(ctx->arena, "%s/form", pointer),
                         "expected the name of a form");
    if (!path || path[0] != '/' || path[1] == '/' || strpbrk(path, "\\<>\"' "))
        definition_error(ctx, arena_printf(ctx->arena, "%s/path", pointer),
                         "expected an address of this site");
}

static int check(struct ctx *ctx, const struct value *file)
{
    const struct value *steps = value_get(file, "steps");
    size_t i;

    if (value_kind(file) != VALUE_MAP || value_kind(steps) != VALUE_LIST ||
        value_count(steps) < 1 || value_count(steps) > STEPS_MAX)
        return definition_error(ctx, "/steps", "expected a list of 1 to %d",
                                STEPS_MAX);
    definition_properties(ctx, file, "", " steps ", NULL);
    for (i = 0; i < value_count(steps); i++)
        check_step(ctx, value_at(steps, i),
                   arena_printf(ctx->arena, "/steps/%zu", i));
    return ctx->problem_count ? E_INVALID : 0;
}

static int take(struct ctx *ctx, struct tn_module *module,
                const struct value *file)
{
    int rc = check(ctx, file);

    if (!rc)
        module->checklist = value_copy(module->arena, file);
    return rc;
}

int checklist_read(struct ctx *ctx, struct tn_module *module)
{
    return module_definition(ctx, module, "checklist.json", FILE_MAX_BYTES,
                             take);
}

/* ---- the widget ---- */

/* Whether the person owns or made a record that `where` holds for. */
static int is_taken(bool *taken, struct ctx *ctx, const struct form *form,
                    const struct value *where)
{
    struct value *all = value_map(ctx->arena), *parts = value_list(ctx->arena);
    struct value *mine = value_list(ctx->arena), *any = value_map(ctx->arena);
    static const char *const by[] = { "owner", "created_by" };
    struct record_query query = { 0 };
    struct condition *condition;
    int64_t count = 0;
    size_t i;
    int rc;

    for (i = 0; i < 2; i++) {
        struct value *one = value_map(ctx->arena);

        value_set_text(one, by[i], "me");
        value_append(mine, one);
    }
    value_set(any, "or", mine);
    value_append(parts, any);
    if (where)
        value_append(parts, value_copy(ctx->arena, where));
    value_set(all, "and", parts);
    rc = record_condition(&condition, ctx, form, all);
    query.where = condition;
    if (!rc)
        rc = record_count(&count, ctx, form, &query, 1);
    *taken = count > 0;
    return rc;
}

static int fill(struct ctx *ctx, struct value *out, void *payload)
{
    const struct tn_module *module = payload;
    const struct value *steps = value_get(module->checklist, "steps");
    struct value *list = value_list(ctx->arena), *args = value_map(ctx->arena);
    int64_t done = 0;
    size_t i;

    for (i = 0; i < value_count(steps); i++) {
        const struct value *step = value_at(steps, i);
        struct value *item = value_map(ctx->arena);
        const struct form *form;
        bool taken = false;
        int rc = form_find(&form, ctx, value_get_text(step, "form"));

        if (!rc && !access_form(ctx, form->name, RIGHT_CREATE))
            continue;
        if (!rc)
            rc = is_taken(&taken, ctx, form, value_get(step, "where"));
        if (rc)
            return rc;
        value_set_text(item, "label",
                       locale_pick(ctx, value_get(step, "title")));
        value_set(item, "url",
                  value_url(ctx->arena, value_get_text(step, "path")));
        value_set_bool(item, "done", taken);
        value_append(list, item);
        done += taken;
    }
    if (done == (int64_t)value_count(list))
        return E_NOT_FOUND; /* nothing left to do */
    value_set_text(args, "module", locale_pick(ctx, module->manifest->title));
    value_set_int(args, "done", done);
    value_set_int(args, "all", (int64_t)value_count(list));
    value_set_text(out, "title",
                   tr_with(ctx, "plugin.checklist.title_of", args));
    value_set_text(out, "progress",
                   tr_with(ctx, "plugin.checklist.progress", args));
    value_set_int(out, "done", done);
    value_set_int(out, "all", (int64_t)value_count(list));
    value_set_text(out, "name",
                   arena_printf(ctx->arena, "%s.checklist", module->id));
    value_set(out, "steps", list);
    return 0;
}

void checklist_apply(struct tn_module *module)
{
    const struct value *steps = value_get(module->checklist, "steps");

    if (!steps)
        return;
    widget_add(&(struct widget){
        .name = arena_printf(module->arena, "%s.checklist", module->id),
        .key = "plugin.checklist.title",
        .template = "checklist",
        .data = fill,
        .module = module->id,
        .payload = module,
        .order = FIRST,
        .form = value_get_text(value_at(steps, 0), "form"),
    });
}
