/*
 * lua_test.h - a Lua state for the tests of a module, beside the module's own.
 *
 * The words are those of modules: a test gets the same ctx as a module's page
 * does, and acts as the person that the kit names. Called by kit/ only.
 */
#ifndef PLUGIN_LUA_TEST_H
#define PLUGIN_LUA_TEST_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

struct ctx;
struct lua_module;

/*
 * Opens it for the loaded module `id`; `require "tenon.test"` finds the table
 * that `open` leaves on the stack. host: for lua_test_host().
 *
 * Returns 0; E_NOT_FOUND where the module is not loaded; E_LIMIT.
 */
int lua_test_open(struct lua_module **out, struct ctx *ctx, const char *id,
                  lua_CFunction open, void *host);
void *lua_test_host(lua_State *L);

/* Runs a file of tests; E_INVALID with file and line. */
int lua_test_load(struct lua_module *lua, struct ctx *ctx, const char *name,
                  const char *source, size_t length);
/* Calls a function by its reference in the registry, under the kit's limits.
 * *error: what it raised, in ctx's arena. Returns 0 or E_INVALID. */
int lua_test_run(const char **error, struct lua_module *lua, struct ctx *ctx,
                 int reference);

/*
 * From inside a test: calls the function at `index` with a ctx that acts in
 * `own`, as its person, or (as_module) as the module's hooks do. True with its
 * one result on the stack; false with what it raised there.
 */
bool lua_test_as(lua_State *L, struct ctx *own, int index, bool as_module);

/* The context of the innermost call; NULL outside of lua_test_as. */
struct ctx *lua_test_ctx(lua_State *L);
/* A refusal that was expected: the call goes on as if it had not been. */
void lua_test_forgive(lua_State *L);

#endif
