/*
 * shelf.c - the folder of backups: names, what is there, what goes.
 *
 * A name is the time in UTC, so that the order of names is the order of time
 * whatever copies them.
 */
#include "base/banned.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>

#include "backup/backup.h"
#include "backup/internal.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "base/zone.h"
#include "store/archive.h"
#include "store/db.h"
#include "store/tree.h"

static const char partial[] = ".partial-";

const char *backup_folder(struct ctx *ctx)
{
    const char *folder = ctx->site->settings.backup.folder;

    return folder ? folder : site_path(ctx, ctx->site, "backups");
}

static int digits(const char *text, int count)
{
    int number = 0;

    while (count--)
        number = number * 10 + (*text++ - '0');
    return number;
}

bool name_is_ours(int64_t *at, const char *name)
{
    struct civil civil = { 0 };
    const char *rest;

    if (strspn(name, "0123456789") != 8 || name[8] != '-' ||
        strspn(name + 9, "0123456789") != 6)
        return false;
    rest = name + 15;
    if (*rest && (*rest != '-' || !rest[1] || strlen(rest) > 4 ||
                  strspn(rest + 1, "0123456789") != strlen(rest + 1)))
        return false;
    civil.year = digits(name, 4);
    civil.month = digits(name + 4, 2);
    civil.day = digits(name + 6, 2);
    civil.hour = digits(name + 9, 2);
    civil.minute = digits(name + 11, 2);
    civil.second = digits(name + 13, 2);
    if (civil.month < 1 || civil.month > 12 || civil.day < 1 || civil.day > 31)
        return false;
    *at = civil_instant(&civil, zone_utc());
    return true;
}

int name_new(const char **out, struct ctx *ctx)
{
    const char *folder = backup_folder(ctx);
    struct civil now;
    int rc = tree_make(ctx, folder), i;

    civil_of(&now, clock_now(), zone_utc());
    for (i = 1; !rc && i < 100; i++) {
        const char *name =
            arena_printf(ctx->arena, "%04d%02d%02d-%02d%02d%02d", now.year,
                         now.month, now.day, now.hour, now.minute, now.second);

        if (i > 1)
            name = arena_printf(ctx->arena, "%s-%d", name, i);
        *out = name;
        if (!tree_exists(arena_printf(ctx->arena, "%s/%s", folder, name)))
            return 0;
    }
    return rc ? rc
              : fail(ctx, E_CONFLICT, "store.backup_exists",
                     "%s already exists; choose a new name", *out);
}

static int newest_first(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*b)->d_name, (*a)->d_name);
}

static int is_ours(const struct dirent *entry)
{
    int64_t at;

    return name_is_ours(&at, entry->d_name);
}

int shelf_list(struct value **out, struct ctx *ctx)
{
    const char *folder = backup_folder(ctx);
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_ours, newest_first), i;

    *out = value_list(ctx->arena);
    if (count < 0 && errno != ENOENT)
        return fail(ctx, E_IO, "store.io", "%s: %s", folder,
                    strerrordesc_np(errno));
    for (i = 0; i < count; i++) {
        const char *path =
            arena_printf(ctx->arena, "%s/%s", folder, entries[i]->d_name);
        struct value *one = value_map(ctx->arena);
        int64_t at = 0;

        (void)name_is_ours(&at, entries[i]->d_name);
        value_set_text(one, "name", entries[i]->d_name);
        value_set_int(one, "at", at);
        value_set_int(one, "bytes", tree_bytes(path));
        value_set_bool(one, "encrypted", archive_is(ctx, path));
        value_append(*out, one);
        free(entries[i]);
    }
    free(entries);
    return 0;
}

void shelf_choose(struct ctx *ctx, struct value *list)
{
    const struct backup_settings *settings = &ctx->site->settings.backup;
    int64_t oldest = clock_now() - (int64_t)settings->keep_days * 86400000;
    size_t i;

    for (i = 0; i < value_count(list); i++) {
        struct value *one = value_at(list, i);
        bool many = settings->keep && i >= (size_t)settings->keep;
        bool old = settings->keep_days && value_get_int(one, "at", 0) < oldest;

        value_set_bool(one, "over", i > 0 && (many || old));
    }
}

/* "20261126-023000.partial-4711" of a process that is no more. */
static bool is_left(const char *name)
{
    const char *pid = strstr(name, partial);
    char head[NAME_MAX_LENGTH];
    int64_t number, at;

    if (!pid || (size_t)(pid - name) >= sizeof head)
        return false;
    snprintf(head, sizeof head, "%.*s", (int)(pid - name), name);
    return name_is_ours(&at, head) &&
           int_parse(&number, pid + sizeof partial - 1, 1, INT32_MAX) == 0 &&
           number != getpid() && (kill((pid_t)number, 0) < 0 && errno == ESRCH);
}

static int remove_left(struct ctx *ctx, const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    int rc = 0;

    while (dir && !rc && (entry = readdir(dir)))
        if (is_left(entry->d_name))
            rc = tree_remove(
                ctx, arena_printf(ctx->arena, "%s/%s", folder, entry->d_name));
    if (dir)
        closedir(dir);
    return rc;
}

static int forget(struct ctx *ctx, const char *name)
{
    int rc = tx_begin(ctx, "backup");

    if (rc)
        return rc;
    return tx_end(ctx, db_exec(ctx,
                               "UPDATE backup_run SET gone = ?2"
                               " WHERE name = ?1 AND gone = 0",
                               "si", name, db_now(ctx)));
}

int shelf_prune(struct ctx *ctx)
{
    const char *folder = backup_folder(ctx);
    struct value *list;
    size_t i;
    int rc = remove_left(ctx, folder);

    if (!rc)
        rc = shelf_list(&list, ctx);
    if (rc)
        return rc;
    shelf_choose(ctx, list);
    for (i = 0; !rc && i < value_count(list); i++) {
        const char *name = value_get_text(value_at(list, i), "name");

        if (!value_get_bool(value_at(list, i), "over"))
            continue;
        log_event(LOG_INFO, "backup.removed", "name", name, NULL);
        rc = tree_remove(ctx, arena_printf(ctx->arena, "%s/%s", folder, name));
        if (!rc)
            rc = forget(ctx, name);
    }
    return rc;
}
