/*
 * work.c - widgets and jobs.
 */
#include <stdio.h>
#include <string.h>

#include "api_c.h"

/* ---- widgets ---- */

static int figures(tn_ctx *ctx, tn_value *data, void *extra)
{
    int64_t count;
    int rc = tn_records_count(&count, ctx, ITEM, NULL);

    (void)extra;
    tn_put(data, "count", tn_int(ctx, count));
    tn_put(data, "who",
           tn_text(ctx, tn_as_text(tn_item(tn_person(ctx), "login"))));
    tn_put(data, "raw", tn_text(ctx, "<b>raw</b>"));
    return rc;
}

static int not_for_you(tn_ctx *ctx, tn_value *data, void *extra)
{
    (void)data;
    (void)extra;
    return tn_fail(ctx, TN_E_FORBIDDEN, "api_c.keep", "not for you");
}

static int broken(tn_ctx *ctx, tn_value *data, void *extra)
{
    (void)data;
    (void)extra;
    return tn_fail(ctx, TN_E_INTERNAL, "api_c.keep", "broken");
}

/* ---- jobs ---- */

static int count_up(tn_ctx *ctx, const tn_value *data, void *extra)
{
    int64_t to = tn_as_int(tn_item(data, "to"), 0), i;
    tn_value *arguments = tn_map(ctx);
    char what[60];
    int rc = TN_OK;

    (void)extra;
    if (tn_as_bool(tn_item(data, "refuse")))
        return tn_fail(ctx, TN_E_CONFLICT, "api_c.keep", "kept");
    for (i = 1; rc == TN_OK && i <= to; i++)
        rc = tn_job_progress(ctx, i, to);
    snprintf(what, sizeof what, "counted to %d", (int)to);
    if (rc == TN_OK)
        rc = write_line(ctx, what);
    tn_put(arguments, "count", tn_int(ctx, to));
    return rc != TN_OK ? rc
                       : tn_job_result(ctx, "api_c.counted", arguments,
                                       "/m/api_c/page");
}

static int tick(tn_ctx *ctx, const tn_value *data, void *extra)
{
    (void)extra;
    return write_line(ctx, data ? "ticked with data" : "ticked");
}

/* Runs until it is told to end. */
static int wait_for_end(tn_ctx *ctx, const tn_value *data, void *extra)
{
    enum { MS = 20000 };
    int64_t start = tn_now(ctx), now = start;
    int rc = TN_OK;

    (void)data;
    (void)extra;
    for (; rc == TN_OK && now < start + MS; now = tn_now(ctx))
        rc = tn_job_progress(ctx, now - start, MS);
    return rc;
}

/* Saves a line of its data; one of its own is refused at its first attempt. */
static int write_once(tn_ctx *ctx, const tn_value *data, void *extra)
{
    static bool again;
    const char *line = tn_as_text(tn_item(data, "line"));
    int rc = write_line(ctx, line ? line : "written once");

    (void)extra;
    if (line)
        return rc;
    if (rc != TN_OK || again)
        return rc;
    again = true;
    return tn_fail(ctx, TN_E_CONFLICT, "api_c.keep", "not yet");
}

static int job_order(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                     void *data)
{
    const tn_value *sent = tn_json(request);
    tn_value *map = tn_map(ctx);
    int64_t id;
    int rc = tn_job_start(&id, ctx, tn_as_text(tn_item(sent, "job")), NULL,
                          .delay = tn_as_int(tn_item(sent, "delay"), 0),
                          .priority =
                              (int32_t)tn_as_int(tn_item(sent, "priority"), 0));

    (void)data;
    tn_put(map, "id", tn_id(ctx, id));
    return rc != TN_OK ? rc : tn_answer_json(answer, 200, map);
}

/* `count` of a kind, each with its own line, in one transaction. */
static int order_each(tn_ctx *ctx, void *given)
{
    const tn_value *sent = given;
    int64_t count = tn_as_int(tn_item(sent, "count"), 0), i, id;
    int64_t delay = tn_as_int(tn_item(sent, "delay"), 0);
    int64_t first = tn_as_int(tn_item(sent, "first"), 0);
    const char *job = tn_as_text(tn_item(sent, "job"));
    char line[40];
    int rc = TN_OK;

    for (i = 0; rc == TN_OK && i < count; i++) {
        tn_value *data = tn_map(ctx);

        snprintf(line, sizeof line, "line %d.", (int)(first + i));
        tn_put(data, "line", tn_text(ctx, line));
        rc = tn_job_start(&id, ctx, job, data, .delay = delay);
    }
    return rc;
}

static int order_many(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                      void *data)
{
    int rc = tn_transaction(ctx, order_each, (void *)tn_json(request));

    (void)data;
    return rc != TN_OK ? rc : tn_answer_json(answer, 200, tn_map(ctx));
}

/* The same without its end in the transaction. */
static int write_more(tn_ctx *ctx, const tn_value *data, void *extra)
{
    (void)extra;
    return write_line(ctx, tn_as_text(tn_item(data, "line")));
}

static int job_state(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                     void *data)
{
    const tn_value *state;
    int rc = tn_job_state(&state, ctx,
                          tn_as_id(tn_text(ctx, tn_param(request, "id"))));

    (void)data;
    return rc != TN_OK ? rc : tn_answer_json(answer, 200, state);
}

