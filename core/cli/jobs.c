/*
 * jobs.c - `tenon jobs`: the work in the background from the command line.
 */
#include "base/banned.h"

#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/value.h"
#include "cli/site.h"
#include "event/job.h"
#include "ipc/control.h"
#include "portal/jobs.h"

enum { PART = 200 };

struct arguments {
    const char *state, *kind, *module, *to;
    bool json, schedules;
};

static void print_time(int64_t instant)
{
    char text[TIME_TEXT_MAX];

    instant_format(text, instant);
    printf("%s", text);
}

/* id, state, priority, tries, due, kind, rhythm, error: parted by tabs. */
static void print_job(const struct value *job)
{
    const char *cron = value_get_text(job, "cron");
    const char *zone = value_get_text(job, "zone");
    const char *error = value_get_text(job, "error");

    printf("%s\t%s\t%lld\t%lld\t", value_get_text(job, "id"),
           value_get_text(job, "state"),
           (long long)value_get_int(job, "priority", 0),
           (long long)value_get_int(job, "attempt", 0));
    print_time(value_get_int(job, "due", 0));
    printf("\t%s\t", value_get_text(job, "kind"));
    if (cron)
        printf("%s%s%s", cron, zone ? " " : "", zone ? zone : "");
    else if (value_get_bool(job, "schedule"))
        printf("%lld s", (long long)value_get_int(job, "every", 0) / 1000);
    printf("\t%s\n", error ? error : "");
}

static int list(struct ctx *ctx, const struct arguments *a)
{
    struct job_query query = { .state = a->state,
                               .kind = a->kind,
                               .module =
                                   text_equal(a->module, "-") ? "" : a->module,
                               .schedules = a->schedules ? 1 : 0,
                               .limit = PART };
    struct value *jobs;
    size_t i, count;
    int rc;

    do {
        rc = job_list(&jobs, ctx, &query);
        count = rc ? 0 : value_count(jobs);
        for (i = 0; i < count; i++)
            print_job(value_at(jobs, i));
        query.offset += PART;
    } while (count == PART);
    return rc;
}

static int export_failed(struct ctx *ctx, const struct arguments *a)
{
    int fd = STDOUT_FILENO, rc;

    if (a->to)
        fd = open(a->to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(ctx, E_IO, "export.write",
                    "the export can't be written: "
                    "%s",
                    strerrordesc_np(errno));
    rc = jobs_write_dead(ctx, fd, !a->json);
    if (a->to && close(fd) && !rc)
        rc = fail(ctx, E_IO, "export.write", "the export can't be written: %s",
                  strerrordesc_np(errno));
    return rc;
}

/* Where the site is served, its jobs' worker looks at once. */
static int wake(struct ctx *ctx)
{
    struct value *command = value_map(ctx->arena), *answer;
    int rc;

    value_set_text(command, "do", "wake");
    rc = control_ask(&answer, ctx, ctx->site, command, 5);
    return rc == E_NOT_FOUND ? 0 : rc;
}

static int each(struct ctx *ctx, int count, char **ids,
                int (*act)(struct ctx *ctx, int64_t id))
{
    int64_t id;
    int i, rc = 0;

    for (i = 0; i < count && !rc; i++) {
        if (int_parse(&id, ids[i], 1, INT64_MAX))
            return CLI_USAGE;
        rc = act(ctx, id);
    }
    return rc ? rc : wake(ctx);
}

static int set_priority(struct ctx *ctx, const char *id_text, const char *text)
{
    int64_t id, priority;

    if (int_parse(&id, id_text, 1, INT64_MAX) ||
        int_parse(&priority, text, JOB_FIRST, JOB_LAST))
        return CLI_USAGE;
    return job_set_priority(ctx, id, (int)priority);
}

static int run(struct ctx *ctx, const struct arguments *a, int argc,
               char **argv)
{
    const char *what = argv[1];

    if (strcmp(what, "list") == 0 && argc == 3)
        return list(ctx, a);
    if (strcmp(what, "export") == 0 && argc == 3)
        return export_failed(ctx, a);
    if (strcmp(what, "retry") == 0 && argc > 3)
        return each(ctx, argc - 3, argv + 3, job_retry);
    if (strcmp(what, "cancel") == 0 && argc > 3)
        return each(ctx, argc - 3, argv + 3, job_cancel);
    if (strcmp(what, "priority") == 0 && argc == 5)
        return set_priority(ctx, argv[3], argv[4]);
    return CLI_USAGE;
}

int command_jobs(struct ctx *ctx, int argc, char **argv)
{
    struct arguments a = { 0 };
    const struct option_row rows[] = {
        { "state", &a.state, NULL },
        { "kind", &a.kind, NULL },
        { "module", &a.module, NULL },
        { "schedules", NULL, &a.schedules },
        { "json", NULL, &a.json },
        { "to", &a.to, NULL },
        { 0 },
    };
    int rc = cli_options(ctx, rows, &argc, argv);

    if (rc)
        return rc;
    if (argc < 3)
        return cli_usage(ctx, argv[0]);
    rc = site_command_open(ctx, argv[2]);
    /* What has to be told when one of theirs is cancelled. */
    if (!rc)
        site_rooms_start();
    if (!rc)
        rc = run(ctx, &a, argc, argv);
    site_command_close(ctx);
    return rc == CLI_USAGE ? cli_usage(ctx, argv[0]) : rc;
}
