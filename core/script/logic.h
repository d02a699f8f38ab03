/*
 * logic.h - a form's logic: computed fields, rules, checks, in Lua.
 *
 * The part in logic_core.c, with all it calls, is compiled for the server
 * and, as WebAssembly, for the browser; this header is the server's door to
 * it. README.md says what a logic file may do; docs/customizer/form-logic.md
 * tells it to customizers.
 */
#ifndef SCRIPT_LOGIC_H
#define SCRIPT_LOGIC_H

#include <stdbool.h>
#include <stddef.h>

struct ctx;
struct logic;
struct value;

/*
 * Reads a logic definition, the very JSON that the browser gets:
 *
 *   { "name": "budget",
 *     "fields": [ { "key": "date", "type": "date" },
 *       { "key": "items", "type": "table", "fields": [
 *           { "key": "price", "type": "money", "scale": 2 },
 *           { "key": "amount", "type": "money", "scale": 2,
 *             "computed": "quantity * price" } ] },
 *       { "key": "total", "type": "money", "scale": 2,
 *         "computed": "sum(items, 'amount')" } ],
 *     "file": "budget.lua", "source": "function validate(form) … end" }
 *
 * Types: integer, decimal, money, percent (with "scale"), date, yes_no (or
 * boolean), number (floating point), table; every other name is kept as
 * JSON has it (texts, choices, ids as strings, instants as RFC 3339 text).
 *
 * A logic belongs to one request or job: what its file keeps in variables
 * must not pass from one person to another. The caller closes it.
 *
 * Returns 0; E_INVALID (script.syntax, script.failed, logic.definition),
 * E_TIMEOUT, E_LIMIT.
 */
int logic_open(struct logic **out, struct ctx *ctx,
               const struct value *definition);

/* Ends the logic. NULL is allowed. */
void logic_close(struct logic *logic);

/* Whether the definition has anything to run at all. */
bool logic_useful(const struct value *definition);

/*
 * Runs one event.
 *
 * event   "open" (a new or loaded form), "change" (with `field`), "compute"
 *         (computed fields and rules only), "validate" (those and checks).
 * field   key of the field that changed, "price" of a row as
 *         "items.0.price" (rows from 0); NULL otherwise.
 * today   the person's date "YYYY-MM-DD".
 * values  map of field values; absent, null, "" and [] mean empty.
 * out     receives, in the context's arena,
 *         { "values":   { field: new value, … }   only what differs; a
 *                                                  changed table whole
 *           "messages": [ { "field": "items.0.price", "message": "…" } ],
 *           "states":   { field: { "hidden": true, "read_only": true,
 *                                  "required": true } } }
 *         Decimals are VALUE_STRING, as in JSON. "states" names what the
 *         rules decided, true or false; a column is "items.price".
 *
 * Messages make no error: the caller refuses the save where there are any.
 * Returns 0; E_INVALID (script.failed) where the code itself fails;
 * E_TIMEOUT, E_LIMIT at the limits.
 */
int logic_run(struct value **out, struct ctx *ctx, struct logic *logic,
              const char *event, const char *field, const char *today,
              const struct value *values);

#endif
