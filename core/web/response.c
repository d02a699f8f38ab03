/*
 * response.c - making an answer: headers, redirects, JSON, files.
 */
#include "base/banned.h"

#include "web/request.h"

#include <strings.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/site.h"
#include "base/str.h"
#include "base/unicode.h"
#include "base/value.h"
#include "web/cookie.h"

enum { NOTICE_MAX = 400, JSON_MAX = 16 * 1024 * 1024 };

static bool header_text(const char *text)
{
    const unsigned char *p;

    for (p = (const unsigned char *)text; *p; p++)
        if ((*p < ' ' && *p != '\t') || *p == 0x7f)
            return false;
    return true;
}

int response_header(struct ctx *ctx, struct response *response,
                    const char *name, const char *value)
{
    struct header *header;

    if (!value || !header_text(name) || !header_text(value))
        return fail(ctx, E_INTERNAL, "web.header",
                    "a header value holds control characters");
    header = arena_alloc(ctx->arena, sizeof(*header));
    header->name = arena_strdup(ctx->arena, name);
    header->value = arena_strdup(ctx->arena, value);
    vector_add(&response->headers, header);
    return 0;
}

int response_redirect(struct ctx *ctx, struct response *response,
                      const char *path)
{
    const unsigned char *p;
    struct buf buf;

    /* What is not ASCII is escaped: a path with Chinese in it. */
    buf_init(&buf, ctx->arena, 16384);
    for (p = (const unsigned char *)own_path(path); *p; p++) {
        if (*p < 0x80)
            buf_add_char(&buf, (char)*p);
        else
            buf_addf(&buf, "%%%02X", (unsigned)*p);
    }
    response->status = 303;
    buf_clear(&response->body);
    return response_header(ctx, response, "location",
                           buf.failed ? "/" : buf_text(&buf));
}

int response_json(struct ctx *ctx, struct response *response, int status,
                  const struct value *value)
{
    (void)ctx;
    response->status = status;
    response->type = "application/json; charset=utf-8";
    buf_clear(&response->body);
    json_write(&response->body, value);
    return 0;
}

int response_cookie(struct ctx *ctx, const struct request *request,
                    struct response *response, const char *name,
                    const char *value, int64_t seconds)
{
    struct buf buf;

    buf_init(&buf, ctx->arena, 4096);
    buf_addf(&buf, "%s=%s; Path=/; HttpOnly; SameSite=Lax", name, value);
    if (request->tls)
        buf_add_text(&buf, "; Secure");
    if (seconds != 0)
        buf_addf(&buf, "; Max-Age=%lld",
                 (long long)(seconds < 0 ? 0 : seconds));
    if (buf.failed || strpbrk(value, "; ,\"\\"))
        return fail(ctx, E_INTERNAL, "web.header",
                    "a cookie holds characters that it must not");
    return response_header(ctx, response, "set-cookie", buf_text(&buf));
}

const char *cookie_session_name(const struct request *request)
{
    return request->tls ? "__Host-tenon" : "tenon";
}

int cookie_session(struct ctx *ctx, const struct request *request,
                   struct response *response, const char *token)
{
    int64_t hours = ctx->site && ctx->site->settings.session_absolute_hours > 0
                        ? ctx->site->settings.session_absolute_hours
                        : 168;

    return response_cookie(ctx, request, response, cookie_session_name(request),
                           token ? token : "", token ? hours * 3600 : -1);
}

/* "UNDO\nTEXT", so that the text may hold anything. */
static int set_notice(struct ctx *ctx, const struct request *request,
                      struct response *response, const char *text,
                      const char *undo)
{
    const char *both =
        arena_printf(ctx->arena, "%s\n%s", undo ? undo : "", text);
    size_t length = strlen(both);

    if (length > NOTICE_MAX)
        length = NOTICE_MAX;
    /* A cut in the midst of a character is mended by cutting further. */
    while (length > 0 && !utf8_valid(both, length))
        length--;
    return response_cookie(ctx, request, response, COOKIE_NOTICE,
                           base64url_of(ctx->arena, both, length), 60);
}

