/*
 * admin_jobs.c - administration of the work in the background: what runs, what
 * waits, what has failed, what comes by itself.
 */
#include "base/banned.h"

#include "portal/admin.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/numbers.h"
#include "base/str.h"
#include "base/value.h"
#include "event/job.h"
#include "portal/jobs.h"
#include "portal/portal.h"
#include "web/request.h"
#include "web/router.h"

enum { PER_PAGE = 50, RUNNING_SHOWN = 20, PAGE_MAX = 100000 };

static const char *const states[] = { "waiting", "running", "failed" };

const char *jobs_title(struct ctx *ctx, const char *kind)
{
    const char *title = job_title(kind);
    const char *key = arena_printf(ctx->arena, "admin.jobs.kind.%s", kind);

    if (title && tr_find("en", title))
        return tr(ctx, title);
    return tr_find("en", key) ? tr(ctx, key) : kind;
}

void jobs_filter(struct job_query *out, const struct request *request)
{
    const char *module = request_query(request, "module");
    const char *schedules = request_query(request, "schedules");

    *out = (struct job_query){
        .state = request_query(request, "state"),
        .kind = request_query(request, "kind"),
        .module = text_equal(module, "-") ? "" : module,
        .schedules = text_equal(schedules, "1")   ? 1
                     : text_equal(schedules, "0") ? -1
                                                  : 0,
    };
    if (text_empty(out->state))
        out->state = NULL;
    if (text_empty(out->kind))
        out->kind = NULL;
    if (text_empty(module))
        out->module = NULL;
}

/* ---- rows ---- */

static const char *state_color(const char *state)
{
    return strcmp(state, "failed") == 0    ? "red"
           : strcmp(state, "running") == 0 ? "blue"
                                           : "gray";
}

/* "30 7 * * 1-5, Asia/Shanghai"; "every 60 min" */
static const char *rhythm(struct ctx *ctx, const struct value *row)
{
    const char *cron = value_get_text(row, "cron");
    const char *zone = value_get_text(row, "zone");
    struct value *arguments = value_map(ctx->arena);

    if (cron) {
        value_set_text(arguments, "cron", cron);
        value_set_text(arguments, "zone", zone ? zone : zone_name(ctx->zone));
        return tr_with(ctx, "admin.jobs.by_calendar", arguments);
    }
    value_set_text(arguments, "seconds",
                   int_human(ctx, value_get_int(row, "every", 0) / 1000));
    return tr_with(ctx, "admin.jobs.by_seconds", arguments);
}

static void add_progress(struct ctx *ctx, struct value *row)
{
    int64_t done = value_get_int(row, "done", 0);
    int64_t total = value_get_int(row, "total", 0);
    struct value *arguments = value_map(ctx->arena);

    value_set_bool(row, "known", total > 0);
    if (!done && !total)
        return;
    value_set_text(arguments, "done", int_human(ctx, done));
    value_set_text(arguments, "total", int_human(ctx, total));
    value_set_text(
        row, "count_text",
        tr_with(ctx, total ? "job.count" : "job.count_open", arguments));
}

static struct value *priorities(struct ctx *ctx, int64_t now)
{
    struct value *list = value_list(ctx->arena);
    int i;

    for (i = JOB_FIRST; i <= JOB_LAST; i++) {
        struct value *item = value_map(ctx->arena);

        value_set_int(item, "value", i);
        value_set_bool(item, "selected", i == now);
        value_append(list, item);
    }
    return list;
}

static void fill_row(struct ctx *ctx, struct value *row)
{
    const char *state = value_get_text(row, "state");
    bool running = strcmp(state, "running") == 0;
    bool schedule = value_get_bool(row, "schedule");
    int64_t begun = value_get_int(row, "begun", 0);

    value_set_text(row, "title", jobs_title(ctx, value_get_text(row, "kind")));
    value_set_text(row, "state_text",
                   tr(ctx, arena_printf(ctx->arena, "admin.jobs.%s", state)));
    value_set_text(row, "color", state_color(state));
    value_set_bool(row, "idle", !running);
    value_set_text(row, "due_text",
                   instant_human(ctx, value_get_int(row, "due", 0)));
    portal_time(ctx, row,
                running && begun ? begun : value_get_int(row, "at", 0));
    if (schedule)
        value_set_text(row, "rhythm", rhythm(ctx, row));
    value_set(row, "priorities",
              priorities(ctx, value_get_int(row, "priority", JOB_PRIORITY)));
    add_progress(ctx, row);
}

