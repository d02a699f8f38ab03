/*
 * worker.c - `tenon worker`: started by `tenon serve` only.
 */
#include "base/banned.h"

#include "worker/worker.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "cli/cli.h"

int command_worker(struct ctx *ctx, int argc, char **argv)
{
    struct worker_options options = { .lane = "pages", .name = "worker" };
    const char *generation = "0";
    const struct option_row rows[] = {
        { "lane", &options.lane, NULL },
        { "name", &options.name, NULL },
        { "generation", &generation, NULL },
        { 0 },
    };
    int64_t number = 0;
    int rc = cli_options(ctx, rows, &argc, argv);

    if (rc)
        return rc;
    if (argc != 2 || int_parse(&number, generation, 0, INT32_MAX))
        return cli_usage(ctx, argv[0]);
    options.generation = (int)number;
    rc = cli_site(ctx, argv[1]);
    return rc ? EXIT_FATAL : worker_run(ctx, &options);
}
