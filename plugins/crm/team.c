/*
 * team.c - /m/crm/team: the figures of departments and people, by the tree of
 * the company, one click down at a time; the last click leads to the deals.
 *
 * Runs as the person. A figure here is the sum of the records that he may
 * see, so it says the same as the list behind it.
 */
#include <stdio.h>
#include <string.h>

#include "parts.h"

enum { ACTIVITY_DAYS = 30, PEOPLE_MAX = 200 };

struct figures {
    int64_t open_count, won_count, lost_count, activities;
    int64_t open, forecast, won; /* cents */
};

/* A department, or a person; those of a department hold what is below it. */
struct line {
    int64_t id, parent;
    const char *name;
    int64_t people;
    struct figures figures;
};

/* What a page shows of it. */
struct table {
    tn_value *rows, *bars; /* of the table; of the chart of what was won */
    struct figures sum;
};

struct team {
    tn_ctx *ctx;
    const tn_value *since; /* deals closed from that day on */
    const char *period;
    struct line *lines;
    size_t count;
};

static int64_t cents(const tn_value *value)
{
    tn_decimal number = { 0 };

    (void)tn_as_decimal(&number, value);
    for (; number.scale < 2; number.scale++)
        number.units *= 10;
    for (; number.scale > 2; number.scale--)
        number.units /= 10;
    return number.units;
}

static struct line *line_of(const struct team *team, int64_t id)
{
    size_t i;

    for (i = 0; i < team->count; i++)
        if (team->lines[i].id == id)
            return &team->lines[i];
    return NULL;
}

static void take_open(struct figures *figures, const tn_value *row)
{
    figures->open_count += tn_as_int(tn_item(row, "count"), 0);
    figures->open += cents(tn_item(row, "sum:amount"));
    figures->forecast += cents(tn_item(row, "sum:forecast"));
}

static void take_won(struct figures *figures, const tn_value *row)
{
    figures->won_count += tn_as_int(tn_item(row, "count"), 0);
    figures->won += cents(tn_item(row, "sum:amount"));
}

static void take_lost(struct figures *figures, const tn_value *row)
{
    figures->lost_count += tn_as_int(tn_item(row, "count"), 0);
}

static void take_activities(struct figures *figures, const tn_value *row)
{
    figures->activities += tn_as_int(tn_item(row, "count"), 0);
}

/* Adds what groups of `form` by `group` say to the lines of the same id.
 * within: one department; NULL: all. */
static int gather(const struct team *team, const char *form, const char *group,
                  const tn_value *within, const tn_condition *where,
                  void (*take)(struct figures *figures, const tn_value *row))
{
    static const char *const measures[] = { "count", "sum:amount",
                                            "sum:forecast" };
    bool deals = strcmp(form, OPPORTUNITIES) == 0;
    const tn_value *rows;
    size_t i;
    int rc = tn_records_aggregate(
        &rows, team->ctx, form,
        .where = within ? TN_AND(TN_EQ("department", within), where) : where,
        .groups = &group, .group_count = 1, .measures = measures,
        .measure_count = deals ? 3 : 1, .limit = 1000);

    for (i = 0; rc == TN_OK && i < tn_count(rows); i++) {
        const tn_value *row = tn_at(rows, i);
        struct line *line =
            line_of(team, tn_as_id(tn_item(tn_item(row, "group"), group)));

        if (line)
            take(&line->figures, row);
    }
    return rc;
}

static int gather_all(const struct team *team, const char *group,
                      const tn_value *within)
{
    tn_ctx *ctx = team->ctx;
    const tn_condition *since = TN_GE("closed", team->since);
    int rc = gather(team, OPPORTUNITIES, group, within,
                    TN_IN("stage", open_stages(ctx)), take_open);

    if (rc == TN_OK)
        rc = gather(team, OPPORTUNITIES, group, within,
                    TN_AND(since, TN_EQ("stage", tn_text(ctx, "won"))),
                    take_won);
    if (rc == TN_OK)
        rc = gather(team, OPPORTUNITIES, group, within,
                    TN_AND(since, TN_EQ("stage", tn_text(ctx, "lost"))),
                    take_lost);
    if (rc == TN_OK)
        rc = gather(team, ACTIVITIES, group, within,
                    TN_GE("at", day_in(ctx, -ACTIVITY_DAYS)), take_activities);
    return rc;
}

