/*
 * lua_web.c - requests and answers as Lua sees them.
 */
#include "base/banned.h"

#include <lauxlib.h>

#include "base/ctx.h"
#include "base/value.h"
#include "plugin/host.h"
#include "plugin/lua_internal.h"
#include "script/convert.h"

/* ---- request ---- */

static int push_text(lua_State *L, const char *text)
{
    if (text)
        lua_pushstring(L, text);
    else
        lua_pushnil(L);
    return 1;
}

static int request_param_of(lua_State *L)
{
    return push_text(
        L, host_web.param(handle_request(L, 1), luaL_checkstring(L, 2)));
}

static int request_query_of(lua_State *L)
{
    return push_text(
        L, host_web.query(handle_request(L, 1), luaL_checkstring(L, 2)));
}

static int request_form_of(lua_State *L)
{
    return push_text(
        L, host_web.form(handle_request(L, 1), luaL_checkstring(L, 2)));
}

static int request_list_of(lua_State *L)
{
    convert_push(L, value_in(host_web.form_list(handle_request(L, 1),
                                                luaL_checkstring(L, 2))));
    return 1;
}

static int request_header_of(lua_State *L)
{
    return push_text(
        L, host_web.header(handle_request(L, 1), luaL_checkstring(L, 2)));
}

static int request_json_of(lua_State *L)
{
    convert_push(L, value_in(host_web.json(handle_request(L, 1))));
    return 1;
}

/* request:upload("name") → a file, nil where none came */
static int request_upload_of(lua_State *L)
{
    struct tn_request *request = handle_request(L, 1);
    const tn_host_files *files = request->call->module->host.files;
    struct ctx *ctx = request->call->ctx;
    struct problem *last = ctx->last_problem;
    int number = ctx->problem_count, rc;
    tn_file *file;

    if (!files)
        return lua_raise(L, host_no_capability(request->call, "files"));
    rc = files->upload(&file, request, luaL_checkstring(L, 2));
    if (rc == E_NOT_FOUND) {
        lua_forget_problems(ctx, last, number);
        lua_pushnil(L);
        return 1;
    }
    return rc ? lua_raise(L, rc) : file_push(L, file);
}

static int request_cookie_of(lua_State *L)
{
    return push_text(
        L, host_web.cookie(handle_request(L, 1), luaL_checkstring(L, 2)));
}

static int find_function(lua_State *L, const luaL_Reg *row, const char *of,
                         const char *name)
{
    for (; row->name; row++) {
        if (strcmp(row->name, name) == 0) {
            lua_pushcfunction(L, row->func);
            return 1;
        }
    }
    return luaL_error(L, "%s has no \"%s\"", of, name);
}

int request_index(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "param", request_param_of },
        { "query", request_query_of },
        { "form", request_form_of },
        { "json", request_json_of },
        { "header", request_header_of },
        { "form_list", request_list_of },
        { "upload", request_upload_of },
        { "cookie", request_cookie_of },
        { NULL, NULL },
    };
    struct tn_request *handle = handle_request(L, 1);
    const char *name = luaL_checkstring(L, 2);

    if (strcmp(name, "method") == 0)
        return push_text(L, host_web.method(handle));
    if (strcmp(name, "path") == 0)
        return push_text(L, host_web.path(handle));
    return find_function(L, functions, "request", name);
}

/* ---- answer ---- */

int lua_done(lua_State *L, int rc)
{
    return rc ? lua_raise(L, rc) : 0;
}

/* answer:text(200, "text/plain; charset=utf-8", "…") */
static int answer_text(lua_State *L)
{
    return lua_done(
        L, host_web.text(handle_answer(L, 1), (int)luaL_checkinteger(L, 2),
                         luaL_checkstring(L, 3), luaL_checkstring(L, 4)));
}

static struct value *value_at_index(lua_State *L, struct tn_answer *answer,
                                    int index)
{
    return convert_pull(L, index, answer->call->ctx->arena);
}

/* answer:json(200, table) */
static int answer_json(lua_State *L)
{
    struct tn_answer *answer = handle_answer(L, 1);
    int status = (int)luaL_checkinteger(L, 2);

    luaL_checkany(L, 3);
    return lua_done(
        L, host_web.json_answer(answer, status,
                                value_out(value_at_index(L, answer, 3))));
}

static int answer_redirect(lua_State *L)
{
    return lua_done(
        L, host_web.redirect(handle_answer(L, 1), luaL_checkstring(L, 2)));
}

/* answer:page("template", "title.key", data [, status]) */
static int answer_page(lua_State *L)
{
    struct tn_answer *answer = handle_answer(L, 1);
    const char *name = luaL_checkstring(L, 2);
    const char *title = luaL_checkstring(L, 3);
    struct value *data =
        lua_istable(L, 4) ? value_at_index(L, answer, 4) : NULL;

    if (value_kind(data) != VALUE_MAP)
        data = value_map(answer->call->ctx->arena);
    if (!lua_isnoneornil(L, 5) &&
        host_web.set_status(answer, (int)luaL_checkinteger(L, 5)))
        return lua_raise(L, E_INTERNAL);
    return lua_done(L, host_web.page(answer, name, title, value_out(data)));
}

/* answer:done("/m/…" [, toast]) */
static int answer_done(lua_State *L)
{
    return lua_done(L,
                    host_web.done(handle_answer(L, 1), luaL_checkstring(L, 2),
                                  luaL_optstring(L, 3, NULL)));
}

static int answer_header(lua_State *L)
{
    return lua_done(L, host_web.set_header(handle_answer(L, 1),
                                           luaL_checkstring(L, 2),
                                           luaL_checkstring(L, 3)));
}

/* answer:file(file): as a download */
static int answer_file(lua_State *L)
{
    return lua_done(L, host_web.file(handle_answer(L, 1), handle_file(L, 2)));
}

/* answer:cookie("name", "value" [, seconds]) */
static int answer_cookie(lua_State *L)
{
    return lua_done(L, host_web.set_cookie(
                           handle_answer(L, 1), luaL_checkstring(L, 2),
                           luaL_checkstring(L, 3), luaL_optinteger(L, 4, 0)));
}

int answer_index(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "text", answer_text },
        { "json", answer_json },
        { "redirect", answer_redirect },
        { "page", answer_page },
        { "done", answer_done },
        { "header", answer_header },
        { "file", answer_file },
        { "cookie", answer_cookie },
        { NULL, NULL },
    };

    (void)handle_answer(L, 1);
    return find_function(L, functions, "answer", luaL_checkstring(L, 2));
}
