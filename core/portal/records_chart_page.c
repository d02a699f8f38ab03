/*
 * records_chart_page.c - the chart of a list and the small form that chooses
 * what it shows. All of it stands in the address.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "form/aggregate.h"
#include "form/board.h"
#include "form/field_type.h"
#include "portal/records_board.h"
#include "portal/records_chart.h"
#include "portal/records_fields.h"
#include "portal/records_filter.h"

struct choices {
    struct ctx *ctx;
    const struct form *form;
    struct value *list;
    const char *chosen; /* NULL: none */
    bool found;
};

static void add(struct choices *choices, const char *value, const char *label)
{
    struct value *option = value_map(choices->ctx->arena);
    bool selected = text_equal(choices->chosen, value);

    value_set_text(option, "value", value);
    value_set_text(option, "label", label);
    value_set_bool(option, "selected", selected);
    choices->found = choices->found || selected;
    value_append(choices->list, option);
}

/* What the address says stays chosen, though the menu would not offer it. */
static struct value *finished(struct choices *choices, const char *label)
{
    if (choices->chosen && !choices->found)
        add(choices, choices->chosen, label);
    return choices->list;
}

static struct choices start(struct ctx *ctx, const struct form *form,
                            const char *chosen)
{
    return (struct choices){ .ctx = ctx,
                             .form = form,
                             .list = value_list(ctx->arena),
                             .chosen = chosen };
}

static struct value *kinds_of(struct ctx *ctx, const char *chosen)
{
    static const char *const kinds[] = { "bar", "line", "pie", "funnel" };
    struct choices choices = start(ctx, NULL, chosen);
    size_t i;

    for (i = 0; i < 4; i++)
        add(&choices, kinds[i],
            tr(ctx, arena_printf(ctx->arena, "view.chart.kind.%s", kinds[i])));
    return choices.list;
}

/* A date offers its periods, longest names last that people ask for least. */
static void add_periods(struct choices *choices, const char *key)
{
    static const char *const units[] = { "month", "quarter", "year", "week",
                                         "day" };
    struct ctx *ctx = choices->ctx;
    size_t i;

    for (i = 0; i < 5; i++) {
        const char *name = arena_printf(ctx->arena, "%s:%s", key, units[i]);

        if (aggregate_group_known(ctx, choices->form, name))
            add(choices, name, records_group_title(ctx, choices->form, name));
    }
}

/* Names and numbers seldom make groups; they are left to the address. */
static bool is_grouping(const struct field *field)
{
    return !(field->type->flags & (FIELD_NUMBER | FIELD_SEARCHED));
}

static struct value *groups_of(struct ctx *ctx, const struct form *form,
                               const char *chosen, bool none)
{
    static const char *const system[] = { "state", "owner", "department",
                                          "created_at" };
    struct choices choices = start(ctx, form, chosen);
    size_t i;

    if (none)
        add(&choices, "", tr(ctx, "records.chart_none"));
    for (i = 0; i < form->field_count; i++) {
        const struct field *field = form->fields[i];

        if (field->hidden || !field->column || !is_grouping(field))
            continue;
        if (aggregate_group_known(
                ctx, form, arena_printf(ctx->arena, "%s:day", field->key)))
            add_periods(&choices, field->key);
        else if (aggregate_group_known(ctx, form, field->key))
            add(&choices, field->key, records_title(ctx, form, field->key));
    }
    for (i = form->flow ? 0 : 1; i < sizeof system / sizeof *system; i++)
        if (strcmp(system[i], "created_at") == 0)
            add_periods(&choices, system[i]);
        else if (aggregate_group_known(ctx, form, system[i]))
            add(&choices, system[i], records_title(ctx, form, system[i]));
    return finished(&choices,
                    chosen ? records_group_title(ctx, form, chosen) : "");
}

static struct value *measures_of(struct ctx *ctx, const struct form *form,
                                 const char *chosen)
{
    static const char *const kinds[] = { "sum", "avg" };
    struct choices choices = start(ctx, form, chosen);
    size_t i, k;

    add(&choices, "count", records_measure_title(ctx, form, "count"));
    for (k = 0; k < 2; k++)
        for (i = 0; i < form->field_count; i++) {
            const char *name = arena_printf(ctx->arena, "%s:%s", kinds[k],
                                            form->fields[i]->key);

            if (board_measure_known(ctx, form, name))
                add(&choices, name, records_measure_title(ctx, form, name));
        }
    return choices.list;
}

int records_chart_show(struct ctx *ctx, const struct request *request,
                       const struct records_filter *filter,
                       const struct record_query *query, struct value *list)
{
    struct value *form = value_map(ctx->arena), *chart;
    struct chart_ask ask;
    int rc = records_chart_ask(&ask, ctx, request, filter);

    if (!rc)
        rc = records_chart_make(&chart, ctx, filter, query, &ask);
    if (rc)
        return rc;
    value_set_bool(chart, "caption", true);
    value_set(list, "chart", chart);
    value_set(form, "keep",
              records_filter_keep(ctx, filter, " chart group series measure "));
    value_set(form, "kinds", kinds_of(ctx, ask.kind));
    value_set(form, "groups", groups_of(ctx, filter->form, ask.group, false));
    value_set(form, "series", groups_of(ctx, filter->form, ask.series, true));
    value_set(form, "measures", measures_of(ctx, filter->form, ask.measure));
    value_set(list, "chart_form", form);
    return 0;
}
