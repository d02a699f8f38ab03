/*
 * reply.c - composing and sending an answer.
 *
 * A small answer is one system call: head and body in one sendmsg.
 */
#include "base/banned.h"

#include "front/reply.h"

#include "base/clock.h"
#include "front/compress.h"
#include "front/conn.h"
#include "front/exchange.h"
#include "front/range.h"
#include "front/state.h"

enum { COMPRESS_FROM = 1024, READ_FILE_MAX = 64 * 1024, ROOM = 72 * 1024 };

const char reply_csp[] =
    "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

static const struct {
    int status;
    const char *text;
} reasons[] = {
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 204, "No Content" },
    { 206, "Partial Content" },
    { 207, "Multi-Status" },
    { 301, "Moved Permanently" },
    { 302, "Found" },
    { 303, "See Other" },
    { 304, "Not Modified" },
    { 307, "Temporary Redirect" },
    { 308, "Permanent Redirect" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 410, "Gone" },
    { 411, "Length Required" },
    { 412, "Precondition Failed" },
    { 413, "Content Too Large" },
    { 414, "URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 416, "Range Not Satisfiable" },
    { 417, "Expectation Failed" },
    { 421, "Misdirected Request" },
    { 422, "Unprocessable Content" },
    { 428, "Precondition Required" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
    { 505, "HTTP Version Not Supported" },
    { 507, "Insufficient Storage" },
};

const char *status_text(int status)
{
    size_t i;

    for (i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].status == status)
            return reasons[i].text;
    }
    return "Unknown";
}

/* The head being written; one buffer for the process, used at once. */
static struct {
    char bytes[ROOM];
    size_t length;
} out;

static void add(const char *text, size_t length)
{
    if (length <= ROOM - out.length) {
        memcpy(out.bytes + out.length, text, length);
        out.length += length;
    }
}

static void add_text(const char *text)
{
    add(text, strlen(text));
}

static void add_number(int64_t number)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%lld", (long long)number);
    add_text(digits);
}

static void add_field(const char *name, const char *value)
{
    add_text(name);
    add(": ", 2);
    add_text(value);
    add("\r\n", 2);
}

