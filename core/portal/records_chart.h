/*
 * records_chart.h - figures of a form's records as a chart: for the list
 * page's view "chart" and for widgets of the home page.
 */
#ifndef PORTAL_RECORDS_CHART_H
#define PORTAL_RECORDS_CHART_H

#include "form/record.h"

struct ctx;
struct records_filter;
struct request;
struct value;
struct view;

/* Names as record_aggregate() has them; series NULL: none. */
struct chart_ask {
    const char *kind, *group, *series, *measure;
};

/* What the view asks for (a kanban: its columns), else what suits the form:
 * its first choice, else the month of its creation. view may be NULL. */
void records_chart_default(struct chart_ask *out, struct ctx *ctx,
                           const struct form *form, const struct view *view);
/* The same, and over it what the address says. E_INVALID. */
int records_chart_ask(struct chart_ask *out, struct ctx *ctx,
                      const struct request *request,
                      const struct records_filter *filter);

/* *out: data of {{>chart}}; what it shows leads to the list, narrowed. query:
 * its `where`, `search` and `bin` count. */
int records_chart_make(struct value **out, struct ctx *ctx,
                       const struct records_filter *filter,
                       const struct record_query *query,
                       const struct chart_ask *ask);

/* Adds `chart` and `chart_form` to the list's data. */
int records_chart_show(struct ctx *ctx, const struct request *request,
                       const struct records_filter *filter,
                       const struct record_query *query, struct value *list);

/* "Expected closing, by month"; "Amount (sum)". */
const char *records_group_title(struct ctx *ctx, const struct form *form,
                                const char *name);
const char *records_measure_title(struct ctx *ctx, const struct form *form,
                                  const char *name);

#endif
