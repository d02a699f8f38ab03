/*
 * logic_form.c - what `form`, its sub-tables and their rows are in Lua.
 *
 * A form (and a row) is a userdata over a table of typed values; reading a
 * computed field computes it. The objects belong to Lua: a script that keeps
 * one beyond its event finds it closed, never freed memory.
 */
#include "base/banned.h"

#include <lauxlib.h>

#include "script/lib_decimal.h"
#include "script/logic_box.h"

static const char form_type[] = "form";
static const char messages_key = 'm', changed_key = 'c', computed_key = 'f';

enum { MESSAGES_MAX = 200, PATH_MAX_LENGTH = 160 };

static bool is_row(const struct form_box *box)
{
    return box->table != &box->core->head;
}

static struct form_box *check_form(lua_State *L, int index)
{
    struct form_box *box = luaL_checkudata(L, index, form_type);

    if (box->run != box->core->run || box->core->phase == PHASE_IDLE)
        luaL_error(L, "this form belongs to an earlier event");
    return box;
}

struct logic_field *form_check_field(lua_State *L, struct form_box *box,
                                     int index)
{
    const char *key = luaL_checkstring(L, index);
    struct logic_field *field = schema_find(box->table, key);

    if (!field)
        luaL_error(L, "the %s has no field '%s'", is_row(box) ? "row" : "form",
                   key);
    return field;
}

void form_require_phase(lua_State *L, struct logic_core *core,
                        enum logic_phase phase, const char *what)
{
    if (core->phase != phase)
        luaL_error(L, "%s only in %s", what,
                   phase == PHASE_CHANGE  ? "on_change"
                   : phase == PHASE_RULES ? "rules"
                                          : "validate");
}

/* Notes that a head field (of a row: its table) is part of the answer. */
static void mark_changed(lua_State *L, const struct logic_field *field)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &changed_key);
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, field->table ? field->table->key : field->key);
    lua_pop(L, 1);
}

/* The same for a table whose rows came or went. */
void form_mark_table(lua_State *L, const struct logic_field *table)
{
    mark_changed(L, table);
}

/* Making. */

/* Replaces the table of JSON values on top by a form or row over it. */
void form_push_box(lua_State *L, struct logic_core *core,
                   struct logic_field *table, int parent)
{
    int values = lua_gettop(L), self;
    struct form_box *box;
    size_t i;

    luaL_checkstack(L, 12, "form");
    box = lua_newuserdatauv(L, sizeof(*box), 3);
    *box = (struct form_box){ core, table, core->run };
    luaL_setmetatable(L, form_type);
    self = lua_gettop(L);
    for (i = 0; i < table->count; i++) {
        struct logic_field *field = &table->fields[i];

        lua_getfield(L, values, field->key);
        if (field->kind == KIND_TABLE)
            list_push(L, core, field, self);
        else
            field_from_json(L, field);
        lua_setfield(L, values, field->key);
    }
    lua_pushvalue(L, values);
    lua_setiuservalue(L, self, FORM_VALUES);
    if (parent)
        lua_pushvalue(L, parent);
    else
        lua_pushnil(L);
    lua_setiuservalue(L, self, FORM_PARENT);
    lua_newtable(L);
    lua_setiuservalue(L, self, FORM_MARKS);
    lua_replace(L, values);
}

void form_push(lua_State *L, struct logic_core *core)
{
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &messages_key);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &changed_key);
    core->message_count = 0;
    form_push_box(L, core, &core->head, 0);
}

/* Reading; computed fields. */

/* Pushes the form of a row at `index`. */
static void push_head(lua_State *L, int index)
{
    lua_getiuservalue(L, index, FORM_PARENT);
    lua_getiuservalue(L, -1, LIST_PARENT);
    lua_remove(L, -2);
}

static void read_field(lua_State *L, int index, struct logic_field *field);

/* A name of an expression: a field of the row, then of the form. */
static bool lookup_field(lua_State *L, int index)
{
    struct form_box *box = lua_touserdata(L, index);
    struct logic_field *field;
    const char *key;

    if (lua_type(L, -1) != LUA_TSTRING)
        return false;
    key = lua_tostring(L, -1);
    lua_pushvalue(L, index);
    field = schema_find(box->table, key);
    if (!field && is_row(box)) {
        push_head(L, lua_gettop(L));
        field = schema_find(&box->core->head, key);
    }
    if (!field)
        return false;
    read_field(L, lua_gettop(L), field);
    return true;
}

