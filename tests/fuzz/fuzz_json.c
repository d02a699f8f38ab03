/*
 * fuzz_json.c - json_parse: what it takes must come back as itself, and what
 * it refuses must say where.
 */
#include "base/banned.h"

#include "base/json.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/ctx.h"

/* Ends the run with a report. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *arena;
    struct ctx ctx;
    struct value *first, *second;
    const char *text, *again;
    struct buf pretty;

    if (!arena)
        arena = arena_new(0);
    arena_reset(arena);
    ctx_init(&ctx, arena);
    if (json_parse(&first, &ctx, (const char *)data, size)) {
        MUST(!first && ctx.problems && text_starts(ctx_error(&ctx), "line "));
        return 0;
    }
    MUST(first && !ctx.problems);
    text = json_text(arena, first);
    MUST(json_parse(&second, &ctx, text, strlen(text)) == 0);
    again = json_text(arena, second);
    MUST(strcmp(text, again) == 0);
    MUST(value_equal(first, second));
    MUST(value_equal(first, value_copy(arena, first)));
    buf_init(&pretty, arena, 64 << 20);
    json_write_pretty(&pretty, first);
    MUST(!pretty.failed);
    MUST(json_parse(&second, &ctx, pretty.data, pretty.length) == 0);
    MUST(value_equal(first, second));
    return 0;
}
