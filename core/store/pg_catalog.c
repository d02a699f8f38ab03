/*
 * pg_catalog.c - PostgreSQL's tables as definitions in SQLite's words.
 *
 * What migrations of the core make is made by them on every store; these are
 * the tables of forms and modules. Names are quoted by us, because the two
 * stores reserve different words.
 */
#include "base/banned.h"

#include "store/pg_catalog.h"

#include <strings.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "store/bulk.h"
#include "store/pg.h"

enum { TEXT_MAX = 256 * 1024 };

/* The table ?1 of this site. */
#define TABLE                                                                  \
    "(SELECT c.oid FROM pg_class c JOIN pg_namespace n"                        \
    " ON n.oid = c.relnamespace WHERE n.nspname = current_schema()"            \
    " AND c.relname = ?1 AND c.relkind = 'r')"

/* The names of the columns that a list of numbers means, in its order. */
#define NAMES_OF(numbers, table)                                               \
    "(SELECT string_agg('\"' || a.attname || '\"', ', ' ORDER BY u.n)"         \
    " FROM unnest(" numbers ") WITH ORDINALITY AS u(k, n)"                     \
    " JOIN pg_attribute a ON a.attrelid = " table " AND a.attnum = u.k)"

int pg_catalog_tables(struct vector *names, struct ctx *ctx)
{
    return bulk_table_names(
        names, ctx,
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n"
        " ON n.oid = c.relnamespace WHERE c.relkind = 'r'"
        " AND n.nspname = current_schema() ORDER BY c.oid");
}

/* ---- one table ---- */

static char kind_of(int64_t type)
{
    switch (type) {
    case PG_INT8:
    case PG_INT4:
    case PG_INT2:
        return 'i';
    case PG_TEXT:
    case PG_VARCHAR:
        return 't';
    case PG_FLOAT8:
        return 'd';
    case PG_BYTEA:
        return 'b';
    }
    return 0;
}

static int no_kind(struct ctx *ctx, const char *table, const char *column,
                   const char *type)
{
    return fail(ctx, E_UNSUPPORTED, "store.copy_type",
                "the column %s of the table %s is of a kind that cannot be "
                "copied: %s",
                column, table, type);
}

static int columns_of(struct bulk_table *table, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    struct vector columns;
    int rc = db_query(&query, ctx,
                      "SELECT a.attname, a.atttypid::bigint,"
                      " format_type(a.atttypid, a.atttypmod)"
                      " FROM pg_attribute a WHERE a.attnum > 0"
                      " AND NOT a.attisdropped AND a.attrelid = " TABLE
                      " ORDER BY a.attname",
                      "s", table->name);

    vector_init(&columns, ctx->arena);
    while (!rc && (rc = query_next(query)) == 1) {
        struct bulk_column *column = arena_alloc(ctx->arena, sizeof *column);

        column->name = query_copy(query, 0);
        column->type = (unsigned)query_int(query, 1);
        column->kind = kind_of(query_int(query, 1));
        rc = column->kind ? 0
                          : no_kind(ctx, table->name, column->name,
                                    query_copy(query, 2));
        vector_add(&columns, column);
    }
    table->columns = (struct bulk_column **)columns.items;
    table->count = columns.count;
    return rc;
}

static const struct bulk_column *column_of(const struct bulk_table *table,
                                           const char *name)
{
    size_t i;

    for (i = 0; i < table->count; i++)
        if (text_equal(table->columns[i]->name, name))
            return table->columns[i];
    return NULL;
}

static void add_term(struct buf *order, const struct bulk_column *column)
{
    buf_addf(order, "%s\"%s\"%s NULLS FIRST", order->length ? ", " : "",
             column->name, column->kind == 't' ? " COLLATE \"C\"" : "");
}

/* The primary key; all columns where there is none. */
static int order_of(struct bulk_table *table, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    struct buf order;
    size_t i;
    int rc = db_query(
        &query, ctx,
        "SELECT a.attname FROM pg_index i"
        " JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS u(k, n) ON true"
        " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.k"
        " WHERE i.indisprimary AND i.indrelid = " TABLE " ORDER BY u.n",
        "s", table->name);

    buf_init(&order, ctx->arena, TEXT_MAX);
    while (!rc && (rc = query_next(query)) == 1) {
        add_term(&order, column_of(table, query_text(query, 0)));
        rc = 0;
    }
    for (i = 0; !order.length && i < table->count; i++)
        add_term(&order, table->columns[i]);
    table->order = buf_text(&order);
    return rc;
}

