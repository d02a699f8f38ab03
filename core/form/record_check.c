/*
 * record_check.c - what must hold before a record is saved: computed fields,
 * form logic, limits, required fields, combinations (S55).
 *
 * The same on every entrance: page, REST, import, flow, modules. Changes
 * nothing but the values of the record that it was given.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/map.h"
#include "form/field_type.h"
#include "form/record_internal.h"
#include "script/logic.h"
#include "script/script.h"

static bool is_draft(const struct record_change *change)
{
    return text_equal(change->record->state, "draft");
}

static const char *today(struct ctx *ctx)
{
    struct civil civil;

    civil_of(&civil, clock_now(), ctx->zone ? ctx->zone : zone_utc());
    return arena_printf(ctx->arena, "%04d-%02d-%02d", civil.year, civil.month,
                        civil.day);
}

static struct value *values_json(struct ctx *ctx, const struct record *record)
{
    struct value *map = value_map(ctx->arena);
    size_t i;

    for (i = 0; i < record->form->field_count; i++) {
        const struct field *field = record->form->fields[i];

        value_set(
            map, field->key,
            field_to_json(ctx, field, value_get(record->values, field->key)));
    }
    return map;
}

/* Rows that logic gave back: each cell through its type again, computed
 * cells included, which people can't send. */
static int take_rows(struct value **out, struct ctx *ctx,
                     const struct field *table, const struct value *in)
{
    struct value *list = value_list(ctx->arena);
    size_t i, j;

    for (i = 0; i < value_count(in); i++) {
        const struct value *from = value_at(in, i);
        struct value *row = value_map(ctx->arena);

        if (value_get_id(from, "id"))
            value_set_int(row, "id", value_get_id(from, "id"));
        for (j = 0; j < table->field_count; j++) {
            const struct field *cell = table->fields[j];
            struct value *value;
            int rc = field_input(
                &value, ctx, cell,
                arena_printf(ctx->arena, "%s.%zu.%s", table->key, i, cell->key),
                value_get(from, cell->key));

            if (rc)
                return rc;
            value_set(row, cell->key, value);
        }
        value_append(list, row);
    }
    *out = list;
    return 0;
}

static int take_values(struct ctx *ctx, struct record_change *change,
                       const struct value *values)
{
    size_t i;

    for (i = 0; i < value_count(values); i++) {
        const char *key = value_key_at(values, i);
        const struct field *field = form_field(change->form, key);
        struct value *value;
        int rc;

        if (!field)
            continue;
        if (field->table)
            rc = take_rows(&value, ctx, field, value_item_at(values, i));
        else
            rc = field_input(&value, ctx, field, key, value_item_at(values, i));
        if (rc)
            return rc;
        value_set(change->record->values, key, value);
    }
    return 0;
}

/* Rules may lock a field: what the record holds must then stay. */
static int check_locks(struct ctx *ctx, const struct record_change *change,
                       const struct value *states)
{
    int rc = 0;
    size_t i;

    for (i = 0; i < value_count(states); i++) {
        const char *key = value_key_at(states, i);

        if (!value_get_bool(value_item_at(states, i), "read_only") ||
            !value_get(change->input, key) || !change->before)
            continue;
        if (!value_equal(value_get(change->record->values, key),
                         value_get(change->before->values, key)))
            rc = fail_at(ctx, E_INVALID, key, "form.read_only",
                         "this field can't be written");
    }
    return rc;
}

/* Runs the form's logic; *states receives what its rules decided. */
static int run_logic(struct ctx *ctx, struct record_change *change,
                     const struct value **states)
{
    struct logic *logic;
    struct value *answer;
    const struct value *messages;
    size_t i;
    int rc;

    *states = NULL;
    if (!change->form->logic_useful)
        return 0;
    rc = logic_open(&logic, ctx, change->form->logic_definition);
    if (rc)
        return rc;
    rc = logic_run(&answer, ctx, logic,
                   is_draft(change) ? "compute" : "validate", NULL, today(ctx),
                   values_json(ctx, change->record));
    logic_close(logic);
    if (!rc)
        rc = take_values(ctx, change, value_get(answer, "values"));
    if (rc)
        return rc;
    *states = value_get(answer, "states");
    rc = check_locks(ctx, change, *states);
    messages = value_get(answer, "messages");
    for (i = 0; i < value_count(messages); i++) {
        const struct value *message = value_at(messages, i);

        rc = fail_at(ctx, E_INVALID, value_get_text(message, "field"),
                     "form.message", "%s", value_get_text(message, "message"));
    }
    return rc;
}

/* required, unless the rules say otherwise or hide the field. */
static bool is_required(const struct field *field, const char *path,
                        const struct value *states)
{
    const struct value *state = value_get(states, path);
    const struct value *required = value_get(state, "required");

    if (value_get_bool(state, "hidden"))
        return false;
    return required ? value_as_bool(required) : field->required;
}

struct checking {
    struct record_change *change;
    const struct value *states;
    int rc;
};

