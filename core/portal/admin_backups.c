/*
 * admin_backups.c - Administration → Backups: the last ones, whether they are
 * good, when the next one comes, and one now.
 */
#include "base/banned.h"

#include "portal/admin.h"

#include "audit/audit.h"
#include "backup/backup.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/numbers.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "portal/portal.h"
#include "store/db.h"
#include "store/s3.h"
#include "web/request.h"
#include "web/router.h"

enum { SHOWN = 50 };

static void add_fact(struct ctx *ctx, struct value *facts, const char *name,
                     const char *text)
{
    struct value *fact = value_map(ctx->arena);

    value_set_text(fact, "name",
                   tr(ctx, arena_printf(ctx->arena, "admin.backups.%s", name)));
    value_set_text(fact, "text", text);
    value_append(facts, fact);
}

/* "the last 7, at most 30 days old" */
static const char *keep_text(struct ctx *ctx)
{
    const struct backup_settings *settings = &ctx->site->settings.backup;
    struct value *args = value_map(ctx->arena);

    value_set_int(args, "count", settings->keep);
    value_set_int(args, "days", settings->keep_days);
    return tr_with(ctx,
                   settings->keep && settings->keep_days
                       ? "admin.backups.keep_both"
                   : settings->keep      ? "admin.backups.keep_count"
                   : settings->keep_days ? "admin.backups.keep_days"
                                         : "admin.backups.keep_all",
                   args);
}

static struct value *facts_of(struct ctx *ctx)
{
    const struct backup_settings *settings = &ctx->site->settings.backup;
    struct value *facts = value_list(ctx->arena);
    int64_t next = backup_next(ctx);

    add_fact(ctx, facts, "next",
             next ? instant_human(ctx, next) : tr(ctx, "admin.backups.never"));
    add_fact(ctx, facts, "folder", backup_folder(ctx));
    add_fact(ctx, facts, "keep", keep_text(ctx));
    add_fact(ctx, facts, "encryption",
             tr(ctx, settings->key ? "admin.backups.encrypted"
                                   : "admin.backups.plain"));
    add_fact(ctx, facts, "store",
             settings->send ? s3_place(ctx, &settings->s3)
                            : tr(ctx, "admin.backups.no_store"));
    return facts;
}

/* What an administrator should know before it matters. */
static struct value *advice_of(struct ctx *ctx, const struct value *runs)
{
    const struct backup_settings *settings = &ctx->site->settings.backup;
    struct value *advice = value_list(ctx->arena);
    const struct value *last = value_at(runs, 0);

    if (value_count(runs) &&
        text_equal(value_get_text(last, "state"), "failed"))
        value_append(advice, value_text(ctx->arena,
                                        tr(ctx, "admin.backups.last_failed")));
    if (!settings->at)
        value_append(advice, value_text(ctx->arena,
                                        tr(ctx, "admin.backups.no_schedule")));
    if (!settings->folder && !settings->send)
        value_append(
            advice, value_text(ctx->arena, tr(ctx, "admin.backups.same_disk")));
    return advice;
}

static const char *state_of(const struct value *run)
{
    const char *state = value_get_text(run, "state");

    if (strcmp(state, "done") != 0)
        return state;
    if (value_get_int(run, "gone", 0))
        return "gone";
    return value_get_int(run, "verified", 0) ? "verified" : "done";
}

static const char *color_of(const char *state)
{
    return strcmp(state, "failed") == 0     ? "red"
           : strcmp(state, "running") == 0  ? "blue"
           : strcmp(state, "verified") == 0 ? "green"
                                            : "gray";
}

static const char *where_of(struct ctx *ctx, const struct value *run)
{
    bool here = text_equal(value_get_text(run, "state"), "done") &&
                !value_get_int(run, "gone", 0);
    bool sent = value_get_int(run, "sent", 0) != 0;

    if (!here)
        return "";
    return tr(ctx, sent ? "admin.backups.both" : "admin.backups.here");
}

static void show_run(struct ctx *ctx, struct value *run)
{
    const char *state = state_of(run);
    int64_t bytes = value_get_int(run, "bytes", 0);

    value_set_text(
        run, "state_text",
        tr(ctx, arena_printf(ctx->arena, "admin.backups.state_%s", state)));
    value_set_text(run, "color", color_of(state));
    if (bytes)
        value_set_text(run, "size", size_human(ctx, bytes));
    value_set_bool(run, "locked",
                   value_get_int(run, "encrypted", 0) != 0 &&
                       *where_of(ctx, run));
    value_set_text(run, "where", where_of(ctx, run));
    value_set_bool(run, "known",
                   strcmp(state, "running") == 0 &&
                       value_get_int(run, "total", 0) > 0);
    value_set_bool(run, "watched", value_get_int(run, "person", 0) != 0);
    portal_time(ctx, run, value_get_int(run, "begun", 0));
}

static int show_backups(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    struct value *data = value_map(ctx->arena), *runs;
    struct value *empty = value_map(ctx->arena);
    bool running = false;
    size_t i;
    int rc = backup_runs(&runs, ctx, SHOWN);

    (void)payload;
    if (rc)
        return rc;
    for (i = 0; i < value_count(runs); i++) {
        show_run(ctx, value_at(runs, i));
        running =
            running ||
            text_equal(value_get_text(value_at(runs, i), "state"), "running");
    }
    value_set(data, "runs", runs);
    value_set_bool(data, "running", running);
    value_set(data, "facts", facts_of(ctx));
    value_set(data, "advice", advice_of(ctx, runs));
    value_set_text(empty, "text", tr(ctx, "admin.backups.none"));
    value_set_text(empty, "icon", "database");
    value_set(data, "empty", empty);
    admin_crumbs(ctx, data, NULL, NULL);
    return portal_page(ctx, request, response, "admin/backups",
                       tr(ctx, "admin.backups.title"), data);
}

static int begin_backup(struct ctx *ctx, struct request *request,
                        struct response *response, void *payload)
{
    static const char *const names[] = { NULL };
    int64_t job;
    int rc = request_only(ctx, request, names);

    (void)payload;
    if (!rc)
        rc = tx_begin(ctx, "backup.now");
    if (rc)
        return rc;
    rc = backup_now(&job, ctx);
    if (!rc)
        rc = audit_add(ctx, "site", 0, "backup", NULL);
    rc = tx_end(ctx, rc);
    return rc ? rc
              : response_done(
                    ctx, request, response,
                    arena_printf(ctx->arena, "/jobs/%lld", (long long)job),
                    tr(ctx, "admin.backups.begun"));
}

void admin_backups_start(void)
{
    static const struct route routes[] = {
        { "GET", "/admin/backups", ROUTE_ADMINISTRATOR,
          ROUTE_PAGE | ROUTE_RESERVED, show_backups, NULL, NULL, NULL },
        { "POST", "/admin/backups", ROUTE_ADMINISTRATOR, 0, begin_backup, NULL,
          NULL, NULL },
        { 0 },
    };
    static const struct menu_entry entry = { .area = "administration",
                                             .key = "admin.backups.title",
                                             .path = "/admin/backups",
                                             .icon = "database",
                                             .administrator = true,
                                             .order = 70 };

    route_add_table(routes);
    menu_add(&entry);
}
