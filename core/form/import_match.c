/*
 * import_match.c - which records a batch of rows names by its keys: one query
 * a batch, never one a row.
 *
 * It finds ids; whether the person may see and change them, saving asks.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/map.h"
#include "base/str.h"
#include "form/field_type.h"
#include "form/import_steps.h"
#include "store/dialect.h"

/* A record that some row may name. */
struct found {
    int64_t id;
    bool twice;
};

static void add_part(struct buf *buf, struct ctx *ctx,
                     const struct field *field, const struct value *value)
{
    const struct value *column = field_to_column(ctx, field, value);
    const char *text = value_as_text(column);
    struct decimal decimal;

    if (text) {
        buf_addf(buf, "t%s%c", text, IMPORT_CELL_END);
    } else if (value_as_decimal(&decimal, column)) {
        buf_addf(buf, "i%lld%c", (long long)decimal.units, IMPORT_CELL_END);
    } else {
        buf_addf(buf, "i%lld%c",
                 (long long)(value_kind(column) == VALUE_BOOL
                                 ? (int64_t)value_as_bool(column)
                                 : value_as_int(column, 0)),
                 IMPORT_CELL_END);
    }
}

/* "#17": what an export writes; digits alone will do. */
static void read_id(struct import_row_now *row, const char *text)
{
    text += strspn(text, " \t");
    text += *text == '#';
    row->record = 0;
    if (*text && int_parse(&row->record, text, 1, INT64_MAX))
        row->bad_key = true;
}

/* The row's key as text, and its values for the query. */
static void read_key(struct ctx *ctx, struct import_plan *plan,
                     struct import_row_now *row, struct value **lists)
{
    struct ctx quiet = ctx_apart(ctx);
    size_t i, part = 0, empty = 0;
    struct buf buf;

    buf_init(&buf, ctx->arena, 1 << 20);
    for (i = 0; i < plan->count; i++) {
        struct import_column *column = &plan->columns[i];
        struct value *value;

        if (!column->key)
            continue;
        if (column->id) {
            read_id(row, row->cells[i]);
            return;
        }
        if (import_value(&value, &quiet, column, row->cells[i], true)) {
            row->bad_key = true;
            return;
        }
        if (value_is_empty(value)) {
            empty++;
            buf_addf(&buf, "n%c", IMPORT_CELL_END);
        } else {
            add_part(&buf, ctx, column->field, value);
            value_append(lists[part],
                         field_to_column(ctx, column->field, value));
        }
        part++;
    }
    /* A row without any key is a new record. */
    if (empty < part)
        row->key = buf_text(&buf);
}

/* Units of decimals, as they lie in the column. */
static struct value *plain_list(struct ctx *ctx, const struct value *list)
{
    struct value *plain = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < value_count(list); i++) {
        struct value *item = value_at(list, i);
        struct decimal decimal;

        if (value_kind(item) == VALUE_DECIMAL) {
            value_as_decimal(&decimal, item);
            item =
                value_text(ctx->arena, arena_printf(ctx->arena, "%lld",
                                                    (long long)decimal.units));
        } else if (value_kind(item) == VALUE_INT) {
            item = value_text(ctx->arena,
                              arena_printf(ctx->arena, "%lld",
                                           (long long)value_as_int(item, 0)));
        } else if (value_kind(item) == VALUE_BOOL) {
            item = value_text(ctx->arena, value_as_bool(item) ? "1" : "0");
        }
        value_append(plain, item);
    }
    return plain;
}

/* Records whose first key is among the batch's; the others are compared by
 * the text of all. */
static int query_records(struct map *found, struct ctx *ctx,
                         struct import_plan *plan, struct value *const *lists)
{
    const struct value *values[1];
    QUERY_AUTO *query = NULL;
    const struct field *fields[TABLE_KEYS_MAX];
    size_t i, count = 0, narrow = 0;
    struct buf sql;
    int rc;

    for (i = 0; i < plan->count && count < TABLE_KEYS_MAX; i++)
        if (plan->columns[i].key)
            fields[count++] = plan->columns[i].field;
    /* The one with an index, else the first. */
    for (i = 0; i < count; i++)
        if (fields[i]->unique && value_count(lists[i])) {
            narrow = i;
            break;
        }
    buf_init(&sql, ctx->arena, 65536);
    /* sql: names from the definition */
    buf_add_text(&sql, "SELECT t.id");
    for (i = 0; i < count; i++)
        buf_addf(&sql, ", t.\"%s\"", fields[i]->column);
    /* sql: names from the definition */
    buf_addf(&sql, " FROM \"%s\" t WHERE t.deleted_at = 0 AND t.\"%s\" IN",
             plan->form->table, fields[narrow]->column);
    /* sql: names from the definition */
    buf_addf(&sql, " (SELECT %s FROM %s AS j)",
             strcmp(fields[narrow]->type->sql, "INTEGER") == 0
                 ? "CAST(value AS BIGINT)"
                 : "value",
             db_json_items(ctx, "?"));
    values[0] = value_text(
        ctx->arena, json_text(ctx->arena, plain_list(ctx, lists[narrow])));
    rc = db_query_values(&query, ctx, buf_text(&sql), values, 1);
    while (!rc && (rc = query_next(query)) == 1) {
        struct found *one = arena_alloc(ctx->arena, sizeof *one);
        struct found *other;
        struct buf key;

        buf_init(&key, ctx->arena, 1 << 20);
        for (i = 0; i < count; i++) {
            struct value *value =
                field_from_column(ctx, fields[i], query, (int)i + 1);

            if (value_is_empty(value))
                buf_addf(&key, "n%c", IMPORT_CELL_END);
            else
                add_part(&key, ctx, fields[i], value);
        }
        one->id = query_int(query, 0);
        other = map_get(found, buf_text(&key));
        one->twice = other != NULL;
        map_set(found, buf_text(&key), one);
        rc = 0;
    }
    return rc;
}

int import_match(struct ctx *ctx, struct import_plan *plan,
                 struct import_row_now *rows, size_t count)
{
    struct map *found = map_new(ctx->arena);
    struct value *lists[TABLE_KEYS_MAX];
    size_t i;
    int rc = 0;

    if (!plan->key_count)
        return 0;
    for (i = 0; i < TABLE_KEYS_MAX; i++)
        lists[i] = value_list(ctx->arena);
    for (i = 0; i < count; i++)
        read_key(ctx, plan, &rows[i], lists);
    if (plan->by_id)
        return 0;
    rc = query_records(found, ctx, plan, lists);
    for (i = 0; !rc && i < count; i++) {
        const struct found *one =
            rows[i].key ? map_get(found, rows[i].key) : NULL;

        if (one) {
            rows[i].record = one->id;
            rows[i].ambiguous = one->twice;
        }
    }
    return rc;
}
