/*
 * negotiate.c - which of our languages a browser would like best
 * (Accept-Language, RFC 9110 12.5.4).
 */
#include "base/banned.h"

#include "base/i18n.h"

#include <strings.h>

#include "base/str.h"

enum { RANGES_MAX = 32, RANGE_BYTES = 40 };

/* Whether a tag has `part` among its subtags. */
static bool has_subtag(const char *tag, const char *part)
{
    size_t length = strlen(part);
    const char *p = tag;

    while (p) {
        if (strncasecmp(p, part, length) == 0 &&
            (p[length] == '\0' || p[length] == '-'))
            return true;
        p = strchr(p, '-');
        if (p)
            p++;
    }
    return false;
}

/* Our locale for a language range; NULL where we have none. */
static const char *locale_for(const char *tag)
{
    if (strcasecmp(tag, "en-XA") == 0)
        return locale_known("en-XA");
    if (strncasecmp(tag, "en", 2) == 0 && (tag[2] == '\0' || tag[2] == '-'))
        return "en";
    if (strncasecmp(tag, "zh", 2) != 0 || (tag[2] != '\0' && tag[2] != '-'))
        return NULL;
    if (has_subtag(tag, "Hans"))
        return "zh-CN";
    if (has_subtag(tag, "Hant") || has_subtag(tag, "TW") ||
        has_subtag(tag, "HK") || has_subtag(tag, "MO"))
        return "zh-TW";
    return "zh-CN";
}

/* "q=0.8" in thousandths; 1000 where there is none, 0 where it is odd. */
static int read_quality(const char *p)
{
    int quality, weight = 100;

    while (*p == ' ' || *p == '\t')
        p++;
    if (*p != ';')
        return 1000;
    p++;
    while (*p == ' ' || *p == '\t')
        p++;
    if ((*p != 'q' && *p != 'Q') || p[1] != '=')
        return 0;
    p += 2;
    if (*p != '0' && *p != '1')
        return 0;
    quality = (*p++ - '0') * 1000;
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9'; p++) {
            quality += (*p - '0') * weight;
            weight /= 10;
        }
    return quality > 1000 ? 1000 : quality;
}

const char *locale_negotiate(const char *accept_language, const char *otherwise)
{
    const char *best = NULL, *p = accept_language ? accept_language : "";
    int best_quality = 0, ranges;

    for (ranges = 0; *p && ranges < RANGES_MAX; ranges++) {
        char tag[RANGE_BYTES];
        size_t length;

        p += strspn(p, ", \t");
        length = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                           "abcdefghijklmnopqrstuvwxyz0123456789-*");
        if (length > 0 && length < sizeof tag) {
            const char *locale;
            int quality = read_quality(p + length);

            memcpy(tag, p, length);
            tag[length] = '\0';
            locale = locale_for(tag);
            if (locale && quality > best_quality) {
                best = locale;
                best_quality = quality;
            }
        }
        p += strcspn(p, ",");
    }
    if (!best && otherwise)
        best = locale_known(otherwise);
    return best ? best : "en";
}
