/*
 * imports.c - importing a file in the browser: upload, mapping, check,
 * report, undo.
 */
#include "base/banned.h"

#include "portal/imports.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/numbers.h"
#include "base/site.h"
#include "base/str.h"
#include "form/field_type.h"
#include "portal/portal.h"
#include "portal/records.h"
#include "portal/records_fields.h"
#include "web/request.h"
#include "web/router.h"

enum { REFUSED_SHOWN = 50 };

int imports_find(struct import_job **out, struct ctx *ctx,
                 const struct request *request)
{
    int64_t id;
    int rc = request_id(&id, ctx, request, "id");

    return rc ? rc : import_find(out, ctx, id);
}

const char *imports_path(struct ctx *ctx, const struct import_job *job)
{
    return arena_printf(ctx->arena, "/imports/%lld", (long long)job->id);
}

bool imports_may(struct ctx *ctx, const struct form *form)
{
    return !form->flow && !form->anonymous && records_may_create(ctx, form);
}

int imports_upload(const struct upload **out, struct ctx *ctx,
                   const struct request *request)
{
    size_t i, found = 0;

    for (i = 0; i < request->upload_count; i++)
        if (strcmp(request->uploads[i].field, "file") == 0) {
            *out = &request->uploads[i];
            found++;
        }
    if (found == 1 && request->upload_count == 1)
        return 0;
    return fail_at(ctx, E_INVALID, "file", "import.choose_file",
                   "choose one file");
}

/* ---- uploading ---- */

static struct value *job_value(struct ctx *ctx, const struct import_job *job)
{
    struct value *map = value_map(ctx->arena);

    value_set_text(map, "name", job->name);
    value_set(map, "url", value_url(ctx->arena, imports_path(ctx, job)));
    value_set_text(
        map, "state",
        tr(ctx, arena_printf(ctx->arena, "import.state.%s", job->state)));
    portal_time(ctx, map, job->at);
    return map;
}

static int upload_page(struct ctx *ctx, struct request *request,
                       struct response *response, const struct form *form,
                       struct value *problems)
{
    struct value *data = value_map(ctx->arena);
    struct value *jobs = value_list(ctx->arena);
    struct import_job **list;
    const char *path = records_path(ctx, form);
    size_t count = 0, i;
    int rc = import_list(&list, &count, ctx, form);

    if (rc)
        return rc;
    for (i = 0; i < value_count(problems); i++)
        value_set_text(value_at(problems, i), "id", "import-file");
    value_set(data, "problems", problems);
    for (i = 0; i < count; i++)
        value_append(jobs, job_value(ctx, list[i]));
    value_set(data, "imports", jobs);
    value_set(
        data, "action",
        value_url(ctx->arena, arena_printf(ctx->arena, "%s/import", path)));
    value_set_text(data, "max_text",
                   size_human(ctx, ctx->site->settings.body_max));
    portal_crumb(ctx, data, locale_pick(ctx, form->title), path);
    portal_set(ctx, data, "width", value_text(ctx->arena, "read"));
    return portal_page(ctx, request, response, "records/import",
                       tr(ctx, "import.page_title"), data);
}

static int show_upload(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    const struct form *form;
    int rc = records_form(&form, ctx, request);

    (void)payload;
    if (!rc && !imports_may(ctx, form))
        return fail(ctx, E_FORBIDDEN, "form.may_not_create",
                    "you may not add records here");
    return rc ? rc
              : upload_page(ctx, request, response, form,
                            value_list(ctx->arena));
}

/* A file that can't be read is refused where the next one is chosen. */
static int take_file(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    static const char *const names[] = { "file", NULL };
    const struct upload *upload;
    const struct form *form;
    int64_t id;
    int rc = records_form(&form, ctx, request);

    (void)payload;
    if (rc)
        return rc;
    rc = request_only(ctx, request, names);
    if (!rc)
        rc = imports_upload(&upload, ctx, request);
    if (!rc)
        rc = import_create(&id, ctx, form, upload->name, upload->fd);
    if (rc == E_INVALID && !request->script_form && !request->wants_json) {
        struct value *problems = problems_value(ctx);

        ctx_clear(ctx);
        response->status = 422;
        return upload_page(ctx, request, response, form, problems);
    }
    if (rc)
        return rc;
    return response_done(
        ctx, request, response,
        arena_printf(ctx->arena, "/imports/%lld", (long long)id), NULL);
}

