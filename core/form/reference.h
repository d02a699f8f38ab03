/*
 * reference.h - values that name another record: links and cascades.
 */
#ifndef FORM_REFERENCE_H
#define FORM_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "form/form.h"

struct ctx;

enum { TREE_DEPTH_MAX = 16 };

/* 0 where record `id` of form `target` exists and ctx->person may read it;
 * else E_NOT_FOUND without a problem (S13). */
int reference_visible(struct ctx *ctx, const char *target, int64_t id);

/* The record's name; of a tree the names from the root, "A / B / C". Whoever
 * may read the record that holds the reference may read its name. Arena text,
 * "" where the record is gone. */
const char *reference_label(struct ctx *ctx, const char *target, int64_t id);

/* The same for many records at once; labels: `count` texts, "" where the
 * record is gone. A store error otherwise. */
int reference_labels(const char **labels, struct ctx *ctx, const char *target,
                     const int64_t *ids, size_t count);

/* Whether the record of a tree has records below it. */
bool reference_has_children(struct ctx *ctx, const struct form *tree,
                            int64_t id);

/* Ids from the root down to `id` itself; returns how many (0: none). */
size_t reference_path(int64_t path[TREE_DEPTH_MAX], struct ctx *ctx,
                      const struct form *tree, int64_t id);
/* The record of a tree that "A / B / C" names from the root, among those
 * that ctx->person may read; 0 in *id where there is none. */
int reference_find_path(int64_t *id, struct ctx *ctx, const char *target,
                        const char *path);

/* The user (by name or login), department, record (by label; of a tree by
 * path) that a text names for this type of field; 0 in *id where nothing that
 * ctx->person may see is called so, or more than one. target: of a link or
 * cascade. */
int reference_named(int64_t *id, struct ctx *ctx, const char *type,
                    const char *target, const char *text);

/*
 * Choices for a link, cascade, user or department field: list of {id, label,
 * leaf?}. q: part of the name; parent: of a cascade, 0 the top level;
 * goes_with: of a link, values of the fields that it goes with (match.h), NULL.
 * At most 50, of a cascade's level 1,000. Only what ctx->person may read.
 */
int reference_options(struct value **out, struct ctx *ctx,
                      const struct field *field, const char *q, int64_t parent,
                      const struct value *goes_with);

#endif
