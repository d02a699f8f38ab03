/*
 * answer.c - frames to and from workers.
 */
#include "base/banned.h"

#include "front/answer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/ctx.h"
#include "base/log.h"
#include "front/control_socket.h"
#include "front/disk.h"
#include "front/dispatch.h"
#include "front/exchange.h"
#include "front/hosts.h"
#include "front/own.h"
#include "front/peer.h"
#include "front/process.h"
#include "front/reply.h"
#include "front/rules.h"
#include "front/spool.h"
#include "front/state.h"
#include "front/stream.h"
#include "front/supervise.h"
#include "ipc/link.h"
#include "ipc/slot.h"

enum { LINK_ROOM = 2 * (FRAME_HEADER + FRAME_PAYLOAD_MAX) };

/* ---- giving ---- */

static void send_parts(struct worker *worker, struct iovec *parts, int count)
{
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = (size_t)count };
    ssize_t sent = 0;
    int i;

    if (evbuffer_get_length(worker->output) == 0) {
        sent = sendmsg(worker->stream, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0)
            sent = 0; /* a dead worker shows by SIGCHLD */
    }
    for (i = 0; i < count; i++) {
        size_t length = parts[i].iov_len;

        if ((size_t)sent >= length) {
            sent -= (ssize_t)length;
            continue;
        }
        if (evbuffer_add(worker->output, (char *)parts[i].iov_base + sent,
                         length - (size_t)sent) < 0)
            worker_end(worker, "memory");
        sent = 0;
    }
    if (evbuffer_get_length(worker->output))
        event_add(worker->writable, NULL);
}

static void frame_head(unsigned char out[FRAME_HEADER], int type, int flags,
                       uint64_t id, size_t length)
{
    frame_write(out, &(struct frame){ .length = (uint32_t)length,
                                      .type = (uint16_t)type,
                                      .flags = (uint16_t)flags,
                                      .id = id });
}

void worker_say(struct worker *worker, int type, int flags, uint64_t id,
                const void *payload, size_t length)
{
    unsigned char head[FRAME_HEADER];
    struct iovec parts[2] = { { head, FRAME_HEADER },
                              { (void *)payload, length } };

    frame_head(head, type, flags, id, length);
    send_parts(worker, parts, length ? 2 : 1);
}

static void send_request(struct worker *worker, struct exchange *exchange,
                         int flags)
{
    uint64_t number = ++worker->next_id;
    unsigned char request[FRAME_HEADER], input[FRAME_HEADER];
    struct iovec parts[4] = { { request, FRAME_HEADER },
                              { exchange->payload, exchange->payload_length } };
    int count = 2;

    exchange->worker = worker;
    if (exchange->spool && !exchange->ask) {
        flags |= FRAME_SPOOLED;
        if (fd_send(worker->fds, spool_file(exchange->spool), number))
            worker_end(worker, "descriptor");
    } else if (exchange->body_length && !exchange->ask) {
        frame_head(input, FRAME_INPUT, FRAME_LAST, number,
                   exchange->body_length);
        parts[count++] = (struct iovec){ input, FRAME_HEADER };
        parts[count++] =
            (struct iovec){ exchange->body, exchange->body_length };
    }
    if (count == 2)
        flags |= FRAME_LAST;
    frame_head(request, exchange->ask ? FRAME_ASK : FRAME_REQUEST, flags,
               number, exchange->payload_length);
    send_parts(worker, parts, count);
}

/* The request that was sent last is the one in work. */
static void begin(struct worker *worker, struct exchange *exchange)
{
    worker->state = WORKER_BUSY;
    worker->busy_since = worker->front->now;
    worker->current = worker->next_id;
    worker->exchange = exchange;
    worker->soft = false;
    supervise_busy(worker->front);
}

void worker_give(struct worker *worker, struct exchange *exchange)
{
    send_request(worker, exchange, 0);
    begin(worker, exchange);
    if (!exchange->ask) {
        free(exchange->body);
        exchange->body = NULL;
        exchange->body_length = exchange->body_room = 0;
    }
}

/* Its body is kept: it may have to be given to another. */
bool worker_give_ahead(struct worker *worker, struct exchange *exchange)
{
    if (!slot_offer(worker->slot, worker->next_id + 1))
        return false;
    worker->ahead = exchange;
    send_request(worker, exchange, FRAME_AHEAD);
    return true;
}

/* ---- collecting ---- */

static bool append(unsigned char **bytes, size_t *length, size_t *room,
                   const void *more, size_t count)
{
    if (*length + count > *room) {
        size_t want = *room ? *room * 2 : 16 * 1024;
        unsigned char *larger;

        while (want < *length + count)
            want *= 2;
        larger = realloc(*bytes, want);
        if (!larger)
            return false;
        *bytes = larger;
        *room = want;
    }
    memcpy(*bytes + *length, more, count);
    *length += count;
    return true;
}

