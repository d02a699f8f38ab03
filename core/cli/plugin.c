/*
 * plugin.c - `tenon plugin`: which modules a site has, on and off; and for
 * those who write one, a first one and its tests.
 *
 * Switching works on a served site as well as on a stopped one; a served one
 * takes over what was switched without a restart, and the command waits for
 * that.
 */
#include "base/banned.h"

#include "cli/cli.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "org/org.h"
#include "cli/site.h"
#include "kit/kit.h"
#include "kit/scaffold.h"
#include "plugin/folder.h"
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
        int64_t held = value_get_int(module, "held", 0);

        printf("%s\t%s\t%s\t%s\n", value_get_text(module, "id"),
               value_get_text(module, "version"),
               value_get_text(module, "state"),
               value_get_text(module, "title"));
        if (problem)
            printf("  %s\n", problem);
        if (incident)
            printf("  %s %s\n", tr(ctx, "plugin.incident"), incident);
        if (held) {
            struct value *args = value_map(ctx->arena);

            value_set_int(args, "count", held);
            printf("  %s\n", tr_with(ctx, "plugin.held", args));
        }
    }
    return rc;
}

/* What was asked for. */
struct wishes {
    const char *tests, *only, *departments;
    bool lua, downgrade, allocations;
};

/* A department by its number or its name. */
static int department_of(int64_t *out, struct ctx *ctx, const char *text)
{
    const struct department **list;
    size_t count, i;
    int64_t number = 0;
    int rc = department_list(&list, &count, ctx);

    *out = 0;
    (void)int_parse(&number, text, 1, INT64_MAX);
    for (i = 0; !rc && i < count; i++) {
        if (list[i]->id != number && strcmp(list[i]->name, text) != 0)
            continue;
        if (*out)
            return fail(ctx, E_INVALID, "plugin.two_departments",
                        "there are several departments called \"%s\"", text);
        *out = list[i]->id;
    }
    if (!rc && !*out)
        rc = fail(ctx, E_INVALID, "plugin.no_department",
                  "there is no department \"%s\"", text);
    return rc;
}

/* --department A,B: for these; all: for everybody; not given: as it was. */
static int read_departments(struct value **out, struct ctx *ctx,
                            const char *text)
{
    char *rest = arena_strdup(ctx->arena, text), *one;
    int64_t id;
    int rc = 0;

    *out = value_list(ctx->arena);
    if (strcmp(text, "all") == 0)
        return 0;
    while (!rc && (one = strsep(&rest, ","))) {
        rc = department_of(&id, ctx, one);
        if (!rc)
            value_append(*out, value_int(ctx->arena, id));
    }
    return rc;
}

static int enable(struct ctx *ctx, const char *id, const char *departments)
{
    struct value *ids;
    int rc = departments ? read_departments(&ids, ctx, departments) : 0;

    /* Before it is on: it is never open to others, not for a moment. */
    if (!rc && departments)
        rc = access_module_departments_set(ctx, id, ids);
    return rc ? rc : plugin_set_enabled(ctx, id, true);
}

static int act(struct ctx *ctx, const char *verb, const char *id,
               const struct wishes *wishes)
{
    int rc;

    if (strcmp(verb, "enable") == 0)
        rc = enable(ctx, id, wishes->departments);
    else if (strcmp(verb, "disable") == 0)
        rc = plugin_set_enabled(ctx, id, false);
    else if (strcmp(verb, "release") == 0)
        rc = plugin_quarantine_lift(ctx, id);
    else if (strcmp(verb, "install") == 0)
        rc = plugin_install(&id, ctx, id, wishes->downgrade);
    else if (strcmp(verb, "remove") == 0)
        return plugin_remove(ctx, id);
    else
        return CLI_USAGE;
    return rc ? rc : plugin_settle(ctx, id, SETTLE_SECONDS);
}

static int test(struct ctx *ctx, const char *folder,
                const struct wishes *wishes)
{
    const struct kit_options options = {
        .folder = folder,
        .tests = wishes->tests,
        .only = wishes->only,
        .allocations = wishes->allocations,
    };
    int failed = 0;
    int rc = kit_run(&failed, ctx, &options);

    return rc ? rc : failed ? CLI_FAILED : CLI_OK;
}

static int begin(struct ctx *ctx, const char *name, bool lua)
{
    int rc = scaffold_write(ctx, name, lua);

    if (!rc)
        printf("%s\n\n", tr(ctx, "kit.scaffold.done"));
    if (!rc && lua)
        printf("  tenon plugin test %s\n", name);
    else if (!rc)
        printf("  cd %s\n  cmake -B build && cmake --build build\n"
               "  ctest --test-dir build --output-on-failure\n",
               name);
    return rc;
}

int command_plugin(struct ctx *ctx, int argc, char **argv)
{
    struct wishes wishes = { 0 };
    const struct option_row rows[] = {
        { "tests", &wishes.tests, NULL },
        { "only", &wishes.only, NULL },
        { "department", &wishes.departments, NULL },
        { "lua", NULL, &wishes.lua },
        { "downgrade", NULL, &wishes.downgrade },
        { "allocations", NULL, &wishes.allocations },
        { 0 },
    };
    int rc = cli_options(ctx, rows, &argc, argv);

    if (rc)
        return rc;
    if (argc == 3 && strcmp(argv[1], "test") == 0)
        return test(ctx, argv[2], &wishes);
    if (argc == 3 && strcmp(argv[1], "new") == 0)
        return begin(ctx, argv[2], wishes.lua);
    if (argc < 3 || argc > 4 || (argc == 3) != (strcmp(argv[1], "list") == 0))
        return cli_usage(ctx, argv[0]);
    rc = site_command_open(ctx, argv[2]);
    if (!rc)
        rc = argc == 3 ? list(ctx) : act(ctx, argv[1], argv[3], &wishes);
    site_command_close(ctx);
    return rc == CLI_USAGE ? cli_usage(ctx, argv[0]) : rc;
}
