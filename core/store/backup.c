/*
 * backup.c - copying a running site.
 *
 * The database is copied by one sqlite3_backup_step(-1): in steps it begins
 * again at each foreign write and never ends under load. Files are copied
 * after it: what a row of the copy names was there before the row. The copy
 * is checked before it gets its name.
 */
#include "base/banned.h"

#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/site.h"
#include "store/backup_parts.h"
#include "store/blob.h"
#include "store/sqlite.h"
#include "store/tree.h"

enum { SETTINGS_MAX = 1024 * 1024, MANIFEST_MAX = 64 * 1024 };

const char *const backup_folders[] = { "files",   "forms",  "flows", "scripts",
                                       "plugins", "themes", "pages", NULL };

struct progress {
    const struct backup_options *options;
    int64_t done, total;
};

static int step(void *payload, int64_t bytes)
{
    struct progress *progress = payload;

    progress->done += bytes;
    if (progress->options->progress)
        progress->options->progress(progress->options->payload, progress->done,
                                    progress->total);
    return 0;
}

static const char *in(struct ctx *ctx, const char *folder, const char *name)
{
    return arena_printf(ctx->arena, "%s/%s", folder, name);
}

static int bad(struct ctx *ctx, const char *what)
{
    return fail(ctx, E_INVALID, "store.backup_bad",
                "the backup is damaged or incomplete: %s", what);
}

/* ---- the database ---- */

static int sqlite_bad(struct ctx *ctx, sqlite3 *sql, int rc)
{
    if ((rc & 0xff) == SQLITE_FULL)
        return fail(ctx, E_FULL, "store.full",
                    "there is no room left on the disk for the backup");
    return fail(ctx, E_STORE, "store.failed", "the copy failed: %s",
                sql ? sqlite3_errmsg(sql) : sqlite3_errstr(rc));
}