static void answer_free(struct answer *answer)
{
    free(answer->head);
    free(answer->body);
    if (answer->has_file)
        close(answer->file);
    *answer = (struct answer){ 0 };
}

void answer_drop(struct worker *worker)
{
    answer_free(&worker->answer);
}

/* Buffers go back to the pool for the next answer; large ones don't. */
static void answer_recycle(struct front *front, struct answer *answer)
{
    struct answer *pool = &front->pool;

    if (!pool->head && answer->head_room <= 32 * 1024) {
        pool->head = answer->head;
        pool->head_room = answer->head_room;
        answer->head = NULL;
    }
    if (!pool->body && answer->body_room <= 128 * 1024) {
        pool->body = answer->body;
        pool->body_room = answer->body_room;
        answer->body = NULL;
    }
    answer_free(answer);
}

static void answer_start(struct worker *worker)
{
    struct front *front = worker->front;

    worker->answer = front->pool;
    front->pool = (struct answer){ 0 };
    worker->answer.head_length = worker->answer.body_length = 0;
}

static const char *take_head(struct worker *worker,
                             const unsigned char *payload, size_t length)
{
    struct answer *answer = &worker->answer;

    if (answer->stage != ANSWER_NONE)
        return "a second head";
    answer_start(worker);
    if (!append(&answer->head, &answer->head_length, &answer->head_room,
                payload, length))
        return "memory";
    answer->stage = ANSWER_HEADED;
    return NULL;
}

static const char *take_body(struct worker *worker,
                             const unsigned char *payload, size_t length)
{
    struct answer *answer = &worker->answer;

    if (answer->stage != ANSWER_HEADED &&
        !(answer->stage == ANSWER_SPECIAL && answer->special == FRAME_METRICS))
        return "a body without a head";
    if (answer->body_length + length > ANSWER_LIMIT)
        return "an answer over 1 MiB";
    if (!append(&answer->body, &answer->body_length, &answer->body_room,
                payload, length))
        return "memory";
    return NULL;
}

static const char *take_file(struct worker *worker,
                             const unsigned char *payload, size_t length)
{
    struct answer *answer = &worker->answer;
    struct reader reader;
    struct stat stat;
    int64_t size;
    int fd;

    reader_init(&reader, payload, length);
    size = (int64_t)get_u64(&reader);
    if (!reader_done(&reader))
        return "a bad file frame";
    if (fd_receive(&fd, worker->fds, worker->current))
        return "a file frame without its descriptor";
    answer->file = fd;
    answer->has_file = true;
    if (answer->stage != ANSWER_HEADED || answer->body_length)
        return "a file in the wrong place";
    /* A pipe or device would hold up the loop; a short file the client. */
    if (fstat(fd, &stat) < 0 || !S_ISREG(stat.st_mode) || size < 0 ||
        size > stat.st_size)
        return "a descriptor that is no such file";
    answer->file_size = size;
    answer->stage = ANSWER_FILE;
    return NULL;
}

static const char *take_special(struct worker *worker, int type,
                                const unsigned char *payload, size_t length)
{
    struct answer *answer = &worker->answer;
    struct reader reader;

    if (answer->stage != ANSWER_NONE)
        return "a second head";
    if (type == FRAME_ALLOW && !worker->exchange->ask)
        return "an allowance that nobody asked for";
    reader_init(&reader, payload, length);
    answer_start(worker);
    if (type != FRAME_METRICS)
        answer->number = get_u64(&reader);
    if (type == FRAME_STREAM) {
        struct str session = get_str(&reader);

        if (session.length >= sizeof answer->session ||
            !field_value_valid(session))
            return "a bad session";
        memcpy(answer->session, session.data, session.length);
        answer->session[session.length] = '\0';
    }
    if (!reader_done(&reader))
        return "a bad frame";
    answer->stage = ANSWER_SPECIAL;
    answer->special = type;
    return NULL;
}

/* The connection counts at its session from now on (S34). */
static void count_session(struct conn *conn, uint64_t session)
{
    struct front *front = conn->front;
    struct peer *old = conn->peer, *peer;

    if (old->kind == PEER_SESSION && old->key[1] == session)
        return;
    peer = peer_of_session(front, session);
    if (!peer)
        return;
    if (peer->connections >= front->settings->connections_per_address)
        conn->last = true;
    peer->connections++;
    conn->peer = peer;
    old->connections--;
    peer_put(front, old);
}