static void add_up(struct figures *sum, const struct figures *more)
{
    sum->open_count += more->open_count;
    sum->won_count += more->won_count;
    sum->lost_count += more->lost_count;
    sum->activities += more->activities;
    sum->open += more->open;
    sum->forecast += more->forecast;
    sum->won += more->won;
}

static bool has_figures(const struct line *line)
{
    const struct figures *f = &line->figures;

    return f->open_count || f->won_count || f->lost_count || f->activities;
}

/* The tree, each department with what is below it. */
static int read_departments(struct team *team)
{
    const tn_value *all;
    size_t i;
    int rc = tn_departments(&all, team->ctx);

    if (rc != TN_OK)
        return rc;
    team->count = tn_count(all);
    team->lines = tn_alloc(team->ctx, (team->count + 1) * sizeof(struct line));
    if (!team->lines)
        return TN_E_LIMIT;
    for (i = 0; i < team->count; i++) {
        const tn_value *one = tn_at(all, i);

        team->lines[i].id = tn_as_id(tn_item(one, "id"));
        team->lines[i].parent = tn_as_id(tn_item(one, "parent"));
        team->lines[i].name = tn_as_text(tn_item(one, "name"));
        team->lines[i].people = tn_as_int(tn_item(one, "people"), 0);
    }
    rc = gather_all(team, "department", NULL);
    /* Parents come before their children. */
    for (i = team->count; rc == TN_OK && i-- > 0;) {
        struct line *parent = line_of(team, team->lines[i].parent);

        if (parent)
            add_up(&parent->figures, &team->lines[i].figures);
    }
    return rc;
}

static int read_people(struct team *people, const struct team *team,
                       int64_t department)
{
    const tn_value *found;
    size_t i;
    int rc = tn_people_find(&found, team->ctx, .department = department,
                            .limit = PEOPLE_MAX);

    *people = *team;
    people->count = 0;
    if (rc != TN_OK)
        return rc;
    people->lines =
        tn_alloc(team->ctx, (tn_count(found) + 1) * sizeof(struct line));
    if (!people->lines)
        return TN_E_LIMIT;
    people->count = tn_count(found);
    for (i = 0; i < people->count; i++) {
        people->lines[i].id = tn_as_id(tn_item(tn_at(found, i), "id"));
        people->lines[i].name = tn_as_text(tn_item(tn_at(found, i), "name"));
    }
    return gather_all(people, "owner", tn_id(team->ctx, department));
}

/* ---- the page ---- */

static const char *amount_of(tn_ctx *ctx, int64_t units)
{
    return amount_text(ctx, tn_decimal_value(ctx, units, 2));
}

static const char *rate_of(tn_ctx *ctx, const struct figures *figures)
{
    int64_t closed = figures->won_count + figures->lost_count;
    char *text = tn_alloc(ctx, 16);

    if (!text || closed == 0)
        return "–";
    snprintf(text, 16, "%lld %%",
             (long long)((figures->won_count * 100 + closed / 2) / closed));
    return text;
}

