/*
 * lua_self.c - ctx:as_module, ctx:token, ctx:to_json, ctx:from_json.
 */
#include "base/banned.h"

#include <lauxlib.h>

#include "base/ctx.h"
#include "base/value.h"
#include "plugin/call.h"
#include "plugin/host.h"
#include "plugin/lua_internal.h"
#include "script/convert.h"

/*
 * ctx:as_module(function() … end) → what the function returns. The person's
 * rights come back whatever happens inside: an error that is caught outside
 * must not leave the module's.
 */
static int as_module(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);
    struct host_acting before;
    int rc, failed;

    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    rc = host_module_begin(&before, call);
    if (rc)
        return lua_raise(L, rc);
    failed = lua_pcall(L, 0, LUA_MULTRET, 0);
    host_module_end(&before, call);
    return failed ? lua_error(L) : lua_gettop(L) - 1;
}

/* ctx:token() → 256 random bits as text */
static int token(lua_State *L)
{
    lua_pushstring(L, host_token(handle_ctx(L, 1)));
    return 1;
}

/* ctx:to_json(value) → text */
static int to_json(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);

    luaL_checkany(L, 2);
    lua_pushstring(
        L, host_to_json(call, value_out(convert_pull(L, 2, call->ctx->arena))));
    return 1;
}

/* ctx:from_json(text) → value; refuses what is no JSON */
static int from_json(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);
    const tn_value *value;
    int rc = host_from_json(&value, call, luaL_checkstring(L, 2));

    if (rc)
        return lua_raise(L, rc);
    convert_push(L, value_in(value));
    return 1;
}

const luaL_Reg lua_self_functions[] = {
    { "as_module", as_module }, { "token", token }, { "to_json", to_json },
    { "from_json", from_json }, { NULL, NULL },
};
