/*
 * config.c - files in libconfig's format, read the strict way.
 */
#include "base/banned.h"

#include "base/config.h"

#include <assert.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/unicode.h"

enum {
    CONFIG_MAX = 1024 * 1024,
    TEXTS_MAX = 1000,
    ROOM_LEAST = 128 * 1024,
    ROOM_TIMES = 32,
};

/* --- what libconfig would swallow --- */

struct scan {
    const char *p, *end;
    int line;
};

static void step(struct scan *scan)
{
    scan->line += *scan->p++ == '\n';
}

static bool at(const struct scan *scan, const char *text)
{
    size_t length = strlen(text);

    return (size_t)(scan->end - scan->p) >= length &&
           memcmp(scan->p, text, length) == 0;
}

/* False where the string has no end; libconfig would leak its memory. */
static bool skip_string(struct scan *scan)
{
    step(scan);
    while (scan->p < scan->end && *scan->p != '"') {
        if (*scan->p == '\\' && scan->p + 1 < scan->end)
            step(scan);
        step(scan);
    }
    if (scan->p == scan->end)
        return false;
    step(scan);
    return true;
}

static bool skip_comment(struct scan *scan)
{
    if (at(scan, "/*")) {
        while (scan->p < scan->end && !at(scan, "*/"))
            step(scan);
        if (scan->p < scan->end)
            scan->p += 2;
        return true;
    }
    if (*scan->p != '#' && !at(scan, "//"))
        return false;
    while (scan->p < scan->end && *scan->p != '\n')
        scan->p++;
    return true;
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
}

/* A word that begins with a digit: a whole number must fit 32 bits, with
 * the suffix L 64. */
static bool number_fits(const char *word, size_t length)
{
    char digits[24];
    unsigned long long number;
    bool large = word[length - 1] == 'L', hex;
    size_t i;

    while (length && word[length - 1] == 'L')
        length--;
    hex = length > 2 && word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
    for (i = hex ? 2 : 0; i < length; i++)
        if (!hex && (word[i] < '0' || word[i] > '9'))
            return true; /* a real number, or not a number: libconfig's */
    while (length > 1 && *word == '0' && !hex) {
        word++;
        length--;
    }
    if (length >= sizeof digits)
        return false;
    memcpy(digits, word, length);
    digits[length] = '\0';
    if (!hex && length > 19)
        return false;
    number = strtoull(digits, NULL, hex ? 16 : 10);
    return number <= (large ? INT64_MAX : hex ? UINT32_MAX : INT32_MAX);
}

static int check_text(struct ctx *ctx, const char *path, const char *text,
                      size_t length)
{
    struct scan scan = { text, text + length, 1 };

    if (!utf8_valid(text, length) || memchr(text, '\0', length))
        return fail(ctx, E_INVALID, "config.utf8", "%s: this is no UTF-8",
                    path);
    while (scan.p < scan.end) {
        const char *word = scan.p;

        int line = scan.line;

        if (*scan.p == '"') {
            if (!skip_string(&scan))
                return fail(ctx, E_INVALID, "config.open_string",
                            "%s:%d: the text that begins here has no end", path,
                            line);
            continue;
        }
        if (skip_comment(&scan))
            continue;
        if (*scan.p == '@')
            return fail(ctx, E_INVALID, "config.include",
                        "%s:%d: @include is not allowed", path, scan.line);
        if (!is_word(*scan.p)) {
            step(&scan);
            continue;
        }
        while (scan.p < scan.end && is_word(*scan.p))
            scan.p++;
        if (*word >= '0' && *word <= '9' &&
            !number_fits(word, (size_t)(scan.p - word)))
            return fail(ctx, E_INVALID, "config.number",
                        "%s:%d: the number %.*s is too large (beyond "
                        "2147483647 it needs the suffix L)",
                        path, scan.line, (int)(scan.p - word), word);
    }
    return 0;
}

