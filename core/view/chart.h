/*
 * chart.h - small charts: figures made into shapes for the part {{>chart}}.
 *
 * The server computes everything, so that a chart needs no script and no
 * inline style: marks come in per cent of the width (text keeps its size on a
 * phone) and pixels of the height. The same figures stand in a table beside.
 */
#ifndef VIEW_CHART_H
#define VIEW_CHART_H

struct ctx;
struct value;

enum {
    CHART_ROWS_MAX = 10000,
    CHART_SERIES = 8,   /* further ones become "Others" */
    CHART_GROUPS = 24,  /* bars that lie; further ones become "Others" */
    CHART_POINTS = 400, /* of a sequence: the last ones are shown */
    CHART_SLICES = 8,
    CHART_STAGES = 12,
};

/*
 * kind     "bar", "line", "funnel", "pie".
 * rows     a list of maps, in the order in which they are shown:
 *            label   text; rows of the same label are one group
 *            value   an integer, decimal or double; null: no figure
 *            series? text: the second grouping
 *            url?    where the bar or slice leads: an own path
 *            group?  tells two groups of one label apart
 * options  a map or NULL:
 *            title       what the chart shows; its accessible name
 *            caption     true: the title stands above the chart
 *            unit        stands behind figures
 *            format      "money" with `currency`; otherwise plain numbers
 *            ordered     true: a sequence (months); bars stand, labels may be
 *                        left out where there is no room
 *            stacked     true: the series stand on each other
 *            average     true: figures that can't be added up; "Others" then
 *                        has none
 *            series      a list of texts: their order; else as they come
 *            group_label, value_label   heads of the table
 *            empty       text where there are no figures
 *
 * *out: the data of {{>chart}} (themes/default/README.md).
 *
 * Returns 0; E_INVALID (an unknown kind, a row that is no map or whose value
 * is no number), E_LIMIT (more than CHART_ROWS_MAX rows).
 */
int chart_make(struct value **out, struct ctx *ctx, const char *kind,
               const struct value *rows, const struct value *options);

#endif
