/*
 * kit_http.c - requests of a test: the same door as the browser's.
 *
 * Each person has a session and a jar of cookies of his own; tokens against
 * forged requests are sent as the browser code sends them.
 */
#include "base/banned.h"

#include "kit/internal.h"

#include <lauxlib.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "org/person.h"
#include "org/session.h"
#include "plugin/lua_test.h"
#include "script/convert.h"
#include "store/db.h"
#include "web/request.h"

enum { HEADERS = 8, BODY_MAX = 64 * 1024 };
#define BOUNDARY "tenon-test-boundary"
/* Who is not signed in has a token for forms all the same. */
#define VISIT "kit-visitor-0123456789012345678901234567890"

static const char *session_of(struct kit *kit, const char *login)
{
    char token[TOKEN_TEXT_MAX];
    const struct person *person;
    struct ctx *ctx = kit->ctx;
    const char *known = map_get(kit->tokens, login);

    if (known)
        return known;
    if (person_find_login(&person, ctx, login) ||
        session_begin(token, ctx, person->id, "kit"))
        return NULL;
    known = arena_strdup(ctx->arena, token);
    map_set(kit->tokens, login, (void *)(uintptr_t)known);
    return known;
}

/* "a=1; b=2" of the person's jar, the session's cookie first. */
static const char *cookies(struct kit *kit, const char *login,
                           const char *token)
{
    const struct value *jar = map_get(kit->jars, login ? login : "");
    struct buf buf;
    size_t i;

    buf_init(&buf, kit->ctx->arena, BODY_MAX);
    buf_addf(&buf, "%s=%s", login ? "tenon" : "tenon_visit", token);
    for (i = 0; i < value_count(jar); i++)
        buf_addf(&buf, "; %s=%s", value_key_at(jar, i),
                 value_as_text(value_item_at(jar, i)));
    return buf_text(&buf);
}

static void keep_cookie(struct kit *kit, const char *login, const char *text)
{
    struct arena *arena = kit->ctx->arena;
    const char *name = login ? login : "", *equals = strchr(text, '=');
    struct value *jar = map_get(kit->jars, name);
    size_t length;

    if (!equals)
        return;
    if (!jar) {
        jar = value_map(arena);
        map_set(kit->jars, name, jar);
    }
    length = strcspn(equals + 1, ";");
    if (strstr(text, "Max-Age=0"))
        value_remove(jar, arena_strndup(arena, text, (size_t)(equals - text)));
    else
        value_set_text(jar, arena_strndup(arena, text, (size_t)(equals - text)),
                       arena_strndup(arena, equals + 1, length));
}

/* ---- bodies ---- */

static const char *text_of(struct kit *kit, const struct value *value)
{
    const char *text = value_as_text(value);

    if (text)
        return text;
    if (value_kind(value) == VALUE_BOOL)
        return value_as_bool(value) ? "true" : "false";
    return json_text(kit->ctx->arena, value);
}

static void add_pair(struct buf *buf, struct kit *kit, const char *name,
                     const struct value *value)
{
    const char *text = text_of(kit, value);

    if (buf->length)
        buf_add_char(buf, '&');
    buf_add_url(buf, name, strlen(name));
    buf_add_char(buf, '=');
    buf_add_url(buf, text, strlen(text));
}

static void add_part(struct buf *buf, struct kit *kit, const char *name,
                     const struct value *value)
{
    struct str content = value_as_str(value_get(value, "content"));

    /* html: none, a part of a multipart body */
    buf_addf(buf,
             "--" BOUNDARY "\r\nContent-Disposition: form-data; "
             "name=\"%s\"",
             name);
    if (value_kind(value) == VALUE_MAP) {
        const char *type = value_get_text(value, "type");

        /* html: none, a part of a multipart body */
        buf_addf(buf, "; filename=\"%s\"\r\nContent-Type: %s",
                 value_get_text(value, "name"),
                 type ? type : "application/octet-stream");
    } else {
        content = str_of(text_of(kit, value));
    }
    buf_add_text(buf, "\r\n\r\n");
    buf_add(buf, content.data, content.length);
    buf_add_text(buf, "\r\n");
}

static bool has_files(const struct value *fields)
{
    size_t i;

    for (i = 0; i < value_count(fields); i++)
        if (value_kind(value_item_at(fields, i)) == VALUE_MAP)
            return true;
    return false;
}

/* A form's body: fields, lists of one name, files {name, type, content}. */
static const char *form_body(struct buf *buf, struct kit *kit,
                             const struct value *fields)
{
    void (*add)(struct buf *, struct kit *, const char *,
                const struct value *) = has_files(fields) ? add_part : add_pair;
    size_t i, k;

    for (i = 0; i < value_count(fields); i++) {
        const struct value *item = value_item_at(fields, i);
        const char *name = value_key_at(fields, i);

        if (value_kind(item) != VALUE_LIST)
            add(buf, kit, name, item);
        for (k = 0; value_kind(item) == VALUE_LIST && k < value_count(item);
             k++)
            add(buf, kit, name, value_at(item, k));
    }
    if (add == add_pair)
        return "application/x-www-form-urlencoded";
    buf_add_text(buf, "--" BOUNDARY "--\r\n");
    return "multipart/form-data; boundary=" BOUNDARY;
}

/* ---- one request ---- */

struct asked {
    const char *login, *method, *path;
    const struct value *body;
    bool json;
};

