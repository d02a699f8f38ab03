/*
 * bulk.c - the work on many records: one after another, each in its own
 * transaction together with the line that tells of it.
 */
#include "base/banned.h"

#include "form/bulk.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/str.h"
#include "event/job.h"
#include "event/progress.h"
#include "form/act_as.h"
#include "form/field_type.h"
#include "form/record_internal.h"
#include "org/person.h"
#include "store/db.h"

enum { JOB_SECONDS = 120, TURN = 500 };

struct bulk {
    int64_t id, person, job;
    const char *action, *state;
    const struct value *values;
};

static int load(struct bulk *out, struct ctx *ctx, const struct form *form,
                int64_t id)
{
    QUERY_AUTO *row = NULL;
    struct value *values = NULL;
    int rc = db_query(&row, ctx,
                      "SELECT person, action, content, state, job"
                      " FROM form_bulk WHERE id = ?1 AND form = ?2",
                      "ii", id, form->id);

    if (!rc)
        rc = query_next(row);
    if (rc < 0)
        return rc;
    if (rc == 0 || !ctx->person || query_int(row, 0) != ctx->person->id)
        return fail(ctx, E_NOT_FOUND, "bulk.none",
                    "there is no such change of several records");
    out->id = id;
    out->person = query_int(row, 0);
    out->action = query_copy(row, 1);
    out->state = query_copy(row, 3);
    out->job = query_int(row, 4);
    rc = json_parse(&values, ctx, query_text(row, 2),
                    strlen(query_text(row, 2)));
    out->values = values;
    return rc;
}

static int set_state(struct ctx *ctx, int64_t id, const char *state)
{
    int rc = tx_begin(ctx, "bulk.state");

    if (rc)
        return rc;
    return tx_end(ctx,
                  db_exec(ctx, "UPDATE form_bulk SET state = ?2 WHERE id = ?1",
                          "is", id, state));
}

static int set_item(struct ctx *ctx, int64_t bulk, int64_t record,
                    const char *state, const char *former, const char *written,
                    const char *reason)
{
    return db_post(ctx,
                   "UPDATE form_bulk_item SET state = ?3,"
                   " former = coalesce(?4, former),"
                   " written = coalesce(?5, written), reason = ?6"
                   " WHERE bulk = ?1 AND record = ?2",
                   "iissss", bulk, record, state, former, written, reason);
}

/* ---- one record ---- */

/* The values of the same fields, as JSON has them. */
static const char *values_of(struct ctx *ctx, const struct record *record,
                             const struct value *keys)
{
    struct value *map = value_map(ctx->arena);
    size_t i;

    for (i = 0; i < value_count(keys); i++) {
        const char *key = value_key_at(keys, i);
        const struct field *field = form_field(record->form, key);
        struct value *value =
            field ? field_to_json(ctx, field, value_get(record->values, key))
                  : NULL;

        value_set(map, key, value ? value : value_null(ctx->arena));
    }
    return json_text(ctx->arena, map);
}

static int update(struct ctx *ctx, const struct form *form, int64_t bulk,
                  int64_t id, const struct value *values, const char *state)
{
    struct record_change *change;
    struct record *record;
    const char *former = NULL;
    int rc = record_get(&record, ctx, form, id);

    if (rc)
        return rc;
    former = values_of(ctx, record, values);
    rc = record_prepare(&change, ctx, form, id, record->version, values, NULL);
    if (!rc)
        rc = tx_begin_shared(ctx, "bulk.update");
    if (rc)
        return rc;
    rc = record_write(&record, ctx, change);
    if (!rc)
        rc = set_item(ctx, bulk, id, state, former,
                      values_of(ctx, record, values), NULL);
    return tx_end(ctx, rc);
}

static int move(struct ctx *ctx, const struct form *form, int64_t bulk,
                int64_t id, bool away, const char *state)
{
    int rc = tx_begin_shared(ctx, "bulk.move");

    if (rc)
        return rc;
    rc = away ? record_delete(ctx, form, id, 0) : record_restore(ctx, form, id);
    if (!rc)
        rc = set_item(ctx, bulk, id, state, NULL, NULL, NULL);
    return tx_end(ctx, rc);
}

