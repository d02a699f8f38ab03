/*
 * export_xlsx.c - records as a sheet of a workbook, a row in memory at a time.
 *
 * Numbers, days and moments are such; a text is a text whatever it begins
 * with (S27). libxlsxwriter writes by name, so the file has one while it is
 * made, in the site's folder.
 */
#include "base/banned.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <xlsxwriter.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/site.h"
#include "base/unicode.h"
#include "form/export_internal.h"
#include "form/field_type.h"

enum {
    ROWS_MAX = 1048576,
    TEXT_MAX = 32767,   /* characters of a cell */
    DIGITS_KEPT = 15,   /* of a number in a sheet */
    EPOCH_DAYS = 25569, /* 1970-01-01 as a sheet counts */
    SCALES = DECIMAL_SCALE_MAX + 1,
};

struct book {
    lxw_workbook *workbook;
    lxw_worksheet *sheet;
    lxw_format *plain[SCALES], *money[SCALES], *percent[SCALES];
    lxw_format *day, *moment, *head;
    lxw_row_t row;
    const char *path;
};

static lxw_format *number_format(lxw_workbook *workbook, const char *before,
                                 int scale, const char *after)
{
    lxw_format *format = workbook_add_format(workbook);
    char text[40];

    snprintf(text, sizeof text, "%s0%s%.*s%s", before, scale ? "." : "", scale,
             "000000000", after);
    format_set_num_format(format, text);
    return format;
}

static void make_formats(struct book *book)
{
    int scale;

    for (scale = 0; scale < SCALES; scale++) {
        book->plain[scale] = number_format(book->workbook, "", scale, "");
        book->money[scale] = number_format(book->workbook, "#,##", scale, "");
        book->percent[scale] = number_format(book->workbook, "", scale, "%");
    }
    book->day = workbook_add_format(book->workbook);
    format_set_num_format(book->day, "yyyy-mm-dd");
    book->moment = workbook_add_format(book->workbook);
    format_set_num_format(book->moment, "yyyy-mm-dd hh:mm");
    book->head = workbook_add_format(book->workbook);
    format_set_bold(book->head);
}

static int can_not(struct ctx *ctx, const char *why)
{
    return fail(ctx, errno == ENOSPC ? E_FULL : E_IO, "export.write",
                "the export can't be written: %s", why);
}

/* ---- cells ---- */

static int write_text(struct book *book, struct ctx *ctx, lxw_col_t column,
                      const char *text)
{
    size_t length = strlen(text);

    if (!length)
        return 0;
    if (length > TEXT_MAX && utf8_length(text, length) > TEXT_MAX)
        text = arena_printf(ctx->arena, "%.*s…",
                            (int)utf8_prefix(text, length, TEXT_MAX - 2), text);
    return worksheet_write_string(book->sheet, book->row, column, text, NULL);
}

/* A sheet keeps 15 digits: what has more goes out as text. */
static int write_decimal(struct book *book, struct ctx *ctx, lxw_col_t column,
                         const struct field *field, struct decimal decimal)
{
    const char *type = field->type->name;
    char text[DECIMAL_TEXT_MAX];
    size_t length = decimal_format(text, decimal);
    lxw_format **formats = strcmp(type, "money") == 0     ? book->money
                           : strcmp(type, "percent") == 0 ? book->percent
                                                          : book->plain;
    double number = strtod(text, NULL);

    if (length > DIGITS_KEPT + 1)
        return write_text(book, ctx, column, text);
    if (formats == book->percent)
        number /= 100;
    return worksheet_write_number(book->sheet, book->row, column, number,
                                  formats[decimal.scale]);
}

static int write_moment(struct book *book, struct ctx *ctx, lxw_col_t column,
                        int64_t instant)
{
    struct civil civil;
    double serial;

    if (!instant)
        return 0;
    civil_of(&civil, instant, ctx->zone ? ctx->zone : zone_utc());
    serial =
        (double)(days_of(civil.year, civil.month, civil.day) + EPOCH_DAYS) +
        (civil.hour * 3600 + civil.minute * 60 + civil.second) / 86400.0;
    return worksheet_write_number(book->sheet, book->row, column, serial,
                                  book->moment);
}

static int write_day(struct book *book, struct ctx *ctx, lxw_col_t column,
                     const char *text)
{
    int year, month, day;

    /* A sheet knows no day before 1900-03-01 for sure. */
    if (!date_parse(&year, &month, &day, text) || year <= 1900)
        return write_text(book, ctx, column, text);
    return worksheet_write_number(
        book->sheet, book->row, column,
        (double)(days_of(year, month, day) + EPOCH_DAYS), book->day);
}

