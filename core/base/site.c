/*
 * site.c - a site's folder and its tenon.cfg.
 *
 * A new setting is a row of `rows`, a field of struct settings, and its
 * paragraph in docs/admin/settings.md.
 */
#include "base/banned.h"

#include "base/site.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/cron.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/str.h"

#define MIB ((int64_t)1024 * 1024)

/* Groups that are read by rows of their own. */
struct given {
    struct settings settings;
    const config_setting_t *files, *files_before, *backup_store;
};

#define AT(field) offsetof(struct given, settings.field)

static const struct config_row rows[] = {
    { "listen", CONFIG_TEXT, AT(listen), 0, 1, 200 },
    { "tls_certificate", CONFIG_TEXT, AT(tls_certificate), 0, 1, 1000 },
    { "tls_key", CONFIG_TEXT, AT(tls_key), 0, 1, 1000 },
    { "tls_redirect", CONFIG_TEXT, AT(tls_redirect), 0, 1, 200 },
    { "hosts", CONFIG_TEXTS, AT(hosts), AT(host_count), 1, 253 },
    { "proxies", CONFIG_TEXTS, AT(proxies), AT(proxy_count), 2, 45 },
    { "page_workers", CONFIG_INT, AT(page_workers), 0, 0, 256 },
    { "body_max", CONFIG_INT64, AT(body_max), 0, 64 * 1024, 4096 * MIB },
    { "spool_max", CONFIG_INT64, AT(spool_max), 0, MIB, 1024 * 1024 * MIB },
    { "connections_per_address", CONFIG_INT, AT(connections_per_address), 0, 1,
      100000 },
    { "connections_max", CONFIG_INT, AT(connections_max), 0, 10, 100000 },
    { "event_streams_max", CONFIG_INT, AT(event_streams_max), 0, 1, 100 },
    { "header_seconds", CONFIG_INT, AT(header_seconds), 0, 1, 300 },
    { "body_seconds", CONFIG_INT, AT(body_seconds), 0, 1, 86400 },
    { "session_idle_minutes", CONFIG_INT, AT(session_idle_minutes), 0, 1,
      60 * 24 * 30 },
    { "session_absolute_hours", CONFIG_INT, AT(session_absolute_hours), 0, 1,
      24 * 90 },
    { "worker_memory_mb", CONFIG_INT, AT(worker_memory_mb), 0, 64,
      1024 * 1024 },
    { "worker_requests", CONFIG_INT, AT(worker_requests), 0, 1, 100000000 },
    { "soft_ms", CONFIG_INT, AT(soft_ms), 0, 100, 600000 },
    { "hard_ms", CONFIG_INT, AT(hard_ms), 0, 200, 600000 },
    { "durability", CONFIG_TEXT, AT(durability), 0, 1, 20 },
    { "smtp_url", CONFIG_TEXT, AT(smtp_url), 0, 1, 500 },
    { "smtp_from", CONFIG_TEXT, AT(smtp_from), 0, 3, 320 },
    { "public_url", CONFIG_TEXT, AT(public_url), 0, 8, 500 },
    { "zone", CONFIG_TEXT, AT(zone), 0, 1, 63 },
    { "locale", CONFIG_TEXT, AT(locale), 0, 2, 10 },
    { "theme", CONFIG_TEXT, AT(theme), 0, 1, 63 },
    { "demo", CONFIG_BOOL, AT(demo), 0, 0, 0 },
    { "slow_query_ms", CONFIG_INT, AT(slow_query_ms), 0, 0, 600000 },
    { "backup.folder", CONFIG_TEXT, AT(backup.folder), 0, 1, 1000 },
    { "backup.at", CONFIG_TEXT, AT(backup.at), 0, 1, CRON_TEXT_MAX },
    { "backup.zone", CONFIG_TEXT, AT(backup.zone), 0, 1, 63 },
    { "backup.key", CONFIG_TEXT, AT(backup.key), 0, 1, 1000 },
    { "backup.keep", CONFIG_INT, AT(backup.keep), 0, 0, 10000 },
    { "backup.list_files", CONFIG_BOOL, AT(backup.list_files), 0, 0, 0 },
    { "backup.keep_days", CONFIG_INT, AT(backup.keep_days), 0, 0, 36500 },
    { "store.driver", CONFIG_TEXT, AT(store.driver), 0, 1, 20 },
    { "store.url", CONFIG_TEXT, AT(store.url), 0, 1, 2000 },
    { "store.listen_url", CONFIG_TEXT, AT(store.listen_url), 0, 1, 2000 },
    { "store.replica_url", CONFIG_TEXT, AT(store.replica_url), 0, 1, 2000 },
    { "files", CONFIG_GROUP, offsetof(struct given, files), 0, 0, 0 },
    { "files_before", CONFIG_GROUP, offsetof(struct given, files_before), 0, 0,
      0 },
    { "backup_store", CONFIG_GROUP, offsetof(struct given, backup_store), 0, 0,
      0 },
    { "files_cache_max", CONFIG_INT64, AT(files_cache_max), 0, 16 * MIB,
      16 * 1024 * 1024 * MIB },
    { "net_workers", CONFIG_INT, AT(net_workers), 0, 0, 16 },
    { "job_workers", CONFIG_INT, AT(job_workers), 0, 0, 8 },
    { 0 },
};

