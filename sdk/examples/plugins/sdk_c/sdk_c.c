/*
 * sdk_c.c - the examples of the SDK's reference: a module that lends things.
 *
 * What stands between "example:" and "end" is quoted there, under each of the
 * names that follow. The rest makes the examples run: sdk/examples/tests asks
 * for their results. scripts/sdk_lua is the same in Lua.
 */
#include "sdk_c.h"

/* example: TN_MODULE */
/* Called once in each worker. What it returns decides whether the module is
 * loaded; a registration that is refused has said why already. */
static int start(tn_module *self)
{
    int (*const parts[])(tn_module *) = {
        start_call, start_values, start_hooks, start_records, start_conditions,
        start_web,  start_people, start_files, start_work,    start_slots,
    };
    int rc = TN_OK;
    size_t i;

    for (i = 0; rc == TN_OK && i < sizeof parts / sizeof *parts; i++)
        rc = parts[i](self);
    return rc;
}

TN_MODULE(start)
/* end */
