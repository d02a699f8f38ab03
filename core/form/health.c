/*
 * health.c - what may be wrong with forms and their records. Here: forms that
 * can't be read, tables that are not their definition's; the rows themselves
 * are health_record.c's, health_number.c's and health_file.c's business.
 */
#include "base/banned.h"

#include "form/health.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "base/value.h"
#include "form/field_type.h"
#include "form/health_internal.h"
#include "form/search.h"
#include "form/sql.h"
#include "store/db.h"
#include "store/dialect.h"
#include "store/health.h"

static int all_names(struct vector *names, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx, "SELECT name FROM form ORDER BY name", "");

    vector_init(names, ctx->arena);
    while (!rc && (rc = query_next(query)) == 1) {
        vector_add(names, (void *)query_copy(query, 0));
        rc = 0;
    }
    return rc;
}

int health_each_form(struct ctx *ctx, void *payload,
                     int (*each)(void *payload, struct ctx *ctx,
                                 const struct form *form))
{
    struct vector names;
    size_t i;
    int rc = all_names(&names, ctx);

    for (i = 0; !rc && i < names.count; i++) {
        const struct form *form;

        if (form_find(&form, ctx, names.items[i]))
            ctx_clear(ctx);
        else
            rc = each(payload, ctx, form);
    }
    return rc;
}

/* ---- tables ---- */

static bool column_lacks(struct health *health, struct ctx *ctx,
                         struct map *have, const char *table,
                         const char *column)
{
    if (!column || map_get(have, column))
        return false;
    health_found(health, "form.health.column",
                 arena_printf(ctx->arena, "%s.%s", table, column));
    return true;
}

static int look_at_columns(bool *lacks, struct health *health, struct ctx *ctx,
                           const char *table, struct field *const *fields,
                           size_t count)
{
    struct map *have;
    size_t i;
    int rc = db_columns(&have, ctx, table);

    if (!rc)
        *lacks |= column_lacks(health, ctx, have, table, "id");
    for (i = 0; !rc && i < count; i++) {
        *lacks |= column_lacks(health, ctx, have, table, fields[i]->column);
        if (fields[i]->column && fields[i]->type->flags & FIELD_SORT_KEY)
            *lacks |=
                column_lacks(health, ctx, have, table, fields[i]->sort_column);
    }
    return rc;
}

static int look_for_index(struct health *health, struct ctx *ctx,
                          const char *table, const char *name)
{
    bool there;
    int rc = form_index_there(&there, ctx, table, name);

    if (!rc && !there)
        health_found(health, "form.health.index",
                     arena_printf(ctx->arena, "%s (%s)", table, name));
    return rc;
}

/* The names are those of form_tables_make (sql.c). */
static int look_at_field_indexes(struct health *health, struct ctx *ctx,
                                 const char *table, const struct field *field)
{
    static const char *const scopes[] = { "", "owner_", "department_" };
    size_t i;
    int rc = 0;

    if (field->table)
        rc = look_for_index(health, ctx, field->table, "record");
    if (!rc && field->unique)
        rc = look_for_index(
            health, ctx, table,
            arena_printf(ctx->arena, "%s_unique", field->column));
    for (i = 0; !rc && field->indexed && i < 3; i++)
        rc = look_for_index(
            health, ctx, table,
            arena_printf(ctx->arena, "%s%s", scopes[i], field->sort_column));
    if (!rc && field->column && field->type->flags & FIELD_RECORD)
        rc = look_for_index(health, ctx, table, field->column);
    return rc;
}

static int look_at_indexes(struct health *health, struct ctx *ctx,
                           const struct form *form)
{
    static const char *const always[] = { "owner", "department", "bin" };
    size_t i;
    int rc = 0;

    for (i = 0; !rc && i < 3; i++)
        rc = look_for_index(health, ctx, form->table, always[i]);
    for (i = 0; !rc && i < form->field_count; i++)
        rc = look_at_field_indexes(health, ctx, form->table, form->fields[i]);
    return rc;
}

