/*
 * copy_parts.h - what the files of a copy share: copy.c goes through the
 * tables, copy_table.c through one table's rows, copy_state.c remembers.
 */
#ifndef STORE_COPY_PARTS_H
#define STORE_COPY_PARTS_H

#include <stdbool.h>

#include "base/crypto.h"
#include "base/map.h"
#include "store/copy.h"
#include "store/driver.h"

struct bulk_table;

enum { COPY_HASH_TEXT = 2 * HASH_SIZE + 1 };

struct copy {
    struct ctx *to, *from;
    const struct copy_options *options;
    struct copy_report *report;
    struct vector tables; /* struct copy_table */
    int64_t done, total;
};

/* A table as it is in the source and in the target. */
struct copy_table {
    const struct bulk_table *from, *to;
    int64_t expected; /* rows, when the copy began */
    int64_t rows;
    char hash[COPY_HASH_TEXT];
    int64_t *cleaned; /* a number for each column */
};

/* ---- copy_table.c ---- */

/* The source's problems become the target's, which the caller looks at. */
void copy_tell(struct copy *copy);
/* Copies what is not there yet; rows and hash are the source's then. */
int copy_rows(struct copy *copy, struct copy_table *table);
/* Reads the target's rows and compares; *same. */
int copy_compare(bool *same, struct copy *copy, const struct copy_table *table);

/* ---- copy_state.c: the table store_copy of the target ---- */

struct copy_state {
    bool there; /* something was begun */
    bool done;
    int64_t rows;
    const char *hash; /* of these rows */
};

/* Begins a copy, or goes on with one; refuses another target. */
int copy_state_open(struct copy *copy);
int copy_state_get(struct copy_state *out, struct ctx *to, const char *table);
/* In the transaction that writes the rows. */
int copy_state_set(struct ctx *to, const char *table, int64_t rows,
                   const char *hash, bool done);
/* The rows of this table are not what they should be: the next attempt
 * copies them anew. */
int copy_state_forget(struct ctx *to, const char *table);

/* Takes out what is made again after the rows, but for the indexes of tables
 * with few; makes it again. */
int copy_state_put_off(struct copy *copy);
int copy_state_make_up(struct ctx *to);
/* The copy is whole: the table goes. In the caller's transaction. */
int copy_state_close(struct ctx *to);

#endif
