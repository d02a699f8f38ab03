/*
 * rules.c - the tables of a generation, and matching against them.
 *
 * What a worker says about folders is not believed blindly: nothing inside
 * the site but its modules and themes can be mounted.
 */
#include "base/banned.h"

#include "front/rules.h"

#include <fcntl.h>
#include <limits.h>

#include "base/ctx.h"
#include "base/log.h"
#include "front/state.h"

struct part {
    struct part *next;
    struct ready_part rows;
    int *folders; /* descriptor of each mount */
    unsigned char bytes[];
};

struct generation {
    int number;
    struct part *parts;
};

struct generation *generation_new(int number)
{
    struct generation *generation = calloc(1, sizeof *generation);

    if (generation)
        generation->number = number;
    return generation;
}

static void part_free(struct part *part)
{
    size_t i;

    for (i = 0; part->folders && i < part->rows.mount_count; i++) {
        if (part->folders[i] >= 0)
            close(part->folders[i]);
    }
    free(part->folders);
    ready_part_free(&part->rows);
    free(part);
}

void generation_free(struct generation *generation)
{
    struct part *part, *next;

    if (!generation)
        return;
    for (part = generation->parts; part; part = next) {
        next = part->next;
        part_free(part);
    }
    free(generation);
}

int generation_number(const struct generation *generation)
{
    return generation->number;
}

static bool is_below(const char *path, const char *folder, const char *part)
{
    char prefix[PATH_MAX];
    int length = snprintf(prefix, sizeof prefix, "%s/%s", folder, part);

    return length > 0 && (size_t)length < sizeof prefix &&
           strncmp(path, prefix, (size_t)length) == 0;
}

