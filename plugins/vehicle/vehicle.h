/*
 * vehicle.h - what the files of the module share.
 */
#ifndef VEHICLE_H
#define VEHICLE_H

#include <tenon/tenon.h>

#define CARS "vehicle.car"
#define BOOKINGS "vehicle.booking"

/* Bookings of a car that touch the time from `starts` to `ends`, without the
 * booking `except` (may be NULL). */
int bookings_between(int64_t *count, tn_ctx *ctx, const tn_value *car,
                     const tn_value *starts, const tn_value *ends,
                     const tn_value *except);

/* The page of one day: every car and its bookings. */
int day_fill(tn_ctx *ctx, tn_request *request, tn_value *data, void *extra);

#endif
