/*
 * export.h - records of a form as CSV or XLSX.
 */
#ifndef FORM_EXPORT_H
#define FORM_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "form/record.h"

struct ctx;

/* More records than this go out by a job. */
enum { EXPORT_AT_ONCE = 5000 };

struct export_column {
    const char *key;           /* of a field, of a system column, or "id" */
    const struct field *field; /* NULL: a system column */
    const char *title;
};

/* What goes out, in this order. */
struct export_plan {
    struct export_column *columns;
    size_t count;
    bool xlsx; /* else CSV */
};

/* All fields that an import reads, and those that are made from them. */
void export_plan_all(struct export_plan *out, struct ctx *ctx,
                     const struct form *form);
/* These columns, and the record's id behind them, by which a file that comes
 * back finds its records. What is hidden, or no column, is left out. */
void export_plan_keys(struct export_plan *out, struct ctx *ctx,
                      const struct form *form, const char *const *keys,
                      size_t count);

/*
 * Writes what `query` finds (its limit, offset and cursor are not asked) and
 * ctx->person may export to `fd`. Numbers, days and moments are such in XLSX;
 * in CSV (UTF-8 with byte order mark) as an import reads them. No text becomes
 * a formula (S27). *count receives the number of records. Inside a job it
 * tells how far it is, where `total` is known.
 */
int export_records(int64_t *count, struct ctx *ctx, const struct form *form,
                   const struct record_query *query,
                   const struct export_plan *plan, int fd, int64_t total);

/* All fields as CSV. */
int export_csv(int64_t *count, struct ctx *ctx, const struct form *form,
               const struct record_query *query, int fd);

/* A file without name in the site's folder. */
int export_open(int *fd, struct ctx *ctx);
/* "clients.xlsx" and the type of its content. */
const char *export_name(struct ctx *ctx, const struct form *form, bool xlsx);
const char *export_type(bool xlsx);

/* Adds a job of ctx->person that leaves the file for a day: *job as
 * event/progress.h has it. In the current write transaction. */
int export_job(int64_t *job, struct ctx *ctx, const struct form *form,
               const struct record_query *query,
               const struct export_plan *plan);
void export_job_start(void);

/* The file of that job goes after a day, though what came of it is still told.
 * 0: no job, nothing. */
int export_forget_later(struct ctx *ctx, int64_t job);

#endif