static void add_header(struct request *request, const char *name,
                       const char *value)
{
    if (value)
        request->headers[request->header_count++] =
            (struct header){ name, value };
}

static int fill(struct request *request, struct kit *kit,
                const struct asked *asked, const char *token)
{
    struct arena *arena = kit->ctx->arena;
    const char *question = strchr(asked->path, '?');
    const char *type = NULL;
    struct buf body;

    buf_init(&body, arena, BODY_MAX);
    if (asked->json && asked->body)
        buf_add_text(&body, json_text(arena, asked->body));
    else if (asked->body)
        type = form_body(&body, kit, asked->body);
    if (body.failed)
        return E_LIMIT;
    request->method = asked->method;
    request->path = question ? arena_strndup(arena, asked->path,
                                             (size_t)(question - asked->path))
                             : asked->path;
    request->raw_query = question ? question + 1 : "";
    request->host = "localhost";
    request->peer = "192.0.2.1";
    request->body = buf_text(&body);
    request->body_length = body.length;
    request->body_size = (int64_t)body.length;
    request->body_fd = -1;
    request->headers = arena_array(arena, HEADERS, sizeof *request->headers);
    add_header(request, "cookie", cookies(kit, asked->login, token));
    add_header(request, "accept-language", "en");
    if (asked->json)
        add_header(request, "accept", "application/json");
    if (asked->body)
        add_header(request, "content-type",
                   asked->json ? "application/json" : type);
    if (strcmp(asked->method, "GET") != 0)
        add_header(request, "x-csrf-token", csrf_token_of(kit->ctx, token));
    return 0;
}

static const char *body_text(struct kit *kit, struct response *response)
{
    char *text;
    ssize_t got;

    if (response->file_fd < 0)
        return buf_text(&response->body);
    text = arena_alloc(kit->ctx->arena, (size_t)response->file_size + 1);
    got = pread(response->file_fd, text, (size_t)response->file_size, 0);
    close(response->file_fd);
    return got == response->file_size ? text : "";
}

/* {status, type, location, text, json, headers} */
static void push_answer(lua_State *L, struct kit *kit, const char *login,
                        struct response *response)
{
    struct arena *arena = kit->ctx->arena;
    struct value *answer = value_map(arena), *headers = value_map(arena);
    const char *text = body_text(kit, response);
    struct value *json;
    struct ctx own = *kit->ctx;
    size_t i;

    for (i = 0; i < response->headers.count; i++) {
        const struct header *header = response->headers.items[i];

        value_set_text(headers, header->name, header->value);
        if (strcasecmp(header->name, "set-cookie") == 0)
            keep_cookie(kit, login, header->value);
    }
    value_set_int(answer, "status", response->status);
    value_set_text(answer, "type", response->type);
    value_set_text(answer, "location", value_get_text(headers, "location"));
    value_set_text(answer, "text", text);
    value_set(answer, "headers", headers);
    if (response->type && strstr(response->type, "json") &&
        json_parse(&json, &own, text, strlen(text)) == 0)
        value_set(answer, "json", json);
    convert_push(L, answer);
}

static int ask(lua_State *L, const struct asked *asked)
{
    struct kit *kit = kit_of(L);
    struct arena *arena = kit->ctx->arena;
    const char *token = asked->login ? session_of(kit, asked->login) : VISIT;
    struct request *request = arena_alloc(arena, sizeof *request);
    struct response *response = arena_alloc(arena, sizeof *response);
    struct ctx *own = arena_alloc(arena, sizeof *own);

    if (!token)
        return luaL_error(L, "there is nobody called %s", asked->login);
    if (fill(request, kit, asked, token))
        return luaL_error(L, "the body is longer than %d KiB", BODY_MAX / 1024);
    *own = *kit->ctx;
    ctx_clear(own);
    own->system = false;
    own->module = NULL;
    web_handle(own, request, response);
    kit_remember(kit, own);
    push_answer(L, kit, asked->login, response);
    return 1;
}

static const struct value *optional(lua_State *L, int index)
{
    return lua_isnoneornil(L, index)
               ? NULL
               : convert_pull(L, index, kit_of(L)->ctx->arena);
}

/* get(login, path): login nil is nobody */
static int get(lua_State *L)
{
    return ask(L, &(struct asked){ .login = luaL_optstring(L, 1, NULL),
                                   .method = "GET",
                                   .path = luaL_checkstring(L, 2) });
}

/* post(login, path, fields): a form */
static int post(lua_State *L)
{
    const struct value *none = value_map(kit_of(L)->ctx->arena);
    const struct value *body = optional(L, 3);

    return ask(L, &(struct asked){ .login = luaL_optstring(L, 1, NULL),
                                   .method = "POST",
                                   .path = luaL_checkstring(L, 2),
                                   .body = value_count(body) ? body : none });
}

/* send(login, method, path, body): JSON */
static int send_json(lua_State *L)
{
    return ask(L, &(struct asked){ .login = luaL_optstring(L, 1, NULL),
                                   .method = luaL_checkstring(L, 2),
                                   .path = luaL_checkstring(L, 3),
                                   .body = optional(L, 4),
                                   .json = true });
}

void kit_http(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "get", get }, { "post", post }, { "send", send_json }, { NULL, NULL }
    };

    luaL_setfuncs(L, functions, 0);
}
