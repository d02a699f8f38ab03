/*
 * record_store.c - a record's rows: head, sub-tables, files, numbers.
 *
 * Always inside the caller's write transaction. Values are bound, column
 * names come from the definition (S20).
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "base/unicode.h"
#include "form/anonymous.h"
#include "form/auto_number.h"
#include "form/field_type.h"
#include "form/record_internal.h"
#include "form/search.h"
#include "form/sql.h"
#include "org/person.h"
#include "store/db.h"

enum { SORT_KEY_BYTES = 60 };

/* 64 digits in the order of their bytes: six bits each keep the key's
 * order as text, which every store can index and bind. */
static const char DIGITS[] =
    "+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static const char *sort_text(struct ctx *ctx, const char *text)
{
    const unsigned char *key;
    size_t length, i, out = 0;
    unsigned bits = 0;
    int held = 0;
    char *result;

    text_sort_key(&key, &length, ctx->arena, text);
    if (length > SORT_KEY_BYTES)
        length = SORT_KEY_BYTES;
    result = arena_alloc(ctx->arena, length * 4 / 3 + 3);
    for (i = 0; i < length; i++) {
        bits = (bits << 8 | key[i]) & 0xffff;
        for (held += 8; held >= 6; held -= 6)
            result[out++] = DIGITS[bits >> (held - 6) & 63];
    }
    if (held)
        result[out++] = DIGITS[bits << (6 - held) & 63];
    return result;
}

struct value *record_sort_value(struct ctx *ctx, const struct field *field,
                                const struct value *value)
{
    if (value_is_empty(value))
        return value_null(ctx->arena);
    if (field->type->flags & FIELD_SORT_KEY)
        return value_text(ctx->arena, sort_text(ctx, value_as_text(value)));
    return field_to_column(ctx, field, value);
}

static void add_int(struct ctx *ctx, struct vector *values, int64_t number)
{
    vector_add(values, value_int(ctx->arena, number));
}

static int exec_vector(struct ctx *ctx, const char *sql,
                       const struct vector *values)
{
    return db_exec_values(ctx, sql, (const struct value *const *)values->items,
                          values->count);
}

/* Replaces the rows of one sub-table; those that stay keep their ids. */
static int write_rows(struct ctx *ctx, struct record *record, size_t index)
{
    const struct field *table = record->form->fields[index];
    const struct form_sql *sql = record->form->sql;
    struct value *rows = value_get(record->values, table->key);
    size_t i, j;
    int rc = 0;

    for (i = 0; !rc && i < value_count(rows); i++) {
        struct value *row = value_at(rows, i);
        int64_t id = value_get_id(row, "id");
        struct vector values;

        if (!id) {
            id = record->form->anonymous ? anonymous_id() : id_next();
            value_set_int(row, "id", id);
        }
        vector_init(&values, ctx->arena);
        add_int(ctx, &values, id);
        add_int(ctx, &values, record->id);
        add_int(ctx, &values, (int64_t)i);
        for (j = 0; j < table->field_count; j++) {
            const struct field *cell = table->fields[j];

            vector_add(&values,
                       field_to_column(ctx, cell, value_get(row, cell->key)));
        }
        rc = exec_vector(ctx, sql->row_inserts[index], &values);
    }
    return rc;
}

/* The files of a field belong to the record from now on; those that it lost
 * are unbound again, and collected after a day. */
static int bind_files(struct ctx *ctx, const struct record *record,
                      const struct field *field, const struct value *before)
{
    const struct value *now = value_get(record->values, field->key);
    int rc = 0;
    size_t i;

    for (i = 0; !rc && i < value_count(before); i++)
        rc = db_post(ctx,
                     "UPDATE attachment SET record = 0, created_at = ?3"
                     " WHERE id = ?1 AND record = ?2",
                     "iii", value_as_id(value_at(before, i)), record->id,
                     clock_now());
    for (i = 0; !rc && i < value_count(now); i++)
        rc = db_post(ctx,
                     "UPDATE attachment SET form = ?2, record = ?3,"
                     " field_key = ?4 WHERE id = ?1 AND record IN (0, ?3)",
                     "isis", value_as_id(value_at(now, i)), record->form->name,
                     record->id, field->key);
    return rc;
}

static bool is_file(const struct field *field)
{
    return strcmp(field->type->name, "file") == 0;
}

int record_number(struct ctx *ctx, struct record *record)
{
    const struct form *form = record->form;
    size_t i;
    int rc = 0;

    if (text_equal(record->state, "draft"))
        return 0;
    for (i = 0; !rc && i < form->field_count; i++) {
        const struct field *field = form->fields[i];
        const char *number;

        if (strcmp(field->type->name, "auto_number") != 0 ||
            !value_is_empty(value_get(record->values, field->key)))
            continue;
        rc = auto_number_next(&number, ctx, form, field);
        if (!rc)
            value_set_text(record->values, field->key, number);
    }
    return rc;
}

