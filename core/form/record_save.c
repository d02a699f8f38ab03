/*
 * record_save.c - creating and changing records.
 *
 * First everything that may take time, in a read snapshot without the writer
 * lock: conversion, computed fields, checks, before-hooks. Then the lock; if
 * any form changed meanwhile the hooks run again under it, briefly
 * (architecture 3, "hook"). Then row, trail, outbox in one transaction.
 *
 * Where saves run beside each other (PostgreSQL) the transaction first waits
 * for its guards (record_guard.c), then for the record's own row, and the
 * hooks run under both.
 */
#include "base/banned.h"

#include "access/access.h"
#include "audit/audit.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "event/hook.h"
#include "form/anonymous.h"
#include "form/field_type.h"
#include "form/record_internal.h"
#include "form/search.h"
#include "org/person.h"
#include "store/dialect.h"

enum { HOOKS_MS = 2000, HOOKS_LOCKED_MS = 50, GUARD_TRIES = 3 };

static int64_t actor(const struct ctx *ctx)
{
    return ctx->person ? ctx->person->id : 0;
}

/* Hooks of an anonymous form are not told who acts. */
static int tell_hooks(struct ctx *ctx, enum hook_when when,
                      const struct form *form, struct record *record)
{
    const struct person *person = ctx->person;
    int rc;

    if (form->anonymous)
        ctx->person = NULL;
    rc = hook_run(ctx, when, form->name, record);
    ctx->person = person;
    return rc;
}

/* Runs the before-hooks within `ms`. */
static int run_hooks(struct ctx *ctx, struct record_change *change, int ms)
{
    int64_t deadline = ctx->deadline, own = clock_monotonic() + ms;
    int rc;

    if (!deadline || own < deadline)
        ctx->deadline = own;
    rc = tell_hooks(ctx, HOOK_BEFORE_SAVE, change->form, change->record);
    ctx->deadline = deadline;
    change->hooked = true;
    return rc;
}

/* A new record as it is before anything was written into it. */
static void start_record(struct ctx *ctx, struct record_change *change)
{
    struct record *record = arena_alloc(ctx->arena, sizeof *record);
    const struct form *form = change->form;
    int64_t now = form->anonymous ? anonymous_instant(ctx, form) : clock_now();

    record->form = form;
    if (change->before) {
        *record = *change->before;
        record->values = value_copy(ctx->arena, change->before->values);
        record->before = change->before->values;
    } else {
        /* The id stays the same when it is built again under the lock. */
        record->id = change->record    ? change->record->id
                     : form->anonymous ? anonymous_id()
                                       : id_next();
        record->state = "saved";
        record->created_at = now;
        record->values = value_map(ctx->arena);
    }
    if (!change->before && !form->anonymous) {
        record->owner = record->created_by = actor(ctx);
        record->department = ctx->person ? ctx->person->department : 0;
    }
    record->version++;
    record->updated_at = now;
    record->updated_by = form->anonymous ? 0 : actor(ctx);
    if (change->state)
        record->state = arena_strdup(ctx->arena, change->state);
    change->record = record;
}

/* The owner is who stands in the form's owner field, and the department is
 * that person's. An empty field changes neither. */
static int follow_owner(struct ctx *ctx, struct record *record)
{
    const char *key = record->form->owner_field;
    int64_t owner = key ? value_get_id(record->values, key) : 0;
    const struct person *person;
    int rc;

    if (!owner || owner == record->owner)
        return 0;
    rc = person_load(&person, ctx, owner);
    if (rc)
        return rc;
    record->owner = owner;
    record->department = person->department;
    return 0;
}

static bool any_hook(const struct form *form)
{
    return hook_any(HOOK_BEFORE_SAVE, form->name, form->flow);
}

static int build(struct ctx *ctx, struct record_change *change, int ms,
                 bool hooks)
{
    int rc, bad;

    start_record(ctx, change);
    bad = record_apply(ctx, change);
    rc = record_validate(ctx, change);
    if (bad || rc)
        return bad ? bad : rc;
    if (hooks && any_hook(change->form)) {
        rc = run_hooks(ctx, change, ms);
        /* What hooks set is computed and checked like anybody's input. */
        if (!rc)
            rc = record_validate(ctx, change);
    }
    return rc ? rc : follow_owner(ctx, change->record);
}

static int may_write(struct ctx *ctx, const struct record_change *change)
{
    const struct form *form = change->form;

    if (!form->enabled)
        return fail(ctx, E_UNAVAILABLE, "form.module_off",
                    "the module of this form is switched off");
    if (form->anonymous &&
        (change->before || text_equal(change->state, "draft")))
        return fail(ctx, E_FORBIDDEN, "form.anonymous_fixed",
                    "anonymous records are saved once and never changed");
    if (ctx->system)
        return 0;
    if (form->closed && !access_form(ctx, form->name, RIGHT_DESIGN))
        return fail(ctx, E_FORBIDDEN, "form.closed",
                    "only administrators change these records");
    if (change->before)
        return record_may(ctx, change->before, RIGHT_UPDATE);
    if (!access_form(ctx, form->name, RIGHT_CREATE))
        return fail(ctx, E_FORBIDDEN, "form.may_not_create",
                    "you may not add records here");
    return 0;
}

