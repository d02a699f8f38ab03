/*
 * period.c - days and periods named relative to today.
 */
#include "base/banned.h"

#include "form/period.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/str.h"

enum { DAYS_MAX = 3660, DAY_MS = 86400000 };

static const struct named {
    const char *name;
    enum calendar_unit unit;
    int step; /* from the one that holds today */
} periods[] = {
    { "today", UNIT_DAY, 0 },
    { "yesterday", UNIT_DAY, -1 },
    { "tomorrow", UNIT_DAY, 1 },
    { "this_week", UNIT_WEEK, 0 },
    { "last_week", UNIT_WEEK, -1 },
    { "next_week", UNIT_WEEK, 1 },
    { "this_month", UNIT_MONTH, 0 },
    { "last_month", UNIT_MONTH, -1 },
    { "next_month", UNIT_MONTH, 1 },
    { "this_quarter", UNIT_QUARTER, 0 },
    { "last_quarter", UNIT_QUARTER, -1 },
    { "next_quarter", UNIT_QUARTER, 1 },
    { "this_year", UNIT_YEAR, 0 },
    { "last_year", UNIT_YEAR, -1 },
    { "next_year", UNIT_YEAR, 1 },
};

static int64_t today(const struct ctx *ctx, struct civil *civil)
{
    civil_of(civil, clock_now(), ctx->zone ? ctx->zone : zone_utc());
    return days_of(civil->year, civil->month, civil->day);
}

/* The first day of a month counted from January of year 0. */
static int64_t month_begins(int64_t month)
{
    return days_of((int)(month / 12), (int)(month % 12) + 1, 1);
}

static void named_period(struct period *out, const struct ctx *ctx,
                         const struct named *named)
{
    static const int months[] = {
        [UNIT_MONTH] = 1, [UNIT_QUARTER] = 3, [UNIT_YEAR] = 12
    };
    struct civil civil;
    int64_t day, month;
    int length;

    today(ctx, &civil);
    civil_floor(&civil, named->unit);
    day = days_of(civil.year, civil.month, civil.day);
    if (named->unit <= UNIT_WEEK) {
        length = named->unit == UNIT_DAY ? 1 : 7;
        out->first = day + (int64_t)named->step * length;
        out->end = out->first + length;
        return;
    }
    length = months[named->unit];
    month = (int64_t)civil.year * 12 + civil.month - 1 + named->step * length;
    out->first = month_begins(month);
    out->end = month_begins(month + length);
}

int64_t period_days(const char *text)
{
    const char *rest = text_starts(text, "last_") || text_starts(text, "next_")
                           ? text + 5
                           : NULL;
    char digits[5] = "";
    size_t length = rest ? strspn(rest, "0123456789") : 0;
    int64_t days;

    if (!length || length >= sizeof digits ||
        strcmp(rest + length, "_days") != 0)
        return 0;
    memcpy(digits, rest, length);
    return int_parse(&days, digits, 1, DAYS_MAX) ? 0 : days;
}

bool period_read(struct period *out, const struct ctx *ctx, const char *text)
{
    int64_t days = period_days(text);
    struct civil civil;
    size_t i;

    if (days) {
        int64_t now = today(ctx, &civil);

        out->first = *text == 'l' ? now - days + 1 : now;
        out->end = out->first + days;
        return true;
    }
    for (i = 0; i < sizeof periods / sizeof periods[0]; i++)
        if (strcmp(periods[i].name, text) == 0) {
            named_period(out, ctx, &periods[i]);
            return true;
        }
    return false;
}

bool period_day(int64_t *out, const struct ctx *ctx, const char *text)
{
    struct civil civil;
    int64_t days = 0;

    if (!text || !text_starts(text, "today"))
        return false;
    text += 5;
    if (*text && ((*text != '+' && *text != '-') ||
                  int_parse(&days, text + 1, 0, DAYS_MAX)))
        return false;
    *out = today(ctx, &civil) + (*text == '-' ? -days : days);
    return true;
}

const char *period_date(struct ctx *ctx, int64_t day)
{
    struct civil civil;

    civil_of(&civil, day * DAY_MS, zone_utc());
    return arena_printf(ctx->arena, "%04d-%02d-%02d", civil.year, civil.month,
                        civil.day);
}

int64_t period_instant(const struct ctx *ctx, int64_t day)
{
    struct civil civil;

    civil_of(&civil, day * DAY_MS, zone_utc());
    return civil_instant(&civil, ctx->zone ? ctx->zone : zone_utc());
}

const char *period_at(int index)
{
    return index >= 0 && (size_t)index < sizeof periods / sizeof periods[0]
               ? periods[index].name
               : NULL;
}
