/*
 * export.c - records as a file, a page of the list at a time.
 *
 * Each page is read by cursor with an arena of its own, so that an export of
 * any length takes the memory of one page.
 */
#include "base/banned.h"

#include "form/export.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/site.h"
#include "base/str.h"
#include "event/progress.h"
#include "form/csv.h"
#include "form/export_internal.h"
#include "form/field_type.h"
#include "org/org.h"
#include "org/person.h"
#include "store/db.h"

enum { EXPORT_PAGE = 500, PAGE_BYTES = 64 * 1024 * 1024 };

int export_write_all(struct ctx *ctx, int fd, const char *data, size_t length)
{
    size_t at = 0;

    while (at < length) {
        ssize_t wrote = write(fd, data + at, length - at);

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

/* ---- columns ---- */

static bool exported(const struct field *field)
{
    return !field->hidden && field->column &&
           strcmp(field->type->name, "file") != 0;
}

static void add_column(struct export_plan *plan, struct ctx *ctx,
                       const char *key, const struct field *field)
{
    struct export_column *column = &plan->columns[plan->count++];

    column->key = key;
    column->field = field;
    column->title =
        field ? locale_pick(ctx, field->title)
        : strcmp(key, "id") == 0
            ? tr(ctx, "export.id")
            : tr(ctx, arena_printf(ctx->arena, "form.system_field.%s", key));
}

void export_plan_all(struct export_plan *out, struct ctx *ctx,
                     const struct form *form)
{
    size_t i;

    memset(out, 0, sizeof *out);
    out->columns =
        arena_array(ctx->arena, form->field_count + 1, sizeof *out->columns);
    for (i = 0; i < form->field_count; i++)
        if (exported(form->fields[i]))
            add_column(out, ctx, form->fields[i]->key, form->fields[i]);
}

static bool is_system(const char *key)
{
    static const char *const keys[] = { "owner",      "department",
                                        "state",      "created_at",
                                        "updated_at", "updated_by",
                                        "created_by" };
    size_t i;

    for (i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

void export_plan_keys(struct export_plan *out, struct ctx *ctx,
                      const struct form *form, const char *const *keys,
                      size_t count)
{
    size_t i;

    memset(out, 0, sizeof *out);
    out->columns = arena_array(ctx->arena, count + 1, sizeof *out->columns);
    for (i = 0; i < count; i++) {
        const struct field *field = form_field(form, keys[i]);

        if (field ? exported(field) : is_system(keys[i]))
            add_column(out, ctx, keys[i], field);
    }
    add_column(out, ctx, "id", NULL);
}

/* ---- values ---- */

static const char *system_text(struct ctx *ctx, const char *key,
                               const struct record *record)
{
    char *text;

    if (strcmp(key, "id") == 0)
        return arena_printf(ctx->arena, "#%lld", (long long)record->id);
    if (strcmp(key, "state") == 0) {
        const char *name =
            arena_printf(ctx->arena, "form.state.%s", record->state);

        return tr_find(ctx->locale, name) ? tr(ctx, name) : record->state;
    }
    if (strcmp(key, "owner") == 0)
        return person_name(ctx, record->owner);
    if (strcmp(key, "created_by") == 0)
        return person_name(ctx, record->created_by);
    if (strcmp(key, "updated_by") == 0)
        return person_name(ctx, record->updated_by);
    if (strcmp(key, "department") == 0) {
        const char *name = department_name(ctx, record->department);

        return name ? name : "";
    }
    text = arena_alloc(ctx->arena, TIME_TEXT_MAX);
    instant_format(text, strcmp(key, "created_at") == 0 ? record->created_at
                                                        : record->updated_at);
    return text;
}

const char *export_text(struct ctx *ctx, const struct export_column *column,
                        const struct record *record)
{
    const struct field *field = column->field;
    const struct value *value, *json;

    if (!field)
        return system_text(ctx, column->key, record);
    value = value_get(record->values, field->key);
    if (value_is_empty(value))
        return "";
    /* Numbers and days as machines read them; names for ids. */
    if (!(field->type->flags & FIELD_NUMBER) &&
        strcmp(field->type->name, "date") != 0 &&
        strcmp(field->type->name, "datetime") != 0)
        return field_human(ctx, field, value);
    json = field_to_json(ctx, field, value);
    if (value_kind(json) == VALUE_INT)
        return arena_printf(ctx->arena, "%lld",
                            (long long)value_as_int(json, 0));
    return value_as_text(json);
}

/* ---- CSV ---- */

static int csv_row(struct export_sink *sink, struct ctx *ctx,
                   const struct record *record)
{
    struct buf *buf = sink->state;
    size_t i;

    for (i = 0; i < sink->plan->count; i++)
        csv_write_cell(buf, export_text(ctx, &sink->plan->columns[i], record),
                       i ? ',' : '\0');
    buf_add_text(buf, "\r\n");
    return 0;
}

static int csv_page(struct export_sink *sink, struct ctx *ctx)
{
    struct buf *buf = sink->state;
    int rc;

    if (buf->failed)
        return fail(ctx, E_LIMIT, "export.too_long",
                    "a page of the export is too long");
    rc = export_write_all(ctx, sink->fd, buf->data, buf->length);
    buf_clear(buf);
    return rc;
}

int export_csv_open(struct export_sink *sink, struct ctx *ctx)
{
    struct buf *buf = arena_alloc(ctx->arena, sizeof *buf);
    size_t i;

    buf_init(buf, ctx->arena, PAGE_BYTES);
    sink->state = buf;
    sink->row = csv_row;
    sink->page = csv_page;
    buf_add_text(buf, "\xef\xbb\xbf");
    for (i = 0; i < sink->plan->count; i++)
        csv_write_cell(buf, sink->plan->columns[i].title, i ? ',' : '\0');
    buf_add_text(buf, "\r\n");
    return csv_page(sink, ctx);
}

/* ---- pages ---- */

/* One page from *cursor on; *cursor becomes NULL at the end. */
static int export_page(struct export_sink *sink, struct ctx *ctx,
                       const struct form *form,
                       const struct record_query *query, const char **cursor,
                       size_t *count)
{
    struct record_query page = *query;
    struct record **records;
    size_t i;
    int rc;

    page.limit = EXPORT_PAGE;
    page.offset = 0;
    page.cursor = *cursor;
    rc = report_begin(ctx);
    if (rc)
        return rc;
    rc = record_list(&records, count, ctx, form, &page);
    for (i = 0; !rc && i < *count; i++)
        rc = sink->row(sink, ctx, records[i]);
    report_end(ctx);
    if (rc)
        return rc;
    *cursor = *count == EXPORT_PAGE
                  ? record_cursor(ctx, &page, records[*count - 1])
                  : NULL;
    return sink->page ? sink->page(sink, ctx) : 0;
}

static int export_pages(int64_t *count, struct export_sink *sink,
                        struct ctx *ctx, const struct form *form,
                        const struct record_query *query, int64_t total)
{
    struct arena *arena = arena_new(0);
    const char *cursor = NULL;
    int rc = 0;

    while (!rc) {
        struct ctx own = ctx_apart(ctx);
        const char *from = cursor;
        size_t found;

        own.arena = arena;
        rc = export_page(sink, &own, form, query, &from, &found);
        if (rc)
            fail(ctx, rc, "export.stopped", "the export stopped: %s",
                 ctx_error(&own));
        *count += (int64_t)found;
        cursor = from ? arena_strdup(ctx->arena, from) : NULL;
        arena_reset(arena);
        if (!rc && total)
            rc = job_progress(ctx, *count > total ? total : *count, total);
        if (!cursor)
            break;
    }
    arena_free(arena);
    return rc;
}

int export_records(int64_t *count, struct ctx *ctx, const struct form *form,
                   const struct record_query *query,
                   const struct export_plan *plan, int fd, int64_t total)
{
    struct export_sink sink = { .plan = plan, .fd = fd };
    int rc, other;

    *count = 0;
    if (!ctx->system && !access_form(ctx, form->name, RIGHT_EXPORT))
        return fail(ctx, E_FORBIDDEN, "export.forbidden",
                    "you may not export records of this form");
    rc =
        plan->xlsx ? export_xlsx_open(&sink, ctx) : export_csv_open(&sink, ctx);
    if (!rc)
        rc = export_pages(count, &sink, ctx, form, query, total);
    other = sink.end ? sink.end(&sink, ctx) : 0;
    return rc ? rc : other;
}

int export_csv(int64_t *count, struct ctx *ctx, const struct form *form,
               const struct record_query *query, int fd)
{
    struct export_plan plan;

    export_plan_all(&plan, ctx, form);
    return export_records(count, ctx, form, query, &plan, fd, 0);
}

/* ---- files ---- */

int export_open(int *fd, struct ctx *ctx)
{
    *fd = ctx->site ? open(site_path(ctx, ctx->site, "files"),
                           O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)
                    : -1;
    if (*fd < 0)
        *fd = memfd_create("export", MFD_CLOEXEC);
    if (*fd < 0)
        return fail(ctx, errno == ENOSPC ? E_FULL : E_IO, "export.write",
                    "the export can't be written: %s", strerrordesc_np(errno));
    return 0;
}

const char *export_name(struct ctx *ctx, const struct form *form, bool xlsx)
{
    return arena_printf(ctx->arena, "%s.%s", form->name, xlsx ? "xlsx" : "csv");
}

const char *export_type(bool xlsx)
{
    return xlsx ? "application/vnd.openxmlformats-officedocument."
                  "spreadsheetml.sheet"
                : "text/csv; charset=utf-8";
}
