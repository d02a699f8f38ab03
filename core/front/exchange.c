/*
 * exchange.c - one request: checks, body, who answers it, log.
 */
#include "base/banned.h"

#include "front/exchange.h"

#include "base/crypto.h"
#include "base/log.h"
#include "front/conn.h"
#include "front/dispatch.h"
#include "front/error_page.h"
#include "front/own.h"
#include "front/peer.h"
#include "front/reply.h"
#include "front/rules.h"
#include "front/spool.h"
#include "front/state.h"
#include "front/static.h"

static void next_id(struct front *front, char out[REQUEST_ID_MAX])
{
    snprintf(out, REQUEST_ID_MAX, "%s%07x", front->id_prefix,
             ++front->id_counter & 0xfffffff);
}

static struct exchange *exchange_new(struct conn *conn)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);

    if (!exchange)
        return NULL;
    exchange->front = conn->front;
    exchange->conn = conn;
    exchange->started = conn->front->now;
    exchange->source = "front";
    exchange->lane = LANES;
    next_id(conn->front, exchange->id_text);
    exchange->id = str_of(exchange->id_text);
    exchange->address = str_of(conn->address);
    exchange->tls = conn->tls;
    conn->exchange = exchange;
    return exchange;
}

static void exchange_free(struct exchange *exchange)
{
    dispatch_uncount(exchange);
    spool_free(exchange->spool);
    free(exchange->body);
    free(exchange->payload);
    free(exchange->log_path);
    free(exchange);
}

void exchange_refuse(struct conn *conn, int status)
{
    struct exchange *exchange = exchange_new(conn);

    if (!exchange) {
        conn->broken = true;
        conn_answered(conn, false);
        return;
    }
    exchange_fail(exchange, status, 0);
}

/* Fields that end here: those of the connection, and those that only a proxy
 * may say (S30); what they tell goes on in fields of our own. */
static bool field_passes(struct str name)
{
    static const char *const stay[] = {
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "http2-settings",
        "expect",
        "content-length",
        "host",
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
        "x-request-id",
        "x-forwarded-port",
        "proxy",
        "x-forwarded-prefix",
    };
    size_t i;

    for (i = 0; i < sizeof stay / sizeof *stay; i++) {
        if (str_is(name, stay[i]))
            return false;
    }
    return true;
}

static bool has_forwarded(const struct head *head)
{
    return head_field(head, "forwarded") ||
           head_field(head, "x-forwarded-for") ||
           head_field(head, "x-forwarded-host") ||
           head_field(head, "x-forwarded-proto") ||
           head_field(head, "x-real-ip");
}

/* The last address of X-Forwarded-For that is no proxy of ours. */
static void forwarded_address(struct exchange *exchange,
                              const struct head *head, char *out, size_t size)
{
    const struct str *list = head_field(head, "x-forwarded-for");
    size_t end = list ? list->length : 0;

    snprintf(out, size, "%s", exchange->conn->address);
    while (end) {
        size_t start = end, length;
        char one[ADDRESS_TEXT_MAX];

        while (start && list->data[start - 1] != ',')
            start--;
        length = end - start;
        while (length && list->data[start] == ' ') {
            start++;
            length--;
        }
        while (length && list->data[start + length - 1] == ' ')
            length--;
        if (length == 0 || length >= sizeof one)
            return;
        memcpy(one, list->data + start, length);
        one[length] = '\0';
        if (strspn(one, "0123456789abcdefABCDEF.:") != length)
            return;
        snprintf(out, size, "%s", one);
        if (!peer_is_proxy(exchange->front, one))
            return;
        while (start && list->data[start - 1] != ',')
            start--;
        end = start ? start - 1 : 0;
    }
}

/* Writes the message for the worker; the exchange's texts then point into
 * it, as the block is about to go. */
static bool is_form(struct str type)
{
    static const char start[] = "multipart/";

    return type.length >= sizeof start - 1 &&
           strncasecmp(type.data, start, sizeof start - 1) == 0;
}

