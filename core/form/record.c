/*
 * record.c - reading single records, the bin, states, comments.
 *
 * access/ is asked for each record by its facts, never by a guessable id
 * alone (S13). Saving is record_save.c, lists are record_list.c.
 */
#include "base/banned.h"

#include "form/record.h"

#include <assert.h>

#include "access/access.h"
#include "audit/audit.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "event/hook.h"
#include "event/live.h"
#include "event/outbox.h"
#include "form/field_type.h"
#include "form/record_internal.h"
#include "form/reference.h"
#include "form/search.h"
#include "form/sql.h"
#include "org/person.h"
#include "store/dialect.h"

const char *record_subject(struct ctx *ctx, const struct form *form)
{
    return arena_printf(ctx->arena, "record:%s", form->name);
}

static const char *known_state(struct ctx *ctx, const char *state)
{
    return state && strcmp(state, "saved") == 0
               ? "saved"
               : arena_strdup(ctx->arena, state ? state : "saved");
}

/* The system columns of a row, from 0. */
static struct record *read_system(struct ctx *ctx, const struct form *form,
                                  struct query *query)
{
    struct record *record = arena_alloc(ctx->arena, sizeof *record);

    record->form = form;
    record->id = query_int(query, 0);
    record->version = query_int(query, 1);
    record->owner = query_int(query, 2);
    record->department = query_int(query, 3);
    record->state = known_state(ctx, query_text(query, 4));
    record->created_at = query_int(query, 5);
    record->created_by = query_int(query, 6);
    record->updated_at = query_int(query, 7);
    record->updated_by = query_int(query, 8);
    record->deleted_at = query_int(query, 9);
    record->values = value_map(ctx->arena);
    return record;
}

struct record *record_from_row(struct ctx *ctx, const struct form *form,
                               struct query *query)
{
    struct record *record = read_system(ctx, form, query);
    int column = SYSTEM_COLUMNS;
    size_t i;

    for (i = 0; i < form->field_count; i++) {
        const struct field *field = form->fields[i];
        struct value *value;

        if (!field->column)
            continue;
        value = field_from_column(ctx, field, query, column++);
        if (value)
            value_set(record->values, field->key, value);
    }
    return record;
}

static int read_table(struct ctx *ctx, struct record *record, size_t index)
{
    const struct field *table = record->form->fields[index];
    struct value *list = value_list(ctx->arena);
    QUERY_AUTO *query = NULL;
    size_t i;
    int rc;

    rc = db_query(&query, ctx, record->form->sql->rows[index], "i", record->id);
    while (!rc && (rc = query_next(query)) == 1) {
        struct value *row = value_map(ctx->arena);

        value_set_int(row, "id", query_int(query, 0));
        for (i = 0; i < table->field_count; i++) {
            struct value *value =
                field_from_column(ctx, table->fields[i], query, (int)i + 1);

            if (value)
                value_set(row, table->fields[i]->key, value);
        }
        value_append(list, row);
        rc = 0;
    }
    value_set(record->values, table->key, list);
    return rc;
}

int record_read_rows(struct ctx *ctx, struct record *record)
{
    size_t i;
    int rc = 0;

    for (i = 0; !rc && i < record->form->field_count; i++)
        if (record->form->fields[i]->table)
            rc = read_table(ctx, record, i);
    return rc;
}

static int read_record(struct record **out, struct ctx *ctx,
                       const struct form *form, const char *sql, int64_t id)
{
    QUERY_AUTO *query = NULL;
    int rc;

    assert(out && form);
    *out = NULL;
    rc = db_query(&query, ctx, sql, "i", id);
    if (rc)
        return rc;
    rc = query_next(query);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return fail(ctx, E_NOT_FOUND, "form.no_record",
                    "there is no such record");
    *out = record_from_row(ctx, form, query);
    return record_read_rows(ctx, *out);
}

int record_get_unchecked(struct record **out, struct ctx *ctx,
                         const struct form *form, int64_t id)
{
    return read_record(out, ctx, form, form->sql->select, id);
}

int record_get_locked(struct record **out, struct ctx *ctx,
                      const struct form *form, int64_t id)
{
    return read_record(out, ctx, form, form->sql->locked, id);
}

int record_may(struct ctx *ctx, const struct record *record, enum right right)
{
    struct record_facts facts = {
        .form = record->form->name,
        .id = record->id,
        .owner = record->owner,
        .department = record->department,
    };

    if (ctx->system)
        return 0;
    return access_record(ctx, &facts, right);
}

