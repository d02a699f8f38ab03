/*
 * parts.c - days, amounts, figures and widgets for the module's pages.
 */
#include "parts.h"

#include <stdio.h>
#include <string.h>

enum { DAY_MS = 24 * 3600 * 1000 };

tn_value *day_in(tn_ctx *ctx, int days)
{
    int64_t starts = 0;

    /* From noon, so that a day of 23 hours is not jumped over. */
    tn_day(&starts, NULL, ctx, tn_now(ctx));
    return tn_text(
        ctx, tn_iso_date(ctx, starts + DAY_MS / 2 + (int64_t)days * DAY_MS));
}

tn_value *month_in(tn_ctx *ctx, int months)
{
    const char *today = tn_iso_date(ctx, tn_now(ctx));
    int year = 0, month = 0;
    char text[32];

    if (strlen(today) == 10) {
        year = (today[0] - '0') * 1000 + (today[1] - '0') * 100 +
               (today[2] - '0') * 10 + (today[3] - '0');
        month = (today[5] - '0') * 10 + (today[6] - '0');
    }
    months += year * 12 + month - 1;
    snprintf(text, sizeof text, "%04d-%02d-01", months / 12, months % 12 + 1);
    return tn_text(ctx, text);
}

/* ---- deals ---- */

static const struct {
    const char *key, *color;
    bool open;
} stages[] = {
    { "first", "gray", true }, { "need", "cyan", true },
    { "offer", "blue", true }, { "talks", "purple", true },
    { "won", "green", false }, { "lost", "red", false },
};

const tn_value *open_stages(tn_ctx *ctx)
{
    tn_value *list = tn_list(ctx);
    size_t i;

    for (i = 0; i < sizeof stages / sizeof *stages; i++)
        if (stages[i].open)
            tn_append(list, tn_text(ctx, stages[i].key));
    return list;
}

const char *stage_color(const char *stage)
{
    size_t i;

    for (i = 0; stage && i < sizeof stages / sizeof *stages; i++)
        if (strcmp(stages[i].key, stage) == 0)
            return stages[i].color;
    return "gray";
}

int sum_of(struct sum *out, tn_ctx *ctx, const char *form,
           const tn_condition *where, const char *field)
{
    char sum[48];
    const char *const measures[] = { "count", sum };
    const tn_value *rows;
    int rc;

    snprintf(sum, sizeof sum, "sum:%s", field ? field : "");
    memset(out, 0, sizeof *out);
    rc = tn_records_aggregate(&rows, ctx, form, .where = where,
                              .measures = measures,
                              .measure_count = field ? 2 : 1);
    if (rc != TN_OK)
        return rc;
    out->count = tn_as_int(tn_item(tn_at(rows, 0), "count"), 0);
    out->total = field ? tn_item(tn_at(rows, 0), sum) : NULL;
    return TN_OK;
}

/* ---- texts ---- */

void put_text(tn_ctx *ctx, tn_value *map, const char *key, const char *text)
{
    if (text && *text)
        tn_put(map, key, tn_text(ctx, text));
}

tn_value *whole(tn_ctx *ctx, const tn_value *amount)
{
    tn_decimal number = { 0 };

    (void)tn_as_decimal(&number, amount);
    for (; number.scale > 0; number.scale--)
        number.units = (number.units + (number.scale == 1 ? 5 : 0)) / 10;
    return tn_decimal_value(ctx, number.units, 0);
}

const char *amount_text(tn_ctx *ctx, const tn_value *amount)
{
    const char *currency = tn_as_text(tn_setting(ctx, "currency"));

    return tn_money(ctx, whole(ctx, amount), currency ? currency : "CNY");
}

const char *count_text(tn_ctx *ctx, const char *key, int64_t count)
{
    tn_value *arguments = tn_map(ctx);

    tn_put(arguments, "count", tn_int(ctx, count));
    return tn_t(ctx, key, arguments);
}

const char *record_url(tn_ctx *ctx, const char *form, const tn_value *record)
{
    const char *id = tn_as_text(tn_item(record, "id"));
    char *url = tn_alloc(ctx, 120);

    if (!url)
        return "/";
    snprintf(url, 120, "/records/%s/%s", form, id ? id : "");
    return url;
}

const char *customer_url(tn_ctx *ctx, const tn_value *id)
{
    char *url = tn_alloc(ctx, 64);

    if (!url)
        return "/";
    snprintf(url, 64, "/m/crm/customers/%lld", (long long)tn_as_id(id));
    return url;
}

/* ---- parts ---- */

void add_figure(tn_ctx *ctx, tn_value *figures, const char *label,
                const char *text, const char *detail, const char *url,
                const char *tone)
{
    tn_value *figure = tn_map(ctx);

    put_text(ctx, figure, "label", label);
    put_text(ctx, figure, "text", text);
    put_text(ctx, figure, "detail", detail);
    put_text(ctx, figure, "url", url);
    put_text(ctx, figure, "tone", tone);
    tn_append(figures, figure);
}

