/*
 * files.c - files as streams, downloads, cookies.
 */
#include "api_c.h"

#include <stdio.h>
#include <string.h>

static int save_with(tn_ctx *ctx, const char *name, int64_t file, int64_t *id)
{
    tn_value *values = tn_map(ctx), *files = tn_list(ctx);

    tn_append(files, tn_id(ctx, file));
    tn_put(values, "name", tn_text(ctx, name));
    tn_put(values, "paper", files);
    return tn_records_create(id, ctx, ITEM, values);
}

/* The part "paper" of the body becomes the paper of a new item. */
static int take(tn_ctx *ctx, tn_request *request, tn_answer *answer, void *data)
{
    const char *name = tn_form_field(request, "name");
    tn_value *map = tn_map(ctx);
    char first[6] = "";
    int64_t id, item;
    tn_file *file;
    int rc = tn_file_upload(&file, request, "paper");

    (void)data;
    if (rc != TN_OK)
        return rc;
    if (tn_file_read(file, first, sizeof first - 1) < 0)
        return TN_E_IO;
    tn_put(map, "about", (tn_value *)(uintptr_t)tn_file_about(file));
    tn_put(map, "first", tn_text(ctx, first));
    /* What was sent is not written on. */
    if (tn_file_write(file, "x", 1) == TN_OK)
        return TN_E_INTERNAL;
    rc = tn_file_finish(&id, file);
    if (rc == TN_OK)
        rc = save_with(ctx, name ? name : "paper", id, &item);
    if (rc != TN_OK)
        return rc;
    tn_put(map, "file", tn_id(ctx, id));
    tn_put(map, "item", tn_id(ctx, item));
    return tn_answer_json(answer, 200, map);
}

struct reading {
    int64_t id, length;
    const tn_value *about;
};

static int read_all(tn_ctx *ctx, void *data)
{
    struct reading *reading = data;
    char bytes[1000];
    tn_file *file;
    int64_t got;
    int rc = tn_file_open(&file, ctx, reading->id);

    if (rc != TN_OK)
        return rc;
    while ((got = tn_file_read(file, bytes, sizeof bytes)) > 0)
        reading->length += got;
    reading->about = tn_file_about(file);
    return (int)got;
}

static int look(tn_ctx *ctx, tn_request *request, tn_answer *answer, void *data)
{
    struct reading reading = { tn_as_id(tn_text(ctx, tn_query(request, "id"))),
                               0, NULL };
    tn_value *map = tn_map(ctx);
    int rc = tn_query(request, "as_module")
                 ? tn_as_module(ctx, read_all, &reading)
                 : read_all(ctx, &reading);

    (void)data;
    if (rc != TN_OK)
        return rc;
    tn_put(map, "about", (tn_value *)(uintptr_t)reading.about);
    tn_put(map, "length", tn_int(ctx, reading.length));
    return tn_answer_json(answer, 200, map);
}

static int download(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                    void *data)
{
    tn_file *file;
    int rc = tn_file_open(&file, ctx,
                          tn_as_id(tn_text(ctx, tn_query(request, "id"))));

    (void)data;
    return rc != TN_OK ? rc : tn_answer_file(answer, file);
}

/* Written for this answer alone. */
static int report(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                  void *data)
{
    tn_file *file;
    int i, rc = tn_file_create(&file, ctx, tn_query(request, "name"));

    (void)data;
    for (i = 0; rc == TN_OK && i < 3; i++)
        rc = tn_file_write(file, "a,b\n", 4);
    return rc != TN_OK ? rc : tn_answer_file(answer, file);
}

/* A file of its own making, `times` as long. */
static int make(tn_ctx *ctx, tn_request *request, tn_answer *answer, void *data)
{
    const tn_value *sent = tn_json(request);
    const char *text = tn_as_text(tn_item(sent, "text"));
    int64_t times = tn_as_int(tn_item(sent, "times"), 1), i, id, item;
    tn_value *map = tn_map(ctx);
    tn_file *file;
    int rc = tn_file_create(&file, ctx, tn_as_text(tn_item(sent, "name")));

    (void)data;
    for (i = 0; rc == TN_OK && i < times; i++)
        rc = tn_file_write(file, text, strlen(text));
    if (rc == TN_OK)
        rc = tn_file_finish(&id, file);
    if (rc == TN_OK)
        rc = save_with(ctx, "made", id, &item);
    if (rc != TN_OK)
        return rc;
    tn_put(map, "file", tn_id(ctx, id));
    tn_put(map, "about", (tn_value *)(uintptr_t)tn_file_about(file));
    return tn_answer_json(answer, 200, map);
}

/* In the background, where nobody is signed in. */
int file_later(tn_ctx *ctx)
{
    tn_file *file;
    int64_t id, item;
    int rc = tn_file_create(&file, ctx, "later.txt");

    if (rc == TN_OK)
        rc = tn_file_write(file, "later\n", 6);
    if (rc == TN_OK)
        rc = tn_file_finish(&id, file);
    return rc != TN_OK ? rc : save_with(ctx, "filed", id, &item);
}

static int cookie(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                  void *data)
{
    const char *set = tn_query(request, "set");
    const char *seconds = tn_query(request, "seconds");
    const char *name = tn_query(request, "name");
    const char *value = tn_cookie(request, "voted");
    int64_t for_seconds = seconds ? tn_as_id(tn_text(ctx, seconds)) : 0;
    int rc = TN_OK;

    (void)data;
    if (set)
        rc = tn_set_cookie(answer, name ? name : "voted", set, for_seconds);
    return rc != TN_OK
               ? rc
               : tn_answer_text(answer, 200, "text/plain; charset=utf-8",
                                value ? value : "none");
}

int start_files(tn_module *self)
{
    TN_ROUTE(self, .path = "/api/v1/m/api_c/take", .method = "POST",
             .call = take);
    TN_ROUTE(self, .path = "/api/v1/m/api_c/make", .method = "POST",
             .call = make);
    TN_ROUTE(self, .path = "/api/v1/m/api_c/look", .call = look);
    TN_ROUTE(self, .path = "/m/api_c/download", .call = download);
    TN_ROUTE(self, .path = "/m/api_c/report", .call = report);
    TN_ROUTE(self, .path = "/m/api_c/take_public", .method = "POST",
             .access = TN_PUBLIC, .call = take);
    return TN_ROUTE(self, .path = "/m/api_c/cookie", .access = TN_PUBLIC,
                    .call = cookie);
}
