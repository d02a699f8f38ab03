/*
 * stream.c - open event streams.
 */
#include "base/banned.h"

#include "front/stream.h"

#include "base/log.h"
#include "front/conn.h"
#include "front/exchange.h"
#include "front/reply.h"
#include "front/state.h"

enum {
    HEARTBEAT_MS = 15 * 1000,
    UNREAD_MAX = 32 * 1024, /* a reader that lags by so much is closed */
    BUCKETS = 256,
};

struct stream {
    struct stream *next;
    struct conn *conn;
    uint64_t user;
    char session[160];
    int64_t written_at;
};

static struct stream **bucket_of(struct front *front, uint64_t user)
{
    return &front->streams[user % BUCKETS];
}

static int count_session(struct front *front, uint64_t user,
                         const char *session)
{
    struct stream *stream;
    int count = 0;

    for (stream = *bucket_of(front, user); stream; stream = stream->next) {
        if (stream->user == user && strcmp(stream->session, session) == 0)
            count++;
    }
    return count;
}

static void stream_write(struct stream *stream, const char *text, size_t length)
{
    struct iovec part = { (void *)text, length };

    conn_write(stream->conn, &part, 1);
    stream->written_at = stream->conn->front->now;
}

void stream_begin(struct exchange *exchange, uint64_t user, const char *session)
{
    const struct http_field fields[] = {
        { STR("content-type"), STR("text/event-stream; charset=utf-8") },
        { STR("x-accel-buffering"), STR("no") },
    };
    static const char hello[] = "retry: 3000\n: open\n\n";
    struct front *front = exchange->front;
    struct conn *conn = exchange->conn;
    struct stream *stream;

    if (!conn) {
        exchange->status = 499;
        exchange_done(exchange);
        return;
    }
    if (count_session(front, user, session) >=
            front->settings->event_streams_max ||
        !(stream = calloc(1, sizeof *stream))) {
        exchange_fail(exchange, 429, 0);
        return;
    }
    stream->conn = conn;
    stream->user = user;
    snprintf(stream->session, sizeof stream->session, "%s", session);
    stream->next = *bucket_of(front, user);
    *bucket_of(front, user) = stream;
    front->stream_count++;
    exchange->keep_alive = false; /* the stream's end is the connection's */
    reply_send(exchange, &(struct reply){ .status = 200,
                                          .fields = fields,
                                          .field_count = 2,
                                          .dynamic = true,
                                          .stream = true });
    conn_to_stream(conn);
    conn->stream = stream;
    exchange->conn = NULL;
    exchange_done(exchange);
    stream_write(stream, hello, sizeof hello - 1);
}

void stream_forget(struct stream *stream)
{
    struct front *front = stream->conn->front;
    struct stream **at = bucket_of(front, stream->user);

    while (*at != stream)
        at = &(*at)->next;
    *at = stream->next;
    stream->conn->stream = NULL;
    front->stream_count--;
    free(stream);
}

void stream_check(struct stream *stream)
{
    static const char heartbeat[] = ":\n\n";
    struct conn *conn = stream->conn;
    size_t unread = evbuffer_get_length(bufferevent_get_output(conn->be));

    if (unread > UNREAD_MAX || conn->broken)
        conn_free(conn);
    else if (conn->front->now - stream->written_at > HEARTBEAT_MS)
        stream_write(stream, heartbeat, sizeof heartbeat - 1);
}

/* An event that may have to wait for the disk. */
struct event_message {
    struct front *front;
    uint64_t user;
    size_t length;
    char text[384];
};

static void pass_on(void *argument, bool well)
{
    struct event_message *message = argument;
    struct front *front = message->front;
    struct stream *stream;
    size_t i;

    for (i = 0; well && i < BUCKETS; i++) {
        if (message->user && i != message->user % BUCKETS)
            continue;
        for (stream = front->streams[i]; stream; stream = stream->next) {
            if (message->user && stream->user != message->user)
                continue;
            stream_write(stream, message->text, message->length);
            front->counters.events++;
        }
    }
    free(message);
}

void stream_event(struct front *front, uint64_t begun, uint64_t user,
                  struct str topic)
{
    struct event_message *message = malloc(sizeof *message);
    int length;

    if (!message)
        return;
    message->front = front;
    message->user = user;
    length = snprintf(message->text, sizeof message->text,
                      "event: %.*s\ndata: %.*s\n\n", (int)topic.length,
                      topic.data, (int)topic.length, topic.data);
    message->length = (size_t)length;
    if ((size_t)length >= sizeof message->text ||
        answer_release(&front->release,
                       &(struct release_item){ .begun = begun,
                                               .bytes = sizeof *message,
                                               .now = front->now,
                                               .leave = pass_on,
                                               .argument = message }))
        free(message);
}

void stream_end(struct front *front, uint64_t user, struct str session)
{
    struct stream *stream = *bucket_of(front, user), *next;

    for (; stream; stream = next) {
        next = stream->next;
        if (stream->user == user &&
            (session.length == 0 || str_is(session, stream->session)))
            conn_free(stream->conn);
    }
}
