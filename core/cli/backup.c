/*
 * backup.c - `tenon backup`: a checked copy of a site, served or not.
 *
 * The command copies by itself, as another reader of the store: it needs
 * nothing of the running service and stops nobody.
 */
#include "base/banned.h"

#include "store/backup.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/site.h"

static void show(void *payload, int64_t done, int64_t total)
{
    progress_show(payload, done, total);
}

int command_backup(struct ctx *ctx, int argc, char **argv)
{
    struct progress_bar bar = { .title = "backup" };
    const struct backup_options options = { show, &bar };
    const struct option_row rows[] = { { 0 } };
    int rc = cli_options(ctx, rows, &argc, argv);

    if (rc)
        return rc;
    if (argc != 3)
        return cli_usage(ctx, argv[0]);
    rc = site_command_open(ctx, argv[1]);
    if (!rc)
        rc = backup_make(ctx, argv[2], &options);
    progress_end(&bar);
    site_command_close(ctx);
    if (rc)
        return rc;
    printf("%s\n", argv[2]);
    return CLI_OK;
}
