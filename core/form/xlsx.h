/*
 * xlsx.h - reading the sheets of an XLSX workbook (ECMA-376), row by row.
 *
 * Own, over libzip and expat. The file is hostile until shown otherwise: a
 * document type, a name that leaves the archive, a part that unpacks beyond
 * all measure (S24, S29) end the reading with a sentence. What is read is
 * what the sheet holds: numbers as plain text, days as YYYY-MM-DD, moments as
 * YYYY-MM-DDTHH:MM[:SS], formulas by their last result.
 */
#ifndef FORM_XLSX_H
#define FORM_XLSX_H

#include <stdbool.h>
#include <stddef.h>

#include "form/csv.h"

struct ctx;
struct xlsx;

enum { XLSX_SHEETS_MAX = 100 };

/* Whether the bytes begin as an archive does. */
bool xlsx_looks(const char *data, size_t length);

/* Opens the workbook that lies in `data`, which must stay; it lives in ctx's
 * arena. E_INVALID where it is none, E_LIMIT where it is too large. */
int xlsx_open(struct xlsx **out, struct ctx *ctx, const char *data,
              size_t length);

/* Names of its sheets in their order. */
size_t xlsx_sheets(const struct xlsx *book, const char *const **names);

/* Passes on the rows of a sheet that hold anything. line is the row's number
 * in the sheet. What `take` answers beside 0 ends the reading with it. */
int xlsx_rows(struct xlsx *book, size_t sheet, csv_take take, void *payload);

#endif
