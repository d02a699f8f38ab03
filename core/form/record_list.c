/*
 * record_list.c - lists: filtered by permission, sorted, a page at a time.
 *
 * A person's scopes become branches, each read by its own index with its own
 * LIMIT, then merged; only keys and ids go through the merge, the rows of
 * the page are read at the end (architecture 3, "grant"). Never one OR.
 */
#include "base/banned.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/map.h"
#include "base/str.h"
#include "base/unicode.h"
#include "form/field_type.h"
#include "form/list.h"
#include "form/record_internal.h"
#include "form/sql.h"
#include "org/person.h"
#include "store/condition.h"
#include "store/db.h"

enum {
    LIST_MAX = 200,
    OFFSET_MAX = 1000000,
    /* More departments than this are one branch with IN, not one each. */
    DEPARTMENT_BRANCHES = 24,
    SEARCH_WORDS = 8,
    SEARCH_WORD_MAX = 400, /* bytes */
};

/* ---- names of a list ---- */

enum system_kind { SYSTEM_ID, SYSTEM_INSTANT, SYSTEM_TEXT };

static const struct system_column {
    const char *name;
    enum system_kind kind;
} system_columns[] = {
    { "id", SYSTEM_ID },
    { "owner", SYSTEM_ID },
    { "department", SYSTEM_ID },
    { "state", SYSTEM_TEXT },
    { "created_at", SYSTEM_INSTANT },
    { "created_by", SYSTEM_ID },
    { "updated_at", SYSTEM_INSTANT },
    { "updated_by", SYSTEM_ID },
};

static const struct system_column *system_column(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof system_columns / sizeof system_columns[0]; i++)
        if (strcmp(system_columns[i].name, name) == 0)
            return &system_columns[i];
    return NULL;
}

/* The words "me" and "my_department" stand for ids in filters. */
static int64_t word_id(const struct ctx *ctx, const struct value *in)
{
    const char *word = value_as_text(in);

    if (text_equal(word, "me") && ctx->person)
        return ctx->person->id;
    if (text_equal(word, "my_department") && ctx->person)
        return ctx->person->department;
    return value_as_id(in);
}

static int convert_system(struct value **out, struct ctx *ctx, void *payload,
                          const struct value *in)
{
    const struct system_column *column = payload;
    const char *text = value_as_text(in);
    int64_t number;

    switch (column->kind) {
    case SYSTEM_ID:
        number = word_id(ctx, in);
        if (number <= 0)
            break;
        *out = value_int(ctx->arena, number);
        return 0;
    case SYSTEM_INSTANT:
        if (text && date_parse(&(int){ 0 }, &(int){ 0 }, &(int){ 0 }, text))
            text = arena_printf(ctx->arena, "%sT00:00", text);
        if (!text ||
            !instant_parse(&number, text, ctx->zone ? ctx->zone : zone_utc()))
            break;
        *out = value_int(ctx->arena, number);
        return 0;
    case SYSTEM_TEXT:
        if (!text)
            break;
        *out = value_text(ctx->arena, text);
        return 0;
    }
    return fail_at(ctx, E_INVALID, column->name, "form.bad_filter",
                   "the filter's value does not fit the field %s",
                   column->name);
}

static int convert_field(struct value **out, struct ctx *ctx, void *payload,
                         const struct value *in)
{
    const struct field *field = payload;
    const char *type = field->type->name;
    struct value *stored;
    int rc;

    /* Membership of a list and parts of a text are compared as texts. */
    if (field->type->flags & FIELD_LIST) {
        if (!value_as_text(in))
            return fail_at(ctx, E_INVALID, field->key, "form.bad_filter",
                           "the filter's value does not fit the field %s",
                           field->key);
        *out = value_text(ctx->arena, value_as_text(in));
        return 0;
    }
    if (strcmp(type, "user") == 0 || strcmp(type, "department") == 0) {
        int64_t id = word_id(ctx, in);

        if (id > 0) {
            *out = value_int(ctx->arena, id);
            return 0;
        }
    }
    if (strcmp(type, "datetime") == 0 && value_as_text(in) &&
        date_parse(&(int){ 0 }, &(int){ 0 }, &(int){ 0 }, value_as_text(in)))
        in = value_text(ctx->arena, arena_printf(ctx->arena, "%sT00:00",
                                                 value_as_text(in)));
    rc = field_input(&stored, ctx, field, field->key, in);
    if (!rc)
        *out = field_to_column(ctx, field, stored);
    return rc;
}