/* The folder's descriptor, or -1 with a line in the log. */
static int open_mount(const struct front *front, struct str folder)
{
    static const char *const open_parts[] = { "plugins/", "scripts/",
                                              "themes/" };
    char path[PATH_MAX], real[PATH_MAX], site[PATH_MAX];
    bool allowed;
    size_t i;
    int fd;

    if (folder.length >= sizeof path ||
        memchr(folder.data, '\0', folder.length))
        return -1;
    memcpy(path, folder.data, folder.length);
    path[folder.length] = '\0';
    if (path[0] != '/' || !realpath(path, real) ||
        !realpath(front->site->folder, site)) {
        log_event(LOG_WARN, "mount.missing", "folder", path, NULL);
        return -1;
    }
    allowed = !is_below(real, site, "") && strcmp(real, site) != 0 &&
              strncmp(site, real, strlen(real)) != 0;
    for (i = 0; i < sizeof open_parts / sizeof *open_parts; i++)
        allowed |= is_below(real, site, open_parts[i]);
    if (!allowed) {
        log_event(LOG_ERROR, "mount.refused", "folder", real, NULL);
        return -1;
    }
    fd = open(real, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        log_event(LOG_WARN, "mount.unreadable", "folder", real, NULL);
    return fd;
}

void generation_open(struct generation *generation, const struct front *front)
{
    struct part *part;
    size_t i;

    for (part = generation->parts; part; part = part->next) {
        for (i = 0; i < part->rows.mount_count; i++)
            part->folders[i] = open_mount(front, part->rows.mounts[i].folder);
    }
}

int generation_add(struct generation *generation, const void *payload,
                   size_t length)
{
    struct part *part = calloc(1, sizeof *part + length);
    size_t i;
    int rc;

    if (!part)
        return E_LIMIT;
    memcpy(part->bytes, payload, length);
    rc = ready_read(&part->rows, part->bytes, length);
    if (rc) {
        free(part);
        return rc;
    }
    part->folders = calloc(part->rows.mount_count + 1, sizeof(int));
    if (!part->folders) {
        ready_part_free(&part->rows);
        free(part);
        return E_LIMIT;
    }
    for (i = 0; i < part->rows.mount_count; i++)
        part->folders[i] = -1;
    part->next = generation->parts;
    generation->parts = part;
    return 0;
}

void generation_module(const struct generation *generation, const char *id,
                       struct str *version, struct str *hash)
{
    const struct part *part;
    size_t i;

    *version = *hash = (struct str){ "", 0 };
    for (part = generation ? generation->parts : NULL; part;
         part = part->next) {
        for (i = 0; i < part->rows.module_count; i++) {
            if (!str_is(part->rows.modules[i].id, id))
                continue;
            *version = part->rows.modules[i].version;
            *hash = part->rows.modules[i].hash;
            return;
        }
    }
}

long path_decode(char *out, size_t size, struct str path)
{
    size_t i, length = 0;

    for (i = 0; i < path.length; i++) {
        char c = path.data[i];

        if (c == '%') {
            unsigned value = 0;
            int k;

            if (path.length - i < 3)
                return -1;
            for (k = 1; k < 3; k++) {
                char digit = path.data[i + (size_t)k];

                if (!isxdigit((unsigned char)digit))
                    return -1;
                value = value * 16 + (unsigned)(isdigit((unsigned char)digit)
                                                    ? digit - '0'
                                                    : (digit | 32) - 'a' + 10);
            }
            c = (char)value;
            i += 2;
        }
        if (c == '\0' || length + 1 >= size)
            return -1;
        out[length++] = c;
    }
    out[length] = '\0';
    return (long)length;
}

/* "/records/{form}/{id}" against "/records/trip/12"; "{x*}" at the end
 * takes the rest. -1: no; else how many literal bytes fit (the better). */
static long pattern_fits(struct str pattern, const char *path)
{
    const char *at = pattern.data, *end = at + pattern.length;
    long literal = 0;

    while (at < end) {
        if (*at == '{') {
            const char *close = memchr(at, '}', (size_t)(end - at));

            if (!close)
                return -1;
            if (close[-1] == '*')
                return *path ? literal : -1;
            if (!*path || *path == '/')
                return -1;
            path += strcspn(path, "/");
            at = close + 1;
        } else {
            if (*at != *path)
                return -1;
            at++;
            path++;
            literal++;
        }
    }
    return *path ? -1 : literal;
}

void rules_match(struct rule_match *match, const struct front *front,
                 struct str method, struct str path)
{
    char decoded[1024];
    const struct part *part;
    long best = -1;
    size_t i;

    *match = (struct rule_match){ 0 };
    if (!front->generation || path_decode(decoded, sizeof decoded, path) < 0)
        return;
    for (part = front->generation->parts; part; part = part->next) {
        for (i = 0; i < part->rows.rule_count; i++) {
            const struct ready_rule *rule = &part->rows.rules[i];
            long fits;

            if (rule->method.length && !str_equal(rule->method, method) &&
                !(str_is(method, "HEAD") && str_is(rule->method, "GET")))
                continue;
            fits = pattern_fits(rule->pattern, decoded);
            if (fits <= best)
                continue;
            best = fits;
            match->flags = rule->flags;
            match->pattern = rule->pattern;
            snprintf(match->module, sizeof match->module, "%.*s",
                     (int)rule->module.length, rule->module.data);
        }
    }
}

int rules_mount(struct str *rest, const struct front *front, struct str path)
{
    const struct part *part =
        front->generation ? front->generation->parts : NULL;
    size_t i, best = 0;
    int folder = -1;

    for (; part; part = part->next) {
        for (i = 0; i < part->rows.mount_count; i++) {
            struct str prefix = part->rows.mounts[i].prefix;

            if (prefix.length <= best || path.length < prefix.length ||
                part->folders[i] < 0 ||
                memcmp(path.data, prefix.data, prefix.length) != 0)
                continue;
            if (prefix.data[prefix.length - 1] == '/') {
                *rest = (struct str){ path.data + prefix.length,
                                      path.length - prefix.length };
            } else {
                const char *slash = memrchr(prefix.data, '/', prefix.length);

                if (path.length != prefix.length || !slash)
                    continue;
                *rest = (struct str){
                    slash + 1, (size_t)(prefix.data + prefix.length - slash - 1)
                };
            }
            best = prefix.length;
            folder = part->folders[i];
        }
    }
    return folder;
}
