/*
 * file.h - small files that are read as a whole: settings, definitions,
 * catalogs, templates; and files without a name.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct ctx;

/*
 * The content of a regular file of at most `max` bytes, in the arena, ended
 * by NUL. Returns 0; E_NOT_FOUND, E_LIMIT, or E_IO with a problem that names
 * the file. `length` may be NULL.
 */
int file_read(const char **out, size_t *length, struct ctx *ctx,
              const char *path, size_t max);

/*
 * Writes a file so that either the old or the new content is there whatever
 * happens: a temporary file beside it, fsync, rename, fsync of the folder.
 * `mode` as for open(2). E_FULL where the disk is full, E_IO otherwise.
 */
int file_write(struct ctx *ctx, const char *path, const void *data,
               size_t length, unsigned mode);

/* A file without a name in the site's folder of files, so that it can be put
 * into place cheaply; in memory where that is refused. Closed with the arena;
 * -1 with errno. */
int file_unnamed(struct ctx *ctx);
/* Writes all of it at the end of `fd`. `name`: for the problem. E_FULL,
 * E_IO. */
int file_append(struct ctx *ctx, int fd, const char *name, const void *data,
                size_t length);

bool file_exists(const char *path);

#endif
