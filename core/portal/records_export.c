/*
 * records_export.c - a list as a file, filtered and sorted as shown: at once,
 * or by a job where it is long. The same over REST.
 */
#include "base/banned.h"

#include <errno.h>
#include <sys/stat.h>

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "form/export.h"
#include "portal/records.h"
#include "portal/records_columns.h"
#include "portal/records_filter.h"
#include "store/db.h"
#include "web/request.h"
#include "web/router.h"

static int may_export(struct ctx *ctx, const struct form *form)
{
    if (access_form(ctx, form->name, RIGHT_EXPORT))
        return 0;
    return fail(ctx, E_FORBIDDEN, "export.forbidden",
                "you may not export records of this form");
}

/* "csv", "xlsx"; "shown" (or none), "all". */
static int read_words(bool *xlsx, bool *all, struct ctx *ctx,
                      const char *format, const char *columns)
{
    *xlsx = text_equal(format, "xlsx");
    *all = text_equal(columns, "all");
    if (!text_empty(format) && !*xlsx && strcmp(format, "csv") != 0)
        return fail_at(ctx, E_INVALID, "format", "export.bad_format",
                       "\"%s\" is no format; there are csv and xlsx", format);
    if (!text_empty(columns) && !*all && strcmp(columns, "shown") != 0)
        return fail_at(ctx, E_INVALID, "columns", "export.bad_columns",
                       "\"%s\" names no columns; there are shown and all",
                       columns);
    return 0;
}

static int make_plan(struct export_plan *plan, struct ctx *ctx,
                     const struct records_filter *filter, bool xlsx, bool all)
{
    const struct form *form = filter->form;
    const char *keys[COLUMNS_MAX];
    struct columns columns;
    size_t i;
    int rc;

    if (all) {
        const char **fields =
            arena_array(ctx->arena, form->field_count + 1, sizeof *fields);

        for (i = 0; i < form->field_count; i++)
            fields[i] = form->fields[i]->key;
        export_plan_keys(plan, ctx, form, fields, form->field_count);
    } else {
        rc = columns_choose(&columns, ctx, filter);
        if (rc)
            return rc;
        for (i = 0; i < columns.count; i++)
            keys[i] = columns.items[i].key;
        export_plan_keys(plan, ctx, form, keys, columns.count);
    }
    plan->xlsx = xlsx;
    return 0;
}

static int export_at_once(struct ctx *ctx, struct response *response,
                          const struct form *form,
                          const struct record_query *query,
                          const struct export_plan *plan)
{
    struct stat facts;
    int64_t count;
    int fd, rc = export_open(&fd, ctx);

    if (rc)
        return rc;
    rc = read_begin(ctx);
    if (!rc) {
        rc = export_records(&count, ctx, form, query, plan, fd, 0);
        read_end(ctx);
    }
    if (!rc && (fstat(fd, &facts) || lseek(fd, 0, SEEK_SET)))
        rc = fail(ctx, E_IO, "export.write", "the export can't be written: %s",
                  strerrordesc_np(errno));
    if (rc) {
        close(fd);
        return rc;
    }
    return response_file(ctx, response, fd, facts.st_size,
                         export_type(plan->xlsx),
                         export_name(ctx, form, plan->xlsx), false);
}

static int start_job(int64_t *job, struct ctx *ctx, const struct form *form,
                     const struct record_query *query,
                     const struct export_plan *plan)
{
    int rc = tx_begin(ctx, "export.start");

    return rc ? rc : tx_end(ctx, export_job(job, ctx, form, query, plan));
}

static void set_sort(struct record_query *query, const char *sort)
{
    if (text_empty(sort))
        return;
    query->descending = *sort == '-';
    query->sort = sort + (*sort == '-');
}

static int export_list(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    struct record_query query = { 0 };
    struct records_filter filter;
    struct export_plan plan;
    const struct form *form;
    int64_t count = 0, job;
    bool xlsx, all;
    int rc = records_form(&form, ctx, request);

    (void)payload;
    if (!rc)
        rc = may_export(ctx, form);
    if (!rc)
        rc = read_words(&xlsx, &all, ctx, request_query(request, "format"),
                        request_query(request, "columns"));
    if (!rc)
        rc = records_filter_read_with(&filter, ctx, request, form,
                                      records_path(ctx, form),
                                      " format columns ");
    if (!rc)
        rc = make_plan(&plan, ctx, &filter, xlsx, all);
    if (rc)
        return rc;
    query.where = filter.where;
    query.search = filter.search;
    set_sort(&query, filter.sort);
    rc = record_count(&count, ctx, form, &query, EXPORT_AT_ONCE);
    if (rc)
        return rc;
    if (count <= EXPORT_AT_ONCE)
        return export_at_once(ctx, response, form, &query, &plan);
    rc = start_job(&job, ctx, form, &query, &plan);
    if (rc)
        return rc;
    return response_redirect(
        ctx, response, arena_printf(ctx->arena, "/jobs/%lld", (long long)job));
}

