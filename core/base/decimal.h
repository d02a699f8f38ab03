/*
 * decimal.h - money and quantities: a scaled 64-bit integer.
 *
 * decimal(18, s): at most 18 digits, scale 0 to 9. Products and quotients go
 * through 128 bits; rounding is half away from zero (四捨五入). The same source
 * is compiled for the server and for the browser (WebAssembly): it includes
 * nothing but the C library and never allocates.
 */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DECIMAL_SCALE_MAX = 9, DECIMAL_TEXT_MAX = 24 };

struct decimal {
    int64_t units; /* value × 10^scale; |units| < 10^18 */
    int scale;
};

/* Status of decimal arithmetic; 0 is success. */
enum {
    DECIMAL_BAD = -1,      /* not a decimal number */
    DECIMAL_OVERFLOW = -2, /* more than 18 digits */
    DECIMAL_ZERO = -3,     /* division by zero */
};

/* Strict: optional sign, digits, optional '.' and digits. Digits behind the
 * `scale`-th are an error unless they are zeros. scale < 0: as written. */
int decimal_parse(struct decimal *out, const char *text, size_t length,
                  int scale);
/* Writes the text ("-1.50") and NUL to `out`; returns its length. */
size_t decimal_format(char out[DECIMAL_TEXT_MAX], struct decimal value);
int decimal_rescale(struct decimal *out, struct decimal value, int scale);
/* The result has the larger scale of both. */
int decimal_add(struct decimal *out, struct decimal a, struct decimal b);
int decimal_sub(struct decimal *out, struct decimal a, struct decimal b);
/* The result has the scale min(a.scale + b.scale, 9). */
int decimal_mul(struct decimal *out, struct decimal a, struct decimal b);
/* The result is rounded to `scale`. */
int decimal_div(struct decimal *out, struct decimal a, struct decimal b,
                int scale);
int decimal_compare(struct decimal a, struct decimal b); /* -1, 0, 1 */
struct decimal decimal_of(int64_t number);
bool decimal_is_zero(struct decimal value);

#endif
