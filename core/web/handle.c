/*
 * handle.c - what happens to every request before and after its handler.
 *
 * Refused by default: a request reaches a handler only where the route is
 * known, its module is on, the person may call it, the token is right and
 * the body can be read.
 */
#include "base/banned.h"

#include "web/request.h"

#include <strings.h>

#include "access/access.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "org/api_token.h"
#include "org/person.h"
#include "org/session.h"
#include "store/db.h"
#include "view/view.h"
#include "web/body.h"
#include "web/cookie.h"
#include "web/csrf.h"
#include "web/limit.h"
#include "web/problem.h"
#include "web/router.h"
#include "web/urlencoded.h"

enum { BODY_MAX = 16 * 1024 * 1024, TRIES = 4 };

static bool changes_state(const struct request *request)
{
    return strcmp(request->method, "GET") != 0 &&
           strcmp(request->method, "HEAD") != 0;
}

/* What the request is, before anything may fail: errors need to know. */
static void look(struct ctx *ctx, struct request *request,
                 struct response *response)
{
    const char *accept = request_header(request, "accept");
    char *nonce = arena_alloc(ctx->arena, VIEW_NONCE_MAX);
    const char *language;

    response->status = 200;
    response->type = NULL;
    response->file_fd = -1;
    vector_init(&response->headers, ctx->arena);
    buf_init(&response->body, ctx->arena, BODY_MAX);

    view_nonce(nonce);
    request->nonce = nonce;
    request->params = value_map(ctx->arena);
    request->query = value_map(ctx->arena);
    request->form = value_map(ctx->arena);
    request->htmx = request_header(request, "hx-request") != NULL;
    request->script_form =
        text_equal(request_header(request, "x-tenon-request"), "form");
    request->wants_json = text_starts(request->path, "/api/") ||
                          (accept && text_starts(accept, "application/json"));

    ctx->address = request->peer;
    ctx->person = NULL;
    ctx->token = NULL;
    ctx->zone = ctx->site ? zone_find(ctx->site->settings.zone) : NULL;
    if (!ctx->zone)
        ctx->zone = zone_utc();
    language = request_cookie(ctx, request, COOKIE_LOCALE);
    if (language)
        language = locale_known(language);
    if (!language)
        language =
            locale_negotiate(request_header(request, "accept-language"),
                             ctx->site ? ctx->site->settings.locale : NULL);
    ctx->locale = language;
}

static void take_preferences(struct ctx *ctx)
{
    if (ctx->person->locale && locale_known(ctx->person->locale))
        ctx->locale = locale_known(ctx->person->locale);
    if (ctx->person->zone && zone_find(ctx->person->zone))
        ctx->zone = zone_find(ctx->person->zone);
}

/* The token of "Authorization: Bearer …"; NULL where there is none. */
static const char *bearer(const struct request *request)
{
    const char *header = request_header(request, "authorization");

    if (!header || strncasecmp(header, "bearer ", 7) != 0)
        return NULL;
    return header + 7 + strspn(header + 7, " ");
}

/* A program with a token of somebody (S10): no cookie counts beside it, and
 * the person is an administrator only as far as the token is. */
static int identify_token(struct ctx *ctx, struct request *request,
                          const char *text)
{
    const struct person *person;
    struct person *narrowed;
    int rc = api_token_find(&ctx->token, ctx, text);

    request->wants_json = true;
    if (!rc)
        rc = person_load(&person, ctx, ctx->token->user);
    if (rc)
        return rc;
    narrowed = arena_memdup(ctx->arena, person, sizeof(*person));
    narrowed->administrator =
        person->administrator && api_token_allows(ctx, API_ADMINISTRATION);
    ctx->person = narrowed;
    take_preferences(ctx);
    return 0;
}

