/*
 * test_clock.c - ids, zones, the calendar, reading and writing times (F12).
 */
#include "base/banned.h"

#include "base/base_test.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/zone.h"

/* The instant of a text that must be one. */
static int64_t at(const char *text)
{
    int64_t instant;

    assert_true(instant_parse(&instant, text, zone_utc()));
    return instant;
}

static void F12_ids_rise_when_the_clock_goes_back(void **state)
{
    int64_t last = 0, id;
    int i;

    (void)state;
    id_node(4095);
    clock_set(at("2026-11-23T09:30:00Z"));
    for (i = 0; i < 5000; i++) {
        if (i == 1000)
            clock_set(at("2026-11-22T09:30:00Z"));
        if (i == 3000)
            clock_set(at("2027-12-28T09:30:00Z"));
        id = id_next();
        assert_true(id > last);
        last = id;
    }
    assert_int_equal((last >> 10) & 4095, 4095);
    clock_set(0);
    id_node(0);
}

static void an_id_holds_its_time(void **state)
{
    (void)state;
    clock_set(at("2030-01-01T00:00:00.123Z"));
    assert_true((id_next() >> 22) + 1577836800000 >= clock_now());
    clock_set(0);
}

static void days_and_dates_agree_over_all_years(void **state)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30,
                                   31, 31, 30, 31, 30, 31 };
    int64_t days = days_of(1, 1, 1);
    int year, month, day;
    struct civil civil;

    (void)state;
    assert_int_equal(days_of(1970, 1, 1), 0);
    assert_int_equal(days_of(2000, 3, 1), 11017);
    for (year = 1; year <= 9999; year++)
        for (month = 1; month <= 12; month++) {
            bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            int length = lengths[month - 1] + (month == 2 && leap);

            assert_false(date_valid(year, month, length + 1));
            for (day = 1; day <= length; day++, days++) {
                if (days_of(year, month, day) != days ||
                    !date_valid(year, month, day))
                    assert_true(false);
                civil_of(&civil, days * 86400000 + 1, zone_utc());
                if (civil.year != year || civil.month != month ||
                    civil.day != day)
                    assert_true(false);
            }
        }
}

static void dates_are_read_strictly(void **state)
{
    static const char *const bad[] = {
        "",
        "2026-1-1",
        "2026-02-29",
        "2026-13-01",
        "2026-00-01",
        "0000-01-01",
        "2026-01-01 ",
        "2026/01/01",
        "20260101",
        "2026-04-31",
        "2026-01-0１",
        "-026-01-01",
        "2026-01-01T00:00",
    };
    int year = 1, month = 2, day = 3;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(date_parse(&year, &month, &day, bad[i]));
    assert_false(date_parse(&year, &month, &day, NULL));
    assert_int_equal(year * 100 + month * 10 + day, 123);
    assert_true(date_parse(&year, &month, &day, "2024-02-29"));
    assert_int_equal(year, 2024);
}

static void instants_are_read_strictly(void **state)
{
    static const char *const bad[] = {
        "2026-11-23",
        "2026-11-23T",
        "2026-11-23T24:00Z",
        "2026-11-23T12:60Z",
        "2026-11-23T12:00:60Z",
        "2026-11-23T12:00:00.Z",
        "2026-11-23T12:00+8:00",
        "2026-11-23T12:00+08:60",
        "2026-11-23T12:00+0800",
        "2026-11-23T12:00ZZ",
        "2026-11-23T12",
        "2026-11-23T1:00Z",
        "2026-02-30T12:00Z",
    };
    int64_t instant;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(instant_parse(&instant, bad[i], zone_utc()));
    assert_true(at("1970-01-01T00:00:00Z") == 0);
    assert_true(at("1969-12-31T23:59:59.999Z") == -1);
    assert_true(at("2026-11-23T12:00:00.123456789Z") ==
                at("2026-11-23T12:00:00.123Z"));
    assert_true(at("2026-11-23T20:00+08:00") == at("2026-11-23T12:00Z"));
    assert_true(at("2026-11-23 06:30:00-05:30") == at("2026-11-23T12:00Z"));
}

