/*
 * backup.c - copying a running site, into a folder or an archive.
 *
 * The database is copied and checked first (backup_database.c), then the
 * files, the site's own definitions and its settings. All of it lies under
 * another name until it is whole.
 */
#include "base/banned.h"

#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/site.h"
#include "store/archive.h"
#include "store/backup_parts.h"
#include "store/dialect.h"
#include "store/store_setting.h"
#include "store/ballast.h"
#include "store/blob.h"
#include "store/tree.h"

enum {
    SETTINGS_MAX = 1024 * 1024,
    MANIFEST_MAX = 64 * 1024,
    LIST_MAX = 1024 * 1024 * 1024,
};

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

/* BLAKE2b-256 of a file as hexadecimal text. */
int backup_hash_file(const char **hash, int64_t *size, struct ctx *ctx,
                     const char *path)
{
    unsigned char digest[HASH_SIZE];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), rc;
    struct stat info;

    if (fd < 0 || fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) {
        if (fd >= 0)
            close(fd);
        return bad(ctx, "a file is missing");
    }
    rc = hash_fd(digest, size, fd);
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
    if (rc)
        return fail(ctx, E_IO, "store.io", "%s cannot be read", path);
    *hash = hex_of(ctx->arena, digest, sizeof digest);
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
    /* Its rows are in the backup: it is one with a file of its own. */
    if (db_dialect(ctx) != DB_SQLITE) {
        rc = store_setting_text(&text, ctx, text, length,
                                &(struct store_settings){ .driver = "sqlite" });
        if (rc)
            return rc;
        length = strlen(text);
    }
    text = without_keys(ctx, without_passwords(ctx, text, length));
    return file_write(ctx, in(ctx, to, "tenon.cfg"), text, strlen(text), 0600);
}

/* ---- where it goes ---- */

/* A folder, or an archive. */
struct sink {
    const char *folder;
    struct archive_out *archive; /* NULL: the folder itself */
    struct progress progress;
    int64_t file_bytes; /* of files/ */
};

/* One file, as NAME. */
static int put_fd(struct sink *sink, struct ctx *ctx, const char *name, int fd,
                  int64_t size)
{
    int64_t begun = clock_monotonic();
    int rc = sink->archive ? archive_add(sink->archive, ctx, name, fd)
                           : tree_copy_fd(ctx, fd, in(ctx, sink->folder, name));

    if (sink->progress.options->gentle)
        backup_pause(clock_monotonic() - begun);
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    return rc ? rc : step(&sink->progress, size);
}

static int put_path(struct sink *sink, struct ctx *ctx, const char *name,
                    const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), rc;
    struct stat info;

    if (fd < 0 || fstat(fd, &info) < 0) {
        if (fd >= 0)
            close(fd);
        return fail(ctx, E_IO, "store.io", "%s: %s", path,
                    strerrordesc_np(errno));
    }
    rc = put_fd(sink, ctx, name, fd, info.st_size);
    close(fd);
    return rc;
}

/* A stored file, wherever it lies. One that was collected just now is named by
 * no row of the copy. */
static int put_blob(struct ctx *ctx, const char *hash, int64_t size,
                    int64_t modified, void *payload)
{
    struct sink *sink = payload;
    struct ctx own = *ctx;
    int fd, rc;

    (void)modified;
    own.arena = arena_new(0);
    rc = blob_open(&fd, &own, hash);
    if (!rc && !sink->archive)
        rc = tree_make(
            &own, arena_printf(own.arena, "%s/files/%.2s", sink->folder, hash));
    if (!rc)
        rc = put_fd(sink, &own,
                    arena_printf(own.arena, "files/%.2s/%s", hash, hash + 2),
                    fd, size);
    if (!rc) {
        close(fd);
        sink->file_bytes += size;
    } else {
        rc = fail(ctx, rc, "store.io", "%s", ctx_error(&own));
    }
    arena_free(own.arena);
    return rc;
}

