/*
 * function.c - functions of ours that statements may call (db.h names them).
 *
 * They depend on their arguments alone, so that SQLite may keep results.
 */
#include "base/banned.h"

#include "store/sqlite.h"

#include "base/clock.h"

/* The zone by name: looked up once a statement. */
static const struct zone *zone_of(sqlite3_context *call, sqlite3_value *name)
{
    const struct zone *zone = sqlite3_get_auxdata(call, 2);

    if (zone)
        return zone;
    zone = zone_find((const char *)sqlite3_value_text(name));
    if (!zone)
        zone = zone_utc();
    sqlite3_set_auxdata(call, 2, (void *)zone, NULL);
    return zone;
}

static void period(sqlite3_context *call, int count, sqlite3_value **values)
{
    int unit = sqlite3_value_int(values[1]);
    struct civil civil = { .year = 1 };
    char text[TIME_TEXT_MAX];

    (void)count;
    switch (sqlite3_value_type(values[0])) {
    case SQLITE_INTEGER:
        civil_of(&civil, sqlite3_value_int64(values[0]),
                 zone_of(call, values[2]));
        break;
    case SQLITE_TEXT:
        if (date_parse(&civil.year, &civil.month, &civil.day,
                       (const char *)sqlite3_value_text(values[0])))
            break;
        /* fall through */
    default:
        sqlite3_result_null(call);
        return;
    }
    civil_floor(&civil, (enum calendar_unit)unit);
    snprintf(text, sizeof text, "%04d-%02d-%02d", civil.year % 10000,
             civil.month, civil.day);
    sqlite3_result_text(call, text, 10, SQLITE_TRANSIENT);
}

int functions_add(sqlite3 *sql)
{
    int rc = tally_add(sql);

    return rc ? rc
              : sqlite3_create_function_v2(sql, "period", 3,
                                           SQLITE_UTF8 | SQLITE_DETERMINISTIC |
                                               SQLITE_INNOCUOUS,
                                           NULL, period, NULL, NULL, NULL);
}
