/*
 * export.c - `tenon export SITE --form NAME`: records as CSV.
 */
#include "base/banned.h"

#include <errno.h>
#include <fcntl.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/value.h"
#include "cli/cli.h"
#include "cli/site.h"
#include "form/export.h"

int command_export(struct ctx *ctx, int argc, char **argv)
{
    const char *name = NULL, *to = NULL;
    const struct option_row rows[] = {
        { "form", &name, NULL },
        { "to", &to, NULL },
        { 0 },
    };
    struct record_query query = { .sort = "id" };
    const struct form *form;
    int64_t count = 0;
    int fd = STDOUT_FILENO;
    int rc = cli_options(ctx, rows, &argc, argv);

    if (rc)
        return rc;
    if (argc > 2 || !name)
        return cli_usage(ctx, argv[0]);
    rc = site_command_open(ctx, argc > 1 ? argv[1] : NULL);
    if (!rc)
        rc = form_find(&form, ctx, name);
    if (!rc && to) {
        fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0)
            rc =
                fail(ctx, E_IO, "export.write",
                     "the export can't be written: %s", strerrordesc_np(errno));
    }
    if (!rc)
        rc = export_csv(&count, ctx, form, &query, fd);
    if (to && fd >= 0 && fd != STDOUT_FILENO && close(fd) && !rc)
        rc = fail(ctx, E_IO, "export.write", "the export can't be written: %s",
                  strerrordesc_np(errno));
    site_command_close(ctx);
    return rc;
}
