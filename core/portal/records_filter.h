/*
 * records_filter.h - the filter of a list: between the address, the tree that
 * the store compiles, and chips that people read as sentences.
 *
 * The address holds everything: view=KEY (a saved one, or "all"), f.KEY.OP and
 * gN.KEY.OP (members of a group) with values, match=any, q, sort. A view alone
 * brings its own filter; what stands beside it in the address takes the place
 * of that (filter=none: nothing does), but never of a locked view's.
 */
#ifndef PORTAL_RECORDS_FILTER_H
#define PORTAL_RECORDS_FILTER_H

#include <stdbool.h>

#include "form/filter.h"
#include "form/record.h"
#include "form/view.h"

struct condition;
struct ctx;
struct request;
struct value;

struct records_filter {
    const struct form *form;
    const char *path; /* of the list */
    struct views views;
    const struct view *view; /* the one that is shown; NULL: none */
    bool all;                /* view=all: none, whatever opens first */
    bool edited;             /* the view's filter was changed in the address */
    bool stale;              /* the view does not fit the form any more */
    struct filter *own, *locked; /* both hold; locked may be NULL */
    struct condition *where;     /* of both; NULL: everything */
    const char *search;          /* NULL: none */
    const char *sort;            /* "-amount"; NULL: the form's */
    bool search_set, sort_set;   /* they come from the address */
    struct value *kept;          /* what other faces of the list have in it */
    const char *redirect;        /* the canonical address of add.* */
    /* The editor: which test is edited, what was wrong with the one sent. */
    bool editing;
    size_t edit_part, edit_test;
    const char *edit_problem;
};

/* What a page has in its address besides, e.g. " group lane ": not refused. */
int records_filter_read_with(struct records_filter *out, struct ctx *ctx,
                             const struct request *request,
                             const struct form *form, const char *path,
                             const char *others);
/* The same where it has nothing but `page`, `edit` and `add.*`. */
int records_filter_read(struct records_filter *out, struct ctx *ctx,
                        const struct request *request, const struct form *form,
                        const char *path);
/* The filter of a view (NULL: none) without an address: for widgets. */
int records_filter_of_view(struct records_filter *out, struct ctx *ctx,
                           const struct form *form, const struct view *view);
/* name → value of the address, canonical. */
struct value *records_filter_params(struct ctx *ctx,
                                    const struct records_filter *filter);
/* The same as a form keeps them, {name, value} each, but for those that it asks
 * for itself: `own`, between spaces (" q "). */
struct value *records_filter_keep(struct ctx *ctx,
                                  const struct records_filter *filter,
                                  const char *own);
/* The list's address with `name` set to `value` (NULL: without it); the page
 * is the first again unless it is what is set. */
const char *records_filter_url(struct ctx *ctx,
                               const struct records_filter *filter,
                               const char *name, const char *value);
/* The address with another filter of its own. */
const char *records_filter_url_of(struct ctx *ctx,
                                  const struct records_filter *filter,
                                  const struct filter *own);
/* A copy of the filter, to be changed. */
struct filter *records_filter_copy(struct ctx *ctx,
                                   const struct filter *filter);
/* Takes a test out; its part too where it was the last. */
void records_filter_drop(struct filter *filter, size_t part, size_t test);
/* own and locked together as a condition; NULL: everything. */
struct value *records_filter_json(struct ctx *ctx,
                                  const struct records_filter *filter);
bool records_filter_active(const struct records_filter *filter);
/* Adds q, keep, chips, match, filter_fields, filter_ops, editor to the list's
 * data. */
void records_filter_show(struct ctx *ctx, const struct records_filter *filter,
                         struct value *list);

/* records_sentence.c: a test as people read it, "Stage is Won or Lost". */
const char *records_sentence(struct ctx *ctx, const struct form *form,
                             const struct filter_test *test);
/* "this month", "in the last 7 days". */
const char *records_period(struct ctx *ctx, const char *period);
void records_chips(struct ctx *ctx, const struct records_filter *filter,
                   struct value *list);

/* records_filter_edit.c: what the editor sent; its data. */
int records_filter_add(struct records_filter *filter, struct ctx *ctx,
                       const struct request *request);
void records_filter_editor(struct ctx *ctx, const struct records_filter *filter,
                           struct value *list);

#endif
