/*
 * job_list.c - jobs as an administrator sees them.
 */
#include "base/banned.h"

#include "event/job_internal.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/str.h"
#include "base/value.h"
#include "store/db.h"

enum { SQL_MAX = 4096, VALUES_MAX = 8 };

static const char *const states[] = { "waiting", "running", "failed" };

static int state_number(const char *state)
{
    int i;

    for (i = 0; i < 3; i++)
        if (text_equal(states[i], state))
            return i;
    return -1;
}

/* ---- the question ---- */

struct question {
    struct buf sql;
    const struct value *values[VALUES_MAX];
    size_t count;
};

static void add_value(struct question *question, const char *before,
                      const struct value *value)
{
    question->values[question->count++] = value;
    buf_addf(&question->sql, "%s?%d", before, (int)question->count);
}

static void begin(struct question *out, struct ctx *ctx, const char *select,
                  const struct job_query *query)
{
    struct arena *arena = ctx->arena;
    int state = state_number(query->state);

    out->count = 0;
    buf_init(&out->sql, arena, SQL_MAX);
    buf_add_text(&out->sql, select);
    buf_add_text(&out->sql, " WHERE 1 = 1");
    /* The literal: a partial index is for it. */
    if (state == 0)
        buf_add_text(&out->sql, " AND j.state = 0");
    else if (query->state)
        add_value(out, " AND j.state = ", value_int(arena, state));
    /* What is claimed for the next moment still waits. */
    if (state == 1)
        buf_add_text(&out->sql, " AND j.begun > 0");
    if (query->kind)
        add_value(out, " AND j.kind = ", value_text(arena, query->kind));
    if (query->module && !*query->module)
        buf_add_text(&out->sql, " AND j.module IS NULL");
    else if (query->module)
        add_value(out, " AND j.module = ", value_text(arena, query->module));
    if (query->schedules)
        buf_add_text(&out->sql, query->schedules > 0 ? " AND j.every > 0"
                                                     : " AND j.every = 0");
}

/* ---- the answer ---- */

static struct value *row_value(struct ctx *ctx, struct query *query)
{
    struct value *row = value_map(ctx->arena);
    int64_t state = query_int(query, 3);

    const struct job_kind *kind = job_kind_find(query_text(query, 1));
    bool schedule = query_int(query, 6) > 0;
    bool stays = kind && kind->stays;

    if (state == 1 && query_int(query, 10) == 0)
        state = 0;
    value_set_bool(row, "may_cancel",
                   state == 2   ? true
                   : state == 1 ? !stays && query_int(query, 13) == 0
                                : !stays && !schedule);
    value_set_id(row, "id", query_int(query, 0));
    value_set_text(row, "kind", query_text(query, 1));
    value_set_text(row, "module", query_text(query, 2));
    value_set_text(row, "state", states[state % 3]);
    value_set_int(row, "priority", query_int(query, 4));
    value_set_int(row, "attempt", query_int(query, 5));
    value_set_text(row, "cron", query_text(query, 7));
    value_set_text(row, "zone", query_text(query, 8));
    value_set_int(row, "every",
                  query_is_null(query, 7) ? query_int(query, 6) : 0);
    value_set_bool(row, "schedule", schedule);
    value_set_int(row, "due", query_int(query, 9));
    value_set_int(row, "begun", query_int(query, 10));
    value_set_int(row, "at", query_int(query, 11));
    value_set_text(row, "error", query_text(query, 12));
    value_set_bool(row, "cancel", query_int(query, 13) != 0);
    value_set_int(row, "done", query_int(query, 14));
    value_set_int(row, "total", query_int(query, 15));
    value_set_bool(row, "watched", !query_is_null(query, 16));
    return row;
}

