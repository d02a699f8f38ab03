/*
 * static.c - serving files.
 *
 * A path is decoded once and walked part by part without following links, so
 * that nothing outside of a mounted folder can be reached. Names that begin
 * with a dot do not exist (S63).
 */
#include "base/banned.h"

#include "front/static.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "front/error_page.h"
#include "front/exchange.h"
#include "front/range.h"
#include "front/reply.h"
#include "front/rules.h"
#include "front/state.h"

static const struct {
    const char *ending, *type;
} types[] = {
    { ".css", "text/css; charset=utf-8" },
    { ".js", "text/javascript; charset=utf-8" },
    { ".mjs", "text/javascript; charset=utf-8" },
    { ".json", "application/json; charset=utf-8" },
    { ".map", "application/json; charset=utf-8" },
    { ".webmanifest", "application/manifest+json; charset=utf-8" },
    { ".html", "text/html; charset=utf-8" },
    { ".txt", "text/plain; charset=utf-8" },
    { ".svg", "image/svg+xml; charset=utf-8" },
    { ".png", "image/png" },
    { ".jpg", "image/jpeg" },
    { ".jpeg", "image/jpeg" },
    { ".gif", "image/gif" },
    { ".webp", "image/webp" },
    { ".avif", "image/avif" },
    { ".ico", "image/x-icon" },
    { ".woff2", "font/woff2" },
    { ".woff", "font/woff" },
    { ".ttf", "font/ttf" },
    { ".wasm", "application/wasm" },
    { ".pdf", "application/pdf" },
};

static const struct {
    const char *coding, *ending;
} variants[] = { { "br", ".br" }, { "gzip", ".gz" } };

/* Of a worker's script: WebAssembly may be compiled there (pitfalls 5). */
static const char worker_csp[] =
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; "
    "img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'";

static bool ends_with(const char *name, const char *ending)
{
    size_t length = strlen(name), tail = strlen(ending);

    return length >= tail && strcmp(name + length - tail, ending) == 0;
}

static const char *type_of(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof types / sizeof *types; i++) {
        if (ends_with(name, types[i].ending))
            return types[i].type;
    }
    return "application/octet-stream";
}

/*
 * Bundlers put a hash of the content before the ending: "app-QFZ3BGBN.js",
 * "app.1a2b3c4d.js". Eight or more of A-Z, 2-7, or of hexadecimal digits with
 * at least one digit among them.
 */
static bool name_is_hashed(const char *name)
{
    const char *dot = strrchr(name, '.'), *start;
    bool upper = true, hex = true, digit = false;
    const char *at;

    if (dot && ends_with(name, ".map"))
        return false;
    if (!dot)
        return false;
    for (start = dot; start > name && isalnum((unsigned char)start[-1]);)
        start--;
    if (start == name || (start[-1] != '-' && start[-1] != '.') ||
        dot - start < 8)
        return false;
    for (at = start; at < dot; at++) {
        upper &= isupper((unsigned char)*at) || (*at >= '2' && *at <= '7');
        hex &= isdigit((unsigned char)*at) || (*at >= 'a' && *at <= 'f');
        digit |= isdigit((unsigned char)*at) != 0;
    }
    return upper || (hex && digit);
}

/* "v=…" names a version of the file. */
static bool query_names_version(struct str query)
{
    return query.length > 2 && memcmp(query.data, "v=", 2) == 0;
}

/* "form-worker.js", "form-worker.1a2b3c4d.js" */
static bool is_worker_script(const char *name)
{
    return ends_with(name, "worker.js") ||
           (strstr(name, "-worker.") && ends_with(name, ".js"));
}

static bool part_allowed(const char *part)
{
    const char *at;

    if (part[0] == '\0' || part[0] == '.')
        return false;
    for (at = part; *at; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f || *at == '\\')
            return false;
    }
    return true;
}

/* Opens the folder of the last part; -1 with errno. Never the mount's own
 * descriptor, so that the caller closes it in any case. */
