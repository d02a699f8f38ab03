/*
 * import_cell.c - what stands in a cell becomes input of a field.
 *
 * People write titles where records hold keys, names where they hold ids, and
 * days as they are used to. Limits are not checked here: record_check.c.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/map.h"
#include "base/str.h"
#include "base/unicode.h"
#include "form/field_type.h"
#include "form/import_number.h"
#include "form/import_plan.h"
#include "form/record.h"
#include "form/reference.h"
#include "store/condition.h"

enum { NAMES_MAX = 200000, PARTS_MAX = 200 };

static const char SPACE[] = "\xe3\x80\x80"; /* U+3000 */
static const char NBSP[] = "\xc2\xa0";

const char *import_trim(struct ctx *ctx, const char *text)
{
    size_t length;

    for (;;) {
        if (*text == ' ' || *text == '\t' || *text == '\r' || *text == '\n')
            text++;
        else if (text_starts(text, SPACE))
            text += 3;
        else if (text_starts(text, NBSP))
            text += 2;
        else
            break;
    }
    length = strlen(text);
    for (;;) {
        if (length && strchr(" \t\r\n", text[length - 1]))
            length--;
        else if (length >= 3 && memcmp(text + length - 3, SPACE, 3) == 0)
            length -= 3;
        else if (length >= 2 && memcmp(text + length - 2, NBSP, 2) == 0)
            length -= 2;
        else
            break;
    }
    return text[length] ? arena_strndup(ctx->arena, text, length) : text;
}

/* ---- choices ---- */

/* The key of the option that is called so, in any language; NULL. */
static const char *option_named(struct ctx *ctx, const struct field *field,
                                const char *text)
{
    const struct value *options = field_property(field, "options");
    const char *wanted;
    size_t i, j;

    if (field_option(field, text))
        return text;
    wanted = text_fold(ctx->arena, text);
    for (i = 0; i < value_count(options); i++) {
        const struct value *option = value_at(options, i);
        const struct value *title = value_get(option, "title");
        const char *one = value_as_text(title);

        if (strcmp(text_fold(ctx->arena, option_key(option)), wanted) == 0 ||
            (one && strcmp(text_fold(ctx->arena, one), wanted) == 0))
            return option_key(option);
        for (j = 0; j < value_count(title); j++) {
            one = value_as_text(value_item_at(title, j));
            if (one && strcmp(text_fold(ctx->arena, one), wanted) == 0)
                return option_key(option);
        }
    }
    return NULL;
}

static struct value *choice_input(struct ctx *ctx, const struct field *field,
                                  const char *text)
{
    const char *key = option_named(ctx, field, text);

    return value_text(ctx->arena, key ? key : text);
}

/* "A, B", "A、B", "A;B": unless all of it is one option's name. */
static struct value *choices_input(struct ctx *ctx, const struct field *field,
                                   const char *text)
{
    static const char *const marks[] = {
        "、", "，", "；", ",", ";", "|", "\n"
    };
    const char *whole = option_named(ctx, field, text), *from = text, *at;
    struct value *list = value_list(ctx->arena);
    size_t i;

    if (whole) {
        value_append(list, value_text(ctx->arena, whole));
        return list;
    }
    for (at = text; value_count(list) < PARTS_MAX; at++) {
        size_t width = 0;

        for (i = 0; *at && !width && i < sizeof marks / sizeof marks[0]; i++)
            if (text_starts(at, marks[i]))
                width = strlen(marks[i]);
        if (*at && !width)
            continue;
        from = import_trim(
            ctx, arena_strndup(ctx->arena, from, (size_t)(at - from)));
        if (*from)
            value_append(list, choice_input(ctx, field, from));
        if (!*at)
            break;
        at += width - 1;
        from = at + 1;
    }
    return list;
}

static struct value *boolean_input(struct ctx *ctx, const char *text)
{
    static const char *const yes[] = { "true", "yes", "y", "1", "x",
                                       "on",   "是",  "✓", "√", "对" };
    static const char *const no[] = { "false", "no", "n", "0",
                                      "off",   "否", "✗", "×" };
    const char *word = text_fold(ctx->arena, text);
    size_t i;

