/*
 * imports_map.c - the page on which somebody says what the columns of a file
 * are: shown, and read back.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/numbers.h"
#include "base/str.h"
#include "form/field_type.h"
#include "form/import_plan.h"
#include "form/table.h"
#include "portal/imports.h"
#include "portal/records_fields.h"
#include "web/request.h"

enum { SAMPLES = 3, SAMPLE_CHARS = 40 };

static void add_choice(struct ctx *ctx, struct value *list, const char *value,
                       const char *label, bool selected)
{
    struct value *choice = value_map(ctx->arena);

    value_set_text(choice, "value", value);
    value_set_text(choice, "label", label);
    if (selected)
        value_set_bool(choice, "selected", true);
    value_append(list, choice);
}

/* Where the column may go. */
static struct value *targets(struct ctx *ctx, const struct form *form,
                             const char *chosen)
{
    struct value *list = value_list(ctx->arena);
    size_t i;

    add_choice(ctx, list, "", tr(ctx, "import.left_out"), text_empty(chosen));
    for (i = 0; i < form->field_count; i++) {
        const struct field *field = form->fields[i];

        if (import_field_open(field) || import_field_key(field))
            add_choice(ctx, list, field->key, locale_pick(ctx, field->title),
                       text_equal(chosen, field->key));
    }
    add_choice(ctx, list, "id", tr(ctx, "export.id"), text_equal(chosen, "id"));
    return list;
}

static struct value *orders(struct ctx *ctx, const char *chosen, bool asks)
{
    static const char *const names[] = { "ymd", "dmy", "mdy" };
    struct value *list = value_list(ctx->arena);
    size_t i;

    if (asks && text_empty(chosen))
        add_choice(ctx, list, "", tr(ctx, "import.please_choose"), true);
    for (i = 0; i < 3; i++)
        add_choice(
            ctx, list, names[i],
            tr(ctx, arena_printf(ctx->arena, "import.order.%s", names[i])),
            text_equal(chosen, names[i]));
    return list;
}

static const char *samples(struct ctx *ctx,
                           const struct import_preview *preview, size_t column)
{
    struct buf buf;
    size_t i, count = 0;

    buf_init(&buf, ctx->arena, 65536);
    for (i = 0; i < preview->row_count && count < SAMPLES; i++) {
        const char *text = preview->rows[i][column];

        if (!*text)
            continue;
        buf_addf(&buf, "%s%s", count++ ? " · " : "", text);
    }
    return buf_text(&buf);
}

static bool has_key(const struct value *settings, const char *key)
{
    const struct value *keys = value_get(settings, "keys");
    size_t i;

    for (i = 0; !text_empty(key) && i < value_count(keys); i++)
        if (text_equal(value_as_text(value_at(keys, i)), key))
            return true;
    return false;
}

/* "1.234,56" is read as 1,234.56: what a column of numbers will be, before
 * anybody checks it. */
static void add_reading(struct ctx *ctx, struct value *map,
                        const struct import_numbers *numbers, bool comma)
{
    struct value *arguments = value_map(ctx->arena);
    const char *number;
    struct decimal decimal;

    if (!numbers->sample)
        return;
    number =
        import_number(ctx,
                      import_number_bare(ctx, import_trim(ctx, numbers->sample),
                                         text_ends(numbers->sample, "%")),
                      comma);
    value_set_text(arguments, "text", numbers->sample);
    if (number && decimal_parse(&decimal, number, strlen(number), -1) == 0) {
        value_set_text(arguments, "number", decimal_human(ctx, decimal));
        value_set_text(map, "reading", tr_with(ctx, "import.reads", arguments));
    } else {
        value_set_text(
            map, "reading",
            tr_with(ctx,
                    comma ? "import.reads_no_comma" : "import.reads_no_point",
                    arguments));
    }
}