/* Whether the person sees the record that was read with `rc`. */
static int seen(struct record **out, struct ctx *ctx, int rc)
{
    if (!rc)
        rc = record_may(ctx, *out, RIGHT_READ);
    /* What lies in the bin is seen by who may take it out. */
    if (!rc && (*out)->deleted_at) {
        struct ctx quiet = ctx_apart(ctx);

        if (record_may(&quiet, *out, RIGHT_DELETE))
            rc = fail(ctx, E_NOT_FOUND, "form.no_record",
                      "there is no such record");
    }
    if (rc)
        *out = NULL;
    return rc;
}

int record_get(struct record **out, struct ctx *ctx, const struct form *form,
               int64_t id)
{
    return seen(out, ctx, record_get_unchecked(out, ctx, form, id));
}

int record_get_to_change(struct record **out, struct ctx *ctx,
                         const struct form *form, int64_t id)
{
    return seen(out, ctx, record_get_locked(out, ctx, form, id));
}

void record_announce_quietly(struct ctx *ctx, const struct record *record)
{
    live_send(ctx, 0,
              arena_printf(ctx->arena, "records:%s", record->form->name));
    change_counter_raise(ctx, "records");
    change_counter_raise(ctx, record->form->name);
}

int record_announce(struct ctx *ctx, const struct record *record,
                    const char *action)
{
    struct value *data;

    record_announce_quietly(ctx, record);
    if (!hook_hears(record->form->name, record->form->flow))
        return 0;
    data = value_map(ctx->arena);
    value_set_text(data, "form", record->form->name);
    value_set_text(data, "action", action);
    value_set_int(data, "version", record->version);
    return outbox_put(ctx, RECORD_SAVED, record->id, data);
}

/* One system column changes, the version with it. */
static int touch(struct ctx *ctx, struct record *record, const char *column,
                 const struct value *value)
{
    const struct value *values[6];
    bool anonymous = record->form->anonymous;
    int rc;

    values[5] = value_int(ctx->arena, record->version++);
    values[0] = value;
    values[1] = value_int(ctx->arena, record->version);
    values[2] =
        value_int(ctx->arena, anonymous ? record->updated_at : clock_now());
    values[3] =
        value_int(ctx->arena, ctx->person && !anonymous ? ctx->person->id : 0);
    values[4] = value_int(ctx->arena, record->id);
    rc = db_exec_values(
        ctx,
        /* sql: names from the definition */
        arena_printf(ctx->arena,
                     "UPDATE \"%s\" SET %s = ?, version = ?,"
                     " updated_at = ?, updated_by = ? WHERE id = ?"
                     " AND version = ?",
                     record->form->table, column),
        values, 6);
    return rc ? rc : record_changed_one(ctx);
}

int record_changed_one(struct ctx *ctx)
{
    if (db_changes(ctx) != 1)
        return fail(ctx, E_CONFLICT, "form.conflict",
                    "somebody else changed this record meanwhile");
    return 0;
}

static int check_version(struct ctx *ctx, const struct record *record,
                         int64_t version)
{
    if (version && version != record->version)
        return fail(ctx, E_CONFLICT, "form.conflict",
                    "somebody else changed this record meanwhile");
    return 0;
}

/* Guards come before the record's own lock, as in a save. */
static int guard_delete(struct ctx *ctx, const struct form *form, int64_t id)
{
    const char *held = NULL;
    struct record *record;
    int rc;

    if (db_one_writer(ctx) ||
        !(hook_any(HOOK_BEFORE_DELETE, form->name, form->flow) ||
          hook_any(HOOK_AFTER_DELETE, form->name, form->flow)))
        return 0;
    rc = record_get(&record, ctx, form, id);
    if (!rc)
        rc = record_guard(&held, ctx, record, true);
    return rc < 0 ? rc : 0;
}

static int delete_record(struct ctx *ctx, const struct form *form, int64_t id,
                         int64_t version)
{
    struct record *record;
    int rc = guard_delete(ctx, form, id);

    if (!rc)
        rc = record_get_to_change(&record, ctx, form, id);
    if (!rc && record->deleted_at)
        rc = fail(ctx, E_NOT_FOUND, "form.in_bin", "this record is in the bin");
    if (!rc)
        rc = record_may(ctx, record, RIGHT_DELETE);
    if (!rc && form->closed && !ctx->system &&
        !access_form(ctx, form->name, RIGHT_DESIGN))
        rc = fail(ctx, E_FORBIDDEN, "form.closed",
                  "only administrators change these records");
    if (!rc)
        rc = check_version(ctx, record, version);
    if (!rc)
        rc = hook_run(ctx, HOOK_BEFORE_DELETE, form->name, record);
    if (!rc)
        rc = touch(ctx, record, "deleted_at",
                   value_int(ctx->arena, clock_now()));
    if (!rc)
        rc = search_take(ctx, record);
    if (!rc)
        rc = audit_add(ctx, record_subject(ctx, form), id, "delete", NULL);
    if (!rc)
        rc = record_announce(ctx, record, "delete");
    if (!rc)
        rc = hook_run(ctx, HOOK_AFTER_DELETE, form->name, record);
    return rc;
}

