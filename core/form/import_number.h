/*
 * import_number.h - numbers as people's spreadsheets write them: "1,234.56",
 * "1.234,56", "1 234,56", with the sign of a currency around them.
 *
 * Which sign stands before the decimals is one thing for a whole column; the
 * cells often tell it, and where they do not the point is taken.
 */
#ifndef FORM_IMPORT_NUMBER_H
#define FORM_IMPORT_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

struct ctx;
struct csv_row;
struct field;
struct value;

/* What the cells of a column have in common. */
struct import_numbers {
    bool seen;          /* some number has a point or a comma */
    bool point, comma;  /* all such numbers can be read with it */
    const char *sample; /* the first of them, where the reader keeps it */
};

void import_numbers_begin(struct import_numbers *numbers, size_t count);
/* Plain digits, and what is no number, say nothing. */
void import_numbers_look(struct import_numbers *numbers, struct ctx *ctx,
                         const char *text);
/* The cells of a row; numbers of a workbook are no texts and say nothing. */
void import_numbers_row(struct import_numbers *numbers, size_t count,
                        struct ctx *ctx, const struct csv_row *row);

/*
 * Whether each column has decimal commas: where its own numbers say so; where
 * they could be either ("1,234"), as the other columns say, else not. A column
 * that contradicts itself has none. Only `numeric` ones count.
 */
void import_numbers_settle(bool *comma, const struct import_numbers *numbers,
                           const bool *numeric, size_t count);

/* As a plain number with a point: "1234.56", in ctx's arena; NULL where the
 * text is no number with that sign. */
const char *import_number(struct ctx *ctx, const char *text, bool comma);
/*
 * A cell as input of a field of numbers. either: a point will do where there
 * is no comma, as in numbers of a workbook. E_INVALID, told at the field,
 * where it is a number with the other sign only; what is none at all is the
 * field's business.
 */
int import_number_input(struct value **out, struct ctx *ctx,
                        const struct field *field, const char *text, bool comma,
                        bool either);
/* The text without the signs of currencies, "元" and "%" around it. */
const char *import_number_bare(struct ctx *ctx, const char *text, bool percent);

#endif
