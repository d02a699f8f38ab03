/*
 * overview.c - /m/crm: what is to be done, how the deals stand, who has not
 * been heard of for long. Runs as the person: his own, or his team's.
 */
#include <stdio.h>
#include <string.h>

#include "parts.h"

enum { STEPS = 5, QUIET = 5, DORMANT_DAYS = 60, MONTHS = 12 };

static const char *say(tn_ctx *ctx, const char *key)
{
    return tn_t(ctx, key, NULL);
}

static int figure_open(tn_ctx *ctx, tn_value *figures)
{
    struct sum open;
    int rc = sum_of(&open, ctx, OPPORTUNITIES, TN_IN("stage", open_stages(ctx)),
                    "amount");

    if (rc == TN_OK)
        add_figure(ctx, figures, say(ctx, "crm.figure.open"),
                   amount_text(ctx, open.total),
                   count_text(ctx, "crm.deals", open.count),
                   "/records/" OPPORTUNITIES "?view=open", NULL);
    return rc;
}

static int figure_forecast(tn_ctx *ctx, tn_value *figures)
{
    struct sum due;
    int rc = sum_of(&due, ctx, OPPORTUNITIES,
                    TN_AND(TN_IN("stage", open_stages(ctx)),
                           TN_GE("closes", month_in(ctx, 0)),
                           TN_LT("closes", month_in(ctx, 1))),
                    "forecast");

    if (rc == TN_OK)
        add_figure(ctx, figures, say(ctx, "crm.figure.forecast"),
                   amount_text(ctx, due.total),
                   count_text(ctx, "crm.deals", due.count),
                   "/records/" OPPORTUNITIES "?view=closing", NULL);
    return rc;
}

static int won_in(struct sum *out, tn_ctx *ctx, int month)
{
    return sum_of(out, ctx, OPPORTUNITIES,
                  TN_AND(TN_EQ("stage", tn_text(ctx, "won")),
                         TN_GE("closed", month_in(ctx, month)),
                         TN_LT("closed", month_in(ctx, month + 1))),
                  "amount");
}

static int figure_won(tn_ctx *ctx, tn_value *figures)
{
    tn_value *arguments = tn_map(ctx);
    struct sum now, last;
    int rc = won_in(&now, ctx, 0);

    if (rc == TN_OK)
        rc = won_in(&last, ctx, -1);
    if (rc != TN_OK)
        return rc;
    tn_put(arguments, "amount", tn_text(ctx, amount_text(ctx, last.total)));
    add_figure(ctx, figures, say(ctx, "crm.figure.won"),
               amount_text(ctx, now.total),
               tn_t(ctx, "crm.figure.last_month", arguments),
               "/records/" OPPORTUNITIES "?view=won", NULL);
    return TN_OK;
}

static int figure_steps(tn_ctx *ctx, tn_value *figures)
{
    const tn_condition *due = TN_AND(TN_LE("next_on", day_in(ctx, 0)),
                                     TN_NE("next_done", tn_bool(ctx, true)));
    int64_t count, late;
    int rc = tn_records_count(&count, ctx, ACTIVITIES, due);

    if (rc == TN_OK)
        rc = tn_records_count(&late, ctx, ACTIVITIES,
                              TN_AND(due, TN_LT("next_on", day_in(ctx, 0))));
    if (rc == TN_OK)
        add_figure(ctx, figures, say(ctx, "crm.figure.steps"),
                   tn_number(ctx, tn_int(ctx, count)),
                   count_text(ctx, "crm.figure.late", late),
                   "/records/" ACTIVITIES "?view=due",
                   late > 0 ? "danger" : NULL);
    return rc;
}

/* Rows of a chart from groups: label, figure, and where one click leads: an
 * address that the group is put behind (NULL). */
static tn_value *chart_rows(tn_ctx *ctx, const tn_value *groups,
                            const char *group, const char *measure,
                            const char *url)
{
    tn_value *rows = tn_list(ctx);
    char text[120];
    size_t i;

    for (i = 0; i < tn_count(groups); i++) {
        const tn_value *one = tn_at(groups, i);
        const char *key = tn_as_text(tn_item(tn_item(one, "group"), group));
        const tn_value *figure = tn_item(one, measure);
        tn_value *row = tn_map(ctx);

        put_text(ctx, row, "label",
                 tn_as_text(tn_item(tn_item(one, "text"), group)));
        tn_put(row, "value", whole(ctx, figure));
        if (url && key) {
            snprintf(text, sizeof text, "%s%s", url, key);
            put_text(ctx, row, "url", text);
        }
        tn_append(rows, row);
    }
    return rows;
}

