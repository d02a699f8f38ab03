/*
 * lib_match.c - string.find, match, gmatch, gsub with a step budget.
 *
 * Lua's own matcher backtracks without ever looking at a hook: forty letters
 * of pattern can run for hours. This one has the same patterns (Lua manual
 * 6.4.1) and charges every step to the budget of the running call.
 */
#include "base/banned.h"

#include <lauxlib.h>

#include "script/sandbox.h"

enum { CAPTURES_MAX = 32, DEPTH_MAX = 200, BATCH = 64 };
enum { OPEN_CAPTURE = -1, POSITION_CAPTURE = -2 };

struct matcher {
    lua_State *L;
    const char *text, *text_end, *pattern_end;
    int depth;
    int rounds;
    int level;
    struct {
        const char *start;
        ptrdiff_t length;
    } captures[CAPTURES_MAX];
};

static const char *match(struct matcher *m, const char *s, const char *p);

static void step(struct matcher *m)
{
    if (++m->rounds == BATCH) {
        m->rounds = 0;
        sandbox_charge(m->L, BATCH);
    }
}

static bool in_range(int c, int low, int high)
{
    return c >= low && c <= high;
}

/* A class by its letter, in ASCII; a capital letter means the others. */
static bool in_class(int c, int class)
{
    bool lower = in_range(c, 'a', 'z'), upper = in_range(c, 'A', 'Z');
    bool digit = in_range(c, '0', '9'), inside;

    switch (class | 0x20) {
    case 'a':
        inside = lower || upper;
        break;
    case 'c':
        inside = c < 32 || c == 127;
        break;
    case 'd':
        inside = digit;
        break;
    case 'g':
        inside = in_range(c, 33, 126);
        break;
    case 'l':
        inside = lower;
        break;
    case 'p':
        inside = in_range(c, 33, 126) && !lower && !upper && !digit;
        break;
    case 's':
        inside = c == ' ' || in_range(c, '\t', '\r');
        break;
    case 'u':
        inside = upper;
        break;
    case 'w':
        inside = lower || upper || digit;
        break;
    case 'x':
        inside = digit || in_range(c, 'a', 'f') || in_range(c, 'A', 'F');
        break;
    default:
        return class == c;
    }
    return in_range(class, 'A', 'Z') ? !inside : inside;
}

/* Behind the single item (character, class, set) that starts at p. */
static const char *item_end(struct matcher *m, const char *p)
{
    char first = *p++;

    if (first == '%') {
        if (p == m->pattern_end)
            luaL_error(m->L, "malformed pattern (ends with '%%')");
        return p + 1;
    }
    if (first != '[')
        return p;
    if (p < m->pattern_end && *p == '^')
        p++;
    do {
        if (p == m->pattern_end)
            luaL_error(m->L, "malformed pattern (missing ']')");
        if (*p++ == '%') {
            if (p == m->pattern_end)
                luaL_error(m->L, "malformed pattern (missing ']')");
            p++;
        }
    } while (p == m->pattern_end || *p != ']');
    return p + 1;
}

/* Whether c is in the set from '[' at p to ']' at last. */
static bool in_set(struct matcher *m, int c, const char *p, const char *last)
{
    bool wanted = true;

    if (*++p == '^') {
        wanted = false;
        p++;
    }
    for (; p < last; p++) {
        step(m);
        if (*p == '%') {
            if (in_class(c, (unsigned char)*++p))
                return wanted;
        } else if (p + 2 < last && p[1] == '-') {
            if (in_range(c, (unsigned char)p[0], (unsigned char)p[2]))
                return wanted;
            p += 2;
        } else if ((unsigned char)*p == c) {
            return wanted;
        }
    }
    return !wanted;
}

static bool single(struct matcher *m, const char *s, const char *p,
                   const char *end)
{
    int c;

    step(m);
    if (s >= m->text_end)
        return false;
    c = (unsigned char)*s;
    switch (*p) {
    case '.':
        return true;
    case '%':
        return in_class(c, (unsigned char)p[1]);
    case '[':
        return in_set(m, c, p, end - 1);
    default:
        return (unsigned char)*p == c;
    }
}

/* %bxy: from x to the y that balances it. */
static const char *balanced(struct matcher *m, const char *s, const char *p)
{
    int depth = 1;
    char opens, closes;

    if (p + 1 >= m->pattern_end)
        luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
    opens = p[0];
    closes = p[1];
    if (s >= m->text_end || *s != opens)
        return NULL;
    while (++s < m->text_end) {
        step(m);
        if (*s == closes) {
            if (--depth == 0)
                return s + 1;
        } else if (*s == opens) {
            depth++;
        }
    }
    return NULL;
}