/* Pushes the freshly computed value of a field of the box at `index`. */
static void push_computed(lua_State *L, int index, struct logic_field *field)
{
    struct form_box *box = lua_touserdata(L, index);
    int count = 1, rc;

    if (field->expression) {
        sandbox_push_expression(L, field->expression, field->expression_length);
        sandbox_push_environment(L, index, lookup_field);
    } else {
        lua_rawgetp(L, LUA_REGISTRYINDEX, &computed_key);
        lua_getfield(L, -1, field->path);
        lua_remove(L, -2);
        lua_pushvalue(L, index);
        if (is_row(box)) {
            push_head(L, index);
            count = 2;
        }
    }
    rc = lua_pcall(L, count, 1, 0);
    if (rc != LUA_OK) {
        if (lua_type(L, -1) == LUA_TSTRING)
            lua_pushfstring(L, "computed field '%s': %s", field->path,
                            lua_tostring(L, -1));
        lua_error(L);
    }
    field_from_lua(L, field);
}

/* Computes the field and stores its value; leaves it on the stack. */
static void compute(lua_State *L, int index, struct logic_field *field)
{
    struct form_box *box = lua_touserdata(L, index);
    int marks, values;

    luaL_checkstack(L, 12, "computed");
    lua_getiuservalue(L, index, FORM_MARKS);
    marks = lua_gettop(L);
    lua_getiuservalue(L, index, FORM_VALUES);
    values = lua_gettop(L);
    if (lua_getfield(L, marks, field->key) != LUA_TNIL) {
        if (!lua_toboolean(L, -1))
            luaL_error(L, "computed field '%s' depends on itself", field->path);
        lua_getfield(L, values, field->key);
    } else {
        lua_pushboolean(L, 0);
        lua_setfield(L, marks, field->key);
        push_computed(L, index, field);
        lua_getfield(L, values, field->key);
        if (!lua_compare(L, -1, -2, LUA_OPEQ))
            mark_changed(L, field);
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_setfield(L, values, field->key);
        /* While on_change runs, values still change: nothing is final. */
        if (box->core->phase == PHASE_CHANGE)
            lua_pushnil(L);
        else
            lua_pushboolean(L, 1);
        lua_setfield(L, marks, field->key);
    }
    lua_replace(L, marks);
    lua_settop(L, marks);
}

static bool is_computed(const struct logic_field *field)
{
    return field->expression || field->function;
}

/* Pushes the value of a field of the box at `index` (absolute). */
static void read_field(lua_State *L, int index, struct logic_field *field)
{
    index = lua_absindex(L, index);
    if (is_computed(field)) {
        compute(L, index, field);
        return;
    }
    lua_getiuservalue(L, index, FORM_VALUES);
    lua_getfield(L, -1, field->key);
    lua_remove(L, -2);
}

static void compute_all(lua_State *L, int index, struct logic_field *table)
{
    size_t i;

    for (i = 0; i < table->count; i++) {
        struct logic_field *field = &table->fields[i];
        lua_Integer row;

        sandbox_charge(L, 1);
        if (is_computed(field)) {
            compute(L, index, field);
            lua_pop(L, 1);
        }
        if (field->kind != KIND_TABLE)
            continue;
        read_field(L, index, field);
        lua_getiuservalue(L, -1, LIST_ROWS);
        for (row = 1; lua_rawgeti(L, -1, row) != LUA_TNIL; row++) {
            compute_all(L, lua_gettop(L), field);
            lua_pop(L, 1);
        }
        lua_pop(L, 3);
    }
}

void form_compute(lua_State *L, struct logic_core *core, int index)
{
    compute_all(L, lua_absindex(L, index), &core->head);
}

/* Writing. */

/* Sets a field of the box at `index` from the value on top; pops it. */
void form_write_field(lua_State *L, int index, struct logic_field *field)
{
    if (is_computed(field))
        luaL_error(L, "field '%s' is computed, it can't be set", field->path);
    field_from_lua(L, field);
    lua_getiuservalue(L, index, FORM_VALUES);
    lua_getfield(L, -1, field->key);
    if (!lua_compare(L, -1, -3, LUA_OPEQ))
        mark_changed(L, field);
    lua_pop(L, 1);
    lua_insert(L, -2);
    lua_setfield(L, -2, field->key);
    lua_pop(L, 1);
}

static int form_get(lua_State *L)
{
    struct form_box *box = check_form(L, 1);

    read_field(L, 1, form_check_field(L, box, 2));
    return 1;
}

