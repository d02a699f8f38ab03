/*
 * site_key.c - the site's secret, made when it is first needed.
 *
 * Several workers may need it at once: each writes its own aside, and the
 * first that links it into place has made the site's.
 */
#include "base/banned.h"

#include "store/site_key.h"

#include <errno.h>
#include <fcntl.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/site.h"
#include "base/str.h"
#include "store/db.h"

static int make(struct ctx *ctx, const char *path,
                const unsigned char key[SITE_KEY_SIZE])
{
    const char *own = arena_printf(ctx->arena, "%s.%ld", path, (long)getpid());
    int rc = file_write(ctx, own, key, SITE_KEY_SIZE, 0400);

    if (rc)
        return rc;
    if (link(own, path) && errno != EEXIST)
        rc = fail(ctx, E_IO, "file.error", "%s: %s", path,
                  strerrordesc_np(errno));
    unlink(own);
    return rc;
}

static const char *path_of(struct ctx *ctx)
{
    return site_path(ctx, ctx->site, "site.key");
}

/* E_NOT_FOUND where the folder has none. */
static int from_folder(unsigned char out[SITE_KEY_SIZE], struct ctx *ctx)
{
    const char *path = path_of(ctx), *bytes;
    size_t length;
    int rc;

    if (!file_exists(path))
        return E_NOT_FOUND;
    rc = file_read(&bytes, &length, ctx, path, SITE_KEY_SIZE);
    if (!rc && length != SITE_KEY_SIZE)
        rc = fail(ctx, E_IO, "file.error", "%s: %s", path,
                  "this is not the site's key");
    if (!rc)
        memcpy(out, bytes, SITE_KEY_SIZE);
    return rc;
}

/* E_NOT_FOUND where it has none. */
static int from_database(unsigned char out[SITE_KEY_SIZE], struct ctx *ctx)
{
    const char *text;
    void *bytes;
    size_t length;
    int rc = db_text(
        &text, ctx, "SELECT value FROM store_fact WHERE name = 'site_key'", "");

    if (rc)
        return rc;
    bytes = base64url_read(&length, ctx->arena, text);
    if (!bytes || length != SITE_KEY_SIZE)
        return fail(ctx, E_STORE, "store.failed", "%s",
                    "the database's site_key is none");
    memcpy(out, bytes, SITE_KEY_SIZE);
    return 0;
}

/* Two hosts may do so at once: the first one's holds. */
static int into_database(struct ctx *ctx)
{
    unsigned char key[SITE_KEY_SIZE];
    int rc = from_folder(key, ctx);

    if (rc == E_NOT_FOUND) {
        random_bytes(key, sizeof key);
        rc = 0;
    }
    if (!rc)
        rc = tx_begin(ctx, "site.key");
    if (rc)
        return rc;
    return tx_end(ctx, db_exec(ctx,
                               "INSERT INTO store_fact (name, value) VALUES"
                               " ('site_key', ?1) ON CONFLICT (name) DO"
                               " NOTHING",
                               "s", base64url_of(ctx->arena, key, sizeof key)));
}

/* A site that came back from PostgreSQL brings its key; the database, of which
 * backups are made, does not keep it. */
static int into_folder(struct ctx *ctx)
{
    unsigned char key[SITE_KEY_SIZE];
    int there = from_database(key, ctx), rc = there;

    if (there == E_NOT_FOUND) {
        random_bytes(key, sizeof key);
        rc = 0;
    }
    if (!rc)
        rc = make(ctx, path_of(ctx), key);
    if (rc || there)
        return rc;
    rc = tx_begin(ctx, "site.key");
    if (rc)
        return rc;
    return tx_end(ctx, db_exec(ctx,
                               "DELETE FROM store_fact WHERE"
                               " name = 'site_key'",
                               ""));
}

static int read_key(unsigned char out[SITE_KEY_SIZE], struct ctx *ctx)
{
    bool shared = text_equal(ctx->site->settings.store.driver, "postgresql");
    int (*const from)(unsigned char *, struct ctx *) =
        shared ? from_database : from_folder;
    int rc = from(out, ctx);

    if (rc != E_NOT_FOUND)
        return rc;
    rc = shared ? into_database(ctx) : into_folder(ctx);
    return rc ? rc : from(out, ctx);
}

int site_key(unsigned char out[SITE_KEY_SIZE], struct ctx *ctx)
{
    static unsigned char known[SITE_KEY_SIZE];
    static bool read;

    if (!read) {
        int rc = read_key(known, ctx);

        if (rc)
            return rc;
        read = true;
    }
    memcpy(out, known, sizeof known);
    return 0;
}
