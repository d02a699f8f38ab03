/*
 * import.h - tables of text become records of a form.
 *
 * One file makes records of one form; several files, each naming its parent
 * in the one before, make one form that is a tree (a cascade). Where there is
 * no such form it is made, its types guessed. Rows that are refused are given
 * back with their reasons.
 */
#ifndef FORM_IMPORT_H
#define FORM_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctx;
struct import_numbers;
struct value;

enum { IMPORT_FILES_MAX = 12, IMPORT_ROWS_MAX = 2000000 };

/* A row as it came. */
struct import_row {
    int64_t line;
    const char **cells;  /* as many as the header has; "" where missing */
    const bool *numbers; /* of a workbook: cells that are no texts; NULL */
};

struct import_file {
    const char *name; /* "cities.csv", for messages and names of levels */
    const char **header;
    size_t columns;
    struct import_row *rows;
    size_t row_count;
    struct import_numbers *said; /* of each column: how its numbers stand */
    /* "point", "comma", or NULL: as the numbers of a column say. */
    const char *decimal;
};

struct import_options {
    const char *form;
    bool all_or_none;
    /* A row was refused: text in the person's language. May be NULL. */
    int (*refuse)(struct ctx *ctx, void *payload,
                  const struct import_file *file, const struct import_row *row,
                  const char *reason);
    /* May be NULL. */
    void (*progress)(void *payload, int64_t done, int64_t total);
    void *payload;
};

struct import_result {
    int64_t rows, imported, refused;
    bool made_form;
};

/* Splits a file into rows: CSV (byte order mark, UTF-8, GB18030) or the sheet
 * of an XLSX workbook, by its name or its number from "1" (NULL: the first).
 * E_INVALID with line and column; row-wise errors are not its business. The
 * structure is filled from `data`, which must stay, in ctx's arena. */
int import_read(struct import_file *file, struct ctx *ctx, const char *name,
                const char *data, size_t length, const char *sheet);

/* Imports as the system. Batches hold the writer lock at most 50 ms. With
 * all_or_none and a refused row nothing stays (E_INVALID "import.none"). */
int import_run(struct import_result *out, struct ctx *ctx,
               struct import_file *files, size_t count,
               const struct import_options *options);

/* The definition that import_run would publish for one file; for several, the
 * tree's. */
int import_guess(struct value **definition, struct ctx *ctx, const char *form,
                 const struct import_file *files, size_t count);

#endif
