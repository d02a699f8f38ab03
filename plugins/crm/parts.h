/*
 * parts.h - what the module's pages are put together from: days, amounts,
 * figures, widgets (themes/default/README.md).
 */
#ifndef CRM_PARTS_H
#define CRM_PARTS_H

#include "crm.h"

/* A day as fields have it: so many days from today; the first of this month,
 * so many months from it. In the person's zone. */
tn_value *day_in(tn_ctx *ctx, int days);
tn_value *month_in(tn_ctx *ctx, int months);

/* ---- deals ---- */

/* A list of the stages of open deals. */
const tn_value *open_stages(tn_ctx *ctx);
/* The colour of a stage's badge. */
const char *stage_color(const char *stage);

/* How many records `where` there are, and what `field` adds up to (NULL: not
 * asked). */
struct sum {
    int64_t count;
    const tn_value *total;
};
int sum_of(struct sum *out, tn_ctx *ctx, const char *form,
           const tn_condition *where, const char *field);

/* ---- texts ---- */

void put_text(tn_ctx *ctx, tn_value *map, const char *key, const char *text);
/* An amount without its cents, rounded half up. */
tn_value *whole(tn_ctx *ctx, const tn_value *amount);
/* The same as people read it, in the currency of the settings. */
const char *amount_text(tn_ctx *ctx, const tn_value *amount);
/* The catalog's text of `key` with {count}. */
const char *count_text(tn_ctx *ctx, const char *key, int64_t count);
/* "/records/FORM/ID" */
const char *record_url(tn_ctx *ctx, const char *form, const tn_value *record);
const char *customer_url(tn_ctx *ctx, const tn_value *id);

/* ---- parts ---- */

/* Appends a figure; url, detail and tone may be NULL. */
void add_figure(tn_ctx *ctx, tn_value *figures, const char *label,
                const char *text, const char *detail, const char *url,
                const char *tone);
/* Appends a fact unless its text is empty. */
void add_fact(tn_ctx *ctx, tn_value *facts, const char *label, const char *text,
              const char *url);
/* A widget `name` whose title is crm.NAME.title of the catalog, and what it
 * says without rows crm.NAME.none; url: of all of them (NULL). */
tn_value *new_widget(tn_ctx *ctx, const char *name, const char *icon,
                     const char *url);
/* A row of a widget; detail and when may be NULL. */
tn_value *add_row(tn_ctx *ctx, tn_value *rows, const char *url,
                  const char *label, const char *detail, const char *when);
void set_badge(tn_ctx *ctx, tn_value *row, const char *text, const char *color);
/* Puts a chart of these rows into a widget. money: amounts, else counts. */
int fill_chart(tn_ctx *ctx, tn_value *widget, const char *kind,
               const tn_value *rows, bool money, bool ordered);
/* Rows of open next steps `where` more holds (NULL), the earliest first. */
int add_steps(tn_ctx *ctx, tn_value *rows, const tn_condition *more, int limit,
              bool with_customer);

#endif
