/*
 * wire.c - JSON straight to and from Lua values.
 *
 * The boundary between the host and the logic is text, on the server and in
 * the browser alike. What comes in was written by our own host; it is still
 * checked, because an error here must not become one of memory.
 */
#include "base/banned.h"

#include "script/wire.h"

#include <lauxlib.h>
#include <math.h>

#include "script/lib_decimal.h"
#include "script/sandbox.h"

enum { DEPTH_MAX = 64, TEXT_MAX = 8 << 20, NUMBER_MAX = 40 };

struct reader {
    lua_State *L;
    const char *at, *end;
};

static int bad(struct reader *r, const char *what)
{
    return luaL_error(r->L, "bad JSON: %s", what);
}

static void skip_space(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' ||
                              *r->at == '\r' || *r->at == '\t'))
        r->at++;
}

static bool take(struct reader *r, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length) != 0)
        return false;
    r->at += length;
    return true;
}

static unsigned read_hex4(struct reader *r)
{
    unsigned value = 0;
    int i;

    for (i = 0; i < 4; i++, r->at++) {
        char c = r->at < r->end ? *r->at : 'x';

        if (c >= '0' && c <= '9')
            value = value * 16 + (unsigned)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            value = value * 16 + (unsigned)((c | 0x20) - 'a' + 10);
        else
            bad(r, "escape");
    }
    return value;
}

