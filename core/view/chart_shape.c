/*
 * chart_shape.c - groups and series as rectangles and lines on an axis.
 *
 * Across, all is per cent of the width; down, pixels. What the templates put
 * into attributes are numbers made here, never a caller's text.
 */
#include "base/banned.h"

#include "view/chart.h"

#include <math.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/decimal.h"
#include "base/i18n.h"
#include "base/numbers.h"
#include "base/str.h"
#include "base/unicode.h"
#include "base/value.h"
#include "view/chart_data.h"

enum {
    PLOT_HEIGHT = 200, /* pixels between the ends of the axis */
    PLOT_TOP = 16,     /* room for a figure above the highest bar */
    STANDING_MAX = 12, /* bars side by side that are no sequence */
    DOTS_MAX = 62,     /* points of a line that get a mark each */
    TICKS = 4,
    LINE_HEIGHT = 14,
};

/* Widths of the plot for which labels are thinned out: a phone, half a
 * page, a page. The same ones stand in _chart.scss. */
static const struct {
    double pixels;
    const char *class;
} widths[] = { { 260, " is-narrow" },
               { 440, " is-middle" },
               { 860, " is-broad" } };

const char *chart_number(const struct chart *chart, double value)
{
    if (fabs(value) < 0.005)
        value = 0;
    return arena_printf(chart->ctx->arena, "%.2f", value);
}

static void set_number(const struct chart *chart, struct value *map,
                       const char *key, double value)
{
    value_set_text(map, key, chart_number(chart, value));
}

void chart_link(const struct chart *chart, struct value *map,
                const struct chart_figure *figure)
{
    if (figure->url)
        value_set(map, "url", value_url(chart->ctx->arena, figure->url));
}

/* About as wide as the text is in 12 pixels: Chinese is square, capitals and
 * "m" are broad. */
static double text_width(const char *text)
{
    double width = 0;
    size_t size;

    for (; *text; text += size) {
        int32_t c = utf8_next(text, strlen(text), &size);

        if (c < 0)
            size = 1;
        width += c >= 0x1100                                      ? 12.5
                 : (c >= 'A' && c <= 'Z') || c == 'm' || c == '%' ? 10
                                                                  : 7;
    }
    return width;
}

bool chart_stands(const struct chart *chart)
{
    double width = 0;
    size_t i;

    for (i = 0; i < chart->count; i++)
        width += text_width(chart->groups[i].label) + 10;
    return chart->count <= STANDING_MAX && width <= widths[0].pixels &&
           chart->count * chart->series_count <= 2 * STANDING_MAX;
}

/* ---- the axis ---- */

struct scale {
    double low, high, step;
};

/* With `digits` behind the point at most: "1.20" is "1.2", "3.00" is "3". */
static int trimmed(char text[64], double value, int digits)
{
    int length = snprintf(text, 64, "%.*f", digits, value);

    while (digits && text[length - 1] == '0')
        length--, digits--;
    if (text[length - 1] == '.')
        length--;
    text[length] = '\0';
    return length;
}

const char *chart_short(struct ctx *ctx, double value, bool rough)
{
    double base = text_starts(ctx->locale, "zh") ? 1e4 : 1e3;
    struct decimal decimal;
    struct value *args;
    char text[64];
    int power = 0, digits;

    for (; power < 4 && fabs(value) >= base; power++)
        value /= base;
    rough = rough && power;
    digits = !rough ? 3 : fabs(value) < 10 ? 2 : fabs(value) < 100 ? 1 : 0;
    if (fabs(value) >= 1e12 ||
        decimal_parse(&decimal, text, (size_t)trimmed(text, value, digits), -1))
        return arena_printf(ctx->arena, "%.1e", value);
    if (!power)
        return decimal_human(ctx, decimal);
    args = value_map(ctx->arena);
    value_set_text(args, "number", decimal_human(ctx, decimal));
    return tr_with(ctx, arena_printf(ctx->arena, "view.chart.power%d", power),
                   args);
}

