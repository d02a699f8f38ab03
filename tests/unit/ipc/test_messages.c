/*
 * test_messages.c - payloads of frames: what is written is read, what is
 * broken is refused.
 */
#include "base/banned.h"

#include "base/ctx.h"
#include "ipc/frame.h"
#include "ipc/link.h"
#include "ipc/message.h"
#include "ipc/ready.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

static struct request_message sample(void)
{
    struct request_message message = {
        .id = STR("r1"),
        .method = STR("POST"),
        .path = STR("/a%20b"),
        .query = STR("x=1"),
        .host = STR("intra"),
        .address = STR("10.0.0.1"),
        .tls = true,
        .body_length = 77,
        .fields = { { STR("accept"), STR("*/*") }, { STR("cookie"), STR("") } },
        .field_count = 2,
    };

    return message;
}

static void a_request_is_read_as_it_was_written(void **state)
{
    struct request_message message = sample(), again;
    unsigned char bytes[512];
    struct writer writer;

    (void)state;
    writer_init(&writer, bytes, sizeof bytes);
    assert_int_equal(request_write(&writer, &message), 0);
    assert_int_equal(request_read(&again, bytes, writer.used), 0);
    assert_true(str_is(again.path, "/a%20b"));
    assert_true(str_is(again.fields[0].value, "*/*"));
    assert_int_equal(again.fields[1].value.length, 0);
    assert_true(again.tls);
    request_set_length(bytes, 99);
    assert_int_equal(request_read(&again, bytes, writer.used), 0);
    assert_int_equal(again.body_length, 99);
}

static void a_request_cut_anywhere_is_refused(void **state)
{
    struct request_message message = sample(), again;
    unsigned char bytes[512];
    struct writer writer;
    size_t length;

    (void)state;
    writer_init(&writer, bytes, sizeof bytes);
    request_write(&writer, &message);
    for (length = 0; length < writer.used; length++)
        assert_int_equal(request_read(&again, bytes, length), E_INVALID);
    assert_int_equal(request_read(&again, bytes, writer.used + 1), E_INVALID);
}

static void a_message_that_does_not_fit_is_an_error(void **state)
{
    struct request_message message = sample();
    unsigned char bytes[40];
    struct writer writer;

    (void)state;
    writer_init(&writer, bytes, sizeof bytes);
    assert_int_equal(request_write(&writer, &message), E_LIMIT);
    assert_true(writer.used <= sizeof bytes);
}

static int read_answer(int status, const char *name, const char *value)
{
    struct answer_message message = {
        .status = status,
        .fields = { { str_of(name), str_of(value) } },
        .field_count = 1,
    };
    struct answer_message again;
    unsigned char bytes[512];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    answer_write(&writer, &message);
    return answer_read(&again, bytes, writer.used);
}

static void S28_an_answer_cannot_hold_a_second_line(void **state)
{
    (void)state;
    assert_int_equal(read_answer(200, "location", "/x"), 0);
    assert_int_equal(read_answer(200, "location", "/x\r\nset-cookie: a"),
                     E_INVALID);
    assert_int_equal(read_answer(200, "location", "/x\ny"), E_INVALID);
    assert_int_equal(read_answer(200, "loca tion", "/x"), E_INVALID);
    assert_int_equal(read_answer(200, "", "/x"), E_INVALID);
    assert_int_equal(read_answer(200, "a:b", "/x"), E_INVALID);
    assert_int_equal(read_answer(100, "a", "b"), E_INVALID);
    assert_int_equal(read_answer(600, "a", "b"), E_INVALID);
}

static void a_frame_over_64_kib_is_refused(void **state)
{
    unsigned char bytes[FRAME_HEADER];
    struct frame frame = { .length = FRAME_PAYLOAD_MAX + 1,
                           .type = FRAME_BODY };

    (void)state;
    frame_write(bytes, &frame);
    assert_int_equal(frame_read(&frame, bytes), E_INVALID);
    frame = (struct frame){ .length = 1, .flags = 0x80 };
    frame_write(bytes, &frame);
    assert_int_equal(frame_read(&frame, bytes), E_INVALID);
}

/* Sends a table, reads the parts at the other end. */
static void a_large_table_comes_in_parts(void **state)
{
    enum { RULES = 1300 };
    static struct ready_rule rules[RULES];
    struct ready_module module = { STR("m"), STR("1.0"), STR("ff") };
    struct ready_part all = { .rules = rules,
                              .modules = &module,
                              .rule_count = RULES,
                              .module_count = 1 };
    static struct link_reader reader;
    size_t found = 0, modules = 0;
    int pair[2], i, parts = 0;
    struct frame frame;

    (void)state;
    for (i = 0; i < RULES; i++)
        rules[i] = (struct ready_rule){ STR("GET"), STR("/some/{path}"),
                                        STR("m"), RULE_RESERVED };
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(ready_send(pair[0], &all), 0);
    link_reader_init(&reader, pair[1]);
    do {
        const unsigned char *payload;
        struct ready_part part;

        assert_int_equal(link_receive(&reader, &frame, &payload, 1000), 1);
        assert_int_equal(frame.type, FRAME_READY);
        assert_int_equal(ready_read(&part, payload, frame.length), 0);
        for (i = 0; i < (int)part.rule_count; i++)
            assert_true(str_is(part.rules[i].pattern, "/some/{path}"));
        found += part.rule_count;
        modules += part.module_count;
        ready_part_free(&part);
        parts++;
    } while (!(frame.flags & FRAME_LAST));
    assert_int_equal(found, RULES);
    assert_int_equal(modules, 1);
    assert_true(parts > 2);
    close(pair[0]);
    close(pair[1]);
}

static void a_descriptor_comes_with_its_label(void **state)
{
    int pair[2], fd;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    assert_int_equal(fd_send(pair[0], 0, 7), 0);
    assert_int_equal(fd_receive(&fd, pair[1], 7), 0);
    assert_true(fd > 2);
    close(fd);
    fd_send(pair[0], 0, 8);
    assert_int_equal(fd_receive(&fd, pair[1], 9), E_IO);
    close(pair[0]);
    assert_int_equal(fd_receive(&fd, pair[1], 9), E_IO);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_read_as_it_was_written),
        cmocka_unit_test(a_request_cut_anywhere_is_refused),
        cmocka_unit_test(a_message_that_does_not_fit_is_an_error),
        cmocka_unit_test(S28_an_answer_cannot_hold_a_second_line),
        cmocka_unit_test(a_frame_over_64_kib_is_refused),
        cmocka_unit_test(a_large_table_comes_in_parts),
        cmocka_unit_test(a_descriptor_comes_with_its_label),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
