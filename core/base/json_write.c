/*
 * json_write.c - the value tree as JSON text.
 */
#include "base/banned.h"

#include "base/json.h"

#include <math.h>

#include "base/arena.h"

enum { TEXT_MAX = 64 * 1024 * 1024, WRITE_DEPTH_MAX = 200 };

static const int64_t exact_max = (int64_t)1 << 53;

static void write_double(struct buf *buf, double number)
{
    char digits[32];
    int precision;

    if (!isfinite(number)) { /* JSON has no such numbers */
        buf_add_text(buf, "null");
        return;
    }
    /* The shortest text that reads back as the same number. */
    for (precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, number);
        if (strtod(digits, NULL) == number)
            break;
    }
    buf_add_text(buf, digits);
    /* Digits alone would read as an integer, too large to be exact. */
    if (fabs(number) > (double)exact_max && !strpbrk(digits, ".e"))
        buf_add_text(buf, ".0");
}

static void new_line(struct buf *buf, int indent)
{
    if (indent < 0)
        return;
    buf_addf(buf, "\n%*s", indent * 2, "");
}

static void write_value(struct buf *buf, const struct value *value, int indent,
                        int depth);

/* `indent` is that of the container, or -1 for compact text. */
static void write_container(struct buf *buf, const struct value *value,
                            int indent, int depth)
{
    bool map = value_kind(value) == VALUE_MAP;
    int inner = indent < 0 ? -1 : indent + 1;
    size_t i, count = value_count(value);

    if (depth >= WRITE_DEPTH_MAX) {
        buf->failed = true;
        return;
    }
    buf_add_char(buf, map ? '{' : '[');
    for (i = 0; i < count && !buf->failed; i++) {
        if (i)
            buf_add_char(buf, ',');
        new_line(buf, inner);
        if (map) {
            const char *key = value_key_at(value, i);

            buf_add_json(buf, key, strlen(key));
            buf_add_text(buf, indent < 0 ? ":" : ": ");
        }
        write_value(buf, map ? value_item_at(value, i) : value_at(value, i),
                    inner, depth + 1);
    }
    if (count)
        new_line(buf, indent);
    buf_add_char(buf, map ? '}' : ']');
}

static void write_value(struct buf *buf, const struct value *value, int indent,
                        int depth)
{
    char digits[DECIMAL_TEXT_MAX];
    struct decimal decimal;
    struct str text;
    int64_t number;

    switch (value_kind(value)) {
    case VALUE_NULL:
        buf_add_text(buf, "null");
        break;
    case VALUE_BOOL:
        buf_add_text(buf, value_as_bool(value) ? "true" : "false");
        break;
    case VALUE_INT:
        number = value_as_int(value, 0);
        /* Beyond 2^53 readers would round it: a text, as ids are. */
        if (number > exact_max || number < -exact_max)
            buf_addf(buf, "\"%lld\"", (long long)number);
        else
            buf_addf(buf, "%lld", (long long)number);
        break;
    case VALUE_DOUBLE:
        write_double(buf, value_as_double(value, 0));
        break;
    case VALUE_DECIMAL:
        value_as_decimal(&decimal, value);
        decimal_format(digits, decimal);
        buf_addf(buf, "\"%s\"", digits);
        break;
    case VALUE_STRING:
    case VALUE_HTML:
    case VALUE_URL:
        text = value_as_str(value);
        buf_add_json(buf, text.data, text.length);
        break;
    case VALUE_LIST:
    case VALUE_MAP:
        write_container(buf, value, indent, depth);
        break;
    }
}

void json_write(struct buf *buf, const struct value *value)
{
    write_value(buf, value, -1, 0);
}

const char *json_text(struct arena *arena, const struct value *value)
{
    struct buf buf;

    buf_init(&buf, arena, TEXT_MAX);
    json_write(&buf, value);
    return buf_text(&buf);
}

void json_write_pretty(struct buf *buf, const struct value *value)
{
    write_value(buf, value, 0, 0);
    buf_add_char(buf, '\n');
}
