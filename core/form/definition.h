/*
 * definition.h - a form's JSON definition, checked and made a struct form.
 */
#ifndef FORM_DEFINITION_H
#define FORM_DEFINITION_H

#include "form/form.h"

struct arena;
struct ctx;

/*
 * Reads `definition` into a form of `arena`. Each problem carries the JSON
 * pointer as its field and what was expected. Returns 0 or E_INVALID.
 */
int definition_read(struct form **out, struct ctx *ctx, struct arena *arena,
                    const char *name, const char *table,
                    const struct value *definition, const char *logic);

/* Checks that parts of definitions share; each adds its problems. A title: a
 * text, "@key" of a catalog, or {"en": …, "zh-CN": …}; NULL is none. */
int definition_title(struct ctx *ctx, const struct value *title,
                     const char *pointer);
/* No other keys than the words of `common` and `own` (NULL), each between
 * spaces. */
int definition_properties(struct ctx *ctx, const struct value *map,
                          const char *pointer, const char *common,
                          const char *own);
/* A list of keys of the form's fields or of the system. */
void definition_keys(struct ctx *ctx, const struct form *form,
                     const struct value *list, const char *pointer);
/* Finds and checks "label", "tree", "owner" and "page" (definition_find.c). */
void definition_find(struct ctx *ctx, struct form *form,
                     const struct value *definition);
/* Whether `word` stands in a list of words, each between spaces. */
bool definition_word_in(const char *list, const char *word);

/* "budget", "vehicle.booking". */
bool form_name_valid(const char *name);
/* [a-z][a-z0-9_]{0,39} */
bool field_key_valid(const char *key);
/* "r_vehicle_booking" */
const char *form_table_name(struct arena *arena, const char *name);

#endif