static int resolve(struct condition_column *out, struct ctx *ctx, void *payload,
                   const char *name)
{
    const struct form *form = payload;
    const struct system_column *system = system_column(name);
    const struct field *field = form_field(form, name);

    memset(out, 0, sizeof *out);
    if (system) {
        out->sql = arena_printf(ctx->arena, "t.%s", system->name);
        out->convert = convert_system;
        out->payload = (void *)system;
        return 0;
    }
    if (!field || field->hidden || !field->column)
        return fail_at(ctx, E_INVALID, name, "form.unknown_field",
                       "there is no field %s", name);
    out->sql = arena_printf(ctx->arena, "t.\"%s\"", field->column);
    out->convert = convert_field;
    out->payload = (void *)field;
    out->text = strcmp(field->type->sql, "TEXT") == 0;
    out->list = field->type->flags & FIELD_LIST;
    return 0;
}

int record_condition(struct condition **out, struct ctx *ctx,
                     const struct form *form, const struct value *json)
{
    struct vector values;
    struct buf sql;
    int rc = condition_parse(out, ctx, json);

    if (rc)
        return rc;
    vector_init(&values, ctx->arena);
    buf_init(&sql, ctx->arena, 65536);
    return condition_sql(&sql, &values, ctx, *out, resolve, (void *)form);
}

bool record_sort_known(const struct form *form, const char *name)
{
    const struct field *field = name ? form_field(form, name) : NULL;

    return name && (system_column(name) ||
                    (field && field->sortable && !field->hidden));
}

/* ---- the statement ---- */

struct list {
    struct ctx *ctx;
    const struct form *form;
    const struct record_query *query;
    const char *key; /* the sort's column; "id" where it is the id itself */
    bool by_id, descending;
    const char *filter; /* " AND …" of condition and search */
    struct vector filter_values;
    struct buf sql;
    struct vector values;
    const char *merge; /* between two branches */
    int branches;
};

static void add_value(struct list *list, struct value *value)
{
    vector_add(&list->values, value);
}

static void add_number(struct list *list, int64_t number)
{
    add_value(list, value_int(list->ctx->arena, number));
}

static int find_key(struct list *list)
{
    const struct record_query *query = list->query;
    const char *sort = query->sort;
    const struct field *field;

    list->descending = sort ? query->descending : true;
    list->key = "id";
    list->by_id = true;
    /* Ids follow the time of creation. */
    if (!sort || strcmp(sort, "id") == 0 || strcmp(sort, "created_at") == 0)
        return 0;
    if (!record_sort_known(list->form, sort))
        return fail_at(list->ctx, E_INVALID, "sort", "form.bad_sort",
                       "the list can't be sorted by %s", sort);
    list->by_id = false;
    field = form_field(list->form, sort);
    list->key =
        field ? arena_printf(list->ctx->arena, "\"%s\"", field->sort_column)
              : system_column(sort)->name;
    return 0;
}

/* Each word of the search must be in the record's search text. */
static void add_search(struct list *list, struct buf *sql)
{
    struct arena *arena = list->ctx->arena;
    char *text = arena_strdup(arena, text_fold(arena, list->query->search));
    char *rest = text, *word;
    int words = 0;

    while ((word = strsep(&rest, " \t\n")) && words < SEARCH_WORDS) {
        struct buf like;
        const char *c;

        if (!*word)
            continue;
        words++;
        /* Stands nowhere; and the store takes no longer pattern. */
        if (strlen(word) > SEARCH_WORD_MAX) {
            buf_add_text(sql, " AND 0");
            continue;
        }
        buf_init(&like, arena, 4096);
        buf_add_char(&like, '%');
        for (c = word; *c; c++) {
            if (*c == '%' || *c == '_' || *c == '\\')
                buf_add_char(&like, '\\');
            buf_add_char(&like, *c);
        }
        buf_add_char(&like, '%');
        buf_add_text(sql, " AND t.search LIKE ? ESCAPE '\\'");
        vector_add(&list->filter_values, value_text(arena, buf_text(&like)));
    }
}

