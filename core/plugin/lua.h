/*
 * lua.h - modules in Lua: one sandbox a module, the SDK's nouns inside it.
 */
#ifndef PLUGIN_LUA_H
#define PLUGIN_LUA_H

#include "plugin/module.h"

struct ctx;

/*
 * Opens the module's sandbox and runs its entry file, which registers what
 * it is for. Returns 0; E_INVALID with file and line; E_TIMEOUT, E_LIMIT.
 */
int lua_start(struct ctx *ctx, struct tn_module *module, const char *source,
              size_t length);

#endif
