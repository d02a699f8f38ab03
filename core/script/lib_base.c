/*
 * lib_base.c - the basic functions of the sandbox: those of Lua that do no
 * harm, and ours for what would differ from process to process (the order of
 * pairs, addresses) or open a door (metatables).
 */
#include "base/banned.h"

#include <lauxlib.h>
#include <lualib.h>

#include "script/sandbox.h"

/* The rank of a key's type in the order of pairs. */
static int key_rank(int type)
{
    switch (type) {
    case LUA_TNUMBER:
        return 0;
    case LUA_TSTRING:
        return 1;
    case LUA_TBOOLEAN:
        return 2;
    default:
        return 3;
    }
}

int sandbox_compare_keys(lua_State *L, int a, int b)
{
    int rank_a = key_rank(lua_type(L, a)), rank_b = key_rank(lua_type(L, b));
    const char *text_a, *text_b;
    size_t length_a, length_b;
    int order;

    if (rank_a != rank_b)
        return rank_a < rank_b ? -1 : 1;
    switch (rank_a) {
    case 0:
        return lua_compare(L, a, b, LUA_OPLT)   ? -1
               : lua_compare(L, b, a, LUA_OPLT) ? 1
                                                : 0;
    case 1:
        text_a = lua_tolstring(L, a, &length_a);
        text_b = lua_tolstring(L, b, &length_b);
        order =
            memcmp(text_a, text_b, length_a < length_b ? length_a : length_b);
        if (order == 0)
            order = length_a < length_b ? -1 : length_a > length_b;
        return order < 0 ? -1 : order > 0;
    case 2:
        return lua_toboolean(L, a) - lua_toboolean(L, b);
    default:
        return 0;
    }
}

/* Finds the least key behind `last`: an order without keeping keys. */
bool sandbox_next(lua_State *L, int table, int last)
{
    int best, walk;
    bool found = false;

    table = lua_absindex(L, table);
    last = lua_absindex(L, last);
    lua_pushnil(L);
    best = lua_gettop(L);
    lua_pushnil(L);
    walk = lua_gettop(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        sandbox_charge(L, 1);
        if ((lua_isnil(L, last) || sandbox_compare_keys(L, walk, last) > 0) &&
            (!found || sandbox_compare_keys(L, walk, best) < 0)) {
            lua_pushvalue(L, walk);
            lua_replace(L, best);
            found = true;
        }
    }
    lua_settop(L, best);
    if (!found) {
        lua_pop(L, 1);
        return false;
    }
    lua_pushvalue(L, best);
    lua_rawget(L, table);
    return true;
}

static int base_next(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (sandbox_next(L, 1, 2))
        return 2;
    lua_pushnil(L);
    return 1;
}

/* Sifts the key at `root` of the heap in the table at `heap` down. */
static void sift(lua_State *L, int heap, lua_Integer root, lua_Integer count)
{
    for (;;) {
        lua_Integer child = root * 2;

        sandbox_charge(L, 1);
        if (child > count)
            return;
        lua_rawgeti(L, heap, root);
        lua_rawgeti(L, heap, child);
        if (child < count) {
            lua_rawgeti(L, heap, child + 1);
            if (sandbox_compare_keys(L, -1, -2) > 0) {
                lua_remove(L, -2);
                child++;
            } else {
                lua_pop(L, 1);
            }
        }
        if (sandbox_compare_keys(L, -2, -1) >= 0) {
            lua_pop(L, 2);
            return;
        }
        lua_rawseti(L, heap, root);
        lua_rawseti(L, heap, child);
        root = child;
    }
}

/* One step of pairs; upvalues: keys in order, position. */
static int pairs_step(lua_State *L)
{
    lua_Integer at = lua_tointeger(L, lua_upvalueindex(2));

    luaL_checktype(L, 1, LUA_TTABLE);
    for (;;) {
        sandbox_charge(L, 1);
        lua_pushinteger(L, ++at);
        lua_replace(L, lua_upvalueindex(2));
        lua_rawgeti(L, lua_upvalueindex(1), at);
        if (lua_isnil(L, -1))
            return 1;
        lua_pushvalue(L, -1);
        lua_gettable(L, 1);
        if (!lua_isnil(L, -1))
            return 2;
        lua_pop(L, 2); /* removed meanwhile */
    }
}

static int base_pairs(lua_State *L)
{
    lua_Integer count = 0, i;

    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 3);
        return 3;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_newtable(L); /* 2: keys */
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_rawseti(L, 2, ++count);
        sandbox_charge(L, 1);
    }
    for (i = count / 2; i >= 1; i--)
        sift(L, 2, i, count);
    for (i = count; i > 1; i--) {
        lua_rawgeti(L, 2, 1);
        lua_rawgeti(L, 2, i);
        lua_rawseti(L, 2, 1);
        lua_rawseti(L, 2, i);
        sift(L, 2, 1, i - 1);
    }
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, pairs_step, 2);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

const char *sandbox_tostring(lua_State *L, int index, size_t *length)
{
    index = lua_absindex(L, index);
    if (luaL_getmetafield(L, index, "__tostring") != LUA_TNIL) {
        lua_pushvalue(L, index);
        lua_call(L, 1, 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "__tostring must return a text");
        return lua_tolstring(L, -1, length);
    }
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
    case LUA_TSTRING:
    case LUA_TBOOLEAN:
    case LUA_TNIL:
        return luaL_tolstring(L, index, length);
    default:
        lua_pushstring(L, luaL_typename(L, index));
        return lua_tolstring(L, -1, length);
    }
}

