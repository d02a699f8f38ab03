/*
 * frame.c - what every page's data has, and how a page becomes an answer.
 */
#include "base/banned.h"

#include "web/frame.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "org/person.h"
#include "view/view.h"
#include "web/cookie.h"
#include "web/request.h"

static const struct {
    const char *code, *label;
} languages[] = {
    { "en", "English" },
    { "zh-CN", "简体中文" },
    { "zh-TW", "繁體中文" },
};

const char *frame_theme(struct ctx *ctx, const struct request *request)
{
    const char *cookie;

    if (ctx->person && ctx->person->theme)
        return ctx->person->theme;
    if (ctx->person)
        return NULL;
    cookie = request_cookie(ctx, request, COOKIE_THEME);
    if (text_equal(cookie, "light") || text_equal(cookie, "dark"))
        return cookie;
    return NULL;
}

static struct value *language_list(struct ctx *ctx)
{
    struct value *list = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < sizeof(languages) / sizeof(languages[0]); i++) {
        struct value *row = value_map(ctx->arena);

        value_set_text(row, "code", languages[i].code);
        value_set_text(row, "label", languages[i].label);
        value_set_bool(row, "current",
                       strcmp(languages[i].code, ctx->locale) == 0);
        value_append(list, row);
    }
    return list;
}

/* The address of this page with its query, as it may be returned to. */
static const char *page_path(struct ctx *ctx, const struct request *request)
{
    struct buf buf;
    const unsigned char *p;

    buf_init(&buf, ctx->arena, 8192);
    for (p = (const unsigned char *)request->path; *p; p++) {
        if (isalnum(*p) || strchr("/-._~!$'()*,:@", *p))
            buf_add_char(&buf, (char)*p);
        else
            buf_addf(&buf, "%%%02X", (unsigned)*p);
    }
    if (!text_empty(request->raw_query))
        buf_addf(&buf, "?%s", request->raw_query);
    return buf.failed ? "/" : own_path(buf_text(&buf));
}

struct value *frame_page(struct ctx *ctx, struct request *request,
                         struct response *response, const char *title)
{
    struct value *page = value_map(ctx->arena);
    const char *theme = frame_theme(ctx, request);

    value_set_text(page, "nonce", request->nonce);
    value_set_text(page, "title", title);
    value_set_text(page, "csrf", csrf_token(ctx, request, response));
    value_set_text(page, "locale", ctx->locale);
    if (theme)
        value_set_text(page, "theme_mode", theme);
    value_set_text(page, "site_name", "Tenon");
    value_set(page, "path", value_url(ctx->arena, page_path(ctx, request)));
    value_set_bool(page, "demo", ctx->site && ctx->site->settings.demo);
    value_set(page, "languages", language_list(ctx));
    return page;
}

int frame_answer(struct ctx *ctx, struct request *request,
                 struct response *response, const char *template,
                 struct value *data)
{
    char csp[VIEW_CSP_MAX];
    int rc;

    view_csp(csp, request->nonce);
    buf_clear(&response->body);
    rc = view_page(ctx, &response->body, template, data);
    /* A missing template is our trouble, not a page that is not there. */
    if (rc == E_NOT_FOUND)
        return E_INTERNAL;
    if (rc)
        return rc;
    response->type = "text/html; charset=utf-8";
    return response_header(ctx, response, "content-security-policy", csp);
}
