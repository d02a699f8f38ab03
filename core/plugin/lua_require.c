/*
 * lua_require.c - require: the SDK, and the module's other files.
 *
 * Only files of the module's own folder, by a plain name, and only while the
 * module starts: what is loaded is what was hashed.
 */
#include "base/banned.h"

#include <lauxlib.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/file.h"
#include "plugin/entry.h"
#include "plugin/find.h"
#include "plugin/lua_internal.h"
#include "script/sandbox.h"

static bool name_ok(const char *name)
{
    return name[0] >= 'a' && name[0] <= 'z' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") ==
               strlen(name) &&
           strlen(name) <= 40;
}

/* Leaves what the file returns on the stack. */
static void run_file(lua_State *L, const char *name)
{
    struct lua_module *lua = lua_module_of(L);
    struct ctx *ctx = entry_context_get();
    const char *file, *text;
    struct ctx quiet;
    size_t length;
    int rc;

    if (!lua->module->starting || !ctx)
        luaL_error(L, "require \"%s\" works while the module starts only",
                   name);
    /* Its problem names a path of the machine. */
    quiet = ctx_apart(ctx);
    file = arena_printf(ctx->arena, "%s.lua", name);
    rc = file_read(&text, &length, &quiet, module_path(ctx, lua->module, file),
                   SCRIPT_MAX);
    if (rc == E_NOT_FOUND)
        luaL_error(L, "there is no module \"%s\" to require", name);
    if (rc)
        luaL_error(L, "%s/%s can't be read", lua->module->id, file);
    sandbox_compile(L, arena_printf(ctx->arena, "%s/%s", lua->module->id, file),
                    text, length);
    lua_call(L, 0, 1);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, true);
    }
}

int lua_require(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);

    lua_settop(L, 1);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, "tenon.loaded");
    if (lua_getfield(L, 2, name) == LUA_TNIL) {
        if (!name_ok(name))
            return luaL_error(L, "there is no module \"%s\" to require", name);
        /* A file that requires itself, over whatever way, finds this. */
        lua_pushboolean(L, false);
        lua_setfield(L, 2, name);
        run_file(L, name);
        lua_pushvalue(L, -1);
        lua_setfield(L, 2, name);
    } else if (lua_isboolean(L, -1) && !lua_toboolean(L, -1)) {
        return luaL_error(L, "\"%s\" requires itself", name);
    }
    return 1;
}
