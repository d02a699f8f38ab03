/*
 * host_cookie.c - cookies of modules: named by the module, signed by the site.
 *
 * VALUE.UNTIL.MAC, the value in base64url. A browser can give back what it
 * got, or nothing: what it made up itself, what another module set, and what
 * is over are not there.
 */
#include "base/banned.h"

#include "plugin/host.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/numbers.h"
#include "base/str.h"
#include "plugin/call.h"
#include "store/site_key.h"
#include "web/request.h"

enum { NAME_MAX_BYTES = 40, VALUE_MAX_BYTES = 1024 };

static const int64_t SECONDS_MAX = INT64_C(400) * 86400;

static bool name_ok(const char *name)
{
    size_t length = name ? strnlen(name, NAME_MAX_BYTES + 1) : 0;

    return length && length <= NAME_MAX_BYTES &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

static const char *full_name(struct tn_ctx *call, const struct request *request,
                             const char *name)
{
    return arena_printf(call->ctx->arena, "%sm_%s.%s",
                        request->tls ? "__Host-" : "", call->module->id, name);
}

/* Of everything that must stay together; no part holds a ';'. */
static int sign(const char **out, struct ctx *ctx, const char *name,
                const char *value, const char *until)
{
    const char *text =
        arena_printf(ctx->arena, "cookie;%s;%s;%s", name, until, value);
    unsigned char key[SITE_KEY_SIZE], mac[HASH_SIZE];
    int rc = site_key(key, ctx);

    if (rc)
        return rc;
    hash_data(mac, text, strlen(text), key, sizeof key);
    *out = base64url_of(ctx->arena, mac, sizeof mac);
    return 0;
}

const char *host_cookie(const tn_request *asked, const char *name)
{
    struct ctx *ctx = asked->call->ctx;
    const char *whole, *mac;
    char *value, *until, *given;
    int64_t ends;
    size_t length;

    if (!name_ok(name))
        return NULL;
    name = full_name(asked->call, asked->request, name);
    whole = request_cookie(ctx, asked->request, name);
    if (!whole)
        return NULL;
    given = arena_strdup(ctx->arena, whole);
    value = strsep(&given, ".");
    until = given ? strsep(&given, ".") : NULL;
    if (!given || int_parse(&ends, until, 0, INT64_MAX) ||
        (ends && ends <= clock_now()) || sign(&mac, ctx, name, value, until) ||
        strlen(mac) != strlen(given) || !secret_equal(mac, given, strlen(mac)))
        return NULL;
    return base64url_read(&length, ctx->arena, value);
}

int host_set_cookie(tn_answer *answer, const char *name, const char *value,
                    int64_t seconds)
{
    struct ctx *ctx = answer->call->ctx;
    const char *until, *text, *mac;
    int rc;

    if (!name_ok(name) || !value || strlen(value) > VALUE_MAX_BYTES ||
        seconds > SECONDS_MAX)
        return fail(ctx, E_INVALID, "plugin.cookie",
                    "a cookie has a name of small letters, digits and _, a "
                    "value of at most %d bytes and 400 days at most",
                    VALUE_MAX_BYTES);
    name = full_name(answer->call, answer->request, name);
    until = arena_printf(ctx->arena, "%lld",
                         seconds > 0 ? (long long)(clock_now() + seconds * 1000)
                                     : 0LL);
    text = base64url_of(ctx->arena, value, strlen(value));
    rc = sign(&mac, ctx, name, text, until);
    if (rc)
        return rc;
    return response_cookie(
        ctx, answer->request, answer->response, name,
        arena_printf(ctx->arena, "%s.%s.%s", text, until, mac), seconds);
}
