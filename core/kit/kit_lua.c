/*
 * kit_lua.c - `require "tenon.test"`: what a test can say.
 */
#include "base/banned.h"

#include "kit/internal.h"

#include <lauxlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/value.h"
#include "event/job.h"
#include "notify/notify.h"
#include "org/admin.h"
#include "org/org.h"
#include "org/person.h"
#include "plugin/lua_test.h"
#include "script/convert.h"
#include "store/db.h"

enum { ROUNDS = 200, JOBS = 100, KEYS_MAX = 4096, NOTICES = 100 };

struct kit *kit_of(lua_State *L)
{
    return lua_test_host(L);
}

void kit_remember(struct kit *kit, const struct ctx *own)
{
    const struct problem *problem;
    struct buf keys;

    buf_init(&keys, kit->ctx->arena, KEYS_MAX);
    buf_add_char(&keys, ',');
    for (problem = own->problems; problem; problem = problem->next)
        buf_addf(&keys, "%s,", problem->key ? problem->key : "-");
    kit->last_keys = buf_text(&keys);
    kit->last_text =
        arena_strdup(kit->ctx->arena, own->problems ? ctx_error(own) : "");
}

int kit_act_as(struct ctx *own, struct kit *kit, const char *login)
{
    int rc;

    *own = *kit->ctx;
    ctx_clear(own);
    own->system = false;
    own->person = NULL;
    rc = epoch_read(own);
    return rc || !login ? rc : person_find_login(&own->person, own, login);
}

static int raise(lua_State *L, const struct ctx *ctx)
{
    return luaL_error(L, "%s", ctx_error(ctx));
}

/* ---- declaring ---- */

/* test("what holds", function() … end) */
static int declare(lua_State *L)
{
    struct kit *kit = kit_of(L);
    struct kit_test *test = arena_alloc(kit->ctx->arena, sizeof *test);

    test->name = arena_strdup(kit->ctx->arena, luaL_checkstring(L, 1));
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    test->reference = luaL_ref(L, LUA_REGISTRYINDEX);
    vector_add(&kit->tests, test);
    return 0;
}

/* ---- who acts ---- */

static int act(lua_State *L, const char *login, int index, bool as_module)
{
    struct kit *kit = kit_of(L);
    struct ctx *own = arena_alloc(kit->ctx->arena, sizeof *own);

    if (kit_act_as(own, kit, login))
        return raise(L, own);
    luaL_checktype(L, index, LUA_TFUNCTION);
    if (lua_test_as(L, own, index, as_module))
        return 1;
    kit_remember(kit, own);
    return lua_error(L);
}

/* as("li.na", function(ctx) … end): what it returns */
static int as_person(lua_State *L)
{
    return act(L, luaL_checkstring(L, 1), 2, false);
}

/* as_module(function(ctx) … end): as its hooks and services act */
static int as_module(lua_State *L)
{
    return act(L, NULL, 1, true);
}

/* ---- what has to hold ---- */

static const char *shown(lua_State *L, int index)
{
    return luaL_tolstring(L, index, NULL);
}

/* equal(got, expected [, what]) */
static int equal(lua_State *L)
{
    struct arena *arena = kit_of(L)->ctx->arena;
    const char *what = luaL_optstring(L, 3, "value");

    lua_settop(L, 3);
    if (lua_rawequal(L, 1, 2) || lua_compare(L, 1, 2, LUA_OPEQ) ||
        value_equal(convert_pull(L, 1, arena), convert_pull(L, 2, arena)))
        return 0;
    return luaL_error(L, "%s: expected %s, got %s", what, shown(L, 2),
                      shown(L, 1));
}

/* ok(condition [, what]): the condition */
static int ok(lua_State *L)
{
    if (!lua_toboolean(L, 1))
        return luaL_error(L, "%s", luaL_optstring(L, 2, "this does not hold"));
    lua_settop(L, 1);
    return 1;
}

/* refused("vehicle.overlap", function() … end) */
static int refused(lua_State *L)
{
    struct kit *kit = kit_of(L);
    const char *key = luaL_checkstring(L, 1);
    const char *wanted = arena_printf(kit->ctx->arena, ",%s,", key);
    struct ctx *ctx = lua_test_ctx(L);

    luaL_checktype(L, 2, LUA_TFUNCTION);
    kit->last_keys = ",";
    lua_settop(L, 2);
    if (lua_pcall(L, 0, 0, 0) == LUA_OK)
        return luaL_error(L, "this was not refused; expected %s", key);
    if (ctx && ctx->problems)
        kit_remember(kit, ctx);
    if (!strstr(kit->last_keys, wanted))
        return luaL_error(L, "expected the refusal %s, got%s %s", key,
                          kit->last_keys, shown(L, -1));
    lua_test_forgive(L);
    return 0;
}

/* ---- time ---- */

/* Sessions end with time; a test's person is just here again. */
static void set_clock(lua_State *L, int64_t instant)
{
    struct kit *kit = kit_of(L);

    clock_set(instant);
    kit->tokens = map_new(kit->ctx->arena);
}

