/*
 * records_chart.c - from figures by groups to a chart.
 *
 * A sequence of periods has no holes: a month without records is a zero, not
 * a month left out. What is shown leads to the list that it counts.
 */
#include "base/banned.h"

#include "portal/records_chart.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/map.h"
#include "base/str.h"
#include "form/aggregate.h"
#include "form/board.h"
#include "form/field_type.h"
#include "form/filter.h"
#include "form/view.h"
#include "portal/records_board.h"
#include "portal/records_fields.h"
#include "portal/records_filter.h"
#include "store/db.h"
#include "view/chart.h"
#include "web/request.h"

enum { PERIODS_MAX = CHART_POINTS };

struct work {
    struct ctx *ctx;
    const struct form *form;
    const struct records_filter *filter;
    const struct chart_ask *ask;
    const struct field *group; /* NULL: a column of the system, a period */
    enum calendar_unit unit;
    bool period;
    struct value *rows; /* of the chart */
};

/* ---- names ---- */

static const char *const UNITS[] = { "day", "week", "month", "quarter",
                                     "year" };

static const char *key_of(struct ctx *ctx, const char *name)
{
    const char *colon = strchr(name, ':');

    return colon ? arena_strndup(ctx->arena, name, (size_t)(colon - name))
                 : name;
}

const char *records_group_title(struct ctx *ctx, const struct form *form,
                                const char *name)
{
    const char *colon = strchr(name, ':');
    const char *title = records_title(ctx, form, key_of(ctx, name));
    struct value *args;

    if (!colon)
        return title;
    args = value_map(ctx->arena);
    value_set_text(args, "field", title);
    value_set_text(
        args, "unit",
        tr(ctx, arena_printf(ctx->arena, "records.unit.%s", colon + 1)));
    return tr_with(ctx, "records.by_period", args);
}

const char *records_measure_title(struct ctx *ctx, const struct form *form,
                                  const char *name)
{
    struct value *args = value_map(ctx->arena);

    if (strcmp(name, "count") == 0)
        return tr(ctx, "records.measure.count");
    value_set_text(args, "field", records_title(ctx, form, name + 4));
    return tr_with(ctx,
                   text_starts(name, "avg:") ? "records.measure.avg"
                                             : "records.measure.sum",
                   args);
}

/* ---- what is asked for ---- */

static const char *suits(struct ctx *ctx, const struct form *form,
                         const char *name)
{
    return aggregate_group_known(ctx, form, name) ? name : NULL;
}

void records_chart_default(struct chart_ask *out, struct ctx *ctx,
                           const struct form *form, const struct view *view)
{
    const struct value *content = view ? view->content : NULL;
    const struct field *choice = board_default(form);
    const char *measure = value_get_text(content, "measure");
    const char *kind = value_get_text(content, "chart");

    out->kind = kind ? kind : "bar";
    out->group = suits(ctx, form, value_get_text(content, "group"));
    out->series = suits(ctx, form, value_get_text(content, "series"));
    out->measure =
        measure && board_measure_known(ctx, form, measure) ? measure : "count";
    if (!out->group)
        out->group =
            choice ? choice->key : suits(ctx, form, "created_at:month");
    if (!out->group)
        out->group = "state";
}

int records_chart_ask(struct chart_ask *out, struct ctx *ctx,
                      const struct request *request,
                      const struct records_filter *filter)
{
    const char *kind = request_query(request, "chart");
    const char *group = request_query(request, "group");
    const char *series = request_query(request, "series");
    const char *measure = request_query(request, "measure");

    records_chart_default(out, ctx, filter->form, filter->view);
    if (!text_empty(kind))
        out->kind = kind;
    if (!text_empty(group))
        out->group = group;
    if (series)
        out->series = *series ? series : NULL;
    if (!text_empty(measure))
        out->measure = measure;
    if (strcmp(out->kind, "bar") != 0 && strcmp(out->kind, "line") != 0 &&
        strcmp(out->kind, "pie") != 0 && strcmp(out->kind, "funnel") != 0)
        return fail_at(ctx, E_INVALID, "chart", "view.chart_kind",
                       "there is no kind of chart called \"%s\"", out->kind);
    if (!aggregate_group_known(ctx, filter->form, out->group))
        return fail_at(ctx, E_INVALID, "group", "form.bad_group",
                       "records can't be grouped by %s", out->group);
    if (out->series && !aggregate_group_known(ctx, filter->form, out->series))
        return fail_at(ctx, E_INVALID, "series", "form.bad_group",
                       "records can't be grouped by %s", out->series);
    if (!board_measure_known(ctx, filter->form, out->measure))
        return fail_at(
            ctx, E_INVALID, "measure", "form.bad_measure",
            "%s is not known; expected count, sum:FIELD or avg:FIELD",
            out->measure);
    return 0;
}

