/*
 * cli.h - `tenon COMMAND …`: the table of commands.
 *
 * One file a command; a new one is a row in cli.c. Exit codes: 0 done, 1 it
 * failed (the reason stands on standard error), 2 called wrongly.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>

struct ctx;
struct site;

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

struct command {
    const char *name;
    const char *summary_key; /* catalog key; one line */
    const char *usage;       /* "[--listen ADDRESS] SITE", behind the name */
    /* argv[0] is the command's name. Returns an exit code, or a negative
     * status whose problem stands in ctx and is printed for it. */
    int (*run)(struct ctx *ctx, int argc, char **argv);
    bool hidden;    /* not in the list of --help: the program's own use */
    bool own_texts; /* loads the catalogs itself: fewer, or later */
};

/* The table, ended by a row without name. */
extern const struct command cli_commands[];

/* The whole program: finds the command, prints help and problems. */
int cli_main(int argc, char **argv);

/*
 * Options of one command. "--name VALUE", "--name=VALUE" and "--flag" may
 * stand anywhere; "--" ends them; what is left are arguments.
 */
struct option_row {
    const char *name;   /* "listen" */
    const char **value; /* takes a value; or NULL */
    bool *flag;         /* is a switch; or NULL */
};

/* Takes the options (ended by a row without name) out of argv; *argc and argv
 * keep the arguments. Returns 0, or CLI_USAGE after a message. */
int cli_options(struct ctx *ctx, const struct option_row *rows, int *argc,
                char **argv);

/* Prints how the command is called; returns CLI_USAGE. */
int cli_usage(struct ctx *ctx, const char *command);

/* Opens the site of a command: `folder`, or $TENON_SITE where it is NULL.
 * Sets ctx->site. Negative status where there is none. */
int cli_site(struct ctx *ctx, const char *folder);

/* The commands of this file's neighbours. */
int command_serve(struct ctx *ctx, int argc, char **argv);
int command_worker(struct ctx *ctx, int argc, char **argv);
int command_init(struct ctx *ctx, int argc, char **argv);
int command_user(struct ctx *ctx, int argc, char **argv);
int command_plugin(struct ctx *ctx, int argc, char **argv);
int command_backup(struct ctx *ctx, int argc, char **argv);
int command_restore(struct ctx *ctx, int argc, char **argv);
int command_migrate_store(struct ctx *ctx, int argc, char **argv);
int command_files(struct ctx *ctx, int argc, char **argv);
int command_doctor(struct ctx *ctx, int argc, char **argv);
int command_import(struct ctx *ctx, int argc, char **argv);
int command_export(struct ctx *ctx, int argc, char **argv);
int command_jobs(struct ctx *ctx, int argc, char **argv);
int command_manual(struct ctx *ctx, int argc, char **argv);
int command_routes(struct ctx *ctx, int argc, char **argv);

#endif
