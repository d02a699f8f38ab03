/*
 * s3.c - what can be asked of an object store.
 */
#include "base/banned.h"

#include "store/s3.h"

#include <errno.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/str.h"
#include "store/s3_call.h"

/* The prefix and the key. */
static int whole_key(const char **out, struct ctx *ctx, const struct s3 *s3,
                     const char *key)
{
    size_t i, length;

    *out = arena_printf(ctx->arena, "%s%s", s3->prefix ? s3->prefix : "", key);
    length = strlen(*out);
    for (i = 0; i < length; i++)
        if ((unsigned char)(*out)[i] < ' ' || (*out)[i] == 0x7f)
            break;
    if (!*key || i < length || length > S3_KEY_MAX || **out == '/' ||
        strstr(*out, "//"))
        return fail(ctx, E_INVALID, "store.s3_key",
                    "\"%s\" is no key of an object store", *out);
    return 0;
}

static const char *nothing_sha256(struct ctx *ctx)
{
    unsigned char digest[HASH_SIZE];

    sha256_data(digest, "", 0);
    return hex_of(ctx->arena, digest, sizeof digest);
}

static int put(struct ctx *ctx, const struct s3 *s3, const char *key,
               struct s3_call *call, const unsigned char *digest)
{
    int rc = whole_key(&call->key, ctx, s3, key);

    if (!rc && call->send_size > S3_OBJECT_MAX)
        rc = fail(ctx, E_LIMIT, "store.s3_put_large",
                  "%s has more than the 5 GiB that an object store takes at "
                  "once",
                  key);
    if (rc)
        return rc;
    call->sha256 = hex_of(ctx->arena, digest, HASH_SIZE);
    return s3_perform(ctx, s3, call);
}

int s3_put_fd(struct ctx *ctx, const struct s3 *s3, const char *key, int fd)
{
    struct s3_call call = s3_call_of("PUT", NULL);
    unsigned char digest[HASH_SIZE];

    if (sha256_fd(digest, &call.send_size, fd) < 0)
        return fail(ctx, E_IO, "store.io",
                    "a file of the site cannot be read or written: %s",
                    strerrordesc_np(errno));
    call.send_fd = fd;
    return put(ctx, s3, key, &call, digest);
}

int s3_put(struct ctx *ctx, const struct s3 *s3, const char *key,
           const void *data, size_t size)
{
    struct s3_call call = s3_call_of("PUT", NULL);
    unsigned char digest[HASH_SIZE];

    sha256_data(digest, data, size);
    call.send_data = data;
    call.send_size = (int64_t)size;
    return put(ctx, s3, key, &call, digest);
}

int s3_get_fd(int64_t *size, struct ctx *ctx, const struct s3 *s3,
              const char *key, int fd, int64_t from, int64_t length,
              int64_t max)
{
    struct s3_call call = s3_call_of("GET", NULL);
    int rc = whole_key(&call.key, ctx, s3, key);

    if (rc)
        return rc;
    call.sha256 = nothing_sha256(ctx);
    call.take_fd = fd;
    call.max = length >= 0 && length < max ? length : max;
    if (length >= 0)
        call.range = arena_printf(ctx->arena, "%lld-%lld", (long long)from,
                                  (long long)(from + length - 1));
    else if (from > 0)
        call.range = arena_printf(ctx->arena, "%lld-", (long long)from);
    if (length != 0)
        rc = s3_perform(ctx, s3, &call);
    if (!rc && size)
        *size = call.taken;
    return rc;
}

int s3_head(struct s3_object *out, struct ctx *ctx, const struct s3 *s3,
            const char *key)
{
    struct s3_call call = s3_call_of("HEAD", NULL);
    int rc = whole_key(&call.key, ctx, s3, key);

    if (rc)
        return rc;
    call.sha256 = nothing_sha256(ctx);
    rc = s3_perform(ctx, s3, &call);
    if (!rc && call.length < 0)
        rc = fail(ctx, E_IO, "store.s3_answer",
                  "the object store %s gives an answer that cannot be read",
                  s3_place(ctx, s3));
    if (!rc)
        *out = (struct s3_object){ key, call.length, call.modified };
    return rc;
}

int s3_delete(struct ctx *ctx, const struct s3 *s3, const char *key)
{
    struct s3_call call = s3_call_of("DELETE", NULL);
    int rc = whole_key(&call.key, ctx, s3, key);

    if (rc)
        return rc;
    call.sha256 = nothing_sha256(ctx);
    rc = s3_perform(ctx, s3, &call);
    if (rc == E_NOT_FOUND) {
        ctx_clear(ctx);
        rc = 0;
    }
    return rc;
}
