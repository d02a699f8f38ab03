/*
 * record_input.c - what somebody sent becomes the values of a record.
 *
 * Unknown names, system fields and fields that nobody writes are refused, not
 * ignored (S14, S17). No limits are checked here: record_check.c.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "form/field_type.h"
#include "form/record_internal.h"
#include "org/person.h"

/* A default is a value, or a word: today, now, me, my_department. */
static void apply_default(struct ctx *ctx, struct value *values,
                          const struct field *field)
{
    const struct value *given = field_property(field, "default");
    const char *word = value_as_text(given);
    const char *type = field->type->name;
    struct ctx quiet = ctx_apart(ctx);
    struct value *value = NULL;
    struct civil civil;

    if (!given)
        return;
    if (text_equal(word, "today") && strcmp(type, "date") == 0) {
        civil_of(&civil, clock_now(), ctx->zone ? ctx->zone : zone_utc());
        value = value_text(ctx->arena,
                           arena_printf(ctx->arena, "%04d-%02d-%02d",
                                        civil.year, civil.month, civil.day));
    } else if (text_equal(word, "now") && strcmp(type, "datetime") == 0) {
        value = value_int(ctx->arena, clock_now());
    } else if (text_equal(word, "me") && strcmp(type, "user") == 0) {
        if (ctx->person)
            value = value_int(ctx->arena, ctx->person->id);
    } else if (text_equal(word, "my_department") &&
               strcmp(type, "department") == 0) {
        if (ctx->person && ctx->person->department)
            value = value_int(ctx->arena, ctx->person->department);
    } else {
        field_input(&value, &quiet, field, field->key, given);
    }
    if (value)
        value_set(values, field->key, value);
}

static int apply_one(struct ctx *ctx, struct record_change *change,
                     const char *key, const struct value *in)
{
    const struct field *field = form_field(change->form, key);
    struct value *value;
    int rc;

    if (!field || field->hidden)
        return fail_at(ctx, E_INVALID, key, "form.unknown_field",
                       "there is no field %s", key);
    if (field->read_only)
        return fail_at(ctx, E_INVALID, key, "form.read_only",
                       "this field can't be written");
    rc = field_input(&value, ctx, field, key, in);
    if (!rc)
        value_set(change->record->values, key, value);
    return rc;
}

int record_apply(struct ctx *ctx, struct record_change *change)
{
    const struct form *form = change->form;
    int rc = 0;
    size_t i;

    for (i = 0; !change->before && i < form->field_count; i++)
        if (!value_get(change->input, form->fields[i]->key))
            apply_default(ctx, change->record->values, form->fields[i]);
    if (change->input && value_kind(change->input) != VALUE_MAP)
        return fail(ctx, E_INVALID, "form.expected_map",
                    "expected an object with the record's fields");
    for (i = 0; i < value_count(change->input); i++)
        if (apply_one(ctx, change, value_key_at(change->input, i),
                      value_item_at(change->input, i)))
            rc = E_INVALID;
    return rc;
}