/* Round steps: 1, 2, 2.5 or 5 of a power of ten. */
static double round_step(double span, bool whole)
{
    static const double nice[] = { 1, 2, 2.5, 5, 10 };
    double power = pow(10, floor(log10(span / TICKS)));
    size_t i;

    for (i = 0; i < 4 && nice[i] * power * TICKS < span * 0.999; i++)
        ;
    return whole ? ceil(fmax(nice[i] * power, 1)) : nice[i] * power;
}

static struct scale make_scale(double low, double high, bool whole)
{
    struct scale scale;

    low = fmin(low, 0);
    high = fmax(high, 0);
    if (high - low < 1e-9)
        high = low + (whole ? TICKS : 1);
    scale.step = round_step(high - low, whole);
    scale.low = floor(low / scale.step + 1e-9) * scale.step;
    scale.high = ceil(high / scale.step - 1e-9) * scale.step;
    return scale;
}

/* What the figures reach; standing on each other they reach further. */
static void range(const struct chart *chart, double *low, double *high)
{
    size_t i, k;

    *low = *high = 0;
    for (i = 0; i < chart->count; i++) {
        double up = 0, down = 0;

        for (k = 0; k < chart->series_count; k++) {
            double value = chart->groups[i].figures[k].number;

            if (!chart->stacked)
                up = down = 0;
            *(value < 0 ? &down : &up) += value;
            *low = fmin(*low, down);
            *high = fmax(*high, up);
        }
    }
}

static double down(const struct scale *scale, double value)
{
    return PLOT_TOP +
           (scale->high - value) / (scale->high - scale->low) * PLOT_HEIGHT;
}

static void add_axis(struct chart *chart, const struct scale *scale,
                     struct value *out)
{
    struct arena *arena = chart->ctx->arena;
    struct value *axis = value_map(arena), *ticks = value_list(arena);
    double width = 0;
    int i, count = (int)lround((scale->high - scale->low) / scale->step);

    for (i = 0; i <= count && i <= 4 * TICKS; i++) {
        struct value *tick = value_map(arena);
        double value = scale->low + i * scale->step;
        const char *text = chart_short(chart->ctx, value, false);

        set_number(chart, tick, "y", down(scale, value));
        value_set_text(tick, "text", text);
        value_set_bool(tick, "zero", fabs(value) < scale->step / 1e6);
        value_append(ticks, tick);
        width = fmax(width, text_width(text));
    }
    set_number(chart, axis, "width", width + 8);
    set_number(chart, axis, "text", width);
    value_set(axis, "ticks", ticks);
    value_set(out, "axis", axis);
    value_set_int(out, "height", PLOT_TOP + PLOT_HEIGHT + 24);
    value_set_int(out, "foot", PLOT_TOP + PLOT_HEIGHT + 18);
}

/* Labels below: where they have no room, only each n-th is shown. */
static void add_labels(struct chart *chart, struct value *out)
{
    struct arena *arena = chart->ctx->arena;
    struct value *labels = value_list(arena);
    size_t every[3], i, k;
    double widest = 0;

    for (i = 0; i < chart->count; i++)
        widest = fmax(widest, text_width(chart->groups[i].label) + 12);
    for (k = 0; k < 3; k++)
        every[k] = (size_t)fmax(
            1, ceil((double)chart->count * widest / widths[k].pixels));
    for (i = 0; i < chart->count; i++) {
        struct value *label = value_map(arena);
        const char *class = "";

        for (k = 0; k < 3; k++)
            if (i % every[k] == 0)
                class = arena_printf(arena, "%s%s", class, widths[k].class);
        if (!*class)
            continue;
        set_number(chart, label, "x",
                   ((double)i + 0.5) * 100 / (double)chart->count);
        value_set_text(label, "class", class);
        value_set_text(label, "text", chart->groups[i].label);
        value_append(labels, label);
    }
    value_set(out, "labels", labels);
}

/* ---- bars ---- */

/* The mark of a figure: what it is called, which colour, where it leads. */
static struct value *new_mark(struct chart *chart,
                              const struct chart_group *group, size_t series)
{
    const struct chart_figure *figure = &group->figures[series];
    struct value *mark = value_map(chart->ctx->arena);

    value_set_int(mark, "tone", group->rest ? 0 : (int64_t)series + 1);
    value_set_text(mark, "title", chart_mark(chart, group, series, figure));
    chart_link(chart, mark, figure);
    return mark;
}