const char *request_notice(const char **undo, struct ctx *ctx,
                           const struct request *request,
                           struct response *response)
{
    const char *cookie = request_cookie(ctx, request, COOKIE_NOTICE);
    const char *both, *end;
    size_t length;

    *undo = "";
    if (text_empty(cookie))
        return NULL;
    (void)response_cookie(ctx, request, response, COOKIE_NOTICE, "", -1);
    both = base64url_read(&length, ctx->arena, cookie);
    if (!both || length > NOTICE_MAX || !utf8_valid(both, length))
        return NULL;
    both = arena_strndup(ctx->arena, both, length);
    end = strchr(both, '\n');
    if (!end)
        return NULL;
    *undo = arena_strndup(ctx->arena, both, (size_t)(end - both));
    return end + 1;
}

int response_undoable(struct ctx *ctx, const struct request *request,
                      struct response *response, const char *location,
                      const char *toast, const char *undo)
{
    struct value *answer;
    /* A script shows its own notice; one with an undo only the page has. */
    bool by_page = !request->script_form || undo;

    if (toast && by_page && set_notice(ctx, request, response, toast, undo))
        return E_INTERNAL;
    if (!request->script_form)
        return response_redirect(ctx, response, location);
    answer = value_map(ctx->arena);
    value_set_text(answer, "location", own_path(location));
    if (toast && !by_page)
        value_set_text(answer, "toast", toast);
    return response_json(ctx, response, 200, answer);
}

int response_done(struct ctx *ctx, const struct request *request,
                  struct response *response, const char *location,
                  const char *toast)
{
    return response_undoable(ctx, request, response, location, toast, NULL);
}

/* RFC 6266: an ASCII stand-in for old clients, and the name itself by
 * RFC 5987. Direction overrides and control characters are dropped. */
static const char *disposition(struct ctx *ctx, const char *name, bool inline_)
{
    const char *clean = text_clean(ctx->arena, name);
    const unsigned char *p;
    struct buf buf;

    buf_init(&buf, ctx->arena, 8192);
    buf_add_text(&buf,
                 inline_ ? "inline; filename=\"" : "attachment; filename=\"");
    for (p = (const unsigned char *)clean; *p; p++)
        buf_add_char(&buf, *p < ' ' || *p >= 0x7f || strchr("\"\\/%", *p)
                               ? '_'
                               : (char)*p);
    buf_add_text(&buf, "\"; filename*=UTF-8''");
    for (p = (const unsigned char *)clean; *p; p++) {
        if (*p < 0x80 && (isalnum(*p) || strchr("-._~", *p)))
            buf_add_char(&buf, (char)*p);
        else
            buf_addf(&buf, "%%%02X",
                     *p < ' ' || strchr("/\\", *p) ? '_' : (unsigned)*p);
    }
    return buf.failed ? "attachment" : buf_text(&buf);
}

int response_file(struct ctx *ctx, struct response *response, int fd,
                  int64_t size, const char *type, const char *name,
                  bool inline_)
{
    int rc;

    response->status = 200;
    response->type = type;
    response->file_fd = fd;
    response->file_size = size;
    rc = response_header(ctx, response, "content-disposition",
                         disposition(ctx, name, inline_));
    if (!rc)
        rc = response_header(ctx, response, "content-security-policy",
                             "default-src 'none'; sandbox; "
                             "frame-ancestors 'self'");
    return rc;
}

bool response_etag(struct ctx *ctx, const struct request *request,
                   struct response *response, const char *etag)
{
    const char *given = request_header(request, "if-none-match");
    const char *quoted = arena_printf(ctx->arena, "\"%s\"", etag);
    const char *at;

    (void)response_header(ctx, response, "etag", quoted);
    if (!given)
        return false;
    at = strstr(given, quoted);
    if (!at && strcmp(given, "*") != 0)
        return false;
    response->status = 304;
    buf_clear(&response->body);
    return true;
}
