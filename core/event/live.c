/*
 * live.c - "ask again": events to open browsers, through the front.
 *
 * The same event many times in one commit goes out once: an import of a
 * thousand rows is one "records" event.
 */
#include "base/banned.h"

#include "event/live.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "store/db.h"

enum { FOLD_MAX = 64 };

struct live_event {
    const char *kind, *topic;
    int64_t user;
};

static live_transport send_event;

/* What has left since the commit of this number. */
static struct {
    uint64_t commit;
    int count;
    uint64_t hashes[FOLD_MAX];
} sent;

void live_transport_set(live_transport transport)
{
    send_event = transport;
}

static uint64_t event_hash(const struct live_event *event)
{
    uint64_t hash = 0xcbf29ce484222325u ^ (uint64_t)event->user;
    const char *texts[] = { event->kind, event->topic };
    size_t i;

    for (i = 0; i < 2; i++) {
        const char *p;

        for (p = texts[i]; *p; p++)
            hash = (hash ^ (unsigned char)*p) * 0x100000001b3u;
        hash *= 0x100000001b3u;
    }
    return hash;
}

static void send_once(struct ctx *ctx, void *argument)
{
    const struct live_event *event = argument;
    uint64_t hash = event_hash(event), commit = tx_number(ctx);
    int i;

    if (sent.commit != commit) {
        sent.commit = commit;
        sent.count = 0;
    }
    for (i = 0; i < sent.count; i++)
        if (sent.hashes[i] == hash)
            return;
    if (sent.count < FOLD_MAX)
        sent.hashes[sent.count++] = hash;
    if (send_event)
        send_event(event->kind, event->user, event->topic);
}

static void post(struct ctx *ctx, const char *kind, int64_t user,
                 const char *topic)
{
    struct live_event *event;

    if (!tx_active(ctx)) {
        if (send_event)
            send_event(kind, user, topic);
        return;
    }
    /* The commit may come when this context is over (atomic jobs). */
    event = arena_alloc(tx_arena(ctx), sizeof *event);
    *event =
        (struct live_event){ kind, arena_strdup(tx_arena(ctx), topic), user };
    tx_after_commit(ctx, send_once, event);
}

void live_send(struct ctx *ctx, int64_t user, const char *topic)
{
    post(ctx, "event", user, topic);
}

void live_end(struct ctx *ctx, int64_t user, const char *session_hash)
{
    post(ctx, "end", user, session_hash ? session_hash : "");
}

void live_wake_jobs(struct ctx *ctx)
{
    post(ctx, "wake", 0, "jobs");
}
