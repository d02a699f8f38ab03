/*
 * site_key.c - the site's secret, made when it is first needed.
 *
 * Several workers may need it at once: each writes its own aside, and the
 * first that links it into place has made the site's.
 */
#include "base/banned.h"

#include "base/site_key.h"

#include <errno.h>
#include <fcntl.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/site.h"

static int make(struct ctx *ctx, const char *path)
{
    const char *own = arena_printf(ctx->arena, "%s.%ld", path, (long)getpid());
    unsigned char key[SITE_KEY_SIZE];
    int rc;

    random_bytes(key, sizeof key);
    rc = file_write(ctx, own, key, sizeof key, 0400);
    if (rc)
        return rc;
    if (link(own, path) && errno != EEXIST)
        rc = fail(ctx, E_IO, "file.error", "%s: %s", path,
                  strerrordesc_np(errno));
    unlink(own);
    return rc;
}

int site_key(unsigned char out[SITE_KEY_SIZE], struct ctx *ctx)
{
    static unsigned char known[SITE_KEY_SIZE];
    static bool read;
    const char *path = site_path(ctx, ctx->site, "site.key"), *bytes;
    size_t length;
    int rc = 0;

    if (!read) {
        if (!file_exists(path))
            rc = make(ctx, path);
        if (!rc)
            rc = file_read(&bytes, &length, ctx, path, SITE_KEY_SIZE);
        if (!rc && length != SITE_KEY_SIZE)
            rc = fail(ctx, E_IO, "file.error", "%s: %s", path,
                      "this is not the site's key");
        if (rc)
            return rc;
        memcpy(known, bytes, sizeof known);
        read = true;
    }
    memcpy(out, known, sizeof known);
    return 0;
}
