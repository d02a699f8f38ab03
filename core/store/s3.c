/*
 * s3.c - what can be asked of an object store.
 */
#include "base/banned.h"

#include "store/s3.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/str.h"
#include "store/s3_call.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

enum {
    BUCKET_MIN = 3,
    BUCKET_MAX = 63,
    PREFIX_MAX = 200,
    REGION_MAX = 60,
    NAME_MAX_BYTES = 256, /* of the keys that sign */
    TIMEOUT_MAX = 3600,
    ATTEMPTS_MAX = 20,
};

/* ---- settings ---- */

static bool made_of(const char *text, const char *characters)
{
    return strspn(text, characters) == strlen(text);
}

/* What follows the scheme: a host, perhaps with a port. */
static bool host_good(const char *host)
{
    const char *port = strchr(host, ':');
    size_t length = port ? (size_t)(port - host) : strlen(host);
    int64_t number;

    if (*host == '[') {
        const char *end = strchr(host, ']');

        if (!end)
            return false;
        length = strspn(host + 1, DIGITS "abcdefABCDEF:.");
        if (length < 2 || host + 1 + length != end)
            return false;
        return !end[1] ||
               (end[1] == ':' && !int_parse(&number, end + 2, 1, 65535));
    }
    if (length == 0 || length > 253 ||
        strspn(host, LETTERS CAPITALS DIGITS ".-") != length)
        return false;
    return !port || !int_parse(&number, port + 1, 1, 65535);
}

static bool endpoint_good(const struct s3 *s3)
{
    if (!s3->endpoint)
        return false;
    if (text_starts(s3->endpoint, "https://"))
        return host_good(s3->endpoint + 8);
    return text_starts(s3->endpoint, "http://") && host_good(s3->endpoint + 7);
}

static bool bucket_good(const struct s3 *s3)
{
    size_t length = s3->bucket ? strlen(s3->bucket) : 0;

    return length >= BUCKET_MIN && length <= BUCKET_MAX &&
           made_of(s3->bucket, LETTERS DIGITS ".-") &&
           !strchr(".-", s3->bucket[0]) &&
           !strchr(".-", s3->bucket[length - 1]) && !strstr(s3->bucket, "..");
}

static bool region_good(const struct s3 *s3)
{
    return !s3->region || (*s3->region && strlen(s3->region) <= REGION_MAX &&
                           made_of(s3->region, LETTERS DIGITS "-"));
}

static bool prefix_good(const struct s3 *s3)
{
    const char *prefix = s3->prefix;

    return !prefix || (strlen(prefix) <= PREFIX_MAX && *prefix != '/' &&
                       made_of(prefix, LETTERS CAPITALS DIGITS "/_.-") &&
                       !strstr(prefix, "//") && !strstr(prefix, ".."));
}

/* Visible ASCII; a line's end in a secret read from a file is a mistake that
 * only shows as a wrong signature. */
static bool word_good(const char *text)
{
    size_t length = text ? strlen(text) : 0, i;

    for (i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f)
            return false;
    return length >= 1 && length <= NAME_MAX_BYTES;
}

static bool access_key_good(const struct s3 *s3)
{
    return word_good(s3->access_key) && !strchr(s3->access_key, '/');
}

static bool secret_key_good(const struct s3 *s3)
{
    return word_good(s3->secret_key);
}

static bool ca_file_good(const struct s3 *s3)
{
    return !s3->ca_file || (*s3->ca_file == '/' && !access(s3->ca_file, R_OK));
}

/* A certificate for *.host fits no name with more dots. */
static bool virtual_host_good(const struct s3 *s3)
{
    const char *host;

    if (!s3->virtual_host)
        return true;
    host = strstr(s3->endpoint, "://") + 3;
    return !strchr(s3->bucket, '.') && *host != '[' &&
           !made_of(host, DIGITS ".:");
}

static bool timeout_good(const struct s3 *s3)
{
    return s3->timeout_seconds >= 0 && s3->timeout_seconds <= TIMEOUT_MAX;
}

static bool attempts_good(const struct s3 *s3)
{
    return s3->attempts >= 0 && s3->attempts <= ATTEMPTS_MAX;
}

static const struct {
    const char *name, *expected;
    bool (*good)(const struct s3 *s3);
} rules[] = {
    { "endpoint",
      "an address such as \"https://s3.example.org\" or "
      "\"http://10.0.0.7:9000\", without a path",
      endpoint_good },
    { "bucket", "3 to 63 small letters, digits, - and .", bucket_good },
    { "region", "small letters, digits and -, such as \"eu-central-1\"",
      region_good },
    { "prefix", "letters, digits, /, -, _ and ., not beginning with /",
      prefix_good },
    { "access_key", "a key without spaces", access_key_good },
    { "secret_key", "a key without spaces", secret_key_good },
    { "ca_file", "the absolute path of a readable file", ca_file_good },
    { "virtual_host",
      "false where the bucket's name has a dot or the endpoint is an address "
      "of numbers",
      virtual_host_good },
    { "timeout_seconds", "0 to 3600", timeout_good },
    { "attempts", "0 to 20", attempts_good },
};

const char *s3_objection(const char **name, const struct s3 *s3)
{
    size_t i;

    for (i = 0; i < sizeof rules / sizeof *rules; i++)
        if (!rules[i].good(s3)) {
            *name = rules[i].name;
            return rules[i].expected;
        }
    return NULL;
}

/* ---- requests ---- */

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
