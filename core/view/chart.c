/*
 * chart.c - figures into groups and series, and what every chart shows:
 * legend, table, description. The shapes are chart_shape.c's and
 * chart_part.c's.
 */
#include "base/banned.h"

#include "view/chart.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/map.h"
#include "base/numbers.h"
#include "base/str.h"
#include "base/value.h"
#include "view/chart_data.h"

static const struct {
    const char *name;
    size_t groups; /* shown at most */
} kinds[] = {
    { "bar", CHART_GROUPS },
    { "line", CHART_POINTS },
    { "funnel", CHART_STAGES },
    { "pie", CHART_SLICES },
};

/* A double as people read it: two digits behind the point at most. One too
 * large for a decimal stays inexact. */
static struct chart_figure of_double(double number)
{
    struct chart_figure figure = { .set = true, .number = number };
    char text[64];
    int length;

    if (fabs(number) >= 1e15)
        return figure;
    length = snprintf(text, sizeof text, "%.2f", number);
    if (strcmp(text + length - 3, ".00") == 0)
        length -= 3;
    else if (text[length - 1] == '0')
        length--;
    figure.exact =
        decimal_parse(&figure.decimal, text, (size_t)length, -1) == 0;
    return figure;
}

static struct chart_figure of_decimal(struct decimal decimal)
{
    return (struct chart_figure){
        .set = true,
        .exact = true,
        .decimal = decimal,
        .number = (double)decimal.units / pow(10, decimal.scale),
    };
}

static void add(struct chart_figure *sum, const struct chart_figure *more)
{
    struct decimal exact;

    if (!more->set)
        return;
    if (!sum->set) {
        const char *url = sum->url;

        *sum = *more;
        sum->url = url;
        return;
    }
    sum->number += more->number;
    sum->exact = sum->exact && more->exact &&
                 decimal_add(&exact, sum->decimal, more->decimal) == 0;
    if (sum->exact)
        sum->decimal = exact;
}

const char *chart_text(const struct chart *chart,
                       const struct chart_figure *figure)
{
    struct ctx *ctx = chart->ctx;
    const char *unit = value_get_text(chart->options, "unit");
    const char *format = value_get_text(chart->options, "format");
    const char *text;

    if (!figure->set)
        return "";
    if (!figure->exact)
        text = arena_printf(ctx->arena, "%.4g", figure->number);
    else if (format && strcmp(format, "money") == 0)
        text = money_human(ctx, figure->decimal,
                           value_get_text(chart->options, "currency"));
    else
        text = decimal_human(ctx, figure->decimal);
    return text_empty(unit) ? text
                            : arena_printf(ctx->arena, "%s %s", text, unit);
}

const char *chart_mark(const struct chart *chart,
                       const struct chart_group *group, size_t series,
                       const struct chart_figure *figure)
{
    struct value *args = value_map(chart->ctx->arena);

    value_set_text(args, "group", group->label);
    value_set_text(args, "series", chart->series[series]);
    value_set_text(args, "text", chart_text(chart, figure));
    return tr_with(chart->ctx,
                   chart->named && figure != &group->total
                       ? "view.chart.mark_series"
                       : "view.chart.mark",
                   args);
}

/* ---- rows ---- */

static int read_figure(struct chart_figure *out, struct ctx *ctx, size_t row,
                       const struct value *value)
{
    struct decimal decimal;

    *out = (struct chart_figure){ 0 };
    if (value_is_null(value))
        return 0;
    if (value_as_decimal(&decimal, value)) {
        *out = of_decimal(decimal);
        return 0;
    }
    if (value_kind(value) == VALUE_DOUBLE &&
        isfinite(value_as_double(value, NAN))) {
        *out = of_double(value_as_double(value, 0));
        return 0;
    }
    return fail(ctx, E_INVALID, "view.chart_value",
                "row %zu of the chart: the value is no number", row + 1);
}

/* The series called `name`; all beyond the last share one, or, where figures
 * can't be added up, have none: CHART_SERIES. */
static size_t series_of(struct chart *chart, struct map *known,
                        const char *name)
{
    size_t *at = map_get(known, name), next = chart->series_count;

    if (at)
        return *at;
    if (next == CHART_SERIES && chart->average)
        return CHART_SERIES;
    if (next == CHART_SERIES) {
        chart->series[CHART_SERIES - 1] = tr(chart->ctx, "view.chart.others");
        return next - 1;
    }
    at = arena_alloc(chart->ctx->arena, sizeof *at);
    *at = next;
    chart->series[next] = arena_strdup(chart->ctx->arena, name);
    chart->series_count++;
    map_set(known, name, at);
    return next;
}

static struct chart_group *group_of(struct chart *chart, struct map *known,
                                    const struct value *row)
{
    struct arena *arena = chart->ctx->arena;
    const char *label = value_get_text(row, "label");
    const char *name = value_get_text(row, "group");
    struct chart_group *group;

    if (text_empty(label))
        label = tr(chart->ctx, "view.chart.none");
    group = map_get(known, name ? name : label);
    if (group)
        return group;
    group = &chart->groups[chart->count++];
    group->label = arena_strdup(arena, label);
    group->figures = arena_array(arena, CHART_SERIES, sizeof *group->figures);
    map_set(known, name ? name : label, group);
    return group;
}

