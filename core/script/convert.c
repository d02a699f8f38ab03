/*
 * convert.c - values of the host to and from Lua.
 */
#include "base/banned.h"

#include "script/convert.h"

#include <lauxlib.h>

#include "base/arena.h"
#include "base/value.h"
#include "script/lib_decimal.h"
#include "script/sandbox.h"

enum { LEVELS_MAX = 64 };

static void push_level(lua_State *L, const struct value *value, int level)
{
    struct decimal decimal;
    struct str text;
    size_t i;

    if (level == LEVELS_MAX)
        luaL_error(L, "a value nests too deeply");
    luaL_checkstack(L, 4, "values");
    switch (value_kind(value)) {
    case VALUE_NULL:
        lua_pushnil(L);
        break;
    case VALUE_BOOL:
        lua_pushboolean(L, value_as_bool(value));
        break;
    case VALUE_INT:
        lua_pushinteger(L, value_as_int(value, 0));
        break;
    case VALUE_DOUBLE:
        lua_pushnumber(L, value_as_double(value, 0));
        break;
    case VALUE_DECIMAL:
        value_as_decimal(&decimal, value);
        decimal_push(L, decimal);
        break;
    case VALUE_STRING:
    case VALUE_HTML:
    case VALUE_URL:
        text = value_as_str(value);
        lua_pushlstring(L, text.data, text.length);
        break;
    case VALUE_LIST:
        lua_createtable(L, (int)value_count(value), 0);
        for (i = 0; i < value_count(value); i++) {
            push_level(L, value_at(value, i), level + 1);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
        break;
    case VALUE_MAP:
        lua_createtable(L, 0, (int)value_count(value));
        for (i = 0; i < value_count(value); i++) {
            push_level(L, value_item_at(value, i), level + 1);
            lua_setfield(L, -2, value_key_at(value, i));
        }
        break;
    }
}

void convert_push(lua_State *L, const struct value *value)
{
    push_level(L, value, 0);
}

static struct value *pull_level(lua_State *L, int index, struct arena *arena,
                                int level);

static struct value *pull_list(lua_State *L, int index, struct arena *arena,
                               int level)
{
    struct value *list = value_list(arena);
    lua_Integer count = (lua_Integer)lua_rawlen(L, index), i;

    for (i = 1; i <= count; i++) {
        lua_rawgeti(L, index, i);
        value_append(list, pull_level(L, lua_gettop(L), arena, level + 1));
        lua_pop(L, 1);
    }
    return list;
}

/* Keys in their order, so that what is made of it is the same each time. */
static struct value *pull_map(lua_State *L, int index, struct arena *arena,
                              int level)
{
    struct value *map = value_map(arena);
    int last;

    lua_pushnil(L);
    last = lua_gettop(L);
    while (sandbox_next(L, index, last)) {
        if (lua_type(L, -2) == LUA_TSTRING)
            value_set(map, lua_tostring(L, -2),
                      pull_level(L, lua_gettop(L), arena, level + 1));
        lua_pop(L, 1);
        lua_replace(L, last);
    }
    lua_pop(L, 1);
    return map;
}

static struct value *pull_level(lua_State *L, int index, struct arena *arena,
                                int level)
{
    struct decimal decimal;
    char text[DATE_TEXT_MAX];
    int64_t days;
    size_t length;
    const char *data;

    if (level == LEVELS_MAX)
        luaL_error(L, "a value nests too deeply");
    luaL_checkstack(L, 8, "values");
    sandbox_charge(L, 1);
    switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
        return value_bool(arena, lua_toboolean(L, index));
    case LUA_TNUMBER:
        if (lua_isinteger(L, index))
            return value_int(arena, lua_tointeger(L, index));
        return value_double(arena, lua_tonumber(L, index));
    case LUA_TSTRING:
        data = lua_tolstring(L, index, &length);
        return value_textn(arena, data, length);
    case LUA_TTABLE:
        if (lua_rawlen(L, index) > 0)
            return pull_list(L, index, arena, level);
        lua_pushnil(L);
        if (!lua_next(L, index))
            return value_list(arena);
        lua_pop(L, 2);
        return pull_map(L, index, arena, level);
    default:
        if (decimal_at(&decimal, L, index))
            return value_decimal(arena, decimal);
        if (date_at(&days, L, index)) {
            date_write(text, days);
            return value_text(arena, text);
        }
        return value_null(arena);
    }
}

struct value *convert_pull(lua_State *L, int index, struct arena *arena)
{
    return pull_level(L, lua_absindex(L, index), arena, 0);
}