/* A figure that was written. */
struct written {
    double x, y, width; /* x in percent, the others in pixels */
    const char *class;
};

/* A figure above its bar, where there are few. */
static void add_figure(struct chart *chart, struct value *figures,
                       struct written *at, const struct scale *scale,
                       const struct chart_group *group)
{
    struct value *text = value_map(chart->ctx->arena);
    double value = group->total.number;
    const char *words = fabs(value) < 1000 && group->total.exact
                            ? decimal_human(chart->ctx, group->total.decimal)
                            : chart_short(chart->ctx, value, true);

    at->y = value < 0 ? down(scale, value) + 14 : down(scale, value) - 5;
    at->width = text_width(words);
    set_number(chart, text, "x", at->x);
    set_number(chart, text, "y", at->y);
    value_set_text(text, "text", words);
    value_append(figures, text);
}

static bool in_the_way(const struct written *a, const struct written *b,
                       double pixels)
{
    return fabs(a->x - b->x) * pixels / 100 < (a->width + b->width) / 2 + 2 &&
           fabs(a->y - b->y) < LINE_HEIGHT;
}

/* At each width those figures are shown that meet none before them. */
static void thin_figures(struct chart *chart, struct value *figures,
                         struct written *all)
{
    size_t count = value_count(figures), i, j, k;

    for (i = 0; i < count; i++)
        all[i].class = "";
    for (k = 0; k < 3; k++)
        for (i = 0; i < count; i++) {
            for (j = 0; j < i; j++)
                if (strstr(all[j].class, widths[k].class) &&
                    in_the_way(&all[j], &all[i], widths[k].pixels))
                    break;
            if (j == i)
                all[i].class = arena_printf(chart->ctx->arena, "%s%s",
                                            all[i].class, widths[k].class);
        }
    for (i = 0; i < count; i++)
        value_set_text(value_at(figures, i), "class", all[i].class);
}

void chart_columns(struct chart *chart, struct value *out)
{
    struct arena *arena = chart->ctx->arena;
    struct value *marks = value_list(arena), *figures = value_list(arena);
    double low, high, band = 100 / (double)chart->count, width;
    double side = chart->stacked ? 1 : (double)chart->series_count;
    struct written written[STANDING_MAX];
    struct scale scale;
    size_t i, k;

    range(chart, &low, &high);
    scale = make_scale(low, high, chart->whole);
    width = fmin(band * 0.68, 12 * side) / side;
    for (i = 0; i < chart->count; i++) {
        const struct chart_group *group = &chart->groups[i];
        double x = band * ((double)i + 0.5) - width * side / 2;
        double up = 0, under = 0;

        for (k = 0; k < chart->series_count; k++) {
            double value = group->figures[k].number;
            double *base = value < 0 ? &under : &up;
            struct value *mark;

            if (group->figures[k].set) {
                double from = chart->stacked ? *base : 0;
                double top = down(&scale, fmax(from, from + value));

                mark = new_mark(chart, group, k);
                set_number(chart, mark, "x",
                           chart->stacked ? x : x + width * (double)k);
                set_number(chart, mark, "y", top);
                set_number(chart, mark, "width", width);
                set_number(chart, mark, "height",
                           down(&scale, fmin(from, from + value)) - top);
                value_append(marks, mark);
                *base = from + value;
            }
        }
        if (!chart->named && group->total.set && chart->count <= STANDING_MAX) {
            struct written *at = &written[value_count(figures)];

            at->x = band * ((double)i + 0.5);
            add_figure(chart, figures, at, &scale, group);
        }
    }
    thin_figures(chart, figures, written);
    value_set_text(out, "plot", "chart/columns");
    value_set(out, "marks", marks);
    value_set(out, "figures", figures);
    add_axis(chart, &scale, out);
    add_labels(chart, out);
}

