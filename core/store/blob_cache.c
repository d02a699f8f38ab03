/*
 * blob_cache.c - SITE/run/blob-cache: a part of the object store's files, on
 * this host's disk, so that the front can serve a descriptor.
 *
 * A name is the hash of the content, so nothing in it is ever out of date; it
 * comes in when that hash was checked, or when it was put by ourselves. What
 * was not used for longest goes when there is more than files_cache_max. The
 * whole folder may be deleted at any time.
 */
#include "base/banned.h"

#include "store/blob_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/map.h"
#include "base/site.h"
#include "store/tree.h"

enum { USED_AGAIN_MS = 3600 * 1000, ROUNDS = 16 };

static const char *root_of(struct ctx *ctx)
{
    return site_path(ctx, ctx->site, "run/blob-cache");
}

/* The cache of a host that has just got an object store. */
static void make_root(struct ctx *ctx)
{
    const char *root = root_of(ctx);

    if (mkdir(root, 0700) == 0)
        tree_give(root, ctx->site->folder);
}

bool cache_open(int *fd, struct ctx *ctx, const char *hash)
{
    const char *path = folder_path(ctx, root_of(ctx), hash);
    struct stat info;

    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd < 0)
        return false;
    /* Its time says when it was last used, about. */
    if (fstat(*fd, &info) == 0 &&
        (int64_t)info.st_mtime * 1000 < clock_now() - USED_AGAIN_MS)
        futimens(*fd, NULL);
    return true;
}

int cache_temporary(struct ctx *ctx)
{
    int fd;

    make_root(ctx);
    fd = open(root_of(ctx), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && errno != ENOSPC && errno != EDQUOT)
        fd = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd;
}

/* ---- keeping it small ---- */

struct entry {
    int64_t size, used;
    char hash[BLOB_DIGITS + 1];
};

struct looking {
    struct vector all;
    int64_t bytes;
    struct arena *arena;
};

static int look_at(struct ctx *ctx, const char *hash, int64_t size,
                   int64_t modified, void *payload)
{
    struct looking *looking = payload;
    struct entry *entry = arena_alloc(looking->arena, sizeof *entry);

    (void)ctx;
    entry->size = size;
    entry->used = modified;
    snprintf(entry->hash, sizeof entry->hash, "%s", hash);
    vector_add(&looking->all, entry);
    looking->bytes += size;
    return 0;
}

static int by_use(const void *a, const void *b)
{
    const struct entry *one = *(struct entry *const *)a;
    const struct entry *two = *(struct entry *const *)b;

    return one->used < two->used ? -1 : one->used > two->used;
}

static void shrink(struct ctx *ctx)
{
    const char *root = root_of(ctx);
    int64_t most = ctx->site->settings.files_cache_max;
    struct looking looking = { .arena = arena_new(0) };
    size_t i, gone = 0;

    vector_init(&looking.all, looking.arena);
    for (i = 0; i < BLOB_FOLDERS; i++) {
        folder_tidy(ctx, root, (int)i);
        (void)folder_walk(ctx, root, (int)i, look_at, &looking);
    }
    if (looking.bytes > most) {
        qsort(looking.all.items, looking.all.count, sizeof(void *), by_use);
        for (i = 0; i < looking.all.count && looking.bytes > most / 8 * 7;
             i++) {
            const struct entry *entry = looking.all.items[i];

            if (unlink(folder_path(ctx, root, entry->hash)) == 0)
                gone++;
            looking.bytes -= entry->size;
        }
        log_event(LOG_INFO, "blob.cache", "removed", log_int((int64_t)gone),
                  NULL);
    }
    arena_free(looking.arena);
}

void cache_add(struct ctx *ctx, const char *hash,
               const struct blob_content *content)
{
    /* Of this process; a first addition looks at once. */
    static int64_t added = INT64_MAX / 2;
    int64_t most = ctx->site->settings.files_cache_max;
    struct ctx own = ctx_apart(ctx);

    if (content->size > most / 2)
        return;
    make_root(ctx);
    if (folder_put(&own, root_of(ctx), hash, content)) {
        log_ctx(ctx, LOG_WARN, "blob.cache_failed", "error", ctx_error(&own),
                NULL);
        return;
    }
    added += content->size;
    if (added > most / ROUNDS) {
        added = 0;
        shrink(&own);
    }
}

void cache_forget(struct ctx *ctx, const char *hash)
{
    unlink(folder_path(ctx, root_of(ctx), hash));
}

void cache_time(struct ctx *ctx, const char *hash, int64_t at)
{
    const struct timespec day = { .tv_sec = (time_t)(at / 1000) };

    (void)utimensat(AT_FDCWD, folder_path(ctx, root_of(ctx), hash),
                    (const struct timespec[]){ day, day }, AT_SYMLINK_NOFOLLOW);
}