static int add_rows(struct ctx *ctx, struct value *data, const char *key,
                    const struct job_query *query)
{
    struct value *list;
    size_t i;
    int rc = job_list(&list, ctx, query);

    for (i = 0; !rc && i < value_count(list); i++)
        fill_row(ctx, value_at(list, i));
    if (!rc)
        value_set(data, key, list);
    return rc;
}

/* ---- filter and pages ---- */

static void add_option(struct ctx *ctx, struct value *list, const char *value,
                       const char *label, const char *now)
{
    struct value *item = value_map(ctx->arena);

    value_set_text(item, "value", value);
    value_set_text(item, "label", label);
    value_set_bool(item, "selected", text_equal(value, now));
    value_append(list, item);
}

static int add_filter(struct ctx *ctx, struct value *data,
                      const struct job_query *query)
{
    struct value *list = value_list(ctx->arena), *choices;
    const struct value *kinds, *modules;
    size_t i;
    int rc = job_choices(&choices, ctx);

    if (rc)
        return rc;
    kinds = value_get(choices, "kinds");
    modules = value_get(choices, "modules");
    for (i = 0; i < 3; i++)
        add_option(
            ctx, list, states[i],
            tr(ctx, arena_printf(ctx->arena, "admin.jobs.%s", states[i])),
            query->state);
    value_set(data, "states", list);
    list = value_list(ctx->arena);
    for (i = 0; i < value_count(kinds); i++) {
        const char *kind = value_as_text(value_at(kinds, i));

        add_option(ctx, list, kind, jobs_title(ctx, kind), query->kind);
    }
    value_set(data, "kinds", list);
    list = value_list(ctx->arena);
    add_option(ctx, list, "-", tr(ctx, "admin.jobs.core"),
               query->module && !*query->module ? "-" : query->module);
    for (i = 0; i < value_count(modules); i++) {
        const char *module = value_as_text(value_at(modules, i));

        add_option(ctx, list, module, module, query->module);
    }
    value_set(data, "modules", list);
    return 0;
}

static void add_part(struct buf *buf, const char *name, const char *text)
{
    if (!text)
        return;
    buf_addf(buf, "&%s=", name);
    buf_add_url(buf, text, strlen(text));
}

static struct value *page_url(struct ctx *ctx, const struct job_query *query,
                              int64_t page)
{
    struct buf buf;

    buf_init(&buf, ctx->arena, 4096);
    buf_addf(&buf, "/admin/jobs?page=%lld", (long long)page);
    add_part(&buf, "schedules", query->schedules > 0 ? "1" : NULL);
    add_part(&buf, "state", query->state);
    add_part(&buf, "kind", query->kind);
    add_part(&buf, "module",
             query->module && !*query->module ? "-" : query->module);
    return value_url(ctx->arena, buf_text(&buf));
}

static void add_pager(struct ctx *ctx, struct value *data,
                      const struct job_query *query, int64_t page,
                      int64_t total)
{
    int64_t last = page * PER_PAGE;
    struct value *pager;

    if (total <= PER_PAGE)
        return;
    pager = value_map(ctx->arena);
    value_set_int(pager, "from", last - PER_PAGE + 1);
    value_set_int(pager, "to", last < total ? last : total);
    value_set_text(pager, "total_text", int_human(ctx, total));
    if (page > 1)
        value_set(pager, "prev_url", page_url(ctx, query, page - 1));
    if (last < total)
        value_set(pager, "next_url", page_url(ctx, query, page + 1));
    value_set(data, "pager", pager);
}

/* ---- the page ---- */

