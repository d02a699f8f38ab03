/*
 * attachment.c - files of records.
 *
 * Uploaded first, without a record; bound when a record that names them is
 * saved; what stays unbound is collected after a day. The bytes lie in
 * store/blob, outside of anything that is served by a path.
 */
#include "base/banned.h"

#include "form/attachment.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/site.h"
#include "base/str.h"
#include "event/job.h"
#include "form/file_type.h"
#include "form/picture.h"
#include "form/preview.h"
#include "form/record.h"
#include "org/person.h"
#include "store/blob.h"
#include "store/db.h"

enum { HEAD_BYTES = 4096, UNBOUND_MAX = 200 };

static const char COLUMNS[] = "id, record, form, name, type, hash, size,"
                              " owner, pages";

static struct attachment *from_row(struct ctx *ctx, struct query *query)
{
    struct attachment *file = arena_alloc(ctx->arena, sizeof *file);

    file->id = query_int(query, 0);
    file->record = query_int(query, 1);
    file->form = query_copy(query, 2);
    file->name = query_copy(query, 3);
    file->type = query_copy(query, 4);
    file->hash = query_copy(query, 5);
    file->size = query_int(query, 6);
    file->owner = query_int(query, 7);
    file->pages = (int)query_int(query, 8);
    return file;
}

int attachment_find(struct attachment **out, struct ctx *ctx, int64_t id)
{
    QUERY_AUTO *query = NULL;
    int rc;

    *out = NULL;
    rc = db_query(&query, ctx,
                  /* sql: names from the definition */
                  arena_printf(ctx->arena,
                               "SELECT %s FROM attachment WHERE id = ?1",
                               COLUMNS),
                  "i", id);
    if (rc)
        return rc;
    rc = query_next(query);
    if (rc <= 0)
        return rc ? rc : E_NOT_FOUND;
    *out = from_row(ctx, query);
    return 0;
}

struct value *attachment_value(struct ctx *ctx, const struct attachment *file)
{
    struct value *map = value_map(ctx->arena);

    value_set_id(map, "id", file->id);
    value_set_text(map, "name", file->name);
    value_set_text(map, "type", file->type);
    value_set_int(map, "size", file->size);
    value_set_int(map, "pages", file->pages > 0 ? file->pages : 0);
    return map;
}

/* A person has at most so many files lying about without a record. */
static int check_quota(struct ctx *ctx, int64_t owner)
{
    int64_t count = 0;
    int rc = db_int(&count, ctx,
                    "SELECT count(*) FROM (SELECT 1 FROM attachment"
                    " WHERE record = 0 AND owner = ?1 LIMIT ?2) a",
                    "ii", owner, (int64_t)UNBOUND_MAX);

    if (!rc && count >= UNBOUND_MAX)
        return fail(ctx, E_TOO_MANY, "form.too_many_uploads",
                    "too many uploaded files wait for a record");
    return rc;
}

static int write_row(struct ctx *ctx, const struct attachment *file)
{
    struct value *data;
    int rc = tx_begin_shared(ctx, "attachment.add");

    if (rc)
        return rc;
    /* Counted before it is added. */
    rc = tx_guard(ctx,
                  arena_printf(ctx->arena, "uploads:%" PRId64, file->owner));
    if (!rc)
        rc = check_quota(ctx, file->owner);
    if (!rc)
        rc =
            db_exec(ctx,
                    "INSERT INTO attachment (id, name, type, size, hash,"
                    " owner, pages, created_at)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                    "issisiii", file->id, file->name, file->type, file->size,
                    file->hash, file->owner, (int64_t)file->pages, clock_now());
    if (!rc && file->pages == 0) {
        data = value_map(ctx->arena);
        value_set_id(data, "id", file->id);
        rc = job_add(ctx, PREVIEW_JOB, data, 0, NULL);
    }
    return tx_end(ctx, rc);
}

/* Whoever opens it needs four bytes for each point. */
static int check_points(struct ctx *ctx, const struct attachment *file, int fd)
{
    struct picture_size size;

    if (!picture_size(&size, file->type, fd) || size.height == 0 ||
        size.width <= PICTURE_POINTS_MAX / size.height)
        return 0;
    return fail(ctx, E_INVALID, "form.file_points",
                "%s has %lld × %lld points; pictures of up to %d million "
                "points are taken",
                file->name, (long long)size.width, (long long)size.height,
                PICTURE_POINTS_MAX / 1000000);
}

int attachment_add(struct attachment **out, struct ctx *ctx, const char *name,
                   int fd)
{
    struct attachment *file = arena_alloc(ctx->arena, sizeof *file);
    unsigned char head[HEAD_BYTES];
    ssize_t got = pread(fd, head, sizeof head, 0);
    struct stat facts;
    int rc;

    if (got < 0 || fstat(fd, &facts))
        return fail(ctx, E_IO, "form.file_unreadable", "%s can't be read",
                    "upload");
    file->name = file_name_clean(ctx->arena, name);
    if (facts.st_size == 0)
        return fail(ctx, E_INVALID, "form.file_empty", "%s is empty",
                    file->name);
    if (ctx->site && facts.st_size > ctx->site->settings.body_max)
        return fail(ctx, E_LIMIT, "form.file_too_large",
                    "%s is larger than %lld MB", file->name,
                    (long long)(ctx->site->settings.body_max / 1024 / 1024));
    file->type = file_type_of(file->name, head, (size_t)got);
    if (!file->type)
        return fail(ctx, E_INVALID, "form.file_kind",
                    "%s is not what its name says, or of a kind that is not"
                    " taken; taken are %s",
                    file->name, file_extensions());
    rc = check_points(ctx, file, fd);
    if (rc)
        return rc;
    rc = blob_put_fd(&file->hash, &file->size, ctx, fd);
    if (rc)
        return rc;
    file->id = id_next();
    file->owner = ctx->person ? ctx->person->id : 0;
    file->pages = strcmp(file->type, "application/pdf") == 0 ? 0 : -1;
    rc = write_row(ctx, file);
    if (!rc)
        *out = file;
    return rc;
}

bool attachment_own(const struct ctx *ctx, const struct attachment *file)
{
    if (ctx->system)
        return true;
    /* What a module made where nobody is signed in has no owner. */
    if (!ctx->person)
        return ctx->module && file->owner == 0;
    return file->owner == ctx->person->id;
}

int attachment_get(struct attachment **out, struct ctx *ctx, int64_t id)
{
    const struct form *form;
    struct attachment *file;
    struct record *record;
    int rc = attachment_find(&file, ctx, id);

    if (!rc && !file->record && attachment_own(ctx, file)) {
        *out = file;
        return 0;
    }
    if (rc == E_NOT_FOUND || (!rc && !file->record))
        return fail(ctx, E_NOT_FOUND, "form.no_file", "there is no such file");
    if (!rc)
        rc = form_find(&form, ctx, file->form);
    if (!rc)
        rc = record_get(&record, ctx, form, file->record);
    if (!rc)
        *out = file;
    return rc;
}

int attachment_open(int *fd, struct ctx *ctx, const struct attachment *file,
                    int page)
{
    const char *hash = file->hash;
    int rc;

    if (page > 0) {
        rc = db_text(&hash, ctx,
                     "SELECT hash FROM attachment_page WHERE attachment = ?1"
                     " AND page = ?2",
                     "ii", file->id, (int64_t)page);
        if (rc == E_NOT_FOUND)
            return fail(ctx, E_NOT_FOUND, "form.no_file",
                        "there is no such file");
        if (rc)
            return rc;
    }
    return blob_open(fd, ctx, hash);
}
