/*
 * period.h - days and periods named relative to today: "today", "today-7",
 * "this_month", "last_30_days". What they mean is found when they are read, in
 * the person's time zone.
 */
#ifndef FORM_PERIOD_H
#define FORM_PERIOD_H

#include <stdbool.h>
#include <stdint.h>

struct ctx;

/* The first day and the first one behind, in days since 1970. */
struct period {
    int64_t first, end;
};

/*
 * "today", "yesterday", "tomorrow"; "last_", "this_" or "next_" with "week"
 * (from Monday), "month", "quarter", "year"; "last_N_days" (today and the N-1
 * days before) and "next_N_days" (today and the N-1 after), N from 1 to 3660.
 * False where it is none of them.
 */
bool period_read(struct period *out, const struct ctx *ctx, const char *text);

/* "today", "today+N", "today-N" as a day; false where it is none of them. */
bool period_day(int64_t *out, const struct ctx *ctx, const char *text);

/* "YYYY-MM-DD" of a day; arena text. */
const char *period_date(struct ctx *ctx, int64_t day);
/* The moment at which a day begins where the person lives. */
int64_t period_instant(const struct ctx *ctx, int64_t day);

/* The i-th period with a name of its own, for editors; NULL behind the last. */
const char *period_at(int index);
/* N of "last_N_days" or "next_N_days"; 0 of the others. */
int64_t period_days(const char *text);

#endif
