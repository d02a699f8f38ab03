/*
 * frame_me.c - a person's own page: choices, password, sessions.
 */
#include "base/banned.h"

#include "portal/frame.h"

#include "base/arena.h"
#include "base/clock.h"
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
#include "web/cookie.h"
#include "web/request.h"
#include "web/router.h"

static const char *const zones[] = {
    "Asia/Shanghai",     "Asia/Taipei",
    "Asia/Hong_Kong",    "Asia/Singapore",
    "Asia/Tokyo",        "Asia/Seoul",
    "Asia/Bangkok",      "Asia/Kolkata",
    "Asia/Dubai",        "Europe/Moscow",
    "Europe/Berlin",     "Europe/Paris",
    "Europe/London",     "UTC",
    "America/Sao_Paulo", "America/New_York",
    "America/Chicago",   "America/Denver",
    "America/Toronto",   "America/Los_Angeles",
    "Australia/Sydney",  "Pacific/Auckland",
};

void frame_fact(struct ctx *ctx, struct value *facts, const char *key,
                const char *text, const char *url)
{
    struct value *fact;

    if (text_empty(text))
        return;
    fact = value_map(ctx->arena);
    value_set_text(fact, "label", tr(ctx, key));
    value_set_text(fact, "text", text);
    if (url)
        value_set(fact, "url", value_url(ctx->arena, url));
    value_append(facts, fact);
}

static struct value *own_facts(struct ctx *ctx)
{
    struct value *facts = value_list(ctx->arena);
    int64_t superior = 0;

    frame_fact(ctx, facts, "profile.name", ctx->person->name, NULL);
    frame_fact(ctx, facts, "profile.username", ctx->person->login, NULL);
    frame_fact(ctx, facts, "profile.mail", ctx->person->mail, NULL);
    frame_fact(ctx, facts, "profile.department",
               department_name(ctx, ctx->person->department), NULL);
    if (org_superior(&superior, ctx, ctx->person->id))
        ctx_clear(ctx);
    frame_fact(ctx, facts, "profile.superior", person_name(ctx, superior),
               NULL);
    return facts;
}

static struct value *zone_list_value(struct ctx *ctx)
{
    struct value *list = value_list(ctx->arena);
    const char *own = ctx->person->zone;
    bool found = false;
    size_t i;

    for (i = 0; i <= sizeof(zones) / sizeof(zones[0]); i++) {
        const char *name =
            i < sizeof(zones) / sizeof(zones[0]) ? zones[i] : own;
        struct value *row;

        if (!name || (name == own && found))
            continue;
        row = value_map(ctx->arena);
        value_set_text(row, "value", name);
        value_set_bool(row, "selected", text_equal(name, own));
        found = found || text_equal(name, own);
        value_append(list, row);
    }
    return list;
}

/* "Firefox, Windows" out of a User-Agent: enough to know one's own again. */
static const char *browser_name(struct ctx *ctx, const char *agent)
{
    static const char *const browsers[][2] = {
        { "MicroMessenger", "WeChat" },
        { "DingTalk", "DingTalk" },
        { "Edg/", "Edge" },
        { "Firefox/", "Firefox" },
        { "Chrome/", "Chrome" },
        { "Safari/", "Safari" },
    };
    static const char *const systems[][2] = {
        { "Android", "Android" }, { "iPhone", "iPhone" },
        { "iPad", "iPad" },       { "Windows", "Windows" },
        { "Macintosh", "macOS" }, { "Linux", "Linux" },
    };
    const char *browser = NULL, *system_name = NULL;
    size_t i;

    if (text_empty(agent))
        return tr(ctx, "profile.unknown_browser");
    for (i = 0; i < 6; i++) {
        if (!browser && strstr(agent, browsers[i][0]))
            browser = browsers[i][1];
        if (!system_name && strstr(agent, systems[i][0]))
            system_name = systems[i][1];
    }
    if (!browser)
        return agent;
    return system_name
               ? arena_printf(ctx->arena, "%s · %s", browser, system_name)
               : browser;
}

static int add_sessions(struct ctx *ctx, const struct request *request,
                        struct value *data)
{
    struct value *sessions;
    size_t i;
    int rc = session_list(&sessions, ctx, request->session);

    if (rc)
        return rc;
    for (i = 0; i < value_count(sessions); i++) {
        struct value *row = value_at(sessions, i);

        value_set_text(row, "browser",
                       browser_name(ctx, value_get_text(row, "agent")));
        portal_time(ctx, row, value_get_int(row, "seen_at", 0));
    }
    value_set(data, "sessions", sessions);
    return 0;
}

