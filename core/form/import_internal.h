/*
 * import_internal.h - what the files of the import share.
 */
#ifndef FORM_IMPORT_INTERNAL_H
#define FORM_IMPORT_INTERNAL_H

#include "form/form.h"
#include "form/import.h"

/* Which columns of a file of a tree are what; -1: there is none. */
struct import_level {
    int code, name, parent;
};

/* Finds them for all files; E_INVALID where a file does not name its parent. */
int import_levels(struct import_level *levels, struct ctx *ctx,
                  const struct import_file *files, size_t count);

/* "Date added" → "date_added", never the same twice among `taken` names. */
const char *import_key(struct ctx *ctx, const char *header, size_t index);

/* Which of the columns that are `numeric` have decimal commas. */
bool *import_commas(struct ctx *ctx, const struct import_file *file,
                    const bool *numeric);

/* The field of a header's column: by key, or by title in any language. */
const struct field *import_field(struct ctx *ctx, const struct form *form,
                                 const char *header, size_t index);

/* The column of a refused file that holds the reasons; ignored when read. */
#define IMPORT_REASON "refused because"
/* Whether it is that column, in any language. */
bool import_reason(const char *header);

#endif
