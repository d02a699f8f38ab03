/*
 * export.c - records as CSV, a page of the list at a time.
 *
 * Each page is read by cursor with an arena of its own, so that an export of
 * any length takes the memory of one page.
 */
#include "base/banned.h"

#include "form/export.h"

#include <errno.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "form/csv.h"
#include "form/field_type.h"
#include "store/db.h"

enum { EXPORT_PAGE = 500, PAGE_BYTES = 64 * 1024 * 1024 };

static int write_all(struct ctx *ctx, int fd, const struct buf *buf)
{
    size_t at = 0;

    if (buf->failed)
        return fail(ctx, E_LIMIT, "export.too_long",
                    "a page of the export is too long");
    while (at < buf->length) {
        ssize_t wrote = write(fd, buf->data + at, buf->length - at);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return fail(ctx, errno == ENOSPC ? E_FULL : E_IO, "export.write",
                        "the export can't be written: %s",
                        strerrordesc_np(errno));
        at += (size_t)wrote;
    }
    return 0;
}

static bool exported(const struct field *field)
{
    return !field->hidden && field->column &&
           strcmp(field->type->name, "file") != 0;
}

static void add_header(struct ctx *ctx, struct buf *buf,
                       const struct form *form)
{
    char before = '\0';
    size_t i;

    buf_add_text(buf, "\xef\xbb\xbf");
    for (i = 0; i < form->field_count; i++) {
        if (!exported(form->fields[i]))
            continue;
        csv_write_cell(buf, locale_pick(ctx, form->fields[i]->title), before);
        before = ',';
    }
    buf_add_text(buf, "\r\n");
}

/* Numbers and dates as machines read them; names for ids. */
static const char *cell_text(struct ctx *ctx, const struct field *field,
                             const struct value *value)
{
    const char *type = field->type->name;
    const struct value *json;

    if (value_is_empty(value))
        return "";
    if (!(field->type->flags & FIELD_NUMBER) && strcmp(type, "date") != 0 &&
        strcmp(type, "datetime") != 0)
        return field_human(ctx, field, value);
    json = field_to_json(ctx, field, value);
    if (value_kind(json) == VALUE_INT)
        return arena_printf(ctx->arena, "%lld",
                            (long long)value_as_int(json, 0));
    return value_as_text(json);
}

static void add_record(struct ctx *ctx, struct buf *buf,
                       const struct record *record)
{
    const struct form *form = record->form;
    char before = '\0';
    size_t i;

    for (i = 0; i < form->field_count; i++) {
        const struct field *field = form->fields[i];

        if (!exported(field))
            continue;
        csv_write_cell(
            buf, cell_text(ctx, field, value_get(record->values, field->key)),
            before);
        before = ',';
    }
    buf_add_text(buf, "\r\n");
}

/* One page from *cursor on; *cursor becomes NULL at the end. */
static int export_page(struct ctx *ctx, const struct form *form,
                       const struct record_query *query, int fd,
                       const char **cursor, size_t *count)
{
    struct record_query page = *query;
    struct record **records;
    struct buf buf;
    size_t i;
    int rc;

    page.limit = EXPORT_PAGE;
    page.offset = 0;
    page.cursor = *cursor;
    rc = record_list(&records, count, ctx, form, &page);
    if (rc)
        return rc;
    buf_init(&buf, ctx->arena, PAGE_BYTES);
    for (i = 0; i < *count; i++)
        add_record(ctx, &buf, records[i]);
    *cursor = *count == EXPORT_PAGE
                  ? record_cursor(ctx, &page, records[*count - 1])
                  : NULL;
    return write_all(ctx, fd, &buf);
}

int export_csv(int64_t *count, struct ctx *ctx, const struct form *form,
               const struct record_query *query, int fd)
{
    struct arena *arena = arena_new(0);
    const char *cursor = NULL;
    struct buf header;
    int rc;

    *count = 0;
    if (!ctx->system && !access_form(ctx, form->name, RIGHT_EXPORT)) {
        arena_free(arena);
        return fail(ctx, E_FORBIDDEN, "export.forbidden",
                    "you may not export records of this form");
    }
    buf_init(&header, ctx->arena, 1 << 20);
    add_header(ctx, &header, form);
    rc = write_all(ctx, fd, &header);
    while (!rc) {
        struct ctx own = *ctx;
        const char *from = cursor;
        size_t found;

        own.arena = arena;
        own.problems = own.last_problem = NULL;
        own.problem_count = 0;
        rc = export_page(&own, form, query, fd, &from, &found);
        if (rc)
            fail(ctx, rc, "export.stopped", "the export stopped: %s",
                 ctx_error(&own));
        *count += (int64_t)found;
        cursor = from ? arena_strdup(ctx->arena, from) : NULL;
        arena_reset(arena);
        if (!cursor)
            break;
    }
    arena_free(arena);
    return rc;
}