/* The cursor is [key, id]: what follows that record in the list's order. */
static int add_cursor(struct list *list, struct buf *sql)
{
    struct ctx *ctx = list->ctx;
    const char *side = list->descending ? "<" : ">";
    struct value *pair = NULL, *key;
    struct ctx quiet = *ctx;
    size_t length;
    char *text = base64url_read(&length, ctx->arena, list->query->cursor);
    int64_t id;

    quiet.problems = quiet.last_problem = NULL;
    quiet.problem_count = 0;
    if (!text || json_parse(&pair, &quiet, text, length) ||
        value_count(pair) != 2 || (id = value_as_id(value_at(pair, 1))) <= 0)
        return fail_at(ctx, E_INVALID, "cursor", "form.bad_cursor",
                       "this page of the list is not there any more");
    key = value_at(pair, 0);
    if (value_kind(key) == VALUE_LIST) {
        int64_t number = 0;

        int_parse(&number, value_as_text(value_at(key, 0)), INT64_MIN,
                  INT64_MAX);
        key = value_int(ctx->arena, number);
    } else if (!value_is_null(key) && value_kind(key) != VALUE_STRING)
        key = value_null(ctx->arena);
    if (list->by_id) {
        buf_addf(sql, " AND t.id %s ?", side);
    } else if (value_is_null(key)) {
        /* NULL sorts first, as SQLite has it. */
        buf_addf(
            sql, " AND (t.%s IS NULL AND t.id %s ?%s)", list->key, side,
            list->descending
                ? ""
                : arena_printf(ctx->arena, " OR t.%s IS NOT NULL", list->key));
    } else {
        buf_addf(sql, " AND ((t.%s, t.id) %s (?, ?)%s)", list->key, side,
                 list->descending
                     ? arena_printf(ctx->arena, " OR t.%s IS NULL", list->key)
                     : "");
        vector_add(&list->filter_values, key);
    }
    vector_add(&list->filter_values, value_int(ctx->arena, id));
    return 0;
}

static int make_filter(struct list *list)
{
    struct buf sql;
    int rc = 0;

    vector_init(&list->filter_values, list->ctx->arena);
    buf_init(&sql, list->ctx->arena, 65536);
    if (list->query->where) {
        buf_add_text(&sql, " AND (");
        rc = condition_sql(&sql, &list->filter_values, list->ctx,
                           list->query->where, resolve, (void *)list->form);
        buf_add_char(&sql, ')');
    }
    if (!rc && !text_empty(list->query->search))
        add_search(list, &sql);
    if (!rc && list->query->cursor)
        rc = add_cursor(list, &sql);
    list->filter = buf_text(&sql);
    return rc;
}

/* Opens a branch: SELECT [key, ]id FROM … WHERE alive. */
static void open_branch(struct list *list, bool reader)
{
    const char *id = reader ? "a.record" : "t.id";
    const char *alive =
        list->query->bin ? "t.deleted_at > 0" : "t.deleted_at = 0";

    if (list->branches++)
        buf_add_text(&list->sql, list->merge);
    buf_addf(&list->sql, "SELECT * FROM (SELECT ");
    if (!list->by_id)
        buf_addf(&list->sql, "t.%s AS k, ", list->key);
    /* sql: names from the definition */
    buf_addf(&list->sql, "%s AS id FROM ", id);
    /* CROSS JOIN keeps the order: first the few records opened to him. */
    if (reader)
        buf_add_text(&list->sql, "access_reader a CROSS JOIN ");
    /* sql: names from the definition */
    buf_addf(&list->sql, "\"%s\" t WHERE %s", list->form->table, alive);
}

static void close_branch(struct list *list, bool reader, int64_t limit)
{
    const char *id = reader ? "a.record" : "t.id";
    const char *order = list->descending ? "DESC" : "ASC";
    size_t i;

    buf_add_text(&list->sql, list->filter);
    for (i = 0; i < list->filter_values.count; i++)
        add_value(list, list->filter_values.items[i]);
    /* One record may be opened to him for several reasons. */
    if (reader)
        buf_add_text(&list->sql, " GROUP BY a.record");
    buf_add_text(&list->sql, " ORDER BY ");
    /* A search looks at every row: in the order of the table, not of the
     * sort's index, which takes six times as long; NULLIF hides the index. */
    if (!list->by_id && list->query->search)
        buf_addf(&list->sql, "NULLIF(t.%s, NULL) %s, ", list->key, order);
    else if (!list->by_id)
        buf_addf(&list->sql, "t.%s %s, ", list->key, order);
    /* sql: names from the definition */
    buf_addf(&list->sql, "%s %s LIMIT ?)", id, order);
    add_number(list, limit);
}

