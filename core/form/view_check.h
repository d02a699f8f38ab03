/*
 * view_check.h - the content of a view; shared by definitions and view.c.
 */
#ifndef FORM_VIEW_CHECK_H
#define FORM_VIEW_CHECK_H

#include "form/view.h"

/* Filter, sort, columns and the kind's members; problems stand at JSON
 * pointers below `pointer`. */
void view_check_content(struct ctx *ctx, const struct form *form,
                        const struct view_kind *kind,
                        const struct value *content, const char *pointer);

/* view_kind.c: the members of a kanban and of a chart. */
void view_check_kanban(struct ctx *ctx, const struct form *form,
                       const struct value *content, const char *pointer);
void view_check_chart(struct ctx *ctx, const struct form *form,
                      const struct value *content, const char *pointer);

#endif