/* Not yet moved to where files are now. */
static int put_before(struct ctx *ctx, const char *hash, int64_t size,
                      int64_t modified, void *payload)
{
    return blob_there(ctx, hash) ? 0
                                 : put_blob(ctx, hash, size, modified, payload);
}

/* The site's own definitions: small folders. Into an archive they go by way of
 * a copy, so that what is hashed is what is in it. */
static int put_file_of(void *payload, struct ctx *ctx, const char *path,
                       const char *name)
{
    return put_path(payload, ctx, name, path);
}

static int put_folders(struct sink *sink, struct ctx *ctx, const char *work)
{
    const char *const *name;
    int rc = 0;

    for (name = backup_folders; *name && !rc; name++) {
        if (strcmp(*name, "files") == 0)
            continue;
        rc = tree_copy(ctx, site_path(ctx, ctx->site, *name),
                       in(ctx, work, *name), step, &sink->progress);
        if (!rc && sink->archive)
            rc = tree_each(ctx, in(ctx, work, *name), *name, put_file_of, sink);
    }
    return rc;
}

static int list_blob(struct ctx *ctx, const char *hash, int64_t size,
                     int64_t modified, void *payload)
{
    (void)ctx;
    (void)modified;
    buf_addf(payload, "%s %lld\n", hash, (long long)size);
    return 0;
}

/* backup.list_files: what should be there, for those who keep the bucket. */
static int list_files(struct ctx *ctx, const char *work)
{
    struct buf list;
    int rc;

    buf_init(&list, NULL, LIST_MAX);
    rc = blob_walk(ctx, list_blob, &list);
    if (!rc)
        rc = blob_walk_before(ctx, list_blob, &list);
    if (!rc && list.failed)
        rc = fail(ctx, E_LIMIT, "store.too_big",
                  "there are too many files to list");
    if (!rc)
        rc = file_write(ctx, in(ctx, work, BACKUP_LIST), buf_text(&list),
                        list.length, 0600);
    buf_free(&list);
    return rc;
}

static int put_files(struct sink *sink, struct ctx *ctx)
{
    const char *files = in(ctx, sink->folder, "files");
    int rc = sink->archive ? 0 : tree_make(ctx, files);

    if (!rc)
        rc = blob_walk(ctx, put_blob, sink);
    if (!rc)
        rc = blob_walk_before(ctx, put_before, sink);
    return rc || sink->archive ? rc : tree_sync_all(ctx, files);
}

/* ---- making ---- */

static int write_manifest(struct ctx *ctx, const char *to, int64_t file_bytes,
                          struct vector *rest)
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
    value_set_int(manifest, "file_bytes", file_bytes);
    value_set_text(manifest, "rest_hash", backup_rest_hash(ctx, rest));
    buf_init(&text, ctx->arena, MANIFEST_MAX);
    json_write_pretty(&text, manifest);
    buf_add_char(&text, '\n');
    return file_write(ctx, in(ctx, to, "manifest.json"), text.data, text.length,
                      0600);
}

/* What an archive takes from the folder that it was prepared in, the manifest
 * last. */
static int put_prepared(struct sink *sink, struct ctx *ctx, const char *from)
{
    static const char *const names[] = { "tenon.db", "tenon.cfg", BACKUP_LIST,
                                         "manifest.json" };
    size_t i;
    int rc = 0;

    for (i = 0; !rc && i < sizeof names / sizeof *names; i++)
        if (tree_exists(in(ctx, from, names[i])))
            rc = put_path(sink, ctx, names[i], in(ctx, from, names[i]));
    return rc;
}

/* The database is copied first: what a row of the copy names was there before
 * the row. While the guard is held nothing is collected. */