/* --- reading --- */

/* libconfig 1.5 looks at none of its allocations and would crash, which is
 * nobody's fault: without such room the process ends as an arena ends it. */
static void need_room(size_t length)
{
    struct arena *room = arena_new(0);

    (void)arena_alloc(room, ROOM_LEAST + ROOM_TIMES * length);
    arena_free(room);
}

static void destroy(void *config)
{
    config_destroy(config);
}

int config_text_parse(config_t **out, struct ctx *ctx, const char *path,
                      const char *text, size_t length)
{
    config_t *config;
    int rc = check_text(ctx, path, text, length);

    *out = NULL;
    if (rc)
        return rc;
    need_room(length);
    config = arena_alloc(ctx->arena, sizeof *config);
    config_init(config);
    arena_cleanup(ctx->arena, destroy, config);
    if (config_read_string(config, arena_strndup(ctx->arena, text, length)) !=
        CONFIG_TRUE)
        return fail(ctx, E_INVALID, "config.syntax", "%s:%d: %s", path,
                    config_error_line(config), config_error_text(config));
    *out = config;
    return 0;
}

int config_file_read(config_t **out, struct ctx *ctx, const char *path)
{
    const char *text;
    size_t length;
    int rc = file_read(&text, &length, ctx, path, CONFIG_MAX);

    *out = NULL;
    return rc ? rc : config_text_parse(out, ctx, path, text, length);
}

/* --- filling a structure --- */

struct fill {
    char *structure;
    struct ctx *ctx;
    const char *path;
    const config_setting_t *setting;
    const struct config_row *row;
};

static int line_of(const struct fill *fill)
{
    return (int)config_setting_source_line(fill->setting);
}

/* Each expectation has its own text in the catalogs. */
static int fail_type(const struct fill *fill, const char *key,
                     const char *expected)
{
    return fail(fill->ctx, E_INVALID, key, "%s:%d: \"%s\" must be %s",
                fill->path, line_of(fill), fill->row->name, expected);
}

static int fill_number(const struct fill *fill)
{
    void *place = fill->structure + fill->row->offset;
    int type = config_setting_type(fill->setting);
    int64_t number = config_setting_get_int64(fill->setting);

    if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
        return fail_type(fill, "config.whole_number", "a whole number");
    if (type == CONFIG_TYPE_INT)
        number = config_setting_get_int(fill->setting);
    if (number < fill->row->min || number > fill->row->max)
        return fail(fill->ctx, E_INVALID, "config.range",
                    "%s:%d: \"%s\" must be between %lld and %lld, not %lld",
                    fill->path, line_of(fill), fill->row->name,
                    (long long)fill->row->min, (long long)fill->row->max,
                    (long long)number);
    if (fill->row->kind == CONFIG_INT)
        *(int *)place = (int)number;
    else
        *(int64_t *)place = number;
    return 0;
}

/* A text of an allowed length, copied. */
static int take_text(const char **out, const struct fill *fill,
                     const config_setting_t *setting)
{
    const char *text = config_setting_get_string(setting);
    size_t length = text ? strlen(text) : 0;

    if (!text)
        return fill->row->kind == CONFIG_TEXTS
                   ? fail_type(fill, "config.texts", "a list of texts")
                   : fail_type(fill, "config.text", "a text in quotes");
    if (length < (size_t)fill->row->min || length > (size_t)fill->row->max)
        return fail(fill->ctx, E_INVALID, "config.length",
                    "%s:%d: \"%s\" must have %lld to %lld bytes", fill->path,
                    line_of(fill), fill->row->name, (long long)fill->row->min,
                    (long long)fill->row->max);
    *out = arena_strdup(fill->ctx->arena, text);
    return 0;
}

