/*
 * imports_rest.c - imports over REST: what the pages do, in JSON.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/str.h"
#include "form/import_plan.h"
#include "portal/imports.h"
#include "portal/records.h"
#include "web/request.h"
#include "web/router.h"

enum { ROWS_SHOWN = 200, SAMPLES = 3 };

static void set_instant(struct value *map, const char *key, int64_t instant)
{
    char text[TIME_TEXT_MAX];

    if (!instant)
        return;
    instant_format(text, instant);
    value_set_text(map, key, text);
}

/* The columns with their first values, as far as the file is there still. */
static int add_columns(struct value *map, struct ctx *ctx,
                       const struct import_job *job)
{
    struct value *columns = value_list(ctx->arena);
    struct value *settings = value_copy(ctx->arena, job->settings);
    struct import_preview preview;
    struct ctx quiet = ctx_apart(ctx);
    size_t i, j;

    if (!job->hash || import_preview(&preview, &quiet, job))
        return 0;
    import_plan_decimals(ctx, job->form, settings, preview.numbers,
                         preview.columns);
    for (i = 0; i < preview.columns; i++) {
        struct value *column = value_map(ctx->arena);
        struct value *samples = value_list(ctx->arena);
        const struct import_dates *dates = &preview.dates[i];

        value_set_text(column, "header", preview.header[i]);
        for (j = 0; j < preview.row_count && j < SAMPLES; j++)
            value_append(samples, value_text(ctx->arena, preview.rows[j][i]));
        value_set(column, "samples", samples);
        if (dates->day_first && dates->month_first)
            value_set_bool(column, "ambiguous_date", true);
        if (preview.numbers[i].seen &&
            import_plan_number(
                job->form,
                value_as_text(value_at(value_get(settings, "columns"), i))))
            value_set_text(column, "decimal",
                           import_plan_comma(settings, i) ? "comma" : "point");
        value_append(columns, column);
    }
    value_set(map, "columns", columns);
    value_set_text(map, "kind", preview.kind);
    if (preview.encoding)
        value_set_text(map, "encoding", preview.encoding);
    return 0;
}

static struct value *job_value(struct ctx *ctx, const struct import_job *job)
{
    struct value *map = value_map(ctx->arena);
    struct value *settings = value_copy(ctx->arena, job->settings);

    /* What is found, not set: `columns` say it. */
    value_remove(settings, "decimals");
    value_set_id(map, "id", job->id);
    value_set_text(map, "form", job->form->name);
    value_set_text(map, "file", job->name);
    value_set_text(map, "state", job->state);
    if (job->problem)
        value_set_text(map, "problem", job->problem);
    value_set_int(map, "rows", job->total);
    value_set_int(map, "done", job->done);
    value_set_int(map, "created", job->created);
    value_set_int(map, "updated", job->updated);
    value_set_int(map, "unchanged", job->unchanged);
    value_set_int(map, "refused", job->refused);
    value_set_int(map, "undone", job->undone);
    value_set_int(map, "conflicts", job->conflicts);
    value_set_bool(map, "undoable", import_undoable(job));
    value_set(map, "settings", settings);
    set_instant(map, "at", job->at);
    set_instant(map, "finished", job->finished);
    return map;
}

static int answer_job(struct ctx *ctx, const struct request *request,
                      struct response *response, int status, bool columns)
{
    struct import_job *job;
    struct value *map;
    int rc = imports_find(&job, ctx, request);

    if (rc)
        return rc;
    map = job_value(ctx, job);
    if (columns)
        rc = add_columns(map, ctx, job);
    return rc ? rc : response_json(ctx, response, status, map);
}

static int api_get(struct ctx *ctx, struct request *request,
                   struct response *response, void *payload)
{
    (void)payload;
    return answer_job(ctx, request, response, 200, false);
}

/* Multipart: "form" and one part "file". */
static int api_create(struct ctx *ctx, struct request *request,
                      struct response *response, void *payload)
{
    static const char *const names[] = { "form", "file", NULL };
    const struct upload *upload;
    const struct form *form;
    int64_t id;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = imports_upload(&upload, ctx, request);
    if (!rc)
        rc = form_find(&form, ctx, request_form(request, "form"));
    if (!rc && !form->enabled)
        rc = fail(ctx, E_UNAVAILABLE, "form.module_off",
                  "the module of this form is switched off");
    if (!rc)
        rc = import_create(&id, ctx, form, upload->name, upload->fd);
    if (rc)
        return rc;
    value_set_text(request->params, "id",
                   arena_printf(ctx->arena, "%lld", (long long)id));
    rc = response_header(
        ctx, response, "location",
        arena_printf(ctx->arena, "/api/v1/imports/%lld", (long long)id));
    return rc ? rc : answer_job(ctx, request, response, 201, true);
}

