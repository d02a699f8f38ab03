/*
 * records_board.h - the other faces of a list: kanban and chart. They share
 * the list's page, address, filter, search and views; `as=kanban` in the
 * address, or the view's kind, says which one is shown.
 */
#ifndef PORTAL_RECORDS_BOARD_H
#define PORTAL_RECORDS_BOARD_H

#include "form/record.h"

struct ctx;
struct filter;
struct records_filter;
struct request;
struct value;

/* Names of the address that are theirs: kept in it, and for one page only. */
#define BOARD_PARAMS " as chart group series measure "
#define BOARD_ONCE " column "

/* "list", "kanban", "chart"; E_INVALID at "as". */
int records_kind(const char **out, struct ctx *ctx,
                 const struct request *request,
                 const struct records_filter *filter);
/* Adds the switch between them, `kinds`, and "Add to home page". */
void records_kinds_show(struct ctx *ctx, const struct records_filter *filter,
                        const char *kind, struct value *list);
/* The list's address, as a list, with another filter of its own. */
const char *records_list_url(struct ctx *ctx,
                             const struct records_filter *filter,
                             const struct filter *own);

/* records_kanban.c: adds `kanban` to the list's data. query: its `where`,
 * `search`, `sort` and `descending` count. */
int records_kanban_show(struct ctx *ctx, const struct request *request,
                        const struct records_filter *filter,
                        const struct record_query *query, struct value *list);

#endif
