/*
 * cli.c - finding the command, options, messages.
 */
#include "base/banned.h"

#include "cli/cli.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"
#include "cli/help.h"

enum { ARENA_LIMIT = 256 * 1024 * 1024 };

const struct command cli_commands[] = {
    { "init", "cli.init.summary",
      "[--demo] [--store URL [--join]] [--listen ADDRESS] [--locale LOCALE] "
      "[--zone ZONE] "
      "[--url URL] FOLDER",
      command_init, false, false },
    { "serve", "cli.serve.summary",
      "[--listen ADDRESS] [--next-port] [--announce] SITE", command_serve,
      false, true },
    { "worker", "cli.worker.summary", "--lane LANE SITE", command_worker, true,
      true },
    { "user", "cli.user.summary",
      "add LOGIN [--name NAME] [--mail MAIL] [--department NAME] "
      "[--role KEY] [--link] [--site SITE]\n"
      "passwd LOGIN [--link] [--site SITE]\n"
      "disable LOGIN\nenable LOGIN\nlist\nrole list\n"
      "token LOGIN [--name NAME] [--scopes LIST] [--forms LIST] "
      "[--days NUMBER]\n"
      "role add KEY [--title NAME]\nrole give KEY LOGIN\n"
      "role take KEY LOGIN",
      command_user, false, false },
    { "plugin", "plugin.summary",
      "list SITE\nenable [--department NAMES] SITE ID\ndisable SITE "
      "ID\nrelease SITE ID\n"
      "install [--downgrade] SITE FOLDER\nremove SITE ID\n"
      "new [--lua] NAME\n"
      "test [--tests FOLDER] [--only TEXT] [--allocations] FOLDER",
      command_plugin, false, false },
    { "backup", "cli.backup.summary",
      "[--key FILE] SITE BACKUP\nmake SITE\nlist [--json] SITE\n"
      "verify [--key FILE] BACKUP\nrestore [--key FILE] BACKUP SITE\n"
      "key FILE\nfetch SITE NAME BACKUP",
      command_backup, false, false },
    { "restore", "cli.restore.summary",
      "[--key FILE] BACKUP SITE\n--check [--key FILE] BACKUP", command_restore,
      false, false },
    { "migrate-store", "cli.migrate_store.summary",
      "--to URL [--keep-config] [SITE]\n--to sqlite [--keep-config] [SITE]",
      command_migrate_store, false, false },
    { "import", "import.summary",
      "FILE… --form NAME [--sheet NAME] [--decimal SIGN] [--all-or-none] "
      "[--site SITE]",
      command_import, false, false },
    { "export", "export.summary", "SITE --form NAME [--to FILE]",
      command_export, false, false },
    { "files", "cli.files.summary",
      "check [SITE]\nverify [--quick] [SITE]\nmove [SITE]\nadopt [SITE]",
      command_files, false, false },
    { "jobs", "cli.jobs.summary",
      "list [--state STATE] [--kind KIND] [--module ID] [--schedules] SITE\n"
      "retry SITE ID…\ncancel SITE ID…\npriority SITE ID NUMBER\n"
      "export [--json] [--to FILE] SITE",
      command_jobs, false, false },
    { "doctor", "cli.doctor.summary", "[--verify] [--mend] [--json] [SITE]",
      command_doctor, false, false },
    { "routes", "cli.routes.summary", "[--json] [SITE]", command_routes, true,
      false },
    { "manual", "cli.manual.summary", "man\nbash", command_manual, true,
      false },
    { 0 },
};

