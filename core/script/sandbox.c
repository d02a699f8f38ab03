/*
 * sandbox.c - one Lua state: allocator, budget, hook, the basic functions.
 *
 * What ends a script: the count hook (every 1,000 instructions) and
 * sandbox_charge take from one budget and look at the clock. Once it is used
 * up, the hook fires at every instruction, so that a pcall around the error
 * only meets the next one (pitfalls 3).
 */
#include "base/banned.h"

#include "script/sandbox.h"

#include <lauxlib.h>
#include <lualib.h>

enum { HOOK_COUNT = 1000, ERROR_MAX = 500, CLOCK_ROUNDS = 100000 };

struct sandbox {
    lua_State *L;
    size_t used, limit;
    int64_t steps;        /* left in the running call */
    int64_t clock_rounds; /* charged rounds until the clock is looked at */
    double deadline;      /* seconds, monotonic */
    int depth;            /* calls of the host inside each other */
    bool spent;           /* the budget of the running call is gone */
    bool empty_spreads;
    bool (*interrupted)(void);
    void *host;
    char error[ERROR_MAX];
};

static const char expressions_key = 'e', environment_key = 'n';

static double monotonic_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The allocator with a limit; Lua's own "old size" is a type for new blocks. */
static void *allocate(void *payload, void *block, size_t old_size,
                      size_t new_size)
{
    struct sandbox *box = payload;
    void *moved;

    if (!block)
        old_size = 0;
    if (new_size == 0) {
        free(block);
        box->used -= old_size;
        return NULL;
    }
    if (new_size > old_size && box->used - old_size + new_size > box->limit)
        return NULL;
    moved = realloc(block, new_size);
    if (moved)
        box->used = box->used - old_size + new_size;
    return moved;
}

struct sandbox *sandbox_of(lua_State *L)
{
    return *(struct sandbox **)lua_getextraspace(L);
}

static bool out_of_time(const struct sandbox *box)
{
    return monotonic_seconds() > box->deadline ||
           (box->interrupted && box->interrupted());
}

static void hook(lua_State *L, lua_Debug *activation);

static void spend(lua_State *L, struct sandbox *box)
{
    box->spent = true;
    lua_sethook(L, hook, LUA_MASKCOUNT, 1);
    luaL_error(L, "the script takes too many steps or too long");
}

static void hook(lua_State *L, lua_Debug *activation)
{
    struct sandbox *box = sandbox_of(L);

    (void)activation;
    box->steps -= HOOK_COUNT;
    if (box->spent || box->steps <= 0 || out_of_time(box))
        spend(L, box);
}

void sandbox_charge(lua_State *L, int64_t rounds)
{
    struct sandbox *box = sandbox_of(L);

    box->steps -= rounds;
    box->clock_rounds -= rounds;
    if (box->spent || box->steps <= 0)
        spend(L, box);
    if (box->clock_rounds <= 0) {
        box->clock_rounds = CLOCK_ROUNDS;
        if (out_of_time(box))
            spend(L, box);
    }
}

lua_State *sandbox_lua(struct sandbox *box)
{
    return box->L;
}

void sandbox_set_interrupt(struct sandbox *box, bool (*interrupted)(void))
{
    box->interrupted = interrupted;
}

void sandbox_set_host(struct sandbox *box, void *host)
{
    box->host = host;
}

void *sandbox_host(lua_State *L)
{
    return sandbox_of(L)->host;
}

size_t sandbox_used(const struct sandbox *box)
{
    return box->used;
}

bool sandbox_empty_spreads(lua_State *L)
{
    return sandbox_of(L)->empty_spreads;
}

const char *sandbox_error(const struct sandbox *box)
{
    return box->error;
}

static void keep_error(struct sandbox *box, const char *text)
{
    size_t length = strlen(text);

    if (length >= sizeof(box->error)) {
        length = sizeof(box->error) - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
            length--;
    }
    memcpy(box->error, text, length);
    box->error[length] = '\0';
}

enum sandbox_status sandbox_call(struct sandbox *box, lua_CFunction body,
                                 void *argument, int64_t steps,
                                 int milliseconds)
{
    lua_State *L = box->L;
    int top = lua_gettop(L), rc;
    bool outermost = box->depth++ == 0;

    if (outermost) {
        box->spent = false;
        box->steps = steps;
        box->clock_rounds = CLOCK_ROUNDS;
        box->deadline = monotonic_seconds() + milliseconds / 1e3;
        lua_sethook(L, hook, LUA_MASKCOUNT, HOOK_COUNT);
    }
    lua_pushcfunction(L, body);
    lua_pushlightuserdata(L, argument);
    rc = lua_pcall(L, 1, 0, 0);
    box->depth--;
    if (outermost)
        lua_sethook(L, NULL, 0, 0);
    if (rc == LUA_OK) {
        lua_settop(L, top);
        return SANDBOX_OK;
    }
    /* Never asks the error object itself: it may be a table with code. */
    keep_error(box, lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1)
                                                   : "an error without text");
    lua_settop(L, top);
    if (box->spent)
        return SANDBOX_LIMIT;
    if (rc == LUA_ERRMEM || strstr(box->error, "not enough memory")) {
        lua_gc(L, LUA_GCCOLLECT, 0);
        return SANDBOX_MEMORY;
    }
    return SANDBOX_FAILED;
}

