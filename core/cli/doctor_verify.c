/*
 * doctor_verify.c - `tenon doctor --verify` and --mend: what each room knows
 * that may be wrong (store/health.h).
 */
#include "base/banned.h"

#include "cli/doctor.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "base/zone.h"
#include "cli/site.h"
#include "org/person.h"
#include "store/db.h"
#include "store/health.h"
#include "worker/schema.h"

/* What is mended may show what was hidden by it: a token without a task gets
 * none before it stands in its process again. */
enum { ROUNDS = 4 };

static const char *detail_of(struct ctx *ctx, const struct value *entry)
{
    const struct value *examples = value_get(entry, "examples");
    struct buf buf;
    size_t i;

    buf_init(&buf, ctx->arena, 8192);
    for (i = 0; i < value_count(examples); i++)
        buf_addf(&buf, "%s%s", i ? "; " : "",
                 value_as_text(value_at(examples, i)));
    if (value_get_int(entry, "count", 0) > (int64_t)value_count(examples))
        buf_add_text(&buf, "; …");
    return buf_text(&buf);
}

static void add_text(struct ctx *ctx, struct value *line, const char *name,
                     const char *key)
{
    value_set_text(line, name, tr_with(ctx, key, line));
}

static void tell(struct doctor *doctor, struct value *entry)
{
    struct ctx *ctx = doctor->ctx;
    const char *key = value_get_text(entry, "key");

    value_set_text(entry, "detail", detail_of(ctx, entry));
    add_text(ctx, entry, "text", key);
    if (value_get_bool(entry, "mended")) {
        value_set_text(entry, "verdict", "done");
    } else {
        add_text(ctx, entry, "mend", arena_printf(ctx->arena, "%s_mend", key));
        if (value_get_bool(entry, "mendable") && !doctor->mend)
            value_set_text(entry, "mend",
                           arena_printf(ctx->arena, "%s %s",
                                        value_get_text(entry, "mend"),
                                        tr(ctx, "cli.doctor.by_machine")));
    }
    doctor_line(doctor, entry);
}

static bool any_mendable(const struct value *found)
{
    size_t i;

    for (i = 0; i < value_count(found); i++)
        if (value_get_bool(value_at(found, i), "mendable"))
            return true;
    return false;
}

/* Says what was mended; what was not stays for the last look. */
static bool tell_mended(struct doctor *doctor, const struct value *found)
{
    bool any = false;
    size_t i;

    for (i = 0; i < value_count(found); i++)
        if (value_get_bool(value_at(found, i), "mended")) {
            tell(doctor, value_at(found, i));
            any = true;
        }
    return any;
}

/* "ok" for each room of which nothing was found. */
static void tell_rooms(struct doctor *doctor, const struct value *found)
{
    struct ctx *ctx = doctor->ctx;
    const char *before = "";
    size_t i, j;

    for (i = 0; schema_health[i]; i++) {
        const char *room = schema_health[i]->name;
        struct value *line;
        bool well = strcmp(room, before) != 0;

        before = room;
        for (j = 0; j < value_count(found); j++)
            if (text_equal(value_get_text(value_at(found, j), "room"), room))
                well = false;
        if (!well)
            continue;
        line = value_map(ctx->arena);
        value_set_text(line, "key",
                       arena_printf(ctx->arena, "cli.doctor.rooms.%s", room));
        value_set_text(line, "verdict", "ok");
        add_text(ctx, line, "text", value_get_text(line, "key"));
        doctor_line(doctor, line);
    }
}

void doctor_verify(struct doctor *doctor)
{
    struct ctx *ctx = doctor->ctx;
    const struct zone *zone = zone_find(ctx->site->settings.zone);
    struct value *found;
    size_t i;
    int round;

    ctx->system = true;
    ctx->zone = zone ? zone : zone_utc();
    if (epoch_read(ctx))
        ctx_clear(ctx);
    for (round = 0;; round++) {
        if (health_look(&found, ctx, schema_health) || !doctor->mend ||
            round == ROUNDS || !any_mendable(found))
            break;
        health_mend(ctx, schema_health, found);
        if (!tell_mended(doctor, found))
            break;
        person_sweep();
        if (epoch_read(ctx))
            ctx_clear(ctx);
    }
    for (i = 0; i < value_count(found); i++)
        tell(doctor, value_at(found, i));
    tell_rooms(doctor, found);
}