int sandbox_concat(lua_State *L)
{
    int i;

    for (i = 1; i <= 2; i++) {
        if (lua_isnil(L, i) && sandbox_empty_spreads(L))
            lua_pushliteral(L, "");
        else if (lua_istable(L, i) || lua_isnil(L, i) || lua_isboolean(L, i))
            return luaL_error(L, "attempt to concatenate a %s value",
                              luaL_typename(L, i));
        else
            sandbox_tostring(L, i, NULL);
    }
    lua_concat(L, 2);
    return 1;
}

static int base_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    sandbox_tostring(L, 1, NULL);
    return 1;
}

static int base_setmetatable(lua_State *L)
{
    static const char *const refused[] = { "__gc", "__close", "__mode" };
    int type = lua_type(L, 2);
    size_t i;

    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2,
                     "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    for (i = 0; type == LUA_TTABLE && i < sizeof(refused) / sizeof(*refused);
         i++) {
        lua_pushstring(L, refused[i]);
        if (lua_rawget(L, 2) != LUA_TNIL)
            return luaL_error(L, "%s is not available", refused[i]);
        lua_pop(L, 1);
    }
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

static int sealed_newindex(lua_State *L)
{
    return luaL_error(L, "this table can't be changed");
}

static int sealed_pairs(lua_State *L)
{
    lua_settop(L, 1);
    lua_pushcfunction(L, base_pairs);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_call(L, 1, 3);
    /* The loop's table is the sealed one: the inner one never gets out. */
    lua_pushvalue(L, 1);
    lua_replace(L, 3);
    return 3;
}

void sandbox_seal(lua_State *L)
{
    lua_newtable(L);
    lua_createtable(L, 0, 5);
    lua_pushliteral(L, "__call"); /* moves up: the library is a function too */
    lua_pushvalue(L, -1);
    lua_rawget(L, -5);
    lua_rawset(L, -3);
    lua_pushnil(L);
    lua_setfield(L, -4, "__call");
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, sealed_newindex);
    lua_setfield(L, -2, "__newindex");
    lua_pushvalue(L, -3);
    lua_pushcclosure(L, sealed_pairs, 1);
    lua_setfield(L, -2, "__pairs");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_remove(L, -2);
}

/* Empty operands (README, "What a script has"). */

static int empty_arithmetic(lua_State *L)
{
    lua_pushnil(L);
    return 1;
}

static int empty_comparison(lua_State *L)
{
    lua_pushboolean(L, 0);
    return 1;
}

static int empty_length(lua_State *L)
{
    lua_pushinteger(L, 0);
    return 1;
}

static int empty_concat(lua_State *L)
{
    int i;

    lua_settop(L, 2);
    for (i = 1; i <= 2; i++) {
        if (lua_isnil(L, i)) {
            lua_pushliteral(L, "");
        } else {
            if (!lua_isstring(L, i) &&
                luaL_getmetafield(L, i, "__concat") == LUA_TNIL)
                return luaL_error(L, "attempt to concatenate a %s value",
                                  luaL_typename(L, i));
            sandbox_tostring(L, i, NULL);
        }
        lua_replace(L, i);
        lua_settop(L, 2);
    }
    lua_concat(L, 2);
    return 1;
}

void lib_base_empty(lua_State *L)
{
    static const char *const arithmetic[] = { "__add", "__sub",  "__mul",
                                              "__div", "__mod",  "__pow",
                                              "__unm", "__idiv", NULL };
    size_t i;

    lua_pushnil(L);
    lua_newtable(L);
    for (i = 0; arithmetic[i]; i++) {
        lua_pushcfunction(L, empty_arithmetic);
        lua_setfield(L, -2, arithmetic[i]);
    }
    lua_pushcfunction(L, empty_comparison);
    lua_setfield(L, -2, "__lt");
    lua_pushcfunction(L, empty_comparison);
    lua_setfield(L, -2, "__le");
    lua_pushcfunction(L, empty_length);
    lua_setfield(L, -2, "__len");
    lua_pushcfunction(L, empty_concat);
    lua_setfield(L, -2, "__concat");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

void lib_base_open(lua_State *L)
{
    static const char *const kept[] = { "assert", "error",    "ipairs",
                                        "pcall",  "rawequal", "rawget",
                                        "rawlen", "select",   "getmetatable",
                                        "type",   "tonumber", NULL };
    static const luaL_Reg own[] = { { "next", base_next },
                                    { "pairs", base_pairs },
                                    { "tostring", base_tostring },
                                    { "setmetatable", base_setmetatable },
                                    { NULL, NULL } };
    int i;

    /* luaopen_base fills the globals; we keep a few and empty the rest. */
    lua_pushcfunction(L, luaopen_base);
    lua_call(L, 0, 1);
    lua_newtable(L);
    for (i = 0; kept[i]; i++) {
        lua_getfield(L, -2, kept[i]);
        lua_setfield(L, -2, kept[i]);
    }
    luaL_setfuncs(L, own, 0);
    lua_pushliteral(L, LUA_VERSION);
    lua_setfield(L, -2, "_VERSION");
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_pop(L, 1);
}