/* Everything is there and may leave the machine, or must never. */
static void leave(void *argument, bool well)
{
    struct exchange *exchange = argument;
    struct front *front = exchange->front;
    struct answer answer = exchange->answer;
    struct answer_message *message = &front->answer_message;

    exchange->answer = (struct answer){ 0 };
    exchange->held = false;
    if (!well) {
        exchange_fail_words(exchange,
                            front->release.failed ? "disk" : "unsure");
    } else if (answer.stage == ANSWER_SPECIAL) {
        if (answer.special == FRAME_ALLOW)
            exchange_allowed(exchange, answer.number);
        else if (answer.special == FRAME_STREAM)
            stream_begin(exchange, answer.number, answer.session);
        else
            own_metrics(exchange, answer.body, answer.body_length);
    } else if (answer_read(message, answer.head, answer.head_length) == 0) {
        reply_send(exchange,
                   &(struct reply){ .status = message->status,
                                    .fields = message->fields,
                                    .field_count = message->field_count,
                                    .body = answer.body,
                                    .body_length = answer.body_length,
                                    .has_file = answer.has_file,
                                    .file = answer.file,
                                    .file_size = answer.file_size,
                                    .dynamic = true });
        answer.has_file = false;
    }
    answer_recycle(front, &answer);
}

/* It is idle, or at what was given ahead. */
static void go_on(struct worker *worker, int flags)
{
    struct front *front = worker->front;
    struct exchange *ahead;

    worker->exchange = NULL;
    worker->served++;
    worker->state = WORKER_IDLE;
    if (worker->retiring || (flags & FRAME_SPENT))
        dispatch_take_back(worker);
    ahead = worker->ahead;
    worker->ahead = NULL;
    if (ahead)
        begin(worker, ahead);
    if ((flags & (FRAME_RECYCLE | FRAME_SPENT)) ||
        worker->served >= (uint64_t)front->settings->worker_requests)
        supervise_recycle(worker);
    if (worker->retiring || (flags & FRAME_SPENT))
        worker_stop(worker);
}

static const char *take_end(struct worker *worker, int flags,
                            const unsigned char *payload, size_t length)
{
    struct front *front = worker->front;
    struct exchange *exchange = worker->exchange;
    struct reader reader;
    uint64_t begun, session;

    reader_init(&reader, payload, length);
    begun = get_u64(&reader);
    session = get_u64(&reader);
    if (!reader_done(&reader))
        return "a bad end";
    if (worker->answer.stage == ANSWER_NONE)
        return "an end without an answer";
    if (worker->answer.stage != ANSWER_SPECIAL &&
        answer_read(&front->answer_message, worker->answer.head,
                    worker->answer.head_length))
        return "a malformed head";
    exchange->answer = worker->answer;
    worker->answer = (struct answer){ 0 };
    exchange->worker = NULL;
    exchange->held = true;
    if (exchange->conn && session && !exchange->conn->proxied)
        count_session(exchange->conn, session);
    go_on(worker, flags);
    dispatch_run(front, (int)worker->seat->lane);
    if (answer_release(
            &front->release,
            &(struct release_item){ .begun = begun,
                                    .bytes = sizeof *exchange +
                                             exchange->answer.head_room +
                                             exchange->answer.body_room,
                                    .now = front->now,
                                    .leave = leave,
                                    .argument = exchange })) {
        answer_free(&exchange->answer);
        exchange->held = false;
        exchange_fail(exchange, 503, 0);
    }
    return NULL;
}

static const char *take_ready(struct worker *worker, int flags,
                              const unsigned char *payload, size_t length)
{
    if (worker->state == WORKER_STOPPING)
        return NULL; /* it is not needed any more */
    if (worker->state != WORKER_STARTING)
        return "ready twice";
    if (!worker->loading)
        worker->loading = generation_new(worker->generation);
    if (!worker->loading)
        return "memory";
    if (generation_add(worker->loading, payload, length))
        return "a malformed ready";
    if (flags & FRAME_LAST)
        supervise_ready(worker);
    return NULL;
}

static const char *take_failed(struct worker *worker,
                               const unsigned char *payload, size_t length)
{
    size_t i;

    if (worker->state != WORKER_STARTING)
        return "failed after ready";
    if (length >= sizeof worker->failure)
        length = sizeof worker->failure - 1;
    memcpy(worker->failure, payload, length);
    worker->failure[length] = '\0';
    for (i = 0; i < length; i++) {
        if ((unsigned char)worker->failure[i] < 0x20)
            worker->failure[i] = ' ';
    }
    return NULL;
}

