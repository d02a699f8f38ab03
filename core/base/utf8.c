/*
 * utf8.c - strict UTF-8 (RFC 3629), without ICU.
 */
#include "base/banned.h"

#include "base/unicode.h"

int32_t utf8_next(const char *text, size_t length, size_t *size)
{
    const unsigned char *p = (const unsigned char *)text;
    int32_t point;
    size_t need, i;

    *size = 1;
    if (length == 0)
        return -1;
    if (p[0] < 0x80)
        return p[0];
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return -1;
    need = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (length < need)
        return -1;
    point = p[0] & (0xff >> (need + 1));
    for (i = 1; i < need; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return -1;
        point = point << 6 | (p[i] & 0x3f);
    }
    if ((need == 3 && point < 0x800) || (need == 4 && point < 0x10000) ||
        point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return -1;
    *size = need;
    return point;
}

bool utf8_valid(const char *text, size_t length)
{
    size_t i = 0, size;

    while (i < length) {
        if ((unsigned char)text[i] < 0x80) {
            i++;
            continue;
        }
        if (utf8_next(text + i, length - i, &size) < 0)
            return false;
        i += size;
    }
    return true;
}

size_t utf8_length(const char *text, size_t length)
{
    size_t i, count = 0;

    for (i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

size_t utf8_write(char out[4], int32_t code_point)
{
    uint32_t c = (uint32_t)code_point;

    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

size_t utf8_prefix(const char *text, size_t length, size_t characters)
{
    size_t i = 0, size;

    while (i < length && characters-- > 0) {
        utf8_next(text + i, length - i, &size);
        i += size;
    }
    return i;
}
