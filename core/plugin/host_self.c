/*
 * host_self.c - what a call may do beyond values and records: act as the
 * module, ask what the person may, make tokens, read and write JSON.
 */
#include "base/banned.h"

#include "plugin/host.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/str.h"
#include "base/value.h"
#include "plugin/call.h"
#include "plugin/manifest.h"

int host_no_capability(struct tn_ctx *call, const char *name)
{
    return fail(call->ctx, E_UNSUPPORTED, "plugin.no_capability",
                "the module %s lacks the capability %s", call->module->id,
                name);
}

int host_module_begin(struct host_acting *before, struct tn_ctx *call)
{
    *before = (struct host_acting){ call->as_module, call->actor };
    if (!manifest_may(call->module->manifest, "as_module"))
        return fail(call->ctx, E_FORBIDDEN, "plugin.not_as_module",
                    "the module %s lacks the capability as_module",
                    call->module->id);
    call->as_module = true;
    call->actor = NULL;
    return 0;
}

void host_module_end(const struct host_acting *before, struct tn_ctx *call)
{
    call->as_module = before->as_module;
    call->actor = before->actor;
}

int host_as_module(tn_ctx *call, int (*body)(tn_ctx *ctx, void *data),
                   void *data)
{
    struct host_acting before;
    int rc = host_module_begin(&before, call);

    if (!rc)
        rc = body(call, data);
    host_module_end(&before, call);
    return rc;
}

const char *host_token(tn_ctx *call)
{
    char *text = arena_alloc(call->ctx->arena, TOKEN_TEXT_MAX);

    token_make(text);
    return text;
}

bool host_may(tn_ctx *call, const char *form, const char *right)
{
    static const char *const names[] = {
        [RIGHT_READ] = "read",     [RIGHT_CREATE] = "create",
        [RIGHT_UPDATE] = "update", [RIGHT_DELETE] = "delete",
        [RIGHT_EXPORT] = "export", [RIGHT_DESIGN] = "design",
    };
    struct call_scope scope;
    bool yes = false;
    size_t i;

    if (!form || !right || call_enter(&scope, call))
        return false;
    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], right) == 0)
            yes = access_form(call->ctx, form, (enum right)i);
    call_leave(&scope, call);
    return yes;
}

const char *host_to_json(tn_ctx *call, const tn_value *value)
{
    return json_text(call->ctx->arena, host_plain(call->ctx, value_in(value)));
}

int host_from_json(const tn_value **out, tn_ctx *call, const char *text)
{
    struct value *value;
    int rc;

    *out = NULL;
    if (!text)
        return fail(call->ctx, E_INVALID, "plugin.no_json", "there is no text");
    rc = json_parse(&value, call->ctx, text, strlen(text));
    if (!rc)
        *out = value_out(value);
    return rc;
}
