/*
 * log.c - structured logs: one JSON object a line on standard error.
 *
 * A line is made in a buffer on the stack and goes out with one write(2) of
 * at most PIPE_BUF bytes, alone or with others that waited, so that the lines
 * of several processes never mix. What does not fit is left out and the line
 * says so.
 */
#include "base/banned.h"

#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>

#include "base/clock.h"
#include "base/ctx.h"
#include "base/str.h"

enum { LINE_MAX_BYTES = 4000, TAIL_BYTES = 24, VALUE_MAX_BYTES = 1500 };

static char process_name[32] = "tenon";
static enum log_level least_level = LOG_INFO;
static int64_t (*person_id)(const struct person *);
/* Lines that wait for log_flush (log_defer). */
static char waiting[PIPE_BUF];
static size_t waiting_length;
static bool deferred;

void log_process(const char *name)
{
    snprintf(process_name, sizeof process_name, "%s", name);
}

const char *log_process_name(void)
{
    return process_name;
}

void log_level_set(enum log_level least)
{
    least_level = least;
}

void log_person_with(int64_t (*id_of)(const struct person *))
{
    person_id = id_of;
}

int64_t log_person_id(const struct ctx *ctx)
{
    return ctx->person && person_id ? person_id(ctx->person) : 0;
}

/* Adds "key":"value", or nothing where it does not fit. */
static void add_pair(struct buf *line, bool *cut, const char *key,
                     const char *value)
{
    size_t before = line->length;
    size_t length = value ? strlen(value) : 0;

    if (length > VALUE_MAX_BYTES) {
        length = VALUE_MAX_BYTES;
        *cut = true;
    }
    if (line->length > 1)
        buf_add_char(line, ',');
    buf_add_json(line, key, strlen(key));
    buf_add_char(line, ':');
    if (value)
        buf_add_json(line, value, length);
    else
        buf_add_text(line, "null");
    if (line->failed) {
        line->failed = false;
        line->length = before;
        *cut = true;
    }
}

static void write_out(const char *data, size_t length)
{
    ssize_t written;

    do
        written = write(STDERR_FILENO, data, length);
    while (written < 0 && errno == EINTR);
}

void log_flush(void)
{
    if (waiting_length)
        write_out(waiting, waiting_length);
    waiting_length = 0;
}

void log_defer(bool on)
{
    log_flush();
    deferred = on;
}

static void put_line(enum log_level level, const char *data, size_t length)
{
    bool waits = deferred && level < LOG_WARN && length <= sizeof waiting;

    if (!waits || waiting_length + length > sizeof waiting)
        log_flush();
    if (!waits) {
        write_out(data, length);
        return;
    }
    memcpy(waiting + waiting_length, data, length);
    waiting_length += length;
}

static void write_line(const struct ctx *ctx, enum log_level level,
                       const char *event, va_list *args)
{
    static const char *const names[] = { "debug", "info", "warn", "error" };
    char data[LINE_MAX_BYTES + 1], time[TIME_TEXT_MAX];
    struct buf line = { .data = data,
                        .capacity = sizeof data,
                        .max = LINE_MAX_BYTES - TAIL_BYTES };
    int saved = errno;
    bool cut = false;
    const char *key;

    instant_format(time, clock_now());
    buf_add_char(&line, '{');
    add_pair(&line, &cut, "time", time);
    add_pair(&line, &cut, "level", names[level]);
    add_pair(&line, &cut, "process", process_name);
    add_pair(&line, &cut, "event", event);
    if (ctx && ctx->request_id)
        add_pair(&line, &cut, "request", ctx->request_id);
    if (ctx && ctx->person && person_id)
        add_pair(&line, &cut, "person", log_int(person_id(ctx->person)));
    if (ctx && ctx->address)
        add_pair(&line, &cut, "address", ctx->address);
    if (ctx && ctx->module)
        add_pair(&line, &cut, "module", ctx->module);
    while ((key = va_arg(*args, const char *)))
        add_pair(&line, &cut, key, va_arg(*args, const char *));
    line.max = LINE_MAX_BYTES;
    buf_add_text(&line, cut ? ",\"cut\":true}\n" : "}\n");
    put_line(level, line.data, line.length);
    errno = saved;
}

void log_event(enum log_level level, const char *event, ...)
{
    va_list args;

    if (level < least_level)
        return;
    va_start(args, event);
    write_line(NULL, level, event, &args);
    va_end(args);
}

void log_ctx(const struct ctx *ctx, enum log_level level, const char *event,
             ...)
{
    va_list args;

    if (level < least_level)
        return;
    va_start(args, event);
    write_line(ctx, level, event, &args);
    va_end(args);
}

const char *log_int(int64_t number)
{
    static _Thread_local char ring[16][24];
    static _Thread_local unsigned next;
    char *text = ring[next++ % 16];

    snprintf(text, sizeof *ring, "%lld", (long long)number);
    return text;
}