/* "12 · 5 · 3": the series' figures one after another. */
static const char *row_text(struct chart *chart,
                            const struct chart_group *group)
{
    const char *text = "";
    size_t k;

    if (chart->stacked || !chart->named)
        return chart_text(chart, &group->total);
    for (k = 0; k < chart->series_count; k++)
        text = arena_printf(chart->ctx->arena, "%s%s%s", text, k ? " · " : "",
                            group->figures[k].set
                                ? chart_text(chart, &group->figures[k])
                                : "–");
    return text;
}

static void add_bar(struct chart *chart, struct value *marks, double from,
                    double to, size_t line, const struct chart_group *group,
                    size_t series)
{
    struct value *mark = new_mark(chart, group, series);

    set_number(chart, mark, "x", fmin(from, to));
    set_number(chart, mark, "width", fabs(to - from));
    value_set_int(mark, "y", chart->stacked ? 0 : (int64_t)line * 8);
    value_append(marks, mark);
}

void chart_bars(struct chart *chart, struct value *out)
{
    struct arena *arena = chart->ctx->arena;
    struct value *rows = value_list(arena);
    double low, high, span;
    size_t i, k;

    range(chart, &low, &high);
    span = high - low < 1e-9 ? 1 : high - low;
    for (i = 0; i < chart->count; i++) {
        const struct chart_group *group = &chart->groups[i];
        struct value *row = value_map(arena), *marks = value_list(arena);
        double up = 0, under = 0;

        for (k = 0; k < chart->series_count; k++) {
            double value = group->figures[k].number;
            double *base = value < 0 ? &under : &up;
            double from = chart->stacked ? *base : 0;

            if (!group->figures[k].set)
                continue;
            add_bar(chart, marks, (from - low) / span * 100,
                    (from + value - low) / span * 100, k, group, k);
            *base = from + value;
        }
        value_set_text(row, "label", group->label);
        value_set_text(row, "text", row_text(chart, group));
        chart_link(chart, row, &group->total);
        value_set(row, "marks", marks);
        value_set_int(row, "height",
                      chart->stacked ? 8 : (int64_t)chart->series_count * 8);
        value_append(rows, row);
    }
    value_set_text(out, "plot", "chart/bars");
    value_set(out, "bars", rows);
}

/* ---- lines ---- */

static void add_dot(struct chart *chart, struct value *dots, size_t group,
                    size_t series, const struct scale *scale)
{
    struct value *dot = new_mark(chart, &chart->groups[group], series);

    set_number(chart, dot, "x",
               ((double)group + 0.5) * 100 / (double)chart->count);
    set_number(chart, dot, "y",
               down(scale, chart->groups[group].figures[series].number));
    value_append(dots, dot);
}

/* A missing figure leaves a gap. */
static const char *path_of(struct chart *chart, size_t series,
                           const struct scale *scale)
{
    bool pen = false;
    struct buf path;
    size_t i;

    buf_init(&path, chart->ctx->arena, 64 * 1024);
    for (i = 0; i < chart->count; i++) {
        const struct chart_figure *figure = &chart->groups[i].figures[series];

        if (figure->set)
            buf_addf(&path, "%s%s %s", pen ? "L" : "M",
                     chart_number(chart, ((double)i + 0.5) * 1000 /
                                             (double)chart->count),
                     chart_number(chart, down(scale, figure->number)));
        pen = figure->set;
    }
    return buf_text(&path);
}

void chart_line(struct chart *chart, struct value *out)
{
    struct arena *arena = chart->ctx->arena;
    struct value *lines = value_list(arena), *dots = value_list(arena);
    struct scale scale;
    double low, high;
    size_t i, k;

    chart->stacked = false;
    range(chart, &low, &high);
    scale = make_scale(low, high, chart->whole);
    for (k = 0; k < chart->series_count; k++) {
        struct value *line = value_map(arena);

        value_set_int(line, "tone", (int64_t)k + 1);
        value_set_text(line, "path", path_of(chart, k, &scale));
        value_append(lines, line);
        for (i = 0; i < chart->count && chart->count <= DOTS_MAX; i++)
            if (chart->groups[i].figures[k].set)
                add_dot(chart, dots, i, k, &scale);
    }
    value_set_text(out, "plot", "chart/line");
    value_set(out, "lines", lines);
    value_set(out, "dots", dots);
    add_axis(chart, &scale, out);
    add_labels(chart, out);
}
