/*
 * hosts.c - to the keeper with what other hosts shall hear.
 */
#include "base/banned.h"

#include "front/hosts.h"

#include "front/answer.h"
#include "front/state.h"
#include "ipc/frame.h"
#include "ipc/message.h"

/* While the keeper waits for a database that does not answer. */
enum { UNHEARD_MAX = 256 * 1024 };

static struct worker *keeper_of(struct front *front)
{
    struct worker *worker;

    for (worker = front->workers; worker; worker = worker->next)
        if (worker->seat->lane == LANE_KEEPER && worker->state == WORKER_IDLE &&
            !worker->retiring &&
            evbuffer_get_length(worker->output) < UNHEARD_MAX)
            return worker;
    return NULL;
}

static void say(struct worker *keeper, int kind, uint64_t user, struct str text)
{
    unsigned char bytes[256];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    put_u8(&writer, (uint8_t)kind);
    put_u64(&writer, user);
    put_str(&writer, text);
    if (!writer.failed)
        worker_say(keeper, FRAME_TELL, 0, 0, bytes, writer.used);
}

void hosts_tell(struct front *front, int kind, uint64_t user, struct str text)
{
    struct worker *keeper;

    if (strcmp(front->settings->store.driver, "postgresql") != 0)
        return;
    keeper = keeper_of(front);
    if (!keeper) { /* once there is one, the others ask for all anew */
        front->hosts_missed = true;
        return;
    }
    if (front->hosts_missed)
        say(keeper, HOST_ANEW, 0, STR(""));
    front->hosts_missed = false;
    say(keeper, kind, user, text);
}
