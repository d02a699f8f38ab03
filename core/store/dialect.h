/*
 * dialect.h - the few pieces of SQL that the stores write differently.
 *
 * Statements are written once, in what SQLite and PostgreSQL share
 * (docs/architecture.md, "SQL"). Where there is no shared way, the text comes
 * from here; who needs one more adds it here, not an `if` of its own.
 */
#ifndef STORE_DIALECT_H
#define STORE_DIALECT_H

#include <stdbool.h>

#include "store/db.h"

struct arena;
struct map;

enum db_dialect { DB_SQLITE, DB_POSTGRESQL };
enum db_dialect db_dialect(const struct ctx *ctx);

/*
 * An item of FROM: the elements of the JSON list that the expression `sql`
 * ("?1") gives, in the column "value". Take numbers as CAST(value AS BIGINT):
 *     id IN (SELECT CAST(value AS BIGINT) FROM <items> AS j)
 */
const char *db_json_items(struct ctx *ctx, const char *sql);

/* Behind a table's name in FROM: the table is read as it stands, because
 * nearly all of it is wanted. Empty where the store sees that by itself. */
const char *db_not_indexed(const struct ctx *ctx);

/* Whether tally() is there (store/db.h); else GROUP BY says the same. */
bool db_has_tally(const struct ctx *ctx);

/* Whether a write transaction has the whole store to itself: what was read
 * just before it, and is still the newest, holds in it. */
bool db_one_writer(const struct ctx *ctx);

/* ---- what there is ---- */

/* The columns of a table, by name (the values mean nothing); empty where the
 * table is not there. */
int db_columns(struct map **out, struct ctx *ctx, const char *table);
/* Whether the table has an index of that name. */
int db_index_exists(bool *out, struct ctx *ctx, const char *table,
                    const char *index);

#endif
