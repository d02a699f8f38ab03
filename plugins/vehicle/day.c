/*
 * day.c - the page of one day: every car, who has it when, which are free.
 *
 * Runs as the person: it shows the bookings that he may see.
 */
#include <stdio.h>
#include <string.h>

#include "vehicle.h"

enum { DAY_MS = 24 * 3600 * 1000, YEAR_DAYS = 366, MOST = 200 };

/* ?day=N: so many days from today. */
static int asked_day(tn_request *request)
{
    const char *text = tn_query(request, "day");
    int day = 0, sign = 1;
    size_t i;

    if (!text)
        return 0;
    if (*text == '-') {
        sign = -1;
        text++;
    }
    for (i = 0; i < 3 && text[i] >= '0' && text[i] <= '9'; i++)
        day = day * 10 + (text[i] - '0');
    return day > YEAR_DAYS ? 0 : sign * day;
}

static tn_value *day_link(tn_ctx *ctx, int day)
{
    char url[40];

    snprintf(url, sizeof url, "/m/vehicle/day?day=%d", day);
    return tn_text(ctx, url);
}

/* "09:30 – 11:00"; a booking over midnight shows the date as well. */
static tn_value *time_text(tn_ctx *ctx, const tn_value *booking, int64_t starts,
                           int64_t ends)
{
    int64_t from, to;
    char text[160];

    if (!tn_as_instant(&from, tn_item(booking, "starts")) ||
        !tn_as_instant(&to, tn_item(booking, "ends")))
        return tn_text(ctx, "");
    snprintf(text, sizeof text, "%s – %s",
             from < starts ? tn_instant(ctx, from) : tn_time(ctx, from),
             to > ends ? tn_instant(ctx, to) : tn_time(ctx, to));
    return tn_text(ctx, text);
}

static tn_value *row_of(tn_ctx *ctx, const tn_value *booking, int64_t starts,
                        int64_t ends)
{
    const tn_value *text = tn_item(booking, "text");
    tn_value *row = tn_map(ctx);
    char url[80];

    snprintf(url, sizeof url, "/records/" BOOKINGS "/%s",
             tn_as_text(tn_item(booking, "id")));
    tn_put(row, "url", tn_text(ctx, url));
    tn_put(row, "time", time_text(ctx, booking, starts, ends));
    tn_put(row, "purpose", tn_text(ctx, tn_as_text(tn_item(text, "purpose"))));
    tn_put(row, "driver", tn_text(ctx, tn_as_text(tn_item(text, "driver"))));
    return row;
}

/* The bookings of one car; *taken: whether somebody has it now. */
static tn_value *rows_of(bool *taken, tn_ctx *ctx, const tn_value *bookings,
                         const tn_value *car, int64_t starts, int64_t ends)
{
    int64_t id = tn_as_id(tn_item(car, "id")), from, to;
    tn_value *rows = tn_list(ctx);
    size_t i;

    *taken = false;
    for (i = 0; i < tn_count(bookings); i++) {
        const tn_value *booking = tn_at(bookings, i);

        if (tn_as_id(tn_item(booking, "vehicle")) != id)
            continue;
        tn_append(rows, row_of(ctx, booking, starts, ends));
        if (tn_as_instant(&from, tn_item(booking, "starts")) &&
            tn_as_instant(&to, tn_item(booking, "ends")) &&
            from <= tn_now(ctx) && tn_now(ctx) < to)
            *taken = true;
    }
    return rows;
}

static tn_value *car_of(tn_ctx *ctx, const tn_value *car,
                        const tn_value *bookings, int64_t starts, int64_t ends,
                        bool today)
{
    const char *plate = tn_as_text(tn_item(car, "plate"));
    tn_value *map = tn_map(ctx), *arguments = tn_map(ctx);
    tn_value *rows;
    bool taken;
    char url[80];

    rows = rows_of(&taken, ctx, bookings, car, starts, ends);
    snprintf(url, sizeof url, "/records/" CARS "/%s",
             tn_as_text(tn_item(car, "id")));
    tn_put(map, "url", tn_text(ctx, url));
    tn_put(map, "name", tn_text(ctx, tn_as_text(tn_item(car, "name"))));
    tn_put(map, "plate", tn_text(ctx, plate ? plate : ""));
    tn_put(arguments, "count",
           tn_int(ctx, tn_as_int(tn_item(car, "seats"), 0)));
    tn_put(map, "seats",
           tn_text(ctx, tn_t(ctx, "vehicle.day.seats", arguments)));
    tn_put(map, "bookings", rows);
    tn_put(map, "free_now", tn_bool(ctx, today && !taken));
    tn_put(map, "taken_now", tn_bool(ctx, today && taken));
    return map;
}

int day_fill(tn_ctx *ctx, tn_request *request, tn_value *data, void *extra)
{
    const tn_value *cars, *bookings;
    tn_value *list = tn_list(ctx);
    int64_t starts, ends;
    int day = asked_day(request), rc;
    size_t i;

    (void)extra;
    /* From noon of today, so that a day of 23 hours is not jumped over. */
    tn_day(&starts, &ends, ctx, tn_now(ctx));
    tn_day(&starts, &ends, ctx, starts + DAY_MS / 2 + (int64_t)day * DAY_MS);
    rc = tn_records_find(&cars, ctx, CARS,
                         .where = TN_EQ("in_service", tn_bool(ctx, true)),
                         .sort = "name", .limit = MOST);
    if (rc == TN_OK)
        rc = tn_records_find(
            &bookings, ctx, BOOKINGS, .sort = "starts", .limit = MOST,
            .texts = true,
            .where = TN_AND(TN_LT("starts", tn_instant_value(ctx, ends)),
                            TN_GT("ends", tn_instant_value(ctx, starts))));
    if (rc != TN_OK)
        return rc;
    for (i = 0; i < tn_count(cars); i++)
        tn_append(list, car_of(ctx, tn_at(cars, i), bookings, starts, ends,
                               day == 0));
    tn_put(data, "cars", list);
    tn_put(data, "any", tn_bool(ctx, tn_count(cars) > 0));
    tn_put(data, "today", tn_bool(ctx, day == 0));
    tn_put(data, "before_url", day_link(ctx, day - 1));
    tn_put(data, "after_url", day_link(ctx, day + 1));
    /* The date alone, from the text of the day's noon. */
    tn_put(data, "date", tn_text(ctx, tn_date(ctx, starts)));
    return TN_OK;
}
