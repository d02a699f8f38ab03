/*
 * i18n.c - catalogs: the texts that people read.
 *
 * Each owner (the core, each module) has its own catalogs in its own arena.
 * What is asked for at run time is one merged map a locale, built again when
 * an owner comes or goes; where two owners have a key, the first keeps it,
 * so that a module cannot change the core's words.
 */
#include "base/banned.h"

#include "base/i18n.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/json.h"
#include "base/map.h"
#include "base/value.h"

enum { CATALOG_MAX = 4 * 1024 * 1024, TEXT_MAX = 1024 * 1024, KEY_MAX = 200 };

/* "en-XA", English made strange, is there for tests that ask for it. */
enum { ENGLISH, CHINESE, TAIWANESE, PSEUDO, LOCALES };

static const char *const locales[LOCALES] = { "en", "zh-CN", "zh-TW", "en-XA" };

struct text {
    const char *other, *one; /* one: NULL where there is no plural */
};

struct owner {
    struct owner *next;
    struct arena *arena;
    const char *name;          /* NULL: the core */
    struct map *texts[PSEUDO]; /* key → struct text */
};

static struct owner *owners; /* in order of loading */
static struct arena *merged_arena;
static struct map *merged[LOCALES];

static bool pseudo_allowed(void)
{
    static int allowed = -1;

    if (allowed < 0)
        allowed = getenv("TENON_TEST_LOCALE") != NULL;
    return allowed;
}

static int locale_index(const char *locale)
{
    int i;

    for (i = 0; locale && i < LOCALES; i++)
        if (strcmp(locales[i], locale) == 0)
            return i == PSEUDO && !pseudo_allowed() ? -1 : i;
    return -1;
}

const char *locale_known(const char *locale)
{
    int i = locale_index(locale);

    return i < 0 ? NULL : locales[i];
}

/* "Save" → "[Šàvé~~]": placeholders stay as they are. */
static const char *pseudo_text(struct arena *arena, const char *text)
{
    static const char from[] = "aceinosuyACEINOSUY";
    static const char *const to[] = { "à", "ç", "é", "î", "ñ", "ö",
                                      "š", "ü", "ý", "À", "Ç", "É",
                                      "Î", "Ñ", "Ö", "Š", "Ü", "Ý" };
    struct buf buf;
    bool inside = false;
    size_t length = strlen(text), i;
    const char *p;

    buf_init(&buf, arena, TEXT_MAX);
    buf_add_char(&buf, '[');
    for (p = text; *p; p++) {
        const char *found = inside ? NULL : strchr(from, *p);

        if (*p == '{' && p[1] != '{')
            inside = true;
        if (*p == '}')
            inside = false;
        if (found)
            buf_add_text(&buf, to[found - from]);
        else
            buf_add_char(&buf, *p);
    }
    for (i = 0; i <= length / 3; i++)
        buf_add_char(&buf, '~');
    buf_add_char(&buf, ']');
    return buf_text(&buf);
}

static struct text *pseudo(struct arena *arena, const struct text *english)
{
    struct text *text = arena_alloc(arena, sizeof *text);

    text->other = pseudo_text(arena, english->other);
    if (english->one)
        text->one = pseudo_text(arena, english->one);
    return text;
}

/* Builds the merged maps from all owners. */
static void merge(void)
{
    const struct owner *owner;
    size_t i;
    int l;

    arena_free(merged_arena);
    merged_arena = arena_new(0);
    for (l = 0; l < LOCALES; l++)
        merged[l] = map_new(merged_arena);
    for (owner = owners; owner; owner = owner->next)
        for (l = 0; l < PSEUDO; l++)
            for (i = 0; i < map_count(owner->texts[l]); i++) {
                const char *key = map_key_at(owner->texts[l], i);
                struct text *text = map_value_at(owner->texts[l], i);

                if (map_get(merged[l], key))
                    continue;
                map_set(merged[l], key, text);
                if (l == ENGLISH && pseudo_allowed())
                    map_set(merged[PSEUDO], key, pseudo(merged_arena, text));
            }
}

static struct owner *owner_find(const char *name)
{
    struct owner *owner;

    for (owner = owners; owner; owner = owner->next)
        if (text_equal(owner->name, name))
            return owner;
    return NULL;
}

static struct owner *owner_make(const char *name)
{
    struct owner *owner = owner_find(name), **end = &owners;
    struct arena *arena;
    int l;

