/*
 * lua.c - loading a module in Lua, registering, calling its functions.
 *
 * What `tenon.on{…}` takes comes from the same rows that check C's structs
 * (entry.h), and the functions called here look to the rooms below exactly
 * as a C module's: the twin is the same thing in another language.
 */
#include "base/banned.h"

#include "plugin/lua.h"

#include <lauxlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/value.h"
#include "plugin/call.h"
#include "plugin/entry.h"
#include "plugin/lua_internal.h"
#include "plugin/manifest.h"
#include "script/convert.h"
#include "script/lib_decimal.h"
#include "script/sandbox.h"
#include "script/script.h"
#include "script/status.h"

enum { STEPS = 50000000, STEPS_MS = 10000, ARGUMENTS = 4 };

struct lua_module *lua_module_of(lua_State *L)
{
    return sandbox_host(L);
}

int lua_raise(lua_State *L, int rc)
{
    struct lua_module *lua = lua_module_of(L);

    if (lua->job)
        lua->job->raised = rc;
    return luaL_error(L, "%s",
                      lua->job ? ctx_error(lua->job->call->ctx)
                               : "not possible here");
}

/* ---- calling ---- */

static void take_data(lua_State *L, struct lua_job *job)
{
    struct arena *arena = job->call->ctx->arena;
    struct value *given = convert_pull(L, -1, arena);
    size_t i;

    if (value_kind(job->data) == VALUE_LIST) {
        for (i = 0; i < value_count(given); i++)
            value_append(job->data, value_at(given, i));
        return;
    }
    if (value_kind(given) != VALUE_MAP)
        return; /* nothing, or an empty table */
    for (i = 0; i < value_count(given); i++)
        value_set(job->data, value_key_at(given, i), value_item_at(given, i));
}

static int run_body(lua_State *L)
{
    struct lua_job *job = lua_touserdata(L, 1);
    struct lua_module *lua = lua_module_of(L);
    int count = 1;

    luaL_checkstack(L, ARGUMENTS + 8, "arguments");
    if (strcmp(lua->today, job->today) != 0) {
        date_set_today(L, job->today);
        snprintf(lua->today, sizeof lua->today, "%s", job->today);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, job->function);
    handle_push_ctx(L, job->call);
    if (job->record) {
        handle_push_record(L, job->record);
        count++;
    }
    if (job->parameters || job->offer) {
        convert_push(L, job->parameters);
        count++;
    }
    if (job->definition) {
        convert_push(L, job->definition);
        count++;
    }
    if (job->request) {
        handle_push_request(L, job->request);
        count++;
    }
    if (job->answer) {
        handle_push_answer(L, job->answer);
        count++;
    }
    lua_call(L, count, 1);
    if (job->offer)
        job->result = lua_isnil(L, -1)
                          ? NULL
                          : convert_pull(L, -1, job->call->ctx->arena);
    else if (lua_isinteger(L, -1) && lua_tointeger(L, -1) < 0 &&
             lua_tointeger(L, -1) >= TN_E_UNAVAILABLE)
        job->status = (int)lua_tointeger(L, -1);
    else if (job->question)
        job->status = lua_toboolean(L, -1) ? TN_OK : TN_E_NOT_FOUND;
    else if (job->data)
        take_data(L, job);
    return 0;
}

/* A job has the time that it registered, all else the module's. */
static int milliseconds(const struct tn_ctx *call)
{
    const struct ctx *ctx = call->ctx;
    int64_t most = (int64_t)call->module->manifest->seconds * 1000;
    int64_t left = ctx->deadline ? ctx->deadline - clock_monotonic() : most;

    return (int)(left < 0 ? 0 : left < most || call->job ? left : most);
}

/* Steps stop what runs without end sooner than the clock; a job that may work
 * for an hour has an hour's. */
static int64_t steps(int milliseconds)
{
    return milliseconds > STEPS_MS ? (int64_t)STEPS * milliseconds / STEPS_MS
                                   : STEPS;
}

/* What went wrong in it is the module's mistake: the person hears whose, the
 * log what. */
static int tell_error(struct ctx *ctx, const struct lua_function *function)
{
    const struct lua_module *lua = function->lua;

    log_ctx(ctx, LOG_ERROR, "module.lua_error", "module", lua->module->id,
            "entry", function->name, "error", sandbox_error(lua->box), NULL);
    return fail(ctx, E_INTERNAL, "plugin.lua_failed",
                "the module %s stopped with an error: %s", lua->module->id,
                sandbox_error(lua->box));
}

