/*
 * tasks_rest.c - /api/v1/tasks and the process of a record for programs.
 *
 * A command's operation id comes as the header Idempotency-Key: a repeat
 * gives the first answer (I8). docs/customizer/flows.md has the whole.
 */
#include "base/banned.h"

#include "portal/tasks.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/value.h"
#include "form/record.h"
#include "org/person.h"
#include "portal/records.h"
#include "web/request.h"
#include "web/router.h"

enum { LIMIT_DEFAULT = 50, LIMIT_MOST = 200, OFFSET_MOST = 10000 };

static const char *const boxes[] = {
    [BOX_TO_DO] = "to_do",
    [BOX_DONE] = "done",
    [BOX_MINE] = "mine",
    [BOX_COPIED] = "copied",
};

static const char *operation_of(const struct request *request)
{
    const char *text = request_header(request, "idempotency-key");

    return text ? text : "";
}

static void set_instant(struct value *map, const char *key, int64_t at)
{
    char text[TIME_TEXT_MAX];

    if (!at)
        return;
    instant_format(text, at);
    value_set_text(map, key, text);
}

static struct value *task_value(struct ctx *ctx, const struct task *task)
{
    struct value *map = value_map(ctx->arena);

    if (task->id)
        value_set_id(map, "id", task->id);
    value_set_id(map, "instance", task->instance);
    value_set_text(map, "form", task->form);
    value_set_id(map, "record", task->record);
    value_set_text(map, "title", task->title);
    value_set_text(map, "state", task->state);
    value_set_text(map, "step", task->node);
    value_set_text(map, "step_name", task->node_name);
    value_set_id(map, "holder", task->holder);
    value_set_id(map, "initiator", task->initiator);
    value_set_text(map, "initiator_name", person_name(ctx, task->initiator));
    value_set_int(map, "round", task->round);
    value_set_int(map, "version", task->version);
    set_instant(map, "created_at", task->created_at);
    set_instant(map, "ended_at", task->ended_at);
    if (task->comment)
        value_set_text(map, "comment", task->comment);
    if (task->reason)
        value_set_text(map, "reason", task->reason);
    return map;
}

/* Instants as RFC 3339 in the list of a history. */
static struct value *history_value(struct ctx *ctx, const struct value *events)
{
    struct value *list = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < value_count(events); i++) {
        struct value *event = value_copy(ctx->arena, value_at(events, i));

        set_instant(event, "at", value_get_int(event, "at", 0));
        value_append(list, event);
    }
    return list;
}

static struct value *status_value(struct ctx *ctx, const struct value *status)
{
    struct value *copy = value_copy(ctx->arena, status);
    struct value *nodes = value_get(copy, "nodes");
    size_t i;

    if (value_is_null(copy))
        return copy;
    set_instant(copy, "started_at", value_get_int(copy, "started_at", 0));
    for (i = 0; i < value_count(nodes); i++)
        set_instant(value_at(nodes, i), "at",
                    value_get_int(value_at(nodes, i), "at", 0));
    return copy;
}

/* ---- tasks ---- */

static int read_number(int64_t *out, struct ctx *ctx,
                       const struct request *request, const char *name,
                       int64_t least, int64_t most)
{
    const char *text = request_query(request, name);

    if (text && int_parse(out, text, least, most))
        return fail_at(ctx, E_INVALID, name, "flow.api.number",
                       "expected a whole number from %lld to %lld",
                       (long long)least, (long long)most);
    return 0;
}

static int list_tasks(struct ctx *ctx, struct request *request,
                      struct response *response, void *payload)
{
    const char *name = request_query(request, "box");
    struct value *answer = value_map(ctx->arena);
    struct value *list = value_list(ctx->arena);
    int64_t limit = LIMIT_DEFAULT, offset = 0, total;
    struct task **tasks;
    size_t count, i;
    int box = BOX_TO_DO, rc;

    (void)payload;
    if (name) {
        while (box <= BOX_COPIED && !text_equal(boxes[box], name))
            box++;
        if (box > BOX_COPIED)
            return fail_at(ctx, E_INVALID, "box", "flow.api.box",
                           "expected to_do, done, mine or copied");
    }
    rc = read_number(&limit, ctx, request, "limit", 1, LIMIT_MOST);
    if (!rc)
        rc = read_number(&offset, ctx, request, "offset", 0, OFFSET_MOST);
    if (!rc)
        rc = flow_box(&tasks, &count, ctx, (enum task_box)box, (int)limit,
                      (int)offset);
    if (!rc)
        rc = flow_box_count(&total, ctx, (enum task_box)box);
    if (rc)
        return rc;
    for (i = 0; i < count; i++)
        value_append(list, task_value(ctx, tasks[i]));
    value_set(answer, "tasks", list);
    value_set_int(answer, "count", total);
    return response_json(ctx, response, 200, answer);
}

