/*
 * zone.h - the rules of time zones, between zone.c and zone_read.c only;
 * everybody else takes clock.h.
 */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* When a year's change happens, of a POSIX TZ string. */
struct zone_rule {
    enum { RULE_JULIAN, RULE_DAY, RULE_WEEK } kind;
    int month, week, day; /* day: of the week (0 Sunday), or of the year */
    int seconds;          /* after local midnight; may be negative */
};

struct zone {
    char name[64];
    struct zone *next;
    size_t count;         /* of transitions */
    int64_t *instants;    /* seconds UTC, rising */
    int32_t *offsets;     /* valid from the instant on, seconds east */
    int32_t first_offset; /* before the first transition */
    /* After the last transition (the file's footer). */
    int32_t standard, summer;
    bool has_summer;
    struct zone_rule begin, end; /* of summer time */
};

/* Reads the bytes of a TZif file (RFC 8536); false where they are none. The
 * arrays are malloc'd and stay for ever. */
bool zone_read(struct zone *zone, const unsigned char *data, size_t size);

#endif
