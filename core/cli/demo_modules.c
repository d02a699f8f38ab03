/*
 * demo_modules.c - what the example modules hold in the demo company: cars
 * and their bookings of today, notices, the sales department's year, surveys.
 *
 * Each record is saved by the person who would have, with all checks, at the
 * time when he would have.
 */
#include "base/banned.h"

#include "cli/demo.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/map.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "form/form.h"
#include "form/record.h"
#include "org/person.h"
#include "plugin/plugin.h"
#include "script/script.h"
#include "store/db.h"

enum {
    FILE_MAX_BYTES = 256 * 1024,
    BATCH = 200,
    MINUTE_MS = 60 * 1000,
    DAY_MS = 24 * 60 * MINUTE_MS
};

/* "@1 09:30": that many days from today, in the site's zone; "@1": a date. */
static struct value *time_value(struct ctx *ctx, const char *text)
{
    char *end;
    long days = strtol(text + 1, &end, 10);
    struct civil civil;
    char instant[TIME_TEXT_MAX];

    civil_of(&civil, clock_now() + (int64_t)days * DAY_MS, ctx->zone);
    if (!*end)
        return value_text(ctx->arena,
                          arena_printf(ctx->arena, "%04d-%02d-%02d", civil.year,
                                       civil.month, civil.day));
    civil.hour = (int)strtol(end + 1, &end, 10);
    civil.minute = *end == ':' ? (int)strtol(end + 1, NULL, 10) : 0;
    civil.second = civil.millisecond = 0;
    instant_format(instant, civil_instant(&civil, ctx->zone));
    return value_text(ctx->arena, instant);
}

/* "#van": the record of that key; "#li.na": the person. */
static struct value *id_value(struct ctx *ctx, const struct map *keys,
                              const char *key)
{
    const struct person *person;
    const int64_t *id = map_get(keys, key);
    int64_t found = id ? *id : 0;

    if (!found && person_find_login(&person, ctx, key) == 0)
        found = person->id;
    return value_text(ctx->arena,
                      arena_printf(ctx->arena, "%lld", (long long)found));
}

static struct value *fill_values(struct ctx *ctx, const struct map *keys,
                                 const struct value *given)
{
    struct value *values = value_map(ctx->arena);
    size_t i;

    for (i = 0; i < value_count(given); i++) {
        struct value *value = value_item_at(given, i);
        const char *text = value_as_text(value);

        if (value_kind(value) == VALUE_MAP)
            value = value_text(ctx->arena, locale_pick(ctx, value));
        else if (text && *text == '@')
            value = time_value(ctx, text);
        else if (text && *text == '#')
            value = id_value(ctx, keys, text + 1);
        value_set(values, value_key_at(given, i), value);
    }
    return values;
}

/* "days" ago, at the "minute" of that day; without them: now. */
static void set_clock(struct ctx *ctx, const struct value *row)
{
    int64_t now = clock_now(), then;
    struct civil civil;

    if (!value_get(row, "days"))
        return;
    civil_of(&civil, now - value_get_int(row, "days", 0) * DAY_MS, ctx->zone);
    civil.hour = civil.minute = civil.second = civil.millisecond = 0;
    then = civil_instant(&civil, ctx->zone) +
           value_get_int(row, "minute", 0) * MINUTE_MS;
    clock_set(then < now ? then : now);
}

/* One record: a new one, or a change of the one whose key is "update". What
 * `keys` holds lies in `memory`. */
static int save(struct ctx *ctx, struct map *keys, struct arena *memory,
                const struct value *row)
{
    const char *key = value_get_text(row, "key");
    const char *update = value_get_text(row, "update");
    const int64_t *old = update ? map_get(keys, update) : NULL;
    const struct value *values =
        fill_values(ctx, keys, value_get(row, "values"));
    const struct form *form;
    struct record *record;
    int rc = person_find_login(&ctx->person, ctx, value_get_text(row, "by"));

    if (!rc)
        rc = form_find(&form, ctx, value_get_text(row, "form"));
    ctx->system = false;
    set_clock(ctx, row);
    if (!rc)
        rc = record_save(&record, ctx, form, old ? *old : 0, 0, values, NULL);
    clock_set(0);
    ctx->system = true;
    ctx->person = NULL;
    if (!rc && key)
        map_set(keys, key,
                arena_memdup(memory, &record->id, sizeof record->id));
    return rc;
}

