/*
 * migrate_store.c - `tenon migrate-store`: a site's rows into another store,
 * and tenon.cfg after them.
 *
 * The folder stays the site's, with its files, modules and settings. The old
 * store is not changed: tenon.db stays where it is (or beside, when a new one
 * takes its place), a database of PostgreSQL keeps its tables.
 */
#include "base/banned.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "store/store_setting.h"
#include "form/search.h"
#include "store/backup.h"
#include "store/copy.h"
#include "store/db.h"
#include "store/lock.h"
#include "store/tree.h"
#include "worker/schema.h"

#define FILE_NOW "tenon.db"
#define FILE_COPY "tenon.db.copy"

struct moving {
    struct ctx *ctx; /* of the command, and of the store that is left */
    struct ctx to;
    struct site site; /* as it will be */
    struct copy_report report;
    int service, alone; /* the folder's locks */
};

/* ---- where to ---- */

static bool is_own_file(struct ctx *ctx, const char *path)
{
    struct stat mine, named;

    return stat(site_path(ctx, ctx->site, FILE_NOW), &mine) == 0 &&
           stat(path, &named) == 0 && mine.st_ino == named.st_ino &&
           mine.st_dev == named.st_dev;
}

static int choose_store(struct moving *moving, const char *to)
{
    struct ctx *ctx = moving->ctx;
    const struct store_settings *now = &ctx->site->settings.store;
    struct store_settings *then = &moving->site.settings.store;

    *then = (struct store_settings){ .driver = "sqlite", .file = FILE_COPY };
    if (text_starts(to, "postgresql://") || text_starts(to, "postgres://"))
        *then = (struct store_settings){ .driver = "postgresql", .url = to };
    else if (!text_equal(to, "sqlite") && !is_own_file(ctx, to) &&
             !text_equal(to, site_path(ctx, ctx->site, FILE_NOW)))
        return fail(ctx, E_INVALID, "cli.migrate_store.to",
                    "--to wants an address \"postgresql://user@host/database\""
                    " or \"sqlite\", which is the file %s in the site's "
                    "folder",
                    FILE_NOW);
    if (text_equal(then->driver, now->driver) &&
        (!then->url || text_equal(then->url, now->url)))
        return fail(ctx, E_CONFLICT, "cli.migrate_store.there",
                    "the site has its rows there already");
    return 0;
}

/* ---- opening ---- */

static int lock_folder(struct moving *moving)
{
    struct ctx *ctx = moving->ctx;
    const char *folder = ctx->site->folder;
    int rc = tree_make(ctx, site_path(ctx, ctx->site, "run"));

    if (!rc)
        rc = lock_service(&moving->service, ctx, folder);
    if (!rc)
        rc = lock_exclude(&moving->alone, ctx, folder);
    if (!rc && tree_exists(site_path(ctx, ctx->site, ".before")))
        rc = backup_recover(ctx, folder);
    return rc < 0 ? rc : 0;
}

/* Which site it is, by what its store says: when it was made, and the first
 * department's id. */
static int identity_of(const char **out, struct ctx *ctx)
{
    int64_t at = 0, first = 0;
    int rc = db_int(&at, ctx,
                    "SELECT at FROM store_migration WHERE"
                    " component = 'store' AND number = 1",
                    "");

    if (!rc)
        rc = db_int(&first, ctx,
                    "SELECT coalesce(min(id), 0) FROM org_department", "");
    *out =
        arena_printf(ctx->arena, "%lld-%lld", (long long)at, (long long)first);
    return rc;
}

static int open_source(struct moving *moving)
{
    struct ctx *ctx = moving->ctx;
    const char *differs = NULL;
    int rc = db_open(ctx, ctx->site->folder, DB_ALONE);

    if (!rc)
        rc = schema_differs(&differs, ctx);
    if (rc || !differs)
        return rc;
    return fail(ctx, E_UNSUPPORTED, "cli.migrate_store.version",
                "the site was last served by another version of this program "
                "(%s); serve it once with this one first",
                differs);
}

static int open_target(struct moving *moving)
{
    struct ctx *to = &moving->to;

    ctx_init(to, moving->ctx->arena);
    to->locale = moving->ctx->locale;
    to->site = &moving->site;
    to->system = true;
    return db_open(to, moving->site.folder, DB_ALONE | DB_CREATE);
}

static void close_all(struct moving *moving)
{
    db_close(moving->to.db);
    db_close(moving->ctx->db);
    moving->to.db = moving->ctx->db = NULL;
}

/* ---- copying ---- */

static void show(void *payload, int64_t done, int64_t total)
{
    progress_show(payload, done, total);
}

/* The key of several hosts is in the database; the file of a site that has
 * them is enough for one. */
static int last_step(struct ctx *to)
{
    int rc = search_forget(to);

    if (rc || !text_equal(to->site->settings.store.driver, "sqlite") ||
        !tree_exists(site_path(to, to->site, "site.key")))
        return rc;
    return db_exec(to, "DELETE FROM store_fact WHERE name = 'site_key'", "");
}