static int fill_texts(const struct fill *fill)
{
    int i, rc, count, type = config_setting_type(fill->setting);
    const char **texts;

    if (type != CONFIG_TYPE_LIST && type != CONFIG_TYPE_ARRAY)
        return fail_type(fill, "config.texts", "a list of texts");
    count = config_setting_length(fill->setting);
    if (count > TEXTS_MAX)
        return fail_type(fill, "config.texts_many",
                         "a list of at most 1,000 texts");
    texts = arena_array(fill->ctx->arena, (size_t)count + 1, sizeof *texts);
    for (i = 0; i < count; i++) {
        rc = take_text(&texts[i], fill,
                       config_setting_get_elem(fill->setting, (unsigned)i));
        if (rc)
            return rc;
    }
    *(const char ***)(void *)(fill->structure + fill->row->offset) = texts;
    *(size_t *)(void *)(fill->structure + fill->row->count_offset) =
        (size_t)count;
    return 0;
}

static int fill_one(const struct fill *fill)
{
    void *place = fill->structure + fill->row->offset;

    switch (fill->row->kind) {
    case CONFIG_TEXT:
        return take_text(place, fill, fill->setting);
    case CONFIG_INT:
    case CONFIG_INT64:
        return fill_number(fill);
    case CONFIG_TEXTS:
        return fill_texts(fill);
    case CONFIG_BOOL:
        if (config_setting_type(fill->setting) != CONFIG_TYPE_BOOL)
            return fail_type(fill, "config.bool", "true or false");
        *(bool *)place = config_setting_get_bool(fill->setting) != 0;
        return 0;
    case CONFIG_GROUP:
        if (config_setting_type(fill->setting) != CONFIG_TYPE_GROUP)
            return fail_type(fill, "config.group", "a group in braces");
        *(const config_setting_t **)place = fill->setting;
        return 0;
    }
    return 0;
}

/* The names that are allowed, for the message about one that is not. */
static const char *names(struct arena *arena, const struct config_row *rows)
{
    const char *all = "";

    for (; rows->name; rows++)
        all = arena_printf(arena, "%s%s%s", all, *all ? ", " : "", rows->name);
    return all;
}

static bool is_group(const struct config_row *rows, const char *name)
{
    size_t length = strlen(name);

    for (; rows->name; rows++)
        if (strncmp(rows->name, name, length) == 0 && rows->name[length] == '.')
            return true;
    return false;
}

static int fill_group(const struct fill *outer, const config_setting_t *group,
                      const struct config_row *rows, const char *prefix)
{
    int i, rc, first = 0, count = config_setting_length(group);
    struct arena *arena = outer->ctx->arena;

    for (i = 0; i < count; i++) {
        struct fill fill = *outer;
        const char *name;

        fill.setting = config_setting_get_elem(group, (unsigned)i);
        name = arena_printf(arena, "%s%s", prefix,
                            config_setting_name(fill.setting));
        fill.row = rows;
        while (fill.row->name && strcmp(fill.row->name, name))
            fill.row++;
        if (fill.row->name)
            rc = fill_one(&fill);
        else if (!is_group(rows, name))
            rc = fail(fill.ctx, E_INVALID, "config.unknown",
                      "%s:%d: there is no setting \"%s\"; there are: %s",
                      fill.path, line_of(&fill), name, names(arena, rows));
        else if (config_setting_type(fill.setting) != CONFIG_TYPE_GROUP)
            rc = fail(fill.ctx, E_INVALID, "config.group",
                      "%s:%d: \"%s\" must be a group in braces", fill.path,
                      line_of(&fill), name);
        else
            rc = fill_group(&fill, fill.setting, rows,
                            arena_printf(arena, "%s.", name));
        if (rc && !first)
            first = rc;
    }
    return first;
}

int config_fill(void *structure, struct ctx *ctx, const char *path,
                const config_setting_t *group, const struct config_row *rows)
{
    struct fill fill = { .structure = structure, .ctx = ctx, .path = path };

    return fill_group(&fill, group, rows, "");
}
