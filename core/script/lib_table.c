/*
 * lib_table.c - the table library of the sandbox.
 *
 * A metatable's __len may claim 2^40 elements: every function that loops
 * charges each round. Sorting is a merge sort: stable, the same on every
 * machine, and a comparator that lies does no harm.
 */
#include "base/banned.h"

#include <lauxlib.h>

#include "script/sandbox.h"

enum { UNPACK_MAX = 100000, SORT_MAX = 1000000 };

static lua_Integer table_length(lua_State *L, int index)
{
    luaL_argexpected(L, lua_istable(L, index) || lua_isuserdata(L, index),
                     index, "table");
    return luaL_len(L, index);
}

static int table_insert(lua_State *L)
{
    lua_Integer count = table_length(L, 1), at, i;

    if (lua_gettop(L) == 2) {
        lua_seti(L, 1, (lua_Integer)((lua_Unsigned)count + 1));
        return 0;
    }
    if (lua_gettop(L) != 3)
        return luaL_error(L, "wrong number of arguments to 'insert'");
    at = luaL_checkinteger(L, 2);
    luaL_argcheck(L, at >= 1 && at - 1 <= count && count < LUA_MAXINTEGER, 2,
                  "position out of bounds");
    for (i = count; i >= at; i--) {
        sandbox_charge(L, 1);
        lua_geti(L, 1, i);
        lua_seti(L, 1, i + 1);
    }
    lua_seti(L, 1, at);
    return 0;
}

static int table_remove(lua_State *L)
{
    lua_Integer count = table_length(L, 1);
    lua_Integer at = luaL_optinteger(L, 2, count);

    if (lua_gettop(L) > 1)
        luaL_argcheck(L,
                      (count == 0 && at == 0) || (at >= 1 && at - 1 <= count),
                      2, "position out of bounds");
    lua_geti(L, 1, at);
    for (; at < count; at++) {
        sandbox_charge(L, 1);
        lua_geti(L, 1, at + 1);
        lua_seti(L, 1, at);
    }
    lua_pushnil(L);
    lua_seti(L, 1, at);
    return 1;
}

static int table_move(lua_State *L)
{
    lua_Integer from = luaL_checkinteger(L, 2), end = luaL_checkinteger(L, 3);
    lua_Integer to = luaL_checkinteger(L, 4), i, count;
    int target = lua_isnoneornil(L, 5) ? 1 : 5;

    table_length(L, 1);
    luaL_argexpected(L, lua_istable(L, target) || lua_isuserdata(L, target),
                     target, "table");
    if (end >= from) {
        luaL_argcheck(L, from > 0 || end < LUA_MAXINTEGER + from, 3,
                      "too many elements to move");
        count = end - from;
        luaL_argcheck(L, to <= LUA_MAXINTEGER - count, 4,
                      "destination wrap around");
        if (to > end || to <= from || target != 1) {
            for (i = 0; i <= count; i++) {
                sandbox_charge(L, 1);
                lua_geti(L, 1, from + i);
                lua_seti(L, target, to + i);
            }
        } else {
            for (i = count; i >= 0; i--) {
                sandbox_charge(L, 1);
                lua_geti(L, 1, from + i);
                lua_seti(L, target, to + i);
            }
        }
    }
    lua_pushvalue(L, target);
    return 1;
}

static int table_concat(lua_State *L)
{
    size_t between, length;
    const char *separator = luaL_optlstring(L, 2, "", &between);
    lua_Integer i = luaL_optinteger(L, 3, 1), last;
    luaL_Buffer out;

    last = lua_isnoneornil(L, 4) ? table_length(L, 1) : luaL_checkinteger(L, 4);
    luaL_buffinit(L, &out);
    for (; i <= last; i++) {
        lua_geti(L, 1, i);
        if (!lua_isstring(L, -1)) {
            if (lua_isnil(L, -1) ||
                luaL_getmetafield(L, -1, "__concat") == LUA_TNIL)
                return luaL_error(L,
                                  "a %s at index %I can't be joined to a text",
                                  luaL_typename(L, -1), (LUAI_UACINT)i);
            lua_pop(L, 1);
            sandbox_tostring(L, -1, NULL);
            lua_remove(L, -2);
        }
        lua_tolstring(L, -1, &length);
        sandbox_charge(L, 1 + (int64_t)((length + between) / 16));
        luaL_addvalue(&out);
        if (i != last)
            luaL_addlstring(&out, separator, between);
        if (i == LUA_MAXINTEGER)
            break;
    }
    luaL_pushresult(&out);
    return 1;
}

