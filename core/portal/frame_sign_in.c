/*
 * frame_sign_in.c - signing in and out, and confirming the password.
 *
 * The routes that check a secret run in the net lane, in the worker that
 * never leaves the machine.
 */
#include "base/banned.h"

#include "portal/frame.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "org/admin.h"
#include "org/org.h"
#include "org/person.h"
#include "org/session.h"
#include "portal/fields.h"
#include "portal/portal.h"
#include "view/view.h"
#include "web/cookie.h"
#include "web/request.h"
#include "web/router.h"

enum { DEMO_PERSONS = 12, YEAR = 365 * 24 * 3600 };

static bool is_demo(const struct ctx *ctx)
{
    return ctx->site && ctx->site->settings.demo;
}

/* E1: the persons of a demo site, one click in. */
static int add_demo_persons(struct ctx *ctx, struct value *data)
{
    struct user_query query = { NULL, 0, 200, 0 };
    struct value *list = value_list(ctx->arena), *users;
    int64_t total;
    size_t i;
    int rc = user_list(&users, &total, ctx, &query);

    for (i = 0; !rc && i < value_count(users); i++) {
        const struct value *user = value_at(users, i);
        const char *name = value_get_text(user, "name");
        int64_t id = value_get_id(user, "id");
        struct value *row;

        if (!value_get_bool(user, "enabled") ||
            value_count(list) == DEMO_PERSONS)
            continue;
        row = portal_person(ctx, id, name);
        value_set_id(row, "id", id);
        value_set_text(row, "login", value_get_text(user, "login"));
        value_set_text(row, "detail", value_get_text(user, "department"));
        value_set(row, "roles", value_get(user, "roles"));
        value_append(list, row);
    }
    value_set(data, "demo_persons", list);
    return rc;
}

static int sign_in_page(struct ctx *ctx, struct request *request,
                        struct response *response, const char *return_path,
                        const char *login)
{
    struct value *data = value_map(ctx->arena);
    int rc = 0;

    value_set(data, "problems", fields_problems(ctx));
    value_set_text(data, "return", own_path(return_path));
    value_set_text(data, "username", login ? login : "");
    if (is_demo(ctx))
        rc = add_demo_persons(ctx, data);
    return rc ? rc
              : portal_page(ctx, request, response, "sign-in",
                            tr(ctx, "sign_in.title"), data);
}

static int show_sign_in(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    const char *back = request_query(request, "return");

    (void)payload;
    if (ctx->person)
        return response_redirect(ctx, response, own_path(back));
    return sign_in_page(ctx, request, response, back, NULL);
}

/* The new session's cookie, and where to go; the old one dies (S4). */
static int enter(struct ctx *ctx, struct request *request,
                 struct response *response, int64_t user, const char *token,
                 const char *back)
{
    struct value *answer;
    int rc = 0;

    if (request->session && session_end(ctx, request->session))
        ctx_clear(ctx);
    rc = cookie_session(ctx, request, response, token);
    if (rc)
        return rc;
    if (!request->script_form)
        return response_redirect(ctx, response, own_path(back));
    answer = value_map(ctx->arena);
    value_set_id(answer, "person", user);
    value_set_text(answer, "csrf", csrf_token_of(ctx, token));
    return response_json(ctx, response, 200, answer);
}

int frame_enter(struct ctx *ctx, struct request *request,
                struct response *response, int64_t user, const char *back)
{
    char token[TOKEN_TEXT_MAX];
    int rc =
        session_begin(token, ctx, user, request_header(request, "user-agent"));

    return rc ? rc : enter(ctx, request, response, user, token, back);
}

static int sign_in(struct ctx *ctx, struct request *request,
                   struct response *response, void *payload)
{
    static const char *const names[] = { "username", "password", "return",
                                         NULL };
    const char *login = request_form(request, "username");
    const char *password = request_form(request, "password");
    const char *back = request_form(request, "return");
    char token[TOKEN_TEXT_MAX];
    int64_t user;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (rc)
        return rc;
    rc = session_sign_in(token, &user, ctx, login ? login : "",
                         password ? password : "",
                         request_header(request, "user-agent"));
    if (!rc)
        return enter(ctx, request, response, user, token, back);
    if (rc != E_SIGN_IN && rc != E_TOO_MANY)
        return rc;
    /* Not a 401: the browser is signing in already. */
    if (request->script_form || request->wants_json) {
        struct value *answer = value_map(ctx->arena);

        value_set(answer, "problems", problems_value(ctx));
        return response_json(ctx, response, rc == E_TOO_MANY ? 429 : 422,
                             answer);
    }
    response->status = rc == E_TOO_MANY ? 429 : 422;
    return sign_in_page(ctx, request, response, back, login);
}

static int sign_in_demo(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    const char *login = request_form(request, "person");
    const struct person *person;
    int rc;

    (void)payload;
    if (!is_demo(ctx))
        return fail(ctx, E_NOT_FOUND, "web.not_found", "there is no such page");
    rc = person_find_login(&person, ctx, login ? login : "");
    if (rc)
        return rc;
    return frame_enter(ctx, request, response, person->id,
                       request_form(request, "return"));
}

