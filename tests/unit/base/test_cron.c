/*
 * test_cron.c - schedules by the calendar, and what changes of clocks do to
 * them.
 */
#include "base/banned.h"

#include "base/base_test.h"

#include "base/clock.h"
#include "base/cron.h"

/* The next times after a local time, each as local time with its offset:
 * "2026-03-29T03:00+2 …". */
static const char *next_times(const char *text, const char *zone_of,
                              const char *after, int count)
{
    static char out[512];
    const struct zone *zone = zone_find(zone_of);
    char local[TIME_TEXT_MAX];
    struct cron cron;
    int64_t at;
    int i;

    assert_non_null(zone);
    assert_true(cron_parse(&cron, text));
    assert_true(instant_parse(&at, after, zone));
    out[0] = '\0';
    for (i = 0; i < count; i++) {
        size_t length = strlen(out);

        assert_true(cron_next(&at, &cron, at, zone));
        instant_local(local, at, zone);
        snprintf(out + length, sizeof out - length, "%s%s%+d", i ? " " : "",
                 local, zone_offset(zone, at) / 3600);
    }
    return out;
}

#define NEXT(text, zone, after, count, expected)                               \
    assert_string_equal(next_times(text, zone, after, count), expected)

static void fields_are_numbers_ranges_lists_and_steps(void **state)
{
    (void)state;
    NEXT("30 7 * * *", "UTC", "2026-11-26T07:30", 2,
         "2026-11-27T07:30+0 2026-11-28T07:30+0");
    NEXT("*/20 * * * *", "UTC", "2026-11-26T23:50", 3,
         "2026-11-27T00:00+0 2026-11-27T00:20+0 2026-11-27T00:40+0");
    NEXT("0,30 9-10 * * 1-5", "UTC", "2026-11-27T09:30", 4,
         "2026-11-27T10:00+0 2026-11-27T10:30+0 2026-11-30T09:00+0 "
         "2026-11-30T09:30+0");
    NEXT("10-50/20 5/9 * * *", "UTC", "2026-11-26T05:10", 3,
         "2026-11-26T05:30+0 2026-11-26T05:50+0 2026-11-26T14:10+0");
    NEXT("0 0 1 jan,JUL *", "UTC", "2026-11-26T00:00", 2,
         "2027-01-01T00:00+0 2027-07-01T00:00+0");
    NEXT("  0\t12 * *   sun", "UTC", "2026-11-26T00:00", 1,
         "2026-11-29T12:00+0");
    NEXT("0 12 * * 7", "UTC", "2026-11-26T00:00", 1, "2026-11-29T12:00+0");
    NEXT("0 12 * * 6-7", "UTC", "2026-11-26T00:00", 3,
         "2026-11-28T12:00+0 2026-11-29T12:00+0 2026-12-05T12:00+0");
    NEXT("@monthly", "UTC", "2026-11-26T00:00", 1, "2026-12-01T00:00+0");
}

static void seconds_are_no_part_of_it(void **state)
{
    const struct zone *utc = zone_utc();
    struct cron cron;
    int64_t at;

    (void)state;
    assert_true(cron_parse(&cron, "* * * * *"));
    assert_true(cron_next(&at, &cron, 59999, utc));
    assert_true(at == 60000);
    assert_true(cron_next(&at, &cron, 60000, utc));
    assert_true(at == 120000);
    assert_true(cron_next(&at, &cron, -1, utc));
    assert_true(at == 0);
}

static void two_restricted_days_fit_one_by_one(void **state)
{
    (void)state;
    /* Friday the 27th; the 1st is a Tuesday. */
    NEXT("0 0 1 * 5", "UTC", "2026-11-26T12:00", 3,
         "2026-11-27T00:00+0 2026-12-01T00:00+0 2026-12-04T00:00+0");
    /* A field that begins with "*" restricts nothing: odd days on Fridays. */
    NEXT("0 0 */2 * 5", "UTC", "2026-11-26T12:00", 2,
         "2026-11-27T00:00+0 2026-12-11T00:00+0");
}

static void months_end_where_they_end(void **state)
{
    (void)state;
    NEXT("0 9 L * *", "UTC", "2027-01-15T00:00", 3,
         "2027-01-31T09:00+0 2027-02-28T09:00+0 2027-03-31T09:00+0");
    NEXT("0 9 15,L 2 *", "UTC", "2028-01-15T00:00", 2,
         "2028-02-15T09:00+0 2028-02-29T09:00+0");
    NEXT("0 9 * * 5L", "UTC", "2026-11-01T00:00", 2,
         "2026-11-27T09:00+0 2026-12-25T09:00+0");
    NEXT("0 9 31 * *", "UTC", "2026-11-01T00:00", 3,
         "2026-12-31T09:00+0 2027-01-31T09:00+0 2027-03-31T09:00+0");
}

static void leap_days_come_every_four_years_and_once_after_eight(void **state)
{
    (void)state;
    NEXT("0 0 29 2 *", "UTC", "2026-11-01T00:00", 2,
         "2028-02-29T00:00+0 2032-02-29T00:00+0");
    NEXT("0 0 29 2 *", "Asia/Shanghai", "2096-03-01T00:00", 1,
         "2104-02-29T00:00+8");
}