/* Whether none of the changes in `entries` is one that a person makes: what
 * logic and hooks derive is derived anew by this save, and clashes with
 * nothing. */
static bool only_derived(const struct form *form, const struct value *entries)
{
    size_t i, j;

    for (i = 0; i < value_count(entries); i++) {
        const struct value *entry = value_at(entries, i);
        const struct value *changes = value_get(entry, "changes");

        if (!text_equal(value_get_text(entry, "action"), "update"))
            return false;
        for (j = 0; j < value_count(changes); j++) {
            const struct field *field =
                form_field(form, value_key_at(changes, j));

            if (!field || !field->read_only)
                return false;
        }
    }
    return true;
}

/* Who changed which fields since `version` was read (E_CONFLICT). */
static int tell_conflict(struct ctx *ctx, const struct record_change *change)
{
    int64_t newer = change->before->version - change->version;
    struct value *entries;
    size_t i, j;
    int rc;

    if (newer < 1 || newer > 50)
        newer = 50;
    rc = audit_read(&entries, ctx, record_subject(ctx, change->form),
                    change->id, (int)newer);
    if (rc || (change->version + newer == change->before->version &&
               value_count(entries) == (size_t)newer &&
               only_derived(change->form, entries)))
        return rc;
    fail(ctx, E_CONFLICT, "form.conflict",
         "somebody else changed this record meanwhile");
    for (i = 0; i < value_count(entries); i++) {
        const struct value *entry = value_at(entries, i);
        const struct value *changes = value_get(entry, "changes");
        int64_t by = value_get_id(entry, "actor");

        for (j = 0; j < value_count(changes); j++) {
            const char *key = value_key_at(changes, j);
            const struct field *field = form_field(change->form, key);

            if (!field || field->hidden)
                continue;
            fail_at(ctx, E_CONFLICT, key, "form.conflict_field",
                    "%s changed %s, %s",
                    by ? person_name(ctx, by) : tr(ctx, "form.system"),
                    locale_pick(ctx, field->title),
                    instant_human(ctx, value_get_int(entry, "at", 0)));
        }
    }
    return E_CONFLICT;
}

/* Reads the record to be changed; E_CONFLICT where it is not the version
 * that was read. */
static int read_before(struct ctx *ctx, struct record_change *change,
                       bool locked)
{
    int rc;

    if (!change->id)
        return 0;
    rc = (locked ? record_get_locked : record_get_unchecked)(
        &change->before, ctx, change->form, change->id);
    if (rc)
        return rc;
    /* Who may not see it does not learn that it is there. */
    if (!ctx->system) {
        rc = record_may(ctx, change->before, RIGHT_READ);
        if (rc)
            return rc;
    }
    if (change->before->deleted_at)
        return fail(ctx, E_NOT_FOUND, "form.in_bin",
                    "this record is in the bin");
    if (change->version && change->before->version != change->version)
        return tell_conflict(ctx, change);
    return 0;
}

static int prepare(struct record_change **out, struct ctx *ctx,
                   const struct form *form, int64_t id, int64_t version,
                   const struct value *input, const char *state, bool hooks)
{
    struct record_change *change = arena_alloc(ctx->arena, sizeof *change);
    int rc;

    *out = change;
    /* Before the snapshot: a change between the two is then seen as one. */
    change->counter = change_counter_get(ctx, "records");
    rc = read_begin(ctx);
    if (rc)
        return rc;
    change->form = form;
    change->id = id;
    change->version = version;
    change->input = input;
    change->state = state;
    rc = read_before(ctx, change, false);
    if (!rc)
        rc = may_write(ctx, change);
    /* In a transaction this is under the lock; whose it is says how long it
     * may be held (ctx->deadline). */
    if (!rc)
        rc = build(ctx, change, HOOKS_MS, hooks);
    read_end(ctx);
    if (!rc)
        search_warm(ctx, change->record);
    return rc;
}

int record_prepare(struct record_change **out, struct ctx *ctx,
                   const struct form *form, int64_t id, int64_t version,
                   const struct value *input, const char *state)
{
    return prepare(out, ctx, form, id, version, input, state, true);
}

/* Field → {from, to} of what differs. */
static struct value *changes_of(struct ctx *ctx, const struct record *record,
                                const struct record *before)
{
    struct value *changes = value_map(ctx->arena);
    size_t i;

    for (i = 0; i < record->form->field_count; i++) {
        const struct field *field = record->form->fields[i];
        const struct value *to = value_get(record->values, field->key);
        const struct value *from =
            before ? value_get(before->values, field->key) : NULL;
        struct value *pair;

        if (value_equal(from, to) ||
            (value_is_empty(from) && value_is_empty(to)))
            continue;
        pair = value_map(ctx->arena);
        value_set(pair, "from", field_to_json(ctx, field, from));
        value_set(pair, "to", field_to_json(ctx, field, to));
        value_set(changes, field->key, pair);
    }
    if (before && !text_equal(before->state, record->state)) {
        struct value *pair = value_map(ctx->arena);

        value_set_text(pair, "from", before->state);
        value_set_text(pair, "to", record->state);
        value_set(changes, "state", pair);
    }
    return changes;
}