int pg_catalog_describe(struct bulk_table **out, struct ctx *ctx,
                        const char *name)
{
    struct bulk_table *table = arena_alloc(ctx->arena, sizeof *table);
    int rc;

    *out = NULL;
    table->name = arena_strdup(ctx->arena, name);
    rc = columns_of(table, ctx);
    if (rc || !table->count)
        return rc;
    rc = order_of(table, ctx);
    if (!rc)
        *out = table;
    return rc;
}

/* ---- expressions ---- */

static bool name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool is_word(const char *at, size_t length, const char *word)
{
    return strlen(word) == length && strncasecmp(at, word, length) == 0;
}

/* Words that stand for themselves; every other one is a column or, before a
 * paren, a function. */
static bool keyword(const char *at, size_t length)
{
    static const char *const words[] = { "AND",  "OR",   "NOT",      "IS",
                                         "NULL", "TRUE", "FALSE",    "IN",
                                         "LIKE", "CASE", "WHEN",     "THEN",
                                         "ELSE", "END",  "DISTINCT", "FROM" };
    size_t i;

    for (i = 0; i < sizeof words / sizeof *words; i++)
        if (is_word(at, length, words[i]))
            return true;
    return false;
}

/* Past a quoted text; a doubled quote stands for itself. */
static const char *quoted_end(const char *at)
{
    char quote = *at++;

    while (*at && (*at != quote || at[1] == quote))
        at += *at == quote ? 2 : 1;
    return *at ? at + 1 : at;
}

/* Past "::double precision[]", "::text COLLATE "C"". */
static const char *cast_end(const char *at)
{
    static const char *const second[] = { " precision", " varying" };
    size_t i;

    at += 2;
    while (name_char(*at))
        at++;
    for (i = 0; i < sizeof second / sizeof *second; i++)
        if (text_starts(at, second[i]))
            at += strlen(second[i]);
    return text_starts(at, "[]") ? at + 2 : at;
}

static const char *add_word(struct buf *out, const char *at)
{
    const char *end = at;
    size_t length;

    while (name_char(*end))
        end++;
    length = (size_t)(end - at);
    if (is_word(at, length, "COLLATE")) {
        while (*end == ' ')
            end++;
        return *end == '"' ? quoted_end(end) : end;
    }
    if (isdigit((unsigned char)*at) || keyword(at, length) || *end == '(')
        buf_add(out, at, length);
    else
        buf_addf(out, "\"%.*s\"", (int)length, at);
    return end;
}

const char *pg_catalog_expression(struct ctx *ctx, const char *text)
{
    static const char any[] = "= ANY (", list[] = "ARRAY[";
    const char *at = text;
    bool in = false;
    struct buf out;

    buf_init(&out, ctx->arena, TEXT_MAX);
    while (*at) {
        const char *start = at;

        if (text_starts(at, any)) {
            buf_add_text(&out, "IN (");
            at += strlen(any);
            at += *at == '('; /* (ARRAY[…])::text[] */
            in = text_starts(at, list);
            at += in ? strlen(list) : 0;
        } else if (in && *at == ']') {
            in = false;
            at += at[1] == ')' && text_starts(at + 2, "::") ? 2 : 1;
        } else if (text_starts(at, "::")) {
            at = cast_end(at);
        } else if (*at == '\'' || *at == '"') {
            at = quoted_end(at);
            buf_add(&out, start, (size_t)(at - start));
        } else if (name_char(*at)) {
            at = add_word(&out, at);
        } else {
            buf_add_char(&out, *at++);
        }
    }
    return buf_text(&out);
}

/* ---- definitions ---- */

static const char *type_of(int64_t type)
{
    switch (kind_of(type)) {
    case 'i':
        return "INTEGER";
    case 't':
        return "TEXT";
    case 'd':
        return "REAL";
    case 'b':
        return "BLOB";
    }
    return NULL;
}

