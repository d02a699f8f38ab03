/*
 * bulk.h - one change of many records: fields set, into the bin, out of it.
 *
 * Each record is changed as if alone, by record_update() and its like: with
 * the person's rights, hooks, trail; what may not be done is left and listed.
 * It can be taken back where nobody has changed the same values since.
 */
#ifndef FORM_BULK_H
#define FORM_BULK_H

#include <stddef.h>
#include <stdint.h>

#include "form/form.h"

struct ctx;

/* Above BULK_AT_ONCE records it is a job. */
enum { BULK_MOST = 5000, BULK_AT_ONCE = 200, BULK_LISTED = 200 };

/*
 * Begins the work on these records, and does it unless it is a job's.
 *
 * action   "update", "delete", "restore".
 * values   of an update: field key → value as JSON has it; else NULL.
 *
 * Returns 0; E_INVALID (no records, no such field or none that is written;
 * unknown action), E_LIMIT, a store error.
 */
int bulk_start(int64_t *id, struct ctx *ctx, const struct form *form,
               const char *action, const struct value *values,
               const int64_t *records, size_t count);
/* Takes it back. E_NOT_FOUND where it is not ctx->person's; E_CONFLICT while
 * it is at work or where it was taken back. */
int bulk_undo(struct ctx *ctx, const struct form *form, int64_t id);

/*
 * {id, action, state: "waiting" | "running" | "done" | "undoing" | "undone",
 * job?, total, done, refused, undone, kept, left, items: [{record, label,
 * reason, state}] of those refused or kept, at most BULK_LISTED}. E_NOT_FOUND
 * where it is not ctx->person's.
 */
int bulk_value(struct value **out, struct ctx *ctx, const struct form *form,
               int64_t id);

/* Registers the job; forgets what is older. */
void bulk_job_start(void);
int bulk_purge(struct ctx *ctx, int64_t before);

#endif