/* As many as there are, then fewer, until the rest fits. */
static const char *greedy(struct matcher *m, const char *s, const char *p,
                          const char *end)
{
    ptrdiff_t count = 0;

    while (single(m, s + count, p, end))
        count++;
    for (; count >= 0; count--) {
        const char *found = match(m, s + count, end + 1);

        step(m);
        if (found)
            return found;
    }
    return NULL;
}

static const char *lazy(struct matcher *m, const char *s, const char *p,
                        const char *end)
{
    for (;;) {
        const char *found = match(m, s, end + 1);

        if (found)
            return found;
        if (!single(m, s, p, end))
            return NULL;
        s++;
    }
}

static const char *open_capture(struct matcher *m, const char *s, const char *p,
                                ptrdiff_t kind)
{
    const char *found;

    if (m->level >= CAPTURES_MAX)
        luaL_error(m->L, "too many captures");
    m->captures[m->level].start = s;
    m->captures[m->level].length = kind;
    m->level++;
    found = match(m, s, p);
    if (!found)
        m->level--;
    return found;
}

static const char *close_capture(struct matcher *m, const char *s,
                                 const char *p)
{
    int i = m->level - 1;
    const char *found;

    while (i >= 0 && m->captures[i].length != OPEN_CAPTURE)
        i--;
    if (i < 0)
        luaL_error(m->L, "invalid pattern capture");
    m->captures[i].length = s - m->captures[i].start;
    found = match(m, s, p);
    if (!found)
        m->captures[i].length = OPEN_CAPTURE;
    return found;
}

/* %1 to %9: the text of a capture again. */
static const char *again(struct matcher *m, const char *s, int digit)
{
    int i = digit - '1';
    size_t length;

    if (i < 0 || i >= m->level || m->captures[i].length == OPEN_CAPTURE)
        luaL_error(m->L, "invalid capture index %%%d", i + 1);
    if (m->captures[i].length == POSITION_CAPTURE)
        length = 0;
    else
        length = (size_t)m->captures[i].length;
    sandbox_charge(m->L, (int64_t)(length / 64 + 1));
    if ((size_t)(m->text_end - s) < length ||
        memcmp(m->captures[i].start, s, length) != 0)
        return NULL;
    return s + length;
}

/* %f[set]: a border; the set's end goes to *next. */
static bool frontier(struct matcher *m, const char *s, const char *p,
                     const char **next)
{
    int before, here;

    if (p >= m->pattern_end || *p != '[')
        luaL_error(m->L, "missing '[' after '%%f' in pattern");
    *next = item_end(m, p);
    before = s == m->text ? 0 : (unsigned char)s[-1];
    here = s == m->text_end ? 0 : (unsigned char)*s;
    return !in_set(m, before, p, *next - 1) && in_set(m, here, p, *next - 1);
}

/* Items that are not single characters; *known says whether p was one. */
static const char *special(struct matcher *m, const char *s, const char *p,
                           bool *known)
{
    const char *next;

    *known = true;
    if (*p == '(') {
        if (p + 1 < m->pattern_end && p[1] == ')')
            return open_capture(m, s, p + 2, POSITION_CAPTURE);
        return open_capture(m, s, p + 1, OPEN_CAPTURE);
    }
    if (*p == ')')
        return close_capture(m, s, p + 1);
    if (*p == '$' && p + 1 == m->pattern_end)
        return s == m->text_end ? s : NULL;
    if (*p == '%' && p + 1 < m->pattern_end) {
        if (p[1] == 'b') {
            s = balanced(m, s, p + 2);
            return s ? match(m, s, p + 4) : NULL;
        }
        if (p[1] == 'f')
            return frontier(m, s, p + 2, &next) ? match(m, s, next) : NULL;
        if (in_range(p[1], '0', '9')) {
            s = again(m, s, p[1]);
            return s ? match(m, s, p + 2) : NULL;
        }
    }
    *known = false;
    return NULL;
}