    for (i = 0; i < sizeof yes / sizeof yes[0]; i++)
        if (strcmp(word, yes[i]) == 0)
            return value_bool(ctx->arena, true);
    for (i = 0; i < sizeof no / sizeof no[0]; i++)
        if (strcmp(word, no[i]) == 0)
            return value_bool(ctx->arena, false);
    return value_text(ctx->arena, text);
}

/* ---- days ---- */

/* Three numbers with something between; *rest is what follows. */
static bool three_numbers(int out[3], int digits[3], const char **rest,
                          const char *text)
{
    static const char *const between[] = { "-", "/", ".", "年", "月" };
    int i;

    for (i = 0; i < 3; i++) {
        size_t j;

        out[i] = digits[i] = 0;
        while (*text >= '0' && *text <= '9' && digits[i] < 4) {
            out[i] = out[i] * 10 + *text++ - '0';
            digits[i]++;
        }
        if (!digits[i])
            return false;
        if (i == 2)
            break;
        for (j = 0; j < sizeof between / sizeof between[0]; j++)
            if (text_starts(text, between[j]))
                break;
        if (j == sizeof between / sizeof between[0])
            return false;
        text += strlen(between[j]);
        while (*text == ' ')
            text++;
    }
    if (text_starts(text, "日"))
        text += strlen("日");
    *rest = text;
    return true;
}

static int full_year(int year, int digits)
{
    return digits > 2 ? year : year < 70 ? 2000 + year : 1900 + year;
}

/* "YYYY-MM-DD" of a text whose days are in this order; NULL. A year of four
 * digits in front is one in any order. */
static const char *day_of(struct ctx *ctx, const char *text, const char *order,
                          const char **rest)
{
    int n[3], digits[3], year, month, day;

    if (!three_numbers(n, digits, rest, text))
        return NULL;
    if (digits[0] == 4 || text_equal(order, "ymd")) {
        year = full_year(n[0], digits[0]);
        month = n[1];
        day = n[2];
    } else {
        bool day_first = text_equal(order, "dmy");

        year = full_year(n[2], digits[2]);
        month = day_first ? n[1] : n[0];
        day = day_first ? n[0] : n[1];
    }
    return date_valid(year, month, day)
               ? arena_printf(ctx->arena, "%04d-%02d-%02d", year, month, day)
               : NULL;
}

void import_dates_look(struct import_dates *dates, const char *text)
{
    int n[3], digits[3], year;
    const char *rest;

    text += strspn(text, " \t");
    if (!three_numbers(n, digits, &rest, text) || digits[0] == 4)
        return;
    year = full_year(n[2], digits[2]);
    dates->seen = true;
    if (!date_valid(year, n[1], n[0]))
        dates->day_first = false;
    if (!date_valid(year, n[0], n[1]))
        dates->month_first = false;
}

static struct value *date_input(struct ctx *ctx, const char *text,
                                const char *order)
{
    const char *rest, *day = day_of(ctx, text, order, &rest);

    /* A time of midnight behind a day is what spreadsheets add. */
    if (day && *rest) {
        rest += strspn(rest, " T0:.");
        rest += *rest == 'Z';
    }
    return value_text(ctx->arena, day && !*rest ? day : text);
}

static struct value *moment_input(struct ctx *ctx, const char *text,
                                  const char *order)
{
    const char *rest, *day = day_of(ctx, text, order, &rest);
    int hour, minute, second = 0, read = 0;

    if (!day || (strlen(rest) > 9 && strpbrk(rest + 9, "Z+-")))
        return value_text(ctx->arena, text); /* RFC 3339, or nothing known */
    rest += strspn(rest, " T");
    if (!*rest)
        return value_text(ctx->arena,
                          arena_printf(ctx->arena, "%sT00:00", day));
    if (sscanf(rest, "%2d:%2d%n", &hour, &minute, &read) < 2)
        return value_text(ctx->arena, text);
    rest += read;
    if (*rest == ':' && sscanf(rest, ":%2d%n", &second, &read) == 1)
        rest += read;
    if (*rest)
        return value_text(ctx->arena, text);
    return value_text(ctx->arena, arena_printf(ctx->arena, "%sT%02d:%02d:%02d",
                                               day, hour, minute, second));
}

/* ---- names of people, departments, records ---- */

