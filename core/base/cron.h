/*
 * cron.h - schedules by the calendar: "30 7 * * 1-5" in a time zone.
 *
 * Five fields, as crontab(5) of POSIX has them: minute, hour, day of the
 * month, month, day of the week (0 or 7: Sunday). A field is "*" or a list of
 * numbers and ranges, each with a step ("0,30", "9-17", "*" "/15", "10-50/20");
 * months and days of the week have English names too (jan, MON). Where both
 * day fields are restricted, a day that fits one of them fits; a field that
 * begins with "*" restricts nothing. Beyond POSIX: "L" as day of the month is
 * its last day, "5L" as day of the week the month's last Friday, and @hourly,
 * @daily, @weekly, @monthly, @yearly.
 *
 * When clocks change: a schedule whose minute or hour begins with "*" goes by
 * the time that passes: it runs in both of two equal hours, and makes up for
 * nothing in an hour that is left out. Any other runs once: at the first of
 * two equal times, and for times that are left out at the moment after.
 */
#ifndef BASE_CRON_H
#define BASE_CRON_H

#include <stdbool.h>
#include <stdint.h>

struct zone;

struct cron {
    uint64_t minutes;                /* bits 0 to 59 */
    uint32_t hours, days, months;    /* bits 0 to 23, 1 to 31, 1 to 12 */
    uint8_t weekdays, last_weekdays; /* bits 0 (Sunday) to 6 */
    bool last_day;                   /* "L" */
    bool any_day, any_weekday;       /* the field begins with "*" */
    bool elapsed;                    /* so does minute or hour */
};

enum { CRON_TEXT_MAX = 200 };

/* False where it is no schedule, or names a day that never comes. */
bool cron_parse(struct cron *out, const char *text);

/* The first time after `after` (ms UTC; a full minute). False where there is
 * none within nine years (a leap year may be eight years away). */
bool cron_next(int64_t *out, const struct cron *cron, int64_t after,
               const struct zone *zone);

#endif
