/*
 * match.h - links that offer, and take, only what goes with another field of
 * the form:
 *
 *   { "key": "contact", "type": "link", "target": "crm.contact",
 *     "match": { "customer": "customer" } }
 *
 * Only contacts whose field "customer" holds what this form's "customer" does.
 * While that one is empty nothing is narrowed.
 */
#ifndef FORM_MATCH_H
#define FORM_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "form/field_type.h"

struct condition;
struct ctx;
struct form;

enum { MATCH_MOST = 4 };

/* The definition of all fields of a form that was read: problems at
 * "/fields/N/match". */
void match_read(struct ctx *ctx, const struct form *form);

/* The field of its own form, key `own`, that the link goes with; NULL where it
 * does not. */
const struct field *match_own(const struct field *link, const char *own);
/* The keys of those, between spaces: "customer"; NULL where there are none. */
const char *match_names(struct ctx *ctx, const struct field *link);

/* What records have to be to go with `values` (own key → stored value): *out,
 * NULL where nothing is asked. E_INVALID where the target has no such field. */
int match_condition(struct condition **out, struct ctx *ctx,
                    const struct field *link, const struct value *values);
/* *other receives the own field that record `id` does not go with; NULL. */
int match_differs(const struct field **other, struct ctx *ctx,
                  const struct field *link, int64_t id,
                  const struct value *values);
/* For the type's check: E_INVALID at the link. What neither side of has changed
 * may stay. */
int match_check(struct ctx *ctx, const struct field_check *check);

#endif
