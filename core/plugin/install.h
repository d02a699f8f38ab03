/*
 * install.h - what a module brings into the store: tables, forms, flows.
 */
#ifndef PLUGIN_INSTALL_H
#define PLUGIN_INSTALL_H

struct ctx;
struct tn_module;

/*
 * Runs its migrations (tables named m_ID_…), publishes its forms and deploys
 * its flows, and writes its row as switched on: one transaction. E_INVALID
 * with what was refused, and by which file.
 */
int module_install(struct ctx *ctx, const struct tn_module *module);

/* The module's migrations/NNNN_name.sql in order, ended by one without
 * component. */
struct migration;
int module_migrations(struct migration **out, struct ctx *ctx,
                      const struct tn_module *module);

#endif