static int api_settings(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    struct import_job *job;
    int rc = imports_find(&job, ctx, request);

    (void)payload;
    if (!rc && value_kind(request->json) != VALUE_MAP)
        rc = fail(ctx, E_BAD_REQUEST, "form.expected_map",
                  "expected an object with the record's fields");
    if (!rc)
        rc = import_settings(ctx, job, request->json);
    return rc ? rc : answer_job(ctx, request, response, 200, true);
}

enum { DO_CHECK, DO_RUN, DO_UNDO };
static const int check_it = DO_CHECK, run_it = DO_RUN, undo_it = DO_UNDO;

static int api_do(struct ctx *ctx, struct request *request,
                  struct response *response, void *payload)
{
    int what = *(const int *)payload;
    struct import_job *job;
    int rc = imports_find(&job, ctx, request);

    if (!rc)
        rc = what == DO_UNDO ? import_undo(ctx, job)
                             : import_start(ctx, job, what == DO_RUN);
    return rc ? rc : answer_job(ctx, request, response, 202, false);
}

static int api_rows(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    const char *state = request_query(request, "state");
    const char *after = request_query(request, "after");
    struct value *answer = value_map(ctx->arena), *rows;
    struct import_job *job;
    int64_t line = 0;
    int rc = imports_find(&job, ctx, request);

    (void)payload;
    if (rc)
        return rc;
    if (!text_empty(state) && strcmp(state, "refused") != 0 &&
        strcmp(state, "conflict") != 0)
        return fail_at(ctx, E_INVALID, "state", "import.bad_setting",
                       "\"%s\" is not known here", state);
    if (!text_empty(after) && int_parse(&line, after, 0, INT64_MAX))
        return fail_at(ctx, E_INVALID, "after", "import.bad_setting",
                       "\"%s\" is not known here", after);
    rc = import_rows(&rows, ctx, job,
                     text_equal(state, "conflict") ? IMPORT_ROW_CONFLICT
                                                   : IMPORT_ROW_REFUSED,
                     line, ROWS_SHOWN);
    if (rc)
        return rc;
    value_set(answer, "rows", rows);
    if (value_count(rows) == ROWS_SHOWN)
        value_set_int(answer, "after",
                      value_get_int(value_at(rows, ROWS_SHOWN - 1), "line", 0));
    return response_json(ctx, response, 200, answer);
}

static int api_refused(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    struct import_job *job;
    int rc = imports_find(&job, ctx, request);

    (void)payload;
    return rc ? rc : imports_send_refused(ctx, response, job);
}

void imports_rest_start(void)
{
    static const struct route routes[] = {
        { "POST", "/api/v1/imports", ROUTE_PERSON,
          ROUTE_API | ROUTE_UPLOAD | ROUTE_EXPENSIVE | ROUTE_FILES, api_create,
          NULL, NULL, NULL },
        { "GET", "/api/v1/imports/{id}", ROUTE_PERSON, ROUTE_API, api_get, NULL,
          NULL, NULL },
        { "PATCH", "/api/v1/imports/{id}", ROUTE_PERSON,
          ROUTE_API | ROUTE_EXPENSIVE, api_settings, NULL, NULL, NULL },
        { "POST", "/api/v1/imports/{id}/check", ROUTE_PERSON,
          ROUTE_API | ROUTE_EXPENSIVE, api_do, NULL, (void *)&check_it, NULL },
        { "POST", "/api/v1/imports/{id}/run", ROUTE_PERSON,
          ROUTE_API | ROUTE_EXPENSIVE, api_do, NULL, (void *)&run_it, NULL },
        { "POST", "/api/v1/imports/{id}/undo", ROUTE_PERSON,
          ROUTE_API | ROUTE_EXPENSIVE, api_do, NULL, (void *)&undo_it, NULL },
        { "GET", "/api/v1/imports/{id}/rows", ROUTE_PERSON, ROUTE_API, api_rows,
          NULL, NULL, NULL },
        { "GET", "/api/v1/imports/{id}/refused.csv", ROUTE_PERSON,
          ROUTE_API | ROUTE_EXPENSIVE, api_refused, NULL, NULL, NULL },
        { .method = NULL },
    };

    route_add_table(routes);
}
