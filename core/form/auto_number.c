/*
 * auto_number.c - the counters behind automatic numbers.
 *
 * The counter's row is raised in the transaction that saves the record, under
 * the writer lock: numbers are unique and have no gaps.
 */
#include "base/banned.h"

#include "form/auto_number.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/str.h"
#include "form/field_type.h"
#include "store/db.h"

/* The token at `text` ("{year}") and its length; 0 where there is none. */
static size_t token_length(const char *text)
{
    const char *end = *text == '{' ? strchr(text, '}') : NULL;

    return end ? (size_t)(end - text) + 1 : 0;
}

static size_t zeros_in(const char *token, size_t length)
{
    size_t i;

    for (i = 1; i + 1 < length; i++)
        if (token[i] != '0')
            return 0;
    return length - 2;
}

static bool token_is(const char *token, size_t length, const char *name)
{
    return length == strlen(name) && memcmp(token, name, length) == 0;
}

const char *auto_number_check(const char *pattern)
{
    int counters = 0;
    const char *c;

    if (text_empty(pattern) || strlen(pattern) > 60)
        return "a pattern such as \"B-{year}-{0000}\"";
    for (c = pattern; *c; c++) {
        size_t length = token_length(c);

        if (!length && (*c == '{' || *c == '}'))
            return "a closing brace for each opening one";
        if (!length)
            continue;
        if (zeros_in(c, length) > 0 && length <= 14)
            counters++;
        else if (!token_is(c, length, "{year}") &&
                 !token_is(c, length, "{month}") &&
                 !token_is(c, length, "{day}"))
            return "{year}, {month}, {day} or zeros in braces";
        c += length - 1;
    }
    return counters == 1 ? NULL : "exactly one run of zeros in braces";
}

/* Writes the pattern with the date; the counter's place gets `number`, or is
 * left out where it is 0 (which gives the period's name). */
static const char *fill(struct ctx *ctx, const char *pattern,
                        const struct civil *day, int64_t number)
{
    struct buf buf;
    const char *c;

    buf_init(&buf, ctx->arena, 200);
    for (c = pattern; *c; c++) {
        size_t length = token_length(c);
        bool plain = length == 0;

        if (plain && number)
            buf_add_char(&buf, *c);
        else if (token_is(c, length, "{year}"))
            buf_addf(&buf, "%04d", day->year);
        else if (token_is(c, length, "{month}"))
            buf_addf(&buf, "%02d", day->month);
        else if (token_is(c, length, "{day}"))
            buf_addf(&buf, "%02d", day->day);
        else if (!plain && number)
            buf_addf(&buf, "%0*lld", (int)zeros_in(c, length),
                     (long long)number);
        if (!plain)
            c += length - 1;
    }
    return buf_text(&buf);
}

int auto_number_next(const char **out, struct ctx *ctx, const struct form *form,
                     const struct field *field)
{
    const char *pattern = value_get_text(field->options, "pattern");
    struct civil day;
    const char *period;
    int64_t number;
    int rc;

    civil_of(&day, clock_now(), ctx->zone ? ctx->zone : zone_utc());
    period = fill(ctx, pattern, &day, 0);
    /* One statement: two people never get the same number. */
    rc = db_int(&number, ctx,
                "INSERT INTO form_counter (form, field_key, period, value)"
                " VALUES (?1, ?2, ?3, 1)"
                " ON CONFLICT (form, field_key, period)"
                " DO UPDATE SET value = form_counter.value + 1"
                " RETURNING value",
                "iss", form->id, field->key, period);
    if (!rc)
        *out = fill(ctx, pattern, &day, number);
    return rc;
}

/* How many characters of a number are not its count. */
static size_t fixed_length(const char *pattern)
{
    size_t fixed = 0;

    for (; *pattern; pattern++) {
        size_t length = token_length(pattern);

        if (!length)
            fixed++;
        else if (!zeros_in(pattern, length))
            fixed += token_is(pattern, length, "{year}") ? 4 : 2;
        pattern += length ? length - 1 : 0;
    }
    return fixed;
}

bool auto_number_read(const char **period, int64_t *number, struct ctx *ctx,
                      const char *pattern, const char *text)
{
    size_t fixed = fixed_length(pattern), whole = strlen(text);
    struct buf days;

    buf_init(&days, ctx->arena, 200);
    *number = 0;
    for (; *pattern; pattern++) {
        size_t length = token_length(pattern), digits = 1;
        bool counts = length && zeros_in(pattern, length);

        if (length)
            digits = counts                                ? whole - fixed
                     : token_is(pattern, length, "{year}") ? 4
                                                           : 2;
        if (whole <= fixed || strlen(text) < digits ||
            (!length && *text != *pattern) ||
            (length && strspn(text, "0123456789") < digits) ||
            (counts &&
             int_parse(number, arena_strndup(ctx->arena, text, digits), 0,
                       INT64_MAX)))
            return false;
        if (length && !counts)
            buf_add(&days, text, digits);
        text += digits;
        pattern += length ? length - 1 : 0;
    }
    *period = buf_text(&days);
    return *text == '\0';
}