static int form_set(lua_State *L)
{
    struct form_box *box = check_form(L, 1);
    struct logic_field *field = form_check_field(L, box, 2);

    form_require_phase(L, box->core, PHASE_CHANGE, "fields are set");
    lua_settop(L, 3);
    form_write_field(L, 1, field);
    return 0;
}

/* form.name: a method, else a field. Upvalue: methods. */
static int form_index(lua_State *L)
{
    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
        return 1;
    return form_get(L);
}

static int form_tostring(lua_State *L)
{
    struct form_box *box = luaL_checkudata(L, 1, form_type);

    lua_pushstring(L, is_row(box) ? "row" : "form");
    return 1;
}

/* Messages. */

/* The 0-based position of the row at `index` in its list. */
static lua_Integer row_position(lua_State *L, int index)
{
    lua_Integer position;

    lua_getiuservalue(L, index, FORM_PARENT);
    lua_getiuservalue(L, -1, LIST_ROWS);
    for (position = 1; lua_rawgeti(L, -1, position) != LUA_TNIL; position++) {
        bool same = lua_rawequal(L, -1, index);

        lua_pop(L, 1);
        if (same)
            break;
    }
    lua_settop(L, index > 3 ? index : 3);
    return position - 1;
}

/* form:error(field, message), row:error(field, message); field nil: the
 * whole form or row. */
static int form_error(lua_State *L)
{
    struct form_box *box = check_form(L, 1);
    struct logic_field *field = NULL;

    form_require_phase(L, box->core, PHASE_VALIDATE, "messages are given");
    lua_settop(L, 3);
    luaL_argexpected(L, lua_type(L, 3) == LUA_TSTRING, 3, "text");
    if (!lua_isnil(L, 2))
        field = form_check_field(L, box, 2);
    if (box->core->message_count >= MESSAGES_MAX)
        return 0;
    if (is_row(box)) {
        lua_Integer position = row_position(L, 1);

        if (field)
            lua_pushfstring(L, "%s.%I.%s", box->table->key,
                            (LUAI_UACINT)position, field->key);
        else
            lua_pushfstring(L, "%s.%I", box->table->key, (LUAI_UACINT)position);
    } else {
        lua_pushstring(L, field ? field->path : "");
    }
    lua_createtable(L, 0, 2);
    lua_insert(L, -2);
    lua_setfield(L, -2, "field");
    lua_pushvalue(L, 3);
    lua_setfield(L, -2, "message");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &messages_key);
    lua_insert(L, -2);
    lua_rawseti(L, -2, ++box->core->message_count);
    return 0;
}

/* Rules: form:hide(field [, flag]), form:lock, form:require. */

static struct logic_state *check_state(lua_State *L, signed char *flag)
{
    struct form_box *box = check_form(L, 1);
    const char *path = luaL_checkstring(L, 2);
    struct logic_field *field = schema_path(box->core, path);

    form_require_phase(L, box->core, PHASE_RULES, "rules are given");
    if (is_row(box))
        luaL_error(L, "rules belong to the form: form:hide(\"%s.%s\")",
                   box->table->key, path);
    if (!field)
        luaL_error(L, "the form has no field '%s'", path);
    *flag = lua_gettop(L) < 3 || lua_toboolean(L, 3);
    return &field->state;
}

static int form_hide(lua_State *L)
{
    signed char flag;
    struct logic_state *state = check_state(L, &flag);

    state->hidden = flag;
    return 0;
}

static int form_lock(lua_State *L)
{
    signed char flag;
    struct logic_state *state = check_state(L, &flag);

    state->read_only = flag;
    return 0;
}

static int form_require(lua_State *L)
{
    signed char flag;
    struct logic_state *state = check_state(L, &flag);

    state->required = flag;
    return 0;
}

/* Globals of logic. */

/* tr{ en = "…", ["zh-CN"] = "…" }: the text in the person's language. */
static int translate(lua_State *L)
{
    struct logic_core *core = sandbox_host(L);

    luaL_checktype(L, 1, LUA_TTABLE);
    if (lua_getfield(L, 1, core->locale) == LUA_TSTRING ||
        lua_getfield(L, 1, "en") == LUA_TSTRING ||
        lua_getfield(L, 1, "zh-CN") == LUA_TSTRING ||
        lua_getfield(L, 1, "zh-TW") == LUA_TSTRING)
        return 1;
    return luaL_error(L, "tr takes texts by language: tr{ en = \"…\" }");
}

