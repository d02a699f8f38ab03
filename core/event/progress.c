/*
 * progress.c - jobs that somebody watches.
 *
 * One row a job, written by the process that runs it: at most once a second
 * while it goes on, and with the transaction that settles it.
 */
#include "base/banned.h"

#include "event/progress.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/str.h"
#include "base/value.h"
#include "event/job_internal.h"
#include "event/live.h"
#include "store/blob.h"
#include "store/db.h"

enum { BETWEEN_MS = 1000 };
#define KEPT_MS ((int64_t)7 * 24 * 3600 * 1000)

/* The job that this process runs just now. */
static struct {
    int64_t id;
    int64_t looked; /* whether it is cancelled, by clock_monotonic() */
    int64_t job;    /* the same, where somebody watches it */
    int64_t person;
    int64_t done, total;
    int64_t written; /* when, by clock_monotonic() */
} now;

int64_t job_person(void)
{
    return now.person;
}

int64_t job_current(void)
{
    return now.job;
}

/* The owner's open pages, or those of all administrators, ask again. */
static void tell(struct ctx *ctx, int64_t job, int64_t person)
{
    live_send(ctx, person,
              arena_printf(ctx->arena, "job:%lld", (long long)job));
}

/* ---- starting ---- */

static const char *as_json(struct ctx *ctx, const struct value *value)
{
    return value ? json_text(ctx->arena, value) : NULL;
}

int job_watch(int64_t *id, struct ctx *ctx, const char *kind,
              const struct value *data, const struct job_watch *watch)
{
    int64_t job;
    int rc = job_order(&job, ctx,
                       &(struct job_order){ .kind = kind,
                                            .data = data,
                                            .due = watch->due,
                                            .delay = watch->delay,
                                            .priority = watch->priority,
                                            .unique = watch->unique });

    if (rc)
        return rc;
    if (id)
        *id = job;
    return db_post(ctx,
                   "INSERT INTO event_progress (job, person, title, arguments,"
                   " at, kind) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
                   " ON CONFLICT (job) DO NOTHING",
                   "iissis", job, watch->person, watch->title,
                   as_json(ctx, watch->arguments), clock_now(), kind);
}

/* ---- while it runs ---- */

void job_watched_begin(struct ctx *ctx, int64_t job, bool watched,
                       int64_t person)
{
    memset(&now, 0, sizeof now);
    now.id = job;
    if (!watched)
        return;
    now.job = job;
    now.person = person;
    tell(ctx, job, person);
}

void job_watched_end(void)
{
    memset(&now, 0, sizeof now);
}

/* In the transaction that is open, else in one of its own. */
static int write_row(struct ctx *ctx, const char *purpose, const char *sql,
                     const struct value *const *values, size_t count)
{
    bool own = !tx_active(ctx);
    int rc = own ? tx_begin(ctx, purpose) : 0;

    if (rc)
        return rc;
    rc = db_exec_values(ctx, sql, values, count);
    if (!rc)
        tell(ctx, now.job, now.person);
    return own ? tx_end(ctx, rc) : rc;
}

int job_check(struct ctx *ctx)
{
    int64_t at = clock_monotonic(), cancelled;
    int rc;

    if (!now.id || (now.looked && at - now.looked < BETWEEN_MS))
        return 0;
    now.looked = at;
    rc = db_int(&cancelled, ctx, "SELECT cancel FROM event_job WHERE id = ?1",
                "i", now.id);
    if (rc || !cancelled)
        return rc == E_NOT_FOUND ? 0 : rc;
    now.looked = 0; /* each further call refuses as well */
    return fail(ctx, E_TIMEOUT, "event.job_ends", "this job was cancelled");
}

int job_progress(struct ctx *ctx, int64_t done, int64_t total)
{
    const struct value *values[3];
    int64_t at = clock_monotonic();
    int rc;

    if (done < 0 || total < 0 || (total && done > total))
        return fail(ctx, E_INVALID, "event.progress",
                    "%lld of %lld is no progress", (long long)done,
                    (long long)total);
    rc = job_check(ctx);
    if (rc || !now.job)
        return rc;
    now.done = done;
    now.total = total;
    if (now.written && at - now.written < BETWEEN_MS)
        return 0;
    now.written = at;
    values[0] = value_int(ctx->arena, now.job);
    values[1] = value_int(ctx->arena, done);
    values[2] = value_int(ctx->arena, total);
    return write_row(
        ctx, "job progress",
        "UPDATE event_progress SET done = ?2, total = ?3 WHERE job = ?1",
        values, 3);
}

int job_result(struct ctx *ctx, const char *key, const struct value *arguments,
               const char *link)
{
    const struct value *values[4];

    if (!now.job)
        return 0;
    values[0] = value_int(ctx->arena, now.job);
    values[1] = value_text(ctx->arena, key);
    values[2] = value_text(ctx->arena, as_json(ctx, arguments));
    values[3] = value_text(ctx->arena, link);
    return write_row(ctx, "job result",
                     "UPDATE event_progress SET result = ?2,"
                     " result_arguments = ?3, link = ?4 WHERE job = ?1",
                     values, 4);
}

