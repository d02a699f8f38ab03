/*
 * urlencoded.c - queries and form bodies.
 */
#include "base/banned.h"

#include "web/urlencoded.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/unicode.h"
#include "base/value.h"

/* Decodes into the arena; NULL where an escape is broken. */
static char *decode(size_t *out_length, struct ctx *ctx, const char *text,
                    size_t length)
{
    char *out = arena_alloc(ctx->arena, length + 1);
    size_t i, n = 0;

    for (i = 0; i < length; i++) {
        int high, low;

        if (text[i] == '+') {
            out[n++] = ' ';
        } else if (text[i] != '%') {
            out[n++] = text[i];
        } else {
            if (i + 2 >= length)
                return NULL;
            high = hex_digit(text[i + 1]);
            low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0)
                return NULL;
            out[n++] = (char)(high * 16 + low);
            i += 2;
        }
    }
    out[n] = '\0';
    *out_length = n;
    return out;
}

int field_add(struct value *out, struct ctx *ctx, const char *name,
              const char *text, size_t length, bool lists)
{
    struct value *known = value_get(out, name), *item;

    if (memchr(text, '\0', length) || !utf8_valid(text, length) ||
        !utf8_valid(name, strlen(name)))
        return fail(ctx, E_BAD_REQUEST, "web.not_text",
                    "a parameter is not readable text");
    if (value_count(out) >= URL_FIELDS_MAX)
        return fail(ctx, E_LIMIT, "web.too_many_fields", "more than %d fields",
                    URL_FIELDS_MAX);
    item = value_textn(ctx->arena, text, length);
    if (lists && text_ends(name, "[]")) {
        if (!known) {
            known = value_list(ctx->arena);
            value_set(out, name, known);
        }
        if (value_count(known) >= URL_FIELDS_MAX)
            return fail(ctx, E_LIMIT, "web.too_many_fields",
                        "more than %d fields", URL_FIELDS_MAX);
        value_append(known, item);
        return 0;
    }
    if (known)
        return fail(ctx, E_BAD_REQUEST, "web.twice",
                    "a parameter is there twice");
    value_set(out, name, item);
    return 0;
}

int urlencoded_parse(struct value *out, struct ctx *ctx, const char *text,
                     size_t length, bool lists)
{
    const char *end = text + length, *at = text;

    while (at < end) {
        const char *stop = memchr(at, '&', (size_t)(end - at));
        const char *equals;
        char *name, *value;
        size_t name_length, value_length;
        int rc;

        if (!stop)
            stop = end;
        if (stop == at) {
            at++;
            continue;
        }
        equals = memchr(at, '=', (size_t)(stop - at));
        name = decode(&name_length, ctx, at,
                      (size_t)((equals ? equals : stop) - at));
        value = equals ? decode(&value_length, ctx, equals + 1,
                                (size_t)(stop - equals - 1))
                       : decode(&value_length, ctx, "", 0);
        if (!name || !value || strlen(name) != name_length)
            return fail(ctx, E_BAD_REQUEST, "web.escape",
                        "a percent escape is broken");
        rc = field_add(out, ctx, name, value, value_length, lists);
        if (rc)
            return rc;
        at = stop + 1;
    }
    return 0;
}
