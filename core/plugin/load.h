/*
 * load.h - the modules of this process.
 */
#ifndef PLUGIN_LOAD_H
#define PLUGIN_LOAD_H

#include <stdbool.h>

struct ctx;
struct tn_module;

/* One that this process tried to load; NULL. */
const struct tn_module *module_loaded(const char *id);
/* Whether this process loads modules: workers do, commands may not. */
bool modules_are_loaded(void);

/* Runs a module's entry and puts what it registers into force (start.c). */
int module_start(struct ctx *ctx, struct tn_module *module);

#endif
