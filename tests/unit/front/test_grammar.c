/*
 * test_grammar.c - heads, chunks, ranges, encodings, paths: the pure parts of
 * the front. The malformed set over a socket is tests/http/malformed.
 */
#include "base/banned.h"

#include "front/chunk.h"
#include "front/compress.h"
#include "front/head.h"
#include "front/range.h"
#include "front/release.h"
#include "front/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int parse(struct head *head, const char *text)
{
    static char block[HEAD_MAX];
    size_t length = strlen(text);

    memcpy(block, text, length);
    return head_parse(head, block, length);
}

static void a_head_is_taken_apart(void **state)
{
    struct head head;

    (void)state;
    assert_int_equal(parse(&head, "GET /a/b?x=1&y HTTP/1.1\r\n"
                                  "Host: intra:8080\r\n"
                                  "ACCEPT:  text/html \t\r\n\r\n"),
                     0);
    assert_true(str_is(head.path, "/a/b"));
    assert_true(str_is(head.query, "x=1&y"));
    assert_true(str_is(head.host, "intra:8080"));
    assert_true(str_is(*head_field(&head, "accept"), "text/html"));
    assert_null(head_field(&head, "cookie"));
    assert_int_equal(head.content_length, -1);
    assert_true(head.keep_alive);
    assert_int_equal(parse(&head, "GET http://Intra/x HTTP/1.1\r\n"
                                  "Host: intra\r\n\r\n"),
                     0);
    assert_true(str_is(head.path, "/x"));
    assert_int_equal(parse(&head, "OPTIONS * HTTP/1.0\r\n\r\n"), 0);
    assert_false(head.keep_alive);
}

static void the_end_of_a_block_is_found_in_pieces(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
    size_t length, seen = 0, end = 0;
    int status;

    (void)state;
    for (length = 1; length < sizeof text && !end; length++) {
        end = head_find_end(text, length, &seen, &status);
        assert_int_equal(status, 0);
    }
    assert_int_equal(end, sizeof text - 1 - 4);
    seen = 0;
    assert_int_equal(head_find_end("GET / HTTP/1.1\n", 15, &seen, &status), 0);
    assert_int_equal(status, 400);
}

static void hosts_are_names_or_addresses(void **state)
{
    static const char *const good[] = { "a",        "intra.example",
                                        "a:80",     "10.0.0.1:8080",
                                        "[::1]",    "[2001:db8::1]:443",
                                        "a_b.c-d:", "A.B" };
    static const char *const bad[] = { "",        ":80",  "a:99999", "a:8x",
                                       "[::1",    "[]",   "[g::1]",  "a b",
                                       "a/b",     "a,b",  "a@b",     "[::1]x",
                                       "a:80:80", "a\\b", "a%41" };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(host_valid(str_of(good[i])));
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(host_valid(str_of(bad[i])));
}

/* Decodes `text` given in steps of `step` bytes; -1, or the body's length. */
static long decode(const char *text, size_t step, char *body)
{
    struct chunk chunk;
    size_t at = 0, length = strlen(text), out = 0;

    chunk_init(&chunk);
    for (;;) {
        size_t left = length - at < step ? length - at : step, used, size;
        const char *data;
        enum chunk_status status =
            chunk_next(&chunk, text + at, left, &used, &data, &size);

        at += used;
        if (status == CHUNK_DATA) {
            memcpy(body + out, data, size);
            out += size;
        } else if (status == CHUNK_END) {
            return (long)out;
        } else if (status == CHUNK_BAD || at == length) {
            return -1;
        }
    }
}

static void chunks_are_joined_whatever_the_pieces(void **state)
{
    char body[64];
    size_t step;

    (void)state;
    for (step = 1; step < 40; step++) {
        assert_int_equal(
            decode("3;a=\"b\"\r\nabc\r\n0a\r\n0123456789\r\n0\r\nX: y\r\n\r\n",
                   step, body),
            13);
        assert_memory_equal(body, "abc0123456789", 13);
    }
    assert_int_equal(decode("3\r\nabcd\r\n0\r\n\r\n", 99, body), -1);
    assert_int_equal(decode("g\r\n", 99, body), -1);
    assert_int_equal(decode("0\r\n\n", 99, body), -1);
    assert_int_equal(decode("1111111111111\r\n", 99, body), -1);
}

static void lengths_are_plain_numbers(void **state)
{
    (void)state;
    assert_int_equal(length_parse(STR("0")), 0);
    assert_int_equal(length_parse(STR("007")), 7);
    assert_int_equal(length_parse(STR("")), -1);
    assert_int_equal(length_parse(STR("+1")), -1);
    assert_int_equal(length_parse(STR("1 ")), -1);
    assert_int_equal(length_parse(STR("9999999999999999")), -1);
}

static void encodings_heed_their_weights(void **state)
{
    (void)state;
    assert_true(encoding_accepted(STR("br, gzip"), "gzip"));
    assert_true(encoding_accepted(STR("GZIP;q=0.1"), "gzip"));
    assert_false(encoding_accepted(STR("gzip;q=0"), "gzip"));
    assert_false(encoding_accepted(STR("gzip; q=0.000"), "gzip"));
    assert_false(encoding_accepted(STR("xgzip"), "gzip"));
    assert_false(encoding_accepted(STR(""), "gzip"));
}

static void tags_match_weakly(void **state)
{
    (void)state;
    assert_true(etag_matches(STR("\"a\""), STR("\"a\"")));
    assert_true(etag_matches(STR("\"b\", W/\"a\""), STR("\"a\"")));
    assert_true(etag_matches(STR("*"), STR("\"a\"")));
    assert_false(etag_matches(STR("\"ab\""), STR("\"a\"")));
    assert_false(etag_matches(STR(""), STR("\"a\"")));
}

