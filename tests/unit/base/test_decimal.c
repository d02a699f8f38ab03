/*
 * test_decimal.c - money: reading, writing, arithmetic, rounding.
 */
#include "base/banned.h"

#include "base/base_test.h"

#include "base/decimal.h"
#include "base/numbers.h"

static struct decimal number_of(const char *text)
{
    struct decimal number;

    assert_int_equal(decimal_parse(&number, text, strlen(text), -1), 0);
    return number;
}

static void assert_text(struct decimal number, const char *expected)
{
    char text[DECIMAL_TEXT_MAX];

    assert_int_equal(decimal_format(text, number), strlen(expected));
    assert_string_equal(text, expected);
}

static void texts_come_back(void **state)
{
    static const char *const texts[] = {
        "0",
        "-1",
        "1.50",
        "0.000000001",
        "-0.05",
        "999999999999999999",
        "-999999999999999999",
        "999999999.999999999",
        "10",
        "0.10",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_text(number_of(texts[i]), texts[i]);
    assert_text(number_of("-0"), "0");
    assert_text(number_of("+007.5"), "7.5");
    assert_text(decimal_of(INT64_MIN), "-9223372036854775808");
    assert_text((struct decimal){ INT64_MIN, 9 }, "-9223372036.854775808");
}

static void what_is_no_decimal_is_refused(void **state)
{
    static const char *const bad[] = {
        "",      "-",   ".",   ".5",  "1.",    "1e3", " 1",   "1 ",
        "1,000", "--1", "+-1", "0x1", "1.2.3", "NaN", "１２", "1.0000000001",
    };
    struct decimal number = { 42, 1 };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(decimal_parse(&number, bad[i], strlen(bad[i]), -1),
                         DECIMAL_BAD);
    assert_int_equal(decimal_parse(&number, "1000000000000000000", 19, -1),
                     DECIMAL_OVERFLOW);
    assert_int_equal(decimal_parse(&number, "10000000000000000", 17, 2),
                     DECIMAL_OVERFLOW);
    assert_int_equal(number.units, 42);
}

static void a_scale_takes_no_digits_behind_it_but_zeros(void **state)
{
    struct decimal number;

    (void)state;
    assert_int_equal(decimal_parse(&number, "1.5", 3, 2), 0);
    assert_text(number, "1.50");
    assert_int_equal(decimal_parse(&number, "1.5000", 6, 2), 0);
    assert_text(number, "1.50");
    assert_int_equal(decimal_parse(&number, "1.505", 5, 2), DECIMAL_BAD);
    assert_int_equal(decimal_parse(&number, "1.00000000000000000000", 22, -1),
                     0);
    assert_text(number, "1.000000000");
    assert_int_equal(decimal_parse(&number, "1", 1, 10), DECIMAL_BAD);
}

static void rounding_is_half_away_from_zero(void **state)
{
    static const struct {
        const char *from;
        int scale;
        const char *to;
    } cases[] = {
        { "1.005", 2, "1.01" },  { "-1.005", 2, "-1.01" },
        { "1.0049", 2, "1.00" }, { "0.5", 0, "1" },
        { "-0.5", 0, "-1" },     { "-0.49", 0, "0" },
        { "2.5", 0, "3" },       { "1.5", 3, "1.500" },
        { "99.95", 1, "100.0" },
    };
    struct decimal out;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(
            decimal_rescale(&out, number_of(cases[i].from), cases[i].scale), 0);
        assert_text(out, cases[i].to);
    }
    assert_int_equal(decimal_rescale(&out, number_of("999999999999999999"), 1),
                     DECIMAL_OVERFLOW);
    assert_int_equal(decimal_rescale(&out, number_of("1"), -1), DECIMAL_BAD);
}