static void instants_are_written(void **state)
{
    char text[TIME_TEXT_MAX];

    (void)state;
    instant_format(text, at("2026-11-23T09:30:00Z"));
    assert_string_equal(text, "2026-11-23T09:30:00.000Z");
    instant_format(text, -1);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    instant_local(text, at("2026-11-23T09:30:00Z"), zone_find("Asia/Shanghai"));
    assert_string_equal(text, "2026-11-23T17:30");
    instant_format(text, INT64_MAX / 1000);
    instant_format(text, INT64_MIN / 1000);
}

static int hours_at(const char *name, const char *text)
{
    const struct zone *zone = zone_find(name);

    assert_non_null(zone);
    return zone_offset(zone, at(text)) / 36; /* hundredths of hours */
}

static void zones_follow_tzdata_and_its_rule_for_later_years(void **state)
{
    (void)state;
    assert_int_equal(hours_at("Asia/Shanghai", "2026-07-01T00:00Z"), 800);
    assert_int_equal(hours_at("Asia/Shanghai", "1988-07-01T00:00Z"), 900);
    assert_int_equal(hours_at("Asia/Shanghai", "2090-07-01T00:00Z"), 800);
    assert_int_equal(hours_at("Asia/Kolkata", "2026-07-01T00:00Z"), 550);
    assert_int_equal(hours_at("Europe/Berlin", "2026-03-29T00:59:59Z"), 100);
    assert_int_equal(hours_at("Europe/Berlin", "2026-03-29T01:00Z"), 200);
    assert_int_equal(hours_at("Europe/Berlin", "2026-10-25T00:59:59Z"), 200);
    assert_int_equal(hours_at("Europe/Berlin", "2026-10-25T01:00Z"), 100);
    /* Beyond the table: last Sunday of March and October. */
    assert_int_equal(hours_at("Europe/Berlin", "2090-03-26T00:59:59Z"), 100);
    assert_int_equal(hours_at("Europe/Berlin", "2090-03-26T01:00Z"), 200);
    assert_int_equal(hours_at("Europe/Berlin", "2090-10-29T01:00Z"), 100);
    /* The southern half, and the new year within summer. */
    assert_int_equal(hours_at("Australia/Sydney", "2089-12-31T23:59Z"), 1100);
    assert_int_equal(hours_at("Australia/Sydney", "2090-01-01T00:00Z"), 1100);
    assert_int_equal(hours_at("Australia/Sydney", "2090-07-01T00:00Z"), 1000);
    assert_int_equal(hours_at("Asia/Kathmandu", "2090-07-01T00:00Z"), 575);
    assert_int_equal(hours_at("UTC", "2026-07-01T00:00Z"), 0);
}

static void zone_names_lead_nowhere_else(void **state)
{
    static const char *const bad[] = { "",
                                       "Mars/Phobos",
                                       "../../../etc/passwd",
                                       "/etc/localtime",
                                       "Asia/../Asia/Shanghai",
                                       "Asia",
                                       "Asia/",
                                       "zone.tab",
                                       "tzdata.zi",
                                       "leap-seconds.list",
                                       "Asia/Shanghai\n" };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(zone_find(bad[i]));
    assert_null(zone_find(NULL));
    assert_ptr_equal(zone_find("Asia/Shanghai"), zone_find("Asia/Shanghai"));
    assert_string_equal(zone_name(zone_find("Asia/Taipei")), "Asia/Taipei");
    assert_string_equal(zone_name(NULL), "UTC");
}

static void assert_local(const char *local, const char *utc)
{
    int64_t instant;

    assert_true(instant_parse(&instant, local, zone_find("Europe/Berlin")));
    assert_true(instant == at(utc));
}

