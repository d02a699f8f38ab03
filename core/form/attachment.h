/*
 * attachment.h - files of records: uploaded first, bound when the record is
 * saved, served only to who may read the record (S24).
 */
#ifndef FORM_ATTACHMENT_H
#define FORM_ATTACHMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctx;
struct value;

struct attachment {
    int64_t id, record; /* record 0: not yet bound */
    const char *form, *name, *type, *hash;
    int64_t size, owner;
    int pages; /* previews made of a PDF; -1: none, 0: not yet */
};

/* Takes what `fd` holds as a new unbound file of ctx->person. The name is
 * normalised, the type found by content; content and extension must agree. */
int attachment_add(struct attachment **out, struct ctx *ctx, const char *name,
                   int fd);
/* The same without asking who may: for rooms that have asked. E_NOT_FOUND
 * without a problem. */
int attachment_find(struct attachment **out, struct ctx *ctx, int64_t id);
/* {id, name, type, size, pages} */
struct value *attachment_value(struct ctx *ctx, const struct attachment *file);
/* Whether an unbound one is of who acts, who may bind it to a record. */
bool attachment_own(const struct ctx *ctx, const struct attachment *file);
/* Checks that ctx->person may read it (record's right, or own unbound). */
int attachment_get(struct attachment **out, struct ctx *ctx, int64_t id);
/* Descriptor of the file, or of preview page `page` (PNG, from 1). */
int attachment_open(int *fd, struct ctx *ctx, const struct attachment *file,
                    int page);
/* Registers the preview job. */
void attachment_start(void);

#endif
