/*
 * test_import_number.c - numbers with decimal points and commas, and what a
 * column of them says.
 */
#include "base/banned.h"

#include "form/form_site.h"

#include "form/csv.h"
#include "form/import_number.h"

static void numbers_are_read_with_the_sign_that_is_asked_for(void **state)
{
    /* in, with a point, with a comma; NULL: it is none */
    static const char *const cases[][3] = {
        { "12", "12", "12" },
        { "-7", "-7", "-7" },
        { "12,5", NULL, "12.5" },
        { "12.5", "12.5", NULL },
        { "1.234,56", NULL, "1234.56" },
        { "1,234.56", "1234.56", NULL },
        { "1,234", "1234", "1.234" },
        { "1.234", "1.234", "1234" },
        { "-1.234,5", NULL, "-1234.5" },
        { "+1,5", NULL, "+1.5" },
        { "1.234.567", NULL, "1234567" },
        { "1,234,567", "1234567", NULL },
        { "1234,567", NULL, "1234.567" },
        { "0,123", "0123", "0.123" },
        /* Spaces and apostrophes between thousands, in either. */
        { "1 234,56", NULL, "1234.56" },
        { "1 234.56", "1234.56", NULL },
        { "1\xc2\xa0"
          "234,56",
          NULL, "1234.56" },
        { "1\xe2\x80\xaf"
          "234\xe2\x80\xaf"
          "567",
          "1234567", "1234567" },
        { "1'234.50", "1234.50", NULL },
        /* Groups of other than three, two signs, nothing behind the sign. */
        { "12 34", NULL, NULL },
        { "1 234 56", NULL, NULL },
        { "1.234 567", NULL, NULL },
        { "1234 567", NULL, NULL },
        { "1,23,456", NULL, NULL },
        { "1,2,3", NULL, NULL },
        { "1.2.3", NULL, NULL },
        { "31.12.2026", NULL, NULL },
        { "12,", NULL, NULL },
        { ",5", NULL, NULL },
        { "", NULL, NULL },
        { "-", NULL, NULL },
        { "1e5", NULL, NULL },
        { "a,b", NULL, NULL },
    };
    struct fixture *f = *state;
    size_t i;
    int comma;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (comma = 0; comma < 2; comma++) {
            const char *got = import_number(&f->ctx, cases[i][0], comma);

            if (cases[i][1 + comma])
                assert_non_null(got);
            assert_string_equal(got ? got : "none", cases[i][1 + comma]
                                                        ? cases[i][1 + comma]
                                                        : "none");
        }
}

static void signs_around_a_number_go(void **state)
{
    static const char *const cases[][2] = {
        { "¥1,000.50", "1,000.50" }, { "-NT$5", "-5" },
        { "12,50 €", "12,50" },      { "€ 12,50", "12,50" },
        { "12,50 EUR", "12,50" },    { "CHF 1'000.00", "1'000.00" },
        { "￥12,5", "12,5" },        { "100元", "100" },
        { "-3,5", "-3,5" },          { "１２，５", "12,5" },
    };
    struct fixture *f = *state;
    size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(import_number_bare(&f->ctx, cases[i][0], false),
                            cases[i][1]);
    assert_string_equal(import_number_bare(&f->ctx, "12,5 %", true), "12,5");
    assert_string_equal(import_number_bare(&f->ctx, "5%", false), "5%");
}

/* Two columns of up to three cells; what is settled, as "cp": c a comma. */
static const char *settled(struct fixture *f, const char *const cells[2][3])
{
    const bool numeric[] = { true, true };
    static char out[3];
    struct import_numbers numbers[2];
    bool comma[2];
    size_t i, j;

    import_numbers_begin(numbers, 2);
    for (i = 0; i < 2; i++)
        for (j = 0; j < 3 && cells[i][j]; j++)
            import_numbers_look(&numbers[i], &f->ctx, cells[i][j]);
    import_numbers_settle(comma, numbers, numeric, 2);
    snprintf(out, sizeof out, "%c%c", comma[0] ? 'c' : 'p',
             comma[1] ? 'c' : 'p');
    return out;
}

static void a_column_is_read_as_all_of_it_says(void **state)
{
    static const struct {
        const char *cells[2][3];
        const char *expected;
    } cases[] = {
        { { { "12,5", "1.234" }, { "1" } }, "cp" },
        { { { "1.234,56" }, { "2.5" } }, "cp" },
        { { { "1,234", "2,000" }, { "7" } }, "pp" },
        { { { "1.234", "2.000" }, { "7" } }, "pp" },
        { { { "1,234.50", "7,000" }, { "7" } }, "pp" },
        /* It contradicts itself. */
        { { { "12,5", "12.5" }, { "7" } }, "pp" },
        { { { "n/a", "12,5", "" }, { "no, none" } }, "cp" },
        /* Either way to read it: as the other column has it. */
        { { { "12,5" }, { "1.234" } }, "cc" },
        { { { "12.5" }, { "1,234" } }, "pp" },
        { { { "€ 12,50" }, { "7%", "3,5 %" } }, "cc" },
    };
    struct fixture *f = *state;
    size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(settled(f, cases[i].cells), cases[i].expected);
}

static void columns_of_no_numbers_and_cells_that_are_no_texts_say_nothing(
    void **state)
{
    const bool numeric[] = { true, false }, typed[] = { true, false };
    const char *cells[] = { "12.5", "12,5" };
    const struct csv_row row = { .cells = cells, .count = 2, .numbers = typed };
    struct import_numbers numbers[2];
    struct fixture *f = *state;
    bool comma[2];

    import_numbers_begin(numbers, 2);
    import_numbers_row(numbers, 2, &f->ctx, &row);
    assert_false(numbers[0].seen);
    assert_true(numbers[1].seen);
    import_numbers_look(&numbers[0], &f->ctx, "1.234");
    import_numbers_settle(comma, numbers, numeric, 2);
    assert_false(comma[0]);
    assert_false(comma[1]);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, site_up, site_down)
    const struct CMUnitTest tests[] = {
        CASE(numbers_are_read_with_the_sign_that_is_asked_for),
        CASE(signs_around_a_number_go),
        CASE(a_column_is_read_as_all_of_it_says),
        CASE(columns_of_no_numbers_and_cells_that_are_no_texts_say_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
