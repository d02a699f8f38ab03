/*
 * files.c - examples: files are streams that end with the call.
 */
#include <stdio.h>
#include <string.h>

#include "sdk_c.h"

/* example: tn_file_upload, tn_file_finish */
/* A form with a part "manual" was sent: the file becomes that of a thing. It
 * is checked as any upload is: name, size, and kind by its content. */
static int add_manual(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                      void *unused)
{
    tn_value *values = tn_map(ctx), *files = tn_list(ctx);
    tn_file *file;
    int64_t id, thing;
    int rc = tn_file_upload(&file, request, "manual");

    (void)unused;
    if (rc == TN_OK)
        rc = tn_file_finish(&id, file);
    if (rc != TN_OK)
        return rc;
    tn_append(files, tn_id(ctx, id));
    tn_put(values, "name", tn_text(ctx, tn_form_field(request, "name")));
    tn_put(values, "manual", files);
    rc = tn_records_create(&thing, ctx, THING, values);
    return rc != TN_OK ? rc : tn_answer_done(answer, "/m/sdk_c", NULL);
}
/* end */

/* example: tn_file_open, tn_file_read, tn_file_about */
/* Name and number of lines of a thing's manual. Files are read in parts: they
 * may be larger than what a call may hold. */
static int look_into(tn_value *data, tn_ctx *ctx, int64_t id)
{
    char part[4096];
    tn_file *file;
    int64_t got, lines = 0, i;
    int rc = tn_file_open(&file, ctx, id);

    if (rc != TN_OK) /* not there, or of a record that is not seen */
        return rc;
    while ((got = tn_file_read(file, part, sizeof part)) > 0)
        for (i = 0; i < got; i++)
            lines += part[i] == '\n';
    if (got < 0)
        return (int)got;
    tn_put(data, "name", tn_item(tn_file_about(file), "name"));
    return tn_put(data, "lines", tn_int(ctx, lines));
}
/* end */

/* example: tn_file_create, tn_file_write, tn_answer_file */
/* A list of the things as a download, written for this answer alone. */
static int download(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                    void *unused)
{
    const tn_value *things;
    tn_file *file;
    size_t i;
    int rc = tn_records_find(&things, ctx, THING, .sort = "name", .limit = 200);

    (void)request;
    (void)unused;
    if (rc == TN_OK)
        rc = tn_file_create(&file, ctx, "things.txt");
    for (i = 0; rc == TN_OK && i < tn_count(things); i++) {
        const char *name = tn_as_text(tn_item(tn_at(things, i), "name"));

        rc = tn_file_write(file, name, strlen(name));
        if (rc == TN_OK)
            rc = tn_file_write(file, "\n", 1);
    }
    return rc != TN_OK ? rc : tn_answer_file(answer, file);
}
/* end */

static int look(tn_ctx *ctx, tn_request *request, tn_answer *answer, void *data)
{
    tn_value *map = tn_map(ctx);
    const tn_value *things, *manual;
    int rc = tn_records_find(
        &things, ctx, THING,
        .where = TN_EQ("name", tn_text(ctx, tn_query(request, "of"))));

    (void)data;
    if (rc != TN_OK)
        return rc;
    manual = tn_item(tn_at(things, 0), "manual");
    rc = look_into(map, ctx, tn_as_id(tn_at(manual, 0)));
    return rc != TN_OK ? rc : tn_answer_json(answer, 200, map);
}

int start_files(tn_module *self)
{
    TN_ROUTE(self, .path = "/m/sdk_c/manual", .method = "POST",
             .call = add_manual);
    TN_ROUTE(self, .path = "/api/v1/m/sdk_c/look", .call = look);
    return TN_ROUTE(self, .path = "/m/sdk_c/download", .call = download);
}