int lua_run(struct lua_function *function, struct lua_job *job)
{
    struct lua_module *lua = function->lua;
    struct lua_job *outer = lua->job;
    struct ctx *ctx = job->call->ctx;
    enum sandbox_status status;
    int limit = milliseconds(job->call);

    job->function = function->references[job->which];
    job->today = script_today(ctx);
    lua->job = job;
    status = sandbox_call(lua->box, run_body, job, steps(limit), limit);
    lua->job = outer;
    if (status == SANDBOX_FAILED)
        return job->raised ? job->raised : tell_error(ctx, function);
    if (status != SANDBOX_OK)
        return script_fail(ctx, status, lua->module->id,
                           sandbox_error(lua->box));
    /* A refusal holds although its result was not returned. */
    return job->status ? job->status : job->call->status;
}

static int call_record(tn_ctx *call, tn_record *record, void *data)
{
    struct lua_job job = { .call = call, .record = record };

    return lua_run(data, &job);
}

static int call_route(tn_ctx *call, tn_request *request, tn_answer *answer,
                      void *data)
{
    struct lua_job job = { .call = call, .request = request, .answer = answer };

    return lua_run(data, &job);
}

static int call_page(tn_ctx *call, tn_request *request, tn_value *data,
                     void *extra)
{
    struct lua_job job = { .call = call,
                           .request = request,
                           .data = value_in(data) };

    return lua_run(extra, &job);
}

static int call_service(tn_ctx *call, tn_record *record,
                        const tn_value *parameters, void *data)
{
    struct lua_job job = { .call = call,
                           .record = record,
                           .parameters = value_in(parameters) };

    return lua_run(data, &job);
}

static int call_plain(tn_ctx *call, void *data)
{
    struct lua_job job = { .call = call, .question = true };

    return lua_run(data, &job);
}

static int call_widget(tn_ctx *call, tn_value *data, void *extra)
{
    struct lua_job job = { .call = call, .data = value_in(data) };

    return lua_run(extra, &job);
}

static int call_job(tn_ctx *call, const tn_value *data, void *extra)
{
    struct lua_job job = { .call = call, .parameters = value_in(data) };

    return lua_run(extra, &job);
}

/* What it gives may be any number: a refusal is what ctx:fail has recorded. */
static int call_offer(tn_ctx *call, const tn_value *in, const tn_value **out,
                      void *data)
{
    struct lua_job job = { .call = call,
                           .parameters = value_in(in),
                           .offer = true };
    int rc = lua_run(data, &job);

    if (!rc)
        *out = value_out(job.result);
    return rc;
}

/* A table of ids that it returns; NULL people: none of that. */
static int call_rule(tn_ctx *call, tn_record *record,
                     const tn_value *parameters, tn_value *people, void *data)
{
    struct lua_job job = { .call = call,
                           .record = record,
                           .parameters = value_in(parameters),
                           .data = value_in(people) };

    return lua_run(data, &job);
}

/* ---- registering ---- */

static any_call trampoline(enum entry_kind kind, int which)
{
    switch (kind) {
    case ENTRY_HOOK:
        return (any_call)call_record;
    case ENTRY_ROUTE:
        return (any_call)call_route;
    case ENTRY_PAGE:
        return (any_call)call_page;
    case ENTRY_SERVICE:
        return (any_call)call_service;
    case ENTRY_MENU:
        return (any_call)call_plain;
    case ENTRY_WIDGET:
        return (any_call)call_widget;
    case ENTRY_JOB:
        return (any_call)call_job;
    case ENTRY_OFFER:
        return (any_call)call_offer;
    case ENTRY_PARTICIPANTS:
        return (any_call)call_rule;
    case ENTRY_FIELD_TYPE:
        return lua_field_call(which);
    default:
        return NULL;
    }
}

static uint32_t read_word(lua_State *L, const struct member *member)
{
    const char *text = luaL_checkstring(L, -1);
    uint32_t i;

    for (i = 0; member->words[i]; i++)
        if (strcmp(member->words[i], text) == 0)
            return i;
    return (uint32_t)luaL_error(L, "%s: there is no \"%s\"", member->name,
                                text);
}

/* The value on top into its member of the struct. */
static void fill_member(lua_State *L, enum entry_kind kind, char *given,
                        const struct member *member, int which)
{
    void *place = given + member->offset;
    const char *text;
    int32_t number;
    uint32_t word;
    bool flag;
    any_call call;

    switch (member->kind) {
    case MEMBER_TEXT:
        text = luaL_checkstring(L, -1);
        memcpy(place, &text, sizeof text);
        break;
    case MEMBER_NUMBER:
        number = (int32_t)luaL_checkinteger(L, -1);
        memcpy(place, &number, sizeof number);
        break;
    case MEMBER_WORD:
        word = read_word(L, member);
        memcpy(place, &word, sizeof word);
        break;
    case MEMBER_FLAG:
        luaL_checktype(L, -1, LUA_TBOOLEAN);
        flag = lua_toboolean(L, -1);
        memcpy(place, &flag, sizeof flag);
        break;
    case MEMBER_CALL:
        luaL_checktype(L, -1, LUA_TFUNCTION);
        call = trampoline(kind, which);
        memcpy(place, &call, sizeof call);
        break;
    case MEMBER_DATA:
        break;
    }
}

