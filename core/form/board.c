/*
 * board.c - the columns of a kanban, the figures of a chart.
 */
#include "base/banned.h"

#include "form/board.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "form/aggregate.h"
#include "form/field_type.h"
#include "form/record.h"

bool board_field(const struct field *field)
{
    return field && field->column && !field->hidden && !field->computed &&
           (strcmp(field->type->name, "choice") == 0 ||
            strcmp(field->type->name, "link") == 0);
}

/* A choice says by itself how many columns there are; a link is taken only
 * when it is asked for. */
const struct field *board_default(const struct form *form)
{
    size_t i;

    for (i = 0; i < form->field_count; i++)
        if (board_field(form->fields[i]) && !form->fields[i]->target)
            return form->fields[i];
    return NULL;
}

static void of_options(struct board_column *columns, size_t *count,
                       struct ctx *ctx, const struct field *field)
{
    const struct value *options = field_property(field, "options");
    size_t i;

    for (i = 0; i < value_count(options) && i < BOARD_COLUMNS; i++) {
        const struct value *option = value_at(options, i);

        columns[i].key = option_key(option);
        columns[i].title = option_title(ctx, option);
        columns[i].color = value_kind(option) == VALUE_MAP
                               ? value_get_text(option, "color")
                               : NULL;
    }
    *count = i;
}

static int of_records(struct board_column *columns, size_t *count,
                      struct ctx *ctx, const struct field *field)
{
    struct record_query query = { .limit = BOARD_COLUMNS };
    const struct form *target;
    struct record **records;
    const char *sort;
    size_t i;
    int rc = form_find(&target, ctx, field->target);

    if (rc)
        return rc;
    sort = value_get_text(value_get(target->definition, "list"), "sort");
    if (sort) {
        query.descending = *sort == '-';
        query.sort = sort + query.descending;
    }
    rc = record_list(&records, count, ctx, target, &query);
    for (i = 0; !rc && i < *count; i++) {
        columns[i].key =
            arena_printf(ctx->arena, "%lld", (long long)records[i]->id);
        columns[i].title = record_label(ctx, records[i]);
    }
    return rc;
}

int board_columns(struct board_column **out, size_t *count, struct ctx *ctx,
                  const struct field *field)
{
    *out = arena_array(ctx->arena, BOARD_COLUMNS, sizeof **out);
    *count = 0;
    if (field->target)
        return of_records(*out, count, ctx, field);
    of_options(*out, count, ctx, field);
    return 0;
}

bool board_measure_known(struct ctx *ctx, const struct form *form,
                         const char *measure)
{
    return (strcmp(measure, "count") == 0 || text_starts(measure, "sum:") ||
            text_starts(measure, "avg:")) &&
           aggregate_measure_known(ctx, form, measure);
}