static void take(struct chart *chart, struct chart_group *group, size_t series,
                 const struct chart_figure *figure)
{
    struct chart_figure *at = &group->figures[series];

    /* Two averages have no sum: the first one stands. */
    if (series == CHART_SERIES || (at->set && chart->average))
        return;
    add(at, figure);
    if (figure->url) {
        at->url = at->url ? at->url : figure->url;
        chart->linked = true;
    }
    if (chart->whole && figure->set)
        chart->whole = figure->number == floor(figure->number);
}

static int read_rows(struct chart *chart, const struct value *rows)
{
    struct ctx *ctx = chart->ctx;
    struct map *groups = map_new(ctx->arena), *series = map_new(ctx->arena);
    const struct value *order = value_get(chart->options, "series");
    size_t count = value_count(rows), i;

    if (count > CHART_ROWS_MAX)
        return fail(ctx, E_LIMIT, "view.chart_rows",
                    "a chart takes at most %d rows", CHART_ROWS_MAX);
    chart->groups = arena_array(ctx->arena, count + 1, sizeof *chart->groups);
    for (i = 0; i < value_count(order); i++)
        if (value_as_text(value_at(order, i)))
            series_of(chart, series, value_as_text(value_at(order, i)));
    for (i = 0; i < count; i++) {
        const struct value *row = value_at(rows, i);
        const char *name = value_get_text(row, "series");
        struct chart_figure figure;
        struct chart_group *group;
        int rc;

        if (value_kind(row) != VALUE_MAP)
            return fail(ctx, E_INVALID, "view.chart_row",
                        "row %zu of the chart is no map", i + 1);
        rc = read_figure(&figure, ctx, i, value_get(row, "value"));
        if (rc)
            return rc;
        figure.url = value_get_text(row, "url");
        group = group_of(chart, groups, row);
        chart->named = chart->named || name;
        take(chart, group, series_of(chart, series, name ? name : ""), &figure);
    }
    return 0;
}

/* ---- groups ---- */

static void total(struct chart *chart, struct chart_group *group)
{
    size_t i;

    for (i = 0; i < chart->series_count; i++)
        if (!chart->average || !group->total.set)
            add(&group->total, &group->figures[i]);
    if (!chart->named)
        group->url = group->figures[0].url;
    group->total.url = group->url;
}

static int by_size(const void *a, const void *b)
{
    const struct chart_group *const *left = a, *const *right = b;
    double x = fabs((*left)->total.number), y = fabs((*right)->total.number);

    if (x != y)
        return x < y ? 1 : -1;
    return *left < *right ? -1 : *left > *right;
}

/* The largest ones stay, in the order in which they came; what is left is one
 * group at the end. */
static void merge(struct chart *chart, size_t most)
{
    struct arena *arena = chart->ctx->arena;
    struct chart_group **order =
        arena_array(arena, chart->count, sizeof *order);
    struct chart_group rest = { .rest = true };
    struct value *args = value_map(arena);
    bool *stays = arena_array(arena, chart->count, sizeof *stays);
    size_t i, k, kept = 0;

    for (i = 0; i < chart->count; i++)
        order[i] = &chart->groups[i];
    qsort(order, chart->count, sizeof *order, by_size);
    for (i = 0; i + 1 < most; i++)
        stays[order[i] - chart->groups] = true;
    rest.figures = arena_array(arena, CHART_SERIES, sizeof *rest.figures);
    value_set_int(args, "count", (int64_t)(chart->count - (most - 1)));
    rest.label = tr_with(chart->ctx, "view.chart.rest", args);
    for (i = 0; i < chart->count; i++) {
        if (stays[i]) {
            chart->groups[kept++] = chart->groups[i];
            continue;
        }
        for (k = 0; k < chart->series_count && !chart->average; k++)
            add(&rest.figures[k], &chart->groups[i].figures[k]);
    }
    total(chart, &rest);
    chart->groups[kept++] = rest;
    chart->count = kept;
}

/* Beyond what a chart can show: a sequence keeps its end, groups become
 * "Others". */
static void shorten(struct chart *chart, size_t most, struct value *out)
{
    struct value *args = value_map(chart->ctx->arena);

    if (chart->ordered) {
        if (chart->count <= CHART_POINTS)
            return;
        value_set_text(args, "shown", int_human(chart->ctx, CHART_POINTS));
        value_set_text(args, "all",
                       int_human(chart->ctx, (int64_t)chart->count));
        value_set_text(out, "note",
                       tr_with(chart->ctx, "view.chart.last", args));
        chart->groups += chart->count - CHART_POINTS;
        chart->count = CHART_POINTS;
    } else if (chart->count > most) {
        merge(chart, most);
    }
}

/* ---- what all charts have ---- */

static void add_legend(struct chart *chart, struct value *out)
{
    struct arena *arena = chart->ctx->arena;
    struct value *legend = value_list(arena);
    size_t i;

    for (i = 0; chart->named && i < chart->series_count; i++) {
        struct value *item = value_map(arena);

        value_set_int(item, "tone", (int64_t)i + 1);
        value_set_text(item, "text", chart->series[i]);
        value_append(legend, item);
    }
    value_set(out, "legend", legend);
}

