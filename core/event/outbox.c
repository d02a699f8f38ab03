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
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "base/value.h"
#include "event/incident.h"
#include "event/live.h"
#include "event/work.h"
#include "ipc/slot.h"
#include "store/db.h"

struct subscriber {
    const char *topic, *name;
    outbox_call call;
    void *payload;
};

struct delivery {
    int64_t id, outbox, subject;
    int attempt;
    bool only; /* the event has no other */
    const char *subscriber, *topic, *data;
    int rc;
    const char *error;
};

static struct arena *registry;
static struct vector subscribers;

void outbox_subscribe(const char *topic, const char *subscriber,
                      outbox_call call, void *payload)
{
    struct subscriber *entry;

    if (!registry) {
        registry = arena_new(0);
        vector_init(&subscribers, registry);
    }
    entry = arena_alloc(registry, sizeof *entry);
    *entry = (struct subscriber){ arena_strdup(registry, topic),
                                  arena_strdup(registry, subscriber), call,
                                  payload };
    vector_add(&subscribers, entry);
}

static bool hears(const struct subscriber *subscriber, const char *topic)
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
};

/* Whether it is worth a transaction: 1 or 0. */
static int any_fresh(struct ctx *ctx)
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

/* Writes one delivery, already claimed by this process: another commit only
 * to claim it would cost as much as writing it. */
static int add_delivery(struct vector *list, struct ctx *ctx,
                        const struct fresh *fresh,
                        const struct subscriber *subscriber)
{
    struct delivery *delivery = arena_alloc(ctx->arena, sizeof *delivery);

    *delivery = (struct delivery){
        .id = id_next(),
        .outbox = fresh->id,
        .subject = fresh->subject,
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
                   db_now(ctx), db_now(ctx) + WORK_SECONDS * 1000,
                   (int64_t)getpid(), work_host());
}

static int spread(struct vector *list, struct ctx *ctx,
                  const struct fresh *fresh)
{
    size_t i, before = list->count;
    int rc = 0;

    for (i = 0; i < subscribers.count && !rc; i++) {
        const struct subscriber *subscriber = subscribers.items[i];

        if (hears(subscriber, fresh->topic))
            rc = add_delivery(list, ctx, fresh, subscriber);
    }
    if (list->count == before + 1)
        ((struct delivery *)list->items[before])->only = true;
    return rc;
}

static int spread_each(struct vector *list, struct ctx *ctx,
                       const struct fresh *fresh, int count)
{
    int64_t *heard = arena_array(ctx->arena, (size_t)count, sizeof *heard);
    int64_t *unheard = arena_array(ctx->arena, (size_t)count, sizeof *unheard);
    size_t hearing = 0, others = 0;
    int i, rc = 0;

    for (i = 0; i < count && !rc; i++) {
        size_t before = list->count;

        rc = spread(list, ctx, &fresh[i]);
        if (list->count > before)
            heard[hearing++] = fresh[i].id;
        else
            unheard[others++] = fresh[i].id;
    }
    if (!rc)
        rc = db_post_ids(ctx,
                         "UPDATE event_outbox SET state = 1 "
                         "WHERE id IN " DB_IDS,
                         heard, hearing, 0);
    return rc ? rc
              : db_post_ids(ctx, "DELETE FROM event_outbox WHERE id IN " DB_IDS,
                            unheard, others, 0);
}

