/*
 * host_web.c - the SDK's table `web`: requests and answers of routes.
 *
 * A module gives no HTML of its own: pages are templates over data, so that
 * escaping, frame and CSP are the host's (S22, S23).
 */
#include "base/banned.h"

#include "plugin/host.h"

#include <strings.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "plugin/page.h"
#include "view/chart.h"
#include "web/request.h"

static const char *request_method(const tn_request *handle)
{
    return handle->request->method;
}

static const char *request_path(const tn_request *handle)
{
    return handle->request->path;
}

static const char *param(const tn_request *handle, const char *name)
{
    return name ? request_param(handle->request, name) : NULL;
}

static const char *query(const tn_request *handle, const char *name)
{
    return name ? request_query(handle->request, name) : NULL;
}

static const char *form(const tn_request *handle, const char *name)
{
    return name ? request_form(handle->request, name) : NULL;
}

static const tn_value *form_list(const tn_request *handle, const char *name)
{
    const struct value *list =
        name ? value_get(handle->request->form, name) : NULL;

    return value_kind(list) == VALUE_LIST ? value_out(list) : NULL;
}

static const tn_value *json(const tn_request *handle)
{
    return value_out(handle->request->json);
}

/* Session and credentials are the host's business. */
static const char *header(const tn_request *handle, const char *name)
{
    if (!name || strcmp(name, "cookie") == 0 ||
        strcmp(name, "authorization") == 0 || strcmp(name, "x-csrf-token") == 0)
        return NULL;
    return request_header(handle->request, name);
}

static int set_header(tn_answer *answer, const char *name, const char *value)
{
    static const char *const allowed[] = {
        "cache-control", "content-disposition", "etag", "last-modified",
        "link",          "retry-after"
    };
    size_t i;

    for (i = 0; name && value && i < sizeof allowed / sizeof *allowed; i++)
        if (strcasecmp(name, allowed[i]) == 0)
            return response_header(
                answer->call->ctx, answer->response, allowed[i],
                arena_strdup(answer->call->ctx->arena, value));
    return fail(answer->call->ctx, E_FORBIDDEN, "plugin.header",
                "the header %s is not a module's to set", name ? name : "");
}

static int check_status(struct ctx *ctx, int status)
{
    return status >= 200 && status <= 599
               ? 0
               : fail(ctx, E_INTERNAL, "plugin.http_status",
                      "%d is no status of an answer", status);
}

/* Types that browsers run are not given by hand. */
static bool type_ok(const char *type)
{
    static const char *const allowed[] = { "text/plain; charset=utf-8",
                                           "text/csv; charset=utf-8",
                                           "text/calendar; charset=utf-8",
                                           "text/vcard; charset=utf-8",
                                           "application/json; charset=utf-8" };
    size_t i;

    for (i = 0; type && i < sizeof allowed / sizeof *allowed; i++)
        if (strcasecmp(type, allowed[i]) == 0)
            return true;
    return false;
}

static int text(tn_answer *answer, int status, const char *type,
                const char *body)
{
    struct ctx *ctx = answer->call->ctx;
    int rc = check_status(ctx, status);

    if (!rc && !type_ok(type))
        rc = fail(ctx, E_INTERNAL, "plugin.type",
                  "%s is no type that a module answers in; pages are templates",
                  type ? type : "");
    if (rc)
        return rc;
    answer->response->status = status;
    answer->response->type = arena_strdup(ctx->arena, type);
    buf_clear(&answer->response->body);
    buf_add_text(&answer->response->body, body);
    answer->given = true;
    return 0;
}

static int json_answer(tn_answer *answer, int status, const tn_value *value)
{
    int rc = check_status(answer->call->ctx, status);

    if (rc)
        return rc;
    answer->given = true;
    return response_json(answer->call->ctx, answer->response, status,
                         value_in(value));
}

static int set_status(tn_answer *answer, int status)
{
    int rc = check_status(answer->call->ctx, status);

    if (!rc)
        answer->response->status = status;
    return rc;
}

static int redirect(tn_answer *answer, const char *path)
{
    answer->given = true;
    return response_redirect(answer->call->ctx, answer->response, path);
}

static int page(tn_answer *answer, const char *name, const char *title,
                tn_value *data)
{
    struct ctx *ctx = answer->call->ctx;

    answer->given = true;
    return page_render(ctx, answer->request, answer->response,
                       answer->call->module, name, tr(ctx, title ? title : ""),
                       value_in(data));
}

static int done(tn_answer *answer, const char *path, const char *toast)
{
    answer->given = true;
    return response_done(answer->call->ctx, answer->request, answer->response,
                         own_path(path), toast);
}

static int chart(tn_value **out, tn_ctx *call, const char *kind,
                 const tn_value *rows, const tn_value *options)
{
    struct value *made;
    int rc =
        chart_make(&made, call->ctx, kind, value_in(rows), value_in(options));

    *out = rc ? NULL : value_out(made);
    return rc;
}

const tn_host_web host_web = {
    .size = sizeof(tn_host_web),
    .method = request_method,
    .path = request_path,
    .param = param,
    .query = query,
    .form = form,
    .json = json,
    .header = header,
    .set_header = set_header,
    .text = text,
    .json_answer = json_answer,
    .redirect = redirect,
    .page = page,
    .done = done,
    .file = host_answer_file,
    .cookie = host_cookie,
    .set_cookie = host_set_cookie,
    .chart = chart,
    .form_list = form_list,
    .set_status = set_status,
};