static void simple_branch(struct list *list, const char *column, int64_t value,
                          int64_t limit)
{
    open_branch(list, false);
    if (column) {
        buf_addf(&list->sql, " AND t.%s = ?", column);
        add_number(list, value);
    }
    close_branch(list, false, limit);
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
    open_branch(list, false);
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
        open_branch(list, true);
        buf_add_text(&list->sql, " AND t.id = a.record AND a.user_id = ?"
                                 " AND (a.until IS NULL OR a.until > ?)");
        add_number(list, scope->person);
        add_number(list, clock_now());
        close_branch(list, true, limit);
        break;
    }
}

/* The head and the department may be the same place: one branch is enough. */
static bool repeats(const struct scopes *scopes, size_t index)
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

static void all_branches(struct list *list, const struct scopes *scopes,
                         int64_t limit)
{
    size_t i;

    list->branches = 0;
    for (i = 0; i < scopes->count; i++)
        if (!repeats(scopes, i))
            scope_branch(list, &scopes->items[i], limit);
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

static int list_start(struct list *list, struct scopes *scopes, struct ctx *ctx,
                      const struct form *form, const struct record_query *query)
{
    int rc;

    memset(list, 0, sizeof *list);
    list->ctx = ctx;
    list->form = form;
    list->query = query;
    buf_init(&list->sql, ctx->arena, 1 << 20);
    vector_init(&list->values, ctx->arena);
    rc = find_key(list);
    if (!rc)
        rc = make_filter(list);
    return rc ? rc : find_scopes(scopes, list);
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

/* Keys and ids of the page by the branches, then the rows. What several
 * branches found goes by GROUP BY: one sorter, where a UNION fills a table of
 * its own for each branch. CROSS JOIN reads the rows in the page's order. */
static void make_page(struct list *list, const struct scopes *scopes,
                      int64_t limit, int64_t offset)
{
    const char *order = list->descending ? "DESC" : "ASC";
    const char *keys = list->by_id ? "id" : "k, id";

    list->merge = " UNION ALL ";
    buf_add_text(&list->sql, "SELECT ");
    select_columns(list);
    /* sql: names from the definition */
    buf_addf(&list->sql, " FROM (SELECT %s FROM (", keys);
    all_branches(list, scopes, limit + offset);
    buf_add_char(&list->sql, ')');
    if (list->branches > 1)
        /* sql: names from the definition */
        buf_addf(&list->sql, " GROUP BY %s", keys);
    buf_add_text(&list->sql, " ORDER BY ");
    if (!list->by_id)
        buf_addf(&list->sql, "k %s, ", order);
    /* sql: names from the definition */
    buf_addf(&list->sql,
             "id %s LIMIT ? OFFSET ?) p CROSS JOIN \"%s\" t"
             " WHERE t.id = p.id",
             order, list->form->table);
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

static int count_of(int64_t *out, struct list *list)
{
    QUERY_AUTO *rows = NULL;
    int rc;

    rc = db_query_values(&rows, list->ctx, buf_text(&list->sql),
                         (const struct value *const *)list->values.items,
                         list->values.count);
    if (rc)
        return rc;
    rc = query_next(rows);
    if (rc > 0)
        *out = query_int(rows, 0);
    return rc < 0 ? rc : 0;
}

/* Counts of whole lists that this process has made lately: until a record of
 * the form or somebody's readers change, the answer is the same. */
enum { COUNTS = 128, COUNT_MS = 60000 };

struct known_count {
    const struct form *form; /* never freed, so it names a version */
    const struct db *db;
    int64_t person, cap, count, made;
    int64_t grant_epoch, org_epoch;
    uint64_t records, readers;
};

static struct known_count known_counts[COUNTS];

/* The place of this question; *fresh says whether the answer stands there. */
static struct known_count *known_count(struct ctx *ctx, const struct form *form,
                                       const struct record_query *query,
                                       int64_t cap, bool *fresh)
{
    struct known_count *known, now = { .form = form, .db = ctx->db };

    *fresh = false;
    if (query->where || query->search || query->bin || !ctx->person ||
        ctx->module || tx_active(ctx))
        return NULL;
    now.person = ctx->person->id;
    now.cap = cap;
    now.grant_epoch = epoch_of(ctx, "grant");
    now.org_epoch = epoch_of(ctx, "org");
    now.records = change_counter_get(ctx, form->name);
    now.readers = change_counter_get(ctx, "readers");
    known = &known_counts[((uint64_t)now.person * 31 + (uint64_t)form->id) %
                          COUNTS];
    *fresh = known->form == form && known->db == ctx->db &&
             known->person == now.person && known->cap == cap &&
             known->grant_epoch == now.grant_epoch &&
             known->org_epoch == now.org_epoch &&
             known->records == now.records && known->readers == now.readers &&
             clock_monotonic() - known->made < COUNT_MS;
    if (!*fresh) {
        *known = now;
        known->form = NULL; /* until there is an answer */
    }
    return known;
}

static int count_branches(int64_t *out, struct ctx *ctx,
                          const struct form *form,
                          const struct record_query *query, int64_t cap)
{
    struct record_query plain = *query;
    struct scopes scopes, one = { .count = 1 };
    struct list list;
    size_t i;
    int rc;

    *out = 0;
    plain.sort = plain.cursor = NULL;
    rc = list_start(&list, &scopes, ctx, form, &plain);
    if (rc || !scopes.count)
        return rc;
    /* A branch alone is counted from its index; one that reaches the cap is
     * the answer. Only where none does they are merged. */
    for (i = 0; i <= scopes.count; i++) {
        if (i < scopes.count && repeats(&scopes, i))
            continue;
        if (i == scopes.count && scopes.count == 1)
            break;
        buf_clear(&list.sql);
        vector_init(&list.values, ctx->arena);
        list.merge = " UNION ";
        buf_add_text(&list.sql, "SELECT count(*) FROM (");
        one.items[0] = scopes.items[i < scopes.count ? i : 0];
        all_branches(&list, i < scopes.count ? &one : &scopes, cap + 1);
        buf_add_char(&list.sql, ')');
        rc = count_of(out, &list);
        if (rc || *out > cap)
            break;
    }
    if (*out > cap)
        *out = cap + 1;
    return rc;
}

int record_count(int64_t *out, struct ctx *ctx, const struct form *form,
                 const struct record_query *query, int64_t cap)
{
    struct known_count *known;
    bool fresh;
    int rc;

    /* Looked at before the rows: a change between is seen next time. */
    known = known_count(ctx, form, query, cap, &fresh);
    if (fresh) {
        *out = known->count;
        return 0;
    }
    rc = count_branches(out, ctx, form, query, cap);
    if (known && !rc) {
        known->count = *out;
        known->made = clock_monotonic();
        known->form = form;
    }
    return rc;
}

const char *record_cursor(struct ctx *ctx, const struct record_query *query,
                          const struct record *last)
{
    const char *sort = query->sort;
    const struct field *field = sort ? form_field(last->form, sort) : NULL;
    struct value *pair = value_list(ctx->arena);
    struct value *key = value_null(ctx->arena);
    const char *text;

    if (field)
        key =
            record_sort_value(ctx, field, value_get(last->values, field->key));
    else if (text_equal(sort, "updated_at"))
        key = value_int(ctx->arena, last->updated_at);
    else if (text_equal(sort, "owner"))
        key = value_int(ctx->arena, last->owner);
    else if (text_equal(sort, "department"))
        key = value_int(ctx->arena, last->department);
    else if (text_equal(sort, "updated_by"))
        key = value_int(ctx->arena, last->updated_by);
    else if (text_equal(sort, "created_by"))
        key = value_int(ctx->arena, last->created_by);
    else if (text_equal(sort, "state"))
        key = value_text(ctx->arena, last->state);
    /* Numbers go as a text in a list: JSON's numbers end at 2^53. */
    if (value_kind(key) == VALUE_DECIMAL) {
        struct decimal decimal;

        value_as_decimal(&decimal, key);
        key = value_int(ctx->arena, decimal.units);
    }
    if (value_kind(key) == VALUE_BOOL)
        key = value_int(ctx->arena, value_as_bool(key));
    if (value_kind(key) == VALUE_INT) {
        struct value *list = value_list(ctx->arena);

        value_append(list,
                     value_text(ctx->arena,
                                arena_printf(ctx->arena, "%lld",
                                             (long long)value_as_int(key, 0))));
        key = list;
    }
    value_append(pair, key);
    value_append(pair,
                 value_text(ctx->arena, arena_printf(ctx->arena, "%lld",
                                                     (long long)last->id)));
    text = json_text(ctx->arena, pair);
    return base64url_of(ctx->arena, text, strlen(text));
}
