/*
 * lib_decimal.c - `decimal`: money and quantities in Lua, and `sum`.
 *
 * decimal "1.25" is a value of its own type over base/decimal.c. It mixes
 * with whole numbers; with floating point numbers or texts it is an error,
 * because 0.1 is none of them exactly.
 */
#include "base/banned.h"

#include "script/lib_decimal.h"

#include <lauxlib.h>

#include "script/sandbox.h"

static const char type_name[] = "decimal";
/* A quotient keeps at least this many digits behind the point. */
enum { QUOTIENT_SCALE = 6 };
static const int64_t whole_max = 999999999999999999;

void decimal_push(lua_State *L, struct decimal value)
{
    struct decimal *held = lua_newuserdatauv(L, sizeof(*held), 0);

    *held = value;
    luaL_setmetatable(L, type_name);
}

bool decimal_at(struct decimal *out, lua_State *L, int index)
{
    const struct decimal *held = luaL_testudata(L, index, type_name);

    if (held)
        *out = *held;
    return held != NULL;
}

static int raise(lua_State *L, int rc)
{
    return luaL_error(L, rc == DECIMAL_ZERO ? "division by zero"
                         : rc == DECIMAL_OVERFLOW
                             ? "a decimal has at most 18 digits"
                             : "not a decimal number");
}

static int push_result(lua_State *L, int rc, struct decimal value)
{
    if (rc)
        return raise(L, rc);
    decimal_push(L, value);
    return 1;
}

/* An operand: a decimal or a whole number; false where it is empty. */
static bool operand(struct decimal *out, lua_State *L, int index)
{
    if (decimal_at(out, L, index))
        return true;
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        if (sandbox_empty_spreads(L))
            return false;
        break;
    case LUA_TNUMBER:
        if (!lua_isinteger(L, index))
            luaL_error(L, "a decimal can't be mixed with a floating point "
                          "number; write it as decimal \"0.1\"");
        *out = decimal_of(lua_tointeger(L, index));
        if (out->units > whole_max || out->units < -whole_max)
            raise(L, DECIMAL_OVERFLOW);
        return true;
    case LUA_TSTRING:
        luaL_error(L, "a decimal can't be mixed with a text; write "
                      "decimal(text)");
        break;
    default:
        break;
    }
    luaL_error(L, "attempt to calculate with a decimal and a %s value",
               luaL_typename(L, index));
    return false;
}

static bool operands(struct decimal *a, struct decimal *b, lua_State *L)
{
    if (operand(a, L, 1) && operand(b, L, 2))
        return true;
    lua_pushnil(L);
    return false;
}

/* Quotient at the largest scale up to QUOTIENT_SCALE that holds it. */
static int divide(struct decimal *out, struct decimal a, struct decimal b)
{
    int least = a.scale > b.scale ? a.scale : b.scale;
    int scale = least > QUOTIENT_SCALE ? least : QUOTIENT_SCALE;
    int rc = decimal_div(out, a, b, scale);

    while (rc == DECIMAL_OVERFLOW && scale > 0)
        rc = decimal_div(out, a, b, --scale);
    return rc;
}

/* Quotient rounded down, and what is left (with the divisor's sign). */
static int floor_divide(struct decimal *quotient, struct decimal *rest,
                        struct decimal a, struct decimal b)
{
    int scale = a.scale > b.scale ? a.scale : b.scale;
    int64_t whole, left;

    if (b.units == 0)
        return DECIMAL_ZERO;
    if (decimal_rescale(&a, a, scale) || decimal_rescale(&b, b, scale))
        return DECIMAL_OVERFLOW;
    whole = a.units / b.units;
    left = a.units % b.units;
    if (left != 0 && (left < 0) != (b.units < 0)) {
        whole--;
        left += b.units;
    }
    *quotient = (struct decimal){ whole, 0 };
    *rest = (struct decimal){ left, scale };
    return 0;
}

static int arithmetic(lua_State *L, char op)
{
    struct decimal a, b, result = { 0, 0 }, other;
    int rc;

    if (!operands(&a, &b, L))
        return 1;
    switch (op) {
    case '+':
        rc = decimal_add(&result, a, b);
        break;
    case '-':
        rc = decimal_sub(&result, a, b);
        break;
    case '*':
        rc = decimal_mul(&result, a, b);
        break;
    case '/':
        rc = divide(&result, a, b);
        break;
    case '%':
        rc = floor_divide(&other, &result, a, b);
        break;
    default:
        rc = floor_divide(&result, &other, a, b);
        break;
    }
    return push_result(L, rc, result);
}