/* Back to the former values, unless somebody changed them since. */
static int take_back(struct ctx *ctx, const struct form *form,
                     const struct bulk *bulk, int64_t id)
{
    const char *former = NULL, *written = NULL;
    struct value *values = NULL;
    struct record *record;
    QUERY_AUTO *row = NULL;
    int rc;

    if (strcmp(bulk->action, "update") != 0)
        return move(ctx, form, bulk->id, id,
                    strcmp(bulk->action, "restore") == 0, "undone");
    rc = db_query(&row, ctx,
                  "SELECT former, written FROM form_bulk_item"
                  " WHERE bulk = ?1 AND record = ?2",
                  "ii", bulk->id, id);
    if (!rc && (rc = query_next(row)) == 1) {
        former = query_copy(row, 0);
        written = query_copy(row, 1);
        rc = 0;
    }
    query_done(row);
    row = NULL;
    if (!rc)
        rc = record_get(&record, ctx, form, id);
    if (!rc && !text_equal(values_of(ctx, record, bulk->values), written))
        rc = fail(ctx, E_CONFLICT, "bulk.changed_since",
                  "somebody has changed it since");
    if (!rc)
        rc = json_parse(&values, ctx, former, strlen(former));
    return rc ? rc : update(ctx, form, bulk->id, id, values, "undone");
}

static int do_one(struct ctx *ctx, const struct form *form,
                  const struct bulk *bulk, int64_t id, bool undo)
{
    if (undo)
        return take_back(ctx, form, bulk, id);
    if (strcmp(bulk->action, "update") == 0)
        return update(ctx, form, bulk->id, id, bulk->values, "done");
    return move(ctx, form, bulk->id, id, strcmp(bulk->action, "delete") == 0,
                "done");
}

/* What one may not see and what is not there are told alike (S13). */
static const char *reason_of(struct ctx *ctx, int rc)
{
    const struct problem *problem = ctx->problems;

    if (rc == E_NOT_FOUND &&
        !(problem && strcmp(problem->key, "form.in_bin") == 0))
        return tr(ctx, "form.no_record");
    return problem ? problem_message(ctx, problem) : error_name(rc);
}

/* The record's own context and memory; what it may not is written down. Only
 * an error of the store ends the whole. */
static int work_on(struct ctx *ctx, const struct form *form,
                   const struct bulk *bulk, int64_t id, bool undo)
{
    struct ctx own = ctx_apart(ctx);
    const char *reason;
    int rc;

    own.arena = arena_new(0);
    rc = do_one(&own, form, bulk, id, undo);
    if (rc == E_STORE || rc == E_FULL || rc == E_IO || rc == E_BUSY ||
        rc == E_TIMEOUT) {
        fail(ctx, rc, own.problems ? own.problems->key : "bulk.stopped", "%s",
             ctx_error(&own));
    } else if (rc) {
        reason = reason_of(&own, rc);
        rc = tx_begin_shared(&own, "bulk.refused");
        if (!rc)
            rc = tx_end(&own,
                        set_item(&own, bulk->id, id, undo ? "kept" : "refused",
                                 NULL, NULL, reason));
    }
    arena_free(own.arena);
    return rc;
}

/* ---- all of them ---- */

static int next_ids(int64_t *ids, size_t *count, size_t most, struct ctx *ctx,
                    int64_t bulk, const char *state)
{
    QUERY_AUTO *row = NULL;
    int rc = db_query(&row, ctx,
                      "SELECT record FROM form_bulk_item WHERE bulk = ?1"
                      " AND state = ?2 ORDER BY record LIMIT ?3",
                      "isi", bulk, state, (int64_t)most);

    *count = 0;
    while (!rc && (rc = query_next(row)) == 1) {
        ids[(*count)++] = query_int(row, 0);
        rc = 0;
    }
    return rc;
}

/* At most TURN of them; *left says whether some remain. */
static int work(bool *left, struct ctx *ctx, const struct form *form,
                const struct bulk *bulk, bool undo)
{
    int64_t ids[TURN], total = 0, waiting = 0;
    size_t count, i;
    int rc =
        next_ids(ids, &count, TURN, ctx, bulk->id, undo ? "done" : "waiting");

    *left = count == TURN;
    if (!rc && bulk->job) {
        rc = db_int(&total, ctx,
                    "SELECT count(*) FROM form_bulk_item WHERE bulk = ?1", "i",
                    bulk->id);
        if (!rc)
            rc = db_int(&waiting, ctx,
                        "SELECT count(*) FROM form_bulk_item WHERE bulk = ?1"
                        " AND state = ?2",
                        "is", bulk->id, undo ? "done" : "waiting");
    }
    for (i = 0; !rc && i < count; i++) {
        rc = work_on(ctx, form, bulk, ids[i], undo);
        if (!rc && bulk->job)
            rc = job_progress(ctx, total - waiting + (int64_t)i + 1, total);
    }
    return rc;
}

static int work_through(struct ctx *ctx, const struct form *form, int64_t id,
                        bool undo)
{
    struct bulk bulk;
    bool left = true;
    int rc = load(&bulk, ctx, form, id);

    bulk.job = 0;
    while (!rc && left)
        rc = work(&left, ctx, form, &bulk, undo);
    return rc ? rc : set_state(ctx, id, undo ? "undone" : "done");
}

