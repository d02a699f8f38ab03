/*
 * export_job.c - an export that takes a while: a job whose result is a file,
 * for the person who asked for it, for a day.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/str.h"
#include "event/job.h"
#include "event/progress.h"
#include "form/act_as.h"
#include "form/export.h"
#include "org/person.h"
#include "store/condition.h"
#include "store/db.h"

enum { EXPORT_SECONDS = 900, COUNT_MAX = 10000000 };

#define DAY_MS (INT64_C(24) * 3600 * 1000)

int export_job(int64_t *job, struct ctx *ctx, const struct form *form,
               const struct record_query *query, const struct export_plan *plan)
{
    struct value *data = value_map(ctx->arena);
    struct value *columns = value_list(ctx->arena);
    struct value *arguments = value_map(ctx->arena);
    struct job_watch watch = { .person = ctx->person->id,
                               .title = "export.job_title",
                               .arguments = arguments };
    size_t i;

    value_set_text(data, "form", form->name);
    value_set_bool(data, "xlsx", plan->xlsx);
    for (i = 0; i < plan->count; i++)
        value_append(columns, value_text(ctx->arena, plan->columns[i].key));
    value_set(data, "columns", columns);
    if (query->where)
        value_set(data, "where", condition_json(ctx, query->where));
    if (query->search)
        value_set_text(data, "search", query->search);
    if (query->sort)
        value_set_text(data, "sort", query->sort);
    value_set_bool(data, "descending", query->descending);
    value_set_text(arguments, "form", locale_pick(ctx, form->title));
    return job_watch(job, ctx, "form.export", data, &watch);
}

/* The columns that were asked for, as far as they are there still. */
static void read_plan(struct export_plan *plan, struct ctx *ctx,
                      const struct form *form, const struct value *data)
{
    const struct value *columns = value_get(data, "columns");
    const char **keys =
        arena_array(ctx->arena, value_count(columns) + 1, sizeof *keys);
    bool by_id = false;
    size_t i, count = 0;

    for (i = 0; i < value_count(columns); i++) {
        const char *key = value_as_text(value_at(columns, i));

        if (text_equal(key, "id"))
            by_id = true;
        else if (key)
            keys[count++] = key;
    }
    export_plan_keys(plan, ctx, form, keys, count);
    if (!by_id)
        plan->count--;
    plan->xlsx = value_get_bool(data, "xlsx");
}

static int read_query(struct record_query *query, struct condition **where,
                      struct ctx *ctx, const struct form *form,
                      const struct value *data)
{
    const struct value *json = value_get(data, "where");
    int rc;

    memset(query, 0, sizeof *query);
    query->search = value_get_text(data, "search");
    query->sort = value_get_text(data, "sort");
    query->descending = value_get_bool(data, "descending");
    if (!json)
        return 0;
    rc = record_condition(where, ctx, form, json);
    query->where = *where;
    return rc;
}

int export_forget_later(struct ctx *ctx, int64_t job)
{
    struct value *data = value_map(ctx->arena);
    int rc;

    if (!job)
        return 0;
    value_set_id(data, "job", job);
    rc = tx_begin(ctx, "export.forget");
    return rc ? rc
              : tx_end(ctx, job_add(ctx, "form.export_forget", data,
                                    clock_now() + DAY_MS, NULL));
}

static int leave_file(struct ctx *ctx, const struct form *form, bool xlsx,
                      int fd, int64_t count, int64_t id)
{
    struct value *arguments = value_map(ctx->arena);
    int rc = job_result_file(ctx, fd, export_name(ctx, form, xlsx),
                             export_type(xlsx));

    value_set_int(arguments, "count", count);
    if (!rc)
        rc = job_result(ctx, "export.done_result", arguments, NULL);
    return rc ? rc : export_forget_later(ctx, id);
}

static int run(struct ctx *ctx, const struct job *job)
{
    bool xlsx = value_get_bool(job->data, "xlsx");
    struct condition *where = NULL;
    struct record_query query;
    struct export_plan plan;
    const struct form *form;
    int64_t total = 0, count;
    int fd, rc;

    rc = act_as(ctx, job_person());
    if (!rc)
        rc = form_find(&form, ctx, value_get_text(job->data, "form"));
    if (!rc)
        rc = read_query(&query, &where, ctx, form, job->data);
    if (!rc)
        rc = record_count(&total, ctx, form, &query, COUNT_MAX);
    if (!rc)
        rc = export_open(&fd, ctx);
    if (rc)
        return rc;
    read_plan(&plan, ctx, form, job->data);
    rc = export_records(&count, ctx, form, &query, &plan, fd, total);
    if (!rc)
        rc = leave_file(ctx, form, xlsx, fd, count, job->id);
    close(fd);
    return rc;
}

static int export_call(struct ctx *ctx, const struct job *job)
{
    return run(ctx, job);
}

static int forget_call(struct ctx *ctx, const struct job *job)
{
    return job_file_forget(ctx, value_get_id(job->data, "job"));
}

void export_job_start(void)
{
    static const struct job_kind make = { .kind = "form.export",
                                          .call = export_call,
                                          .seconds = EXPORT_SECONDS,
                                          .attempts = 2,
                                          .priority = 3 };
    static const struct job_kind forget = { .kind = "form.export_forget",
                                            .call = forget_call,
                                            .seconds = 30,
                                            .priority = JOB_LAST };

    job_register(&make);
    job_register(&forget);
}
