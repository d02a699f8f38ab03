/*
 * logic_schema.c - the fields of a logic definition, and values between JSON
 * and Lua by their kinds.
 */
#include "base/banned.h"

#include <lauxlib.h>

#include "script/lib_decimal.h"
#include "script/logic_core.h"

enum { FIELDS_MAX = 500 };

static const int64_t integer_max = INT64_C(9007199254740991);

static const struct {
    const char *name;
    enum field_kind kind;
} kinds[] = {
    { "integer", KIND_INTEGER }, { "decimal", KIND_DECIMAL },
    { "money", KIND_DECIMAL },   { "percent", KIND_DECIMAL },
    { "number", KIND_NUMBER },   { "date", KIND_DATE },
    { "boolean", KIND_BOOLEAN }, { "yes_no", KIND_BOOLEAN },
    { "table", KIND_TABLE },     { "sub_table", KIND_TABLE },
};

static char *keep_text(lua_State *L, const char *text, size_t length)
{
    char *kept = malloc(length + 1);

    if (!kept)
        luaL_error(L, "not enough memory");
    memcpy(kept, text, length);
    kept[length] = '\0';
    return kept;
}

static void read_fields(lua_State *L, struct logic_field *table, bool head);

/* The field whose definition is on top of the stack. */
static void read_field(lua_State *L, struct logic_field *field,
                       struct logic_field *table, bool head)
{
    const char *text;
    size_t length, i;

    field->table = head ? NULL : table;
    schema_reset_states(field);
    if (lua_getfield(L, -1, "key") != LUA_TSTRING)
        luaL_error(L, "bad definition: a field without key");
    text = lua_tolstring(L, -1, &length);
    if (strlen(text) != length || length == 0 || strchr(text, '.'))
        luaL_error(L, "bad definition: the key of a field");
    if (schema_find(table, text))
        luaL_error(L, "bad definition: '%s' is there twice", text);
    field->key = keep_text(L, text, length);
    if (!head)
        text = lua_pushfstring(L, "%s.%s", table->key, text);
    else
        lua_pushvalue(L, -1);
    field->path = keep_text(L, text, strlen(text));
    lua_pop(L, 2);
    lua_getfield(L, -1, "type");
    text = luaL_optstring(L, -1, "text");
    for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (strcmp(text, kinds[i].name) == 0)
            field->kind = kinds[i].kind;
    lua_pop(L, 1);
    lua_getfield(L, -1, "scale");
    field->scale = (int)luaL_optinteger(L, -1, 2);
    if (field->scale < 0 || field->scale > DECIMAL_SCALE_MAX)
        luaL_error(L, "bad definition: a scale is 0 to 9");
    lua_pop(L, 1);
    if (lua_getfield(L, -1, "computed") == LUA_TSTRING) {
        text = lua_tolstring(L, -1, &length);
        field->expression = keep_text(L, text, length);
        field->expression_length = length;
    }
    lua_pop(L, 1);
    if (field->kind != KIND_TABLE)
        return;
    if (!head)
        luaL_error(L, "bad definition: a table inside a table");
    read_fields(L, field, false);
}