int record_check_unique(struct ctx *ctx, const struct record *record,
                        const struct record *before)
{
    const struct form *form = record->form;
    int rc = 0;
    size_t i;

    for (i = 0; i < form->field_count; i++) {
        const struct field *field = form->fields[i];
        struct value *value = value_get(record->values, field->key);
        struct value *args[2];
        QUERY_AUTO *query = NULL;
        int bad;

        if (!field->unique || value_is_empty(value) ||
            (before && !before->deleted_at &&
             value_equal(value, value_get(before->values, field->key))))
            continue;
        /* Who only looks, before the transaction, holds nobody up. */
        bad = tx_active(ctx) ? record_guard_value(ctx, record, field) : 0;
        if (bad)
            return bad;
        args[0] = field_to_column(ctx, field, value);
        args[1] = value_int(ctx->arena, record->id);
        bad = db_query_values(
            &query, ctx,
            /* sql: names from the definition */
            arena_printf(ctx->arena,
                         "SELECT id FROM \"%s\" WHERE \"%s\" = ?"
                         " AND deleted_at = 0 AND id <> ?",
                         form->table, field->column),
            (const struct value *const *)args, 2);
        if (bad || (bad = query_next(query)) < 0)
            return bad;
        if (bad)
            rc = fail_at(ctx, E_CONFLICT, field->key, "form.not_unique",
                         "%s is there already", field_human(ctx, field, value));
    }
    return rc;
}

/* Only what is unique can fail for itself, and is waited for. */
static int insert_row(struct ctx *ctx, const struct form *form,
                      const struct vector *values)
{
    bool alone = true;
    size_t i;

    for (i = 0; i < form->field_count; i++)
        alone &= !form->fields[i]->unique;
    if (!alone)
        return exec_vector(ctx, form->sql->insert, values);
    return db_post_values(ctx, form->sql->insert,
                          (const struct value *const *)values->items,
                          values->count);
}

int record_insert(struct ctx *ctx, struct record *record)
{
    const struct form *form = record->form;
    struct vector values;
    size_t i;
    int rc;

    vector_init(&values, ctx->arena);
    add_int(ctx, &values, record->id);
    add_int(ctx, &values, record->version);
    add_int(ctx, &values, record->owner);
    add_int(ctx, &values, record->department);
    vector_add(&values, value_text(ctx->arena, record->state));
    add_int(ctx, &values, record->created_at);
    add_int(ctx, &values, record->created_by);
    add_int(ctx, &values, record->updated_at);
    add_int(ctx, &values, record->updated_by);
    add_int(ctx, &values, 0);
    vector_add(&values,
               value_text(ctx->arena, record_search_text(ctx, record)));
    for (i = 0; i < form->field_count; i++) {
        const struct field *field = form->fields[i];
        const struct value *value = value_get(record->values, field->key);

        if (!field->column)
            continue;
        vector_add(&values, field_to_column(ctx, field, value));
        if (field->sort_column && field->sort_column != field->column)
            vector_add(&values, record_sort_value(ctx, field, value));
    }
    rc = insert_row(ctx, form, &values);
    for (i = 0; !rc && i < form->field_count; i++) {
        if (form->fields[i]->table)
            rc = write_rows(ctx, record, i);
        else if (is_file(form->fields[i]))
            rc = bind_files(ctx, record, form->fields[i], NULL);
    }
    return rc ? rc : search_put(ctx, record, NULL);
}

/* Adds `"column" = ?` and its value. */
static void add_set(struct buf *sql, struct vector *values, const char *column,
                    struct value *value)
{
    buf_addf(sql, ", \"%s\" = ?", column);
    vector_add(values, value);
}

int record_change_row(struct ctx *ctx, struct record *record,
                      const struct record *before)
{
    const struct form *form = record->form;
    struct vector values;
    struct buf sql;
    size_t i;
    int rc = 0;

    vector_init(&values, ctx->arena);
    buf_init(&sql, ctx->arena, 65536);
    /* sql: names from the definition */
    buf_addf(&sql, "UPDATE \"%s\" SET version = ?", form->table);
    add_int(ctx, &values, record->version);
    add_set(&sql, &values, "updated_at",
            value_int(ctx->arena, record->updated_at));
    add_set(&sql, &values, "updated_by",
            value_int(ctx->arena, record->updated_by));
    if (record->owner != before->owner) {
        add_set(&sql, &values, "owner", value_int(ctx->arena, record->owner));
        add_set(&sql, &values, "department",
                value_int(ctx->arena, record->department));
    }
    if (!text_equal(record->state, before->state))
        add_set(&sql, &values, "state", value_text(ctx->arena, record->state));
    add_set(&sql, &values, "search",
            value_text(ctx->arena, record_search_text(ctx, record)));
    for (i = 0; !rc && i < form->field_count; i++) {
        const struct field *field = form->fields[i];
        struct value *value = value_get(record->values, field->key);
        const struct value *old = value_get(before->values, field->key);

        if (value_equal(value, old) ||
            (value_is_empty(value) && value_is_empty(old)))
            continue;
        if (field->table) {
            rc = db_exec(ctx, form->sql->row_deletes[i], "i", record->id);
            if (!rc)
                rc = write_rows(ctx, record, i);
            continue;
        }
        add_set(&sql, &values, field->column,
                field_to_column(ctx, field, value));
        if (field->sort_column && field->sort_column != field->column)
            add_set(&sql, &values, field->sort_column,
                    record_sort_value(ctx, field, value));
        if (is_file(field))
            rc = bind_files(ctx, record, field, old);
    }
    buf_add_text(&sql, " WHERE id = ? AND version = ?");
    add_int(ctx, &values, record->id);
    add_int(ctx, &values, before->version);
    if (!rc)
        rc = exec_vector(ctx, buf_text(&sql), &values);
    if (!rc)
        rc = record_changed_one(ctx);
    return rc ? rc : search_put(ctx, record, before);
}
