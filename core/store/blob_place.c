/*
 * blob_place.c - where files are, as the settings say: a folder or an object
 * store, each asked the same way.
 */
#include "base/banned.h"

#include "store/blob_internal.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/site.h"
#include "base/str.h"
#include "store/s3.h"

static struct blob_place place_of(struct ctx *ctx,
                                  const struct files_settings *files)
{
    struct blob_place place = { 0 };

    if (text_equal(files->where, "s3")) {
        place.s3 = &files->s3;
        return place;
    }
    /* Several hosts may use one PostgreSQL: each has a SITE/files, and only
     * one of them is right. */
    place.own = !files->path &&
                !text_equal(ctx->site->settings.store.driver, "postgresql");
    place.root = files->path ? files->path : site_path(ctx, ctx->site, "files");
    return place;
}

struct blob_place blob_place(struct ctx *ctx)
{
    return place_of(ctx, &ctx->site->settings.files);
}

bool blob_place_before(struct blob_place *out, struct ctx *ctx)
{
    const struct files_settings *before = &ctx->site->settings.files_before;

    if (!before->where)
        return false;
    *out = place_of(ctx, before);
    return true;
}

const char *blob_place_text(struct ctx *ctx, const struct files_settings *files)
{
    const struct s3 *s3 = &files->s3;

    if (text_equal(files->where, "s3"))
        return arena_printf(ctx->arena, "%s/%s", s3_place(ctx, s3),
                            s3->prefix ? s3->prefix : "");
    return place_of(ctx, files).root;
}

int blob_place_put(struct ctx *ctx, const struct blob_place *place,
                   const char *hash, const struct blob_content *content)
{
    return place->root ? folder_put(ctx, place->root, hash, content)
                       : remote_put(ctx, place->s3, hash, content);
}

int blob_place_open(int *fd, struct ctx *ctx, const struct blob_place *place,
                    const char *hash)
{
    *fd = -1;
    return place->root ? folder_open(fd, ctx, place->root, hash)
                       : remote_open(fd, ctx, place->s3, hash);
}

int blob_place_size(int64_t *size, struct ctx *ctx,
                    const struct blob_place *place, const char *hash)
{
    struct stat info;

    if (!place->root)
        return remote_size(size, ctx, place->s3, hash);
    if (lstat(folder_path(ctx, place->root, hash), &info) < 0)
        return errno == ENOENT ? E_NOT_FOUND : blob_io_error(ctx);
    *size = info.st_size;
    return S_ISREG(info.st_mode) ? 0 : E_NOT_FOUND;
}

int blob_place_walk(struct ctx *ctx, const struct blob_place *place, int first,
                    blob_visit visit, void *payload)
{
    return place->root ? folder_walk(ctx, place->root, first, visit, payload)
                       : remote_walk(ctx, place->s3, first, visit, payload);
}

int blob_place_remove(struct ctx *ctx, const struct blob_place *place,
                      const char *hash)
{
    if (!place->root)
        return remote_remove(ctx, place->s3, hash);
    if (unlink(folder_path(ctx, place->root, hash)) < 0 && errno != ENOENT)
        return blob_io_error(ctx);
    return 0;
}