static int sign_out(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    const char *locale = ctx->locale;
    const char *theme = ctx->person ? ctx->person->theme : NULL;
    int rc = 0;

    (void)payload;
    if (request->session)
        rc = session_end(ctx, request->session);
    if (rc == E_NOT_FOUND) {
        ctx_clear(ctx);
        rc = 0;
    }
    if (!rc)
        rc = cookie_session(ctx, request, response, NULL);
    /* The sign-in page keeps the language and the light. */
    if (!rc)
        rc = response_cookie(ctx, request, response, COOKIE_LOCALE, locale,
                             YEAR);
    if (!rc && theme)
        rc = response_cookie(ctx, request, response, COOKIE_THEME, theme, YEAR);
    if (!rc)
        rc = response_header(ctx, response, "clear-site-data",
                             "\"cache\", \"storage\"");
    return rc ? rc : response_redirect(ctx, response, "/sign-in");
}

/* ---- the password again, before what matters (S11) ---- */

static int confirm_page(struct ctx *ctx, struct request *request,
                        struct response *response, const char *back)
{
    struct value *data = value_map(ctx->arena);

    value_set(data, "problems", fields_problems(ctx));
    value_set_text(data, "return", own_path(back));
    return portal_page(ctx, request, response, "confirm",
                       tr(ctx, "sign_in.confirm_title"), data);
}

static int show_confirm(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    (void)payload;
    return confirm_page(ctx, request, response,
                        request_query(request, "return"));
}

static int confirm(struct ctx *ctx, struct request *request,
                   struct response *response, void *payload)
{
    const char *password = request_form(request, "password");
    const char *back = request_form(request, "return");
    int rc = session_confirm(ctx, request->session, password ? password : "");

    (void)payload;
    if (!rc)
        return response_done(ctx, request, response, own_path(back), NULL);
    if (rc != E_INVALID || request->script_form)
        return rc;
    response->status = 422;
    return confirm_page(ctx, request, response, back);
}

/* ---- language and light, before and after signing in ---- */

static int set_language(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    static const char *const names[] = { "locale", "return", NULL };
    const char *locale = request_form(request, "locale");
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (rc)
        return rc;
    locale = locale ? locale_known(locale) : NULL;
    if (!locale)
        return fail_at(ctx, E_INVALID, "locale", "org.user.locale",
                       "unknown language");
    if (ctx->person)
        rc = user_set_preferences(ctx, ctx->person->id, locale,
                                  ctx->person->zone, ctx->person->theme);
    if (!rc)
        rc = response_cookie(ctx, request, response, COOKIE_LOCALE, locale,
                             YEAR);
    return rc ? rc
              : response_done(ctx, request, response,
                              own_path(request_form(request, "return")), NULL);
}

static int set_theme(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    static const char *const names[] = { "theme", "return", NULL };
    const char *theme = request_form(request, "theme");
    bool automatic = text_equal(theme, "auto");
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (rc)
        return rc;
    if (!automatic && !text_equal(theme, "light") && !text_equal(theme, "dark"))
        return fail_at(ctx, E_INVALID, "theme", "org.user.theme",
                       "light or dark");
    if (ctx->person)
        rc = user_set_preferences(ctx, ctx->person->id, ctx->person->locale,
                                  ctx->person->zone, automatic ? NULL : theme);
    if (!rc)
        rc = response_cookie(ctx, request, response, COOKIE_THEME,
                             automatic ? "" : theme, automatic ? -1 : YEAR);
    return rc ? rc
              : response_done(ctx, request, response,
                              own_path(request_form(request, "return")), NULL);
}

void frame_sign_in_start(void)
{
    static const struct route routes[] = {
        { "GET", "/sign-in", ROUTE_PUBLIC, ROUTE_PAGE, show_sign_in, NULL, NULL,
          NULL },
        { "POST", "/sign-in", ROUTE_PUBLIC, ROUTE_LOCAL, sign_in, NULL, NULL,
          NULL },
        { "POST", "/sign-in/demo", ROUTE_PUBLIC, 0, sign_in_demo, NULL, NULL,
          NULL },
        { "POST", "/sign-out", ROUTE_PUBLIC, 0, sign_out, NULL, NULL, NULL },
        { "GET", "/confirm", ROUTE_PERSON, ROUTE_PAGE, show_confirm, NULL, NULL,
          NULL },
        { "POST", "/confirm", ROUTE_PERSON, ROUTE_LOCAL, confirm, NULL, NULL,
          NULL },
        { "POST", "/preferences/language", ROUTE_PUBLIC, 0, set_language, NULL,
          NULL, NULL },
        { "POST", "/preferences/theme", ROUTE_PUBLIC, 0, set_theme, NULL, NULL,
          NULL },
        { 0 },
    };

    route_add_table(routes);
}
