/*
 * aggregate_internal.h - figures in the making; shared by aggregate_ask.c
 * (what is asked for), aggregate.c (the statement), aggregate_rows.c (what it
 * answers) and aggregate_text.c (names and order of the groups).
 */
#ifndef FORM_AGGREGATE_INTERNAL_H
#define FORM_AGGREGATE_INTERNAL_H

#include "base/clock.h"
#include "form/aggregate.h"
#include "form/list.h"

enum measure_kind {
    MEASURE_COUNT,
    MEASURE_SUM,
    MEASURE_AVG,
    MEASURE_MIN,
    MEASURE_MAX
};

/* A name that was found: a field, or a system column. */
struct subject {
    const struct field *field; /* NULL: a system one */
    enum system_kind system;
    const char *column; /* t."f_amount" */
};

struct group {
    const char *name; /* as it was asked for: "closes:month" */
    struct subject of;
    bool period;
    enum calendar_unit unit; /* of a period */
};

struct measure {
    const char *name;
    enum measure_kind kind;
    struct subject of;
};

struct aggregation {
    struct ctx *ctx;
    const struct form *form;
    struct group groups[AGGREGATE_GROUPS];
    struct measure measures[AGGREGATE_MEASURES];
    size_t group_count, measure_count;
    int sort_group, sort_measure; /* -1: none */
    bool descending;
    int limit;
};

/* Where a group stands among the others: empty ones last, then by number, then
 * by bytes. */
struct rank {
    bool empty;
    int64_t number;
    const unsigned char *bytes;
    size_t length;
};

struct figures {
    struct value *group[AGGREGATE_GROUPS]; /* stored values; NULL: empty */
    const char *text[AGGREGATE_GROUPS];
    struct rank rank[AGGREGATE_GROUPS];
    struct value *measure[AGGREGATE_MEASURES];
};

/* aggregate_ask.c: checks all names. */
int aggregation_read(struct aggregation *out, struct ctx *ctx,
                     const struct form *form, const struct aggregate *ask);

/* aggregate_rows.c: reads the rows of the statement into `out` (struct
 * figures); a row as record_aggregate() gives it. */
struct query;
int aggregation_rows(struct vector *out, const struct aggregation *work,
                     struct query *rows);
struct value *aggregation_value(const struct aggregation *work,
                                const struct figures *row);

/* aggregate_text.c: texts and ranks of all groups, without a query for each;
 * then the groups' own order. */
int aggregation_name(const struct aggregation *work, struct figures **rows,
                     size_t count);
void aggregation_sort(const struct aggregation *work, struct figures **rows,
                      size_t count);

#endif
