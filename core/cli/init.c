/*
 * init.c - `tenon init`: a new site.
 *
 * No account is made (S61): the link that is printed makes the first
 * administrator, once, within a day. A demo site brings its people.
 */
#include "base/banned.h"

#include "cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/site.h"
#include "base/str.h"
#include "cli/demo.h"
#include "cli/site.h"
#include "kit/company.h"
#include "org/person.h"
#include "org/session.h"
#include "store/db.h"
#include "worker/schema.h"

enum { FIRST_RUN_MINUTES = 24 * 60 };

struct wishes {
    const char *listen, *locale, *zone, *url, *store;
    bool demo, join;
};

static bool is_empty(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    bool empty = true;

    if (!dir)
        return errno == ENOENT;
    while (empty && (entry = readdir(dir)))
        empty = entry->d_name[0] == '.' &&
                (!entry->d_name[1] ||
                 (entry->d_name[1] == '.' && !entry->d_name[2]));
    closedir(dir);
    return empty;
}

static int remove_one(const char *path, const struct stat *info, int kind,
                      struct FTW *walk)
{
    (void)info;
    (void)kind;
    return walk->level == 0 ? 0 : remove(path);
}

/* What a failed attempt leaves would be in the way of the next one. The
 * folder was empty when we began, so all in it is ours. */
static void clean_up(const char *folder, bool existed)
{
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (!existed)
        (void)rmdir(folder);
}

static int make_folders(struct ctx *ctx, const char *folder)
{
    static const char *const names[] = { "",         "/files", "/run",
                                         "/forms",   "/flows", "/plugins",
                                         "/scripts", "/themes" };
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char *path = arena_printf(ctx->arena, "%s%s", folder, names[i]);

        if (mkdir(path, 0700) && errno != EEXIST)
            return fail(ctx, E_IO, "cli.init.folder", "%s: %s", path,
                        strerrorname_np(errno));
    }
    return 0;
}

/* A value as libconfig reads it. */
static void add_setting(struct buf *buf, const char *comment, const char *name,
                        const char *value)
{
    const char *p;

    buf_addf(buf, "\n# %s\n", comment);
    if (!value) {
        buf_addf(buf, "# %s = \"\";\n", name);
        return;
    }
    buf_addf(buf, "%s = \"", name);
    for (p = value; *p; p++) {
        if (*p == '"' || *p == '\\')
            buf_add_char(buf, '\\');
        buf_add_char(buf, *p);
    }
    buf_add_text(buf, "\";\n");
}

static int write_settings(struct ctx *ctx, const char *folder,
                          const struct wishes *wishes)
{
    const char *path = arena_printf(ctx->arena, "%s/tenon.cfg", folder);
    struct buf buf;

    buf_init(&buf, ctx->arena, 65536);
    buf_add_text(&buf,
                 "# Settings of this site; docs/admin/settings.md has all of "
                 "them.\n# They count after SIGHUP, those of the front after "
                 "a restart.\n");
    add_setting(&buf, "Address and port. Put TLS or a proxy before others.",
                "listen", wishes->listen ? wishes->listen : "127.0.0.1:8080");
    buf_add_text(&buf, "\n# Names that browsers may ask for. Empty: any.\n"
                       "hosts = [ ];\n"
                       "\n# Proxies in front, whose X-Forwarded headers "
                       "count.\nproxies = [ ];\n");
    add_setting(&buf, "What links in mails begin with.", "public_url",
                wishes->url);
    add_setting(&buf, "Language and time zone of people who chose none.",
                "locale", wishes->locale ? wishes->locale : "en");
    add_setting(&buf, "An IANA name.", "zone",
                wishes->zone ? wishes->zone : "UTC");
    add_setting(&buf,
                "Mail server (smtp://host:25, smtps://host:465). Without one, "
                "mails are kept in run/mail.",
                "smtp_url", NULL);
    add_setting(&buf, "Sender of mails.", "smtp_from", NULL);
    add_setting(
        &buf,
        "How saved is saved: \"group\" (answers wait until the disk has "
        "the commits\n# of many people together) or \"full\" (each commit "
        "waits for itself).",
        "durability", "group");
    if (wishes->store) {
        buf_add_text(&buf, "\n# Where the rows are kept; several hosts may "
                           "share them.\nstore = {");
        add_setting(&buf, "\"sqlite\" (in this folder) or \"postgresql\".",
                    "driver", "postgresql");
        add_setting(&buf, "The database.", "url", wishes->store);
        buf_add_text(&buf, "};\n");
    }
    if (wishes->demo)
        buf_add_text(&buf, "\n# A demo: its people are listed at the sign-in. "
                           "Never on a real site.\ndemo = true;\n");
    return file_write(ctx, path, buf.data, buf.length, 0600);
}

