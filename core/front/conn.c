/*
 * conn.c - a client's connection.
 *
 * bufferevent collects input; conn_advance is the one place that moves a
 * connection from state to state. It never calls itself: whoever ends an
 * exchange outside of it asks for another round.
 */
#include "base/banned.h"

#include "front/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "base/log.h"
#include "front/exchange.h"
#include "front/listen.h"
#include "front/peer.h"
#include "front/spool.h"
#include "front/state.h"
#include "front/stream.h"
#include "front/tls.h"

static void set_state(struct conn *conn, enum conn_state state)
{
    conn->state = state;
    conn->since = conn->front->now;
    conn->stall_at = conn->since + STALL_MS;
    if (state == CONN_BODY || state == CONN_SPOOL)
        conn->last_moved = conn->received;
    else
        conn->last_moved = conn->queued - (int64_t)evbuffer_get_length(
                                              bufferevent_get_output(conn->be));
}

static void on_read(struct bufferevent *be, void *argument)
{
    (void)be;
    front_now(((struct conn *)argument)->front);
    conn_advance(argument);
}

static void on_written(struct bufferevent *be, void *argument)
{
    struct conn *conn = argument;

    (void)be;
    front_now(conn->front);
    conn_pump(conn);
    conn_advance(conn);
}

/* End of input only says that no further request comes; many clients half
 * close and wait. An error ends the connection. */
static void on_event(struct bufferevent *be, short what, void *argument)
{
    struct conn *conn = argument;

    (void)be;
    front_now(conn->front);
    if (what & BEV_EVENT_ERROR) {
        conn_free(conn);
        return;
    }
    if (what & BEV_EVENT_EOF) {
        conn->eof = true;
        conn_advance(conn);
    }
}

static bool make_bufferevent(struct conn *conn)
{
    struct front *front = conn->front;

    conn->be = conn->tls ? tls_accept(front->tls, front->base, conn->fd)
                         : bufferevent_socket_new(front->base, conn->fd,
                                                  BEV_OPT_CLOSE_ON_FREE);
    if (!conn->be)
        return false;
    bufferevent_setcb(conn->be, on_read, on_written, on_event, conn);
    if (bufferevent_enable(conn->be, EV_READ | EV_WRITE) < 0) {
        bufferevent_free(conn->be);
        conn->fd = -1;
        return false;
    }
    return true;
}

