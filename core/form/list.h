/*
 * list.h - a list in the making; shared by record_filter.c (what is asked
 * for), record_list.c (branches and rows), record_count.c and aggregate.c.
 */
#ifndef FORM_LIST_H
#define FORM_LIST_H

#include "access/access.h"
#include "base/map.h"
#include "base/str.h"
#include "form/record.h"

/* Exports and a cascade's level may ask for more than a page, up to this. */
enum { LIST_UNBOUNDED = 5000 };

/* The statement of a list while it is put together. */
struct list {
    struct ctx *ctx;
    const struct form *form;
    const struct record_query *query;
    const char *key; /* the sort's column; "id" where it is the id itself */
    bool by_id, descending;
    const char *filter; /* " AND …" of condition, search and cursor */
    struct vector filter_values;
    const char *rest; /* what comes behind all those, of branches of its own:
                         the other side of NULL; NULL: nothing */
    struct vector rest_values;
    bool resting;      /* the branch is of `rest` */
    const char *match; /* asks the full-text index (search.h); NULL: not */
    bool few;          /* it finds little, whoever may see it */
    bool none;         /* it finds nothing at all */
    struct buf sql;
    struct vector values;
    const char *merge; /* between two branches */
    bool grouped;      /* who merges them takes a record twice, and all */
    int branches;
};

/* record_filter.c: what a system name of lists holds; its column is called
 * the same. */
enum system_kind { SYSTEM_NONE, SYSTEM_ID, SYSTEM_INSTANT, SYSTEM_TEXT };
enum system_kind list_system(const char *name);

/* record_filter.c: the sort's column and the conditions of the query. */
int list_key(struct list *list);
int list_filter(struct list *list);

/* record_list.c: all of the above, and the person's scopes. */
int list_start(struct list *list, struct scopes *scopes, struct ctx *ctx,
               const struct form *form, const struct record_query *query);
/* One branch a scope, joined by list->merge, each with its own LIMIT. */
void list_branches(struct list *list, const struct scopes *scopes,
                   int64_t limit);
/* Another scope shows all that this one does. */
bool list_repeats(const struct scopes *scopes, size_t index);

#endif
