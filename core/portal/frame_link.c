/*
 * frame_link.c - one-time links: the first run, invitations, resets (S7, S61).
 */
#include "base/banned.h"

#include "portal/frame.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "org/admin.h"
#include "org/password.h"
#include "org/person.h"
#include "org/session.h"
#include "portal/fields.h"
#include "portal/portal.h"
#include "store/db.h"
#include "web/request.h"
#include "web/router.h"

static int link_page(struct ctx *ctx, struct request *request,
                     struct response *response, const char *purpose,
                     int64_t user)
{
    struct value *data = value_map(ctx->arena);
    bool first = strcmp(purpose, "first_run") == 0;
    const struct person *person = NULL;
    int rc = first ? 0 : person_load(&person, ctx, user);

    if (rc)
        return rc;
    value_set(data, "problems", fields_problems(ctx));
    value_set(data, "action", value_url(ctx->arena, request->path));
    value_set_bool(data, "first_run", first);
    value_set_text(data, "username",
                   person ? person->login : request_form(request, "username"));
    value_set_text(data, "name",
                   person ? person->name : request_form(request, "name"));
    return portal_page(
        ctx, request, response, "link",
        tr(ctx, arena_printf(ctx->arena, "sign_in.link.%s", purpose)), data);
}

static int show_link(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    const char *purpose = payload;
    int64_t user;
    int rc = link_peek(&user, ctx, purpose, request_param(request, "token"));

    return rc ? rc : link_page(ctx, request, response, purpose, user);
}

/* The first administrator, in the transaction that uses the link up. */
static int make_first(int64_t *user, struct ctx *ctx,
                      const struct request *request)
{
    struct user_input input = { .login = request_form(request, "username"),
                                .name = request_form(request, "name") };
    bool before = ctx->system;
    int64_t role;
    int rc;

    ctx->system = true;
    rc = user_create(user, ctx, &input);
    if (!rc)
        rc = role_find(&role, ctx, "administrators");
    if (!rc)
        rc = role_grant(ctx, *user, role, true);
    ctx->system = before;
    return rc;
}

static int use_link(int64_t *user, struct ctx *ctx, struct request *request,
                    const char *purpose)
{
    const char *password = request_form(request, "password");
    int rc = tx_begin(ctx, "link.use");

    if (rc)
        return rc;
    rc = link_use(user, ctx, purpose, request_param(request, "token"));
    if (!rc && strcmp(purpose, "first_run") == 0)
        rc = make_first(user, ctx, request);
    if (!rc)
        rc = user_set_password(ctx, *user, password ? password : "", NULL);
    return tx_end(ctx, rc);
}

static int take_link(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    static const char *const names[] = { "username", "name", "password", NULL };
    const char *purpose = payload;
    int64_t user;
    int rc = request_only(ctx, request, names);

    if (!rc)
        rc = link_peek(&user, ctx, purpose, request_param(request, "token"));
    if (!rc)
        rc = use_link(&user, ctx, request, purpose);
    if (!rc)
        return frame_enter(ctx, request, response, user, "/");
    if (rc != E_INVALID || request->script_form)
        return rc;
    response->status = 422;
    return link_page(ctx, request, response, purpose, user);
}

void frame_link_start(void)
{
    static const struct {
        const char *pattern, *purpose;
    } links[] = {
        { "/first-run/{token}", "first_run" },
        { "/invite/{token}", "invite" },
        { "/reset/{token}", "reset" },
    };
    size_t i;

    for (i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        struct route show = { "GET",        links[i].pattern,
                              ROUTE_PUBLIC, 0,
                              show_link,    NULL,
                              NULL,         NULL };
        struct route take = { "POST",       links[i].pattern,
                              ROUTE_PUBLIC, ROUTE_LOCAL,
                              take_link,    NULL,
                              NULL,         NULL };

        show.payload = take.payload = (void *)(uintptr_t)links[i].purpose;
        route_add(&show);
        route_add(&take);
    }
}
