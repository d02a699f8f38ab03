/*
 * dispatch.c - who takes which request, when.
 *
 * One page worker is kept free for routes that are marked reserved (the
 * administration), so that a module can be switched off under load. Of the
 * others, one module's routes get all but one: when it hangs, other people's
 * pages go on. And what writes gets all but one while others read: writers
 * wait for each other (and for a checkpoint), readers need not wait with them.
 * On a store with one writer what writes is given out one after the other, as
 * long as it is quick: two at once only take the writer's lock, and what is
 * cached of the pages, from each other. While nobody reads the next one
 * lies ready at the worker already, so that it need not wait for the front; who
 * is not quick loses it to another.
 */
#include "base/banned.h"

#include "front/dispatch.h"

#include "front/answer.h"
#include "front/exchange.h"
#include "front/peer.h"
#include "front/state.h"
#include "ipc/ready.h"
#include "ipc/slot.h"

enum {
    READERS_MS = 1000, /* so long after a read one more is expected */
    QUICK_MS = 10,     /* so long what writes has the store to itself */
};

static void append(struct queue *queue, struct exchange *exchange)
{
    exchange->next = NULL;
    exchange->queued = true;
    if (queue->last)
        queue->last->next = exchange;
    else
        queue->first = exchange;
    queue->last = exchange;
    queue->count++;
}

static void prepend(struct queue *queue, struct exchange *exchange)
{
    exchange->next = queue->first;
    exchange->queued = true;
    if (!queue->first)
        queue->last = exchange;
    queue->first = exchange;
    queue->count++;
}

static void unlink_from(struct queue *queue, struct exchange *exchange)
{
    struct exchange **at = &queue->first, *before = NULL;

    while (*at && *at != exchange) {
        before = *at;
        at = &(*at)->next;
    }
    if (!*at)
        return;
    *at = exchange->next;
    if (queue->last == exchange)
        queue->last = before;
    exchange->next = NULL;
    exchange->queued = false;
    queue->count--;
}

/* Counts what waits or is in work, not what is still being sent: slow bodies
 * take nobody's share. */
static bool count(struct exchange *exchange)
{
    struct conn *conn = exchange->conn;
    struct peer *peer = conn->peer;
    char address[ADDRESS_TEXT_MAX];

    if (exchange->peer)
        return true;
    if (conn->proxied && exchange->address.length < sizeof address) {
        memcpy(address, exchange->address.data, exchange->address.length);
        address[exchange->address.length] = '\0';
        peer = peer_of_text(exchange->front, address);
    }
    if (!peer)
        return true;
    if (peer->requests >= REQUESTS_PER_PEER) {
        peer_put(exchange->front, peer);
        return false;
    }
    peer->requests++;
    exchange->peer = peer;
    return true;
}

void dispatch_uncount(struct exchange *exchange)
{
    struct peer *peer = exchange->peer;

    if (!peer)
        return;
    exchange->peer = NULL;
    peer->requests--;
    peer_put(exchange->front, peer);
}

void dispatch_submit(struct exchange *exchange)
{
    struct front *front = exchange->front;
    struct queue *queue = &front->queues[exchange->lane];

    if (front->disk.state != DISK_WELL) {
        exchange_fail_words(exchange, "disk");
        return;
    }
    if (!count(exchange)) {
        exchange_fail(exchange, 429, 0);
        return;
    }
    if (queue->count >= QUEUE_MAX) {
        front->counters.overload++;
        exchange_fail(exchange, 503, 0);
        return;
    }
    exchange->queued_at = front->now;
    exchange->writes =
        !str_is(exchange->method, "GET") && !str_is(exchange->method, "HEAD");
    if (exchange->lane == LANE_PAGES && !exchange->writes)
        front->read_at = front->now;
    append(queue, exchange);
    dispatch_run(front, exchange->lane);
}

void dispatch_forget(struct exchange *exchange)
{
    if (exchange->queued)
        unlink_from(&exchange->front->queues[exchange->lane], exchange);
}

/* A page worker that writes just now, for all that is known of a request, and
 * has done so for less than that. */
static bool writes(const struct worker *worker, int64_t ms)
{
    return worker->seat->lane == LANE_PAGES && worker->exchange &&
           worker->exchange->writes &&
           worker->front->now - worker->busy_since < ms;
}

static int writing(const struct front *front, int64_t ms)
{
    const struct worker *worker;
    int count = 0;

    for (worker = front->workers; worker; worker = worker->next)
        count += writes(worker, ms);
    return count;
}

/* Who began just now is likely to have the writer's lock soon. With more cores
 * another gets its request ready meanwhile. */
static bool writers_turn(const struct front *front)
{
    return writing(front, QUICK_MS) < front->quick_writers;
}

struct lane_view {
    struct worker *idle;
    int idle_count, ready;
    bool turn; /* what writes may begin */
};