static int add_columns(struct buf *out, struct ctx *ctx, const char *table)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      "SELECT a.attname, a.atttypid::bigint, a.attnotnull"
                      /* SQLite's row number is never NULL, untold */
                      " AND NOT EXISTS (SELECT 1 FROM pg_index i"
                      " WHERE i.indrelid = a.attrelid AND i.indisprimary"
                      " AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum"
                      " AND a.atttypid = 20),"
                      " pg_get_expr(d.adbin, d.adrelid),"
                      " format_type(a.atttypid, a.atttypmod)"
                      " FROM pg_attribute a LEFT JOIN pg_attrdef d"
                      " ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
                      " WHERE a.attnum > 0 AND NOT a.attisdropped"
                      " AND a.attrelid = " TABLE " ORDER BY a.attnum",
                      "s", table);

    while (!rc && (rc = query_next(query)) == 1) {
        const char *type = type_of(query_int(query, 1));

        if (!type)
            return no_kind(ctx, table, query_copy(query, 0),
                           query_copy(query, 4));
        buf_addf(out, "%s\"%s\" %s%s", out->length ? ", " : "",
                 query_text(query, 0), type,
                 query_int(query, 2) ? " NOT NULL" : "");
        if (!query_is_null(query, 3))
            buf_addf(out, " DEFAULT (%s)",
                     pg_catalog_expression(ctx, query_text(query, 3)));
        rc = 0;
    }
    return rc;
}

static void add_reference(struct buf *out, struct query *query)
{
    static const struct {
        char letter;
        const char *text;
    } actions[] = { { 'c', " ON DELETE CASCADE" },
                    { 'n', " ON DELETE SET NULL" },
                    { 'r', " ON DELETE RESTRICT" } };
    size_t i;

    buf_addf(out, ", FOREIGN KEY (%s) REFERENCES \"%s\" (%s)",
             query_text(query, 1), query_text(query, 2), query_text(query, 3));
    for (i = 0; i < sizeof actions / sizeof *actions; i++)
        if (*query_text(query, 4) == actions[i].letter)
            buf_add_text(out, actions[i].text);
}

static int add_constraints(struct buf *out, struct ctx *ctx, const char *table)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(
        &query, ctx,
        "SELECT k.contype, " NAMES_OF(
            "k.conkey",
            "k.conrelid") ", r.relname, " NAMES_OF("k.confkey",
                                                   "k.confrelid") ", "
                                                                  "k."
                                                                  "confdeltype,"
                                                                  " pg_get_"
                                                                  "constraintde"
                                                                  "f(k.oid) "
                                                                  "FROM "
                                                                  "pg_"
                                                                  "constraint k"
                                                                  " LEFT JOIN "
                                                                  "pg_class r "
                                                                  "ON r.oid = "
                                                                  "k.confrelid"
                                                                  " WHERE "
                                                                  "k.contype "
                                                                  "IN ('p', "
                                                                  "'u', 'f', "
                                                                  "'c') AND "
                                                                  "k.conrelid "
                                                                  "= " TABLE
                                                                  " ORDER BY "
                                                                  "k.contype = "
                                                                  "'p' DESC, "
                                                                  "k.conname",
        "s", table);

    while (!rc && (rc = query_next(query)) == 1) {
        switch (*query_text(query, 0)) {
        case 'p':
            buf_addf(out, ", PRIMARY KEY (%s)", query_text(query, 1));
            break;
        case 'u':
            buf_addf(out, ", UNIQUE (%s)", query_text(query, 1));
            break;
        case 'f':
            add_reference(out, query);
            break;
        default: /* "CHECK ((number > 0))" */
            buf_addf(out, ", CHECK %s",
                     pg_catalog_expression(ctx, query_text(query, 5) +
                                                    strlen("CHECK ")));
        }
        rc = 0;
    }
    return rc;
}

/* A column of an index: its name, or an expression. */
static const char index_columns[] =
    "SELECT c.relname, i.indisunique, pg_get_expr(i.indpred, i.indrelid),"
    " a.attname, pg_get_indexdef(i.indexrelid, u.n::int, false),"
    " (i.indoption::int2[])[u.n - 1] & 1"
    " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS u(k, n) ON true"
    " LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.k"
    " WHERE i.indrelid = " TABLE
    " AND NOT EXISTS (SELECT 1 FROM pg_constraint k"
    " WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))"
    " ORDER BY c.relname, u.n";

struct index {
    const char *name, *where;
    bool unique;
    struct buf columns;
};

