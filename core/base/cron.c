/*
 * cron.c - schedules by the calendar.
 *
 * The next time is looked for along the time that passes, not along the
 * calendar: a change of clocks is then a step like any other, that either
 * leaves local minutes out or brings them once more.
 */
#include "base/banned.h"

#include "base/cron.h"

#include "base/clock.h"
#include "base/str.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MINUTES = 60, DAY_MINUTES = 24 * 60 };
enum { YEARS = 9, MAX_GAP_MINUTES = 2 * DAY_MINUTES };

/* ---- reading ---- */

struct field {
    int low, high;
    const char *names; /* three letters each, from `low` on */
};

static const struct field fields[] = {
    { 0, 59, NULL },
    { 0, 23, NULL },
    { 1, 31, NULL },
    { 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec" },
    { 0, 7, "sunmontuewedthufrisat" },
};

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY };

static bool read_number(int *out, const char **at, const struct field *field)
{
    const char *p = *at;
    int number = 0, digits = 0, i;

    for (; p[digits] >= '0' && p[digits] <= '9' && digits < 3; digits++)
        number = number * 10 + (p[digits] - '0');
    if (digits) {
        *at += digits;
        *out = number;
        return number >= field->low && number <= field->high;
    }
    for (i = 0; field->names && field->names[3 * i]; i++)
        if (strncasecmp(p, field->names + 3 * (size_t)i, 3) == 0) {
            *at += 3;
            *out = field->low + i;
            return true;
        }
    return false;
}

/* "*", "5", "1-5", each with "/2" behind; 5/2 is from 5 to the end. */
static bool read_range(uint64_t *bits, const char **at,
                       const struct field *field)
{
    int from = field->low, to, step = 1, i;
    /* Sunday has two numbers; open ends know one of them. */
    int end = field == &fields[WEEKDAY] ? 6 : field->high;
    bool one = **at != '*';

    to = end;
    if (!one)
        ++*at;
    else if (!read_number(&from, at, field))
        return false;
    else if (**at == '-') {
        ++*at;
        one = false;
        if (!read_number(&to, at, field) || to < from)
            return false;
    }
    if (**at == '/') {
        const struct field steps = { 1, 99, NULL };

        ++*at;
        one = false;
        if (!read_number(&step, at, &steps))
            return false;
    }
    for (i = from; i <= (one ? from : to); i += step)
        *bits |= UINT64_C(1) << i;
    return true;
}

/* The parts that only days have: "L", and "5L" or "friL". 1: read; 0: none of
 * them. */
static bool read_last(struct cron *out, const char **at, int which)
{
    const char *p = *at;
    int weekday;

    if (which == DAY && (*p == 'L' || *p == 'l')) {
        out->last_day = true;
        ++*at;
        return true;
    }
    if (which != WEEKDAY || !read_number(&weekday, &p, &fields[WEEKDAY]) ||
        (*p != 'L' && *p != 'l'))
        return false;
    out->last_weekdays |= (uint8_t)(1u << weekday % 7);
    *at = p + 1;
    return true;
}

static bool read_field(uint64_t *bits, struct cron *out, const char **at,
                       int which)
{
    const struct field *field = &fields[which];

    *bits = 0;
    for (;;) {
        if (!read_last(out, at, which) && !read_range(bits, at, field))
            return false;
        if (**at != ',')
            return true;
        ++*at;
    }
}

static const char *full_form(const char *text)
{
    static const char *const words[][2] = {
        { "@hourly", "0 * * * *" }, { "@daily", "0 0 * * *" },
        { "@weekly", "0 0 * * 0" }, { "@monthly", "0 0 1 * *" },
        { "@yearly", "0 0 1 1 *" },
    };
    size_t i;

    for (i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i][0]) == 0)
            return words[i][1];
    return text;
}

/* 30 February never comes. A day of the week always does. */
static bool comes(const struct cron *cron)
{
    static const signed char longest[] = { 31, 29, 31, 30, 31, 30,
                                           31, 31, 30, 31, 30, 31 };
    int month, day;

    if (cron->last_day || (!cron->any_weekday && !cron->any_day))
        return true;
    for (month = 1; month <= 12; month++)
        for (day = 1; day <= longest[month - 1]; day++)
            if ((cron->months >> month & 1) && (cron->days >> day & 1))
                return true;
    return false;
}

