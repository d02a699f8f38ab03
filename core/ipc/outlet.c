/*
 * outlet.c - frames that belong to no request.
 */
#include "base/banned.h"

#include "ipc/outlet.h"

#include "base/ctx.h"
#include "ipc/link.h"
#include "ipc/message.h"

static struct {
    int fd;
    uint64_t (*begun)(void);
} outlet = { -1, NULL };

void outlet_set(int fd, uint64_t (*begun)(void))
{
    outlet.fd = fd;
    outlet.begun = begun;
}

static int say(int type, const struct writer *writer)
{
    if (outlet.fd < 0)
        return E_NOT_FOUND;
    if (writer && writer->failed)
        return E_LIMIT;
    return link_send(outlet.fd, type, 0, 0, writer ? writer->data : NULL,
                     writer ? writer->used : 0);
}

int outlet_event(int64_t user, const char *topic)
{
    unsigned char bytes[256];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    put_u64(&writer, outlet.begun ? outlet.begun() : 0);
    put_u64(&writer, (uint64_t)user);
    put_text(&writer, topic);
    return say(FRAME_EVENT, &writer);
}

int outlet_end_streams(int64_t user, const char *session)
{
    unsigned char bytes[256];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    put_u64(&writer, (uint64_t)user);
    put_text(&writer, session);
    return say(FRAME_STREAM_END, &writer);
}

int outlet_wake(void)
{
    return say(FRAME_WAKE, NULL);
}

int outlet_reload(void)
{
    return say(FRAME_RELOAD, NULL);
}
