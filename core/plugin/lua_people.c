/*
 * lua_people.c - ctx.people: people and departments; ctx:notify.
 */
#include "base/banned.h"

#include <lauxlib.h>

#include "base/ctx.h"
#include "base/value.h"
#include "plugin/call.h"
#include "plugin/host.h"
#include "plugin/lua_internal.h"
#include "script/convert.h"

/* ctx.people.get(id) → a table, nil where there is nobody */
static int get(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, lua_upvalueindex(1));
    struct problem *last = call->ctx->last_problem;
    int number = call->ctx->problem_count;
    const tn_value *person;
    int rc = host_people.get(&person, call, lua_check_id(L, 1, call));

    if (rc == E_NOT_FOUND) {
        lua_forget_problems(call->ctx, last, number);
        lua_pushnil(L);
        return 1;
    }
    if (rc)
        return lua_raise(L, rc);
    convert_push(L, value_in(person));
    return 1;
}

/* ctx.people.find{ department, below, role, search, limit, offset } */
static int find(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, lua_upvalueindex(1));
    const struct value *options = lua_options(
        L, 1, call, "find", " department below role search limit offset ");
    tn_people query = {
        .size = sizeof query,
        .department = value_get_id(options, "department"),
        .below = value_get_bool(options, "below"),
        .role = value_get_text(options, "role"),
        .search = value_get_text(options, "search"),
        .limit = (int32_t)value_get_int(options, "limit", 0),
        .offset = (int32_t)value_get_int(options, "offset", 0),
    };
    const tn_value *list;
    int rc = host_people.find(&list, call, &query);

    if (rc)
        return lua_raise(L, rc);
    convert_push(L, value_in(list));
    return 1;
}

/* ctx.people.departments() → list, parents before children */
static int departments(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, lua_upvalueindex(1));
    const tn_value *list;
    int rc = host_people.departments(&list, call);

    if (rc)
        return lua_raise(L, rc);
    convert_push(L, value_in(list));
    return 1;
}

/* ctx.people.has_role(id, "sales") */
static int has_role(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, lua_upvalueindex(1));

    lua_pushboolean(L, host_people.has_role(call, lua_check_id(L, 1, call),
                                            luaL_checkstring(L, 2)));
    return 1;
}

void people_push(lua_State *L, int index)
{
    static const luaL_Reg functions[] = {
        { "get", get },
        { "find", find },
        { "departments", departments },
        { "has_role", has_role },
        { NULL, NULL },
    };

    index = lua_absindex(L, index);
    luaL_newlibtable(L, functions);
    lua_pushvalue(L, index);
    luaL_setfuncs(L, functions, 1);
}

/* ctx:notify(id, "key" [, arguments [, "/path"]]) */
static int notify(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);
    const tn_host_people *people = call->module->host.people;
    const struct value *arguments =
        lua_isnoneornil(L, 4) ? NULL : convert_pull(L, 4, call->ctx->arena);
    tn_notice notice = { .size = sizeof notice,
                         .key = luaL_checkstring(L, 3),
                         .arguments = value_out(arguments),
                         .path = luaL_optstring(L, 5, NULL) };
    int64_t id = lua_check_id(L, 2, call);

    if (!people->notify)
        return lua_raise(L, host_no_capability(call, "notify"));
    return lua_done(L, people->notify(call, id, &notice));
}

const luaL_Reg people_functions[] = {
    { "notify", notify },
    { NULL, NULL },
};
