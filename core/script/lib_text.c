/*
 * lib_text.c - `text`: Unicode text by characters, not bytes.
 */
#include "base/banned.h"

#include <lauxlib.h>

#include "script/sandbox.h"

/* Bytes of the UTF-8 character at `at`; raises an error where it is none. */
static size_t character(lua_State *L, const char *at, const char *end)
{
    unsigned char c = (unsigned char)*at;
    size_t size = c < 0x80   ? 1
                  : c < 0xC2 ? 0
                  : c < 0xE0 ? 2
                  : c < 0xF0 ? 3
                  : c < 0xF5 ? 4
                             : 0;
    size_t i;

    if (size == 0 || (size_t)(end - at) < size)
        luaL_error(L, "the text is not valid UTF-8");
    for (i = 1; i < size; i++)
        if (((unsigned char)at[i] & 0xC0) != 0x80)
            luaL_error(L, "the text is not valid UTF-8");
    return size;
}

static lua_Integer count_characters(lua_State *L, const char *text,
                                    size_t length)
{
    const char *end = text + length;
    lua_Integer count = 0;

    sandbox_charge(L, 1 + (int64_t)(length / 8));
    for (; text < end; count++)
        text += character(L, text, end);
    return count;
}

/* text.len(s): characters. */
static int text_len(lua_State *L)
{
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);

    lua_pushinteger(L, count_characters(L, text, length));
    return 1;
}

/* text.sub(s, from [, to]): by characters; negative ones count from the
 * end, as in string.sub. */
static int text_sub(lua_State *L)
{
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length), *end = text + length;
    lua_Integer count = count_characters(L, text, length), i;
    lua_Integer from = luaL_checkinteger(L, 2);
    lua_Integer to = luaL_optinteger(L, 3, -1);
    const char *start;

    if (from < 0)
        from = from < -count ? 1 : count + from + 1;
    if (to < 0)
        to = to < -count ? 0 : count + to + 1;
    if (from < 1)
        from = 1;
    if (to > count)
        to = count;
    for (i = 1; i < from && text < end; i++)
        text += character(L, text, end);
    for (start = text; i <= to && text < end; i++)
        text += character(L, text, end);
    lua_pushlstring(L, start, (size_t)(text - start));
    return 1;
}

/* Bytes of the white space at `at`: ASCII, no-break and ideographic space. */
static size_t space(const char *at, size_t left)
{
    if (left >= 1 && (*at == ' ' || (*at >= '\t' && *at <= '\r')))
        return 1;
    if (left >= 2 && memcmp(at, "\xC2\xA0", 2) == 0)
        return 2;
    return left >= 3 && memcmp(at, "\xE3\x80\x80", 3) == 0 ? 3 : 0;
}

/* text.trim(s): without white space at both ends. */
static int text_trim(lua_State *L)
{
    size_t length, size;
    const char *text = luaL_checklstring(L, 1, &length);

    sandbox_charge(L, 1 + (int64_t)(length / 8));
    while ((size = space(text, length)) > 0) {
        text += size;
        length -= size;
    }
    for (;;) {
        for (size = 1; size <= 3; size++)
            if (size <= length && space(text + length - size, size) == size)
                break;
        if (size > 3)
            break;
        length -= size;
    }
    lua_pushlstring(L, text, length);
    return 1;
}

static int text_starts(lua_State *L)
{
    size_t length, part_length;
    const char *text = luaL_checklstring(L, 1, &length);
    const char *part = luaL_checklstring(L, 2, &part_length);

    lua_pushboolean(L, part_length <= length &&
                           memcmp(text, part, part_length) == 0);
    return 1;
}

static int text_ends(lua_State *L)
{
    size_t length, part_length;
    const char *text = luaL_checklstring(L, 1, &length);
    const char *part = luaL_checklstring(L, 2, &part_length);

    lua_pushboolean(L,
                    part_length <= length && memcmp(text + length - part_length,
                                                    part, part_length) == 0);
    return 1;
}

/* The first `part` in `text`, or NULL. */
static const char *find_part(lua_State *L, const char *text, size_t length,
                             const char *part, size_t part_length)
{
    const char *end = text + length;

    while ((size_t)(end - text) >= part_length) {
        const char *hit =
            memchr(text, part[0], (size_t)(end - text) - part_length + 1);

        if (!hit)
            return NULL;
        sandbox_charge(L, 1 + (int64_t)(part_length / 64) + (hit - text) / 64);
        if (memcmp(hit, part, part_length) == 0)
            return hit;
        text = hit + 1;
    }
    return NULL;
}

/* text.contains(s, part): no patterns. */
static int text_contains(lua_State *L)
{
    size_t length, part_length;
    const char *text = luaL_checklstring(L, 1, &length);
    const char *part = luaL_checklstring(L, 2, &part_length);

    lua_pushboolean(L, part_length == 0 ||
                           find_part(L, text, length, part, part_length));
    return 1;
}

/* text.split(s, separator): a list. */
static int text_split(lua_State *L)
{
    size_t length, part_length;
    const char *text = luaL_checklstring(L, 1, &length), *end = text + length;
    const char *part = luaL_checklstring(L, 2, &part_length), *hit;
    lua_Integer count = 0;

    luaL_argcheck(L, part_length > 0, 2, "the separator is empty");
    lua_newtable(L);
    while (
        (hit = find_part(L, text, (size_t)(end - text), part, part_length))) {
        lua_pushlstring(L, text, (size_t)(hit - text));
        lua_rawseti(L, -2, ++count);
        text = hit + part_length;
    }
    lua_pushlstring(L, text, (size_t)(end - text));
    lua_rawseti(L, -2, ++count);
    return 1;
}

void lib_text_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "len", text_len },     { "sub", text_sub },
        { "trim", text_trim },   { "starts", text_starts },
        { "ends", text_ends },   { "contains", text_contains },
        { "split", text_split }, { NULL, NULL },
    };

    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
}
