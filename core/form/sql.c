/*
 * sql.c - a form's tables, indexes and statements, generated from its keys.
 *
 * Names come from checked keys only ([a-z0-9_], S20). Publishing only adds:
 * a table that is there gets the columns it lacks.
 */
#include "base/banned.h"

#include "form/sql.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "form/field_type.h"
#include "store/dialect.h"

/* A name that PostgreSQL takes whole; bytes of the hash in a longer one. */
enum { INDEX_NAME_MAX = 63, HASH_KEPT = 8 };

static const char SYSTEM[] =
    "t.id, t.version, t.owner, t.department, t.state, t.created_at,"
    " t.created_by, t.updated_at, t.updated_by, t.deleted_at";

static bool has_sort_key(const struct field *field)
{
    return field->sort_column && field->sort_column != field->column;
}

static const char *make_select(struct arena *arena, const struct form *form)
{
    struct buf buf;
    size_t i;

    buf_init(&buf, arena, 65536);
    buf_add_text(&buf, SYSTEM);
    for (i = 0; i < form->field_count; i++)
        if (form->fields[i]->column)
            buf_addf(&buf, ", t.\"%s\"", form->fields[i]->column);
    return buf_text(&buf);
}

static const char *make_insert(struct arena *arena, const struct form *form)
{
    struct buf names, marks;
    int count = SYSTEM_COLUMNS + 1, i;
    size_t f;

    buf_init(&names, arena, 65536);
    buf_init(&marks, arena, 65536);
    buf_add_text(&names, "id, version, owner, department, state, created_at,"
                         " created_by, updated_at, updated_by, deleted_at,"
                         " search");
    for (f = 0; f < form->field_count; f++) {
        const struct field *field = form->fields[f];

        if (!field->column)
            continue;
        buf_addf(&names, ", \"%s\"", field->column);
        count++;
        if (has_sort_key(field)) {
            buf_addf(&names, ", \"%s\"", field->sort_column);
            count++;
        }
    }
    for (i = 0; i < count; i++)
        buf_add_text(&marks, i ? ", ?" : "?");
    /* sql: names from the definition */
    return arena_printf(arena, "INSERT INTO \"%s\" (%s) VALUES (%s)",
                        form->table, buf_text(&names), buf_text(&marks));
}

static void make_rows(struct arena *arena, struct form_sql *sql, size_t index,
                      const struct field *table)
{
    struct buf names, marks;
    size_t i;

    buf_init(&names, arena, 65536);
    buf_init(&marks, arena, 65536);
    for (i = 0; i < table->field_count; i++) {
        buf_addf(&names, ", \"%s\"", table->fields[i]->column);
        buf_add_text(&marks, ", ?");
    }
    /* sql: names from the definition */
    sql->rows[index] = arena_printf(
        arena, "SELECT id%s FROM \"%s\" WHERE record = ?1 ORDER BY position",
        buf_text(&names), table->table);
    sql->row_inserts[index] =
        /* sql: names from the definition */
        arena_printf(arena,
                     "INSERT INTO \"%s\" (id, record, position%s)"
                     " VALUES (?, ?, ?%s)",
                     table->table, buf_text(&names), buf_text(&marks));
    /* sql: names from the definition */
    sql->row_deletes[index] = arena_printf(
        arena, "DELETE FROM \"%s\" WHERE record = ?1", table->table);
}

struct form_sql *form_sql_make(struct arena *arena, const struct form *form)
{
    struct form_sql *sql = arena_alloc(arena, sizeof *sql);
    size_t i;

    sql->columns = make_select(arena, form);
    /* sql: names from the definition */
    sql->select = arena_printf(arena, "SELECT %s FROM \"%s\" t WHERE t.id = ?1",
                               sql->columns, form->table);
    /* sql: names from the definition */
    sql->locked = arena_printf(arena, "%s FOR UPDATE", sql->select);
    sql->insert = make_insert(arena, form);
    sql->rows = arena_array(arena, form->field_count, sizeof *sql->rows);
    sql->row_inserts =
        arena_array(arena, form->field_count, sizeof *sql->row_inserts);
    sql->row_deletes =
        arena_array(arena, form->field_count, sizeof *sql->row_deletes);
    for (i = 0; i < form->field_count; i++)
        if (form->fields[i]->table)
            make_rows(arena, sql, i, form->fields[i]);
    return sql;
}

