/*
 * lua_records.c - ctx.records: the records of forms; and functions on the
 * record of a hook.
 */
#include "base/banned.h"

#include <lauxlib.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/value.h"
#include "form/aggregate.h"
#include "form/form.h"
#include "form/record.h"
#include "plugin/call.h"
#include "plugin/host.h"
#include "plugin/lua_internal.h"
#include "script/convert.h"

/* The ctx that ctx.records was taken from. */
static struct tn_ctx *own_call(lua_State *L)
{
    return handle_ctx(L, lua_upvalueindex(1));
}

static struct value *table_at(lua_State *L, struct tn_ctx *call, int index)
{
    if (lua_isnoneornil(L, index))
        return NULL;
    luaL_checktype(L, index, LUA_TTABLE);
    return convert_pull(L, index, call->ctx->arena);
}

/* An empty table is read as a list; here it means "no fields". */
static struct value *map_at(lua_State *L, struct tn_ctx *call, int index)
{
    struct value *value = table_at(L, call, index);

    return value_kind(value) == VALUE_MAP ? value : value_map(call->ctx->arena);
}

struct value *lua_options(lua_State *L, int index, struct tn_ctx *call,
                          const char *function, const char *known)
{
    struct value *options = map_at(L, call, index);
    size_t i;

    for (i = 0; i < value_count(options); i++) {
        const char *name = value_key_at(options, i);

        if (!strstr(known, lua_pushfstring(L, " %s ", name)))
            luaL_error(L, "%s does not know \"%s\"", function, name);
        lua_pop(L, 1);
    }
    return options;
}

static struct value *where_of(struct value *given)
{
    return value_count(given) ? given : NULL;
}

/* ctx.records.count(form, where) */
static int count(lua_State *L)
{
    struct tn_ctx *call = own_call(L);
    const char *form = luaL_checkstring(L, 1);
    struct value *where = where_of(table_at(L, call, 2));
    int64_t number;
    int rc = host_count(&number, call, form, where);

    if (rc)
        return lua_raise(L, rc);
    lua_pushinteger(L, number);
    return 1;
}

static void free_page(void *page)
{
    arena_free(page);
}

/*
 * A job asks page after page, each of which is Lua's once it is pushed: it is
 * made in memory of its own, so that a job of any length takes that of one.
 */
static int find_page(struct value **list, struct tn_ctx *call, const char *form,
                     const struct value *where, const struct host_find *wanted)
{
    struct ctx *ctx = call->ctx, own = *ctx;
    int rc;

    if (call->page)
        arena_reset(call->page);
    else
        arena_cleanup(ctx->arena, free_page, call->page = arena_new(0));
    own.arena = call->page;
    call->ctx = &own;
    rc = host_find(list, call, form, where, wanted);
    call->ctx = ctx;
    if (rc) {
        /* What was wrong is read later: that page stays. */
        ctx->problems = own.problems;
        ctx->last_problem = own.last_problem;
        ctx->problem_count = own.problem_count;
        call->page = NULL;
    }
    return rc;
}

/* ctx.records.find(form, { where, sort, descending, limit, offset, texts,
 * search }) → list of tables */
static int find(lua_State *L)
{
    struct tn_ctx *call = own_call(L);
    const char *form = luaL_checkstring(L, 1);
    const struct value *options = map_at(L, call, 2);
    struct host_find wanted = {
        .limit = (int)value_get_int(options, "limit", 0),
        .offset = (int)value_get_int(options, "offset", 0),
        .descending = value_get_bool(options, "descending"),
        .texts = value_get_bool(options, "texts"),
        .sort = value_get_text(options, "sort"),
        .search = value_get_text(options, "search"),
    };
    struct value *where = where_of(value_get(options, "where"));
    struct value *list;
    int rc =
        (call->job ? find_page : host_find)(&list, call, form, where, &wanted);

    if (rc)
        return lua_raise(L, rc);
    convert_push(L, list);
    return 1;
}

int64_t lua_check_id(lua_State *L, int index, struct tn_ctx *call)
{
    int64_t id = value_as_id(convert_pull(L, index, call->ctx->arena));

    if (id <= 0)
        luaL_argerror(L, index, "an id expected");
    return id;
}

void lua_forget_problems(struct ctx *ctx, struct problem *last, int number)
{
    if (last)
        last->next = NULL;
    else
        ctx->problems = NULL;
    ctx->last_problem = last;
    ctx->problem_count = number;
}

/* ctx.records.get(form, id) → a table, nil where there is none */
static int get(lua_State *L)
{
    struct tn_ctx *call = own_call(L);
    struct problem *last = call->ctx->last_problem;
    int number = call->ctx->problem_count;
    const char *form = luaL_checkstring(L, 1);
    const tn_value *record;
    int rc = host_records.get(&record, call, form, lua_check_id(L, 2, call));

    if (rc == E_NOT_FOUND) {
        lua_forget_problems(call->ctx, last, number);
        lua_pushnil(L);
        return 1;
    }
    if (rc)
        return lua_raise(L, rc);
    convert_push(L, value_in(record));
    return 1;
}

/* ctx.records.create(form, values) → id */
static int create(lua_State *L)
{
    struct tn_ctx *call = own_call(L);
    const char *form = luaL_checkstring(L, 1);
    int64_t id;
    int rc =
        host_records.create(&id, call, form, value_out(map_at(L, call, 2)));

    if (rc)
        return lua_raise(L, rc);
    convert_push(L, value_in(host_value.make_id(call, id)));
    return 1;
}