/* at("2026-11-26T08:00:00Z") */
static int at(lua_State *L)
{
    int64_t instant;

    if (!instant_parse(&instant, luaL_checkstring(L, 1), zone_utc()))
        return luaL_error(L, "\"%s\" is no point in time", lua_tostring(L, 1));
    set_clock(L, instant);
    return 0;
}

/* pass("90m"), pass("2d"): the clock goes on */
static int pass(lua_State *L)
{
    const char *text = luaL_checkstring(L, 1);
    char *unit;
    long number = strtol(text, &unit, 10);
    int64_t seconds = strcmp(unit, "s") == 0   ? 1
                      : strcmp(unit, "m") == 0 ? 60
                      : strcmp(unit, "h") == 0 ? 3600
                      : strcmp(unit, "d") == 0 ? 86400
                                               : 0;

    if (number <= 0 || !seconds)
        return luaL_error(L, "\"%s\": expected 30s, 90m, 2h or 3d", text);
    set_clock(L, clock_now() + number * seconds * 1000);
    return 0;
}

/* jobs(): runs what is due, deliveries and mails included; how many */
static int jobs(lua_State *L)
{
    struct kit *kit = kit_of(L);
    struct ctx own = ctx_apart(kit->ctx);
    int64_t due, total = 0;
    int round, done;

    for (round = 0; round < ROUNDS; round++) {
        done = job_run_due(&own, JOBS, &due);
        if (done < 0)
            return raise(L, &own);
        if (done == 0)
            break;
        total += done;
    }
    lua_pushinteger(L, total);
    return 1;
}

/* ---- what came out ---- */

/* mails(): list of {to, subject, text}, oldest first; and forgets them */
static int mails(lua_State *L)
{
    struct kit *kit = kit_of(L);

    convert_push(L, kit->mails);
    kit->mails = value_list(kit->ctx->arena);
    return 1;
}

/* notices("li.na"): list of {text, link, read}, newest first */
static int notices(lua_State *L)
{
    struct kit *kit = kit_of(L);
    struct value *list = NULL;
    struct ctx own;
    int rc = kit_act_as(&own, kit, luaL_checkstring(L, 1));

    if (!rc)
        rc = notify_list(&list, &own, NOTICES);
    if (rc)
        return raise(L, &own);
    convert_push(L, list);
    return 1;
}

/* ---- people ---- */

static int64_t department_named(lua_State *L, struct ctx *ctx, const char *name)
{
    const struct department **list;
    size_t count, i;

    if (!name)
        return 0;
    if (department_list(&list, &count, ctx))
        raise(L, ctx);
    for (i = 0; i < count; i++)
        if (strcmp(list[i]->name, name) == 0)
            return list[i]->id;
    return luaL_error(L, "there is no department \"%s\"", name);
}

static int give_role(struct ctx *ctx, int64_t user, const char *key)
{
    int64_t role;
    int rc = role_find(&role, ctx, key);

    if (rc == E_NOT_FOUND) {
        ctx_clear(ctx);
        rc = role_create(&role, ctx, key, key);
    }
    return rc ? rc : role_grant(ctx, user, role, true);
}

/* person{ login =, name =, department =, roles = { … } }: the id */
static int person(lua_State *L)
{
    struct kit *kit = kit_of(L);
    struct ctx own = *kit->ctx;
    const struct value *given, *roles;
    struct user_input input = { 0 };
    int64_t id = 0;
    size_t i;
    int rc;

    luaL_checktype(L, 1, LUA_TTABLE);
    given = convert_pull(L, 1, own.arena);
    roles = value_get(given, "roles");
    input.login = value_get_text(given, "login");
    input.name = value_get_text(given, "name");
    if (!input.name)
        input.name = input.login;
    input.mail = value_get_text(given, "mail");
    input.department =
        department_named(L, &own, value_get_text(given, "department"));
    rc = user_create(&id, &own, &input);
    for (i = 0; !rc && i < value_count(roles); i++)
        rc = give_role(&own, id, value_as_text(value_at(roles, i)));
    if (rc)
        return raise(L, &own);
    lua_pushstring(L, arena_printf(own.arena, "%lld", (long long)id));
    return 1;
}

/* id_of("li.na") */
static int id_of(lua_State *L)
{
    struct kit *kit = kit_of(L);
    struct ctx own;

    if (kit_act_as(&own, kit, luaL_checkstring(L, 1)))
        return raise(L, &own);
    lua_pushstring(L,
                   arena_printf(own.arena, "%lld", (long long)own.person->id));
    return 1;
}

int kit_library(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "test", declare }, { "as", as_person },    { "equal", equal },
        { "ok", ok },        { "refused", refused }, { "as_module", as_module },
        { "at", at },        { "pass", pass },       { "jobs", jobs },
        { "mails", mails },  { "notices", notices }, { "person", person },
        { "id_of", id_of },  { NULL, NULL },
    };

    luaL_newlib(L, functions);
    kit_http(L);
    return 1;
}