static int op_add(lua_State *L)
{
    return arithmetic(L, '+');
}

static int op_sub(lua_State *L)
{
    return arithmetic(L, '-');
}

static int op_mul(lua_State *L)
{
    return arithmetic(L, '*');
}

static int op_div(lua_State *L)
{
    return arithmetic(L, '/');
}

static int op_mod(lua_State *L)
{
    return arithmetic(L, '%');
}

static int op_idiv(lua_State *L)
{
    return arithmetic(L, 'q');
}

static int op_pow(lua_State *L)
{
    return luaL_error(L, "a decimal has no power; multiply it");
}

static int op_unm(lua_State *L)
{
    struct decimal value;

    operand(&value, L, 1);
    value.units = -value.units;
    decimal_push(L, value);
    return 1;
}

static int compare(lua_State *L, bool (*test)(int order))
{
    struct decimal a, b;

    if (!operands(&a, &b, L)) {
        lua_pushboolean(L, 0); /* empty compares false */
        return 1;
    }
    lua_pushboolean(L, test(decimal_compare(a, b)));
    return 1;
}

static bool is_less(int order)
{
    return order < 0;
}

static bool is_at_most(int order)
{
    return order <= 0;
}

static int op_lt(lua_State *L)
{
    return compare(L, is_less);
}

static int op_le(lua_State *L)
{
    return compare(L, is_at_most);
}

static int op_eq(lua_State *L)
{
    struct decimal a, b;

    lua_pushboolean(L, decimal_at(&a, L, 1) && decimal_at(&b, L, 2) &&
                           decimal_compare(a, b) == 0);
    return 1;
}

static int op_tostring(lua_State *L)
{
    char text[DECIMAL_TEXT_MAX];
    struct decimal *value = luaL_checkudata(L, 1, type_name);

    lua_pushlstring(L, text, decimal_format(text, *value));
    return 1;
}

/* Methods. */

static struct decimal self(lua_State *L)
{
    return *(struct decimal *)luaL_checkudata(L, 1, type_name);
}

/* d:round(scale): half away from zero (四捨五入); scale 0 where none. */
static int method_round(lua_State *L)
{
    struct decimal value = self(L), result = { 0, 0 };
    lua_Integer scale = luaL_optinteger(L, 2, 0);

    luaL_argcheck(L, scale >= 0 && scale <= DECIMAL_SCALE_MAX, 2,
                  "a scale is 0 to 9");
    return push_result(L, decimal_rescale(&result, value, (int)scale), result);
}

static int method_abs(lua_State *L)
{
    struct decimal value = self(L);

    if (value.units < 0)
        value.units = -value.units;
    decimal_push(L, value);
    return 1;
}

/* d:floor(), d:ceil(): whole decimals. */
static int round_to_whole(lua_State *L, bool up)
{
    struct decimal value = self(L), quotient, rest;
    int rc = floor_divide(&quotient, &rest, value, (struct decimal){ 1, 0 });

    if (rc == 0 && up && rest.units != 0)
        quotient.units++;
    return push_result(L, rc, quotient);
}

static int method_floor(lua_State *L)
{
    return round_to_whole(L, false);
}

static int method_ceil(lua_State *L)
{
    return round_to_whole(L, true);
}

static int method_is_zero(lua_State *L)
{
    lua_pushboolean(L, decimal_is_zero(self(L)));
    return 1;
}

/* d:integer(): the nearest whole number, a Lua integer. */
static int method_integer(lua_State *L)
{
    struct decimal result;
    int rc = decimal_rescale(&result, self(L), 0);

    if (rc)
        return raise(L, rc);
    lua_pushinteger(L, result.units);
    return 1;
}

/* d:number(): the nearest floating point number, on purpose. */
static int method_number(lua_State *L)
{
    char text[DECIMAL_TEXT_MAX];

    decimal_format(text, self(L));
    lua_pushnumber(L, strtod(text, NULL));
    return 1;
}

/* d:scale(): digits behind the point. */
static int method_scale(lua_State *L)
{
    lua_pushinteger(L, self(L).scale);
    return 1;
}

/* The library: decimal(x [, scale]). */

