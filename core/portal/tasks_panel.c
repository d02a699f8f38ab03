/*
 * tasks_panel.c - the process on the page of a record: path, picture,
 * history, and what the applicant may do with it.
 */
#include "base/banned.h"

#include "portal/tasks.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "form/form.h"
#include "org/person.h"
#include "portal/portal.h"
#include "portal/records.h"
#include "web/request.h"
#include "web/router.h"

/* ---- path ---- */

static struct value *step_of(struct ctx *ctx, const struct value *node)
{
    struct value *step = value_map(ctx->arena), *badge;
    struct value *faces = value_list(ctx->arena);
    const struct value *people = value_get(node, "people");
    const char *status = value_get_text(node, "status");
    const char *outcome = value_get_text(node, "outcome");
    const char *rule = value_get_text(node, "rule");
    const char *name = value_get_text(node, "name");
    size_t i;

    value_set_text(step, "name", name ? name : tr(ctx, "flow.node.end"));
    value_set_bool(step, "done", text_equal(status, "passed"));
    value_set_bool(step, "current", text_equal(status, "current"));
    for (i = 0; i < value_count(people); i++) {
        const struct value *person = value_at(people, i);

        value_append(faces, portal_person(ctx, value_get_id(person, "id"),
                                          value_get_text(person, "name")));
    }
    value_set(step, "people", faces);
    if (outcome) {
        badge = tasks_state(ctx, outcome);
        value_set_text(
            badge, "text",
            tr(ctx, arena_printf(ctx->arena, "flow.outcome.%s", outcome)));
        value_set(step, "outcome", badge);
    }
    if (value_get(node, "at")) {
        struct value *time = value_map(ctx->arena);

        portal_time(ctx, time, value_get_int(node, "at", 0));
        value_set_text(step, "when", value_get_text(time, "when"));
    }
    if (rule)
        value_set_text(step, "note",
                       tr(ctx, arena_printf(ctx->arena, "flow.rule.%s", rule)));
    return step;
}

int tasks_panel(struct value **out, struct value **status, struct ctx *ctx,
                int64_t record)
{
    struct value *panel = value_map(ctx->arena), *picture;
    struct value *path = value_map(ctx->arena);
    struct value *steps = value_list(ctx->arena);
    const struct value *nodes;
    size_t i;
    int rc = flow_status(status, ctx, record);

    *out = NULL;
    if (rc || value_is_null(*status))
        return rc;
    rc = flow_picture(&picture, ctx, record);
    if (rc)
        return rc;
    nodes = value_get(*status, "nodes");
    for (i = 0; i < value_count(nodes); i++)
        value_append(steps, step_of(ctx, value_at(nodes, i)));
    value_set(path, "steps", steps);
    value_set(panel, "path", path);
    value_set(panel, "picture", picture);
    value_set_bool(panel, "incident", value_get_bool(*status, "incident"));
    value_set_text(panel, "template", "tasks/panel");
    *out = panel;
    return 0;
}

/* ---- timeline ---- */

static const char *entry_text(struct ctx *ctx, const struct value *event)
{
    const char *action = value_get_text(event, "action");
    const char *reason = value_get_text(event, "reason");
    struct value *args = value_map(ctx->arena);

    value_set_text(args, "name", value_get_text(event, "name"));
    value_set_text(args, "step", value_get_text(event, "node_name"));
    if (text_equal(action, "ended"))
        action =
            arena_printf(ctx->arena, "ended.%s", reason ? reason : "approved");
    return tr_with(ctx, arena_printf(ctx->arena, "flow.action.%s", action),
                   args);
}

static const char *entry_icon(const char *action)
{
    static const struct {
        const char *action, *icon;
    } icons[] = {
        { "submitted", "send" },    { "resubmitted", "send" },
        { "approved", "approve" },  { "rejected", "reject" },
        { "returned", "return" },   { "withdrawn", "arrow-left" },
        { "copied", "mail" },       { "ended", "flag" },
        { "incident", "incident" },
    };
    size_t i;

    for (i = 0; i < sizeof(icons) / sizeof(icons[0]); i++)
        if (text_equal(icons[i].action, action))
            return icons[i].icon;
    return "history";
}

