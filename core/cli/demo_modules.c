/*
 * demo_modules.c - what the example modules hold in the demo company: cars
 * and their bookings of today, notices.
 *
 * Each record is saved by the person who would have, with all checks.
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
#include "store/db.h"

enum { FILE_MAX_BYTES = 256 * 1024, DAY_MS = 24 * 3600 * 1000 };

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

static int save(struct ctx *ctx, struct map *keys, const struct value *row)
{
    const char *key = value_get_text(row, "key");
    const struct form *form;
    struct record *record;
    int rc = person_find_login(&ctx->person, ctx, value_get_text(row, "by"));

    if (!rc)
        rc = form_find(&form, ctx, value_get_text(row, "form"));
    ctx->system = false;
    if (!rc)
        rc = record_create(&record, ctx, form,
                           fill_values(ctx, keys, value_get(row, "values")),
                           NULL);
    ctx->system = true;
    ctx->person = NULL;
    if (!rc && key)
        map_set(keys, key,
                arena_memdup(ctx->arena, &record->id, sizeof record->id));
    return rc;
}

int demo_modules(struct ctx *ctx)
{
    const char *path =
        arena_printf(ctx->arena, "%s/demo/modules.json", ctx->site->share);
    struct map *keys = map_new(ctx->arena);
    const struct value *rows;
    struct value *file;
    const char *text;
    size_t length, i;
    int rc = plugins_enable_examples(ctx);

    if (!rc)
        rc = epoch_read(ctx);
    if (!rc)
        rc = plugins_load(ctx);
    if (!rc)
        rc = file_read(&text, &length, ctx, path, FILE_MAX_BYTES);
    if (!rc)
        rc = json_parse(&file, ctx, text, length);
    rows = rc ? NULL : value_get(file, "records");
    for (i = 0; !rc && i < value_count(rows); i++)
        rc = save(ctx, keys, value_at(rows, i));
    return rc;
}