/* ---- beginning ---- */

static int add_job(struct ctx *ctx, const struct form *form, int64_t id,
                   bool undo)
{
    struct value *data = value_map(ctx->arena);
    struct job_watch watch = { .person = ctx->person->id,
                               .title =
                                   undo ? "bulk.job_undo" : "bulk.job_title" };
    int64_t job = 0;
    int rc;

    value_set_id(data, "bulk", id);
    value_set_text(data, "form", form->name);
    value_set_bool(data, "undo", undo);
    rc = job_watch(&job, ctx, "form.bulk", data, &watch);
    return rc ? rc
              : db_exec(ctx, "UPDATE form_bulk SET job = ?2 WHERE id = ?1",
                        "ii", id, job);
}

static int check_values(struct ctx *ctx, const struct form *form,
                        const struct value *values)
{
    size_t i;

    if (value_kind(values) != VALUE_MAP || !value_count(values))
        return fail_at(ctx, E_INVALID, "values", "form.expected_map",
                       "expected an object with the record's fields");
    for (i = 0; i < value_count(values); i++) {
        const char *key = value_key_at(values, i);
        const struct field *field = form_field(form, key);

        if (!field || field->hidden || !field->column)
            return fail_at(ctx, E_INVALID, key, "form.unknown_field",
                           "there is no field %s", key);
        if (field->read_only)
            return fail_at(ctx, E_INVALID, key, "form.read_only",
                           "this field can't be written");
    }
    return 0;
}

static int insert(struct ctx *ctx, const struct form *form, int64_t id,
                  const char *action, const char *content,
                  const int64_t *records, size_t count)
{
    size_t i;
    int rc = db_exec(ctx,
                     "INSERT INTO form_bulk (id, form, person, action, content,"
                     " state, created_at) VALUES (?1, ?2, ?3, ?4, ?5,"
                     " 'waiting', ?6)",
                     "iiissi", id, form->id, ctx->person->id, action, content,
                     clock_now());

    for (i = 0; !rc && i < count; i++)
        rc = db_exec(ctx,
                     "INSERT INTO form_bulk_item (bulk, record, state)"
                     " VALUES (?1, ?2, 'waiting')"
                     " ON CONFLICT (bulk, record) DO NOTHING",
                     "ii", id, records[i]);
    if (!rc && count > BULK_AT_ONCE)
        rc = add_job(ctx, form, id, false);
    return rc;
}

int bulk_start(int64_t *id, struct ctx *ctx, const struct form *form,
               const char *action, const struct value *values,
               const int64_t *records, size_t count)
{
    bool updates = text_equal(action, "update");
    int rc;

    if (!updates && !text_equal(action, "delete") &&
        !text_equal(action, "restore"))
        return fail_at(ctx, E_INVALID, "action", "bulk.action",
                       "expected update, delete or restore");
    if (!count)
        return fail_at(ctx, E_INVALID, "ids", "bulk.nothing",
                       "no records are chosen");
    if (count > BULK_MOST)
        return fail_at(ctx, E_LIMIT, "ids", "bulk.too_many",
                       "at most %d records at once", BULK_MOST);
    rc = updates ? check_values(ctx, form, values) : 0;
    if (!rc)
        rc = tx_begin(ctx, "bulk.start");
    if (rc)
        return rc;
    *id = id_next();
    rc = tx_end(ctx, insert(ctx, form, *id, action,
                            updates ? json_text(ctx->arena, values) : "{}",
                            records, count));
    if (rc || count > BULK_AT_ONCE)
        return rc;
    return work_through(ctx, form, *id, false);
}

int bulk_undo(struct ctx *ctx, const struct form *form, int64_t id)
{
    int64_t count = 0;
    struct bulk bulk;
    int rc = load(&bulk, ctx, form, id);

    if (!rc && strcmp(bulk.state, "done") != 0)
        rc = fail(ctx, E_CONFLICT, "bulk.not_done",
                  "this can't be taken back now");
    if (!rc)
        rc = db_int(&count, ctx,
                    "SELECT count(*) FROM form_bulk_item WHERE bulk = ?1"
                    " AND state = 'done'",
                    "i", id);
    if (!rc)
        rc = set_state(ctx, id, "undoing");
    if (!rc && count <= BULK_AT_ONCE)
        return work_through(ctx, form, id, true);
    if (!rc)
        rc = tx_begin(ctx, "bulk.undo");
    return rc ? rc : tx_end(ctx, add_job(ctx, form, id, true));
}

/* ---- the job ---- */