static void add_cell(struct chart *chart, struct value *cells,
                     const struct chart_figure *figure)
{
    struct value *cell = value_map(chart->ctx->arena);

    value_set_text(cell, "text", chart_text(chart, figure));
    if (figure->url)
        value_set(cell, "url", value_url(chart->ctx->arena, figure->url));
    value_append(cells, cell);
}

static void add_table(struct chart *chart, struct value *out)
{
    struct arena *arena = chart->ctx->arena;
    struct value *table = value_map(arena), *columns = value_list(arena);
    struct value *rows = value_list(arena);
    const char *group = value_get_text(chart->options, "group_label");
    const char *head = value_get_text(chart->options, "value_label");
    size_t i, k;

    value_set_text(table, "group",
                   group ? group : tr(chart->ctx, "view.chart.group"));
    for (k = 0; k < chart->series_count; k++)
        value_append(
            columns,
            value_text(arena, chart->named ? chart->series[k]
                              : head       ? head
                                     : tr(chart->ctx, "view.chart.value")));
    for (i = 0; i < chart->count; i++) {
        struct value *row = value_map(arena), *cells = value_list(arena);

        value_set_text(row, "label", chart->groups[i].label);
        for (k = 0; k < chart->series_count; k++)
            add_cell(chart, cells, &chart->groups[i].figures[k]);
        value_set(row, "cells", cells);
        value_append(rows, row);
    }
    value_set(table, "columns", columns);
    value_set(table, "rows", rows);
    value_set(out, "table", table);
}

static void describe(struct chart *chart, const char *kind, struct value *out)
{
    struct ctx *ctx = chart->ctx;
    struct value *args = value_map(ctx->arena);
    const struct chart_group *most = NULL;
    const char *title = value_get_text(chart->options, "title");
    size_t i;

    for (i = 0; i < chart->count; i++)
        if (chart->groups[i].total.set && !chart->groups[i].rest &&
            (!most || chart->groups[i].total.number > most->total.number))
            most = &chart->groups[i];
    value_set_int(args, "count", (int64_t)chart->count);
    value_set_text(args, "group", most ? most->label : "");
    value_set_text(args, "text", most ? chart_text(chart, &most->total) : "");
    value_set_text(
        args, "kind",
        tr(ctx, arena_printf(ctx->arena, "view.chart.kind.%s", kind)));
    value_set_text(out, "title", title ? title : value_get_text(args, "kind"));
    value_set_text(out, "description", tr_with(ctx, "view.chart.about", args));
    value_set_bool(out, "caption",
                   title && value_get_bool(chart->options, "caption"));
    value_set_bool(out, "linked", chart->linked);
}

static void draw(struct chart *chart, const char *kind, struct value *out)
{
    if (strcmp(kind, "line") == 0)
        chart_line(chart, out);
    else if (strcmp(kind, "pie") == 0)
        chart_pie(chart, out);
    else if (strcmp(kind, "funnel") == 0)
        chart_funnel(chart, out);
    else if (chart->ordered || chart_stands(chart))
        chart_columns(chart, out);
    else
        chart_bars(chart, out);
}

static bool has_figure(const struct chart *chart)
{
    size_t i;

    for (i = 0; i < chart->count; i++)
        if (chart->groups[i].total.set)
            return true;
    return false;
}

int chart_make(struct value **out, struct ctx *ctx, const char *kind,
               const struct value *rows, const struct value *options)
{
    struct chart chart = {
        .ctx = ctx,
        .options = options,
        .ordered = value_get_bool(options, "ordered"),
        .stacked = value_get_bool(options, "stacked"),
        .average = value_get_bool(options, "average"),
        .whole = true,
    };
    size_t i, k, count = sizeof kinds / sizeof *kinds;
    int rc;

    *out = NULL;
    for (k = 0; k < count && !text_equal(kinds[k].name, kind); k++)
        ;
    if (k == count)
        return fail(ctx, E_INVALID, "view.chart_kind",
                    "there is no kind of chart called \"%s\"",
                    kind ? kind : "");
    rc = read_rows(&chart, rows);
    if (rc)
        return rc;
    if (!chart.series_count)
        chart.series_count = 1;
    chart.ordered = chart.ordered || strcmp(kind, "line") == 0;
    if (strcmp(kind, "pie") == 0 || strcmp(kind, "funnel") == 0)
        chart.ordered = false;
    for (i = 0; i < chart.count; i++)
        total(&chart, &chart.groups[i]);
    *out = value_map(ctx->arena);
    shorten(&chart, kinds[k].groups, *out);
    describe(&chart, kind, *out);
    if (!has_figure(&chart)) {
        const char *text = value_get_text(options, "empty");

        value_set_text(*out, "nothing",
                       text ? text : tr(ctx, "view.chart.empty"));
        return 0;
    }
    add_legend(&chart, *out);
    draw(&chart, kind, *out);
    add_table(&chart, *out);
    return 0;
}
