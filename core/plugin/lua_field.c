/*
 * lua_field.c - field types in Lua: what a C module's three functions are.
 *
 * tenon.field_type { input = function(ctx, given, definition) → stored,
 * text = function(ctx, stored, definition) → text,
 * fill = function(ctx, stored, definition) → table }
 */
#include "base/banned.h"

#include "base/value.h"
#include "plugin/lua_internal.h"

enum { INPUT, TEXT, FILL };

static int call_input(tn_ctx *call, const tn_value **stored,
                      const tn_value *given, const tn_value *definition,
                      void *data)
{
    struct lua_job job = { .call = call,
                           .parameters = value_in(given),
                           .definition = value_in(definition),
                           .offer = true,
                           .which = INPUT };
    int rc = lua_run(data, &job);

    *stored = rc ? NULL : value_out(job.result);
    return rc;
}

static const char *call_text(tn_ctx *call, const tn_value *stored,
                             const tn_value *definition, void *data)
{
    struct lua_job job = { .call = call,
                           .parameters = value_in(stored),
                           .definition = value_in(definition),
                           .offer = true,
                           .which = TEXT };

    return lua_run(data, &job) ? NULL : value_as_text(job.result);
}

static int call_fill(tn_ctx *call, tn_value *field, const tn_value *stored,
                     const tn_value *definition, void *data)
{
    struct lua_job job = { .call = call,
                           .parameters = value_in(stored),
                           .definition = value_in(definition),
                           .data = value_in(field),
                           .which = FILL };

    return lua_run(data, &job);
}

any_call lua_field_call(int which)
{
    static const any_call calls[] = { [INPUT] = (any_call)call_input,
                                      [TEXT] = (any_call)call_text,
                                      [FILL] = (any_call)call_fill };

    return which < (int)(sizeof calls / sizeof *calls) ? calls[which] : NULL;
}