/* Who it is: one look into this process's memory as a rule. */
static int identify(struct ctx *ctx, struct request *request)
{
    const char *token = bearer(request);
    int rc;

    if (token)
        return identify_token(ctx, request, token);
    token = request_cookie(ctx, request, cookie_session_name(request));
    if (!token)
        return 0;
    rc = session_find(&request->login, ctx, token);
    if (rc == E_SIGN_IN)
        return 0;
    if (!rc)
        rc = person_load(&ctx->person, ctx, request->login->user);
    if (rc)
        return rc;
    if (!ctx->person->enabled) {
        ctx->person = NULL;
        request->login = NULL;
        return 0;
    }
    request->session = arena_strdup(ctx->arena, request->login->hash);
    take_preferences(ctx);
    return 0;
}

static route_absent absent;

void route_absent_with(route_absent call)
{
    absent = call;
}

/* Nothing there; of a module that is switched off the person hears that. */
static int no_route(struct ctx *ctx, const struct request *request)
{
    const char *path = request->path;
    int rc;

    if (text_starts(path, "/api/v1/m/"))
        path += strlen("/api/v1");
    if (absent && ctx->person && text_starts(path, "/m/")) {
        path += strlen("/m/");
        rc = absent(ctx, arena_strndup(ctx->arena, path, strcspn(path, "/")));
        if (rc)
            return rc;
    }
    return fail(ctx, E_NOT_FOUND, "web.not_found", "there is no such page");
}

/* A public page is for people of no department, too: a module that some
 * departments have can send its links to everybody. */
static bool has_module(struct ctx *ctx, const struct route *route)
{
    return !route->module ||
           (route->access == ROUTE_PUBLIC ? access_module_on(ctx, route->module)
                                          : access_module(ctx, route->module));
}

static int find_route(struct ctx *ctx, struct request *request, int *status)
{
    bool other;

    request->route = route_match(ctx->arena, request->method, request->path,
                                 request->params, &other);
    if (!request->route && other) {
        *status = 405;
        return fail(ctx, E_BAD_REQUEST, "web.method",
                    "this address does not take this method");
    }
    if (!request->route || !has_module(ctx, request->route))
        return no_route(ctx, request);
    if (request->route->flags & ROUTE_API)
        request->wants_json = true;
    return 0;
}

/* What a token may call: the API's routes, by method and form (S10). What it
 * may see and change there is access/'s business, which knows the token too. */
static int authorise_token(struct ctx *ctx, const struct request *request)
{
    const struct route *route = request->route;
    const char *form = request_param(request, "form");
    enum api_scope needed = changes_state(request) ? API_WRITE : API_READ;

    if (!text_starts(route->pattern, "/api/"))
        return fail(ctx, E_FORBIDDEN, "web.token_pages",
                    "tokens are for addresses below /api/ only");
    if (route->access == ROUTE_ADMINISTRATOR)
        needed = API_ADMINISTRATION;
    if (!api_token_allows(ctx, needed))
        return fail(ctx, E_FORBIDDEN, "web.token_scope",
                    "this token has not the scope \"%s\"",
                    api_scope_name(needed));
    if ((form && !api_token_allows_form(ctx, form)) ||
        (!form && ctx->token->forms && !(route->flags & ROUTE_SCOPED)))
        return fail(ctx, E_FORBIDDEN, "web.token_form",
                    "this token is for other forms");
    return 0;
}

static int authorise(struct ctx *ctx, const struct request *request)
{
    const struct route *route = request->route;
    int rc = ctx->token ? authorise_token(ctx, request) : 0;

    if (rc)
        return rc;
    if (route->access != ROUTE_PUBLIC && !ctx->person)
        return fail(ctx, E_SIGN_IN, "org.sign_in.needed", "sign in first");
    if (route->access == ROUTE_ADMINISTRATOR && !ctx->person->administrator)
        return fail(ctx, E_FORBIDDEN, "access.administrators",
                    "only administrators may do this");
    if (route->flags & ROUTE_EXPENSIVE)
        rc = limit_take(ctx, route);
    if (route->flags & ROUTE_ANONYMOUS)
        ctx->address = NULL;
    return rc;
}

