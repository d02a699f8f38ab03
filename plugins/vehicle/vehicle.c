/*
 * vehicle.c - booking the company's cars: an example module in C.
 *
 * The forms, their lists and pages are declarations (forms/). Code is for
 * what is special: a car is not given to two people at once, a page shows the
 * day at a glance, and a process may reserve a car by itself.
 */
#include "vehicle.h"

int bookings_between(int64_t *count, tn_ctx *ctx, const tn_value *car,
                     const tn_value *starts, const tn_value *ends,
                     const tn_value *except)
{
    return tn_records_count(count, ctx, BOOKINGS,
                            TN_AND(TN_EQ("vehicle", car), TN_NE("id", except),
                                   TN_LT("starts", ends),
                                   TN_GT("ends", starts)));
}

/*
 * Refuses a booking that overlaps another one of the same car. The guard
 * makes two bookings of one car wait for each other, and the hook runs as the
 * module: it sees the bookings that the person may not see.
 */
static int refuse_overlap(tn_ctx *ctx, tn_record *booking, void *unused)
{
    const tn_value *car = tn_get(booking, "vehicle");
    const tn_value *starts = tn_get(booking, "starts");
    const tn_value *ends = tn_get(booking, "ends");
    int64_t clashes;
    int rc;

    (void)unused;
    if (tn_is_null(car) || tn_is_null(starts) || tn_is_null(ends))
        return TN_OK; /* a draft */
    rc = bookings_between(&clashes, ctx, car, starts, ends,
                          tn_get(booking, "id"));
    if (rc != TN_OK)
        return rc;
    if (clashes > 0)
        return tn_fail_at(ctx, TN_E_CONFLICT, "vehicle", "vehicle.overlap",
                          "the vehicle is booked at that time");
    return TN_OK;
}

/* Does a car drive, and is it free? NULL in *car where it is not. */
static int take_if_free(const tn_value **car, tn_ctx *ctx,
                        const tn_value *candidate, const tn_value *starts,
                        const tn_value *ends)
{
    int64_t clashes;
    int rc = bookings_between(&clashes, ctx, candidate, starts, ends, NULL);

    if (rc == TN_OK && clashes == 0)
        *car = candidate;
    return rc;
}

static int find_free(const tn_value **car, tn_ctx *ctx, const tn_value *starts,
                     const tn_value *ends, const tn_value *seats)
{
    const tn_value *cars;
    size_t i;
    int rc =
        tn_records_find(&cars, ctx, CARS,
                        .where = TN_AND(TN_EQ("in_service", tn_bool(ctx, true)),
                                        TN_GE("seats", seats)),
                        .sort = "seats", .limit = 200);

    *car = NULL;
    for (i = 0; rc == TN_OK && !*car && i < tn_count(cars); i++)
        rc =
            take_if_free(car, ctx, tn_item(tn_at(cars, i), "id"), starts, ends);
    if (rc == TN_OK && !*car)
        return tn_fail(ctx, TN_E_CONFLICT, "vehicle.none_free",
                       "no vehicle is free at that time");
    return rc;
}

/*
 * tenon:service="vehicle.reserve": books the smallest free car that has the
 * seats. Parameters: starts, ends (date-times), purpose, driver (a user; the
 * applicant by default), seats (1 by default).
 */
static int reserve(tn_ctx *ctx, tn_record *record, const tn_value *parameters,
                   void *unused)
{
    const tn_value *starts = tn_item(parameters, "starts");
    const tn_value *ends = tn_item(parameters, "ends");
    const tn_value *driver = tn_item(parameters, "driver");
    const tn_value *car;
    tn_value *values = tn_map(ctx);
    int64_t from, to, id, seats = tn_as_id(tn_item(parameters, "seats"));
    int rc;

    (void)unused;
    if (!tn_as_instant(&from, starts) || !tn_as_instant(&to, ends) ||
        to <= from)
        return tn_fail(ctx, TN_E_INVALID, "vehicle.reserve_times",
                       "vehicle.reserve needs starts and a later ends");
    starts = tn_instant_value(ctx, from);
    ends = tn_instant_value(ctx, to);
    rc = find_free(&car, ctx, starts, ends, tn_int(ctx, seats ? seats : 1));
    if (rc != TN_OK)
        return rc;
    tn_put(values, "vehicle", tn_id(ctx, tn_as_id(car)));
    tn_put(values, "starts", tn_instant_value(ctx, from));
    tn_put(values, "ends", tn_instant_value(ctx, to));
    tn_put(values, "driver",
           tn_id(ctx, tn_as_id(tn_is_null(driver) ? tn_get(record, "owner")
                                                  : driver)));
    tn_put(values, "purpose",
           tn_text(ctx, tn_as_text(tn_item(parameters, "purpose"))));
    rc = tn_records_create(&id, ctx, BOOKINGS, values);
    if (rc == TN_OK)
        tn_log(ctx, TN_LOG_INFO, "vehicle.reserved", tn_form(record));
    return rc;
}

static int vehicle_start(tn_module *self)
{
    TN_ON(self, .form = BOOKINGS, .when = TN_BEFORE_SAVE, .guard = "vehicle",
          .required = true, .call = refuse_overlap);
    TN_PAGE(self, .path = "/m/vehicle/day", .template_name = "day",
            .title = "vehicle.day.title", .call = day_fill);
    TN_MENU(self, .title = "vehicle.day.menu", .path = "/m/vehicle/day",
            .icon = "car", .form = BOOKINGS, .order = 100);
    return TN_SERVICE(self, .name = "vehicle.reserve", .call = reserve);
}

TN_MODULE(vehicle_start)