static bool keep(struct exchange *exchange, const struct head *head,
                 const char *address)
{
    struct request_message message = { .id = exchange->id,
                                       .method = head->method,
                                       .path = head->path,
                                       .query = head->query,
                                       .host = head->host,
                                       .address = str_of(address),
                                       .tls = exchange->tls };
    size_t room = 256 + head->method.length + head->path.length +
                  head->query.length + head->host.length + strlen(address);
    struct writer writer;
    size_t i;

    for (i = 0; i < head->field_count; i++) {
        const struct http_field *field = &head->fields[i];

        if (!field_passes(field->name))
            continue;
        message.fields[message.field_count++] = *field;
        room += 8 + field->name.length + field->value.length;
    }
    exchange->payload = malloc(room);
    if (!exchange->payload)
        return false;
    writer_init(&writer, exchange->payload, room);
    if (request_write(&writer, &message))
        return false;
    exchange->payload_length = writer.used;
    if (request_read(&message, exchange->payload, writer.used))
        return false;
    exchange->method = message.method;
    exchange->path = message.path;
    exchange->query = message.query;
    exchange->host = message.host;
    exchange->address = message.address;
    for (i = 0; i < message.field_count; i++) {
        struct str name = message.fields[i].name;
        struct str value = message.fields[i].value;

        if (str_is(name, "range"))
            exchange->range = value;
        else if (str_is(name, "content-type"))
            exchange->form = is_form(value);
        else if (str_is(name, "if-range"))
            exchange->if_range = value;
        else if (str_is(name, "if-none-match"))
            exchange->if_none_match = value;
        else if (str_is(name, "accept-language"))
            exchange->language = value;
        else if (str_is(name, "accept"))
            exchange->accept = value;
        else if (str_is(name, "accept-encoding"))
            exchange->encodings = value;
    }
    return true;
}

/* Names that this site answers to (S30). Without a list: any address literal
 * and localhost, and the host of public_url. */
static bool host_allowed(const struct front *front, struct str host)
{
    const struct settings *settings = front->settings;
    size_t i, length = 0;
    const char *public = settings->public_url;

    if (host.length == 0)
        return true; /* HTTP/1.0 */
    if (host.data[0] == '[') {
        while (length < host.length && host.data[length++] != ']')
            ;
    } else {
        while (length < host.length && host.data[length] != ':')
            length++;
    }
    for (i = 0; i < settings->host_count; i++) {
        const char *name = settings->hosts[i];

        if (strlen(name) == length && strncasecmp(name, host.data, length) == 0)
            return true;
        if (strlen(name) == host.length &&
            strncasecmp(name, host.data, host.length) == 0)
            return true;
    }
    if (public && (public = strstr(public, "://"))) {
        public += 3;
        if (strcspn(public, ":/") == length &&
            strncasecmp(public, host.data, length) == 0)
            return true;
    }
    if (settings->host_count)
        return false;
    if (host.data[0] == '[')
        return true;
    if (length == 9 && strncasecmp(host.data, "localhost", 9) == 0)
        return true;
    for (i = 0; i < length; i++) {
        if (!isdigit((unsigned char)host.data[i]) && host.data[i] != '.')
            return false;
    }
    return true;
}

/* Decides who answers: the front itself, a file, or a lane of workers. */
static void route(struct exchange *exchange)
{
    struct rule_match match;

    if (own_answer(exchange) || static_answer(exchange))
        return;
    rules_match(&match, exchange->front, exchange->method, exchange->path);
    if (match.flags & RULE_LOCAL)
        exchange->lane = LANE_LOCAL;
    else if ((match.flags & RULE_NET) ||
             ((match.flags & RULE_NET_FORM) && exchange->form))
        exchange->lane = LANE_NET;
    else
        exchange->lane = LANE_PAGES;
    exchange->rule_flags = match.flags;
    memcpy(exchange->module, match.module, sizeof exchange->module);
    if ((match.flags & RULE_PRIVATE) && match.pattern.length)
        exchange->log_path = strndup(match.pattern.data, match.pattern.length);
    dispatch_submit(exchange);
}

/* A large body is announced: only a worker can say whether it may come, and
 * only for routes that workers answer. */
static void ask(struct exchange *exchange)
{
    conn_pause(exchange->conn);
    exchange->ask = true;
    route(exchange);
}

static void say_continue(struct exchange *exchange)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct iovec part = { (void *)text, sizeof text - 1 };

    if (exchange->expects && !exchange->continued) {
        exchange->continued = true;
        conn_write(exchange->conn, &part, 1);
    }
}

static void begin_body(struct exchange *exchange, const struct head *head)
{
    struct conn *conn = exchange->conn;

    if (head->chunked) {
        exchange->body_kind = BODY_CHUNKED;
        chunk_init(&exchange->chunk);
    } else if (head->content_length > 0) {
        exchange->body_kind = BODY_LENGTH;
        exchange->body_left = head->content_length;
        request_set_length(exchange->payload, (uint64_t)head->content_length);
    }
    if (exchange->body_kind == BODY_NONE) {
        exchange->complete = true;
        route(exchange);
        return;
    }
    if (exchange->body_left > exchange->front->settings->body_max) {
        exchange_fail(exchange, 413, exchange->front->settings->body_max);
    } else if (exchange->body_left > SMALL_BODY) {
        ask(exchange);
    } else {
        say_continue(exchange);
        conn_collect(conn);
    }
}

