/*
 * theme.c - where templates and assets come from.
 *
 * A theme belongs to the process; everything it reads lives in its own
 * arena, also the compiled templates. Names come from templates, never from
 * a request, and are checked all the same: no name leaves its folder.
 */
#include "base/banned.h"

#include "view/theme.h"

#include <assert.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/config.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/value.h"
#include "view/template.h"

enum {
    THEME_MEMORY = 96 * 1024 * 1024,
    MANIFEST_MAX = 256 * 1024,
    NAME_MAX_BYTES = 120,
    MODULES_MAX = 256,
};

struct layer {
    const char *name;           /* of the theme; "" for the core's pages */
    const char *folder;         /* of its templates */
    const struct value *assets; /* short name → name with hash */
};

struct pages {
    const char *module, *folder; /* NULL module: removed */
};

/* A template as found, or that there is none. */
struct entry {
    struct template *template;
    const char *path;
    struct timespec changed;
    off_t size;
};

struct theme {
    struct arena *arena;
    const char *name, *version;
    struct layer layers[THEME_PARENTS_MAX + 2];
    int layer_count; /* themes; the core's pages are behind them */
    struct pages modules[MODULES_MAX];
    int module_count;
    struct map *entries[THEME_PARENTS_MAX + 3]; /* by layer: name → entry */
    unsigned long generation;
    struct map *urls; /* asset → address */
    bool watch;
};

struct manifest {
    const char *name, *version, *parent;
    int api;
};

static const struct config_row manifest_rows[] = {
    { .name = "name",
      .kind = CONFIG_TEXT,
      .offset = offsetof(struct manifest, name),
      .min = 1,
      .max = 40 },
    { .name = "version",
      .kind = CONFIG_TEXT,
      .offset = offsetof(struct manifest, version),
      .min = 1,
      .max = 40 },
    { .name = "parent",
      .kind = CONFIG_TEXT,
      .offset = offsetof(struct manifest, parent),
      .min = 1,
      .max = 40 },
    { .name = "api",
      .kind = CONFIG_INT,
      .offset = offsetof(struct manifest, api),
      .min = 1,
      .max = 1000 },
    { .name = NULL },
};

/* Parts of letters, digits, "-", "_", "." joined by "/"; none starts with a
 * dot. */
static bool name_valid(const char *name)
{
    bool start = true;
    const char *p;

    for (p = name; *p; p++) {
        if (*p == '/') {
            if (start)
                return false;
            start = true;
            continue;
        }
        if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_' &&
            (*p != '.' || start))
            return false;
        start = false;
    }
    return !start && p - name <= NAME_MAX_BYTES;
}

