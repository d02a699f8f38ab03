/*
 * theme.h - themes: where a template comes from, and what an asset is called.
 *
 * Look-up order: the theme, its parents, the folders of modules' pages, the
 * core's pages. "../name" asks for the same name one layer down. Templates
 * are compiled once a process; where the file has changed (a developer's
 * machine, TENON_TEMPLATES=watch) it is read anew.
 */
#ifndef VIEW_THEME_H
#define VIEW_THEME_H

#include <stdbool.h>

struct ctx;
struct template;
struct theme;

enum { THEME_API = 1, THEME_PARENTS_MAX = 4 };

/*
 * Opens the theme `name` of SITE/themes or SHARE/themes: reads theme.cfg
 * (name, version, api, parent) and assets/manifest.json. The theme lives
 * until theme_close(). `pages` is the core's page folder (SHARE/pages).
 *
 * Returns 0; E_NOT_FOUND, E_INVALID (file and line of what is wrong).
 */
int theme_open(struct theme **out, struct ctx *ctx, const char *name,
               const char *site_folder, const char *share_folder);
void theme_close(struct theme *theme);

/*
 * Adds a module's folder of templates (its pages/), asked after the themes
 * and before the core. Names are seen as MODULE/NAME: a module can't replace
 * another's or the core's pages.
 */
void theme_add_pages(struct theme *theme, const char *module,
                     const char *folder);
void theme_remove_pages(struct theme *theme, const char *module);

/*
 * The compiled template `name` ("list/list"): letters, digits, "-", "_",
 * "." inside a part, parts joined by "/"; "../name" is resolved against
 * `from`. Returns E_NOT_FOUND, or E_INVALID where it does not compile.
 */
int theme_template(const struct template **out, struct theme *theme,
                   struct ctx *ctx, const char *name,
                   const struct template *from);

/* "/assets/default/app.1a2b3c4d.css" for "app.css"; parents are asked too.
 * NULL where no theme has it. Belongs to the theme. */
const char *theme_asset(struct theme *theme, const char *name);

/* A number that changes whenever a name may mean another template; 0 where
 * files are watched. For template_host. */
unsigned long theme_generation(const struct theme *theme);

const char *theme_name(const struct theme *theme);
const char *theme_version(const struct theme *theme);

#endif
