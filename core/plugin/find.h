/*
 * find.h - where modules lie, and reading one without running it.
 */
#ifndef PLUGIN_FIND_H
#define PLUGIN_FIND_H

#include "plugin/module.h"

struct ctx;

enum { SCRIPT_MAX = 1024 * 1024 }; /* bytes of a Lua file */

/*
 * Ids of all modules in the folders plugins/ and scripts/ of the site and of
 * the share folder, sorted; a module of the site hides an installed one.
 */
int module_ids(const char ***out, size_t *count, struct ctx *ctx);

/*
 * Finds a module and reads its manifest; checks its entry file and makes its
 * hash. All in ctx->arena, which becomes the module's. Where something is
 * wrong with it, *out is a module all the same, with what could be read.
 *
 * Returns 0; E_NOT_FOUND (no such folder); E_INVALID, E_UNSUPPORTED.
 */
int module_read(struct tn_module **out, struct ctx *ctx, const char *id);

/* The same of a folder anywhere, for a module that is to be installed. */
int module_read_at(struct tn_module **out, struct ctx *ctx, const char *folder,
                   const char *id);

/* The title in the reader's language, else the id; of a module that runs or
 * lies somewhere. */
const char *module_title(struct ctx *ctx, const char *id);

/*
 * Reads a definition that lies beside the manifest (settings.json …), at most
 * `max` bytes, and gives it to `take`, which checks and keeps it. Nothing is
 * done where there is no such file. What is wrong becomes one problem that
 * names the file: E_INVALID.
 */
typedef int (*module_take)(struct ctx *ctx, struct tn_module *module,
                           const struct value *definition);
int module_definition(struct ctx *ctx, struct tn_module *module,
                      const char *name, size_t max, module_take take);

/* A file of the module; arena text. */
const char *module_path(struct ctx *ctx, const struct tn_module *module,
                        const char *name);
/* What is opened: ID.so, or the Lua file. */
const char *module_entry_path(struct ctx *ctx, const struct tn_module *module);

#endif
