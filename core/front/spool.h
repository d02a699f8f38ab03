/*
 * spool.h - large bodies on their way in.
 *
 * A file without a name (O_TMPFILE) in SITE/files, so that a worker can link
 * it into place; where the file system has no such thing, a file in
 * SITE/files/.spool whose name is removed at once. All together are bounded
 * by settings.spool_max; room is reserved before the first byte.
 */
#ifndef FRONT_SPOOL_H
#define FRONT_SPOOL_H

#include <stddef.h>
#include <stdint.h>

struct front;
struct spool;

/* Returns 0, or the status that says why not: 503 (cap, descriptors), 507. */
int spool_new(struct spool **out, struct front *front, int64_t reserve);
/* 0, or 507 (no room), or 500. */
int spool_write(struct spool *spool, const void *data, size_t length);
int64_t spool_size(const struct spool *spool);
/* The descriptor, at its start; stays the spool's. */
int spool_file(struct spool *spool);
void spool_free(struct spool *spool); /* NULL is allowed */

#endif
