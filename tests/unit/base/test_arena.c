/*
 * test_arena.c - arenas: alignment, zeroing, growth, limits, cleanups.
 */
#include "base/banned.h"

#include "base/base_test.h"

#include <stdalign.h>
#include <stdbool.h>
#include <sys/wait.h>

static void allocations_are_zeroed_and_aligned_after_a_reset(void **state)
{
    struct arena *arena = arena_new(1 << 20);
    int round;
    size_t size;

    (void)state;
    for (round = 0; round < 3; round++) {
        for (size = 0; size < 300; size++) {
            unsigned char *data = arena_alloc(arena, size);
            size_t i;

            assert_int_equal((uintptr_t)data % alignof(max_align_t), 0);
            for (i = 0; i < size; i++)
                assert_int_equal(data[i], 0);
            memset(data, 0xaa, size);
        }
        arena_reset(arena);
        assert_int_equal(arena_used(arena), 0);
    }
    arena_free(arena);
}

static void allocations_do_not_overlap(void **state)
{
    enum { COUNT = 2000 };
    struct arena *arena = arena_new(0);
    unsigned char *data[COUNT];
    size_t sizes[COUNT], i, j, seed = 12345;

    (void)state;
    for (i = 0; i < COUNT; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        sizes[i] = (seed >> 33) % (i % 50 ? 200 : 100000);
        data[i] = arena_alloc(arena, sizes[i]);
        memset(data[i], (int)(i & 0xff), sizes[i]);
    }
    for (i = 0; i < COUNT; i++)
        for (j = 0; j < sizes[i]; j += 7)
            assert_int_equal(data[i][j], i & 0xff);
    arena_free(arena);
}

static void growing_keeps_the_content_in_place_or_moved(void **state)
{
    struct arena *arena = arena_new(0);
    char *last = arena_alloc(arena, 10), *moved;

    (void)state;
    memcpy(last, "123456789", 10);
    moved = arena_grow(arena, last, 10, 1000);
    assert_ptr_equal(moved, last);
    assert_int_equal(moved[999], 0);
    arena_alloc(arena, 1);
    moved = arena_grow(arena, last, 1000, 5000);
    assert_ptr_not_equal(moved, last);
    assert_string_equal(moved, "123456789");
    moved = arena_grow(arena, moved, 5000, 500000);
    assert_string_equal(moved, "123456789");
    assert_ptr_equal(arena_grow(arena, moved, 500000, 3), moved);
    assert_non_null(arena_grow(arena, NULL, 0, 3));
    arena_free(arena);
}

static void count_call(void *argument)
{
    int **next = argument;

    *(*next)++ = 1;
}

static int order[4], order_count;

static void note(void *argument)
{
    order[order_count++] = *(int *)argument;
}

static void cleanups_run_once_last_in_first(void **state)
{
    struct arena *arena = arena_new(0);
    int numbers[3] = { 1, 2, 3 }, called[2] = { 0 }, *next = called;

    (void)state;
    arena_cleanup(arena, note, &numbers[0]);
    arena_cleanup(arena, note, &numbers[1]);
    arena_cleanup(arena, note, &numbers[2]);
    arena_reset(arena);
    assert_int_equal(order_count, 3);
    assert_int_equal(order[0], 3);
    assert_int_equal(order[2], 1);
    arena_cleanup(arena, count_call, &next);
    arena_free(arena);
    assert_int_equal(order_count, 3);
    assert_int_equal(called[0], 1);
    assert_int_equal(called[1], 0);
}

/* Runs `call` in a child; its exit code. */
static int exit_code_of(void (*call)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        close(STDERR_FILENO);
        call();
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void exceed_in_one(void)
{
    arena_alloc(arena_new(1000), 1001);
}

static void exceed_in_many(void)
{
    struct arena *arena = arena_new(1 << 20);
    int i;

    for (i = 0; i < 2000; i++)
        arena_alloc(arena, 1000);
}

static void overflow_an_array(void)
{
    arena_array(arena_new(0), SIZE_MAX / 2, 3);
}

static void ask_for_everything(void)
{
    arena_alloc(arena_new(0), SIZE_MAX - 5);
}

static void stay_within(void)
{
    struct arena *arena = arena_new(1 << 20);
    int i;

    for (i = 0; i < 900; i++)
        arena_alloc(arena, 1000);
}

static void exceeding_the_limit_ends_the_process_as_sick(void **state)
{
    (void)state;
    assert_int_equal(exit_code_of(exceed_in_one), EXIT_SICK);
    assert_int_equal(exit_code_of(exceed_in_many), EXIT_SICK);
    assert_int_equal(exit_code_of(overflow_an_array), EXIT_SICK);
    assert_int_equal(exit_code_of(ask_for_everything), EXIT_SICK);
    assert_int_equal(exit_code_of(stay_within), 0);
}

static void formatted_text_may_be_longer_than_the_first_guess(void **state)
{
    struct arena *arena = arena_new(0);
    char *text = arena_printf(arena, "%05000d|%s", 7, "end");

    (void)state;
    assert_int_equal(strlen(text), 5004);
    assert_string_equal(text + 4999, "7|end");
    assert_null(arena_strdup(arena, NULL));
    assert_null(arena_memdup(arena, NULL, 4));
    assert_string_equal(arena_strndup(arena, "abcdef", 3), "abc");
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_zeroed_and_aligned_after_a_reset),
        cmocka_unit_test(allocations_do_not_overlap),
        cmocka_unit_test(growing_keeps_the_content_in_place_or_moved),
        cmocka_unit_test(cleanups_run_once_last_in_first),
        cmocka_unit_test(exceeding_the_limit_ends_the_process_as_sick),
        cmocka_unit_test(formatted_text_may_be_longer_than_the_first_guess),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
