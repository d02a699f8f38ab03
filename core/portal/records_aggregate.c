/*
 * records_aggregate.c - /api/v1/records/FORM/aggregate: figures by groups.
 *
 * The same rights as the list; docs/customizer/rest.md tells how to use it.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "form/aggregate.h"
#include "portal/records.h"
#include "store/db.h"
#include "web/request.h"
#include "web/router.h"

/* "stage,closes:month"; too many are record_aggregate()'s to refuse. */
static size_t read_list(const char **out, size_t most, struct ctx *ctx,
                        const char *text)
{
    char *rest = arena_strdup(ctx->arena, text ? text : ""), *name;
    size_t count = 0;

    while ((name = strsep(&rest, ",")))
        if (*name && count++ < most)
            out[count - 1] = name;
    return count;
}

static int read_ask(struct aggregate *ask, struct record_query *query,
                    struct ctx *ctx, const struct request *request,
                    const struct form *form)
{
    const char *limit = request_query(request, "limit");
    int64_t number = 0;
    int rc = records_rest_names(ctx, request,
                                " group measure filter q sort limit bin ");

    if (!rc && limit && int_parse(&number, limit, 1, AGGREGATE_ROWS))
        rc = fail_at(ctx, E_INVALID, "limit", "records.bad_limit",
                     "expected a whole number from 1 to %d", AGGREGATE_ROWS);
    if (!rc)
        rc = records_rest_filter(query, ctx, request, form);
    ask->limit = (int)number;
    ask->sort = request_query(request, "sort");
    ask->group_count = read_list(ask->groups, AGGREGATE_GROUPS, ctx,
                                 request_query(request, "group"));
    ask->measure_count = read_list(ask->measures, AGGREGATE_MEASURES, ctx,
                                   request_query(request, "measure"));
    query->bin = text_equal(request_query(request, "bin"), "true");
    query->search = request_query(request, "q");
    return rc;
}

static int get_aggregate(struct ctx *ctx, struct request *request,
                         struct response *response, void *payload)
{
    struct value *answer = value_map(ctx->arena), *groups;
    struct record_query query = { .limit = 0 };
    struct aggregate ask = { .limit = 0 };
    const struct form *form;
    int rc = records_form(&form, ctx, request);

    (void)payload;
    if (!rc)
        rc = read_ask(&ask, &query, ctx, request, form);
    if (!rc)
        rc = report_begin(ctx);
    if (rc)
        return rc;
    rc = record_aggregate(&groups, ctx, form, &query, &ask);
    report_end(ctx);
    if (rc)
        return rc;
    value_set(answer, "groups", groups);
    return response_json(ctx, response, 200, answer);
}

void records_aggregate_start(void)
{
    static const struct route routes[] = {
        { "GET", "/api/v1/records/{form}/aggregate", ROUTE_PERSON,
          ROUTE_API | ROUTE_EXPENSIVE, get_aggregate, NULL, NULL,
          "/api/v1/records/visitor/aggregate" },
        { .method = NULL },
    };

    route_add_table(routes);
}
