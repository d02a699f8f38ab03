/*
 * range.c - small grammars of request fields.
 */
#include "base/banned.h"

#include "front/range.h"

#include "front/head.h"

/* "123" at *at; -1 where no digit stands there. */
static int64_t digits(struct str text, size_t *at)
{
    size_t start = *at;

    while (*at < text.length && isdigit((unsigned char)text.data[*at]))
        (*at)++;
    if (*at == start)
        return -1;
    return length_parse((struct str){ text.data + start, *at - start });
}

int range_parse(int64_t *offset, int64_t *length, struct str range,
                struct str if_range, struct str etag, int64_t size)
{
    int64_t first, last;
    size_t at = 6;

    *offset = 0;
    *length = size;
    if (range.length < 8 || strncasecmp(range.data, "bytes=", 6) != 0)
        return 200;
    if (if_range.length && !(etag.length && str_equal(if_range, etag)))
        return 200;
    first = digits(range, &at);
    if (at == range.length || range.data[at] != '-')
        return 200;
    at++;
    last = digits(range, &at);
    if (at != range.length || (first < 0 && last < 0))
        return 200;
    if (first < 0) { /* the last n bytes */
        if (last == 0 || size == 0)
            return 416;
        *length = last < size ? last : size;
        *offset = size - *length;
        return 206;
    }
    if (last >= 0 && last < first)
        return 200;
    if (first >= size)
        return 416;
    if (last < 0 || last >= size)
        last = size - 1;
    *offset = first;
    *length = last - first + 1;
    return 206;
}

static struct str trimmed(const char *from, const char *to)
{
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    return (struct str){ from, (size_t)(to - from) };
}

/* "q=0", "q=0.", "q=0.000" forbid. */
static bool weight_is_zero(struct str parameters)
{
    const char *q = memmem(parameters.data, parameters.length, "q=", 2);
    const char *end = parameters.data + parameters.length;

    if (!q)
        return false;
    for (q += 2; q < end && *q != ';'; q++) {
        if (*q != '0' && *q != '.' && *q != ' ')
            return false;
    }
    return true;
}

bool encoding_accepted(struct str accept, const char *coding)
{
    const char *at = accept.data, *end = accept.data + accept.length;

    while (accept.length && at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma ? comma : end;
        const char *semicolon = memchr(at, ';', (size_t)(stop - at));
        struct str name = trimmed(at, semicolon ? semicolon : stop);

        if (name.length == strlen(coding) &&
            strncasecmp(name.data, coding, name.length) == 0)
            return !semicolon || !weight_is_zero(trimmed(semicolon, stop));
        if (!comma)
            break;
        at = comma + 1;
    }
    return false;
}

bool etag_matches(struct str if_none_match, struct str etag)
{
    const char *at = if_none_match.data;
    const char *end = at + if_none_match.length;

    while (if_none_match.length && at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        struct str one = trimmed(at, comma ? comma : end);

        if (str_is(one, "*"))
            return true;
        if (one.length > 2 && memcmp(one.data, "W/", 2) == 0) {
            one.data += 2;
            one.length -= 2;
        }
        if (etag.length && str_equal(one, etag))
            return true;
        if (!comma)
            break;
        at = comma + 1;
    }
    return false;
}
