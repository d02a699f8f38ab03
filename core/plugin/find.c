/*
 * find.c - where modules lie, and reading one without running it.
 */
#include "base/banned.h"

#include "plugin/find.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/site.h"
#include "base/str.h"
#include "base/value.h"
#include "plugin/load.h"
#include "plugin/manifest.h"
#include "plugin/object.h"
#include "plugin/checklist.h"
#include "plugin/settings.h"

enum {
    OBJECT_MAX = 64 * 1024 * 1024,
    MANIFEST_MAX = 1024 * 1024,
    MODULES_MAX = 500
};

/* Folders in which modules lie, in order of look-up. */
static const char *const kinds[] = { "plugins", "scripts" };
enum { PLACES = 4 };

static const char *place(struct ctx *ctx, int index, bool *is_site)
{
    *is_site = index < 2;
    return arena_printf(ctx->arena, "%s/%s",
                        *is_site ? ctx->site->folder : ctx->site->share,
                        kinds[index % 2]);
}

static bool is_folder(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_ids(struct vector *ids, struct ctx *ctx, const char *folder)
{
    DIR *modules = opendir(folder);
    struct dirent *entry;
    size_t i;

    while (modules && (entry = readdir(modules)) && ids->count < MODULES_MAX) {
        const char *path =
            arena_printf(ctx->arena, "%s/%s", folder, entry->d_name);

        if (!module_id_valid(entry->d_name) || !is_folder(path))
            continue;
        for (i = 0; i < ids->count; i++)
            if (strcmp(ids->items[i], entry->d_name) == 0)
                break;
        if (i == ids->count)
            vector_add(ids, arena_strdup(ctx->arena, entry->d_name));
    }
    if (modules)
        closedir(modules);
}

int module_ids(const char ***out, size_t *count, struct ctx *ctx)
{
    struct vector ids;
    bool is_site;
    int i;

    vector_init(&ids, ctx->arena);
    for (i = 0; i < PLACES; i++)
        add_ids(&ids, ctx, place(ctx, i, &is_site));
    if (ids.count)
        qsort(ids.items, ids.count, sizeof *ids.items, compare_texts);
    *out = (const char **)ids.items;
    *count = ids.count;
    return 0;
}

const char *module_path(struct ctx *ctx, const struct tn_module *module,
                        const char *name)
{
    return arena_printf(ctx->arena, "%s/%s", module->folder, name);
}

const char *module_entry_path(struct ctx *ctx, const struct tn_module *module)
{
    const struct manifest *manifest = module->manifest;

    return manifest->c ? arena_printf(ctx->arena, "%s/%s.so", module->folder,
                                      manifest->c)
                       : module_path(ctx, module, manifest->lua);
}

static bool is_script(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && text_ends(entry->d_name, ".lua");
}

/* Goes on with the hash over the other files of a script, by name. */
static int hash_others(unsigned char *hash, struct ctx *own,
                       const struct tn_module *module)
{
    unsigned char parts[2][HASH_SIZE];
    struct dirent **files;
    int i, rc = 0, count = scandir(module->folder, &files, NULL, alphasort);

    for (i = 0; i < count; i++) {
        const char *text, *name = files[i]->d_name;
        size_t length;

        if (!rc && is_script(files[i]) &&
            strcmp(name, module->manifest->lua) != 0) {
            rc = file_read(&text, &length, own, module_path(own, module, name),
                           SCRIPT_MAX);
            memcpy(parts[0], hash, HASH_SIZE);
            if (!rc)
                hash_data(parts[1], text, length, NULL, 0);
            if (!rc)
                hash_data(hash, parts, sizeof parts, NULL, 0);
        }
        free(files[i]);
    }
    if (count >= 0)
        free(files);
    return rc;
}

/* The hash of manifest and code, which quarantine and upgrades go by. The
 * code is looked at on the way: it is read whole but once. */
static int check_files(struct tn_module *module, struct ctx *ctx,
                       struct ctx *own)
{
    const char *path = module_entry_path(ctx, module), *manifest, *code;
    unsigned char parts[2][HASH_SIZE], hash[HASH_SIZE];
    size_t manifest_length, code_length;
    int rc = file_read(&manifest, &manifest_length, own,
                       module_path(own, module, "plugin.cfg"), MANIFEST_MAX);

    if (!rc)
        rc = file_read(&code, &code_length, own, path,
                       module->manifest->c ? OBJECT_MAX : SCRIPT_MAX);
    if (!rc && module->manifest->c)
        rc = object_check(own, path, code, code_length);
    if (rc)
        return rc;
    hash_data(parts[0], manifest, manifest_length, NULL, 0);
    hash_data(parts[1], code, code_length, NULL, 0);
    hash_data(hash, parts, sizeof parts, NULL, 0);
    if (module->manifest->lua)
        rc = hash_others(hash, own, module);
    if (rc)
        return rc;
    module->hash = hex_of(ctx->arena, hash, HASH_SIZE);
    return 0;
}

/* A problem of a context that goes away. */
static int hand_over(struct ctx *ctx, const struct ctx *own, int rc)
{
    const struct problem *problem = own->problems;
    const char *text = arena_strdup(
        ctx->arena, problem ? problem_message(own, problem) : ctx_error(own));

    return fail(ctx, rc, "plugin.file", "%s", text);
}

/* What a module is before its folder was looked at. */
static struct tn_module *module_named(struct ctx *ctx, const char *id)
{
    struct tn_module *module = arena_alloc(ctx->arena, sizeof *module);

    module->arena = ctx->arena;
    module->id = arena_strdup(ctx->arena, id);
    module->hash = "";
    vector_init(&module->entries, ctx->arena);
    return module;
}

static int read_files(struct tn_module *module, struct ctx *ctx)
{
    struct manifest *manifest;
    struct ctx own = ctx_apart(ctx);
    int rc = manifest_read(&manifest, ctx, module->folder, module->id);

    module->manifest = manifest;
    if (rc)
        return rc;
    own.arena = arena_new(0);
    rc = check_files(module, ctx, &own);
    if (rc)
        rc = hand_over(ctx, &own, rc);
    arena_free(own.arena);
    if (!rc)
        rc = settings_read(ctx, module);
    return rc ? rc : checklist_read(ctx, module);
}

int module_definition(struct ctx *ctx, struct tn_module *module,
                      const char *name, size_t max, module_take take)
{
    const char *path = module_path(ctx, module, name), *text;
    struct value *definition;
    struct ctx own = ctx_apart(ctx);
    size_t length;
    int rc;

    if (!file_exists(path))
        return 0;
    rc = file_read(&text, &length, &own, path, max);
    if (!rc)
        rc = json_parse(&definition, &own, text, length);
    if (!rc)
        rc = take(&own, module, definition);
    return rc ? fail(ctx, E_INVALID, "plugin.definition_file", "%s: %s", path,
                     own.problems ? problem_message(&own, own.problems)
                                  : ctx_error(&own))
              : 0;
}

int module_read_at(struct tn_module **out, struct ctx *ctx, const char *folder,
                   const char *id)
{
    *out = module_named(ctx, id);
    (*out)->folder = arena_strdup(ctx->arena, folder);
    return read_files(*out, ctx);
}

/* Where it lies; NULL. */
static const char *folder_of(bool *is_site, struct ctx *ctx, const char *id)
{
    int i;

    for (i = 0; i < PLACES && module_id_valid(id); i++) {
        const char *folder =
            arena_printf(ctx->arena, "%s/%s", place(ctx, i, is_site), id);

        if (is_folder(folder))
            return folder;
    }
    return NULL;
}

const char *module_title(struct ctx *ctx, const char *id)
{
    const struct tn_module *running = module_loaded(id);
    struct ctx own = ctx_apart(ctx);
    struct manifest *manifest = NULL;
    const char *folder;
    bool is_site;

    if (running && running->manifest && running->manifest->title)
        return locale_pick(ctx, running->manifest->title);
    folder = folder_of(&is_site, ctx, id);
    if (!folder || manifest_read(&manifest, &own, folder, id) ||
        !manifest->title)
        return id;
    return locale_pick(ctx, manifest->title);
}

int module_read(struct tn_module **out, struct ctx *ctx, const char *id)
{
    struct tn_module *module = module_named(ctx, id);

    *out = module;
    module->folder = folder_of(&module->is_site, ctx, id);
    if (!module->folder)
        return fail(ctx, E_NOT_FOUND, "plugin.unknown",
                    "there is no module \"%s\"", id);
    return read_files(module, ctx);
}
