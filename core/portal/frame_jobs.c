/*
 * frame_jobs.c - the page of a job: how far it is, and what came of it.
 *
 * For who started it and for administrators; the file that it leaves is for
 * who started it alone, because it holds what that person may see.
 */
#include "base/banned.h"

#include "portal/frame.h"

#include <sys/stat.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/numbers.h"
#include "base/value.h"
#include "event/progress.h"
#include "org/person.h"
#include "portal/portal.h"
#include "web/request.h"
#include "web/router.h"

static int read_job(struct value **out, struct ctx *ctx,
                    const struct request *request)
{
    int64_t id, person;
    bool own;
    int rc = request_id(&id, ctx, request, "id");

    if (!rc)
        rc = job_state(out, &person, ctx, id);
    if (rc)
        return rc;
    own = person == ctx->person->id;
    if (!own && !ctx->person->administrator)
        return fail(ctx, E_NOT_FOUND, "event.no_job",
                    "there is no such work, or it was more than a week ago");
    if (!own)
        value_remove(*out, "file");
    value_set_bool(*out, "own", own);
    return 0;
}

static const char *file_url(struct ctx *ctx, const struct value *job)
{
    return arena_printf(ctx->arena, "/jobs/%s/file", value_get_text(job, "id"));
}

static const char *state_color(const char *state)
{
    static const struct {
        const char *state, *color;
    } colors[] = { { "running", "blue" },
                   { "done", "green" },
                   { "failed", "red" } };
    size_t i;

    for (i = 0; i < sizeof colors / sizeof *colors; i++)
        if (strcmp(colors[i].state, state) == 0)
            return colors[i].color;
    return "gray";
}

/* "1,200 of 5,000"; "1,200" where nobody knows how many. */
static void add_count(struct ctx *ctx, struct value *data,
                      const struct value *job)
{
    int64_t done = value_get_int(job, "done", 0);
    int64_t total = value_get_int(job, "total", 0);
    struct value *arguments = value_map(ctx->arena);

    if (!done && !total)
        return;
    value_set_text(arguments, "done", int_human(ctx, done));
    value_set_text(arguments, "total", int_human(ctx, total));
    value_set_text(
        data, "count_text",
        tr_with(ctx, total ? "job.count" : "job.count_open", arguments));
}

static void add_state(struct ctx *ctx, struct value *data,
                      const struct value *job)
{
    const char *state = value_get_text(job, "state");
    bool open = strcmp(state, "waiting") == 0 || strcmp(state, "running") == 0;

    value_set_text(data, "state_text",
                   tr(ctx, arena_printf(ctx->arena, "job.%s", state)));
    value_set_text(data, "color", state_color(state));
    value_set_bool(data, "open", open);
    /* A bar that moves by itself: nobody knows how long. */
    value_set_bool(data, "unknown",
                   strcmp(state, "running") == 0 && !value_get(job, "percent"));
    value_set_bool(data, "cancelled", strcmp(state, "cancelled") == 0);
    value_set_bool(data, "again", open && value_get(job, "problem") != NULL);
}

static int show_job(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    struct value *data = value_map(ctx->arena), *job;
    int rc = read_job(&job, ctx, request);

    (void)payload;
    if (rc)
        return rc;
    value_set(data, "job", job);
    add_state(ctx, data, job);
    add_count(ctx, data, job);
    portal_time(ctx, data, value_get_int(job, "at", 0));
    if (value_get(job, "file"))
        value_set(data, "file_url", value_url(ctx->arena, file_url(ctx, job)));
    if (value_get(job, "link"))
        value_set(data, "link_url",
                  value_url(ctx->arena, own_path(value_get_text(job, "link"))));
    portal_set(ctx, data, "width", value_text(ctx->arena, "read"));
    return portal_page(ctx, request, response, "job",
                       value_get_text(job, "title"), data);
}

static int get_file(struct ctx *ctx, struct request *request,
                    struct response *response, void *payload)
{
    const char *name, *type;
    struct value *job;
    struct stat facts;
    int fd, rc = read_job(&job, ctx, request);

    (void)payload;
    if (!rc && !value_get(job, "file"))
        rc = fail(ctx, E_NOT_FOUND, "event.no_job_file",
                  "this work has left no file for you");
    if (!rc)
        rc = job_file(&fd, &name, &type, ctx, value_get_id(job, "id"));
    if (rc)
        return rc;
    if (fstat(fd, &facts)) {
        close(fd);
        return fail(ctx, E_IO, "event.job_file", "%s can't be read", name);
    }
    return response_file(ctx, response, fd, facts.st_size, type, name, false);
}

int frame_cancel_job(struct ctx *ctx, const struct request *request)
{
    struct value *job;
    int rc = read_job(&job, ctx, request);

    return rc ? rc : job_cancel(ctx, value_get_id(job, "id"));
}

static int post_cancel(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    static const char *const names[] = { NULL };
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = frame_cancel_job(ctx, request);
    return rc ? rc
              : response_done(ctx, request, response,
                              arena_printf(ctx->arena, "/jobs/%s",
                                           request_param(request, "id")),
                              tr(ctx, "job.cancel_done"));
}

static int api_job(struct ctx *ctx, struct request *request,
                   struct response *response, void *payload)
{
    struct value *job;
    int rc = read_job(&job, ctx, request);

    (void)payload;
    if (rc)
        return rc;
    if (value_get(job, "file"))
        value_set_text(job, "file_url", file_url(ctx, job));
    return response_json(ctx, response, 200, job);
}

void frame_jobs_start(void)
{
    static const struct route routes[] = {
        { "GET", "/jobs/{id}", ROUTE_PERSON, 0, show_job, NULL, NULL, NULL },
        { "POST", "/jobs/{id}/cancel", ROUTE_PERSON, 0, post_cancel, NULL, NULL,
          NULL },
        { "GET", "/jobs/{id}/file", ROUTE_PERSON, ROUTE_FILES, get_file, NULL,
          NULL, NULL },
        { "GET", "/api/v1/jobs/{id}", ROUTE_PERSON, ROUTE_API, api_job, NULL,
          NULL, NULL },
        { 0 },
    };

    route_add_table(routes);
}
