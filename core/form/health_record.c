/*
 * health_record.c - records against what they name: people, departments,
 * other records, files; and against the words they are found by.
 */
#include "base/banned.h"

#include "form/health_internal.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/value.h"
#include "form/attachment.h"
#include "form/field_type.h"
#include "form/record_internal.h"
#include "form/search.h"
#include "form/sql.h"
#include "store/db.h"
#include "store/health.h"

enum { BATCH = 200 };

/* ---- what columns name ---- */

/* Rows of `table` whose `column` holds a number that no `id` of `target` is;
 * zero: 0 stands for nobody. */
static int look_for_lost(struct health *health, struct ctx *ctx,
                         const char *key, const char *about, const char *table,
                         const char *column, const char *target)
{
    const char *sql =
        /* sql: names from the definition */
        arena_printf(ctx->arena,
                     "SELECT CAST(t.id AS TEXT) FROM \"%s\" t WHERE"
                     " t.\"%s\" <> 0 AND NOT EXISTS (SELECT 1 FROM \"%s\" x"
                     " WHERE x.id = t.\"%s\")",
                     table, column, target, column);

    return health_rows(health, key, about, sql);
}

static int look_at_field(struct health *health, struct ctx *ctx,
                         const struct form *form, const char *table,
                         const struct field *field)
{
    const char *about =
        arena_printf(ctx->arena, "%s.%s", form->name, field->key);
    const struct form *target;

    if (text_equal(field->type->name, "user"))
        return look_for_lost(health, ctx, "form.health.person", about, table,
                             field->column, "org_user");
    if (text_equal(field->type->name, "department"))
        return look_for_lost(health, ctx, "form.health.department", about,
                             table, field->column, "org_department");
    if (!(field->type->flags & FIELD_RECORD))
        return 0;
    if (form_find(&target, ctx, field->target)) {
        ctx_clear(ctx); /* of a module that is away */
        return 0;
    }
    return look_for_lost(health, ctx, "form.health.link", about, table,
                         field->column, target->table);
}

static int look_at_system(struct health *health, struct ctx *ctx,
                          const struct form *form)
{
    static const char *const people[] = { "owner", "created_by", "updated_by" };
    size_t i;
    int rc = health_rows(
        health, "form.health.state", form->name,
        /* sql: names from the definition */
        arena_printf(ctx->arena,
                     "SELECT CAST(id AS TEXT) || ' ' || state FROM \"%s\""
                     " WHERE state NOT IN ('saved', 'draft', 'running',"
                     " 'returned', 'approved', 'rejected')",
                     form->table));

    for (i = 0; !rc && i < sizeof people / sizeof *people; i++)
        rc = look_for_lost(
            health, ctx, "form.health.owner",
            arena_printf(ctx->arena, "%s.%s", form->name, people[i]),
            form->table, people[i], "org_user");
    if (!rc)
        rc =
            look_for_lost(health, ctx, "form.health.owner",
                          arena_printf(ctx->arena, "%s.department", form->name),
                          form->table, "department", "org_department");
    return rc;
}

/* Rows of other tables that name records of this form. */
static int look_at_followers(struct health *health, struct ctx *ctx,
                             const struct form *form)
{
    int rc = health_rows(
        health, "form.health.comment", form->name,
        /* sql: names from the definition */
        arena_printf(ctx->arena,
                     "SELECT CAST(c.id AS TEXT) FROM record_comment c"
                     " WHERE c.form = %lld AND NOT EXISTS"
                     " (SELECT 1 FROM \"%s\" t WHERE t.id = c.record)",
                     (long long)form->id, form->table));

    if (rc)
        return rc;
    return health_rows(
        health, "form.health.attachment", form->name,
        /* sql: names from the definition */
        arena_printf(ctx->arena,
                     "SELECT a.name FROM attachment a WHERE a.form = '%s'"
                     " AND a.record <> 0 AND NOT EXISTS"
                     " (SELECT 1 FROM \"%s\" t WHERE t.id = a.record)",
                     form->name, form->table));
}

