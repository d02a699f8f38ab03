/*
 * aggregate_ask.c - which groups and measures are asked for.
 *
 * Names come from the definition and the system columns, never from text
 * (S20); a hidden field is not there (S14).
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "form/aggregate_internal.h"
#include "form/field_type.h"

enum { LIMIT_DEFAULT = 200 };

static int find_subject(struct subject *out, const struct aggregation *work,
                        const char *place, const char *name)
{
    struct ctx *ctx = work->ctx;

    memset(out, 0, sizeof *out);
    out->system = list_system(name);
    if (out->system) {
        /* 0: nobody, or never; of what the core or an anonymous form made. */
        out->column = arena_printf(
            ctx->arena, out->system == SYSTEM_TEXT ? "t.%s" : "NULLIF(t.%s, 0)",
            name);
        return 0;
    }
    out->field = form_field(work->form, name);
    if (!out->field || out->field->hidden || !out->field->column)
        return fail_at(ctx, E_INVALID, place, "form.unknown_field",
                       "there is no field %s", name);
    out->column = arena_printf(ctx->arena, "t.\"%s\"", out->field->column);
    return 0;
}

static bool is_type(const struct subject *of, const char *type)
{
    return of->field && strcmp(of->field->type->name, type) == 0;
}

static bool is_instant(const struct subject *of)
{
    return of->system == SYSTEM_INSTANT || is_type(of, "datetime");
}

/* Lists stand in several groups at once, long texts and numbers that are given
 * once in none with another record. */
static bool may_group(const struct subject *of, const char *name)
{
    int flags;

    if (!of->field)
        return strcmp(name, "id") != 0;
    flags = of->field->type->flags;
    return !(flags & (FIELD_LIST | FIELD_AUTOMATIC)) &&
           (flags & FIELD_SORTABLE || !(flags & FIELD_SEARCHED));
}

static int read_group(struct group *out, const struct aggregation *work,
                      const char *name)
{
    static const char *const units[] = { "day", "week", "month", "quarter",
                                         "year" };
    struct ctx *ctx = work->ctx;
    const char *colon = strchr(name, ':');
    const char *key =
        colon ? arena_strndup(ctx->arena, name, (size_t)(colon - name)) : name;
    size_t unit;
    int rc = find_subject(&out->of, work, "groups", key);

    if (rc)
        return rc;
    out->name = name;
    out->period = colon;
    for (unit = 0; colon && unit < sizeof units / sizeof units[0]; unit++)
        if (strcmp(units[unit], colon + 1) == 0)
            break;
    out->unit = (enum calendar_unit)unit;
    if (colon && (unit == sizeof units / sizeof units[0] ||
                  !(is_instant(&out->of) || is_type(&out->of, "date"))))
        return fail_at(ctx, E_INVALID, "groups", "form.bad_period",
                       "%s: only dates and times have periods, which are day, "
                       "week, month, quarter, year",
                       name);
    if (!colon && is_instant(&out->of))
        return fail_at(ctx, E_INVALID, "groups", "form.needs_period",
                       "%s is a point in time: group it by %s:day or another "
                       "period",
                       name, name);
    if (!may_group(&out->of, key))
        return fail_at(ctx, E_INVALID, "groups", "form.bad_group",
                       "records can't be grouped by %s", key);
    return 0;
}