/* ctx.records.update(form, id, version, values) */
static int update(lua_State *L)
{
    struct tn_ctx *call = own_call(L);
    const char *form = luaL_checkstring(L, 1);
    int64_t id = lua_check_id(L, 2, call);
    int64_t version = luaL_checkinteger(L, 3);
    int rc = host_records.update(call, form, id, version,
                                 value_out(map_at(L, call, 4)));

    return rc ? lua_raise(L, rc) : 0;
}

/* ctx.records.delete(form, id, version): into the bin */
static int delete (lua_State *L)
{
    struct tn_ctx *call = own_call(L);
    const char *form = luaL_checkstring(L, 1);
    int64_t id = lua_check_id(L, 2, call);
    int rc = host_records.remove(call, form, id, luaL_checkinteger(L, 3));

    return rc ? lua_raise(L, rc) : 0;
}

/* The texts of a list; how many there are. */
static size_t texts_of(const char **out, size_t most, const struct value *list)
{
    size_t i;

    for (i = 0; i < value_count(list) && i < most; i++) {
        const char *text = value_as_text(value_at(list, i));

        out[i] = text ? text : "";
    }
    return value_count(list);
}

/* ctx.records.aggregate(form, { groups, measures, where, search, sort,
 * limit }) → list of { group, text, count, ["sum:amount"] … } */
static int aggregate(lua_State *L)
{
    struct tn_ctx *call = own_call(L);
    const char *form = luaL_checkstring(L, 1);
    const struct value *options = lua_options(
        L, 2, call, "aggregate", " groups measures where search sort limit ");
    struct aggregate ask = { .sort = value_get_text(options, "sort") };
    struct value *list;
    int rc;

    ask.limit = (int)value_get_int(options, "limit", 0);
    ask.group_count =
        texts_of(ask.groups, AGGREGATE_GROUPS, value_get(options, "groups"));
    ask.measure_count = texts_of(ask.measures, AGGREGATE_MEASURES,
                                 value_get(options, "measures"));
    rc =
        host_aggregate(&list, call, form, where_of(value_get(options, "where")),
                       value_get_text(options, "search"), &ask);
    if (rc)
        return lua_raise(L, rc);
    convert_push(L, list);
    return 1;
}

/* What a function that was called returned: a failure is passed on as it is. */
static int returned_status(lua_State *L, const struct tn_ctx *call, int before)
{
    if (lua_gettop(L) >= 2 && lua_isinteger(L, 2) &&
        lua_tointeger(L, 2) <= TN_E_INVALID &&
        lua_tointeger(L, 2) >= TN_E_UNAVAILABLE)
        return (int)lua_tointeger(L, 2);
    /* A refusal holds although its result was not returned. */
    return call->status != before ? call->status : TN_OK;
}

/*
 * ctx.records.transaction(function() … end) → what the function returns. An
 * error in it and a failure that it returns undo all that it has written.
 */
static int transaction(lua_State *L)
{
    struct tn_ctx *call = own_call(L);
    int before = call->status, rc, failed;
    struct host_transaction transaction;

    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_pushvalue(L, 1);
    rc = host_transaction_begin(&transaction, call);
    if (rc)
        return lua_raise(L, rc);
    failed = lua_pcall(L, 0, LUA_MULTRET, 0);
    rc = failed ? TN_E_INTERNAL : returned_status(L, call, before);
    if (rc) {
        (void)host_transaction_end(&transaction, call, rc);
        return failed ? lua_error(L) : lua_gettop(L) - 1;
    }
    rc = host_transaction_end(&transaction, call, TN_OK);
    return rc ? lua_raise(L, rc) : lua_gettop(L) - 1;
}

/* ctx.records.may(form, "create") → whether who acts may do so at all */
static int may(lua_State *L)
{
    lua_pushboolean(L, host_may(own_call(L), luaL_checkstring(L, 1),
                                luaL_checkstring(L, 2)));
    return 1;
}

void records_push(lua_State *L, int index)
{
    static const luaL_Reg functions[] = {
        { "count", count },
        { "find", find },
        { "get", get },
        { "create", create },
        { "update", update },
        { "may", may },
        { "delete", delete },
        { "aggregate", aggregate },
        { "transaction", transaction },
        { NULL, NULL },
    };

    index = lua_absindex(L, index);
    luaL_newlibtable(L, functions);
    lua_pushvalue(L, index);
    luaL_setfuncs(L, functions, 1);
}

/* ---- on the record of a hook ---- */

static struct value *before_of(const struct tn_record *handle, const char *key)
{
    return value_in(host_record.before(handle, key));
}

static int before(lua_State *L)
{
    convert_push(L, before_of(handle_record(L, 1), luaL_checkstring(L, 2)));
    return 1;
}

static int changed(lua_State *L)
{
    struct tn_record *handle = handle_record(L, 1);
    const char *key = luaL_checkstring(L, 2);
    const struct value *now = host_record_member(
        handle->call->ctx, handle->record, handle->record->values, key);
    const struct value *then = before_of(handle, key);

    lua_pushboolean(L, !value_equal(now, then) &&
                           !(value_is_empty(now) && value_is_empty(then)));
    return 1;
}

static int is_new(lua_State *L)
{
    lua_pushboolean(L, host_record.is_new(handle_record(L, 1)));
    return 1;
}

static int form(lua_State *L)
{
    lua_pushstring(L, host_record.form(handle_record(L, 1)));
    return 1;
}

void records_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "before", before }, { "changed", changed }, { "is_new", is_new },
        { "form", form },     { NULL, NULL },
    };

    luaL_setfuncs(L, functions, 0);
}
