/*
 * problem.c - what a refused request gets: a page, problem+json (RFC 9457),
 * or the way to the sign-in.
 *
 * Internal errors show an incident number only (S40); what happened is in
 * the log under the same number.
 */
#include "base/banned.h"

#include "web/request.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/str.h"
#include "base/value.h"
#include "view/view.h"
#include "web/csrf.h"
#include "web/frame.h"
#include "web/problem.h"
#include "web/router.h"

static bool is_internal(int status)
{
    return status >= 500 && status != 503 && status != 501 && status != 507;
}

/* The message for the person; never what a library said. */
static const char *message_of(struct ctx *ctx, int status)
{
    if (is_internal(status) || !ctx->problems)
        return tr(ctx, arena_printf(ctx->arena, "web.status.%d.text", status));
    return problem_message(ctx, ctx->problems);
}

static const char *title_of(struct ctx *ctx, int status)
{
    return tr(ctx, arena_printf(ctx->arena, "web.status.%d.title", status));
}

static int answer_json(struct ctx *ctx, struct response *response, int status)
{
    struct value *answer = value_map(ctx->arena);
    struct value *problems;
    int rc;

    if (is_internal(status)) {
        struct value *one = value_map(ctx->arena);

        problems = value_list(ctx->arena);
        value_set_text(one, "code", "internal");
        value_set_text(one, "key", "web.internal");
        value_set_text(one, "message", message_of(ctx, status));
        value_append(problems, one);
    } else {
        problems = problems_value(ctx);
    }
    value_set_text(answer, "type", "about:blank");
    value_set_text(answer, "title", title_of(ctx, status));
    value_set_int(answer, "status", status);
    value_set_text(answer, "detail", message_of(ctx, status));
    if (ctx->request_id)
        value_set_text(answer, "incident", ctx->request_id);
    value_set(answer, "problems", problems);
    rc = response_json(ctx, response, status, answer);
    response->type = "application/problem+json; charset=utf-8";
    return rc;
}

/* When even the theme fails: our own few lines, without style. */
static void answer_plain(struct ctx *ctx, struct response *response, int status)
{
    const char *title = title_of(ctx, status), *text = message_of(ctx, status);

    response->type = "text/html; charset=utf-8";
    buf_clear(&response->body);
    buf_add_text(&response->body, "<!doctype html><html lang=\"");
    buf_add_html(&response->body, ctx->locale, strlen(ctx->locale));
    buf_add_text(&response->body, "\"><meta charset=\"utf-8\"><title>");
    buf_add_html(&response->body, title, strlen(title));
    buf_add_text(&response->body, "</title><h1>");
    buf_add_html(&response->body, title, strlen(title));
    buf_add_text(&response->body, "</h1><p>");
    buf_add_html(&response->body, text, strlen(text));
    buf_add_text(&response->body, "</p><p><a href=\"/\">Tenon</a></p></html>");
}

static int answer_page(struct ctx *ctx, struct request *request,
                       struct response *response, int status)
{
    struct value *data = value_map(ctx->arena);
    struct value *error = value_map(ctx->arena);
    const char *title = title_of(ctx, status);

    value_set(data, "page", frame_page(ctx, request, response, title));
    value_set_int(error, "status", status);
    value_set_text(error, "title", title);
    value_set_text(error, "text", message_of(ctx, status));
    if (status >= 500 && ctx->request_id)
        value_set_text(error, "incident", ctx->request_id);
    value_set_bool(error, "retry", status == 503 || status == 429);
    value_set(error, "home_url", value_url(ctx->arena, "/"));
    value_set(data, "error", error);
    value_set(data, "problems", problems_value(ctx));
    response->status = status;
    if (!view_theme() || frame_answer(ctx, request, response, "error", data))
        answer_plain(ctx, response, status);
    return 0;
}

/* Where a browser shall come back to after signing in: this page, or the one
 * whose form it sent. */
static const char *return_path(struct ctx *ctx, const struct request *request)
{
    const char *referer, *host;

    if (strcmp(request->method, "GET") == 0) {
        if (text_empty(request->raw_query))
            return own_path(request->path);
        return own_path(arena_printf(ctx->arena, "%s?%s", request->path,
                                     request->raw_query));
    }
    referer = request_header(request, "referer");
    host = referer && request->host ? strstr(referer, request->host) : NULL;
    return host ? own_path(host + strlen(request->host)) : "/";
}

static int answer_sign_in(struct ctx *ctx, const struct request *request,
                          struct response *response)
{
    const char *path = return_path(ctx, request);
    struct buf buf;

    if (request->wants_json || request->script_form || request->htmx) {
        (void)response_header(ctx, response, "x-tenon-sign-in", "1");
        return answer_json(ctx, response, 401);
    }
    buf_init(&buf, ctx->arena, 8192);
    buf_add_text(&buf, "/sign-in");
    if (strcmp(path, "/") != 0) {
        buf_add_text(&buf, "?return=");
        buf_add_url(&buf, path, strlen(path));
    }
    return response_redirect(ctx, response,
                             buf.failed ? "/sign-in" : buf_text(&buf));
}

int problem_answer(struct ctx *ctx, struct request *request,
                   struct response *response, int status)
{
    if (status == 401)
        return answer_sign_in(ctx, request, response);
    if (is_internal(status))
        log_ctx(ctx, LOG_ERROR, "request.failed", "route",
                request->route ? request->route->pattern : NULL, "error",
                ctx_error(ctx), "key",
                ctx->problems ? ctx->problems->key : NULL, NULL);
    if (status == 429 || status == 503)
        (void)response_header(ctx, response, "retry-after", "5");
    if (request->wants_json || request->script_form)
        return answer_json(ctx, response, status);
    return answer_page(ctx, request, response, status);
}

int response_problem(struct ctx *ctx, const struct request *request,
                     struct response *response, int code)
{
    /* The page's CSRF token is remembered in the request. */
    return problem_answer(ctx, (struct request *)request, response,
                          error_status(code));
}
