/*
 * logic_core.h - a form's logic in one sandbox; shared with the browser.
 *
 * JSON in, JSON out (README.md, logic.h). logic_schema.c reads definitions,
 * logic_form.c is what `form` is in Lua, logic_core.c runs events.
 */
#ifndef SCRIPT_LOGIC_CORE_H
#define SCRIPT_LOGIC_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "script/sandbox.h"
#include "script/wire.h"

enum field_kind {
    KIND_PLAIN, /* as JSON has it; empty text is empty */
    KIND_INTEGER,
    KIND_DECIMAL,
    KIND_NUMBER,
    KIND_DATE,
    KIND_BOOLEAN,
    KIND_TABLE,
};

/* What the rules decided: -1 nothing, 0 no, 1 yes. */
struct logic_state {
    signed char hidden, read_only, required;
};

struct logic_field {
    char *key;
    char *path; /* "items.price"; the key at the head */
    enum field_kind kind;
    int scale;
    char *expression; /* of a computed field; NULL */
    size_t expression_length;
    bool function;              /* computed by a function of the file */
    struct logic_field *fields; /* of a table */
    size_t count;
    struct logic_field *table; /* whose column this is; NULL: head */
    struct logic_state state;
};

/* What the running event may do. */
enum logic_phase {
    PHASE_IDLE,
    PHASE_CHANGE,
    PHASE_COMPUTE,
    PHASE_RULES,
    PHASE_VALIDATE,
};

struct logic_core {
    struct sandbox *box;
    struct logic_field head; /* a table of its own: the form */
    enum logic_phase phase;
    int64_t run;       /* counts events; older forms are closed */
    char locale[16];   /* for tr{} */
    int message_count; /* of this event */
    struct wire_text out;
    const char *input; /* of the running call */
    size_t input_length;
};

/* Reads the definition and loads the file. On failure the status says why
 * and *out still holds the core with the message; the caller closes it. NULL
 * in *out: no memory. */
enum sandbox_status logic_core_open(struct logic_core **out,
                                    const char *definition, size_t length);
/* request: {"event", "field", "today", "locale", "values"} */
enum sandbox_status logic_core_run(struct logic_core *core, const char *request,
                                   size_t length);
/* The answer of the last successful run, or the message of a failure. */
const char *logic_core_output(const struct logic_core *core, size_t *length);
const char *logic_core_error(const struct logic_core *core);
void logic_core_close(struct logic_core *core);

/* ---- between the parts ---- */

/* Fills core->head from the table at `index`; raises errors. */
void schema_read(lua_State *L, struct logic_core *core, int index);
void schema_free(struct logic_field *field);
struct logic_field *schema_find(struct logic_field *table, const char *key);
/* By path: "total", "items.price"; NULL where there is none. */
struct logic_field *schema_path(struct logic_core *core, const char *path);
void schema_reset_states(struct logic_field *field);
void schema_write_states(struct wire_text *out, const struct logic_field *field,
                         bool *first);

/* Replaces the JSON value on top by the field's Lua value; what does not fit
 * becomes nil. */
void field_from_json(lua_State *L, const struct logic_field *field);
/* The same for what a script gives; what does not fit is an error. */
void field_from_lua(lua_State *L, const struct logic_field *field);

/* Registers the types of `form` and its rows, and the globals of logic. */
void form_open(lua_State *L);
/* Pushes the form over the values table on top (replaces it). */
void form_push(lua_State *L, struct logic_core *core);
/* Computes all computed fields of the form at `index`. */
void form_compute(lua_State *L, struct logic_core *core, int index);
/* Appends {field: value} of what changed in the form at `index`. */
void form_write_changes(struct wire_text *out, lua_State *L,
                        struct logic_core *core, int index);
/* Appends the messages as an array. */
void form_write_messages(struct wire_text *out, lua_State *L);
/* Pushes the row of a path "items.0.price" of the form at `index`, or nil;
 * *field receives its field or NULL. */
void form_push_row(lua_State *L, struct logic_core *core, int index,
                   const char *path, struct logic_field **field);

#endif
