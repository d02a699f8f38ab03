/*
 * aggregate_text.c - groups as people read them, and in which order.
 *
 * People and records that are linked to are named by one query a group, not
 * one each.
 */
#include "base/banned.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/unicode.h"
#include "form/aggregate_internal.h"
#include "form/field_type.h"
#include "form/reference.h"
#include "org/org.h"
#include "org/person.h"

/* ---- names ---- */

const char *aggregate_period_text(struct ctx *ctx, enum calendar_unit unit,
                                  const char *date)
{
    static const char *const keys[] = { NULL, "form.period.week",
                                        "form.period.month",
                                        "form.period.quarter",
                                        "form.period.year" };
    struct value *args = value_map(ctx->arena);
    struct civil civil = { .year = 1 };
    int year;

    if (unit == UNIT_DAY ||
        !date_parse(&civil.year, &civil.month, &civil.day, date))
        return date_human(ctx, date);
    year = civil.year;
    if (unit == UNIT_WEEK)
        value_set_int(args, "week", civil_week(&year, &civil));
    value_set_int(args, "year", year);
    value_set_int(args, "quarter", (civil.month + 2) / 3);
    value_set_text(
        args, "month_name",
        tr(ctx, arena_printf(ctx->arena, "time.month.%d", civil.month)));
    return tr_with(ctx, keys[unit], args);
}

static const char *state_text(struct ctx *ctx, const char *state)
{
    const char *key = arena_printf(ctx->arena, "form.state.%s", state);

    return tr_find(ctx->locale, key) || tr_find("en", key) ? tr(ctx, key)
                                                           : state;
}

static bool is_department(const struct group *group)
{
    return group->of.field
               ? strcmp(group->of.field->type->name, "department") == 0
               : strcmp(group->name, "department") == 0;
}

static bool is_person(const struct group *group)
{
    return group->of.field
               ? strcmp(group->of.field->type->name, "user") == 0
               : group->of.system == SYSTEM_ID && !is_department(group);
}

/* Names of all that groups of this place refer to, at once. */
static int name_references(const struct aggregation *work, size_t index,
                           struct figures **rows, size_t count)
{
    const struct group *group = &work->groups[index];
    struct ctx *ctx = work->ctx;
    int64_t *ids = arena_array(ctx->arena, count, sizeof *ids);
    const char **names = arena_array(ctx->arena, count, sizeof *names);
    size_t i;
    int rc;

    for (i = 0; i < count; i++)
        ids[i] = value_as_int(rows[i]->group[index], 0);
    rc =
        is_person(group)
            ? person_names(names, ctx, ids, count)
            : reference_labels(names, ctx, group->of.field->target, ids, count);
    for (i = 0; !rc && i < count; i++)
        rows[i]->text[index] = names[i];
    return rc;
}

static const char *group_text(const struct aggregation *work, size_t index,
                              const struct value *value)
{
    const struct group *group = &work->groups[index];
    struct ctx *ctx = work->ctx;

    if (group->period)
        return aggregate_period_text(ctx, group->unit, value_as_text(value));
    if (is_department(group))
        return department_name(ctx, value_as_int(value, 0));
    if (group->of.system == SYSTEM_TEXT)
        return state_text(ctx, value_as_text(value));
    return field_human(ctx, group->of.field, value);
}

/* ---- ranks ---- */

static int64_t option_rank(const struct field *field, const char *key)
{
    const struct value *options = field_property(field, "options");
    size_t i;

    for (i = 0; i < value_count(options); i++)
        if (text_equal(option_key(value_at(options, i)), key))
            break;
    return (int64_t)i;
}

/* The place in the tree; closed ones behind it. */
static int64_t department_rank(struct ctx *ctx, int64_t id)
{
    const struct department **all;
    size_t count = 0, i;

    if (department_list(&all, &count, ctx))
        return 0;
    for (i = 0; i < count && all[i]->id != id; i++)
        ;
    return (int64_t)i;
}

static void rank(const struct aggregation *work, size_t index,
                 struct figures *row)
{
    const struct group *group = &work->groups[index];
    const struct value *value = row->group[index];
    struct rank *out = &row->rank[index];
    const struct field *field = group->of.field;
    struct decimal number;

    out->empty = !value;
    if (!value)
        return;
    if (is_department(group)) {
        out->number = department_rank(work->ctx, value_as_int(value, 0));
    } else if (field && strcmp(field->type->name, "choice") == 0) {
        out->number = option_rank(field, value_as_text(value));
    } else if (group->period ||
               (field && strcmp(field->type->name, "date") == 0)) {
        out->bytes = (const unsigned char *)value_as_text(value);
        out->length = strlen(value_as_text(value));
        return;
    } else if (value_kind(value) == VALUE_BOOL) {
        out->number = value_as_bool(value);
        return;
    } else if (field && field->type->flags & FIELD_NUMBER &&
               value_as_decimal(&number, value)) {
        out->number = number.units;
        return;
    }
    text_sort_key(&out->bytes, &out->length, work->ctx->arena,
                  row->text[index]);
}

int aggregation_name(const struct aggregation *work, struct figures **rows,
                     size_t count)
{
    const char *none = tr(work->ctx, "form.no_value");
    size_t g, i;
    int rc = 0;

    for (g = 0; !rc && g < work->group_count; g++) {
        const struct group *group = &work->groups[g];
        bool named =
            is_person(group) || (group->of.field && group->of.field->target);

        if (named)
            rc = name_references(work, g, rows, count);
        for (i = 0; !rc && i < count; i++) {
            if (!rows[i]->group[g])
                rows[i]->text[g] = none;
            else if (!named)
                rows[i]->text[g] = group_text(work, g, rows[i]->group[g]);
            if (text_empty(rows[i]->text[g]))
                rows[i]->text[g] = none;
            rank(work, g, rows[i]);
        }
    }
    return rc;
}

/* ---- order ---- */

static int compare_rank(const struct rank *a, const struct rank *b)
{
    size_t shorter = a->length < b->length ? a->length : b->length;
    int order;

    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    order = shorter ? memcmp(a->bytes, b->bytes, shorter) : 0;
    if (order || a->length == b->length)
        return order;
    return a->length < b->length ? -1 : 1;
}

static int compare_place(const struct figures *a, const struct figures *b,
                         size_t index, bool descending)
{
    const struct rank *one = &a->rank[index], *other = &b->rank[index];
    int order;

    if (one->empty || other->empty)
        return (int)one->empty - (int)other->empty;
    order = compare_rank(one, other);
    return descending ? -order : order;
}

static int compare(const void *a, const void *b, void *payload)
{
    const struct figures *one = *(struct figures *const *)a;
    const struct figures *other = *(struct figures *const *)b;
    const struct aggregation *work = payload;
    size_t first = work->sort_group < 0 ? 0 : (size_t)work->sort_group, i;
    int order = 0;

    if (work->sort_group >= 0)
        order = compare_place(one, other, first, work->descending);
    for (i = 0; !order && i < work->group_count; i++)
        order = compare_place(one, other, i, false);
    return order;
}

void aggregation_sort(const struct aggregation *work, struct figures **rows,
                      size_t count)
{
    if (count > 1 && work->group_count)
        qsort_r(rows, count, sizeof(struct figures *), compare, (void *)work);
}