int job_result_file(struct ctx *ctx, int fd, const char *name, const char *type)
{
    const struct value *values[4];
    const char *hash;
    int64_t size;
    int rc;

    if (!now.job)
        return 0;
    rc = blob_put_fd(&hash, &size, ctx, fd);
    if (rc)
        return rc;
    values[0] = value_int(ctx->arena, now.job);
    values[1] = value_text(ctx->arena, hash);
    values[2] = value_text(ctx->arena, name);
    values[3] = value_text(ctx->arena, type);
    return write_row(ctx, "job result",
                     "UPDATE event_progress SET file_hash = ?2, file_name = ?3,"
                     " file_type = ?4 WHERE job = ?1",
                     values, 4);
}

/* ---- settling ---- */

const char *job_watched_problem(const struct ctx *own, struct ctx *ctx, int rc)
{
    const struct problem *problem = own->problems;
    struct value *map = value_map(ctx->arena);
    struct value *arguments = value_list(ctx->arena);
    int i;

    value_set_int(map, "code", rc);
    if (problem) {
        value_set_text(map, "key", problem->key);
        value_set_text(map, "text", problem->text);
        for (i = 0; i < problem->arg_count; i++)
            value_append(arguments, value_text(ctx->arena, problem->args[i]));
        value_set(map, "arguments", arguments);
    }
    return json_text(ctx->arena, map);
}

/* Who watches it: known of what ran here just now. E_NOT_FOUND: nobody. */
static int watcher(int64_t *person, struct ctx *ctx, int64_t job)
{
    if (now.id != job)
        return db_int(person, ctx,
                      "SELECT person FROM event_progress WHERE job = ?1", "i",
                      job);
    *person = now.person;
    return now.job ? 0 : E_NOT_FOUND;
}

int job_watched_settle(struct ctx *ctx, int64_t job, const char *problem)
{
    int64_t person;
    int rc = watcher(&person, ctx, job);

    if (rc)
        return rc == E_NOT_FOUND ? 0 : rc;
    rc = db_post(ctx,
                 "UPDATE event_progress SET problem = ?2, finished = ?3,"
                 " done = CASE WHEN done < ?4 THEN ?4 ELSE done END,"
                 " total = CASE WHEN total < ?5 THEN ?5 ELSE total END"
                 " WHERE job = ?1",
                 "isiii", job, problem, problem ? (int64_t)0 : clock_now(),
                 now.job == job ? now.done : 0, now.job == job ? now.total : 0);
    if (!rc)
        tell(ctx, job, person);
    return rc;
}

int job_watched_tell(struct ctx *ctx, int64_t job)
{
    int64_t person;
    int rc =
        db_int(&person, ctx, "SELECT person FROM event_progress WHERE job = ?1",
               "i", job);

    if (!rc)
        tell(ctx, job, person);
    return rc == E_NOT_FOUND ? 0 : rc;
}

int job_watched_cancel(struct ctx *ctx, int64_t job)
{
    int rc = db_exec(ctx,
                     "UPDATE event_progress SET cancelled = 1, finished = ?2,"
                     " problem = NULL WHERE job = ?1",
                     "ii", job, clock_now());

    return rc ? rc : job_watched_tell(ctx, job);
}

/* ---- reading ---- */

/* What a person may read; the inside of a failure is the log's. */
static const char *problem_text(struct ctx *ctx, const char *json)
{
    struct problem problem = { 0 };
    struct value *map, *arguments;
    int status, i;

    if (!json || json_parse(&map, ctx, json, strlen(json))) {
        ctx_clear(ctx);
        return NULL;
    }
    problem.code = (int)value_get_int(map, "code", E_INTERNAL);
    status = error_status(problem.code);
    if (status == 500 || !value_get_text(map, "key"))
        return tr(ctx, "event.job_broke");
    problem.key = value_get_text(map, "key");
    problem.text = value_get_text(map, "text");
    arguments = value_get(map, "arguments");
    problem.arg_count = (int)value_count(arguments);
    for (i = 0; i < problem.arg_count && i < PROBLEM_ARGS_MAX; i++)
        problem.args[i] = value_as_text(value_at(arguments, (size_t)i));
    return problem_message(ctx, &problem);
}

static const char *text_of(struct ctx *ctx, const char *key, const char *json)
{
    struct value *arguments = NULL;

    if (json && json_parse(&arguments, ctx, json, strlen(json)))
        ctx_clear(ctx);
    return tr_with(ctx, key, arguments);
}

static const char *state_of(struct query *query)
{
    static const char *const states[] = { "waiting", "running", "failed" };

    if (query_int(query, 10))
        return query_int(query, 14) ? "cancelled" : "done";
    if (query_is_null(query, 11))
        return "gone";
    /* What is claimed for the next moment still waits. */
    if (query_int(query, 11) == 1 && query_int(query, 18) == 0)
        return states[0];
    return states[query_int(query, 11) % 3];
}