/* What could not be read is not told to be missing as well. */
static bool has_problem(const struct ctx *ctx, const char *path)
{
    const struct problem *problem;
    size_t length = strlen(path);

    for (problem = ctx->problems; problem; problem = problem->next)
        if (problem->field && strncmp(problem->field, path, length) == 0 &&
            (problem->field[length] == '\0' || problem->field[length] == '.'))
            return true;
    return false;
}

static void check_value(struct ctx *ctx, struct checking *checking,
                        struct field_check *check, const char *rule_path)
{
    const struct field *field = check->field;
    int rc;

    if (value_is_empty(check->value)) {
        if (!is_draft(checking->change) && !field->read_only &&
            is_required(field, rule_path, checking->states) &&
            !has_problem(ctx, check->path))
            checking->rc = fail_at(ctx, E_INVALID, check->path, "form.required",
                                   "please fill this in");
        return;
    }
    if (!field->type->check)
        return;
    rc = field->type->check(ctx, check);
    if (rc)
        checking->rc = rc;
}

static const struct value *row_before(const struct value *rows, int64_t id)
{
    size_t i;

    for (i = 0; id && i < value_count(rows); i++)
        if (value_get_id(value_at(rows, i), "id") == id)
            return value_at(rows, i);
    return NULL;
}

static const struct value *values_before(const struct record_change *change)
{
    return change->before ? change->before->values : NULL;
}

static void check_rows(struct ctx *ctx, struct checking *checking,
                       const struct field *table, const struct value *rows,
                       const struct value *before)
{
    size_t i, j;

    for (i = 0; i < value_count(rows); i++) {
        struct value *row = value_at(rows, i);
        int64_t id = value_get_id(row, "id");
        const struct value *old = row_before(before, id);

        /* A row id of another record is no row of this one (S13). */
        if (id && !old)
            value_remove(row, "id");
        for (j = 0; j < table->field_count; j++) {
            const struct field *cell = table->fields[j];
            struct field_check check = {
                .field = cell,
                .path = arena_printf(ctx->arena, "%s.%zu.%s", table->key, i,
                                     cell->key),
                .value = value_get(row, cell->key),
                .before = value_get(old, cell->key),
                .record = checking->change->record->values,
                .record_before = values_before(checking->change),
                .record_id = checking->change->record->id,
            };

            check_value(
                ctx, checking, &check,
                arena_printf(ctx->arena, "%s.%s", table->key, cell->key));
        }
    }
}

static void check_fields(struct ctx *ctx, struct checking *checking)
{
    struct record_change *change = checking->change;
    const struct value *old = values_before(change);
    size_t i;

    for (i = 0; i < change->form->field_count; i++) {
        const struct field *field = change->form->fields[i];
        struct field_check check = {
            .field = field,
            .path = field->key,
            .value = value_get(change->record->values, field->key),
            .before = value_get(old, field->key),
            .record = change->record->values,
            .record_before = old,
            .record_id = change->record->id,
        };

        check_value(ctx, checking, &check, field->key);
        if (field->table)
            check_rows(ctx, checking, field, check.value, check.before);
    }
}

/* All fields by name and as "record.NAME", as flows have them; the empty ones
 * are null, so that an expression may name each. */
static struct value *rule_values(struct ctx *ctx, const struct record *record)
{
    struct value *map = value_map(ctx->arena);
    size_t i;

    for (i = 0; i < record->form->field_count; i++) {
        const char *key = record->form->fields[i]->key;
        struct value *value = value_get(record->values, key);

        value_set(map, key, value ? value : value_null(ctx->arena));
    }
    value_set(map, "record", value_copy(ctx->arena, map));
    return map;
}

/* "rules" of the definition: combinations of fields, refused as a whole. */
static int check_rules(struct ctx *ctx, const struct record_change *change)
{
    const struct value *rules = value_get(change->form->definition, "rules");
    struct script *script;
    struct value *values;
    size_t i;
    int rc = 0, bad = 0;

    if (!value_count(rules))
        return 0;
    values = rule_values(ctx, change->record);
    rc = script_shared(&script, ctx);
    for (i = 0; !rc && i < value_count(rules); i++) {
        const struct value *rule = value_at(rules, i);
        const char *require = value_get_text(rule, "require");
        bool holds;

        rc = script_test(&holds, ctx, script,
                         require ? require : value_get_text(rule, "refuse"),
                         values);
        if (!rc && holds == (require == NULL))
            bad = fail_at(ctx, E_INVALID, value_get_text(rule, "field"),
                          "form.message", "%s",
                          locale_pick(ctx, value_get(rule, "message")));
    }
    return rc ? rc : bad;
}

int record_validate(struct ctx *ctx, struct record_change *change)
{
    struct checking checking = { .change = change };
    int rc = run_logic(ctx, change, &checking.states);

    if (rc && rc != E_INVALID)
        return rc;
    checking.rc = rc;
    check_fields(ctx, &checking);
    if (!checking.rc && !is_draft(change))
        checking.rc = check_rules(ctx, change);
    return checking.rc;
}