static int add_funnel(tn_ctx *ctx, tn_value *widgets)
{
    static const char *const group[] = { "stage" };
    static const char *const measure[] = { "sum:amount" };
    tn_value *widget = new_widget(ctx, "funnel", "filter",
                                  "/records/" OPPORTUNITIES "?view=board");
    const tn_value *groups;
    int rc = tn_records_aggregate(&groups, ctx, OPPORTUNITIES,
                                  .where = TN_IN("stage", open_stages(ctx)),
                                  .groups = group, .group_count = 1,
                                  .measures = measure, .measure_count = 1);

    tn_append(widgets, widget);
    return rc == TN_OK
               ? fill_chart(ctx, widget, "funnel",
                            chart_rows(ctx, groups, "stage", "sum:amount",
                                       "/records/" OPPORTUNITIES
                                       "?f.stage.eq="),
                            true, false)
               : rc;
}

static int add_months(tn_ctx *ctx, tn_value *widgets)
{
    static const char *const group[] = { "closed:month" };
    static const char *const measure[] = { "sum:amount" };
    tn_value *widget = new_widget(ctx, "months", "chart-bar",
                                  "/records/" OPPORTUNITIES "?view=won");
    const tn_value *groups;
    int rc = tn_records_aggregate(
        &groups, ctx, OPPORTUNITIES,
        .where = TN_AND(TN_EQ("stage", tn_text(ctx, "won")),
                        TN_GE("closed", month_in(ctx, 1 - MONTHS))),
        .groups = group, .group_count = 1, .measures = measure,
        .measure_count = 1);

    tn_append(widgets, widget);
    return rc == TN_OK ? fill_chart(ctx, widget, "bar",
                                    chart_rows(ctx, groups, "closed:month",
                                               "sum:amount", NULL),
                                    true, true)
                       : rc;
}

static int add_due(tn_ctx *ctx, tn_value *widgets)
{
    tn_value *widget = new_widget(ctx, "steps", "calendar-event",
                                  "/records/" ACTIVITIES "?view=due");

    tn_append(widgets, widget);
    return add_steps(ctx, tn_item(widget, "rows"), NULL, STEPS, true);
}

/* Of class A and B, not heard of for the days of the settings. */
static int add_quiet(tn_ctx *ctx, tn_value *widgets)
{
    int days = (int)tn_as_int(tn_setting(ctx, "dormant_days"), DORMANT_DAYS);
    tn_value *widget =
        new_widget(ctx, "quiet", "clock", "/records/" CUSTOMERS "?view=quiet");
    const tn_value *found;
    tn_value *classes = tn_list(ctx);
    size_t i;
    int rc;

    tn_append(widgets, widget);
    tn_append(classes, tn_text(ctx, "a"));
    tn_append(classes, tn_text(ctx, "b"));
    rc = tn_records_find(
        &found, ctx, CUSTOMERS, .limit = QUIET, .texts = true,
        .sort = "last_activity",
        .where = TN_AND(TN_IN("class", classes),
                        TN_LT("last_activity", day_in(ctx, -days))));
    for (i = 0; rc == TN_OK && i < tn_count(found); i++) {
        const tn_value *customer = tn_at(found, i);
        const tn_value *text = tn_item(customer, "text");
        tn_value *row = add_row(ctx, tn_item(widget, "rows"),
                                customer_url(ctx, tn_item(customer, "id")),
                                tn_as_text(tn_item(text, "name")),
                                tn_as_text(tn_item(text, "manager")),
                                tn_as_text(tn_item(text, "last_activity")));

        set_badge(ctx, row, tn_as_text(tn_item(text, "class")), "gray");
    }
    return rc;
}

static int fill(tn_ctx *ctx, tn_request *request, tn_value *data, void *extra)
{
    static int (*const figures_of[])(tn_ctx *, tn_value *) = {
        figure_open, figure_forecast, figure_won, figure_steps
    };
    static int (*const widgets_of[])(
        tn_ctx *, tn_value *) = { add_due, add_funnel, add_quiet, add_months };
    tn_value *figures = tn_list(ctx), *widgets = tn_list(ctx);
    size_t i;
    int rc = TN_OK;

    (void)request;
    (void)extra;
    if (!tn_may(ctx, CUSTOMERS, "read"))
        return tn_fail(ctx, TN_E_FORBIDDEN, "crm.not_yours",
                       "no right to read customers");
    for (i = 0; rc == TN_OK && i < sizeof figures_of / sizeof *figures_of; i++)
        rc = figures_of[i](ctx, figures);
    for (i = 0; rc == TN_OK && i < sizeof widgets_of / sizeof *widgets_of; i++)
        rc = widgets_of[i](ctx, widgets);
    tn_put(data, "figures", figures);
    tn_put(data, "widgets", widgets);
    tn_put(data, "may_create", tn_bool(ctx, tn_may(ctx, CUSTOMERS, "create")));
    return rc;
}

int overview_start(tn_module *self)
{
    return TN_PAGE(self, .path = "/m/crm", .template_name = "overview",
                   .title = "crm.menu.overview", .call = fill);
}
