/*
 * lua_files.c - ctx.files, and files as Lua sees them.
 */
#include "base/banned.h"

#include <lauxlib.h>

#include "base/ctx.h"
#include "base/value.h"
#include "plugin/call.h"
#include "plugin/host.h"
#include "plugin/lua_internal.h"
#include "script/convert.h"

enum { READ_DEFAULT = 64 * 1024, READ_MAX = 1024 * 1024 };

int file_push(lua_State *L, struct tn_file *file)
{
    handle_push_file(L, file);
    return 1;
}

/* file:read([bytes]) → a string; nil at the end */
static int file_read_of(lua_State *L)
{
    struct tn_file *file = handle_file(L, 1);
    lua_Integer size = luaL_optinteger(L, 2, READ_DEFAULT);
    int64_t got;
    luaL_Buffer buffer;
    char *room;

    luaL_argcheck(L, size > 0 && size <= READ_MAX, 2,
                  "between 1 and 1048576 bytes");
    room = luaL_buffinitsize(L, &buffer, (size_t)size);
    got = host_files.read(file, room, (size_t)size);
    if (got < 0)
        return lua_raise(L, (int)got);
    if (got == 0)
        lua_pushnil(L);
    else
        luaL_pushresultsize(&buffer, (size_t)got);
    return 1;
}

/* file:about() → { name, size, type } */
static int file_about_of(lua_State *L)
{
    convert_push(L, value_in(host_files.about(handle_file(L, 1))));
    return 1;
}

/* file:write(text) */
static int file_write_of(lua_State *L)
{
    size_t length;
    const char *bytes = luaL_checklstring(L, 2, &length);

    return lua_done(L, host_files.write(handle_file(L, 1), bytes, length));
}

/* file:finish() → the id that a file field takes */
static int file_finish_of(lua_State *L)
{
    struct tn_file *file = handle_file(L, 1);
    int64_t id;
    int rc = host_files.finish(&id, file);

    if (rc)
        return lua_raise(L, rc);
    convert_push(L, value_in(host_value.make_id(file->call, id)));
    return 1;
}

int file_index(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "read", file_read_of },
        { "about", file_about_of },
        { "write", file_write_of },
        { "finish", file_finish_of },
        { NULL, NULL },
    };
    const char *name = luaL_checkstring(L, 2);
    const luaL_Reg *row;

    (void)handle_file(L, 1);
    for (row = functions; row->name; row++)
        if (strcmp(row->name, name) == 0) {
            lua_pushcfunction(L, row->func);
            return 1;
        }
    return luaL_error(L, "a file has no \"%s\"", name);
}

static const tn_host_files *table_of(lua_State *L, struct tn_ctx *call)
{
    const tn_host_files *files = call->module->host.files;

    if (!files)
        lua_raise(L, host_no_capability(call, "files"));
    return files;
}

/* ctx.files.open(id) → a file, nil where there is none to be seen */
static int open_file(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, lua_upvalueindex(1));
    struct problem *last = call->ctx->last_problem;
    int number = call->ctx->problem_count, rc;
    int64_t id = lua_check_id(L, 1, call);
    tn_file *file;

    rc = table_of(L, call)->open(&file, call, id);
    if (rc == E_NOT_FOUND) {
        lua_forget_problems(call->ctx, last, number);
        lua_pushnil(L);
        return 1;
    }
    return rc ? lua_raise(L, rc) : file_push(L, file);
}

/* ctx.files.create("report.csv") → a file to be written */
static int create_file(lua_State *L)
{
    struct tn_ctx *call = handle_ctx(L, lua_upvalueindex(1));
    const char *name = luaL_checkstring(L, 1);
    tn_file *file;
    int rc = table_of(L, call)->create(&file, call, name);

    return rc ? lua_raise(L, rc) : file_push(L, file);
}

void files_push(lua_State *L, int index)
{
    static const luaL_Reg functions[] = {
        { "open", open_file },
        { "create", create_file },
        { NULL, NULL },
    };

    index = lua_absindex(L, index);
    luaL_newlibtable(L, functions);
    lua_pushvalue(L, index);
    luaL_setfuncs(L, functions, 1);
}
