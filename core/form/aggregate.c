/*
 * aggregate.c - figures of records by groups: the statement and its rows.
 *
 * Each scope of the person is a branch, read by its own index, that leaves out
 * what the branches before it have; so each record is counted once, and
 * nothing has to be merged (architecture 3, "grant"). Who sees much of the
 * table anyway gets one look at all of it instead: a row by an index costs four
 * times what the next row costs. Where the filter keeps much of that, too, its
 * fields' indexes are left alone as well.
 *
 * A sum is taken in two halves, of the high and the low 32 bits: neither
 * overflows in the store, and both together are exact.
 */
#include "base/banned.h"

#include "form/aggregate.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "form/aggregate_internal.h"
#include "form/field_type.h"
#include "store/db.h"

static const int64_t DECIMAL_MAX = INT64_C(999999999999999999);
static const int64_t INTEGER_MAX = INT64_C(9007199254740991);

enum { SAMPLE = 500, MUCH = 4 /* one in so many */ };

__extension__ typedef __int128 wide;

/* ---- branches ---- */

static void add_number(struct list *list, int64_t number)
{
    vector_add(&list->values, value_int(list->ctx->arena, number));
}

static void add_departments(struct list *list, const struct scope *scope)
{
    size_t i;

    for (i = 0; i < scope->department_count; i++) {
        buf_add_text(&list->sql, i ? ", ?" : "?");
        add_number(list, scope->departments[i]);
    }
    buf_add_char(&list->sql, ')');
}

/* What of the earlier scopes is not in this branch. Records that were opened
 * to him come last, so theirs need no test. */
static void add_scope(struct list *list, const struct scope *scope, bool within)
{
    switch (scope->kind) {
    case SCOPE_OWNER:
        buf_addf(&list->sql, " AND t.owner %s ?", within ? "=" : "<>");
        add_number(list, scope->person);
        break;
    case SCOPE_DEPARTMENT:
    case SCOPE_DEPARTMENTS:
        buf_addf(&list->sql, " AND t.department %sIN (", within ? "" : "NOT ");
        add_departments(list, scope);
        break;
    case SCOPE_ALL:
    case SCOPE_READER:
        break;
    }
}

static void select_group(struct list *list, const struct aggregation *work,
                         size_t index)
{
    const struct group *group = &work->groups[index];
    const struct zone *zone = work->ctx->zone;

    if (group->period) {
        buf_addf(&list->sql, "period(%s, %d, ?)", group->of.column,
                 (int)group->unit);
        vector_add(
            &list->values,
            value_text(list->ctx->arena, zone_name(zone ? zone : zone_utc())));
    } else {
        buf_add_text(&list->sql, group->of.column);
    }
    buf_addf(&list->sql, " AS g%zu, ", index);
}

static void select_columns(struct list *list, const struct aggregation *work)
{
    size_t i;

    if (list->branches++)
        buf_add_text(&list->sql, " UNION ALL ");
    buf_add_text(&list->sql, "SELECT ");
    for (i = 0; i < work->group_count; i++)
        select_group(list, work, i);
    for (i = 0; i < work->measure_count; i++)
        if (work->measures[i].kind != MEASURE_COUNT)
            buf_addf(&list->sql, "%s AS m%zu, ", work->measures[i].of.column,
                     i);
    buf_add_text(&list->sql, "1 FROM ");
}

static void add_filter(struct list *list)
{
    size_t i;

    buf_add_text(&list->sql, list->filter);
    for (i = 0; i < list->filter_values.count; i++)
        vector_add(&list->values, list->filter_values.items[i]);
}

static void add_branch(struct list *list, const struct aggregation *work,
                       const struct scopes *scopes, size_t index)
{
    const struct scope *scope = &scopes->items[index];
    size_t i;

    select_columns(list, work);
    if (scope->kind == SCOPE_READER) {
        buf_add_text(&list->sql,
                     "(SELECT DISTINCT record FROM access_reader"
                     " WHERE user_id = ? AND (until IS NULL OR until > ?))"
                     " a CROSS JOIN ");
        add_number(list, scope->person);
        add_number(list, clock_now());
    }
    /* sql: names from the definition */
    buf_addf(&list->sql, "\"%s\" t WHERE t.deleted_at %s 0%s",
             work->form->table, list->query->bin ? ">" : "=",
             scope->kind == SCOPE_READER ? " AND t.id = a.record" : "");
    add_scope(list, scope, true);
    for (i = 0; i < index; i++)
        add_scope(list, &scopes->items[i], false);
    add_filter(list);
}

/* ---- or the whole table ---- */

