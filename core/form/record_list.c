/*
 * record_list.c - lists: filtered by permission, sorted, a page at a time.
 *
 * A person's scopes become branches, each read by its own index with its own
 * LIMIT, then merged; only keys and ids go through the merge, the rows of
 * the page are read at the end (architecture 3, "grant"). Never one OR.
 */
#include "base/banned.h"

#include <inttypes.h>

#include "access/access.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "form/field_type.h"
#include "form/list.h"
#include "form/record_internal.h"
#include "form/search.h"
#include "form/sql.h"
#include "org/person.h"
#include "store/db.h"
#include "store/fulltext.h"

enum {
    LIST_MAX = 200,
    OFFSET_MAX = 1000000,
    /* More departments than this are one branch with IN, not one each. */
    DEPARTMENT_BRANCHES = 24,
};

static void add_value(struct list *list, struct value *value)
{
    vector_add(&list->values, value);
}

static void add_number(struct list *list, int64_t number)
{
    add_value(list, value_int(list->ctx->arena, number));
}

/* What a branch's ids are read from, and so its order by id. */
static const char *id_of(const struct list *list, bool reader)
{
    return reader ? "a.record" : list->match ? "s.rowid" : "t.id";
}

/*
 * Opens a branch: SELECT [key, ]id FROM … WHERE alive. CROSS JOIN keeps the
 * order: first the few records opened to him, or what the full-text index
 * finds; it is asked for the branch's scope too (` AND "word"`).
 */
static void open_branch(struct list *list, bool reader, const char *scope)
{
    struct arena *arena = list->ctx->arena;
    bool matched = list->match && (!reader || list->few);

    if (list->branches++)
        buf_add_text(&list->sql, list->merge);
    buf_addf(&list->sql, "SELECT * FROM (SELECT ");
    if (!list->by_id)
        buf_addf(&list->sql, "t.%s AS k, ", list->key);
    /* sql: names from the definition */
    buf_addf(&list->sql, "%s AS id FROM %s%s\"%s\" t WHERE ",
             id_of(list, reader), matched ? "search_index s CROSS JOIN " : "",
             reader ? "access_reader a CROSS JOIN " : "", list->form->table);
    if (matched) {
        buf_addf(&list->sql, "%s AND t.id = s.rowid AND ",
                 fulltext_condition(list->ctx));
        if (reader)
            buf_add_text(&list->sql, "a.record = s.rowid AND ");
        add_value(list,
                  fulltext_value(list->ctx, arena_printf(arena, "%s%s",
                                                         list->match, scope)));
    }
    buf_add_text(&list->sql,
                 list->query->bin ? "t.deleted_at > 0" : "t.deleted_at = 0");
}

/* The limit stands in the text: as a value it makes the plan for all values
 * look dear, and PostgreSQL plans each page anew, which takes as long as the
 * page does. */
static void close_branch(struct list *list, bool reader, int64_t limit)
{
    const char *id = id_of(list, reader);
    const char *order = list->descending ? "DESC" : "ASC";
    const struct vector *values =
        list->resting ? &list->rest_values : &list->filter_values;
    size_t i;

    buf_add_text(&list->sql, list->resting ? list->rest : list->filter);
    for (i = 0; i < values->count; i++)
        add_value(list, values->items[i]);
    /* All that is opened to him is looked at in any case: sorting it here and
     * cutting it off costs more than handing on the whole. */
    if (reader && list->grouped) {
        buf_add_text(&list->sql, ") b");
        return;
    }
    /* One record may be opened to him for several reasons. */
    if (reader)
        buf_add_text(&list->sql, " GROUP BY a.record");
    if (reader && !list->by_id)
        buf_addf(&list->sql, ", t.%s", list->key);
    buf_add_text(&list->sql, " ORDER BY ");
    /* A search looks at every row: in the order of the table, not of the
     * sort's index, which takes six times as long; NULLIF hides the index. */
    if (!list->by_id && list->query->search)
        buf_addf(&list->sql, "NULLIF(t.%s, NULL) %s, ", list->key, order);
    else if (!list->by_id)
        buf_addf(&list->sql, "t.%s %s, ", list->key, order);
    /* sql: names from the definition */
    buf_addf(&list->sql, "%s %s LIMIT %" PRId64 ") b", id, order, limit);
}

static const char *asked(struct list *list, const char *word)
{
    return arena_printf(list->ctx->arena, " AND \"%s\"", word);
}