/* First column of the first row as text, in the arena; NULL without one. */
static int ask(const char **out, struct ctx *ctx, sqlite3 *sql,
               const char *question)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(sql, question, -1, &stmt, NULL);

    *out = NULL;
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        *out = arena_strdup(ctx->arena,
                            (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : sqlite_bad(ctx, sql, rc);
}

int backup_check_database(struct ctx *ctx, const char *path)
{
    const char *said = NULL, *broken = NULL;
    sqlite3 *sql = NULL;
    int rc;

    rc = sqlite3_open_v2(path, &sql,
                         SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX |
                             SQLITE_OPEN_NOFOLLOW,
                         NULL);
    if (rc != SQLITE_OK) {
        rc = bad(ctx, "the database cannot be opened");
        goto out;
    }
    sqlite3_db_config(sql, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    rc = ask(&said, ctx, sql, "PRAGMA integrity_check(1)");
    if (!rc && (!said || strcmp(said, "ok") != 0))
        rc = bad(ctx, said ? said : "the database cannot be read");
    if (!rc)
        rc = ask(&broken, ctx, sql, "PRAGMA foreign_key_check");
    if (!rc && broken)
        rc = bad(ctx, "a row refers to one that is not there");
    if (!rc)
        rc = ask(&said, ctx, sql,
                 "SELECT 1 FROM sqlite_schema WHERE name = 'store_migration'");
    if (!rc && !said)
        rc = bad(ctx, "the database is none of a site");
out:
    sqlite3_close(sql);
    return rc;
}

static int copy_database(struct ctx *ctx, const char *to)
{
    sqlite3 *copy = NULL;
    sqlite3_backup *backup;
    mode_t before = umask(0077);
    int rc;

    rc = sqlite3_open_v2(to, &copy,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                             SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
                         NULL);
    umask(before);
    if (rc == SQLITE_OK) {
        backup = sqlite3_backup_init(copy, "main", ctx->db->sql, "main");
        if (backup)
            sqlite3_backup_step(backup, -1);
        rc = sqlite3_backup_finish(backup);
        if (!backup)
            rc = sqlite3_errcode(copy);
    }
    /* One file that needs no log beside it. */
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(copy, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
    rc = rc == SQLITE_OK ? 0 : sqlite_bad(ctx, copy, rc);
    sqlite3_close(copy);
    return rc;
}

/* BLAKE2b-256 of a file as hexadecimal text. */
int backup_hash_file(const char **hash, int64_t *size, struct ctx *ctx,
                     const char *path)
{
    unsigned char digest[HASH_SIZE];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat info;
    void *data = NULL;

    if (fd < 0 || fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) {
        if (fd >= 0)
            close(fd);
        return bad(ctx, "a file is missing");
    }
    if (info.st_size > 0)
        data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (data == MAP_FAILED)
        return fail(ctx, E_IO, "store.io", "%s cannot be read", path);
    hash_data(digest, data ? data : "", (size_t)info.st_size, NULL, 0);
    if (data)
        munmap(data, (size_t)info.st_size);
    *hash = hex_of(ctx->arena, digest, sizeof digest);
    *size = info.st_size;
    return 0;
}

/* ---- settings ---- */

/* "smtp://user:secret@host" becomes "smtp://user:@host": a backup lies in
 * places where the site's own folder does not. */
static const char *without_passwords(struct ctx *ctx, const char *text,
                                     size_t length)
{
    struct buf buf;
    const char *p = text, *end = text + length;

    buf_init(&buf, ctx->arena, length + 1);
    while (p < end) {
        const char *scheme = memmem(p, (size_t)(end - p), "://", 3);
        const char *host, *at = NULL, *colon = NULL;

        if (!scheme) {
            buf_add(&buf, p, (size_t)(end - p));
            break;
        }
        host = scheme + 3;
        buf_add(&buf, p, (size_t)(host - p));
        for (p = host; p < end && !strchr("/\"' \t\r\n", *p); p++) {
            if (*p == '@')
                at = p;
            if (*p == ':' && !colon)
                colon = p;
        }
        if (at && colon && colon < at) {
            buf_add(&buf, host, (size_t)(colon + 1 - host));
            buf_add(&buf, at, (size_t)(p - at));
        } else {
            buf_add(&buf, host, (size_t)(p - host));
        }
    }
    return buf_text(&buf);
}

/* Behind a text in quotes, and those that follow it and belong to it. */
static const char *past_text(const char *p)
{
    while (*p == '"') {
        for (p++; *p && *p != '"'; p++)
            if (*p == '\\' && p[1])
                p++;
        p += *p != '\0';
        if (p[strspn(p, " \t\r\n")] == '"')
            p += strspn(p, " \t\r\n");
    }
    return p;
}

/* secret_key = "…" becomes secret_key = "". */
static const char *without_keys(struct ctx *ctx, const char *text)
{
    static const char name[] = "secret_key";
    const char *p = text, *at;
    struct buf buf;

    buf_init(&buf, ctx->arena, 2 * strlen(text) + 1);
    while ((at = strstr(p, name))) {
        at += sizeof name - 1;
        at += strspn(at, " \t\r\n=:");
        buf_add(&buf, p, (size_t)(at - p));
        p = past_text(at);
        if (p > at)
            buf_add_text(&buf, "\"\"");
    }
    buf_add_text(&buf, p);
    return buf_text(&buf);
}

static int copy_settings(struct ctx *ctx, const char *to)
{
    const char *path = site_path(ctx, ctx->site, "tenon.cfg"), *text;
    size_t length;
    int rc;

    if (!tree_exists(path))
        return 0;
    rc = file_read(&text, &length, ctx, path, SETTINGS_MAX);
    if (rc)
        return rc;
    text = without_keys(ctx, without_passwords(ctx, text, length));
    return file_write(ctx, in(ctx, to, "tenon.cfg"), text, strlen(text), 0600);
}

/* ---- making ---- */

static int write_manifest(struct ctx *ctx, const char *to)
{
    struct value *manifest = value_map(ctx->arena);
    char at[TIME_TEXT_MAX];
    const char *hash;
    struct buf text;
    int64_t size;
    int rc;

    rc = backup_hash_file(&hash, &size, ctx, in(ctx, to, "tenon.db"));
    if (rc)
        return rc;
    instant_format(at, clock_now());
    value_set_int(manifest, "format", BACKUP_FORMAT);
    value_set_text(manifest, "at", at);
    value_set_text(manifest, "database_hash", hash);
    value_set_int(manifest, "database_bytes", size);
    value_set_int(manifest, "file_bytes", tree_bytes(in(ctx, to, "files")));
    value_set_text(manifest, "sqlite", sqlite3_sourceid());
    buf_init(&text, ctx->arena, MANIFEST_MAX);
    json_write_pretty(&text, manifest);
    buf_add_char(&text, '\n');
    return file_write(ctx, in(ctx, to, "manifest.json"), text.data, text.length,
                      0600);
}

static int fill(struct ctx *ctx, const char *to,
                const struct backup_options *options)
{
    struct progress progress = { .options = options };
    const char *const *name;
    int rc, guard = -1;
    struct stat info;

    progress.total = tree_bytes(site_path(ctx, ctx->site, "files"));
    if (stat(site_path(ctx, ctx->site, "tenon.db"), &info) == 0)
        progress.total += info.st_size;
    rc = blob_lock(&guard, ctx);
    if (rc == E_BUSY)
        rc = fail(ctx, rc, "store.busy",
                  "files are being collected or copied; try again in a moment");
    if (!rc)
        rc = copy_database(ctx, in(ctx, to, "tenon.db"));
    if (!rc)
        rc = backup_check_database(ctx, in(ctx, to, "tenon.db"));
    if (!rc && stat(in(ctx, to, "tenon.db"), &info) == 0)
        step(&progress, info.st_size);
    for (name = backup_folders; *name && !rc; name++)
        rc = tree_copy(ctx, site_path(ctx, ctx->site, *name),
                       in(ctx, to, *name), step, &progress);
    if (guard >= 0)
        close(guard);
    if (!rc)
        rc = copy_settings(ctx, to);
    if (!rc)
        rc = write_manifest(ctx, to);
    return rc ? rc : tree_sync(ctx, to);
}

/* The folder that a path's last name stands in. */
static const char *parent_of(struct ctx *ctx, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return ".";
    return slash == path
               ? "/"
               : arena_strndup(ctx->arena, path, (size_t)(slash - path));
}

int backup_make(struct ctx *ctx, const char *to,
                const struct backup_options *options)
{
    size_t length = strlen(to);
    const char *partial;
    int rc;

    while (length > 1 && to[length - 1] == '/')
        length--;
    to = arena_strndup(ctx->arena, to, length);
    if (tree_exists(to))
        return fail(ctx, E_CONFLICT, "store.backup_exists",
                    "%s already exists; choose a new name", to);
    partial = arena_printf(ctx->arena, "%s.partial-%d", to, (int)getpid());
    rc = tree_make(ctx, partial);
    if (!rc)
        rc = fill(ctx, partial, options);
    /* No copy, which may go elsewhere, is ahead of what the site keeps. */
    if (!rc)
        rc = db_settle(ctx);
    if (!rc)
        rc = tree_rename(ctx, partial, to);
    if (!rc)
        rc = tree_sync(ctx, parent_of(ctx, to));
    if (rc) {
        struct ctx quiet = *ctx;

        tree_remove(&quiet, partial);
        return rc;
    }
    log_event(LOG_INFO, "backup.made", NULL);
    return 0;
}
