/*
 * s3_settings.c - the settings of an object store, and what they may be.
 */
#include "base/banned.h"

#include "base/s3_settings.h"

#include <stddef.h>

#include "base/arena.h"
#include "base/config.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/str.h"

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

/* ---- what they may be ---- */

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

static const struct rule {
    const char *name, *key, *expected;
    bool (*good)(const struct s3 *s3);
} rules[] = {
    { "endpoint", "site.s3_endpoint",
      "an address such as \"https://s3.example.org\" or "
      "\"http://10.0.0.7:9000\", without a path",
      endpoint_good },
    { "bucket", "site.s3_bucket", "3 to 63 small letters, digits, - and .",
      bucket_good },
    { "region", "site.s3_region",
      "small letters, digits and -, such as \"eu-central-1\"", region_good },
    { "prefix", "site.s3_prefix",
      "letters, digits, /, -, _ and ., not beginning with /", prefix_good },
    { "access_key", "site.s3_access_key", "a key without spaces and /",
      access_key_good },
    { "secret_key", "site.s3_secret_key",
      "a key without spaces (or secret_key_file, or TENON_S3_SECRET_KEY in "
      "the environment)",
      secret_key_good },
    { "ca_file", "site.s3_ca_file", "the absolute path of a readable file",
      ca_file_good },
    { "virtual_host", "site.s3_virtual_host",
      "false where the bucket's name has a dot or the endpoint is an address "
      "of numbers",
      virtual_host_good },
    { "timeout_seconds", "site.s3_timeout_seconds", "0 to 3600", timeout_good },
    { "attempts", "site.s3_attempts", "0 to 20", attempts_good },
};

static const struct rule *broken(const struct s3 *s3)
{
    size_t i;

    for (i = 0; i < sizeof rules / sizeof *rules; i++)
        if (!rules[i].good(s3))
            return &rules[i];
    return NULL;
}

const char *s3_objection(const char **name, const struct s3 *s3)
{
    const struct rule *rule = broken(s3);

    if (rule)
        *name = rule->name;
    return rule ? rule->expected : NULL;
}

/* ---- reading ---- */

struct given {
    struct s3 s3;
    const char *where, *secret_key_file;
};

#define AT(field) offsetof(struct given, field)

static const struct config_row rows[] = {
    { "where", CONFIG_TEXT, AT(where), 0, 0, 100 },
    { "endpoint", CONFIG_TEXT, AT(s3.endpoint), 0, 0, 500 },
    { "bucket", CONFIG_TEXT, AT(s3.bucket), 0, 0, 500 },
    { "region", CONFIG_TEXT, AT(s3.region), 0, 0, 500 },
    { "prefix", CONFIG_TEXT, AT(s3.prefix), 0, 0, 500 },
    { "access_key", CONFIG_TEXT, AT(s3.access_key), 0, 0, 500 },
    { "secret_key", CONFIG_TEXT, AT(s3.secret_key), 0, 0, 500 },
    { "secret_key_file", CONFIG_TEXT, AT(secret_key_file), 0, 1, 1000 },
    { "ca_file", CONFIG_TEXT, AT(s3.ca_file), 0, 1, 1000 },
    { "virtual_host", CONFIG_BOOL, AT(s3.virtual_host), 0, 0, 0 },
    { "timeout_seconds", CONFIG_INT, AT(s3.timeout_seconds), 0, 0,
      TIMEOUT_MAX },
    { "attempts", CONFIG_INT, AT(s3.attempts), 0, 0, ATTEMPTS_MAX },
    { 0 },
};

/* What a file holds, without the end of its line. */
static int read_secret(struct given *given, struct ctx *ctx)
{
    size_t length;
    const char *text;
    int rc = file_read(&text, &length, ctx, given->secret_key_file, 1024);

    if (rc)
        return rc;
    while (length > 0 && strchr("\r\n", text[length - 1]))
        length--;
    given->s3.secret_key = arena_strndup(ctx->arena, text, length);
    return 0;
}

int s3_settings_read(struct s3 *out, struct ctx *ctx, const char *path,
                     const config_setting_t *group)
{
    struct given given = { 0 };
    const config_setting_t *setting;
    const struct rule *rule;
    int rc = config_fill(&given, ctx, path, group, rows);

    if (!rc && given.secret_key_file)
        rc = read_secret(&given, ctx);
    if (rc)
        return rc;
    if (!given.s3.access_key)
        given.s3.access_key = getenv("TENON_S3_ACCESS_KEY");
    if (!given.s3.secret_key)
        given.s3.secret_key = getenv("TENON_S3_SECRET_KEY");
    rule = broken(&given.s3);
    if (rule) {
        setting = config_setting_get_member(group, rule->name);
        return fail(ctx, E_INVALID, rule->key,
                    "%s:%d: \"%s\" of the object store must be %s", path,
                    (int)config_setting_source_line(setting ? setting : group),
                    rule->name, rule->expected);
    }
    *out = given.s3;
    return 0;
}