/* Some at a time: a commit for each of some thousand rows would take its time,
 * and their memory together is more than one arena has. */
static int save_some(struct ctx *ctx, struct map *keys,
                     const struct value *rows, size_t first)
{
    struct arena *outer = ctx->arena, *own = arena_new(0);
    size_t i;
    int rc;

    ctx->arena = own;
    rc = tx_begin(ctx, "demo");
    if (!rc) {
        tx_long(ctx, "demo");
        for (i = first; !rc && i < first + BATCH && i < value_count(rows); i++)
            rc = save(ctx, keys, outer, value_at(rows, i));
        rc = tx_end(ctx, rc);
    }
    ctx->arena = outer;
    if (!rc) /* else the problems lie in it */
        arena_free(own);
    return rc;
}

static int save_all(struct ctx *ctx, const struct value *rows)
{
    struct map *keys = map_new(ctx->arena);
    size_t i;
    int rc = 0;

    for (i = 0; !rc && i < value_count(rows); i += BATCH)
        rc = save_some(ctx, keys, rows, i);
    return rc;
}

static int read_share(const char **text, size_t *length, struct ctx *ctx,
                      const char *name)
{
    return file_read(
        text, length, ctx,
        arena_printf(ctx->arena, "%s/demo/%s", ctx->site->share, name),
        FILE_MAX_BYTES);
}

/* 1: Monday. The first day of 1970 was a Thursday. */
static int weekday_of(const struct civil *day)
{
    struct civil noon = {
        .year = day->year, .month = day->month, .day = day->day, .hour = 12
    };

    return (int)((civil_instant(&noon, zone_utc()) / DAY_MS + 3) % 7) + 1;
}

/* What demo/NAME.lua makes up for somebody who begins today. */
static int make_up(struct value **rows, struct ctx *ctx, const char *name)
{
    static const struct script_limits limits = { .steps = 50000000,
                                                 .milliseconds = 10000,
                                                 .memory = 64 << 20 };
    struct script *script;
    const struct value *args[3];
    struct civil today;
    const char *text;
    size_t length;
    int rc = read_share(&text, &length, ctx, name);

    if (!rc)
        rc = script_open(&script, ctx, name, &limits);
    if (rc)
        return rc;
    civil_of(&today, clock_now(), ctx->zone);
    args[0] = value_text(ctx->arena, ctx->locale);
    args[1] = value_int(ctx->arena, today.month);
    args[2] = value_int(ctx->arena, weekday_of(&today));
    rc = script_load(ctx, script, name, text, length);
    if (!rc)
        rc = script_call(rows, ctx, script, "records", args, 3);
    script_close(script);
    return rc;
}

int demo_modules(struct ctx *ctx)
{
    static const char *const made_up[] = { "crm.lua", "survey.lua" };
    struct value *file, *made;
    const char *text;
    size_t length, i;
    int rc = plugins_enable_examples(ctx);

    if (!rc)
        rc = epoch_read(ctx);
    if (!rc)
        rc = plugins_load(ctx);
    if (!rc)
        rc = read_share(&text, &length, ctx, "modules.json");
    if (!rc)
        rc = json_parse(&file, ctx, text, length);
    if (!rc)
        rc = save_all(ctx, value_get(file, "records"));
    for (i = 0; !rc && i < sizeof made_up / sizeof *made_up; i++) {
        rc = make_up(&made, ctx, made_up[i]);
        if (!rc)
            rc = save_all(ctx, made);
    }
    return rc;
}