int tasks_entries(struct ctx *ctx, int64_t record, struct value *entries)
{
    struct value *events;
    size_t i;
    int rc = flow_history(&events, ctx, record);

    for (i = 0; !rc && i < value_count(events); i++) {
        const struct value *event = value_at(events, i);
        const char *action = value_get_text(event, "action");
        struct value *entry = value_map(ctx->arena);
        int64_t actor = value_get_id(event, "actor");

        value_set_text(entry, "kind", "task");
        value_set_text(entry, "icon", entry_icon(action));
        value_set_int(entry, "at", value_get_int(event, "at", 0));
        value_set_text(entry, "text", entry_text(ctx, event));
        if (actor && !text_equal(action, "copied"))
            value_set(entry, "person",
                      portal_person(ctx, actor, value_get_text(event, "name")));
        if (value_get_text(event, "comment"))
            value_set_text(entry, "comment", value_get_text(event, "comment"));
        value_append(entries, entry);
    }
    return rc;
}

/* ---- the page of a record ---- */

struct value *tasks_keep(struct ctx *ctx, const struct request *request)
{
    const char *sent = request_form(request, "_operation");
    struct value *list = value_list(ctx->arena);
    struct value *item = value_map(ctx->arena);
    char token[TOKEN_TEXT_MAX];

    token_make(token);
    value_set_text(item, "name", "_operation");
    value_set_text(item, "value", sent ? sent : token);
    value_append(list, item);
    return list;
}

static void add_action(struct ctx *ctx, const struct request *request,
                       const struct record *record, struct value *data,
                       const char *verb, const char *key, const char *icon)
{
    struct value *action = value_map(ctx->arena);

    value_set_text(action, "label", tr(ctx, key));
    value_set(
        action, "url",
        value_url(ctx->arena, arena_printf(ctx->arena, "/records/%s/%lld/%s",
                                           record->form->name,
                                           (long long)record->id, verb)));
    value_set_text(action, "icon", icon);
    value_set_int(action, "version", record->version);
    value_set(action, "keep", tasks_keep(ctx, request));
    value_append(value_get(data, "actions"), action);
}

static int record_panel(struct ctx *ctx, struct request *request,
                        const struct record *record, struct value *data)
{
    struct value *panel, *status;
    const struct value *may;
    int rc;

    if (!record->form->flow)
        return 0;
    rc = tasks_panel(&panel, &status, ctx, record->id);
    if (rc || !panel)
        return rc;
    value_append(value_get(data, "panels"), panel);
    may = value_get(status, "may");
    if (value_get_bool(may, "withdraw"))
        add_action(ctx, request, record, data, "withdraw",
                   "flow.panel.withdraw", "return");
    if (value_get_bool(may, "resubmit"))
        add_action(ctx, request, record, data, "resubmit",
                   "flow.panel.resubmit", "send");
    return tasks_entries(ctx, record->id, value_get(data, "entries"));
}

/* ---- what the applicant does ---- */

static int answer(struct ctx *ctx, struct request *request,
                  struct response *response, const struct record *record,
                  const char *toast)
{
    return response_done(ctx, request, response,
                         arena_printf(ctx->arena, "/records/%s/%lld",
                                      record->form->name,
                                      (long long)record->id),
                         tr(ctx, toast));
}

static int begin(struct record **out, struct ctx *ctx, struct request *request)
{
    static const char *const names[] = { "_operation", "_version", NULL };
    int rc = request_only(ctx, request, names);

    return rc ? rc : records_record(out, ctx, request);
}

static int withdraw(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    struct record *record;
    int rc = begin(&record, ctx, request);

    (void)payload;
    if (!rc)
        rc =
            flow_withdraw(ctx, record->id, request_form(request, "_operation"));
    return rc ? rc
              : answer(ctx, request, response, record, "flow.said.withdrawn");
}

static int resubmit(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    const char *text = request_form(request, "_version");
    struct record *record;
    int64_t version = 0;
    int rc = begin(&record, ctx, request);

    (void)payload;
    if (!rc && text && int_parse(&version, text, 1, INT64_MAX))
        version = 0;
    if (!rc)
        rc = flow_submit(&record, ctx, record->form, record->id, version, NULL,
                         request_form(request, "_operation"));
    return rc ? rc
              : answer(ctx, request, response, record, "flow.said.resubmitted");
}

void tasks_panel_start(void)
{
    static const struct route routes[] = {
        { .method = "POST",
          .pattern = "/records/{form}/{id}/withdraw",
          .call = withdraw },
        { .method = "POST",
          .pattern = "/records/{form}/{id}/resubmit",
          .call = resubmit },
        { .method = NULL },
    };

    route_add_table(routes);
    records_panel_add(record_panel);
}
