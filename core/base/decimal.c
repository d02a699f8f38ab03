/*
 * decimal.c - money and quantities: a scaled 64-bit integer.
 *
 * The same source runs on the server and, as WebAssembly, in the browser; it
 * needs the C library only and never allocates.
 */
#include "base/banned.h"

#include "base/decimal.h"

typedef __int128 wide;

/* One more than the largest units: 10^18. */
static const int64_t units_end = 1000000000000000000;

static wide power_of_ten(int exponent)
{
    wide power = 1;

    while (exponent-- > 0)
        power *= 10;
    return power;
}

static int fit(struct decimal *out, wide units, int scale)
{
    if (units >= units_end || units <= -units_end)
        return DECIMAL_OVERFLOW;
    out->units = (int64_t)units;
    out->scale = scale;
    return 0;
}

/* Half away from zero (四捨五入); `divisor` may be negative. */
static wide divide_rounded(wide number, wide divisor)
{
    wide quotient, rest;

    if (divisor < 0) {
        number = -number;
        divisor = -divisor;
    }
    quotient = number / divisor;
    rest = number % divisor;
    if (rest < 0)
        rest = -rest;
    if (rest >= divisor - rest)
        quotient += number < 0 ? -1 : 1;
    return quotient;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int decimal_parse(struct decimal *out, const char *text, size_t length,
                  int scale)
{
    wide units = 0;
    bool negative = false;
    size_t i = 0, digits = 0, fraction = 0;
    int kept = 0, limit = scale < 0 ? DECIMAL_SCALE_MAX : scale;

    if (limit > DECIMAL_SCALE_MAX)
        return DECIMAL_BAD;
    if (i < length && (text[i] == '-' || text[i] == '+'))
        negative = text[i++] == '-';
    for (; i < length && is_digit(text[i]); i++, digits++) {
        units = units * 10 + (text[i] - '0');
        if (units >= units_end)
            return DECIMAL_OVERFLOW;
    }
    if (digits == 0)
        return DECIMAL_BAD;
    if (i < length && text[i] == '.') {
        for (i++; i < length && is_digit(text[i]); i++, fraction++) {
            if (kept == limit) {
                if (text[i] != '0')
                    return DECIMAL_BAD;
                continue;
            }
            units = units * 10 + (text[i] - '0');
            kept++;
            if (units >= units_end)
                return DECIMAL_OVERFLOW;
        }
        if (fraction == 0)
            return DECIMAL_BAD;
    }
    if (i != length)
        return DECIMAL_BAD;
    if (scale > kept) {
        units *= power_of_ten(scale - kept);
        kept = scale;
    }
    return fit(out, negative ? -units : units, kept);
}

size_t decimal_format(char out[DECIMAL_TEXT_MAX], struct decimal value)
{
    char digits[DECIMAL_TEXT_MAX];
    uint64_t units;
    size_t count = 0, length = 0;

    units = value.units < 0 ? -(uint64_t)value.units : (uint64_t)value.units;
    do {
        digits[count++] = (char)('0' + units % 10);
        units /= 10;
        if ((int)count == value.scale)
            digits[count++] = '.';
    } while (units || (int)count <= value.scale + (value.scale > 0));
    if (value.units < 0)
        out[length++] = '-';
    while (count > 0)
        out[length++] = digits[--count];
    out[length] = '\0';
    return length;
}

int decimal_rescale(struct decimal *out, struct decimal value, int scale)
{
    if (scale < 0 || scale > DECIMAL_SCALE_MAX)
        return DECIMAL_BAD;
    if (scale >= value.scale)
        return fit(out, value.units * power_of_ten(scale - value.scale), scale);
    return fit(out,
               divide_rounded(value.units, power_of_ten(value.scale - scale)),
               scale);
}

/* The units of both at the larger scale, which is returned. */
static int align_scales(wide *first, wide *second, struct decimal a,
                        struct decimal b)
{
    int scale = a.scale > b.scale ? a.scale : b.scale;

    *first = a.units * power_of_ten(scale - a.scale);
    *second = b.units * power_of_ten(scale - b.scale);
    return scale;
}

int decimal_add(struct decimal *out, struct decimal a, struct decimal b)
{
    wide first, second;
    int scale = align_scales(&first, &second, a, b);

    return fit(out, first + second, scale);
}

int decimal_sub(struct decimal *out, struct decimal a, struct decimal b)
{
    wide first, second;
    int scale = align_scales(&first, &second, a, b);

    return fit(out, first - second, scale);
}

int decimal_mul(struct decimal *out, struct decimal a, struct decimal b)
{
    wide product = (wide)a.units * b.units;
    int scale = a.scale + b.scale;

    if (scale > DECIMAL_SCALE_MAX) {
        product =
            divide_rounded(product, power_of_ten(scale - DECIMAL_SCALE_MAX));
        scale = DECIMAL_SCALE_MAX;
    }
    return fit(out, product, scale);
}

int decimal_div(struct decimal *out, struct decimal a, struct decimal b,
                int scale)
{
    if (b.units == 0)
        return DECIMAL_ZERO;
    if (scale < 0 || scale > DECIMAL_SCALE_MAX)
        return DECIMAL_BAD;
    /* a/b at `scale` = a.units × 10^(scale + b.scale − a.scale) / b.units;
     * the exponent lies between −9 and 18: 10^36 fits 127 bits. */
    if (scale + b.scale >= a.scale)
        return fit(
            out,
            divide_rounded(a.units * power_of_ten(scale + b.scale - a.scale),
                           b.units),
            scale);
    return fit(out,
               divide_rounded(
                   a.units, b.units * power_of_ten(a.scale - scale - b.scale)),
               scale);
}

int decimal_compare(struct decimal a, struct decimal b)
{
    wide first, second;

    align_scales(&first, &second, a, b);
    return first < second ? -1 : first > second;
}

struct decimal decimal_of(int64_t number)
{
    return (struct decimal){ number, 0 };
}

bool decimal_is_zero(struct decimal value)
{
    return value.units == 0;
}
