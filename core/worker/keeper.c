/*
 * keeper.c - the keeper's life: store/keeper.h does the work, the loop hears
 * the front.
 */
#include "base/banned.h"

#include "store/keeper.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/log.h"
#include "ipc/link.h"
#include "store/hosts.h"
#include "worker/internal.h"

struct hearing {
    struct process *process;
    struct loop *loop;
    struct ctx *ctx; /* keeper_run's, while it calls back */
};

static int nothing_to_load(void *self, struct ready_part *ready,
                           const char **reason)
{
    (void)self;
    (void)ready;
    (void)reason;
    return 0;
}

/* The keeper gets no requests; should one come, it is refused. */
static void no_pages(void *self, const struct call *call, struct give *give)
{
    (void)self;
    (void)call;
    give->status = 404;
}

static void command(void *self, struct str line, struct buf *answer)
{
    struct hearing *hearing = self;
    struct ctx *ctx = hearing->ctx;
    struct value *asked, *told;

    if (!ctx || json_parse(&asked, ctx, line.data, line.length)) {
        buf_add_text(answer, "{\"ok\":false,\"error\":\"no command\"}");
        return;
    }
    keeper_command(&told, ctx, asked);
    json_write(answer, told);
}

static void told(void *self, int kind, int64_t user, struct str text)
{
    const struct hearing *hearing = self;

    if (hearing->ctx)
        hosts_tell_others(hearing->ctx, kind, user, text);
}

static bool ready(struct ctx *ctx, void *payload)
{
    struct hearing *hearing = payload;
    bool goes_on;

    hearing->ctx = ctx;
    goes_on = loop_drain(hearing->loop);
    hearing->ctx = NULL;
    return goes_on;
}

/* From the thread that syncs. */
static void durable(void *payload, uint64_t number, bool failed)
{
    unsigned char bytes[16];
    struct writer writer;

    (void)payload;
    writer_init(&writer, bytes, sizeof bytes);
    put_u64(&writer, number);
    put_u64(&writer, failed);
    link_send(LINK_STREAM, FRAME_DURABLE, 0, 0, bytes, writer.used);
}

int keeper_life(struct process *process)
{
    struct hearing hearing = { .process = process };
    struct worker_program program = {
        .self = &hearing,
        .start = nothing_to_load,
        .handle = no_pages,
        .command = command,
        .told = told,
    };
    struct keeper_link link = { .fd = LINK_STREAM,
                                .ready = ready,
                                .durable = durable,
                                .payload = &hearing };
    int code, rc;

    hearing.loop = loop_open(&program, 0, &code);
    if (!hearing.loop)
        return code;
    rc = keeper_run(process->ctx, &link);
    loop_close(hearing.loop);
    if (rc == 0)
        return EXIT_PLANNED;
    log_event(LOG_ERROR, "keeper.failed", "error", ctx_error(process->ctx),
              NULL);
    return EXIT_SICK;
}
