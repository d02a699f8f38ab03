/*
 * date.c - the calendar: instants to civil time and back, reading and
 * writing dates.
 *
 * Day numbers by Howard Hinnant's era method (proleptic Gregorian).
 */
#include "base/banned.h"

#include "base/clock.h"

#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"

enum { DAY_MS = 86400000, HOUR_MS = 3600000 };

int64_t days_of(int year, int month, int day)
{
    int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
           719468;
}

static void date_of_days(struct civil *out, int64_t days)
{
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t of_era = z - era * 146097;
    int64_t year =
        (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t m = (5 * of_year + 2) / 153;

    out->day = (int)(of_year - (153 * m + 2) / 5 + 1);
    out->month = (int)(m < 10 ? m + 3 : m - 9);
    out->year = (int)(year + era * 400 + (out->month <= 2));
}

/* 0: Monday. Day 0 was a Thursday. */
static int weekday_of(int64_t days)
{
    return (int)(((days + 3) % 7 + 7) % 7);
}

void civil_floor(struct civil *civil, enum calendar_unit unit)
{
    int64_t days;

    switch (unit) {
    case UNIT_DAY:
        break;
    case UNIT_WEEK:
        days = days_of(civil->year, civil->month, civil->day);
        date_of_days(civil, days - weekday_of(days));
        break;
    case UNIT_MONTH:
        civil->day = 1;
        break;
    case UNIT_QUARTER:
        civil->month = (civil->month - 1) / 3 * 3 + 1;
        civil->day = 1;
        break;
    case UNIT_YEAR:
        civil->month = civil->day = 1;
        break;
    }
}

int civil_week(int *year, const struct civil *civil)
{
    int64_t days = days_of(civil->year, civil->month, civil->day);
    struct civil thursday = { .year = 0 };

    /* A week belongs to the year of its Thursday. */
    days += 3 - weekday_of(days);
    date_of_days(&thursday, days);
    *year = thursday.year;
    return (int)((days - days_of(thursday.year, 1, 1)) / 7 + 1);
}

bool date_valid(int year, int month, int day)
{
    static const signed char days[] = { 31, 28, 31, 30, 31, 30,
                                        31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1)
        return false;
    return day <= days[month - 1] + (month == 2 && leap);
}

void civil_of(struct civil *out, int64_t instant, const struct zone *zone)
{
    int64_t local = instant + (int64_t)zone_offset(zone, instant) * 1000;
    int64_t days = local / DAY_MS - (local % DAY_MS < 0);
    int64_t rest = local - days * DAY_MS;

    date_of_days(out, days);
    out->hour = (int)(rest / HOUR_MS);
    out->minute = (int)(rest / 60000 % 60);
    out->second = (int)(rest / 1000 % 60);
    out->millisecond = (int)(rest % 1000);
}

int64_t civil_instant(const struct civil *civil, const struct zone *zone)
{
    int64_t local = days_of(civil->year, civil->month, civil->day) * DAY_MS +
                    civil->hour * (int64_t)HOUR_MS +
                    civil->minute * (int64_t)60000 +
                    civil->second * (int64_t)1000 + civil->millisecond;
    /* The offsets in force well before and well after. In a repetition the
     * earlier instant is that of the earlier offset; in a gap neither
     * offset leads back to the local time, and the earlier one moves it
     * forward by the length of the gap. */
    int64_t before = local - zone_offset(zone, local - DAY_MS) * 1000L;
    int64_t after = local - zone_offset(zone, local + DAY_MS) * 1000L;

    if (before + zone_offset(zone, before) * 1000L == local)
        return before;
    if (after + zone_offset(zone, after) * 1000L == local)
        return after;
    return before;
}

/* Exactly `count` digits; -1 otherwise. */
static int read_digits(const char **p, int count)
{
    int number = 0;

    while (count-- > 0) {
        if (**p < '0' || **p > '9')
            return -1;
        number = number * 10 + (*(*p)++ - '0');
    }
    return number;
}

static bool read_date(const char **p, int *year, int *month, int *day)
{
    int y, m, d;

    y = read_digits(p, 4);
    if (y < 0 || *(*p)++ != '-')
        return false;
    m = read_digits(p, 2);
    if (m < 0 || *(*p)++ != '-')
        return false;
    d = read_digits(p, 2);
    if (d < 0 || !date_valid(y, m, d))
        return false;
    *year = y;
    *month = m;
    *day = d;
    return true;
}

bool date_parse(int *year, int *month, int *day, const char *text)
{
    const char *p = text;
    int y, m, d;

    if (!text || !read_date(&p, &y, &m, &d) || *p)
        return false;
    *year = y;
    *month = m;
    *day = d;
    return true;
}

/* "HH:MM[:SS[.fff…]]"; digits behind the third are dropped. */
static bool read_clock_time(const char **p, struct civil *out)
{
    int weight = 100;

    out->hour = read_digits(p, 2);
    if (out->hour < 0 || out->hour > 23 || *(*p)++ != ':')
        return false;
    out->minute = read_digits(p, 2);
    if (out->minute < 0 || out->minute > 59)
        return false;
    if (**p != ':')
        return true;
    ++*p;
    out->second = read_digits(p, 2);
    if (out->second < 0 || out->second > 59)
        return false;
    if (**p != '.')
        return true;
    ++*p;
    if (**p < '0' || **p > '9')
        return false;
    for (; **p >= '0' && **p <= '9'; ++*p) {
        out->millisecond += (**p - '0') * weight;
        weight /= 10;
    }
    return true;
}

/* "Z" or "+08:00", in minutes. */
static bool read_offset(const char **p, int *minutes)
{
    int sign, hour, minute;

    if (**p == 'Z' || **p == 'z') {
        ++*p;
        *minutes = 0;
        return true;
    }
    if (**p != '+' && **p != '-')
        return false;
    sign = *(*p)++ == '-' ? -1 : 1;
    hour = read_digits(p, 2);
    if (hour < 0 || hour > 23 || *(*p)++ != ':')
        return false;
    minute = read_digits(p, 2);
    if (minute < 0 || minute > 59)
        return false;
    *minutes = sign * (hour * 60 + minute);
    return true;
}

bool instant_parse(int64_t *out, const char *text, const struct zone *zone)
{
    struct civil civil = { 0 };
    const char *p = text;
    int minutes;

    if (!text || !read_date(&p, &civil.year, &civil.month, &civil.day))
        return false;
    if (*p != 'T' && *p != 't' && *p != ' ')
        return false;
    p++;
    if (!read_clock_time(&p, &civil))
        return false;
    if (!*p) {
        *out = civil_instant(&civil, zone);
        return true;
    }
    if (!read_offset(&p, &minutes) || *p)
        return false;
    *out = civil_instant(&civil, zone_utc()) - minutes * (int64_t)60000;
    return true;
}

void instant_format(char out[TIME_TEXT_MAX], int64_t instant)
{
    struct civil civil;

    civil_of(&civil, instant, zone_utc());
    snprintf(out, TIME_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
             civil.year % 10000, civil.month, civil.day, civil.hour,
             civil.minute, civil.second, civil.millisecond);
}

void instant_local(char out[TIME_TEXT_MAX], int64_t instant,
                   const struct zone *zone)
{
    struct civil civil;

    civil_of(&civil, instant, zone);
    snprintf(out, TIME_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d", civil.year % 10000,
             civil.month, civil.day, civil.hour, civil.minute);
}

static void add_number(struct buf *buf, int number, int digits)
{
    char text[12];
    size_t at = sizeof text;

    for (; number > 0 || digits > 0; number /= 10, digits--)
        text[--at] = (char)('0' + number % 10);
    buf_add(buf, text + at, sizeof text - at);
}

/* The part of a date that a placeholder of `length` bytes names. */
static void add_part(struct buf *buf, const struct ctx *ctx,
                     const struct civil *civil, const char *name, size_t length)
{
    const struct {
        const char *name;
        int number, digits;
    } parts[] = { { "year", civil->year, 1 },
                  { "month", civil->month, 1 },
                  { "day", civil->day, 1 },
                  { "hour", civil->hour, 2 },
                  { "minute", civil->minute, 2 } };
    char text[24];
    size_t i;

    if (length == 10 && memcmp(name, "month_name", 10) == 0) {
        snprintf(text, sizeof text, "time.month.%d", civil->month);
        buf_add_text(buf, tr(ctx, text));
        return;
    }
    for (i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strlen(parts[i].name) == length &&
            memcmp(name, parts[i].name, length) == 0)
            add_number(buf, parts[i].number, parts[i].digits);
}

/* Fills the catalog's pattern `key`; the placeholders are {year} {month}
 * {month_name} {day} {hour} {minute}. Lists are full of dates: no map and no
 * tr_with for each. */
static const char *human(const struct ctx *ctx, const char *key,
                         const struct civil *civil)
{
    const char *p = tr(ctx, key), *end;
    struct buf buf;

    buf_init(&buf, ctx->arena, 1024);
    while (*p) {
        size_t plain = strcspn(p, "{");

        buf_add(&buf, p, plain);
        p += plain;
        end = *p ? strchr(p, '}') : NULL;
        if (!end)
            break;
        add_part(&buf, ctx, civil, p + 1, (size_t)(end - p) - 1);
        p = end + 1;
    }
    return buf_text(&buf);
}

const char *instant_human(const struct ctx *ctx, int64_t instant)
{
    struct civil civil;

    civil_of(&civil, instant, ctx->zone);
    return human(ctx, "time.instant", &civil);
}

const char *date_human(const struct ctx *ctx, const char *date)
{
    struct civil civil = { 0 };

    if (!date_parse(&civil.year, &civil.month, &civil.day, date))
        return date ? date : "";
    return human(ctx, "time.date", &civil);
}
