/*
 * escape.c - JSON strings and CSV cells: the escapes that look at whole
 * characters or whole texts. HTML and addresses are in str.c.
 */
#include "base/banned.h"

#include "base/str.h"

#include "base/decimal.h"
#include "base/unicode.h"

/* The short escape of a character in JSON, 0 where it has none. */
static char json_short(unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        return (char)c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

/* What may stand in a JSON string as it is, within a page's script too. */
static bool json_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' &&
           c != '>' && c != '&' && c != 0x7f;
}

void buf_add_json(struct buf *buf, const char *text, size_t length)
{
    size_t i = 0;

    buf_add_char(buf, '"');
    while (i < length) {
        unsigned char c = (unsigned char)text[i];
        size_t start = i, size = 1;
        int32_t point;
        char letter;

        while (i < length && json_plain((unsigned char)text[i]))
            i++;
        if (i > start) {
            buf_add(buf, text + start, i - start);
            continue;
        }
        point = utf8_next(text + i, length - i, &size);
        letter = json_short(c);
        if (letter) {
            char escape[2] = { '\\', letter };

            buf_add(buf, escape, 2);
        } else if (point < 0) {
            buf_add_text(buf, "\xef\xbf\xbd"); /* U+FFFD */
        } else if (point < 0x80 || point == 0x2028 || point == 0x2029) {
            buf_addf(buf, "\\u%04x", (unsigned)point);
        } else {
            buf_add(buf, text + i, size);
        }
        i += size;
    }
    buf_add_char(buf, '"');
}

/* Whether a spreadsheet would take the cell for a formula (S27). A plain
 * number may begin with its sign. */
static bool is_formula(const char *text, size_t length)
{
    static const char *const starts[] = { "=",  "+",  "-",  "@",  "\t",
                                          "\r", "＝", "＋", "－", "＠" };
    struct decimal number;
    size_t i;

    for (i = 0; i < sizeof starts / sizeof *starts; i++) {
        size_t size = strlen(starts[i]);

        if (length >= size && memcmp(text, starts[i], size) == 0)
            return decimal_parse(&number, text, length, -1) != 0;
    }
    return false;
}

void buf_add_csv(struct buf *buf, const char *text, size_t length)
{
    bool formula = is_formula(text, length);
    bool quote = formula;
    size_t i;

    for (i = 0; i < length && !quote; i++)
        quote = text[i] == ',' || text[i] == '"' || text[i] == '\n' ||
                text[i] == '\r' || text[i] == ';' || text[i] == '\t';
    if (length > 0 && (text[0] == ' ' || text[length - 1] == ' '))
        quote = true;
    if (!quote) {
        buf_add(buf, text, length);
        return;
    }
    buf_add_char(buf, '"');
    if (formula)
        buf_add_char(buf, '\'');
    for (i = 0; i < length; i++) {
        if (text[i] == '"')
            buf_add_char(buf, '"');
        buf_add_char(buf, text[i]);
    }
    buf_add_char(buf, '"');
}
