/*
 * s3_call.h - one signed request to an object store, with its attempts; for
 * s3.c and s3_list.c only.
 */
#ifndef STORE_S3_CALL_H
#define STORE_S3_CALL_H

#include <stdint.h>

#include "store/s3.h"

struct buf;

struct s3_call {
    const char *method; /* "GET", "HEAD", "PUT", "DELETE" */
    const char *key;    /* with the prefix; NULL: the bucket itself */
    const char *query;  /* encoded, its names in order; NULL: none */
    const char *range;  /* "0-99"; NULL: all */
    /* What is sent: a file from its start, or memory where fd < 0. */
    int send_fd;
    const void *send_data;
    int64_t send_size;
    const char *sha256; /* of it, hexadecimal */
    /* Where the answer's content goes: a file, or a buffer where fd < 0; at
     * most `max` bytes. */
    int take_fd;
    struct buf *take;
    int64_t max;
    /* The answer. */
    long status;
    int64_t taken;    /* bytes of content */
    int64_t length;   /* Content-Length; -1: unknown */
    int64_t modified; /* ms UTC; 0: unknown */
};

/* A call with nothing to send and nothing to take. */
struct s3_call s3_call_of(const char *method, const char *key);
int s3_perform(struct ctx *ctx, const struct s3 *s3, struct s3_call *call);

#endif
