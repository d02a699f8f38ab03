/*
 * own.c - health, readiness, metrics.
 *
 * /metrics: from the loopback address, when no proxy is configured and no
 * forwarded field came, the front answers alone; else a worker has to say yes
 * (a grant), by FRAME_METRICS.
 */
#include "base/banned.h"

#include "front/own.h"

#include "base/clock.h"
#include "base/str.h"
#include "front/disk.h"
#include "front/error_page.h"
#include "front/exchange.h"
#include "front/listen.h"
#include "front/peer.h"
#include "front/reply.h"
#include "front/state.h"

enum { METRICS_MAX = 512 * 1024, LOCATION_MAX = 20 * 1024 };

const char *const lane_names[LANES] = { "pages", "local", "net", "jobs",
                                        "keeper" };

static int ready_workers(const struct front *front, enum lane lane)
{
    const struct worker *worker;
    int count = 0;

    for (worker = front->workers; worker; worker = worker->next) {
        if (worker->seat->lane == lane && !worker->retiring &&
            (worker->state == WORKER_IDLE || worker->state == WORKER_BUSY))
            count++;
    }
    return count;
}

bool front_is_ready(const struct front *front)
{
    return ready_workers(front, LANE_PAGES) > 0 &&
           ready_workers(front, LANE_KEEPER) > 0 &&
           front->disk.state == DISK_WELL && !front->stopping;
}

static void answer_text(struct exchange *exchange, int status, const char *type,
                        const char *text, size_t length)
{
    struct http_field field = { STR("content-type"), str_of(type) };

    reply_send(exchange, &(struct reply){ .status = status,
                                          .fields = &field,
                                          .field_count = 1,
                                          .body = text,
                                          .body_length = length,
                                          .dynamic = true });
}

struct gauge_argument {
    struct buf *buf;
    const char *worker;
};

static void add_gauge(void *argument, const char *name, int64_t value)
{
    struct gauge_argument *gauge = argument;

    buf_addf(gauge->buf, "tenon_%s{worker=\"%s\"} %lld\n", name, gauge->worker,
             (long long)value);
}

/* No room on the disk: reading goes on. */
static void find_full(void *argument, const char *name, int64_t value)
{
    if (strcmp(name, "store_full") == 0 && value)
        *(bool *)argument = true;
}

static void answer_ready(struct exchange *exchange)
{
    const struct front *front = exchange->front;
    const struct worker *worker;
    bool ready = front_is_ready(front), full = false;
    char text[160];

    for (worker = front->workers; worker; worker = worker->next)
        slot_gauges(worker->slot, find_full, &full);
    snprintf(text, sizeof text,
             "{\"ready\":%s,\"pages\":%d,\"keeper\":%s,\"store\":\"%s\"}\n",
             ready ? "true" : "false", ready_workers(front, LANE_PAGES),
             ready_workers(front, LANE_KEEPER) ? "true" : "false",
             full && front->disk.state == DISK_WELL ? "full"
                                                    : disk_word(front));
    answer_text(exchange, ready ? 200 : 503, "application/json; charset=utf-8",
                text, strlen(text));
}

static void add_counter(struct buf *buf, const char *name, const char *help,
                        uint64_t value)
{
    buf_addf(buf,
             "# HELP tenon_%s %s\n# TYPE tenon_%s counter\ntenon_%s %llu\n",
             name, help, name, name, (unsigned long long)value);
}

static void add_gauge_line(struct buf *buf, const char *name, const char *help,
                           int64_t value)
{
    buf_addf(buf, "# HELP tenon_%s %s\n# TYPE tenon_%s gauge\ntenon_%s %lld\n",
             name, help, name, name, (long long)value);
}

static void add_requests(struct buf *buf, const struct counters *counters)
{
    int lane, class;

    buf_add_text(buf, "# HELP tenon_requests_total Answers, by lane and class "
                      "of status\n# TYPE tenon_requests_total counter\n");
    for (lane = 0; lane <= LANES; lane++) {
        for (class = 1; class < 6; class ++) {
            if (counters->requests[lane][class])
                buf_addf(buf,
                         "tenon_requests_total{lane=\"%s\",class=\"%dxx\"} "
                         "%llu\n",
                         lane < LANES ? lane_names[lane] : "front", class,
                         (unsigned long long)counters->requests[lane][class]);
        }
    }
    buf_add_text(buf, "# HELP tenon_request_milliseconds_total Time from head "
                      "to answer\n"
                      "# TYPE tenon_request_milliseconds_total counter\n");
    for (lane = 0; lane <= LANES; lane++)
        buf_addf(buf, "tenon_request_milliseconds_total{lane=\"%s\"} %llu\n",
                 lane < LANES ? lane_names[lane] : "front",
                 (unsigned long long)counters->duration_ms[lane]);
}

static void add_lanes(struct buf *buf, const struct front *front)
{
    const struct worker *worker;
    int lane;

    buf_add_text(buf, "# HELP tenon_lane_waiting Requests that wait for a "
                      "worker\n# TYPE tenon_lane_waiting gauge\n");
    for (lane = 0; lane < LANES; lane++)
        buf_addf(buf, "tenon_lane_waiting{lane=\"%s\"} %d\n", lane_names[lane],
                 front->queues[lane].count);
    buf_add_text(buf, "# HELP tenon_workers_ready Workers that are ready\n"
                      "# TYPE tenon_workers_ready gauge\n");
    for (lane = 0; lane < LANES; lane++)
        buf_addf(buf, "tenon_workers_ready{lane=\"%s\"} %d\n", lane_names[lane],
                 ready_workers(front, (enum lane)lane));
    for (worker = front->workers; worker; worker = worker->next) {
        struct gauge_argument argument = { buf, worker->seat->name };

        if (!worker->retiring)
            slot_gauges(worker->slot, add_gauge, &argument);
    }
}