static int look_at_form(void *payload, struct ctx *ctx, const struct form *form)
{
    struct health *health = payload;
    bool lacks = false;
    size_t i;
    int rc = look_at_columns(&lacks, health, ctx, form->table, form->fields,
                             form->field_count);

    for (i = 0; !rc && i < form->field_count; i++)
        if (form->fields[i]->table)
            rc = look_at_columns(&lacks, health, ctx, form->fields[i]->table,
                                 form->fields[i]->fields,
                                 form->fields[i]->field_count);
    if (!rc)
        rc = look_at_indexes(health, ctx, form);
    if (rc)
        return rc;
    /* No statement of the form works without its columns. */
    if (lacks)
        return 0;
    rc = health_form_rows(health, ctx, form);
    if (!rc)
        rc = health_form_numbers(health, ctx, form);
    return rc ? rc : health_form_records(health, ctx, form);
}

static int look(struct health *health, struct ctx *ctx)
{
    struct vector names;
    size_t i;
    int rc = all_names(&names, ctx);

    for (i = 0; !rc && i < names.count; i++) {
        const struct form *form;

        if (form_find(&form, ctx, names.items[i]))
            health_found(health, "form.health.unreadable", names.items[i]);
        ctx_clear(ctx);
    }
    if (!rc)
        rc = health_each_form(ctx, health, look_at_form);
    return rc || !ctx->site ? rc : health_files(health, ctx);
}

/* ---- mending ---- */

static int make_tables(void *payload, struct ctx *ctx, const struct form *form)
{
    (void)payload;
    return form_tables_make(ctx, form);
}

static int mend_tables(struct ctx *ctx)
{
    int rc = tx_begin(ctx, "doctor");

    if (rc)
        return rc;
    tx_long(ctx, "doctor");
    return tx_end(ctx, health_each_form(ctx, NULL, make_tables));
}

/* Runs a statement that names one form's table for each form. */
static int each_table(struct ctx *ctx, void *statement,
                      int (*each)(void *, struct ctx *, const struct form *))
{
    int rc = tx_begin(ctx, "doctor");

    if (rc)
        return rc;
    tx_long(ctx, "doctor");
    return tx_end(ctx, health_each_form(ctx, statement, each));
}

/* Nobody, where somebody stands who is not there. */
static int forget_person(void *payload, struct ctx *ctx,
                         const struct form *form)
{
    static const struct {
        const char *column, *table;
    } links[] = { { "owner", "org_user" },
                  { "created_by", "org_user" },
                  { "updated_by", "org_user" },
                  { "department", "org_department" } };
    size_t i;
    int rc = 0;

    (void)payload;
    for (i = 0; !rc && i < sizeof links / sizeof *links; i++)
        rc = db_exec(ctx,
                     /* sql: names from the definition */
                     arena_printf(ctx->arena,
                                  "UPDATE \"%s\" SET %s = 0 WHERE %s <> 0 AND"
                                  " NOT EXISTS (SELECT 1 FROM %s x"
                                  " WHERE x.id = \"%s\".%s)",
                                  form->table, links[i].column, links[i].column,
                                  links[i].table, form->table, links[i].column),
                     "");
    return rc;
}

static int mend_owners(struct ctx *ctx)
{
    return each_table(ctx, NULL, forget_person);
}

static int remove_comments(void *payload, struct ctx *ctx,
                           const struct form *form)
{
    (void)payload;
    return db_exec(ctx,
                   /* sql: names from the definition */
                   arena_printf(ctx->arena,
                                "DELETE FROM record_comment WHERE form = ?1"
                                " AND NOT EXISTS (SELECT 1 FROM \"%s\" t"
                                " WHERE t.id = record_comment.record)",
                                form->table),
                   "i", form->id);
}

static int mend_comments(struct ctx *ctx)
{
    return each_table(ctx, NULL, remove_comments);
}