static void add_line(struct table *table, const struct team *team,
                     const struct line *line, const char *url, bool department)
{
    tn_ctx *ctx = team->ctx;
    const struct figures *f = &line->figures;
    tn_value *row = tn_map(ctx), *bar = tn_map(ctx);

    put_text(ctx, row, "name", line->name);
    put_text(ctx, row, "url", url);
    tn_put(row, "department", tn_bool(ctx, department));
    if (department)
        put_text(ctx, row, "people",
                 count_text(ctx, "crm.team.people", line->people));
    put_text(ctx, row, "open", amount_of(ctx, f->open));
    put_text(ctx, row, "open_count",
             count_text(ctx, "crm.deals", f->open_count));
    put_text(ctx, row, "forecast", amount_of(ctx, f->forecast));
    put_text(ctx, row, "won", amount_of(ctx, f->won));
    put_text(ctx, row, "won_count", count_text(ctx, "crm.deals", f->won_count));
    put_text(ctx, row, "rate", rate_of(ctx, f));
    put_text(ctx, row, "activities",
             tn_number(ctx, tn_int(ctx, f->activities)));
    tn_append(table->rows, row);
    put_text(ctx, bar, "label", line->name);
    put_text(ctx, bar, "url", url);
    tn_put(bar, "value", whole(ctx, tn_decimal_value(ctx, f->won, 2)));
    tn_append(table->bars, bar);
    add_up(&table->sum, f);
}

static const char *line_url(const struct team *team, const struct line *line)
{
    char *url = tn_alloc(team->ctx, 80);

    if (!url)
        return "/m/crm/team";
    snprintf(url, 80, "/m/crm/team?period=%s&department=%lld", team->period,
             (long long)line->id);
    return url;
}

static const char *deals_url(tn_ctx *ctx, const struct line *person)
{
    char *url = tn_alloc(ctx, 80);

    if (!url)
        return "/records/" OPPORTUNITIES;
    snprintf(url, 80, "/records/" OPPORTUNITIES "?f.manager.eq=%lld",
             (long long)person->id);
    return url;
}

/* Departments directly below `id` that have figures: how many, and one. */
static size_t below(const struct team *team, int64_t id,
                    const struct line **one)
{
    size_t i, count = 0;

    for (i = 0; i < team->count; i++)
        if (team->lines[i].parent == id && has_figures(&team->lines[i])) {
            *one = &team->lines[i];
            count++;
        }
    return count;
}

static int fill_table(struct table *table, const struct team *team,
                      const struct line *at)
{
    struct team people;
    size_t i;
    int rc = TN_OK;

    memset(table, 0, sizeof *table);
    table->rows = tn_list(team->ctx);
    table->bars = tn_list(team->ctx);
    for (i = 0; i < team->count; i++)
        if (team->lines[i].parent == (at ? at->id : 0) &&
            has_figures(&team->lines[i]))
            add_line(table, team, &team->lines[i],
                     line_url(team, &team->lines[i]), true);
    if (at)
        rc = read_people(&people, team, at->id);
    for (i = 0; at && rc == TN_OK && i < people.count; i++)
        if (has_figures(&people.lines[i]))
            add_line(table, &people, &people.lines[i],
                     deals_url(team->ctx, &people.lines[i]), false);
    return rc;
}

/* The department asked for; without one the first from above that has
 * something to choose from. */
static int choose(const struct line **at, struct table *table,
                  const struct team *team, int64_t asked)
{
    const struct line *one = NULL;
    int rc;

    *at = asked ? line_of(team, asked) : NULL;
    for (;;) {
        rc = fill_table(table, team, *at);
        if (rc != TN_OK || asked || tn_count(table->rows) != 1 ||
            below(team, *at ? (*at)->id : 0, &one) != 1)
            return rc;
        *at = one;
    }
}

static void add_crumbs(const struct team *team, tn_value *data,
                       const struct line *at)
{
    tn_ctx *ctx = team->ctx;
    const struct line *path[16], *line;
    tn_value *page = tn_map(ctx), *crumbs = tn_list(ctx);
    size_t depth = 0;

    for (line = at ? line_of(team, at->parent) : NULL;
         line && depth < sizeof path / sizeof *path;
         line = line_of(team, line->parent))
        path[depth++] = line;
    while (depth-- > 0) {
        tn_value *crumb = tn_map(ctx);

        put_text(ctx, crumb, "label", path[depth]->name);
        put_text(ctx, crumb, "url", line_url(team, path[depth]));
        tn_append(crumbs, crumb);
    }
    tn_put(page, "crumbs", crumbs);
    if (at)
        put_text(ctx, page, "title", at->name);
    tn_put(data, "page", page);
}

