/*
 * records_files.c - serving and taking files of records.
 *
 * A file goes out as an attachment, never as something that a browser runs;
 * pages of a PDF as images made by us (S24). Who may read the record may
 * read its files.
 */
#include "base/banned.h"

#include <sys/stat.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/numbers.h"
#include "base/str.h"
#include "form/attachment.h"
#include "portal/records.h"
#include "web/request.h"
#include "web/router.h"

static int serve(struct ctx *ctx, struct request *request,
                 struct response *response, int page)
{
    struct attachment *file;
    struct stat facts;
    int64_t id;
    int fd, rc = request_id(&id, ctx, request, "id");

    if (!rc)
        rc = attachment_get(&file, ctx, id);
    /* Content is addressed by its hash: it never changes. */
    if (!rc &&
        response_etag(ctx, request, response,
                      arena_printf(ctx->arena, "%s-%d", file->hash, page)))
        return 0;
    if (!rc)
        rc = attachment_open(&fd, ctx, file, page);
    if (rc)
        return rc;
    if (fstat(fd, &facts)) {
        close(fd);
        return fail(ctx, E_IO, "form.file_unreadable", "%s can't be read",
                    file->name);
    }
    return response_file(
        ctx, response, fd, facts.st_size, page ? "image/png" : file->type,
        page ? arena_printf(ctx->arena, "page-%d.png", page) : file->name,
        page != 0);
}

static int get_file(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    (void)payload;
    return serve(ctx, request, response, 0);
}

static int get_page(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    int64_t page;

    (void)payload;
    if (int_parse(&page, request_param(request, "page"), 1, 99))
        return fail(ctx, E_NOT_FOUND, "form.no_file", "there is no such file");
    return serve(ctx, request, response, (int)page);
}

/* {"id","name","size","size_text","mime","url"} */
static struct value *file_value(struct ctx *ctx, const struct attachment *file)
{
    struct value *map = attachment_value(ctx, file);

    value_set_text(map, "size_text", size_human(ctx, file->size));
    value_set_text(map, "mime", file->type);
    value_set_text(
        map, "url",
        arena_printf(ctx->arena, "/files/%lld", (long long)file->id));
    return map;
}

static int post_file(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    static const char *const names[] = { "file", NULL };
    struct attachment *file;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (rc)
        return rc;
    if (request->upload_count != 1 ||
        strcmp(request->uploads[0].field, "file") != 0)
        return fail(ctx, E_BAD_REQUEST, "records.one_file",
                    "expected one part named \"file\"");
    rc = attachment_add(&file, ctx, request->uploads[0].name,
                        request->uploads[0].fd);
    if (rc)
        return rc;
    rc = response_header(
        ctx, response, "Location",
        arena_printf(ctx->arena, "/files/%lld", (long long)file->id));
    return rc ? rc : response_json(ctx, response, 201, file_value(ctx, file));
}

static int get_meta(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    struct attachment *file;
    int64_t id;
    int rc = request_id(&id, ctx, request, "id");

    (void)payload;
    if (!rc)
        rc = attachment_get(&file, ctx, id);
    return rc ? rc : response_json(ctx, response, 200, file_value(ctx, file));
}

void records_files_start(void)
{
    static const struct route routes[] = {
        { "GET", "/files/{id}", ROUTE_PERSON, ROUTE_FILES, get_file, NULL, NULL,
          NULL },
        { "GET", "/files/{id}/pages/{page}", ROUTE_PERSON, ROUTE_FILES,
          get_page, NULL, NULL, NULL },
        { "POST", "/api/v1/files", ROUTE_PERSON,
          ROUTE_API | ROUTE_UPLOAD | ROUTE_SCOPED | ROUTE_FILES, post_file,
          NULL, NULL, NULL },
        { "GET", "/api/v1/files/{id}", ROUTE_PERSON, ROUTE_API | ROUTE_SCOPED,
          get_meta, NULL, NULL, NULL },
        { .method = NULL },
    };

    route_add_table(routes);
}
