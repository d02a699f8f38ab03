/*
 * demo.c - the demo company: people, forms, flows, a few weeks of work.
 *
 * Nothing is written past the rooms: what a person of the demo did is done
 * here as that person, through flow/ and form/, with the clock set back.
 */
#include "base/banned.h"

#include "cli/demo.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/site.h"
#include "base/str.h"
#include "flow/flow.h"
#include "form/form.h"
#include "form/record.h"
#include "kit/company.h"
#include "org/person.h"
#include "store/db.h"

enum { HOUR = 3600 * 1000, DAY = 24 * HOUR, FILE_MAX = 1024 * 1024 };

struct demo {
    struct ctx *ctx;
    struct company people;
    int64_t today; /* the wall clock when the demo is made */
    int operations;
};

static int copy_file(struct ctx *ctx, const char *from, const char *to)
{
    const char *text;
    size_t length;
    int rc = file_read(&text, &length, ctx, from, FILE_MAX);

    return rc ? rc : file_write(ctx, to, text, length, 0600);
}

static int copy_definitions(struct ctx *ctx, const char *part)
{
    const char *from =
        arena_printf(ctx->arena, "%s/demo/%s", ctx->site->share, part);
    const char *to = site_path(ctx, ctx->site, part);
    struct dirent *entry;
    DIR *folder = opendir(from);
    int rc = 0;

    if (!folder)
        return fail(ctx, E_IO, "cli.demo.missing",
                    "the demo's folder %s is missing", from);
    mkdir(to, 0700);
    while (!rc && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.')
            continue;
        rc = copy_file(ctx,
                       arena_printf(ctx->arena, "%s/%s", from, entry->d_name),
                       arena_printf(ctx->arena, "%s/%s", to, entry->d_name));
    }
    closedir(folder);
    return rc;
}

static int publish(struct ctx *ctx)
{
    int rc = copy_definitions(ctx, "forms");

    if (!rc)
        rc = copy_definitions(ctx, "flows");
    if (!rc)
        rc = form_publish_folder(ctx, site_path(ctx, ctx->site, "forms"), NULL);
    if (!rc)
        rc = flow_deploy_folder(ctx, site_path(ctx, ctx->site, "flows"), NULL);
    return rc > 0 ? E_INVALID : rc;
}

/* A context in which `login` acts, sharing the connection and the arena. */
static int act_as(struct ctx *as, struct demo *demo, const char *login)
{
    *as = *demo->ctx;
    as->system = false;
    return person_load(&as->person, demo->ctx,
                       company_id(demo->people.users, login));
}

static void hand_over(struct demo *demo, const struct ctx *as)
{
    demo->ctx->problems = as->problems;
    demo->ctx->last_problem = as->last_problem;
}

static const char *next_operation(struct demo *demo)
{
    return arena_printf(demo->ctx->arena, "demo-%d", ++demo->operations);
}

/* One step of a path: "approve:li.na:comment". */
static int decide(struct demo *demo, int64_t record, const char *step)
{
    static const char *const names[] = { "approve", "reject", "return" };
    const char *first = strchr(step, ':');
    const char *second = first ? strchr(first + 1, ':') : NULL;
    struct arena *arena = demo->ctx->arena;
    const char *login, *comment = second ? second + 1 : NULL;
    struct task **tasks;
    struct ctx as;
    size_t count, i;
    int decision, rc;

    if (!first)
        return E_INVALID;
    for (decision = 0; decision < 2; decision++)
        if (!strncmp(step, names[decision], (size_t)(first - step)))
            break;
    login = second
                ? arena_strndup(arena, first + 1, (size_t)(second - first - 1))
                : first + 1;
    rc = act_as(&as, demo, login);
    if (!rc)
        rc = flow_box(&tasks, &count, &as, BOX_TO_DO, 50, 0);
    for (i = 0; !rc && i < count; i++)
        if (tasks[i]->record == record)
            break;
    if (!rc && i == count)
        rc = fail(&as, E_NOT_FOUND, "cli.demo.task",
                  "%s has no task for the record %" PRId64, login, record);
    if (!rc)
        rc = flow_decide(&as, tasks[i]->id, (enum decision)decision, comment,
                         next_operation(demo));
    hand_over(demo, &as);
    return rc;
}

static int walk(struct demo *demo, int64_t record, const struct value *path)
{
    size_t i;
    int rc = 0;

    for (i = 0; i < value_count(path) && !rc; i++) {
        clock_set(clock_now() + 3 * HOUR);
        rc = decide(demo, record, value_as_text(value_at(path, i)));
    }
    return rc;
}

/* Submits `input` as the row's person at the row's time; its flow goes the
 * row's path. A form without a flow is just saved. */
