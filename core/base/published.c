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

enum { PUBLISHED_MAX = 4 * 1024 * 1024 };

static const char *path_of(struct ctx *ctx)
{
    return arena_printf(ctx->arena, "%s/published.json", ctx->site->folder);
}

struct value *published_read(struct ctx *ctx)
{
    struct ctx own = ctx_apart(ctx);
    struct value *out;
    const char *text;
    size_t length;

    if (ctx->site &&
        !file_read(&text, &length, &own, path_of(ctx), PUBLISHED_MAX) &&
        !json_parse(&out, &own, text, length) && value_kind(out) == VALUE_MAP)
        return out;
    return value_map(ctx->arena);
}

bool published_may_be_old(const struct value *published, const char *name,
                          const char *hash)
{
    const char *known = value_get_text(published, name);

    return !known || text_equal(known, hash);
}

bool published_set(struct value *published, const char *name, const char *hash)
{
    if (text_equal(value_get_text(published, name), hash))
        return false;
    value_set_text(published, name, hash);
    return true;
}

void published_write(struct ctx *ctx, const struct value *published)
{
    const char *text = json_text(ctx->arena, published);
    struct ctx own = ctx_apart(ctx);

    if (ctx->site && file_write(&own, path_of(ctx), text, strlen(text), 0600))
        log_event(LOG_WARN, "site.published_not_written", "error",
                  ctx_error(&own), NULL);
}