bool cron_parse(struct cron *out, const char *text)
{
    const char *at;
    uint64_t bits[5];
    int i;

    memset(out, 0, sizeof *out);
    if (!text || strlen(text) > CRON_TEXT_MAX)
        return false;
    at = full_form(text);
    for (i = 0; i < 5; i++) {
        at += strspn(at, " \t");
        if (*at == '*') {
            out->elapsed |= i == MINUTE || i == HOUR;
            out->any_day |= i == DAY;
            out->any_weekday |= i == WEEKDAY;
        }
        if (!read_field(&bits[i], out, &at, i) ||
            (*at && *at != ' ' && *at != '\t'))
            return false;
    }
    if (at[strspn(at, " \t")])
        return false;
    out->minutes = bits[MINUTE];
    out->hours = (uint32_t)bits[HOUR];
    out->days = (uint32_t)bits[DAY];
    out->months = (uint32_t)bits[MONTH];
    out->weekdays = (uint8_t)((bits[WEEKDAY] | bits[WEEKDAY] >> 7) & 0x7f);
    return comes(out);
}

/* ---- fitting ---- */

static int month_length(int year, int month)
{
    return month == 12
               ? 31
               : (int)(days_of(year, month + 1, 1) - days_of(year, month, 1));
}

static bool fits_day(const struct cron *cron, const struct civil *at)
{
    int64_t days = days_of(at->year, at->month, at->day);
    int weekday = (int)(((days + 4) % 7 + 7) % 7); /* day 0: a Thursday */
    int left = month_length(at->year, at->month) - at->day;
    bool day = (cron->days >> at->day & 1) || (cron->last_day && left == 0);
    bool of_week = (cron->weekdays >> weekday & 1) ||
                   ((cron->last_weekdays >> weekday & 1) && left < 7);

    if (!(cron->months >> at->month & 1))
        return false;
    return cron->any_day || cron->any_weekday ? day && of_week : day || of_week;
}

static bool fits(const struct cron *cron, const struct civil *at)
{
    return (cron->minutes >> at->minute & 1) && (cron->hours >> at->hour & 1) &&
           fits_day(cron, at);
}

/* ---- the next time ---- */

/* Minutes until something else may fit: the next day, hour or minute. */
static int64_t to_skip(const struct cron *cron, const struct civil *at)
{
    if (!fits_day(cron, at))
        return DAY_MINUTES - at->hour * HOUR_MINUTES - at->minute;
    if (!(cron->hours >> at->hour & 1))
        return HOUR_MINUTES - at->minute;
    return 1;
}

/* Whether a time that fits is among the local minutes that are left out just
 * before `t`. */
static bool left_out(const struct cron *cron, int64_t t,
                     const struct zone *zone)
{
    int64_t gap =
                (zone_offset(zone, t) - zone_offset(zone, t - MINUTE_MS)) / 60,
            local = t + zone_offset(zone, t) * INT64_C(1000), i;
    struct civil civil;

    for (i = 1; i <= gap && i <= MAX_GAP_MINUTES; i++) {
        civil_of(&civil, local - i * MINUTE_MS, zone_utc());
        if (fits(cron, &civil))
            return true;
    }
    return false;
}

/* Whether it is the second of two equal local times. */
static bool repeats(const struct civil *civil, int64_t t,
                    const struct zone *zone)
{
    struct civil minute = *civil;

    minute.second = minute.millisecond = 0;
    return civil_instant(&minute, zone) < t;
}

/* Where the clocks change between two times of different offsets: the first
 * minute of the new one. */
static int64_t change_between(int64_t from, int64_t to, const struct zone *zone)
{
    int offset = zone_offset(zone, from);

    while (to - from > MINUTE_MS) {
        int64_t middle = from + (to - from) / 2 / MINUTE_MS * MINUTE_MS;

        if (zone_offset(zone, middle) == offset)
            from = middle;
        else
            to = middle;
    }
    return to;
}

bool cron_next(int64_t *out, const struct cron *cron, int64_t after,
               const struct zone *zone)
{
    int64_t t = after - (after % MINUTE_MS + MINUTE_MS) % MINUTE_MS + MINUTE_MS;
    int64_t last = t + YEARS * INT64_C(366) * DAY_MINUTES * MINUTE_MS, next;
    struct civil civil;

    while (t <= last) {
        civil_of(&civil, t, zone);
        if ((fits(cron, &civil) &&
             (cron->elapsed || !repeats(&civil, t, zone))) ||
            (!cron->elapsed && left_out(cron, t, zone))) {
            *out = t;
            return true;
        }
        next = t + to_skip(cron, &civil) * MINUTE_MS;
        if (zone_offset(zone, next) != zone_offset(zone, t))
            next = change_between(t, next, zone);
        t = next;
    }
    return false;
}
