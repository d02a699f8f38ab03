/*
 * test_late.c - a library that is loaded when it is needed, or is not there.
 */
#include "base/banned.h"

#include "base/base_test.h"

#include <math.h>

#include "base/late.h"

static struct {
    LATE(floor);
} late;

static void a_library_is_loaded_when_it_is_needed(void **state)
{
    static const struct late_name names[] = { LATE_NAME(late, floor) };
    struct ctx *ctx = *state;

    assert_int_equal(late_load(ctx, "libm.so.6", names, 1), 0);
    assert_true(late.floor(2.5) == 2);
    /* Once more changes nothing. */
    assert_int_equal(late_load(ctx, "libm.so.6", names, 1), 0);
}

static void what_is_not_installed_is_named(void **state)
{
    static const struct late_name names[] = { { "no_such_name", &late.floor } };
    struct ctx *ctx = *state;

    assert_int_equal(late_load(ctx, "libnone.so.9", names, 1), E_UNAVAILABLE);
    assert_non_null(strstr(ctx_error(ctx), "libnone.so.9"));
    ctx_clear(ctx);
    assert_int_equal(late_load(ctx, "libm.so.6", names, 1), E_UNAVAILABLE);
    assert_non_null(strstr(ctx_error(ctx), "no_such_name"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(a_library_is_loaded_when_it_is_needed),
        CTX_TEST(what_is_not_installed_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