static int write_field(struct book *book, struct ctx *ctx, lxw_col_t at,
                       const struct export_column *column,
                       const struct record *record)
{
    const struct field *field = column->field;
    const struct value *value = value_get(record->values, field->key);
    const char *type = field->type->name;
    struct decimal decimal;

    if (value_is_empty(value))
        return 0;
    if (field->type->flags & FIELD_NUMBER && value_as_decimal(&decimal, value))
        return write_decimal(book, ctx, at, field, decimal);
    if (strcmp(type, "date") == 0)
        return write_day(book, ctx, at, value_as_text(value));
    if (strcmp(type, "datetime") == 0)
        return write_moment(book, ctx, at, value_as_int(value, 0));
    if (value_kind(value) == VALUE_BOOL)
        return worksheet_write_boolean(book->sheet, book->row, at,
                                       value_as_bool(value), NULL);
    return write_text(book, ctx, at, export_text(ctx, column, record));
}

static int write_cell(struct book *book, struct ctx *ctx, lxw_col_t at,
                      const struct export_column *column,
                      const struct record *record)
{
    if (column->field)
        return write_field(book, ctx, at, column, record);
    if (strcmp(column->key, "created_at") == 0)
        return write_moment(book, ctx, at, record->created_at);
    if (strcmp(column->key, "updated_at") == 0)
        return write_moment(book, ctx, at, record->updated_at);
    return write_text(book, ctx, at, export_text(ctx, column, record));
}

static int xlsx_row(struct export_sink *sink, struct ctx *ctx,
                    const struct record *record)
{
    struct book *book = sink->state;
    size_t i;
    int bad = 0;

    if (++book->row == ROWS_MAX)
        return fail(ctx, E_LIMIT, "export.sheet_full",
                    "a sheet holds %d rows; filter the list, or take CSV",
                    ROWS_MAX - 1);
    for (i = 0; i < sink->plan->count && !bad; i++)
        bad = write_cell(book, ctx, (lxw_col_t)i, &sink->plan->columns[i],
                         record);
    return bad ? can_not(ctx, lxw_strerror((lxw_error)bad)) : 0;
}

/* ---- the file ---- */

static int copy_to(struct ctx *ctx, int to, const char *path)
{
    int from = open(path, O_RDONLY | O_CLOEXEC);
    struct stat facts;
    off_t at = 0;
    int rc = 0;

    if (from < 0 || fstat(from, &facts))
        rc = can_not(ctx, strerrordesc_np(errno));
    while (!rc && at < facts.st_size)
        if (sendfile(to, from, &at, (size_t)(facts.st_size - at)) <= 0)
            rc = can_not(ctx, strerrordesc_np(errno));
    if (from >= 0)
        close(from);
    return rc;
}

static int xlsx_end(struct export_sink *sink, struct ctx *ctx)
{
    struct book *book = sink->state;
    lxw_error bad;
    int rc = 0;

    if (!book->workbook)
        return 0;
    bad = workbook_close(book->workbook);
    if (bad)
        rc = can_not(ctx, lxw_strerror(bad));
    if (!rc)
        rc = copy_to(ctx, sink->fd, book->path);
    unlink(book->path);
    return rc;
}

/* A name that nobody else has; libxlsxwriter opens it anew. */
static int make_path(struct book *book, struct ctx *ctx, const char *folder)
{
    char *path = arena_printf(ctx->arena, "%s/export-XXXXXX", folder);
    int fd = mkostemp(path, O_CLOEXEC);

    if (fd < 0)
        return can_not(ctx, strerrordesc_np(errno));
    close(fd);
    book->path = path;
    return 0;
}

int export_xlsx_open(struct export_sink *sink, struct ctx *ctx)
{
    struct book *book = arena_alloc(ctx->arena, sizeof *book);
    const char *folder = ctx->site ? site_path(ctx, ctx->site, "run") : "/tmp";
    lxw_workbook_options options = { .constant_memory = LXW_TRUE,
                                     .tmpdir = (char *)folder };
    size_t i;
    int bad = 0, rc = make_path(book, ctx, folder);

    sink->state = book;
    sink->row = xlsx_row;
    sink->end = xlsx_end;
    if (rc)
        return rc;
    book->workbook = workbook_new_opt(book->path, &options);
    if (!book->workbook) {
        unlink(book->path);
        return can_not(ctx, "the workbook can't be made");
    }
    book->sheet = workbook_add_worksheet(book->workbook, NULL);
    make_formats(book);
    for (i = 0; i < sink->plan->count && !bad; i++) {
        worksheet_set_column(book->sheet, (lxw_col_t)i, (lxw_col_t)i, 16, NULL);
        bad = worksheet_write_string(book->sheet, 0, (lxw_col_t)i,
                                     sink->plan->columns[i].title, book->head);
    }
    worksheet_freeze_panes(book->sheet, 1, 0);
    return bad ? can_not(ctx, lxw_strerror((lxw_error)bad)) : 0;
}
