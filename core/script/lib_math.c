/*
 * lib_math.c - the part of `math` that is the same everywhere.
 *
 * Not there: random (a form must give the same on both sides), exp, log and
 * trigonometry: their last digit differs between C libraries, and between
 * processors with one library. So does pow, which is Lua's operator '^': form
 * logic and expressions use math.pow with a whole exponent instead.
 */
#include "base/banned.h"

#include <lauxlib.h>
#include <lualib.h>

#include "script/sandbox.h"

enum { EXPONENT_MAX = 10000 };

/* math.pow(x, n): x multiplied by itself; n whole, -10000 to 10000. */
static int math_pow(lua_State *L)
{
    lua_Number base = luaL_checknumber(L, 1), result = 1;
    lua_Integer exponent = luaL_checkinteger(L, 2), left;

    luaL_argcheck(L, exponent >= -EXPONENT_MAX && exponent <= EXPONENT_MAX, 2,
                  "an exponent is -10000 to 10000");
    for (left = exponent < 0 ? -exponent : exponent; left; left >>= 1) {
        if (left & 1)
            result *= base;
        base *= base;
    }
    lua_pushnumber(L, exponent < 0 ? 1 / result : result);
    return 1;
}

/* Behind a long bracket "[==[ … ]==]" that starts at p; NULL: it is none. */
static const char *long_bracket(const char *p, const char *end)
{
    size_t level = 0, closing;
    const char *q;

    for (q = p + 1; q < end && *q == '='; q++)
        level++;
    if (q >= end || *q != '[')
        return NULL;
    for (q++; q < end; q++) {
        if (*q != ']')
            continue;
        closing = 0;
        while (q + 1 + closing < end && q[1 + closing] == '=')
            closing++;
        if (closing == level && q + 1 + closing < end && q[1 + closing] == ']')
            return q + closing + 2;
    }
    return end;
}

/* Behind the text or comment that starts at p, else p itself. */
static const char *skip_quoted(const char *p, const char *end)
{
    const char *after;
    char quote = *p;

    if (quote == '-' && p + 1 < end && p[1] == '-') {
        after = p + 2 < end && p[2] == '[' ? long_bracket(p + 2, end) : NULL;
        if (after)
            return after;
        while (p < end && *p != '\n')
            p++;
        return p;
    }
    if (quote == '[') {
        after = long_bracket(p, end);
        return after ? after : p;
    }
    if (quote != '"' && quote != '\'')
        return p;
    for (p++; p < end && *p != quote; p++)
        if (*p == '\\' && p + 1 < end)
            p++;
    return p < end ? p + 1 : end;
}

void sandbox_refuse_power(lua_State *L, const char *name, const char *source,
                          size_t length)
{
    const char *p = source, *end = source + length;
    int line = 1;

    while (p < end) {
        const char *after = skip_quoted(p, end);

        if (after == p && *p == '^')
            luaL_error(L, "%s:%d: '^' is not available, use math.pow(x, n)",
                       name, line);
        if (after == p)
            after++;
        for (; p < after; p++)
            line += *p == '\n';
    }
}

void lib_math_open(lua_State *L)
{
    static const char *const kept[] = {
        "abs",        "ceil",       "floor",     "fmod", "modf", "max",
        "min",        "sqrt",       "tointeger", "type", "ult",  "huge",
        "maxinteger", "mininteger", "pi",        NULL
    };
    int i;

    lua_newtable(L);
    lua_pushcfunction(L, luaopen_math);
    lua_call(L, 0, 1);
    for (i = 0; kept[i]; i++) {
        lua_getfield(L, -1, kept[i]);
        lua_setfield(L, -3, kept[i]);
    }
    lua_pop(L, 1);
    lua_pushcfunction(L, math_pow);
    lua_setfield(L, -2, "pow");
}