/* S11: true where the password was asked for a moment ago. A page sends its
 * reader to the question and back; anything else is refused. */
static bool is_confirmed(struct ctx *ctx, const struct request *request,
                         struct response *response, int *rc)
{
    const char *path = request->path;
    struct buf buf;

    *rc = 0;
    if (!(request->route->flags & ROUTE_RECENT) || !ctx->person ||
        (request->login && session_is_recent(request->login)))
        return true;
    if (ctx->token || changes_state(request) || request->wants_json) {
        *rc = fail(ctx, E_FORBIDDEN, "web.confirm",
                   "confirm your password first");
        return false;
    }
    buf_init(&buf, ctx->arena, 8192);
    buf_add_text(&buf, "/confirm?return=");
    buf_add_url(&buf, path, strlen(path));
    *rc = response_redirect(ctx, response,
                            buf.failed ? "/confirm" : buf_text(&buf));
    return false;
}

static int refuse_csrf(struct ctx *ctx, struct request *request,
                       struct response *response, const char *why)
{
    log_ctx(ctx, LOG_WARN, "csrf.refused", "route", request->route->pattern,
            "why", why, NULL);
    /* A token that is only old: the page takes the new one and sends again. */
    if (strcmp(why, "token") == 0)
        (void)response_header(ctx, response, "x-csrf-token",
                              csrf_token(ctx, request, response));
    return fail(ctx, E_FORBIDDEN, "web.csrf",
                "this page is too old; load it again and repeat");
}

/* No browser adds an API token by itself, so none can be made to. */
static bool needs_csrf(const struct ctx *ctx, const struct request *request)
{
    return changes_state(request) && !ctx->token &&
           !(request->route->flags & ROUTE_NO_CSRF);
}

/* Origin before the body is read, the token after it: it may be in there. */
static int check_origin(struct ctx *ctx, struct request *request,
                        struct response *response)
{
    if (!needs_csrf(ctx, request) || csrf_origin_ok(request))
        return 0;
    return refuse_csrf(ctx, request, response, "origin");
}

static int check_token(struct ctx *ctx, struct request *request,
                       struct response *response)
{
    if (!needs_csrf(ctx, request))
        return 0;
    if (!csrf_token_ok(ctx, request))
        return refuse_csrf(ctx, request, response, "token");
    value_remove(request->form, "_csrf");
    return 0;
}

/* A large body waits in front of the door: may it come in? */
static int answer_head(struct ctx *ctx, struct request *request,
                       struct response *response)
{
    int64_t most = ctx->site ? ctx->site->settings.body_max : 0;

    if (!(request->route->flags & ROUTE_UPLOAD))
        return fail(ctx, E_LIMIT, "web.body_small",
                    "this address takes no large body");
    if (most > 0 && request->body_size > most)
        return fail(ctx, E_LIMIT, "web.body_max", "more than %lld KiB",
                    (long long)(most / 1024));
    if (!ctx->token && request_header(request, "x-csrf-token") &&
        !csrf_token_ok(ctx, request))
        return refuse_csrf(ctx, request, response, "token");
    response->status = 100;
    response->body_limit = most;
    return 0;
}

/* A deadlock, a serialization failure, a line to the database that was cut
 * before the end: nothing was saved, and the same once more is likely to get
 * through. */
static bool may_go_again(const struct ctx *ctx, int rc)
{
    const struct problem *problem;

    if (rc != E_BUSY && rc != E_UNAVAILABLE)
        return false;
    for (problem = ctx->problems; problem; problem = problem->next)
        if (text_equal(problem->key, "store.conflict") ||
            text_equal(problem->key, "store.away"))
            return !ctx->deadline || clock_monotonic() < ctx->deadline;
    return false;
}

/* The answer that had been begun goes. */
static void begin_again(struct ctx *ctx, struct response *response)
{
    ctx_clear(ctx);
    while (tx_active(ctx))
        tx_rollback(ctx);
    if (response->file_fd >= 0)
        close(response->file_fd);
    response->file_fd = -1;
    response->status = 200;
    response->type = NULL;
    response->stream = response->metrics = false;
    vector_init(&response->headers, ctx->arena);
    buf_init(&response->body, ctx->arena, BODY_MAX);
}