/* Whether it may be cancelled, or was: only of what is not over. */
static void add_cancel(struct value *map, struct query *query)
{
    const char *kind = query_text(query, 16);
    const struct job_kind *found = kind ? job_kind_find(kind) : NULL;

    if (query_int(query, 10) || !kind || query_int(query, 17))
        return;
    if (query_int(query, 15))
        value_set_bool(map, "ending", true);
    else if (query_int(query, 11) == 2 || !found || !found->stays)
        value_set_bool(map, "may_cancel", true);
}

static struct value *row_value(struct ctx *ctx, struct query *query)
{
    struct value *map = value_map(ctx->arena);
    int64_t done = query_int(query, 4), total = query_int(query, 5);

    value_set_id(map, "id", query_int(query, 0));
    value_set_text(map, "title",
                   text_of(ctx, query_copy(query, 2), query_copy(query, 3)));
    value_set_text(map, "state", state_of(query));
    value_set_int(map, "done", done);
    value_set_int(map, "total", total);
    if (total > 0)
        value_set_int(map, "percent",
                      done >= total
                          ? 100
                          : (int64_t)((double)done * 100 / (double)total));
    if (!query_is_null(query, 6))
        value_set_text(
            map, "result",
            text_of(ctx, query_copy(query, 6), query_copy(query, 7)));
    if (!query_is_null(query, 8))
        value_set_text(map, "link", query_text(query, 8));
    if (!query_is_null(query, 9))
        value_set_text(map, "file", query_text(query, 9));
    if (!query_is_null(query, 12))
        value_set_text(map, "problem",
                       problem_text(ctx, query_copy(query, 12)));
    value_set_int(map, "at", query_int(query, 13));
    value_set_int(map, "finished", query_int(query, 10));
    add_cancel(map, query);
    return map;
}

static int absent(struct ctx *ctx)
{
    return fail(ctx, E_NOT_FOUND, "event.no_job",
                "there is no such work, or it was more than a week ago");
}

int job_state(struct value **out, int64_t *person, struct ctx *ctx, int64_t id)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      "SELECT p.job, p.person, p.title, p.arguments, p.done,"
                      " p.total, p.result, p.result_arguments, p.link,"
                      " p.file_name, p.finished, j.state, p.problem, p.at,"
                      " p.cancelled, j.cancel, j.kind, j.every, j.begun"
                      " FROM event_progress p LEFT JOIN event_job j"
                      " ON j.id = p.job WHERE p.job = ?1",
                      "i", id);

    if (!rc)
        rc = query_next(query);
    if (rc <= 0)
        return rc ? rc : absent(ctx);
    *person = query_int(query, 1);
    *out = row_value(ctx, query);
    return 0;
}

int job_kind_of(const char **kind, struct ctx *ctx, int64_t id)
{
    int rc = db_text(kind, ctx,
                     "SELECT kind FROM event_progress WHERE job = ?1 AND"
                     " kind IS NOT NULL",
                     "i", id);

    return rc != E_NOT_FOUND
               ? rc
               : db_text(kind, ctx, "SELECT kind FROM event_job WHERE id = ?1",
                         "i", id);
}

int job_file(int *fd, const char **name, const char **type, struct ctx *ctx,
             int64_t id)
{
    QUERY_AUTO *query = NULL;
    int rc = db_query(&query, ctx,
                      "SELECT file_hash, file_name, file_type FROM"
                      " event_progress WHERE job = ?1 AND"
                      " file_hash IS NOT NULL AND finished > 0",
                      "i", id);

    if (!rc)
        rc = query_next(query);
    if (rc <= 0)
        return rc ? rc : absent(ctx);
    *name = query_copy(query, 1);
    *type = query_copy(query, 2);
    return blob_open(fd, ctx, query_text(query, 0));
}

int job_file_forget(struct ctx *ctx, int64_t id)
{
    int rc = tx_begin(ctx, "forget file");

    if (rc)
        return rc;
    return tx_end(ctx, db_exec(ctx,
                               "UPDATE event_progress SET file_hash = NULL,"
                               " file_name = NULL WHERE job = ?1",
                               "i", id));
}

int job_file_used(struct ctx *ctx, const char *hash)
{
    int64_t found;
    int rc =
        db_int(&found, ctx, "SELECT 1 FROM event_progress WHERE file_hash = ?1",
               "s", hash);

    return rc == E_NOT_FOUND ? 0 : rc ? rc : 1;
}

int job_progress_purge(struct ctx *ctx)
{
    int rc = tx_begin(ctx, "forget jobs");

    if (rc)
        return rc;
    return tx_end(ctx, db_exec(ctx,
                               "DELETE FROM event_progress WHERE at < ?1 AND"
                               " NOT EXISTS (SELECT 1 FROM event_job j WHERE"
                               " j.id = event_progress.job AND j.state < 2)",
                               "i", clock_now() - KEPT_MS));
}
