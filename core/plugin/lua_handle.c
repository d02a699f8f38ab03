/*
 * lua_handle.c - ctx and records as Lua sees them.
 *
 * A handle names a call by its serial number, not by an address: a module
 * that keeps one and uses it later gets an error, never freed memory.
 */
#include "base/banned.h"

#include <lauxlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "form/form.h"
#include "form/record.h"
#include "plugin/call.h"
#include "plugin/host.h"
#include "plugin/lua_internal.h"
#include "script/convert.h"
#include "script/sandbox.h"

struct handle {
    uint64_t serial;
    void *pointer;
};

static void push(lua_State *L, const char *type, uint64_t serial, void *pointer)
{
    struct handle *handle = lua_newuserdatauv(L, sizeof *handle, 0);

    *handle = (struct handle){ serial, pointer };
    luaL_setmetatable(L, type);
}

static struct handle *take(lua_State *L, int index, const char *type)
{
    struct handle *handle = luaL_checkudata(L, index, type);

    if (!call_running(handle->serial))
        luaL_error(L, "%s is used after its call", type);
    return handle;
}

void handle_push_ctx(lua_State *L, struct tn_ctx *call)
{
    push(L, "tenon.ctx", call->serial, call);
}

void handle_push_record(lua_State *L, struct tn_record *record)
{
    push(L, "tenon.record", record->call->serial, record);
}

void handle_push_request(lua_State *L, struct tn_request *request)
{
    push(L, "tenon.request", request->call->serial, request);
}

void handle_push_answer(lua_State *L, struct tn_answer *answer)
{
    push(L, "tenon.answer", answer->call->serial, answer);
}

void handle_push_file(lua_State *L, struct tn_file *file)
{
    push(L, "tenon.file", file->call->serial, file);
}

struct tn_file *handle_file(lua_State *L, int index)
{
    return take(L, index, "tenon.file")->pointer;
}

struct tn_ctx *handle_ctx(lua_State *L, int index)
{
    return take(L, index, "tenon.ctx")->pointer;
}

struct tn_record *handle_record(lua_State *L, int index)
{
    return take(L, index, "tenon.record")->pointer;
}

struct tn_request *handle_request(lua_State *L, int index)
{
    return take(L, index, "tenon.request")->pointer;
}

struct tn_answer *handle_answer(lua_State *L, int index)
{
    return take(L, index, "tenon.answer")->pointer;
}

/* ---- ctx ---- */

/* "conflict" → E_CONFLICT */
static int status_named(lua_State *L, int index)
{
    const char *name = luaL_checkstring(L, index);
    int code;

    for (code = TN_E_INVALID; code >= TN_E_UNAVAILABLE; code--)
        if (strcmp(error_name(code), name) == 0)
            return code;
    return luaL_error(L, "there is no error called \"%s\"", name);
}

/* The value at `index` (nil and none: NULL) in the call's arena. */
static struct value *optional(lua_State *L, struct tn_ctx *call, int index)
{
    return lua_isnoneornil(L, index) ? NULL
                                     : convert_pull(L, index, call->ctx->arena);
}

/* ctx:fail("conflict", "key", "text" [, arguments]) */
static int ctx_fail(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);
    int code = status_named(L, 2);
    const char *key = luaL_checkstring(L, 3), *text = luaL_checkstring(L, 4);
    const struct value *arguments = optional(L, call, 5);

    lua_pushinteger(
        L, host_call.fail(call, code, NULL, key, text, value_out(arguments)));
    return 1;
}

/* ctx:fail_at("invalid", "field", "key", "text" [, arguments]) */
static int ctx_fail_at(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);
    int code = status_named(L, 2);
    const char *field = luaL_checkstring(L, 3), *key = luaL_checkstring(L, 4);
    const char *text = luaL_checkstring(L, 5);
    const struct value *arguments = optional(L, call, 6);

    lua_pushinteger(
        L, host_call.fail(call, code, field, key, text, value_out(arguments)));
    return 1;
}

/* ctx:log("info", "event", "text") */
static int ctx_log(lua_State *L)
{
    static const char *const levels[] = { "debug", "info", "warn", "error",
                                          NULL };
    struct tn_ctx *call = handle_ctx(L, 1);
    int level = luaL_checkoption(L, 2, NULL, levels);

    host_call.log(call, level, luaL_checkstring(L, 3),
                  luaL_optstring(L, 4, ""));
    return 0;
}

/* ctx:t("key" [, { name = value }]) */
static int ctx_text(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);
    const char *key = luaL_checkstring(L, 2);
    const struct value *arguments = optional(L, call, 3);

    lua_pushstring(L, host_call.text(call, key, value_out(arguments)));
    return 1;
}

static void push_instant(lua_State *L, int64_t instant)
{
    char text[TIME_TEXT_MAX];

    instant_format(text, instant);
    lua_pushstring(L, text);
}

static int64_t check_instant(lua_State *L, int index)
{
    int64_t instant;

    if (!instant_parse(&instant, luaL_checkstring(L, index), zone_utc()))
        luaL_error(L, "\"%s\" is no point in time", lua_tostring(L, index));
    return instant;
}

/* ctx:now() → "2026-11-23T09:30:00.000Z" */
static int ctx_now(lua_State *L)
{
    push_instant(L, host_call.now(handle_ctx(L, 1)));
    return 1;
}

