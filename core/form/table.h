/*
 * table.h - the rows of a file that somebody's spreadsheet saved: CSV in the
 * usual encodings and with the usual separators, or XLSX.
 *
 * What a file is, its content says, never its name.
 */
#ifndef FORM_TABLE_H
#define FORM_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "form/csv.h"

struct ctx;

enum { TABLE_COLUMNS_MAX = 200, TABLE_ROWS_MAX = 2000000 };

/* A file that is open; its bytes are mapped until the arena goes. */
struct table {
    const char *name; /* for messages */
    const char *data; /* as it lies on the disk */
    size_t length;
    bool workbook;        /* XLSX; else CSV */
    const char *encoding; /* of a CSV: asked for, then what was found */
    char separator;       /* of a CSV: asked for (0: found), then in force */
    size_t sheet;         /* of a workbook, from 0 */
    const char *const *sheets;
    size_t sheet_count;
    struct xlsx *book;
};

/* Maps what `fd` holds and finds out what it is. encoding NULL, separator 0:
 * found. E_INVALID with a sentence where it is no table. */
int table_open(struct table *out, struct ctx *ctx, const char *name, int fd,
               const char *encoding, char separator, size_t sheet);

/* The same of bytes that stay where they lie. */
int table_of(struct table *out, struct ctx *ctx, const char *name,
             const char *data, size_t length);

/* Passes on the rows in which anything stands, each cell clean text. A code
 * of `take` other than 0 ends the reading with it. Errors name the file. */
int table_rows(struct table *table, struct ctx *ctx, csv_take take,
               void *payload);

#endif
