/*
 * remote.c - backups in an object store: the parts of an archive, NAME/part-…,
 * and, last of all, NAME/whole, which says how many bytes they are.
 *
 * A backup without its last object was cut off on its way, and is none.
 */
#include "base/banned.h"

#include <errno.h>
#include <fcntl.h>

#include "backup/backup.h"
#include "backup/internal.h"
#include "base/arena.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/map.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "store/s3.h"
#include "store/tree.h"

#define WHOLE "whole"

enum { PARTS_MAX = 99999 };

static const struct s3 *store_of(const struct ctx *ctx)
{
    return &ctx->site->settings.backup.s3;
}

bool remote_wanted(const struct ctx *ctx)
{
    return ctx->site->settings.backup.send;
}

static const char *part_of(struct ctx *ctx, const char *name, int part)
{
    return arena_printf(ctx->arena, "%s/part-%05d", name, part);
}

/* ---- sending ---- */

/* 1: sent; 0: there is no such part. */
static int send_part(struct ctx *ctx, const char *name, const char *folder,
                     int part)
{
    int fd = open(arena_printf(ctx->arena, "%s/part-%05d", folder, part),
                  O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int rc;

    if (fd < 0)
        return errno == ENOENT ? 0
                               : fail(ctx, E_IO, "store.io", "%s: %s", folder,
                                      strerrordesc_np(errno));
    rc = s3_put_fd(ctx, store_of(ctx), part_of(ctx, name, part), fd);
    close(fd);
    return rc ? rc : 1;
}

int remote_send(struct ctx *ctx, const char *name, const char *folder)
{
    const char *said;
    int part = 0, rc;

    do
        rc = send_part(ctx, name, folder, ++part);
    while (rc == 1 && part < PARTS_MAX);
    if (rc)
        return rc < 0 ? rc : E_LIMIT;
    said = arena_printf(ctx->arena, "{\"parts\":%d,\"bytes\":%lld}\n", part - 1,
                        (long long)tree_bytes(folder));
    rc = s3_put(ctx, store_of(ctx), arena_printf(ctx->arena, "%s/" WHOLE, name),
                said, strlen(said));
    if (!rc)
        log_event(LOG_INFO, "backup.sent", "name", name, NULL);
    return rc;
}

/* ---- what is there ---- */

struct listing {
    struct value *list; /* in the order of keys: one's objects together */
};

static int take_object(struct ctx *ctx, const struct s3_object *object,
                       void *payload)
{
    struct listing *listing = payload;
    const char *slash = strchr(object->key, '/');
    struct value *last;
    const char *name;
    int64_t at;

    if (!slash)
        return 0;
    name =
        arena_strndup(ctx->arena, object->key, (size_t)(slash - object->key));
    if (!name_is_ours(&at, name))
        return 0;
    last = value_at(listing->list, value_count(listing->list) - 1);
    if (!value_count(listing->list) ||
        !text_equal(value_get_text(last, "name"), name)) {
        last = value_map(ctx->arena);
        value_set_text(last, "name", name);
        value_set_int(last, "at", at);
        value_set_int(last, "bytes", 0);
        value_set_int(last, "parts", 0);
        value_append(listing->list, last);
    }
    if (strcmp(slash + 1, WHOLE) == 0) {
        value_set_bool(last, "whole", true);
        return 0;
    }
    value_set_int(last, "parts", value_get_int(last, "parts", 0) + 1);
    value_set_int(last, "bytes",
                  value_get_int(last, "bytes", 0) + object->size);
    return 0;
}

static int newest_first(const void *a, const void *b)
{
    const struct value *const *one = a, *const *other = b;

    return strcmp(value_get_text(*other, "name"), value_get_text(*one, "name"));
}

/* All of ours, newest first; those that were cut off, too. The store's order
 * of keys is not that of names ("…-2/" stands before "…/"). */
static int list_all(struct value **out, struct ctx *ctx)
{
    struct listing listing = { value_list(ctx->arena) };
    struct vector sorted;
    size_t i;
    int rc = s3_list(ctx, store_of(ctx), NULL, take_object, &listing);

    vector_init(&sorted, ctx->arena);
    for (i = 0; i < value_count(listing.list); i++)
        vector_add(&sorted, value_at(listing.list, i));
    if (sorted.count)
        qsort(sorted.items, sorted.count, sizeof *sorted.items, newest_first);
    *out = value_list(ctx->arena);
    for (i = 0; !rc && i < sorted.count; i++)
        value_append(*out, sorted.items[i]);
    return rc;
}

int remote_list(struct value **out, struct ctx *ctx)
{
    struct value *all;
    size_t i;
    int rc = list_all(&all, ctx);

    *out = value_list(ctx->arena);
    for (i = 0; !rc && i < value_count(all); i++)
        if (value_get_bool(value_at(all, i), "whole"))
            value_append(*out, value_at(all, i));
    return rc;
}

/* ---- removing ---- */

/* The mark first: what is half removed is no backup. */
static int remove_one(struct ctx *ctx, const struct value *one)
{
    const char *name = value_get_text(one, "name");
    int64_t parts = value_get_int(one, "parts", 0);
    int rc = s3_delete(ctx, store_of(ctx),
                       arena_printf(ctx->arena, "%s/" WHOLE, name)),
        i;

    for (i = 1; !rc && i <= parts; i++)
        rc = s3_delete(ctx, store_of(ctx), part_of(ctx, name, i));
    if (!rc)
        log_event(LOG_INFO, "backup.removed", "name", name, "where", "store",
                  NULL);
    return rc;
}

int remote_prune(struct ctx *ctx)
{
    struct value *list;
    size_t i;
    int rc = remote_list(&list, ctx);

    if (rc)
        return rc;
    shelf_choose(ctx, list);
    for (i = 0; !rc && i < value_count(list); i++)
        if (value_get_bool(value_at(list, i), "over"))
            rc = remove_one(ctx, value_at(list, i));
    return rc;
}

/* ---- getting one back ---- */

static int fetch_part(struct ctx *ctx, const char *name, const char *folder,
                      int part)
{
    const char *path = arena_printf(ctx->arena, "%s/part-%05d", folder, part);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), rc;

    if (fd < 0)
        return fail(ctx, E_IO, "store.io", "%s: %s", path,
                    strerrordesc_np(errno));
    rc = s3_get_fd(NULL, ctx, store_of(ctx), part_of(ctx, name, part), fd, 0,
                   -1, S3_OBJECT_MAX);
    if (!rc && fsync(fd) < 0)
        rc =
            fail(ctx, E_IO, "store.io", "%s: %s", path, strerrordesc_np(errno));
    close(fd);
    return rc;
}

