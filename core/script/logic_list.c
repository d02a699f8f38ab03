/*
 * logic_list.c - what a sub-table is in Lua: form.items.
 */
#include "base/banned.h"

#include <lauxlib.h>

#include "script/logic_box.h"

static const char list_type[] = "list";

enum { ROWS_MAX = 2000 };

static struct list_box *check_list(lua_State *L, int index)
{
    struct list_box *box = luaL_checkudata(L, index, list_type);

    if (box->run != box->core->run || box->core->phase == PHASE_IDLE)
        luaL_error(L, "this list belongs to an earlier event");
    return box;
}

/* Replaces the array of row objects on top by a list. `parent`: absolute. */
void list_push(lua_State *L, struct logic_core *core, struct logic_field *table,
               int parent)
{
    int array = lua_gettop(L), rows, list;
    lua_Integer count, i, kept = 0;
    struct list_box *box = lua_newuserdatauv(L, sizeof(*box), 2);

    *box = (struct list_box){ core, table, core->run };
    luaL_setmetatable(L, list_type);
    list = lua_gettop(L);
    lua_newtable(L);
    rows = lua_gettop(L);
    count = lua_istable(L, array) ? (lua_Integer)lua_rawlen(L, array) : 0;
    if (count > ROWS_MAX)
        luaL_error(L, "table '%s' has more than %d rows", table->key, ROWS_MAX);
    for (i = 1; i <= count; i++) {
        if (lua_rawgeti(L, array, i) != LUA_TTABLE) {
            lua_pop(L, 1);
            continue;
        }
        form_push_box(L, core, table, list);
        lua_rawseti(L, rows, ++kept);
    }
    lua_setiuservalue(L, list, LIST_ROWS);
    lua_pushvalue(L, parent);
    lua_setiuservalue(L, list, LIST_PARENT);
    lua_replace(L, array);
    lua_settop(L, array);
}

static int list_length(lua_State *L)
{
    check_list(L, 1);
    lua_getiuservalue(L, 1, LIST_ROWS);
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
    return 1;
}

/* list[i], or a method. Upvalue: methods. */
static int list_index(lua_State *L)
{
    check_list(L, 1);
    lua_settop(L, 2);
    if (!lua_isinteger(L, 2)) {
        lua_rawget(L, lua_upvalueindex(1));
        return 1;
    }
    lua_getiuservalue(L, 1, LIST_ROWS);
    lua_rawgeti(L, -1, lua_tointeger(L, 2));
    return 1;
}

static int list_newindex(lua_State *L)
{
    return luaL_error(L, "rows are added with add, removed with remove");
}

static int list_step(lua_State *L)
{
    lua_Integer at = luaL_checkinteger(L, 2) + 1;

    check_list(L, 1);
    lua_getiuservalue(L, 1, LIST_ROWS);
    lua_pushinteger(L, at);
    return lua_rawgeti(L, -2, at) == LUA_TNIL ? 1 : 2;
}

static int list_pairs(lua_State *L)
{
    check_list(L, 1);
    lua_pushcfunction(L, list_step);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

/* list:add{ field = value, … }: the new row. */
static int list_add(lua_State *L)
{
    struct list_box *box = check_list(L, 1);
    lua_Integer count;
    int rows, row;

    form_require_phase(L, box->core, PHASE_CHANGE, "rows are added");
    lua_settop(L, 2);
    if (!lua_isnil(L, 2))
        luaL_checktype(L, 2, LUA_TTABLE);
    lua_getiuservalue(L, 1, LIST_ROWS);
    rows = lua_gettop(L);
    count = (lua_Integer)lua_rawlen(L, rows);
    if (count >= ROWS_MAX)
        return luaL_error(L, "a table has at most %d rows", ROWS_MAX);
    lua_newtable(L);
    form_push_box(L, box->core, box->table, 1);
    row = lua_gettop(L);
    if (!lua_isnil(L, 2)) {
        lua_pushnil(L);
        while (lua_next(L, 2)) {
            struct form_box *new_row = lua_touserdata(L, row);

            if (lua_type(L, -2) != LUA_TSTRING)
                return luaL_error(L, "a row's fields have names");
            form_write_field(L, row,
                             form_check_field(L, new_row, lua_gettop(L) - 1));
        }
    }
    lua_pushvalue(L, row);
    lua_rawseti(L, rows, count + 1);
    form_mark_table(L, box->table);
    lua_settop(L, row);
    return 1;
}

/* list:remove(i) */
static int list_remove(lua_State *L)
{
    struct list_box *box = check_list(L, 1);
    lua_Integer at = luaL_checkinteger(L, 2), count;
    int rows;

    form_require_phase(L, box->core, PHASE_CHANGE, "rows are removed");
    lua_getiuservalue(L, 1, LIST_ROWS);
    rows = lua_gettop(L);
    count = (lua_Integer)lua_rawlen(L, rows);
    luaL_argcheck(L, at >= 1 && at <= count, 2, "there is no such row");
    for (; at < count; at++) {
        lua_rawgeti(L, rows, at + 1);
        lua_rawseti(L, rows, at);
    }
    lua_pushnil(L);
    lua_rawseti(L, rows, count);
    form_mark_table(L, box->table);
    return 0;
}

/* list:clear() */
static int list_clear(lua_State *L)
{
    struct list_box *box = check_list(L, 1);

    form_require_phase(L, box->core, PHASE_CHANGE, "rows are removed");
    lua_newtable(L);
    lua_setiuservalue(L, 1, LIST_ROWS);
    form_mark_table(L, box->table);
    return 0;
}

void list_open(lua_State *L)
{
    static const luaL_Reg list_meta[] = { { "__len", list_length },
                                          { "__newindex", list_newindex },
                                          { "__pairs", list_pairs },
                                          { NULL, NULL } };
    static const luaL_Reg list_methods[] = { { "add", list_add },
                                             { "remove", list_remove },
                                             { "clear", list_clear },
                                             { NULL, NULL } };

    box_make_type(L, list_type, list_meta, list_methods, list_index);
}
