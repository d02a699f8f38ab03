/*
 * web.c - examples: requests and their answers.
 */
#include <stdio.h>
#include <string.h>

#include "sdk_c.h"

/* example: tn_param, tn_answer_json */
/* /api/v1/m/sdk_c/things/{id}, as JSON. The record is asked for as the person:
 * one that he may not see is not found. */
static int thing_json(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                      void *unused)
{
    int64_t id = tn_as_id(tn_text(ctx, tn_param(request, "id")));
    tn_value *map = tn_map(ctx);
    const tn_value *thing;
    int rc = tn_records_get(&thing, ctx, THING, id);

    (void)unused;
    if (rc != TN_OK)
        return rc; /* 404, as problem+json */
    tn_put(map, "name", tn_item(thing, "name"));
    tn_put(map, "value", tn_item(thing, "value"));
    return tn_answer_json(answer, 200, map);
}
/* end */

/* example: tn_query, tn_set_header, tn_answer_text */
/* /m/sdk_c/label?of=…: the text for a label printer. Answers are not cached
 * unless a header says so. */
static int label(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                 void *unused)
{
    const char *of = tn_query(request, "of");
    int rc;

    (void)unused;
    if (!of)
        return tn_fail(ctx, TN_E_BAD_REQUEST, "sdk_c.none", "no ?of=");
    rc = tn_set_header(answer, "Cache-Control", "private, max-age=60");
    return rc != TN_OK
               ? rc
               : tn_answer_text(answer, 200, "text/plain; charset=utf-8", of);
}
/* end */

/* example: tn_form_field, tn_form_list, tn_answer_done */
/* A form of the module's page was sent: ids in fields "thing[]", a word in
 * "name". What was done is said on the page where it leads. */
static int add_all(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                   void *unused)
{
    const tn_value *kinds = tn_form_list(request, "kind[]");
    tn_value *arguments = tn_map(ctx);
    int64_t id;
    size_t i;
    int rc = TN_OK;

    (void)unused;
    for (i = 0; rc == TN_OK && i < tn_count(kinds); i++) {
        tn_value *values = tn_map(ctx);

        tn_put(values, "name", tn_text(ctx, tn_form_field(request, "name")));
        tn_put(values, "kind", tn_at(kinds, i));
        rc = tn_records_create(&id, ctx, THING, values);
    }
    if (rc != TN_OK)
        return rc;
    tn_put(arguments, "name", tn_text(ctx, tn_form_field(request, "name")));
    return tn_answer_done(answer, "/m/sdk_c",
                          tn_t(ctx, "sdk_c.taken", arguments));
}
/* end */

/* example: tn_json, tn_method, tn_path, tn_header */
/* What a caller sent, given back: for whoever tries out an interface. */
static int echo(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                void *unused)
{
    const tn_value *sent = tn_json(request); /* NULL: no JSON came */
    tn_value *map = tn_map(ctx);

    (void)unused;
    tn_put(map, "method", tn_text(ctx, tn_method(request)));
    tn_put(map, "path", tn_text(ctx, tn_path(request)));
    tn_put(map, "type", tn_text(ctx, tn_header(request, "content-type")));
    tn_put(map, "word", tn_item(sent, "word"));
    return tn_answer_json(answer, 200, map);
}
/* end */

/* example: tn_answer_redirect */
/* The short address on a label leads to the record's page. */
static int short_address(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                         void *unused)
{
    char path[80];
    int64_t id = tn_as_id(tn_text(ctx, tn_param(request, "id")));

    (void)unused;
    snprintf(path, sizeof path, "/records/" THING "/%lld", (long long)id);
    return tn_answer_redirect(answer, path);
}
/* end */

/* example: tn_answer_page, tn_set_status */
/* A search page of the module's own: pages/today.mustache over the data, in
 * the frame. One that found nothing says so in its status as well. */
