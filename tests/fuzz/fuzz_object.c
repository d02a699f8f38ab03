/*
 * fuzz_object.c - the look into a shared object: no bytes make it read where
 * it must not.
 */
#include "base/banned.h"

#include "plugin/object.h"

#include "base/arena.h"
#include "base/ctx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *arena;
    struct ctx ctx;

    if (!arena)
        arena = arena_new(0);
    arena_reset(arena);
    ctx_init(&ctx, arena);
    if (object_check(&ctx, "x.so", data, size) && !ctx.problems)
        __builtin_trap();
    return 0;
}
