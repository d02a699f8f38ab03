/*
 * bulk.h - tables as wholes: what a store consists of, and many rows in and
 * out. Each driver has one; copy.c makes a copy of a site of two of them.
 * Shared by the store's own files only.
 */
#ifndef STORE_BULK_H
#define STORE_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bind;
struct bulk_stream;
struct ctx;
struct map;
struct vector;

struct bulk_column {
    const char *name;
    char kind;     /* i, d, t, b as the letters of db_query */
    unsigned type; /* the driver's own */
};

struct bulk_table {
    const char *name;
    struct bulk_column **columns; /* in the order of their names */
    size_t count;
    /* Terms of ORDER BY that give the rows the same order on every store. */
    const char *order;
};

/* What is made again after the rows: an index, a foreign key, a trigger. */
struct bulk_later {
    const char *name, *table;
    const char *drop, *make; /* in the driver's own words */
    bool index;              /* rows may come while it is there */
};

struct bulk {
    /* The session is for bulk work from now on: no time limits, nothing that
     * looks at each row. target: it fills a store that nobody reads before
     * finish. alone: keeps the other hosts' programs from changing
     * anything until it is closed; E_BUSY where one has the site open. */
    int (*settle_in)(struct ctx *ctx, bool target);
    int (*alone)(struct ctx *ctx);
    /* Names of all tables, those that refer to others behind them; of the
     * store's own bookkeeping none (bulk_skips). */
    int (*tables)(struct vector *names, struct ctx *ctx);
    /* Sets *out to the table, or NULL where it is not there. */
    int (*describe)(struct bulk_table **out, struct ctx *ctx, const char *name);
    /* Statements that make the table with its indexes, in SQLite's words
     * (texts in the vector). */
    int (*definition)(struct vector *texts, struct ctx *ctx, const char *name);
    /* All struct bulk_later that there are. */
    int (*later)(struct vector *list, struct ctx *ctx);
    /* Inside a transaction: runs one of their texts; takes all rows out of a
     * table, whatever watches it. */
    int (*run)(struct ctx *ctx, const char *sql);
    int (*empty)(struct ctx *ctx, const struct bulk_table *table);
    /* Outside of one: begins to run a text (kept by the caller) in a session
     * beside this one, if the store has such (NULL: it has not) and it is
     * free; whether it still runs; waits for it: its error. What was begun
     * and not waited for may be there or not. */
    bool (*beside_begin)(struct ctx *ctx, const char *sql);
    bool (*beside_busy)(struct ctx *ctx);
    int (*beside_end)(struct ctx *ctx);

    /* Rows, in the table's order, of the snapshot or transaction that is
     * open: 1 and the cells (valid until the next call), 0 at the end. */
    int (*read_begin)(struct bulk_stream **out, struct ctx *ctx,
                      const struct bulk_table *table);
    int (*read)(struct bulk_stream *stream, struct bind *cells);
    int (*read_end)(struct bulk_stream *stream); /* NULL is allowed */

    /* Rows into a table, inside a transaction. */
    int (*write_begin)(struct bulk_stream **out, struct ctx *ctx,
                       const struct bulk_table *table);
    int (*write)(struct bulk_stream *stream, const struct bind *cells);
    /* good: keep them; else the transaction is to be rolled back. */
    int (*write_end)(struct bulk_stream *stream, bool good);

    /* Whether each row that is referred to is there; E_INVALID. */
    int (*check)(struct ctx *ctx);
    /* What the planner wants to know is gathered; all is on the disk. */
    int (*finish)(struct ctx *ctx);
};

extern const struct bulk sqlite_bulk, pg_bulk;

/* Tables that a driver keeps for itself, and those that are made anew from
 * others (the full-text index). */
bool bulk_skips(const char *table);
/* Adds the names that a query of one column gives, but for those. */
int bulk_table_names(struct vector *names, struct ctx *ctx, const char *sql);

/* The columns' names for a statement: "a", "b". */
const char *bulk_names(struct ctx *ctx, const struct bulk_table *table);

#endif
