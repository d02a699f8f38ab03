/*
 * request.c - reading what a request says.
 */
#include "base/banned.h"

#include "web/request.h"

#include <strings.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/value.h"

const char *request_header(const struct request *request, const char *name)
{
    size_t i;

    for (i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return NULL;
}

const char *request_query(const struct request *request, const char *name)
{
    return value_get_text(request->query, name);
}

const char *request_param(const struct request *request, const char *name)
{
    const char *text = value_get_text(request->params, name);

    return text ? text : request_query(request, name);
}

int request_id(int64_t *out, struct ctx *ctx, const struct request *request,
               const char *name)
{
    const char *text = value_get_text(request->params, name);

    if (!text || int_parse(out, text, 1, INT64_MAX))
        return fail(ctx, E_NOT_FOUND, "web.not_found", "there is no such page");
    return 0;
}

const char *request_form(const struct request *request, const char *name)
{
    return value_get_text(request->form, name);
}

const char *request_cookie(struct ctx *ctx, const struct request *request,
                           const char *name)
{
    size_t i, length = strlen(name);

    for (i = 0; i < request->header_count; i++) {
        const char *at = request->headers[i].value;

        if (strcasecmp(request->headers[i].name, "cookie") != 0)
            continue;
        while (at && *at) {
            size_t end = strcspn(at, ";");

            if (end > length && at[length] == '=' &&
                strncmp(at, name, length) == 0)
                return arena_strndup(ctx->arena, at + length + 1,
                                     end - length - 1);
            at += end;
            while (*at == ';' || *at == ' ')
                at++;
        }
    }
    return NULL;
}

int request_if_match(int64_t *version, struct ctx *ctx,
                     const struct request *request)
{
    const char *text = request_header(request, "if-match");
    size_t length;

    *version = 0;
    if (!text)
        return 0;
    length = strlen(text);
    if (length >= 2 && text[0] == '"' && text[length - 1] == '"')
        text = arena_strndup(ctx->arena, text + 1, length - 2);
    if (int_parse(version, text, 1, INT64_MAX))
        return fail(ctx, E_BAD_REQUEST, "web.if_match",
                    "If-Match must hold a record's version");
    return 0;
}

static bool allowed(const char *name, const char *const *names)
{
    size_t length;

    for (; *names; names++) {
        length = strlen(*names);
        if (strcmp(*names, name) == 0)
            return true;
        if (length > 0 && (*names)[length - 1] == '*' &&
            strncmp(*names, name, length - 1) == 0)
            return true;
    }
    return false;
}

int request_only(struct ctx *ctx, const struct request *request,
                 const char *const *names)
{
    size_t i, count = value_count(request->form);

    for (i = 0; i < count; i++) {
        const char *name = value_key_at(request->form, i);

        if (!allowed(name, names))
            return fail_at(ctx, E_BAD_REQUEST, name, "web.unknown_field",
                           "this field is not known here");
    }
    for (i = 0; i < request->upload_count; i++)
        if (!allowed(request->uploads[i].field, names))
            return fail_at(ctx, E_BAD_REQUEST, request->uploads[i].field,
                           "web.unknown_field", "this field is not known here");
    return 0;
}

const char *own_path(const char *path)
{
    const unsigned char *p;

    if (!path || path[0] != '/' || path[1] == '/' || path[1] == '\\')
        return "/";
    for (p = (const unsigned char *)path; *p; p++)
        if (*p <= ' ' || *p == '\\' || *p == 0x7f)
            return "/";
    return path;
}
