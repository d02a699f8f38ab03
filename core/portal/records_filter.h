/*
 * records_filter.h - the filter of a list: between the address, the tree that
 * the store compiles, and chips that people read as sentences.
 */
#ifndef PORTAL_RECORDS_FILTER_H
#define PORTAL_RECORDS_FILTER_H

#include <stdbool.h>

#include "form/record.h"

struct condition;
struct ctx;
struct request;
struct value;

struct records_filter {
    const struct form *form;
    const char *path;        /* of the list */
    struct value *params;    /* what the address says: q, sort, f.* */
    struct value *tests;     /* of {name, key, op, value} */
    struct condition *where; /* NULL: everything */
    const char *search;      /* NULL: none */
    const char *redirect;    /* the canonical address of add.* */
};

int records_filter_read(struct records_filter *out, struct ctx *ctx,
                        const struct request *request, const struct form *form,
                        const char *path);
/* The list's address with `name` set to `value` (NULL: without it); the page
 * is the first again unless it is what is set. */
const char *records_filter_url(struct ctx *ctx,
                               const struct records_filter *filter,
                               const char *name, const char *value);
bool records_filter_active(const struct records_filter *filter);
/* Adds q, keep, chips, filter_fields, filter_ops to the list's data. */
void records_filter_show(struct ctx *ctx, const struct records_filter *filter,
                         struct value *list);

#endif
