/*
 * s3.h - objects of an S3-compatible store: put, get, head, list, delete.
 *
 * Requests are signed by AWS Signature Version 4 (libcurl's, loaded when it
 * is first needed). Who calls is in the net or jobs lane, or a command: all
 * of these wait for the network. A request that failed for a reason that may
 * pass (no connection, cut off, 408, 429, 5xx) is made again, with a growing
 * pause, while ctx->deadline leaves time.
 *
 * Errors, all as problems that name host and bucket, and never the secret:
 * E_NOT_FOUND  there is no such object (or, where it says so, bucket)
 * E_LIMIT      the answer, or what shall be sent, is larger than it may be
 * E_UNAVAILABLE not reached, cut off, overloaded, in all attempts
 * E_IO         refused (wrong key, wrong bucket, …), or nonsense
 */
#ifndef STORE_S3_H
#define STORE_S3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/s3_settings.h"

struct ctx;

enum {
    S3_KEY_MAX = 900, /* bytes of prefix and key; S3 takes 1,024 */
};
/* What one PUT may hold (S3's own limit). */
#define S3_OBJECT_MAX ((int64_t)5 * 1024 * 1024 * 1024)

struct s3_object {
    const char *key; /* without the prefix */
    int64_t size;
    int64_t modified; /* ms UTC by the store's clock; 0: it did not say */
};

/* Stores what the file `fd` holds, from its start, under a key: the store
 * checks it against its SHA-256. Is there as a whole or not at all. */
int s3_put_fd(struct ctx *ctx, const struct s3 *s3, const char *key, int fd);
int s3_put(struct ctx *ctx, const struct s3 *s3, const char *key,
           const void *data, size_t size);

/*
 * Writes an object into the ordinary file `fd`, from the file's start;
 * `length` bytes from `from`, or (length < 0) all that follow. *size (may be
 * NULL) receives how many came. More than `max` is E_LIMIT. On an error the
 * file holds anything. Whether the content is right is for the caller to
 * check.
 */
int s3_get_fd(int64_t *size, struct ctx *ctx, const struct s3 *s3,
              const char *key, int fd, int64_t from, int64_t length,
              int64_t max);

/* Size and time; out->key is `key`. */
int s3_head(struct s3_object *out, struct ctx *ctx, const struct s3 *s3,
            const char *key);

/* Every object whose key begins with `start` ("" or NULL: all), in the order
 * of the keys. The object's texts are gone after the call. A visitor that
 * returns other than 0 ends it with that. It may make requests of its own, and
 * may empty ctx->arena. */
typedef int (*s3_visit)(struct ctx *ctx, const struct s3_object *object,
                        void *payload);
int s3_list(struct ctx *ctx, const struct s3 *s3, const char *start,
            s3_visit visit, void *payload);

/* What is not there is no error. */
int s3_delete(struct ctx *ctx, const struct s3 *s3, const char *key);

/* Host and bucket, for messages: "s3.example.org/files". Arena text. */
const char *s3_place(struct ctx *ctx, const struct s3 *s3);

#endif
