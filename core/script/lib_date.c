/*
 * lib_date.c - `date`: days of the calendar in Lua.
 *
 * date "2026-01-31" is a value of its own type, a number of days; instants
 * stay texts (RFC 3339), whose order is the order of time. The proleptic
 * Gregorian calendar, years 1 to 9999. No clock: the host says what today
 * is.
 */
#include "base/banned.h"

#include <lauxlib.h>

#include "script/lib_decimal.h"
#include "script/sandbox.h"

static const char type_name[] = "date";
static const char today_key = 't';

struct day {
    int64_t year;
    int month, day;
};

/* Days since 1970-01-01 of a date whose year may be any and whose month and
 * day are valid. Years count from March, so that the leap day is the last. */
static int64_t days_from(int64_t year, int month, int day)
{
    int64_t era, year_of_era, day_of_year;

    year -= month <= 2;
    era = (year >= 0 ? year : year - 399) / 400;
    year_of_era = year - era * 400;
    day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 -
           year_of_era / 100 + day_of_year - 719468;
}

static struct day day_from(int64_t days)
{
    int64_t era, day_of_era, year_of_era, day_of_year, month;
    struct day out;

    days += 719468;
    era = (days >= 0 ? days : days - 146096) / 146097;
    day_of_era = days - era * 146097;
    year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
                   day_of_era / 146096) /
                  365;
    day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    month = (5 * day_of_year + 2) / 153;
    out.day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    out.month = (int)(month < 10 ? month + 3 : month - 9);
    out.year = year_of_era + era * 400 + (out.month <= 2);
    return out;
}

static int month_length(int64_t year, int month)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30,
                                   31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return lengths[month - 1] + (month == 2 && leap);
}

static bool valid(int64_t year, int64_t month, int64_t day)
{
    return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 &&
           day <= month_length(year, (int)month);
}

/* Reads `count` digits; false where there are none. */
static bool digits(int64_t *out, const char *text, int count)
{
    *out = 0;
    for (; count > 0; count--, text++) {
        if (*text < '0' || *text > '9')
            return false;
        *out = *out * 10 + (*text - '0');
    }
    return true;
}

bool date_read(int64_t *days, const char *text, size_t length)
{
    int64_t year, month, day;

    if (length != 10 || text[4] != '-' || text[7] != '-' ||
        !digits(&year, text, 4) || !digits(&month, text + 5, 2) ||
        !digits(&day, text + 8, 2) || !valid(year, month, day))
        return false;
    *days = days_from(year, (int)month, (int)day);
    return true;
}

void date_write(char out[DATE_TEXT_MAX], int64_t days)
{
    struct day day = day_from(days);

    snprintf(out, DATE_TEXT_MAX, "%04d-%02d-%02d", (int)day.year, day.month,
             day.day);
}

void date_push(lua_State *L, int64_t days)
{
    int64_t *held;

    if (days < days_from(1, 1, 1) || days > days_from(9999, 12, 31))
        luaL_error(L, "a date's year is 1 to 9999");
    held = lua_newuserdatauv(L, sizeof(*held), 0);
    *held = days;
    luaL_setmetatable(L, type_name);
}

bool date_at(int64_t *days, lua_State *L, int index)
{
    const int64_t *held = luaL_testudata(L, index, type_name);

    if (held)
        *days = *held;
    return held != NULL;
}

void date_set_today(lua_State *L, const char *text)
{
    int64_t days;

    if (text && date_read(&days, text, strlen(text)))
        date_push(L, days);
    else
        lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &today_key);
}

/* Whether an operand is empty, in states where that spreads; pushes nil. */
static bool empty(lua_State *L)
{
    if (!sandbox_empty_spreads(L) || !(lua_isnil(L, 1) || lua_isnil(L, 2)))
        return false;
    lua_pushnil(L);
    return true;
}

/* A count of days or months; floats and absurd numbers are errors. */
static int64_t check_count(lua_State *L, int index)
{
    lua_Integer count = luaL_checkinteger(L, index);

    luaL_argcheck(L, count > -10000000 && count < 10000000, index,
                  "out of range");
    return count;
}

static int op_add(lua_State *L)
{
    int64_t days;

    if (empty(L))
        return 1;
    if (date_at(&days, L, 1))
        date_push(L, days + check_count(L, 2));
    else if (date_at(&days, L, 2))
        date_push(L, days + check_count(L, 1));
    return 1;
}

static int op_sub(lua_State *L)
{
    int64_t a, b;

    if (empty(L))
        return 1;
    a = *(int64_t *)luaL_checkudata(L, 1, type_name);
    if (date_at(&b, L, 2))
        lua_pushinteger(L, a - b);
    else
        date_push(L, a - check_count(L, 2));
    return 1;
}

/* Both operands of a comparison; false where one is empty. */
static bool operands(int64_t *a, int64_t *b, lua_State *L)
{
    if (empty(L))
        return false;
    if (!date_at(a, L, 1) || !date_at(b, L, 2))
        luaL_error(L, "attempt to compare a date with a %s value",
                   luaL_typename(L, date_at(a, L, 1) ? 2 : 1));
    return true;
}

static int op_lt(lua_State *L)
{
    int64_t a = 0, b = 0;

    lua_pushboolean(L, operands(&a, &b, L) && a < b);
    return 1;
}

static int op_le(lua_State *L)
{
    int64_t a = 0, b = 0;

    lua_pushboolean(L, operands(&a, &b, L) && a <= b);
    return 1;
}

static int op_eq(lua_State *L)
{
    int64_t a, b;

    lua_pushboolean(L, date_at(&a, L, 1) && date_at(&b, L, 2) && a == b);
    return 1;
}