/* ---- REST ---- */

static int check_names(struct ctx *ctx, const struct value *json)
{
    static const char names[] = " form format filter q sort columns ";
    size_t i;

    for (i = 0; i < value_count(json); i++)
        if (!strstr(names,
                    arena_printf(ctx->arena, " %s ", value_key_at(json, i))))
            return fail_at(ctx, E_INVALID, value_key_at(json, i),
                           "form.unknown_field", "there is no field %s",
                           value_key_at(json, i));
    return 0;
}

static int read_body(struct record_query *query, struct condition **where,
                     const struct form **form, struct ctx *ctx,
                     const struct value *json)
{
    int rc = check_names(ctx, json);

    if (!rc && !value_get_text(json, "form"))
        rc = fail(ctx, E_BAD_REQUEST, "export.expected",
                  "expected a JSON object with \"form\"");
    if (!rc)
        rc = form_find(form, ctx, value_get_text(json, "form"));
    if (!rc)
        rc = may_export(ctx, *form);
    if (!rc && value_get(json, "filter")) {
        rc = record_condition(where, ctx, *form, value_get(json, "filter"));
        query->where = *where;
    }
    query->search = value_get_text(json, "q");
    set_sort(query, value_get_text(json, "sort"));
    if (!rc && query->sort && !record_sort_known(*form, query->sort))
        rc = fail_at(ctx, E_INVALID, "sort", "form.bad_sort",
                     "the list can't be sorted by %s", query->sort);
    return rc;
}

/* {"form", "format"?, "filter"?, "q"?, "sort"?, "columns"?: "shown", "all" or
 * a list of keys} → 202 {"job", "job_url"}. */
static int post_export(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    const struct value *columns = value_get(request->json, "columns");
    struct value *answer = value_map(ctx->arena);
    struct record_query query = { 0 };
    struct condition *where = NULL;
    struct export_plan plan;
    const struct form *form;
    bool xlsx, all;
    int64_t job;
    int rc = read_body(&query, &where, &form, ctx, request->json);

    (void)payload;
    if (!rc)
        rc = read_words(&xlsx, &all, ctx,
                        value_get_text(request->json, "format"),
                        value_as_text(columns));
    if (!rc && value_kind(columns) == VALUE_LIST) {
        const char **keys =
            arena_array(ctx->arena, value_count(columns) + 1, sizeof *keys);
        size_t i;

        for (i = 0; i < value_count(columns); i++) {
            keys[i] = value_as_text(value_at(columns, i));
            if (!keys[i])
                return fail_at(ctx, E_INVALID, "columns", "form.unknown_field",
                               "there is no field %s", "?");
        }
        export_plan_keys(&plan, ctx, form, keys, value_count(columns));
        plan.xlsx = xlsx;
    } else if (!rc) {
        struct records_filter plain = { .form = form };

        rc = view_list(&plain.views, ctx, form);
        if (!rc)
            rc = make_plan(&plan, ctx, &plain, xlsx, all);
    }
    if (!rc)
        rc = start_job(&job, ctx, form, &query, &plan);
    if (rc)
        return rc;
    value_set_id(answer, "job", job);
    value_set_text(
        answer, "job_url",
        arena_printf(ctx->arena, "/api/v1/jobs/%lld", (long long)job));
    return response_json(ctx, response, 202, answer);
}

void records_export_start(void)
{
    static const struct route routes[] = {
        { "GET", "/records/{form}/export", ROUTE_PERSON, ROUTE_EXPENSIVE,
          export_list, NULL, NULL, NULL },
        { "POST", "/api/v1/exports", ROUTE_PERSON, ROUTE_API | ROUTE_EXPENSIVE,
          post_export, NULL, NULL, NULL },
        { .method = NULL },
    };

    route_add_table(routes);
}
