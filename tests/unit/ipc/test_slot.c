/*
 * test_slot.c - the attribution stack, seen from both sides; a page full of
 * nonsense does no harm.
 */
#include "base/banned.h"

#include "ipc/slot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct slot *page;

static int attach(void **state)
{
    int fd;

    (void)state;
    if (slot_make(&page, &fd) || slot_attach(fd))
        return -1;
    close(fd);
    return 0;
}

static struct slot_copy look(void)
{
    struct slot_copy copy;

    slot_copy(&copy, page);
    return copy;
}

static void the_top_of_the_stack_is_seen(void **state)
{
    struct slot_copy copy;

    (void)state;
    slot_begin("r1", 0);
    slot_push("crm", "page /crm");
    slot_push("tax", "hook before_save");
    copy = look();
    assert_int_equal(copy.depth, 2);
    assert_string_equal(copy.frames[slot_top_module(&copy)].module, "tax");
    assert_string_equal(copy.request, "r1");
    assert_true(copy.busy);
    slot_pop();
    copy = look();
    assert_string_equal(copy.frames[slot_top_module(&copy)].entry, "page /crm");
    slot_finish();
    copy = look();
    assert_int_equal(copy.depth, 0);
    assert_int_equal(slot_top_module(&copy), -1);
    assert_false(copy.busy);
}

static void a_host_frame_is_no_module(void **state)
{
    struct slot_copy copy;

    (void)state;
    slot_push("crm", "page /crm");
    slot_push_host("lock");
    copy = look();
    assert_true(copy.frames[1].host);
    assert_int_equal(slot_top_module(&copy), 0);
    slot_unwind(0);
}

static void a_jump_out_of_calls_is_unwound(void **state)
{
    struct slot_copy copy;
    int depth = slot_depth();

    (void)state;
    slot_push("a", "1");
    slot_push("b", "2");
    slot_push("c", "3");
    slot_unwind(depth);
    copy = look();
    assert_int_equal(copy.depth, depth);
}

static void recursion_deeper_than_the_page_keeps_the_bottom(void **state)
{
    struct slot_copy copy;
    int i;

    (void)state;
    for (i = 0; i < 100; i++)
        slot_push("deep", "call");
    copy = look();
    assert_int_equal(copy.depth, SLOT_DEPTH);
    assert_string_equal(copy.frames[SLOT_DEPTH - 1].module, "deep");
    for (i = 0; i < 100; i++)
        slot_pop();
    copy = look();
    assert_int_equal(copy.depth, 0);
    slot_pop(); /* one too many does nothing */
    assert_int_equal(slot_depth(), 0);
}

static void loading_ends_with_its_frame(void **state)
{
    struct slot_copy copy;

    (void)state;
    slot_push_loading("crm", "1.2", "abc");
    copy = look();
    assert_true(copy.loading);
    assert_string_equal(copy.loading_version, "1.2");
    slot_pop();
    copy = look();
    assert_false(copy.loading);
}

static void the_soft_deadline_lasts_until_the_next_request(void **state)
{
    (void)state;
    slot_begin("r2", 0);
    assert_false(slot_soft());
    slot_set_soft(page, true);
    assert_true(slot_soft());
    slot_finish();
    slot_begin("r3", 0);
    assert_false(slot_soft());
    slot_finish();
}

static void what_is_given_ahead_is_taken_or_withdrawn(void **state)
{
    (void)state;
    assert_true(slot_offer(page, 5));
    assert_false(slot_offer(page, 6)); /* one at a time */
    assert_true(slot_take(5));
    assert_false(slot_withdraw(page, 5)); /* it is begun */
    assert_true(slot_offer(page, 6));
    assert_false(slot_take(5));
    assert_true(slot_withdraw(page, 6));
    assert_false(slot_take(6));
    assert_true(slot_offer(page, 7));
    assert_true(slot_take(7));
}

static int gauges;

static void count_gauge(void *argument, const char *name, int64_t value)
{
    (void)argument;
    if (strcmp(name, "one") == 0)
        assert_int_equal(value, 2);
    gauges++;
}

static void gauges_are_named_numbers(void **state)
{
    char name[16];
    int i;

    (void)state;
    slot_gauge("one", 1);
    slot_gauge("one", 2);
    slot_gauge("bad name", 3);
    gauges = 0;
    slot_gauges(page, count_gauge, NULL);
    assert_int_equal(gauges, 1);
    for (i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "n%d", i);
        slot_gauge(name, i);
    }
    gauges = 0;
    slot_gauges(page, count_gauge, NULL);
    assert_int_equal(gauges, SLOT_GAUGES - 1);
}

static void a_page_full_of_nonsense_is_harmless(void **state)
{
    struct slot_copy copy;
    unsigned char *bytes = (unsigned char *)page;
    int value, i;

    (void)state;
    for (value = 0; value < 256; value += 51) {
        memset(bytes, value, 4096);
        copy = look();
        assert_in_range(copy.depth, 0, SLOT_DEPTH);
        assert_in_range(copy.trace_depth, 0, SLOT_TRACE_MAX);
        for (i = 0; i < copy.depth; i++)
            assert_true(strlen(copy.frames[i].module) < SLOT_MODULE_MAX);
        assert_true(strlen(copy.request) < SLOT_REQUEST_MAX);
        slot_gauges(page, count_gauge, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_top_of_the_stack_is_seen),
        cmocka_unit_test(a_host_frame_is_no_module),
        cmocka_unit_test(a_jump_out_of_calls_is_unwound),
        cmocka_unit_test(recursion_deeper_than_the_page_keeps_the_bottom),
        cmocka_unit_test(loading_ends_with_its_frame),
        cmocka_unit_test(the_soft_deadline_lasts_until_the_next_request),
        cmocka_unit_test(what_is_given_ahead_is_taken_or_withdrawn),
        cmocka_unit_test(gauges_are_named_numbers),
        cmocka_unit_test(a_page_full_of_nonsense_is_harmless),
    };

    return cmocka_run_group_tests(tests, attach, NULL);
}
