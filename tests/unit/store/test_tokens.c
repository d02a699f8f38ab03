/*
 * test_tokens.c - the tokenizer: what goes in, what is asked for, and that
 * the one always finds the other.
 */
#include "base/banned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* base/ctx.h has one */

#include "base/arena.h"
#include "base/str.h"
#include "store/tokens.h"

static struct arena *arena;

static int up(void **state)
{
    (void)state;
    arena = arena_new(0);
    return 0;
}

static int down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static const char *tokens(const char *text)
{
    struct buf buf;

    buf_init(&buf, arena, 1 << 20);
    tokens_add(&buf, arena, text);
    return buf_text(&buf);
}

static const char *asked(const char *word, bool anywhere)
{
    struct buf buf;

    buf_init(&buf, arena, 1 << 20);
    tokens_ask(&buf, word, anywhere);
    return buf_text(&buf);
}

static void words_become_their_beginnings(void **state)
{
    (void)state;
    assert_string_equal(tokens("limited, la"), " l li lim limi limit limite"
                                               " la");
    assert_string_equal(tokens("über"), " ü üb übe über");
    assert_string_equal(tokens("! ?"), "");
}

static void chinese_becomes_pairs(void **state)
{
    (void)state;
    assert_string_equal(tokens("张三丰"), " 张 张三 三 三丰 丰");
    assert_string_equal(asked("张三丰", true), " AND \"张三\" AND \"三丰\"");
    assert_string_equal(asked("张", true), " AND \"张\"");
}

static void E46_digits_are_found_within_numbers(void **state)
{
    (void)state;
    assert_string_equal(tokens("13800"), " 138 1380 380 3800 800");
    assert_string_equal(asked("8000", true), " AND \"8000\"");
    assert_string_equal(asked("380", true), " AND \"380\"");
    assert_string_equal(asked("38", true), "");
    assert_string_equal(asked("38", false), " AND \"38\"");
}

static void within_a_word_letters_promise_nothing(void **state)
{
    (void)state;
    assert_string_equal(asked("mited", true), "");
    assert_string_equal(asked("limited", false), " AND \"limite\"");
    assert_string_equal(asked("bx-limited", true), " AND \"limite\"");
}

/* Each token that a part of the text asks for is one of the text's. */
static void whatever_stands_in_a_text_is_found_by_its_tokens(void **state)
{
    static const char *const pieces[] = { "张", "三", "a",   "bc", "7",
                                          "42", "-",  ".",   " ",  "é",
                                          "ab", "的", "123", "é" };
    unsigned seed = 7;
    int round;

    (void)state;
    for (round = 0; round < 400; round++) {
        char *ask, *token;
        struct buf made;
        const char *all, *text;
        size_t from, to, i, count = 5 + (round * 7) % 60;

        buf_init(&made, arena, 4096);
        for (i = 0; i < count; i++) {
            seed = seed * 1103515245 + 12345;
            buf_add_text(&made, pieces[(seed >> 16) % 14]);
        }
        seed = seed * 1103515245 + 12345;
        text = buf_text(&made);
        from = (seed >> 16) % (strlen(text) + 1);
        to = from + (seed >> 8) % 40;
        while (from && (text[from] & 0xc0) == 0x80)
            from--;
        all = arena_printf(arena, "%s ", tokens(text));
        if (to > strlen(text))
            to = strlen(text);
        while (to > from && (text[to] & 0xc0) == 0x80)
            to--;
        ask = arena_strndup(arena, text + from, to - from);
        ask[strcspn(ask, " ")] = '\0';
        ask = arena_strdup(arena, asked(ask, true));
        while ((token = strchr(ask, '"'))) {
            size_t length = strcspn(token + 1, "\"");

            assert_non_null(strstr(
                all, arena_printf(arena, " %.*s ", (int)length, token + 1)));
            ask = token + length + 2;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_become_their_beginnings),
        cmocka_unit_test(chinese_becomes_pairs),
        cmocka_unit_test(E46_digits_are_found_within_numbers),
        cmocka_unit_test(within_a_word_letters_promise_nothing),
        cmocka_unit_test(whatever_stands_in_a_text_is_found_by_its_tokens),
    };

    return cmocka_run_group_tests(tests, up, down);
}