static void add_tabs(const struct team *team, tn_value *data,
                     const struct line *at)
{
    static const char *const periods[] = { "month", "quarter", "year" };
    tn_ctx *ctx = team->ctx;
    tn_value *tabs = tn_list(ctx);
    char text[80];
    size_t i;

    for (i = 0; i < 3; i++) {
        tn_value *tab = tn_map(ctx);

        snprintf(text, sizeof text, "crm.team.%s", periods[i]);
        put_text(ctx, tab, "label", tn_t(ctx, text, NULL));
        snprintf(text, sizeof text, "/m/crm/team?period=%s&department=%lld",
                 periods[i], at ? (long long)at->id : 0);
        put_text(ctx, tab, "url", text);
        tn_put(tab, "current",
               tn_bool(ctx, strcmp(periods[i], team->period) == 0));
        tn_append(tabs, tab);
    }
    tn_put(data, "tabs", tabs);
}

/* "month", "quarter", "year" from ?period, and the day it began. */
static void choose_period(struct team *team, tn_request *request)
{
    const char *asked = tn_query(request, "period");
    const char *today = tn_iso_date(team->ctx, tn_now(team->ctx));
    int month =
        strlen(today) == 10 ? (today[5] - '0') * 10 + (today[6] - '0') - 1 : 0;

    team->period = "year";
    team->since = month_in(team->ctx, -month);
    if (asked && strcmp(asked, "month") == 0) {
        team->period = "month";
        team->since = month_in(team->ctx, 0);
    } else if (asked && strcmp(asked, "quarter") == 0) {
        team->period = "quarter";
        team->since = month_in(team->ctx, -(month % 3));
    }
}

static void add_sums(const struct team *team, tn_value *data,
                     const struct figures *sum)
{
    tn_ctx *ctx = team->ctx;
    tn_value *figures = tn_list(ctx);

    add_figure(ctx, figures, tn_t(ctx, "crm.team.open", NULL),
               amount_of(ctx, sum->open),
               count_text(ctx, "crm.deals", sum->open_count), NULL, NULL);
    add_figure(ctx, figures, tn_t(ctx, "crm.team.forecast", NULL),
               amount_of(ctx, sum->forecast), NULL, NULL, NULL);
    add_figure(ctx, figures, tn_t(ctx, "crm.team.won", NULL),
               amount_of(ctx, sum->won),
               count_text(ctx, "crm.deals", sum->won_count), NULL, NULL);
    add_figure(ctx, figures, tn_t(ctx, "crm.team.rate", NULL),
               rate_of(ctx, sum),
               count_text(ctx, "crm.lost_deals", sum->lost_count), NULL, NULL);
    tn_put(data, "figures", figures);
}

static int fill(tn_ctx *ctx, tn_request *request, tn_value *data, void *extra)
{
    struct team team = { .ctx = ctx };
    tn_value *widget, *widgets = tn_list(ctx);
    const struct line *at;
    struct table table;
    int rc;

    (void)extra;
    if (!tn_may(ctx, OPPORTUNITIES, "read"))
        return tn_fail(ctx, TN_E_FORBIDDEN, "crm.not_yours",
                       "no right to read opportunities");
    choose_period(&team, request);
    rc = read_departments(&team);
    if (rc == TN_OK)
        rc = choose(&at, &table, &team,
                    tn_as_id(tn_text(ctx, tn_query(request, "department"))));
    if (rc != TN_OK)
        return rc;
    add_crumbs(&team, data, at);
    add_tabs(&team, data, at);
    add_sums(&team, data, &table.sum);
    tn_put(data, "rows", table.rows);
    widget = new_widget(ctx, "team_won", "chart-bar", NULL);
    tn_append(widgets, widget);
    tn_put(data, "widgets", widgets);
    rc = fill_chart(ctx, widget, "bar", table.bars, true, false);
    return rc;
}

int team_start(tn_module *self)
{
    return TN_PAGE(self, .path = "/m/crm/team", .template_name = "team",
                   .title = "crm.menu.team", .call = fill);
}
