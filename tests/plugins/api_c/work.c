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
