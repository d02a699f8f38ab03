/*
 * frame_ask.c - what the browser code of the frame asks for: counts, events,
 * the palette, pickers.
 */
#include "base/banned.h"

#include "portal/portal.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/unicode.h"
#include "base/value.h"
#include "org/org.h"
#include "org/person.h"
#include "portal/frame.h"
#include "view/view.h"
#include "web/request.h"
#include "web/router.h"

enum { FINDERS_MAX = 16, FOUND_MAX = 8, OPTIONS_MAX = 50 };

static portal_finder finders[FINDERS_MAX];
static int finder_count;

void portal_finder_add(portal_finder finder)
{
    if (finder_count < FINDERS_MAX)
        finders[finder_count++] = finder;
}

static int counts(struct ctx *ctx, struct request *request,
                  struct response *response, void *payload)
{
    struct value *answer = value_map(ctx->arena);
    int64_t tasks, messages;
    int rc = frame_counts(&tasks, &messages, ctx);

    (void)request;
    (void)payload;
    if (rc)
        return rc;
    value_set_int(answer, "tasks", tasks);
    value_set_int(answer, "messages", messages);
    return response_json(ctx, response, 200, answer);
}

static int events(struct ctx *ctx, struct request *request,
                  struct response *response, void *payload)
{
    (void)payload;
    response->type = "text/event-stream; charset=utf-8";
    response->stream = true;
    response->stream_user = ctx->person->id;
    response->stream_session = request->session;
    return 0;
}

/* Who is signed in, and a token for what changes things: for programs that
 * sign in as a person. */
static int session(struct ctx *ctx, struct request *request,
                   struct response *response, void *payload)
{
    struct value *answer = value_map(ctx->arena);
    struct value *person = value_map(ctx->arena);

    (void)payload;
    value_set_id(person, "id", ctx->person->id);
    value_set_text(person, "login", ctx->person->login);
    value_set_text(person, "name", ctx->person->name);
    value_set_bool(person, "administrator", ctx->person->administrator);
    value_set_text(person, "locale", ctx->locale);
    value_set(answer, "person", person);
    if (!ctx->token)
        value_set_text(answer, "csrf", csrf_token(ctx, request, response));
    return response_json(ctx, response, 200, answer);
}

static int find(struct ctx *ctx, struct request *request,
                struct response *response, void *payload)
{
    const char *text = request_query(request, "q");
    struct value *items = value_list(ctx->arena);
    struct value *answer = value_map(ctx->arena);
    int i, rc = 0;

    (void)payload;
    value_set(answer, "items", items);
    for (i = 0; i < finder_count && !rc && !text_empty(text); i++)
        rc = finders[i](ctx, text, FOUND_MAX, items);
    return rc ? rc : response_json(ctx, response, 200, answer);
}

static void add_option(struct ctx *ctx, struct value *options, int64_t id,
                       const char *label, const char *detail)
{
    struct value *option = value_map(ctx->arena);

    value_set_id(option, "value", id);
    value_set_text(option, "label", label);
    if (!text_empty(detail))
        value_set_text(option, "detail", detail);
    value_set_text(option, "initials", view_initials(ctx, label));
    value_append(options, option);
}

static int answer_options(struct ctx *ctx, struct response *response,
                          struct value *options)
{
    struct value *answer = value_map(ctx->arena);

    value_set(answer, "options", options);
    value_set_bool(answer, "more", value_count(options) >= OPTIONS_MAX);
    return response_json(ctx, response, 200, answer);
}

/* "1,2,3": the names of ids that a picker has already. */
static void add_named(struct ctx *ctx, struct value *options, const char *ids)
{
    while (*ids && value_count(options) < OPTIONS_MAX) {
        size_t length = strcspn(ids, ",");
        const char *text = arena_strndup(ctx->arena, ids, length);
        int64_t id;

        if (!int_parse(&id, text, 1, INT64_MAX))
            add_option(ctx, options, id, person_name(ctx, id), NULL);
        ids += length + (ids[length] == ',');
    }
}

static int user_options(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    const char *text = request_query(request, "q");
    const char *ids = request_query(request, "ids");
    struct value *options = value_list(ctx->arena), *people;
    size_t i;
    int rc;

    (void)payload;
    if (ids) {
        add_named(ctx, options, ids);
        return answer_options(ctx, response, options);
    }
    rc = org_search_users(&people, ctx, text ? text : "", OPTIONS_MAX);
    if (rc)
        return rc;
    for (i = 0; i < value_count(people); i++) {
        const struct value *row = value_at(people, i);

        add_option(ctx, options, value_get_id(row, "id"),
                   value_get_text(row, "name"),
                   value_get_text(row, "department"));
    }
    return answer_options(ctx, response, options);
}

static int department_options(struct ctx *ctx, struct request *request,
                              struct response *response, void *payload)
{
    const char *text = request_query(request, "q");
    const char *wanted = text_fold(ctx->arena, text ? text : "");
    struct value *options = value_list(ctx->arena);
    const struct department **list;
    size_t i, count;
    int rc = department_list(&list, &count, ctx);

    (void)payload;
    for (i = 0; !rc && i < count && value_count(options) < OPTIONS_MAX; i++)
        if (strstr(text_fold(ctx->arena, list[i]->name), wanted))
            add_option(ctx, options, list[i]->id, list[i]->name,
                       department_name(ctx, list[i]->parent));
    return rc ? rc : answer_options(ctx, response, options);
}

void frame_ask_start(void)
{
    static const struct route routes[] = {
        { "GET", "/portal/counts", ROUTE_PERSON, ROUTE_API, counts, NULL, NULL,
          NULL },
        { "GET", "/portal/events", ROUTE_PERSON, ROUTE_API, events, NULL, NULL,
          NULL },
        { "GET", "/portal/find", ROUTE_PERSON, ROUTE_API | ROUTE_EXPENSIVE,
          find, NULL, NULL, NULL },
        { "GET", "/portal/options/users", ROUTE_PERSON, ROUTE_API, user_options,
          NULL, NULL, NULL },
        { "GET", "/portal/options/departments", ROUTE_PERSON, ROUTE_API,
          department_options, NULL, NULL, NULL },
        { "GET", "/api/v1/session", ROUTE_PERSON, ROUTE_API | ROUTE_SCOPED,
          session, NULL, NULL, NULL },
        { 0 },
    };

    route_add_table(routes);
}
