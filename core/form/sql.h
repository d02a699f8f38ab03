/*
 * sql.h - the statements of one form, made once when it is loaded.
 *
 * All names in them are generated from checked keys (S20); values are bound.
 */
#ifndef FORM_SQL_H
#define FORM_SQL_H

#include <stddef.h>

#include "form/form.h"

struct arena;
struct ctx;

/* System columns, in the order of `select`: id version owner department state
 * created_at created_by updated_at updated_by deleted_at, then the fields. */
enum { SYSTEM_COLUMNS = 10 };

struct form_sql {
    const char *columns; /* t.id, t.version … t."f_a": of the list */
    const char *select;  /* SELECT columns FROM table t WHERE t.id = ?1 */
    const char *locked;  /* the same, and nobody else changes it meanwhile */
    const char *insert;  /* all system columns, search, fields, sort keys */
    const char **rows;   /* per field: SELECT of a sub-table's rows, or NULL */
    const char **row_inserts;
    const char **row_deletes;
};

struct form_sql *form_sql_make(struct arena *arena, const struct form *form);

/* Makes or extends the tables and indexes; in a transaction. */
int form_tables_make(struct ctx *ctx, const struct form *form);

/* Whether an index that this makes ("owner", "f_x_unique") is there. */
int form_index_there(bool *out, struct ctx *ctx, const char *table,
                     const char *suffix);

#endif