static int fill(struct ctx *ctx, const struct wishes *wishes)
{
    char token[TOKEN_TEXT_MAX];
    int rc = schema_migrate(ctx);

    if (!rc)
        rc = epoch_read(ctx);
    if (!rc)
        rc = company_basics(ctx);
    if (!rc && wishes->demo) {
        site_rooms_start();
        rc = demo_fill(ctx);
        return rc ? rc : demo_modules(ctx);
    }
    if (!rc)
        rc = link_make(token, ctx, "first_run", 0, FIRST_RUN_MINUTES);
    if (!rc)
        printf("%s\n\n  %s\n\n", tr(ctx, "cli.init.first_run"),
               site_link(ctx, "first_run", token));
    return rc;
}

/* A further host of a site: its rows are there already. */
static int check_joined(struct ctx *ctx)
{
    int there = db_table_exists(ctx, "store_migration");

    if (there)
        return there < 0 ? there : 0;
    return fail(ctx, E_NOT_FOUND, "cli.init.nothing",
                "there is no site in this database; leave out --join");
}

static int make_site(struct ctx *ctx, const char *folder,
                     const struct wishes *wishes)
{
    int rc = make_folders(ctx, folder);

    if (!rc)
        rc = write_settings(ctx, folder, wishes);
    if (!rc)
        rc = cli_site(ctx, folder);
    if (rc)
        return rc;
    ctx->system = true;
    if (zone_find(ctx->site->settings.zone))
        ctx->zone = zone_find(ctx->site->settings.zone);
    if (wishes->locale)
        ctx->locale = ctx->site->settings.locale;
    rc = db_open(ctx, ctx->site->folder, wishes->join ? 0 : DB_CREATE);
    if (!rc)
        rc = wishes->join ? check_joined(ctx) : fill(ctx, wishes);
    site_command_close(ctx);
    return rc;
}

int command_init(struct ctx *ctx, int argc, char **argv)
{
    struct wishes wishes = { 0 };
    const struct option_row rows[] = {
        { "listen", &wishes.listen, NULL }, { "locale", &wishes.locale, NULL },
        { "zone", &wishes.zone, NULL },     { "url", &wishes.url, NULL },
        { "store", &wishes.store, NULL },   { "demo", NULL, &wishes.demo },
        { "join", NULL, &wishes.join },     { 0 },
    };
    bool existed;
    int rc = cli_options(ctx, rows, &argc, argv);

    if (rc)
        return rc;
    if (argc != 2 || (wishes.join && (!wishes.store || wishes.demo)))
        return cli_usage(ctx, argv[0]);
    existed = access(argv[1], F_OK) == 0;
    if (!is_empty(argv[1]))
        return fail(ctx, E_CONFLICT, "cli.init.not_empty",
                    "%s is there already and not empty", argv[1]);
    rc = make_site(ctx, argv[1], &wishes);
    if (rc)
        clean_up(argv[1], existed);
    else
        printf("%s\n\n  tenon serve %s\n", tr(ctx, "cli.init.done"), argv[1]);
    return rc;
}