static void add_code_point(luaL_Buffer *out, unsigned c)
{
    if (c < 0x80) {
        luaL_addchar(out, (char)c);
    } else if (c < 0x800) {
        luaL_addchar(out, (char)(0xC0 | c >> 6));
        luaL_addchar(out, (char)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        luaL_addchar(out, (char)(0xE0 | c >> 12));
        luaL_addchar(out, (char)(0x80 | (c >> 6 & 0x3F)));
        luaL_addchar(out, (char)(0x80 | (c & 0x3F)));
    } else {
        luaL_addchar(out, (char)(0xF0 | c >> 18));
        luaL_addchar(out, (char)(0x80 | (c >> 12 & 0x3F)));
        luaL_addchar(out, (char)(0x80 | (c >> 6 & 0x3F)));
        luaL_addchar(out, (char)(0x80 | (c & 0x3F)));
    }
}

static void read_escape(struct reader *r, luaL_Buffer *out)
{
    static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    char c = r->at < r->end ? *r->at++ : '\0';
    const char *known = c ? strchr(letters, c) : NULL;
    unsigned high, low;

    if (known) {
        luaL_addchar(out, means[known - letters]);
        return;
    }
    if (c != 'u')
        bad(r, "escape");
    high = read_hex4(r);
    if (high >= 0xD800 && high < 0xDC00) {
        if (!take(r, "\\u"))
            bad(r, "lone surrogate");
        low = read_hex4(r);
        if (low < 0xDC00 || low > 0xDFFF)
            bad(r, "lone surrogate");
        high = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    } else if (high >= 0xDC00 && high < 0xE000) {
        bad(r, "lone surrogate");
    }
    add_code_point(out, high);
}

/* Behind the opening quote. */
static void read_string(struct reader *r)
{
    luaL_Buffer out;

    luaL_buffinit(r->L, &out);
    for (;;) {
        const char *start = r->at;

        while (r->at < r->end && *r->at != '"' && *r->at != '\\')
            r->at++;
        if (r->at == r->end)
            bad(r, "unfinished text");
        luaL_addlstring(&out, start, (size_t)(r->at - start));
        if (*r->at++ == '"')
            break;
        read_escape(r, &out);
    }
    luaL_pushresult(&out);
}

static void read_number(struct reader *r)
{
    char text[NUMBER_MAX];
    size_t length = 0;

    while (r->at < r->end && *r->at && strchr("+-.eE0123456789", *r->at)) {
        if (length == sizeof(text) - 1)
            bad(r, "number");
        text[length++] = *r->at++;
    }
    text[length] = '\0';
    if (length == 0 || lua_stringtonumber(r->L, text) != length + 1)
        bad(r, "unexpected character");
}

static void read_value(struct reader *r, int depth);

static void read_array(struct reader *r, int depth)
{
    lua_Integer count = 0;

    lua_newtable(r->L);
    skip_space(r);
    if (take(r, "]"))
        return;
    do {
        read_value(r, depth);
        lua_rawseti(r->L, -2, ++count);
        skip_space(r);
    } while (take(r, ","));
    if (!take(r, "]"))
        bad(r, "']' expected");
}

static void read_object(struct reader *r, int depth)
{
    lua_newtable(r->L);
    skip_space(r);
    if (take(r, "}"))
        return;
    do {
        skip_space(r);
        if (!take(r, "\""))
            bad(r, "key expected");
        read_string(r);
        skip_space(r);
        if (!take(r, ":"))
            bad(r, "':' expected");
        read_value(r, depth);
        lua_rawset(r->L, -3);
        skip_space(r);
    } while (take(r, ","));
    if (!take(r, "}"))
        bad(r, "'}' expected");
}

static void read_value(struct reader *r, int depth)
{
    if (depth == DEPTH_MAX)
        bad(r, "nested too deeply");
    luaL_checkstack(r->L, 6, "JSON");
    skip_space(r);
    if (take(r, "\""))
        read_string(r);
    else if (take(r, "{"))
        read_object(r, depth + 1);
    else if (take(r, "["))
        read_array(r, depth + 1);
    else if (take(r, "true"))
        lua_pushboolean(r->L, 1);
    else if (take(r, "false"))
        lua_pushboolean(r->L, 0);
    else if (take(r, "null"))
        lua_pushnil(r->L);
    else
        read_number(r);
}

void wire_push(lua_State *L, const char *text, size_t length)
{
    struct reader r = { L, text, text + length };

    read_value(&r, 0);
    skip_space(&r);
    if (r.at != r.end)
        bad(&r, "text behind the value");
}

/* Writing. */

void wire_add(struct wire_text *out, const char *text, size_t length)
{
    size_t capacity = out->capacity ? out->capacity : 256;
    char *grown;

    if (out->failed || length > TEXT_MAX || out->length + length > TEXT_MAX) {
        out->failed = true;
        return;
    }
    while (capacity < out->length + length + 1)
        capacity *= 2;
    if (capacity != out->capacity) {
        grown = realloc(out->data, capacity);
        if (!grown) {
            out->failed = true;
            return;
        }
        out->data = grown;
        out->capacity = capacity;
    }
    memcpy(out->data + out->length, text, length);
    out->length += length;
    out->data[out->length] = '\0';
}

void wire_add_text(struct wire_text *out, const char *text)
{
    wire_add(out, text, strlen(text));
}

/* Bytes of the valid character at `at`; 0 where it is none. */
static size_t valid_character(const unsigned char *at, size_t left)
{
    if (at[0] < 0x80)
        return 1;
    if (at[0] >= 0xC2 && at[0] < 0xE0)
        return left >= 2 && (at[1] & 0xC0) == 0x80 ? 2 : 0;
    if (at[0] >= 0xE0 && at[0] < 0xF0) {
        if (left < 3 || (at[1] & 0xC0) != 0x80 || (at[2] & 0xC0) != 0x80 ||
            (at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] >= 0xA0))
            return 0;
        return 3;
    }
    if (at[0] >= 0xF0 && at[0] < 0xF5) {
        if (left < 4 || (at[1] & 0xC0) != 0x80 || (at[2] & 0xC0) != 0x80 ||
            (at[3] & 0xC0) != 0x80 || (at[0] == 0xF0 && at[1] < 0x90) ||
            (at[0] == 0xF4 && at[1] >= 0x90))
            return 0;
        return 4;
    }
    return 0;
}

void wire_add_string(struct wire_text *out, const char *text, size_t length)
{
    const char *end = text + length, *start = text;
    char escape[8];

    wire_add(out, "\"", 1);
    while (text < end) {
        size_t size =
            valid_character((const unsigned char *)text, (size_t)(end - text));
        unsigned char c = (unsigned char)*text;

        if (size > 0 && c >= 0x20 && c != '"' && c != '\\') {
            text += size;
            continue;
        }
        wire_add(out, start, (size_t)(text - start));
        if (size == 0 || c == '\0')
            wire_add_text(out, "\xEF\xBF\xBD"); /* json.h takes no \u0000 */
        else if (c >= 0x20)
            wire_add(out, c == '"' ? "\\\"" : "\\\\", 2);
        else
            wire_add(out, escape,
                     (size_t)snprintf(escape, sizeof(escape), "\\u%04x", c));
        start = ++text;
    }
    wire_add(out, start, (size_t)(text - start));
    wire_add(out, "\"", 1);
}

