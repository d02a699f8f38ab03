/*
 * urlencoded.h - queries and form bodies (WHATWG URL, "urlencoded parsing"),
 * read strictly. Only for the files of web/, its tests and fuzzers.
 */
#ifndef WEB_URLENCODED_H
#define WEB_URLENCODED_H

#include <stdbool.h>
#include <stddef.h>

struct ctx;
struct value;

enum { URL_FIELDS_MAX = 5000 };

/*
 * Adds the pairs of `text` to the map `out`: name → text. The same name twice
 * is E_BAD_REQUEST (S65), but where `lists` is set a name that ends in "[]"
 * becomes a list. Each value is decoded once (S52); what is then no UTF-8 or
 * holds NUL is E_BAD_REQUEST.
 */
int urlencoded_parse(struct value *out, struct ctx *ctx, const char *text,
                     size_t length, bool lists);

/* Adds one decoded field by the same rules; for multipart bodies. */
int field_add(struct value *out, struct ctx *ctx, const char *name,
              const char *text, size_t length, bool lists);

#endif