int record_delete(struct ctx *ctx, const struct form *form, int64_t id,
                  int64_t version)
{
    int rc = tx_begin_shared(ctx, "record.delete");

    return rc ? rc : tx_end(ctx, delete_record(ctx, form, id, version));
}

static int restore_record(struct ctx *ctx, const struct form *form, int64_t id)
{
    struct record *record;
    int rc = record_get_to_change(&record, ctx, form, id);

    if (rc)
        return rc;
    if (!record->deleted_at)
        return 0;
    rc = record_may(ctx, record, RIGHT_DELETE);
    if (!rc)
        rc = record_check_unique(ctx, record, NULL);
    if (!rc)
        rc = touch(ctx, record, "deleted_at", value_int(ctx->arena, 0));
    if (!rc)
        rc = search_put(ctx, record, NULL);
    if (!rc)
        rc = audit_add(ctx, record_subject(ctx, form), id, "restore", NULL);
    if (!rc)
        rc = record_announce(ctx, record, "restore");
    return rc;
}

int record_restore(struct ctx *ctx, const struct form *form, int64_t id)
{
    int rc = tx_begin_shared(ctx, "record.restore");

    return rc ? rc : tx_end(ctx, restore_record(ctx, form, id));
}

static int set_state(struct ctx *ctx, const struct form *form, int64_t id,
                     const char *state)
{
    struct value *changes = value_map(ctx->arena);
    struct value *pair = value_map(ctx->arena);
    struct record *record;
    int rc = record_get_locked(&record, ctx, form, id);

    if (rc || strcmp(record->state, state) == 0)
        return rc;
    value_set_text(pair, "from", record->state);
    value_set_text(pair, "to", state);
    value_set(changes, "state", pair);
    record->state = state;
    rc = touch(ctx, record, "state", value_text(ctx->arena, state));
    if (!rc)
        rc = audit_add(ctx, record_subject(ctx, form), id, "state", changes);
    if (!rc)
        rc = record_announce(ctx, record, "state");
    return rc;
}

int record_set_state(struct ctx *ctx, const struct form *form, int64_t id,
                     const char *state)
{
    int rc = tx_begin_shared(ctx, "record.state");

    return rc ? rc : tx_end(ctx, set_state(ctx, form, id, state));
}

const char *record_label(struct ctx *ctx, const struct record *record)
{
    const char *key = record->form->label_field;
    const struct field *field = key ? form_field(record->form, key) : NULL;
    const char *text =
        field ? field_human(ctx, field, value_get(record->values, key)) : "";

    return *text ? text
                 : arena_printf(ctx->arena, "#%lld", (long long)record->id);
}

static void set_instant(struct value *map, const char *key, int64_t instant)
{
    char text[TIME_TEXT_MAX];

    /* 0: of a form that is undated. */
    instant_format(text, instant);
    value_set_text(map, key, instant ? text : NULL);
}

struct value *record_value(struct ctx *ctx, const struct record *record)
{
    struct value *map = value_map(ctx->arena);
    struct value *values = value_map(ctx->arena);
    size_t i;

    value_set_id(map, "id", record->id);
    value_set_int(map, "version", record->version);
    value_set_text(map, "form", record->form->name);
    value_set_text(map, "label", record_label(ctx, record));
    value_set_text(map, "state", record->state);
    value_set_id(map, "owner", record->owner);
    value_set_id(map, "department", record->department);
    set_instant(map, "created_at", record->created_at);
    value_set_id(map, "created_by", record->created_by);
    set_instant(map, "updated_at", record->updated_at);
    value_set_id(map, "updated_by", record->updated_by);
    if (record->deleted_at)
        set_instant(map, "deleted_at", record->deleted_at);
    for (i = 0; i < record->form->field_count; i++) {
        const struct field *field = record->form->fields[i];

        if (!field->hidden)
            value_set(values, field->key,
                      field_to_json(ctx, field,
                                    value_get(record->values, field->key)));
    }
    value_set(map, "values", values);
    return map;
}
