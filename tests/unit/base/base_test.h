/*
 * base_test.h - what the tests of the ground layer share: cmocka, and a
 * context that lives for one test.
 */
#ifndef BASE_TEST_H
#define BASE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* cmocka has a macro of the name */

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"

static inline int with_ctx(void **state)
{
    struct arena *arena = arena_new(64 << 20);
    struct ctx *ctx = arena_alloc(arena, sizeof *ctx);

    ctx_init(ctx, arena);
    *state = ctx;
    return 0;
}

static inline int without_ctx(void **state)
{
    struct ctx *ctx = *state;

    arena_free(ctx->arena);
    return 0;
}

#define CTX_TEST(function)                                                     \
    cmocka_unit_test_setup_teardown(function, with_ctx, without_ctx)

#endif
