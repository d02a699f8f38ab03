/*
 * apply_field.c - field types of modules come into force: rows of the table of
 * types, whose functions go into the module.
 *
 * They run as the module, change nothing, and are called for every value that
 * is shown: a module that fails is shown as a text.
 */
#include "base/banned.h"

#include "plugin/apply.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/value.h"
#include "form/field_type.h"
#include "ipc/slot.h"
#include "plugin/call.h"
#include "plugin/module.h"
#include "store/db.h"

static const struct entry *entry_of(const struct field *field)
{
    return field->type->payload;
}

/* Around a call into the module. */
struct visit {
    struct tn_ctx call;
    const struct entry *entry;
    int depth;
};

static void enter(struct visit *visit, struct ctx *ctx,
                  const struct field *field)
{
    visit->entry = entry_of(field);
    visit->depth = slot_depth();
    call_begin(&visit->call, ctx, visit->entry->module, true);
    visit->call.reading = true;
    slot_push(visit->entry->module->id, visit->entry->name);
}

static int leave(struct visit *visit, int rc)
{
    slot_unwind(visit->depth);
    return call_end(&visit->call, rc, visit->entry->name);
}

/* What the module refuses is refused at the field. */
static void place_problems(struct ctx *ctx, int before, const char *path)
{
    struct problem *problem = ctx->problems;

    for (; problem && before > 0; before--)
        problem = problem->next;
    for (; problem; problem = problem->next)
        if (!problem->field)
            problem->field = path;
}

static int take_stored(struct value **out, struct ctx *ctx,
                       const struct entry *entry, const char *path,
                       const struct value *stored)
{
    enum value_kind wanted = entry->as.field_type.storage == TN_STORE_TEXT
                                 ? VALUE_STRING
                                 : VALUE_INT;

    if (value_is_null(stored)) {
        *out = value_null(ctx->arena);
        return 0;
    }
    if (value_kind(stored) != wanted)
        return fail_at(ctx, E_INTERNAL, path, "plugin.field_stored",
                       "the field type %s gave neither a text nor a number as "
                       "it declares",
                       entry->name);
    *out = value_copy(ctx->arena, stored);
    return 0;
}

static int type_input(struct value **out, struct ctx *ctx,
                      const struct field *field, const char *path,
                      const struct value *in)
{
    const struct entry *entry = entry_of(field);
    const tn_value *stored = NULL;
    int before = ctx->problem_count, rc;
    struct visit visit;

    if (!access_module_on(ctx, entry->module->id))
        return fail_at(ctx, E_INVALID, path, "form.field_type_away",
                       "the module of the type %s is away: this field can't be"
                       " written",
                       entry->name);
    enter(&visit, ctx, field);
    rc = entry->as.field_type.input(&visit.call, &stored, value_out(in),
                                    value_out(field->options),
                                    entry->as.field_type.data);
    rc = leave(&visit, rc);
    if (rc) {
        place_problems(ctx, before, path);
        return rc;
    }
    return take_stored(out, ctx, entry, path, value_in(stored));
}

static struct value *type_integer(struct ctx *ctx, const struct field *field,
                                  struct query *query, int column)
{
    (void)field;
    return value_int(ctx->arena, query_int(query, column));
}

static const char *plain(struct ctx *ctx, const struct value *value)
{
    const char *text = value_as_text(value);

    return text ? text
                : arena_printf(ctx->arena, "%lld",
                               (long long)value_as_int(value, 0));
}

static const char *type_human(struct ctx *ctx, const struct field *field,
                              const struct value *value)
{
    const struct entry *entry = entry_of(field);
    struct ctx quiet = ctx_apart(ctx); /* what goes wrong is shown as it lies */
    const char *text;
    struct visit visit;

    if (!entry->as.field_type.text || !access_module_on(ctx, entry->module->id))
        return plain(ctx, value);
    enter(&visit, &quiet, field);
    text = entry->as.field_type.text(&visit.call, value_out(value),
                                     value_out(field->options),
                                     entry->as.field_type.data);
    (void)leave(&visit, TN_OK);
    return text ? arena_strdup(ctx->arena, text) : plain(ctx, value);
}

static int type_fill(struct ctx *ctx, struct value *map,
                     const struct field *field, const struct value *value)
{
    const struct entry *entry = entry_of(field);
    struct visit visit;
    int rc;

    if (!access_module_on(ctx, entry->module->id))
        return 0;
    enter(&visit, ctx, field);
    rc = entry->as.field_type.fill(
        &visit.call, value_out(map),
        value_out(value ? value : value_null(ctx->arena)),
        value_out(field->options), entry->as.field_type.data);
    return leave(&visit, rc);
}

void apply_field_type(struct entry *entry)
{
    const tn_field_type *given = &entry->as.field_type;
    const char *const templates[FIELD_MODES] = { given->edit, given->read,
                                                 given->cell, given->print };
    bool text = given->storage == TN_STORE_TEXT;
    struct field_type type = {
        .name = entry->name,
        .sql = text ? "TEXT" : "INTEGER",
        .logic = text ? "text" : "integer",
        .properties = FIELD_MODULE_PROPERTIES,
        .flags = text ? FIELD_MODULE_TEXT : FIELD_MODULE_INTEGER,
        .input = type_input,
        .from_column = text ? NULL : type_integer,
        .human = type_human,
        .fill = given->fill ? type_fill : NULL,
        .payload = entry,
    };
    int i;

    for (i = 0; i < FIELD_MODES; i++)
        if (templates[i])
            type.templates[i] = arena_printf(entry->module->arena, "%s/%s",
                                             entry->module->id, templates[i]);
    field_type_add(&type);
}