static void arithmetic_is_exact_or_refused(void **state)
{
    struct decimal out, big = number_of("999999999999999999");
    struct decimal tiny = number_of("0.000000001");

    (void)state;
    assert_int_equal(decimal_add(&out, number_of("0.1"), number_of("0.20")), 0);
    assert_text(out, "0.30");
    assert_int_equal(decimal_sub(&out, number_of("1"), number_of("0.999")), 0);
    assert_text(out, "0.001");
    assert_int_equal(decimal_add(&out, big, number_of("1")), DECIMAL_OVERFLOW);
    assert_int_equal(decimal_add(&out, big, tiny), DECIMAL_OVERFLOW);
    assert_int_equal(decimal_mul(&out, number_of("19.99"), number_of("3")), 0);
    assert_text(out, "59.97");
    assert_int_equal(
        decimal_mul(&out, number_of("0.123456789"), number_of("0.1")), 0);
    assert_text(out, "0.012345679");
    assert_int_equal(decimal_mul(&out, big, big), DECIMAL_OVERFLOW);
    assert_int_equal(decimal_mul(&out, big, tiny), 0);
    assert_text(out, "999999999.999999999");
    assert_int_equal(decimal_div(&out, number_of("2"), number_of("3"), 2), 0);
    assert_text(out, "0.67");
    assert_int_equal(decimal_div(&out, number_of("-2"), number_of("3"), 9), 0);
    assert_text(out, "-0.666666667");
    assert_int_equal(decimal_div(&out, number_of("2"), number_of("-3"), 0), 0);
    assert_text(out, "-1");
    assert_int_equal(decimal_div(&out, number_of("1"), number_of("0.00"), 2),
                     DECIMAL_ZERO);
    assert_int_equal(decimal_div(&out, big, tiny, 9), DECIMAL_OVERFLOW);
    assert_int_equal(decimal_div(&out, tiny, big, 0), 0);
    assert_text(out, "0");
}

static void comparing_ignores_the_scale(void **state)
{
    (void)state;
    assert_int_equal(decimal_compare(number_of("1.50"), number_of("1.5")), 0);
    assert_int_equal(decimal_compare(number_of("-1"), number_of("0.000000001")),
                     -1);
    assert_int_equal(decimal_compare(number_of("999999999999999999"),
                                     number_of("0.000000001")),
                     1);
    assert_true(decimal_is_zero(number_of("0.00")));
}

/* A third way to the same result: long double has 64 bits of mantissa,
 * enough for 9-digit factors. */
static void products_and_quotients_agree_with_plain_arithmetic(void **state)
{
    uint64_t seed = 1;
    int i;

    (void)state;
    for (i = 0; i < 100000; i++) {
        int64_t a, b, expected;
        struct decimal out;

        seed = seed * 6364136223846793005u + 1442695040888963407u;
        a = (int64_t)(seed >> 34) - 500000000;
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        b = (int64_t)(seed >> 40) - 8000000;
        assert_int_equal(decimal_mul(&out, (struct decimal){ a, 2 },
                                     (struct decimal){ b, 3 }),
                         0);
        assert_true(out.units == a * b && out.scale == 5);
        if (b == 0)
            continue;
        assert_int_equal(decimal_div(&out, decimal_of(a), decimal_of(b), 0), 0);
        expected =
            (2 * (a < 0 ? -a : a) + (b < 0 ? -b : b)) / (2 * (b < 0 ? -b : b));
        assert_true(out.units == ((a < 0) == (b < 0) ? expected : -expected));
    }
}

static void people_read_thousands(void **state)
{
    struct ctx *ctx = *state;

    assert_string_equal(decimal_human(ctx, number_of("1234567.50")),
                        "1,234,567.50");
    assert_string_equal(decimal_human(ctx, number_of("-123456")), "-123,456");
    assert_string_equal(decimal_human(ctx, number_of("-0.5")), "-0.5");
    assert_string_equal(decimal_human(ctx, number_of("999")), "999");
    assert_string_equal(int_human(ctx, INT64_MIN),
                        "-9,223,372,036,854,775,808");
    assert_string_equal(size_human(ctx, 1023), "1023 B");
    assert_string_equal(size_human(ctx, 1536), "1.5 KB");
    assert_string_equal(size_human(ctx, 32 << 20), "32 MB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_come_back),
        cmocka_unit_test(what_is_no_decimal_is_refused),
        cmocka_unit_test(a_scale_takes_no_digits_behind_it_but_zeros),
        cmocka_unit_test(rounding_is_half_away_from_zero),
        cmocka_unit_test(arithmetic_is_exact_or_refused),
        cmocka_unit_test(comparing_ignores_the_scale),
        cmocka_unit_test(products_and_quotients_agree_with_plain_arithmetic),
        CTX_TEST(people_read_thousands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
