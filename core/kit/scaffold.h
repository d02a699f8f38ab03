/*
 * scaffold.h - a first module: `tenon plugin new`.
 */
#ifndef KIT_SCAFFOLD_H
#define KIT_SCAFFOLD_H

#include <stdbool.h>

struct ctx;

/*
 * Writes the folder `name` (its last part is the module's id) with a module
 * in C or Lua whose tests pass, from share/scaffold.
 *
 * Returns 0; E_INVALID (no id), E_CONFLICT (it is there already), E_IO.
 */
int scaffold_write(struct ctx *ctx, const char *name, bool lua);

#endif
