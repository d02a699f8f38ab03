/*
 * sandbox.h - one Lua state and its limits; shared with the browser.
 *
 * Nothing here knows the value tree, the context or the store: the same C is
 * compiled for WebAssembly. Errors are Lua errors below sandbox_call, and a
 * status with a text above it.
 */
#ifndef SCRIPT_SANDBOX_H
#define SCRIPT_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

struct sandbox;

enum sandbox_status {
    SANDBOX_OK = 0,
    SANDBOX_FAILED = 1, /* the code raised an error */
    SANDBOX_SYNTAX = 2, /* the text is no Lua */
    SANDBOX_LIMIT = 3,  /* steps or time are used up */
    SANDBOX_MEMORY = 4, /* the memory limit */
};

/*
 * A new state with the libraries of README.md.
 *
 * memory         limit of all that the state holds, in bytes.
 * empty_spreads  nil in arithmetic gives nil, in comparisons false.
 *
 * Returns NULL where there is no memory. The caller closes it.
 */
struct sandbox *sandbox_open(size_t memory, bool empty_spreads);
void sandbox_close(struct sandbox *box);

/* The Lua state, for binding functions; and back from inside one. */
lua_State *sandbox_lua(struct sandbox *box);
struct sandbox *sandbox_of(lua_State *L);

/* Asked by the hook beside the clock: true ends the call as a limit does. */
void sandbox_set_interrupt(struct sandbox *box, bool (*interrupted)(void));

/* A pointer of the layer above, for its own functions. */
void sandbox_set_host(struct sandbox *box, void *host);
void *sandbox_host(lua_State *L);

/*
 * Runs `body` with `argument` under limits, protected. Inside another call
 * of the same sandbox it joins that call's budget. What the body leaves on
 * its own stack is dropped.
 *
 * steps         VM instructions and charged rounds.
 * milliseconds  wall clock, from now.
 */
enum sandbox_status sandbox_call(struct sandbox *box, lua_CFunction body,
                                 void *argument, int64_t steps,
                                 int milliseconds);

/* What the last failed call said; never NULL; lives until the next call. */
const char *sandbox_error(const struct sandbox *box);

/* Charges the budget of the running call; raises an error at its end. For C
 * functions that loop. */
void sandbox_charge(lua_State *L, int64_t rounds);

/* Compiles text (mode "t"), leaves the function on the stack, or raises. */
void sandbox_compile(lua_State *L, const char *name, const char *source,
                     size_t length);

/* Raises an error where the text uses '^' (lib_math.c says why). Called for
 * states where empty values spread. */
void sandbox_refuse_power(lua_State *L, const char *name, const char *source,
                          size_t length);

/* Pushes the cached function of an expression; it takes its environment as
 * its only argument. Raises an error with what is wrong. */
void sandbox_push_expression(lua_State *L, const char *text, size_t length);

/*
 * Pushes an environment whose names are found first by `lookup` (called with
 * the name on top of the stack and upvalue 1 = the value at `index`; returns
 * true with the value pushed), then among the libraries. A name that neither
 * has is an error; none can be assigned to.
 */
typedef bool (*sandbox_lookup)(lua_State *L, int index);
void sandbox_push_environment(lua_State *L, int index, sandbox_lookup lookup);

/* Bytes in use. */
size_t sandbox_used(const struct sandbox *box);
bool sandbox_empty_spreads(lua_State *L);

/* Makes the table on top read-only: replaces it by an empty one that finds
 * its fields in it. */
void sandbox_seal(lua_State *L);

/* The text of any value as tostring gives it, without addresses; pushed. */
const char *sandbox_tostring(lua_State *L, int index, size_t *length);
/* __concat of our own types: what is no text, number or one of them is an
 * error, but nil where it spreads (sandbox_empty_spreads). */
int sandbox_concat(lua_State *L);

/* Orders two table keys: numbers, texts, booleans, others. */
int sandbox_compare_keys(lua_State *L, int a, int b);

/* Pushes the key behind the one at `last` (nil: the first) of the table at
 * `table`, in their order, and its value; false and nothing at the end. */
bool sandbox_next(lua_State *L, int table, int last);

/* Libraries: each leaves one value on the stack, its table, or sets
 * globals. */
void lib_base_open(lua_State *L);  /* the globals themselves */
void lib_base_empty(lua_State *L); /* the metatable of nil */
void lib_string_open(lua_State *L);
void lib_table_open(lua_State *L);
void lib_math_open(lua_State *L);
void lib_text_open(lua_State *L);
void lib_decimal_open(lua_State *L);
void lib_date_open(lua_State *L);
/* Functions of lib_match.c, set in the table on top. */
void lib_match_open(lua_State *L);

#endif
