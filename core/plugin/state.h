/*
 * state.h - what the store and the folder run/ remember of modules.
 */
#ifndef PLUGIN_STATE_H
#define PLUGIN_STATE_H

#include <stdbool.h>

struct ctx;
struct tn_module;
struct value;

/* A row of the table `module`. */
struct module_row {
    const char *id, *version, *hash, *kind;
    bool enabled;
    const char *required; /* JSON: list of forms */
    const char *problem;
    const char *incident; /* numbers of quarantines on all hosts, that
                             administrators were told of */
    const char *heard;    /* as required: whose changes it is told of */
};

/* E_NOT_FOUND, without a problem, where there is none. */
int row_find(struct module_row *out, struct ctx *ctx, const char *id);
/* All rows by id: a list of pointers, ended by NULL. */
int row_all(struct module_row ***out, struct ctx *ctx);
/* Version, hash and kind as they are now; forgets problem and incident. In a
 * write transaction. */
int row_write(struct ctx *ctx, const struct tn_module *module, bool enabled);
/* What became of loading it; writes only what differs. */
int row_tell(struct ctx *ctx, const struct module_row *row,
             const struct tn_module *module);

/*
 * The number of the incident for which this version and hash was put into
 * quarantine (front/blame.c writes run/quarantine/ID.json); NULL where it is
 * not. A note about another version or hash is taken away.
 */
const char *quarantine_of(struct ctx *ctx, const struct tn_module *module);
/* E_NOT_FOUND where there is none. */
int quarantine_remove(struct ctx *ctx, const char *id);

/* Asks the running service for workers that load what is on now (admin.c). */
void module_renew(struct ctx *ctx);

#endif