/* The end of the match of p at s, or NULL. */
static const char *match(struct matcher *m, const char *s, const char *p)
{
    if (++m->depth > DEPTH_MAX)
        luaL_error(m->L, "pattern too complex");
    while (p < m->pattern_end) {
        const char *end, *found;
        bool known;
        char suffix;

        step(m);
        found = special(m, s, p, &known);
        if (known) {
            s = found;
            break;
        }
        end = item_end(m, p);
        suffix = end < m->pattern_end ? *end : '\0';
        if (suffix == '*') {
            s = greedy(m, s, p, end);
            break;
        }
        if (suffix == '+') {
            s = single(m, s, p, end) ? greedy(m, s + 1, p, end) : NULL;
            break;
        }
        if (suffix == '-') {
            s = lazy(m, s, p, end);
            break;
        }
        if (suffix == '?') {
            if (single(m, s, p, end) && (found = match(m, s + 1, end + 1))) {
                s = found;
                break;
            }
            p = end + 1;
            continue;
        }
        if (!single(m, s, p, end)) {
            s = NULL;
            break;
        }
        s++;
        p = end;
    }
    m->depth--;
    return s;
}

static void prepare(struct matcher *m, lua_State *L, const char *text,
                    size_t length, const char *pattern_end)
{
    memset(m, 0, sizeof(*m));
    m->L = L;
    m->text = text;
    m->text_end = text + length;
    m->pattern_end = pattern_end;
}

static const char *attempt(struct matcher *m, const char *s, const char *p)
{
    m->level = 0;
    m->depth = 0;
    return match(m, s, p);
}

/* Pushes capture i; the whole match where there are none. */
static void push_capture(struct matcher *m, int i, const char *s,
                         const char *end)
{
    if (i >= m->level) {
        if (i != 0)
            luaL_error(m->L, "invalid capture index %%%d", i + 1);
        lua_pushlstring(m->L, s, (size_t)(end - s));
    } else if (m->captures[i].length == POSITION_CAPTURE) {
        lua_pushinteger(m->L, m->captures[i].start - m->text + 1);
    } else if (m->captures[i].length == OPEN_CAPTURE) {
        luaL_error(m->L, "unfinished capture");
    } else {
        lua_pushlstring(m->L, m->captures[i].start,
                        (size_t)m->captures[i].length);
    }
}

/* s NULL: only real captures. */
static int push_captures(struct matcher *m, const char *s, const char *end)
{
    int count = m->level == 0 && s ? 1 : m->level, i;

    luaL_checkstack(m->L, count, "too many captures");
    for (i = 0; i < count; i++)
        push_capture(m, i, s, end);
    return count;
}

static const char *find_plain(lua_State *L, const char *text, size_t length,
                              const char *what, size_t what_length)
{
    const char *end = text + length;

    if (what_length == 0)
        return text;
    while ((size_t)(end - text) >= what_length) {
        const char *hit =
            memchr(text, what[0], (size_t)(end - text) - what_length + 1);

        if (!hit)
            break;
        sandbox_charge(L, 1 + (int64_t)(what_length / 64) + (hit - text) / 64);
        if (memcmp(hit, what, what_length) == 0)
            return hit;
        text = hit + 1;
    }
    return NULL;
}

/* Start position from argument `at`, 0-based; length + 1: behind the end.
 * In 64 bits: size_t has 32 in WebAssembly. */
static size_t start_position(lua_State *L, int at, size_t length)
{
    lua_Integer start = luaL_optinteger(L, at, 1);
    lua_Integer end = (lua_Integer)length;

    if (start > end)
        return start == end + 1 ? length : length + 1;
    if (start > 0)
        return (size_t)(start - 1);
    if (start == 0 || start < -end)
        return 0;
    return (size_t)(end + start);
}

static int find_or_match(lua_State *L, bool find)
{
    size_t length, pattern_length, start;
    const char *text = luaL_checklstring(L, 1, &length);
    const char *p = luaL_checklstring(L, 2, &pattern_length);
    const char *s, *end;
    struct matcher m;
    bool anchored;

    start = start_position(L, 3, length);
    if (start > length)
        goto none;
    if (find &&
        (lua_toboolean(L, 4) || (strcspn(p, "^$*+?.([%-") == pattern_length))) {
        s = find_plain(L, text + start, length - start, p, pattern_length);
        if (!s)
            goto none;
        lua_pushinteger(L, s - text + 1);
        lua_pushinteger(L, s - text + (lua_Integer)pattern_length);
        return 2;
    }
    anchored = *p == '^';
    prepare(&m, L, text, length, p + pattern_length);
    for (s = text + start; s <= m.text_end; s++) {
        end = attempt(&m, s, p + anchored);
        if (end && find) {
            lua_pushinteger(L, s - text + 1);
            lua_pushinteger(L, end - text);
            return push_captures(&m, NULL, NULL) + 2;
        }
        if (end)
            return push_captures(&m, s, end);
        if (anchored)
            break;
    }
none:
    lua_pushnil(L);
    return 1;
}

static int string_find(lua_State *L)
{
    return find_or_match(L, true);
}

static int string_match(lua_State *L)
{
    return find_or_match(L, false);
}

