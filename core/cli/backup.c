/*
 * backup.c - `tenon backup`: copies of a site, served or not.
 *
 * The command copies by itself, as another reader of the store: it needs
 * nothing of the running service and stops nobody. `make` does what the
 * schedule does; a jobs worker starts it with --run.
 */
#include "base/banned.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "backup/backup.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "cli/backup.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/site.h"
#include "store/archive.h"
#include "store/backup.h"

enum { JSON_MAX = 4 << 20 };

struct words {
    const char *key, *run;
    bool json;
};

static void show(void *payload, int64_t done, int64_t total)
{
    progress_show(payload, done, total);
}

int backup_key_option(struct backup_options *options, struct backup_key *key,
                      struct ctx *ctx, const char *path)
{
    int rc = path ? backup_key_read(key, ctx, path) : 0;

    options->key = path && !rc ? key : NULL;
    return rc;
}

/* ---- tenon backup SITE BACKUP ---- */

static int copy(struct ctx *ctx, const struct words *words, char **argv)
{
    struct progress_bar bar = { .title = "backup" };
    struct backup_options options = { .progress = show, .payload = &bar };
    struct backup_key key;
    int rc = backup_key_option(&options, &key, ctx, words->key);

    if (!rc)
        rc = site_command_open(ctx, argv[1]);
    if (!rc)
        rc = backup_make(ctx, argv[2], &options);
    progress_end(&bar);
    site_command_close(ctx);
    if (rc)
        return rc;
    printf("%s\n", argv[2]);
    return CLI_OK;
}

/* ---- make ---- */

/* Nobody looks on: pages get the processor and the disk first. */
static void give_way(void)
{
    enum { WHO_PROCESS = 1, BEST_EFFORT = 2, CLASS_SHIFT = 13, LAST = 7 };

    setpriority(PRIO_PROCESS, 0, 19);
    syscall(SYS_ioprio_set, WHO_PROCESS, 0, BEST_EFFORT << CLASS_SHIFT | LAST);
}

static int make(struct ctx *ctx, const struct words *words, char **argv)
{
    struct progress_bar bar = { .title = "backup" };
    const char *name;
    int64_t run = 0;
    int rc;

    if (words->run) {
        /* Of a job: it ends with the process that looks at it. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        give_way();
        if (int_parse(&run, words->run, 1, INT64_MAX))
            return cli_usage(ctx, "backup");
    }
    rc = site_command_open(ctx, argv[2]);
    if (!rc)
        rc = backup_run(&name, ctx, run, run ? NULL : show, &bar);
    progress_end(&bar);
    if (!rc)
        printf("%s/%s\n", backup_folder(ctx), name);
    site_command_close(ctx);
    return rc ? rc : CLI_OK;
}

/* ---- list ---- */

static void print_one(struct ctx *ctx, const struct value *one)
{
    const char *where = !value_get_bool(one, "here")  ? "cli.backup.only_store"
                        : value_get_bool(one, "sent") ? "cli.backup.both"
                                                      : "cli.backup.here";

    printf("%-19s %10lld MB  %-9s  %s\n", value_get_text(one, "name"),
           (long long)(value_get_int(one, "bytes", 0) + 999999) / 1000000,
           tr(ctx, value_get_bool(one, "encrypted") ? "cli.backup.encrypted"
                                                    : "cli.backup.plain"),
           tr(ctx, where));
}

static int list(struct ctx *ctx, const struct words *words, char **argv)
{
    struct value *all;
    struct buf text;
    size_t i;
    int rc = cli_site(ctx, argv[2]);

    if (!rc)
        rc = backup_list(&all, ctx);
    if (rc)
        return rc;
    if (words->json) {
        buf_init(&text, ctx->arena, JSON_MAX);
        json_write_pretty(&text, all);
        printf("%s\n", buf_text(&text));
        return CLI_OK;
    }
    for (i = 0; i < value_count(all); i++)
        print_one(ctx, value_at(all, i));
    if (!i)
        printf("%s\n", tr(ctx, "cli.backup.none"));
    return CLI_OK;
}

/* ---- verify, restore, key, fetch ---- */

static int verify(struct ctx *ctx, const struct words *words, char **argv)
{
    return restore_verify(ctx, argv[2], words->key);
}

static int restore(struct ctx *ctx, const struct words *words, char **argv)
{
    return restore_into(ctx, argv[2], argv[3], words->key);
}

static int make_key(struct ctx *ctx, const struct words *words, char **argv)
{
    int rc = backup_key_make(ctx, argv[2]);

    (void)words;
    if (rc)
        return rc;
    printf("%s\n", tr(ctx, "cli.backup.key_made"));
    return CLI_OK;
}

static int fetch(struct ctx *ctx, const struct words *words, char **argv)
{
    int rc = cli_site(ctx, argv[2]);

    (void)words;
    if (!rc)
        rc = backup_fetch(ctx, argv[3], argv[4]);
    if (rc)
        return rc;
    printf("%s\n", argv[4]);
    return CLI_OK;
}

static const struct verb {
    const char *name;
    int words; /* with "backup" and its own name */
    int (*run)(struct ctx *ctx, const struct words *words, char **argv);
} verbs[] = {
    { "make", 3, make },       { "list", 3, list },    { "verify", 3, verify },
    { "restore", 4, restore }, { "key", 3, make_key }, { "fetch", 5, fetch },
};

int command_backup(struct ctx *ctx, int argc, char **argv)
{
    struct words words = { 0 };
    const struct option_row rows[] = { { "key", &words.key, NULL },
                                       { "run", &words.run, NULL },
                                       { "json", NULL, &words.json },
                                       { 0 } };
    size_t i;
    int rc = cli_options(ctx, rows, &argc, argv);

    if (rc)
        return rc;
    for (i = 0; argc > 1 && i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            return argc == verbs[i].words ? verbs[i].run(ctx, &words, argv)
                                          : cli_usage(ctx, argv[0]);
    return argc == 3 ? copy(ctx, &words, argv) : cli_usage(ctx, argv[0]);
}