/* What the keeper says it has from the other hosts. */
static void pass_on(const struct worker *worker, enum host_word kind,
                    uint64_t user, struct str text)
{
    if (worker->seat->lane != LANE_KEEPER)
        hosts_tell(worker->front, kind, user, text);
}

/* Frames that belong to no request. */
static const char *take_other(struct worker *worker, int type, uint64_t id,
                              const unsigned char *payload, size_t length)
{
    struct front *front = worker->front;
    struct reader reader;
    uint64_t begun = 0, user;
    struct str text;

    reader_init(&reader, payload, length);
    switch (type) {
    case FRAME_EVENT:
        begun = get_u64(&reader);
        /* fall through */
    case FRAME_STREAM_END:
        user = get_u64(&reader);
        text = get_str(&reader);
        if (!reader_done(&reader) || !field_value_valid(text) ||
            text.length > 160)
            return "a bad event";
        if (type == FRAME_EVENT)
            stream_event(front, begun, user, text);
        else
            stream_end(front, user, text);
        pass_on(worker, type == FRAME_EVENT ? HOST_EVENT : HOST_END, user,
                text);
        return NULL;
    case FRAME_WAKE:
        supervise_nudge(front);
        pass_on(worker, HOST_WAKE, 0, STR(""));
        return NULL;
    case FRAME_RELOAD:
        supervise_reload(front, "modules");
        pass_on(worker, HOST_RELOAD, 0, STR(""));
        return NULL;
    case FRAME_DURABLE:
        begun = get_u64(&reader);
        user = get_u64(&reader);
        if (!reader_done(&reader) || worker->seat->lane != LANE_KEEPER)
            return "not the keeper's to say";
        disk_told(front, begun, user != 0);
        return NULL;
    case FRAME_RESULT:
        control_result(front, id,
                       (struct str){ (const char *)payload, length });
        return NULL;
    default:
        return "an unknown frame";
    }
}

const char *answer_frame(struct worker *worker, int type, int flags,
                         uint64_t id, const unsigned char *payload,
                         size_t length)
{
    if (type == FRAME_READY)
        return take_ready(worker, flags, payload, length);
    if (type == FRAME_FAILED)
        return take_failed(worker, payload, length);
    if (type > FRAME_END || type < FRAME_HEAD)
        return take_other(worker, type, id, payload, length);
    if (worker->state != WORKER_BUSY || id != worker->current ||
        !worker->exchange)
        return "an answer to nothing";
    switch (type) {
    case FRAME_HEAD:
        return take_head(worker, payload, length);
    case FRAME_BODY:
        return take_body(worker, payload, length);
    case FRAME_FILE:
        return take_file(worker, payload, length);
    case FRAME_END:
        return take_end(worker, flags, payload, length);
    default:
        return take_special(worker, type, payload, length);
    }
}

/* Takes the frames that are complete; false: the worker is being ended. */
static bool take_frames(struct worker *worker)
{
    while (worker->in_end - worker->in_start >= FRAME_HEADER) {
        const unsigned char *at = worker->in + worker->in_start;
        struct frame frame;
        const char *wrong;

        if (worker->kill_stage)
            return false;
        if (frame_read(&frame, at)) {
            wrong = "a bad frame";
        } else {
            if (worker->in_end - worker->in_start < FRAME_HEADER + frame.length)
                return true;
            worker->in_start += FRAME_HEADER + frame.length;
            wrong = answer_frame(worker, frame.type, frame.flags, frame.id,
                                 at + FRAME_HEADER, frame.length);
        }
        if (wrong) {
            log_event(LOG_ERROR, "worker.breach", "worker", worker->seat->name,
                      "what", wrong, NULL);
            worker_end(worker, "protocol");
            return false;
        }
    }
    return true;
}

void worker_read(struct worker *worker)
{
    front_now(worker->front);
    while (worker->stream >= 0) {
        size_t room;
        ssize_t got;

        if (worker->in_start == worker->in_end)
            worker->in_start = worker->in_end = 0;
        room = LINK_ROOM - worker->in_end;
        if (room < FRAME_HEADER + FRAME_PAYLOAD_MAX && worker->in_start) {
            memmove(worker->in, worker->in + worker->in_start,
                    worker->in_end - worker->in_start);
            worker->in_end -= worker->in_start;
            worker->in_start = 0;
            room = LINK_ROOM - worker->in_end;
        }
        got = recv(worker->stream, worker->in + worker->in_end, room,
                   MSG_DONTWAIT);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            event_del(worker->readable); /* SIGCHLD tells the rest */
            return;
        }
        worker->in_end += (size_t)got;
        if (!take_frames(worker) || (size_t)got < room)
            return;
    }
}
