/*
 * tree.h - folders as a whole: copying, syncing, removing. For backups.
 */
#ifndef STORE_TREE_H
#define STORE_TREE_H

#include <stdbool.h>
#include <stdint.h>

struct ctx;

/* Copies a plain file, synced; mode 0600. */
int tree_copy_file(struct ctx *ctx, const char *from, const char *to);

/* Copies a folder with all plain files and folders in it, each synced.
 * Symbolic links, sockets and names that begin with a dot are left out. What
 * `from` does not have is no error. `step` (may be NULL) is called with the
 * bytes of each file; other than 0 ends it. */
int tree_copy(struct ctx *ctx, const char *from, const char *to,
              int (*step)(void *payload, int64_t bytes), void *payload);

/* The same of an open file, from its start. */
int tree_copy_fd(struct ctx *ctx, int from, const char *to);

/* Each plain file below a folder, with its path and its name below `name`
 * ("forms/a.json"); leaves out what tree_copy() does. */
int tree_each(struct ctx *ctx, const char *from, const char *name,
              int (*each)(void *payload, struct ctx *ctx, const char *path,
                          const char *name),
              void *payload);

/* Removes a file or folder with all in it; symbolic links are not followed.
 * What is not there is no error. */
int tree_remove(struct ctx *ctx, const char *path);

int tree_make(struct ctx *ctx, const char *path);     /* 0700; may be there */
int tree_sync(struct ctx *ctx, const char *path);     /* a folder's entries */
int tree_sync_all(struct ctx *ctx, const char *path); /* and those below */
int tree_rename(struct ctx *ctx, const char *from, const char *to);
bool tree_exists(const char *path);
/* True where the folder has no entry. */
bool tree_is_empty(const char *path);
/* Bytes of all plain files below. */
int64_t tree_bytes(const char *path);

/* Where root made it: gives `path` to the owner of `like`, so that the
 * service, which is not root, can use what a command left. */
void tree_give(const char *path, const char *like);
/* The same for all that is in a folder. */
void tree_give_all(const char *path, const char *like);

#endif