/* What one of the scopes shows; + keeps the indexes out. */
static void add_any_scope(struct list *list, const struct scopes *scopes,
                          bool readers)
{
    struct buf *sql = &list->sql;
    size_t i;

    buf_add_text(sql, "(0");
    for (i = 0; i < scopes->count; i++) {
        const struct scope *scope = &scopes->items[i];

        switch (scope->kind) {
        case SCOPE_OWNER:
            buf_add_text(sql, " OR +t.owner = ?");
            add_number(list, scope->person);
            break;
        case SCOPE_DEPARTMENT:
        case SCOPE_DEPARTMENTS:
            buf_add_text(sql, " OR +t.department IN (");
            add_departments(list, scope);
            break;
        case SCOPE_READER:
            if (!readers)
                break;
            buf_add_text(sql, " OR +t.id IN (SELECT record FROM access_reader"
                              " WHERE user_id = ?"
                              " AND (until IS NULL OR until > ?))");
            add_number(list, scope->person);
            add_number(list, clock_now());
            break;
        case SCOPE_ALL:
            buf_add_text(sql, " OR 1");
            break;
        }
    }
    buf_add_char(sql, ')');
}

/* How much of a table is asked for, by its newest records. */
struct share {
    bool seen; /* the scopes show much of it */
    bool kept; /* and the filter keeps much */
};

static void add_whole(struct list *list, const struct aggregation *work,
                      const struct scopes *scopes, const struct share *share)
{
    select_columns(list, work);
    /* sql: names from the definition */
    buf_addf(&list->sql, "\"%s\" t%s WHERE t.deleted_at %s 0 AND ",
             work->form->table, share->kept ? " NOT INDEXED" : "",
             list->query->bin ? ">" : "=");
    add_any_scope(list, scopes, true);
    add_filter(list);
}

static int take_sample(struct share *share, const struct list *like,
                       const struct aggregation *work,
                       const struct scopes *scopes)
{
    bool all = scopes->items[0].kind == SCOPE_ALL;
    struct ctx *ctx = work->ctx;
    struct list list = { .ctx = ctx,
                         .filter = like->match ? " AND 0" : like->filter };
    QUERY_AUTO *rows = NULL;
    int rc;

    *share = (struct share){ 0 };
    /* A list without a filter is read as it stands; the full-text index finds
     * its records itself. */
    if (like->query->bin || (all && (like->match || !*like->filter)))
        return 0;
    if (!like->match)
        list.filter_values = like->filter_values;
    buf_init(&list.sql, ctx->arena, 65536);
    vector_init(&list.values, ctx->arena);
    buf_add_text(&list.sql, "SELECT count(*), count(CASE WHEN ");
    add_any_scope(&list, scopes, false);
    buf_add_text(&list.sql, " THEN 1 END), count(CASE WHEN ");
    add_any_scope(&list, scopes, false);
    add_filter(&list);
    /* sql: names from the definition */
    buf_addf(&list.sql,
             " THEN 1 END) FROM (SELECT * FROM \"%s\""
             " ORDER BY id DESC LIMIT %d) t",
             work->form->table, SAMPLE);
    rc = db_query_values(&rows, ctx, buf_text(&list.sql),
                         (const struct value *const *)list.values.items,
                         list.values.count);
    if (!rc)
        rc = query_next(rows);
    if (rc > 0 && query_int(rows, 0) == SAMPLE) {
        share->kept = query_int(rows, 2) * MUCH >= SAMPLE;
        share->seen = all ? share->kept : query_int(rows, 1) * MUCH >= SAMPLE;
    }
    return rc < 0 ? rc : 0;
}

/* ---- the statement ---- */

static void select_measure(struct buf *sql, const struct measure *measure,
                           size_t m)
{
    switch (measure->kind) {
    case MEASURE_COUNT:
        buf_add_text(sql, ", count(*)");
        break;
    case MEASURE_SUM:
        buf_addf(sql, ", sum(m%zu >> 32), sum(m%zu & 4294967295)", m, m);
        break;
    case MEASURE_AVG:
        buf_addf(sql,
                 ", sum(m%zu >> 32), sum(m%zu & 4294967295)"
                 ", count(m%zu)",
                 m, m, m);
        break;
    case MEASURE_MIN:
        buf_addf(sql, ", min(m%zu)", m);
        break;
    case MEASURE_MAX:
        buf_addf(sql, ", max(m%zu)", m);
        break;
    }
}

/* Which groups there are is for the store to say; so is their order only
 * where it cuts some off. Groups without the figure come last. */