int job_list(struct value **out, struct ctx *ctx, const struct job_query *query)
{
    bool waiting = text_equal(query->state, "waiting");
    struct question question;
    QUERY_AUTO *rows = NULL;
    int rc;

    *out = value_list(ctx->arena);
    begin(&question, ctx,
          "SELECT j.id, j.kind, j.module, j.state, j.priority, j.attempt, "
          "j.every, j.cron, j.zone, j.due, j.begun, j.at, j.error, j.cancel, "
          "p.done, p.total, p.job FROM event_job j LEFT JOIN event_progress p "
          "ON p.job = j.id",
          query);
    buf_add_text(&question.sql, waiting ? " ORDER BY j.priority, j.due"
                                        : " ORDER BY j.state DESC, j.due");
    add_value(&question, " LIMIT ", value_int(ctx->arena, query->limit));
    add_value(&question, " OFFSET ", value_int(ctx->arena, query->offset));
    rc = db_query_values(&rows, ctx, buf_text(&question.sql), question.values,
                         question.count);
    while (!rc && (rc = query_next(rows)) == 1) {
        value_append(*out, row_value(ctx, rows));
        rc = 0;
    }
    return rc;
}

int job_count(int64_t *out, struct ctx *ctx, const struct job_query *query)
{
    struct question question;
    QUERY_AUTO *rows = NULL;
    int rc;

    begin(&question, ctx, "SELECT count(*) FROM event_job j", query);
    rc = db_query_values(&rows, ctx, buf_text(&question.sql), question.values,
                         question.count);
    if (!rc)
        rc = query_next(rows);
    *out = rc > 0 ? query_int(rows, 0) : 0;
    return rc < 0 ? rc : 0;
}

int job_choices(struct value **out, struct ctx *ctx)
{
    struct value *kinds = value_list(ctx->arena);
    struct value *modules = value_list(ctx->arena);
    const char *last = NULL;
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      "SELECT module, kind FROM event_job "
                      "GROUP BY module, kind ORDER BY module, kind",
                      "");

    *out = value_map(ctx->arena);
    value_set(*out, "kinds", kinds);
    value_set(*out, "modules", modules);
    while (!rc && (rc = query_next(query)) == 1) {
        const char *module = query_copy(query, 0);

        value_append(kinds, value_text(ctx->arena, query_text(query, 1)));
        if (module && !text_equal(module, last))
            value_append(modules, value_text(ctx->arena, module));
        last = module;
        rc = 0;
    }
    return rc;
}

/* ---- dead letters ---- */

static struct value *letter_value(struct ctx *ctx, struct query *query)
{
    struct value *row = value_map(ctx->arena), *data;
    const char *text = query_copy(query, 9);

    value_set_id(row, "id", query_int(query, 0));
    value_set_text(row, "what", query_text(query, 1));
    value_set_text(row, "name", query_text(query, 2));
    value_set_text(row, "module", query_text(query, 3));
    value_set_text(row, "topic", query_text(query, 4));
    value_set_id(row, "subject", query_int(query, 5));
    value_set_int(row, "attempt", query_int(query, 6));
    value_set_int(row, "at", query_int(query, 7));
    value_set_text(row, "error", query_text(query, 8));
    if (text && json_parse(&data, ctx, text, strlen(text)) == 0)
        value_set(row, "data", data);
    else
        ctx_clear(ctx);
    return row;
}

int job_dead_letters(struct value **out, struct ctx *ctx, int64_t after,
                     int most)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(
        &query, ctx,
        "SELECT l.id, l.what, l.name, l.module, l.topic, l.subject, "
        "l.attempt, l.at, l.error, l.data FROM (SELECT id, 'job' AS what, "
        "kind AS name, module, '' AS topic, 0 AS subject, attempt, due AS at, "
        "error, data FROM event_job WHERE state = 2 UNION ALL "
        "SELECT d.id, 'delivery', d.subscriber, NULL, o.topic, o.subject, "
        "d.attempt, d.due, d.error, o.data FROM event_delivery d "
        "JOIN event_outbox o ON o.id = d.outbox WHERE d.state = 2) AS l "
        "WHERE l.id > ?1 ORDER BY l.id LIMIT ?2",
        "ii", after, (int64_t)most);

    *out = value_list(ctx->arena);
    while (!rc && (rc = query_next(query)) == 1) {
        value_append(*out, letter_value(ctx, query));
        rc = 0;
    }
    return rc;
}