int health_form_rows(struct health *health, struct ctx *ctx,
                     const struct form *form)
{
    size_t i, j;
    int rc = look_at_system(health, ctx, form);

    if (!rc)
        rc = look_at_followers(health, ctx, form);
    for (i = 0; !rc && i < form->field_count; i++) {
        const struct field *field = form->fields[i];

        if (field->column)
            rc = look_at_field(health, ctx, form, form->table, field);
        for (j = 0; !rc && j < field->field_count; j++)
            rc = look_at_field(health, ctx, form, field->table,
                               field->fields[j]);
    }
    return rc;
}

/* ---- record by record ---- */

static int look_at_files(struct health *health, struct ctx *ctx,
                         const struct record *record, const struct field *field)
{
    const struct value *ids = value_get(record->values, field->key);
    size_t i;

    for (i = 0; i < value_count(ids); i++) {
        struct attachment *file;
        int rc = attachment_find(&file, ctx, value_as_id(value_at(ids, i)));

        if (rc && rc != E_NOT_FOUND)
            return rc;
        if (rc || file->record != record->id)
            health_found(health, "form.health.file_field",
                         arena_printf(ctx->arena, "%s.%s %lld",
                                      record->form->name, field->key,
                                      (long long)record->id));
    }
    return 0;
}

/* Below the cursor both wait for their job. */
static int look_at_words(struct health *health, struct ctx *ctx,
                         const struct record *record, const char *text)
{
    const char *name = arena_printf(ctx->arena, "%s %lld", record->form->name,
                                    (long long)record->id);
    struct search_state state;
    bool right;
    int rc = search_state(&state, ctx, record->form);

    if (!rc)
        rc = search_holds(&right, ctx, record);
    if (rc)
        return rc;
    if (!right)
        health_found(health, "form.health.search_entry", name);
    if (!state.cursor && !text_equal(text, record_search_text(ctx, record)))
        health_found(health, "form.health.search_text", name);
    return 0;
}

static int look_at_record(struct health *health, struct ctx *ctx,
                          const struct record *record, const char *text)
{
    size_t i;
    int rc = look_at_words(health, ctx, record, text);

    for (i = 0; !rc && i < record->form->field_count; i++)
        if (text_equal(record->form->fields[i]->type->name, "file"))
            rc = look_at_files(health, ctx, record, record->form->fields[i]);
    return rc;
}

/* One batch above *last; *last becomes 0 behind the last one. */
static int look_at_batch(struct health *health, struct ctx *ctx,
                         const struct form *form, int64_t *last)
{
    QUERY_AUTO *query = NULL;
    int column = SYSTEM_COLUMNS, count = 0, rc;
    int64_t from = *last;
    size_t i;

    for (i = 0; i < form->field_count; i++)
        column += form->fields[i]->column != NULL;
    rc = db_query(&query, ctx,
                  /* sql: names from the definition */
                  arena_printf(ctx->arena,
                               "SELECT %s, t.search FROM \"%s\" t"
                               " WHERE t.id > ?1 ORDER BY t.id LIMIT ?2",
                               form->sql->columns, form->table),
                  "ii", from, (int64_t)BATCH);
    while (!rc && (rc = query_next(query)) == 1) {
        struct record *record = record_from_row(ctx, form, query);

        *last = record->id;
        rc = look_at_record(health, ctx, record, query_text(query, column));
        count++;
    }
    if (!rc && count < BATCH)
        *last = 0;
    return rc;
}

static int look_at_strays(struct health *health, struct ctx *ctx,
                          const struct form *form)
{
    int64_t count;
    int rc = search_strays(&count, ctx, form);

    if (!rc && count)
        health_found(
            health, "form.health.search_stray",
            arena_printf(ctx->arena, "%s %lld", form->name, (long long)count));
    return rc;
}

int health_form_records(struct health *health, struct ctx *ctx,
                        const struct form *form)
{
    struct ctx own = *ctx;
    int64_t last = INT64_MIN;
    int rc = 0;

    own.arena = arena_new(0);
    do {
        rc = look_at_batch(health, &own, form, &last);
        arena_reset(own.arena);
    } while (!rc && last);
    if (!rc)
        rc = look_at_strays(health, &own, form);
    if (rc)
        (void)fail(ctx, rc, "store.failed", "%s: %s", form->name,
                   ctx_error(&own));
    arena_free(own.arena);
    return rc;
}
