/*
 * records_totals.h - figures under a list, when somebody asks for them.
 */
#ifndef PORTAL_RECORDS_TOTALS_H
#define PORTAL_RECORDS_TOTALS_H

#include <stdint.h>

#include "form/record.h"

struct columns;
struct ctx;
struct value;

/* Adds `totals` to the list's data: for each column {numeric?, figures[]
 * {label, text}}, over all that the query finds; *count receives how many
 * these are, exactly. */
int records_totals(struct value *list, int64_t *count, struct ctx *ctx,
                   const struct form *form, const struct record_query *query,
                   const struct columns *columns);

#endif
