/*
 * lua_work.c - background work as Lua sees it.
 */
#include "base/banned.h"

#include <lauxlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/value.h"
#include "plugin/host.h"
#include "plugin/lua_internal.h"
#include "script/convert.h"

static struct value *pull(lua_State *L, const struct tn_ctx *call, int index)
{
    return lua_isnoneornil(L, index) ? NULL
                                     : convert_pull(L, index, call->ctx->arena);
}

static int64_t instant_of(lua_State *L, const char *text)
{
    int64_t instant;

    if (!instant_parse(&instant, text, zone_utc()))
        luaL_error(L, "\"%s\" is no point in time", text);
    return instant;
}

/* ctx:job_add("ID.NAME", data [, { due = instant, delay = seconds, priority =
 * 1 to 9, unique = "key" }]) → id */
static int job_add_of(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);
    const char *name = luaL_checkstring(L, 2);
    const struct value *data = pull(L, call, 3);
    const struct value *options = pull(L, call, 4);
    const char *due = value_get_text(options, "due");
    const tn_job_order order = {
        .size = sizeof order,
        .due = due ? instant_of(L, due) : 0,
        .delay = value_get_int(options, "delay", 0),
        .priority = (int32_t)value_get_int(options, "priority", 0),
        .unique = value_get_text(options, "unique"),
    };
    int64_t id;
    int rc = host_work.start(&id, call, name, value_out(data), &order);

    if (rc)
        return lua_raise(L, rc);
    lua_pushfstring(L, "%I", (LUAI_UACINT)id);
    return 1;
}

static int64_t job_id(lua_State *L, int index)
{
    int64_t id;
    const char *text = luaL_checkstring(L, index);

    if (int_parse(&id, text, 1, INT64_MAX))
        luaL_error(L, "\"%s\" is no id", text);
    return id;
}

/* ctx:job_cancel(id) */
static int job_cancel_of(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);
    int rc = host_work.cancel(call, job_id(L, 2));

    return rc ? lua_raise(L, rc) : 0;
}

/* ctx:job_state(id) → {id, title, state, done, total, …} */
static int job_state_of(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);
    const tn_value *map;
    int rc = host_work.state(&map, call, job_id(L, 2));

    if (rc)
        return lua_raise(L, rc);
    convert_push(L, value_in(map));
    return 1;
}

/* ctx:job_progress(done [, total]) */
static int job_progress_of(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);
    int rc = host_work.progress(call, luaL_checkinteger(L, 2),
                                luaL_optinteger(L, 3, 0));

    return rc ? lua_raise(L, rc) : 0;
}

/* ctx:job_result("key" [, arguments [, "/path"]]) */
static int job_result_of(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);
    const char *key = luaL_checkstring(L, 2);
    const struct value *arguments = pull(L, call, 3);
    int rc = host_work.result(call, key, value_out(arguments),
                              luaL_optstring(L, 4, NULL));

    return rc ? lua_raise(L, rc) : 0;
}

/* ctx:job_file(file) */
static int job_file_of(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);
    int rc = host_work.file(call, handle_file(L, 2));

    return rc ? lua_raise(L, rc) : 0;
}

/* ctx:setting("name") → as records have such a value */
static int setting_of(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);
    const char *name = luaL_checkstring(L, 2);
    const struct value *value = value_in(host_work.setting(call, name));

    if (!value)
        return luaL_error(L, "settings.json has no field \"%s\"", name);
    convert_push(L, value);
    return 1;
}

const luaL_Reg work_functions[] = {
    { "job_add", job_add_of },       { "job_cancel", job_cancel_of },
    { "job_state", job_state_of },   { "job_progress", job_progress_of },
    { "job_result", job_result_of }, { "job_file", job_file_of },
    { "setting", setting_of },       { NULL, NULL },
};
