/*
 * outbox.c - what is to be told after the commit.
 *
 * A row is written with what it tells of; the jobs lane makes one delivery
 * row per subscriber (so that one's failure repeats it alone) and drops the
 * event when the last delivery is done. At least once: a process that dies
 * between a subscriber's success and the row's removal delivers again, with
 * the same key.
 */
#include "base/banned.h"

#include "event/outbox.h"

#include <assert.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/map.h"
#include "base/str.h"
#include "base/value.h"
#include "event/live.h"
#include "event/outbox_internal.h"
#include "event/work.h"
#include "store/db.h"

static struct arena *registry;
static struct vector subscribers;

const struct vector *outbox_subscribers(void)
{
    return &subscribers;
}

void outbox_subscribe(const struct outbox_subscriber *subscriber)
{
    struct outbox_subscriber *copy;

    if (!registry) {
        registry = arena_new(0);
        vector_init(&subscribers, registry);
    }
    copy = arena_memdup(registry, subscriber, sizeof *subscriber);
    copy->topic = arena_strdup(registry, subscriber->topic);
    copy->name = arena_strdup(registry, subscriber->name);
    vector_add(&subscribers, copy);
}

bool outbox_hears(const struct outbox_subscriber *subscriber, const char *topic)
{
    return strcmp(subscriber->topic, "*") == 0 ||
           strcmp(subscriber->topic, topic) == 0;
}

int outbox_put(struct ctx *ctx, const char *topic, int64_t subject,
               const struct value *data)
{
    int rc;

    assert(tx_active(ctx));
    rc = db_post(ctx,
                 "INSERT INTO event_outbox (id, topic, subject, data, at) "
                 "VALUES (?1, ?2, ?3, ?4, ?5)",
                 "isisi", id_next(), topic, subject,
                 data ? json_text(ctx->arena, data) : NULL, db_now(ctx));
    if (!rc)
        live_wake_jobs(ctx);
    return rc;
}

/* ---- one row per subscriber ---- */

struct fresh {
    int64_t id, subject;
    const char *topic, *data;
    const struct value *parsed; /* read when a subscriber wants to see it */
};

int outbox_any_fresh(struct ctx *ctx)
{
    int64_t one;
    int rc = db_int(&one, ctx,
                    "SELECT 1 FROM event_outbox WHERE state = 0 LIMIT 1", "");

    return rc == E_NOT_FOUND ? 0 : rc ? rc : 1;
}

/* What another process has in hand is passed over. */
static int read_fresh(struct fresh **out, int *count, struct ctx *ctx, int most)
{
    struct fresh *list = arena_array(ctx->arena, (size_t)most, sizeof *list);
    QUERY_AUTO *query = NULL;
    int rc;

    *count = 0;
    *out = list;
    rc = db_query(&query, ctx,
                  "SELECT id, topic, subject, data FROM event_outbox "
                  "WHERE state = 0 ORDER BY id LIMIT ?1 FOR UPDATE SKIP LOCKED",
                  "i", (int64_t)most);
    if (rc)
        return rc;
    while ((rc = query_next(query)) > 0)
        list[(*count)++] = (struct fresh){
            .id = query_int(query, 0),
            .topic = query_copy(query, 1),
            .subject = query_int(query, 2),
            .data = query_copy(query, 3),
        };
    return rc;
}

/* Who did not load here may be loaded by another host, or come back. */
static int hold(struct ctx *ctx, const struct fresh *fresh,
                const struct outbox_subscriber *subscriber)
{
    return db_post(ctx,
                   "INSERT INTO event_delivery (id, outbox, subscriber, due, "
                   "state) VALUES (?1, ?2, ?3, ?4, 3)",
                   "iisi", id_next(), fresh->id, subscriber->name, db_now(ctx));
}

/* Writes one delivery, already claimed by this process: another commit only
 * to claim it would cost as much as writing it. */
