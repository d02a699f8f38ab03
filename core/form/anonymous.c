/*
 * anonymous.c - records that can't be traced to who saved them.
 *
 * Nothing here hides anything afterwards: what would tell is not written.
 */
#include "base/banned.h"

#include "form/anonymous.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/site.h"
#include "base/str.h"
#include "form/attachment.h"
#include "form/field_type.h"
#include "form/record.h"
#include "store/blob.h"
#include "store/db.h"

/* Defaults that say who or when. */
static bool tells(const char *text)
{
    return text_equal(text, "me") || text_equal(text, "my_department") ||
           text_equal(text, "now");
}

static void check_fields(struct ctx *ctx, const struct form *form)
{
    size_t i;

    for (i = 0; i < form->field_count; i++) {
        const struct field *field = form->fields[i];
        const char *given = value_as_text(value_get(field->options, "default"));

        if (strcmp(field->type->name, "auto_number") == 0)
            definition_error(
                ctx, arena_printf(ctx->arena, "/fields/%zu/type", i),
                "expected no automatic number: an anonymous form has no order");
        if (given && tells(given))
            definition_error(
                ctx, arena_printf(ctx->arena, "/fields/%zu/default", i),
                "expected no \"%s\": the form is anonymous", given);
    }
}

void anonymous_read(struct ctx *ctx, struct form *form,
                    const struct value *definition)
{
    const struct value *given = value_get(definition, "anonymous");

    if (!given)
        return;
    form->undated = text_equal(value_as_text(given), "undated");
    if (!form->undated && value_kind(given) != VALUE_BOOL) {
        definition_error(ctx, "/anonymous",
                         "expected true, false or \"undated\"");
        return;
    }
    form->anonymous = form->undated || value_as_bool(given);
    if (!form->anonymous)
        return;
    if (form->flow)
        definition_error(ctx, "/flow",
                         "expected none: a process knows who submits");
    check_fields(ctx, form);
}

int64_t anonymous_id(void)
{
    int64_t id;

    do {
        random_bytes(&id, sizeof id);
        id &= INT64_MAX;
    } while (!id);
    return id;
}

int64_t anonymous_instant(struct ctx *ctx, const struct form *form)
{
    const struct zone *zone =
        ctx->site ? zone_find(ctx->site->settings.zone) : NULL;
    struct civil civil;

    if (form->undated)
        return 0;
    civil_of(&civil, clock_now(), zone ? zone : zone_utc());
    civil.hour = civil.minute = civil.second = civil.millisecond = 0;
    return civil_instant(&civil, zone ? zone : zone_utc());
}

/* The stored bytes bear the time at which they came; where somebody else's
 * file has the same content it is his time that goes, which harms nobody. */
static int forget_time(struct ctx *ctx, int64_t id, int64_t at)
{
    struct attachment *file;
    int rc = attachment_find(&file, ctx, id);

    return rc ? rc : blob_forget_time(ctx, file->hash, at);
}

/* Pages of a PDF go: their rows would keep the order of the uploads. */
static int forget_file(struct ctx *ctx, int64_t id, int64_t new_id, int64_t at)
{
    int rc = db_exec(ctx, "DELETE FROM attachment_page WHERE attachment = ?1",
                     "i", id);

    return rc ? rc
              : db_exec(ctx,
                        "UPDATE attachment SET id = ?2, owner = 0, pages = -1,"
                        " created_at = ?3 WHERE id = ?1 AND record = 0",
                        "iii", id, new_id, at);
}

int anonymous_files(struct ctx *ctx, struct record *record)
{
    const struct form *form = record->form;
    int64_t at = anonymous_instant(ctx, form);
    size_t i, j;
    int rc = 0;

    for (i = 0; !rc && i < form->field_count; i++) {
        const struct field *field = form->fields[i];
        const struct value *ids = value_get(record->values, field->key);
        struct value *list;

        if (strcmp(field->type->name, "file") != 0 || !value_count(ids))
            continue;
        list = value_list(ctx->arena);
        for (j = 0; !rc && j < value_count(ids); j++) {
            int64_t id = anonymous_id();

            rc = forget_time(ctx, value_as_id(value_at(ids, j)), at);
            if (!rc)
                rc = forget_file(ctx, value_as_id(value_at(ids, j)), id, at);
            value_append(list,
                         value_text(ctx->arena, arena_printf(ctx->arena, "%lld",
                                                             (long long)id)));
        }
        value_set(record->values, field->key, list);
    }
    return rc;
}
