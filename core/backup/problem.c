/*
 * problem.c - why a backup failed, from the process that made it to whoever
 * reads it later, in his language: kept as JSON {code, key, text, arguments}.
 */
#include "base/banned.h"

#include "backup/backup.h"
#include "backup/internal.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/str.h"
#include "base/value.h"

const char *problem_keep(struct ctx *ctx, int rc)
{
    const struct problem *problem = ctx->problems;
    struct value *map = value_map(ctx->arena);
    struct value *arguments = value_list(ctx->arena);
    int i;

    value_set_int(map, "code", rc);
    value_set_text(map, "key", problem ? problem->key : "store.failed");
    value_set_text(map, "text", ctx_error(ctx));
    for (i = 0; problem && i < problem->arg_count; i++)
        value_append(arguments, value_text(ctx->arena, problem->args[i]));
    value_set(map, "arguments", arguments);
    return json_text(ctx->arena, map);
}

/* False where it is none of ours. */
static bool read_problem(struct problem *out, struct ctx *ctx, const char *json)
{
    struct ctx own = ctx_apart(ctx);
    struct value *map, *arguments;
    int i;

    *out = (struct problem){ .code = E_UNAVAILABLE };
    if (text_empty(json) || json_parse(&map, &own, json, strlen(json)) ||
        !value_get_text(map, "key"))
        return false;
    out->key = value_get_text(map, "key");
    out->text = value_get_text(map, "text");
    arguments = value_get(map, "arguments");
    out->arg_count = (int)value_count(arguments);
    for (i = 0; i < out->arg_count && i < PROBLEM_ARGS_MAX; i++)
        out->args[i] = value_as_text(value_at(arguments, (size_t)i));
    return true;
}

int problem_fail(struct ctx *ctx, const char *json)
{
    struct problem problem;
    int code;

    if (!read_problem(&problem, ctx, json))
        return fail(ctx, E_UNAVAILABLE, "backup.ended",
                    "the process that made the backup ended");
    /* Administrators read it: the reason is no secret of the machine's. */
    code = fail(ctx, E_UNAVAILABLE, problem.key, "%s", problem.text);
    ctx->last_problem->arg_count = problem.arg_count;
    memcpy(ctx->last_problem->args, problem.args, sizeof problem.args);
    return code;
}

const char *problem_show(struct ctx *ctx, const char *json)
{
    struct problem problem;

    if (read_problem(&problem, ctx, json))
        return problem_message(ctx, &problem);
    (void)problem_fail(ctx, json);
    json = problem_message(ctx, ctx->last_problem);
    ctx_clear(ctx);
    return json;
}
