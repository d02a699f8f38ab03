/*
 * frame.c - the 16 bytes in front of each payload.
 */
#include "base/banned.h"

#include "ipc/frame.h"

#include "base/ctx.h"

void frame_write(unsigned char out[FRAME_HEADER], const struct frame *frame)
{
    memcpy(out, &frame->length, 4);
    memcpy(out + 4, &frame->type, 2);
    memcpy(out + 6, &frame->flags, 2);
    memcpy(out + 8, &frame->id, 8);
}

int frame_read(struct frame *out, const unsigned char in[FRAME_HEADER])
{
    struct frame frame;

    memcpy(&frame.length, in, 4);
    memcpy(&frame.type, in + 4, 2);
    memcpy(&frame.flags, in + 6, 2);
    memcpy(&frame.id, in + 8, 8);
    if (frame.length > FRAME_PAYLOAD_MAX ||
        (frame.flags & ~(FRAME_LAST | FRAME_SPOOLED | FRAME_RECYCLE |
                         FRAME_SPENT | FRAME_AHEAD)))
        return E_INVALID;
    *out = frame;
    return 0;
}
