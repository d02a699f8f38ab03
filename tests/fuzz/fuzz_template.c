/*
 * fuzz_template.c - any bytes as a template: refused with a line, or rendered
 * within the limits; never raw markup from data (S44, S22).
 *
 * The input is cut at NUL bytes: the page, then the partials "a", "b", "c".
 */
#include "base/banned.h"

#include "view/template.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/value.h"

/* Ends the run with a report. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

enum { PARTS = 4 };

static const struct template *parts[PARTS];

static const struct template *get_partial(void *payload, const char *name,
                                          const struct template *from)
{
    (void)payload;
    (void)from;
    if (name[0] >= 'a' && name[0] <= 'c' && !name[1])
        return parts[1 + name[0] - 'a'];
    return NULL;
}

static void put_helper(void *payload, struct buf *out, const char *prefix,
                       const char *rest)
{
    (void)payload;
    (void)prefix;
    buf_add_html(out, rest, strlen(rest));
}

static struct value *make_data(struct arena *arena)
{
    struct value *data = value_map(arena), *list = value_list(arena);
    struct value *map = value_map(arena);

    value_set_text(map, "x", "javascript:\x01");
    value_set_text(map, "a", "b");
    value_append(list, map);
    value_append(list, value_text(arena, "c"));
    value_append(list, value_null(arena));
    value_set(data, "l", list);
    value_set_text(data, "x", "<\x01'\">&");
    value_set_text(data, "a", "a");
    value_set_bool(data, "t", true);
    value_set_int(data, "n", 3);
    value_set(data, "h", value_html(arena, "<i>"));
    value_set(data, "m", map);
    return data;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct template_host host = { .partial = get_partial,
                                  .helper = put_helper };
    const char *at = (const char *)data, *end = at + size, *stop;
    static struct arena *arena;
    struct template *made;
    struct ctx ctx;
    struct buf out;
    int rc;

    if (!arena)
        arena = arena_new(0);
    arena_reset(arena);
    ctx_init(&ctx, arena);
    for (int i = 0; i < PARTS; i++, at = stop < end ? stop + 1 : end) {
        stop = memchr(at, '\0', (size_t)(end - at));
        stop = stop ? stop : end;
        parts[i] = NULL;
        if (template_compile(&made, &ctx, arena, "t", at,
                             (size_t)(stop - at)) == 0)
            parts[i] = made;
        else
            MUST(ctx.problems);
    }
    if (!parts[0])
        return 0;
    buf_init(&out, arena, 64 * 1024);
    rc = template_render(&out, &ctx, parts[0], make_data(arena), &host, NULL);
    MUST(rc == 0 || rc == E_LIMIT);
    /* Our own marker byte stands behind "<" only where nobody escaped it. */
    MUST(rc || memchr(data, '\x01', size) ||
         !memmem(buf_text(&out), out.length, "<\x01", 2));
    return 0;
}