static int table_unpack(lua_State *L)
{
    lua_Integer i = luaL_optinteger(L, 2, 1), last;
    int count;

    last = lua_isnoneornil(L, 3) ? luaL_len(L, 1) : luaL_checkinteger(L, 3);
    if (i > last)
        return 0;
    if ((lua_Unsigned)last - (lua_Unsigned)i >= UNPACK_MAX ||
        !lua_checkstack(L, (int)(last - i + 1)))
        return luaL_error(L, "too many results to unpack");
    sandbox_charge(L, last - i + 1);
    for (count = 0; i + count <= last; count++) {
        lua_geti(L, 1, i + count);
        if (i + count == LUA_MAXINTEGER)
            return count + 1;
    }
    return count;
}

static int table_pack(lua_State *L)
{
    int count = lua_gettop(L), i;

    lua_createtable(L, count, 1);
    lua_insert(L, 1);
    for (i = count; i >= 1; i--)
        lua_rawseti(L, 1, i);
    lua_pushinteger(L, count);
    lua_setfield(L, 1, "n");
    return 1;
}

/* Whether a[i] < a[j] by the comparator at 2, or Lua's own order. */
static bool before(lua_State *L, int a, lua_Integer i, lua_Integer j)
{
    bool less;

    sandbox_charge(L, 1);
    if (lua_isnil(L, 2)) {
        lua_rawgeti(L, a, i);
        lua_rawgeti(L, a, j);
        less = lua_compare(L, -2, -1, LUA_OPLT);
        lua_pop(L, 2);
        return less;
    }
    lua_pushvalue(L, 2);
    lua_rawgeti(L, a, i);
    lua_rawgeti(L, a, j);
    lua_call(L, 2, 1);
    less = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return less;
}

/* Merges a[low, middle) and a[middle, high) into b; indexes from 1. */
static void merge(lua_State *L, int a, int b, lua_Integer low,
                  lua_Integer middle, lua_Integer high)
{
    lua_Integer i = low, j = middle, k;

    for (k = low; k < high; k++) {
        bool right = i == middle || (j < high && before(L, a, j, i));

        lua_rawgeti(L, a, right ? j++ : i++);
        lua_rawseti(L, b, k);
    }
}

static int table_sort(lua_State *L)
{
    lua_Integer count = table_length(L, 1), width, low, i;
    int from = 3, to = 4, swap;

    if (!lua_isnoneornil(L, 2))
        luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    if (count < 2)
        return 0;
    luaL_argcheck(L, count <= SORT_MAX, 1, "array too big");
    lua_newtable(L); /* 3 */
    lua_newtable(L); /* 4 */
    for (i = 1; i <= count; i++) {
        sandbox_charge(L, 1);
        lua_geti(L, 1, i);
        lua_rawseti(L, from, i);
    }
    for (width = 1; width < count; width *= 2) {
        for (low = 1; low <= count; low += 2 * width) {
            lua_Integer middle = low + width, high = low + 2 * width;

            if (middle > count + 1)
                middle = count + 1;
            if (high > count + 1)
                high = count + 1;
            merge(L, from, to, low, middle, high);
        }
        swap = from;
        from = to;
        to = swap;
    }
    for (i = 1; i <= count; i++) {
        sandbox_charge(L, 1);
        lua_rawgeti(L, from, i);
        lua_seti(L, 1, i);
    }
    return 0;
}

void lib_table_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "insert", table_insert }, { "remove", table_remove },
        { "move", table_move },     { "concat", table_concat },
        { "unpack", table_unpack }, { "pack", table_pack },
        { "sort", table_sort },     { NULL, NULL },
    };

    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
}