static void write_number(struct wire_text *out, lua_State *L, int index)
{
    char text[NUMBER_MAX];
    int length;

    if (lua_isinteger(L, index))
        length = snprintf(text, sizeof(text), "%lld",
                          (long long)lua_tointeger(L, index));
    else if (isfinite(lua_tonumber(L, index)))
        length = snprintf(text, sizeof(text), "%.17g", lua_tonumber(L, index));
    else
        length = snprintf(text, sizeof(text), "null");
    wire_add(out, text, (size_t)length);
}

static void write_value(struct wire_text *out, lua_State *L, int index,
                        int depth);

static void write_object(struct wire_text *out, lua_State *L, int index,
                         int depth)
{
    lua_Integer count = 0, i, j;

    /* The text keys, in order: an insertion sort, as objects are small. */
    lua_newtable(L);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            continue;
        for (j = count; j >= 1; j--) {
            sandbox_charge(L, 1);
            lua_rawgeti(L, -2, j);
            if (sandbox_compare_keys(L, -1, -2) < 0) {
                lua_pop(L, 1);
                break;
            }
            lua_rawseti(L, -3, j + 1);
        }
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, j + 1);
        count++;
    }
    wire_add(out, "{", 1);
    for (i = 1; i <= count; i++) {
        size_t length;
        const char *key;

        if (i > 1)
            wire_add(out, ",", 1);
        lua_rawgeti(L, -1, i);
        key = lua_tolstring(L, -1, &length);
        wire_add_string(out, key, length);
        wire_add(out, ":", 1);
        lua_rawget(L, index);
        write_value(out, L, lua_gettop(L), depth + 1);
        lua_pop(L, 1);
    }
    wire_add(out, "}", 1);
    lua_pop(L, 1);
}

static void write_table(struct wire_text *out, lua_State *L, int index,
                        int depth)
{
    lua_Integer count = (lua_Integer)lua_rawlen(L, index), i;

    lua_pushnil(L);
    if (count == 0 && lua_next(L, index)) {
        lua_pop(L, 2);
        write_object(out, L, index, depth);
        return;
    }
    if (count > 0)
        lua_pop(L, 1);
    wire_add(out, "[", 1);
    for (i = 1; i <= count; i++) {
        sandbox_charge(L, 1);
        if (i > 1)
            wire_add(out, ",", 1);
        lua_rawgeti(L, index, i);
        write_value(out, L, lua_gettop(L), depth + 1);
        lua_pop(L, 1);
    }
    wire_add(out, "]", 1);
}

static void write_value(struct wire_text *out, lua_State *L, int index,
                        int depth)
{
    char text[DECIMAL_TEXT_MAX];
    struct decimal decimal;
    int64_t days;
    size_t length;
    const char *data;

    if (depth > DEPTH_MAX)
        luaL_error(L, "the value nests too deeply");
    luaL_checkstack(L, 6, "JSON");
    switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
        wire_add_text(out, lua_toboolean(L, index) ? "true" : "false");
        break;
    case LUA_TNUMBER:
        write_number(out, L, index);
        break;
    case LUA_TSTRING:
        data = lua_tolstring(L, index, &length);
        wire_add_string(out, data, length);
        break;
    case LUA_TTABLE:
        write_table(out, L, index, depth);
        break;
    default:
        if (decimal_at(&decimal, L, index)) {
            length = decimal_format(text, decimal);
            wire_add_string(out, text, length);
        } else if (date_at(&days, L, index)) {
            date_write(text, days);
            wire_add_string(out, text, strlen(text));
        } else {
            wire_add_text(out, "null");
        }
    }
}

void wire_write(struct wire_text *out, lua_State *L, int index)
{
    write_value(out, L, lua_absindex(L, index), 0);
}

void wire_clear(struct wire_text *out)
{
    out->length = 0;
    out->failed = false;
    if (out->data)
        out->data[0] = '\0';
}

void wire_free(struct wire_text *out)
{
    free(out->data);
    memset(out, 0, sizeof(*out));
}