static int write_task(struct ctx *ctx, struct response *response, int64_t id)
{
    struct value *answer, *status, *history;
    struct record *record;
    struct task *task;
    int rc = flow_task_get(&task, &record, ctx, id);

    if (!rc)
        rc = flow_status(&status, ctx, record->id);
    if (!rc)
        rc = flow_history(&history, ctx, record->id);
    if (rc)
        return rc;
    answer = task_value(ctx, task);
    value_set(answer, "record_data", record_value(ctx, record));
    value_set(answer, "process", status_value(ctx, status));
    value_set(answer, "history", history_value(ctx, history));
    return response_json(ctx, response, 200, answer);
}

static int get_task(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    int64_t id;
    int rc = request_id(&id, ctx, request, "id");

    (void)payload;
    return rc ? rc : write_task(ctx, response, id);
}

/* Only these names in the body (S17, S65). */
static int check_body(struct ctx *ctx, const struct request *request,
                      const char *first, const char *second)
{
    size_t i;

    if (request->json && value_kind(request->json) != VALUE_MAP)
        return fail(ctx, E_BAD_REQUEST, "flow.api.body",
                    "expected a JSON object");
    for (i = 0; i < value_count(request->json); i++) {
        const char *name = value_key_at(request->json, i);

        if (!text_equal(name, first) && !text_equal(name, second))
            return fail_at(ctx, E_INVALID, name, "form.unknown_field",
                           "there is no field %s", name);
    }
    return 0;
}

static int decide_task(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    static const char *const words[] = { [DECISION_APPROVE] = "approve",
                                         [DECISION_REJECT] = "reject",
                                         [DECISION_RETURN] = "return" };
    const char *word = value_get_text(request->json, "decision");
    int decision = DECISION_APPROVE;
    struct task *task;
    int64_t id;
    int rc = request_id(&id, ctx, request, "id");

    (void)payload;
    if (!rc)
        rc = check_body(ctx, request, "decision", "comment");
    if (rc)
        return rc;
    while (decision <= DECISION_RETURN && !text_equal(words[decision], word))
        decision++;
    if (decision > DECISION_RETURN)
        return fail_at(ctx, E_INVALID, "decision", "flow.task.decision",
                       "say approve, reject or return");
    rc = flow_decide(ctx, id, (enum decision)decision,
                     value_get_text(request->json, "comment"),
                     operation_of(request));
    if (!rc)
        rc = flow_task_get(&task, NULL, ctx, id);
    return rc ? rc : response_json(ctx, response, 200, task_value(ctx, task));
}

/* ---- the process of a record ---- */

static int write_record(struct ctx *ctx, struct response *response,
                        const struct record *record)
{
    int rc = response_header(
        ctx, response, "ETag",
        arena_printf(ctx->arena, "\"%lld\"", (long long)record->version));

    return rc ? rc
              : response_json(ctx, response, 200, record_value(ctx, record));
}

static int submit(struct ctx *ctx, struct request *request,
                  struct response *response, void *payload)
{
    struct record *record;
    int64_t version = 0;
    int rc = records_record(&record, ctx, request);

    (void)payload;
    if (!rc)
        rc = check_body(ctx, request, "values", NULL);
    if (!rc)
        rc = request_if_match(&version, ctx, request);
    if (!rc)
        rc = flow_submit(&record, ctx, record->form, record->id, version,
                         value_get(request->json, "values"),
                         operation_of(request));
    return rc ? rc : write_record(ctx, response, record);
}

static int withdraw(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    struct record *record;
    int rc = records_record(&record, ctx, request);

    (void)payload;
    if (!rc)
        rc = check_body(ctx, request, NULL, NULL);
    if (!rc)
        rc = flow_withdraw(ctx, record->id, operation_of(request));
    if (!rc)
        rc = records_record(&record, ctx, request);
    return rc ? rc : write_record(ctx, response, record);
}

static int get_history(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    struct value *answer = value_map(ctx->arena), *status, *history;
    struct record *record;
    int rc = records_record(&record, ctx, request);

    (void)payload;
    if (!rc)
        rc = flow_status(&status, ctx, record->id);
    if (!rc)
        rc = flow_history(&history, ctx, record->id);
    if (rc)
        return rc;
    value_set(answer, "process", status_value(ctx, status));
    value_set(answer, "history", history_value(ctx, history));
    return response_json(ctx, response, 200, answer);
}

void tasks_rest_start(void)
{
    static const struct route routes[] = {
        { "GET", "/api/v1/tasks", ROUTE_PERSON, ROUTE_API, list_tasks, NULL,
          NULL, NULL },
        { "GET", "/api/v1/tasks/{id}", ROUTE_PERSON, ROUTE_API, get_task, NULL,
          NULL, NULL },
        { "POST", "/api/v1/tasks/{id}/decision", ROUTE_PERSON, ROUTE_API,
          decide_task, NULL, NULL, NULL },
        { "POST", "/api/v1/records/{form}/{id}/submit", ROUTE_PERSON,
          ROUTE_API | ROUTE_UPLOAD, submit, NULL, NULL, NULL },
        { "POST", "/api/v1/records/{form}/{id}/withdraw", ROUTE_PERSON,
          ROUTE_API, withdraw, NULL, NULL, NULL },
        { "GET", "/api/v1/records/{form}/{id}/history", ROUTE_PERSON, ROUTE_API,
          get_history, NULL, NULL, NULL },
        { .method = NULL },
    };

    route_add_table(routes);
}
