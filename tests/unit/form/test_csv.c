/*
 * test_csv.c - the CSV reader and writer.
 */
#include "base/banned.h"

#include "form/form_site.h"

#include "form/csv.h"

struct seen {
    struct arena *arena;
    char text[4096];
};

static int take(struct ctx *ctx, const struct csv_row *row, void *payload)
{
    struct seen *seen = payload;
    size_t i, length = strlen(seen->text);

    (void)ctx;
    for (i = 0; i < row->count; i++)
        length +=
            (size_t)snprintf(seen->text + length, sizeof seen->text - length,
                             "[%s]", row->cells[i]);
    snprintf(seen->text + length, sizeof seen->text - length, "@%d ",
             (int)row->line);
    return 0;
}

/* Whatever the pieces are, the rows are the same. */
static void reads(struct fixture *f, const char *text, const char *expected)
{
    size_t step, at, length = strlen(text);

    for (step = 1; step <= length; step++) {
        struct seen seen = { 0 };
        struct csv *csv = csv_open(&f->ctx, ',', take, &seen);

        for (at = 0; at < length; at += step)
            ok(f, csv_feed(csv, text + at,
                           at + step > length ? length - at : step));
        ok(f, csv_end(csv));
        assert_string_equal(seen.text, expected);
    }
}

static void cells_may_hold_quotes_separators_and_lines(void **state)
{
    struct fixture *f = *state;

    reads(f, "a,b\n1,2\n", "[a][b]@1 [1][2]@2 ");
    reads(f, "a,\"b,c\"\r\n\"x\"\"y\",\"1\n2\"\r\nz",
          "[a][b,c]@1 "
          "[x\"y][1\n2]@2 [z]@4 ");
    reads(f, "\"\",\n\n\n,x", "[][]@1 [][x]@4 ");
    reads(f, "a\rb\rc", "[a]@1 [b]@2 [c]@3 ");
    reads(f, "a\"b,c", "[a\"b][c]@1 ");
}

static void refused(struct fixture *f, const char *text, const char *key)
{
    struct seen seen = { 0 };

    ctx_clear(&f->ctx);
    assert_int_equal(csv_read(&f->ctx, text, strlen(text), take, &seen),
                     E_INVALID);
    assert_true(has_problem(f, NULL, key));
}

static void errors_name_line_and_column(void **state)
{
    struct fixture *f = *state;

    refused(f, "a,b\n1,\"x", "import.open_quote");
    assert_string_equal(f->ctx.problems->args[0], "2");
    assert_string_equal(f->ctx.problems->args[1], "2");
    refused(f, "a,b\n\"1\"x,2", "import.after_quote");
}

static void the_separator_is_found(void **state)
{
    struct fixture *f = *state;
    struct seen seen = { 0 };

    ok(f, csv_read(&f->ctx, "a;b,c;d\n1;2;3", 13, take, &seen));
    assert_string_equal(seen.text, "[a][b,c][d]@1 [1][2][3]@2 ");
}

static void S27_formulas_are_neutralised(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "=1+1", "\"'=1+1\"" },
        { "@SUM(A1)", "\"'@SUM(A1)\"" },
        { "+cmd|' /C calc'!A0", "\"'+cmd|' /C calc'!A0\"" },
        { "-2+3", "\"'-2+3\"" },
        { "-12.50", "-12.50" },
        { "+4", "+4" },
        { "plain", "plain" },
        { "a,b", "\"a,b\"" },
        { "a\"b", "\"a\"\"b\"" },
        { "\t=1", "\"'\t=1\"" },
    };
    struct fixture *f = *state;
    size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf buf;

        buf_init(&buf, f->arena, 1000);
        csv_write_cell(&buf, cases[i].in, '\0');
        assert_string_equal(buf_text(&buf), cases[i].out);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, site_up, site_down)
    const struct CMUnitTest tests[] = {
        CASE(cells_may_hold_quotes_separators_and_lines),
        CASE(errors_name_line_and_column),
        CASE(the_separator_is_found),
        CASE(S27_formulas_are_neutralised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