static bool is_folder(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int read_assets(struct layer *layer, struct ctx *ctx,
                       struct theme *theme, const char *path)
{
    struct value *map;
    const char *text;
    size_t length;
    int rc;

    if (access(path, R_OK) != 0)
        return 0; /* a theme may have no styles of its own */
    rc = file_read(&text, &length, ctx, path, MANIFEST_MAX);
    if (!rc)
        rc = json_parse(&map, ctx, text, length);
    if (!rc && value_kind(map) != VALUE_MAP)
        rc = fail(ctx, E_INVALID, "view.manifest",
                  "%s: expected an object of names", path);
    if (rc)
        return rc;
    layer->assets = value_copy(theme->arena, map);
    return 0;
}

static int read_manifest(struct manifest *manifest, struct ctx *ctx,
                         const char *folder, const char *name)
{
    const char *path = arena_printf(ctx->arena, "%s/theme.cfg", folder);
    config_t *config;
    int rc = config_file_read(&config, ctx, path);

    *manifest = (struct manifest){ 0 };
    if (!rc)
        rc = config_fill(manifest, ctx, path, config_root_setting(config),
                         manifest_rows);
    if (rc)
        return rc;
    if (!manifest->name || strcmp(manifest->name, name) != 0)
        return fail(ctx, E_INVALID, "view.theme_name",
                    "%s: expected name = \"%s\"", path, name);
    if (manifest->api != THEME_API)
        return fail(ctx, E_INVALID, "view.theme_api",
                    "%s: made for theme API %d, this is %d", path,
                    manifest->api, THEME_API);
    if (manifest->parent && !name_valid(manifest->parent))
        return fail(ctx, E_INVALID, "view.theme_parent",
                    "%s: parent is no name of a theme", path);
    return 0;
}

/* Reads the theme `name` as the next layer; *parent: the one behind it. */
static int layer_open(const char **parent, struct theme *theme, struct ctx *ctx,
                      const char *name, const char *site, const char *share)
{
    struct layer *layer = &theme->layers[theme->layer_count];
    struct manifest manifest;
    const char *folder = NULL;
    int rc;

    if (site)
        folder = arena_printf(ctx->arena, "%s/themes/%s", site, name);
    if (!folder || !is_folder(folder))
        folder = arena_printf(ctx->arena, "%s/themes/%s", share, name);
    if (!is_folder(folder))
        return fail(ctx, E_NOT_FOUND, "view.no_theme",
                    "there is no theme \"%s\"", name);
    rc = read_manifest(&manifest, ctx, folder, name);
    if (rc)
        return rc;
    layer->name = arena_strdup(theme->arena, name);
    layer->folder = arena_printf(theme->arena, "%s/templates", folder);
    rc = read_assets(
        layer, ctx, theme,
        arena_printf(ctx->arena, "%s/assets/manifest.json", folder));
    if (rc)
        return rc;
    if (theme->layer_count == 0)
        theme->version = arena_strdup(
            theme->arena, manifest.version ? manifest.version : "0");
    theme->layer_count++;
    *parent = manifest.parent;
    return 0;
}

static int layers_open(struct theme *theme, struct ctx *ctx, const char *name,
                       const char *site, const char *share)
{
    const char *next = name;
    int rc;

    while (next) {
        for (int i = 0; i < theme->layer_count; i++)
            if (strcmp(theme->layers[i].name, next) == 0)
                return fail(ctx, E_INVALID, "view.theme_circle",
                            "the parents of theme \"%s\" form a circle", name);
        if (theme->layer_count > THEME_PARENTS_MAX)
            return fail(ctx, E_INVALID, "view.theme_parents",
                        "theme \"%s\" has more than %d parents", name,
                        THEME_PARENTS_MAX);
        rc = layer_open(&next, theme, ctx, next, site, share);
        if (rc)
            return rc;
    }
    theme->layers[theme->layer_count].name = "";
    theme->layers[theme->layer_count].folder =
        arena_printf(theme->arena, "%s/pages", share);
    return 0;
}

/* Names may mean other files now. */
static void forget(struct theme *theme)
{
    static unsigned long generation;

    for (size_t i = 0; i < sizeof(theme->entries) / sizeof(*theme->entries);
         i++)
        theme->entries[i] = map_new(theme->arena);
    theme->generation = ++generation;
}

int theme_open(struct theme **out, struct ctx *ctx, const char *name,
               const char *site_folder, const char *share_folder)
{
    struct arena *arena;
    struct theme *theme;
    const char *watch = getenv("TENON_TEMPLATES");
    int rc;

    assert(out && name && share_folder);
    if (!name_valid(name))
        return fail(ctx, E_INVALID, "view.no_theme", "there is no theme \"%s\"",
                    name);
    arena = arena_new(THEME_MEMORY);
    theme = arena_alloc(arena, sizeof(*theme));
    theme->arena = arena;
    theme->name = arena_strdup(arena, name);
    forget(theme);
    theme->urls = map_new(arena);
    theme->watch = watch && strcmp(watch, "watch") == 0;
    rc = layers_open(theme, ctx, name, site_folder, share_folder);
    if (rc) {
        arena_free(arena);
        return rc;
    }
    *out = theme;
    return 0;
}

void theme_close(struct theme *theme)
{
    if (theme)
        arena_free(theme->arena);
}

void theme_add_pages(struct theme *theme, const char *module,
                     const char *folder)
{
    struct pages *pages = NULL;

    for (int i = 0; i < theme->module_count && !pages; i++)
        if (!theme->modules[i].module)
            pages = &theme->modules[i];
    if (!pages) {
        assert(theme->module_count < MODULES_MAX);
        pages = &theme->modules[theme->module_count++];
    }
    pages->module = arena_strdup(theme->arena, module);
    pages->folder = arena_strdup(theme->arena, folder);
    forget(theme);
}

void theme_remove_pages(struct theme *theme, const char *module)
{
    for (int i = 0; i < theme->module_count; i++)
        if (theme->modules[i].module &&
            strcmp(theme->modules[i].module, module) == 0)
            theme->modules[i] = (struct pages){ 0 };
    forget(theme);
}

/* The file of a module's page, for "MODULE/rest"; NULL: no such module. */
static const char *module_file(const struct theme *theme, struct ctx *ctx,
                               const char *name)
{
    for (int i = 0; i < theme->module_count; i++) {
        const struct pages *pages = &theme->modules[i];
        size_t length = pages->module ? strlen(pages->module) : 0;

        if (length && strncmp(pages->module, name, length) == 0 &&
            name[length] == '/')
            return arena_printf(ctx->arena, "%s/%s.mustache", pages->folder,
                                name + length + 1);
    }
    return NULL;
}

/* The first file of the name in the layers from `from` on; its layer. */
static const char *find_file(int *layer, struct stat *info,
                             const struct theme *theme, struct ctx *ctx,
                             const char *name, int from)
{
    const char *path;

    for (int i = from; i <= theme->layer_count; i++) {
        if (i == theme->layer_count) {
            path = module_file(theme, ctx, name);
            if (path && stat(path, info) == 0 && S_ISREG(info->st_mode)) {
                *layer = i;
                return path;
            }
        }
        path = arena_printf(ctx->arena, "%s/%s.mustache",
                            theme->layers[i].folder, name);
        if (stat(path, info) == 0 && S_ISREG(info->st_mode)) {
            *layer = i;
            return path;
        }
    }
    return NULL;
}

static int load(struct entry *entry, struct theme *theme, struct ctx *ctx,
                const char *name, int from)
{
    struct template *template;
    struct stat info;
    const char *path, *text;
    size_t length;
    int layer = 0, rc;

    path = find_file(&layer, &info, theme, ctx, name, from);
    if (!path)
        return 0;
    rc = file_read(&text, &length, ctx, path, TEMPLATE_SOURCE_MAX);
    if (!rc)
        rc = template_compile(&template, ctx, theme->arena, name, text, length);
    if (rc)
        return rc;
    template_set_layer(template, layer);
    entry->template = template;
    entry->path = arena_strdup(theme->arena, path);
    entry->changed = info.st_mtim;
    entry->size = info.st_size;
    return 0;
}

static bool is_stale(const struct theme *theme, const struct entry *entry)
{
    struct stat info;

    if (!theme->watch)
        return false;
    return !entry->path || stat(entry->path, &info) != 0 ||
           info.st_size != entry->size ||
           info.st_mtim.tv_sec != entry->changed.tv_sec ||
           info.st_mtim.tv_nsec != entry->changed.tv_nsec;
}

int theme_template(const struct template **out, struct theme *theme,
                   struct ctx *ctx, const char *name,
                   const struct template *from)
{
    struct entry *entry;
    int layer = 0, rc;

    while (strncmp(name, "../", 3) == 0) {
        layer = (layer || !from ? layer : template_layer(from)) + 1;
        name += 3;
    }
    if (layer > theme->layer_count)
        return fail(ctx, E_NOT_FOUND, "view.no_template",
                    "there is no template \"%s\"", name);
    entry = map_get(theme->entries[layer], name);
    if (!entry || is_stale(theme, entry)) {
        if (!name_valid(name))
            return fail(ctx, E_INVALID, "view.template_name",
                        "\"%s\" is no name of a template", name);
        entry = arena_alloc(theme->arena, sizeof(*entry));
        rc = load(entry, theme, ctx, name, layer);
        if (rc)
            return rc;
        map_set(theme->entries[layer], name, entry);
    }
    if (!entry->template)
        return fail(ctx, E_NOT_FOUND, "view.no_template",
                    "there is no template \"%s\"", name);
    *out = entry->template;
    return 0;
}

unsigned long theme_generation(const struct theme *theme)
{
    return theme->watch ? 0 : theme->generation;
}

const char *theme_asset(struct theme *theme, const char *name)
{
    const char *url = map_get(theme->urls, name), *file;

    for (int i = 0; i < theme->layer_count && !url; i++) {
        file = value_get_text(theme->layers[i].assets, name);
        if (!file)
            continue;
        url = arena_printf(theme->arena, "/assets/%s/%s", theme->layers[i].name,
                           file);
        map_set(theme->urls, name, (void *)url);
    }
    return url;
}

const char *theme_name(const struct theme *theme)
{
    return theme->name;
}

const char *theme_version(const struct theme *theme)
{
    return theme->version;
}
