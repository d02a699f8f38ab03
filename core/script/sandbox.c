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

/* Opening. */

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

    lib_base_open(L);
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
        lib_base_empty(L);
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
    if (sandbox_empty_spreads(L))
        sandbox_refuse_power(L, name, source, length);
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
    sandbox_refuse_power(L, "expression", text, length);
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