static const struct value *find(const struct value *list, const char *name)
{
    size_t i;

    for (i = 0; i < value_count(list); i++)
        if (text_equal(value_get_text(value_at(list, i), "name"), name))
            return value_at(list, i);
    return NULL;
}

int backup_fetch(struct ctx *ctx, const char *name, const char *to)
{
    const struct value *one;
    struct value *list;
    int64_t parts;
    int rc, i;

    if (!remote_wanted(ctx))
        return fail(ctx, E_INVALID, "backup.no_store",
                    "tenon.cfg names no object store for backups");
    if (tree_exists(to))
        return fail(ctx, E_CONFLICT, "store.backup_exists",
                    "%s already exists; choose a new name", to);
    rc = remote_list(&list, ctx);
    if (rc)
        return rc;
    one = find(list, name);
    if (!one)
        return fail(ctx, E_NOT_FOUND, "backup.none",
                    "there is no backup %s that is whole", name);
    parts = value_get_int(one, "parts", 0);
    rc = tree_make(ctx, to);
    for (i = 1; !rc && i <= parts; i++)
        rc = fetch_part(ctx, name, to, i);
    return rc ? rc : tree_sync(ctx, to);
}

int backup_list(struct value **out, struct ctx *ctx)
{
    struct value *there;
    size_t i;
    int rc = shelf_list(out, ctx);

    for (i = 0; !rc && i < value_count(*out); i++)
        value_set_bool(value_at(*out, i), "here", true);
    if (rc || !remote_wanted(ctx))
        return rc;
    rc = remote_list(&there, ctx);
    for (i = 0; !rc && i < value_count(there); i++) {
        struct value *one = value_at(there, i);
        struct value *here =
            (struct value *)find(*out, value_get_text(one, "name"));

        if (here) {
            value_set_bool(here, "sent", true);
            continue;
        }
        value_set_bool(one, "here", false);
        value_set_bool(one, "sent", true);
        value_set_bool(one, "encrypted", true);
        value_append(*out, one);
    }
    return rc;
}
