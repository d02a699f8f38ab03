/*
 * absent.c - what somebody reads of a module, and where it is not there for
 * them.
 *
 * A link to a page or a record of it may be old or come from a colleague: the
 * answer is that the module is off, and never whether that page or record
 * exists.
 */
#include "base/banned.h"

#include "plugin/plugin.h"

#include "access/access.h"
#include "base/ctx.h"
#include "base/str.h"
#include "plugin/find.h"
#include "plugin/manifest.h"
#include "plugin/state.h"

int plugin_absent(struct ctx *ctx, const char *id)
{
    struct module_row row;
    int rc;

    if (!module_id_valid(id) || access_module(ctx, id))
        return 0;
    rc = row_find(&row, ctx, id);
    if (rc)
        return rc == E_NOT_FOUND ? 0 : rc;
    if (access_module_on(ctx, id))
        return fail(ctx, E_NOT_FOUND, "plugin.absent_department",
                    "%s is not available for your department",
                    module_title(ctx, id));
    return fail(ctx, E_NOT_FOUND, "plugin.absent", "%s is switched off",
                module_title(ctx, id));
}

const char *plugin_title(struct ctx *ctx, const char *id)
{
    return module_title(ctx, id);
}