static int add_column(struct ctx *ctx, const char *table, struct map *have,
                      const char *column, const char *type)
{
    if (!column || map_get(have, column))
        return 0;
    return db_exec(ctx,
                   /* sql: names from the definition */
                   arena_printf(ctx->arena,
                                "ALTER TABLE \"%s\" ADD COLUMN \"%s\" %s",
                                table, column, type),
                   "");
}

/*
 * "r_deal" and "owner" give "i_deal__owner": tables and indexes share their
 * names, and no table begins so. PostgreSQL cuts a name after 63 bytes; what
 * is longer ends in a hash of the whole.
 */
static const char *index_name(struct arena *arena, const char *table,
                              const char *suffix)
{
    char *name = arena_printf(arena, "i_%s__%s", table + 2, suffix);
    unsigned char hash[HASH_SIZE];

    if (strlen(name) <= INDEX_NAME_MAX)
        return name;
    hash_data(hash, name, strlen(name), NULL, 0);
    return arena_printf(arena, "%.*s_%s", INDEX_NAME_MAX - 1 - 2 * HASH_KEPT,
                        name, hex_of(arena, hash, HASH_KEPT));
}

int form_index_there(bool *out, struct ctx *ctx, const char *table,
                     const char *suffix)
{
    /* The name that it had before tables and indexes were told apart. */
    int rc = db_index_exists(out, ctx, table,
                             arena_printf(ctx->arena, "%s_%s", table, suffix));

    return rc || *out ? rc
                      : db_index_exists(out, ctx, table,
                                        index_name(ctx->arena, table, suffix));
}

/* where: which rows are in it; "": all. */
static int make_index(struct ctx *ctx, const char *table, const char *suffix,
                      const char *columns, bool unique, const char *where)
{
    bool there;
    int rc = form_index_there(&there, ctx, table, suffix);

    if (rc || there)
        return rc;
    return db_exec(
        ctx,
        /* sql: names from the definition */
        arena_printf(
            ctx->arena, "CREATE %sINDEX IF NOT EXISTS \"%s\" ON \"%s\" (%s)%s",
            unique ? "UNIQUE " : "", index_name(ctx->arena, table, suffix),
            table, columns, where),
        "");
}

static int add_index(struct ctx *ctx, const char *table, const char *suffix,
                     const char *columns, bool unique, bool all)
{
    return make_index(ctx, table, suffix, columns, unique,
                      all ? "" : " WHERE deleted_at = 0");
}

/* For each scope column an index in the order of the list (architecture 3):
 * a branch of the list reads its page's entries only. deleted_at stands in
 * them so that no row is looked up for it (SQLite tests it again even in an
 * index of the living alone). */
static int add_sort_indexes(struct ctx *ctx, const char *table,
                            const char *column)
{
    static const char *const scopes[] = { "", "owner", "department" };
    size_t i;
    int rc = 0;

    for (i = 0; !rc && i < 3; i++)
        rc = add_index(
            ctx, table,
            arena_printf(ctx->arena, "%s%s%s", scopes[i], i ? "_" : "", column),
            arena_printf(ctx->arena, "%s%s\"%s\", id, deleted_at", scopes[i],
                         i ? ", " : "", column),
            false, false);
    return rc;
}

/* The columns of fields, for a table that is new: to add them one by one
 * reads the whole schema again for each. */