void own_metrics(struct exchange *exchange, const void *more, size_t length)
{
    const struct front *front = exchange->front;
    const struct counters *counters = &front->counters;
    struct buf buf;

    buf_init(&buf, NULL, METRICS_MAX);
    add_requests(&buf, counters);
    add_counter(&buf, "sent_bytes_total", "Bytes of answers",
                counters->bytes_out);
    add_counter(&buf, "connections_total", "Accepted connections",
                counters->accepted);
    add_counter(&buf, "connections_refused_total",
                "Connections over the limit of their address",
                counters->refused_connections);
    add_counter(&buf, "requests_malformed_total", "Refused as malformed",
                counters->bad_requests);
    add_counter(&buf, "requests_overload_total",
                "Refused because too many wait", counters->overload);
    add_counter(&buf, "worker_crashes_total", "Workers that died",
                counters->crashes);
    add_counter(&buf, "worker_timeouts_total",
                "Workers ended at the hard deadline", counters->timeouts);
    add_counter(&buf, "worker_starts_total", "Workers started",
                counters->restarts);
    add_counter(&buf, "worker_recycled_total", "Workers replaced by plan",
                counters->recycled);
    add_counter(&buf, "events_total", "Live events passed on",
                counters->events);
    add_gauge_line(&buf, "connections", "Open connections", front->connections);
    add_gauge_line(&buf, "event_streams", "Open event streams",
                   front->stream_count);
    add_gauge_line(&buf, "spool_bytes", "Room taken by bodies on their way in",
                   front->spooled);
    add_gauge_line(&buf, "generation", "Generation in force",
                   front->generation_number);
    add_gauge_line(&buf, "answers_held", "Answers that wait for the disk",
                   front->release.held);
    add_gauge_line(&buf, "answers_held_bytes", "Their size",
                   (int64_t)front->release.bytes);
    add_gauge_line(&buf, "uptime_seconds", "Since the start",
                   (front->now - front->started) / 1000);
    add_lanes(&buf, front);
    buf_add(&buf, more, length);
    answer_text(exchange, buf.failed ? 500 : 200,
                "text/plain; version=0.0.4; charset=utf-8", buf_text(&buf),
                buf.length);
    buf_free(&buf);
}

/* "https://host:port" of the service. */
static void add_origin(struct buf *buf, const struct exchange *exchange)
{
    const struct settings *settings = exchange->front->settings;
    const char *own = listen_url(exchange->front), *colon = strrchr(own, ':');
    struct str host = exchange->host;
    size_t end = host.length;

    if (settings->public_url && text_starts(settings->public_url, "https://")) {
        buf_add(buf, settings->public_url,
                8 + strcspn(settings->public_url + 8, "/"));
        return;
    }
    if (memchr(host.data, ':', host.length) && host.data[end - 1] != ']')
        while (host.data[--end] != ':')
            ;
    buf_add_text(buf, "https://");
    buf_add(buf, host.data, end);
    if (colon && strcmp(colon, ":443") != 0)
        buf_add_text(buf, colon);
}

void own_redirect(struct exchange *exchange)
{
    struct http_field field = { STR("location"), { 0 } };
    struct buf buf;
    bool page = (exchange->head || str_is(exchange->method, "GET")) &&
                exchange->host.length &&
                !(exchange->path.length >= 4 &&
                  memcmp(exchange->path.data, "/api", 4) == 0);

    if (!page) {
        exchange_fail(exchange, 403, 0);
        return;
    }
    buf_init(&buf, NULL, LOCATION_MAX);
    add_origin(&buf, exchange);
    buf_add(&buf, exchange->path.data, exchange->path.length);
    if (exchange->query.length) {
        buf_add_char(&buf, '?');
        buf_add(&buf, exchange->query.data, exchange->query.length);
    }
    field.value = str_of(buf_text(&buf));
    if (buf.failed)
        exchange_fail(exchange, 414, 0);
    else
        reply_send(exchange, &(struct reply){ .status = 308,
                                              .fields = &field,
                                              .field_count = 1,
                                              .body = "",
                                              .dynamic = true });
    buf_free(&buf);
}

static void answer_css(struct exchange *exchange)
{
    struct http_field fields[2] = {
        { STR("content-type"), STR("text/css; charset=utf-8") },
        { STR("cache-control"), STR("public, max-age=3600") },
    };

    reply_send(exchange, &(struct reply){ .status = 200,
                                          .fields = fields,
                                          .field_count = 2,
                                          .body = error_page_css,
                                          .body_length = strlen(error_page_css),
                                          .dynamic = true });
}

bool own_answer(struct exchange *exchange)
{
    struct front *front = exchange->front;
    bool health = str_is(exchange->path, "/healthz");
    bool ready = str_is(exchange->path, "/readyz");
    bool css = str_is(exchange->path, ERROR_PAGE_CSS_PATH);
    bool metrics = str_is(exchange->path, "/metrics") &&
                   address_is_loopback(exchange->conn->address) &&
                   front->settings->proxy_count == 0 && !exchange->forwarded;

    if (!health && !ready && !css && !metrics)
        return false;
    if (!str_is(exchange->method, "GET") && !exchange->head)
        exchange_fail(exchange, 405, 0);
    else if (health)
        answer_text(exchange, 200, "text/plain; charset=utf-8", "ok\n", 3);
    else if (ready)
        answer_ready(exchange);
    else if (css)
        answer_css(exchange);
    else
        own_metrics(exchange, NULL, 0);
    return true;
}
