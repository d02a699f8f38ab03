/*
 * lua_test.c - a Lua state for the tests of a module.
 */
#include "base/banned.h"

#include "plugin/lua_test.h"

#include <lauxlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "plugin/call.h"
#include "plugin/load.h"
#include "plugin/lua_internal.h"
#include "script/lib_decimal.h"
#include "script/sandbox.h"
#include "script/script.h"
#include "script/status.h"

/* Tests are the developer's own; the limits only end what hangs. */
static const struct script_limits limits = {
    .steps = INT64_C(2000000000),
    .milliseconds = 60 * 1000,
    .memory = (size_t)256 << 20,
    .strict = true,
};

static int open_body(lua_State *L)
{
    lua_CFunction *open = lua_touserdata(L, 1);

    luaL_getsubtable(L, LUA_REGISTRYINDEX, "tenon.loaded");
    lua_pushcfunction(L, *open);
    lua_call(L, 0, 1);
    lua_setfield(L, -2, "tenon.test");
    return 0;
}

int lua_test_open(struct lua_module **out, struct ctx *ctx, const char *id,
                  lua_CFunction open, void *host)
{
    struct tn_module *module = (struct tn_module *)module_loaded(id);
    enum sandbox_status status;
    int rc;

    if (!module || module->state != MODULE_ON)
        return fail(ctx, E_NOT_FOUND, "kit.not_loaded",
                    "the module %s was not loaded: %s", id,
                    module && module->reason ? module->reason : "it is off");
    rc = lua_open(out, ctx, module, &limits);
    if (rc)
        return rc;
    lua_pushlightuserdata(sandbox_lua((*out)->box), host);
    lua_setfield(sandbox_lua((*out)->box), LUA_REGISTRYINDEX, "tenon.kit");
    status = sandbox_call((*out)->box, open_body, &open, limits.steps,
                          limits.milliseconds);
    return status == SANDBOX_OK ? 0
                                : fail(ctx, E_INTERNAL, "kit.failed", "%s",
                                       sandbox_error((*out)->box));
}

void *lua_test_host(lua_State *L)
{
    void *host;

    lua_getfield(L, LUA_REGISTRYINDEX, "tenon.kit");
    host = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return host;
}

int lua_test_load(struct lua_module *lua, struct ctx *ctx, const char *name,
                  const char *source, size_t length)
{
    return script_load(ctx, lua->script, name, source, length);
}

static int run_body(lua_State *L)
{
    const int *reference = lua_touserdata(L, 1);

    lua_rawgeti(L, LUA_REGISTRYINDEX, *reference);
    lua_call(L, 0, 0);
    return 0;
}

int lua_test_run(const char **error, struct lua_module *lua, struct ctx *ctx,
                 int reference)
{
    enum sandbox_status status = sandbox_call(
        lua->box, run_body, &reference, limits.steps, limits.milliseconds);

    *error = NULL;
    if (status == SANDBOX_OK)
        return 0;
    *error = arena_strdup(ctx->arena, sandbox_error(lua->box));
    return E_INVALID;
}

bool lua_test_as(lua_State *L, struct ctx *own, int index, bool as_module)
{
    struct lua_module *lua = lua_module_of(L);
    struct tn_ctx call;
    struct lua_job job = { .call = &call }, *outer = lua->job;
    int status;

    index = lua_absindex(L, index);
    call_begin(&call, own, lua->module, as_module);
    lua->job = &job;
    date_set_today(L, script_today(own));
    lua_pushvalue(L, index);
    handle_push_ctx(L, &call);
    status = lua_pcall(L, 1, 1, 0);
    lua->job = outer;
    (void)call_end(&call, TN_OK, "test");
    return status == LUA_OK;
}

struct ctx *lua_test_ctx(lua_State *L)
{
    const struct lua_module *lua = lua_module_of(L);

    return lua->job ? lua->job->call->ctx : NULL;
}

void lua_test_forgive(lua_State *L)
{
    struct lua_module *lua = lua_module_of(L);

    if (!lua->job)
        return;
    ctx_clear(lua->job->call->ctx);
    lua->job->raised = 0;
    lua->job->call->status = 0;
    lua->job->call->problems = 0;
}
