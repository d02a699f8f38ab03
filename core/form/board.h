/*
 * board.h - what a kanban and a chart can show of a form: columns, which are
 * the options of a choice or the records of a small form that a link leads to;
 * figures.
 */
#ifndef FORM_BOARD_H
#define FORM_BOARD_H

#include <stdbool.h>
#include <stddef.h>

#include "form/form.h"

struct ctx;

enum { BOARD_COLUMNS = 40, BOARD_CARD_FIELDS = 8 };

struct board_column {
    const char *key; /* as a value in JSON: the option, the record's id */
    const char *title;
    const char *color; /* of the option; NULL */
};

/* Whether records can be put into columns by this field. */
bool board_field(const struct field *field);
/* The first one of the form; NULL. */
const struct field *board_default(const struct form *form);

/* In the order of the options, or of the other form's list, of what
 * ctx->person may read there; at most BOARD_COLUMNS. */
int board_columns(struct board_column **out, size_t *count, struct ctx *ctx,
                  const struct field *field);

/* Whether a chart can show it: "count", "sum:amount", "avg:amount". */
bool board_measure_known(struct ctx *ctx, const struct form *form,
                         const char *measure);

#endif
