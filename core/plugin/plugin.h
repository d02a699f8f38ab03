/*
 * plugin.h - modules: finding, loading, switching on and off.
 *
 * A module is a folder (docs/vendor/module.md): C or Lua code, forms, flows,
 * pages, catalogs. What it may reach is the SDK's function table
 * (sdk/include/tenon/tenon.h); its twin in Lua has the same nouns. Callers:
 * worker/ (loading), portal/ (the administrator's page), cli/.
 */
#ifndef PLUGIN_PLUGIN_H
#define PLUGIN_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/ready.h"

struct ctx;
struct request;
struct response;
struct value;

/* Where administrators see modules; notices lead there. */
#define PLUGIN_ADMIN_PATH "/admin/modules"

/*
 * Renders a page inside the frame: portal_page(), whose room lies above this
 * one. Called once before plugins_load(); without it modules' pages come
 * without the frame's menu.
 */
typedef int (*plugin_page_call)(struct ctx *ctx, struct request *request,
                                struct response *response, const char *template,
                                const char *title, struct value *data);
void plugin_page_with(plugin_page_call call);

/*
 * Loads every enabled module into this process: hooks, routes, pages, menu
 * entries, services, catalogs, templates. While a worker starts, behind the
 * rooms' own starts; ctx->db and ctx->site are set. One that can't be loaded
 * is left out (the reason is logged and shown to administrators), its
 * required hooks fail closed, and the others are loaded.
 *
 * Returns 0, or a store error.
 */
int plugins_load(struct ctx *ctx);

/* For FRAME_READY, after plugins_load(): static folders of loaded modules
 * ("/assets/m/ID/"), and who is loaded. They belong to the process. */
size_t plugin_mounts(const struct ready_mount **out);
size_t plugin_modules(const struct ready_module **out);

/*
 * All modules that are found or known, by id: a list of {id, version, title,
 * description, author, license, kind: "c"|"lua", origin: "installed"|"site",
 * enabled, state: "off"|"starting"|"on"|"failed"|"quarantined"|"missing",
 * problem?, incident?, held? (how many changes wait for it while it does not
 * load), settings (it has some), capabilities: [text], requires:
 * [{id, version}], by: [ids that require it]}. Texts in the reader's language.
 */
int plugin_list(struct value **out, struct ctx *ctx);
/* One of them; E_NOT_FOUND. */
int plugin_one(struct value **out, struct ctx *ctx, const char *id);

/*
 * Switches a module on or off, for administrators: checks it, runs its
 * migrations, publishes its forms and flows (or hides them), writes the trail
 * and asks the running service for a new generation. Works as well when
 * nobody serves the site.
 *
 * Returns 0; E_NOT_FOUND (no such module), E_INVALID (what is wrong with it),
 * E_CONFLICT (another one needs it), E_FORBIDDEN.
 */
int plugin_set_enabled(struct ctx *ctx, const char *id, bool enabled);

/*
 * The settings of a module (settings.json) as a form's record, with the values
 * in force; its version is 0 where nothing was ever set. For administrators.
 * E_NOT_FOUND: no such module, or it has none.
 */
struct record;
int plugin_settings(struct record **out, struct ctx *ctx, const char *id);
/* Checks and stores them, with the trail; every worker sees them with its
 * next request. input: all fields. version: the one that was read, else
 * E_CONFLICT. */
int plugin_settings_save(struct ctx *ctx, const char *id, int64_t version,
                         const struct value *input);

/*
 * Why a module's pages and records are not there for ctx->person: recorded as
 * E_NOT_FOUND with the module's name, which is returned. 0 where the module is
 * on for this person, or where nobody knows it. Says nothing else of it.
 */
int plugin_absent(struct ctx *ctx, const char *id);

/* Lets a module that was put into quarantine start again. */
int plugin_quarantine_lift(struct ctx *ctx, const char *id);

/*
 * Waits at most `seconds` until the running service has taken over what was
 * switched. 0 where it has, or where nobody serves the site; E_INVALID with
 * the module's reason where it did not load. For commands.
 */
int plugin_settle(struct ctx *ctx, const char *id, int seconds);

/* Enables the examples that come with the program; `tenon init --demo`. */
int plugins_enable_examples(struct ctx *ctx);

/* A module's title in the reader's language, else its id. */
const char *plugin_title(struct ctx *ctx, const char *id);

#endif
