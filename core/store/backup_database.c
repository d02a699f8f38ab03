/*
 * backup_database.c - the database of a running site into a backup's folder.
 *
 * One snapshot, whatever others write meanwhile: the copy is made inside a
 * read transaction, so that it may go in steps (without one,
 * sqlite3_backup_step begins again at each foreign write and never ends under
 * load). What was written goes to the disk piece by piece: a gigabyte that is
 * synced at once keeps everybody's commits waiting.
 */
#include "base/banned.h"

#include "store/backup.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/site.h"
#include "store/backup_parts.h"
#include "store/copy.h"
#include "store/dialect.h"
#include "store/driver.h"
#include "store/tree.h"

enum { STEP_BYTES = 1024 * 1024, FLUSH_BYTES = STEP_BYTES, PAUSE_MS = 50 };

static int bad(struct ctx *ctx, const char *what)
{
    return fail(ctx, E_INVALID, "store.backup_bad",
                "the backup is damaged or incomplete: %s", what);
}

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

/* How the copy lies on the disk while it grows. */
struct copying {
    int fd; /* of the copy, for flushing */
    int64_t flushed, written;
    bool gentle;
};

void backup_pause(int64_t ms)
{
    struct timespec time = { .tv_nsec =
                                 (ms < PAUSE_MS ? ms : PAUSE_MS) * 1000000 };

    nanosleep(&time, NULL);
}

/* Writes what is new: a commit of the site is synced behind what the disk has
 * in hand. */
static void flush_some(struct copying *copying)
{
    struct stat info;
    off_t length;

    if (fstat(copying->fd, &info) < 0 ||
        info.st_size - copying->flushed < FLUSH_BYTES)
        return;
    length = info.st_size - copying->flushed;
    sync_file_range(copying->fd, copying->flushed, length,
                    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                        SYNC_FILE_RANGE_WAIT_AFTER);
    posix_fadvise(copying->fd, 0, info.st_size, POSIX_FADV_DONTNEED);
    copying->flushed = info.st_size;
}

static int copy_steps(sqlite3_backup *backup, struct copying *copying,
                      int pages, const struct backup_options *options)
{
    int rc;

    do {
        int64_t begun = clock_monotonic(), spent;

        rc = sqlite3_backup_step(backup, pages);
        flush_some(copying);
        if (options->progress)
            options->progress(options->payload,
                              (int64_t)(sqlite3_backup_pagecount(backup) -
                                        sqlite3_backup_remaining(backup)) *
                                  STEP_BYTES / pages,
                              options->total);
        spent = clock_monotonic() - begun;
        if (options->gentle && rc == SQLITE_OK)
            backup_pause(spent);
    } while (rc == SQLITE_OK);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* From `source`, which is inside a snapshot. */
static int copy_snapshot(sqlite3 *copy, sqlite3 *source, const char *path,
                         int page_size, const struct backup_options *options)
{
    struct copying copying = { .fd = open(path, O_RDWR | O_CLOEXEC) };
    sqlite3_backup *backup;
    int rc, stepped = SQLITE_OK;

    sqlite3_exec(copy, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
    backup = sqlite3_backup_init(copy, "main", source, "main");
    if (backup)
        stepped = copy_steps(backup, &copying, STEP_BYTES / page_size, options);
    rc = backup ? sqlite3_backup_finish(backup) : sqlite3_errcode(copy);
    if (rc == SQLITE_OK)
        rc = stepped;
    /* One file that needs no log beside it. */
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(copy, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
    if (rc == SQLITE_OK && (copying.fd < 0 || fsync(copying.fd) < 0))
        rc = SQLITE_IOERR_FSYNC;
    sqlite3_close(copy);
    if (copying.fd >= 0)
        close(copying.fd);
    return rc;
}

static int copy_sqlite(struct ctx *ctx, const char *path,
                       const struct backup_options *options)
{
    sqlite3 *copy = NULL;
    mode_t before = umask(0077);
    const char *one;
    int rc = read_begin(ctx), code;

    code = sqlite3_open_v2(path, &copy,
                           SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                               SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
                           NULL);
    umask(before);
    /* The snapshot begins with the first thing that is read. */
    if (!rc)
        rc = db_text(&one, ctx, "SELECT name FROM store_migration LIMIT 1", "");
    if (!rc && code == SQLITE_OK)
        code = copy_snapshot(copy, ctx->db->sql, path, ctx->db->page_size,
                             options);
    else
        sqlite3_close(copy);
    read_end(ctx);
    return rc || code == SQLITE_OK ? rc : sqlite_bad(ctx, NULL, code);
}

/* ---- PostgreSQL ---- */

static int (*make_schema)(struct ctx *ctx);
static int (*last_step)(struct ctx *ctx);

void backup_schema_with(int (*schema)(struct ctx *ctx),
                        int (*last)(struct ctx *ctx))
{
    make_schema = schema;
    last_step = last;
}

/* A backup lies in places where the site's key does not (S36). */
static int without_key(struct ctx *to)
{
    int rc = last_step(to);

    return rc ? rc
              : db_exec(to, "DELETE FROM store_fact WHERE name = 'site_key'",
                        "");
}

static int copy_between(struct ctx *to, struct ctx *from)
{
    const struct copy_options options = { .identity = "backup",
                                          .schema = make_schema,
                                          .last = without_key,
                                          .shared = true };
    struct copy_report report;
    int rc = db_open(to, to->site->folder, DB_ALONE | DB_CREATE);

    if (!rc)
        rc = copy_site(&report, to, from, &options);
    db_close(to->db);
    return rc;
}

/* By a connection of its own, whose settings are other ones: the snapshot is
 * that of its first question. */
static int copy_postgresql(struct ctx *ctx, const char *folder)
{
    struct site site = *ctx->site;
    struct ctx from, to;
    int rc;

    assert(make_schema && last_step);
    site.folder = folder;
    site.settings.store = (struct store_settings){ .driver = "sqlite" };
    ctx_init(&from, ctx->arena);
    ctx_init(&to, ctx->arena);
    from.site = ctx->site;
    to.site = &site;
    to.system = true;
    rc = db_open(&from, ctx->site->folder, DB_ALONE);
    if (rc)
        to.problems = from.problems;
    else
        rc = copy_between(&to, &from);
    db_close(from.db);
    if (rc) {
        ctx->problems = to.problems;
        return rc;
    }
    rc = tree_remove(ctx, arena_printf(ctx->arena, "%s/tenon.db-wal", folder));
    return rc ? rc
              : tree_remove(
                    ctx, arena_printf(ctx->arena, "%s/tenon.db-shm", folder));
}

int64_t backup_database_bytes(struct ctx *ctx)
{
    struct stat info;
    int64_t bytes;

    if (db_dialect(ctx) != DB_SQLITE)
        return db_int(&bytes, ctx,
                      "SELECT pg_database_size(current_database())", "")
                   ? 0
                   : bytes;

    return stat(site_path(ctx, ctx->site, "tenon.db"), &info) == 0
               ? info.st_size
               : 0;
}

int backup_copy_database(struct ctx *ctx, const char *folder,
                         const struct backup_options *options)
{
    int rc;

    if (db_dialect(ctx) != DB_SQLITE)
        return copy_postgresql(ctx, folder);
    rc = copy_sqlite(ctx, arena_printf(ctx->arena, "%s/tenon.db", folder),
                     options);
    /* No copy, which may go elsewhere, is ahead of what the site keeps. */
    return rc ? rc : db_settle(ctx);
}