/* They wait a day for a record, as after an upload, and are collected. */
static int unbind_files(void *payload, struct ctx *ctx, const struct form *form)
{
    (void)payload;
    return db_exec(ctx,
                   /* sql: names from the definition */
                   arena_printf(ctx->arena,
                                "UPDATE attachment SET record = 0,"
                                " created_at = ?2 WHERE form = ?1"
                                " AND record <> 0 AND NOT EXISTS"
                                " (SELECT 1 FROM \"%s\" t"
                                " WHERE t.id = attachment.record)",
                                form->table),
                   "si", form->name, clock_now());
}

static int mend_attachments(struct ctx *ctx)
{
    return each_table(ctx, NULL, unbind_files);
}

static int remove_grants(struct ctx *ctx)
{
    int rc = tx_begin(ctx, "doctor");

    if (rc)
        return rc;
    rc = db_exec(ctx,
                 "DELETE FROM access_grant WHERE form NOT LIKE '%*'"
                 " AND NOT EXISTS (SELECT 1 FROM form f"
                 " WHERE f.name = access_grant.form)",
                 "");
    if (!rc)
        rc = epoch_raise(ctx, "grant");
    return tx_end(ctx, rc);
}

static const struct health_kind kinds[] = {
    { "form.health.unreadable", HEALTH_BAD, NULL, NULL, NULL },
    { "form.health.column", HEALTH_BAD, NULL, NULL, mend_tables },
    { "form.health.index", HEALTH_BAD, NULL, NULL, mend_tables },
    { "form.health.state", HEALTH_BAD, NULL, NULL, NULL },
    { "form.health.owner", HEALTH_BAD, NULL, NULL, mend_owners },
    { "form.health.person", HEALTH_BAD, NULL, NULL, NULL },
    { "form.health.department", HEALTH_BAD, NULL, NULL, NULL },
    /* What a record names may have left the bin for good. */
    { "form.health.link", HEALTH_NOTE, NULL, NULL, NULL },
    { "form.health.comment", HEALTH_NOTE, NULL, NULL, mend_comments },
    { "form.health.attachment", HEALTH_BAD, NULL, NULL, mend_attachments },
    { "form.health.file_field", HEALTH_BAD, NULL, NULL, NULL },
    { "form.health.file_lost", HEALTH_BAD, NULL, NULL, NULL },
    { "form.health.file_changed", HEALTH_BAD, NULL, NULL, NULL },
    { "form.health.file_unused", HEALTH_NOTE, NULL, NULL, health_mend_files },
    { "form.health.search_entry", HEALTH_BAD, NULL, NULL, search_rebuild },
    { "form.health.search_text", HEALTH_BAD, NULL, NULL, search_rebuild },
    { "form.health.search_stray", HEALTH_NOTE, NULL, NULL, search_rebuild },
    { "form.health.search_job", HEALTH_NOTE,
      "SELECT f.name FROM search_form s JOIN form f ON f.id = s.form"
      " WHERE s.cursor > 0 AND NOT EXISTS (SELECT 1 FROM event_job j"
      " WHERE j.kind = '" SEARCH_JOB "')",
      NULL, search_follow_all },
    { "form.health.counter", HEALTH_BAD, NULL, NULL, health_mend_counters },
    { "form.health.number_twice", HEALTH_BAD, NULL, NULL, NULL },
    { "form.health.grant", HEALTH_NOTE,
      "SELECT form FROM access_grant WHERE form NOT LIKE '%*'"
      " AND NOT EXISTS (SELECT 1 FROM form f WHERE f.name ="
      " access_grant.form)",
      NULL, remove_grants },
    { "form.health.import_row", HEALTH_NOTE,
      "SELECT DISTINCT CAST(import AS TEXT) FROM import_row WHERE NOT EXISTS"
      " (SELECT 1 FROM import_job j WHERE j.id = import_row.import)",
      "DELETE FROM import_row WHERE NOT EXISTS"
      " (SELECT 1 FROM import_job j WHERE j.id = import_row.import)",
      NULL },
    { NULL, HEALTH_NOTE, NULL, NULL, NULL },
};

const struct health_room form_health = { "form", kinds, look };
