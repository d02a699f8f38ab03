/*
 * host_call.c - the SDK's table `call`: memory, refusals, log, texts, time.
 */
#include "base/banned.h"

#include "plugin/host.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/numbers.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/str.h"
#include "base/value.h"
#include "org/person.h"
#include "plugin/call.h"
#include "plugin/manifest.h"

enum { ALLOC_MAX = 64 * 1024 * 1024, TEXT_LOGGED = 500 };

/* The test kit lets the one at 1 fail; 0 and below: all are granted. */
static long until_failure;

void host_alloc_fail(long nth)
{
    until_failure = nth;
}

bool host_alloc_failed(void)
{
    return until_failure < 0;
}

static void *grant(struct arena *arena, size_t size)
{
    if (until_failure > 0 && --until_failure == 0) {
        until_failure = -1;
        return NULL;
    }
    return size <= ALLOC_MAX ? arena_alloc(arena, size) : NULL;
}

static void *host_alloc(tn_ctx *call, size_t size)
{
    return grant(call->ctx->arena, size);
}

static void *host_keep(tn_ctx *call, size_t size)
{
    return grant(call->module->arena, size);
}

/* Gives the last problem its catalog arguments. */
static void add_arguments(struct ctx *ctx, const struct value *arguments)
{
    struct problem *problem = ctx->last_problem;
    char number[DECIMAL_TEXT_MAX + 8];
    struct decimal decimal;
    size_t i;

    for (i = 0; i < value_count(arguments) && i < PROBLEM_ARGS_MAX; i++) {
        const struct value *one = value_at(arguments, i);
        const char *text = value_as_text(one);

        if (!text && value_as_decimal(&decimal, one)) {
            decimal_format(number, decimal);
            text = number;
        }
        problem->args[i] = arena_strdup(ctx->arena, text ? text : "");
        problem->arg_count = (int)i + 1;
    }
}

static int host_fail(tn_ctx *call, int status, const char *field,
                     const char *key, const char *text,
                     const tn_value *arguments)
{
    struct ctx *ctx = call->ctx;
    int rc = status <= TN_E_INVALID && status >= TN_E_UNAVAILABLE
                 ? status
                 : TN_E_INTERNAL;
    int before = ctx->problem_count;

    rc = fail_at(ctx, rc, arena_strdup(ctx->arena, field),
                 arena_strdup(ctx->arena, key ? key : "plugin.no_reason"), "%s",
                 text  ? text
                 : key ? key
                       : call->module->id);
    if (ctx->problem_count > before && arguments)
        add_arguments(ctx, value_in(arguments));
    call->status = rc;
    return rc;
}

static void host_log(tn_ctx *call, int level, const char *event,
                     const char *text)
{
    char cut[TEXT_LOGGED];

    if (level < TN_LOG_DEBUG || level > TN_LOG_ERROR)
        level = TN_LOG_INFO;
    snprintf(cut, sizeof cut, "%s", text ? text : "");
    log_ctx(call->ctx, (enum log_level)level, "module.says", "module",
            call->module->id, "what", event ? event : "", "text", cut, NULL);
}

static const char *host_text(tn_ctx *call, const char *key,
                             const tn_value *arguments)
{
    if (!key)
        return "";
    return arguments ? tr_with(call->ctx, key, value_in(arguments))
                     : tr(call->ctx, key);
}

static const char *host_locale(tn_ctx *call)
{
    return call->ctx->locale;
}

struct value *host_person(struct ctx *ctx)
{
    const struct person *person = ctx->person;
    struct value *map;

    if (!person)
        return NULL;
    map = value_map(ctx->arena);
    value_set_id(map, "id", person->id);
    value_set_text(map, "login", person->login);
    value_set_text(map, "name", person->name);
    if (person->department)
        value_set_id(map, "department", person->department);
    value_set_bool(map, "administrator", person->administrator);
    return map;
}

static const tn_value *host_person_out(tn_ctx *call)
{
    return value_out(host_person(call->ctx));
}

static int64_t host_now(tn_ctx *call)
{
    (void)call;
    return clock_now();
}

static int64_t day_start(int64_t instant, const struct zone *zone)
{
    struct civil civil;

    civil_of(&civil, instant, zone);
    civil.hour = civil.minute = civil.second = civil.millisecond = 0;
    return civil_instant(&civil, zone);
}

/* A day has 23 to 25 hours: 26 behind its start is the next one. */
static int host_day(int64_t *starts, int64_t *ends, tn_ctx *call,
                    int64_t instant)
{
    const struct zone *zone = call->ctx->zone ? call->ctx->zone : zone_utc();
    int64_t start = day_start(instant, zone);

    if (starts)
        *starts = start;
    if (ends)
        *ends = day_start(start + (int64_t)26 * 3600 * 1000, zone);
    return TN_OK;
}

static const char *host_instant(tn_ctx *call, int64_t instant)
{
    return instant_human(call->ctx, instant);
}

static const char *host_date(tn_ctx *call, int64_t instant)
{
    struct ctx *ctx = call->ctx;
    struct civil civil;

    civil_of(&civil, instant, ctx->zone ? ctx->zone : zone_utc());
    return date_human(ctx, arena_printf(ctx->arena, "%04d-%02d-%02d",
                                        civil.year, civil.month, civil.day));
}

static const char *host_time(tn_ctx *call, int64_t instant)
{
    struct ctx *ctx = call->ctx;
    struct civil civil;

    civil_of(&civil, instant, ctx->zone ? ctx->zone : zone_utc());
    return arena_printf(ctx->arena, "%02d:%02d", civil.hour, civil.minute);
}

static const char *host_iso_date(tn_ctx *call, int64_t instant)
{
    struct ctx *ctx = call->ctx;
    struct civil civil;

    civil_of(&civil, instant, ctx->zone ? ctx->zone : zone_utc());
    return arena_printf(ctx->arena, "%04d-%02d-%02d", civil.year, civil.month,
                        civil.day);
}

static const char *host_money(tn_ctx *call, const tn_value *value,
                              const char *currency)
{
    tn_decimal number;

    if (!host_value.as_decimal(&number, value))
        return "";
    return money_human(
        call->ctx, (struct decimal){ number.units, number.scale }, currency);
}

static const char *host_number(tn_ctx *call, const tn_value *value)
{
    return host_money(call, value, NULL);
}

const tn_host_call host_call = {
    .size = sizeof(tn_host_call),
    .alloc = host_alloc,
    .keep = host_keep,
    .fail = host_fail,
    .log = host_log,
    .text = host_text,
    .locale = host_locale,
    .person = host_person_out,
    .now = host_now,
    .day = host_day,
    .instant = host_instant,
    .date = host_date,
    .time = host_time,
    .check = call_check,
    .as_module = host_as_module,
    .token = host_token,
    .iso_date = host_iso_date,
    .number = host_number,
    .money = host_money,
};

/* ---- the whole table ---- */

void host_make(struct tn_module *module)
{
    module->host = (tn_host){
        .abi_major = TN_ABI_MAJOR,
        .abi_minor = TN_ABI_MINOR,
        .size = sizeof(tn_host),
        .call = &host_call,
        .value = &host_value,
        .record = &host_record,
        .records = &host_records,
        .web = manifest_may(module->manifest, "routes") ? &host_web : NULL,
        .add = &host_register,
        .people = manifest_may(module->manifest, "notify") ? &host_people_notify
                                                           : &host_people,
        .files = manifest_may(module->manifest, "files") ? &host_files : NULL,
        .work = &host_work,
    };
}
