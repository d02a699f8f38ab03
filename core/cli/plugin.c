/*
 * plugin.c - `tenon plugin`: which modules a site has, on and off.
 *
 * Works on a served site as well as on a stopped one; a served one takes over
 * what was switched without a restart, and the command waits for that.
 */
#include "base/banned.h"

#include "cli/cli.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "cli/site.h"
#include "plugin/plugin.h"

enum { SETTLE_SECONDS = 30 };

static int list(struct ctx *ctx)
{
    struct value *modules;
    size_t i;
    int rc = plugin_list(&modules, ctx);

    for (i = 0; !rc && i < value_count(modules); i++) {
        const struct value *module = value_at(modules, i);
        const char *problem = value_get_text(module, "problem");
        const char *incident = value_get_text(module, "incident");

        printf("%s\t%s\t%s\t%s\n", value_get_text(module, "id"),
               value_get_text(module, "version"),
               value_get_text(module, "state"),
               value_get_text(module, "title"));
        if (problem)
            printf("  %s\n", problem);
        if (incident)
            printf("  %s %s\n", tr(ctx, "plugin.incident"), incident);
    }
    return rc;
}

static int act(struct ctx *ctx, const char *verb, const char *id)
{
    int rc;

    if (strcmp(verb, "enable") == 0)
        rc = plugin_set_enabled(ctx, id, true);
    else if (strcmp(verb, "disable") == 0)
        rc = plugin_set_enabled(ctx, id, false);
    else if (strcmp(verb, "release") == 0)
        rc = plugin_quarantine_lift(ctx, id);
    else
        return CLI_USAGE;
    return rc ? rc : plugin_settle(ctx, id, SETTLE_SECONDS);
}

int command_plugin(struct ctx *ctx, int argc, char **argv)
{
    const struct option_row rows[] = { { 0 } };
    int rc = cli_options(ctx, rows, &argc, argv);

    if (rc)
        return rc;
    if (argc < 3 || argc > 4 || (argc == 3) != (strcmp(argv[1], "list") == 0))
        return cli_usage(ctx, argv[0]);
    rc = site_command_open(ctx, argv[2]);
    if (!rc)
        rc = argc == 3 ? list(ctx) : act(ctx, argv[1], argv[3]);
    site_command_close(ctx);
    return rc == CLI_USAGE ? cli_usage(ctx, argv[0]) : rc;
}
