/*
 * records_columns.h - the columns of a list: which there are, which a person
 * sees.
 */
#ifndef PORTAL_RECORDS_COLUMNS_H
#define PORTAL_RECORDS_COLUMNS_H

#include "form/record.h"

struct ctx;
struct records_filter;
struct value;

enum { COLUMNS_MAX = 20 };

/* A column of the list, with the parts that all its cells share. */
struct column {
    const char *key;
    const struct field *field; /* NULL: a column of the system */
    struct value *label, *control;
    struct value *shared; /* what all its cells have */
    int width; /* in steps of WIDTH_STEP px; 0: as the content needs */
    bool numeric, primary;
};

/* Widths go in steps, each a class of the theme (tn-w-6 to tn-w-100). */
enum { WIDTH_STEP = 8, WIDTH_LEAST = 6, WIDTH_MOST = 100 };

struct columns {
    struct column items[COLUMNS_MAX];
    size_t count;
};

/* The person's own choice for the view that is shown (or the plain list), else
 * the view's, the definition's, the first fields. One is `primary`: it opens
 * the record. */
int columns_choose(struct columns *out, struct ctx *ctx,
                   const struct records_filter *filter);
/* Those of a list of keys; what the form doesn't have is left out. */
void columns_of(struct columns *out, struct ctx *ctx, const struct form *form,
                const struct value *keys);
/* What the column shows of a record: a field in mode "cell". */
struct value *column_cell(struct ctx *ctx, const struct column *column,
                          const struct record *record);
/* {key, label, shown} of all columns that the form has. */
struct value *columns_choices(struct ctx *ctx, const struct form *form,
                              const struct columns *shown);

/* Registers the POST that keeps a person's choice. */
void records_columns_start(void);

#endif