/* ---- links ---- */

static int64_t day_of(const char *date)
{
    struct civil civil = { 0 };

    if (!date_parse(&civil.year, &civil.month, &civil.day, date))
        return 0;
    return civil_instant(&civil, zone_utc()) / INT64_C(86400000);
}

static const char *date_of(struct ctx *ctx, int64_t day)
{
    struct civil civil;

    civil_of(&civil, day * INT64_C(86400000), zone_utc());
    return arena_printf(ctx->arena, "%04d-%02d-%02d", civil.year, civil.month,
                        civil.day);
}

/* The first day of the period after that which begins at `date`. */
static const char *next_period(struct ctx *ctx, enum calendar_unit unit,
                               const char *date)
{
    static const int months[] = { 0, 0, 1, 3, 12 };
    struct civil civil = { 0 };

    if (unit == UNIT_DAY || unit == UNIT_WEEK ||
        !date_parse(&civil.year, &civil.month, &civil.day, date))
        return date_of(ctx, day_of(date) + (unit == UNIT_DAY ? 1 : 7));
    civil.month += months[unit];
    civil.year += (civil.month - 1) / 12;
    civil.month = (civil.month - 1) % 12 + 1;
    return arena_printf(ctx->arena, "%04d-%02d-%02d", civil.year, civil.month,
                        civil.day);
}

static bool add_test(struct work *work, struct filter *filter, const char *key,
                     const char *op, const char *value)
{
    struct ctx *ctx = work->ctx, quiet = *ctx;
    struct filter_test test = { .key = key, .op = filter_op_named(op) };

    ctx_clear(&quiet);
    if (value) {
        test.values = arena_array(ctx->arena, 1, sizeof *test.values);
        test.values[0] = value;
        test.count = 1;
    }
    return filter_add(filter, &quiet, work->form, filter->count, &test, op) ==
           0;
}

static const char *text_of(struct ctx *ctx, const struct value *value)
{
    if (value_kind(value) == VALUE_BOOL)
        return value_as_bool(value) ? "true" : "false";
    if (value_kind(value) == VALUE_INT)
        return arena_printf(ctx->arena, "%lld",
                            (long long)value_as_int(value, 0));
    return value_as_text(value);
}

/* Adds "this group" to the filter; false where a list can't say it. */
static bool narrow(struct work *work, struct filter *filter, const char *name,
                   const struct value *value)
{
    struct ctx *ctx = work->ctx;
    const char *colon = strchr(name, ':'), *key = key_of(ctx, name);
    const char *text = text_of(ctx, value);
    size_t unit;

    if (!filter_key_known(work->form, key))
        return false;
    if (value_is_null(value) || !text)
        return add_test(work, filter, key, "empty", NULL);
    if (!colon)
        return add_test(work, filter, key, "eq", text);
    for (unit = 0; unit < 4 && strcmp(UNITS[unit], colon + 1) != 0; unit++)
        ;
    return add_test(work, filter, key, "gte", text) &&
           add_test(work, filter, key, "lte",
                    date_of(ctx, day_of(next_period(
                                     ctx, (enum calendar_unit)unit, text)) -
                                     1));
}

/* The list's filter and the group, as "all of these". One of "any of these"
 * that has groups itself can't be said in a list: no link. */
static const char *link_to(struct work *work, const struct value *groups)
{
    struct ctx *ctx = work->ctx;
    struct filter *own = records_filter_copy(ctx, work->filter->own);

    if (own->any && own->count > 1)
        return NULL;
    own->any = false;
    if (!narrow(work, own, work->ask->group,
                value_get(groups, work->ask->group)))
        return NULL;
    if (work->ask->series && !narrow(work, own, work->ask->series,
                                     value_get(groups, work->ask->series)))
        return NULL;
    return records_list_url(ctx, work->filter, own);
}

