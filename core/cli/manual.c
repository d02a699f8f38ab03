/*
 * manual.c - `tenon manual`: the table of commands as a man page's source
 * (scdoc(5)) and as bash's completion. The build makes both files of it, so
 * that neither can say something else than --help.
 */
#include "base/banned.h"

#include "cli/cli.h"

#include <ctype.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"

static const char option_letters[] = "abcdefghijklmnopqrstuvwxyz-";

/* scdoc takes _ and * for emphasis, and \ for an escape. */
static void print_escaped(const char *text, size_t length)
{
    size_t i;

    for (i = 0; i < length; i++) {
        if (strchr("_*\\[]#<", text[i]))
            putchar('\\');
        putchar(text[i]);
    }
}

/* Calls back for each option of a usage, once. */
static void each_option(struct ctx *ctx, const struct command *command,
                        void (*call)(struct ctx *ctx,
                                     const struct command *command,
                                     const char *name))
{
    const char *at = command->usage;
    const char *seen = "";

    while ((at = strstr(at, "--"))) {
        const char *name;

        at += 2;
        name = arena_strndup(ctx->arena, at, strspn(at, option_letters));
        at += strlen(name);
        if (strstr(seen, arena_printf(ctx->arena, " %s ", name)))
            continue;
        seen = arena_printf(ctx->arena, "%s %s ", seen, name);
        call(ctx, command, name);
    }
}

/* ---- the man page ---- */

static void print_option(struct ctx *ctx, const struct command *command,
                         const char *name)
{
    const char *text = tr(
        ctx, arena_printf(ctx->arena, "cli.option.%s.%s", command->name, name));

    printf("*--%s*\n\t", name);
    print_escaped(text, strlen(text));
    printf("\n\n");
}

static void print_command(struct ctx *ctx, const struct command *command)
{
    const char *at = command->usage, *summary = tr(ctx, command->summary_key);

    printf("## tenon %s\n\n", command->name);
    for (;;) {
        size_t length = strcspn(at, "\n");

        printf("*tenon %s* ", command->name);
        print_escaped(at, length);
        printf("%s\n", at[length] ? "++" : "");
        if (!at[length])
            break;
        at += length + 1;
    }
    printf("\n");
    print_escaped(summary, strlen(summary));
    printf(".\n\n");
    each_option(ctx, command, print_option);
}

static int print_man(struct ctx *ctx)
{
    const struct command *command;

    printf("tenon(1)\n\n# NAME\n\ntenon - the collaboration platform that "
           "companies build on\n\n# SYNOPSIS\n\n*tenon* _COMMAND_ "
           "\\[OPTIONS\\] ...++\n*tenon* --help++\n*tenon* --version\n\n"
           "# DESCRIPTION\n\nTenon serves forms, records, processes and "
           "modules of a company. All of its state is a folder, the *site*: "
           "_tenon init_ makes one, _tenon serve_ serves it, the other "
           "commands work on it whether it is served or not.\n\n"
           "# COMMANDS\n\n");
    for (command = cli_commands; command->name; command++)
        if (!command->hidden)
            print_command(ctx, command);
    printf("# ENVIRONMENT\n\n*TENON_SITE*\n\tThe site of commands that take "
           "--site or none.\n\n*TENON_SHARE*\n\tWhere pages, themes and "
           "modules lie; otherwise ../share/tenon beside the program.\n\n"
           "*NOTIFY_SOCKET*, *WATCHDOG_USEC*, *LISTEN_FDS*\n\tOf the service "
           "manager: see *systemd.service*(5).\n\n# FILES\n\n"
           "_SITE/tenon.cfg_\n\tSettings.\n\n_/var/lib/tenon/site_\n\tThe "
           "site that the service serves.\n\n# SIGNALS\n\n*SIGHUP*\n\tReads "
           "forms, flows, modules and the certificate again; no request is "
           "lost.\n\n*SIGTERM*, *SIGINT*\n\tEnds when the requests in work "
           "are answered; twice: at once.\n\n# EXIT STATUS\n\n0 done, 1 "
           "failed (standard error says why), 2 called wrongly.\n");
    return 0;
}

/* ---- completion ---- */

static void print_word(struct ctx *ctx, const struct command *command,
                       const char *name)
{
    (void)ctx;
    (void)command;
    printf(" --%s", name);
}

/* The words that a usage begins its lines with: "list", "enable" … */
static void print_verbs(const struct command *command)
{
    const char *at = command->usage;

    while (strchr(command->usage, '\n') && at) {
        size_t length = strspn(at, option_letters);

        if (islower((unsigned char)*at))
            printf(" %.*s", (int)length, at);
        at = strchr(at, '\n');
        at = at ? at + 1 : NULL;
    }
}

static int print_bash(struct ctx *ctx)
{
    const struct command *command;

    printf("# bash completion of tenon; made of its table of commands.\n"
           "_tenon()\n{\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} words=\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words=\"");
    for (command = cli_commands; command->name; command++)
        if (!command->hidden)
            printf("%s ", command->name);
    printf("--help --version\"\n    else\n"
           "        case ${COMP_WORDS[1]} in\n");
    for (command = cli_commands; command->name; command++) {
        if (command->hidden)
            continue;
        printf("        %s) words=\"--help", command->name);
        each_option(ctx, command, print_word);
        print_verbs(command);
        printf("\" ;;\n");
    }
    printf("        esac\n    fi\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
           "    [ \"$COMP_CWORD\" -gt 1 ] &&\n"
           "        COMPREPLY+=($(compgen -f -- \"$word\"))\n"
           "    return 0\n}\n"
           "complete -o filenames -F _tenon tenon\n");
    return 0;
}

int command_manual(struct ctx *ctx, int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "man") == 0)
        return print_man(ctx);
    if (argc == 2 && strcmp(argv[1], "bash") == 0)
        return print_bash(ctx);
    return cli_usage(ctx, argv[0]);
}