static const char *all_columns(struct ctx *ctx, struct field *const *fields,
                               size_t count)
{
    struct buf buf;
    size_t i;

    buf_init(&buf, ctx->arena, 65536);
    for (i = 0; i < count; i++) {
        if (fields[i]->column)
            buf_addf(&buf, ", \"%s\" %s", fields[i]->column,
                     fields[i]->type->sql);
        if (fields[i]->column && has_sort_key(fields[i]))
            buf_addf(&buf, ", \"%s\" TEXT", fields[i]->sort_column);
    }
    return buf_text(&buf);
}

static int make_head(struct ctx *ctx, const struct form *form)
{
    const char *table = form->table;
    int rc;

    rc = db_exec(
        ctx,
        /* sql: names from the definition */
        arena_printf(ctx->arena,
                     "CREATE TABLE IF NOT EXISTS \"%s\" ("
                     "id INTEGER PRIMARY KEY, version INTEGER NOT NULL,"
                     " owner INTEGER NOT NULL, department INTEGER NOT NULL,"
                     " state TEXT NOT NULL, created_at INTEGER NOT NULL,"
                     " created_by INTEGER NOT NULL,"
                     " updated_at INTEGER NOT NULL,"
                     " updated_by INTEGER NOT NULL,"
                     " deleted_at INTEGER NOT NULL,"
                     " search TEXT NOT NULL%s) STRICT",
                     table, all_columns(ctx, form->fields, form->field_count)),
        "");
    if (!rc)
        rc = add_index(ctx, table, "owner", "owner, id, deleted_at", false,
                       false);
    if (!rc)
        rc = add_index(ctx, table, "department", "department, id, deleted_at",
                       false, false);
    if (!rc)
        rc = make_index(ctx, table, "bin", "deleted_at", false,
                        " WHERE deleted_at > 0");
    return rc;
}

static int make_field(struct ctx *ctx, const struct form *form,
                      struct map *have, const struct field *field)
{
    const char *table = form->table;
    int rc = add_column(ctx, table, have, field->column, field->type->sql);

    if (!rc && has_sort_key(field))
        rc = add_column(ctx, table, have, field->sort_column, "TEXT");
    if (!rc && field->unique)
        rc = add_index(
            ctx, table, arena_printf(ctx->arena, "%s_unique", field->column),
            arena_printf(ctx->arena, "\"%s\"", field->column), true, false);
    if (!rc && field->indexed)
        rc = add_sort_indexes(ctx, table, field->sort_column);
    if (!rc && field->type->flags & FIELD_RECORD)
        rc = add_index(
            ctx, table, field->column,
            arena_printf(ctx->arena, "\"%s\", id, deleted_at", field->column),
            false, false);
    return rc;
}

static int make_table(struct ctx *ctx, const struct form *form,
                      const struct field *table)
{
    struct map *have;
    size_t i;
    int rc;

    rc = db_exec(
        ctx,
        /* sql: names from the definition */
        arena_printf(ctx->arena,
                     "CREATE TABLE IF NOT EXISTS \"%s\" ("
                     "id INTEGER PRIMARY KEY,"
                     " record INTEGER NOT NULL"
                     " REFERENCES \"%s\"(id) ON DELETE CASCADE,"
                     " position INTEGER NOT NULL%s) STRICT",
                     table->table, form->table,
                     all_columns(ctx, table->fields, table->field_count)),
        "");
    if (!rc)
        rc = add_index(ctx, table->table, "record", "record, position", false,
                       true);
    if (!rc)
        rc = db_columns(&have, ctx, table->table);
    for (i = 0; !rc && i < table->field_count; i++)
        rc = add_column(ctx, table->table, have, table->fields[i]->column,
                        table->fields[i]->type->sql);
    return rc;
}

int form_tables_make(struct ctx *ctx, const struct form *form)
{
    struct map *have;
    size_t i;
    int rc = make_head(ctx, form);

    if (!rc)
        rc = db_columns(&have, ctx, form->table);
    for (i = 0; !rc && i < form->field_count; i++) {
        if (form->fields[i]->table)
            rc = make_table(ctx, form, form->fields[i]);
        else
            rc = make_field(ctx, form, have, form->fields[i]);
    }
    return rc;
}
