/*
 * script.h - Lua for the host: one sandbox, its limits, calls and
 * expressions in terms of the value tree.
 *
 * A script is a Lua 5.4 state without files, modules, bytecode, coroutines
 * and clocks (README.md has the list), with a step budget, a wall deadline
 * and a memory limit for each call. Conversions: null = nil, decimal =
 * decimal, ids and instants = strings, list and map = fresh tables. Callers:
 * flow (conditions, script tasks), form (through logic.h), plugin.
 */
#ifndef SCRIPT_SCRIPT_H
#define SCRIPT_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctx;
struct sandbox;
struct script;
struct value;

/* What one call may use; 0 takes the default. */
struct script_limits {
    int64_t steps;    /* VM instructions and loop rounds; 5,000,000 */
    int milliseconds; /* wall clock; 500. ctx->deadline holds as well */
    size_t memory;    /* bytes of the whole state; 16 MiB */
    bool strict;      /* modules: an empty operand is Lua's own error */
};

/*
 * A new, empty sandbox.
 *
 * out     receives the script; belongs to the caller: script_close.
 * name    stands in messages ("vehicle", "expression").
 * limits  NULL: the defaults.
 *
 * Returns 0, or E_LIMIT where there is no memory for it.
 */
int script_open(struct script **out, struct ctx *ctx, const char *name,
                const struct script_limits *limits);

/* Ends the script and frees all that is its own. NULL is allowed. */
void script_close(struct script *script);

/*
 * Compiles Lua text (never bytecode) and runs it once, so that it defines
 * its functions. `name` is the file's name in messages.
 *
 * Returns 0; E_INVALID (script.syntax, script.failed), E_TIMEOUT
 * (script.limit), E_LIMIT (script.memory).
 */
int script_load(struct ctx *ctx, struct script *script, const char *name,
                const char *source, size_t length);

/* Whether a global function of that name is defined. */
bool script_has(struct script *script, const char *function);

/*
 * Calls a global function with `count` arguments; *out receives its first
 * result in the context's arena (a null value where it returns nothing).
 *
 * Returns 0; E_NOT_FOUND where no such function is; else as script_load.
 */
int script_call(struct value **out, struct ctx *ctx, struct script *script,
                const char *function, const struct value *const *args,
                size_t count);

/*
 * Evaluates one expression, "form.amount > 5000 and not form.urgent".
 *
 * The names that it may use are the keys of the map `env` and the
 * libraries; it can set none. In an expression an empty operand makes the
 * result empty (nil + 1 is nil) and a comparison false. Compiled once per
 * text and script.
 *
 * Returns 0; errors as script_load.
 */
int script_eval(struct value **out, struct ctx *ctx, struct script *script,
                const char *expression, const struct value *env);

/* The same for a condition: true for everything but nil and false. */
int script_test(bool *out, struct ctx *ctx, struct script *script,
                const char *expression, const struct value *env);

/* Compiles only, for definitions: E_INVALID with what is wrong. */
int script_check(struct ctx *ctx, struct script *script,
                 const char *expression);

/*
 * The process's own script for expressions, opened at first use. Nothing
 * that an expression does in it outlives the evaluation.
 */
int script_shared(struct script **out, struct ctx *ctx);

/* The sandbox inside, for layers that bind functions of their own. */
struct sandbox *script_sandbox(struct script *script);

#endif