static int make(lua_State *L)
{
    struct decimal value = { 0, 0 };
    lua_Integer scale = luaL_optinteger(L, 3, -1);
    size_t length;
    const char *text;
    int rc = 0;

    luaL_argcheck(L, scale >= -1 && scale <= DECIMAL_SCALE_MAX, 2,
                  "a scale is 0 to 9");
    if (lua_isnil(L, 2) && sandbox_empty_spreads(L)) {
        lua_pushnil(L);
        return 1;
    }
    if (lua_type(L, 2) == LUA_TSTRING) {
        text = lua_tolstring(L, 2, &length);
        rc = decimal_parse(&value, text, length, -1);
        if (rc)
            return luaL_error(L,
                              "'%s' is no decimal number of at most 18 "
                              "digits, 9 behind the point",
                              length < 40 ? text : "this text");
    } else {
        operand(&value, L, 2);
    }
    if (scale >= 0)
        rc = decimal_rescale(&value, value, (int)scale);
    return push_result(L, rc, value);
}

/* decimal.divide(a, b, scale): rounded half away from zero. */
static int divide_to(lua_State *L)
{
    struct decimal a, b, result = { 0, 0 };
    lua_Integer scale = luaL_checkinteger(L, 3);

    luaL_argcheck(L, scale >= 0 && scale <= DECIMAL_SCALE_MAX, 3,
                  "a scale is 0 to 9");
    if (!operands(&a, &b, L))
        return 1;
    return push_result(L, decimal_div(&result, a, b, (int)scale), result);
}

/* decimal.max(a, b, …), decimal.min(a, b, …); empty ones don't count. */
static int extreme(lua_State *L, int sign)
{
    struct decimal best = { 0, 0 }, value;
    bool any = false;
    int i, count = lua_gettop(L);

    for (i = 1; i <= count; i++)
        if (operand(&value, L, i) &&
            (!any || decimal_compare(value, best) * sign > 0)) {
            best = value;
            any = true;
        }
    if (any)
        decimal_push(L, best);
    else
        lua_pushnil(L);
    return 1;
}

static int extreme_max(lua_State *L)
{
    return extreme(L, 1);
}

static int extreme_min(lua_State *L)
{
    return extreme(L, -1);
}

/* sum(list, field): adds up a column; sum(list): the elements. Empty cells
 * don't count; the sum of nothing is 0. */
static int sum(lua_State *L)
{
    bool by_field = !lua_isnoneornil(L, 2);
    lua_Integer count, i;

    if (lua_isnil(L, 1) && sandbox_empty_spreads(L)) {
        lua_pushinteger(L, 0);
        return 1;
    }
    luaL_argexpected(L, lua_istable(L, 1) || lua_isuserdata(L, 1), 1, "list");
    lua_settop(L, 2);
    count = luaL_len(L, 1);
    lua_pushinteger(L, 0);
    for (i = 1; i <= count; i++) {
        sandbox_charge(L, 1);
        lua_geti(L, 1, i);
        if (by_field) {
            lua_pushvalue(L, 2);
            lua_gettable(L, -2);
            lua_remove(L, -2);
        }
        if (lua_isnil(L, -1))
            lua_pop(L, 1);
        else
            lua_arith(L, LUA_OPADD);
    }
    return 1;
}

static void make_metatable(lua_State *L)
{
    static const luaL_Reg operators[] = {
        { "__add", op_add },
        { "__sub", op_sub },
        { "__mul", op_mul },
        { "__div", op_div },
        { "__mod", op_mod },
        { "__idiv", op_idiv },
        { "__pow", op_pow },
        { "__unm", op_unm },
        { "__lt", op_lt },
        { "__le", op_le },
        { "__eq", op_eq },
        { "__tostring", op_tostring },
        { "__concat", sandbox_concat },
        { NULL, NULL },
    };
    static const luaL_Reg methods[] = {
        { "round", method_round },
        { "abs", method_abs },
        { "floor", method_floor },
        { "ceil", method_ceil },
        { "is_zero", method_is_zero },
        { "integer", method_integer },
        { "number", method_number },
        { "scale", method_scale },
        { NULL, NULL },
    };

    luaL_newmetatable(L, type_name);
    luaL_setfuncs(L, operators, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

void lib_decimal_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "__call", make },     { "divide", divide_to }, { "max", extreme_max },
        { "min", extreme_min }, { NULL, NULL },
    };

    make_metatable(L);
    lua_pushcfunction(L, sum);
    lua_setglobal(L, "sum");
    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
}
