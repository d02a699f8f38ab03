/*
 * lib_string.c - the string library of the sandbox.
 *
 * Lua's own functions where they are short; ours where they loop for long
 * (rep, lower, upper, reverse, patterns), show addresses (format) or go by
 * the locale. Not there: dump, pack, unpack, packsize.
 */
#include "base/banned.h"

#include <lauxlib.h>
#include <lualib.h>

#include "script/sandbox.h"

enum { TEXT_MAX = 1 << 28 };

static int string_rep(lua_State *L)
{
    size_t length, between;
    const char *text = luaL_checklstring(L, 1, &length);
    lua_Integer count = luaL_checkinteger(L, 2);
    const char *separator = luaL_optlstring(L, 3, "", &between);
    luaL_Buffer out;
    char *at;

    if (count <= 0 || length + between == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    /* In 64 bits: size_t has 32 in WebAssembly. */
    if ((lua_Unsigned)count > TEXT_MAX / (length + between))
        return luaL_error(L, "resulting string too large");
    sandbox_charge(L, 1 + (int64_t)((length + between) * (size_t)count / 16));
    at = luaL_buffinitsize(L, &out, (length + between) * (size_t)count);
    while (count-- > 0) {
        memcpy(at, text, length);
        at += length;
        if (count > 0) {
            memcpy(at, separator, between);
            at += between;
        }
    }
    luaL_pushresultsize(&out, (size_t)(at - luaL_buffaddr(&out)));
    return 1;
}

/* mode: 'l' lower, 'u' upper, 'r' reversed */
static int transform(lua_State *L, int mode)
{
    size_t length, i;
    const char *text = luaL_checklstring(L, 1, &length);
    luaL_Buffer out;
    char *to;

    sandbox_charge(L, 1 + (int64_t)(length / 16));
    to = luaL_buffinitsize(L, &out, length);
    for (i = 0; i < length; i++) {
        char c = mode == 'r' ? text[length - 1 - i] : text[i];

        if (mode == 'l' && c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        else if (mode == 'u' && c >= 'a' && c <= 'z')
            c = (char)(c - 32);
        to[i] = c;
    }
    luaL_pushresultsize(&out, length);
    return 1;
}

static int string_lower(lua_State *L)
{
    return transform(L, 'l');
}

static int string_upper(lua_State *L)
{
    return transform(L, 'u');
}

static int string_reverse(lua_State *L)
{
    return transform(L, 'r');
}

/*
 * Lua's format behind a check of each conversion: %p and %a are refused, the
 * argument of %s becomes text by our tostring. Upvalue: Lua's function.
 */
static int string_format(lua_State *L)
{
    size_t length, i;
    const char *format = luaL_checklstring(L, 1, &length);
    int top = lua_gettop(L), argument = 1;

    sandbox_charge(L, 1 + (int64_t)(length / 16));
    for (i = 0; i < length; i++) {
        if (format[i] != '%')
            continue;
        if (++i < length && format[i] == '%')
            continue;
        while (i < length && format[i] && strchr("-+ #0123456789.", format[i]))
            i++;
        argument++;
        if (i == length)
            break; /* Lua's own message follows */
        if (format[i] == 'p' || format[i] == 'a' || format[i] == 'A')
            return luaL_error(L, "format '%%%c' is not available", format[i]);
        if (format[i] == 's' && argument <= top && !lua_isstring(L, argument)) {
            sandbox_tostring(L, argument, NULL);
            lua_replace(L, argument);
            lua_settop(L, top);
        }
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, top, 1);
    lua_tolstring(L, -1, &length);
    sandbox_charge(L, (int64_t)(length / 16));
    return 1;
}

void lib_string_open(lua_State *L)
{
    static const char *const kept[] = { "byte", "char", "len", "sub", NULL };
    static const luaL_Reg own[] = { { "rep", string_rep },
                                    { "lower", string_lower },
                                    { "upper", string_upper },
                                    { "reverse", string_reverse },
                                    { NULL, NULL } };
    int i;

    lua_newtable(L); /* ours */
    lua_pushcfunction(L, luaopen_string);
    lua_call(L, 0, 1);
    for (i = 0; kept[i]; i++) {
        lua_getfield(L, -1, kept[i]);
        lua_setfield(L, -3, kept[i]);
    }
    lua_getfield(L, -1, "format");
    lua_pushcclosure(L, string_format, 1);
    lua_setfield(L, -3, "format");
    lua_pop(L, 1);
    luaL_setfuncs(L, own, 0);
    lib_match_open(L);

    /* Methods of texts, s:upper(): the metatable that luaopen_string made,
     * with our functions and out of reach. */
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}