/* Runs again what came into another one's way, as long as it has committed
 * nothing itself: half of a request is not done twice. */
static int call_route(struct ctx *ctx, struct request *request,
                      struct response *response)
{
    const struct route *route = request->route;
    uint64_t before = tx_number(ctx);
    int tries, rc;

    for (tries = 1;; tries++) {
        rc = route->call(ctx, request, response, route->payload);
        if (tries == TRIES || tx_number(ctx) != before ||
            !may_go_again(ctx, rc))
            return rc;
        log_ctx(ctx, LOG_INFO, "request.again", "route", route->pattern, NULL);
        begin_again(ctx, response);
        rc = epoch_read(ctx);
        if (rc)
            return rc;
    }
}

static int run(struct ctx *ctx, struct request *request,
               struct response *response, int *status)
{
    int rc = urlencoded_parse(
        request->query, ctx, request->raw_query ? request->raw_query : "",
        request->raw_query ? strlen(request->raw_query) : 0, false);

    if (!rc)
        rc = epoch_read(ctx);
    if (!rc)
        rc = identify(ctx, request);
    if (!rc)
        rc = find_route(ctx, request, status);
    if (!rc)
        rc = authorise(ctx, request);
    if (!rc)
        rc = check_origin(ctx, request, response);
    if (rc || !is_confirmed(ctx, request, response, &rc))
        return rc;
    if (request->head_only)
        return answer_head(ctx, request, response);
    if (changes_state(request)) {
        rc = body_read(ctx, request, status);
        if (!rc)
            rc = check_token(ctx, request, response);
        if (rc)
            return rc;
    }
    return call_route(ctx, request, response);
}

/* A handler's own transaction that was left open is no answer's basis. */
static int close_transaction(struct ctx *ctx, int rc)
{
    if (!tx_active(ctx))
        return rc;
    while (tx_active(ctx))
        tx_rollback(ctx);
    log_ctx(ctx, LOG_ERROR, "request.transaction_left", NULL);
    return rc ? rc
              : fail(ctx, E_INTERNAL, "web.internal",
                     "a transaction was left open");
}

/* S38: failed authorisations, whichever room found them. What a foreign page
 * tried has its own line already. */
static void log_refusal(struct ctx *ctx, const struct request *request)
{
    const char *key = ctx->problems ? ctx->problems->key : NULL;

    if (!text_equal(key, "web.csrf"))
        log_ctx(ctx, LOG_WARN, "access.refused", "method", request->method,
                "route", request->route ? request->route->pattern : NULL, "key",
                key, NULL);
}

static void answer_error(struct ctx *ctx, struct request *request,
                         struct response *response, int rc, int status)
{
    if (response->file_fd >= 0) {
        close(response->file_fd);
        response->file_fd = -1;
    }
    response->stream = response->metrics = false;
    if (rc == E_FORBIDDEN)
        log_refusal(ctx, request);
    if (!ctx->problems)
        (void)fail(ctx, rc, "web.internal", "error %d without a problem", rc);
    (void)problem_answer(ctx, request, response,
                         status ? status : error_status(rc));
}

void web_handle(struct ctx *ctx, struct request *request,
                struct response *response)
{
    int status = 0, rc;

    person_sweep();
    look(ctx, request, response);
    rc = run(ctx, request, response, &status);
    rc = close_transaction(ctx, rc);
    if (rc < 0)
        answer_error(ctx, request, response, rc, status);
    if (response->body.failed) {
        ctx_clear(ctx);
        buf_init(&response->body, ctx->arena, BODY_MAX);
        rc = fail(ctx, E_LIMIT, "web.answer_max", "the answer is too large");
        answer_error(ctx, request, response, rc, 500);
    }
    if (!response->type)
        response->type = "text/plain; charset=utf-8";
}