static int add_delivery(struct vector *list, struct ctx *ctx,
                        const struct fresh *fresh,
                        const struct outbox_subscriber *subscriber,
                        int64_t lease)
{
    struct delivery *delivery = arena_alloc(ctx->arena, sizeof *delivery);

    *delivery = (struct delivery){
        .id = id_next(),
        .outbox = fresh->id,
        .subject = fresh->subject,
        .lease = lease,
        .attempt = 1,
        .subscriber = subscriber->name,
        .topic = fresh->topic,
        .data = fresh->data,
    };
    vector_add(list, delivery);
    return db_post(ctx,
                   "INSERT INTO event_delivery (id, outbox, subscriber, due, "
                   "state, attempt, lease, owner, host) "
                   "VALUES (?1, ?2, ?3, ?4, 1, 1, ?5, ?6, ?7)",
                   "iisiiis", delivery->id, fresh->id, subscriber->name,
                   db_now(ctx), lease, (int64_t)getpid(), work_host());
}

static bool wants(struct ctx *ctx, struct fresh *fresh,
                  const struct outbox_subscriber *subscriber)
{
    if (!outbox_hears(subscriber, fresh->topic))
        return false;
    if (!subscriber->wants)
        return true;
    if (!fresh->parsed && work_data(&fresh->parsed, ctx, fresh->data)) {
        ctx_clear(ctx); /* its delivery will say so */
        return true;
    }
    return subscriber->wants(fresh->parsed, subscriber->payload);
}

/* Returns how many hear of it, or negative. */
static int spread(struct vector *list, struct ctx *ctx, struct fresh *fresh,
                  int64_t lease)
{
    size_t i, before = list->count;
    int hearing = 0, rc = 0;

    for (i = 0; i < subscribers.count && !rc; i++) {
        const struct outbox_subscriber *subscriber = subscribers.items[i];

        if (!wants(ctx, fresh, subscriber))
            continue;
        hearing++;
        rc = subscriber->call
                 ? add_delivery(list, ctx, fresh, subscriber, lease)
                 : hold(ctx, fresh, subscriber);
    }
    if (rc)
        return rc;
    if (hearing == 1 && list->count == before + 1)
        ((struct delivery *)list->items[before])->only = true;
    return hearing;
}

static int spread_each(struct vector *list, struct ctx *ctx,
                       struct fresh *fresh, int count)
{
    int64_t *heard = arena_array(ctx->arena, (size_t)count, sizeof *heard);
    int64_t *unheard = arena_array(ctx->arena, (size_t)count, sizeof *unheard);
    size_t hearing = 0, others = 0;
    int64_t lease = db_now(ctx) + WORK_LEASE_MS;
    int i, rc = 0;

    for (i = 0; i < count; i++) {
        rc = spread(list, ctx, &fresh[i], lease);
        if (rc < 0)
            return rc;
        if (rc > 0)
            heard[hearing++] = fresh[i].id;
        else
            unheard[others++] = fresh[i].id;
    }
    rc = db_post_ids(ctx,
                     "UPDATE event_outbox SET state = 1 "
                     "WHERE id IN " DB_IDS,
                     heard, hearing, 0);
    return rc ? rc
              : db_post_ids(ctx, "DELETE FROM event_outbox WHERE id IN " DB_IDS,
                            unheard, others, 0);
}

int outbox_spread(struct vector *list, struct ctx *ctx, int most)
{
    size_t before = list->count;
    struct fresh *fresh;
    int count, rc;

    rc = outbox_any_fresh(ctx);
    if (rc <= 0)
        return rc;
    rc = tx_begin_shared(ctx, "outbox");
    if (rc)
        return rc;
    rc = read_fresh(&fresh, &count, ctx, most);
    if (!rc && count)
        rc = spread_each(list, ctx, fresh, count);
    rc = tx_end(ctx, rc);
    if (rc)
        list->count = before;
    return rc;
}

/* ---- who comes back, and who does not ---- */

int outbox_held(int64_t *count, struct ctx *ctx, const char *subscriber)
{
    return db_int(count, ctx,
                  "SELECT count(*) FROM event_delivery WHERE state = 3 AND "
                  "subscriber = ?1",
                  "s", subscriber);
}

/* What has failed stays: an incident is about it. */
int outbox_forget(struct ctx *ctx, const char *subscriber)
{
    int rc = db_exec(ctx,
                     "DELETE FROM event_delivery WHERE subscriber = ?1 AND "
                     "state IN (0, 3)",
                     "s", subscriber);

    return rc ? rc
              : db_exec(ctx,
                        "DELETE FROM event_outbox WHERE state = 1 AND NOT "
                        "EXISTS (SELECT 1 FROM event_delivery d WHERE "
                        "d.outbox = event_outbox.id)",
                        "");
}
