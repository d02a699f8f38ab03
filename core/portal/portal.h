/*
 * portal.h - the built-in pages: what each part registers while a worker
 * starts. Called by worker/ in this order.
 */
#ifndef PORTAL_PORTAL_H
#define PORTAL_PORTAL_H

#include "base/str.h"
#include "base/value.h"

struct ctx;
struct request;
struct response;

/* Each adds its routes, menu entries and widgets. */
void portal_frame_start(void);   /* home, counts, menus, profile, sign-in */
void portal_admin_start(void);   /* users, departments, roles, modules … */
void portal_records_start(void); /* apply, lists, record pages, REST */
void portal_tasks_start(void);   /* my tasks, task page, notifications, REST */

/*
 * Renders the page template `name` with `data` inside the theme's layout:
 * adds the frame (menu, person, counts, locale, theme, nonce, CSRF token,
 * breadcrumb; documented in view/README.md) and writes the answer. An htmx
 * request gets the same page (htmx selects what it swaps).
 * title: what stands in the top line and <title>; finished text.
 */
int portal_page(struct ctx *ctx, struct request *request,
                struct response *response, const char *name, const char *title,
                struct value *data);

#endif
