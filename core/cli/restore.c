/*
 * restore.c - `tenon restore`: puts a backup into an empty folder or a
 * stopped site. --check only looks whether the backup is whole.
 */
#include "base/banned.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "store/backup.h"

static void show(void *payload, int64_t done, int64_t total)
{
    progress_show(payload, done, total);
}

int command_restore(struct ctx *ctx, int argc, char **argv)
{
    struct progress_bar bar = { .title = "restore" };
    const struct backup_options options = { show, &bar };
    bool check = false;
    const struct option_row rows[] = { { "check", NULL, &check }, { 0 } };
    int rc = cli_options(ctx, rows, &argc, argv);

    if (rc)
        return rc;
    if (argc != (check ? 2 : 3))
        return cli_usage(ctx, argv[0]);
    rc = check ? backup_verify(ctx, argv[1], &options)
               : backup_restore(ctx, argv[1], argv[2], &options);
    progress_end(&bar);
    if (rc)
        return rc;
    printf("%s\n", tr(ctx, check ? "cli.restore.whole" : "cli.restore.done"));
    return CLI_OK;
}
