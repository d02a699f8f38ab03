/*
 * load.h - the modules of this process.
 */
#ifndef PLUGIN_LOAD_H
#define PLUGIN_LOAD_H

struct ctx;
struct tn_module;

/* One that this process tried to load; NULL. */
const struct tn_module *module_loaded(const char *id);

/* Runs a module's entry and puts what it registers into force (start.c). */
int module_start(struct ctx *ctx, struct tn_module *module);

#endif
