/*
 * outbox_deliver.c - one round of telling: what is due again, what was held
 * for somebody who is back, what is new.
 */
#include "base/banned.h"

#include "event/outbox.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "base/value.h"
#include "event/incident.h"
#include "event/outbox_internal.h"
#include "event/work.h"
#include "ipc/slot.h"
#include "store/db.h"

enum { FIXED = 2, SQL_MAX = 64 * 1024 };

/* `before` (?3, ?4, …) `after`: the subscribers of this process. */
static const char *with_subscribers(struct ctx *ctx, const char *before,
                                    const char *after)
{
    const struct vector *subscribers = outbox_subscribers();
    struct buf buf;
    size_t i;
    int number = FIXED;

    buf_init(&buf, ctx->arena, SQL_MAX);
    buf_add_text(&buf, before);
    buf_add_text(&buf, "(NULL");
    for (i = 0; i < subscribers->count; i++)
        if (((const struct outbox_subscriber *)subscribers->items[i])->call)
            buf_addf(&buf, ", ?%d", ++number);
    buf_add_text(&buf, ")");
    buf_add_text(&buf, after);
    return buf_text(&buf);
}

/* Two numbers, then their names. */
static int ask_known(struct query **out, struct ctx *ctx, const char *sql,
                     int64_t first, int64_t second)
{
    const struct vector *subscribers = outbox_subscribers();
    size_t i, count = FIXED;
    const struct value **values =
        arena_array(ctx->arena, count + subscribers->count, sizeof *values);

    values[0] = value_int(ctx->arena, first);
    values[1] = value_int(ctx->arena, second);
    for (i = 0; i < subscribers->count; i++) {
        const struct outbox_subscriber *subscriber = subscribers->items[i];

        if (subscriber->call)
            values[count++] = value_text(ctx->arena, subscriber->name);
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

/* 1 or 0: something is held for who is here now. */
static int any_held(struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    int rc = ask_known(
        &query, ctx,
        with_subscribers(ctx,
                         "SELECT 1 FROM event_delivery WHERE state = 3 AND "
                         "due <= ?1 AND subscriber IN ",
                         " LIMIT ?2"),
        db_now(ctx), 1);

    return rc ? rc : query_next(query);
}

#define DELIVERY_COLUMNS                                                       \
    "SELECT d.id, d.outbox, d.attempt, d.subscriber, o.topic, o.subject, "     \
    "o.data FROM event_delivery d JOIN event_outbox o ON o.id = d.outbox "

static int read_rows(struct vector *list, struct ctx *ctx, struct query *query)
{
    int rc;

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

static int read_due(struct vector *list, struct ctx *ctx, int most)
{
    QUERY_AUTO *query = NULL;
    int rc = ask_known(
        &query, ctx,
        with_subscribers(ctx,
                         DELIVERY_COLUMNS
                         "WHERE (d.state = 0 AND d.due <= ?1 OR "
                         "d.state = 1 AND d.lease < ?1) AND d.subscriber IN ",
                         " ORDER BY d.due LIMIT ?2 FOR UPDATE SKIP LOCKED"),
        db_now(ctx), most);

    return rc ? rc : read_rows(list, ctx, query);
}

/* Of one subscriber after the other, so that the index gives them in order. */
static int read_held(struct vector *list, struct ctx *ctx, int most)
{
    const struct vector *subscribers = outbox_subscribers();
    size_t i;
    int rc = 0;

    for (i = 0; i < subscribers->count && !rc && (int)list->count < most; i++) {
        const struct outbox_subscriber *subscriber = subscribers->items[i];
        QUERY_AUTO *query = NULL;

        if (!subscriber->call)
            continue;
        rc = db_query(&query, ctx,
                      DELIVERY_COLUMNS
                      "WHERE d.state = 3 AND d.subscriber = ?1 "
                      "ORDER BY d.id LIMIT ?2 FOR UPDATE SKIP LOCKED",
                      "si", subscriber->name, (int64_t)(most - list->count));
        if (!rc)
            rc = read_rows(list, ctx, query);
    }
    return rc;
}

typedef int (*asked)(struct ctx *ctx);
typedef int (*reader)(struct vector *list, struct ctx *ctx, int most);

/* Claims deliveries that `read` finds, where `any` says that there are some. */
static int claim(struct vector *list, struct ctx *ctx, asked any, reader read,
                 int most)
{
    int64_t lease = db_now(ctx) + WORK_LEASE_MS;
    struct vector due;
    size_t i;
    int rc = any(ctx);

    if (rc <= 0)
        return rc;
    rc = tx_begin_shared(ctx, "claim deliveries");
    if (rc)
        return rc;
    vector_init(&due, ctx->arena);
    rc = read(&due, ctx, most);
    for (i = 0; i < due.count && !rc; i++) {
        struct delivery *delivery = due.items[i];

        delivery->lease = lease;
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

static const struct outbox_subscriber *find_subscriber(
    const struct delivery *delivery)
{
    const struct vector *subscribers = outbox_subscribers();
    size_t i;

    for (i = 0; i < subscribers->count; i++) {
        const struct outbox_subscriber *subscriber = subscribers->items[i];

        if (subscriber->call &&
            strcmp(subscriber->name, delivery->subscriber) == 0 &&
            outbox_hears(subscriber, delivery->topic))
            return subscriber;
    }
    return NULL;
}

static void deliver(struct ctx *ctx, struct delivery *delivery)
{
    const struct outbox_subscriber *subscriber = find_subscriber(delivery);
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

/* Whether a delivery is this process's still: for what settles it. */
#define OURS "state = 1 AND +lease = "

static int settle_done(struct ctx *ctx, const struct delivery *delivery)
{
    int64_t locked;
    /* Two hosts may each settle one of the last two: the second must see that
     * the first is gone. */
    int rc = db_int(&locked, ctx,
                    "SELECT id FROM event_outbox WHERE id = ?1 FOR UPDATE", "i",
                    delivery->outbox);

    if (!rc || rc == E_NOT_FOUND)
        rc = db_post(ctx,
                     "DELETE FROM event_delivery WHERE id = ?1 AND " OURS "?2",
                     "ii", delivery->id, delivery->lease);
    if (rc)
        return rc;
    return db_post(ctx,
                   "DELETE FROM event_outbox WHERE id = ?1 AND NOT EXISTS "
                   "(SELECT 1 FROM event_delivery WHERE outbox = ?1)",
                   "i", delivery->outbox);
}

static int settle_failed(struct ctx *ctx, const struct delivery *delivery)
{
    bool last = delivery->attempt >= WORK_ATTEMPTS;
    int rc =
        db_exec(ctx,
                "UPDATE event_delivery SET state = ?2, due = ?3, error = ?4 "
                "WHERE id = ?1 AND " OURS "?5",
                "iiisi", delivery->id, (int64_t)(last ? 2 : 0),
                db_now(ctx) + (last ? 0 : work_wait(delivery->attempt)),
                delivery->error, delivery->lease);

    if (rc || !last || db_changes(ctx) == 0)
        return rc;
    return incident_of_delivery(ctx, delivery->id, delivery->subscriber,
                                delivery->topic, delivery->error);
}

/* What was claimed and not told: anybody's, with all its attempts. */
static int give_back(struct ctx *ctx, const struct delivery *delivery)
{
    return db_post(ctx,
                   "UPDATE event_delivery SET state = 0, attempt = ?2 "
                   "WHERE id = ?1 AND " OURS "?3",
                   "iii", delivery->id, (int64_t)delivery->attempt - 1,
                   delivery->lease);
}

/* Claimed together; the first `told` of them have been told. */
struct round {
    const struct vector *list;
    size_t told;
};

/* Events whose only delivery is done, with it. */
static int settle_only(struct ctx *ctx, const struct round *round)
{
    int64_t *ids = arena_array(ctx->arena, round->told, sizeof *ids);
    int64_t *events = arena_array(ctx->arena, round->told, sizeof *events);
    int64_t lease = 0;
    size_t i, count = 0;
    int rc;

    for (i = 0; i < round->told; i++) {
        const struct delivery *delivery = round->list->items[i];

        if (delivery->only && delivery->rc == 0) {
            ids[count] = delivery->id;
            events[count++] = delivery->outbox;
            lease = delivery->lease;
        }
    }
    rc = db_post_ids(ctx,
                     "DELETE FROM event_delivery WHERE id IN " DB_IDS
                     " AND " OURS "?17",
                     ids, count, lease);
    return rc ? rc
              : db_post_ids(ctx,
                            "DELETE FROM event_outbox WHERE id IN " DB_IDS
                            " AND NOT EXISTS (SELECT 1 FROM event_delivery "
                            "WHERE outbox = event_outbox.id)",
                            events, count, 0);
}

static int settle_round(struct ctx *ctx, void *argument)
{
    const struct round *round = argument;
    size_t i;
    int rc = settle_only(ctx, round);

    for (i = 0; i < round->list->count && !rc; i++) {
        const struct delivery *delivery = round->list->items[i];

        if (i >= round->told)
            rc = give_back(ctx, delivery);
        else if (delivery->rc)
            rc = settle_failed(ctx, delivery);
        else if (!delivery->only)
            rc = settle_done(ctx, delivery);
    }
    return rc;
}

/* What takes long is not left until all of it is done: a process that is to
 * end, or whose lease ends, would have told it for nothing. */
static int deliver_all(struct ctx *ctx, const struct vector *list)
{
    int64_t until = db_now(ctx) + WORK_TELLING_MS;
    struct round round = { list, 0 };

    do {
        struct delivery *delivery = list->items[round.told];

        deliver(ctx, delivery);
        if (delivery->rc)
            log_ctx(ctx, LOG_WARN, "outbox.failed", "subscriber",
                    delivery->subscriber, "topic", delivery->topic, "attempt",
                    log_int(delivery->attempt), "error", delivery->error, NULL);
    } while (++round.told < list->count && db_now(ctx) < until);
    return work_settle(ctx, "settle deliveries", settle_round, &round);
}

int outbox_deliver(struct ctx *ctx, int most)
{
    static int64_t free_at;
    struct vector list;
    int count = 0, rc = work_free_dead(ctx, "event_delivery", &free_at);

    /* Repetitions go one by one: one that kills its process must not count
     * as an attempt of the others. */
    while (!rc && count < most) {
        vector_init(&list, ctx->arena);
        rc = claim(&list, ctx, any_due, read_due, 1);
        if (rc || list.count == 0)
            break;
        rc = deliver_all(ctx, &list);
        count++;
    }
    vector_init(&list, ctx->arena);
    if (!rc && count < most)
        rc = claim(&list, ctx, any_held, read_held, most - count);
    if (!rc && !list.count && count < most)
        rc = outbox_spread(&list, ctx, most - count);
    if (!rc && list.count)
        rc = deliver_all(ctx, &list);
    return rc ? rc : count + (int)list.count;
}

int outbox_next_due(int64_t *due, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    int rc = outbox_any_fresh(ctx);

    if (!rc)
        rc = any_held(ctx);
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
