/*
 * str.c - string slices, buffers with a maximum, the typed escapes.
 *
 * Compiled for the browser too: nothing here needs more than the C library
 * (secret_equal is in crypto.c).
 */
#include "base/banned.h"

#include "base/str.h"

#include <assert.h>

#include "base/arena.h"
#include "base/ctx.h"

struct str str_of(const char *text)
{
    return (struct str){ text ? text : "", text ? strlen(text) : 0 };
}

bool str_equal(struct str a, struct str b)
{
    return a.length == b.length &&
           (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

bool str_is(struct str a, const char *text)
{
    return str_equal(a, str_of(text));
}

bool text_equal(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    return strcmp(a, b) == 0;
}

bool text_starts(const char *text, const char *prefix)
{
    return text && strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
    size_t length, tail = strlen(suffix);

    if (!text)
        return false;
    length = strlen(text);
    return length >= tail && memcmp(text + length - tail, suffix, tail) == 0;
}

bool text_empty(const char *text)
{
    return !text || !*text;
}

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int int_parse(int64_t *out, const char *text, int64_t min, int64_t max)
{
    bool negative;
    int64_t number = 0;

    if (!text)
        return E_INVALID;
    negative = *text == '-';
    text += negative;
    if (!*text)
        return E_INVALID;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return E_INVALID;
        /* Counted downwards: INT64_MIN has no positive twin. */
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_sub_overflow(number, *text - '0', &number))
            return E_INVALID;
    }
    if (!negative && __builtin_sub_overflow((int64_t)0, number, &number))
        return E_INVALID;
    if (number < min || number > max)
        return E_INVALID;
    *out = number;
    return 0;
}

void buf_init(struct buf *buf, struct arena *arena, size_t max)
{
    assert(max > 0);
    *buf = (struct buf){ .arena = arena, .max = max };
}

void buf_free(struct buf *buf)
{
    if (!buf->arena)
        free(buf->data);
    buf->data = NULL;
    buf->length = buf->capacity = 0;
}

void buf_clear(struct buf *buf)
{
    buf->length = 0;
    buf->failed = false;
    if (buf->data)
        buf->data[0] = '\0';
}

/* Room for `more` bytes and the NUL; false (and failed) where there is
 * none. */
static bool make_room(struct buf *buf, size_t more)
{
    size_t need, capacity;
    char *data;

    if (buf->failed)
        return false;
    if (more > buf->max - buf->length) {
        buf->failed = true;
        return false;
    }
    need = buf->length + more + 1;
    if (need <= buf->capacity)
        return true;
    capacity = buf->capacity ? buf->capacity : 128;
    while (capacity < need)
        capacity += capacity;
    if (capacity > buf->max + 1)
        capacity = buf->max + 1;
    if (buf->arena)
        data = arena_grow(buf->arena, buf->data, buf->capacity, capacity);
    else
        data = realloc(buf->data, capacity);
    if (!data) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

void buf_add(struct buf *buf, const void *data, size_t length)
{
    if (length == 0 || !make_room(buf, length))
        return;
    memcpy(buf->data + buf->length, data, length);
    buf->length += length;
    buf->data[buf->length] = '\0';
}

void buf_add_text(struct buf *buf, const char *text)
{
    if (text)
        buf_add(buf, text, strlen(text));
}

void buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_addf(struct buf *buf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    buf_vaddf(buf, format, args);
    va_end(args);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
void buf_vaddf(struct buf *buf, const char *format, va_list args)
{
    va_list again;
    size_t left;
    int length;

    /* Mostly it fits into what is there: then the text is made once. */
    left = buf->failed ? 0 : buf->capacity - buf->length;
    va_copy(again, args);
    length =
        vsnprintf(left ? buf->data + buf->length : NULL, left, format, again);
    va_end(again);
    if (length >= 0 && (size_t)length < left &&
        (size_t)length <= buf->max - buf->length) {
        buf->length += (size_t)length;
        return;
    }
    if (left)
        buf->data[buf->length] = '\0';
    if (length < 0) {
        buf->failed = true;
        return;
    }
    if (!make_room(buf, (size_t)length))
        return;
    vsnprintf(buf->data + buf->length, (size_t)length + 1, format, args);
    buf->length += (size_t)length;
}
#pragma GCC diagnostic pop

const char *buf_text(const struct buf *buf)
{
    return buf->data ? buf->data : "";
}

/* The escape of a character in HTML; NULL where it may stand as it is. */
static const char *const html_escapes[256] = {
    ['&'] = "&amp;",  ['<'] = "&lt;",   ['>'] = "&gt;",
    ['"'] = "&quot;", ['\''] = "&#39;",
};

void buf_add_html(struct buf *buf, const char *text, size_t length)
{
    size_t i, start = 0;

    for (i = 0; i < length; i++) {
        const char *escape = html_escapes[(unsigned char)text[i]];

        if (!escape)
            continue;
        buf_add(buf, text + start, i - start);
        buf_add_text(buf, escape);
        start = i + 1;
    }
    buf_add(buf, text + start, length - start);
}

void buf_add_url(struct buf *buf, const char *text, size_t length)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t i;

    for (i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];

        /* The unreserved characters of RFC 3986; isalnum knows locales. */
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
            c == '~') {
            buf_add_char(buf, (char)c);
        } else {
            char escape[3] = { '%', hex[c >> 4], hex[c & 15] };

            buf_add(buf, escape, 3);
        }
    }
}