/* A connection too many of one address: a word, without waiting for any. */
static void turn_away(struct front *front, int fd, bool tls)
{
    static const char text[] = "HTTP/1.1 503 Service Unavailable\r\n"
                               "Content-Type: text/plain; charset=utf-8\r\n"
                               "Retry-After: 5\r\n"
                               "Content-Length: 22\r\n"
                               "Connection: close\r\n\r\n"
                               "Too many connections.\n";

    front->counters.refused_connections++;
    if (!tls)
        (void)!send(fd, text, sizeof text - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

static void on_again(evutil_socket_t fd, short what, void *argument)
{
    (void)fd;
    (void)what;
    conn_advance(argument);
}

void conn_new(struct front *front, int fd, const struct sockaddr *address,
              bool redirect)
{
    struct conn *conn = calloc(1, sizeof *conn);
    int one = 1;

    if (!conn) {
        close(fd);
        return;
    }
    conn->front = front;
    conn->fd = fd;
    conn->file_fd = -1;
    conn->redirect = redirect;
    conn->tls = front->tls && !redirect;
    address_text(conn->address, sizeof conn->address, address);
    conn->proxied = peer_is_proxy(front, conn->address);
    conn->peer = peer_of_address(front, address);
    if (!conn->peer ||
        (!conn->proxied &&
         conn->peer->connections >= front->settings->connections_per_address)) {
        turn_away(front, fd, conn->tls);
        peer_put(front, conn->peer);
        free(conn);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    event_assign(&conn->again, front->base, -1, 0, on_again, conn);
    if (!make_bufferevent(conn)) {
        if (conn->fd >= 0)
            close(fd);
        peer_put(front, conn->peer);
        free(conn);
        return;
    }
    conn->peer->connections++;
    front->counters.accepted++;
    front->connections++;
    conn->next = front->conns;
    if (conn->next)
        conn->next->prev = conn;
    front->conns = conn;
    set_state(conn, CONN_IDLE);
    conn->fresh = true;
}

void conn_free(struct conn *conn)
{
    struct front *front = conn->front;

    if (conn->stream)
        stream_forget(conn->stream);
    if (conn->exchange)
        exchange_orphan(conn->exchange);
    event_del(&conn->again);
    if (conn->file_fd >= 0)
        close(conn->file_fd);
    bufferevent_free(conn->be);
    conn->peer->connections--;
    peer_put(front, conn->peer);
    if (conn->prev)
        conn->prev->next = conn->next;
    else
        front->conns = conn->next;
    if (conn->next)
        conn->next->prev = conn->prev;
    free(conn);
    front->connections--;
    listen_room(front);
}

void conn_wake(struct conn *conn)
{
    event_active(&conn->again, EV_TIMEOUT, 1);
}

void conn_answered(struct conn *conn, bool keep_alive)
{
    conn->exchange = NULL;
    conn->fresh = false;
    if (keep_alive && !conn->last && !conn->broken && !conn->front->stopping)
        set_state(conn, CONN_IDLE);
    else
        set_state(conn, CONN_CLOSING);
    if (!conn->advancing)
        conn_wake(conn);
}

/* Answers a block that is no request, and closes. */
static void refuse(struct conn *conn, int status)
{
    conn->front->counters.bad_requests++;
    conn->last = true;
    set_state(conn, CONN_WAIT);
    exchange_refuse(conn, status);
}

static bool begin_request(struct conn *conn)
{
    struct evbuffer *input = bufferevent_get_input(conn->be);
    size_t length = evbuffer_get_length(input), end;
    char *data;
    int status;

    if (length > HEAD_MAX)
        length = HEAD_MAX;
    data = (char *)evbuffer_pullup(input, (ssize_t)length);
    if (!data) {
        refuse(conn, 503);
        return true;
    }
    end = head_find_end(data, length, &conn->seen, &status);
    if (end) {
        set_state(conn, CONN_WAIT);
        exchange_begin(conn, data, end);
        evbuffer_drain(input, end);
        return true;
    }
    if (!status && length == HEAD_MAX)
        status = memchr(data, '\n', length) ? 431 : 414;
    if (status)
        refuse(conn, status);
    return status != 0;
}

/* Between requests: empty lines are skipped, a first byte starts the clock.
 * True: go on. */
static bool idle(struct conn *conn)
{
    struct evbuffer *input = bufferevent_get_input(conn->be);
    size_t length;

    if (evbuffer_get_length(bufferevent_get_output(conn->be)) > OUTPUT_HIGH ||
        conn->file_left)
        return false;
    while ((length = evbuffer_get_length(input)) >= 2) {
        char two[2];

        evbuffer_copyout(input, two, 2);
        if (memcmp(two, "\r\n", 2) != 0)
            break;
        /* Old clients send one behind a body; a stream of them is not that. */
        if (++conn->blank_lines > 4) {
            refuse(conn, 400);
            return true;
        }
        evbuffer_drain(input, 2);
    }
    if (length == 0) {
        if (conn->eof) {
            conn->last = true;
            set_state(conn, CONN_CLOSING);
            return true;
        }
        return false;
    }
    conn->blank_lines = 0;
    conn->seen = 0;
    set_state(conn, CONN_HEAD);
    return true;
}

static bool head(struct conn *conn)
{
    if (begin_request(conn))
        return true;
    if (conn->eof) {
        conn->last = true;
        set_state(conn, CONN_CLOSING);
        return true;
    }
    return false;
}

/* Hands input to the exchange's body until it is complete or refused. */
static bool body(struct conn *conn)
{
    struct evbuffer *input = bufferevent_get_input(conn->be);
    size_t length;

    while (conn->state == CONN_BODY || conn->state == CONN_SPOOL) {
        struct evbuffer_iovec part;
        size_t used = 0;

        length = evbuffer_get_contiguous_space(input);
        if (length == 0)
            break;
        evbuffer_peek(input, (ssize_t)length, NULL, &part, 1);
        exchange_body(conn->exchange, part.iov_base, part.iov_len, &used);
        evbuffer_drain(input, used);
        conn->received += (int64_t)used;
        if (used == 0)
            break;
    }
    if (conn->state != CONN_BODY && conn->state != CONN_SPOOL)
        return true;
    if (conn->eof) {
        conn->last = true;
        exchange_abandon(conn->exchange);
        return true;
    }
    return false;
}

/* Reads no further while much waits. By hand: bufferevent_setwatermark
 * follows a NULL when memory is short. */
static void choke(struct conn *conn)
{
    struct evbuffer *input = bufferevent_get_input(conn->be);
    size_t length = evbuffer_get_length(input);

    if (!conn->choked && length >= INPUT_HIGH) {
        conn->choked = true;
        bufferevent_disable(conn->be, EV_READ);
    } else if (conn->choked && length < INPUT_HIGH / 2) {
        conn->choked = false;
        if (bufferevent_enable(conn->be, EV_READ) < 0)
            conn->broken = conn->last = true;
    }
}

/* The last answer is leaving. When it is out, our side is shut and what the
 * client still sends is read and lost, so that the answer isn't. False: the
 * connection is gone or waits. */
static bool closing(struct conn *conn)
{
    struct evbuffer *input = bufferevent_get_input(conn->be);

    conn->received += (int64_t)evbuffer_get_length(input);
    evbuffer_drain(input, evbuffer_get_length(input));
    choke(conn);
    if (conn->broken) {
        conn_free(conn);
        return false;
    }
    if (evbuffer_get_length(bufferevent_get_output(conn->be)) ||
        conn->file_left)
        return false;
    if (conn->eof) {
        conn_free(conn);
        return false;
    }
    if (!conn->shut) {
        conn->shut = true;
        conn->since = conn->front->now;
        conn->received = 0;
        if (conn->tls)
            tls_end(conn->be);
        shutdown(conn->fd, SHUT_WR);
    }
    return false;
}

void conn_advance(struct conn *conn)
{
    enum { ROUNDS = 32 }; /* then the others have their turn */
    bool more = true;
    int round;

    if (conn->advancing)
        return;
    conn->advancing = true;
    for (round = 0; more && round < ROUNDS; round++) {
        switch (conn->state) {
        case CONN_IDLE:
            more = idle(conn);
            break;
        case CONN_HEAD:
            more = head(conn);
            break;
        case CONN_BODY:
        case CONN_SPOOL:
            more = body(conn);
            break;
        case CONN_CLOSING:
            conn->advancing = false;
            closing(conn);
            return;
        case CONN_STREAM:
            evbuffer_drain(
                bufferevent_get_input(conn->be),
                evbuffer_get_length(bufferevent_get_input(conn->be)));
            if (conn->eof || conn->broken) {
                conn->advancing = false;
                conn_free(conn);
                return;
            }
            more = false;
            break;
        default:
            more = false;
        }
    }
    conn->advancing = false;
    choke(conn);
    if (more)
        conn_wake(conn);
}

void conn_take_body(struct conn *conn)
{
    set_state(conn, CONN_SPOOL);
    if (!conn->advancing)
        conn_wake(conn);
}

void conn_collect(struct conn *conn)
{
    set_state(conn, CONN_BODY);
}

void conn_pause(struct conn *conn)
{
    set_state(conn, CONN_WAIT);
}

void conn_to_stream(struct conn *conn)
{
    set_state(conn, CONN_STREAM);
    conn->exchange = NULL;
}

/* True where less than STALL_BYTES moved since the last look. */
static bool stalled(struct conn *conn, int64_t moved)
{
    bool still = false;

    if (conn->front->now < conn->stall_at)
        return false;
    still = moved - conn->last_moved < STALL_BYTES;
    conn->last_moved = moved;
    conn->stall_at = conn->front->now + STALL_MS;
    return still;
}

static void check_input(struct conn *conn)
{
    const struct settings *settings = conn->front->settings;
    int64_t age = conn->front->now - conn->since;

    switch (conn->state) {
    case CONN_IDLE:
        if (age > (conn->fresh ? settings->header_seconds * 1000 : IDLE_MS)) {
            set_state(conn, CONN_CLOSING);
            conn->last = true;
            conn_advance(conn);
        }
        break;
    case CONN_HEAD:
        if (age > settings->header_seconds * 1000) {
            refuse(conn, 408);
            conn_advance(conn);
        }
        break;
    case CONN_BODY:
    case CONN_SPOOL:
        if (age > settings->body_seconds * 1000 ||
            stalled(conn, conn->received)) {
            conn->last = true;
            exchange_fail(conn->exchange, 408, 0);
            conn_advance(conn);
        }
        break;
    default:
        break;
    }
}

static void check(struct conn *conn)
{
    size_t left = evbuffer_get_length(bufferevent_get_output(conn->be));
    int64_t age = conn->front->now - conn->since;

    if (left && conn->state != CONN_BODY && conn->state != CONN_SPOOL) {
        /* Again: without memory libevent may have forgotten to wait. */
        bufferevent_enable(conn->be, EV_WRITE);
        if (stalled(conn, conn->queued - (int64_t)left))
            conn_free(conn);
        return;
    }
    if (conn->state == CONN_CLOSING) {
        if (age > LINGER_MS || (conn->shut && conn->received > LINGER_BYTES))
            conn_free(conn);
    } else {
        check_input(conn);
    }
}

void conns_check(struct front *front)
{
    struct conn *conn, *next;

    for (conn = front->conns; conn; conn = next) {
        next = conn->next;
        if (conn->state == CONN_STREAM)
            stream_check(conn->stream);
        else
            check(conn);
    }
}

void conns_drain(struct front *front)
{
    struct conn *conn, *next;

    for (conn = front->conns; conn; conn = next) {
        next = conn->next;
        conn->last = true;
        if (conn->state == CONN_IDLE || conn->state == CONN_HEAD ||
            conn->state == CONN_STREAM)
            conn_free(conn);
    }
}

/* How readily it is given up for a new one: who has begun a request and does
 * not end it goes before who rests between two; nobody within the first
 * second. 0: not at all. */
static int evictable(const struct conn *conn)
{
    if (conn->front->now - conn->since < EVICT_MS)
        return 0;
    if (conn->state == CONN_HEAD || (conn->state == CONN_IDLE && conn->fresh))
        return 2;
    return conn->state == CONN_IDLE ? 1 : 0;
}

bool conns_evict(struct front *front)
{
    struct conn *conn, *worst = NULL;
    int worst_is = 0;

    for (conn = front->conns; conn; conn = conn->next) {
        int is = evictable(conn);

        if (is > worst_is ||
            (is && is == worst_is && conn->since < worst->since)) {
            worst = conn;
            worst_is = is;
        }
    }
    if (worst)
        conn_free(worst);
    return worst != NULL;
}