static const struct command *find(const char *name)
{
    const struct command *command;

    for (command = cli_commands; command->name; command++) {
        if (strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}

/* 1: taken, with how many words; 0: no such option. */
static int take(const struct option_row *rows, int left, char **argv,
                int *words)
{
    const char *name = argv[0] + 2, *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const struct option_row *row;

    for (row = rows; row->name; row++) {
        if (strlen(row->name) != length ||
            strncmp(row->name, name, length) != 0)
            continue;
        *words = 1;
        if (row->flag && !equals) {
            *row->flag = true;
        } else if (row->value && equals) {
            *row->value = equals + 1;
        } else if (row->value && left > 1) {
            *row->value = argv[1];
            *words = 2;
        } else {
            return 0;
        }
        return 1;
    }
    return 0;
}

int cli_options(struct ctx *ctx, const struct option_row *rows, int *argc,
                char **argv)
{
    int from, to = 1;

    for (from = 1; from < *argc;) {
        int words = 1;

        if (strcmp(argv[from], "--") == 0) {
            for (from++; from < *argc; from++)
                argv[to++] = argv[from];
            break;
        }
        if (strncmp(argv[from], "--", 2) != 0) {
            argv[to++] = argv[from++];
            continue;
        }
        if (strcmp(argv[from], "--help") == 0)
            return cli_usage(ctx, argv[0]);
        if (!take(rows, *argc - from, argv + from, &words)) {
            (void)fail(ctx, E_INVALID, "cli.no_option",
                       "%s is no option of this command, or lacks its value",
                       argv[from]);
            fprintf(stderr, "tenon: %s\n", ctx_error(ctx));
            return cli_usage(ctx, argv[0]);
        }
        from += words;
    }
    argv[to] = NULL;
    *argc = to;
    return 0;
}

int cli_site(struct ctx *ctx, const char *folder)
{
    struct site *site;
    int rc;

    if (!folder)
        folder = getenv("TENON_SITE");
    if (!folder)
        return fail(ctx, E_INVALID, "cli.no_site",
                    "which site? name its folder");
    rc = site_read(&site, ctx, folder);
    if (rc == 0)
        ctx->site = site;
    return rc;
}

static void print_problems(struct ctx *ctx)
{
    const struct problem *problem;

    for (problem = ctx->problems; problem; problem = problem->next)
        fprintf(stderr, "tenon: %s\n", problem_message(ctx, problem));
    if (!ctx->problems)
        fprintf(stderr, "tenon: %s\n", ctx_error(ctx));
}

/* The terminal's language: LC_ALL, LC_MESSAGES, LANG ("zh_TW.UTF-8"). */
static const char *terminal_locale(struct arena *arena)
{
    static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        char *copy, *at;

        if (text_empty(value))
            continue;
        copy = arena_strdup(arena, value);
        copy[strcspn(copy, ".@")] = '\0';
        for (at = copy; *at; at++) {
            if (*at == '_')
                *at = '-';
        }
        return locale_negotiate(copy, NULL);
    }
    return "en";
}

static int load_texts(struct ctx *ctx)
{
    const char *share = share_folder(ctx);

    ctx->locale = terminal_locale(ctx->arena);
    return catalog_load(ctx, arena_printf(ctx->arena, "%s/locale", share),
                        NULL);
}

int cli_usage(struct ctx *ctx, const char *name)
{
    const struct command *command = find(name);

    /* Commands with own_texts may not have got as far. */
    if (command && (tr_find("en", "cli.usage_of") || load_texts(ctx) == 0))
        help_usage(ctx, command, stderr);
    return CLI_USAGE;
}

static int run(struct ctx *ctx, int argc, char **argv)
{
    const struct command *command = argc > 1 ? find(argv[1]) : NULL;
    bool asks = argc > 1 && (strcmp(argv[1], "--help") == 0 ||
                             strcmp(argv[1], "help") == 0);
    bool helps = command && argc == 3 && strcmp(argv[2], "--help") == 0;
    int rc;

    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("tenon " TENON_VERSION);
        return CLI_OK;
    }
    /* The front and its workers load what they need themselves. */
    if (!command || !command->own_texts || helps) {
        rc = load_texts(ctx);
        if (rc)
            return rc;
    }
    if (asks) {
        help_all(ctx, stdout);
        return CLI_OK;
    }
    if (!command) {
        help_all(ctx, stderr);
        return CLI_USAGE;
    }
    if (helps) {
        help_command(ctx, command, stdout);
        return CLI_OK;
    }
    return command->run(ctx, argc - 1, argv + 1);
}

int cli_main(int argc, char **argv)
{
    struct arena *arena = arena_new(ARENA_LIMIT);
    struct ctx ctx;
    int rc = crypto_start();

    ctx_init(&ctx, arena);
    log_process("tenon");
    if (rc == 0)
        rc = run(&ctx, argc, argv);
    if (rc < 0) {
        print_problems(&ctx);
        rc = CLI_FAILED;
    }
    fflush(stdout);
    arena_free(arena);
    return rc;
}
