/*
 * fuzz_frames.c - what a worker may say: frames, messages, ready tables, and
 * a slot full of nonsense.
 */
#include "base/banned.h"

#include <assert.h>
#include <stdint.h>

#include "ipc/frame.h"
#include "ipc/message.h"
#include "ipc/ready.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_messages(const uint8_t *data, size_t size)
{
    static struct request_message request;
    static struct answer_message answer;
    struct ready_part ready;
    size_t i;

    if (request_read(&request, data, size) == 0) {
        unsigned char *again = malloc(size + 1);
        struct writer writer;

        writer_init(&writer, again, size);
        /* What was read can be written, and gives the same bytes but for the
         * one that is a truth value. */
        assert(request_write(&writer, &request) == 0);
        assert(writer.used == size);
        free(again);
    }
    if (answer_read(&answer, data, size) == 0) {
        assert(answer.status >= 200 && answer.status <= 599);
        for (i = 0; i < answer.field_count; i++)
            assert(field_value_valid(answer.fields[i].value) &&
                   token_valid(answer.fields[i].name));
    }
    if (ready_read(&ready, data, size) == 0) {
        assert(ready.rule_count + ready.mount_count + ready.module_count <=
               READY_PART_MAX);
        ready_part_free(&ready);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frame frame;

    if (size >= FRAME_HEADER && frame_read(&frame, data) == 0) {
        unsigned char again[FRAME_HEADER];

        assert(frame.length <= FRAME_PAYLOAD_MAX);
        frame_write(again, &frame);
        assert(memcmp(again, data, FRAME_HEADER) == 0);
    }
    fuzz_messages(data, size);
    return 0;
}