static const struct member *member_of(const struct entry_type *type,
                                      const char *name)
{
    const struct member *member;

    for (member = type->members; member->name; member++)
        if (strcmp(member->name, name) == 0 && member->kind != MEMBER_DATA)
            return member;
    return NULL;
}

/* Keys that no row knows are typing errors. */
static void refuse_unknown(lua_State *L, const struct entry_type *type)
{
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING ||
            !member_of(type, lua_tostring(L, -1)))
            luaL_error(L, "tenon.%s does not know \"%s\"", type->name,
                       lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1)
                                                      : "?");
    }
}

/* tenon.on{…}, tenon.route{…} …; upvalue 1: the kind. */
static int add_entry(lua_State *L)
{
    enum entry_kind kind =
        (enum entry_kind)lua_tointeger(L, lua_upvalueindex(1));
    const struct entry_type *type = &entry_types[kind];
    struct lua_module *lua = lua_module_of(L);
    union {
        uint32_t size;
        tn_hook hook;
        tn_route route;
        tn_page page;
        tn_menu menu;
        tn_service service;
        tn_widget widget;
        tn_job job;
        tn_offer offer;
        tn_participants participants;
        tn_field_type field_type;
    } given;
    struct lua_function *function =
        arena_alloc(lua->module->arena, sizeof *function);
    const struct member *member;
    int which = 0;

    function->lua = lua;
    function->name = type->name;
    memset(&given, 0, sizeof given);
    given.size = (uint32_t)type->size;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    refuse_unknown(L, type);
    luaL_checkstack(L, 32, "members");
    for (member = type->members; member->name; member++) {
        /* Its functions, told apart by their order. */
        if (member->kind == MEMBER_DATA) {
            memcpy((char *)&given + member->offset, &function, sizeof function);
            continue;
        }
        /* Texts stay on the stack until they have been copied. */
        if (lua_getfield(L, 1, member->name) != LUA_TNIL)
            fill_member(L, kind, (char *)&given, member, which);
        if (member->kind != MEMBER_CALL)
            continue;
        if (lua_isfunction(L, -1)) {
            lua_pushvalue(L, -1);
            function->references[which] = luaL_ref(L, LUA_REGISTRYINDEX);
        }
        which++;
    }
    if (!lua->module->starting)
        return luaL_error(L, "tenon.%s works while the module starts only",
                          type->name);
    if (entry_add(lua->module, kind, &given))
        return luaL_error(L, "%s", ctx_error(entry_context_get()));
    return 0;
}

static int open_body(lua_State *L)
{
    int kind;

    handles_open(L);
    lua_newtable(L);
    for (kind = 0; kind < ENTRY_KINDS; kind++) {
        lua_pushinteger(L, kind);
        lua_pushcclosure(L, add_entry, 1);
        lua_setfield(L, -2, entry_types[kind].name);
    }
    records_open(L);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    sandbox_seal(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, "tenon.loaded");
    lua_insert(L, -2);
    lua_setfield(L, -2, "tenon");
    lua_pushcfunction(L, lua_require);
    lua_setglobal(L, "require");
    return 0;
}

int lua_open(struct lua_module **out, struct ctx *ctx, struct tn_module *module,
             const struct script_limits *limits)
{
    struct lua_module *lua = arena_alloc(module->arena, sizeof *lua);
    enum sandbox_status status;
    int rc = script_open(&lua->script, ctx, module->id, limits);

    *out = lua;
    if (rc)
        return rc;
    lua->module = module;
    lua->box = script_sandbox(lua->script);
    sandbox_set_host(lua->box, lua);
    status = sandbox_call(lua->box, open_body, NULL, limits->steps,
                          limits->milliseconds);
    return script_fail(ctx, status, module->id, sandbox_error(lua->box));
}

int lua_start(struct ctx *ctx, struct tn_module *module, const char *source,
              size_t length)
{
    const struct manifest *manifest = module->manifest;
    const struct script_limits limits = {
        .steps = STEPS,
        .milliseconds = manifest->seconds * 1000,
        .memory = (size_t)manifest->memory_mb << 20,
        .strict = true,
    };
    const char *name =
        arena_printf(ctx->arena, "%s/%s", module->id, manifest->lua);
    int rc = lua_open(&module->lua, ctx, module, &limits);

    return rc ? rc
              : script_load(ctx, module->lua->script, name, source, length);
}
