/*
 * numbers.h - numbers for people.
 */
#ifndef BASE_NUMBERS_H
#define BASE_NUMBERS_H

#include <stdint.h>

#include "base/decimal.h"

struct ctx;

/* "-1,234,567.50": thousands apart by the locale's sign. Arena text. */
const char *decimal_human(const struct ctx *ctx, struct decimal value);
/* "¥1,200.50", "-NT$5": currency is a code of ISO 4217; NULL: none. */
const char *money_human(const struct ctx *ctx, struct decimal value,
                        const char *currency);
const char *int_human(const struct ctx *ctx, int64_t number);
/* "12.5 MB" by powers of 1,024. Arena text. */
const char *size_human(const struct ctx *ctx, int64_t bytes);

#endif
