/*
 * aggregate_rows.c - figures of records by groups: what the store answers.
 *
 * A sum comes in two halves; it is put together in 128 bits and refused where
 * it has more digits than a decimal holds.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "form/aggregate_internal.h"
#include "form/field_type.h"
#include "store/db.h"

static const int64_t DECIMAL_MAX = INT64_C(999999999999999999);
static const int64_t INTEGER_MAX = INT64_C(9007199254740991);

__extension__ typedef __int128 wide;

static int too_large(const struct aggregation *work,
                     const struct measure *measure)
{
    return fail_at(work->ctx, E_LIMIT, "measures", "form.figure_too_large",
                   "%s: the figure has more digits than can be held",
                   measure->name);
}

static wide read_sum(struct query *row, int column)
{
    return (wide)query_int(row, column) * 4294967296 +
           query_int(row, column + 1);
}

/* Half away from zero, as all decimals are rounded. */
static int average(struct value **out, const struct aggregation *work,
                   const struct measure *measure, wide sum, int64_t count)
{
    struct decimal number = { .scale = measure->of.field->scale };
    wide half = sum < 0 ? -(wide)count : count, quotient;

    for (; number.scale < 2; number.scale++) {
        sum *= 10;
    }
    quotient = (2 * sum + half) / (2 * (wide)count);
    if (quotient > DECIMAL_MAX || quotient < -DECIMAL_MAX)
        return too_large(work, measure);
    number.units = (int64_t)quotient;
    *out = value_decimal(work->ctx->arena, number);
    return 0;
}

static int total(struct value **out, const struct aggregation *work,
                 const struct measure *measure, wide sum)
{
    bool scaled = measure->of.field->type->flags & FIELD_SCALED;
    int64_t most = scaled ? DECIMAL_MAX : INTEGER_MAX;
    struct decimal number = { .scale = measure->of.field->scale };

    if (sum > most || sum < -most)
        return too_large(work, measure);
    number.units = (int64_t)sum;
    *out = scaled ? value_decimal(work->ctx->arena, number)
                  : value_int(work->ctx->arena, number.units);
    return 0;
}

static struct value *extreme(const struct aggregation *work,
                             const struct measure *measure, struct query *row,
                             int column)
{
    struct ctx *ctx = work->ctx;
    const struct field *field = measure->of.field;
    char text[TIME_TEXT_MAX];
    struct value *value;

    if (!field) {
        instant_format(text, query_int(row, column));
        return value_text(ctx->arena, text);
    }
    value = field_from_column(ctx, field, row, column);
    return field->type->flags & FIELD_SCALED ? value
                                             : field_to_json(ctx, field, value);
}

/* One figure; *column moves on. */
static int read_measure(struct value **out, const struct aggregation *work,
                        size_t index, struct query *row, int *column)
{
    const struct measure *measure = &work->measures[index];
    int at = *column;
    int rc = 0;

    *out = value_null(work->ctx->arena);
    switch (measure->kind) {
    case MEASURE_COUNT:
        *out = value_int(work->ctx->arena, query_int(row, at));
        break;
    case MEASURE_SUM:
        if (!query_is_null(row, at))
            rc = total(out, work, measure, read_sum(row, at));
        break;
    case MEASURE_AVG:
        if (!query_is_null(row, at))
            rc = average(out, work, measure, read_sum(row, at),
                         query_int(row, at + 2));
        break;
    case MEASURE_MIN:
    case MEASURE_MAX:
        if (!query_is_null(row, at))
            *out = extreme(work, measure, row, at);
        break;
    }
    *column += measure->kind == MEASURE_SUM   ? 2
               : measure->kind == MEASURE_AVG ? 3
                                              : 1;
    return rc;
}

static struct value *read_group(const struct aggregation *work, size_t index,
                                struct query *row, int column)
{
    const struct group *group = &work->groups[index];
    struct ctx *ctx = work->ctx;

    if (query_is_null(row, column))
        return NULL;
    if (group->period || group->of.system == SYSTEM_TEXT)
        return value_text(ctx->arena, query_text(row, column));
    if (!group->of.field)
        return value_int(ctx->arena, query_int(row, column));
    return field_from_column(ctx, group->of.field, row, column);
}

int aggregation_rows(struct vector *out, const struct aggregation *work,
                     struct query *rows)
{
    int rc;

    while ((rc = query_next(rows)) == 1) {
        struct figures *row = arena_alloc(work->ctx->arena, sizeof *row);
        int column = 1;
        size_t i;

        for (i = 0; i < work->group_count; i++)
            row->group[i] = read_group(work, i, rows, column++);
        for (i = 0; i < work->measure_count; i++) {
            rc = read_measure(&row->measure[i], work, i, rows, &column);
            if (rc)
                return rc;
        }
        vector_add(out, row);
    }
    return rc;
}

/* As record_value() has it. */
static struct value *group_value(const struct aggregation *work, size_t index,
                                 struct value *value)
{
    const struct group *group = &work->groups[index];
    struct ctx *ctx = work->ctx;

    if (!value)
        return value_null(ctx->arena);
    if (group->period || group->of.system == SYSTEM_TEXT)
        return value;
    if (!group->of.field)
        return value_text(ctx->arena,
                          arena_printf(ctx->arena, "%lld",
                                       (long long)value_as_int(value, 0)));
    /* A decimal is one, until it is written as JSON. */
    return group->of.field->type->flags & FIELD_SCALED
               ? value
               : field_to_json(ctx, group->of.field, value);
}

struct value *aggregation_value(const struct aggregation *work,
                                const struct figures *row)
{
    struct arena *arena = work->ctx->arena;
    struct value *map = value_map(arena);
    struct value *groups = value_map(arena), *texts = value_map(arena);
    size_t i;

    for (i = 0; i < work->group_count; i++) {
        value_set(groups, work->groups[i].name,
                  group_value(work, i, row->group[i]));
        value_set_text(texts, work->groups[i].name, row->text[i]);
    }
    value_set(map, "group", groups);
    value_set(map, "text", texts);
    for (i = 0; i < work->measure_count; i++)
        value_set(map, work->measures[i].name, row->measure[i]);
    return map;
}
