/*
 * check.h - a look at a module's texts before any of it runs.
 */
#ifndef PLUGIN_CHECK_H
#define PLUGIN_CHECK_H

struct ctx;
struct tn_module;

/*
 * Compiles every Lua file and every template of pages/, and runs none.
 * E_INVALID with file, line and what is wrong; else an error of reading.
 * For a module that is to be switched on, and for one that is to be loaded.
 */
int module_check(struct ctx *ctx, const struct tn_module *module);

#endif