/* ---- the page of an import ---- */

static void add_count(struct ctx *ctx, struct value *list, const char *key,
                      int64_t count, const char *color)
{
    struct value *item, *arguments;

    if (!count)
        return;
    item = value_map(ctx->arena);
    arguments = value_map(ctx->arena);
    value_set_int(arguments, "count", count);
    value_set_text(arguments, "n", int_human(ctx, count));
    value_set_text(item, "text", tr_with(ctx, key, arguments));
    value_set_text(item, "color", color);
    value_append(list, item);
}

/* "1,950 created", "12 refused": of what will be, or of what was done. */
static void add_counts(struct ctx *ctx, struct value *data,
                       const struct import_job *job)
{
    bool will = strcmp(job->state, "checked") == 0 ||
                strcmp(job->state, "checking") == 0;
    struct value *list = value_list(ctx->arena);

    add_count(ctx, list, will ? "import.will_create" : "import.created",
              job->created, "green");
    add_count(ctx, list, will ? "import.will_update" : "import.updated",
              job->updated, "blue");
    add_count(ctx, list, "import.unchanged", job->unchanged, "gray");
    add_count(ctx, list, "import.refused", job->refused, "red");
    add_count(ctx, list, "import.undone", job->undone, "gray");
    add_count(ctx, list, "import.conflicts", job->conflicts, "orange");
    value_set(data, "counts", list);
}

static void add_progress(struct ctx *ctx, struct value *data,
                         const struct import_job *job)
{
    struct value *arguments = value_map(ctx->arena);
    int64_t done = job->done > job->total ? job->total : job->done;

    value_set_bool(data, "runs", true);
    value_set_text(data, "live",
                   arena_printf(ctx->arena, "job:%lld", (long long)job->job));
    if (!job->total)
        return;
    value_set_int(data, "percent", done * 100 / job->total);
    value_set_text(arguments, "done", int_human(ctx, done));
    value_set_text(arguments, "total", int_human(ctx, job->total));
    value_set_text(data, "count_text", tr_with(ctx, "job.count", arguments));
}

/* Columns that go into a field, by their titles there. */
static struct value *columns_value(struct ctx *ctx,
                                   const struct import_job *job)
{
    const struct value *columns = value_get(job->settings, "columns");
    struct value *list = value_list(ctx->arena);
    size_t i;

    for (i = 0; i < value_count(columns); i++) {
        const char *key = value_as_text(value_at(columns, i));
        struct value *item = value_map(ctx->arena);

        value_set_text(item, "label",
                       text_empty(key) ? ""
                                       : records_title(ctx, job->form, key));
        value_append(list, item);
    }
    return list;
}

/* Rows as cells of the mapped columns; what is wrong stands in its cell. */
static int add_rows(struct ctx *ctx, struct value *data,
                    const struct import_job *job, enum import_row_state state,
                    const char *name)
{
    const struct value *columns = value_get(job->settings, "columns");
    struct value *rows, *shown = value_list(ctx->arena);
    size_t i, j;
    int rc = import_rows(&rows, ctx, job, state, 0, REFUSED_SHOWN);

    for (i = 0; !rc && i < value_count(rows); i++) {
        struct value *row = value_at(rows, i);
        struct value *cells = value_get(row, "cells");
        struct value *kept = value_list(ctx->arena);

        for (j = 0; j < value_count(cells); j++)
            if (!text_empty(value_as_text(value_at(columns, j))))
                value_append(kept, value_at(cells, j));
        value_set(row, "cells", kept);
        if (value_get(row, "record"))
            value_set(row, "url",
                      value_url(ctx->arena,
                                arena_printf(ctx->arena, "%s/%s",
                                             records_path(ctx, job->form),
                                             value_get_text(row, "record"))));
        value_append(shown, row);
    }
    value_set(data, name, shown);
    return rc;
}

