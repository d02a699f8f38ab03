/*
 * blob_remote.c - files in an object store, with the cache before it.
 *
 * People are told that the files are out of reach, not where they are; the
 * log has the store's own words. After a failure nobody asks again for some
 * seconds: each request would wait, and hold a worker.
 */
#include "base/banned.h"

#include "store/blob_internal.h"

#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "store/s3.h"

enum { AWAY_MS = 3000, MARK_MAX = 200 };
static const char MARK_KEY[] = "tenon-files";

static bool network = true, caching;
static int64_t away_until; /* clock_monotonic() */

void blob_process(bool may_network, bool may_cache)
{
    network = may_network;
    caching = may_cache;
}

static int out_of_reach(struct ctx *ctx, int code)
{
    return fail(ctx, code, "store.files_away",
                "the place where the files are kept cannot be used just now; "
                "try again in a few minutes");
}

/* May the object store be asked at all? */
static int may_ask(struct ctx *ctx)
{
    if (!network)
        return fail(ctx, E_UNAVAILABLE, "store.files_lane",
                    "this file is in the object store, which is not asked "
                    "from here; open it by its own address, or in a job");
    return clock_monotonic() < away_until ? out_of_reach(ctx, E_UNAVAILABLE)
                                          : 0;
}

/* A context for one question: what it says is looked at before it is told. */
static struct ctx ask_of(const struct ctx *ctx)
{
    struct ctx own = ctx_apart(ctx);

    return own;
}

/* What came of a question, for who asked. */
static int told(struct ctx *ctx, const struct ctx *own, int rc)
{
    const struct problem *problem = own->problems;

    if (!rc || rc == E_NOT_FOUND)
        return rc;
    if (rc == E_UNAVAILABLE)
        away_until = clock_monotonic() + AWAY_MS;
    log_ctx(ctx, LOG_ERROR, "blob.object_store", "error", ctx_error(own), NULL);
    if (ctx->person || !problem)
        return out_of_reach(ctx, rc == E_IO ? E_UNAVAILABLE : rc);
    return fail(ctx, rc, "store.files_store", "%s", problem->text);
}

static const char *key_of(struct ctx *ctx, const char *hash)
{
    return arena_printf(ctx->arena, "%.2s/%s", hash, hash + BLOB_FOLDER_DIGITS);
}

int remote_size(int64_t *size, struct ctx *ctx, const struct s3 *s3,
                const char *hash)
{
    struct ctx own = ask_of(ctx);
    struct s3_object object;
    int rc = may_ask(ctx);

    if (rc)
        return rc;
    rc = s3_head(&object, &own, s3, key_of(ctx, hash));
    if (!rc)
        *size = object.size;
    return told(ctx, &own, rc);
}

int remote_put(struct ctx *ctx, const struct s3 *s3, const char *hash,
               const struct blob_content *content)
{
    struct ctx own = ask_of(ctx);
    int64_t there = -1;
    int rc = remote_size(&there, ctx, s3, hash);

    if (rc && rc != E_NOT_FOUND)
        return rc;
    if (there != content->size) {
        rc = content->fd >= 0
                 ? s3_put_fd(&own, s3, key_of(ctx, hash), content->fd)
                 : s3_put(&own, s3, key_of(ctx, hash), content->data,
                          (size_t)content->size);
        rc = told(ctx, &own, rc);
    }
    if (!rc)
        cache_add(ctx, hash, content);
    return rc;
}

int remote_get(struct ctx *ctx, const struct s3 *s3, const char *hash, int fd)
{
    struct ctx own = ask_of(ctx);
    unsigned char digest[HASH_SIZE];
    int rc = may_ask(ctx);

    if (rc)
        return rc;
    rc = s3_get_fd(NULL, &own, s3, key_of(ctx, hash), fd, 0, -1, S3_OBJECT_MAX);
    if (rc)
        return told(ctx, &own, rc);
    if (hash_fd(digest, NULL, fd) < 0)
        return blob_io_error(ctx);
    if (strcmp(hex_of(ctx->arena, digest, sizeof digest), hash) == 0)
        return 0;
    log_ctx(ctx, LOG_ERROR, "blob.damaged", "hash", hash, NULL);
    return fail(ctx, E_INVALID, "store.damaged_blob",
                "the stored file %s is damaged", hash);
}

int remote_open(int *fd, struct ctx *ctx, const struct s3 *s3, const char *hash)
{
    struct blob_content content = { 0 };
    struct stat info;
    int rc = 0, temporary;

    if (cache_open(fd, ctx, hash))
        return 0;
    temporary = cache_temporary(ctx);
    if (temporary < 0)
        return blob_io_error(ctx);
    rc = remote_get(ctx, s3, hash, temporary);
    if (!rc && fstat(temporary, &info) < 0)
        rc = blob_io_error(ctx);
    if (rc) {
        close(temporary);
        return rc;
    }
    content.fd = temporary;
    content.size = info.st_size;
    if (caching)
        cache_add(ctx, hash, &content);
    *fd = temporary;
    return 0;
}

/* ---- walking ---- */

struct walking {
    blob_visit visit;
    void *payload;
};

/* "ab/cdef…" to its hash; others in the bucket are none of ours. */
static int visit_object(struct ctx *ctx, const struct s3_object *object,
                        void *payload)
{
    const struct walking *walking = payload;
    char hash[BLOB_DIGITS + 1];

    if (strlen(object->key) != BLOB_DIGITS + 1 ||
        object->key[BLOB_FOLDER_DIGITS] != '/')
        return 0;
    snprintf(hash, sizeof hash, "%.2s%s", object->key, object->key + 3);
    return blob_name_good(hash)
               ? walking->visit(ctx, hash, object->size, object->modified,
                                walking->payload)
               : 0;
}

int remote_walk(struct ctx *ctx, const struct s3 *s3, int first,
                blob_visit visit, void *payload)
{
    struct walking walking = { visit, payload };
    int rc = may_ask(ctx);

    return rc ? rc
              : s3_list(ctx, s3,
                        arena_printf(ctx->arena, "%02x/", (unsigned)first),
                        visit_object, &walking);
}

int remote_remove(struct ctx *ctx, const struct s3 *s3, const char *hash)
{
    struct ctx own = ask_of(ctx);
    int rc = may_ask(ctx);

    if (rc)
        return rc;
    cache_forget(ctx, hash);
    return told(ctx, &own, s3_delete(&own, s3, key_of(ctx, hash)));
}

/* ---- the mark ---- */

int remote_mark_read(const char **text, struct ctx *ctx, const struct s3 *s3)
{
    struct ctx own = ask_of(ctx);
    char bytes[MARK_MAX + 1];
    int64_t size = 0;
    int fd, rc = may_ask(ctx);

    *text = NULL;
    if (rc)
        return rc;
    fd = cache_temporary(ctx);
    if (fd < 0)
        return blob_io_error(ctx);
    rc = s3_get_fd(&size, &own, s3, MARK_KEY, fd, 0, -1, MARK_MAX);
    if (!rc && pread(fd, bytes, (size_t)size, 0) == size)
        *text = arena_strndup(ctx->arena, bytes, (size_t)size);
    close(fd);
    return rc == E_NOT_FOUND ? 0 : told(ctx, &own, rc);
}

int remote_mark_write(struct ctx *ctx, const struct s3 *s3, const char *text)
{
    struct ctx own = ask_of(ctx);
    int rc = may_ask(ctx);

    return rc ? rc
              : told(ctx, &own, s3_put(&own, s3, MARK_KEY, text, strlen(text)));
}
