/*
 * records_totals.c - sum, average, least and most of each column of numbers,
 * over the whole filtered list; the store does the sums (form/aggregate.h).
 */
#include "base/banned.h"

#include "portal/records_totals.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/numbers.h"
#include "form/aggregate.h"
#include "form/field_type.h"
#include "portal/records_columns.h"

static const char *const measures[] = { "sum", "avg", "min", "max" };
enum { MEASURES = sizeof measures / sizeof measures[0] };

/* Money as money; the average of whole numbers has places of its own. */
static const char *figure_text(struct ctx *ctx, const struct field *field,
                               const struct value *value)
{
    struct decimal decimal;

    if (value_kind(value) == VALUE_DECIMAL &&
        !(field->type->flags & FIELD_SCALED) &&
        value_as_decimal(&decimal, value))
        return decimal_human(ctx, decimal);
    return field_human(ctx, field, value);
}

static const char *measure_of(struct ctx *ctx, const char *measure,
                              const struct field *field)
{
    return arena_printf(ctx->arena, "%s:%s", measure, field->key);
}

/* The figures of one column, and how many records there are. */
static int column_figures(struct value *cell, int64_t *count, struct ctx *ctx,
                          const struct form *form,
                          const struct record_query *query,
                          const struct field *field)
{
    struct value *figures = value_list(ctx->arena), *rows;
    struct aggregate ask = { .measures = { "count" }, .measure_count = 1 };
    size_t i;
    int rc;

    for (i = 0; field && i < MEASURES; i++)
        ask.measures[ask.measure_count++] = measure_of(ctx, measures[i], field);
    rc = record_aggregate(&rows, ctx, form, query, &ask);
    if (rc)
        return rc;
    *count = value_get_int(value_at(rows, 0), "count", 0);
    for (i = 0; field && i < MEASURES; i++) {
        const struct value *value =
            value_get(value_at(rows, 0), measure_of(ctx, measures[i], field));
        struct value *figure;

        if (value_is_null(value))
            continue;
        figure = value_map(ctx->arena);
        value_set_text(
            figure, "label",
            tr(ctx, arena_printf(ctx->arena, "records.total.%s", measures[i])));
        value_set_text(figure, "text", figure_text(ctx, field, value));
        value_append(figures, figure);
    }
    value_set(cell, "figures", figures);
    return 0;
}

int records_totals(struct value *list, int64_t *count, struct ctx *ctx,
                   const struct form *form, const struct record_query *query,
                   const struct columns *columns)
{
    struct value *totals = value_list(ctx->arena);
    size_t i;
    int rc =
        column_figures(value_map(ctx->arena), count, ctx, form, query, NULL);

    for (i = 0; !rc && i < columns->count; i++) {
        const struct column *column = &columns->items[i];
        struct value *cell = value_map(ctx->arena);

        value_set(cell, "label", column->label);
        if (column->numeric) {
            value_set_bool(cell, "numeric", true);
            rc = column_figures(cell, count, ctx, form, query, column->field);
        }
        value_append(totals, cell);
    }
    value_set(list, "totals", totals);
    return rc;
}
