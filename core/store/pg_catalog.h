/*
 * pg_catalog.h - PostgreSQL's tables as definitions: for pg_bulk.c only
 * (bulk.h says what each gives).
 */
#ifndef STORE_PG_CATALOG_H
#define STORE_PG_CATALOG_H

struct bulk_table;
struct ctx;
struct vector;

int pg_catalog_tables(struct vector *names, struct ctx *ctx);
int pg_catalog_describe(struct bulk_table **out, struct ctx *ctx,
                        const char *name);
int pg_catalog_definition(struct vector *texts, struct ctx *ctx,
                          const char *name);
int pg_catalog_later(struct vector *list, struct ctx *ctx);

/* An expression as PostgreSQL writes it, in SQLite's words: without casts and
 * collations, names quoted, x = ANY (ARRAY[…]) as x IN (…). */
const char *pg_catalog_expression(struct ctx *ctx, const char *text);

#endif
