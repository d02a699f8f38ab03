/*
 * lib_decimal.h - decimals and dates as Lua values, for the C around them.
 */
#ifndef SCRIPT_LIB_DECIMAL_H
#define SCRIPT_LIB_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "base/decimal.h"

void decimal_push(lua_State *L, struct decimal value);
/* Whether the value is a decimal (not: an integer). */
bool decimal_at(struct decimal *out, lua_State *L, int index);

enum { DATE_TEXT_MAX = 16 };

/* Days since 1970-01-01, years 1 to 9999. */
void date_push(lua_State *L, int64_t days);
bool date_at(int64_t *days, lua_State *L, int index);
/* "YYYY-MM-DD", strict. */
bool date_read(int64_t *days, const char *text, size_t length);
void date_write(char out[DATE_TEXT_MAX], int64_t days);
/* What date.today() answers; NULL: it is not known. */
void date_set_today(lua_State *L, const char *text);

#endif
