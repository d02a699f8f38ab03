/*
 * jobs_rest.c - jobs and incidents over REST: what the administration's pages
 * do, and cancelling what one has started.
 */
#include "base/banned.h"

#include "portal/jobs.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/value.h"
#include "event/incident.h"
#include "event/job.h"
#include "event/progress.h"
#include "portal/frame.h"
#include "web/request.h"
#include "web/router.h"

enum { LIMIT = 50, LIMIT_MAX = 200, OFFSET_MAX = 10000000 };

static void set_instant(struct value *map, const char *key)
{
    char text[TIME_TEXT_MAX];
    int64_t instant = value_get_int(map, key, 0);

    if (!instant) {
        value_remove(map, key);
        return;
    }
    instant_format(text, instant);
    value_set_text(map, key, text);
}

static int read_number(int *out, struct ctx *ctx, const struct request *request,
                       const char *name, int otherwise, int most)
{
    const char *text = request_query(request, name);
    int64_t number = otherwise;

    if (text && int_parse(&number, text, 0, most))
        return fail_at(ctx, E_INVALID, name, "event.bad_number",
                       "%s is a number from 0 to %d", name, most);
    *out = (int)number;
    return 0;
}

static int read_page(int *limit, int *offset, struct ctx *ctx,
                     const struct request *request)
{
    int rc = read_number(limit, ctx, request, "limit", LIMIT, LIMIT_MAX);

    return rc ? rc : read_number(offset, ctx, request, "offset", 0, OFFSET_MAX);
}

/* ---- jobs ---- */

static int api_list(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    struct value *answer = value_map(ctx->arena), *list;
    struct job_query query;
    int64_t total;
    size_t i;
    int rc;

    (void)payload;
    jobs_filter(&query, request);
    rc = read_page(&query.limit, &query.offset, ctx, request);
    if (!rc)
        rc = job_list(&list, ctx, &query);
    if (!rc)
        rc = job_count(&total, ctx, &query);
    if (rc)
        return rc;
    for (i = 0; i < value_count(list); i++) {
        struct value *row = value_at(list, i);

        value_set_text(row, "title",
                       jobs_title(ctx, value_get_text(row, "kind")));
        set_instant(row, "due");
        set_instant(row, "begun");
        set_instant(row, "at");
    }
    value_set_int(answer, "total", total);
    value_set(answer, "jobs", list);
    return response_json(ctx, response, 200, answer);
}

static int api_retry(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    int64_t id;
    int rc = request_id(&id, ctx, request, "id");

    (void)payload;
    if (!rc)
        rc = job_retry(ctx, id);
    return rc ? rc : response_json(ctx, response, 200, value_map(ctx->arena));
}

static int api_change(struct ctx *ctx, struct request *request,
                      struct response *response, void *payload)
{
    int64_t id;
    int rc = request_id(&id, ctx, request, "id");

    (void)payload;
    if (!rc)
        rc = job_set_priority(ctx, id,
                              (int)value_get_int(request->json, "priority", 0));
    return rc ? rc : response_json(ctx, response, 200, value_map(ctx->arena));
}

static int api_cancel(struct ctx *ctx, struct request *request,
                      struct response *response, void *payload)
{
    int rc = frame_cancel_job(ctx, request);

    (void)payload;
    return rc ? rc : response_json(ctx, response, 200, value_map(ctx->arena));
}

/* ---- incidents ---- */

static int api_incidents(struct ctx *ctx, struct request *request,
                         struct response *response, void *payload)
{
    bool open = !text_equal(request_query(request, "open"), "0");
    struct value *answer = value_map(ctx->arena), *list;
    int limit, offset;
    size_t i;
    int rc = read_page(&limit, &offset, ctx, request);

    (void)payload;
    if (!rc)
        rc = incident_list(&list, ctx, open, limit, offset);
    if (rc)
        return rc;
    for (i = 0; i < value_count(list); i++)
        set_instant(value_at(list, i), "at");
    value_set(answer, "incidents", list);
    return response_json(ctx, response, 200, answer);
}

struct act {
    int (*act)(struct ctx *ctx, int64_t id);
};

static int api_incident(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    const struct act *act = payload;
    int64_t id;
    int rc = request_id(&id, ctx, request, "id");

    if (!rc)
        rc = act->act(ctx, id);
    return rc ? rc : response_json(ctx, response, 200, value_map(ctx->arena));
}

void jobs_rest_start(void)
{
    static struct act retry = { incident_retry }, close_it = { incident_close };
    static const struct route routes[] = {
        { "GET", "/api/v1/jobs", ROUTE_ADMINISTRATOR, ROUTE_API, api_list, NULL,
          NULL, NULL },
        { "PATCH", "/api/v1/jobs/{id}", ROUTE_ADMINISTRATOR, ROUTE_API,
          api_change, NULL, NULL, NULL },
        { "POST", "/api/v1/jobs/{id}/retry", ROUTE_ADMINISTRATOR, ROUTE_API,
          api_retry, NULL, NULL, NULL },
        { "POST", "/api/v1/jobs/{id}/cancel", ROUTE_PERSON, ROUTE_API,
          api_cancel, NULL, NULL, NULL },
        { "GET", "/api/v1/incidents", ROUTE_ADMINISTRATOR, ROUTE_API,
          api_incidents, NULL, NULL, NULL },
        { "POST", "/api/v1/incidents/{id}/retry", ROUTE_ADMINISTRATOR,
          ROUTE_API, api_incident, NULL, &retry, NULL },
        { "POST", "/api/v1/incidents/{id}/close", ROUTE_ADMINISTRATOR,
          ROUTE_API, api_incident, NULL, &close_it, NULL },
        { 0 },
    };

    route_add_table(routes);
}