static const struct settings defaults = {
    .listen = "127.0.0.1:8080",
    .body_max = 32 * MIB,
    .spool_max = 256 * MIB,
    .connections_per_address = 200,
    .connections_max = 4000,
    .event_streams_max = 4,
    .header_seconds = 10,
    .body_seconds = 300,
    .session_idle_minutes = 480,
    .session_absolute_hours = 168,
    .worker_memory_mb = 512,
    .worker_requests = 20000,
    .soft_ms = 10000,
    .hard_ms = 12000,
    .durability = "group",
    .zone = "UTC",
    .locale = "en",
    .theme = "default",
    .slow_query_ms = 100,
    .store = { .driver = "sqlite" },
    .files = { .where = "folder" },
    .files_cache_max = 1024 * MIB,
    .backup = { .keep = 7 },
};

/* A rule that a range cannot say. */
struct rule {
    const char *name, *key, *expected;
    bool (*holds)(const struct settings *settings);
};

static bool is_address(const char *text)
{
    unsigned char bytes[16];

    return inet_pton(AF_INET, text, bytes) == 1 ||
           inet_pton(AF_INET6, text, bytes) == 1;
}

/* "address:port", an IPv6 address in brackets. */
static bool address_valid(const char *text)
{
    char address[64];
    const char *colon = strrchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : 0;
    int64_t port;

    if (!colon || int_parse(&port, colon + 1, 0, 65535) ||
        length >= sizeof address)
        return false;
    if (length > 2 && text[0] == '[' && colon[-1] == ']') {
        text++;
        length -= 2;
    } else if (memchr(text, ':', length)) {
        return false;
    }
    memcpy(address, text, length);
    address[length] = '\0';
    return is_address(address) || text_equal(address, "localhost");
}

static bool listen_valid(const struct settings *settings)
{
    return address_valid(settings->listen);
}

/* A path of its own: the service's folder may be any. */
static bool tls_valid(const struct settings *settings)
{
    const char *certificate = settings->tls_certificate;
    const char *key = settings->tls_key;

    return !certificate == !key &&
           (!certificate || (*certificate == '/' && *key == '/'));
}

static bool redirect_valid(const struct settings *settings)
{
    return !settings->tls_redirect ||
           (settings->tls_certificate && address_valid(settings->tls_redirect));
}

static bool hosts_valid(const struct settings *settings)
{
    size_t i;

    for (i = 0; i < settings->host_count; i++)
        if (strspn(settings->hosts[i],
                   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "0123456789.-:[]") != strlen(settings->hosts[i]))
            return false;
    return true;
}

static bool proxies_valid(const struct settings *settings)
{
    size_t i;

    for (i = 0; i < settings->proxy_count; i++)
        if (!is_address(settings->proxies[i]))
            return false;
    return true;
}

static bool deadlines_valid(const struct settings *settings)
{
    return settings->hard_ms > settings->soft_ms;
}

static bool durability_valid(const struct settings *settings)
{
    return text_equal(settings->durability, "full") ||
           text_equal(settings->durability, "group");
}

static bool postgresql_url(const char *url)
{
    return text_starts(url, "postgresql://") || text_starts(url, "postgres://");
}

static bool driver_valid(const struct settings *settings)
{
    return text_equal(settings->store.driver, "sqlite") ||
           text_equal(settings->store.driver, "postgresql");
}

/* An address belongs to the driver that needs one. */
static bool url_valid(const struct settings *settings)
{
    const struct store_settings *store = &settings->store;

    if (text_equal(store->driver, "sqlite"))
        return !store->url && !store->listen_url && !store->replica_url;
    return store->url && postgresql_url(store->url) &&
           (!store->listen_url || postgresql_url(store->listen_url)) &&
           (!store->replica_url || postgresql_url(store->replica_url));
}

static bool smtp_valid(const struct settings *settings)
{
    return !settings->smtp_url || text_starts(settings->smtp_url, "smtp://") ||
           text_starts(settings->smtp_url, "smtps://");
}