static int add_lists(struct ctx *ctx, struct value *data,
                     const struct request *request)
{
    const char *text = request_query(request, "page");
    struct job_query query,
        running = { .state = "running", .limit = RUNNING_SHOWN };
    int64_t page = 1, total = 0, failed = 0;
    int rc;

    jobs_filter(&query, request);
    if (query.schedules == 0)
        query.schedules = -1;
    if (text && int_parse(&page, text, 1, PAGE_MAX))
        page = 1;
    rc = job_count(&total, ctx, &query);
    query.limit = PER_PAGE;
    query.offset = (int)(page - 1) * PER_PAGE;
    if (!rc)
        rc = add_rows(ctx, data, "jobs", &query);
    if (!rc)
        rc = add_rows(ctx, data, "running", &running);
    if (!rc)
        rc = add_filter(ctx, data, &query);
    if (!rc)
        rc = job_count(&failed, ctx, &(struct job_query){ .state = "failed" });
    value_set_bool(data, "failed", failed > 0);
    value_set_bool(data, "schedules", query.schedules > 0);
    value_set_bool(data, "filtered", query.state || query.kind || query.module);
    add_pager(ctx, data, &query, page, total);
    return rc;
}

static int show_jobs(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    struct value *data = value_map(ctx->arena);
    struct value *empty = value_map(ctx->arena);
    int rc = add_lists(ctx, data, request);

    (void)payload;
    if (rc)
        return rc;
    value_set_text(empty, "text",
                   tr(ctx, value_get_bool(data, "filtered")
                               ? "admin.jobs.none_such"
                               : "admin.jobs.none"));
    value_set_text(empty, "icon", "success");
    value_set(data, "empty", empty);
    admin_crumbs(ctx, data, NULL, NULL);
    return portal_page(ctx, request, response, "admin/jobs",
                       tr(ctx, "admin.jobs.title"), data);
}

static int set_priority(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    static const char *const names[] = { "priority", NULL };
    const char *text;
    int64_t id, priority = 0;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = request_id(&id, ctx, request, "id");
    if (rc)
        return rc;
    text = value_get_text(request->form, "priority");
    if (!text || int_parse(&priority, text, JOB_FIRST, JOB_LAST))
        priority = 0;
    rc = job_set_priority(ctx, id, (int)priority);
    return rc ? rc
              : response_done(ctx, request, response, "/admin/jobs",
                              tr(ctx, "admin.jobs.priority_set"));
}

/* What could not be done, as a file. payload: "csv" or "json". */
static int export_failed(struct ctx *ctx, struct request *request,
                         struct response *response, void *payload)
{
    bool csv = text_equal(payload, "csv");
    int fd = memfd_create("failed", MFD_CLOEXEC);
    struct stat facts;
    int rc;

    (void)request;
    if (fd < 0)
        return fail(ctx, E_IO, "export.write",
                    "the export can't be written: "
                    "no memory");
    rc = jobs_write_dead(ctx, fd, csv);
    if (!rc && fstat(fd, &facts))
        rc = fail(ctx, E_IO, "event.job_file", "%s can't be read", "failed");
    if (rc) {
        close(fd);
        return rc;
    }
    return response_file(ctx, response, fd, facts.st_size,
                         csv ? "text/csv; charset=utf-8"
                             : "application/json; charset=utf-8",
                         csv ? "failed.csv" : "failed.json", false);
}

void admin_jobs_start(void)
{
    static const struct route routes[] = {
        { "GET", "/admin/jobs", ROUTE_ADMINISTRATOR, ROUTE_PAGE, show_jobs,
          NULL, NULL, NULL },
        { "POST", "/admin/jobs/{id}/priority", ROUTE_ADMINISTRATOR, 0,
          set_priority, NULL, NULL, NULL },
        { "GET", "/admin/jobs/failed.csv", ROUTE_ADMINISTRATOR, 0,
          export_failed, NULL, "csv", NULL },
        { "GET", "/admin/jobs/failed.json", ROUTE_ADMINISTRATOR, 0,
          export_failed, NULL, "json", NULL },
        { "GET", "/api/v1/dead-letters", ROUTE_ADMINISTRATOR, ROUTE_API,
          export_failed, NULL, "json", NULL },
        { 0 },
    };

    route_add_table(routes);
}