static struct value *column_value(struct ctx *ctx, const struct import_job *job,
                                  const struct value *settings,
                                  const struct import_preview *preview,
                                  size_t index)
{
    struct value *map = value_map(ctx->arena);
    const struct import_dates *dates = &preview->dates[index];
    const char *key =
        value_as_text(value_at(value_get(job->settings, "columns"), index));
    const char *order =
        value_as_text(value_at(value_get(job->settings, "dates"), index));
    const char *header = preview->header[index];
    bool asks = dates->day_first && dates->month_first;

    value_set_int(map, "index", (int64_t)index);
    value_set_text(map, "header",
                   *header ? header
                           : arena_printf(ctx->arena, "%zu", index + 1));
    value_set_text(map, "samples", samples(ctx, preview, index));
    value_set(map, "targets", targets(ctx, job->form, key));
    if (has_key(job->settings, key))
        value_set_bool(map, "key", true);
    if (dates->seen) {
        value_set(map, "orders", orders(ctx, order, asks));
        value_set_bool(map, "asks", asks && text_empty(order));
    }
    if (import_plan_number(job->form, key))
        add_reading(ctx, map, &preview->numbers[index],
                    import_plan_comma(settings, index));
    return map;
}

static void add_format(struct ctx *ctx, struct value *data,
                       const struct import_preview *preview)
{
    static const char *const encodings[] = { "UTF-8",    "GB18030",
                                             "Big5",     "UTF-16LE",
                                             "UTF-16BE", "windows-1252" };
    static const struct {
        const char *value, *key;
    } separators[] = { { ",", "import.comma" },
                       { ";", "import.semicolon" },
                       { "\t", "import.tab" } };
    struct value *list = value_list(ctx->arena);
    size_t i;

    if (preview->sheet_count) {
        for (i = 0; i < preview->sheet_count; i++)
            add_choice(ctx, list, arena_printf(ctx->arena, "%zu", i),
                       preview->sheets[i], i == preview->sheet);
        value_set(data, "sheets", list);
        return;
    }
    for (i = 0; i < sizeof encodings / sizeof encodings[0]; i++)
        add_choice(ctx, list, encodings[i], encodings[i],
                   text_equal(preview->encoding, encodings[i]));
    value_set(data, "encodings", list);
    list = value_list(ctx->arena);
    for (i = 0; i < 3; i++)
        add_choice(ctx, list,
                   *separators[i].value == '\t' ? "tab" : separators[i].value,
                   tr(ctx, separators[i].key),
                   preview->separator == *separators[i].value);
    value_set(data, "separators", list);
}

static struct value *preview_rows(struct ctx *ctx,
                                  const struct import_preview *preview)
{
    struct value *rows = value_list(ctx->arena);
    size_t i, j;

    for (i = 0; i < preview->row_count; i++) {
        struct value *row = value_map(ctx->arena);
        struct value *cells = value_list(ctx->arena);

        for (j = 0; j < preview->columns; j++) {
            struct value *cell = value_map(ctx->arena);

            value_set_text(cell, "text", preview->rows[i][j]);
            value_append(cells, cell);
        }
        value_set(row, "cells", cells);
        value_append(rows, row);
    }
    return rows;
}

/* Only where there are numbers. */
static void add_decimals(struct ctx *ctx, struct value *data,
                         const struct import_job *job)
{
    static const char *const names[] = { "auto", "point", "comma" };
    const struct value *columns = value_get(job->settings, "columns");
    const char *chosen = value_get_text(job->settings, "decimal");
    struct value *list = value_list(ctx->arena);
    bool any = false;
    size_t i;

    for (i = 0; i < value_count(columns); i++)
        any = any || import_plan_number(job->form,
                                        value_as_text(value_at(columns, i)));
    for (i = 0; any && i < 3; i++)
        add_choice(
            ctx, list, names[i],
            tr(ctx, arena_printf(ctx->arena, "import.decimal.%s", names[i])),
            text_equal(chosen ? chosen : "auto", names[i]));
    value_set(data, "decimals", list);
}

