/*
 * filter.h - a list's filter as people see it: tests, and groups of tests one
 * level deep.
 *
 * "All of these" holds tests and groups of which one test must hold; "any of
 * these" holds tests and groups of which all must. In JSON it is a condition
 * (store/condition.h) of that shape; pages show it as chips (portal).
 */
#ifndef FORM_FILTER_H
#define FORM_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "form/form.h"

struct condition;
struct ctx;

enum { FILTER_TESTS = 40, FILTER_PARTS = 20, FILTER_VALUES = 100 };

/* Kinds of values, for operators. */
enum filter_class {
    CLASS_TEXT = 1,
    CLASS_NUMBER = 2,
    CLASS_DATE = 4,
    CLASS_INSTANT = 8,
    CLASS_CHOICE = 16,
    CLASS_LIST = 32,
    CLASS_ID = 64,
    CLASS_BOOLEAN = 128,
};

/* An operator: its name in addresses, the condition's, and where it fits. */
struct filter_op {
    const char *name, *op;
    int classes;
};

/* The row of that name, or of the i-th; NULL. */
const struct filter_op *filter_op_named(const char *name);
const struct filter_op *filter_op_at(size_t index);

struct filter_test {
    const char *key;
    const struct filter_op *op;
    const char **values; /* none of "empty"; one; several of "in" */
    size_t count;
};

struct filter_part {
    struct filter_test *tests; /* more than one: a group */
    size_t count;
};

struct filter {
    bool any; /* one of the parts must hold, not all */
    struct filter_part parts[FILTER_PARTS];
    size_t count;
    size_t tests; /* in all parts */
};

/* Whether a list can be filtered by this name; the class of its values. */
bool filter_key_known(const struct form *form, const char *key);
int filter_class_of(const struct form *form, const char *key);

/*
 * Adds a test to the i-th part (i = count: a new one). values: as texts.
 * E_INVALID at `where` where key, operator or values do not fit; E_LIMIT
 * where the filter has no more room.
 */
int filter_add(struct filter *filter, struct ctx *ctx, const struct form *form,
               size_t part, const struct filter_test *test, const char *where);

/* A condition of the shape above; NULL json is the empty filter. Problems
 * stand at JSON pointers that begin with `pointer`. */
int filter_read(struct filter **out, struct ctx *ctx, const struct form *form,
                const struct value *json, const char *pointer);
/* Back again; NULL where the filter is empty. */
struct value *filter_json(struct ctx *ctx, const struct filter *filter);

#endif