static int add_report(struct ctx *ctx, struct value *data,
                      const struct import_job *job)
{
    struct value *all = columns_value(ctx, job);
    struct value *labels = value_list(ctx->arena);
    struct value *arguments = value_map(ctx->arena);
    size_t i;
    int rc = 0;

    for (i = 0; i < value_count(all); i++)
        if (!text_empty(value_get_text(value_at(all, i), "label")))
            value_append(labels, value_at(all, i));
    value_set(data, "labels", labels);
    if (job->refused) {
        rc = add_rows(ctx, data, job, IMPORT_ROW_REFUSED, "refused_rows");
        value_set(
            data, "refused_url",
            value_url(ctx->arena, arena_printf(ctx->arena, "%s/refused.csv",
                                               imports_path(ctx, job))));
        value_set_int(arguments, "count", REFUSED_SHOWN);
        if (job->refused > REFUSED_SHOWN)
            value_set_text(data, "refused_more",
                           tr_with(ctx, "import.first_rows", arguments));
    }
    if (!rc && job->conflicts)
        rc = add_rows(ctx, data, job, IMPORT_ROW_CONFLICT, "conflict_rows");
    return rc;
}

static void add_actions(struct ctx *ctx, struct value *data,
                        const struct import_job *job)
{
    const char *path = imports_path(ctx, job);
    bool none = text_equal(value_get_text(job->settings, "bad"), "none");

    value_set(
        data, "settings_url",
        value_url(ctx->arena, arena_printf(ctx->arena, "%s/settings", path)));
    if (strcmp(job->state, "checked") == 0 && !(none && job->refused) &&
        job->created + job->updated)
        value_set(
            data, "run_url",
            value_url(ctx->arena, arena_printf(ctx->arena, "%s/run", path)));
    if (import_undoable(job))
        value_set(
            data, "undo_url",
            value_url(ctx->arena, arena_printf(ctx->arena, "%s/undo", path)));
    value_set(data, "list_url",
              value_url(ctx->arena, records_path(ctx, job->form)));
    value_set(
        data, "again_url",
        value_url(ctx->arena, arena_printf(ctx->arena, "%s/import",
                                           records_path(ctx, job->form))));
}

static int show_import(struct ctx *ctx, struct request *request,
                       struct response *response, const struct import_job *job,
                       struct value *problems)
{
    struct value *data = value_map(ctx->arena);
    bool map = strcmp(job->state, "new") == 0 ||
               strcmp(job->state, "checked") == 0 ||
               strcmp(job->state, "failed") == 0;
    int rc = 0;

    value_set_text(data, "id",
                   arena_printf(ctx->arena, "%lld", (long long)job->id));
    value_set_text(data, "file", job->name);
    value_set_text(
        data, "state_text",
        tr(ctx, arena_printf(ctx->arena, "import.state.%s", job->state)));
    value_set_bool(data, "fresh", strcmp(job->state, "new") == 0);
    value_set_bool(data, "open",
                   strcmp(job->state, "checked") != 0 || problems);
    value_set_bool(data, "settled",
                   strcmp(job->state, "done") == 0 ||
                       strcmp(job->state, "undone") == 0);
    if (job->problem)
        value_set_text(data, "problem", job->problem);
    if (problems)
        value_set(data, "problems", problems);
    add_counts(ctx, data, job);
    add_actions(ctx, data, job);
    if (import_runs(job))
        add_progress(ctx, data, job);
    else
        rc = add_report(ctx, data, job);
    if (!rc && map)
        rc = imports_map_show(ctx, data, job);
    if (rc)
        return rc;
    portal_crumb(ctx, data, locale_pick(ctx, job->form->title),
                 records_path(ctx, job->form));
    return portal_page(ctx, request, response, "records/import_job",
                       tr(ctx, "import.page_title"), data);
}

static int get_import(struct ctx *ctx, struct request *request,
                      struct response *response, void *payload)
{
    struct import_job *job;
    int rc = imports_find(&job, ctx, request);

    (void)payload;
    return rc ? rc : show_import(ctx, request, response, job, NULL);
}

/* What was refused is shown as it was typed. */
static void keep_typed(struct import_job *job, const struct value *settings)
{
    size_t i;

    for (i = 0; i < value_count(settings); i++)
        value_set(job->settings, value_key_at(settings, i),
                  value_item_at(settings, i));
}