static int fill_guarded(struct sink *sink, struct ctx *ctx, const char *work,
                        const struct backup_options *options)
{
    struct stat info;
    int rc = backup_copy_database(ctx, work, options);

    if (!rc)
        rc = backup_check_database(ctx, in(ctx, work, "tenon.db"));
    if (!rc && !sink->archive && stat(in(ctx, work, "tenon.db"), &info) == 0)
        rc = step(&sink->progress, info.st_size);
    if (!rc)
        rc = ctx->site->settings.backup.list_files ? list_files(ctx, work)
                                                   : put_files(sink, ctx);
    return rc ? rc : put_folders(sink, ctx, work);
}

/* work: where the database's copy lies; of a plain backup it is the backup. */
static int fill(struct sink *sink, struct ctx *ctx, const char *work,
                const struct backup_options *options)
{
    struct vector rest;
    int guard, rc = blob_lock(&guard, ctx);

    vector_init(&rest, ctx->arena);
    if (rc == E_BUSY)
        rc = fail(ctx, rc, "store.busy",
                  "files are being collected or copied; try again in a moment");
    if (rc)
        return rc;
    rc = fill_guarded(sink, ctx, work, options);
    close(guard);
    if (!rc)
        rc = copy_settings(ctx, work);
    if (!rc)
        rc = backup_rest_gather(&rest, ctx, work);
    if (!rc)
        rc = write_manifest(ctx, work, sink->file_bytes, &rest);
    return rc || !sink->archive ? rc : put_prepared(sink, ctx, work);
}

/* The plain copy of the database never leaves the site. */
static int fill_archive(struct sink *sink, struct ctx *ctx,
                        const struct backup_options *options)
{
    const char *run = site_path(ctx, ctx->site, "run");
    const char *work =
        arena_printf(ctx->arena, "%s/backup-%d", run, (int)getpid());
    struct ctx quiet = *ctx;
    int rc = tree_make(ctx, work);

    if (!rc)
        rc = archive_create(&sink->archive, ctx, sink->folder, options->key,
                            options->part_bytes);
    if (!rc) {
        rc = fill(sink, ctx, work, options);
        if (rc)
            archive_abandon(sink->archive);
        else
            rc = archive_finish(sink->archive, ctx);
    }
    tree_remove(&quiet, work);
    return rc;
}

/* What it will need, roughly: better to say so now than at the end. */
static int check_room(struct ctx *ctx, const char *folder, int64_t bytes)
{
    int64_t room = disk_free(folder);

    if (room < 0 || room > bytes + bytes / 50)
        return 0;
    return fail(ctx, E_FULL, "store.backup_room",
                "the backup needs %lld MB, and %lld MB are free at %s",
                (long long)(bytes >> 20), (long long)(room >> 20), folder);
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

int64_t backup_site_bytes(struct ctx *ctx)
{
    const char *const *name;
    int64_t bytes = backup_database_bytes(ctx);

    for (name = backup_folders; *name; name++)
        bytes += tree_bytes(site_path(ctx, ctx->site, *name));
    return bytes;
}

int backup_make(struct ctx *ctx, const char *to,
                const struct backup_options *wanted)
{
    struct backup_options own = *wanted, *options = &own;
    size_t length = strlen(to);
    struct sink sink = { 0 };
    const char *partial;
    int rc;

    while (length > 1 && to[length - 1] == '/')
        length--;
    to = arena_strndup(ctx->arena, to, length);
    if (tree_exists(to))
        return fail(ctx, E_CONFLICT, "store.backup_exists",
                    "%s already exists; choose a new name", to);
    partial = arena_printf(ctx->arena, "%s.partial-%d", to, (int)getpid());
    sink.folder = partial;
    sink.progress.options = options;
    own.total = sink.progress.total = backup_site_bytes(ctx);
    rc = check_room(ctx, parent_of(ctx, to), sink.progress.total);
    if (!rc)
        rc = tree_make(ctx, partial);
    if (!rc && options->key)
        rc = fill_archive(&sink, ctx, options);
    else if (!rc)
        rc = fill(&sink, ctx, partial, options);
    if (!rc)
        rc = tree_sync(ctx, partial);
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
