/*
 * tasks_page.c - one task: what is asked, the form, its files, the path; and
 * the decision. Everything works without scripts; a GET changes nothing
 * (E28), so that the link of a mail is safe to follow.
 */
#include "base/banned.h"

#include "portal/tasks.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "form/record.h"
#include "org/person.h"
#include "portal/portal.h"
#include "portal/records_fields.h"
#include "web/request.h"
#include "web/router.h"

enum { PHRASES = 4 };

static const struct answer {
    const char *value, *label, *icon, *said;
    enum decision decision;
    bool primary, danger;
} answers[] = {
    { "approve", "flow.decision.approve", "approve", "flow.said.approved",
      DECISION_APPROVE, true, false },
    { "reject", "flow.decision.reject", "reject", "flow.said.rejected",
      DECISION_REJECT, false, true },
    { "return", "flow.decision.return", "return", "flow.said.returned",
      DECISION_RETURN, false, false },
};

enum { ANSWERS = sizeof(answers) / sizeof(answers[0]) };

static const char *task_path(struct ctx *ctx, int64_t task)
{
    return arena_printf(ctx->arena, "/tasks/%lld", (long long)task);
}

static const char *record_path_of(struct ctx *ctx, const struct task *task,
                                  const char *end)
{
    return arena_printf(ctx->arena, "/records/%s/%lld%s", task->form,
                        (long long)task->record, end);
}

/* ---- the bar ---- */

static void add_button(struct ctx *ctx, struct value *buttons,
                       const char *value, const char *label, const char *icon,
                       const char *flag)
{
    struct value *button = value_map(ctx->arena);

    value_set_text(button, "value", value);
    value_set_text(button, "label", tr(ctx, label));
    value_set_text(button, "icon", icon);
    if (flag)
        value_set_bool(button, flag, true);
    value_append(buttons, button);
}

static struct value *decision_of(struct ctx *ctx, struct request *request,
                                 const struct task *task)
{
    struct value *map = value_map(ctx->arena);
    struct value *buttons = value_list(ctx->arena);
    struct value *phrases = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < ANSWERS; i++)
        add_button(ctx, buttons, answers[i].value, answers[i].label,
                   answers[i].icon,
                   answers[i].primary  ? "primary"
                   : answers[i].danger ? "danger"
                                       : NULL);
    add_button(ctx, buttons, "comment", "flow.decision.comment", "message",
               "comment_required");
    for (i = 1; i <= PHRASES; i++)
        value_append(phrases,
                     value_text(ctx->arena,
                                tr(ctx, arena_printf(ctx->arena,
                                                     "flow.phrase.%zu", i))));
    value_set(map, "url",
              value_url(ctx->arena, arena_printf(ctx->arena, "%s/decision",
                                                 task_path(ctx, task->id))));
    value_set_id(map, "token", task->id);
    value_set(map, "buttons", buttons);
    value_set(map, "phrases", phrases);
    value_set(map, "keep", tasks_keep(ctx, request));
    value_set_text(map, "comment", request_form(request, "comment"));
    return map;
}

/* ---- the page ---- */

static const char *lead_of(struct ctx *ctx, const struct task *task)
{
    struct value *args = value_map(ctx->arena);
    struct value *time = value_map(ctx->arena);

    portal_time(ctx, time, task->created_at);
    value_set_text(args, "initiator", person_name(ctx, task->initiator));
    value_set_text(args, "step", task->node_name);
    value_set_text(args, "since", value_get_text(time, "when"));
    return tr_with(ctx, "flow.task.asked", args);
}

/* Comments of the record stand between the steps of its process. */
static int add_comments(struct ctx *ctx, const struct record *record,
                        struct value *entries)
{
    struct value *comments;
    size_t i;
    int rc = record_comments(&comments, ctx, record->form, record->id);

    for (i = 0; !rc && i < value_count(comments); i++) {
        const struct value *row = value_at(comments, i);
        struct value *entry = value_map(ctx->arena);

        value_set_text(entry, "kind", "comment");
        value_set_text(entry, "icon", "message");
        value_set_int(entry, "at", value_get_int(row, "at", 0));
        value_set(entry, "person",
                  portal_person(ctx, value_get_id(row, "by"),
                                value_get_text(row, "name")));
        value_set_text(entry, "text", tr(ctx, "flow.action.comment"));
        value_set_text(entry, "comment", value_get_text(row, "text"));
        value_append(entries, entry);
    }
    return rc;
}

static int add_process(struct ctx *ctx, const struct record *record,
                       struct value *data)
{
    struct value *entries = value_list(ctx->arena);
    struct value *timeline = value_map(ctx->arena);
    struct value *panel, *status;
    int rc = tasks_panel(&panel, &status, ctx, record->id);

    if (!rc)
        rc = tasks_entries(ctx, record->id, entries);
    if (!rc)
        rc = add_comments(ctx, record, entries);
    if (rc)
        return rc;
    value_set(data, "panel", panel);
    value_set(timeline, "entries", portal_timeline(ctx, entries, true));
    value_set_text(timeline, "live", "tasks");
    value_set(data, "timeline", timeline);
    return 0;
}

static void add_form(struct ctx *ctx, const struct record *record,
                     struct value *data)
{
    struct value *form = value_map(ctx->arena);
    struct value *preview = records_preview(ctx, record);

