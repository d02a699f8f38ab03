/*
 * export.h - records of a form as CSV.
 */
#ifndef FORM_EXPORT_H
#define FORM_EXPORT_H

#include <stdint.h>

#include "form/record.h"

struct ctx;

/*
 * Writes what `query` finds (its limit, offset and cursor are not asked) and
 * ctx->person may export to `fd`: UTF-8 with byte order mark, titles in the
 * first row, values as an import reads them, formulas neutralised (S27).
 * Sub-tables are left out. *count receives the number of records.
 */
int export_csv(int64_t *count, struct ctx *ctx, const struct form *form,
               const struct record_query *query, int fd);

#endif
