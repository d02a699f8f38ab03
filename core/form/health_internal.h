/*
 * health_internal.h - what the files of the room's doctor share.
 */
#ifndef FORM_HEALTH_INTERNAL_H
#define FORM_HEALTH_INTERNAL_H

#include "form/form.h"

struct ctx;
struct health;
struct value;

/* health_record.c: rows against their definition, one form at a time. */
int health_form_rows(struct health *health, struct ctx *ctx,
                     const struct form *form);
/* Every record's files and words, in batches. */
int health_form_records(struct health *health, struct ctx *ctx,
                        const struct form *form);

/* health_number.c: automatic numbers and what counts them. */
int health_form_numbers(struct health *health, struct ctx *ctx,
                        const struct form *form);
int health_mend_counters(struct ctx *ctx);

/* health_file.c: the stored files. */
int health_files(struct health *health, struct ctx *ctx);
int health_mend_files(struct ctx *ctx);

/* All forms that can be read, those of modules that are off too: `each` is
 * called with its payload; other than 0 ends it. */
int health_each_form(struct ctx *ctx, void *payload,
                     int (*each)(void *payload, struct ctx *ctx,
                                 const struct form *form));

/* start.c: 1 where a row names the stored file. */
int blob_is_used(struct ctx *ctx, const char *hash);

#endif
