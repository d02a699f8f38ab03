/*
 * clock.h - time, replaceable in tests; ids made of it; time zones; dates.
 *
 * Instants are milliseconds since 1970 UTC in an int64. A date is a day
 * number or the text YYYY-MM-DD. Zones come from the system's tzdata by our
 * own TZif reader (RFC 8536).
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct ctx;
struct zone;

int64_t clock_now(void);       /* wall clock, ms UTC */
int64_t clock_monotonic(void); /* ms, for deadlines */
/*
 * Follows another clock, which said `now` when clock_monotonic() was `at`: that
 * of a database which several hosts share, so that what one host writes
 * (a session's age, a link's end) means the same on all, whatever their own
 * clocks say. now 0: this machine's own again.
 */
void clock_follow(int64_t now, int64_t at);
/* Tests: fixes the wall clock; 0 lets it run again. */
void clock_set(int64_t now);
bool clock_is_set(void);

/*
 * A new id: 63 bits, 41 of milliseconds since 2020, 12 of node, 10 of
 * counter; never backwards within a process. `id_node` says this process's
 * node (0 to 4095), leased by the store.
 */
int64_t id_next(void);
void id_node(int node);

/* The zone by IANA name, cached for ever; NULL where there is none. */
const struct zone *zone_find(const char *name);
const struct zone *zone_utc(void);
const char *zone_name(const struct zone *zone);
/* Seconds east of UTC at `instant` (ms). */
int zone_offset(const struct zone *zone, int64_t instant);

/* Calendar. Months and days from 1. Years 1 to 9999. */
struct civil {
    int year, month, day, hour, minute, second, millisecond;
};
void civil_of(struct civil *out, int64_t instant, const struct zone *zone);
/* Local time to instant; a gap moves forward, a repetition takes the first. */
int64_t civil_instant(const struct civil *civil, const struct zone *zone);
int64_t days_of(int year, int month, int day); /* since 1970-01-01 */
bool date_valid(int year, int month, int day);

enum calendar_unit {
    UNIT_DAY,
    UNIT_WEEK, /* begins on Monday (ISO 8601) */
    UNIT_MONTH,
    UNIT_QUARTER,
    UNIT_YEAR,
};
/* Moves the date to the first day of the unit that it lies in. */
void civil_floor(struct civil *civil, enum calendar_unit unit);
/* The week of a date by ISO 8601, 1 to 53, and the year it counts to. */
int civil_week(int *year, const struct civil *civil);

enum { TIME_TEXT_MAX = 32 };
/* "YYYY-MM-DD"; strict; false where it is no date. */
bool date_parse(int *year, int *month, int *day, const char *text);
/* RFC 3339 with offset or Z, or local "YYYY-MM-DDTHH:MM[:SS]" in `zone`. */
bool instant_parse(int64_t *out, const char *text, const struct zone *zone);
/* "2026-11-23T09:30:00.000Z" */
void instant_format(char out[TIME_TEXT_MAX], int64_t instant);
/* "2026-11-23T17:30" in the zone, for inputs of type datetime-local. */
void instant_local(char out[TIME_TEXT_MAX], int64_t instant,
                   const struct zone *zone);
/* For people, by ctx->locale and ctx->zone: "23 Nov 2026, 17:30",
 * "2026年11月23日 17:30". Arena text. */
const char *instant_human(const struct ctx *ctx, int64_t instant);
const char *date_human(const struct ctx *ctx, const char *date);

#endif
