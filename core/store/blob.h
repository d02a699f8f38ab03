/*
 * blob.h - files of the site: content-addressed, synced before the row that
 * names them (store.md). SITE/files/ab/cdef… by BLAKE2b-256.
 */
#ifndef STORE_BLOB_H
#define STORE_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctx;

/* Stores what `fd` holds (from its start). *hash receives 64 hexadecimal
 * digits in the arena. The file and its folder are synced. */
int blob_put_fd(const char **hash, int64_t *size, struct ctx *ctx, int fd);
int blob_put(const char **hash, struct ctx *ctx, const void *data, size_t size);
/* Opens for reading; the caller closes. */
int blob_open(int *fd, struct ctx *ctx, const char *hash);
/* Whether it is there; says nothing where it is not. */
bool blob_there(struct ctx *ctx, const char *hash);
/* Deletes files that no row of `event`'s or `form`'s tables names and that
 * are older than a day: `used(ctx, hash)` says 1 where a row does. */
int blob_collect(struct ctx *ctx,
                 int (*used)(struct ctx *ctx, const char *hash));

/* Each file; a visitor that returns other than 0 ends the walk with it.
 * modified: ms UTC. */
typedef int (*blob_visit)(struct ctx *ctx, const char *hash, int64_t size,
                          int64_t modified, void *payload);
int blob_walk(struct ctx *ctx, blob_visit visit, void *payload);

/* While it is held nothing is collected (backup). E_BUSY, without a problem,
 * where somebody has it; closing *fd gives it back. */
int blob_lock(int *fd, struct ctx *ctx);

#endif
