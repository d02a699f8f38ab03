/*
 * lua_offer.c - ctx:find_offer, ctx:call: what other modules offer.
 */
#include "base/banned.h"

#include <lauxlib.h>

#include "base/ctx.h"
#include "base/value.h"
#include "plugin/call.h"
#include "plugin/host.h"
#include "plugin/lua_internal.h"
#include "script/convert.h"

/* ctx:find_offer("crm.score") → its name, nil where no module offers it */
static int find_offer(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);

    luaL_checkstring(L, 2);
    lua_settop(L, 2);
    if (!host_offer_find(call, lua_tostring(L, 2)))
        lua_pushnil(L);
    return 1;
}

/* ctx:call("crm.score" [, value]) → what it gives */
static int call_offer(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);
    const char *name = luaL_checkstring(L, 2);
    const struct value *in =
        lua_isnoneornil(L, 3) ? NULL : convert_pull(L, 3, call->ctx->arena);
    const tn_value *out;
    int rc =
        host_offer_call(&out, call, host_offer_find(call, name), value_out(in));

    if (rc)
        return lua_raise(L, rc);
    convert_push(L, value_in(out));
    return 1;
}

const luaL_Reg offer_functions[] = {
    { "call", call_offer },
    { "find_offer", find_offer },
    { NULL, NULL },
};
