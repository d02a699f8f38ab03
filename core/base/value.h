/*
 * value.h - the value tree: what JSON, Lua, records, templates share.
 *
 * All nodes live in an arena. Maps keep the order of insertion and hold a
 * key once. A getter's result belongs to its parent.
 */
#ifndef BASE_VALUE_H
#define BASE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/decimal.h"
#include "base/str.h"

struct arena;

enum value_kind {
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_DOUBLE,
    VALUE_DECIMAL,
    VALUE_STRING,
    VALUE_HTML, /* a string that is sanitised HTML: {{{x}}} takes only this */
    VALUE_URL,  /* a string that is a checked address for href and src */
    VALUE_LIST,
    VALUE_MAP,
};

struct value;

/* Makers. Strings are copied. */
struct value *value_null(struct arena *arena);
struct value *value_bool(struct arena *arena, bool flag);
struct value *value_int(struct arena *arena, int64_t number);
struct value *value_double(struct arena *arena, double number);
struct value *value_decimal(struct arena *arena, struct decimal number);
struct value *value_text(struct arena *arena,
                         const char *text); /* NULL: null */
struct value *value_textn(struct arena *arena, const char *text, size_t length);
struct value *value_html(struct arena *arena, const char *html);
/* Accepts own paths ("/x", "?x", "#x", relative) and https:, http:, mailto:,
 * tel:; anything else (javascript:, data:, //host) becomes "#". */
struct value *value_url(struct arena *arena, const char *url);
struct value *value_list(struct arena *arena);
struct value *value_map(struct arena *arena);

/* Readers; a NULL node reads as null. */
enum value_kind value_kind(const struct value *value);
bool value_is_null(const struct value *value);
bool value_is_empty(const struct value *value); /* null, "", [], {} */
bool value_as_bool(const struct value *value);  /* true only for true */
int64_t value_as_int(const struct value *value, int64_t otherwise);
double value_as_double(const struct value *value, double otherwise);
/* String kinds only; NULL otherwise. */
const char *value_as_text(const struct value *value);
struct str value_as_str(const struct value *value);
/* Decimal or int; *out = 0 and false otherwise. */
bool value_as_decimal(struct decimal *out, const struct value *value);
bool value_equal(const struct value *a, const struct value *b);

/* Lists. */
size_t value_count(const struct value *value); /* of a list or map, else 0 */
struct value *value_at(const struct value *list, size_t index); /* or NULL */
void value_append(struct value *list, struct value *item);

/* Maps. */
struct value *value_get(const struct value *map, const char *key); /* or NULL */
/* The same for a key that is looked up often: its hash is made once. */
uint32_t value_key_hash(const char *key);
struct value *value_get_hashed(const struct value *map, const char *key,
                               uint32_t hash);
void value_set(struct value *map, const char *key, struct value *item);
bool value_remove(struct value *map, const char *key);
const char *value_key_at(const struct value *map, size_t index);
struct value *value_item_at(const struct value *map, size_t index);
/* Short cuts: value_as_…(value_get(map, key)). */
const char *value_get_text(const struct value *map, const char *key);
int64_t value_get_int(const struct value *map, const char *key,
                      int64_t otherwise);
bool value_get_bool(const struct value *map, const char *key);
void value_set_text(struct value *map, const char *key, const char *text);
void value_set_int(struct value *map, const char *key, int64_t number);
void value_set_bool(struct value *map, const char *key, bool flag);
/* An id: a string of digits, as JSON has it. */
void value_set_id(struct value *map, const char *key, int64_t id);
/* Reads an id: an int, or a string of digits. 0 where there is none. */
int64_t value_get_id(const struct value *map, const char *key);
int64_t value_as_id(const struct value *value);

/* A deep copy in `arena`. */
struct value *value_copy(struct arena *arena, const struct value *value);
/* A map of its own with the same entries: keys and items are shared, so both
 * must live in the same arena, and the items stay as they are. */
struct value *value_map_like(struct arena *arena, const struct value *map);

#endif
