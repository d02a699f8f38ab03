/*
 * range.h - Range, If-Range, Accept-Encoding, If-None-Match (RFC 9110).
 */
#ifndef FRONT_RANGE_H
#define FRONT_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * The part of `size` bytes that is asked for. Returns 206 with offset and
 * length; 416; or 200 for the whole (no range, several ranges, nonsense, or
 * an If-Range that names another version).
 */
int range_parse(int64_t *offset, int64_t *length, struct str range,
                struct str if_range, struct str etag, int64_t size);

/* True where an Accept-Encoding takes `coding` (weight above 0). */
bool encoding_accepted(struct str accept, const char *coding);

/* True where If-None-Match lists the tag (weak comparison) or "*". */
bool etag_matches(struct str if_none_match, struct str etag);

#endif
