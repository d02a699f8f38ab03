/*
 * help.h - what `tenon --help` and `tenon COMMAND --help` say.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

struct command;
struct ctx;

/* All commands, a line each. */
void help_all(struct ctx *ctx, FILE *to);
/* How a command is called: each form of its usage on a line of its own. */
void help_usage(struct ctx *ctx, const struct command *command, FILE *to);
/* That, what it does, what each of its options means, its exit codes. */
void help_command(struct ctx *ctx, const struct command *command, FILE *to);

#endif