/* upvalues: text, pattern, next position, end of the last match + 1 */
static int gmatch_step(lua_State *L)
{
    size_t length, pattern_length;
    const char *text = lua_tolstring(L, lua_upvalueindex(1), &length);
    const char *p = lua_tolstring(L, lua_upvalueindex(2), &pattern_length);
    lua_Integer at = lua_tointeger(L, lua_upvalueindex(3));
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
    struct matcher m;

    prepare(&m, L, text, length, p + pattern_length);
    for (; at <= (lua_Integer)length; at++) {
        const char *end = attempt(&m, text + at, p);

        if (end && end - text + 1 != last) {
            lua_pushinteger(L, end - text);
            lua_replace(L, lua_upvalueindex(3));
            lua_pushinteger(L, end - text + 1);
            lua_replace(L, lua_upvalueindex(4));
            return push_captures(&m, text + at, end);
        }
    }
    lua_pushinteger(L, at);
    lua_replace(L, lua_upvalueindex(3));
    return 0;
}

static int string_gmatch(lua_State *L)
{
    size_t length, start;

    luaL_checklstring(L, 1, &length);
    luaL_checkstring(L, 2);
    start = start_position(L, 3, length);
    lua_settop(L, 2);
    lua_pushinteger(L, start > length ? (lua_Integer)length + 1
                                      : (lua_Integer)start);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, gmatch_step, 4);
    return 1;
}

/* Adds the replacement text with its %0 to %9. */
static void add_text(struct matcher *m, luaL_Buffer *out, const char *s,
                     const char *end)
{
    size_t length, i;
    const char *text = lua_tolstring(m->L, 3, &length);

    for (i = 0; i < length; i++) {
        step(m);
        if (text[i] != '%') {
            luaL_addchar(out, text[i]);
        } else if (++i < length && text[i] == '%') {
            luaL_addchar(out, '%');
        } else if (i < length && text[i] == '0') {
            luaL_addlstring(out, s, (size_t)(end - s));
        } else if (i < length && in_range(text[i], '1', '9')) {
            push_capture(m, text[i] - '1', s, end);
            luaL_tolstring(m->L, -1, NULL);
            lua_remove(m->L, -2);
            luaL_addvalue(out);
        } else {
            luaL_error(m->L, "invalid use of '%%' in replacement string");
        }
    }
}

/* Adds what stands for the match; true where it differs. */
static bool add_replacement(struct matcher *m, luaL_Buffer *out, const char *s,
                            const char *end, int type)
{
    lua_State *L = m->L;

    if (type == LUA_TFUNCTION) {
        int count;

        lua_pushvalue(L, 3);
        count = push_captures(m, s, end);
        lua_call(L, count, 1);
    } else if (type == LUA_TTABLE) {
        push_capture(m, 0, s, end);
        lua_gettable(L, 3);
    } else {
        add_text(m, out, s, end);
        return true;
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(out, s, (size_t)(end - s));
        return false;
    }
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    luaL_addvalue(out);
    return true;
}

static int string_gsub(lua_State *L)
{
    size_t length, pattern_length;
    const char *text = luaL_checklstring(L, 1, &length), *s = text;
    const char *p = luaL_checklstring(L, 2, &pattern_length);
    const char *last = NULL;
    int type = lua_type(L, 3);
    lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)length + 1);
    lua_Integer count = 0;
    bool anchored = *p == '^';
    struct matcher m;
    luaL_Buffer out;

    luaL_argexpected(L,
                     type == LUA_TNUMBER || type == LUA_TSTRING ||
                         type == LUA_TFUNCTION || type == LUA_TTABLE,
                     3, "string/function/table");
    prepare(&m, L, text, length, p + pattern_length);
    luaL_buffinit(L, &out);
    while (count < most) {
        const char *end = attempt(&m, s, p + anchored);

        if (end && end != last) {
            count++;
            add_replacement(&m, &out, s, end, type);
            s = last = end;
        } else if (s < m.text_end) {
            luaL_addchar(&out, *s++);
        } else {
            break;
        }
        if (anchored)
            break;
    }
    luaL_addlstring(&out, s, (size_t)(m.text_end - s));
    luaL_pushresult(&out);
    lua_pushinteger(L, count);
    return 2;
}

void lib_match_open(lua_State *L)
{
    static const luaL_Reg functions[] = { { "find", string_find },
                                          { "match", string_match },
                                          { "gmatch", string_gmatch },
                                          { "gsub", string_gsub },
                                          { NULL, NULL } };

    luaL_setfuncs(L, functions, 0);
}