static void order_rows(struct list *list, const struct aggregation *work)
{
    const char *direction = work->descending ? "DESC" : "ASC";
    const struct measure *measure = &work->measures[work->sort_measure];
    size_t m = (size_t)work->sort_measure, i;
    struct buf *sql = &list->sql;

    buf_add_text(sql, " ORDER BY ");
    switch (measure->kind) {
    case MEASURE_COUNT:
        buf_addf(sql, "count(*) %s", direction);
        break;
    case MEASURE_SUM:
        buf_addf(sql,
                 "sum(m%zu) IS NULL, sum(m%zu >> 32)"
                 " + (sum(m%zu & 4294967295) >> 32) %s,"
                 " sum(m%zu & 4294967295) & 4294967295 %s",
                 m, m, m, direction, m, direction);
        break;
    case MEASURE_AVG:
        buf_addf(sql, "avg(m%zu) IS NULL, avg(m%zu) %s", m, m, direction);
        break;
    case MEASURE_MIN:
        buf_addf(sql, "min(m%zu) IS NULL, min(m%zu) %s", m, m, direction);
        break;
    case MEASURE_MAX:
        buf_addf(sql, "max(m%zu) IS NULL, max(m%zu) %s", m, m, direction);
        break;
    }
    for (i = 0; i < work->group_count; i++)
        buf_addf(sql, ", g%zu", i);
}

static void make_statement(struct list *list, const struct aggregation *work,
                           const struct scopes *scopes,
                           const struct share *share)
{
    struct buf *sql = &list->sql;
    size_t i;

    buf_add_text(sql, "SELECT 0");
    for (i = 0; i < work->group_count; i++)
        buf_addf(sql, ", g%zu", i);
    for (i = 0; i < work->measure_count; i++)
        select_measure(sql, &work->measures[i], i);
    buf_add_text(sql, " FROM (");
    if (share->seen)
        add_whole(list, work, scopes, share);
    for (i = 0; !share->seen && i < scopes->count; i++)
        if (!list_repeats(scopes, i))
            add_branch(list, work, scopes, i);
    buf_add_char(sql, ')');
    if (work->group_count)
        buf_add_text(sql, " GROUP BY");
    for (i = 0; i < work->group_count; i++)
        buf_addf(sql, "%s g%zu", i ? "," : "", i);
    if (work->sort_measure >= 0)
        order_rows(list, work);
    buf_add_text(sql, " LIMIT ?");
    add_number(list, work->sort_measure >= 0 ? work->limit : LIST_UNBOUNDED);
}

/* ---- rows ---- */

static int too_large(const struct aggregation *work,
                     const struct measure *measure)
{
    return fail_at(work->ctx, E_LIMIT, "measures", "form.figure_too_large",
                   "%s: the figure has more digits than can be held",
                   measure->name);
}

static wide read_sum(struct query *row, int column)
{
    return (wide)query_int(row, column) * 4294967296 +
           query_int(row, column + 1);
}

/* Half away from zero, as all decimals are rounded. */
static int average(struct value **out, const struct aggregation *work,
                   const struct measure *measure, wide sum, int64_t count)
{
    struct decimal number = { .scale = measure->of.field->scale };
    wide half = sum < 0 ? -(wide)count : count, quotient;

    for (; number.scale < 2; number.scale++) {
        sum *= 10;
    }
    quotient = (2 * sum + half) / (2 * (wide)count);
    if (quotient > DECIMAL_MAX || quotient < -DECIMAL_MAX)
        return too_large(work, measure);
    number.units = (int64_t)quotient;
    *out = value_decimal(work->ctx->arena, number);
    return 0;
}

static int total(struct value **out, const struct aggregation *work,
                 const struct measure *measure, wide sum)
{
    bool scaled = measure->of.field->type->flags & FIELD_SCALED;
    int64_t most = scaled ? DECIMAL_MAX : INTEGER_MAX;
    struct decimal number = { .scale = measure->of.field->scale };

    if (sum > most || sum < -most)
        return too_large(work, measure);
    number.units = (int64_t)sum;
    *out = scaled ? value_decimal(work->ctx->arena, number)
                  : value_int(work->ctx->arena, number.units);
    return 0;
}

static struct value *extreme(const struct aggregation *work,
                             const struct measure *measure, struct query *row,
                             int column)
{
    struct ctx *ctx = work->ctx;
    const struct field *field = measure->of.field;
    char text[TIME_TEXT_MAX];
    struct value *value;

    if (!field) {
        instant_format(text, query_int(row, column));
        return value_text(ctx->arena, text);
    }
    value = field_from_column(ctx, field, row, column);
    return field->type->flags & FIELD_SCALED ? value
                                             : field_to_json(ctx, field, value);
}

/* One figure; *column moves on. */
static int read_measure(struct value **out, const struct aggregation *work,
                        size_t index, struct query *row, int *column)
{
    const struct measure *measure = &work->measures[index];
    int at = *column;
    int rc = 0;

    *out = value_null(work->ctx->arena);
    switch (measure->kind) {
    case MEASURE_COUNT:
        *out = value_int(work->ctx->arena, query_int(row, at));
        break;
    case MEASURE_SUM:
        if (!query_is_null(row, at))
            rc = total(out, work, measure, read_sum(row, at));
        break;
    case MEASURE_AVG:
        if (!query_is_null(row, at))
            rc = average(out, work, measure, read_sum(row, at),
                         query_int(row, at + 2));
        break;
    case MEASURE_MIN:
    case MEASURE_MAX:
        if (!query_is_null(row, at))
            *out = extreme(work, measure, row, at);
        break;
    }
    *column += measure->kind == MEASURE_SUM   ? 2
               : measure->kind == MEASURE_AVG ? 3
                                              : 1;
    return rc;
}

