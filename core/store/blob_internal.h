/*
 * blob_internal.h - the inside of blob.h: a folder of files, an object store,
 * the cache before it. For core/store/blob*.c only.
 */
#ifndef STORE_BLOB_INTERNAL_H
#define STORE_BLOB_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/blob.h"

struct s3;

enum { BLOB_DIGITS = 64, BLOB_FOLDER_DIGITS = 2, BLOB_FOLDERS = 256 };
#define BLOB_DAY_MS ((int64_t)24 * 3600 * 1000)

/* Somewhere that files are kept. */
struct blob_place {
    const char *root;    /* a folder; NULL: an object store */
    const struct s3 *s3; /* NULL: a folder */
    bool own;            /* SITE/files of one host: no mark is needed */
};

/* What shall be stored: a file, or memory where fd < 0. */
struct blob_content {
    int fd;
    const void *data;
    int64_t size;
};

bool blob_name_good(const char *hash);
int blob_io_error(struct ctx *ctx);

/* blob_place.c: as the settings say; false: `files_before` names none. */
struct blob_place blob_place(struct ctx *ctx);
bool blob_place_before(struct blob_place *out, struct ctx *ctx);
int blob_place_put(struct ctx *ctx, const struct blob_place *place,
                   const char *hash, const struct blob_content *content);
/* E_NOT_FOUND without a problem. */
int blob_place_open(int *fd, struct ctx *ctx, const struct blob_place *place,
                    const char *hash);
int blob_place_size(int64_t *size, struct ctx *ctx,
                    const struct blob_place *place, const char *hash);
/* The files whose hash begins with the byte `first`. */
int blob_place_walk(struct ctx *ctx, const struct blob_place *place, int first,
                    blob_visit visit, void *payload);
int blob_place_remove(struct ctx *ctx, const struct blob_place *place,
                      const char *hash);

/* blob_mark.c: blob_place_check() of a place, once in a process. */
int blob_mark_check(struct ctx *ctx, const struct blob_place *place);

/* blob_collect.c: before content is put. */
int blob_announce(struct ctx *ctx, const char *hash);

/* blob_folder.c: `root` is made where it is missing if `make`. */
int folder_put(struct ctx *ctx, const char *root, const char *hash,
               const struct blob_content *content);
int folder_open(int *fd, struct ctx *ctx, const char *root, const char *hash);
int folder_walk(struct ctx *ctx, const char *root, int first, blob_visit visit,
                void *payload);
const char *folder_path(struct ctx *ctx, const char *root, const char *hash);
/* Removes what a writer that died has left there, older than a day. */
void folder_tidy(struct ctx *ctx, const char *root, int first);

/* blob_remote.c */
int remote_put(struct ctx *ctx, const struct s3 *s3, const char *hash,
               const struct blob_content *content);
int remote_open(int *fd, struct ctx *ctx, const struct s3 *s3,
                const char *hash);
/* Past the cache, into the empty file `fd`. */
int remote_get(struct ctx *ctx, const struct s3 *s3, const char *hash, int fd);
int remote_size(int64_t *size, struct ctx *ctx, const struct s3 *s3,
                const char *hash);
int remote_walk(struct ctx *ctx, const struct s3 *s3, int first,
                blob_visit visit, void *payload);
int remote_remove(struct ctx *ctx, const struct s3 *s3, const char *hash);
/* The small object of a mark; NULL where there is none. */
int remote_mark_read(const char **text, struct ctx *ctx, const struct s3 *s3);
int remote_mark_write(struct ctx *ctx, const struct s3 *s3, const char *text);

/* blob_cache.c: SITE/run/blob-cache. What goes wrong with it is logged. */
bool cache_open(int *fd, struct ctx *ctx, const char *hash);
/* An empty file on the cache's disk; -1 with errno. */
int cache_temporary(struct ctx *ctx);
void cache_add(struct ctx *ctx, const char *hash,
               const struct blob_content *content);
void cache_forget(struct ctx *ctx, const char *hash);
/* Sets the time of a file that is there. */
void cache_time(struct ctx *ctx, const char *hash, int64_t at);

#endif