static void S52_paths_are_decoded_once(void **state)
{
    char out[32];

    (void)state;
    assert_int_equal(path_decode(out, sizeof out, STR("/a%20b")), 4);
    assert_string_equal(out, "/a b");
    path_decode(out, sizeof out, STR("/%252e"));
    assert_string_equal(out, "/%2e");
    assert_int_equal(path_decode(out, sizeof out, STR("/%00")), -1);
    assert_int_equal(path_decode(out, sizeof out, STR("/%4")), -1);
    assert_int_equal(path_decode(out, sizeof out, STR("/%xy")), -1);
    assert_int_equal(path_decode(out, 4, STR("/abcd")), -1);
}

static char order[64];

/* A small letter has left, a large one never will. */
static void note(void *argument, bool well)
{
    size_t length = strlen(order);
    char letter = *(const char *)argument;

    order[length] = well ? letter : (char)toupper(letter);
    order[length + 1] = '\0';
}

static void release_at(struct release *release, uint64_t begun, int64_t now,
                       const char *name)
{
    answer_release(release, &(struct release_item){ .begun = begun,
                                                    .bytes = 1000,
                                                    .now = now,
                                                    .leave = note,
                                                    .argument = (char *)name });
}

static void answers_leave_when_they_are_durable(void **state)
{
    struct release release;

    (void)state;
    order[0] = '\0';
    release_init(&release, 5);
    release_at(&release, 5, 0, "a");
    release_at(&release, 7, 0, "b");
    release_at(&release, 6, 0, "c");
    release_at(&release, 4, 0, "d");
    assert_string_equal(order, "ad");
    assert_int_equal(release.bytes, 2000);
    release_advance(&release, 6);
    assert_string_equal(order, "adc");
    release_at(&release, 9, 0, "e");
    /* A keeper that starts anew may begin with an older number. */
    release_advance(&release, 3);
    assert_int_equal(release.durable, 6);
    release_advance(&release, 9);
    assert_string_equal(order, "adcbe");
    assert_int_equal(release.held, 0);
    assert_int_equal(release.bytes, 0);
}

static void answers_that_wait_too_long_or_for_a_failed_disk_never_leave(
    void **state)
{
    struct release release;

    (void)state;
    order[0] = '\0';
    release_init(&release, 5);
    release_at(&release, 7, 100, "a");
    release_at(&release, 7, 200, "b");
    release_expire(&release, 150);
    assert_string_equal(order, "A");
    release_fail(&release);
    assert_string_equal(order, "AB");
    release_at(&release, 8, 300, "c");
    release_at(&release, 5, 300, "d");
    assert_string_equal(order, "ABCd");
    release_well(&release);
    release_at(&release, 8, 400, "e");
    release_advance(&release, 8);
    assert_string_equal(order, "ABCde");
    assert_int_equal(release.bytes, 0);
}

/* Lets a further answer come while others leave. */
static void note_and_add(void *argument, bool well)
{
    note("n", well);
    release_at(argument, 100, 0, "m");
}

static void an_answer_that_leaves_may_bring_another(void **state)
{
    struct release release;

    (void)state;
    order[0] = '\0';
    release_init(&release, 0);
    answer_release(&release, &(struct release_item){ .begun = 1,
                                                     .leave = note_and_add,
                                                     .argument = &release });
    release_at(&release, 1, 0, "x");
    release_advance(&release, 1);
    assert_string_equal(order, "nx");
    assert_int_equal(release.held, 1);
    release_advance(&release, 100);
    assert_string_equal(order, "nxm");
}

static void what_is_held_has_a_limit(void **state)
{
    struct release release;
    int i;

    (void)state;
    order[0] = '\0';
    release_init(&release, 0);
    for (i = 0; i < 32; i++) {
        assert_false(release_is_full(&release));
        answer_release(&release, &(struct release_item){ .begun = 1,
                                                         .bytes = 1024 * 1024,
                                                         .leave = note,
                                                         .argument = "." });
    }
    assert_true(release_is_full(&release));
    release_fail(&release);
    assert_false(release_is_full(&release));
}

static void what_packs_badly_is_left_alone(void **state)
{
    unsigned char noise[2048];
    unsigned seed = 1;
    size_t i, length;
    void *out;
    char text[2048];

    (void)state;
    for (i = 0; i < sizeof noise; i++) {
        seed = seed * 1664525u + 1013904223u;
        noise[i] = (unsigned char)(seed >> 24);
    }
    assert_int_equal(compress_gzip(&out, &length, noise, sizeof noise), -1);
    memset(text, 'x', sizeof text);
    assert_int_equal(compress_gzip(&out, &length, text, sizeof text), 0);
    assert_true(length < 100);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_taken_apart),
        cmocka_unit_test(the_end_of_a_block_is_found_in_pieces),
        cmocka_unit_test(hosts_are_names_or_addresses),
        cmocka_unit_test(chunks_are_joined_whatever_the_pieces),
        cmocka_unit_test(lengths_are_plain_numbers),
        cmocka_unit_test(encodings_heed_their_weights),
        cmocka_unit_test(tags_match_weakly),
        cmocka_unit_test(S52_paths_are_decoded_once),
        cmocka_unit_test(answers_leave_when_they_are_durable),
        cmocka_unit_test(
            answers_that_wait_too_long_or_for_a_failed_disk_never_leave),
        cmocka_unit_test(an_answer_that_leaves_may_bring_another),
        cmocka_unit_test(what_is_held_has_a_limit),
        cmocka_unit_test(what_packs_badly_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