static int job_call_bulk(struct ctx *ctx, const struct job *job)
{
    int64_t id = value_get_id(job->data, "bulk");
    bool undo = value_get_bool(job->data, "undo"), left = false;
    const struct form *form;
    struct bulk bulk;
    int rc = act_as(ctx, job_person());

    if (!rc)
        rc = form_find(&form, ctx, value_get_text(job->data, "form"));
    if (!rc)
        rc = load(&bulk, ctx, form, id);
    if (!rc)
        rc = set_state(ctx, id, undo ? "undoing" : "running");
    if (!rc)
        rc = work(&left, ctx, form, &bulk, undo);
    if (rc)
        return rc;
    if (left) {
        job_continue();
        return 0;
    }
    rc = set_state(ctx, id, undo ? "undone" : "done");
    return rc ? rc
              : job_result(ctx, "bulk.job_done", NULL,
                           arena_printf(ctx->arena, "/records/%s/bulk/%lld",
                                        form->name, (long long)id));
}

/* What was done stays done, and can be taken back. */
static int job_cancelled(struct ctx *ctx, const struct value *data)
{
    return set_state(ctx, value_get_id(data, "bulk"), "done");
}

void bulk_job_start(void)
{
    static const struct job_kind kind = { .kind = "form.bulk",
                                          .call = job_call_bulk,
                                          .seconds = JOB_SECONDS,
                                          .attempts = 3,
                                          .priority = 3,
                                          .cancelled = job_cancelled };

    job_register(&kind);
}

int bulk_purge(struct ctx *ctx, int64_t before)
{
    int rc = tx_begin(ctx, "bulk.purge");

    if (rc)
        return rc;
    rc = db_exec(ctx, "DELETE FROM form_bulk WHERE created_at < ?1", "i",
                 before);
    return tx_end(ctx, rc);
}

/* ---- telling ---- */

static int count_items(struct value *map, struct ctx *ctx, int64_t id)
{
    static const char *const states[] = { "waiting", "done", "refused",
                                          "undone", "kept" };
    int64_t total = 0;
    QUERY_AUTO *row = NULL;
    size_t i;
    int rc = db_query(&row, ctx,
                      "SELECT state, count(*) FROM form_bulk_item"
                      " WHERE bulk = ?1 GROUP BY state",
                      "i", id);

    for (i = 0; i < sizeof states / sizeof states[0]; i++)
        value_set_int(map, i ? states[i] : "left", 0);
    while (!rc && (rc = query_next(row)) == 1) {
        const char *state = query_text(row, 0);

        value_set_int(map, strcmp(state, "waiting") == 0 ? "left" : state,
                      query_int(row, 1));
        total += query_int(row, 1);
        rc = 0;
    }
    value_set_int(map, "total", total);
    return rc;
}

/* Names only of what the person may read. */
static const char *label_of(struct ctx *ctx, const struct form *form,
                            int64_t id)
{
    struct ctx quiet = ctx_apart(ctx);
    struct record *record;

    return record_get(&record, &quiet, form, id)
               ? arena_printf(ctx->arena, "#%lld", (long long)id)
               : record_label(ctx, record);
}

static int list_items(struct value *items, struct ctx *ctx,
                      const struct form *form, int64_t id)
{
    QUERY_AUTO *row = NULL;
    size_t i;
    int rc = db_query(&row, ctx,
                      "SELECT record, state, reason FROM form_bulk_item"
                      " WHERE bulk = ?1 AND state IN ('refused', 'kept')"
                      " ORDER BY record LIMIT ?2",
                      "ii", id, (int64_t)BULK_LISTED);

    while (!rc && (rc = query_next(row)) == 1) {
        struct value *item = value_map(ctx->arena);

        value_set_id(item, "record", query_int(row, 0));
        value_set_text(item, "state", query_text(row, 1));
        value_set_text(item, "reason", query_text(row, 2));
        value_append(items, item);
        rc = 0;
    }
    for (i = 0; !rc && i < value_count(items); i++)
        value_set_text(
            value_at(items, i), "label",
            label_of(ctx, form, value_get_id(value_at(items, i), "record")));
    return rc;
}

int bulk_value(struct value **out, struct ctx *ctx, const struct form *form,
               int64_t id)
{
    struct value *map = value_map(ctx->arena);
    struct value *items = value_list(ctx->arena);
    struct bulk bulk;
    int rc = load(&bulk, ctx, form, id);

    if (!rc)
        rc = count_items(map, ctx, id);
    if (!rc)
        rc = list_items(items, ctx, form, id);
    if (rc)
        return rc;
    value_set_id(map, "id", id);
    value_set_text(map, "form", form->name);
    value_set_text(map, "action", bulk.action);
    value_set_text(map, "state", bulk.state);
    if (bulk.job)
        value_set_id(map, "job", bulk.job);
    value_set(map, "items", items);
    *out = map;
    return 0;
}
