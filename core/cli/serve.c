/*
 * serve.c - `tenon serve`: the service itself.
 */
#include "base/banned.h"

#include <limits.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/site.h"
#include "cli/cli.h"
#include "front/front.h"

/* This very program, for its workers. */
static const char *own_program(struct ctx *ctx)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);

    if (length <= 0)
        return NULL;
    return arena_strndup(ctx->arena, path, (size_t)length);
}

/* Files would go into the folder below a mount point. */
static int check_files(struct ctx *ctx)
{
    const char *path = ctx->site->settings.files.path;
    struct stat info;

    if (path && (stat(path, &info) < 0 || !S_ISDIR(info.st_mode)))
        return fail(ctx, E_IO, "store.files_none", "there is no folder %s",
                    path);
    return 0;
}

int command_serve(struct ctx *ctx, int argc, char **argv)
{
    struct front_options options = { 0 };
    const struct option_row rows[] = {
        { "listen", &options.listen, NULL },
        { "next-port", NULL, &options.next_port },
        { "announce", NULL, &options.announce },
        /* Another worker program: the fault tests bring one. */
        { "worker-program", &options.program, NULL },
        { 0 },
    };
    int rc = cli_options(ctx, rows, &argc, argv);

    if (rc)
        return rc;
    if (argc > 2)
        return cli_usage(ctx, argv[0]);
    rc = cli_site(ctx, argc > 1 ? argv[1] : NULL);
    if (!rc)
        rc = check_files(ctx);
    if (rc)
        return rc;
    options.site = ctx->site;
    if (!options.program)
        options.program = own_program(ctx);
    if (!options.program)
        return fail(ctx, E_IO, "cli.no_program", "/proc is not there");
    return front_run(ctx, &options);
}
