/*
 * chart_data.h - a chart between its two halves: chart.c reads rows into
 * groups and series, chart_shape.c and chart_part.c make shapes of them.
 */
#ifndef VIEW_CHART_DATA_H
#define VIEW_CHART_DATA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/decimal.h"

struct ctx;
struct value;

/* A figure: exact as long as its digits fit. */
struct chart_figure {
    bool set, exact;
    struct decimal decimal;
    double number;
    const char *url;
};

struct chart_group {
    const char *label, *url;
    bool rest; /* "Others" */
    struct chart_figure total;
    struct chart_figure *figures; /* one a series */
};

struct chart {
    struct ctx *ctx;
    const struct value *options;
    struct chart_group *groups;
    size_t count;
    const char *series[CHART_SERIES + 1];
    size_t series_count;                   /* at least 1 */
    bool named;                            /* the series have names */
    bool ordered, stacked, average, whole; /* whole: integers only */
    bool linked;
};

/* "¥1,200.50", "12 h"; "" where there is none. */
const char *chart_text(const struct chart *chart,
                       const struct chart_figure *figure);
/* "Won · Sales: 12": a mark as it is read out. */
const char *chart_mark(const struct chart *chart,
                       const struct chart_group *group, size_t series,
                       const struct chart_figure *figure);

/* A coordinate: two digits behind the point, no exponent, no "-0". */
const char *chart_number(const struct chart *chart, double value);
/* Sets "url" where the figure leads somewhere. */
void chart_link(const struct chart *chart, struct value *map,
                const struct chart_figure *figure);
/* 1,200,000 as "1.2M", in Chinese, which counts in ten thousands, "120万".
 * rough: three figures are enough (a tick of an axis is exact). */
const char *chart_short(struct ctx *ctx, double value, bool rough);

/* chart_shape.c and chart_part.c: each sets its own keys of `out`. */
void chart_columns(struct chart *chart, struct value *out);
void chart_bars(struct chart *chart, struct value *out);
void chart_line(struct chart *chart, struct value *out);
void chart_pie(struct chart *chart, struct value *out);
void chart_funnel(struct chart *chart, struct value *out);
/* Standing bars: the labels of all groups have room side by side. */
bool chart_stands(const struct chart *chart);

#endif