static int copy_rows(struct moving *moving)
{
    struct progress_bar bar = { .title = "migrate-store" };
    struct copy_options options = { .schema = schema_migrate,
                                    .last = last_step,
                                    .progress = show,
                                    .payload = &bar };
    struct ctx *ctx = moving->ctx;
    int rc = identity_of(&options.identity, ctx);

    if (!rc)
        rc = open_target(moving);
    if (!rc)
        rc = copy_site(&moving->report, &moving->to, ctx, &options);
    progress_end(&bar);
    if (rc && moving->to.problems)
        ctx->problems = moving->to.problems;
    return rc;
}

/* ---- the new file takes its place ---- */

static int move_file(struct ctx *ctx, const char *from, const char *to,
                     const char *end)
{
    from = arena_printf(ctx->arena, "%s%s", from, end);
    if (!tree_exists(from))
        return 0;
    return tree_rename(ctx, from, arena_printf(ctx->arena, "%s%s", to, end));
}

/* "tenon.db.2026-11-26T20-30-00Z": what a file is called that was replaced. */
static const char *name_kept(struct ctx *ctx)
{
    char at[TIME_TEXT_MAX], *colon;

    instant_format(at, clock_now());
    at[strcspn(at, ".Z")] = '\0';
    while ((colon = strchr(at, ':')))
        *colon = '-';
    return arena_printf(ctx->arena, "%s.%sZ",
                        site_path(ctx, ctx->site, FILE_NOW), at);
}

static int put_in_place(struct moving *moving)
{
    static const char *const ends[] = { "-wal", "-shm", "" };
    struct ctx *ctx = moving->ctx;
    const char *now = site_path(ctx, ctx->site, FILE_NOW);
    const char *copy = site_path(ctx, ctx->site, FILE_COPY);
    const char *kept = name_kept(ctx);
    const char *log = arena_printf(ctx->arena, "%s-wal", copy);
    struct stat info;
    size_t i;
    int rc = 0;

    if (stat(log, &info) == 0 && info.st_size > 0)
        return fail(ctx, E_STORE, "cli.migrate_store.log",
                    "the new database is not closed; run the command again");
    for (i = 0; !rc && i < 3; i++)
        rc = move_file(ctx, now, kept, ends[i]);
    if (!rc)
        rc = tree_remove(ctx, log);
    if (!rc)
        rc = tree_remove(ctx, arena_printf(ctx->arena, "%s-shm", copy));
    if (!rc)
        rc = tree_rename(ctx, copy, now);
    if (!rc)
        rc = tree_sync(ctx, ctx->site->folder);
    tree_give(now, ctx->site->folder);
    return rc;
}

/* ---- what is said at the end ---- */

static void print_report(struct moving *moving, bool switched)
{
    const struct copy_report *report = &moving->report;
    struct ctx *ctx = moving->ctx;
    struct value *args = value_map(ctx->arena);
    int64_t ms = report->copy_ms + report->check_ms;
    size_t i;

    value_set_int(args, "rows", report->rows);
    value_set_int(args, "tables", report->tables);
    value_set_int(args, "kept", report->kept);
    value_set_int(args, "rate", report->rows * 1000 / (ms > 0 ? ms : 1));
    printf("%s\n", tr_with(ctx, "cli.migrate_store.done", args));
    if (report->kept)
        printf("%s\n", tr_with(ctx, "cli.migrate_store.kept", args));
    for (i = 0; i < report->cleaned_count; i++) {
        value_set_text(args, "table", report->cleaned[i].table);
        value_set_text(args, "column", report->cleaned[i].column);
        value_set_int(args, "count", report->cleaned[i].count);
        printf("%s\n", tr_with(ctx, "cli.migrate_store.cleaned", args));
    }
    printf("%s\n", tr(ctx, switched ? "cli.migrate_store.switched"
                                    : "cli.migrate_store.unswitched"));
}

/* ---- the whole ---- */

static int move_site(struct moving *moving, bool keep)
{
    bool file = text_equal(moving->site.settings.store.driver, "sqlite");
    int rc = lock_folder(moving);

    if (!rc)
        rc = open_source(moving);
    if (!rc)
        rc = copy_rows(moving);
    close_all(moving);
    if (!rc && file)
        rc = put_in_place(moving);
    if (!rc && !keep)
        rc = store_setting_write(moving->ctx, &moving->site.settings.store);
    return rc;
}

int command_migrate_store(struct ctx *ctx, int argc, char **argv)
{
    struct moving moving = { .ctx = ctx, .service = -1, .alone = -1 };
    const char *to = NULL;
    bool keep = false;
    const struct option_row rows[] = { { "to", &to, NULL },
                                       { "keep-config", NULL, &keep },
                                       { 0 } };
    int rc = cli_options(ctx, rows, &argc, argv);

    if (rc)
        return rc;
    if (argc > 2 || !to)
        return cli_usage(ctx, argv[0]);
    ctx->system = true;
    rc = cli_site(ctx, argc == 2 ? argv[1] : NULL);
    if (rc)
        return rc;
    moving.site = *ctx->site;
    rc = choose_store(&moving, to);
    if (!rc)
        rc = move_site(&moving, keep);
    if (moving.alone >= 0)
        close(moving.alone);
    if (moving.service >= 0)
        close(moving.service);
    if (rc)
        return rc;
    print_report(&moving, !keep);
    return CLI_OK;
}
