/*
 * script.c - calls and expressions of Lua in terms of the value tree.
 *
 * Everything that touches the Lua state happens in a body under
 * sandbox_call: an error there, memory included, comes back as a status.
 */
#include "base/banned.h"

#include "script/script.h"

#include <lauxlib.h>
#include <limits.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/value.h"
#include "ipc/slot.h"
#include "script/convert.h"
#include "script/lib_decimal.h"
#include "script/sandbox.h"
#include "script/status.h"

struct script {
    struct sandbox *box;
    struct script_limits limits;
    int depth; /* calls inside each other */
};

/* Arguments of the bodies. */
struct job {
    struct ctx *ctx;
    const char *name, *text, *today;
    size_t length;
    const struct value *const *args;
    size_t count;
    const struct value *env;
    struct value *result;
    bool truth, missing;
};

int script_open(struct script **out, struct ctx *ctx, const char *name,
                const struct script_limits *limits)
{
    static const struct script_limits defaults = { 5000000, 500, 16 << 20,
                                                   false };
    struct script *script = calloc(1, sizeof(*script));

    *out = NULL;
    if (!script)
        return fail(ctx, E_LIMIT, "script.memory",
                    "%s needs more memory than it may use", name);
    script->limits = defaults;
    if (limits) {
        if (limits->steps)
            script->limits.steps = limits->steps;
        if (limits->milliseconds)
            script->limits.milliseconds = limits->milliseconds;
        if (limits->memory)
            script->limits.memory = limits->memory;
        script->limits.strict = limits->strict;
    }
    script->box = sandbox_open(script->limits.memory, !script->limits.strict);
    if (!script->box) {
        free(script);
        return fail(ctx, E_LIMIT, "script.memory",
                    "%s needs more memory than it may use", name);
    }
    sandbox_set_interrupt(script->box, slot_soft);
    *out = script;
    return 0;
}

void script_close(struct script *script)
{
    if (!script)
        return;
    sandbox_close(script->box);
    free(script);
}

struct sandbox *script_sandbox(struct script *script)
{
    return script->box;
}

int script_fail(struct ctx *ctx, int status, const char *name,
                const char *message)
{
    switch (status) {
    case SANDBOX_OK:
        return 0;
    case SANDBOX_LIMIT:
        return fail(ctx, E_TIMEOUT, "script.limit",
                    "%s takes too many steps or too long", name);
    case SANDBOX_MEMORY:
        return fail(ctx, E_LIMIT, "script.memory",
                    "%s needs more memory than it may use", name);
    case SANDBOX_SYNTAX:
        return fail(ctx, E_INVALID, "script.syntax", "%s can't be read: %s",
                    name, message);
    default:
        return fail(ctx, E_INVALID, "script.failed", "%s failed: %s", name,
                    message);
    }
}

/* A day begins on a minute in every zone: within one the date is known. */
const char *script_today(struct ctx *ctx)
{
    static struct {
        const struct zone *zone;
        int64_t minute;
        char text[TIME_TEXT_MAX];
    } known;
    const struct zone *zone = ctx->zone ? ctx->zone : zone_utc();
    int64_t now = clock_now();
    struct civil civil;

    if (known.zone != zone || known.minute != now / 60000) {
        civil_of(&civil, now, zone);
        snprintf(known.text, sizeof known.text, "%04d-%02d-%02d",
                 civil.year % 10000, civil.month, civil.day);
        known.zone = zone;
        known.minute = now / 60000;
    }
    return arena_strdup(ctx->arena, known.text);
}

static int milliseconds(const struct script *script, const struct ctx *ctx)
{
    int64_t left;

    if (!ctx->deadline)
        return script->limits.milliseconds;
    left = ctx->deadline - clock_monotonic();
    if (left >= script->limits.milliseconds)
        return script->limits.milliseconds;
    return left > 0 ? (int)left : 0;
}

static enum sandbox_status run(struct script *script, lua_CFunction body,
                               struct job *job)
{
    enum sandbox_status status;

    script->depth++;
    status = sandbox_call(script->box, body, job, script->limits.steps,
                          milliseconds(script, job->ctx));
    script->depth--;
    return status;
}

/* Loading. */

static int compile_body(lua_State *L)
{
    struct job *job = lua_touserdata(L, 1);

    date_set_today(L, job->today);
    sandbox_compile(L, job->name, job->text, job->length);
    lua_setglobal(L, "\1loaded");
    return 0;
}

static int start_body(lua_State *L)
{
    lua_getglobal(L, "\1loaded");
    lua_pushnil(L);
    lua_setglobal(L, "\1loaded");
    lua_call(L, 0, 0);
    return 0;
}

