/*
 * export_internal.h - where the rows of an export go.
 */
#ifndef FORM_EXPORT_INTERNAL_H
#define FORM_EXPORT_INTERNAL_H

#include "form/export.h"

/* A file in one of the formats. */
struct export_sink {
    const struct export_plan *plan;
    int fd;
    int (*row)(struct export_sink *sink, struct ctx *ctx,
               const struct record *record);
    int (*page)(struct export_sink *sink, struct ctx *ctx); /* after a page */
    int (*end)(struct export_sink *sink, struct ctx *ctx);
    void *state;
};

int export_write_all(struct ctx *ctx, int fd, const char *data, size_t length);
/* A system column, or a field, for people: names for ids. */
const char *export_text(struct ctx *ctx, const struct export_column *column,
                        const struct record *record);

int export_csv_open(struct export_sink *sink, struct ctx *ctx);
/* export_xlsx.c; `end` also releases where something failed before. */
int export_xlsx_open(struct export_sink *sink, struct ctx *ctx);

#endif