static int op_tostring(lua_State *L)
{
    char text[DATE_TEXT_MAX];

    date_write(text, *(int64_t *)luaL_checkudata(L, 1, type_name));
    lua_pushstring(L, text);
    return 1;
}

/* Methods. */

static int64_t self(lua_State *L)
{
    return *(int64_t *)luaL_checkudata(L, 1, type_name);
}

/* The same day `months` later; the month's last where it has no such day. */
static int64_t shift_months(int64_t days, int64_t months)
{
    struct day day = day_from(days);
    int64_t month = day.year * 12 + day.month - 1 + months;
    int64_t year = month / 12;
    int last;

    month %= 12;
    if (month < 0) {
        month += 12;
        year--;
    }
    last = month_length(year, (int)month + 1);
    return days_from(year, (int)month + 1, day.day < last ? day.day : last);
}

static int method_add_days(lua_State *L)
{
    date_push(L, self(L) + check_count(L, 2));
    return 1;
}

static int method_add_months(lua_State *L)
{
    date_push(L, shift_months(self(L), check_count(L, 2)));
    return 1;
}

static int method_add_years(lua_State *L)
{
    date_push(L, shift_months(self(L), check_count(L, 2) * 12));
    return 1;
}

static int method_month_start(lua_State *L)
{
    struct day day = day_from(self(L));

    date_push(L, days_from(day.year, day.month, 1));
    return 1;
}

static int method_month_end(lua_State *L)
{
    struct day day = day_from(self(L));

    date_push(
        L, days_from(day.year, day.month, month_length(day.year, day.month)));
    return 1;
}

/* d.year, d.month, d.day, d.weekday (1 Monday to 7 Sunday), or a method. */
static int op_index(lua_State *L)
{
    int64_t days = self(L), weekday;
    struct day day = day_from(days);
    const char *name = luaL_checkstring(L, 2);

    if (strcmp(name, "year") == 0) {
        lua_pushinteger(L, day.year);
    } else if (strcmp(name, "month") == 0) {
        lua_pushinteger(L, day.month);
    } else if (strcmp(name, "day") == 0) {
        lua_pushinteger(L, day.day);
    } else if (strcmp(name, "weekday") == 0) {
        weekday = (days + 3) % 7; /* 1970-01-01 was a Thursday */
        lua_pushinteger(L, (weekday < 0 ? weekday + 7 : weekday) + 1);
    } else {
        lua_pushvalue(L, 2);
        lua_rawget(L, lua_upvalueindex(1));
    }
    return 1;
}

/* The library: date "2026-01-31", date(2026, 1, 31). */

static int make(lua_State *L)
{
    int64_t days, year, month, day;
    size_t length;
    const char *text;

    if (lua_isnil(L, 2) && sandbox_empty_spreads(L)) {
        lua_pushnil(L);
        return 1;
    }
    if (date_at(&days, L, 2)) {
        lua_pushvalue(L, 2);
        return 1;
    }
    if (lua_isinteger(L, 2)) {
        year = lua_tointeger(L, 2);
        month = luaL_checkinteger(L, 3);
        day = luaL_checkinteger(L, 4);
        if (!valid(year, month, day))
            return luaL_error(L, "there is no such day");
        date_push(L, days_from(year, (int)month, (int)day));
        return 1;
    }
    text = luaL_checklstring(L, 2, &length);
    if (!date_read(&days, text, length))
        return luaL_error(L, "'%s' is no date like 2026-01-31",
                          length < 40 ? text : "this text");
    date_push(L, days);
    return 1;
}

static int today(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &today_key) == LUA_TNIL)
        return luaL_error(L, "today is not known here");
    return 1;
}

/* Reads "2026-11-23T09:30…Z" down to the minute; UTC as the host has it. */
static int64_t check_minutes(lua_State *L, int index)
{
    size_t length;
    const char *text = luaL_checklstring(L, index, &length);
    int64_t days = 0, hour = 0, minute = 0;

    if (length < 17 || text[length - 1] != 'Z' || text[10] != 'T' ||
        text[13] != ':' || !date_read(&days, text, 10) ||
        !digits(&hour, text + 11, 2) || !digits(&minute, text + 14, 2) ||
        hour > 23 || minute > 59)
        luaL_argerror(L, index, "no date and time");
    return (days * 24 + hour) * 60 + minute;
}

/* date.minutes(from, to): whole minutes between two dates and times. */
static int minutes(lua_State *L)
{
    lua_settop(L, 2);
    if (empty(L))
        return 1;
    lua_pushinteger(L, check_minutes(L, 2) - check_minutes(L, 1));
    return 1;
}

static void make_metatable(lua_State *L)
{
    static const luaL_Reg operators[] = {
        { "__add", op_add },
        { "__sub", op_sub },
        { "__lt", op_lt },
        { "__le", op_le },
        { "__eq", op_eq },
        { "__tostring", op_tostring },
        { "__concat", sandbox_concat },
        { NULL, NULL },
    };
    static const luaL_Reg methods[] = {
        { "add_days", method_add_days },
        { "add_months", method_add_months },
        { "add_years", method_add_years },
        { "month_start", method_month_start },
        { "month_end", method_month_end },
        { NULL, NULL },
    };

    luaL_newmetatable(L, type_name);
    luaL_setfuncs(L, operators, 0);
    luaL_newlib(L, methods);
    lua_pushcclosure(L, op_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

void lib_date_open(lua_State *L)
{
    static const luaL_Reg functions[] = { { "__call", make },
                                          { "today", today },
                                          { "minutes", minutes },
                                          { NULL, NULL } };

    make_metatable(L);
    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
}