void exchange_begin(struct conn *conn, char *block, size_t length)
{
    struct exchange *exchange = exchange_new(conn);
    struct front *front = conn->front;
    struct head *head = &front->head;
    char address[ADDRESS_TEXT_MAX];
    const struct str *scheme;
    int status;

    if (!exchange) {
        conn->broken = true;
        conn_answered(conn, false);
        return;
    }
    status = head_parse(head, block, length);
    if (status) {
        front->counters.bad_requests++;
        conn->last = true;
        exchange_fail(exchange, status, 0);
        return;
    }
    exchange->head = str_is(head->method, "HEAD");
    exchange->http10 = head->minor == 0;
    exchange->keep_alive = head->keep_alive;
    exchange->expects = head->expects;
    exchange->forwarded = has_forwarded(head);
    memcpy(address, conn->address, sizeof address);
    if (conn->proxied) {
        forwarded_address(exchange, head, address, sizeof address);
        scheme = head_field(head, "x-forwarded-proto");
        exchange->tls = conn->tls || (scheme && str_is(*scheme, "https"));
    }
    if (!keep(exchange, head, address)) {
        conn->last = true;
        exchange_fail(exchange, 503, 0);
    } else if (!host_allowed(front, head->host)) {
        conn->last = true;
        exchange_fail(exchange, 421, 0);
    } else if (conn->redirect) {
        conn->last = true;
        own_redirect(exchange);
    } else {
        begin_body(exchange, head);
    }
}

/* The body is whole: on to whoever answers. */
static void body_complete(struct exchange *exchange)
{
    conn_pause(exchange->conn);
    exchange->complete = true;
    if (exchange->spool) {
        request_set_length(exchange->payload,
                           (uint64_t)spool_size(exchange->spool));
        exchange->ask = false;
        dispatch_submit(exchange);
    } else {
        request_set_length(exchange->payload, exchange->body_length);
        route(exchange);
    }
}

/* Adds to the small body; false: no memory, or larger than small. */
static bool collect(struct exchange *exchange, const char *data, size_t length)
{
    if (exchange->body_length + length > SMALL_BODY)
        return false;
    if (exchange->body_length + length > exchange->body_room) {
        size_t room = exchange->body_kind == BODY_LENGTH
                          ? (size_t)exchange->body_left
                          : exchange->body_length * 2 + 4096;
        unsigned char *more;

        if (room < exchange->body_length + length)
            room = exchange->body_length + length;
        more = realloc(exchange->body, room);
        if (!more)
            return false;
        exchange->body = more;
        exchange->body_room = room;
    }
    memcpy(exchange->body + exchange->body_length, data, length);
    exchange->body_length += length;
    return true;
}

/* Body bytes, freed from their transfer coding. False: a spooled one has been
 * answered (and the exchange is gone); a small one found no memory. */
static bool take(struct exchange *exchange, const char *data, size_t length)
{
    int status;

    if (!exchange->spool)
        return collect(exchange, data, length);
    if (spool_size(exchange->spool) + (int64_t)length > exchange->limit)
        status = 413;
    else
        status = spool_write(exchange->spool, data, length);
    if (status == 0)
        return true;
    exchange->conn->last = true;
    exchange_fail(exchange, status, exchange->limit);
    return false;
}

static void take_length(struct exchange *exchange, const char *data,
                        size_t length, size_t *used)
{
    bool small = !exchange->spool;

    if ((int64_t)length > exchange->body_left)
        length = (size_t)exchange->body_left;
    *used = length;
    if (!take(exchange, data, length)) {
        if (small)
            exchange_fail(exchange, 503, 0);
        return;
    }
    exchange->body_left -= (int64_t)length;
    if (exchange->body_left == 0)
        body_complete(exchange);
}

