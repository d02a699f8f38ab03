/*
 * aggregate.c - figures of records by groups: the statement.
 *
 * Each scope of the person is a branch, read by its own index, that leaves out
 * what the branches before it have; so each record is counted once, and
 * nothing has to be merged (architecture 3, "grant"). Who sees much of the
 * table anyway gets one look at all of it instead: a row by an index costs four
 * times what the next row costs. Where the filter keeps much of that, too, its
 * fields' indexes are left alone as well.
 *
 * Where the groups are choices, one look counts and sums them (tally() of
 * store/); else the store groups, which sorts the rows.
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
#include "store/dialect.h"

enum { SAMPLE = 500, MUCH = 4 /* one in so many */ };

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

    buf_add_text(sql, "(FALSE");
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
            buf_add_text(sql, " OR TRUE");
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
             work->form->table, share->kept ? db_not_indexed(list->ctx) : "",
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
                         .filter = like->match ? " AND FALSE" : like->filter };
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
                 "count(m%zu) = 0, CAST(sum(m%zu >> 32) AS BIGINT)"
                 " + (CAST(sum(m%zu & 4294967295) AS BIGINT) >> 32) %s,"
                 " CAST(sum(m%zu & 4294967295) AS BIGINT) & 4294967295 %s",
                 m, m, m, direction, m, direction);
        break;
    case MEASURE_AVG:
        buf_addf(sql, "count(m%zu) = 0, avg(m%zu) %s", m, m, direction);
        break;
    case MEASURE_MIN:
        buf_addf(sql, "count(m%zu) = 0, min(m%zu) %s", m, m, direction);
        break;
    case MEASURE_MAX:
        buf_addf(sql, "count(m%zu) = 0, max(m%zu) %s", m, m, direction);
        break;
    }
    for (i = 0; i < work->group_count; i++)
        buf_addf(sql, ", g%zu", i);
}

static void add_rows(struct list *list, const struct aggregation *work,
                     const struct scopes *scopes, const struct share *share)
{
    struct buf *sql = &list->sql;
    size_t i;

    buf_add_text(sql, " FROM (");
    if (share->seen)
        add_whole(list, work, scopes, share);
    for (i = 0; !share->seen && i < scopes->count; i++)
        if (!list_repeats(scopes, i))
            add_branch(list, work, scopes, i);
    buf_add_text(sql, ") u");
}

/* Groups of choices are few, and their order is ours. */
static bool is_tallied(const struct aggregation *work)
{
    size_t i;

    for (i = 0; i < work->group_count; i++) {
        const struct field *field = work->groups[i].of.field;

        if (!field || strcmp(field->type->name, "choice") != 0)
            return false;
    }
    for (i = 0; i < work->measure_count; i++)
        if (work->measures[i].kind == MEASURE_MIN ||
            work->measures[i].kind == MEASURE_MAX)
            return false;
    return work->group_count && work->sort_measure < 0;
}

/* The figures of one measure out of a tally's list; *at moves on. */
static void select_tallied(struct buf *sql, const struct aggregation *work,
                           const struct measure *measure, size_t *at)
{
    if (measure->kind == MEASURE_COUNT) {
        buf_addf(sql, ", value ->> %zu", work->group_count);
        return;
    }
    buf_addf(sql, ", value ->> %zu, value ->> %zu", *at, *at + 1);
    if (measure->kind == MEASURE_AVG)
        buf_addf(sql, ", value ->> %zu", *at + 2);
    *at += 3;
}

static void make_tally(struct list *list, const struct aggregation *work,
                       const struct scopes *scopes, const struct share *share)
{
    struct buf *sql = &list->sql;
    size_t at = work->group_count + 1, i;

    buf_add_text(sql, "SELECT 0");
    for (i = 0; i < work->group_count; i++)
        buf_addf(sql, ", value ->> %zu", i);
    for (i = 0; i < work->measure_count; i++)
        select_tallied(sql, work, &work->measures[i], &at);
    /* sql: of SQLite alone */
    buf_addf(sql, " FROM json_each((SELECT tally(%zu", work->group_count);
    for (i = 0; i < work->group_count; i++)
        buf_addf(sql, ", g%zu", i);
    for (i = 0; i < work->measure_count; i++)
        if (work->measures[i].kind != MEASURE_COUNT)
            buf_addf(sql, ", m%zu", i);
    buf_add_char(sql, ')');
    add_rows(list, work, scopes, share);
    buf_add_text(sql, "))");
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
    add_rows(list, work, scopes, share);
    if (work->group_count)
        buf_add_text(sql, " GROUP BY");
    for (i = 0; i < work->group_count; i++)
        buf_addf(sql, "%s g%zu", i ? "," : "", i);
    if (work->sort_measure >= 0)
        order_rows(list, work);
    buf_add_text(sql, " LIMIT ?");
    add_number(list, work->sort_measure >= 0 ? work->limit : LIST_UNBOUNDED);
}

/* ---- asking ---- */

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
    if (is_tallied(work) && db_has_tally(work->ctx))
        make_tally(&list, work, &scopes, &share);
    else
        make_statement(&list, work, &scopes, &share);
    rc = db_query_values(&found, work->ctx, buf_text(&list.sql),
                         (const struct value *const *)list.values.items,
                         list.values.count);
    return rc ? rc : aggregation_rows(rows, work, found);
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
        value_append(*out, aggregation_value(&work, rows.items[i]));
    return 0;
}