/* A record by a field that no two records share. */
static int find_by_code(int64_t *id, struct ctx *ctx, const char *target,
                        const char *text)
{
    const struct form *form;
    size_t i;

    if (!target || form_find(&form, ctx, target))
        return 0;
    for (i = 0; i < form->field_count && !*id; i++) {
        const struct field *field = form->fields[i];
        struct condition is = { .kind = CONDITION_TEST,
                                .field = field->key,
                                .op = "eq",
                                .value = value_text(ctx->arena, text) };
        struct record_query query = { .where = &is, .limit = 2 };
        struct record **records;
        size_t count;

        if (field->hidden ||
            !(field->unique || strcmp(field->type->name, "auto_number") == 0))
            continue;
        if (record_list(&records, &count, ctx, form, &query) == 0 && count == 1)
            *id = records[0]->id;
    }
    return 0;
}

/* The id of what is called so; 0 where nothing is, or more than one. */
static int64_t look_up(struct ctx *ctx, struct import_column *column,
                       const char *text)
{
    const struct field *field = column->field;
    const int64_t *known = map_get(column->names, text);
    struct ctx quiet = ctx_apart(ctx);
    int64_t id = 0, *kept;

    if (known)
        return *known;
    if (reference_named(&id, &quiet, field->type->name, field->target, text))
        id = 0;
    if (!id)
        find_by_code(&id, &quiet, field->target, text);
    if (!id && column->self)
        return 0; /* a later row may make it */
    if (map_count(column->names) < NAMES_MAX) {
        kept = arena_alloc(column->arena, sizeof *kept);
        *kept = id;
        map_set(column->names, text, kept);
    }
    return id;
}

static int name_input(struct value **out, struct ctx *ctx,
                      struct import_column *column, const char *text,
                      bool lenient)
{
    int64_t id = look_up(ctx, column, text);

    *out = NULL;
    if (id)
        *out = value_int(ctx->arena, id);
    else if (text[strspn(text, "0123456789")] == '\0')
        *out = value_text(ctx->arena, text); /* an id, checked as any */
    else if (!(lenient && column->self))
        return fail_at(ctx, E_INVALID, column->field->key,
                       "import.no_name_here",
                       "nothing that you may see is called \"%s\", or more "
                       "than one is",
                       text);
    return 0;
}

/* ---- a cell, a row ---- */

static int cell_input(struct value **out, struct ctx *ctx,
                      struct import_column *column, const char *text,
                      bool lenient)
{
    const struct field *field = column->field;
    const char *type = field->type->name;

    if (column->names)
        return name_input(out, ctx, column, text, lenient);
    if (strcmp(type, "choice") == 0)
        *out = choice_input(ctx, field, text);
    else if (strcmp(type, "multi_choice") == 0)
        *out = choices_input(ctx, field, text);
    else if (strcmp(type, "boolean") == 0)
        *out = boolean_input(ctx, text);
    else if (strcmp(type, "date") == 0)
        *out = date_input(ctx, text, column->order);
    else if (strcmp(type, "datetime") == 0)
        *out = moment_input(ctx, text, column->order);
    else if (field->type->flags & FIELD_NUMBER)
        return import_number_input(out, ctx, field, text, column->comma,
                                   column->workbook);
    else
        *out = value_text(ctx->arena, text);
    return 0;
}

int import_value(struct value **out, struct ctx *ctx,
                 struct import_column *column, const char *text, bool lenient)
{
    struct value *in;
    int rc;

    text = import_trim(ctx, text);
    *out = value_null(ctx->arena);
    if (!*text)
        return 0;
    rc = cell_input(&in, ctx, column, text, lenient);
    if (rc || !in)
        return rc;
    return field_input(out, ctx, column->field, column->field->key, in);
}

int import_input(struct value **out, struct ctx *ctx, struct import_plan *plan,
                 const char *const *cells, bool creating, bool lenient)
{
    struct value *input = value_map(ctx->arena);
    int rc = 0;
    size_t i;

    *out = input;
    for (i = 0; i < plan->count; i++) {
        struct import_column *column = &plan->columns[i];
        struct value *in = NULL;
        const char *text;

        if (!column->field || column->field->read_only)
            continue;
        text = import_trim(ctx, cells[i]);
        if (!*text) {
            if (!creating && plan->clear)
                value_set(input, column->field->key, value_null(ctx->arena));
            continue;
        }
        if (cell_input(&in, ctx, column, text, lenient))
            rc = E_INVALID;
        else if (in)
            value_set(input, column->field->key, in);
    }
    return rc;
}