static void F12_gaps_move_forward_and_repetitions_take_the_first(void **state)
{
    (void)state;
    assert_local("2026-03-29T01:59:59", "2026-03-29T00:59:59Z");
    assert_local("2026-03-29T02:30", "2026-03-29T01:30Z"); /* 03:30 */
    assert_local("2026-03-29T03:00", "2026-03-29T01:00Z");
    assert_local("2026-10-25T01:59", "2026-10-24T23:59Z");
    assert_local("2026-10-25T02:30", "2026-10-25T00:30Z");
    assert_local("2026-10-25T03:00", "2026-10-25T02:00Z");
    assert_local("2090-03-26T02:30", "2090-03-26T01:30Z");
}

static void every_hour_of_a_year_comes_back(void **state)
{
    static const char *const names[] = { "Europe/Berlin", "America/New_York",
                                         "Australia/Lord_Howe",
                                         "Asia/Shanghai" };
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        const struct zone *zone = zone_find(names[i]);
        int64_t t = at("2026-01-01T00:00Z"), end = at("2027-01-02T00:00Z");

        for (; t < end; t += 900000) {
            struct civil civil;
            int64_t back;

            civil_of(&civil, t, zone);
            back = civil_instant(&civil, zone);
            /* Only the second of a repetition gives another instant. */
            assert_true(back == t || (back < t && t - back <= 3600000));
        }
    }
}

static void damaged_zone_files_are_refused(void **state)
{
    static unsigned char data[65536];
    FILE *file = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
    size_t size, i;

    (void)state;
    assert_non_null(file);
    size = fread(data, 1, sizeof data, file);
    fclose(file);
    for (i = 0; i < size; i++) {
        struct zone zone = { .name = "test" };

        /* Copied to the heap's end, so that reading beyond shows. */
        unsigned char *cut = malloc(i + 1);

        memcpy(cut, data, i);
        assert_false(zone_read(&zone, cut, i));
        free(cut);
        free(zone.instants);
        free(zone.offsets);
    }
    for (i = 0; i < size; i++) {
        struct zone zone = { .name = "test" };
        unsigned char kept = data[i];

        data[i] = (unsigned char)(kept ^ 0xff);
        if (zone_read(&zone, data, size))
            zone_offset(&zone, at("2090-07-01T00:00Z"));
        data[i] = kept;
        free(zone.instants);
        free(zone.offsets);
    }
}

static void people_read_times_in_their_language(void **state)
{
    struct ctx *ctx = *state;
    int64_t instant = at("2026-11-23T09:30:00Z");

    assert_int_equal(catalog_load_flat(ctx, "core/base/locale", NULL), 0);
    ctx->zone = zone_find("Asia/Shanghai");
    assert_string_equal(instant_human(ctx, instant), "23 Nov 2026, 17:30");
    assert_string_equal(date_human(ctx, "2026-01-05"), "5 Jan 2026");
    ctx->locale = "zh-CN";
    assert_string_equal(instant_human(ctx, instant), "2026年11月23日 17:30");
    assert_string_equal(date_human(ctx, "2026-01-05"), "2026年1月5日");
    assert_string_equal(date_human(ctx, "nonsense"), "nonsense");
    catalog_unload(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F12_ids_rise_when_the_clock_goes_back),
        cmocka_unit_test(an_id_holds_its_time),
        cmocka_unit_test(days_and_dates_agree_over_all_years),
        cmocka_unit_test(dates_are_read_strictly),
        cmocka_unit_test(instants_are_read_strictly),
        cmocka_unit_test(instants_are_written),
        cmocka_unit_test(zones_follow_tzdata_and_its_rule_for_later_years),
        cmocka_unit_test(zone_names_lead_nowhere_else),
        cmocka_unit_test(F12_gaps_move_forward_and_repetitions_take_the_first),
        cmocka_unit_test(every_hour_of_a_year_comes_back),
        cmocka_unit_test(damaged_zone_files_are_refused),
        CTX_TEST(people_read_times_in_their_language),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
