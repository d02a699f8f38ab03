/*
 * aggregate.h - figures of records by groups: for charts, the columns of a
 * kanban, totals of lists, reports and modules.
 *
 * The same truth as lists: the person's scopes, hidden fields and the bin are
 * asked here as they are there; the database does the sums.
 */
#ifndef FORM_AGGREGATE_H
#define FORM_AGGREGATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "form/record.h"

struct ctx;
struct value;

enum { AGGREGATE_GROUPS = 3, AGGREGATE_MEASURES = 8, AGGREGATE_ROWS = 1000 };

/*
 * groups    field keys or system names (owner, department, state, created_at
 *           …); of dates and instants with a bucket in the person's zone:
 *           "closes:month" (day, week, month, quarter, year). None: one row.
 * measures  "count", "sum:KEY", "avg:KEY", "min:KEY", "max:KEY".
 * sort      one of both, "-" before it: descending; NULL: the groups' own
 *           order (options of a choice in theirs, the rest ascending).
 */
struct aggregate {
    const char *groups[AGGREGATE_GROUPS];
    size_t group_count;
    const char *measures[AGGREGATE_MEASURES];
    size_t measure_count;
    const char *sort;
    int limit; /* 1 to AGGREGATE_ROWS; 0: 200 */
};

/*
 * *out: a list of maps {"group": {name: value}, "text": {name: for people},
 * "count": 12, "sum:amount": decimal}, values as record_value() has them; a
 * figure of no values is null. query: its `where`, `search` and `bin` count.
 *
 * Returns 0; E_INVALID (an unknown or hidden field, one that can't be summed
 * or grouped; said at "groups" or "measures"), E_FORBIDDEN, a store error.
 */
int record_aggregate(struct value **out, struct ctx *ctx,
                     const struct form *form, const struct record_query *query,
                     const struct aggregate *ask);

/* Whether it takes this name as a group ("closes:month"), as a measure
 * ("sum:amount"); asks without leaving a problem. */
bool aggregate_group_known(struct ctx *ctx, const struct form *form,
                           const char *name);
bool aggregate_measure_known(struct ctx *ctx, const struct form *form,
                             const char *name);

/* The period that begins on that day, as people read it: "March 2026". */
const char *aggregate_period_text(struct ctx *ctx, enum calendar_unit unit,
                                  const char *date);

#endif
