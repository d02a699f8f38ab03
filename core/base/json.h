/*
 * json.h - the one door to JSON (RFC 8259), cJSON behind it.
 *
 * Stricter than cJSON (pitfalls 4): whole text, valid UTF-8, no duplicate
 * keys, no raw control bytes, no \u0000, RFC numbers, depth at most 64, at
 * most 100,000 nodes; integers beyond ±2^53 are refused (ids are strings).
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stddef.h>

#include "base/str.h"
#include "base/value.h"

struct ctx;

/*
 * Parses `length` bytes. On failure returns E_INVALID and the problem says
 * line, column and what was expected.
 */
int json_parse(struct value **out, struct ctx *ctx, const char *text,
               size_t length);

/* Appends the value as compact JSON. Decimals become strings; < > & U+2028
 * U+2029 are written as \u escapes, so that it may stand in a page. */
void json_write(struct buf *buf, const struct value *value);
/* The same as text of the arena. */
const char *json_text(struct arena *arena, const struct value *value);
/* Indented by two spaces, for files that people read. */
void json_write_pretty(struct buf *buf, const struct value *value);

#endif
