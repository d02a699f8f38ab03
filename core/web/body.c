/*
 * body.c - reading a request's body: forms, files, JSON.
 */
#include "base/banned.h"

#include "web/body.h"

#include <errno.h>
#include <strings.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/json.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "web/multipart.h"
#include "web/request.h"
#include "web/urlencoded.h"

enum {
    FIELD_BYTES_MAX = 1024 * 1024, /* of one field that is no file */
    JSON_BYTES_MAX = 8 * 1024 * 1024,
    FORM_BYTES_MAX = 8 * 1024 * 1024,
    UPLOADS_MAX = 100,
    CHUNK = 64 * 1024,
};

/* Reads the body, wherever it is, piece by piece. */
struct source {
    const struct request *request;
    size_t at;
};

static ssize_t source_read(struct source *source, char *out, size_t size)
{
    const struct request *request = source->request;
    ssize_t n;

    if (request->body) {
        size_t left = request->body_length - source->at;

        if (size > left)
            size = left;
        memcpy(out, request->body + source->at, size);
        source->at += size;
        return (ssize_t)size;
    }
    if (request->body_fd < 0)
        return 0;
    do
        n = pread(request->body_fd, out, size, (off_t)source->at);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        source->at += (size_t)n;
    return n;
}

static int64_t body_size(const struct request *request)
{
    if (request->body)
        return (int64_t)request->body_length;
    return request->body_fd >= 0 ? request->body_size : 0;
}

/* The whole body as text of the arena. */
static int read_whole(const char **out, size_t *length, struct ctx *ctx,
                      const struct request *request, int64_t most)
{
    struct source source = { request, 0 };
    int64_t size = body_size(request);
    char *text;
    ssize_t n;

    if (request->body) {
        *out = request->body;
        *length = request->body_length;
        return 0;
    }
    if (size > most)
        return fail(ctx, E_LIMIT, "web.body_max", "more than %lld KiB",
                    (long long)(most / 1024));
    text = arena_alloc(ctx->arena, (size_t)size + 1);
    while ((int64_t)source.at < size) {
        n = source_read(&source, text + source.at, (size_t)size - source.at);
        if (n <= 0)
            return fail(ctx, E_IO, "web.body", "the body could not be read");
    }
    *out = text;
    *length = (size_t)size;
    return 0;
}

/* ---- multipart ---- */

struct collector {
    struct ctx *ctx;
    struct request *request;
    struct vector uploads; /* of struct upload * */
    struct upload *upload; /* the part that is being read; NULL: a field */
    const char *name;
    struct buf text;
};

static int part_begin(void *payload, const struct part *part)
{
    struct collector *c = payload;
    struct arena *arena = c->ctx->arena;

    c->name = arena_strdup(arena, part->name);
    c->upload = NULL;
    if (!part->is_file) {
        buf_init(&c->text, arena, FIELD_BYTES_MAX);
        return 0;
    }
    if (c->uploads.count == UPLOADS_MAX)
        return fail(c->ctx, E_LIMIT, "web.too_many_files", "more than %d files",
                    UPLOADS_MAX);
    c->upload = arena_alloc(arena, sizeof(*c->upload));
    c->upload->field = c->name;
    c->upload->name = arena_strdup(arena, part->file_name);
    c->upload->type = arena_strdup(arena, part->type);
    c->upload->fd = file_unnamed(c->ctx);
    if (c->upload->fd < 0)
        return fail(c->ctx, E_IO, "web.upload",
                    "the upload could not be written: %s",
                    strerrorname_np(errno));
    return 0;
}

static int part_data(void *payload, const char *bytes, size_t length)
{
    struct collector *c = payload;

    if (c->upload) {
        c->upload->size += (int64_t)length;
        return file_append(c->ctx, c->upload->fd, c->upload->name, bytes,
                           length);
    }
    buf_add(&c->text, bytes, length);
    if (c->text.failed)
        return fail(c->ctx, E_LIMIT, "web.body_max", "more than %lld KiB",
                    (long long)(FIELD_BYTES_MAX / 1024));
    return 0;
}

static int part_end(void *payload)
{
    struct collector *c = payload;

    if (!c->upload)
        return field_add(c->request->form, c->ctx, c->name, buf_text(&c->text),
                         c->text.length, true);
    /* An empty file input sends a part without name and content. */
    if (c->upload->size == 0 && !*c->upload->name)
        return 0;
    lseek(c->upload->fd, 0, SEEK_SET);
    vector_add(&c->uploads, c->upload);
    return 0;
}

static const struct multipart_calls collector_calls = { .begin = part_begin,
                                                        .data = part_data,
                                                        .end = part_end };

static int read_multipart(struct ctx *ctx, struct request *request,
                          const char *boundary)
{
    struct collector collector = { .ctx = ctx, .request = request };
    struct source source = { request, 0 };
    struct multipart *parser = arena_alloc(ctx->arena, sizeof(*parser));
    char *chunk = arena_alloc(ctx->arena, CHUNK);
    size_t i;
    ssize_t n;
    int rc = 0;

    vector_init(&collector.uploads, ctx->arena);
    multipart_init(parser, boundary, &collector_calls, &collector);
    while (!rc && (n = source_read(&source, chunk, CHUNK)) > 0)
        rc = multipart_feed(parser, chunk, (size_t)n);
    if (!rc)
        rc = multipart_finish(parser);
    if (rc == MULTIPART_TOO_MANY)
        return fail(ctx, E_LIMIT, "web.too_many_fields", "more than %d fields",
                    PARTS_MAX);
    if (rc == MULTIPART_BROKEN)
        return fail(ctx, E_BAD_REQUEST, "web.multipart",
                    "the form could not be read");
    request->uploads = arena_array(ctx->arena, collector.uploads.count + 1,
                                   sizeof(*request->uploads));
    for (i = 0; i < collector.uploads.count; i++)
        request->uploads[i] = *(struct upload *)collector.uploads.items[i];
    request->upload_count = collector.uploads.count;
    return rc;
}

/* ---- by type ---- */

static bool type_is(const char *type, const char *name)
{
    size_t length = strlen(name);
    const char *at;

    if (!type || strncasecmp(type, name, length) != 0)
        return false;
    at = type + length;
    while (*at == ' ')
        at++;
    if (!*at)
        return true;
    if (*at++ != ';')
        return false;
    while (*at == ' ')
        at++;
    /* The one parameter that may stand there. */
    return strcasecmp(at, "charset=utf-8") == 0 ||
           strcasecmp(at, "charset=\"utf-8\"") == 0;
}

int body_read(struct ctx *ctx, struct request *request, int *status)
{
    const char *type = request_header(request, "content-type");
    char boundary[BOUNDARY_MAX + 1];
    const char *text;
    size_t length;
    int rc;

    request->form = value_map(ctx->arena);
    if (body_size(request) == 0)
        return 0;
    if (type_is(type, "application/x-www-form-urlencoded")) {
        rc = read_whole(&text, &length, ctx, request, FORM_BYTES_MAX);
        return rc ? rc
                  : urlencoded_parse(request->form, ctx, text, length, true);
    }
    if (multipart_boundary(boundary, type))
        return read_multipart(ctx, request, boundary);
    if (type_is(type, "application/json") ||
        type_is(type, "application/merge-patch+json")) {
        rc = read_whole(&text, &length, ctx, request, JSON_BYTES_MAX);
        if (!rc && json_parse(&request->json, ctx, text, length))
            rc = E_BAD_REQUEST;
        return rc;
    }
    *status = 415;
    return fail(ctx, E_BAD_REQUEST, "web.type",
                "this kind of body is not understood");
}
