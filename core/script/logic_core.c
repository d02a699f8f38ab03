/*
 * logic_core.c - events of a form's logic: JSON in, JSON out.
 *
 * Order (README.md): on_change, computed fields, rules, validate. States and
 * messages are made anew by each event, so that an answer never depends on
 * the events before it.
 */
#include "base/banned.h"

#include "script/logic_core.h"

#include <lauxlib.h>

#include "script/lib_decimal.h"

/* Of one event; a form with 200 rows and 10 computed columns takes some
 * 100,000 steps. */
enum { STEPS = 5000000, MILLISECONDS = 500, MEMORY = 16 << 20 };

static const char computed_name[] = "computed";

/* Every entry of `computed` names a field that has no expression. */
static void check_computed(lua_State *L, struct logic_core *core)
{
    if (lua_getglobal(L, computed_name) != LUA_TTABLE)
        luaL_error(L, "computed must stay the table that it is");
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        struct logic_field *field = NULL;
        const char *path = "?";

        if (lua_type(L, -2) == LUA_TSTRING) {
            path = lua_tostring(L, -2);
            field = schema_path(core, path);
        }
        if (!field)
            luaL_error(L, "computed.%s: the form has no such field", path);
        if (field->expression)
            luaL_error(L,
                       "computed.%s: the form's definition computes it "
                       "already",
                       path);
        if (field->kind == KIND_TABLE || lua_type(L, -1) != LUA_TFUNCTION)
            luaL_error(L,
                       "computed.%s must be a function, of a field that "
                       "is no table",
                       path);
        field->function = true;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* Compiles each expression, so that an error shows at the definition. */
static void check_expressions(lua_State *L, struct logic_field *table)
{
    size_t i;

    for (i = 0; i < table->count; i++) {
        struct logic_field *field = &table->fields[i];

        if (field->expression) {
            sandbox_push_expression(L, field->expression,
                                    field->expression_length);
            lua_pop(L, 1);
        }
        check_expressions(L, field);
    }
}

static int open_body(lua_State *L)
{
    struct logic_core *core = lua_touserdata(L, 1);
    const char *source, *file;
    size_t length;

    wire_push(L, core->input, core->input_length);
    luaL_checktype(L, 2, LUA_TTABLE);
    schema_read(L, core, 2);
    form_open(L);
    check_expressions(L, &core->head);
    lua_getfield(L, 2, "file");
    file = luaL_optstring(L, -1, "logic.lua");
    if (lua_getfield(L, 2, "source") != LUA_TSTRING)
        return 0;
    source = lua_tolstring(L, -1, &length);
    sandbox_compile(L, file, source, length);
    lua_call(L, 0, 0);
    check_computed(L, core);
    return 0;
}

enum sandbox_status logic_core_open(struct logic_core **out,
                                    const char *definition, size_t length)
{
    struct logic_core *core = *out = calloc(1, sizeof(*core));

    if (!core)
        return SANDBOX_MEMORY;
    core->box = sandbox_open(MEMORY, true);
    if (!core->box) {
        logic_core_close(core);
        *out = NULL;
        return SANDBOX_MEMORY;
    }
    sandbox_set_host(core->box, core);
    core->input = definition;
    core->input_length = length;
    return sandbox_call(core->box, open_body, core, STEPS, MILLISECONDS);
}

void logic_core_close(struct logic_core *core)
{
    if (!core)
        return;
    sandbox_close(core->box);
    schema_free(&core->head);
    wire_free(&core->out);
    free(core);
}

/* Calls a global function of the file, where there is one, with the form. */
static bool push_function(lua_State *L, const char *name)
{
    if (lua_getglobal(L, name) == LUA_TFUNCTION)
        return true;
    lua_pop(L, 1);
    return false;
}

/* The field's path goes to on_change without the row's number. */
static void run_change(lua_State *L, struct logic_core *core, int form,
                       const char *path)
{
    struct logic_field *field;

    core->phase = PHASE_CHANGE;
    if (!path)
        luaL_error(L, "the event change needs a field");
    if (!push_function(L, "on_change"))
        return;
    lua_pushvalue(L, form);
    form_push_row(L, core, form, path, &field);
    if (!field)
        luaL_error(L, "the form has no field '%s'", path);
    lua_pushstring(L, field->path);
    lua_insert(L, -2);
    lua_call(L, 3, 0);
}

static void run_phase(lua_State *L, struct logic_core *core, int form,
                      enum logic_phase phase, const char *name)
{
    core->phase = phase;
    if (!push_function(L, name))
        return;
    lua_pushvalue(L, form);
    lua_call(L, 1, 0);
}

static void write_answer(lua_State *L, struct logic_core *core, int form)
{
    bool first = true;

    wire_clear(&core->out);
    wire_add_text(&core->out, "{\"values\":");
    form_write_changes(&core->out, L, core, form);
    wire_add_text(&core->out, ",\"messages\":");
    form_write_messages(&core->out, L);
    wire_add_text(&core->out, ",\"states\":{");
    schema_write_states(&core->out, &core->head, &first);
    wire_add_text(&core->out, "}}");
    if (core->out.failed)
        luaL_error(L, "not enough memory");
}

static void read_locale(lua_State *L, struct logic_core *core, int request)
{
    const char *locale;

    lua_getfield(L, request, "locale");
    locale = luaL_optstring(L, -1, "en");
    snprintf(core->locale, sizeof(core->locale), "%s", locale);
    lua_pop(L, 1);
}

static int run_body(lua_State *L)
{
    static const char *const events[] = { "open", "change", "compute",
                                          "validate", NULL };
    struct logic_core *core = lua_touserdata(L, 1);
    const char *field;
    int event;

    wire_push(L, core->input, core->input_length); /* 2: the request */
    luaL_checktype(L, 2, LUA_TTABLE);
    read_locale(L, core, 2);
    lua_getfield(L, 2, "today"); /* 3 */
    date_set_today(L, lua_isstring(L, 3) ? lua_tostring(L, 3) : NULL);
    lua_getfield(L, 2, "event"); /* 4 */
    event = luaL_checkoption(L, 4, NULL, events);
    lua_getfield(L, 2, "field"); /* 5 */
    field = lua_isstring(L, 5) ? lua_tostring(L, 5) : NULL;
    if (lua_getfield(L, 2, "values") != LUA_TTABLE) { /* 6 */
        lua_pop(L, 1);
        lua_newtable(L);
    }
    core->run++;
    schema_reset_states(&core->head);
    form_push(L, core); /* 6: the form */
    if (event == 1)
        run_change(L, core, 6, field);
    core->phase = PHASE_COMPUTE;
    form_compute(L, core, 6);
    run_phase(L, core, 6, PHASE_RULES, "rules");
    if (event == 3)
        run_phase(L, core, 6, PHASE_VALIDATE, "validate");
    write_answer(L, core, 6);
    return 0;
}

enum sandbox_status logic_core_run(struct logic_core *core, const char *request,
                                   size_t length)
{
    enum sandbox_status status;

    core->input = request;
    core->input_length = length;
    status = sandbox_call(core->box, run_body, core, STEPS, MILLISECONDS);
    core->phase = PHASE_IDLE;
    core->input = NULL;
    return status;
}

const char *logic_core_output(const struct logic_core *core, size_t *length)
{
    *length = core->out.length;
    return core->out.data ? core->out.data : "";
}

const char *logic_core_error(const struct logic_core *core)
{
    return sandbox_error(core->box);
}