struct value *record_changes(struct ctx *ctx,
                             const struct record_change *change)
{
    return changes_of(ctx, change->record, change->before);
}

bool record_change_any(const struct record_change *change)
{
    const struct form *form = change->form;
    size_t i;

    for (i = 0; i < form->field_count; i++) {
        const char *key = form->fields[i]->key;
        const struct value *to = value_get(change->record->values, key);
        const struct value *from = value_get(change->before->values, key);

        if (!value_equal(from, to) &&
            !(value_is_empty(from) && value_is_empty(to)))
            return true;
    }
    return false;
}

/* Anew, under the guards of what comes out: a hook may set a field that is
 * one. */
static int build_guarded(struct ctx *ctx, struct record_change *change)
{
    int ms = db_one_writer(ctx) ? HOOKS_LOCKED_MS : HOOKS_MS, tries = 0, rc;

    rc = record_guard(&change->held, ctx, change->record, false);
    while (rc >= 0 && tries++ < GUARD_TRIES) {
        rc = build(ctx, change, ms, true);
        if (!rc)
            rc = record_guard(&change->held, ctx, change->record, false);
        if (!rc)
            return 0;
    }
    return rc < 0 ? rc : 0;
}

/* Under the lock: is what was prepared still true? */
static int refresh(struct ctx *ctx, struct record_change *change)
{
    int64_t version = change->before ? change->before->version : 0;
    bool same = true, stale;
    int rc = 0;

    /* Who runs beside others knows nothing of what they do meanwhile. */
    if (db_one_writer(ctx)) {
        stale = change->hooked &&
                (change->again ||
                 change->counter != change_counter_get(ctx, "records"));
    } else {
        stale = any_hook(change->form);
        rc = record_guard(&change->held, ctx, change->record, false);
    }
    if (rc >= 0 && change->id) {
        rc = read_before(ctx, change, true);
        same = !rc && change->before->version == version;
    }
    if (rc < 0 || (same && !stale))
        return rc < 0 ? rc : 0;
    rc = same ? 0 : may_write(ctx, change);
    return rc ? rc : build_guarded(ctx, change);
}

/* The trail, and who wants to hear of it. Of an anonymous record: open lists
 * only, which learn no more than that they have changed. */
static int tell(struct ctx *ctx, const struct record_change *change)
{
    const char *action = change->id ? "update" : "create";
    const struct record *record = change->record;
    int rc = 0;

    if (!change->form->anonymous)
        rc = audit_add(ctx, record_subject(ctx, change->form), record->id,
                       action, changes_of(ctx, record, change->before));
    if (rc)
        return rc;
    if (!change->quiet && !change->form->anonymous)
        return record_announce(ctx, record, action);
    record_announce_quietly(ctx, record);
    return 0;
}

int record_write(struct record **out, struct ctx *ctx,
                 struct record_change *change)
{
    int rc = refresh(ctx, change);
    struct record *record = change->record;

    if (!rc)
        rc = record_number(ctx, record);
    if (!rc)
        rc = record_check_unique(ctx, record, change->before);
    if (!rc && change->form->anonymous)
        rc = anonymous_files(ctx, record);
    if (!rc)
        rc = change->before ? record_change_row(ctx, record, change->before)
                            : record_insert(ctx, record);
    if (!rc)
        rc = tell(ctx, change);
    if (!rc)
        rc = tell_hooks(ctx, HOOK_AFTER_SAVE, change->form, record);
    if (!rc && out)
        *out = record;
    return rc;
}

int record_save(struct record **out, struct ctx *ctx, const struct form *form,
                int64_t id, int64_t version, const struct value *input,
                const char *state)
{
    struct record_change *change;
    /* The transaction runs the hooks in any case where it is not alone. */
    int rc = prepare(&change, ctx, form, id, version, input, state,
                     db_one_writer(ctx));

    if (rc)
        return rc;
    rc = tx_begin_shared(ctx, "record.save");
    if (rc)
        return rc;
    return tx_end(ctx, record_write(out, ctx, change));
}

int record_create(struct record **out, struct ctx *ctx, const struct form *form,
                  const struct value *input, const char *state)
{
    return record_save(out, ctx, form, 0, 0, input, state);
}

int record_update(struct record **out, struct ctx *ctx, const struct form *form,
                  int64_t id, int64_t version, const struct value *input)
{
    return record_save(out, ctx, form, id, version, input, NULL);
}

int record_check(struct record **out, struct ctx *ctx, const struct form *form,
                 const struct value *input)
{
    struct record_change change = { .form = form, .input = input };
    int bad, rc;

    start_record(ctx, &change);
    bad = record_apply(ctx, &change);
    rc = record_validate(ctx, &change);
    if (out)
        *out = change.record;
    return bad ? bad : rc;
}