static struct value *read_group(const struct aggregation *work, size_t index,
                                struct query *row, int column)
{
    const struct group *group = &work->groups[index];
    struct ctx *ctx = work->ctx;

    if (query_is_null(row, column))
        return NULL;
    if (group->period || group->of.system == SYSTEM_TEXT)
        return value_text(ctx->arena, query_text(row, column));
    if (!group->of.field)
        return value_int(ctx->arena, query_int(row, column));
    return field_from_column(ctx, group->of.field, row, column);
}

static int read_rows(struct vector *out, const struct aggregation *work,
                     struct query *rows)
{
    int rc;

    while ((rc = query_next(rows)) == 1) {
        struct figures *row = arena_alloc(work->ctx->arena, sizeof *row);
        int column = 1;
        size_t i;

        for (i = 0; i < work->group_count; i++)
            row->group[i] = read_group(work, i, rows, column++);
        for (i = 0; i < work->measure_count; i++) {
            rc = read_measure(&row->measure[i], work, i, rows, &column);
            if (rc)
                return rc;
        }
        vector_add(out, row);
    }
    return rc;
}

/* As record_value() has it. */
static struct value *group_value(const struct aggregation *work, size_t index,
                                 struct value *value)
{
    const struct group *group = &work->groups[index];
    struct ctx *ctx = work->ctx;

    if (!value)
        return value_null(ctx->arena);
    if (group->period || group->of.system == SYSTEM_TEXT)
        return value;
    if (!group->of.field)
        return value_text(ctx->arena,
                          arena_printf(ctx->arena, "%lld",
                                       (long long)value_as_int(value, 0)));
    /* A decimal is one, until it is written as JSON. */
    return group->of.field->type->flags & FIELD_SCALED
               ? value
               : field_to_json(ctx, group->of.field, value);
}

static struct value *row_value(const struct aggregation *work,
                               const struct figures *row)
{
    struct arena *arena = work->ctx->arena;
    struct value *map = value_map(arena);
    struct value *groups = value_map(arena), *texts = value_map(arena);
    size_t i;

    for (i = 0; i < work->group_count; i++) {
        value_set(groups, work->groups[i].name,
                  group_value(work, i, row->group[i]));
        value_set_text(texts, work->groups[i].name, row->text[i]);
    }
    value_set(map, "group", groups);
    value_set(map, "text", texts);
    for (i = 0; i < work->measure_count; i++)
        value_set(map, work->measures[i].name, row->measure[i]);
    return map;
}

static int read_figures(struct vector *rows, const struct aggregation *work,
                        const struct record_query *query)
{
    struct record_query plain = *query;
    QUERY_AUTO *found = NULL;
    struct scopes scopes;
    struct list list;
    struct share share;
    int rc;

    plain.sort = plain.cursor = NULL;
    rc = list_start(&list, &scopes, work->ctx, work->form, &plain);
    if (rc)
        return rc;
    if (!scopes.count) {
        /* Nothing of it is visible: no owner has the id 0. */
        scopes.items[0].kind = SCOPE_OWNER;
        scopes.items[0].person = -1;
        scopes.count = 1;
    }
    rc = take_sample(&share, &list, work, &scopes);
    if (rc)
        return rc;
    make_statement(&list, work, &scopes, &share);
    rc = db_query_values(&found, work->ctx, buf_text(&list.sql),
                         (const struct value *const *)list.values.items,
                         list.values.count);
    return rc ? rc : read_rows(rows, work, found);
}

int record_aggregate(struct value **out, struct ctx *ctx,
                     const struct form *form, const struct record_query *query,
                     const struct aggregate *ask)
{
    struct aggregation work;
    struct vector rows;
    size_t i;
    int rc = aggregation_read(&work, ctx, form, ask);

    *out = value_list(ctx->arena);
    vector_init(&rows, ctx->arena);
    if (!rc)
        rc = read_figures(&rows, &work, query);
    if (!rc)
        rc = aggregation_name(&work, (struct figures **)rows.items, rows.count);
    if (rc)
        return rc;
    if (work.sort_measure < 0)
        aggregation_sort(&work, (struct figures **)rows.items, rows.count);
    for (i = 0; i < rows.count && i < (size_t)work.limit; i++)
        value_append(*out, row_value(&work, rows.items[i]));
    return 0;
}
