/*
 * fuzz_request.c - queries, cookies, return paths, routes: what strangers
 * write into every request's head.
 */
#include "base/banned.h"

#include "web/request.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/unicode.h"
#include "base/value.h"
#include "web/csrf.h"
#include "web/router.h"
#include "web/urlencoded.h"

#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

static int nothing(struct ctx *ctx, struct request *request,
                   struct response *response, void *payload)
{
    (void)ctx;
    (void)request;
    (void)response;
    (void)payload;
    return 0;
}

static void add_routes(void)
{
    static const struct route routes[] = {
        { "GET", "/", 0, 0, nothing, NULL, NULL, NULL },
        { "GET", "/a/{b}/c", 0, 0, nothing, NULL, NULL, NULL },
        { "GET", "/a/{b}/{c}", 0, 0, nothing, NULL, NULL, NULL },
        { "GET", "/a/b/{c*}", 0, 0, nothing, NULL, NULL, NULL },
        { 0 },
    };

    MUST(crypto_start() == 0);
    route_add_table(routes);
}

static void check_query(struct ctx *ctx, const char *text, size_t length)
{
    struct value *out = value_map(ctx->arena);
    size_t i;

    if (urlencoded_parse(out, ctx, text, length, true))
        return;
    for (i = 0; i < value_count(out); i++) {
        const struct value *item = value_item_at(out, i);
        struct str value = value_as_str(item);

        MUST(value_kind(item) == VALUE_LIST ||
             (utf8_valid(value.data, value.length) &&
              strlen(value.data) == value.length));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *arena;
    struct header header = { "cookie", NULL };
    struct request request = { .headers = &header, .header_count = 1 };
    struct ctx ctx;
    const char *text, *path;
    bool other;

    if (!arena) {
        arena = arena_new(0);
        add_routes();
    }
    arena_reset(arena);
    ctx_init(&ctx, arena);
    check_query(&ctx, (const char *)data, size);
    text = arena_strndup(arena, (const char *)data, size);
    header.value = text;
    (void)request_cookie(&ctx, &request, "tenon");
    request.form = value_map(arena);
    value_set_text(request.form, "_csrf", text);
    (void)csrf_token_ok(&ctx, &request);
    (void)route_match(arena, "GET", text, value_map(arena), &other);
    path = own_path(text);
    MUST(path[0] == '/' && path[1] != '/' && path[1] != '\\');
    MUST(!strpbrk(path, "\r\n\t \\"));
    return 0;
}