/* Reads the list "fields" of the table on top. */
static void read_fields(lua_State *L, struct logic_field *table, bool head)
{
    lua_Integer count, i;

    if (lua_getfield(L, -1, "fields") == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    luaL_checktype(L, -1, LUA_TTABLE);
    count = luaL_len(L, -1);
    if (count > FIELDS_MAX)
        luaL_error(L, "bad definition: more than %d fields", FIELDS_MAX);
    table->fields = calloc((size_t)count + 1, sizeof(*table->fields));
    if (!table->fields)
        luaL_error(L, "not enough memory");
    for (i = 1; i <= count; i++) {
        if (lua_rawgeti(L, -1, i) != LUA_TTABLE)
            luaL_error(L, "bad definition: a field is an object");
        table->count = (size_t)i;
        read_field(L, &table->fields[i - 1], table, head);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

void schema_read(lua_State *L, struct logic_core *core, int index)
{
    lua_pushvalue(L, index);
    core->head.kind = KIND_TABLE;
    read_fields(L, &core->head, true);
    lua_pop(L, 1);
}

void schema_free(struct logic_field *field)
{
    size_t i;

    for (i = 0; i < field->count; i++)
        schema_free(&field->fields[i]);
    free(field->fields);
    free(field->key);
    free(field->path);
    free(field->expression);
}

struct logic_field *schema_find(struct logic_field *table, const char *key)
{
    size_t i;

    for (i = 0; i < table->count; i++)
        if (table->fields[i].key && strcmp(table->fields[i].key, key) == 0)
            return &table->fields[i];
    return NULL;
}

struct logic_field *schema_path(struct logic_core *core, const char *path)
{
    size_t i, j;

    for (i = 0; i < core->head.count; i++) {
        struct logic_field *field = &core->head.fields[i];

        if (strcmp(field->path, path) == 0)
            return field;
        for (j = 0; j < field->count; j++)
            if (strcmp(field->fields[j].path, path) == 0)
                return &field->fields[j];
    }
    return NULL;
}

void schema_reset_states(struct logic_field *field)
{
    size_t i;

    field->state = (struct logic_state){ -1, -1, -1 };
    for (i = 0; i < field->count; i++)
        schema_reset_states(&field->fields[i]);
}

static void write_flag(struct wire_text *out, const char *name, int flag,
                       bool *first)
{
    if (flag < 0)
        return;
    if (!*first)
        wire_add(out, ",", 1);
    *first = false;
    wire_add_string(out, name, strlen(name));
    wire_add_text(out, flag ? ":true" : ":false");
}

void schema_write_states(struct wire_text *out, const struct logic_field *field,
                         bool *first)
{
    const struct logic_state *state = &field->state;
    bool first_flag = true;
    size_t i;

    if (state->hidden >= 0 || state->read_only >= 0 || state->required >= 0) {
        if (!*first)
            wire_add(out, ",", 1);
        *first = false;
        wire_add_string(out, field->path, strlen(field->path));
        wire_add(out, ":{", 2);
        write_flag(out, "hidden", state->hidden, &first_flag);
        write_flag(out, "read_only", state->read_only, &first_flag);
        write_flag(out, "required", state->required, &first_flag);
        wire_add(out, "}", 1);
    }
    for (i = 0; i < field->count; i++)
        schema_write_states(out, &field->fields[i], first);
}

/* Values. */

/* Replaces the value on top by nil. */
static void make_empty(lua_State *L)
{
    lua_pushnil(L);
    lua_replace(L, -2);
}

/* Texts and whole numbers, as decimals of any scale; false: neither. */
static bool read_decimal(struct decimal *out, lua_State *L)
{
    size_t length;
    const char *text;

    if (lua_isinteger(L, -1)) {
        *out = decimal_of(lua_tointeger(L, -1));
        return out->units < INT64_C(1000000000000000000) &&
               out->units > -INT64_C(1000000000000000000);
    }
    if (lua_type(L, -1) != LUA_TSTRING)
        return false;
    text = lua_tolstring(L, -1, &length);
    return decimal_parse(out, text, length, -1) == 0;
}

static void integer_from_json(lua_State *L)
{
    const char *text;

    if (lua_type(L, -1) == LUA_TSTRING) {
        text = lua_tostring(L, -1);
        if (strspn(text, "-0123456789") != strlen(text) ||
            lua_stringtonumber(L, text) == 0) {
            make_empty(L);
            return;
        }
        lua_replace(L, -2);
    }
    if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) > integer_max ||
        lua_tointeger(L, -1) < -integer_max)
        make_empty(L);
}

static void date_from_json(lua_State *L)
{
    int64_t days;
    size_t length;
    const char *text;

    if (lua_type(L, -1) != LUA_TSTRING) {
        make_empty(L);
        return;
    }
    text = lua_tolstring(L, -1, &length);
    if (date_read(&days, text, length)) {
        date_push(L, days);
        lua_replace(L, -2);
    } else {
        make_empty(L);
    }
}

static void plain_from_json(lua_State *L)
{
    if (lua_type(L, -1) == LUA_TSTRING) {
        if (lua_rawlen(L, -1) == 0)
            make_empty(L);
    } else if (lua_istable(L, -1)) {
        lua_pushnil(L);
        if (lua_next(L, -2))
            lua_pop(L, 2);
        else
            make_empty(L); /* [] */
    }
}

void field_from_json(lua_State *L, const struct logic_field *field)
{
    struct decimal decimal;

    switch (field->kind) {
    case KIND_INTEGER:
        integer_from_json(L);
        break;
    case KIND_DECIMAL:
        if (read_decimal(&decimal, L) &&
            decimal_rescale(&decimal, decimal, field->scale) == 0) {
            decimal_push(L, decimal);
            lua_replace(L, -2);
        } else {
            make_empty(L);
        }
        break;
    case KIND_NUMBER:
        if (lua_type(L, -1) == LUA_TNUMBER) {
            lua_pushnumber(L, lua_tonumber(L, -1));
            lua_replace(L, -2);
        } else {
            make_empty(L);
        }
        break;
    case KIND_DATE:
        date_from_json(L);
        break;
    case KIND_BOOLEAN:
        if (!lua_isboolean(L, -1))
            make_empty(L);
        break;
    case KIND_TABLE:
        break; /* logic_form.c */
    case KIND_PLAIN:
        plain_from_json(L);
        break;
    }
}

static int wrong(lua_State *L, const struct logic_field *field,
                 const char *wanted)
{
    return luaL_error(L, "field '%s' takes %s, not a %s", field->path, wanted,
                      luaL_typename(L, -1));
}

static void decimal_from_lua(lua_State *L, const struct logic_field *field)
{
    struct decimal value;

    if (!decimal_at(&value, L, -1) && !read_decimal(&value, L)) {
        if (lua_type(L, -1) == LUA_TNUMBER)
            luaL_error(L,
                       "field '%s' takes a decimal, not a floating point "
                       "number",
                       field->path);
        wrong(L, field, "a decimal");
    }
    if (decimal_rescale(&value, value, field->scale))
        luaL_error(L, "field '%s': a decimal has at most 18 digits",
                   field->path);
    decimal_push(L, value);
    lua_replace(L, -2);
}

static void integer_from_lua(lua_State *L, const struct logic_field *field)
{
    struct decimal value, whole;
    lua_Integer number;
    int exact = 0;

    if (decimal_at(&value, L, -1)) {
        exact = decimal_rescale(&whole, value, 0) == 0 &&
                decimal_compare(whole, value) == 0;
        number = whole.units;
    } else {
        number = lua_tointegerx(L, -1, &exact);
        exact = exact && lua_type(L, -1) == LUA_TNUMBER;
    }
    if (!exact)
        wrong(L, field, "a whole number");
    if (number > integer_max || number < -integer_max)
        luaL_error(L, "field '%s': the number is too large", field->path);
    lua_pushinteger(L, number);
    lua_replace(L, -2);
}

static void plain_from_lua(lua_State *L, const struct logic_field *field)
{
    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
    case LUA_TTABLE:
        plain_from_json(L);
        break;
    case LUA_TNUMBER:
    case LUA_TUSERDATA:
        sandbox_tostring(L, -1, NULL);
        lua_replace(L, -2);
        break;
    default:
        wrong(L, field, "a text");
    }
}

void field_from_lua(lua_State *L, const struct logic_field *field)
{
    if (lua_isnil(L, -1))
        return;
    if (lua_type(L, -1) == LUA_TSTRING && lua_rawlen(L, -1) == 0) {
        make_empty(L);
        return;
    }
    switch (field->kind) {
    case KIND_INTEGER:
        integer_from_lua(L, field);
        break;
    case KIND_DECIMAL:
        decimal_from_lua(L, field);
        break;
    case KIND_NUMBER:
        if (lua_type(L, -1) != LUA_TNUMBER)
            wrong(L, field, "a number");
        lua_pushnumber(L, lua_tonumber(L, -1));
        lua_replace(L, -2);
        break;
    case KIND_DATE:
        if (lua_type(L, -1) == LUA_TSTRING)
            date_from_json(L);
        if (!luaL_testudata(L, -1, "date"))
            wrong(L, field, "a date");
        break;
    case KIND_BOOLEAN:
        if (!lua_isboolean(L, -1))
            wrong(L, field, "true or false");
        break;
    case KIND_TABLE:
        luaL_error(L, "field '%s': use its methods add, remove, clear",
                   field->path);
        break;
    case KIND_PLAIN:
        plain_from_lua(L, field);
        break;
    }
}