void box_make_type(lua_State *L, const char *name, const luaL_Reg *meta,
                   const luaL_Reg *methods, lua_CFunction index)
{
    luaL_newmetatable(L, name);
    luaL_setfuncs(L, meta, 0);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_pushcclosure(L, index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

void form_open(lua_State *L)
{
    static const luaL_Reg form_meta[] = { { "__newindex", form_set },
                                          { "__tostring", form_tostring },
                                          { NULL, NULL } };
    static const luaL_Reg form_methods[] = {
        { "get", form_get },     { "set", form_set },
        { "error", form_error }, { "hide", form_hide },
        { "lock", form_lock },   { "require", form_require },
        { NULL, NULL },
    };
    box_make_type(L, form_type, form_meta, form_methods, form_index);
    list_open(L);
    lua_pushcfunction(L, translate);
    lua_setglobal(L, "tr");
    /* The functions of computed fields, by path. */
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setglobal(L, "computed");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &computed_key);
}

/* Answers. */

/* Pushes a table's rows as plain tables, for writing. */
static void push_plain_rows(lua_State *L, int list)
{
    lua_Integer row;

    lua_newtable(L);
    lua_getiuservalue(L, list, LIST_ROWS);
    for (row = 1; lua_rawgeti(L, -1, row) != LUA_TNIL; row++) {
        lua_getiuservalue(L, -1, FORM_VALUES);
        lua_rawseti(L, -4, row);
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
}

/* Rows are objects even where all their fields are empty. */
static void write_rows(struct wire_text *out, lua_State *L, int list)
{
    lua_Integer row;
    int rows;

    push_plain_rows(L, list);
    rows = lua_gettop(L);
    wire_add(out, "[", 1);
    for (row = 1; lua_rawgeti(L, rows, row) != LUA_TNIL; row++) {
        if (row > 1)
            wire_add(out, ",", 1);
        lua_pushnil(L);
        if (lua_next(L, -2)) {
            lua_pop(L, 2);
            wire_write(out, L, -1);
        } else {
            wire_add(out, "{}", 2);
        }
        lua_pop(L, 1);
    }
    wire_add(out, "]", 1);
    lua_settop(L, rows - 1);
}

void form_write_changes(struct wire_text *out, lua_State *L,
                        struct logic_core *core, int index)
{
    bool first = true;
    size_t i;
    int changed;

    index = lua_absindex(L, index);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &changed_key);
    changed = lua_gettop(L);
    wire_add(out, "{", 1);
    for (i = 0; i < core->head.count; i++) {
        struct logic_field *field = &core->head.fields[i];

        if (lua_getfield(L, changed, field->key) != LUA_TNIL) {
            if (!first)
                wire_add(out, ",", 1);
            first = false;
            wire_add_string(out, field->key, strlen(field->key));
            wire_add(out, ":", 1);
            read_field(L, index, field);
            if (field->kind == KIND_TABLE)
                write_rows(out, L, lua_gettop(L));
            else
                wire_write(out, L, -1);
        }
        lua_settop(L, changed);
    }
    wire_add(out, "}", 1);
    lua_settop(L, changed - 1);
}

void form_write_messages(struct wire_text *out, lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &messages_key);
    wire_write(out, L, -1);
    lua_pop(L, 1);
}

void form_push_row(lua_State *L, struct logic_core *core, int index,
                   const char *path, struct logic_field **field)
{
    const char *row = strchr(path, '.'), *column;
    char key[PATH_MAX_LENGTH];
    struct logic_field *table;
    char *end;
    long position;

    index = lua_absindex(L, index);
    *field = schema_find(&core->head, path);
    if (*field || !row || (size_t)(row - path) >= sizeof(key)) {
        lua_pushnil(L);
        return;
    }
    memcpy(key, path, (size_t)(row - path));
    key[row - path] = '\0';
    table = schema_find(&core->head, key);
    position = strtol(row + 1, &end, 10);
    column = *end == '.' ? end + 1 : NULL;
    if (!table || table->kind != KIND_TABLE || end == row + 1) {
        lua_pushnil(L);
        return;
    }
    *field = column ? schema_find(table, column) : table;
    read_field(L, index, table);
    lua_getiuservalue(L, -1, LIST_ROWS);
    lua_rawgeti(L, -1, (lua_Integer)position + 1);
    lua_replace(L, -3);
    lua_pop(L, 1);
}
