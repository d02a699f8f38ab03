/*
 * work.c - examples: background work, and what modules offer each other.
 */
#include <string.h>

#include "sdk_c.h"

/* example: TN_JOB, tn_job_progress, tn_job_result */
/* Tells each person of the list how many of the own things are late. It runs
 * as the module, at least once: what was done twice must do no harm. */
static int remind(tn_ctx *ctx, const tn_value *data, void *unused)
{
    const tn_value *people = tn_item(data, "people");
    tn_value *arguments = tn_map(ctx);
    int64_t i, total = (int64_t)tn_count(people);
    int rc = TN_OK;

    (void)unused;
    for (i = 0; rc == TN_OK && i < total; i++) {
        tn_value *about = tn_map(ctx);

        tn_put(about, "name", tn_text(ctx, "Tenon"));
        tn_put(about, "count", tn_int(ctx, 1));
        rc = tn_notify(ctx, tn_as_id(tn_at(people, (size_t)i)),
                       .key = "sdk_c.late", .arguments = about,
                       .path = "/m/sdk_c");
        if (rc == TN_OK) /* TN_E_TIMEOUT: it has to end */
            rc = tn_job_progress(ctx, i + 1, total);
    }
    tn_put(arguments, "count", tn_int(ctx, total));
    return rc != TN_OK
               ? rc
               : tn_job_result(ctx, "sdk_c.reminded", arguments, "/m/sdk_c");
}

static int register_jobs(tn_module *self)
{
    return TN_JOB(self, .name = "sdk_c.remind", .title = "sdk_c.remind",
                  .seconds = 600, .attempts = 3, .call = remind);
}
/* end */

/* example: tn_job_file */
/* All things as a file. Who started the job finds it at /jobs/ID for a day. */
static int write_list(tn_ctx *ctx, const tn_value *data, void *unused)
{
    const tn_value *things;
    tn_file *file;
    size_t i;
    int rc = tn_file_create(&file, ctx, "things.csv");

    (void)data;
    (void)unused;
    if (rc == TN_OK)
        rc = tn_records_find(&things, ctx, THING, .sort = "name", .limit = 200);
    for (i = 0; rc == TN_OK && i < tn_count(things); i++) {
        const char *name = tn_as_text(tn_item(tn_at(things, i), "name"));

        rc = tn_file_write(file, name, strlen(name));
        if (rc == TN_OK)
            rc = tn_file_write(file, "\n", 1);
    }
    return rc != TN_OK ? rc : tn_job_file(ctx, file);
}

static int register_list(tn_module *self)
{
    return TN_JOB(self, .name = "sdk_c.list", .title = "sdk_c.list",
                  .call = write_list);
}
/* end */

/* example: tn_job_add */
/* Starts it behind the answer. While one with the same key waits, no second
 * one is added; /jobs/ID shows how far it is. */
static int start_reminding(int64_t *job, tn_ctx *ctx, tn_value *people)
{
    tn_value *data = tn_map(ctx);

    tn_put(data, "people", people);
    return tn_job_add(job, ctx, "sdk_c.remind", data, 0, "everybody");
}
/* end */

/* example: tn_job_start */
/* A minute later, before what is less urgent. */
static int start_list_later(int64_t *job, tn_ctx *ctx)
{
    return tn_job_start(job, ctx, "sdk_c.list", NULL, .delay = 60,
                        .priority = 2, .unique = "later");
}
/* end */

/* example: tn_job_state, tn_job_cancel */
/* Calls it off, unless it is over. */
static int stop(bool *stopped, tn_ctx *ctx, int64_t job)
{
    const tn_value *state;
    int rc = tn_job_state(&state, ctx, job);
    const char *now = rc == TN_OK ? tn_as_text(tn_item(state, "state")) : NULL;

    *stopped = now && strcmp(now, "done") != 0;
    return *stopped ? tn_job_cancel(ctx, job) : rc;
}
/* end */

/* example: tn_setting */
/* A field of settings.json as administrators set it; its default else. */
static int64_t most_things(tn_ctx *ctx)
{
    return tn_as_int(tn_setting(ctx, "most"), 3);
}
/* end */

/* example: TN_OFFER */
/* What other modules may ask: whether a thing is free. It runs as whoever the
 * caller runs as, so nobody sees more through it. */
static int is_free(tn_ctx *ctx, const tn_value *in, const tn_value **out,
                   void *unused)
{
    int64_t loans;
    int rc = tn_records_count(&loans, ctx, LOAN,
                              TN_AND(TN_EQ("thing", tn_item(in, "thing")),
                                     TN_NE("back", tn_bool(ctx, true))));

    (void)unused;
    *out = tn_bool(ctx, loans == 0);
    return rc;
}

static int register_offers(tn_module *self)
{
    return TN_OFFER(self, .name = "sdk_c.is_free", .call = is_free);
}
/* end */

/* example: tn_find_offer, tn_call */
/* Asks the module that lends things, where there is one that is switched on:
 * without it all is free. */
static int ask_free(bool *is_free, tn_ctx *ctx, tn_value *thing)
{
    const tn_function *function = tn_find_offer(ctx, "sdk_c.is_free");
    tn_value *in = tn_map(ctx);
    const tn_value *out;
    int rc;

    *is_free = true;
    if (!function)
        return TN_OK;
    tn_put(in, "thing", thing);
    rc = tn_call(&out, ctx, function, in);
    if (rc == TN_OK)
        *is_free = tn_as_bool(out);
    return rc;
}
/* end */

static int work(tn_ctx *ctx, tn_request *request, tn_answer *answer, void *data)
{
    const tn_value *sent = tn_json(request);
    tn_value *map = tn_map(ctx), *people = tn_list(ctx);
    int64_t job;
    bool free_now;
    int rc;

    (void)data;
    tn_append(people, tn_item(sent, "person"));
    rc = start_reminding(&job, ctx, people);
    if (rc == TN_OK)
        rc = ask_free(&free_now, ctx, tn_item(sent, "thing"));
    if (rc != TN_OK)
        return rc;
    tn_put(map, "job", tn_bool(ctx, job != 0));
    tn_put(map, "most", tn_int(ctx, most_things(ctx)));
    tn_put(map, "free", tn_bool(ctx, free_now));
    return tn_answer_json(answer, 200, map);
}

static int start_list(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                      void *data)
{
    tn_value *map = tn_map(ctx);
    int64_t job;
    int rc = tn_job_add(&job, ctx, "sdk_c.list", NULL, 0, NULL);

    (void)request;
    (void)data;
    tn_put(map, "job", tn_id(ctx, job));
    return rc != TN_OK ? rc : tn_answer_json(answer, 200, map);
}

static int call_off(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                    void *data)
{
    tn_value *map = tn_map(ctx);
    bool stopped;
    int64_t job;
    int rc = start_list_later(&job, ctx);

    (void)request;
    (void)data;
    if (rc == TN_OK)
        rc = stop(&stopped, ctx, job);
    if (rc != TN_OK)
        return rc;
    tn_put(map, "stopped", tn_bool(ctx, stopped));
    return tn_answer_json(answer, 200, map);
}

int start_work(tn_module *self)
{
    register_jobs(self);
    register_list(self);
    TN_ROUTE(self, .path = "/api/v1/m/sdk_c/list", .method = "POST",
             .call = start_list);
    TN_ROUTE(self, .path = "/api/v1/m/sdk_c/later", .method = "POST",
             .call = call_off);
    register_offers(self);
    return TN_ROUTE(self, .path = "/api/v1/m/sdk_c/work", .method = "POST",
                    .call = work);
}
