/*
 * admin_work.c - incidents, and what buttons do with them and with jobs.
 */
#include "base/banned.h"

#include "portal/admin.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/str.h"
#include "base/value.h"
#include "event/incident.h"
#include "event/job.h"
#include "portal/jobs.h"
#include "portal/portal.h"
#include "web/request.h"
#include "web/router.h"

enum { SHOWN = 200 };

/* The catalog's text for a kind, else the kind itself: modules bring their
 * own. */
static const char *kind_text(struct ctx *ctx, const char *prefix,
                             const char *kind)
{
    const char *key = arena_printf(ctx->arena, "%s.%s", prefix, kind);

    return tr_find("en", key) ? tr(ctx, key) : kind;
}

/* ---- incidents ---- */

/* The row says these already. */
static bool said_elsewhere(const char *name)
{
    return strcmp(name, "number") == 0 || strcmp(name, "at") == 0 ||
           strcmp(name, "kind") == 0 || strcmp(name, "module") == 0;
}

static bool says_nothing(const struct value *item)
{
    return value_is_empty(item) ||
           (value_kind(item) == VALUE_INT && value_as_int(item, 0) == 0) ||
           (value_kind(item) == VALUE_BOOL && !value_as_bool(item));
}

/* What is known about an incident as pairs of name and text. */
static struct value *detail_list(struct ctx *ctx, const struct value *data)
{
    struct value *list = value_list(ctx->arena);
    size_t i;

    for (i = 0; value_kind(data) == VALUE_MAP && i < value_count(data); i++) {
        struct value *item = value_item_at(data, i);
        const char *name = value_key_at(data, i);
        struct value *pair;

        if (said_elsewhere(name) || says_nothing(item))
            continue;
        pair = value_map(ctx->arena);
        value_set_text(pair, "name",
                       kind_text(ctx, "admin.incidents.field", name));
        value_set_text(pair, "text",
                       value_as_text(item) ? value_as_text(item)
                                           : json_text(ctx->arena, item));
        value_append(list, pair);
    }
    return list;
}

static int show_incidents(struct ctx *ctx, struct request *request,
                          struct response *response, void *payload)
{
    bool open = !text_equal(request_query(request, "show"), "closed");
    struct value *data = value_map(ctx->arena), *list;
    struct value *empty = value_map(ctx->arena);
    size_t i;
    int rc = incident_list(&list, ctx, open, SHOWN, 0);

    (void)payload;
    if (rc)
        return rc;
    for (i = 0; i < value_count(list); i++) {
        struct value *row = value_at(list, i);
        const struct value *detail = value_get(row, "data");

        value_set_text(row, "title",
                       kind_text(ctx, "admin.incidents.kind",
                                 value_get_text(row, "kind")));
        value_set(row, "details", detail_list(ctx, detail));
        portal_time(ctx, row, value_get_int(row, "at", 0));
    }
    value_set(data, "incidents", list);
    value_set_bool(data, "open", open);
    value_set_text(
        empty, "text",
        tr(ctx, open ? "admin.incidents.none" : "admin.incidents.none_closed"));
    value_set_text(empty, "icon", "success");
    value_set(data, "empty", empty);
    admin_crumbs(ctx, data, NULL, NULL);
    return portal_page(ctx, request, response, "admin/incidents",
                       tr(ctx, "admin.incidents.title"), data);
}

/* What a button does with the incident or job of its row. */
struct row_action {
    int (*act)(struct ctx *ctx, int64_t id);
    const char *back, *said;
};

static struct row_action incident_retries = { incident_retry,
                                              "/admin/incidents",
                                              "admin.incidents.retried" };
static struct row_action incident_closes = { incident_close, "/admin/incidents",
                                             "admin.incidents.closed" };
static struct row_action job_retries = { job_retry, "/admin/jobs",
                                         "admin.jobs.retried" };
static struct row_action job_cancels = { job_cancel, "/admin/jobs",
                                         "admin.jobs.cancelled" };

static int act_on_row(struct ctx *ctx, struct request *request,
                      struct response *response, void *payload)
{
    static const char *const names[] = { NULL };
    const struct row_action *action = payload;
    int64_t id;
    int rc = request_only(ctx, request, names);

    if (!rc)
        rc = request_id(&id, ctx, request, "id");
    if (!rc)
        rc = action->act(ctx, id);
    return rc ? rc
              : response_done(ctx, request, response, action->back,
                              tr(ctx, action->said));
}

void admin_work_start(void)
{
    static const struct route routes[] = {
        { "GET", "/admin/incidents", ROUTE_ADMINISTRATOR,
          ROUTE_PAGE | ROUTE_RESERVED, show_incidents, NULL, NULL, NULL },
        { "POST", "/admin/incidents/{id}/retry", ROUTE_ADMINISTRATOR, 0,
          act_on_row, NULL, &incident_retries, NULL },
        { "POST", "/admin/incidents/{id}/close", ROUTE_ADMINISTRATOR, 0,
          act_on_row, NULL, &incident_closes, NULL },
        { "POST", "/admin/jobs/{id}/retry", ROUTE_ADMINISTRATOR, 0, act_on_row,
          NULL, &job_retries, NULL },
        { "POST", "/admin/jobs/{id}/cancel", ROUTE_ADMINISTRATOR, 0, act_on_row,
          NULL, &job_cancels, NULL },
        { 0 },
    };
    static const struct menu_entry entries[] = {
        { .area = "administration",
          .key = "admin.incidents.title",
          .path = "/admin/incidents",
          .icon = "incident",
          .administrator = true,
          .order = 50 },
        { .area = "administration",
          .key = "admin.jobs.title",
          .path = "/admin/jobs",
          .icon = "jobs",
          .administrator = true,
          .order = 60 },
    };

    route_add_table(routes);
    admin_jobs_start();
    jobs_rest_start();
    menu_add(&entries[0]);
    menu_add(&entries[1]);
}