    if (owner)
        return owner;
    arena = arena_new(0);
    owner = arena_alloc(arena, sizeof *owner);
    owner->arena = arena;
    owner->name = arena_strdup(arena, name);
    for (l = 0; l < PSEUDO; l++)
        owner->texts[l] = map_new(arena);
    while (*end)
        end = &(*end)->next;
    *end = owner;
    return owner;
}

void catalog_unload(const char *name)
{
    struct owner **link = &owners;

    while (*link && !text_equal((*link)->name, name))
        link = &(*link)->next;
    if (*link) {
        struct owner *gone = *link;

        *link = gone->next;
        arena_free(gone->arena);
        merge();
    }
}

/* An object {"one": …, "other": …} is a text with a plural. */
static bool is_plural(const struct value *value)
{
    return value_count(value) == 2 && value_get_text(value, "one") &&
           value_get_text(value, "other");
}

static void add_text(struct owner *owner, int locale, const char *key,
                     const char *other, const char *one)
{
    struct text *text = arena_alloc(owner->arena, sizeof *text);

    text->other = arena_strdup(owner->arena, other);
    text->one = arena_strdup(owner->arena, one);
    map_set(owner->texts[locale], key, text);
}

/* Adds the texts of `tree`, whose keys begin with `prefix`. */
static int add_tree(struct owner *owner, struct ctx *ctx, int locale,
                    const char *prefix, const struct value *tree)
{
    size_t i;

    for (i = 0; i < value_count(tree); i++) {
        const struct value *item = value_item_at(tree, i);
        const char *key =
            arena_printf(ctx->arena, "%s%s%s", prefix, *prefix ? "." : "",
                         value_key_at(tree, i));
        int rc = 0;

        if (strlen(key) > KEY_MAX)
            return fail(ctx, E_INVALID, "catalog.key_long",
                        "the key \"%s\" is longer than %d bytes", key, KEY_MAX);
        if (is_plural(item))
            add_text(owner, locale, key, value_get_text(item, "other"),
                     value_get_text(item, "one"));
        else if (value_kind(item) == VALUE_MAP)
            rc = add_tree(owner, ctx, locale, key, item);
        else if (value_as_text(item))
            add_text(owner, locale, key, value_as_text(item), NULL);
        else
            rc = fail(ctx, E_INVALID, "catalog.not_text", "\"%s\" is no text",
                      key);
        if (rc)
            return rc;
    }
    return 0;
}

static int parse_file(struct owner *owner, struct ctx *ctx, int locale,
                      const char *path)
{
    struct value *tree;
    const char *text;
    size_t length;
    int rc = file_read(&text, &length, ctx, path, CATALOG_MAX);

    if (!rc)
        rc = json_parse(&tree, ctx, text, length);
    if (!rc && value_kind(tree) != VALUE_MAP)
        rc = fail(ctx, E_INVALID, "catalog.not_map",
                  "a catalog is a JSON object");
    return rc ? rc : add_tree(owner, ctx, locale, "", tree);
}

/* Loads one file; a file that is not there is none. Its text and its tree do
 * not stay: the caller's arena is often one that lives as long as the process,
 * and every worker has one. */
static int load_file(struct owner *owner, struct ctx *ctx, int locale,
                     const char *path)
{
    struct arena *outer = ctx->arena, *scratch = arena_new(0);
    const char *reason = NULL;
    int rc;

    ctx->arena = scratch;
    rc = parse_file(owner, ctx, locale, path);
    if (rc)
        reason = ctx_error(ctx);
    ctx->arena = outer;
    if (rc)
        ctx_clear(ctx);
    if (rc == E_NOT_FOUND)
        rc = 0;
    if (rc)
        rc = fail(ctx, rc, "catalog.file", "%s: %s", path, reason);
    arena_free(scratch);
    return rc;
}

static int load_folder(struct owner *owner, struct ctx *ctx, const char *folder)
{
    int l, rc;

    for (l = 0; l < PSEUDO; l++) {
        rc = load_file(
            owner, ctx, l,
            arena_printf(ctx->arena, "%s/%s.json", folder, locales[l]));
        if (rc)
            return rc;
    }
    return 0;
}

int catalog_load_flat(struct ctx *ctx, const char *folder, const char *owner)
{
    int rc = load_folder(owner_make(owner), ctx, folder);

    merge();
    return rc;
}

