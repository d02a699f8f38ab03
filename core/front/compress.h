/*
 * compress.h - gzip of dynamic answers.
 */
#ifndef FRONT_COMPRESS_H
#define FRONT_COMPRESS_H

#include <stddef.h>

/* Packs `length` bytes; *out is malloc'd, the caller frees it. Returns 0, or
 * -1 where it failed or would not be smaller. */
int compress_gzip(void **out, size_t *out_length, const void *data,
                  size_t length);

#endif
