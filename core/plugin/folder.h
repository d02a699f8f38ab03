/*
 * folder.h - a module's folder from elsewhere: looked at, copied, removed.
 *
 * What comes from elsewhere is hostile until it was looked at (S42): no
 * links, devices or sockets, no names that differ in case only, limits of
 * number, size and depth; names that begin with a dot stay behind.
 */
#ifndef PLUGIN_FOLDER_H
#define PLUGIN_FOLDER_H

#include <stdbool.h>

struct ctx;

/*
 * Copies the folder `from` to `to`, which must not be there; what was copied
 * before an error is removed again.
 *
 * Returns 0; E_INVALID (what must not be in a module, with its path), E_LIMIT,
 * E_CONFLICT (`to` is there), E_IO.
 */
int folder_copy(struct ctx *ctx, const char *from, const char *to);

/* Removes a folder and all in it, links themselves and not what they name. */
int folder_remove(struct ctx *ctx, const char *path);

/*
 * Puts a module into the site: its folder is checked, copied and takes the
 * place of the one before in one step; code that runs keeps its files. Where
 * the module is on, the running service takes the new one over.
 *
 * id         receives the module's id, which is the folder's name.
 * downgrade  allows a lower version than the one that lies there.
 *
 * Returns 0; the errors of folder_copy; E_INVALID or E_UNSUPPORTED where the
 * manifest or the code is refused; E_CONFLICT "plugin.downgrade".
 */
int plugin_install(const char **id, struct ctx *ctx, const char *folder,
                   bool downgrade);

/* Takes a module's folder out of the site; its data stays. E_CONFLICT where
 * it is on; E_NOT_FOUND where it does not lie in the site. */
int plugin_remove(struct ctx *ctx, const char *id);

#endif
