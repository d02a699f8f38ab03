/*
 * records_views.h - views over a list: tabs, saving, what opens first.
 */
#ifndef PORTAL_RECORDS_VIEWS_H
#define PORTAL_RECORDS_VIEWS_H

#include <stdbool.h>

#include "portal/records_filter.h"

struct ctx;
struct value;

/* "/records/FORM?view=KEY"; view NULL: the list without one. */
const char *records_view_url(struct ctx *ctx, const struct form *form,
                             const struct views *views,
                             const struct view *view);

/* Adds `views` (tabs), `view_menu` and `notice` to a list's data. */
void records_views_show(struct ctx *ctx, const struct records_filter *filter,
                        struct value *list, bool bin);

/* Registers the pages' POST and /api/v1/views. */
void records_views_start(void);
void records_views_rest_start(void);

#endif
