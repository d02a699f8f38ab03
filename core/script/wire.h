/*
 * wire.h - JSON (RFC 8259) straight to and from Lua values; shared with the
 * browser, where the value tree is not.
 */
#ifndef SCRIPT_WIRE_H
#define SCRIPT_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

/* A growing text, malloc'ed; ends with NUL. */
struct wire_text {
    char *data;
    size_t length, capacity;
    bool failed;
};

/* Parses and pushes one value: null is nil (left out of tables), whole
 * numbers are integers, arrays and objects are tables. Raises an error where
 * the text is no JSON or nests deeper than 64. */
void wire_push(lua_State *L, const char *text, size_t length);

/* Appends the Lua value at `index` as JSON: decimals and dates as texts,
 * tables with [1] (and empty ones) as arrays, else objects in key order. */
void wire_write(struct wire_text *out, lua_State *L, int index);

void wire_add(struct wire_text *out, const char *text, size_t length);
void wire_add_text(struct wire_text *out, const char *text);
/* With quotes and escapes; invalid UTF-8 becomes U+FFFD. */
void wire_add_string(struct wire_text *out, const char *text, size_t length);
void wire_clear(struct wire_text *out);
void wire_free(struct wire_text *out);

#endif
