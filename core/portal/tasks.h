/*
 * tasks.h - what the files of the tasks pages share.
 */
#ifndef PORTAL_TASKS_H
#define PORTAL_TASKS_H

#include <stdint.h>

#include "flow/flow.h"

struct ctx;
struct record;
struct request;
struct value;

/* {text, color} of a state of a task or an application. */
struct value *tasks_state(struct ctx *ctx, const char *state);

/* `path` (and `picture`, `incident`) of a record's process for the partial
 * tasks/panel; NULL where it has none. *status receives flow_status(). */
int tasks_panel(struct value **out, struct value **status, struct ctx *ctx,
                int64_t record);

/* Appends the process's history to timeline entries, as portal.h has them. */
int tasks_entries(struct ctx *ctx, int64_t record, struct value *entries);

/* A fresh operation id for a form, as `keep` of the theme's forms. */
struct value *tasks_keep(struct ctx *ctx, const struct request *request);

/* The parts that portal_tasks_start() registers. */
void tasks_list_start(void);
void tasks_page_start(void);
void tasks_panel_start(void);
void tasks_rest_start(void);

#endif
