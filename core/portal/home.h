/*
 * home.h - what stands on a person's home page, and in which order.
 *
 * Three kinds of widgets: those that the core and modules register, views
 * that a form's definition puts there ("home": true), and views that the
 * person has added. What one sees in a view grants say, as everywhere.
 */
#ifndef PORTAL_HOME_H
#define PORTAL_HOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctx;
struct form;
struct value;
struct view;
struct widget;

enum { HOME_VIEWS_MAX = 24 };

struct home_item {
    const char *name;            /* "tasks", "view:crm.opportunity:funnel" */
    const char *title;           /* in the reader's language */
    const struct widget *widget; /* NULL: a view */
    const struct form *form;     /* of a view */
    const struct view *view;     /* NULL: the form's plain list */
    bool hidden;                 /* the person has taken it away */
    int64_t place;
};

/* Those that ctx->person may see, in his order; also what he has hidden. */
int home_items(struct home_item **out, size_t *count, struct ctx *ctx);
/* One of them by name; E_NOT_FOUND. */
int home_item_named(struct home_item *out, struct ctx *ctx, const char *name);
/* "view:FORM:KEY"; view NULL: the plain list. */
const char *home_view_name(struct ctx *ctx, const struct form *form,
                           const struct view *view);
/* The name as an element's id. */
const char *home_element(struct ctx *ctx, const char *name);

/* home_view.c: adds what a view shows to a widget's data: rows, a chart. */
int home_view_fill(struct ctx *ctx, const struct home_item *item,
                   struct value *data);

/* home_arrange.c: the page and its POST. */
void home_arrange_start(void);

#endif
