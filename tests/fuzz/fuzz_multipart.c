/*
 * fuzz_multipart.c - multipart/form-data: the parts are the same however the
 * bytes are cut, begin and end come in turn, names end.
 */
#include "base/banned.h"

#include "web/multipart.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

struct heard {
    struct buf text;
    bool open;
};

static int hear_begin(void *payload, const struct part *part)
{
    struct heard *heard = payload;

    MUST(!heard->open);
    MUST(memchr(part->name, 0, sizeof part->name));
    MUST(memchr(part->file_name, 0, sizeof part->file_name));
    MUST(memchr(part->type, 0, sizeof part->type));
    MUST(!strpbrk(part->name, "\r\n") && !strpbrk(part->file_name, "\r\n"));
    heard->open = true;
    buf_addf(&heard->text, "<%s|%s|%s|", part->name, part->file_name,
             part->type);
    return 0;
}

static int hear_data(void *payload, const char *bytes, size_t length)
{
    struct heard *heard = payload;

    MUST(heard->open && length > 0);
    buf_add(&heard->text, bytes, length);
    return 0;
}

static int hear_end(void *payload)
{
    struct heard *heard = payload;

    MUST(heard->open);
    heard->open = false;
    buf_add_char(&heard->text, '>');
    return 0;
}

static int parse(struct heard *heard, struct arena *arena, const char *boundary,
                 const char *bytes, size_t length, size_t step)
{
    static const struct multipart_calls calls = { hear_begin, hear_data,
                                                  hear_end };
    struct multipart parser;
    size_t at;
    int rc = 0;

    buf_init(&heard->text, arena, 64 << 20);
    heard->open = false;
    multipart_init(&parser, boundary, &calls, heard);
    for (at = 0; at < length && !rc; at += step)
        rc = multipart_feed(&parser, bytes + at,
                            at + step < length ? step : length - at);
    if (!rc)
        rc = multipart_finish(&parser);
    return rc;
}

/* The first line is the Content-Type. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *arena;
    const char *text = (const char *)data;
    const char *end = memchr(text, '\n', size);
    char boundary[BOUNDARY_MAX + 1];
    struct heard whole, pieces;
    size_t length;

    if (!end || size > 65536)
        return 0;
    if (!arena)
        arena = arena_new(0);
    arena_reset(arena);
    if (!multipart_boundary(boundary,
                            arena_strndup(arena, text, (size_t)(end - text))))
        return 0;
    length = size - (size_t)(end + 1 - text);
    if (parse(&whole, arena, boundary, end + 1, length, length ? length : 1))
        return 0;
    MUST(parse(&pieces, arena, boundary, end + 1, length, 1) == 0);
    MUST(whole.text.length == pieces.text.length &&
         memcmp(buf_text(&whole.text), buf_text(&pieces.text),
                whole.text.length) == 0);
    return 0;
}
