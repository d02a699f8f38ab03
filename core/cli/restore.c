/*
 * restore.c - `tenon restore`: puts a backup into an empty folder or a
 * stopped site. --check only looks whether the backup is whole.
 *
 * What an older version made is brought up to this one before anything is
 * replaced; what a newer one made is refused then.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/site.h"
#include "cli/backup.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "store/archive.h"
#include "store/backup.h"
#include "store/db.h"
#include "store/tree.h"
#include "worker/schema.h"

enum { SLOW_MS = 10000 };

static void show(void *payload, int64_t done, int64_t total)
{
    progress_show(payload, done, total);
}

static int migrate_copy(struct ctx *ctx)
{
    const char *newer;
    int rc = schema_newer(&newer, ctx);

    if (!rc && newer)
        rc = fail(ctx, E_UNSUPPORTED, "store.backup_version",
                  "the backup was made by a newer version of the program");
    return rc ? rc : schema_migrate(ctx);
}

/* The new site stands in `folder`, the old one in its place. */
static int prepare(struct ctx *ctx, const char *folder)
{
    struct site site = { .folder = folder,
                         .share = share_folder(ctx),
                         .settings = { .slow_query_ms = SLOW_MS,
                                       .store.driver = "sqlite",
                                       .durability = "full" } };
    struct ctx own = *ctx;
    int rc;

    own.site = &site;
    own.db = NULL;
    own.system = true;
    rc = tree_make(&own, arena_printf(ctx->arena, "%s/run", folder));
    if (!rc)
        rc = db_open(&own, folder, DB_WORKER);
    if (!rc)
        rc = migrate_copy(&own);
    if (own.db)
        db_close(own.db);
    ctx->problems = own.problems;
    ctx->last_problem = own.last_problem;
    ctx->problem_count = own.problem_count;
    return rc;
}

int restore_verify(struct ctx *ctx, const char *backup, const char *path)
{
    struct progress_bar bar = { .title = "verify" };
    struct backup_options options = { .progress = show, .payload = &bar };
    struct backup_key key;
    int rc = backup_key_option(&options, &key, ctx, path);

    if (!rc)
        rc = backup_verify(ctx, backup, &options);
    progress_end(&bar);
    if (rc)
        return rc;
    printf("%s\n", tr(ctx, "cli.restore.whole"));
    return CLI_OK;
}

int restore_into(struct ctx *ctx, const char *backup, const char *site,
                 const char *path)
{
    struct progress_bar bar = { .title = "restore" };
    struct backup_options options = { .progress = show,
                                      .payload = &bar,
                                      .prepare = prepare };
    struct backup_key key;
    int rc = backup_key_option(&options, &key, ctx, path);

    log_level_set(LOG_WARN);
    if (!rc)
        rc = backup_restore(ctx, backup, site, &options);
    progress_end(&bar);
    if (rc)
        return rc;
    printf("%s\n", tr(ctx, "cli.restore.done"));
    return CLI_OK;
}

int command_restore(struct ctx *ctx, int argc, char **argv)
{
    const char *key = NULL;
    bool check = false;
    const struct option_row rows[] = { { "check", NULL, &check },
                                       { "key", &key, NULL },
                                       { 0 } };
    int rc = cli_options(ctx, rows, &argc, argv);

    if (rc)
        return rc;
    if (argc != (check ? 2 : 3))
        return cli_usage(ctx, argv[0]);
    return check ? restore_verify(ctx, argv[1], key)
                 : restore_into(ctx, argv[1], argv[2], key);
}