static int walk(int mount, char *path, const char **name)
{
    int folder = fcntl(mount, F_DUPFD_CLOEXEC, 3);
    char *slash;

    while (folder >= 0 && (slash = strchr(path, '/'))) {
        int next;

        *slash = '\0';
        if (!part_allowed(path)) {
            close(folder);
            errno = ENOENT;
            return -1;
        }
        next =
            openat(folder, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        close(folder);
        folder = next;
        path = slash + 1;
    }
    *name = path;
    return folder;
}

struct found {
    int file;
    struct stat stat;
    const char *coding; /* NULL: the file itself */
    bool varies;
};

static bool open_regular(struct found *found, int folder, const char *name)
{
    int file =
        openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

    if (file < 0)
        return false;
    if (fstat(file, &found->stat) < 0 || !S_ISREG(found->stat.st_mode)) {
        close(file);
        errno = ENOENT;
        return false;
    }
    found->file = file;
    return true;
}

/* The file, or a compressed variant of it that the client takes. */
static bool find(struct found *found, struct exchange *exchange, int folder,
                 const char *name)
{
    char other[512];
    size_t i;

    for (i = 0; i < sizeof variants / sizeof *variants; i++) {
        int length =
            snprintf(other, sizeof other, "%s%s", name, variants[i].ending);

        if (length < 0 || (size_t)length >= sizeof other)
            continue;
        if (!encoding_accepted(exchange->encodings, variants[i].coding)) {
            found->varies |= faccessat(folder, other, F_OK, 0) == 0;
            continue;
        }
        if (open_regular(found, folder, other)) {
            found->coding = variants[i].coding;
            found->varies = true;
            return true;
        }
    }
    return open_regular(found, folder, name);
}

static void send_found(struct exchange *exchange, const struct found *found,
                       const char *name)
{
    struct http_field fields[6];
    struct reply reply = { .status = 200,
                           .fields = fields,
                           .has_file = true,
                           .file = found->file,
                           .file_size = found->stat.st_size };
    char etag[80];
    bool immutable =
        name_is_hashed(name) || query_names_version(exchange->query);

    snprintf(etag, sizeof etag, "\"%llx.%lx-%llx%s%s\"",
             (unsigned long long)found->stat.st_mtim.tv_sec,
             (unsigned long)found->stat.st_mtim.tv_nsec,
             (unsigned long long)found->stat.st_size, found->coding ? "-" : "",
             found->coding ? found->coding : "");
    fields[reply.field_count++] =
        (struct http_field){ STR("content-type"), str_of(type_of(name)) };
    fields[reply.field_count++] =
        (struct http_field){ STR("etag"), str_of(etag) };
    fields[reply.field_count++] =
        (struct http_field){ STR("cache-control"),
                             immutable
                                 ? STR("public, max-age=31536000, immutable")
                                 : STR("public, no-cache") };
    if (found->varies)
        fields[reply.field_count++] =
            (struct http_field){ STR("vary"), STR("accept-encoding") };
    if (found->coding)
        fields[reply.field_count++] =
            (struct http_field){ STR("content-encoding"),
                                 str_of(found->coding) };
    if (is_worker_script(name))
        reply.csp = worker_csp;
    if (etag_matches(exchange->if_none_match, str_of(etag))) {
        close(found->file);
        reply.has_file = false;
        reply.status = 304;
    }
    reply_send(exchange, &reply);
}

bool static_answer(struct exchange *exchange)
{
    struct found found = { .file = -1 };
    struct str rest;
    char path[1024];
    const char *name = "";
    int mount, folder, status = 404;

    mount = rules_mount(&rest, exchange->front, exchange->path);
    if (mount < 0)
        return false;
    exchange->source = "static";
    if (!str_is(exchange->method, "GET") && !exchange->head) {
        exchange_fail(exchange, 405, 0);
        return true;
    }
    if (path_decode(path, sizeof path, rest) < 0) {
        exchange_fail(exchange, 404, 0);
        return true;
    }
    folder = walk(mount, path, &name);
    if (folder >= 0 && part_allowed(name) &&
        find(&found, exchange, folder, name))
        status = 200;
    else if (errno == EMFILE || errno == ENFILE)
        status = 503;
    if (folder >= 0)
        close(folder);
    if (status == 200)
        send_found(exchange, &found, name);
    else
        exchange_fail(exchange, status, 0);
    return true;
}
