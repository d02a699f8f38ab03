/*
 * chart_part.c - groups as parts of a whole: slices of a ring, stages of a
 * funnel. What is below zero is no part.
 */
#include "base/banned.h"

#include "view/chart.h"

#include <math.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/decimal.h"
#include "base/i18n.h"
#include "base/numbers.h"
#include "base/value.h"
#include "view/chart_data.h"

static const char *percent(const struct chart *chart, double part, double whole)
{
    double share = whole > 0 ? part / whole * 100 : 0;

    return arena_printf(chart->ctx->arena,
                        share > 0 && share < 9.95 ? "%.1f%%" : "%.0f%%", share);
}

/* From `start` to `end`, shares of the whole from the top clockwise: a ring
 * of radii 60 and 96 around (100, 100). */
static const char *slice_path(struct chart *chart, double start, double end)
{
    double from = start * 2 * M_PI, to = end * 2 * M_PI;
    int large = end - start > 0.5;

    if (end - start > 0.9999)
        return "M100 4A96 96 0 1 1 99.99 4ZM100 40A60 60 0 1 0 100.01 40Z";
    return arena_printf(chart->ctx->arena,
                        "M%s %sA96 96 0 %d 1 %s %sL%s %sA60 60 0 %d 0 %s %sZ",
                        chart_number(chart, 100 + 96 * sin(from)),
                        chart_number(chart, 100 - 96 * cos(from)), large,
                        chart_number(chart, 100 + 96 * sin(to)),
                        chart_number(chart, 100 - 96 * cos(to)),
                        chart_number(chart, 100 + 60 * sin(to)),
                        chart_number(chart, 100 - 60 * cos(to)), large,
                        chart_number(chart, 100 + 60 * sin(from)),
                        chart_number(chart, 100 - 60 * cos(from)));
}

/* A group of a pie or funnel with its figure as a part of `whole`. */
static struct value *new_part(struct chart *chart, size_t index, double whole)
{
    const struct chart_group *group = &chart->groups[index];
    struct value *part = value_map(chart->ctx->arena);
    double value = fmax(group->total.number, 0);

    value_set_int(part, "tone",
                  group->rest ? 0 : (int64_t)(index % CHART_SLICES) + 1);
    value_set_text(part, "label", group->label);
    value_set_text(part, "text", chart_text(chart, &group->total));
    value_set_text(part, "title", chart_mark(chart, group, 0, &group->total));
    value_set_text(part, "percent", percent(chart, value, whole));
    chart_link(chart, part, &group->total);
    return part;
}

void chart_pie(struct chart *chart, struct value *out)
{
    struct arena *arena = chart->ctx->arena;
    struct value *slices = value_list(arena);
    struct chart_figure sum = { 0 };
    double whole = 0, at = 0;
    bool below = false;
    size_t i;

    for (i = 0; i < chart->count; i++)
        whole += fmax(chart->groups[i].total.number, 0);
    for (i = 0; i < chart->count; i++) {
        double value = fmax(chart->groups[i].total.number, 0);
        struct value *slice = new_part(chart, i, whole);

        if (value > 0)
            value_set_text(slice, "path",
                           slice_path(chart, at / whole, (at + value) / whole));
        at += value;
        below = below || chart->groups[i].total.number < 0;
        value_append(slices, slice);
        if (chart->groups[i].total.set) {
            struct chart_figure figure = chart->groups[i].total;

            if (sum.set) {
                sum.number += figure.number;
                sum.exact =
                    sum.exact && figure.exact &&
                    !decimal_add(&sum.decimal, sum.decimal, figure.decimal);
            } else {
                sum = figure;
            }
        }
    }
    if (below)
        value_set_text(out, "note", tr(chart->ctx, "view.chart.below"));
    else if (!chart->average)
        value_set_text(out, "sum",
                       sum.exact && fabs(sum.number) < 1e4
                           ? decimal_human(chart->ctx, sum.decimal)
                           : chart_short(chart->ctx, sum.number, true));
    value_set(out, "legend", value_list(arena));
    value_set_text(out, "plot", "chart/pie");
    value_set(out, "slices", slices);
}

/* Each stage is a band that narrows to the next one's width. */
void chart_funnel(struct chart *chart, struct value *out)
{
    struct arena *arena = chart->ctx->arena;
    struct value *stages = value_list(arena);
    double most = 0;
    size_t i;

    for (i = 0; i < chart->count; i++)
        most = fmax(most, chart->groups[i].total.number);
    for (i = 0; i < chart->count; i++) {
        double here = fmax(chart->groups[i].total.number, 0);
        double next = i + 1 < chart->count
                          ? fmax(chart->groups[i + 1].total.number, 0)
                          : here;
        double wide = most > 0 ? here / most * 50 : 0;
        double narrow = most > 0 ? fmin(next, here) / most * 50 : 0;
        double before = i ? fmax(chart->groups[i - 1].total.number, 0) : here;
        struct value *stage = new_part(chart, i, before);

        value_set_int(stage, "tone", 1);
        if (!i || before <= 0)
            value_remove(stage, "percent");
        value_set_text(stage, "points",
                       arena_printf(arena, "%s,0 %s,0 %s,10 %s,10",
                                    chart_number(chart, 50 - wide),
                                    chart_number(chart, 50 + wide),
                                    chart_number(chart, 50 + narrow),
                                    chart_number(chart, 50 - narrow)));
        value_append(stages, stage);
    }
    value_set(out, "legend", value_list(arena));
    value_set_text(out, "plot", "chart/funnel");
    value_set(out, "stages", stages);
}
