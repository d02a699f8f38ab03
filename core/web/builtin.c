/*
 * builtin.c - the routes of web/ itself: the worker's part of /metrics.
 */
#include "base/banned.h"

#include "web/request.h"

#include "access/access.h"
#include "base/ctx.h"
#include "base/str.h"
#include "org/session.h"
#include "web/router.h"

/* S63: what the machine itself may see without a grant, the front answers
 * alone (front/own.c); who comes this far has to be an administrator. */
static int metrics(struct ctx *ctx, struct request *request,
                   struct response *response, void *payload)
{
    int64_t users = 0, sessions = 0;
    int rc;

    (void)request;
    (void)payload;
    if (access_administrator(ctx)) {
        ctx_clear(ctx);
        return fail(ctx, E_NOT_FOUND, "web.not_found", "there is no such page");
    }
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
        { "GET", "/metrics", ROUTE_PUBLIC, ROUTE_RESERVED, metrics, NULL, NULL,
          NULL },
        { 0 },
    };

    route_add_table(routes);
}