/* Basic functions of our own. */

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

static void set_empty_metatable(lua_State *L)
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

/* Opening. */

static void open_base(lua_State *L)
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

static int open_all(lua_State *L)
{
    static const struct {
        const char *name;
        void (*open)(lua_State *L);
    } libraries[] = {
        { "string", lib_string_open },   { "table", lib_table_open },
        { "math", lib_math_open },       { "text", lib_text_open },
        { "decimal", lib_decimal_open }, { "date", lib_date_open },
    };
    size_t i;

    open_base(L);
    for (i = 0; i < sizeof(libraries) / sizeof(*libraries); i++) {
        libraries[i].open(L);
        if (lua_istable(L, -1))
            sandbox_seal(L);
        lua_setglobal(L, libraries[i].name);
    }
    luaL_requiref(L, "utf8", luaopen_utf8, 0);
    sandbox_seal(L);
    lua_setglobal(L, "utf8");
    if (sandbox_of(L)->empty_spreads)
        set_empty_metatable(L);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &expressions_key);
    /* What expressions see behind their own names: a copy of the globals as
     * they are now, so that loaded text changes no expression. */
    lua_newtable(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -5);
    }
    lua_pop(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &environment_key);
    return 0;
}

struct sandbox *sandbox_open(size_t memory, bool empty_spreads)
{
    struct sandbox *box = calloc(1, sizeof(*box));

    if (!box)
        return NULL;
    box->limit = memory;
    box->empty_spreads = empty_spreads;
    box->L = lua_newstate(allocate, box);
    if (!box->L) {
        free(box);
        return NULL;
    }
    *(struct sandbox **)lua_getextraspace(box->L) = box;
    box->steps = INT64_MAX;
    box->clock_rounds = INT64_MAX;
    lua_pushcfunction(box->L, open_all);
    if (lua_pcall(box->L, 0, 0, 0) != LUA_OK) {
        sandbox_close(box);
        return NULL;
    }
    return box;
}

void sandbox_close(struct sandbox *box)
{
    if (!box)
        return;
    lua_close(box->L);
    free(box);
}

/* Text to functions. */

void sandbox_compile(lua_State *L, const char *name, const char *source,
                     size_t length)
{
    const char *chunk = lua_pushfstring(L, "@%s", name);

    sandbox_charge(L, (int64_t)(length / 8));
    if (luaL_loadbufferx(L, source, length, chunk, "t") != LUA_OK)
        lua_error(L);
    lua_remove(L, -2);
}

void sandbox_push_expression(lua_State *L, const char *text, size_t length)
{
    static const char head[] = "local _ENV = ... return ";
    size_t whole;
    const char *source;

    lua_rawgetp(L, LUA_REGISTRYINDEX, &expressions_key);
    lua_pushlstring(L, text, length);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, -3) == LUA_TFUNCTION) {
        lua_replace(L, -3);
        lua_pop(L, 1);
        return;
    }
    lua_pop(L, 1);
    if (strspn(text, " \t\r\n;") == length)
        luaL_error(L, "the expression is empty");
    lua_pushlstring(L, head, sizeof(head) - 1);
    lua_pushlstring(L, text, length);
    lua_concat(L, 2);
    source = lua_tolstring(L, -1, &whole);
    sandbox_charge(L, (int64_t)(whole / 8));
    if (luaL_loadbufferx(L, source, whole, "=expression", "t") != LUA_OK)
        lua_error(L);
    lua_remove(L, -2);    /* source */
    lua_pushvalue(L, -2); /* text */
    lua_pushvalue(L, -2); /* function */
    lua_rawset(L, -5);
    lua_replace(L, -3);
    lua_pop(L, 1);
}

/* upvalues: the value, lookup */
static int environment_index(lua_State *L)
{
    sandbox_lookup lookup =
        (sandbox_lookup)lua_touserdata(L, lua_upvalueindex(2));

    lua_settop(L, 2);
    if (lookup(L, lua_upvalueindex(1)))
        return 1;
    lua_settop(L, 2);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &environment_key);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) == LUA_TNIL)
        return luaL_error(L, "there is no field or function '%s'",
                          sandbox_tostring(L, 2, NULL));
    return 1;
}

static int environment_newindex(lua_State *L)
{
    return luaL_error(L, "an expression can't set '%s'",
                      sandbox_tostring(L, 2, NULL));
}

void sandbox_push_environment(lua_State *L, int index, sandbox_lookup lookup)
{
    index = lua_absindex(L, index);
    lua_newtable(L);
    lua_createtable(L, 0, 3);
    lua_pushvalue(L, index);
    lua_pushlightuserdata(L, (void *)lookup);
    lua_pushcclosure(L, environment_index, 2);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, environment_newindex);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}