static const char *http_date(struct front *front)
{
    static const char *const days[] = { "Thu", "Fri", "Sat", "Sun",
                                        "Mon", "Tue", "Wed" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr",
                                          "May", "Jun", "Jul", "Aug",
                                          "Sep", "Oct", "Nov", "Dec" };
    time_t now = time(NULL);
    struct tm tm;

    if (now != (time_t)front->date_second && gmtime_r(&now, &tm)) {
        snprintf(front->date, sizeof front->date,
                 "%s, %02d %s %d %02d:%02d:%02d GMT",
                 days[(tm.tm_wday + 3) % 7], tm.tm_mday, months[tm.tm_mon],
                 tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
        front->date_second = now;
    }
    return front->date;
}

/* Fields that only the front says. */
static bool is_ours(struct str name)
{
    return str_is(name, "content-length") ||
           str_is(name, "transfer-encoding") || str_is(name, "connection") ||
           str_is(name, "date") || str_is(name, "x-request-id") ||
           str_is(name, "keep-alive") || str_is(name, "trailer") ||
           str_is(name, "upgrade");
}

struct given {
    bool csp, cache, nosniff, referrer, vary;
};

/* The handler's fields, and which of the usual ones it brought itself. */
static void add_given(struct given *given, const struct reply *reply)
{
    size_t i;

    for (i = 0; i < reply->field_count; i++) {
        const struct http_field *field = &reply->fields[i];

        if (is_ours(field->name))
            continue;
        given->csp |= str_is(field->name, "content-security-policy");
        given->cache |= str_is(field->name, "cache-control");
        given->nosniff |= str_is(field->name, "x-content-type-options");
        given->referrer |= str_is(field->name, "referrer-policy");
        given->vary |= str_is(field->name, "vary");
        add(field->name.data, field->name.length);
        add(": ", 2);
        add(field->value.data, field->value.length);
        add("\r\n", 2);
    }
}

static void add_usual(struct exchange *exchange, const struct reply *reply,
                      const struct given *given)
{
    add_field("date", http_date(exchange->front));
    add_field("x-request-id", exchange->id_text);
    if (!given->csp)
        add_field("content-security-policy",
                  reply->csp ? reply->csp : reply_csp);
    if (!given->nosniff)
        add_field("x-content-type-options", "nosniff");
    if (!given->referrer)
        add_field("referrer-policy", "same-origin");
    if (reply->dynamic && !given->cache)
        add_field("cache-control", "no-store");
    if (exchange->tls)
        add_field("strict-transport-security", "max-age=31536000");
}

static void add_connection(struct exchange *exchange)
{
    struct conn *conn = exchange->conn;

    if (conn->last || exchange->front->stopping ||
        (exchange->body_kind != BODY_NONE && !exchange->complete))
        exchange->keep_alive = false;
    if (!exchange->keep_alive)
        add_field("connection", "close");
    else if (exchange->http10)
        add_field("connection", "keep-alive");
}

static void add_head(struct exchange *exchange, const struct reply *reply,
                     int status)
{
    struct given given = { 0 };

    out.length = 0;
    add_text("HTTP/1.1 ");
    add_number(status);
    add(" ", 1);
    add_text(status_text(status));
    add("\r\n", 2);
    add_given(&given, reply);
    add_usual(exchange, reply, &given);
    add_connection(exchange);
    exchange->status = status;
}

static const struct http_field *given_field(const struct reply *reply,
                                            const char *name)
{
    size_t i;

    for (i = 0; i < reply->field_count; i++) {
        if (str_is(reply->fields[i].name, name))
            return &reply->fields[i];
    }
    return NULL;
}

bool type_compresses(struct str type)
{
    static const char *const some[] = {
        "application/json",          "application/problem+json",
        "application/javascript",    "application/xml",
        "application/manifest+json", "image/svg+xml"
    };
    size_t i;

    if (type.length > 5 && memcmp(type.data, "text/", 5) == 0)
        return true;
    for (i = 0; i < sizeof some / sizeof *some; i++) {
        size_t length = strlen(some[i]);

        if (type.length >= length && memcmp(type.data, some[i], length) == 0)
            return true;
    }
    return false;
}

static bool worth_compressing(const struct reply *reply)
{
    const struct http_field *type = given_field(reply, "content-type");

    return reply->dynamic && reply->body_length > COMPRESS_FROM && type &&
           !given_field(reply, "content-encoding") &&
           type_compresses(type->value);
}

static void send_bytes(struct exchange *exchange, const struct reply *reply)
{
    const void *body = reply->body;
    size_t length = reply->body_length;
    bool bare = reply->status == 204 || reply->status == 304;
    struct iovec parts[2];
    void *packed = NULL;

    add_head(exchange, reply, reply->status);
    if (worth_compressing(reply)) {
        add_field("vary", "accept-encoding");
        if (encoding_accepted(exchange->encodings, "gzip") &&
            compress_gzip(&packed, &length, body, length) == 0) {
            body = packed;
            add_field("content-encoding", "gzip");
        } else {
            length = reply->body_length;
        }
    }
    if (!bare && !reply->stream) {
        add_text("content-length: ");
        add_number((int64_t)length);
        add("\r\n", 2);
    }
    add("\r\n", 2);
    if (bare || exchange->head)
        length = 0;
    exchange->bytes = (int64_t)length;
    parts[0] = (struct iovec){ out.bytes, out.length };
    parts[1] = (struct iovec){ (void *)body, length };
    conn_write(exchange->conn, parts, length ? 2 : 1);
    free(packed);
}

/* Small ranges go with the head in one call, larger by the kernel. */
static void send_range(struct exchange *exchange, const struct reply *reply,
                       int64_t offset, int64_t length)
{
    static char bytes[READ_FILE_MAX];
    struct iovec parts[2] = { { out.bytes, out.length }, { bytes, 0 } };

    if (exchange->head || length == 0) {
        conn_write(exchange->conn, parts, 1);
        close(reply->file);
        return;
    }
    exchange->bytes = length;
    if (length <= READ_FILE_MAX) {
        ssize_t got = pread(reply->file, bytes, (size_t)length, offset);

        if (got != length)
            exchange->conn->broken = true;
        else
            parts[1].iov_len = (size_t)length;
        conn_write(exchange->conn, parts, 2);
        close(reply->file);
        return;
    }
    conn_write(exchange->conn, parts, 1);
    conn_write_file(exchange->conn, reply->file, offset, length);
}

static void send_file(struct exchange *exchange, const struct reply *reply)
{
    const struct http_field *etag = given_field(reply, "etag");
    int64_t offset = 0, length = reply->file_size;
    int status = reply->status;
    char range[80];

    if (status == 200)
        status =
            range_parse(&offset, &length, exchange->range, exchange->if_range,
                        etag ? etag->value : STR(""), reply->file_size);
    add_head(exchange, reply, status);
    add_field("accept-ranges", "bytes");
    if (status == 206) {
        snprintf(range, sizeof range, "bytes %lld-%lld/%lld", (long long)offset,
                 (long long)(offset + length - 1), (long long)reply->file_size);
        add_field("content-range", range);
    } else if (status == 416) {
        snprintf(range, sizeof range, "bytes */%lld",
                 (long long)reply->file_size);
        add_field("content-range", range);
        length = 0;
    }
    add_text("content-length: ");
    add_number(length);
    add("\r\n\r\n", 4);
    send_range(exchange, reply, offset, length);
}

void reply_send(struct exchange *exchange, const struct reply *reply)
{
    if (!exchange->conn) {
        if (reply->has_file)
            close(reply->file);
        exchange->status = reply->status;
        exchange_done(exchange);
        return;
    }
    if (reply->has_file)
        send_file(exchange, reply);
    else
        send_bytes(exchange, reply);
    if (!reply->stream)
        exchange_done(exchange);
}