/* ctx:day([instant]) → when the day begins, when the next one does */
static int ctx_day(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);
    int64_t starts, ends;
    int64_t instant =
        lua_isnoneornil(L, 2) ? host_call.now(call) : check_instant(L, 2);

    host_call.day(&starts, &ends, call, instant);
    push_instant(L, starts);
    push_instant(L, ends);
    return 2;
}

/* ctx:instant("2026-…Z") → as people read it */
static int ctx_instant(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);

    lua_pushstring(L, host_call.instant(call, check_instant(L, 2)));
    return 1;
}

/* ctx:date("2026-…Z" or "2026-11-23") → "23 Nov 2026" */
static int ctx_date(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);
    const char *text = luaL_checkstring(L, 2);
    int year, month, day;

    lua_pushstring(L, date_parse(&year, &month, &day, text)
                          ? date_human(call->ctx, text)
                          : host_call.date(call, check_instant(L, 2)));
    return 1;
}

/* ctx:time("2026-…Z") → "09:30" */
static int ctx_time(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);

    lua_pushstring(L, host_call.time(call, check_instant(L, 2)));
    return 1;
}

/* ctx:iso_date("2026-…Z") → "2026-11-23" in the person's zone */
static int ctx_iso_date(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);

    lua_pushstring(L, host_call.iso_date(call, check_instant(L, 2)));
    return 1;
}

/* ctx:number(1234.5) → "1,234.5" */
static int ctx_number(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);

    lua_pushstring(L, host_call.number(call, value_out(optional(L, call, 2))));
    return 1;
}

/* ctx:money(decimal "1234.50", "CNY") → "¥1,234.50" */
static int ctx_money(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);

    lua_pushstring(L, host_call.money(call, value_out(optional(L, call, 2)),
                                      luaL_optstring(L, 3, NULL)));
    return 1;
}

/* ctx:chart("bar", { { label = "Won", value = 12 } } [, options]) */
static int ctx_chart(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);
    const char *kind = luaL_checkstring(L, 2);
    const struct value *rows = optional(L, call, 3);
    const struct value *options = optional(L, call, 4);
    tn_value *out;
    int rc =
        host_web.chart(&out, call, kind, value_out(rows), value_out(options));

    if (rc)
        return lua_raise(L, rc);
    convert_push(L, value_in(out));
    return 1;
}

static const luaL_Reg ctx_functions[] = {
    { "fail", ctx_fail },       { "fail_at", ctx_fail_at },
    { "log", ctx_log },         { "t", ctx_text },
    { "now", ctx_now },         { "day", ctx_day },
    { "instant", ctx_instant }, { "time", ctx_time },
    { "date", ctx_date },       { "iso_date", ctx_iso_date },
    { "number", ctx_number },   { "money", ctx_money },
    { "chart", ctx_chart },     { NULL, NULL },
};

static int ctx_index(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, 1);
    const char *name = luaL_checkstring(L, 2);
    static const luaL_Reg *const tables[] = { ctx_functions, lua_self_functions,
                                              work_functions, offer_functions,
                                              people_functions };
    const luaL_Reg *row;
    size_t i;

    if (strcmp(name, "records") == 0) {
        records_push(L, 1);
        return 1;
    }
    if (strcmp(name, "files") == 0) {
        files_push(L, 1);
        return 1;
    }
    if (strcmp(name, "people") == 0) {
        people_push(L, 1);
        return 1;
    }
    if (strcmp(name, "person") == 0) {
        convert_push(L, host_person(call->ctx));
        return 1;
    }
    if (strcmp(name, "locale") == 0) {
        lua_pushstring(L, call->ctx->locale);
        return 1;
    }
    for (i = 0; i < sizeof tables / sizeof *tables; i++)
        for (row = tables[i]; row->name; row++) {
            if (strcmp(row->name, name) == 0) {
                lua_pushcfunction(L, row->func);
                return 1;
            }
        }
    return luaL_error(L, "ctx has no \"%s\"", name);
}

/* ---- records ---- */

static int record_index(lua_State *L)
{
    struct tn_record *handle = handle_record(L, 1);
    const char *key = luaL_checkstring(L, 2);
    struct value *value = host_record_member(handle->call->ctx, handle->record,
                                             handle->record->values, key);

    if (!value)
        return luaL_error(L, "%s has no field \"%s\"",
                          handle->record->form->name, key);
    convert_push(L, value);
    return 1;
}

static int record_newindex(lua_State *L)
{
    struct tn_record *handle = handle_record(L, 1);
    const char *key = luaL_checkstring(L, 2);
    struct value *value = convert_pull(L, 3, handle->call->ctx->arena);
    int rc = host_record.set(handle, key, value_out(value));

    return rc ? lua_raise(L, rc) : 0;
}

static int locked(lua_State *L)
{
    return luaL_error(L, "this can't be changed");
}

void handles_open(lua_State *L)
{
    static const struct {
        const char *type;
        lua_CFunction index, newindex;
    } types[] = {
        { "tenon.ctx", ctx_index, locked },
        { "tenon.record", record_index, record_newindex },
        { "tenon.request", request_index, locked },
        { "tenon.answer", answer_index, locked },
        { "tenon.file", file_index, locked },
    };
    size_t i;

    for (i = 0; i < sizeof types / sizeof *types; i++) {
        luaL_newmetatable(L, types[i].type);
        lua_pushcfunction(L, types[i].index);
        lua_setfield(L, -2, "__index");
        lua_pushcfunction(L, types[i].newindex);
        lua_setfield(L, -2, "__newindex");
        lua_pushboolean(L, false);
        lua_setfield(L, -2, "__metatable");
        lua_pop(L, 1);
    }
}