int script_load(struct ctx *ctx, struct script *script, const char *name,
                const char *source, size_t length)
{
    struct job job = { .ctx = ctx,
                       .name = name,
                       .text = source,
                       .length = length,
                       .today = script_today(ctx) };
    enum sandbox_status status = run(script, compile_body, &job);

    if (status == SANDBOX_FAILED)
        status = SANDBOX_SYNTAX;
    if (status == SANDBOX_OK)
        status = run(script, start_body, &job);
    return script_fail(ctx, status, name, sandbox_error(script->box));
}

/* Calling. */

static int has_body(lua_State *L)
{
    struct job *job = lua_touserdata(L, 1);

    job->truth = lua_getglobal(L, job->name) == LUA_TFUNCTION;
    return 0;
}

bool script_has(struct script *script, const char *function)
{
    struct job job = { .name = function };

    return sandbox_call(script->box, has_body, &job, INT_MAX, INT_MAX) ==
               SANDBOX_OK &&
           job.truth;
}

static int call_body(lua_State *L)
{
    struct job *job = lua_touserdata(L, 1);
    size_t i;

    date_set_today(L, job->today);
    if (lua_getglobal(L, job->name) != LUA_TFUNCTION) {
        job->missing = true;
        return 0;
    }
    luaL_checkstack(L, (int)job->count + 4, "arguments");
    for (i = 0; i < job->count; i++)
        convert_push(L, job->args[i]);
    lua_call(L, (int)job->count, 1);
    job->result = convert_pull(L, -1, job->ctx->arena);
    return 0;
}

int script_call(struct value **out, struct ctx *ctx, struct script *script,
                const char *function, const struct value *const *args,
                size_t count)
{
    struct job job = { .ctx = ctx,
                       .name = function,
                       .args = args,
                       .count = count,
                       .today = script_today(ctx) };
    enum sandbox_status status = run(script, call_body, &job);

    *out = job.result;
    if (job.missing)
        return fail(ctx, E_NOT_FOUND, "script.function",
                    "there is no function '%s'", function);
    return script_fail(ctx, status, function, sandbox_error(script->box));
}

/* Expressions. */

/* A key of the environment: upvalue is a light pointer to the map. */
static bool lookup_env(lua_State *L, int index)
{
    const struct value *env = lua_touserdata(L, index);
    const struct value *found;

    if (lua_type(L, -1) != LUA_TSTRING)
        return false;
    found = value_get(env, lua_tostring(L, -1));
    if (!found)
        return false;
    convert_push(L, found);
    return true;
}

static int eval_body(lua_State *L)
{
    struct job *job = lua_touserdata(L, 1);

    date_set_today(L, job->today);
    sandbox_push_expression(L, job->text, job->length);
    lua_pushlightuserdata(L, (void *)job->env);
    sandbox_push_environment(L, -1, lookup_env);
    lua_remove(L, -2);
    lua_call(L, 1, 1);
    job->truth = lua_toboolean(L, -1);
    job->result = convert_pull(L, -1, job->ctx->arena);
    return 0;
}

static int evaluate(struct job *job, struct ctx *ctx, struct script *script,
                    const char *expression, const struct value *env)
{
    enum sandbox_status status;

    *job = (struct job){ .ctx = ctx,
                         .text = expression,
                         .env = env,
                         .length = strlen(expression),
                         .today = script_today(ctx) };
    status = run(script, eval_body, job);
    return script_fail(ctx, status, expression, sandbox_error(script->box));
}

int script_eval(struct value **out, struct ctx *ctx, struct script *script,
                const char *expression, const struct value *env)
{
    struct job job;
    int rc = evaluate(&job, ctx, script, expression, env);

    *out = job.result;
    return rc;
}

int script_test(bool *out, struct ctx *ctx, struct script *script,
                const char *expression, const struct value *env)
{
    struct job job;
    int rc = evaluate(&job, ctx, script, expression, env);

    *out = rc == 0 && job.truth;
    return rc;
}

static int check_body(lua_State *L)
{
    struct job *job = lua_touserdata(L, 1);

    sandbox_push_expression(L, job->text, job->length);
    return 0;
}

int script_check(struct ctx *ctx, struct script *script, const char *expression)
{
    struct job job = { .ctx = ctx,
                       .text = expression,
                       .length = strlen(expression) };
    enum sandbox_status status = run(script, check_body, &job);

    if (status == SANDBOX_FAILED)
        status = SANDBOX_SYNTAX;
    return script_fail(ctx, status, expression, sandbox_error(script->box));
}

int script_shared(struct script **out, struct ctx *ctx)
{
    static struct script *shared;
    int rc;

    /* Texts of old definitions pile up in its cache; start anew at times. */
    if (shared && shared->depth == 0 &&
        sandbox_used(shared->box) > shared->limits.memory / 4) {
        script_close(shared);
        shared = NULL;
    }
    if (!shared) {
        rc = script_open(&shared, ctx, "expressions", NULL);
        if (rc)
            return rc;
    }
    *out = shared;
    return 0;
}
