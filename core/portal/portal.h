/*
 * portal.h - the built-in pages: what each part registers while a worker
 * starts. Called by worker/ in this order.
 */
#ifndef PORTAL_PORTAL_H
#define PORTAL_PORTAL_H

#include <stdint.h>

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
 * notice; documented in view/README.md) and writes the answer. An htmx
 * request gets the same page (htmx selects what it swaps). data's own map
 * `page` (width, has_bar, crumbs, …) wins over the frame's; response->status
 * stays as the handler set it.
 * title: what stands in the top line and <title>; finished text.
 */
int portal_page(struct ctx *ctx, struct request *request,
                struct response *response, const char *name, const char *title,
                struct value *data);

/* Adds {label, url} to the breadcrumb of a page's data. */
void portal_crumb(struct ctx *ctx, struct value *data, const char *label,
                  const char *url);
/* Sets a key of data's map `page`, made where it is not there. */
void portal_set(struct ctx *ctx, struct value *data, const char *key,
                struct value *item);
/* {name, initials, tone} of a person, for avatars. */
struct value *portal_person(struct ctx *ctx, int64_t id, const char *name);
/* Adds the keys `when` (relative), `exact`, `iso` of an instant to a map. */
void portal_time(struct ctx *ctx, struct value *map, int64_t instant);
/* The entries of a timeline by their "at", newest first, with the keys of
 * portal_time. Those of one moment keep their order, or are turned round where
 * they came `oldest_first`. */
struct value *portal_timeline(struct ctx *ctx, const struct value *entries,
                              bool oldest_first);

/*
 * What another part adds to the page of a record, in order of registration:
 * `data` is the page's data. It may append to
 *   "panels"   maps with "template", a partial rendered with them as context,
 *              beside the record;
 *   "actions"  {label, url, name?, value?, primary?, danger?, confirm?}: a
 *              POST button; with "link" true a plain link;
 *   "entries"  of the timeline: as the theme has them, with "at" (ms UTC) for
 *              their order; `iso`, `exact`, `when` are added.
 */
struct record;
typedef int (*records_panel)(struct ctx *ctx, struct request *request,
                             const struct record *record, struct value *data);
void records_panel_add(records_panel panel);
/* {files} of a record for {{>preview}}: its PDFs with pages as images. */
struct value *records_preview(struct ctx *ctx, const struct record *record);

/* What the command palette finds: adds {kind, label, detail?, url, icon?} to
 * `items`, of what ctx->person may see, at most `most`. kind: "page", "apply",
 * "person", "record", "task". */
typedef int (*portal_finder)(struct ctx *ctx, const char *text, int most,
                             struct value *items);
void portal_finder_add(portal_finder finder);

#endif