/* New events; their deliveries are added to the list. */
static int spread_all(struct vector *list, struct ctx *ctx, int most)
{
    size_t before = list->count;
    struct fresh *fresh;
    int count, rc;

    rc = any_fresh(ctx);
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

/* ---- delivering ---- */

enum { FIXED = 2, SQL_MAX = 64 * 1024 };

/* `before` (?3, ?4, …) `after`: the subscribers of this process. */
static const char *with_subscribers(struct ctx *ctx, const char *before,
                                    const char *after)
{
    struct buf buf;
    size_t i;

    buf_init(&buf, ctx->arena, SQL_MAX);
    buf_add_text(&buf, before);
    buf_add_text(&buf, "(NULL");
    for (i = 0; i < subscribers.count; i++)
        buf_addf(&buf, ", ?%d", (int)i + FIXED + 1);
    buf_add_text(&buf, ")");
    buf_add_text(&buf, after);
    return buf_text(&buf);
}

/* Two numbers, then their names. */
static int ask_known(struct query **out, struct ctx *ctx, const char *sql,
                     int64_t first, int64_t second)
{
    size_t i, count = FIXED + subscribers.count;
    const struct value **values =
        arena_array(ctx->arena, count, sizeof *values);

    values[0] = value_int(ctx->arena, first);
    values[1] = value_int(ctx->arena, second);
    for (i = 0; i < subscribers.count; i++) {
        const struct subscriber *subscriber = subscribers.items[i];

        values[FIXED + i] = value_text(ctx->arena, subscriber->name);
    }
    return db_query_values(out, ctx, sql, values, count);
}

/* Whether it is worth a transaction: 1 or 0. */
static int any_due(struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    int rc = ask_known(
        &query, ctx,
        with_subscribers(
            ctx,
            "SELECT 1 FROM event_delivery WHERE state = 0 AND due <= ?1 AND "
            "subscriber IN ",
            with_subscribers(ctx,
                             " UNION ALL SELECT 1 FROM event_delivery WHERE "
                             "state = 1 AND lease < ?1 AND subscriber IN ",
                             " LIMIT ?2")),
        db_now(ctx), 1);

    return rc ? rc : query_next(query);
}

static int read_due(struct vector *list, struct ctx *ctx, int most)
{
    QUERY_AUTO *query = NULL;
    int rc;

    rc = ask_known(
        &query, ctx,
        with_subscribers(
            ctx,
            "SELECT d.id, d.outbox, d.attempt, d.subscriber, o.topic, "
            "o.subject, o.data FROM event_delivery d "
            "JOIN event_outbox o ON o.id = d.outbox "
            "WHERE (d.state = 0 AND d.due <= ?1 OR "
            "d.state = 1 AND d.lease < ?1) AND d.subscriber IN ",
            " ORDER BY d.due LIMIT ?2 FOR UPDATE SKIP LOCKED"),
        db_now(ctx), most);
    if (rc)
        return rc;
    while ((rc = query_next(query)) > 0) {
        struct delivery *delivery = arena_alloc(ctx->arena, sizeof *delivery);

        *delivery = (struct delivery){
            .id = query_int(query, 0),
            .outbox = query_int(query, 1),
            .attempt = (int)query_int(query, 2) + 1,
            .subscriber = query_copy(query, 3),
            .topic = query_copy(query, 4),
            .subject = query_int(query, 5),
            .data = query_copy(query, 6),
        };
        vector_add(list, delivery);
    }
    return rc;
}

/* Claims repetitions that are due. */
static int claim(struct vector *list, struct ctx *ctx, int most)
{
    int64_t lease = db_now(ctx) + WORK_SECONDS * 1000;
    struct vector due;
    size_t i;
    int rc = any_due(ctx);

    if (rc <= 0)
        return rc;
    rc = tx_begin_shared(ctx, "claim deliveries");
    if (rc)
        return rc;
    vector_init(&due, ctx->arena);
    rc = read_due(&due, ctx, most);
    for (i = 0; i < due.count && !rc; i++) {
        const struct delivery *delivery = due.items[i];

        rc = db_post(ctx,
                     "UPDATE event_delivery SET state = 1, attempt = ?2, "
                     "lease = ?3, owner = ?4, host = ?5 WHERE id = ?1",
                     "iiiis", delivery->id, (int64_t)delivery->attempt, lease,
                     (int64_t)getpid(), work_host());
    }
    rc = tx_end(ctx, rc);
    for (i = 0; i < due.count && !rc; i++)
        vector_add(list, due.items[i]);
    return rc;
}

static const struct subscriber *find_subscriber(const struct delivery *delivery)
{
    size_t i;

    for (i = 0; i < subscribers.count; i++) {
        const struct subscriber *subscriber = subscribers.items[i];

        if (strcmp(subscriber->name, delivery->subscriber) == 0 &&
            hears(subscriber, delivery->topic))
            return subscriber;
    }
    return NULL;
}

static void deliver(struct ctx *ctx, struct delivery *delivery)
{
    const struct subscriber *subscriber = find_subscriber(delivery);
    const struct value *data;
    struct ctx own;
    char key[32];

    if (!subscriber || delivery->attempt > WORK_ATTEMPTS) {
        delivery->rc = E_UNAVAILABLE;
        delivery->error = subscriber ? "the process that delivered it ended"
                                     : "nobody of that name listens";
        return;
    }
    snprintf(key, sizeof key, "%lld", (long long)delivery->id);
    work_begin(&own, ctx, NULL, WORK_SECONDS / 2);
    slot_begin(delivery->subscriber, WORK_SECONDS * 1000);
    delivery->rc = work_data(&data, &own, delivery->data);
    if (!delivery->rc)
        delivery->rc =
            subscriber->call(&own, key, delivery->topic, delivery->subject,
                             data, subscriber->payload);
    if (delivery->rc)
        delivery->error = work_error(&own, ctx);
    slot_finish();
    work_end(&own, false);
}

static int settle(struct ctx *ctx, const struct delivery *delivery)
{
    bool last = delivery->attempt >= WORK_ATTEMPTS;
    int64_t locked;
    int rc;

    if (delivery->rc == 0) {
        /* Two hosts may each settle one of the last two: the second must
         * see that the first is gone. */
        rc = db_int(&locked, ctx,
                    "SELECT id FROM event_outbox WHERE id = ?1 FOR UPDATE", "i",
                    delivery->outbox);
        if (!rc || rc == E_NOT_FOUND)
            rc = db_post(ctx, "DELETE FROM event_delivery WHERE id = ?1", "i",
                         delivery->id);
        if (rc)
            return rc;
        return db_post(ctx,
                       "DELETE FROM event_outbox WHERE id = ?1 AND NOT EXISTS "
                       "(SELECT 1 FROM event_delivery WHERE outbox = ?1)",
                       "i", delivery->outbox);
    }
    rc = db_post(ctx,
                 "UPDATE event_delivery SET state = ?2, due = ?3, error = ?4 "
                 "WHERE id = ?1",
                 "iiis", delivery->id, (int64_t)(last ? 2 : 0),
                 db_now(ctx) + (last ? 0 : work_wait(delivery->attempt)),
                 delivery->error);
    if (rc || !last)
        return rc;
    return incident_of_delivery(ctx, delivery->id, delivery->subscriber,
                                delivery->topic, delivery->error);
}

/* Events whose only delivery is done, with it. */
static int settle_only(struct ctx *ctx, const struct vector *list)
{
    int64_t *ids = arena_array(ctx->arena, list->count, sizeof *ids);
    int64_t *events = arena_array(ctx->arena, list->count, sizeof *events);
    size_t i, count = 0;
    int rc;

    for (i = 0; i < list->count; i++) {
        const struct delivery *delivery = list->items[i];

        if (delivery->only && delivery->rc == 0) {
            ids[count] = delivery->id;
            events[count++] = delivery->outbox;
        }
    }
    rc = db_post_ids(ctx, "DELETE FROM event_delivery WHERE id IN " DB_IDS, ids,
                     count, 0);
    return rc ? rc
              : db_post_ids(ctx, "DELETE FROM event_outbox WHERE id IN " DB_IDS,
                            events, count, 0);
}

static int deliver_all(struct ctx *ctx, const struct vector *list)
{
    size_t i;
    int rc;

    for (i = 0; i < list->count; i++) {
        struct delivery *delivery = list->items[i];

        deliver(ctx, delivery);
        if (delivery->rc)
            log_ctx(ctx, LOG_WARN, "outbox.failed", "subscriber",
                    delivery->subscriber, "topic", delivery->topic, "attempt",
                    log_int(delivery->attempt), "error", delivery->error, NULL);
    }
    rc = tx_begin_shared(ctx, "settle deliveries");
    if (rc)
        return rc;
    rc = settle_only(ctx, list);
    for (i = 0; i < list->count && !rc; i++) {
        const struct delivery *delivery = list->items[i];

        if (!delivery->only || delivery->rc)
            rc = settle(ctx, delivery);
    }
    return tx_end(ctx, rc);
}

int outbox_deliver(struct ctx *ctx, int most)
{
    static bool freed;
    struct vector list;
    int count = 0, rc = 0;

    if (!freed)
        rc = work_free_dead(ctx, "event_delivery");
    freed = true;
    /* Repetitions go one by one: one that kills its process must not count
     * as an attempt of the others. */
    while (!rc && count < most) {
        vector_init(&list, ctx->arena);
        rc = claim(&list, ctx, 1);
        if (rc || list.count == 0)
            break;
        rc = deliver_all(ctx, &list);
        count++;
    }
    vector_init(&list, ctx->arena);
    if (!rc && count < most)
        rc = spread_all(&list, ctx, most - count);
    if (!rc && list.count)
        rc = deliver_all(ctx, &list);
    return rc ? rc : count + (int)list.count;
}

int outbox_next_due(int64_t *due, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    int rc = any_fresh(ctx);

    *due = rc > 0 ? db_now(ctx) : INT64_MAX;
    if (rc)
        return rc < 0 ? rc : 0;
    rc = ask_known(
        &query, ctx,
        with_subscribers(ctx,
                         "SELECT due FROM event_delivery WHERE state = 0 AND "
                         "due >= ?1 AND due < ?2 AND subscriber IN ",
                         " ORDER BY due LIMIT 1"),
        0, INT64_MAX);
    if (!rc)
        rc = query_next(query);
    if (rc > 0)
        *due = query_int(query, 0);
    return rc < 0 ? rc : 0;
}