static bool from_valid(const struct settings *settings)
{
    const char *from = settings->smtp_from;

    return !from || (strchr(from, '@') && !strpbrk(from, " \t\r\n<>,"));
}

static bool public_url_valid(const struct settings *settings)
{
    const char *url = settings->public_url;

    return !url ||
           ((text_starts(url, "http://") || text_starts(url, "https://")) &&
            !strpbrk(url, " \t\r\n\"<>\\"));
}

static bool zone_valid(const struct settings *settings)
{
    return zone_find(settings->zone) != NULL;
}

static bool locale_valid(const struct settings *settings)
{
    return locale_known(settings->locale) != NULL;
}

/* The theme's name becomes part of a path. */
static bool theme_valid(const struct settings *settings)
{
    return strspn(settings->theme, "abcdefghijklmnopqrstuvwxyz0123456789_-") ==
           strlen(settings->theme);
}

static bool backup_folder_valid(const struct settings *settings)
{
    return !settings->backup.folder || *settings->backup.folder == '/';
}

static bool backup_at_valid(const struct settings *settings)
{
    struct cron cron;

    return !settings->backup.at || cron_parse(&cron, settings->backup.at);
}

static bool backup_zone_valid(const struct settings *settings)
{
    return !settings->backup.zone || zone_find(settings->backup.zone);
}

static bool backup_key_valid(const struct settings *settings)
{
    return !settings->backup.key || *settings->backup.key == '/';
}

static const struct rule rules[] = {
    { "listen", "site.listen",
      "an address and a port, \"127.0.0.1:8080\" or \"[::]:80\"",
      listen_valid },
    { "tls_key", "site.tls_key",
      "set together with tls_certificate, both as absolute paths", tls_valid },
    { "tls_redirect", "site.tls_redirect",
      "an address and a port, beside tls_certificate", redirect_valid },
    { "hosts", "site.hosts",
      "names of hosts, with a port where it is not the usual one",
      hosts_valid },
    { "proxies", "site.proxies", "IP addresses", proxies_valid },
    { "hard_ms", "site.hard_ms", "larger than soft_ms", deadlines_valid },
    { "durability", "site.durability", "\"group\" or \"full\"",
      durability_valid },
    { "store.driver", "site.store_driver", "\"sqlite\" or \"postgresql\"",
      driver_valid },
    { "store.url", "site.store_url",
      "an address \"postgresql://user@host/database\" where the driver is "
      "\"postgresql\", and missing where it is \"sqlite\"",
      url_valid },
    { "backup.folder", "site.backup_folder", "the absolute path of a folder",
      backup_folder_valid },
    { "backup.at", "site.backup_at",
      "a schedule such as \"30 2 * * *\" (minute, hour, day, month, day of "
      "the week)",
      backup_at_valid },
    { "backup.zone", "site.backup_zone",
      "a time zone such as "
      "\"Asia/Shanghai\"",
      backup_zone_valid },
    { "backup.key", "site.backup_key", "the absolute path of a file",
      backup_key_valid },
    { "smtp_url", "site.smtp_url", "\"smtp://host:25\" or \"smtps://host:465\"",
      smtp_valid },
    { "smtp_from", "site.smtp_from", "one mail address", from_valid },
    { "public_url", "site.public_url",
      "an address that begins with http:// or https://", public_url_valid },
    { "zone", "site.zone",
      "a time zone such as \"Asia/Shanghai\" (is tzdata installed?)",
      zone_valid },
    { "locale", "site.locale", "\"en\", \"zh-CN\" or \"zh-TW\"", locale_valid },
    { "theme", "site.theme", "small letters, digits, - and _", theme_valid },
};

static int check_rules(struct ctx *ctx, const struct settings *settings,
                       const char *path, const config_t *config)
{
    int first = 0;
    size_t i;

    for (i = 0; i < sizeof rules / sizeof *rules; i++) {
        const config_setting_t *setting = config_lookup(config, rules[i].name);

        if (rules[i].holds(settings))
            continue;
        first =
            fail(ctx, E_INVALID, rules[i].key, "%s:%d: \"%s\" must be %s", path,
                 setting ? (int)config_setting_source_line(setting) : 0,
                 rules[i].name, rules[i].expected);
    }
    return first;
}

/* ---- where the files are ---- */

static const struct config_row folder_rows[] = {
    { "where", CONFIG_TEXT, offsetof(struct files_settings, where), 0, 1, 20 },
    { "path", CONFIG_TEXT, offsetof(struct files_settings, path), 0, 1, 1000 },
    { 0 },
};