/* The mapping that was sent; "show" only shows it again. */
static int post_settings(struct ctx *ctx, struct request *request,
                         struct response *response, void *payload)
{
    const char *action = request_form(request, "action");
    struct value *settings = NULL;
    struct import_job *job;
    int rc = imports_find(&job, ctx, request);

    (void)payload;
    if (!rc)
        rc = imports_map_read(&settings, ctx, request);
    if (!rc)
        rc = import_settings(ctx, job, settings);
    if (!rc)
        rc = imports_find(&job, ctx, request);
    if (!rc && (text_equal(action, "check") || text_equal(action, "import")))
        rc = import_start(ctx, job, text_equal(action, "import"));
    if (rc == E_INVALID && !request->script_form && !request->wants_json) {
        struct value *problems = problems_value(ctx);

        ctx_clear(ctx);
        response->status = 422;
        rc = imports_find(&job, ctx, request);
        if (!rc) {
            keep_typed(job, settings);
            return show_import(ctx, request, response, job, problems);
        }
    }
    if (rc)
        return rc;
    return response_done(ctx, request, response, imports_path(ctx, job), NULL);
}

/* What a button without fields starts. */
static int act(struct ctx *ctx, struct request *request,
               struct response *response,
               int (*start)(struct ctx *ctx, const struct import_job *job))
{
    static const char *const names[] = { NULL };
    struct import_job *job;
    int rc = imports_find(&job, ctx, request);

    if (!rc)
        rc = request_only(ctx, request, names);
    if (!rc)
        rc = start(ctx, job);
    if (rc)
        return rc;
    return response_done(ctx, request, response, imports_path(ctx, job), NULL);
}

static int run(struct ctx *ctx, const struct import_job *job)
{
    return import_start(ctx, job, true);
}

static int post_run(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    (void)payload;
    return act(ctx, request, response, run);
}

static int post_undo(struct ctx *ctx, struct request *request,
                     struct response *response, void *payload)
{
    (void)payload;
    return act(ctx, request, response, import_undo);
}

int imports_send_refused(struct ctx *ctx, struct response *response,
                         const struct import_job *job)
{
    int fd = open(site_path(ctx, ctx->site, "files"),
                  O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    struct stat facts;
    int rc;

    if (fd < 0)
        return fail(ctx, E_IO, "export.write",
                    "the export can't be written: %s", strerrordesc_np(errno));
    rc = import_refused(ctx, job, fd);
    if (!rc && (fstat(fd, &facts) || lseek(fd, 0, SEEK_SET)))
        rc = fail(ctx, E_IO, "export.write", "the export can't be written: %s",
                  strerrordesc_np(errno));
    if (rc) {
        close(fd);
        return rc;
    }
    return response_file(
        ctx, response, fd, facts.st_size, "text/csv; charset=utf-8",
        arena_printf(ctx->arena, "%s.refused.csv", job->name), false);
}

static int get_refused(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    struct import_job *job;
    int rc = imports_find(&job, ctx, request);

    (void)payload;
    return rc ? rc : imports_send_refused(ctx, response, job);
}

void imports_start(void)
{
    static const struct route routes[] = {
        { "GET", "/records/{form}/import", ROUTE_PERSON, ROUTE_PAGE,
          show_upload, NULL, NULL, "/records/visitor/import" },
        { "POST", "/records/{form}/import", ROUTE_PERSON,
          ROUTE_UPLOAD | ROUTE_EXPENSIVE | ROUTE_FILES, take_file, NULL, NULL,
          NULL },
        { "GET", "/imports/{id}", ROUTE_PERSON, 0, get_import, NULL, NULL,
          NULL },
        { "POST", "/imports/{id}/settings", ROUTE_PERSON, ROUTE_EXPENSIVE,
          post_settings, NULL, NULL, NULL },
        { "POST", "/imports/{id}/run", ROUTE_PERSON, ROUTE_EXPENSIVE, post_run,
          NULL, NULL, NULL },
        { "POST", "/imports/{id}/undo", ROUTE_PERSON, ROUTE_EXPENSIVE,
          post_undo, NULL, NULL, NULL },
        { "GET", "/imports/{id}/refused.csv", ROUTE_PERSON, ROUTE_EXPENSIVE,
          get_refused, NULL, NULL, NULL },
        { .method = NULL },
    };

    route_add_table(routes);
}
