/*
 * blob.h - files of the site: content-addressed, whole and synced before the
 * row that names them (store.md), by BLAKE2b-256 of their content.
 *
 * They are in a folder (SITE/files/ab/cdef…, or one that several hosts
 * share), or in an object store (PREFIXab/cdef…), as tenon.cfg says. With an
 * object store, who puts or opens one waits for the network: that is for the
 * net and jobs lanes and for commands. Other processes may open what is in
 * SITE/run/blob-cache, and are told E_UNAVAILABLE about the rest.
 *
 * A file that no row names is deleted, but never one that was put within a
 * day: blob_collect.c tells how.
 */
#ifndef STORE_BLOB_H
#define STORE_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctx;
struct files_settings;

/* What this process may do, once it knows: ask an object store (before, and
 * in commands: yes), and leave what it read from there in the cache, where
 * others read the same (before: no; a backup would push out all else). */
void blob_process(bool network, bool caching);

/* Stores what `fd` holds (from its start). *hash receives 64 hexadecimal
 * digits in the arena. A file and its folder are synced; an object is there
 * when the store has said so. Not inside a transaction where that can be
 * helped: it may wait. */
int blob_put_fd(const char **hash, int64_t *size, struct ctx *ctx, int fd);
int blob_put(const char **hash, struct ctx *ctx, const void *data, size_t size);
/* Opens for reading; the caller closes. */
int blob_open(int *fd, struct ctx *ctx, const char *hash);
/* Whether it is there, with how many bytes. E_NOT_FOUND without a problem. */
int blob_size(int64_t *size, struct ctx *ctx, const char *hash);
/* The same as yes or no; says nothing where it is not, or cannot be asked. */
bool blob_there(struct ctx *ctx, const char *hash);

/* The time at which it came is no longer to be seen, but `at` (ms): in the
 * database, and in a folder. (An object store keeps its own times.) */
int blob_forget_time(struct ctx *ctx, const char *hash, int64_t at);

/*
 * Deletes files that no row names, and that none named a day ago:
 * `used(ctx, hash)` says 1 where a row does. Goes on for some seconds; *more:
 * call again, it knows where it stands. E_INVALID where the place is not this
 * site's.
 */
int blob_collect_turn(bool *more, struct ctx *ctx,
                      int (*used)(struct ctx *ctx, const char *hash));
/* All of them, also what lost its row just now, but never what was put within
 * a day: for an administrator who asks. */
int blob_collect(struct ctx *ctx,
                 int (*used)(struct ctx *ctx, const char *hash));

/* Each file; a visitor that returns other than 0 ends the walk with it. It
 * may empty ctx->arena. modified: ms UTC. */
typedef int (*blob_visit)(struct ctx *ctx, const char *hash, int64_t size,
                          int64_t modified, void *payload);
int blob_walk(struct ctx *ctx, blob_visit visit, void *payload);
/* Of the place that `files_before` names; nothing where it names none. */
int blob_walk_before(struct ctx *ctx, blob_visit visit, void *payload);

/*
 * Copies one file from `files_before` to where files are now, its hash
 * checked; *copied says false where it is there already. E_INVALID where the
 * content is not what its name says.
 */
int blob_move(bool *copied, struct ctx *ctx, const char *hash, int64_t size);
/* Reads a file anew, past the cache, and checks its hash: E_INVALID where it
 * is another, E_NOT_FOUND without a problem. */
int blob_verify(struct ctx *ctx, const char *hash);

/*
 * Is the place of the files this site's? A shared folder or a bucket bears a
 * mark; it is made with the first file, or as files begin to move there.
 * E_INVALID: it has none although it had one, or the site has put files
 * already (a folder that is not mounted), or another site's. `adopt`: make it
 * this site's whatever it says.
 */
int blob_place_check(struct ctx *ctx, bool adopt);
/* "folder /mnt/files", "s3 host/bucket/prefix", for messages. */
const char *blob_place_text(struct ctx *ctx,
                            const struct files_settings *files);

/* While it is held nothing is collected on this host (backup). E_BUSY,
 * without a problem, where somebody has it; closing *fd gives it back. */
int blob_lock(int *fd, struct ctx *ctx);

#endif
