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

/* "budget", "vehicle.booking". */
bool form_name_valid(const char *name);
/* [a-z][a-z0-9_]{0,39} */
bool field_key_valid(const char *key);
/* "r_vehicle_booking" */
const char *form_table_name(struct arena *arena, const char *name);

#endif
