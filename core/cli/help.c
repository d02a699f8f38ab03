/*
 * help.c - what `tenon --help` and `tenon COMMAND --help` say.
 *
 * A command's usage names its options; what each means stands in the catalog
 * under cli.option.COMMAND.OPTION. So the table of commands is all there is.
 */
#include "base/banned.h"

#include "cli/help.h"

#include <ctype.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "cli/cli.h"

enum { COLUMNS = 79, INDENT = 8, OPTION_COLUMN = 24 };

/* One form of a usage, broken before what would pass the last column. */
static void print_form(const struct command *command, struct str form, FILE *to)
{
    size_t column = (size_t)fprintf(to, "  tenon %s", command->name);
    const char *at = form.data, *end = at + form.length;

    while (at < end) {
        const char *word = at;

        /* "[--name NAME]" stays in one piece. */
        while (at < end && (*at != ' ' || (*word == '[' && at[-1] != ']')))
            at++;
        if (column + 1 + (size_t)(at - word) > COLUMNS)
            column = (size_t)fprintf(to, "\n%*s", INDENT - 1, "") - 1;
        column += (size_t)fprintf(to, " %.*s", (int)(at - word), word);
        while (at < end && *at == ' ')
            at++;
    }
    fputc('\n', to);
}

void help_usage(struct ctx *ctx, const struct command *command, FILE *to)
{
    const char *at = command->usage;

    fprintf(to, "%s\n", tr(ctx, "cli.usage_of"));
    for (;;) {
        size_t length = strcspn(at, "\n");

        print_form(command, (struct str){ at, length }, to);
        if (!at[length])
            return;
        at += length + 1;
    }
}

static void print_option(struct ctx *ctx, const struct command *command,
                         struct str name, struct str argument, FILE *to)
{
    const char *key = arena_printf(ctx->arena, "cli.option.%s.%.*s",
                                   command->name, (int)name.length, name.data);
    int width = fprintf(to, "  --%.*s%s%.*s", (int)name.length, name.data,
                        argument.length ? " " : "", (int)argument.length,
                        argument.data);

    fprintf(to, "%*s%s\n", width < OPTION_COLUMN ? OPTION_COLUMN - width : 1,
            "", tr(ctx, key));
}

static bool said_before(const char *usage, struct str name)
{
    const char *at = usage;

    while ((at = strstr(at, "--")) && at + 2 != name.data) {
        at += 2;
        if (strncmp(at, name.data, name.length) == 0 &&
            !islower((unsigned char)at[name.length]) && at[name.length] != '-')
            return true;
    }
    return false;
}

static void print_options(struct ctx *ctx, const struct command *command,
                          FILE *to)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz-";
    static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *at = strstr(command->usage, "--");

    if (at)
        fprintf(to, "\n%s\n", tr(ctx, "cli.options"));
    for (; at; at = strstr(at, "--")) {
        struct str name, argument = { 0 };

        at += 2;
        name = (struct str){ at, strspn(at, letters) };
        at += name.length;
        if (*at == ' ')
            argument = (struct str){ at + 1, strspn(at + 1, capitals) };
        if (!said_before(command->usage, name))
            print_option(ctx, command, name, argument, to);
    }
}

void help_command(struct ctx *ctx, const struct command *command, FILE *to)
{
    help_usage(ctx, command, to);
    fprintf(to, "\n%s\n", tr(ctx, command->summary_key));
    print_options(ctx, command, to);
    fprintf(to, "\n%s\n", tr(ctx, "cli.exit_codes"));
}

void help_all(struct ctx *ctx, FILE *to)
{
    const struct command *command;

    fprintf(to, "%s\n\n", tr(ctx, "cli.usage"));
    for (command = cli_commands; command->name; command++) {
        if (!command->hidden)
            fprintf(to, "  %-13s %s\n", command->name,
                    tr(ctx, command->summary_key));
    }
    fprintf(to, "\n%s\n", tr(ctx, "cli.more"));
}
