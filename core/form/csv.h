/*
 * csv.h - reading CSV (RFC 4180, and what spreadsheets make of it), piece by
 * piece; writing a cell.
 *
 * Fed with UTF-8. Cells may be quoted, hold the separator, quotes ("") and
 * line ends; rows end by LF, CRLF or CR. Errors name line and column.
 */
#ifndef FORM_CSV_H
#define FORM_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct ctx;

enum { CSV_CELL_MAX = 200000, CSV_CELLS_MAX = 1000 };

struct csv_row {
    int64_t line; /* where the row begins, from 1 */
    const char **cells;
    size_t count;
    int64_t end;         /* bytes of the text up to the end of this row */
    const bool *numbers; /* of a workbook: cells that are no texts; NULL */
};

/* Anything but 0 ends the reading with that code. The cells live until the
 * call returns. */
typedef int (*csv_take)(struct ctx *ctx, const struct csv_row *row,
                        void *payload);

struct csv;

/* separator 0: the one of , ; TAB that the first row has most of. */
struct csv *csv_open(struct ctx *ctx, char separator, csv_take take,
                     void *payload);
/* Feeds bytes; rows that are whole are passed on. E_INVALID at bad text. */
int csv_feed(struct csv *csv, const char *data, size_t length);
/* The end of the text: passes on a last row without line end. */
int csv_end(struct csv *csv);

/* The whole text at once. */
int csv_read(struct ctx *ctx, const char *text, size_t length, csv_take take,
             void *payload);

/* The separator that the first line of a text has most of: , ; or TAB. */
char csv_separator(const char *text, size_t length);

/* Appends a cell as a spreadsheet may open it: a text that it would take for
 * a formula gets an apostrophe in front (S27); quoted where it must be. */
void csv_write_cell(struct buf *out, const char *text, char before);
/* A cell as csv_write_cell was given it: without that apostrophe. */
const char *csv_cell_text(const char *cell);

#endif