void add_fact(tn_ctx *ctx, tn_value *facts, const char *label, const char *text,
              const char *url)
{
    tn_value *fact;

    if (!text || !*text)
        return;
    fact = tn_map(ctx);
    put_text(ctx, fact, "label", label);
    put_text(ctx, fact, "text", text);
    put_text(ctx, fact, "url", url);
    tn_append(facts, fact);
}

/* The widget's own text `what` from the catalog, at `key`. */
static void put_own(tn_ctx *ctx, tn_value *widget, const char *key,
                    const char *name, const char *what)
{
    char message[80];

    snprintf(message, sizeof message, "crm.%s.%s", name, what);
    put_text(ctx, widget, key, tn_t(ctx, message, NULL));
}

tn_value *new_widget(tn_ctx *ctx, const char *name, const char *icon,
                     const char *url)
{
    tn_value *widget = tn_map(ctx);
    char id[48];

    snprintf(id, sizeof id, "crm-%s", name);
    put_text(ctx, widget, "id", id);
    put_own(ctx, widget, "title", name, "title");
    put_own(ctx, widget, "empty_text", name, "none");
    put_text(ctx, widget, "icon", icon);
    put_text(ctx, widget, "url", url);
    tn_put(widget, "rows", tn_list(ctx));
    return widget;
}

tn_value *add_row(tn_ctx *ctx, tn_value *rows, const char *url,
                  const char *label, const char *detail, const char *when)
{
    tn_value *row = tn_map(ctx);

    put_text(ctx, row, "url", url);
    put_text(ctx, row, "label", label);
    put_text(ctx, row, "detail", detail);
    put_text(ctx, row, "when", when);
    tn_append(rows, row);
    return row;
}

void set_badge(tn_ctx *ctx, tn_value *row, const char *text, const char *color)
{
    tn_value *badge = tn_map(ctx);

    if (!text || !*text)
        return;
    put_text(ctx, badge, "text", text);
    put_text(ctx, badge, "color", color);
    tn_put(row, "badge", badge);
}

int fill_chart(tn_ctx *ctx, tn_value *widget, const char *kind,
               const tn_value *rows, bool money, bool ordered)
{
    const char *currency = tn_as_text(tn_setting(ctx, "currency"));
    tn_value *options = tn_map(ctx), *chart;
    int rc;

    tn_put(options, "title",
           tn_text(ctx, tn_as_text(tn_item(widget, "title"))));
    put_text(ctx, options, "empty", tn_as_text(tn_item(widget, "empty_text")));
    tn_put(options, "ordered", tn_bool(ctx, ordered));
    if (money) {
        put_text(ctx, options, "format", "money");
        put_text(ctx, options, "currency", currency ? currency : "CNY");
    }
    rc = tn_chart(&chart, ctx, kind, rows, options);
    if (rc == TN_OK)
        rc = tn_put(widget, "chart", chart);
    tn_put(widget, "template", tn_text(ctx, "crm/chart"));
    return rc;
}

/* ---- next steps ---- */

static const char *join(tn_ctx *ctx, const char *a, const char *b)
{
    size_t size = strlen(a) + strlen(b) + 8;
    char *text = tn_alloc(ctx, size);

    if (!text)
        return a;
    snprintf(text, size, "%s · %s", a, b);
    return text;
}

static void add_step(tn_ctx *ctx, tn_value *rows, const tn_value *activity,
                     const char *today, bool with_customer)
{
    const tn_value *text = tn_item(activity, "text");
    const char *day = tn_as_text(tn_item(activity, "next_on"));
    const char *who = tn_as_text(tn_item(text, "person"));
    const char *customer = tn_as_text(tn_item(text, "customer"));
    const char *detail = who ? who : "";
    tn_value *row;

    if (with_customer && customer)
        detail = join(ctx, customer, detail);
    row = add_row(ctx, rows, record_url(ctx, ACTIVITIES, activity),
                  tn_as_text(tn_item(text, "next_step")), detail,
                  tn_as_text(tn_item(text, "next_on")));
    if (day && strcmp(day, today) < 0)
        set_badge(ctx, row, tn_t(ctx, "crm.overdue", NULL), "red");
    else if (day && strcmp(day, today) == 0)
        set_badge(ctx, row, tn_t(ctx, "crm.today", NULL), "orange");
}

int add_steps(tn_ctx *ctx, tn_value *rows, const tn_condition *more, int limit,
              bool with_customer)
{
    const tn_condition *open = TN_AND(TN_EMPTY("next_on", tn_bool(ctx, false)),
                                      TN_NE("next_done", tn_bool(ctx, true)));
    const tn_value *found;
    size_t i;
    int rc = tn_records_find(&found, ctx, ACTIVITIES, .sort = "next_on",
                             .limit = limit, .texts = true,
                             .where = more ? TN_AND(open, more) : open);

    for (i = 0; rc == TN_OK && i < tn_count(found); i++)
        add_step(ctx, rows, tn_at(found, i), tn_as_text(day_in(ctx, 0)),
                 with_customer);
    return rc;
}