static int me_page(struct ctx *ctx, struct request *request,
                   struct response *response)
{
    struct value *data = value_map(ctx->arena);
    const char *theme = ctx->person->theme;
    int rc = add_sessions(ctx, request, data);

    if (rc)
        return rc;
    value_set(data, "problems", fields_problems(ctx));
    value_set(data, "facts", own_facts(ctx));
    value_set(data, "zones", zone_list_value(ctx));
    value_set_bool(data, "theme_light", text_equal(theme, "light"));
    value_set_bool(data, "theme_dark", text_equal(theme, "dark"));
    value_set_bool(data, "theme_auto", !theme);
    value_set_bool(data, "has_mail", ctx->person->mail != NULL);
    value_set_bool(data, "mail_wanted", user_mail_wanted(ctx, ctx->person->id));
    value_set_text(data, "username", ctx->person->login);
    portal_set(ctx, data, "width", value_text(ctx->arena, "read"));
    return portal_page(ctx, request, response, "me", tr(ctx, "profile.title"),
                       data);
}

static int show_me(struct ctx *ctx, struct request *request,
                   struct response *response, void *payload)
{
    (void)payload;
    return me_page(ctx, request, response);
}

static const char *chosen(const struct request *request, const char *name)
{
    const char *text = request_form(request, name);

    return text_empty(text) ? NULL : text;
}

static int save_me(struct ctx *ctx, struct request *request,
                   struct response *response, void *payload)
{
    static const char *const names[] = { "locale", "zone", "theme",
                                         "mail_wanted", NULL };
    const char *locale = chosen(request, "locale");
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = user_set_preferences(ctx, ctx->person->id, locale,
                                  chosen(request, "zone"),
                                  chosen(request, "theme"));
    if (!rc)
        rc = user_set_mail_wanted(ctx, ctx->person->id,
                                  chosen(request, "mail_wanted") != NULL);
    if (!rc && locale) {
        ctx->locale = locale_known(locale);
        rc = response_cookie(ctx, request, response, COOKIE_LOCALE, ctx->locale,
                             365 * 24 * 3600);
    }
    if (!rc)
        return response_done(ctx, request, response, "/me",
                             tr(ctx, "profile.saved"));
    if (rc != E_INVALID || request->script_form)
        return rc;
    response->status = 422;
    return me_page(ctx, request, response);
}

static int change_password(struct ctx *ctx, struct request *request,
                           struct response *response, void *payload)
{
    static const char *const names[] = { "username", "current", "password",
                                         NULL };
    const char *current = request_form(request, "current");
    const char *next = request_form(request, "password");
    char token[TOKEN_TEXT_MAX];
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = session_change_password(ctx, request->session,
                                     current ? current : "", next ? next : "");
    if (!rc)
        rc = session_rotate(token, ctx, request->session);
    if (!rc)
        rc = cookie_session(ctx, request, response, token);
    if (!rc)
        return response_done(ctx, request, response, "/me",
                             tr(ctx, "profile.password_changed"));
    if (rc != E_INVALID || request->script_form)
        return rc;
    response->status = 422;
    return me_page(ctx, request, response);
}

static int end_session(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    static const char *const names[] = { "handle", NULL };
    const char *handle = request_form(request, "handle");
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = session_end_handle(ctx, handle ? handle : "");
    return rc ? rc
              : response_done(ctx, request, response, "/me",
                              tr(ctx, "profile.session_ended"));
}

/* Signs out everywhere, here too (S5). */
static int end_all(struct ctx *ctx, struct request *request,
                   struct response *response, void *payload)
{
    static const char *const names[] = { NULL };
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = session_end_all(ctx, ctx->person->id, NULL);
    if (!rc)
        rc = cookie_session(ctx, request, response, NULL);
    if (!rc)
        rc = response_header(ctx, response, "clear-site-data",
                             "\"cache\", \"storage\"");
    return rc ? rc
              : response_done(ctx, request, response, "/sign-in",
                              tr(ctx, "profile.all_ended"));
}

void frame_me_start(void)
{
    static const struct route routes[] = {
        { "GET", "/me", ROUTE_PERSON, ROUTE_PAGE, show_me, NULL, NULL, NULL },
        { "POST", "/me", ROUTE_PERSON, 0, save_me, NULL, NULL, NULL },
        { "POST", "/me/password", ROUTE_PERSON, ROUTE_LOCAL, change_password,
          NULL, NULL, NULL },
        { "POST", "/me/sessions/end", ROUTE_PERSON, 0, end_session, NULL, NULL,
          NULL },
        { "POST", "/me/sessions/end-all", ROUTE_PERSON, 0, end_all, NULL, NULL,
          NULL },
        { 0 },
    };

    route_add_table(routes);
}
