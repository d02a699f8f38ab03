/*
 * lua_internal.h - what the files of the Lua twin share.
 */
#ifndef PLUGIN_LUA_INTERNAL_H
#define PLUGIN_LUA_INTERNAL_H

#include <lauxlib.h>
#include <lua.h>

#include "plugin/module.h"

struct ctx;
struct problem;
struct sandbox;
struct script;

enum { LUA_FUNCTIONS = 3 };

/* What was registered together. */
struct lua_function {
    struct lua_module *lua;
    const char *name;
    int references[LUA_FUNCTIONS];
};

typedef void (*any_call)(void);

/* One call into Lua. */
struct lua_job {
    struct tn_ctx *call;
    int function; /* reference of the registry */
    /* What the function gets behind ctx; NULL: nothing. */
    struct tn_record *record;
    struct tn_request *request;
    struct tn_answer *answer;
    const struct value *parameters;
    const struct value *definition; /* of a field */
    int which;                      /* of the functions */
    bool offer;           /* called by another module: gives any value */
    struct value *result; /* of that */
    struct value *data;   /* receives the table that a page returns */
    const char *today;
    bool question; /* true: TN_OK; else TN_E_NOT_FOUND */
    int status;    /* what it returned */
    int raised;    /* status of a host function that ended it */
};

struct lua_module {
    struct tn_module *module;
    struct script *script;
    struct sandbox *box;
    struct lua_job *job; /* the call that runs */
    char today[16];      /* as the state has it */
};

struct script_limits;

/* A state with the SDK's nouns for `module`, in its arena; nothing has run in
 * it. Errors of script_open. */
int lua_open(struct lua_module **out, struct ctx *ctx, struct tn_module *module,
             const struct script_limits *limits);

/* Calls one of the functions. A status. */
int lua_run(struct lua_function *function, struct lua_job *job);
/* The trampolines of a field type: input, text, fill (lua_field.c). */
any_call lua_field_call(int which);

/* The module that this state belongs to. */
struct lua_module *lua_module_of(lua_State *L);

/* Ends the Lua call with the status of a host function; never returns. */
int lua_raise(lua_State *L, int rc);

/* Makes the metatables of handles; and pushes handles, which are good for
 * one call: used later they are an error. */
void handles_open(lua_State *L);
void handle_push_ctx(lua_State *L, struct tn_ctx *call);
void handle_push_record(lua_State *L, struct tn_record *record);
void handle_push_request(lua_State *L, struct tn_request *request);
void handle_push_answer(lua_State *L, struct tn_answer *answer);
/* The same back; raise an error for anything else. */
struct tn_ctx *handle_ctx(lua_State *L, int index);
struct tn_record *handle_record(lua_State *L, int index);

/* ctx.files of the ctx at `index`; pushed. A file's handle (lua_files.c). */
void files_push(lua_State *L, int index);
int file_index(lua_State *L);
int file_push(lua_State *L, struct tn_file *file);
struct tn_file *handle_file(lua_State *L, int index);
void handle_push_file(lua_State *L, struct tn_file *file);

/* ctx.people of the ctx at `index`; pushed. ctx:notify. */
void people_push(lua_State *L, int index);
extern const struct luaL_Reg people_functions[];

/* "17" or 17; raises an error for anything else. */
int64_t lua_check_id(lua_State *L, int index, struct tn_ctx *call);
/* A table of options; an error names one that is not `known` (names between
 * spaces). */
struct value *lua_options(lua_State *L, int index, struct tn_ctx *call,
                          const char *function, const char *known);
/* Takes back what was recorded since: being absent is an answer here. */
void lua_forget_problems(struct ctx *ctx, struct problem *last, int number);
/* Nothing, or the error. */
int lua_done(lua_State *L, int rc);

/* ctx.records of the ctx at `index`; pushed. */
void records_push(lua_State *L, int index);
/* Functions on records, set in the table on top: before, changed … */
void records_open(lua_State *L);

/* require "tenon", require "design" (design.lua of the module's folder). */
int lua_require(lua_State *L);

/* ctx:call and ctx:find_offer (lua_offer.c). */
extern const struct luaL_Reg offer_functions[];

/* ctx:as_module and the like (lua_self.c). */
extern const struct luaL_Reg lua_self_functions[];
/* ctx:job_add() … (lua_work.c); ended by a NULL. */
extern const luaL_Reg work_functions[];

/* request:… and answer:… (lua_web.c); metatables for handles_open. */
int request_index(lua_State *L);
int answer_index(lua_State *L);
struct tn_request *handle_request(lua_State *L, int index);
struct tn_answer *handle_answer(lua_State *L, int index);

#endif
