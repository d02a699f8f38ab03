/*
 * csrf.c - no other site makes a person's browser act.
 *
 * The secret is made from the token in the session cookie (or, before
 * signing in, of a cookie of its own), so nothing needs to be kept. Pages
 * are compressed, so each gets it under a fresh mask: the same bytes never
 * stand twice beside text that somebody else may choose (BREACH).
 */
#include "base/banned.h"

#include "web/csrf.h"

#include <strings.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/value.h"
#include "web/cookie.h"
#include "web/request.h"

static const char *visit_name(const struct request *request)
{
    return request->tls ? "__Host-tenon-visit" : "tenon_visit";
}

/* What the secret hangs on: the session's token, else the visit's. */
static const char *anchor(struct ctx *ctx, const struct request *request)
{
    const char *token = request_cookie(
        ctx, request,
        request->session ? cookie_session_name(request) : visit_name(request));

    return token && strlen(token) >= 40 && strlen(token) < TOKEN_TEXT_MAX
               ? token
               : NULL;
}

static void secret_of(unsigned char out[HASH_SIZE], const char *token)
{
    static const unsigned char key[] = "tenon csrf token";

    hash_data(out, token, strlen(token), key, sizeof(key) - 1);
}

static const char *mask(struct ctx *ctx, const char *token)
{
    unsigned char both[2 * HASH_SIZE], secret[HASH_SIZE];
    int i;

    secret_of(secret, token);
    random_bytes(both, HASH_SIZE);
    for (i = 0; i < HASH_SIZE; i++)
        both[HASH_SIZE + i] = both[i] ^ secret[i];
    return base64url_of(ctx->arena, both, sizeof(both));
}

const char *csrf_token_of(struct ctx *ctx, const char *session_token)
{
    return mask(ctx, session_token);
}

const char *csrf_token(struct ctx *ctx, struct request *request,
                       struct response *response)
{
    const char *token = anchor(ctx, request);
    char fresh[TOKEN_TEXT_MAX];

    if (request->csrf)
        return request->csrf;
    if (!token) {
        token_make(fresh);
        token = fresh;
        (void)response_cookie(ctx, request, response, visit_name(request),
                              token, 0);
    }
    request->csrf = mask(ctx, token);
    return request->csrf;
}

static bool own_origin(const struct request *request, const char *origin)
{
    const char *scheme = request->tls ? "https://" : "http://";
    size_t length = strlen(scheme);

    return request->host && strncmp(origin, scheme, length) == 0 &&
           strcasecmp(origin + length, request->host) == 0;
}

bool csrf_origin_ok(const struct request *request)
{
    const char *origin = request_header(request, "origin");
    const char *site = request_header(request, "sec-fetch-site");

    if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        return false;
    return !origin || own_origin(request, origin);
}

bool csrf_token_ok(struct ctx *ctx, const struct request *request)
{
    const char *given = request_header(request, "x-csrf-token");
    const char *token = anchor(ctx, request);
    unsigned char secret[HASH_SIZE], *both;
    size_t length;
    int i;

    if (!given)
        given = request_form(request, "_csrf");
    if (!given || !token || strlen(given) > 200)
        return false;
    both = base64url_read(&length, ctx->arena, given);
    if (!both || length != 2 * HASH_SIZE)
        return false;
    secret_of(secret, token);
    for (i = 0; i < HASH_SIZE; i++)
        both[HASH_SIZE + i] ^= both[i];
    return secret_equal(both + HASH_SIZE, secret, HASH_SIZE);
}
