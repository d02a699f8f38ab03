/*
 * zone.c - time zones by name, and what they say at an instant.
 *
 * Zones are read once and kept for ever. Processes are single-threaded where
 * they ask for zones.
 */
#include "base/banned.h"

#include "base/zone.h"

#include <errno.h>
#include <fcntl.h>

#include "base/clock.h"
#include "base/str.h"

#define ZONE_FOLDER "/usr/share/zoneinfo/"

enum { FILE_MAX = 64 * 1024 };

static struct zone utc = { .name = "UTC" };
static struct zone *zones;

const struct zone *zone_utc(void)
{
    return &utc;
}

const char *zone_name(const struct zone *zone)
{
    return zone ? zone->name : utc.name;
}

/* IANA names only: letters, digits, and no way out of the folder. */
static bool name_valid(const char *name)
{
    size_t length = strlen(name);

    if (length == 0 || length >= sizeof utc.name)
        return false;
    if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                     "0123456789_+-/") != length)
        return false;
    return name[0] != '/' && name[length - 1] != '/';
}

/* Reads the zone's file into `data`; its size, or 0. */
static size_t read_zone_file(unsigned char *data, const char *name)
{
    char path[sizeof ZONE_FOLDER + sizeof utc.name];
    size_t size = 0;
    ssize_t got;
    int file;

    snprintf(path, sizeof path, ZONE_FOLDER "%s", name);
    file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (file < 0)
        return 0;
    while (size < FILE_MAX) {
        got = read(file, data + size, FILE_MAX - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    close(file);
    return size;
}

static struct zone *load(const char *name)
{
    unsigned char *data = malloc(FILE_MAX);
    struct zone *zone = calloc(1, sizeof *zone);
    size_t size = data ? read_zone_file(data, name) : 0;

    if (!zone || !size || !zone_read(zone, data, size)) {
        if (zone) {
            free(zone->instants);
            free(zone->offsets);
        }
        free(zone);
        zone = NULL;
    }
    free(data);
    if (zone)
        snprintf(zone->name, sizeof zone->name, "%s", name);
    return zone;
}

const struct zone *zone_find(const char *name)
{
    struct zone *zone;

    if (!name || !name_valid(name))
        return NULL;
    if (text_equal(name, utc.name))
        return &utc;
    for (zone = zones; zone; zone = zone->next)
        if (strcmp(zone->name, name) == 0)
            return zone;
    zone = load(name);
    if (zone) {
        zone->next = zones;
        zones = zone;
    }
    return zone;
}

static bool leap_year(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* The instant of a rule in a year, as if local time were UTC. */
static int64_t rule_instant(const struct zone_rule *rule, int year)
{
    int64_t day, first;
    int weekday, last;

    switch (rule->kind) {
    case RULE_JULIAN: /* 1 to 365, 29 February is never counted */
        day = days_of(year, 1, 1) + rule->day - 1 +
              (leap_year(year) && rule->day >= 60);
        break;
    case RULE_DAY:
        day = days_of(year, 1, 1) + rule->day;
        break;
    default:
        first = days_of(year, rule->month, 1);
        last = rule->month == 12
                   ? 31
                   : (int)(days_of(year, rule->month + 1, 1) - first);
        weekday = (int)(((first + 4) % 7 + 7) % 7); /* 1970-01-01: Thursday */
        day = 1 + (rule->day - weekday + 7) % 7 + (rule->week - 1) * 7;
        if (day > last)
            day -= 7;
        day += first - 1;
        break;
    }
    return day * 86400 + rule->seconds;
}

static int footer_offset(const struct zone *zone, int64_t seconds)
{
    struct civil local;
    int64_t begin, end;
    bool summer;

    if (!zone->has_summer)
        return zone->standard;
    civil_of(&local, (seconds + zone->standard) * 1000, &utc);
    begin = rule_instant(&zone->begin, local.year) - zone->standard;
    end = rule_instant(&zone->end, local.year) - zone->summer;
    if (begin < end)
        summer = seconds >= begin && seconds < end;
    else /* the southern half: summer spans the new year */
        summer = seconds >= begin || seconds < end;
    return summer ? zone->summer : zone->standard;
}

int zone_offset(const struct zone *zone, int64_t instant)
{
    int64_t seconds = instant / 1000 - (instant % 1000 < 0);
    size_t low = 0, high;

    if (!zone || zone == &utc)
        return 0;
    high = zone->count;
    while (low < high) { /* the number of transitions at or before */
        size_t middle = low + (high - low) / 2;

        if (zone->instants[middle] <= seconds)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->count)
        return zone->count || zone->has_summer || zone->standard
                   ? footer_offset(zone, seconds)
                   : zone->first_offset;
    return low ? zone->offsets[low - 1] : zone->first_offset;
}
