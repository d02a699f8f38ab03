/*
 * import_number.c - numbers as people's spreadsheets write them.
 *
 * It never guesses a single cell: "1.234" is a thousand and some to one person
 * and one and some to another. What a column says as a whole decides.
 */
#include "base/banned.h"

#include "form/import_number.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/unicode.h"
#include "form/csv.h"
#include "form/field_type.h"
#include "form/import_plan.h"

/* More is no number that a field holds. */
enum { NUMBER_BYTES = 60 };

/* ---- what stands around it ---- */

/* As text_fold() leaves them; "￥" is then "¥". */
static const char *const signs[] = {
    "nt$", "hk$", "us$", "¥",   "$",   "€",   "£",   "cny",
    "rmb", "eur", "usd", "gbp", "chf", "twd", "hkd",
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *cut(struct ctx *ctx, const char *text, size_t length)
{
    return import_trim(ctx, arena_strndup(ctx->arena, text, length));
}

const char *import_number_bare(struct ctx *ctx, const char *text, bool percent)
{
    const char *number = text_fold(ctx->arena, text);
    bool minus = *number == '-';
    size_t i, length;

    number += minus;
    length = strlen(number);
    if (!length || (is_digit(number[0]) && is_digit(number[length - 1])))
        return number - minus;
    for (i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        const char *sign = signs[i];

        length = strlen(number);
        if (text_starts(number, sign))
            number += strlen(sign);
        else if (text_ends(number, sign))
            number = cut(ctx, number, length - strlen(sign));
        else
            continue;
        break;
    }
    number = import_trim(ctx, number);
    length = strlen(number);
    if (percent && text_ends(number, "%"))
        number = cut(ctx, number, length - 1);
    else if (!percent && text_ends(number, "元"))
        number = cut(ctx, number, length - strlen("元"));
    return minus ? arena_printf(ctx->arena, "-%s", number) : number;
}

/* ---- its digits ---- */

/* The bytes of what stands between thousands here; 0: nothing does. */
static size_t group_mark(const char *text, char decimal)
{
    static const char *const marks[] = { " ", "'", "\xc2\xa0", "\xe2\x80\xaf",
                                         "\xe2\x80\x99" };
    size_t i;

    if (*text == (decimal == ',' ? '.' : ','))
        return 1;
    for (i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (text_starts(text, marks[i]))
            return strlen(marks[i]);
    return 0;
}

static size_t digits_at(const char *text)
{
    return strspn(text, "0123456789");
}

/* "1.234.567": groups of three behind one of up to three, the same sign
 * between all. The bytes of it; 0: there is no number. */
static size_t read_whole(struct buf *out, const char *text, char decimal)
{
    size_t first = digits_at(text), at = first;
    const char *mark = text + first;
    size_t width = first ? group_mark(mark, decimal) : 0;

    buf_add(out, text, first);
    if (width && first > 3)
        return 0;
    while (width && strncmp(text + at, mark, width) == 0) {
        if (digits_at(text + at + width) != 3)
            return 0;
        buf_add(out, text + at + width, 3);
        at += width + 3;
    }
    return at;
}

const char *import_number(struct ctx *ctx, const char *text, bool comma)
{
    char decimal = comma ? ',' : '.';
    struct buf out;
    size_t count;

    if (strlen(text) > NUMBER_BYTES)
        return NULL;
    buf_init(&out, ctx->arena, 2 * NUMBER_BYTES);
    if (*text == '-' || *text == '+')
        buf_add_char(&out, *text++);
    count = read_whole(&out, text, decimal);
    if (!count)
        return NULL;
    text += count;
    if (*text == decimal) {
        count = digits_at(++text);
        if (!count)
            return NULL;
        buf_add_char(&out, '.');
        buf_add(&out, text, count);
        text += count;
    }
    return *text ? NULL : buf_text(&out);
}

/* A number that can only be read with the other sign is none: half of a
 * column must not be a thousand times the other half. */
int import_number_input(struct value **out, struct ctx *ctx,
                        const struct field *field, const char *text, bool comma,
                        bool either)
{
    const char *bare = import_number_bare(
        ctx, text, strcmp(field->type->name, "percent") == 0);
    const char *number = import_number(ctx, bare, comma);

    if (!number && comma && either)
        number = import_number(ctx, bare, false);
    if (!number && import_number(ctx, bare, !comma))
        return comma
                   ? fail_at(ctx, E_INVALID, field->key, "import.no_comma",
                             "\"%s\" is no number with a decimal comma", text)
                   : fail_at(ctx, E_INVALID, field->key, "import.no_point",
                             "\"%s\" is no number with a decimal point", text);
    *out = value_text(ctx->arena, number ? number : bare);
    return 0;
}

/* ---- what a column says ---- */

void import_numbers_begin(struct import_numbers *numbers, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        numbers[i] = (struct import_numbers){ .point = true, .comma = true };
}

void import_numbers_look(struct import_numbers *numbers, struct ctx *ctx,
                         const char *text)
{
    const char *bare;
    bool point, comma;

    /* Full-width ones, too: U+FF0C, U+FF0E. */
    if (strlen(text) > NUMBER_BYTES ||
        !(strpbrk(text, ",.") || strstr(text, "，") || strstr(text, "．")))
        return;
    bare = import_number_bare(ctx, import_trim(ctx, text), true);
    point = import_number(ctx, bare, false) != NULL;
    comma = import_number(ctx, bare, true) != NULL;
    if (!point && !comma)
        return;
    numbers->seen = true;
    numbers->point = numbers->point && point;
    numbers->comma = numbers->comma && comma;
}

void import_numbers_row(struct import_numbers *numbers, size_t count,
                        struct ctx *ctx, const struct csv_row *row)
{
    size_t i;

    for (i = 0; i < count && i < row->count; i++)
        if (*row->cells[i] && !(row->numbers && row->numbers[i]))
            import_numbers_look(&numbers[i], ctx, row->cells[i]);
}

void import_numbers_settle(bool *comma, const struct import_numbers *numbers,
                           const bool *numeric, size_t count)
{
    bool points = false, commas = false;
    size_t i;

    for (i = 0; i < count; i++) {
        if (!numeric[i] || !numbers[i].seen)
            continue;
        points = points || !numbers[i].comma;
        commas = commas || (numbers[i].comma && !numbers[i].point);
    }
    for (i = 0; i < count; i++)
        comma[i] = numeric[i] && numbers[i].seen && numbers[i].comma &&
                   (!numbers[i].point || (commas && !points));
}
