/*
 * logic_box.h - the objects behind `form`, rows and sub-tables: what
 * logic_form.c and logic_list.c share.
 */
#ifndef SCRIPT_LOGIC_BOX_H
#define SCRIPT_LOGIC_BOX_H

#include <lauxlib.h>

#include "script/logic_core.h"

/* A form or a row. User values: values, parent (rows: their list), marks. */
struct form_box {
    struct logic_core *core;
    struct logic_field *table; /* whose fields it has */
    int64_t run;
};
enum { FORM_VALUES = 1, FORM_PARENT, FORM_MARKS };

/* A sub-table. User values: rows (list of form_box), parent form. */
struct list_box {
    struct logic_core *core;
    struct logic_field *table;
    int64_t run;
};
enum { LIST_ROWS = 1, LIST_PARENT };

/* Replaces the table of JSON values on top by a form or row over it. parent:
 * index of the list, 0 for the form. */
void form_push_box(lua_State *L, struct logic_core *core,
                   struct logic_field *table, int parent);
/* Replaces the array of row objects on top by a list of the form at `parent`
 * (absolute). */
void list_push(lua_State *L, struct logic_core *core, struct logic_field *table,
               int parent);

/* The field named at `index`; raises an error where there is none. */
struct logic_field *form_check_field(lua_State *L, struct form_box *box,
                                     int index);
/* Raises an error outside of the phase: "<what> only in on_change". */
void form_require_phase(lua_State *L, struct logic_core *core,
                        enum logic_phase phase, const char *what);
/* Sets a field of the box at `index` from the value on top; pops it. */
void form_write_field(lua_State *L, int index, struct logic_field *field);
/* Notes that rows of the table came or went. */
void form_mark_table(lua_State *L, const struct logic_field *table);

/* Registers the metatable `name`; `index` gets the methods as upvalue. */
void box_make_type(lua_State *L, const char *name, const luaL_Reg *meta,
                   const luaL_Reg *methods, lua_CFunction index);
/* Registers the type of lists. */
void list_open(lua_State *L);

#endif