static void simple_branch(struct list *list, const char *column, int64_t value,
                          int64_t limit)
{
    open_branch(list, false,
                !column ? ""
                : strcmp(column, "owner") == 0
                    ? asked(list, search_owner(list->ctx, value))
                    : asked(list, search_department(list->ctx, value)));
    if (column) {
        buf_addf(&list->sql, " AND t.%s = ?", column);
        add_number(list, value);
    }
    close_branch(list, false, limit);
}

/* One of many departments, as the index is asked for it. */
static const char *any_department(struct list *list, const struct scope *scope)
{
    struct buf buf;
    size_t i;

    if (!list->match)
        return "";
    buf_init(&buf, list->ctx->arena, 1 << 18);
    for (i = 0; i < scope->department_count; i++)
        buf_addf(&buf, "%s\"%s\"", i ? " OR " : " AND (",
                 search_department(list->ctx, scope->departments[i]));
    buf_add_char(&buf, ')');
    return buf_text(&buf);
}

static void departments_branch(struct list *list, const struct scope *scope,
                               int64_t limit)
{
    size_t i;

    if (scope->department_count <= DEPARTMENT_BRANCHES) {
        for (i = 0; i < scope->department_count; i++)
            simple_branch(list, "department", scope->departments[i], limit);
        return;
    }
    open_branch(list, false, any_department(list, scope));
    buf_add_text(&list->sql, " AND t.department IN (");
    for (i = 0; i < scope->department_count; i++) {
        buf_add_text(&list->sql, i ? ", ?" : "?");
        add_number(list, scope->departments[i]);
    }
    buf_add_char(&list->sql, ')');
    close_branch(list, false, limit);
}

static void scope_branch(struct list *list, const struct scope *scope,
                         int64_t limit)
{
    switch (scope->kind) {
    case SCOPE_ALL:
        simple_branch(list, NULL, 0, limit);
        break;
    case SCOPE_OWNER:
        simple_branch(list, "owner", scope->person, limit);
        break;
    case SCOPE_DEPARTMENT:
    case SCOPE_DEPARTMENTS:
        departments_branch(list, scope, limit);
        break;
    case SCOPE_READER:
        open_branch(list, true, "");
        buf_add_text(&list->sql, " AND t.id = a.record AND a.user_id = ?"
                                 " AND (a.until IS NULL OR a.until > ?)");
        add_number(list, scope->person);
        add_number(list, clock_now());
        close_branch(list, true, limit);
        break;
    }
}

/* The head and the department may be the same place: one branch is enough. */
bool list_repeats(const struct scopes *scopes, size_t index)
{
    const struct scope *scope = &scopes->items[index];
    size_t i, j;

    if (scope->kind != SCOPE_DEPARTMENT)
        return false;
    for (i = 0; i < scopes->count; i++)
        if (scopes->items[i].kind == SCOPE_DEPARTMENTS)
            for (j = 0; j < scopes->items[i].department_count; j++)
                if (scopes->items[i].departments[j] == scope->departments[0])
                    return true;
    return false;
}

void list_branches(struct list *list, const struct scopes *scopes,
                   int64_t limit)
{
    size_t i;

    list->branches = 0;
    list->resting = false;
    do {
        for (i = 0; i < scopes->count; i++)
            if (!list_repeats(scopes, i))
                scope_branch(list, &scopes->items[i], limit);
        list->resting = list->rest && !list->resting;
    } while (list->resting);
}

static int find_scopes(struct scopes *out, struct list *list)
{
    memset(out, 0, sizeof *out);
    if (list->ctx->system && !list->ctx->module) {
        out->items[0].kind = SCOPE_ALL;
        out->count = 1;
        return 0;
    }
    return access_scopes(out, list->ctx, list->form->name,
                         list->query->bin ? RIGHT_DELETE : RIGHT_READ);
}

int list_start(struct list *list, struct scopes *scopes, struct ctx *ctx,
               const struct form *form, const struct record_query *query)
{
    int rc;

    memset(list, 0, sizeof *list);
    list->ctx = ctx;
    list->form = form;
    list->query = query;
    buf_init(&list->sql, ctx->arena, 1 << 20);
    vector_init(&list->values, ctx->arena);
    rc = list_key(list);
    if (!rc)
        rc = list_filter(list);
    if (!rc)
        rc = find_scopes(scopes, list);
    /* A search over all forms asks most of them in vain. */
    if (list->none)
        scopes->count = 0;
    return rc;
}

