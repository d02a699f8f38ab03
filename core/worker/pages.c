/*
 * pages.c - one HTTP request: from the front's message to web_handle and
 * back.
 */
#include "base/banned.h"

#include <assert.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/site.h"
#include "org/session.h"
#include "store/db.h"
#include "web/request.h"
#include "worker/internal.h"

static const char *text_of(struct arena *arena, struct str text)
{
    return arena_strndup(arena, text.data, text.length);
}

/* One decoding, here and nowhere else (S52). NULL where it is malformed. */
static const char *decode_path(struct arena *arena, struct str path)
{
    char *out = arena_alloc(arena, path.length + 1);
    size_t i, length = 0;

    for (i = 0; i < path.length; i++) {
        char c = path.data[i];

        if (c == '%') {
            char pair[3] = { 0 }, *end;

            if (path.length - i < 3)
                return NULL;
            memcpy(pair, path.data + i + 1, 2);
            if (!isxdigit((unsigned char)pair[0]) ||
                !isxdigit((unsigned char)pair[1]))
                return NULL;
            c = (char)strtol(pair, &end, 16);
            i += 2;
        }
        if (c == '\0')
            return NULL;
        out[length++] = c;
    }
    return out;
}

static void fill_request(struct request *request, struct arena *arena,
                         const struct call *call)
{
    const struct request_message *message = call->request;
    size_t i;

    request->method = text_of(arena, message->method);
    request->path = decode_path(arena, message->path);
    request->raw_query = text_of(arena, message->query);
    request->host = text_of(arena, message->host);
    request->tls = message->tls;
    request->peer = text_of(arena, message->address);
    request->headers =
        arena_array(arena, message->field_count + 1, sizeof *request->headers);
    request->header_count = message->field_count;
    for (i = 0; i < message->field_count; i++) {
        request->headers[i].name = text_of(arena, message->fields[i].name);
        request->headers[i].value = text_of(arena, message->fields[i].value);
    }
    request->body_fd = call->body_fd;
    request->body_size = (int64_t)message->body_length;
    request->head_only = call->asking;
    if (call->body_fd < 0) {
        /* Handlers that look at text want an end behind it. */
        request->body = arena_strndup(arena, call->body ? call->body : "",
                                      call->body_length);
        request->body_length = call->body_length;
    }
}

static void fill_context(struct ctx *ctx, const struct process *process,
                         const struct call *call, const struct request *request)
{
    const struct ctx *own = process->ctx;

    ctx_init(ctx, process->arena);
    ctx->site = own->site;
    ctx->db = own->db;
    ctx->zone = own->zone;
    ctx->locale = own->locale;
    ctx->address = request->peer;
    ctx->request_id = text_of(process->arena, call->request->id);
    ctx->deadline = clock_monotonic() + own->site->settings.soft_ms;
}

/* A number that is the same for one session: the front counts by it, and
 * learns nothing else (FNV-1a of the token's hash). */
static uint64_t session_number(const char *session)
{
    uint64_t number = 14695981039346656037u;

    while (*session) {
        number ^= (unsigned char)*session++;
        number *= 1099511628211u;
    }
    return number ? number : 1;
}

static const char *lower(struct arena *arena, const char *name)
{
    char *copy = arena_strdup(arena, name), *at;

    for (at = copy; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    return copy;
}

static void fill_fields(struct give *give, struct arena *arena,
                        const struct response *response)
{
    struct http_field *fields =
        arena_array(arena, response->headers.count + 1, sizeof *fields);
    size_t i, count = 0;

    if (response->type)
        fields[count++] =
            (struct http_field){ STR("content-type"), str_of(response->type) };
    for (i = 0; i < response->headers.count; i++) {
        const struct header *header = response->headers.items[i];

        fields[count].name = str_of(lower(arena, header->name));
        fields[count++].value = str_of(header->value);
    }
    give->fields = fields;
    give->field_count = count;
}

static void fill_answer(struct give *give, const struct process *process,
                        const struct ctx *ctx, const struct request *request,
                        struct response *response)
{
    give->status = response->status;
    give->body = response->body.data;
    give->body_length = response->body.length;
    give->begun = db_begun(ctx);
    if (request->login && request->session)
        give->session_key = session_number(request->session);
    if (response->status == 100) {
        give->kind = GIVE_ALLOW;
        give->limit =
            (uint64_t)(response->body_limit ? response->body_limit
                                            : ctx->site->settings.body_max);
    } else if (response->stream) {
        give->kind = GIVE_STREAM;
        give->user = (uint64_t)response->stream_user;
        give->session = response->stream_session;
    } else if (response->metrics) {
        give->kind = GIVE_METRICS;
    } else if (response->file_fd >= 0) {
        give->kind = GIVE_FILE;
        give->file_fd = response->file_fd;
        give->file_size = response->file_size;
    }
    fill_fields(give, process->arena, response);
}

void pages_handle(void *self, const struct call *call, struct give *give)
{
    struct process *process = self;
    struct arena *arena = process->arena;
    struct request *request = arena_alloc(arena, sizeof *request);
    struct response *response = arena_alloc(arena, sizeof *response);
    struct ctx *ctx = arena_alloc(arena, sizeof *ctx);

    fill_request(request, arena, call);
    fill_context(ctx, process, call, request);
    if (!request->path) {
        static const struct http_field plain = {
            { "content-type", 12 }, { "text/plain; charset=utf-8", 25 }
        };

        give->status = 400;
        give->body = "Bad path.\n";
        give->body_length = 10;
        give->fields = &plain;
        give->field_count = 1;
        return;
    }
    web_handle(ctx, request, response);
    fill_answer(give, process, ctx, request, response);
}

void pages_done(void *self)
{
    struct process *process = self;

    arena_reset(process->arena);
}