static int read_files(struct files_settings *out, struct ctx *ctx,
                      const char *path, const config_setting_t *group)
{
    const char *where = NULL;
    int rc = 0, line = (int)config_setting_source_line(group);

    (void)config_setting_lookup_string(group, "where", &where);
    if (!text_equal(where, "s3") && !text_equal(where, "folder"))
        return fail(ctx, E_INVALID, "site.files_where",
                    "%s:%d: \"%s\" must be \"folder\" or \"s3\"", path, line,
                    "where");
    *out = (struct files_settings){ 0 };
    if (strcmp(where, "s3") == 0)
        rc = s3_settings_read(&out->s3, ctx, path, group);
    else
        rc = config_fill(out, ctx, path, group, folder_rows);
    out->where = arena_strdup(ctx->arena, where);
    if (!rc && out->path && *out->path != '/')
        rc = fail(ctx, E_INVALID, "site.files_path",
                  "%s:%d: \"%s\" must be the absolute path of a folder", path,
                  line, "path");
    return rc;
}

/* What leaves the house is encrypted. */
static int read_backup_store(struct backup_settings *out, struct ctx *ctx,
                             const char *path, const config_setting_t *group)
{
    out->send = true;
    if (!out->key)
        return fail(ctx, E_INVALID, "site.backup_store",
                    "%s:%d: \"%s\" must be %s", path,
                    (int)config_setting_source_line(group), "backup_store",
                    "beside backup.key, the file of a key");
    return s3_settings_read(&out->s3, ctx, path, group);
}

/* What is in the site's own folder goes with it. */
static int check_list_files(struct ctx *ctx, const struct settings *settings,
                            const char *path)
{
    if (!settings->backup.list_files || settings->files.path ||
        text_equal(settings->files.where, "s3"))
        return 0;
    return fail(ctx, E_INVALID, "site.backup_list_files",
                "%s: \"%s\" needs files in a shared folder or an object store",
                path, "backup.list_files");
}

static int read_groups(struct ctx *ctx, struct given *given, const char *path)
{
    int rc = 0;

    if (given->files)
        rc = read_files(&given->settings.files, ctx, path, given->files);
    if (!rc && given->files_before)
        rc = read_files(&given->settings.files_before, ctx, path,
                        given->files_before);
    if (!rc && given->backup_store)
        rc = read_backup_store(&given->settings.backup, ctx, path,
                               given->backup_store);
    return rc ? rc : check_list_files(ctx, &given->settings, path);
}

bool site_files_away(const struct site *site)
{
    return text_equal(site->settings.files.where, "s3") ||
           text_equal(site->settings.files_before.where, "s3");
}

int site_read(struct site **out, struct ctx *ctx, const char *folder)
{
    struct site *site = arena_alloc(ctx->arena, sizeof *site);
    char *absolute = realpath(folder, NULL);
    struct given given = { .settings = defaults };
    config_t *config;
    const char *path;
    int rc;

    *out = NULL;
    if (!absolute)
        return fail(ctx, errno == ENOENT ? E_NOT_FOUND : E_IO, "site.missing",
                    "%s: there is no such site; make one with tenon init",
                    folder);
    site->folder = arena_strdup(ctx->arena, absolute);
    free(absolute);
    site->share = share_folder(ctx);
    path = site_path(ctx, site, "tenon.cfg");
    rc = config_file_read(&config, ctx, path);
    if (rc)
        return rc;
    rc = config_fill(&given, ctx, path, config_root_setting(config), rows);
    if (!rc)
        rc = check_rules(ctx, &given.settings, path, config);
    if (!rc)
        rc = read_groups(ctx, &given, path);
    site->settings = given.settings;
    if (rc)
        return rc;
    *out = site;
    return 0;
}

const char *site_path(struct ctx *ctx, const struct site *site,
                      const char *name)
{
    return arena_printf(ctx->arena, "%s/%s", site->folder, name);
}

static bool is_folder(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

const char *share_folder(struct ctx *ctx)
{
    char program[4096];
    const char *set = getenv("TENON_SHARE"), *path;
    ssize_t length;
    char *slash;

    if (!text_empty(set))
        return arena_strdup(ctx->arena, set);
    length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0)
        return "/usr/share/tenon";
    program[length] = '\0';
    slash = strrchr(program, '/');
    *slash = '\0';
    /* Beside the program in a build tree, else as installed. */
    path = arena_printf(ctx->arena, "%s/share/tenon", program);
    if (is_folder(path))
        return path;
    slash = strrchr(program, '/');
    if (slash)
        *slash = '\0';
    return arena_printf(ctx->arena, "%s/share/tenon", program);
}