static int search(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                  void *unused)
{
    const char *word = tn_query(request, "q");
    tn_value *data = tn_map(ctx);
    int64_t found;
    int rc = tn_records_count(&found, ctx, THING,
                              TN_CONTAINS("name", tn_text(ctx, word)));

    (void)unused;
    if (rc != TN_OK)
        return rc;
    tn_put(data, "word", tn_text(ctx, word));
    if (found == 0)
        tn_set_status(answer, 404);
    return tn_answer_page(answer, "today", "sdk_c.title", data);
}
/* end */

/* example: tn_chart */
/* Bars of what each kind is worth; pages/values.mustache puts it out with
 * {{#chart}}{{>chart}}{{/chart}}, figures and all, without any script. */
static int fill_values(tn_ctx *ctx, tn_request *request, tn_value *data,
                       void *unused)
{
    tn_value *bars = tn_list(ctx), *options = tn_map(ctx), *chart;
    const tn_value *rows;
    size_t i;
    int rc = tn_records_aggregate(
        &rows, ctx, THING, .groups = (const char *const[]){ "kind" },
        .group_count = 1, .measures = (const char *const[]){ "sum:value" },
        .measure_count = 1);

    (void)request;
    (void)unused;
    for (i = 0; rc == TN_OK && i < tn_count(rows); i++) {
        tn_value *bar = tn_map(ctx), *row = tn_at(rows, i);

        tn_put(bar, "label", tn_item(tn_item(row, "text"), "kind"));
        tn_put(bar, "value", tn_item(row, "sum:value"));
        tn_append(bars, bar);
    }
    tn_put(options, "title", tn_text(ctx, tn_t(ctx, "sdk_c.values", NULL)));
    tn_put(options, "format", tn_text(ctx, "money"));
    tn_put(options, "currency", tn_text(ctx, "CNY"));
    if (rc == TN_OK)
        rc = tn_chart(&chart, ctx, "bar", bars, options);
    return rc != TN_OK ? rc : tn_put(data, "chart", chart);
}
/* end */

/* example: tn_cookie, tn_set_cookie */
/* Remembers in the browser which shelf somebody looks at, for 30 days. The
 * host signs it: what comes back is what was set, or nothing. */
static int shelf(tn_ctx *ctx, tn_request *request, tn_answer *answer,
                 void *unused)
{
    const char *chosen = tn_query(request, "shelf");
    const char *before = tn_cookie(request, "shelf");
    int rc = TN_OK;

    (void)ctx;
    (void)unused;
    if (chosen)
        rc = tn_set_cookie(answer, "shelf", chosen, INT64_C(30) * 86400);
    return rc != TN_OK
               ? rc
               : tn_answer_text(answer, 200, "text/plain; charset=utf-8",
                                before ? before : "all");
}
/* end */

/* example: TN_ROUTE */
/* Addresses below /m/ID, or /api/v1/m/ID for JSON. People sign in for them
 * unless `access` says otherwise; what costs a lot, or is open to everybody,
 * is `expensive`: the host slows down who asks too often. */
static int register_routes(tn_module *self)
{
    int rc =
        TN_ROUTE(self, .path = "/api/v1/m/sdk_c/things/{id}",
                 .example = "/api/v1/m/sdk_c/things/1", .call = thing_json);

    if (rc == TN_OK)
        rc = TN_ROUTE(self, .path = "/m/sdk_c/add", .method = "POST",
                      .call = add_all);
    if (rc == TN_OK)
        rc = TN_ROUTE(self, .path = "/m/sdk_c/shelf", .access = TN_PUBLIC,
                      .expensive = true, .call = shelf);
    return rc;
}
/* end */

int start_web(tn_module *self)
{
    TN_ROUTE(self, .path = "/m/sdk_c/label", .call = label);
    TN_ROUTE(self, .path = "/api/v1/m/sdk_c/echo", .method = "POST",
             .call = echo);
    TN_ROUTE(self, .path = "/m/sdk_c/t/{id}", .example = "/m/sdk_c/t/1",
             .call = short_address);
    TN_ROUTE(self, .path = "/m/sdk_c/search", .call = search);
    TN_PAGE(self, .path = "/m/sdk_c/values", .template_name = "values",
            .title = "sdk_c.values", .call = fill_values);
    return register_routes(self);
}
