/*
 * health_file.c - stored files against the rows that name them: files that
 * are not there, that have changed, that nobody names any more.
 */
#include "base/banned.h"

#include "form/health_internal.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/site.h"
#include "base/str.h"
#include "store/blob.h"
#include "store/db.h"
#include "store/health.h"

/* The collector comes once a day and leaves what is younger than a day. */
enum { UNUSED_DAYS = 3 };

static int look_at_rows(struct health *health, struct ctx *ctx)
{
    struct ctx own = *ctx;
    QUERY_AUTO *query = NULL;
    int rc;

    own.arena = arena_new(0);
    rc = db_query(&query, &own,
                  "SELECT hash, name FROM attachment UNION ALL"
                  " SELECT p.hash, a.name FROM attachment_page p"
                  " JOIN attachment a ON a.id = p.attachment UNION ALL"
                  " SELECT hash, name FROM import_job"
                  " WHERE hash IS NOT NULL AND finished = 0",
                  "");
    while (!rc && (rc = query_next(query)) == 1) {
        const char *hash = query_text(query, 0);

        rc = 0;
        if (!blob_there(&own, hash))
            health_found(health, "form.health.file_lost",
                         arena_printf(own.arena, "files/%.2s/%s (%s)", hash,
                                      strlen(hash) > 2 ? hash + 2 : "",
                                      query_text(query, 1)));
        arena_reset(own.arena);
    }
    query_done(query);
    query = NULL;
    arena_free(own.arena);
    return rc;
}

static int look_at_file(struct ctx *ctx, const char *hash, int64_t size,
                        int64_t modified, void *payload)
{
    struct health *health = payload;
    const char *path =
        arena_printf(ctx->arena, "files/%.2s/%s", hash, hash + 2);
    int used, rc = blob_verify(ctx, hash);

    (void)size;
    if (rc && rc != E_INVALID && rc != E_NOT_FOUND)
        return rc;
    ctx_clear(ctx);
    if (rc == E_NOT_FOUND) /* it was collected just now */
        return 0;
    if (rc)
        health_found(health, "form.health.file_changed", path);
    used = blob_is_used(ctx, hash);
    if (used == 0 &&
        modified < clock_now() - (int64_t)UNUSED_DAYS * 24 * 3600 * 1000)
        health_found(health, "form.health.file_unused", path);
    arena_reset(ctx->arena);
    return used < 0 ? used : 0;
}

int health_files(struct health *health, struct ctx *ctx)
{
    struct ctx own = *ctx;
    int rc = look_at_rows(health, ctx);

    if (rc)
        return rc;
    own.arena = arena_new(0);
    rc = blob_walk(&own, look_at_file, health);
    if (rc)
        (void)fail(ctx, rc, "store.io", "%s", ctx_error(&own));
    arena_free(own.arena);
    return rc;
}

int health_mend_files(struct ctx *ctx)
{
    return blob_collect(ctx, blob_is_used);
}