static int read_measure(struct measure *out, const struct aggregation *work,
                        const char *name)
{
    static const struct {
        const char *prefix;
        enum measure_kind kind;
    } kinds[] = {
        { "sum:", MEASURE_SUM },
        { "avg:", MEASURE_AVG },
        { "min:", MEASURE_MIN },
        { "max:", MEASURE_MAX },
    };
    bool extreme;
    size_t i;
    int rc;

    out->name = name;
    out->kind = MEASURE_COUNT;
    if (strcmp(name, "count") == 0)
        return 0;
    for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (text_starts(name, kinds[i].prefix))
            break;
    if (i == sizeof kinds / sizeof kinds[0])
        return fail_at(work->ctx, E_INVALID, "measures", "form.bad_measure",
                       "%s is not known; expected count, sum:FIELD, avg:FIELD, "
                       "min:FIELD or max:FIELD",
                       name);
    out->kind = kinds[i].kind;
    rc = find_subject(&out->of, work, "measures", name + 4);
    if (rc)
        return rc;
    extreme = out->kind == MEASURE_MIN || out->kind == MEASURE_MAX;
    if ((out->of.field && out->of.field->type->flags & FIELD_NUMBER) ||
        (extreme && (is_instant(&out->of) || is_type(&out->of, "date"))))
        return 0;
    return fail_at(work->ctx, E_INVALID, "measures", "form.not_measured",
                   "%s is no number", name + 4);
}

static int read_sort(struct aggregation *work, const char *sort)
{
    size_t i;

    work->sort_group = work->sort_measure = -1;
    if (text_empty(sort))
        return 0;
    work->descending = *sort == '-';
    sort += work->descending;
    for (i = 0; i < work->group_count; i++)
        if (strcmp(work->groups[i].name, sort) == 0)
            work->sort_group = (int)i;
    for (i = 0; i < work->measure_count; i++)
        if (strcmp(work->measures[i].name, sort) == 0)
            work->sort_measure = (int)i;
    if (work->sort_group >= 0 || work->sort_measure >= 0)
        return 0;
    return fail_at(work->ctx, E_INVALID, "sort", "form.bad_figure_sort",
                   "%s is neither a group nor a measure of this question",
                   sort);
}

static int read_counts(const struct aggregation *work,
                       const struct aggregate *ask)
{
    if (ask->group_count > AGGREGATE_GROUPS)
        return fail_at(work->ctx, E_INVALID, "groups", "form.too_many_groups",
                       "at most %d groups", AGGREGATE_GROUPS);
    if (ask->measure_count > AGGREGATE_MEASURES)
        return fail_at(work->ctx, E_INVALID, "measures",
                       "form.too_many_measures", "at most %d measures",
                       AGGREGATE_MEASURES);
    if (ask->limit < 0 || ask->limit > AGGREGATE_ROWS)
        return fail_at(work->ctx, E_INVALID, "limit", "records.bad_limit",
                       "expected a whole number from 1 to %d", AGGREGATE_ROWS);
    return 0;
}

int aggregation_read(struct aggregation *out, struct ctx *ctx,
                     const struct form *form, const struct aggregate *ask)
{
    size_t i;
    int rc;

    memset(out, 0, sizeof *out);
    out->ctx = ctx;
    out->form = form;
    rc = read_counts(out, ask);
    if (rc)
        return rc;
    out->limit = ask->limit ? ask->limit : LIMIT_DEFAULT;
    out->group_count = ask->group_count;
    for (i = 0; !rc && i < ask->group_count; i++)
        rc = read_group(&out->groups[i], out, ask->groups[i]);
    out->measure_count = ask->measure_count ? ask->measure_count : 1;
    for (i = 0; !rc && i < out->measure_count; i++)
        rc = read_measure(&out->measures[i], out,
                          ask->measure_count ? ask->measures[i] : "count");
    return rc ? rc : read_sort(out, ask->sort);
}

static bool known(struct ctx *ctx, const struct form *form,
                  const struct aggregate *ask)
{
    struct aggregation work;
    struct ctx quiet = ctx_apart(ctx);

    return aggregation_read(&work, &quiet, form, ask) == 0;
}

bool aggregate_group_known(struct ctx *ctx, const struct form *form,
                           const char *name)
{
    return name && known(ctx, form,
                         &(const struct aggregate){ .groups = { name },
                                                    .group_count = 1 });
}

bool aggregate_measure_known(struct ctx *ctx, const struct form *form,
                             const char *name)
{
    return name && known(ctx, form,
                         &(const struct aggregate){ .measures = { name },
                                                    .measure_count = 1 });
}
