/*
 * auto_number.h - numbers without gaps, counted per form, field and period.
 *
 * A pattern is text with {year}, {month}, {day} and one run of zeros in
 * braces: "B-{year}-{0000}" gives B-2026-0001. The counter starts anew with
 * each period that the pattern names.
 */
#ifndef FORM_AUTO_NUMBER_H
#define FORM_AUTO_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

struct ctx;
struct field;
struct form;

/* NULL where the pattern is right, else what was expected. */
const char *auto_number_check(const char *pattern);

/* The next number, in the current write transaction: rolled back with it,
 * so that none is lost. Arena text. */
int auto_number_next(const char **out, struct ctx *ctx, const struct form *form,
                     const struct field *field);

/*
 * Reads a number that the pattern has made: the period that it was counted in
 * (arena text, "" where the pattern has none) and the count. False where the
 * pattern does not make such a text.
 */
bool auto_number_read(const char **period, int64_t *number, struct ctx *ctx,
                      const char *pattern, const char *text);

#endif
