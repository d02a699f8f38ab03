/*
 * anonymous.h - forms that keep nothing of who saved a record, and when.
 *
 * "anonymous": true in a definition: ids are random over 63 bits instead of
 * counting the time, owner, department and people are empty, instants are cut
 * to the day of the site's zone ("undated": are none at all), there is no
 * trail, no outbox row, no hook after the commit, and files lose uploader,
 * id and time. A record is saved once: a later change would be told apart by
 * version and pages. What is left is in the process's memory, in the free
 * pages and the log of the database file, and in backups taken in between:
 * docs/customizer/forms.md says so.
 */
#ifndef FORM_ANONYMOUS_H
#define FORM_ANONYMOUS_H

#include <stdint.h>

struct ctx;
struct form;
struct record;
struct value;

/* Reads and checks "anonymous" of a definition; problems carry the pointer of
 * what would tell who or when (a flow, automatic numbers, defaults). */
void anonymous_read(struct ctx *ctx, struct form *form,
                    const struct value *definition);

/* A random id, 1 to 2^63 - 1. */
int64_t anonymous_id(void);

/* What a new record of this form says of now: midnight of the day in the
 * site's zone (the person's own zone would tell of him), 0 where undated. */
int64_t anonymous_instant(struct ctx *ctx, const struct form *form);

/* The record's files get random ids, in its values too; their rows lose
 * uploader, time and previews. In the transaction, before the record's row. */
int anonymous_files(struct ctx *ctx, struct record *record);

#endif
