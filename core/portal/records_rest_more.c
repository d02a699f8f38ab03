/*
 * records_rest_more.c - what else the API does with a record: its comments,
 * its trail, the way out of the bin.
 */
#include "base/banned.h"

#include "audit/audit.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "org/person.h"
#include "portal/records.h"
#include "web/request.h"
#include "web/router.h"

enum { TRAIL_MAX = 200 };

static void set_instant(struct value *map, int64_t instant)
{
    char text[TIME_TEXT_MAX];

    instant_format(text, instant);
    value_set_text(map, "at", text);
}

static int get_comments(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    struct value *answer = value_map(ctx->arena), *comments;
    struct record *record;
    size_t i;
    int rc = records_record(&record, ctx, request);

    (void)payload;
    if (!rc)
        rc = record_comments(&comments, ctx, record->form, record->id);
    if (rc)
        return rc;
    for (i = 0; i < value_count(comments); i++)
        set_instant(value_at(comments, i),
                    value_get_int(value_at(comments, i), "at", 0));
    value_set(answer, "comments", comments);
    return response_json(ctx, response, 200, answer);
}

/* {"text": "…"} */
static int post_comment(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    const char *text = value_get_text(request->json, "text");
    struct record *record;
    int rc = records_record(&record, ctx, request);

    (void)payload;
    if (!rc && (!text || value_count(request->json) != 1))
        rc = fail(ctx, E_BAD_REQUEST, "records.expected_text",
                  "expected a JSON object with \"text\" alone");
    if (!rc)
        rc = record_comment(ctx, record->form, record->id, text);
    if (rc)
        return rc;
    rc = get_comments(ctx, request, response, payload);
    response->status = rc ? response->status : 201;
    return rc;
}

static int get_trail(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    struct value *answer = value_map(ctx->arena), *trail;
    struct record *record;
    size_t i;
    int rc = records_record(&record, ctx, request);

    (void)payload;
    if (!rc)
        rc = audit_read(
            &trail, ctx,
            arena_printf(ctx->arena, "record:%s", record->form->name),
            record->id, TRAIL_MAX);
    if (rc)
        return rc;
    for (i = 0; i < value_count(trail); i++) {
        struct value *row = value_at(trail, i);

        set_instant(row, value_get_int(row, "at", 0));
        value_set_text(row, "name",
                       person_name(ctx, value_get_id(row, "actor")));
    }
    value_set(answer, "trail", trail);
    return response_json(ctx, response, 200, answer);
}

static int restore(struct ctx *ctx, struct request *request,
                   struct response *response, void *payload)
{
    struct record *record;
    int rc = records_record(&record, ctx, request);

    (void)payload;
    if (!rc)
        rc = record_restore(ctx, record->form, record->id);
    if (!rc)
        rc = record_get(&record, ctx, record->form, record->id);
    return rc ? rc
              : response_json(ctx, response, 200, record_value(ctx, record));
}

void records_rest_more_start(void)
{
    static const struct route routes[] = {
        { "GET", "/api/v1/records/{form}/{id}/comments", ROUTE_PERSON,
          ROUTE_API, get_comments, NULL, NULL, NULL },
        { "POST", "/api/v1/records/{form}/{id}/comments", ROUTE_PERSON,
          ROUTE_API, post_comment, NULL, NULL, NULL },
        { "GET", "/api/v1/records/{form}/{id}/trail", ROUTE_PERSON, ROUTE_API,
          get_trail, NULL, NULL, NULL },
        { "POST", "/api/v1/records/{form}/{id}/restore", ROUTE_PERSON,
          ROUTE_API, restore, NULL, NULL, NULL },
        { .method = NULL },
    };

    route_add_table(routes);
}
