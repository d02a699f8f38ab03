/*
 * host_files.c - the SDK's table `files`: files of records as streams.
 *
 * What is read is asked for as a page asks (attachment_get), what is written
 * is taken as an upload is (attachment_add): one place each for rights, kinds
 * and sizes. Descriptors are closed with the call's memory.
 */
#include "base/banned.h"

#include "plugin/host.h"

#include <errno.h>
#include <fcntl.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "event/progress.h"
#include "form/attachment.h"
#include "form/export.h"
#include "form/file_type.h"
#include "plugin/call.h"
#include "web/request.h"

enum { FILES_MAX = 100, HEAD_BYTES = 4096 };

/* What a job leaves is no upload: it may be longer than those. */
#define JOB_FILE_MAX (INT64_C(1024) * 1024 * 1024)

static void close_fd(void *argument)
{
    close((int)(intptr_t)argument);
}

static int too_many(struct tn_ctx *call)
{
    return call->files < FILES_MAX
               ? 0
               : fail(call->ctx, E_LIMIT, "plugin.files",
                      "a call opens at most %d files", FILES_MAX);
}

static tn_file *file_of(struct tn_ctx *call, const char *name, int fd)
{
    tn_file *file = arena_alloc(call->ctx->arena, sizeof *file);

    call->files++;
    file->call = call;
    file->name = name;
    file->fd = fd;
    return file;
}

/* What its first bytes say, beside its name. */
static const char *type_of(const tn_file *file)
{
    unsigned char head[HEAD_BYTES];
    ssize_t got = pread(file->fd, head, sizeof head, 0);

    return got < 0 ? NULL : file_type_of(file->name, head, (size_t)got);
}

static int open_file(tn_file **out, tn_ctx *call, int64_t id)
{
    struct attachment *found;
    struct call_scope scope;
    int fd, rc = too_many(call);

    *out = NULL;
    if (!rc)
        rc = call_enter(&scope, call);
    if (rc)
        return rc;
    rc = attachment_get(&found, call->ctx, id);
    if (!rc)
        rc = attachment_open(&fd, call->ctx, found, 0);
    call_leave(&scope, call);
    if (rc)
        return rc;
    arena_cleanup(call->ctx->arena, close_fd, (void *)(intptr_t)fd);
    *out = file_of(call, found->name, fd);
    (*out)->type = found->type;
    (*out)->size = found->size;
    (*out)->id = found->id;
    return 0;
}

static int64_t read_file(tn_file *file, void *buffer, size_t size)
{
    ssize_t got;
    int rc = call_check(file->call);

    if (rc)
        return rc;
    do
        got = pread(file->fd, buffer, size, file->offset);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return fail(file->call->ctx, E_IO, "form.file_unreadable",
                    "%s can't be read", file->name);
    file->offset += got;
    return got;
}

static const tn_value *about(tn_file *file)
{
    struct ctx *ctx = file->call->ctx;
    struct value *map = value_map(ctx->arena);

    value_set_text(map, "name", file->name);
    value_set_int(map, "size", file->size);
    value_set_text(map, "type", file->type ? file->type : type_of(file));
    return value_out(map);
}

static int create_file(tn_file **out, tn_ctx *call, const char *name)
{
    struct ctx *ctx = call->ctx;
    int fd, rc = host_may_write(call);

    *out = NULL;
    if (!rc)
        rc = too_many(call);
    if (!rc)
        rc = call_check(call);
    if (rc)
        return rc;
    fd = file_unnamed(ctx);
    if (fd < 0)
        return fail(ctx, errno == ENOSPC ? E_FULL : E_IO, "file.error",
                    "%s: %s", "files", strerrordesc_np(errno));
    *out = file_of(call, file_name_clean(ctx->arena, name ? name : ""), fd);
    (*out)->writable = true;
    return 0;
}

static int write_file(tn_file *file, const void *bytes, size_t size)
{
    struct ctx *ctx = file->call->ctx;
    int64_t most = file->call->job ? JOB_FILE_MAX
                   : ctx->site     ? ctx->site->settings.body_max
                                   : INT64_MAX;
    int rc = call_check(file->call);

    if (rc)
        return rc;
    if (file->id || !file->writable)
        return fail(ctx, E_FORBIDDEN, "plugin.file_done",
                    "%s is finished; nothing can be added", file->name);
    if (size > (uint64_t)most || file->size > most - (int64_t)size)
        return fail(ctx, E_LIMIT, "form.file_too_large",
                    "%s is larger than %lld MB", file->name,
                    (long long)(most / 1024 / 1024));
    rc = file_append(ctx, file->fd, file->name, bytes, size);
    if (!rc)
        file->size += (int64_t)size;
    return rc;
}

static int finish_file(int64_t *id, tn_file *file)
{
    struct attachment *made;
    struct call_scope scope;
    int rc = host_may_write(file->call);

    *id = file->id;
    if (!rc && file->id)
        return 0;
    if (!rc)
        rc = call_enter(&scope, file->call);
    if (rc)
        return rc;
    rc = attachment_add(&made, file->call->ctx, file->name, file->fd);
    call_leave(&scope, file->call);
    if (rc)
        return rc;
    file->type = made->type;
    file->id = made->id;
    *id = made->id;
    return 0;
}

static int upload(tn_file **out, tn_request *request, const char *name)
{
    struct ctx *ctx = request->call->ctx;
    size_t i;
    int rc = too_many(request->call);

    *out = NULL;
    for (i = 0; !rc && i < request->request->upload_count; i++) {
        const struct upload *sent = &request->request->uploads[i];

        /* A browser sends an empty part where no file was chosen. */
        if (!text_equal(sent->field, name) ||
            (text_empty(sent->name) && !sent->size))
            continue;
        *out = file_of(request->call, file_name_clean(ctx->arena, sent->name),
                       sent->fd);
        (*out)->size = sent->size;
        return 0;
    }
    return rc ? rc
              : fail(ctx, E_NOT_FOUND, "plugin.no_upload", "no file came as %s",
                     name ? name : "");
}

int host_job_file(tn_ctx *call, tn_file *file)
{
    struct ctx *ctx = call->ctx;
    const char *type;
    int rc = call_check(call);

    if (rc)
        return rc;
    if (!call->job || !file || !file->writable || file->id)
        return fail(ctx, E_INVALID, "plugin.job_file",
                    "a job leaves a file that it has written and not finished");
    type = type_of(file);
    if (!type)
        return fail(ctx, E_INVALID, "plugin.file_type",
                    "%s is not what its name says, or of a kind that is not "
                    "given out",
                    file->name);
    rc = job_result_file(ctx, file->fd, file->name, type);
    return rc ? rc : export_forget_later(ctx, job_current());
}

int host_answer_file(tn_answer *answer, tn_file *file)
{
    struct ctx *ctx = answer->call->ctx;
    const char *type = file ? file->type : NULL;
    int fd;

    if (file && !type)
        type = type_of(file);
    if (!type)
        return fail(ctx, E_INVALID, "plugin.file_type",
                    "%s is not what its name says, or of a kind that is not "
                    "given out",
                    file ? file->name : "NULL");
    fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return fail(ctx, E_IO, "form.file_unreadable", "%s can't be read",
                    file->name);
    answer->given = true;
    return response_file(ctx, answer->response, fd, file->size, type,
                         file->name, false);
}

const tn_host_files host_files = {
    .size = sizeof(tn_host_files),
    .open = open_file,
    .read = read_file,
    .about = about,
    .create = create_file,
    .write = write_file,
    .finish = finish_file,
    .upload = upload,
};
