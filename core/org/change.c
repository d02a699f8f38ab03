/*
 * change.c - helpers of the writing files of org/.
 */
#include "base/banned.h"

#include "org/change.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/unicode.h"
#include "base/value.h"

const char *change_clean(struct ctx *ctx, const char *text)
{
    char *clean;
    size_t length;

    if (!text)
        return "";
    /* Invalid UTF-8 is left for change_check_text to refuse. */
    if (!utf8_valid(text, strlen(text)))
        return text;
    clean = arena_strdup(ctx->arena,
                         text_nfc(ctx->arena, text_clean(ctx->arena, text)));
    while (*clean == ' ' || *clean == '\t' || *clean == '\n')
        clean++;
    length = strlen(clean);
    while (length > 0 &&
           (clean[length - 1] == ' ' || clean[length - 1] == '\t' ||
            clean[length - 1] == '\n'))
        clean[--length] = '\0';
    return clean;
}

int change_check_text(struct ctx *ctx, const char *field, const char *text,
                      size_t most)
{
    size_t length = strlen(text);

    if (length == 0)
        return fail_at(ctx, E_INVALID, field, "org.empty",
                       "this must not be empty");
    if (!utf8_valid(text, length))
        return fail_at(ctx, E_INVALID, field, "org.not_text",
                       "this is not readable text");
    if (utf8_length(text, length) > most)
        return fail_at(ctx, E_INVALID, field, "org.too_long",
                       "at most %zu characters", most);
    return 0;
}

static void add(struct ctx *ctx, struct value *changes, const char *field,
                struct value *from, struct value *to)
{
    struct value *pair = value_map(ctx->arena);

    value_set(pair, "from", from);
    value_set(pair, "to", to);
    value_set(changes, field, pair);
}

void change_text(struct ctx *ctx, struct value *changes, const char *field,
                 const char *from, const char *to)
{
    if (!text_equal(from, to))
        add(ctx, changes, field, value_text(ctx->arena, from),
            value_text(ctx->arena, to));
}

static struct value *id_value(struct ctx *ctx, int64_t id)
{
    return id ? value_text(ctx->arena,
                           arena_printf(ctx->arena, "%lld", (long long)id))
              : value_null(ctx->arena);
}

void change_id(struct ctx *ctx, struct value *changes, const char *field,
               int64_t from, int64_t to)
{
    if (from != to)
        add(ctx, changes, field, id_value(ctx, from), id_value(ctx, to));
}

void change_flag(struct ctx *ctx, struct value *changes, const char *field,
                 bool from, bool to)
{
    if (from != to)
        add(ctx, changes, field, value_bool(ctx->arena, from),
            value_bool(ctx->arena, to));
}