static void berlin_leaves_an_hour_out_in_spring(void **state)
{
    (void)state;
    /* 29 March 2026: 02:00 is 03:00. Once, at the moment after. */
    NEXT("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", 2,
         "2026-03-29T03:00+2 2026-03-30T02:30+2");
    NEXT("10,20,30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", 2,
         "2026-03-29T03:00+2 2026-03-30T02:10+2");
    /* What goes by the time that passes makes up for nothing. */
    NEXT("30 * * * *", "Europe/Berlin", "2026-03-29T01:30", 2,
         "2026-03-29T03:30+2 2026-03-29T04:30+2");
    NEXT("*/30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", 1,
         "2026-03-30T02:00+2");
    /* What the day does not fit is not made up for: it is a Sunday. */
    NEXT("30 2 * * 1", "Europe/Berlin", "2026-03-28T12:00", 1,
         "2026-03-30T02:30+2");
    /* From within the last minute before. */
    NEXT("30 2 * * *", "Europe/Berlin", "2026-03-29T01:59:59", 1,
         "2026-03-29T03:00+2");
    NEXT("0 3 * * *", "Europe/Berlin", "2026-03-28T12:00", 2,
         "2026-03-29T03:00+2 2026-03-30T03:00+2");
}

static void berlin_has_an_hour_twice_in_autumn(void **state)
{
    (void)state;
    /* 25 October 2026: after 02:59 summer time comes 02:00. */
    NEXT("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", 2,
         "2026-10-25T02:30+2 2026-10-26T02:30+1");
    NEXT("0 * * * *", "Europe/Berlin", "2026-10-25T01:30", 3,
         "2026-10-25T02:00+2 2026-10-25T02:00+1 2026-10-25T03:00+1");
    NEXT("*/30 2 * * *", "Europe/Berlin", "2026-10-25T01:30", 5,
         "2026-10-25T02:00+2 2026-10-25T02:30+2 2026-10-25T02:00+1 "
         "2026-10-25T02:30+1 2026-10-26T02:00+1");
    NEXT("0 3 * * *", "Europe/Berlin", "2026-10-24T12:00", 2,
         "2026-10-25T03:00+1 2026-10-26T03:00+1");
}

static void new_york_changes_on_other_days(void **state)
{
    (void)state;
    /* 8 March 2026 and 1 November 2026, at 02:00. */
    NEXT("15 2 * * *", "America/New_York", "2026-03-07T12:00", 2,
         "2026-03-08T03:00-4 2026-03-09T02:15-4");
    NEXT("45 1 * * *", "America/New_York", "2026-10-31T12:00", 2,
         "2026-11-01T01:45-4 2026-11-02T01:45-5");
    NEXT("45 * * * *", "America/New_York", "2026-11-01T00:45", 3,
         "2026-11-01T01:45-4 2026-11-01T01:45-5 2026-11-01T02:45-5");
}

static void shanghai_changes_nothing(void **state)
{
    (void)state;
    NEXT("30 2 * * *", "Asia/Shanghai", "2026-03-28T12:00", 2,
         "2026-03-29T02:30+8 2026-03-30T02:30+8");
    NEXT("30 2 * * *", "Asia/Shanghai", "2026-10-24T12:00", 2,
         "2026-10-25T02:30+8 2026-10-26T02:30+8");
    /* It had summer time once: 13 April 1986, 02:00 was 03:00. */
    NEXT("30 2 * * *", "Asia/Shanghai", "1986-05-03T12:00", 2,
         "1986-05-04T03:00+9 1986-05-05T02:30+9");
}

static void changes_at_midnight_and_of_half_an_hour(void **state)
{
    (void)state;
    /* Cairo, 24 April 2026: 00:00 is 01:00. */
    NEXT("0 0 * * *", "Africa/Cairo", "2026-04-23T12:00", 2,
         "2026-04-24T01:00+3 2026-04-25T00:00+3");
    /* Lord Howe, 5 April 2026: 02:00 is 01:30 again. */
    NEXT("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T12:00", 2,
         "2026-04-05T01:45+11 2026-04-06T01:45+10");
    /* Apia had no 30 December 2011. */
    NEXT("0 9 30 12 *", "Pacific/Apia", "2011-12-29T12:00", 1,
         "2011-12-31T00:00+14");
}

static void what_is_no_schedule_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",           "* * * *",      "* * * * * *",  "60 * * * *",
        "* 24 * * *", "* * 0 * *",    "* * 32 * *",   "* * * 13 *",
        "* * * * 8",  "*/0 * * * *",  "5-1 * * * *",  "a * * * *",
        "1, * * * *", "1-* * * * *",  "* * * foo *",  "-1 * * * *",
        "0 0 30 2 *", "0 0 31 4,6 *", "L * * * *",    "0 0 * L *",
        "@never",     "* * * * 1-L",  "1000 * * * *", "* * * * *x",
        "0 0 L-2 * *"
    };
    struct cron cron;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (cron_parse(&cron, wrong[i])) {
            print_error("\"%s\" was taken\n", wrong[i]);
            assert_false(true);
        }
    }
    assert_false(cron_parse(&cron, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_numbers_ranges_lists_and_steps),
        cmocka_unit_test(seconds_are_no_part_of_it),
        cmocka_unit_test(two_restricted_days_fit_one_by_one),
        cmocka_unit_test(months_end_where_they_end),
        cmocka_unit_test(leap_days_come_every_four_years_and_once_after_eight),
        cmocka_unit_test(berlin_leaves_an_hour_out_in_spring),
        cmocka_unit_test(berlin_has_an_hour_twice_in_autumn),
        cmocka_unit_test(new_york_changes_on_other_days),
        cmocka_unit_test(shanghai_changes_nothing),
        cmocka_unit_test(changes_at_midnight_and_of_half_an_hour),
        cmocka_unit_test(what_is_no_schedule_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
