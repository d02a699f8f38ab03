/*
 * zone_read.c - TZif files (RFC 8536), versions 2 and later, and the POSIX
 * TZ string of their footer.
 *
 * Version 1 alone (32 bits, no footer) is refused: nothing has written it
 * since 2005.
 */
#include "base/banned.h"

#include "base/zone.h"

enum { HEADER_SIZE = 44, MAX_TRANSITIONS = 5000 };

struct reader {
    const unsigned char *p, *end;
};

struct counts {
    uint32_t isut, isstd, leap, time, type, chars;
};

static uint32_t read_u32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

static int64_t read_i64(const unsigned char *p)
{
    return (int64_t)((uint64_t)read_u32(p) << 32 | read_u32(p + 4));
}

/* Takes `size` bytes; NULL where they are not there. */
static const unsigned char *take(struct reader *reader, size_t size)
{
    const unsigned char *start = reader->p;

    if (size > (size_t)(reader->end - reader->p))
        return NULL;
    reader->p += size;
    return start;
}

static bool read_header(struct counts *out, char *version,
                        struct reader *reader)
{
    const unsigned char *p = take(reader, HEADER_SIZE);

    if (!p || memcmp(p, "TZif", 4) != 0)
        return false;
    *version = (char)p[4];
    *out = (struct counts){
        .isut = read_u32(p + 20),
        .isstd = read_u32(p + 24),
        .leap = read_u32(p + 28),
        .time = read_u32(p + 32),
        .type = read_u32(p + 36),
        .chars = read_u32(p + 40),
    };
    return out->time <= MAX_TRANSITIONS && out->type >= 1 && out->type <= 256 &&
           out->chars <= 4096 && out->leap <= 4096 && out->isut <= 256 &&
           out->isstd <= 256;
}

/* The size of a data block whose times have `width` bytes. */
static size_t block_size(const struct counts *counts, size_t width)
{
    return counts->time * (width + 1) + counts->type * 6 + counts->chars +
           counts->leap * (width + 4) + counts->isstd + counts->isut;
}

/* --- the POSIX TZ string: "CET-1CEST,M3.5.0,M10.5.0/3" --- */

static bool read_number(const char **p, int *out, int max)
{
    int number = 0;

    if (**p < '0' || **p > '9')
        return false;
    while (**p >= '0' && **p <= '9') {
        number = number * 10 + (*(*p)++ - '0');
        if (number > max)
            return false;
    }
    *out = number;
    return true;
}

/* "CST" or "<+0330>" */
static bool skip_name(const char **p)
{
    const char *start = *p;

    if (**p == '<') {
        while (**p && **p != '>')
            (*p)++;
        return *(*p)++ == '>';
    }
    while ((**p >= 'A' && **p <= 'Z') || (**p >= 'a' && **p <= 'z'))
        (*p)++;
    return *p - start >= 3;
}

/* "[+-]hh[:mm[:ss]]" in seconds. */
static bool read_time(const char **p, int *out)
{
    int sign = 1, hours = 0, minutes = 0, seconds = 0;

    if (**p == '+' || **p == '-')
        sign = *(*p)++ == '-' ? -1 : 1;
    if (!read_number(p, &hours, 167))
        return false;
    if (**p == ':' && (++*p, !read_number(p, &minutes, 59)))
        return false;
    if (**p == ':' && (++*p, !read_number(p, &seconds, 59)))
        return false;
    *out = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
}

static bool read_rule(const char **p, struct zone_rule *rule)
{
    *rule = (struct zone_rule){ .seconds = 2 * 3600 };
    if (*(*p)++ != ',')
        return false;
    if (**p == 'M') {
        ++*p;
        rule->kind = RULE_WEEK;
        if (!read_number(p, &rule->month, 12) || *(*p)++ != '.' ||
            !read_number(p, &rule->week, 5) || *(*p)++ != '.' ||
            !read_number(p, &rule->day, 6) || rule->month < 1 || rule->week < 1)
            return false;
    } else if (**p == 'J') {
        ++*p;
        rule->kind = RULE_JULIAN;
        if (!read_number(p, &rule->day, 365) || rule->day < 1)
            return false;
    } else {
        rule->kind = RULE_DAY;
        if (!read_number(p, &rule->day, 365))
            return false;
    }
    if (**p == '/') {
        ++*p;
        return read_time(p, &rule->seconds);
    }
    return true;
}

static bool read_footer(struct zone *zone, const char *p)
{
    int offset;

    if (!skip_name(&p) || !read_time(&p, &offset))
        return false;
    zone->standard = -offset; /* POSIX counts west of UTC */
    if (!*p)
        return true;
    zone->has_summer = true;
    zone->summer = zone->standard + 3600;
    if (!skip_name(&p))
        return false;
    if (*p != ',') {
        if (!read_time(&p, &offset))
            return false;
        zone->summer = -offset;
    }
    return read_rule(&p, &zone->begin) && read_rule(&p, &zone->end) && !*p;
}

/* The block of 64-bit times. */
static bool read_block(struct zone *zone, struct reader *reader,
                       const struct counts *counts)
{
    const unsigned char *times = take(reader, counts->time * 8ul);
    const unsigned char *indexes = take(reader, counts->time);
    const unsigned char *types = take(reader, counts->type * 6ul);
    size_t i, rest = counts->chars + counts->leap * 12ul + counts->isstd +
                     counts->isut;

    if (!times || !indexes || !types || !take(reader, rest))
        return false;
    zone->count = counts->time;
    zone->instants = calloc(zone->count + 1, sizeof *zone->instants);
    zone->offsets = calloc(zone->count + 1, sizeof *zone->offsets);
    if (!zone->instants || !zone->offsets)
        return false;
    zone->first_offset = (int32_t)read_u32(types);
    for (i = 0; i < zone->count; i++) {
        if (indexes[i] >= counts->type)
            return false;
        zone->instants[i] = read_i64(times + i * 8);
        zone->offsets[i] = (int32_t)read_u32(types + indexes[i] * 6ul);
        if (i && zone->instants[i] <= zone->instants[i - 1])
            return false;
        if (zone->offsets[i] < -26 * 3600 || zone->offsets[i] > 26 * 3600)
            return false;
    }
    return zone->first_offset >= -26 * 3600 && zone->first_offset <= 26 * 3600;
}

bool zone_read(struct zone *zone, const unsigned char *data, size_t size)
{
    struct reader reader = { data, data + size };
    struct counts counts;
    char version, footer[128];
    const unsigned char *end;
    size_t length;

    if (!read_header(&counts, &version, &reader) || version < '2' ||
        !take(&reader, block_size(&counts, 4)) ||
        !read_header(&counts, &version, &reader) ||
        !read_block(zone, &reader, &counts))
        return false;
    if (!take(&reader, 1) || reader.p[-1] != '\n')
        return false;
    end = memchr(reader.p, '\n', (size_t)(reader.end - reader.p));
    length = end ? (size_t)(end - reader.p) : sizeof footer;
    if (length >= sizeof footer)
        return false;
    if (length == 0) { /* no rule: the last offset stays */
        zone->standard =
            zone->count ? zone->offsets[zone->count - 1] : zone->first_offset;
        return true;
    }
    memcpy(footer, reader.p, length);
    footer[length] = '\0';
    return read_footer(zone, footer);
}
