/*
 * jobs.h - work in the background, shared by its pages, REST and the command
 * line.
 */
#ifndef PORTAL_JOBS_H
#define PORTAL_JOBS_H

#include <stdbool.h>

struct ctx;
struct job_query;
struct request;
struct value;

/* What a job is called: by the core's catalog, or the one of the module that
 * brought it; else its kind. */
const char *jobs_title(struct ctx *ctx, const char *kind);

/* The filter of an address: state, kind, module ("-": the core's), schedules
 * ("1", "0"). Other words match nothing. */
void jobs_filter(struct job_query *out, const struct request *request);

/*
 * All jobs and deliveries that could not be done, into a file: a table with
 * {id, what, name, module, topic, subject, attempt, at, error, data}, the
 * latter as JSON (csv), or a JSON list of them. For administrators: the data
 * may be anybody's.
 */
int jobs_write_dead(struct ctx *ctx, int fd, bool csv);

void admin_jobs_start(void); /* the administration's page */
void jobs_rest_start(void);

#endif
