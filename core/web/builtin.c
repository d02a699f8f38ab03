/*
 * builtin.c - the routes of web/ itself: readiness and metrics.
 */
#include "base/banned.h"

#include "web/request.h"

#include "base/ctx.h"
#include "base/site.h"
#include "base/str.h"
#include "org/person.h"
#include "org/session.h"
#include "store/db.h"
#include "web/router.h"

/* The store answers, so pages can be served. */
static int ready(struct ctx *ctx, struct request *request,
                 struct response *response, void *payload)
{
    int64_t one = 0;
    int rc;

    (void)request;
    (void)payload;
    rc = db_int(&one, ctx, "SELECT 1", "");
    if (rc)
        return fail(ctx, E_BUSY, "web.not_ready", "the store does not answer");
    response->type = "text/plain; charset=utf-8";
    buf_add_text(&response->body, "ready\n");
    return 0;
}

static bool is_loopback(const char *address)
{
    return address &&
           (text_starts(address, "127.") || strcmp(address, "::1") == 0 ||
            text_starts(address, "::ffff:127."));
}

/* S63: administrators; or a program on this machine, where nothing stands
 * between that could speak for others. */
static bool may_measure(struct ctx *ctx, const struct request *request)
{
    if (ctx->person && ctx->person->administrator)
        return true;
    return ctx->site && ctx->site->settings.proxy_count == 0 &&
           !request_header(request, "x-forwarded-for") &&
           !request_header(request, "forwarded") &&
           !request_header(request, "x-real-ip") && is_loopback(request->peer);
}

static int metrics(struct ctx *ctx, struct request *request,
                   struct response *response, void *payload)
{
    int64_t users = 0, sessions = 0;
    int rc;

    (void)payload;
    if (!may_measure(ctx, request))
        return fail(ctx, E_NOT_FOUND, "web.not_found", "there is no such page");
    rc = session_count(&users, &sessions, ctx);
    if (rc)
        return rc;
    response->type = "text/plain; version=0.0.4; charset=utf-8";
    response->metrics = true;
    buf_addf(&response->body,
             "# HELP tenon_users People who may sign in.\n"
             "# TYPE tenon_users gauge\ntenon_users %lld\n"
             "# HELP tenon_sessions Login sessions that have not ended.\n"
             "# TYPE tenon_sessions gauge\ntenon_sessions %lld\n",
             (long long)users, (long long)sessions);
    return 0;
}

void web_start(void)
{
    static const struct route routes[] = {
        { "GET", "/readyz", ROUTE_PUBLIC, ROUTE_RESERVED, ready, NULL, NULL,
          NULL },
        { "GET", "/metrics", ROUTE_PUBLIC, ROUTE_RESERVED, metrics, NULL, NULL,
          NULL },
        { 0 },
    };

    route_add_table(routes);
}