static void look(struct lane_view *view, const struct front *front, int lane)
{
    struct worker *worker;

    *view = (struct lane_view){ .turn = writers_turn(front) };
    for (worker = front->workers; worker; worker = worker->next) {
        if ((int)worker->seat->lane != lane || worker->retiring)
            continue;
        if (worker->state == WORKER_IDLE) {
            view->idle_count++;
            if (!view->idle)
                view->idle = worker;
        }
        view->ready +=
            worker->state == WORKER_IDLE || worker->state == WORKER_BUSY;
    }
}

/* Page workers that a route of the module has just now. */
static int held_by(const struct front *front, const char *module)
{
    const struct worker *worker;
    int count = 0;

    for (worker = front->workers; worker; worker = worker->next) {
        if (worker->seat->lane == LANE_PAGES && worker->exchange &&
            strcmp(worker->exchange->module, module) == 0)
            count++;
    }
    return count;
}

/* Others read, or did a moment ago. */
static bool others_read(const struct front *front)
{
    return front->now - front->read_at < READERS_MS;
}

/* Who will have answered soon and then can take what writes, where that has to
 * wait for its turn: not while others read, who need the processor, too. A
 * descriptor cannot be taken back. */
static struct worker *soon_free(const struct exchange *exchange,
                                const struct lane_view *view)
{
    struct front *front = exchange->front;
    struct worker *worker;

    if (!exchange->writes || exchange->lane != LANE_PAGES || exchange->spool ||
        view->turn || others_read(front))
        return NULL;
    for (worker = front->workers; worker; worker = worker->next) {
        if (writes(worker, QUICK_MS) && !worker->ahead && !worker->retiring)
            return worker;
    }
    return NULL;
}

static bool may_run(const struct exchange *exchange,
                    const struct lane_view *view)
{
    int usable = view->ready - 1;

    if (!view->idle)
        return false;
    if (exchange->lane != LANE_PAGES || view->ready < 2 ||
        (exchange->rule_flags & RULE_RESERVED))
        return true;
    if (view->idle_count < 2)
        return false;
    if (exchange->writes && !view->turn)
        return false;
    if (exchange->writes && usable >= 2 && others_read(exchange->front) &&
        writing(exchange->front, INT64_MAX) >= usable - 1)
        return false;
    return !exchange->module[0] || usable < 2 ||
           held_by(exchange->front, exchange->module) < usable - 1;
}

/* It was not begun after all. */
static void wait_again(struct exchange *exchange)
{
    struct front *front = exchange->front;

    exchange->worker = NULL;
    if (!exchange->conn)
        exchange_orphan(exchange);
    else if (front->disk.state != DISK_WELL)
        exchange_fail_words(exchange, "disk");
    else
        prepend(&front->queues[exchange->lane], exchange);
}

/* *held, where the worker has not taken it. */
static void take_back(struct worker *worker, struct exchange **held,
                      uint64_t id)
{
    struct exchange *exchange = *held;

    if (!exchange || !slot_withdraw(worker->slot, id))
        return;
    *held = NULL;
    wait_again(exchange);
}

void dispatch_take_back(struct worker *worker)
{
    take_back(worker, &worker->ahead, worker->next_id);
}

void dispatch_inherit(struct worker *worker)
{
    dispatch_take_back(worker);
    take_back(worker, &worker->exchange, worker->current);
}

/* From who is not quick. */
static void take_back_late(struct front *front)
{
    struct worker *worker;

    for (worker = front->workers; worker; worker = worker->next) {
        if (worker->ahead && !writes(worker, QUICK_MS))
            dispatch_take_back(worker);
    }
}

void dispatch_run(struct front *front, int lane)
{
    struct queue *queue = &front->queues[lane];
    struct exchange *exchange, *next;
    struct lane_view view;
    struct worker *soon;

    take_back_late(front);
    /* Enough answers wait for the disk. */
    if (release_is_full(&front->release))
        return;
    for (exchange = queue->first; exchange; exchange = next) {
        next = exchange->next;
        look(&view, front, lane);
        if (!view.idle && view.turn)
            return;
        if (may_run(exchange, &view)) {
            unlink_from(queue, exchange);
            worker_give(view.idle, exchange);
        } else if ((soon = soon_free(exchange, &view)) &&
                   worker_give_ahead(soon, exchange)) {
            unlink_from(queue, exchange);
        }
    }
}

void dispatch_refuse(struct front *front)
{
    struct worker *worker;
    int lane;

    for (worker = front->workers; worker; worker = worker->next)
        dispatch_take_back(worker);
    for (lane = 0; lane < LANES; lane++) {
        struct queue *queue = &front->queues[lane];

        while (queue->first) {
            struct exchange *exchange = queue->first;

            unlink_from(queue, exchange);
            exchange_fail_words(exchange, "disk");
        }
    }
}

void dispatch_check(struct front *front)
{
    int lane;

    for (lane = 0; lane < LANES; lane++) {
        struct queue *queue = &front->queues[lane];

        while (queue->first &&
               front->now - queue->first->queued_at > QUEUE_MS) {
            struct exchange *exchange = queue->first;

            unlink_from(queue, exchange);
            front->counters.overload++;
            exchange_fail(exchange, 503, 0);
        }
        dispatch_run(front, lane);
    }
}