/* ---- reading ---- */

static void select_columns(struct list *list)
{
    const struct record_query *query = list->query;
    size_t i;

    if (!query->fields) {
        buf_add_text(&list->sql, list->form->sql->columns);
        return;
    }
    buf_add_text(&list->sql,
                 "t.id, t.version, t.owner, t.department, t.state,"
                 " t.created_at, t.created_by, t.updated_at, t.updated_by,"
                 " t.deleted_at");
    for (i = 0; i < query->field_count; i++)
        if (query->fields[i]->column)
            buf_addf(&list->sql, ", t.\"%s\"", query->fields[i]->column);
}

/* What a branch may have to give: of pages further on some more, so that few
 * texts are prepared. */
static int64_t branch_limit(int64_t limit, int64_t offset)
{
    int64_t most = limit;

    while (most < limit + offset)
        most *= 2;
    return most;
}

/* Keys and ids of the page by the branches, then the rows. What several
 * branches found goes by GROUP BY: one sorter, where a UNION fills a table of
 * its own for each branch. CROSS JOIN reads the rows by the page's ids. */
static void make_page(struct list *list, const struct scopes *scopes,
                      int64_t limit, int64_t offset)
{
    const char *order = list->descending ? "DESC" : "ASC";
    const char *keys = list->by_id ? "id" : "k, id";

    list->merge = " UNION ALL ";
    list->grouped = true;
    buf_add_text(&list->sql, "SELECT ");
    select_columns(list);
    /* sql: names from the definition */
    buf_addf(&list->sql, " FROM (SELECT %s FROM (", keys);
    list_branches(list, scopes, branch_limit(limit, offset));
    buf_add_text(&list->sql, ") u");
    if (list->branches > 1 || scopes->items[0].kind == SCOPE_READER)
        /* sql: names from the definition */
        buf_addf(&list->sql, " GROUP BY %s", keys);
    buf_add_text(&list->sql, " ORDER BY ");
    if (!list->by_id)
        buf_addf(&list->sql, "k %s, ", order);
    /* sql: names from the definition */
    buf_addf(&list->sql,
             "id %s LIMIT ? OFFSET ?) p CROSS JOIN \"%s\" t"
             " WHERE t.id = p.id ORDER BY ",
             order, list->form->table);
    if (!list->by_id)
        buf_addf(&list->sql, "p.k %s, ", order);
    buf_addf(&list->sql, "p.id %s", order);
    add_number(list, limit);
    add_number(list, offset);
}

static struct record *read_chosen(struct list *list, struct query *row)
{
    const struct record_query *query = list->query;
    struct record *record;
    int column = SYSTEM_COLUMNS;
    size_t i;

    if (!query->fields)
        return record_from_row(list->ctx, list->form, row);
    record = record_from_row(list->ctx, &(struct form){ 0 }, row);
    record->form = list->form;
    for (i = 0; i < query->field_count; i++) {
        const struct field *field = query->fields[i];
        struct value *value;

        if (!field->column)
            continue;
        value = field_from_column(list->ctx, field, row, column++);
        if (value)
            value_set(record->values, field->key, value);
    }
    return record;
}

int record_list(struct record ***out, size_t *count, struct ctx *ctx,
                const struct form *form, const struct record_query *query)
{
    int64_t limit = query->limit > 0 ? query->limit : LIST_MAX;
    int64_t offset = query->offset > 0 ? query->offset : 0;
    QUERY_AUTO *rows = NULL;
    struct scopes scopes;
    struct list list;
    int rc;

    if (limit > LIST_UNBOUNDED)
        limit = LIST_UNBOUNDED;
    if (offset > OFFSET_MAX)
        return fail(ctx, E_INVALID, "form.too_far",
                    "lists end at record %d; filter or sort instead",
                    OFFSET_MAX);
    *count = 0;
    *out = arena_array(ctx->arena, (size_t)limit, sizeof **out);
    rc = list_start(&list, &scopes, ctx, form, query);
    if (rc || !scopes.count)
        return rc;
    make_page(&list, &scopes, limit, offset);
    rc = db_query_values(&rows, ctx, buf_text(&list.sql),
                         (const struct value *const *)list.values.items,
                         list.values.count);
    while (!rc && (rc = query_next(rows)) == 1) {
        (*out)[(*count)++] = read_chosen(&list, rows);
        rc = 0;
    }
    return rc;
}
