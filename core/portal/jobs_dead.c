/*
 * jobs_dead.c - what could not be done, as a file.
 */
#include "base/banned.h"

#include "portal/jobs.h"

#include <errno.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/str.h"
#include "base/value.h"
#include "event/job.h"
#include "form/csv.h"

enum { PART = 200, PART_BYTES = 32 * 1024 * 1024 };

/* Byte order mark: spreadsheets then read UTF-8. */
static const char header[] =
    "\xef\xbb\xbfid,what,name,module,topic,subject,attempt,at,error,data\r\n";

static int write_all(struct ctx *ctx, int fd, const struct buf *buf)
{
    const char *at = buf->data;
    size_t left = buf->length;

    if (buf->failed)
        return fail(ctx, E_LIMIT, "export.too_long",
                    "a page of the export is too long");
    while (left) {
        ssize_t written = write(fd, at, left);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return fail(ctx, E_IO, "export.write",
                        "the export can't be written: %s",
                        strerrordesc_np(errno));
        at += written;
        left -= (size_t)written;
    }
    return 0;
}

static void set_instant(struct value *letter)
{
    char text[TIME_TEXT_MAX];

    instant_format(text, value_get_int(letter, "at", 0));
    value_set_text(letter, "at", text);
}

static void add_row(struct buf *buf, struct ctx *ctx, struct value *letter)
{
    static const char *const columns[] = { "id",      "what",  "name",
                                           "module",  "topic", "subject",
                                           "attempt", "at",    "error",
                                           "data" };
    size_t i;

    for (i = 0; i < sizeof columns / sizeof *columns; i++) {
        const struct value *item = value_get(letter, columns[i]);
        const char *text = value_as_text(item);

        if (!text && item && value_kind(item) != VALUE_NULL)
            text = json_text(ctx->arena, item);
        csv_write_cell(buf, text ? text : "", i ? ',' : '\0');
    }
    buf_add_text(buf, "\r\n");
}

static int write_part(struct ctx *ctx, int fd, bool csv, bool first,
                      const struct value *letters)
{
    struct buf buf;
    size_t i;
    int rc;

    buf_init(&buf, NULL, PART_BYTES);
    if (first)
        buf_add_text(&buf, csv ? header : "[");
    for (i = 0; i < value_count(letters); i++) {
        struct value *letter = value_at(letters, i);

        set_instant(letter);
        if (csv) {
            add_row(&buf, ctx, letter);
        } else {
            buf_add_text(&buf, first && i == 0 ? "\n" : ",\n");
            buf_add_text(&buf, json_text(ctx->arena, letter));
        }
    }
    rc = write_all(ctx, fd, &buf);
    buf_free(&buf);
    return rc;
}

int jobs_write_dead(struct ctx *ctx, int fd, bool csv)
{
    char bracket[] = "\n]\n";
    const struct buf end = { .data = bracket, .length = strlen(bracket) };
    bool first = true;
    int64_t after = 0;
    struct value *letters;
    size_t count;
    int rc;

    do {
        struct ctx own = *ctx;

        own.arena = arena_new(0);
        rc = job_dead_letters(&letters, &own, after, PART);
        count = rc ? 0 : value_count(letters);
        if (!rc)
            rc = write_part(&own, fd, csv, first, letters);
        if (count)
            after = value_get_id(value_at(letters, count - 1), "id");
        first = false;
        if (rc)
            rc = fail(ctx, rc, "export.stopped", "the export stopped: %s",
                      ctx_error(&own));
        arena_free(own.arena);
    } while (!rc && count == PART);
    return rc || csv ? rc : write_all(ctx, fd, &end);
}