static void take_chunks(struct exchange *exchange, const char *data,
                        size_t length, size_t *used)
{
    struct conn *conn = exchange->conn;
    bool large = exchange->spool != NULL;

    while (conn->exchange == exchange) {
        struct chunk before = exchange->chunk;
        enum chunk_status status;
        const char *part;
        size_t size, step;

        status = chunk_next(&exchange->chunk, data + *used, length - *used,
                            &step, &part, &size);
        if (status == CHUNK_DATA && !large &&
            exchange->body_length + size > SMALL_BODY) {
            /* More than small: nothing of this chunk is taken before a
             * worker has said yes. */
            exchange->chunk = before;
            ask(exchange);
            return;
        }
        *used += step;
        if (status == CHUNK_DATA) {
            if (!take(exchange, part, size)) {
                if (!large)
                    exchange_fail(exchange, 503, 0);
                return;
            }
        } else {
            if (status == CHUNK_BAD) {
                conn->last = true;
                conn->front->counters.bad_requests++;
                exchange_fail(exchange, 400, 0);
            } else if (status == CHUNK_END) {
                body_complete(exchange);
            }
            return;
        }
    }
}

void exchange_body(struct exchange *exchange, const char *data, size_t length,
                   size_t *used)
{
    if (exchange->body_kind == BODY_LENGTH)
        take_length(exchange, data, length, used);
    else
        take_chunks(exchange, data, length, used);
}

void exchange_allowed(struct exchange *exchange, uint64_t limit)
{
    struct front *front = exchange->front;
    int status;

    if (!exchange->conn) {
        exchange_free(exchange);
        return;
    }
    dispatch_uncount(exchange);
    if (limit > (uint64_t)front->settings->body_max)
        limit = (uint64_t)front->settings->body_max;
    exchange->limit = (int64_t)limit;
    if (exchange->body_left > exchange->limit) {
        exchange_fail(exchange, 413, exchange->limit);
        return;
    }
    /* The whole room is reserved at once, so that many bodies that begin
     * together can't overrun the cap together. */
    status = spool_new(&exchange->spool, front,
                       exchange->body_kind == BODY_LENGTH ? exchange->body_left
                                                          : exchange->limit);
    if (status == 0 && exchange->body_length)
        status =
            spool_write(exchange->spool, exchange->body, exchange->body_length);
    if (status) {
        exchange_fail(exchange, status, exchange->limit);
        return;
    }
    free(exchange->body);
    exchange->body = NULL;
    exchange->body_length = exchange->body_room = 0;
    say_continue(exchange);
    conn_take_body(exchange->conn);
}

void exchange_fail(struct exchange *exchange, int status, int64_t limit)
{
    error_page(exchange, status, limit, NULL);
}

void exchange_fail_incident(struct exchange *exchange, int status,
                            const char *incident)
{
    error_page(exchange, status, 0, incident);
}

void exchange_fail_words(struct exchange *exchange, const char *words)
{
    exchange->words = words;
    error_page(exchange, 503, 0, NULL);
}

void exchange_abandon(struct exchange *exchange)
{
    exchange->status = 499;
    exchange->keep_alive = false;
    exchange_done(exchange);
}

void exchange_orphan(struct exchange *exchange)
{
    exchange->conn = NULL;
    if (exchange->worker || exchange->held)
        return;
    dispatch_forget(exchange);
    exchange->status = 499;
    exchange_done(exchange);
}

static void log_access(const struct exchange *exchange)
{
    const struct front *front = exchange->front;
    char method[24], path[512], address[ADDRESS_TEXT_MAX];

    snprintf(method, sizeof method, "%.*s", (int)exchange->method.length,
             exchange->method.length ? exchange->method.data : "");
    if (exchange->log_path)
        snprintf(path, sizeof path, "%s", exchange->log_path);
    else
        snprintf(path, sizeof path, "%.*s", (int)exchange->path.length,
                 exchange->path.length ? exchange->path.data : "");
    address[0] = '\0';
    if (!(exchange->rule_flags & RULE_ANONYMOUS))
        snprintf(address, sizeof address, "%.*s", (int)exchange->address.length,
                 exchange->address.data);
    log_event(LOG_INFO, "request", "request", exchange->id_text, "method",
              method, "path", path, "status", log_int(exchange->status), "ms",
              log_int(front->now - exchange->started), "bytes",
              log_int(exchange->bytes), "address", address, "by",
              exchange->lane < LANES ? lane_names[exchange->lane]
                                     : exchange->source,
              NULL);
}

void exchange_done(struct exchange *exchange)
{
    struct front *front = exchange->front;
    struct conn *conn = exchange->conn;
    int class = exchange->status / 100;
    bool keep_alive = exchange->keep_alive &&
                      (exchange->body_kind == BODY_NONE || exchange->complete);

    front->counters.requests[exchange->lane][class > 5 ? 0 : class]++;
    front->counters.duration_ms[exchange->lane] +=
        (uint64_t)(front->now - exchange->started);
    log_access(exchange);
    exchange_free(exchange);
    if (conn)
        conn_answered(conn, keep_alive);
}