/* ---- rows ---- */

static void add_row(struct work *work, const struct value *figures)
{
    struct ctx *ctx = work->ctx;
    const struct value *groups = value_get(figures, "group");
    const struct value *texts = value_get(figures, "text");
    const char *name = work->ask->group, *series = work->ask->series;
    struct value *row = value_map(ctx->arena);
    const char *key = text_of(ctx, value_get(groups, name));
    const char *url = link_to(work, groups);

    value_set_text(row, "label", value_get_text(texts, name));
    value_set_text(row, "group", key ? key : "");
    value_set(row, "value", value_get(figures, work->ask->measure));
    if (series)
        value_set_text(row, "series", value_get_text(texts, series));
    if (url)
        value_set(row, "url", value_url(ctx->arena, url));
    value_append(work->rows, row);
}

/* A period without records: nothing to count, and nothing to add up. */
static void add_hole(struct work *work, const char *date, const char *series)
{
    struct ctx *ctx = work->ctx;
    struct value *row = value_map(ctx->arena);

    value_set_text(row, "label", aggregate_period_text(ctx, work->unit, date));
    value_set_text(row, "group", date);
    value_set(row, "value",
              text_starts(work->ask->measure, "avg:")
                  ? value_null(ctx->arena)
                  : value_int(ctx->arena, 0));
    if (series)
        value_set_text(row, "series", series);
    value_append(work->rows, row);
}

/* Periods ascending, each there; those without a date at the end. */
static void add_periods(struct work *work, const struct value *found)
{
    struct ctx *ctx = work->ctx;
    const char *name = work->ask->group, *next = NULL, *series = NULL;
    size_t i, holes = 0;

    for (i = 0; i < value_count(found); i++) {
        const struct value *figures = value_at(found, i);
        const char *date = value_get_text(value_get(figures, "group"), name);

        if (!series && work->ask->series)
            series =
                value_get_text(value_get(figures, "text"), work->ask->series);
        while (date && next && strcmp(next, date) < 0 &&
               holes++ < PERIODS_MAX) {
            add_hole(work, next, series);
            next = next_period(ctx, work->unit, next);
        }
        add_row(work, figures);
        if (date)
            next = next_period(ctx, work->unit, date);
    }
}

/* Records of a small form (stages) in the order of their own list. */
static int add_ordered(struct work *work, const struct value *found)
{
    struct ctx *ctx = work->ctx;
    struct board_column *columns;
    struct map *known = map_new(ctx->arena);
    size_t count, i, k;
    int rc = board_columns(&columns, &count, ctx, work->group);

    for (i = 0; !rc && i < count; i++)
        map_set(known, columns[i].key, &columns[i]);
    for (i = 0; !rc && i < count && count < BOARD_COLUMNS; i++)
        for (k = 0; k < value_count(found); k++)
            if (text_equal(text_of(ctx, value_get(value_get(value_at(found, k),
                                                            "group"),
                                                  work->ask->group)),
                           columns[i].key))
                add_row(work, value_at(found, k));
    for (k = 0; !rc && k < value_count(found); k++) {
        const char *key =
            text_of(ctx, value_get(value_get(value_at(found, k), "group"),
                                   work->ask->group));

        if (count == BOARD_COLUMNS || !key || !map_get(known, key))
            add_row(work, value_at(found, k));
    }
    return rc;
}

