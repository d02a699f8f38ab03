/*
 * published.c - see published.h. One small file, written when something in it
 * changes.
 */
#include "base/banned.h"

#include "base/published.h"

#include <string.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"

struct published {
    struct value *hashes; /* by file */
    bool changed;
};

enum { PUBLISHED_MAX = 4 * 1024 * 1024 };

static const char *path_of(struct ctx *ctx)
{
    return arena_printf(ctx->arena, "%s/published.json", ctx->site->folder);
}

struct published *published_read(struct ctx *ctx)
{
    struct published *out = arena_alloc(ctx->arena, sizeof *out);
    struct ctx own = ctx_apart(ctx);
    const char *text;
    size_t length;

    out->changed = false;
    if (!ctx->site ||
        file_read(&text, &length, &own, path_of(ctx), PUBLISHED_MAX) ||
        json_parse(&out->hashes, &own, text, length) ||
        value_kind(out->hashes) != VALUE_MAP)
        out->hashes = value_map(ctx->arena);
    return out;
}

bool published_may_be_old(const struct published *published, const char *file,
                          const char *hash)
{
    const char *known;

    if (!published)
        return false;
    known = value_get_text(published->hashes, file);
    return !known || text_equal(known, hash);
}

void published_set(struct published *published, const char *file,
                   const char *hash)
{
    if (!published || text_equal(value_get_text(published->hashes, file), hash))
        return;
    value_set_text(published->hashes, file, hash);
    published->changed = true;
}

void published_write(struct ctx *ctx, const struct published *published)
{
    struct ctx own = ctx_apart(ctx);
    const char *text;

    if (!published || !published->changed || !ctx->site)
        return;
    text = json_text(ctx->arena, published->hashes);
    if (file_write(&own, path_of(ctx), text, strlen(text), 0600))
        log_event(LOG_WARN, "site.published_not_written", "error",
                  ctx_error(&own), NULL);
}
