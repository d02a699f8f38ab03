/*
 * record_guard.c - what saves of records wait for each other by.
 *
 * On SQLite one writes at a time, and nothing here does anything. On
 * PostgreSQL saves run beside each other, so a hook that counts before it
 * allows must be alone with what it counts: with the value of the field that
 * it named as its guard, or with the whole form where it named none.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/map.h"
#include "base/str.h"
#include "event/hook.h"
#include "form/record_internal.h"
#include "store/db.h"

static const char *of_field(struct ctx *ctx, const struct record *record,
                            const char *key)
{
    const struct value *value = value_get(record->values, key);

    return arena_printf(ctx->arena, "form:%s:%s:%s", record->form->name, key,
                        value_is_empty(value) ? ""
                                              : json_text(ctx->arena, value));
}

/* The names of all guards, sorted. */
static void name_guards(struct vector *names, struct ctx *ctx,
                        const struct record *record, bool away)
{
    struct vector fields;
    size_t i;

    vector_init(names, ctx->arena);
    vector_init(&fields, ctx->arena);
    if (hook_guards(&fields, record->form->name, record->form->flow, away)) {
        vector_add(names,
                   arena_printf(ctx->arena, "form:%s", record->form->name));
        return;
    }
    for (i = 0; i < fields.count; i++)
        vector_add(names, (void *)of_field(ctx, record, fields.items[i]));
}

int record_guard(const char **held, struct ctx *ctx,
                 const struct record *record, bool away)
{
    struct vector names;
    struct buf all;
    size_t i;
    int rc = 0;

    name_guards(&names, ctx, record, away);
    buf_init(&all, ctx->arena, 1 << 20);
    for (i = 0; i < names.count; i++)
        buf_addf(&all, "%s\n", (const char *)names.items[i]);
    if (text_equal(*held, buf_text(&all)))
        return 0;
    for (i = 0; !rc && i < names.count; i++)
        rc = tx_guard(ctx, names.items[i]);
    *held = buf_text(&all);
    return rc ? rc : names.count > 0;
}

int record_guard_value(struct ctx *ctx, const struct record *record,
                       const struct field *field)
{
    return tx_guard(
        ctx, arena_printf(
                 ctx->arena, "unique:%s:%s:%s", record->form->name, field->key,
                 json_text(ctx->arena, value_get(record->values, field->key))));
}
