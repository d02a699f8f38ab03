/*
 * module.h - modules as the rest of the program sees them: what is there,
 * what is on, switching, and starting them in a worker.
 *
 * A module is a folder with a manifest (docs/vendor/module.md): C code or Lua.
 * Found in SITE/plugins, SITE/scripts, SHARE/plugins, SHARE/scripts, the
 * first one of an id counts. Whether it is on stands in the table `module`.
 * Callers: worker/ (module_start, module_ready), portal/ (administration),
 * cli/.
 */
#ifndef PLUGIN_MODULE_H
#define PLUGIN_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct ctx;
struct ready_part;
struct value;

enum module_state {
    MODULE_OFF,         /* found, not switched on */
    MODULE_STARTING,    /* switched on; the next generation proves it */
    MODULE_ON,          /* loaded */
    MODULE_FAILED,      /* could not be loaded: `reason` */
    MODULE_QUARANTINED, /* crashed or hung: `incident` */
    MODULE_MISSING,     /* on, but its folder is gone */
};

struct module_info {
    const char *id, *version, *kind; /* kind: "c" or "lua" */
    const char *title, *description; /* in the reader's language */
    const char *license, *folder, *hash;
    const struct value *capabilities; /* list of texts */
    enum module_state state;
    const char *state_key; /* catalog key: "plugin.state.on" … */
    bool enabled;          /* the administrator's wish */
    const char *reason;    /* of FAILED, and of a manifest that can't be read;
                              NULL */
    const char *incident;  /* number, of QUARANTINED; NULL */
    int64_t changed_at;    /* ms UTC of the last switch; 0: never */
    int64_t changed_by;    /* user; 0: a command */
};

/* All modules that are found or known, by id. */
int module_list(struct module_info ***out, size_t *count, struct ctx *ctx);
/* One of them; E_NOT_FOUND. */
int module_find(struct module_info **out, struct ctx *ctx, const char *id);

/*
 * Switches a module on or off: checks (manifest, file, requirements, what
 * requires it), notes the wish, raises the epoch "module" (its pages and
 * menus are gone for everybody at once), and asks the front for a new
 * generation. The caller is an administrator or the system.
 *
 * Returns 0 as soon as the front has been asked (MODULE_STARTING until the
 * generation is there), also where nobody serves the site; E_NOT_FOUND,
 * E_INVALID (with the reason), E_CONFLICT (another module needs it).
 */
int module_enable(struct ctx *ctx, const char *id, bool enabled);

/* Lifts a quarantine: the next generation tries again. */
int module_lift(struct ctx *ctx, const char *id);

/*
 * Loads every module that is on, while a worker starts, after the rooms have
 * registered. lane: "pages", "net", "jobs", …. first: the probe of a
 * generation, which also publishes the modules' forms and flows and notes
 * how loading went.
 *
 * Returns 0; negative where a module that was just switched on can't start
 * (it is switched off again, the generation must not come), or on a store
 * error.
 */
int module_start(struct ctx *ctx, const char *lane, bool first);

/* Adds the loaded modules, and the folders of their browser files
 * ("/assets/ID/"), to the tables for the front. Strings live on. */
void module_ready(struct ready_part *ready, struct arena *arena,
                  size_t mounts_max);

#endif