static void end_index(struct vector *texts, struct ctx *ctx,
                      struct index *index, const char *table)
{
    if (index->name)
        vector_add(texts,
                   /* sql: names from the definition */
                   arena_printf(ctx->arena,
                                "CREATE %sINDEX \"%s\" ON \"%s\""
                                " (%s)%s%s",
                                index->unique ? "UNIQUE " : "", index->name,
                                table, buf_text(&index->columns),
                                index->where ? " WHERE " : "",
                                index->where ? index->where : ""));
    index->name = NULL;
}

static void begin_index(struct ctx *ctx, struct index *index,
                        struct query *query)
{
    index->name = query_copy(query, 0);
    index->unique = query_int(query, 1) != 0;
    index->where = query_is_null(query, 2)
                       ? NULL
                       : pg_catalog_expression(ctx, query_text(query, 2));
    buf_init(&index->columns, ctx->arena, TEXT_MAX);
}

static void add_index_column(struct ctx *ctx, struct index *index,
                             struct query *query)
{
    struct buf *out = &index->columns;

    buf_add_text(out, out->length ? ", " : "");
    if (query_is_null(query, 3))
        buf_add_text(out, pg_catalog_expression(ctx, query_text(query, 4)));
    else
        buf_addf(out, "\"%s\"", query_text(query, 3));
    buf_add_text(out, query_int(query, 5) ? " DESC" : "");
}

static int add_indexes(struct vector *texts, struct ctx *ctx, const char *table)
{
    struct index index = { 0 };
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx, index_columns, "s", table);

    while (!rc && (rc = query_next(query)) == 1) {
        if (!text_equal(index.name, query_text(query, 0))) {
            end_index(texts, ctx, &index, table);
            begin_index(ctx, &index, query);
        }
        add_index_column(ctx, &index, query);
        rc = 0;
    }
    end_index(texts, ctx, &index, table);
    return rc;
}

int pg_catalog_definition(struct vector *texts, struct ctx *ctx,
                          const char *name)
{
    struct buf columns;
    int rc;

    buf_init(&columns, ctx->arena, TEXT_MAX);
    rc = add_columns(&columns, ctx, name);
    if (!rc)
        rc = add_constraints(&columns, ctx, name);
    if (rc)
        return rc;
    vector_add(texts,
               /* sql: names from the definition */
               arena_printf(ctx->arena, "CREATE TABLE \"%s\" (%s) STRICT", name,
                            buf_text(&columns)));
    return add_indexes(texts, ctx, name);
}

/* ---- what is made after the rows ---- */

/* Indexes first: a foreign key may lean on one. */
int pg_catalog_later(struct vector *list, struct ctx *ctx)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(
        &query, ctx,
        "SELECT t.relname, c.relname AS name,"
        " format('DROP INDEX %I', c.relname), regexp_replace("
        " pg_get_indexdef(c.oid), ' INDEX ', ' INDEX IF NOT EXISTS '), 1 AS "
        "turn"
        " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " JOIN pg_class t ON t.oid = i.indrelid"
        " JOIN pg_namespace n ON n.oid = t.relnamespace"
        " WHERE n.nspname = current_schema() AND NOT EXISTS ("
        " SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid"
        " AND k.contype IN ('p', 'u', 'x'))"
        " UNION ALL SELECT t.relname, t.relname || '.' || k.conname,"
        " format('ALTER TABLE %I DROP CONSTRAINT %I', t.relname, k.conname),"
        " format('ALTER TABLE %I ADD CONSTRAINT %I ', t.relname, k.conname)"
        " || pg_get_constraintdef(k.oid), 2"
        " FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid"
        " JOIN pg_namespace n ON n.oid = t.relnamespace"
        " WHERE n.nspname = current_schema() AND k.contype = 'f'"
        " ORDER BY turn, name",
        "");

    while (!rc && (rc = query_next(query)) == 1) {
        struct bulk_later *item = arena_alloc(ctx->arena, sizeof *item);

        rc = 0;
        if (bulk_skips(query_text(query, 0)))
            continue;
        item->table = query_copy(query, 0);
        item->name = query_copy(query, 1);
        item->drop = query_copy(query, 2);
        item->make = query_copy(query, 3);
        item->index = query_int(query, 4) == 1;
        vector_add(list, item);
    }
    return rc;
}