int catalog_load(struct ctx *ctx, const char *folder, const char *owner)
{
    struct dirent **names = NULL;
    int i, count = scandir(folder, &names, NULL, alphasort), rc = 0;

    if (count < 0)
        return fail(ctx, errno == ENOENT ? E_NOT_FOUND : E_IO, "catalog.folder",
                    "%s: %s", folder, strerrordesc_np(errno));
    for (i = 0; i < count; i++) {
        if (!rc && names[i]->d_name[0] != '.')
            rc = load_folder(
                owner_make(owner), ctx,
                arena_printf(ctx->arena, "%s/%s", folder, names[i]->d_name));
        free(names[i]);
    }
    free(names);
    merge();
    return rc;
}

/* The text of a key in the locale, else in English, else NULL. */
static const struct text *find(const char *locale, const char *key)
{
    int l = locale_index(locale);
    const struct text *text = NULL;

    if (!merged_arena || !key)
        return NULL;
    if (l >= 0)
        text = map_get(merged[l], key);
    return text ? text : map_get(merged[ENGLISH], key);
}

const char *tr_find(const char *locale, const char *key)
{
    const struct text *text = find(locale, key);

    return text ? text->other : NULL;
}

const char *tr(const struct ctx *ctx, const char *key)
{
    const char *text = tr_find(ctx->locale, key);

    return text ? text : key;
}

/* What fills a placeholder: a map, or the arguments of a problem. */
struct filling {
    const struct value *args;
    const struct problem *problem;
};

static void add_value(struct buf *buf, const struct value *value)
{
    struct str text = value_as_str(value);
    char digits[DECIMAL_TEXT_MAX];
    struct decimal number;

    if (value_as_decimal(&number, value)) {
        decimal_format(digits, number);
        buf_add_text(buf, digits);
    } else if (text.length) {
        buf_add(buf, text.data, text.length);
    } else if (!value_is_empty(value)) {
        json_write(buf, value);
    }
}

/* Fills "{name}" of length `length` at `name`; false where there is none. */
static bool add_argument(struct buf *buf, const struct filling *filling,
                         const char *name, size_t length)
{
    const struct value *value;
    char key[64];
    int64_t index;

    if (length == 0 || length >= sizeof key)
        return false;
    memcpy(key, name, length);
    key[length] = '\0';
    if (filling->problem) {
        if (int_parse(&index, key, 1, filling->problem->arg_count))
            return false;
        buf_add_text(buf, filling->problem->args[index - 1]);
        return true;
    }
    value = value_get(filling->args, key);
    if (!value)
        return false;
    add_value(buf, value);
    return true;
}

/* The text with its placeholders filled; an unknown one stays as it is. */
static const char *fill(struct arena *arena, const char *text,
                        const struct filling *filling)
{
    struct buf buf;
    const char *p = text;

    buf_init(&buf, arena, TEXT_MAX);
    while (*p) {
        size_t plain = strcspn(p, "{"), length;

        buf_add(&buf, p, plain);
        p += plain;
        if (!*p)
            break;
        if (p[1] == '{') {
            buf_add_char(&buf, '{');
            p += 2;
            continue;
        }
        length = strcspn(p + 1, "{}");
        if (p[1 + length] == '}' &&
            add_argument(&buf, filling, p + 1, length)) {
            p += length + 2;
        } else {
            buf_add_char(&buf, '{');
            p++;
        }
    }
    return buf_text(&buf);
}

const char *tr_with(const struct ctx *ctx, const char *key,
                    const struct value *args)
{
    const struct text *text = find(ctx->locale, key);
    struct filling filling = { .args = args };
    const char *chosen;

    if (!text)
        return key;
    chosen = text->other;
    if (text->one && value_get_int(args, "count", 0) == 1)
        chosen = text->one;
    return fill(ctx->arena, chosen, &filling);
}

const char *problem_message(const struct ctx *ctx,
                            const struct problem *problem)
{
    const struct text *text = find(ctx->locale, problem->key);
    struct filling filling = { .problem = problem };

    if (!text)
        return problem->text;
    if (text->one && problem->arg_count && text_equal(problem->args[0], "1"))
        return fill(ctx->arena, text->one, &filling);
    return fill(ctx->arena, text->other, &filling);
}

const char *locale_pick(const struct ctx *ctx, const struct value *title)
{
    const char *text = value_as_text(title);
    size_t i;

    if (text)
        return text[0] == '@' ? tr(ctx, text + 1) : text;
    text = value_get_text(title, ctx->locale);
    if (!text)
        text = value_get_text(title, "en");
    for (i = 0; !text && i < value_count(title); i++)
        text = value_as_text(value_item_at(title, i));
    return text ? text : "";
}