int imports_map_show(struct ctx *ctx, struct value *data,
                     const struct import_job *job)
{
    struct value *columns = value_list(ctx->arena);
    struct value *choices = value_list(ctx->arena);
    struct value *settings = value_copy(ctx->arena, job->settings);
    struct import_preview preview;
    const char *empty = value_get_text(job->settings, "empty");
    const char *bad = value_get_text(job->settings, "bad");
    size_t i;
    int rc = import_preview(&preview, ctx, job);

    if (rc == E_NOT_FOUND) {
        ctx_clear(ctx); /* the file is let go */
        return 0;
    }
    if (rc)
        return rc;
    if (preview.problem)
        value_set_text(data, "problem", preview.problem);
    import_plan_decimals(ctx, job->form, settings, preview.numbers,
                         preview.columns);
    for (i = 0; i < preview.columns; i++)
        value_append(columns, column_value(ctx, job, settings, &preview, i));
    add_decimals(ctx, data, job);
    value_set(data, "columns", columns);
    value_set_bool(data, "map", true);
    add_format(ctx, data, &preview);
    value_set(data, "preview", preview_rows(ctx, &preview));
    add_choice(ctx, choices, "keep", tr(ctx, "import.empty_keep"),
               !text_equal(empty, "clear"));
    add_choice(ctx, choices, "clear", tr(ctx, "import.empty_clear"),
               text_equal(empty, "clear"));
    value_set(data, "empties", choices);
    choices = value_list(ctx->arena);
    add_choice(ctx, choices, "skip", tr(ctx, "import.bad_skip"),
               !text_equal(bad, "none"));
    add_choice(ctx, choices, "none", tr(ctx, "import.bad_none"),
               text_equal(bad, "none"));
    value_set(data, "bads", choices);
    return 0;
}

/* ---- reading ---- */

static const char *numbered(struct ctx *ctx, const struct request *request,
                            const char *name, size_t index)
{
    return request_form(request,
                        arena_printf(ctx->arena, "%s.%zu", name, index));
}

static int read_columns(struct value *settings, struct ctx *ctx,
                        const struct request *request)
{
    struct value *columns = value_list(ctx->arena);
    struct value *dates = value_list(ctx->arena);
    struct value *keys = value_list(ctx->arena);
    const char *key;
    size_t i;

    for (i = 0; i < TABLE_COLUMNS_MAX; i++) {
        const char *order = numbered(ctx, request, "date", i);

        key = numbered(ctx, request, "column", i);
        if (!key)
            break;
        value_append(columns, value_text(ctx->arena, key));
        value_append(dates, value_text(ctx->arena, order ? order : ""));
        if (numbered(ctx, request, "key", i) && *key)
            value_append(keys, value_text(ctx->arena, key));
    }
    /* A file that could not be read has shown none. */
    if (!i)
        return 0;
    value_set(settings, "columns", columns);
    value_set(settings, "dates", dates);
    value_set(settings, "keys", keys);
    return 0;
}

int imports_map_read(struct value **settings, struct ctx *ctx,
                     const struct request *request)
{
    static const char *const names[] = {
        "action", "encoding", "separator", "sheet",  "decimal", "empty",
        "bad",    "column.*", "key.*",     "date.*", NULL,
    };
    static const char *const plain[] = { "encoding", "decimal", "empty",
                                         "bad" };
    const char *separator = request_form(request, "separator");
    const char *sheet = request_form(request, "sheet");
    int64_t number;
    size_t i;
    int rc = request_only(ctx, request, names);

    *settings = value_map(ctx->arena);
    if (rc)
        return rc;
    for (i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (!text_empty(request_form(request, plain[i])))
            value_set_text(*settings, plain[i],
                           request_form(request, plain[i]));
    if (!text_empty(separator))
        value_set_text(*settings, "separator",
                       strcmp(separator, "tab") == 0 ? "\t" : separator);
    if (!text_empty(sheet)) {
        if (int_parse(&number, sheet, 0, 1000))
            return fail_at(ctx, E_INVALID, "sheet", "import.bad_setting",
                           "\"%s\" is not known here", sheet);
        value_set_int(*settings, "sheet", number);
    }
    return read_columns(*settings, ctx, request);
}
