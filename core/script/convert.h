/*
 * convert.h - values of the host to and from Lua; server only.
 */
#ifndef SCRIPT_CONVERT_H
#define SCRIPT_CONVERT_H

#include <lua.h>

struct arena;
struct value;

/* Pushes a fresh Lua value: null is nil, decimal is decimal, list and map
 * are tables. */
void convert_push(lua_State *L, const struct value *value);

/* The Lua value at `index` in the arena: decimals as decimals, dates as
 * texts; tables with [1] (and empty ones) are lists, else maps in the order
 * of keys; functions are null. Raises an error beyond 64 levels. */
struct value *convert_pull(lua_State *L, int index, struct arena *arena);

#endif