static int job_cancel(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                      void *data)
{
    int rc =
        tn_job_cancel(ctx, tn_as_id(tn_text(ctx, tn_param(request, "id"))));

    (void)data;
    return rc != TN_OK ? rc : tn_answer_json(answer, 200, tn_map(ctx));
}

static void start_orders(tn_module *self)
{
    TN_JOB(self, .name = "api_c.wait", .title = "api_c.counting",
           .call = wait_for_end);
    TN_JOB(self, .name = "api_c.brief", .title = "api_c.counting", .seconds = 5,
           .call = wait_for_end);
    TN_JOB(self, .name = "api_c.once", .title = "api_c.counting",
           .atomic = true, .priority = 2, .call = write_once);
    TN_JOB(self, .name = "api_c.more", .title = "api_c.counting",
           .call = write_more);
    TN_ROUTE(self, .path = "/api/v1/m/api_c/orders", .method = "POST",
             .call = order_many);
    TN_JOB(self, .name = "api_c.yearly", .title = "api_c.counting",
           .cron = "30 7 1 1 *", .zone = "Asia/Shanghai", .call = tick);
    TN_ROUTE(self, .path = "/api/v1/m/api_c/order", .method = "POST",
             .call = job_order);
    TN_ROUTE(self, .path = "/api/v1/m/api_c/order/{id}",
             .example = "/api/v1/m/api_c/order/1", .call = job_state);
    TN_ROUTE(self, .path = "/api/v1/m/api_c/order/{id}",
             .example = "/api/v1/m/api_c/order/1", .method = "DELETE",
             .call = job_cancel);
}

static int add_job(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                   void *data)
{
    const tn_value *sent = tn_json(request);
    const char *name = tn_as_text(tn_item(sent, "job"));
    tn_value *map = tn_map(ctx);
    int64_t id;
    int rc =
        tn_job_add(&id, ctx, name ? name : "api_c.count", tn_item(sent, "data"),
                   0, tn_as_text(tn_item(sent, "unique")));

    (void)data;
    tn_put(map, "id", tn_id(ctx, id));
    return rc != TN_OK ? rc : tn_answer_json(answer, 200, map);
}

/* ---- settings ---- */

static int settings(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                    void *data)
{
    tn_value *map = tn_map(ctx);
    tn_decimal rate;

    (void)request;
    (void)data;
    tn_put(map, "greeting",
           tn_text(ctx, tn_as_text(tn_setting(ctx, "greeting"))));
    tn_put(map, "most", tn_int(ctx, tn_as_int(tn_setting(ctx, "most"), 0)));
    if (tn_as_decimal(&rate, tn_setting(ctx, "rate")))
        tn_put(map, "rate", tn_decimal_value(ctx, rate.units, rate.scale));
    tn_put(map, "loud", tn_bool(ctx, tn_as_bool(tn_setting(ctx, "loud"))));
    if (tn_setting(ctx, "absent"))
        return tn_fail(ctx, TN_E_INTERNAL, "api_c.keep", "it is there");
    return tn_answer_json(answer, 200, map);
}

/* ---- participants ---- */

/* Who is named by the parameter; a question "broken" breaks. */
static int named(tn_ctx *ctx, tn_record *record, const tn_value *parameters,
                 tn_value *people, void *data)
{
    const char *name = tn_as_text(tn_get(record, "name"));
    const char *who = tn_as_text(tn_item(parameters, "who"));
    int64_t id;

    (void)data;
    if (name && strcmp(name, "broken") == 0)
        return tn_fail(ctx, TN_E_INVALID, "api_c.keep", "broken");
    /* Rules write nothing. */
    if (name && strcmp(name, "writes") == 0)
        return tn_records_create(&id, ctx, LOG, tn_map(ctx));
    if (!tn_as_text(tn_item(parameters, "more")))
        return tn_fail(ctx, TN_E_INTERNAL, "api_c.keep", "no parameter");
    return who ? tn_append(people, tn_text(ctx, who)) : TN_OK;
}

int start_work(tn_module *self)
{
    start_fields(self);
    start_orders(self);
    TN_WIDGET(self, .name = "api_c.figures", .template_name = "figures",
              .title = "api_c.figures", .path = "/m/api_c/text", .wide = true,
              .order = 50, .call = figures);
    TN_WIDGET(self, .name = "api_c.log", .template_name = "figures",
              .title = "api_c.log", .form = LOG, .order = 51, .call = figures);
    TN_WIDGET(self, .name = "api_c.not_for_you", .template_name = "figures",
              .title = "api_c.figures", .call = not_for_you);
    TN_WIDGET(self, .name = "api_c.broken", .template_name = "figures",
              .title = "api_c.figures", .call = broken);
    TN_PARTICIPANTS(self, .name = "api_c.named", .title = "api_c.figures",
                    .call = named);
    TN_JOB(self, .name = "api_c.count", .title = "api_c.counting",
           .attempts = 1, .call = count_up);
    TN_JOB(self, .name = "api_c.tick", .title = "api_c.counting", .every = 3600,
           .call = tick);
    TN_ROUTE(self, .path = "/api/v1/m/api_c/settings", .call = settings);
    return TN_ROUTE(self, .path = "/api/v1/m/api_c/job", .method = "POST",
                    .call = add_job);
}