static bool is_link(const struct field *field)
{
    return field && field->target && strcmp(field->type->name, "link") == 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The series in the order of their options, or of their dates; others as
 * they come. */
static struct value *order_series(const struct work *work,
                                  const struct value *found)
{
    struct ctx *ctx = work->ctx;
    const char *name = work->ask->series;
    const struct field *field = form_field(work->form, name);
    const struct value *options =
        field ? field_property(field, "options") : NULL;
    struct value *list = value_list(ctx->arena);
    struct map *texts = map_new(ctx->arena);
    const char **keys =
        arena_array(ctx->arena, value_count(found) + 1, sizeof *keys);
    size_t i, count = 0;

    for (i = 0; i < value_count(found); i++) {
        const struct value *row = value_at(found, i);
        const char *key =
            text_of(ctx, value_get(value_get(row, "group"), name));

        if (key && !map_get(texts, key)) {
            keys[count++] = key;
            map_set(texts, key,
                    (void *)(uintptr_t)value_get_text(value_get(row, "text"),
                                                      name));
        }
    }
    if (strchr(name, ':'))
        qsort(keys, count, sizeof *keys, by_text);
    for (i = 0; i < value_count(options); i++) {
        const char *text = map_get(texts, option_key(value_at(options, i)));

        if (text)
            value_append(list, value_text(ctx->arena, text));
    }
    for (i = 0; !options && i < count; i++)
        value_append(list, value_text(ctx->arena, map_get(texts, keys[i])));
    return list;
}

/* Where there may be many groups the largest come first; the others have an
 * order of their own. */
static bool largest_first(const struct work *work)
{
    const struct field *field = work->group;

    if (work->period)
        return false;
    if (!field)
        return strcmp(work->ask->group, "state") != 0;
    return strcmp(field->type->name, "choice") != 0 &&
           strcmp(field->type->name, "boolean") != 0;
}

/* ---- options ---- */

static struct value *options_of(const struct work *work)
{
    struct ctx *ctx = work->ctx;
    struct value *options = value_map(ctx->arena);
    struct value *args = value_map(ctx->arena);
    const char *measure = work->ask->measure;
    const struct field *field = strcmp(measure, "count") != 0
                                    ? form_field(work->form, measure + 4)
                                    : NULL;
    const char *currency = field ? field_currency(ctx, field) : NULL;
    const char *unit = field ? value_get_text(field->options, "unit") : NULL;
    bool average = text_starts(measure, "avg:");

    value_set_text(options, "group_label",
                   records_group_title(ctx, work->form, work->ask->group));
    value_set_text(options, "value_label",
                   records_measure_title(ctx, work->form, measure));
    value_set(args, "measure", value_get(options, "value_label"));
    value_set(args, "group", value_get(options, "group_label"));
    value_set_text(options, "title", tr_with(ctx, "records.chart_title", args));
    if (currency) {
        value_set_text(options, "format", "money");
        value_set_text(options, "currency", currency);
    }
    if (field && strcmp(field->type->name, "percent") == 0)
        unit = "%";
    if (unit)
        value_set_text(options, "unit", unit);
    value_set_bool(options, "ordered", work->period);
    value_set_bool(options, "stacked", !average);
    value_set_bool(options, "average", average);
    value_set_text(options, "empty", tr(ctx, "records.chart_empty"));
    return options;
}

static int make(struct value **out, struct ctx *ctx,
                const struct records_filter *filter,
                const struct record_query *query, const struct chart_ask *ask)
{
    const char *colon = strchr(ask->group, ':');
    struct work work = { .ctx = ctx,
                         .form = filter->form,
                         .filter = filter,
                         .ask = ask,
                         .period = colon,
                         .rows = value_list(ctx->arena) };
    struct aggregate figures = { .groups = { ask->group, ask->series },
                                 .group_count = ask->series ? 2 : 1,
                                 .measures = { ask->measure },
                                 .measure_count = 1,
                                 .limit = AGGREGATE_ROWS };
    struct value *found, *options;
    size_t unit, i;
    int rc;

    for (unit = 0; colon && unit < 4 && strcmp(UNITS[unit], colon + 1) != 0;
         unit++)
        ;
    work.unit = (enum calendar_unit)unit;
    work.group = colon ? NULL : form_field(filter->form, ask->group);
    if (largest_first(&work))
        figures.sort = arena_printf(ctx->arena, "-%s", ask->measure);
    rc = record_aggregate(&found, ctx, filter->form, query, &figures);
    if (rc)
        return rc;
    if (work.period)
        add_periods(&work, found);
    else if (is_link(work.group))
        rc = add_ordered(&work, found);
    else
        for (i = 0; i < value_count(found); i++)
            add_row(&work, value_at(found, i));
    if (rc)
        return rc;
    options = options_of(&work);
    if (ask->series)
        value_set(options, "series", order_series(&work, found));
    return chart_make(out, ctx, ask->kind, work.rows, options);
}

int records_chart_make(struct value **out, struct ctx *ctx,
                       const struct records_filter *filter,
                       const struct record_query *query,
                       const struct chart_ask *ask)
{
    int rc = report_begin(ctx);

    if (rc)
        return rc;
    rc = make(out, ctx, filter, query, ask);
    report_end(ctx);
    return rc;
}
