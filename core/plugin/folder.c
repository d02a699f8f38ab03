/*
 * folder.c - copying a module's folder without trusting it.
 *
 * Every step goes by descriptors (openat, O_NOFOLLOW): what was looked at is
 * what is copied, whoever changes the folder meanwhile.
 */
#include "base/banned.h"

#include "plugin/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "base/unicode.h"

enum { DEPTH_MAX = 16, ENTRIES_MAX = 5000, BLOCK = 65536 };
static const int64_t bytes_max = (int64_t)256 * 1024 * 1024;

/* One copy on its way. */
struct copy {
    struct ctx *ctx;
    char *block; /* what is on its way from file to file */
    int64_t bytes;
    int entries, depth;
};

static int refuse(struct copy *copy, const char *path, const char *key,
                  const char *why)
{
    return fail(copy->ctx, E_INVALID, key, "%s %s", path, why);
}

static int failed(struct copy *copy, const char *path)
{
    return fail(copy->ctx, errno == ENOSPC ? E_FULL : E_IO, "plugin.folder.io",
                "%s: %s", path, strerrorname_np(errno));
}

static int too_large(struct copy *copy, const char *path)
{
    return fail(copy->ctx, E_LIMIT, "plugin.folder.size",
                "%s: a module holds at most %d MiB", path,
                (int)(bytes_max >> 20));
}

static int copy_bytes(struct copy *copy, int from, int to, const char *path)
{
    ssize_t got, put, done;

    while ((got = read(from, copy->block, BLOCK)) > 0) {
        copy->bytes += got;
        if (copy->bytes > bytes_max)
            return too_large(copy, path);
        for (done = 0; done < got; done += put) {
            put = write(to, copy->block + done, (size_t)(got - done));
            if (put < 0)
                return failed(copy, path);
        }
    }
    if (got < 0 || fsync(to))
        return failed(copy, path);
    return 0;
}

static int copy_file(struct copy *copy, int from, int to, const char *name,
                     const char *path, mode_t mode)
{
    int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    int out = -1, rc;
    struct stat status;

    if (in < 0)
        return failed(copy, path);
    if (fstat(in, &status) || !S_ISREG(status.st_mode)) {
        close(in);
        return refuse(copy, path, "plugin.folder.kind",
                      "is no plain file or folder");
    }
    if (copy->bytes + status.st_size > bytes_max) {
        close(in);
        return too_large(copy, path);
    }
    out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                 mode & S_IXUSR ? 0755 : 0644);
    rc = out < 0 ? failed(copy, path) : copy_bytes(copy, in, out, path);
    close(in);
    if (out >= 0)
        close(out);
    return rc;
}

static int copy_folder(struct copy *copy, int from, int to, const char *path);

static int copy_below(struct copy *copy, int from, int to, const char *name,
                      const char *path)
{
    int in =
        openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int out = -1, rc;

    if (in < 0)
        return failed(copy, path);
    if (mkdirat(to, name, 0755) == 0)
        out = openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    rc = out < 0 ? failed(copy, path) : copy_folder(copy, in, out, path);
    close(in);
    if (out >= 0)
        close(out);
    return rc;
}

/* "Page.mustache" beside "page.mustache" is one file elsewhere. */
static int check_name(struct copy *copy, struct map *names, const char *name,
                      const char *path)
{
    const char *folded;
    const char *at;

    if (!utf8_valid(name, strlen(name)))
        return fail(copy->ctx, E_INVALID, "plugin.folder.name",
                    "%s has a name that is no UTF-8", "a file");
    for (at = name; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == '\\' || *at == 0x7f)
            return refuse(copy, path, "plugin.folder.name",
                          "has a name with control characters or \\");
    folded = text_fold(copy->ctx->arena, name);
    if (map_get(names, folded))
        return refuse(copy, path, "plugin.folder.case",
                      "differs from its neighbour in upper and lower case "
                      "only");
    map_set(names, folded, names);
    return 0;
}

static int copy_one(struct copy *copy, int from, int to, struct map *names,
                    const char *name, const char *path)
{
    struct stat status;
    int rc = check_name(copy, names, name, path);

    if (rc)
        return rc;
    if (++copy->entries > ENTRIES_MAX)
        return fail(copy->ctx, E_LIMIT, "plugin.folder.count",
                    "%s: a module holds at most %d files", path,
                    (int)ENTRIES_MAX);
    if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW))
        return failed(copy, path);
    if (S_ISREG(status.st_mode))
        return copy_file(copy, from, to, name, path, status.st_mode);
    if (S_ISDIR(status.st_mode))
        return copy_below(copy, from, to, name, path);
    return refuse(copy, path, "plugin.folder.kind",
                  "is no plain file or folder");
}

static int copy_folder(struct copy *copy, int from, int to, const char *path)
{
    struct map *names = map_new(copy->ctx->arena);
    struct dirent *entry;
    DIR *folder;
    int rc = 0;

    if (++copy->depth > DEPTH_MAX)
        return fail(copy->ctx, E_LIMIT, "plugin.folder.depth",
                    "%s: folders lie more than %d deep", path, (int)DEPTH_MAX);
    folder = fdopendir(dup(from));
    if (!folder)
        return failed(copy, path);
    while (!rc && (entry = readdir(folder)))
        if (entry->d_name[0] != '.')
            rc = copy_one(
                copy, from, to, names, entry->d_name,
                arena_printf(copy->ctx->arena, "%s/%s", path, entry->d_name));
    closedir(folder);
    copy->depth--;
    return rc ? rc : fsync(to) ? failed(copy, path) : 0;
}

int folder_copy(struct ctx *ctx, const char *from, const char *to)
{
    struct copy copy = { .ctx = ctx, .block = arena_alloc(ctx->arena, BLOCK) };
    int in = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC), out = -1, rc;

    if (in < 0)
        return failed(&copy, from);
    if (mkdir(to, 0755)) {
        rc = errno == EEXIST ? fail(ctx, E_CONFLICT, "plugin.folder.there",
                                    "%s is there already", to)
                             : failed(&copy, to);
        close(in);
        return rc;
    }
    out = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    rc = out < 0 ? failed(&copy, to) : copy_folder(&copy, in, out, from);
    close(in);
    if (out >= 0)
        close(out);
    if (rc)
        (void)folder_remove(ctx, to);
    return rc;
}

/* ---- removing ---- */

static bool empty_folder(int folder, int depth)
{
    DIR *entries = fdopendir(dup(folder));
    struct dirent *entry;
    bool done = entries != NULL;

    while (done && (entry = readdir(entries))) {
        const char *name = entry->d_name;
        int below;

        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
            unlinkat(folder, name, 0) == 0)
            continue;
        below = openat(folder, name,
                       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        done = below >= 0 && depth < 4 * DEPTH_MAX &&
               empty_folder(below, depth + 1) &&
               unlinkat(folder, name, AT_REMOVEDIR) == 0;
        if (below >= 0)
            close(below);
    }
    if (entries)
        closedir(entries);
    return done;
}

int folder_remove(struct ctx *ctx, const char *path)
{
    struct copy copy = { .ctx = ctx };
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool done = folder >= 0 && empty_folder(folder, 0);

    if (folder >= 0)
        close(folder);
    return done && rmdir(path) == 0 ? 0 : failed(&copy, path);
}
