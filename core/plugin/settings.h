/*
 * settings.h - what administrators may set of a module: settings.json of its
 * folder, {"fields": [as in a form's definition], "sections"?}.
 */
#ifndef PLUGIN_SETTINGS_H
#define PLUGIN_SETTINGS_H

#include "plugin/module.h"

/*
 * Reads settings.json, where there is one, into module->settings. Only types
 * whose values stand for themselves: no links, people, files, sub-tables,
 * numbers; nothing computed or unique. E_INVALID with file and pointer.
 */
int settings_read(struct ctx *ctx, struct tn_module *module);

/* All values in force, by field, as stored values: those that were set, else
 * the defaults. *version: 0 where nothing was ever set. */
int settings_values(struct value **out, int64_t *version, struct ctx *ctx,
                    const struct tn_module *module);

/* One of them as modules see it; NULL where there is no such field. Cheap:
 * kept by the epoch "module". */
struct value *settings_get(struct ctx *ctx, const struct tn_module *module,
                           const char *name);

/* Amounts of modules' forms may take their currency from a setting. */
void settings_tell_forms(void);

#endif