    value_set(form, "sections", records_read_sections(ctx, record, "read"));
    value_set(data, "form", form);
    if (value_count(value_get(preview, "files")))
        value_set(data, "preview", preview);
}

static bool waits_for(const struct ctx *ctx, const struct task *task)
{
    return task->holder == person_id(ctx->person) &&
           text_equal(task->state, "active");
}

/* A task at the start is the applicant's own, to correct (I6). */
static bool is_correction(const struct task *task, const struct record *record)
{
    return task->holder == task->initiator &&
           text_equal(record->state, "returned");
}

static void add_state(struct ctx *ctx, struct request *request,
                      const struct task *task, const struct record *record,
                      struct value *data)
{
    if (!waits_for(ctx, task)) {
        value_set(data, "state", tasks_state(ctx, task->state));
        return;
    }
    value_set(data, "state", records_state(ctx, record->state));
    portal_set(ctx, data, "has_bar", value_bool(ctx->arena, true));
    if (is_correction(task, record)) {
        value_set(data, "correct_url",
                  value_url(ctx->arena, record_path_of(ctx, task, "/edit")));
        return;
    }
    value_set(data, "decision", decision_of(ctx, request, task));
}

static int show(struct ctx *ctx, struct request *request,
                struct response *response, int64_t id, int status)
{
    struct value *data = value_map(ctx->arena);
    struct value *problems = problems_value(ctx);
    struct record *record;
    struct task *task;
    int rc = flow_task_get(&task, &record, ctx, id);

    if (rc)
        return rc;
    value_set(data, "problems", problems);
    value_set_text(data, "lead", lead_of(ctx, task));
    value_set(
        data, "person",
        portal_person(ctx, task->initiator, person_name(ctx, task->initiator)));
    value_set(data, "record_url",
              value_url(ctx->arena, record_path_of(ctx, task, "")));
    add_form(ctx, record, data);
    rc = add_process(ctx, record, data);
    if (rc)
        return rc;
    add_state(ctx, request, task, record, data);
    portal_crumb(ctx, data, tr(ctx, "flow.page.tasks"), "/tasks");
    response->status = status;
    return portal_page(ctx, request, response, "tasks/task", task->title, data);
}

static int task_page(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    int64_t id;
    int rc = request_id(&id, ctx, request, "id");

    (void)payload;
    return rc ? rc : show(ctx, request, response, id, 200);
}

/* ---- deciding ---- */

static const struct answer *answer_of(const char *value)
{
    size_t i;

    for (i = 0; i < ANSWERS; i++)
        if (text_equal(answers[i].value, value))
            return &answers[i];
    return NULL;
}

/* A comment decides nothing and stays on the page. */
static int add_comment(struct ctx *ctx, struct request *request,
                       struct response *response, int64_t id)
{
    struct record *record;
    struct task *task;
    int rc = flow_task_get(&task, &record, ctx, id);

    if (!rc)
        rc = record_comment(ctx, record->form, record->id,
                            request_form(request, "comment"));
    if (rc)
        return rc;
    return response_done(ctx, request, response, task_path(ctx, id),
                         tr(ctx, "flow.said.commented"));
}

/* E32: the next task is on the screen at once. */
static int go_to_next(struct ctx *ctx, struct request *request,
                      struct response *response, const struct answer *answer,
                      const struct task *task)
{
    struct value *args = value_map(ctx->arena);
    int64_t next;
    int rc = flow_next_task(&next, ctx, task->id);

    if (rc)
        return rc;
    value_set_text(args, "title", task->title);
    return response_done(ctx, request, response,
                         next ? task_path(ctx, next) : "/tasks",
                         tr_with(ctx, answer->said, args));
}

static int decide(struct ctx *ctx, struct request *request, int64_t id,
                  struct task **task, const struct answer *answer)
{
    int rc;

    if (!answer)
        return fail_at(ctx, E_INVALID, "decision", "flow.task.decision",
                       "say approve, reject or return");
    rc = flow_task_get(task, NULL, ctx, id);
    if (rc)
        return rc;
    return flow_decide(ctx, id, answer->decision,
                       request_form(request, "comment"),
                       request_form(request, "_operation"));
}

static int decision(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    static const char *const names[] = { "decision", "comment", "_operation",
                                         "_version", NULL };
    const char *value = request_form(request, "decision");
    const struct answer *answer = answer_of(value);
    struct task *task;
    int64_t id;
    int rc = request_id(&id, ctx, request, "id");

    (void)payload;
    if (!rc)
        rc = request_only(ctx, request, names);
    if (rc)
        return rc;
    if (text_equal(value, "comment"))
        rc = add_comment(ctx, request, response, id);
    else
        rc = decide(ctx, request, id, &task, answer);
    /* Who was slower reads who decided, on the task's page (I1). */
    if ((rc == E_CONFLICT || rc == E_INVALID) && !request->script_form)
        return show(ctx, request, response, id, error_status(rc));
    if (rc || text_equal(value, "comment"))
        return rc;
    return go_to_next(ctx, request, response, answer, task);
}

void tasks_page_start(void)
{
    static const struct route routes[] = {
        { .method = "GET",
          .pattern = "/tasks/{id}",
          .flags = ROUTE_PAGE,
          .call = task_page },
        { .method = "POST",
          .pattern = "/tasks/{id}/decision",
          .call = decision },
        { .method = NULL },
    };

    route_add_table(routes);
}