static int apply(struct demo *demo, const char *form_name,
                 const struct value *row, const struct value *input)
{
    const struct form *form;
    struct record *record;
    struct ctx as;
    int rc;

    clock_set(demo->today - value_get_int(row, "days_ago", 0) * DAY - 2 * HOUR);
    rc = act_as(&as, demo, value_get_text(row, "by"));
    if (!rc)
        rc = form_find(&form, &as, form_name);
    if (!rc && form->flow)
        rc = flow_submit(&record, &as, form, 0, 0, input, next_operation(demo));
    else if (!rc)
        rc = record_create(&record, &as, form, input, NULL);
    hand_over(demo, &as);
    if (!rc)
        rc = walk(demo, record->id, value_get(row, "path"));
    clock_set(0);
    return rc;
}

static const char *day_text(struct demo *demo, int64_t days_ago)
{
    char text[TIME_TEXT_MAX];

    instant_format(text, demo->today - days_ago * DAY);
    return arena_strndup(demo->ctx->arena, text, 10);
}

static int add_budgets(struct demo *demo)
{
    const struct value *list = value_get(demo->people.definition, "budgets");
    struct arena *arena = demo->ctx->arena;
    bool english = text_equal(demo->ctx->locale, "en");
    size_t i, k;
    int rc = 0;

    for (i = 0; i < value_count(list) && !rc; i++) {
        const struct value *row = value_at(list, i);
        const struct value *items = value_get(row, "items");
        struct value *input = value_map(arena), *lines = value_list(arena);

        for (k = 0; k < value_count(items); k++) {
            const struct value *item = value_at(items, k);
            struct value *line = value_map(arena);

            value_set_text(line, "name",
                           value_as_text(value_at(item, english ? 0 : 1)));
            value_set_int(line, "quantity", value_as_int(value_at(item, 2), 1));
            value_set_text(line, "unit_price",
                           value_as_text(value_at(item, 3)));
            value_append(lines, line);
        }
        value_set_text(input, "purpose",
                       locale_pick(demo->ctx, value_get(row, "purpose")));
        value_set_text(input, "date",
                       day_text(demo, value_get_int(row, "days_ago", 0) - 14));
        value_set(input, "items", lines);
        rc = apply(demo, "budget", row, input);
    }
    return rc;
}

static int add_leave(struct demo *demo)
{
    const struct value *list = value_get(demo->people.definition, "leave");
    struct arena *arena = demo->ctx->arena;
    size_t i;
    int rc = 0;

    for (i = 0; i < value_count(list) && !rc; i++) {
        const struct value *row = value_at(list, i);
        int64_t from = value_get_int(row, "from", 0);
        struct value *input = value_map(arena);

        value_set_text(input, "kind", value_get_text(row, "kind"));
        value_set_text(input, "starts", day_text(demo, from));
        value_set_text(
            input, "ends",
            day_text(demo, from - value_get_int(row, "days", 1) + 1));
        value_set_text(input, "reason",
                       locale_pick(demo->ctx, value_get(row, "reason")));
        rc = apply(demo, "leave", row, input);
    }
    return rc;
}

static int add_visitors(struct demo *demo)
{
    const struct value *list = value_get(demo->people.definition, "visitors");
    struct arena *arena = demo->ctx->arena;
    size_t i;
    int rc = 0;

    for (i = 0; i < value_count(list) && !rc; i++) {
        const struct value *row = value_at(list, i);
        struct value *input = value_map(arena);

        value_set_text(input, "name",
                       locale_pick(demo->ctx, value_get(row, "name")));
        value_set_text(input, "day",
                       day_text(demo, value_get_int(row, "days_ago", 0)));
        value_set_id(
            input, "host",
            company_id(demo->people.users, value_get_text(row, "host")));
        value_set_text(input, "purpose",
                       locale_pick(demo->ctx, value_get(row, "purpose")));
        rc = apply(demo, "visitor", row, input);
    }
    return rc;
}

/* SITE/demo-accounts.txt: what ./run shows beside the address. */
static int write_accounts(struct demo *demo)
{
    const struct value *list = value_get(demo->people.definition, "people");
    struct ctx *ctx = demo->ctx;
    struct buf text;
    size_t i;

    buf_init(&text, ctx->arena, 64 * 1024);
    buf_addf(&text, "%s %s\n", tr(ctx, "cli.demo.accounts"), DEMO_PASSWORD);
    for (i = 0; i < value_count(list); i++) {
        const struct value *row = value_at(list, i);

        buf_addf(&text, "  %-10s %s, %s\n", value_get_text(row, "login"),
                 locale_pick(ctx, value_get(row, "name")),
                 locale_pick(ctx, value_get(row, "title")));
    }
    return file_write(ctx, site_path(ctx, ctx->site, "demo-accounts.txt"),
                      buf_text(&text), text.length, 0600);
}

int demo_fill(struct ctx *ctx)
{
    struct demo demo = { .ctx = ctx, .today = clock_now() };
    static int (*const work[])(struct demo *) = {
        add_budgets,
        add_leave,
        add_visitors,
    };
    size_t i;
    int rc = company_make(&demo.people, ctx, DEMO_PASSWORD);

    if (!rc)
        rc = publish(ctx);
    for (i = 0; i < sizeof(work) / sizeof(*work) && !rc; i++)
        rc = work[i](&demo);
    return rc ? rc : write_accounts(&demo);
}
