/*
 * home_view.c - a view as a widget of the home page: the first rows of a list,
 * or a chart; a kanban shows how many cards its columns have.
 */
#include "base/banned.h"

#include "portal/home.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "form/field_type.h"
#include "form/view.h"
#include "portal/portal.h"
#include "portal/records.h"
#include "portal/records_chart.h"
#include "portal/records_columns.h"
#include "portal/records_fields.h"
#include "portal/records_filter.h"
#include "store/db.h"

enum { ROWS = 6, DETAILS = 2 };

static const char *chosen_sort(const struct records_filter *filter)
{
    return filter->sort
               ? filter->sort
               : value_get_text(value_get(filter->form->definition, "list"),
                                "sort");
}

/* "Acme · ¥12,000.00": what the first columns say beside the name. */
static const char *details_of(struct ctx *ctx, const struct columns *columns,
                              const struct record *record)
{
    const char *text = "";
    size_t i, count = 0;

    for (i = 0; i < columns->count && count < DETAILS; i++) {
        const char *part;

        if (columns->items[i].primary)
            continue;
        part = value_get_text(column_cell(ctx, &columns->items[i], record),
                              "text");
        if (!text_empty(part))
            text = arena_printf(ctx->arena, "%s%s%s", text,
                                count++ ? " · " : "", part);
    }
    return text;
}

static int fill_rows(struct ctx *ctx, const struct records_filter *filter,
                     struct record_query *query, struct value *data)
{
    const struct form *form = filter->form;
    const char *sort = chosen_sort(filter);
    struct value *rows = value_list(ctx->arena);
    struct columns columns;
    struct record **records;
    size_t count, i;
    int rc = columns_choose(&columns, ctx, filter);

    if (sort && record_sort_known(form, sort + (*sort == '-'))) {
        query->descending = *sort == '-';
        query->sort = sort + query->descending;
    }
    query->limit = ROWS;
    if (!rc)
        rc = record_list(&records, &count, ctx, form, query);
    for (i = 0; !rc && i < count; i++) {
        struct value *row = value_map(ctx->arena), *time;
        const char *details = details_of(ctx, &columns, records[i]);

        value_set_text(row, "label", record_label(ctx, records[i]));
        value_set(row, "url",
                  value_url(ctx->arena, record_path(ctx, records[i])));
        if (*details)
            value_set_text(row, "detail", details);
        time = value_map(ctx->arena);
        if (!form->anonymous) {
            portal_time(ctx, time, records[i]->updated_at);
            value_set(row, "when", value_get(time, "when"));
        }
        value_append(rows, row);
    }
    value_set(data, "rows", rows);
    return rc;
}

static int fill_chart(struct ctx *ctx, const struct records_filter *filter,
                      const struct record_query *query, struct value *data)
{
    struct value *chart;
    struct chart_ask ask;
    int rc;

    records_chart_default(&ask, ctx, filter->form, filter->view);
    rc = records_chart_make(&chart, ctx, filter, query, &ask);
    if (rc)
        return rc;
    value_set(data, "chart", chart);
    value_set_text(data, "template", "widget-chart");
    return 0;
}

int home_view_fill(struct ctx *ctx, const struct home_item *item,
                   struct value *data)
{
    struct record_query query = { .limit = ROWS };
    struct records_filter filter;
    int rc = records_filter_of_view(&filter, ctx, item->form, item->view);

    if (!rc)
        rc = read_begin(ctx);
    if (rc)
        return rc;
    query.where = filter.where;
    query.search = filter.search;
    rc = item->view && strcmp(item->view->kind, "list") != 0
             ? fill_chart(ctx, &filter, &query, data)
             : fill_rows(ctx, &filter, &query, data);
    read_end(ctx);
    return rc;
}
