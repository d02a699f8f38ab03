/*
 * manifest.h - plugin.cfg: who a module is and what it wants. Read before
 * anything of it runs.
 */
#ifndef PLUGIN_MANIFEST_H
#define PLUGIN_MANIFEST_H

#include <libconfig.h>

#include "plugin/module.h"

/*
 * Reads FOLDER/plugin.cfg into the context's arena. `id`: what the folder is
 * called, and the module therefore. Every error is a problem with file and
 * line; E_UNSUPPORTED where it is made for a newer SDK than this one.
 */
int manifest_read(struct manifest **out, struct ctx *ctx, const char *folder,
                  const char *id);

/* The same of what has been read already; `path` is for messages. */
int manifest_parse(struct manifest **out, struct ctx *ctx, const char *path,
                   const char *id, config_t *config);

/* "vehicle": a small letter, then small letters, digits, underscores. */
bool module_id_valid(const char *id);
/* "1.4.0"; false where it is none. */
bool version_parse(struct version *out, const char *text);
/* -1, 0, 1; texts that are no versions count as 0.0.0. */
int version_compare(const char *a, const char *b);

/* "TEXT" or "INTEGER" of a type that it declares ("rating"); NULL. */
const char *manifest_storage(const struct manifest *manifest, const char *name);

/* Whether the manifest has this capability. */
bool manifest_may(const struct manifest *manifest, const char *capability);
/* "hooks" or "records" of a form: "hooks:FORM", "records:FORM:read". */
bool manifest_may_hook(const struct manifest *manifest, const char *form);
/* Tells access/ which forms hooks of the module see. */
void manifest_grant(const struct manifest *manifest);

#endif
